#include "identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "sign/policy.h"

int identity_key(struct arena *arena, const char *said, const char **ret, struct err *err)
{
    const char *path = said ? said : getenv("TMINUS_KEY");
    char *absolute;

    *ret = NULL;
    if (!path || !path[0])
        return 0;
    absolute = realpath(path, NULL);
    if (!absolute)
        return err_set_errno(err, ERR_NOT_FOUND, errno, "the key %s", path);
    *ret = arena_text(arena, absolute);
    free(absolute);
    return 0;
}

int identity_of(struct arena *arena, const char *path, const char *text, size_t len, const char *key,
                const char *as, const char **ret_name, struct err *err)
{
    const struct policy_person *person;
    const struct policy *policy = NULL;
    struct fingerprint fingerprint;
    int r;

    if (!key)
        return err_set(err, ERR_REFUSED,
                       "by the policy (%s) a person is whose key it is: say which is yours with --key FILE",
                       path);
    r = policy_read(arena, path, text, len, &policy, err);
    if (r == 0)
        r = sign_fingerprint(key, &fingerprint, err);
    if (r < 0)
        return r;
    person = policy_person_of(policy, fingerprint.text);
    if (!person)
        return err_set(err, ERR_REFUSED, "by the policy (%s) the key %s is nobody's", path, fingerprint.text);
    if (as && strcmp(as, person->name) != 0)
        return err_set(err, ERR_REFUSED, "by the policy (%s) the key is %s's, and --as says %s", path,
                       person->name, as);
    *ret_name = person->name;
    return 0;
}

int identity_here(struct arena *arena, const char *dir, const char *key, const char *as,
                  const char **ret_name, struct err *err)
{
    struct frozen frozen;
    int r;

    /* Without a key nobody signs; who only looks, holds or notes does not have to. */
    if (!key)
        return who_am_i(arena, as, ret_name, err);
    r = rundir_read(arena, dir, &frozen, err);
    if (r == 0 && !frozen.policy_text)
        return who_am_i(arena, as, ret_name, err);
    return r < 0 ? r
                 : identity_of(arena, rundir_path(arena, dir, "policy.json"), frozen.policy_text,
                               frozen.policy_len, key, as, ret_name, err);
}
