/*
 * Signatures, made and judged by OpenSSH's own program (ssh-keygen -Y; protocol SSHSIG, PROTOCOL.sshsig of
 * OpenSSH): keys in files, in an agent or on a token, as people have them already.
 *
 * Every call blocks, for 4 ms as a rule and never longer than SIGN_TIMEOUT_US: not for a loop, but for a
 * worker thread or a command. Calls may be made from several threads. No prompt can appear: a key with a
 * passphrase has to be in the agent. Nothing here decides who may sign what: that is the policy
 * (sign/policy.h).
 */
#ifndef SIGN_SIGN_H
#define SIGN_SIGN_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define SIGN_TIMEOUT_US (10 * 1000 * 1000)
/* "SHA256:" and 43 characters. */
#define SIGN_FINGERPRINT_MAX 64
/* Of an armoured signature, newlines included; one of a 16384-bit RSA key is under it. */
#define SIGN_SIGNATURE_MAX 16384

/* What a signature is for, so that one that was given for one thing cannot be shown as given for another. */
#define SIGN_DECISION "tminus-decision" /* a statement (engine/statement.h) */
#define SIGN_COMMIT   "git"             /* a commit: git's own */

struct key_fingerprint {
    char text[SIGN_FINGERPRINT_MAX];
};

/* Of the key in a file, private or public. ERR_NOT_FOUND, ERR_INVALID when it is none, ERR_ENVIRONMENT
 * without ssh-keygen, ERR_TIMEOUT. */
int sign_fingerprint(const char *key_path, struct key_fingerprint *ret, struct err *err) MUST_CHECK;

/* Signs; `key_path` is a private key, or a public one whose other half an agent (SSH_AUTH_SOCK) holds. The
 * armoured text goes to `ret` (initialised by the caller). ERR_REFUSED with the reason when the key cannot be
 * used: a passphrase, no agent, an agent that says no; ERR_NOT_FOUND, ERR_TIMEOUT, ERR_ENVIRONMENT. */
int sign_bytes(const char *key_path, const char *name_space, const void *bytes, size_t len, struct buf *ret,
               struct err *err) MUST_CHECK;

/* Whether `signature` was made over exactly these bytes and for this; by which key. ERR_CORRUPT when it was
 * not; ERR_TIMEOUT, ERR_ENVIRONMENT, ERR_IO when that cannot be told. */
int sign_judge(const char *name_space, const void *bytes, size_t len, const char *signature,
               struct key_fingerprint *ret, struct err *err) MUST_CHECK;

#endif
