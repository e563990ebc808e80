#include "helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"

static char scratch[64];

const char *scratch_make(void)
{
    (void)snprintf(scratch, sizeof(scratch), "/tmp/tminus-wire-XXXXXX");
    assert_non_null(mkdtemp(scratch));
    return scratch;
}

void scratch_remove(void)
{
    struct err err = ERR_INIT;

    if (dir_remove(scratch, &err) < 0)
        fail_msg("%s", err.message);
}

/* The directory's descriptor stands in for its long name. */
static int socket_of(const char *path, int (*use)(int, const struct sockaddr *, socklen_t))
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char directory[4096];
    const char *slash = strrchr(path, '/');
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int dirfd, r;

    (void)snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
    dirfd = open(directory, O_PATH | O_CLOEXEC);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dirfd, slash + 1);
    r = use(fd, (const struct sockaddr *)&address, sizeof(address));
    close(dirfd);
    if (r == 0)
        return fd;
    close(fd);
    return -1;
}

int connect_long(const char *path)
{
    return socket_of(path, connect);
}

int listen_long(const char *path)
{
    int fd = socket_of(path, bind);

    assert_true(fd >= 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}
