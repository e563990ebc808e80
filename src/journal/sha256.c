#include "journal/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static void spell(const unsigned char *digest, size_t len, struct sha256 *ret)
{
    static const char digits[] = "0123456789abcdef";
    assert(2 * len + 1 == sizeof(ret->hex));
    for (size_t i = 0; i < len; i++) {
        ret->hex[2 * i] = digits[digest[i] >> 4];
        ret->hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret->hex[2 * len] = '\0';
}

void sha256_of(const void *bytes, size_t len, struct sha256 *ret)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    int ok = EVP_Digest(bytes, len, digest, &digest_len, EVP_sha256(), NULL);
    if (ok != 1)
        mem_exhausted(); /* it fails only without memory or without the algorithm */
    spell(digest, digest_len, ret);
}

static int digest_fd(EVP_MD_CTX *context, int fd, const char *path, struct err *err)
{
    unsigned char block[64 * 1024];
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_IO, "%s is not a regular file", path);
    for (;;) {
        ssize_t got = read(fd, block, sizeof(block));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_IO, errno, "cannot read %s", path);
        if (got == 0)
            return 0;
        int ok = EVP_DigestUpdate(context, block, (size_t)got);
        assert(ok == 1);
    }
}

int sha256_of_file(const char *path, struct sha256 *ret, struct err *err)
{
    /* Without O_NONBLOCK a FIFO in the place of the file would hold us for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open %s", path);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        mem_exhausted();
    int r = digest_fd(context, fd, path, err);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    int ok = EVP_DigestFinal_ex(context, digest, &digest_len);
    assert(ok == 1);
    if (r == 0)
        spell(digest, digest_len, ret);
    EVP_MD_CTX_free(context);
    close(fd);
    return r;
}
