#include <string.h>

#include "base/file.h"
#include "json/json.h"
#include "sign/policy.h"

struct pin {
    int64_t version;
    const char *sha256;
};
static const struct json_field pin_rows[] = {
    { "version", JSON_FIELD_INTEGER, offsetof(struct pin, version), JSON_REQUIRED, NULL, 1, INT64_C(1) << 40,
      NULL },
    { "sha256", JSON_FIELD_TEXT, offsetof(struct pin, sha256), JSON_REQUIRED, NULL, 0, 0, NULL },
    { 0 },
};

static int read_pin(struct arena *arena, const char *path, struct pin *ret, struct err *err)
{
    struct json_faults faults;
    struct buf text;
    const struct json *root = NULL;
    int r;

    buf_init(&text, JSON_MAX_BYTES);
    json_faults_init(&faults, arena);
    r = file_read(path, &text, err);
    if (r == 0)
        root = json_parse(arena, buf_str(&text), text.len, &faults);
    if (r == 0 &&
        (!root || root->type != JSON_OBJECT || json_decode(arena, root, pin_rows, ret, "pin", &faults) < 0))
        r = err_set(err, ERR_CORRUPT,
                    "%s cannot be read: it says which policy this machine has seen; compare the policy with "
                    "somebody else's, then remove it",
                    path);
    buf_finish(&text);
    return r;
}

static int write_pin(const char *path, const struct policy *policy, const char *sha256, struct err *err)
{
    struct json_writer w;
    struct buf text;
    int r;

    buf_init(&text, JSON_MAX_BYTES);
    json_write_init(&w, &text);
    json_open(&w, NULL);
    json_put_integer(&w, "version", policy->version);
    json_put_text(&w, "sha256", sha256);
    json_close(&w);
    r = buf_ok(&text, path, err);
    if (r == 0)
        r = file_write(path, buf_str(&text), text.len, 0600, err);
    buf_finish(&text);
    return r;
}

int policy_pin(const char *pin_path, const struct policy *policy, const char *sha256, struct err *err)
{
    struct arena *arena = arena_create();
    struct pin pin = { 0 };
    int r = read_pin(arena, pin_path, &pin, err);

    if (r == ERR_NOT_FOUND || (r == 0 && policy->version > pin.version))
        r = write_pin(pin_path, policy, sha256, err);
    else if (r == 0 && policy->version < pin.version)
        r = err_set(err, ERR_REFUSED,
                    "the policy is version %lld, and this machine has seen %lld already: take the newer one",
                    (long long)policy->version, (long long)pin.version);
    else if (r == 0 && strcmp(pin.sha256, sha256) != 0)
        r = err_set(err, ERR_REFUSED,
                    "the policy says version %lld, as the one that this machine has seen, and is another: a "
                    "change needs a new version",
                    (long long)policy->version);
    arena_destroy(arena);
    return r;
}
