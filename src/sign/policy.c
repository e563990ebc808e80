#include "sign/policy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "fingerprint.h"
#include "json/json.h"

#define NAME_MAX_BYTES 64

/* What `ssh-keygen` writes into a file of a public key. Certificates are not keys of a person. */
static const char *const key_types[] = {
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
};

struct loading {
    struct arena *arena;
    struct policy *policy;
    struct policy_person *people;
    struct json_faults faults;
    size_t key_count;
    struct policy_key **keys; /* of all people, in order */
    const struct json **places;
};

static void fault(struct loading *l, const struct json *at, const char *text)
{
    json_fault_add(&l->faults, at->line, at->column, "%s", text);
}

/* ---- people ---- */

struct person_fields {
    const char *name;
    struct json_texts roles;
    const struct json *keys;
};
static const struct json_field person_rows[] = {
    { "name", JSON_FIELD_TEXT, offsetof(struct person_fields, name), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "as it stands in the trail" },
    { "roles", JSON_FIELD_TEXTS, offsetof(struct person_fields, roles), JSON_REQUIRED | JSON_NONEMPTY, NULL,
      0, 0, "roles of books that this person can take" },
    { "keys", JSON_FIELD_ARRAY, offsetof(struct person_fields, keys), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "public keys, as in a .pub file" },
    { 0 },
};

/* "type base64 comment" without the comment; NULL when it is not of that form. */
static const char *key_text(struct loading *l, const char *text)
{
    size_t type = strcspn(text, " "), rest;

    if (text[type] != ' ')
        return NULL;
    rest = strspn(text + type + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
    if (rest == 0 || (text[type + 1 + rest] != '\0' && text[type + 1 + rest] != ' '))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(key_types); i++) {
        if (strlen(key_types[i]) == type && strncmp(text, key_types[i], type) == 0)
            return arena_text_len(l->arena, text, type + 1 + rest);
    }
    return NULL;
}

static void load_keys(struct loading *l, struct policy_person *person, const struct json *keys)
{
    struct policy_key *list = arena_array(l->arena, keys->count + 1, sizeof(*list));

    person->keys = list;
    for (size_t i = 0; i < keys->count; i++) {
        const struct json *item = &keys->items[i];
        const char *text = item->type == JSON_TEXT ? key_text(l, item->text) : NULL;

        if (!text) {
            fault(l, item, "a key is the line of its .pub file: \"ssh-ed25519 AAAA... comment\"");
            continue;
        }
        if (l->key_count == POLICY_KEYS_MAX) {
            fault(l, item, "there are more than 1000 keys");
            return;
        }
        list[person->key_count].text = text;
        l->places[l->key_count] = item;
        l->keys[l->key_count++] = &list[person->key_count++];
    }
}

static bool is_name(const char *name)
{
    size_t len = strlen(name);

    /* Nothing that git reads as markup in an author line, and no control character. */
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F || name[i] == '<' || name[i] == '>')
            return false;
    }
    return len <= NAME_MAX_BYTES && strcmp(name, "tminus") != 0;
}

static void load_person(struct loading *l, struct policy_person *person, const struct json *source)
{
    struct person_fields raw = { 0 };

    if (source->type != JSON_OBJECT) {
        fault(l, source, "a person is an object with name, roles and keys");
        return;
    }
    if (json_decode(l->arena, source, person_rows, &raw, "person", &l->faults) < 0)
        return;
    if (!is_name(raw.name))
        fault(l, source, "a name has 1 to 64 bytes, no control character, no < or >, and is not \"tminus\"");
    if (policy_person_named(l->policy, raw.name))
        fault(l, source, "this name was there already");
    person->name = raw.name;
    person->role_count = raw.roles.count;
    person->roles = raw.roles.list;
    load_keys(l, person, raw.keys);
}

static void load_people(struct loading *l, const struct json *people)
{
    l->people = arena_array(l->arena, people->count + 1, sizeof(*l->people));
    l->policy->people = l->people;
    for (size_t i = 0; i < people->count; i++) {
        load_person(l, &l->people[i], &people->items[i]);
        /* One that is counted has a name. */
        if (!l->people[i].name)
            l->people[i].name = "";
        l->policy->person_count = i + 1;
    }
}

