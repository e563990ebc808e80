#include "wire/remote.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* The message never says what was given: a password may be in it. */

static const char *const schemes[] = { "https://", "ssh://", "file://" };

static bool is_plain(const char *remote)
{
    if (!remote[0] || remote[0] == '-' || !text_valid_utf8(remote, strlen(remote)))
        return false;
    for (const char *c = remote; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    }
    return true;
}

/* Who is named before the host: of https that would be a secret or a name that asks for one; of ssh it is a
 * name, and a colon in it begins a password. */
static int check_user(const char *after_scheme, bool any, struct err *err)
{
    size_t len = strcspn(after_scheme, "/?#");
    const char *at = memrchr(after_scheme, '@', len);
    bool password = at && memchr(after_scheme, ':', (size_t)(at - after_scheme));

    if (password || (at && any))
        return err_set(
            err, ERR_USAGE,
            "the witness's address has a password or a name in it, which would be kept and shown: use an "
            "SSH key or a credential helper of git");
    return 0;
}

static int check_url(const char *remote, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (text_starts(remote, schemes[i]))
            return check_user(remote + strlen(schemes[i]), i == 0, err);
    }
    return err_set(err, ERR_USAGE, "a remote is reached by ssh, https or a path; not by anything else");
}

int remote_check(struct arena *arena, const char *remote, const char **ret, struct err *err)
{
    char cwd[PATH_MAX];
    size_t colon = strcspn(remote, ":");

    if (!is_plain(remote))
        return err_set(err, ERR_USAGE,
                       "the address of the remote is empty, begins with -, or cannot be shown");
    *ret = arena_text(arena, remote);
    if (strstr(remote, "://"))
        return check_url(remote, err);
    /* "ext::...": a program that git would run. */
    if (remote[colon] && remote[colon + 1] == ':')
        return check_url(remote, err);
    /* "host:path" is ssh; "./a:b" and "/a:b" are paths, as git sees it. */
    if (remote[0] == '/' || (remote[colon] && !memchr(remote, '/', colon)))
        return 0;
    if (!getcwd(cwd, sizeof(cwd)))
        return err_set_errno(err, ERR_IO, errno, "cannot tell the working directory");
    *ret = arena_format(arena, "%s/%s", cwd, remote);
    return 0;
}
