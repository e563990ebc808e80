#include "audit/loose.h"

#include <fcntl.h>
#include <git2/sys/odb_backend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "audit/repo.h"
#include "base/file.h"
#include "base/mem.h"

#define PRIORITY   1000 /* before the library's own */
#define FILE_MAX   ((size_t)1024 * 1024 * 1024)
#define HEADER_MAX 64

struct loose {
    git_odb_backend base;
    char *objects; /* directory */
};

static int damaged(const git_oid *id, const char *what)
{
    char text[128];
    (void)snprintf(text, sizeof(text), "loose object %s %s", git_oid_tostr_s(id), what); /* always fits */
    git_error_set_str(GIT_ERROR_ZLIB, text);
    return GIT_ERROR;
}

/* "blob 12" and a NUL: the length of it; 0 when it is none. */
static size_t parse_header(const char *text, size_t len, git_object_t *ret_type, size_t *ret_size)
{
    const char *end = memchr(text, '\0', len);
    const char *space = end != NULL ? memchr(text, ' ', (size_t)(end - text)) : NULL;
    char word[16];
    if (space == NULL || space == text || (size_t)(space - text) >= sizeof(word) || space + 1 == end ||
        strspn(space + 1, "0123456789") != (size_t)(end - space - 1) || end - space > 12)
        return 0;
    memcpy(word, text, (size_t)(space - text));
    word[space - text] = '\0';
    *ret_type = git_object_string2type(word);
    *ret_size = (size_t)strtoull(space + 1, NULL, 10);
    return *ret_type != GIT_OBJECT_INVALID ? (size_t)(end - text) + 1 : 0;
}

/* All of the stream into `bytes`: exactly `size`, and then its end and the end of the file. */
static bool inflate_rest(z_stream *stream, void *bytes, size_t size)
{
    unsigned char more;
    stream->next_out = bytes;
    stream->avail_out = (uInt)size;
    int r = size > 0 ? inflate(stream, Z_FINISH) : Z_OK;
    if (r != Z_STREAM_END && stream->avail_out == 0) {
        stream->next_out = &more;
        stream->avail_out = 1;
        r = inflate(stream, Z_FINISH);
        if (stream->avail_out == 0)
            return false;
    }
    return r == Z_STREAM_END && stream->avail_in == 0 &&
           (stream->avail_out == 0 || stream->next_out == &more);
}

static int take_apart(struct loose *loose, z_stream *stream, const git_oid *id, void **ret, size_t *ret_len,
                      git_object_t *ret_type)
{
    char head[HEADER_MAX];
    size_t size = 0;
    stream->next_out = (Bytef *)head;
    stream->avail_out = sizeof(head);
    int r = inflate(stream, Z_SYNC_FLUSH);
    size_t got = sizeof(head) - stream->avail_out;
    size_t header = r == Z_OK || r == Z_STREAM_END ? parse_header(head, got, ret_type, &size) : 0;
    if (header == 0 || size > FILE_MAX || got - header > size)
        return damaged(id, "has no header that fits what it holds");
    char *bytes = git_odb_backend_data_alloc(&loose->base, size + 1);
    if (bytes == NULL)
        return damaged(id, "is too large");
    size_t begun = got - header;
    memcpy(bytes, head + header, begun);
    bytes[size] = '\0';
    bool whole = r == Z_STREAM_END ? begun == size && stream->avail_in == 0
                                   : inflate_rest(stream, bytes + begun, size - begun);
    if (!whole) {
        git_odb_backend_data_free(&loose->base, bytes);
        return damaged(id, "is not what was compressed");
    }
    *ret = bytes;
    *ret_len = size;
    return 0;
}

static int read_loose(void **ret, size_t *ret_len, git_object_t *ret_type, git_odb_backend *backend,
                      const git_oid *id)
{
    struct loose *loose = (struct loose *)backend;
    struct buf path, file;
    z_stream stream = { .next_in = NULL };
    const char *hex = git_oid_tostr_s(id);
    buf_init(&path, 8192);
    buf_init(&file, FILE_MAX);
    buf_format(&path, "%s/%.2s/%s", loose->objects, hex, hex + 2);
    int r = file_read(buf_str(&path), &file, NULL);
    buf_finish(&path);
    if (r == ERR_NOT_FOUND) {
        r = GIT_ENOTFOUND;
    } else if (r < 0) {
        r = GIT_PASSTHROUGH; /* the library tells what the system says */
    } else if (inflateInit(&stream) != Z_OK) {
        r = damaged(id, "cannot be decompressed");
    } else {
        stream.next_in = (Bytef *)file.data;
        stream.avail_in = (uInt)file.len;
        r = take_apart(loose, &stream, id, ret, ret_len, ret_type);
        (void)inflateEnd(&stream); /* only gives memory back */
    }
    buf_finish(&file);
    return r;
}

static void free_loose(git_odb_backend *backend)
{
    struct loose *loose = (struct loose *)backend;
    free(loose->objects);
    free(loose);
}

int loose_take_over(git_repository *repo, const char *path, struct err *err)
{
    git_odb *odb = NULL;
    int r = git_repository_odb(&odb, repo);
    if (r < 0)
        return repo_failed(r, ERR_ENVIRONMENT, err, "cannot open the objects of %s", path);
    struct loose *loose = mem_alloc(sizeof(*loose));
    size_t len = strlen(path);
    r = git_odb_init_backend(&loose->base, GIT_ODB_BACKEND_VERSION);
    loose->objects = mem_alloc(len + sizeof("/objects"));
    memcpy(loose->objects, path, len);
    memcpy(loose->objects + len, "/objects", sizeof("/objects"));
    loose->base.read = read_loose;
    loose->base.free = free_loose;
    if (r == 0)
        r = git_odb_add_backend(odb, &loose->base, PRIORITY);
    if (r < 0) {
        free_loose(&loose->base);
        r = repo_failed(r, ERR_ENVIRONMENT, err, "cannot read the objects of %s", path);
    }
    git_odb_free(odb);
    return r;
}