static void load_break_glass(struct loading *l, const struct json *list)
{
    for (size_t i = 0; list && i < list->count; i++) {
        const struct json *item = &list->items[i];
        struct policy_person *found = NULL;

        for (size_t k = 0; item->type == JSON_TEXT && k < l->policy->person_count; k++) {
            if (strcmp(l->people[k].name, item->text) == 0)
                found = &l->people[k];
        }
        if (found)
            found->break_glass = true;
        else
            fault(l, item, "\"break_glass\" names people of this policy");
    }
}

/* ---- the whole ---- */

struct witness_fields {
    const char *remote;
    bool required;
};
static const struct json_field witness_rows[] = {
    { "remote", JSON_FIELD_TEXT, offsetof(struct witness_fields, remote), JSON_REQUIRED | JSON_NONEMPTY, NULL,
      0, 0, "a git repository" },
    { "required", JSON_FIELD_BOOL, offsetof(struct witness_fields, required), 0, NULL, 0, 0,
      "whether every gate waits for it" },
    { 0 },
};

struct policy_fields {
    int64_t format, version;
    const struct json *people, *break_glass, *witness;
};
static const struct json_field policy_rows[] = {
    { "tminus_policy", JSON_FIELD_INTEGER, offsetof(struct policy_fields, format), JSON_REQUIRED, NULL, 1, 1,
      "format of this file" },
    { "version", JSON_FIELD_INTEGER, offsetof(struct policy_fields, version), JSON_REQUIRED, NULL, 1,
      INT64_C(1) << 40, "grows with every change" },
    { "people", JSON_FIELD_ARRAY, offsetof(struct policy_fields, people), JSON_REQUIRED | JSON_NONEMPTY, NULL,
      0, 0, "who there is" },
    { "break_glass", JSON_FIELD_ARRAY, offsetof(struct policy_fields, break_glass), 0, NULL, 0, 0,
      "who may decide a gate alone" },
    { "witness", JSON_FIELD_OBJECT, offsetof(struct policy_fields, witness), 0, NULL, 0, 0,
      "where copies of trails go" },
    { 0 },
};

static void load(struct loading *l, const char *text, size_t len)
{
    struct policy_fields raw = { 0 };
    struct witness_fields witness = { 0 };
    const struct json *root = json_parse(l->arena, text, len, &l->faults);

    if (!root)
        return;
    if (root->type != JSON_OBJECT) {
        fault(l, root, "a policy is an object");
        return;
    }
    if (json_decode(l->arena, root, policy_rows, &raw, "policy", &l->faults) < 0)
        return;
    l->policy->version = raw.version;
    load_people(l, raw.people);
    load_break_glass(l, raw.break_glass);
    if (raw.witness &&
        json_decode(l->arena, raw.witness, witness_rows, &witness, "\"witness\"", &l->faults) < 0)
        return;
    l->policy->witness = witness.remote;
    l->policy->witness_required = witness.required;
}

/* One question for all keys: it answers a line for each that is one, in their order. */
static int ask_fingerprints(struct loading *l, struct child_result *result, struct err *err)
{
    static const char *const argv[] = { "ssh-keygen", "-l", "-E", "sha256", "-f", "-", NULL };
    struct buf keys;
    int r;

    buf_init(&keys, POLICY_MAX_BYTES + POLICY_KEYS_MAX);
    for (size_t i = 0; i < l->key_count; i++)
        buf_format(&keys, "%s\n", l->keys[i]->text);
    r = child_run(argv, buf_str(&keys), keys.len, result, err);
    buf_finish(&keys);
    return r;
}

