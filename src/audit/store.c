#include "audit/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/repo.h"

/* [A-Za-z0-9._-] in parts that do not begin with a dot; none of the directories where the lines go. */
static bool is_tree_path(const char *path)
{
    static const char *const taken[] = { TRAIL_JOURNAL, TRAIL_SAMPLES };
    size_t first_len = strcspn(path, "/");
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        if (strlen(taken[i]) == first_len && memcmp(path, taken[i], first_len) == 0)
            return false;
    }
    for (const char *part = path;;) {
        size_t len = strspn(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
        if (len == 0 || part[0] == '.')
            return false;
        if (part[len] != '/')
            return part[len] == '\0';
        part += len + 1;
    }
}

/* As many bytes as the file had when it was opened: what is still appended to it belongs to a later commit.
 */
static int copy(int fd, git_odb_stream *stream, uint64_t len, const char *source, struct err *err)
{
    char block[64 * 1024];
    while (len > 0) {
        ssize_t got = read(fd, block, len < sizeof(block) ? (size_t)len : sizeof(block));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_IO, errno, "cannot read %s", source);
        if (got == 0)
            return err_set(err, ERR_IO, "%s became shorter while it was read", source);
        int r = git_odb_stream_write(stream, block, (size_t)got);
        if (r < 0)
            return repo_failed(r, ERR_IO, err, "cannot store %s", source);
        len -= (uint64_t)got;
    }
    return 0;
}

static int store_fd(struct audit *audit, int fd, const char *source, git_oid *ret_id, struct err *err)
{
    struct stat st;
    git_odb *odb = NULL;
    git_odb_stream *stream = NULL;
    if (fstat(fd, &st) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", source);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_IO, "%s is not a regular file", source);
    int r = git_repository_odb(&odb, audit->repo);
    if (r == 0)
        r = git_odb_open_wstream(&stream, odb, (git_object_size_t)st.st_size, GIT_OBJECT_BLOB);
    if (r < 0) {
        r = repo_failed(r, ERR_IO, err, "cannot store %s", source);
    } else {
        r = copy(fd, stream, (uint64_t)st.st_size, source, err);
        int done = r == 0 ? git_odb_stream_finalize_write(ret_id, stream) : 0;
        if (done < 0)
            r = repo_failed(done, ERR_IO, err, "cannot store %s", source);
    }
    git_odb_stream_free(stream);
    git_odb_free(odb);
    return r;
}

static int store_file(struct audit *audit, const struct audit_file *file, git_oid *ret_id, struct err *err)
{
    if (file->source == NULL) {
        int r = git_blob_create_from_buffer(ret_id, audit->repo, file->bytes, file->len);
        return r < 0 ? repo_failed(r, ERR_IO, err, "cannot store %s", file->path) : 0;
    }
    int fd = open(file->source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open %s",
                             file->source);
    int r = store_fd(audit, fd, file->source, ret_id, err);
    close(fd);
    return r;
}

int store_files(struct audit *audit, const struct audit_batch *batch, struct changes *changes,
                struct err *err)
{
    for (size_t i = 0; i < batch->file_count; i++) {
        const struct audit_file *file = &batch->files[i];
        git_oid id;
        if (!is_tree_path(file->path))
            return err_set(err, ERR_INVALID, "\"%s\" is not a path for a file in the trail", file->path);
        int r = store_file(audit, file, &id, err);
        if (r < 0)
            return r;
        changes_add(changes, file->path, &id);
    }
    return 0;
}
