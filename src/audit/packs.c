#include "audit/loose.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#define SHA1_LEN      20
#define PACK_MAX      ((size_t)4 * 1024 * 1024 * 1024)
#define PACK_PATH_MAX 8192

/* Both kinds end in the SHA-1 of all that stands before it. */
static int check_file(const char *path, struct err *err)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    struct buf file;
    buf_init(&file, PACK_MAX);
    int r = file_read(path, &file, err);
    if (r == 0 && (file.len < SHA1_LEN ||
                   EVP_Digest(file.data, file.len - SHA1_LEN, hash, NULL, EVP_sha1(), NULL) != 1 ||
                   memcmp(hash, file.data + file.len - SHA1_LEN, SHA1_LEN) != 0))
        r = err_set(err, ERR_CORRUPT, "%s is not what git wrote: its checksum does not match", path);
    buf_finish(&file);
    return r;
}

static bool is_pack(const char *name)
{
    size_t len = strlen(name);
    return (len > 4 && text_equal(name + len - 4, ".idx")) ||
           (len > 5 && text_equal(name + len - 5, ".pack"));
}

int packs_check(const char *path, struct err *err)
{
    struct buf directory, file;
    const struct dirent *entry;
    int r = 0;
    buf_init(&directory, PACK_PATH_MAX);
    buf_init(&file, PACK_PATH_MAX);
    buf_format(&directory, "%s/objects/pack", path);
    DIR *dir = opendir(buf_str(&directory));
    while (r == 0 && dir != NULL && (entry = readdir(dir)) != NULL) {
        if (!is_pack(entry->d_name))
            continue;
        buf_clear(&file);
        buf_format(&file, "%s/%s", buf_str(&directory), entry->d_name);
        r = check_file(buf_str(&file), err);
    }
    if (dir != NULL)
        closedir(dir);
    buf_finish(&directory);
    buf_finish(&file);
    return r;
}