static void take_fingerprints(struct loading *l, const struct child_result *result)
{
    const char *line = buf_str(&result->output);

    for (size_t i = 0; i < l->key_count; i++) {
        if (!key_fingerprint_take(line, &l->keys[i]->fingerprint)) {
            fault(l, l->places[i], "one of the keys up to here is none that OpenSSH can read");
            return;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
        for (size_t k = 0; k < i; k++) {
            if (strcmp(l->keys[k]->fingerprint.text, l->keys[i]->fingerprint.text) == 0)
                fault(l, l->places[i], "this key was there already: a key belongs to one person");
        }
    }
}

static void begin(struct loading *l, struct arena *arena, const char *text, size_t len)
{
    memset(l, 0, sizeof(*l));
    l->arena = arena;
    l->policy = arena_alloc(arena, sizeof(*l->policy));
    l->keys = arena_array(arena, POLICY_KEYS_MAX, sizeof(struct policy_key *));
    l->places = arena_array(arena, POLICY_KEYS_MAX, sizeof(struct json *));
    json_faults_init(&l->faults, arena);
    if (len > POLICY_MAX_BYTES)
        json_fault_add(&l->faults, 1, 1, "over %d bytes", POLICY_MAX_BYTES);
    else
        load(l, text, len);
}

static int finish(const struct loading *l, const char *path, const struct policy **ret, struct err *err)
{
    const struct json_fault *first = &l->faults.list[0];

    if (l->faults.count > 0)
        return err_set(err, ERR_INVALID, "%s:%d:%d: %s%s", path, first->line, first->column, first->message,
                       l->faults.count > 1 ? " (and there is more)" : "");
    *ret = l->policy;
    return 0;
}

int policy_people(struct arena *arena, const char *path, const char *text, size_t len,
                  const struct policy **ret, struct err *err)
{
    struct loading l;

    begin(&l, arena, text, len);
    return finish(&l, path, ret, err);
}

int policy_read(struct arena *arena, const char *path, const char *text, size_t len,
                const struct policy **ret, struct err *err)
{
    struct child_result result;
    struct loading l;
    int r = 0;

    begin(&l, arena, text, len);
    if (l.faults.count == 0) {
        r = ask_fingerprints(&l, &result, err);
        if (r == 0)
            take_fingerprints(&l, &result);
        child_finish(&result);
    }
    return r < 0 ? err_prefix(err, "%s", path) : finish(&l, path, ret, err);
}

const char *policy_find(struct arena *arena, const char *given)
{
    static const char everywhere[] = "/etc/tminus/policy.json";
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME"), *path = NULL;

    if (given)
        return given;
    if (config && config[0] == '/')
        path = arena_format(arena, "%s/tminus/policy.json", config);
    else if (home && home[0] == '/')
        path = arena_format(arena, "%s/.config/tminus/policy.json", home);
    /* One that is there and cannot be read is not passed over: reading it will say so. */
    if (path && access(path, F_OK) == 0)
        return path;
    return access(everywhere, F_OK) == 0 ? everywhere : NULL;
}

const struct policy_person *policy_person_of(const struct policy *policy, const char *fingerprint)
{
    for (size_t i = 0; i < policy->person_count; i++) {
        const struct policy_person *person = &policy->people[i];

        for (size_t k = 0; k < person->key_count; k++) {
            if (strcmp(person->keys[k].fingerprint.text, fingerprint) == 0)
                return person;
        }
    }
    return NULL;
}

const struct policy_person *policy_person_with(const struct policy *policy, const char *public_key)
{
    for (size_t i = 0; i < policy->person_count; i++) {
        const struct policy_person *person = &policy->people[i];

        for (size_t k = 0; k < person->key_count; k++) {
            size_t len = strlen(person->keys[k].text);

            if (strncmp(person->keys[k].text, public_key, len) == 0 && strchr(" \n", public_key[len]) != NULL)
                return person;
        }
    }
    return NULL;
}

const struct policy_person *policy_person_named(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->person_count; i++) {
        if (strcmp(policy->people[i].name, name) == 0)
            return &policy->people[i];
    }
    return NULL;
}

bool policy_may(const struct policy_person *person, const char *role)
{
    for (size_t i = 0; i < person->role_count; i++) {
        if (strcmp(person->roles[i], role) == 0)
            return true;
    }
    return false;
}
