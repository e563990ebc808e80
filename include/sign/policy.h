/*
 * The policy: which people there are, which keys are theirs, and what they may do. One JSON file that stands
 * outside every trail, so that whoever can write a trail cannot say who signs it:
 *
 *     { "tminus_policy": 1, "version": 3,
 *       "people": [ { "name": "dana", "roles": ["operator", "dba"], "keys": ["ssh-ed25519 AAAA... dana@home"]
 * } ], "break_glass": ["dana"], "witness": { "remote": "ssh://git@vault/trails.git", "required": false } }
 *
 * A person is whose key signed, never a name that somebody wrote. Its version only grows, and what was seen
 * once is remembered on this machine (policy_pin): an older one is refused.
 */
#ifndef SIGN_POLICY_H
#define SIGN_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "sign/sign.h"

#define POLICY_MAX_BYTES (256 * 1024)
#define POLICY_KEYS_MAX  1000

struct policy_key {
    const char *text; /* "ssh-ed25519 AAAA...", without options and comment */
    struct key_fingerprint fingerprint;
};

struct policy_person {
    const char *name; /* unique; 1 to 64 bytes */
    size_t role_count, key_count;
    const char *const *roles;
    const struct policy_key *keys;
    bool break_glass; /* may decide a gate alone, with a reason, when nobody else is there */
};

struct policy {
    int64_t version; /* from 1 */
    size_t person_count;
    const struct policy_person *people;
    const char *witness; /* the remote that gets a copy of every trail; NULL */
    bool witness_required;
};

/* Reads one from its text; everything is in `arena`. `path` is for messages. ERR_INVALID with the place of
 * the first fault and how many more there are; ERR_ENVIRONMENT, ERR_TIMEOUT (the keys' fingerprints come from
 * ssh-keygen). */
int policy_read(struct arena *arena, const char *path, const char *text, size_t len,
                const struct policy **ret, struct err *err) MUST_CHECK;

/* The same without fingerprints (they stay ""), and so without waiting for another program: for who only
 * wants to know who is who. Keys that OpenSSH cannot read are not found. */
int policy_people(struct arena *arena, const char *path, const char *text, size_t len,
                  const struct policy **ret, struct err *err) MUST_CHECK;

/* Which file is meant: `given` when it is not NULL, else $XDG_CONFIG_HOME/tminus/policy.json (~/.config),
 * else /etc/tminus/policy.json; NULL when there is none. */
const char *policy_find(struct arena *arena, const char *given);

/* Whose key that is; NULL: nobody's. */
const struct policy_person *policy_person_of(const struct policy *policy, const char *fingerprint);
/* The same for a line of a .pub file. */
const struct policy_person *policy_person_with(const struct policy *policy, const char *public_key);
const struct policy_person *policy_person_named(const struct policy *policy, const char *name);
bool policy_may(const struct policy_person *person, const char *role);

/* Holds a policy against what this machine has seen: `pin_path` (made when it is not there) has the highest
 * version and the SHA-256 (`sha256`, 64 hex) of its file. ERR_REFUSED for an older version, and for the same
 * version with other content; ERR_CORRUPT when the pin cannot be read; ERR_IO. */
int policy_pin(const char *pin_path, const struct policy *policy, const char *sha256,
               struct err *err) MUST_CHECK;

#endif
