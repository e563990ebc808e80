#include "app.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "wire/wire.h"

int who_am_i(struct arena *arena, const char *as, const char **ret, struct err *err)
{
    const struct passwd *user;

    if (as && !wire_is_name(as))
        return err_set(
            err, ERR_USAGE,
            "\"%s\" is no name for a person: 1 to %d bytes, without <, >, quotes and what cannot be seen, "
            "and not \"tminus\"",
            as, WIRE_NAME_MAX);
    user = as ? NULL : getpwuid(geteuid());
    if (!as && !user)
        return err_set(err, ERR_ENVIRONMENT, "user id %ld has no name: say --as NAME", (long)geteuid());
    if (!as && !wire_is_name(user->pw_name))
        return err_set(err, ERR_ENVIRONMENT, "your login name cannot stand for a person here: say --as NAME");
    *ret = arena_text(arena, as ? as : user->pw_name);
    return 0;
}

static int own_directory(struct arena *arena, const char **ret, struct err *err)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if (len < 0)
        return err_set_errno(err, ERR_ENVIRONMENT, errno, "cannot tell where this program is");
    path[len] = '\0';
    slash = strrchr(path, '/');
    *ret = arena_text_len(arena, path, (size_t)(slash - path));
    return 0;
}

/* The first of the places that has it. */
static int find_file(struct arena *arena, const char *const *places, size_t count, const char *name,
                     const char **ret, struct err *err)
{
    const char *own = NULL;
    int r = own_directory(arena, &own, err);

    for (size_t i = 0; r == 0 && i < count; i++) {
        *ret = arena_format(arena, "%s/%s/%s", own, places[i], name);
        if (access(*ret, R_OK) == 0)
            return 0;
    }
    return r < 0 ? r : err_set(err, ERR_ENVIRONMENT, "%s is not installed beside %s", name, own);
}

int sibling_program(struct arena *arena, const char *name, const char **ret, struct err *err)
{
    /* Built: in one directory. Installed: bin/ and libexec/tminus/. */
    static const char *const places[] = { ".", "../libexec/tminus", "../../bin" };

    return find_file(arena, places, ARRAY_LEN(places), name, ret, err);
}

int data_file(struct arena *arena, const char *name, const char **ret, struct err *err)
{
    /* Installed: bin/ or libexec/tminus/ beside share/tminus/. Built: <checkout>/<build directory>/src/app/.
     */
    static const char *const places[] = { "../share/tminus", "../../share/tminus", "../../.." };
    const char *elsewhere = getenv("TMINUS_DATA");

    if (elsewhere && elsewhere[0]) {
        *ret = arena_format(arena, "%s/%s", elsewhere, name);
        return access(*ret, R_OK) == 0
                   ? 0
                   : err_set(err, ERR_ENVIRONMENT, "TMINUS_DATA is %s, and has no %s", elsewhere, name);
    }
    return find_file(arena, places, ARRAY_LEN(places), name, ret, err);
}
