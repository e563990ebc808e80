#include "identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/file.h"
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

#define KEY_MAX_BYTES (64 * 1024)

/* The public half that stands beside a private key, or the file itself; NULL when it cannot be read. It is
 * for knowing who signs before anything is signed: what counts is the signature. */
static const char *public_half(struct arena *arena, const char *key)
{
    const char *paths[] = { arena_format(arena, "%s.pub", key), key };
    const char *text = NULL;
    struct err err = ERR_INIT;
    struct buf buf;

    for (size_t i = 0; i < ARRAY_LEN(paths) && !text; i++) {
        buf_init(&buf, KEY_MAX_BYTES);
        if (file_read(paths[i], &buf, &err) == 0)
            text = arena_text(arena, buf_str(&buf));
        buf_finish(&buf);
    }
    return text;
}

struct policy_text {
    const char *path, *text;
    size_t len;
};

static int find_person(struct arena *arena, const struct policy_text *source, const char *key,
                       const struct policy_person **ret, struct err *err)
{
    const char *public_key = public_half(arena, key);
    const struct policy *policy = NULL;
    struct key_fingerprint fingerprint;
    int r = policy_people(arena, source->path, source->text, source->len, &policy, err);

    if (r < 0)
        return r;
    *ret = public_key ? policy_person_with(policy, public_key) : NULL;
    if (*ret)
        return 0;
    /* No public half lies there, or it is written otherwise: OpenSSH knows, and takes a little longer. */
    r = policy_read(arena, source->path, source->text, source->len, &policy, err);
    if (r == 0)
        r = sign_fingerprint(key, &fingerprint, err);
    if (r < 0)
        return r;
    *ret = policy_person_of(policy, fingerprint.text);
    if (*ret)
        return 0;
    return err_set(err, ERR_REFUSED, "by the policy (%s) the key %s is nobody's", source->path,
                   fingerprint.text);
}

int identity_of(struct arena *arena, const char *path, const char *text, size_t len, const char *key,
                const char *as, const char **ret_name, struct err *err)
{
    const struct policy_text source = { path, text, len };
    const struct policy_person *person = NULL;
    int r;

    if (!key)
        return err_set(err, ERR_REFUSED,
                       "by the policy (%s) a person is whose key it is: say which is yours with --key FILE",
                       path);
    r = find_person(arena, &source, key, &person, err);
    if (r < 0)
        return r;
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
