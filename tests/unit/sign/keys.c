#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char directory[] = "/tmp/tminus-keys.XXXXXX";

int keys_enter(void **state)
{
    (void)state;
    memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

int keys_leave(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    return chdir("/") == 0 && dir_remove(directory, &err) == 0 ? 0 : -1;
}

void keys_make(const char *name, const char *type, const char *passphrase)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        execlp("ssh-keygen", "ssh-keygen", "-q", "-t", type, "-N", passphrase, "-f", name, NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

const char *keys_public(struct arena *arena, const char *name)
{
    struct err err = ERR_INIT;
    struct buf text;
    const char *key, *end;

    buf_init(&text, 16384);
    assert_int_equal(file_read(arena_format(arena, "%s.pub", name), &text, &err), 0);
    end = strchr(strchr(buf_str(&text), ' ') + 1, ' ');
    key = arena_text_len(arena, buf_str(&text), (size_t)(end - buf_str(&text)));
    buf_finish(&text);
    return key;
}
