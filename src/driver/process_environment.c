#include "driver/process_environment.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

extern char **environ;

/* A name that ends with '*' is a prefix. */
static const char *const passed[] = { "PATH",    "HOME",   "LANG",      "LC_*",          "TZ",        "USER",
                                      "LOGNAME", "TMPDIR", "PGSERVICE", "PGSERVICEFILE", "PGPASSFILE" };

void environment_mark(char ret_mark[ENVIRONMENT_MARK_MAX])
{
    static unsigned long number;
    (void)snprintf(ret_mark, ENVIRONMENT_MARK_MAX, "TMINUS_COMMAND=%d.%lu", (int)getpid(),
                   ++number); /* fits */
}

static bool is_passed(const char *variable)
{
    size_t name_len = strcspn(variable, "=");
    for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
        size_t len = strlen(passed[i]);
        bool prefix = passed[i][len - 1] == '*';
        len -= prefix;
        if (prefix ? name_len >= len : name_len == len) {
            if (strncmp(variable, passed[i], len) == 0)
                return true;
        }
    }
    return false;
}

static bool is_named_in(const char *variable, const char *const *added, size_t count)
{
    size_t len = strcspn(variable, "=") + 1;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(variable, added[i], len) == 0)
            return true;
    }
    return false;
}

char **environment_make(const char *const *added, size_t count, const char *mark)
{
    size_t inherited = 0, len = 0;
    while (environ[inherited] != NULL)
        inherited++;
    char **env = mem_array(inherited + count + 2, sizeof(*env));
    env[len++] = mem_text(mark); /* first, where it is found without reading all */
    for (size_t i = 0; i < inherited; i++) {
        if (is_passed(environ[i]) && !is_named_in(environ[i], added, count))
            env[len++] = mem_text(environ[i]);
    }
    for (size_t i = 0; i < count; i++)
        env[len++] = mem_text(added[i]);
    return env;
}

void environment_free(char **env)
{
    for (char **at = env; *at != NULL; at++)
        free(*at);
    free(env);
}

void environment_close_on_exec(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        int fd = (int)strtol(entry->d_name, NULL, 10); /* "." and ".." give 0 */
        int flags = fd > 2 ? fcntl(fd, F_GETFD) : FD_CLOEXEC;
        if (flags >= 0 && !(flags & FD_CLOEXEC))
            (void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    }
    (void)closedir(dir);
}
