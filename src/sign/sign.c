#include "sign/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "fingerprint.h"

#define REASON_MAX 512

/* The words of ssh-keygen for what went wrong, as one sentence of ours. */
static int refuse(const struct child_result *result, enum err_code code, const char *what, struct err *err)
{
    struct buf reason;

    buf_init(&reason, REASON_MAX);
    child_reason(result, &reason);
    (void)err_set(err, code, "%s: %s", what, buf_str(&reason));
    buf_finish(&reason);
    return code;
}

bool key_fingerprint_take(const char *text, struct key_fingerprint *ret)
{
    static const char prefix[] = "SHA256:";
    const char *at = strstr(text, prefix);
    size_t len = at ? strcspn(at, " \n") : 0;

    if (len <= sizeof(prefix) - 1 || len >= sizeof(ret->text))
        return false;
    memcpy(ret->text, at, len);
    ret->text[len] = '\0';
    return true;
}

static int check_key(const char *key_path, struct err *err)
{
    if (access(key_path, R_OK) == 0)
        return 0;
    if (errno == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "there is no key %s", key_path);
    return err_set_errno(err, ERR_IO, errno, "cannot read the key %s", key_path);
}

int sign_fingerprint(const char *key_path, struct key_fingerprint *ret, struct err *err)
{
    const char *const argv[] = { "ssh-keygen", "-l", "-E", "sha256", "-f", key_path, NULL };
    struct child_result result;
    int r = check_key(key_path, err);

    if (r < 0)
        return r;
    r = child_run(argv, NULL, 0, &result, err);
    if (r == 0 && (result.status != 0 || !key_fingerprint_take(buf_str(&result.output), ret)))
        r = err_set(err, ERR_INVALID, "%s is no key that OpenSSH can read", key_path);
    child_finish(&result);
    return r;
}

int sign_bytes(const char *key_path, const char *name_space, const void *bytes, size_t len, struct buf *ret,
               struct err *err)
{
    const char *const argv[] = { "ssh-keygen", "-Y", "sign", "-n", name_space, "-f", key_path, NULL };
    struct child_result result;
    struct arena *arena;
    int r = check_key(key_path, err);

    if (r < 0)
        return r;
    arena = arena_create();
    r = child_run(argv, bytes, len, &result, err);
    if (r == 0 && (result.status != 0 || result.output.len == 0 || result.output.len > SIGN_SIGNATURE_MAX))
        r = refuse(&result, ERR_REFUSED, arena_format(arena, "the key %s could not sign", key_path), err);
    if (r == 0)
        buf_add(ret, buf_str(&result.output), result.output.len);
    child_finish(&result);
    arena_destroy(arena);
    return r;
}

/* ssh-keygen wants the signature as a file. */
static int judge_file(const char *path, const char *name_space, const void *bytes, size_t len,
                      struct key_fingerprint *ret, struct err *err)
{
    const char *const argv[] = { "ssh-keygen", "-Y", "check-novalidate", "-n", name_space, "-s", path, NULL };
    struct child_result result;
    int r = child_run(argv, bytes, len, &result, err);

    /* Who was ended by a signal has not said that it does not hold. */
    if (r == 0 && result.status < 0)
        r = err_set(err, ERR_IO, "ssh-keygen was killed");
    else if (r == 0 && (result.status != 0 || !key_fingerprint_take(buf_str(&result.output), ret)))
        r = refuse(&result, ERR_CORRUPT, "the signature does not hold", err);
    child_finish(&result);
    return r;
}

static int make_place(char *path, size_t size, struct err *err)
{
    const char *tmp = getenv("TMPDIR");
    struct buf buf;
    int r;

    buf_init(&buf, size - 1);
    buf_format(&buf, "%s/tminus-signature.XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
    r = buf_ok(&buf, "TMPDIR", err);
    if (r == 0)
        memcpy(path, buf_str(&buf), buf.len + 1);
    buf_finish(&buf);
    if (r == 0 && !mkdtemp(path))
        r = err_set_errno(err, ERR_IO, errno, "cannot make a directory for a signature in %s",
                          tmp && tmp[0] == '/' ? tmp : "/tmp");
    return r;
}

/* It is read once and goes away: no need to wait for a disk. */
static int put(const char *path, const char *text, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot make %s", path);
    r = fd_write_all(fd, text, strlen(text), err);
    close(fd);
    return r;
}

int sign_judge(const char *name_space, const void *bytes, size_t len, const char *signature,
               struct key_fingerprint *ret, struct err *err)
{
    char place[512];
    struct arena *arena;
    const char *path;
    int r;

    if (strlen(signature) > SIGN_SIGNATURE_MAX)
        return err_set(err, ERR_CORRUPT, "the signature is longer than any can be");
    r = make_place(place, sizeof(place), err);
    if (r < 0)
        return r;
    arena = arena_create();
    path = arena_format(arena, "%s/signature", place);
    r = put(path, signature, err);
    if (r == 0)
        r = judge_file(path, name_space, bytes, len, ret, err);
    /* What stays behind in a directory of nobody else's is one public signature. */
    (void)unlink(path);
    (void)rmdir(place);
    arena_destroy(arena);
    return r;
}
