#include "audit/series.h"

#include <stdlib.h>
#include <string.h>

#include "audit/repo.h"

#define FILES_A_DIRECTORY 100
#define FILE_MAX                                                                                             \
    (8 * 1024 * 1024) /* bytes: AUDIT_SEGMENT lines of JOURNAL_LINE_MAX, or one batch of samples */
#define SERIES_PATH_MAX 64

void changes_init(struct changes *changes)
{
    *changes = (struct changes){ .arena = arena_create() };
}

void changes_finish(struct changes *changes)
{
    arena_destroy(changes->arena);
    free(changes->list);
}

void changes_add(struct changes *changes, const char *path, const git_oid *blob)
{
    if (changes->count == changes->capacity) {
        changes->capacity = changes->capacity == 0 ? 16 : 2 * changes->capacity;
        changes->list = mem_realloc(changes->list, changes->capacity * sizeof(*changes->list));
    }
    changes->list[changes->count++] = (git_tree_update){
        .action = GIT_TREE_UPDATE_UPSERT,
        .id = *blob,
        .filemode = GIT_FILEMODE_BLOB,
        .path = arena_text(changes->arena, path),
    };
}

void series_init(struct series *series, const char *directory, size_t lines_max, size_t bytes_max)
{
    *series = (struct series){ .directory = directory, .lines_max = lines_max, .bytes_max = bytes_max };
    buf_init(&series->text, FILE_MAX);
}

void series_finish(struct series *series)
{
    buf_finish(&series->text);
}

void series_path(struct buf *buf, const char *directory, unsigned number)
{
    buf_format(buf, "%s/%03u/%06u.jsonl", directory, number / FILES_A_DIRECTORY, number);
}

/* ---- reading ---- */

/* The tree that the last entry of `tree` stands for. */
static int last_subtree(git_repository *repo, const git_tree *tree, git_tree **ret, struct err *err)
{
    const git_tree_entry *entry = git_tree_entry_byindex(tree, git_tree_entrycount(tree) - 1);
    int r = entry != NULL ? git_tree_lookup(ret, repo, git_tree_entry_id(entry)) : GIT_ENOTFOUND;
    return r < 0 ? repo_failed(r, ERR_CORRUPT, err, "cannot read a directory of the trail") : 0;
}

/* The number in a name, which is taken only when it is the name that we would give to that number. */
static int parse_name(const char *directory, const char *subdirectory, const char *name, unsigned *ret_number,
                      struct err *err)
{
    struct buf found, want;
    buf_init(&found, 1024);
    buf_init(&want, SERIES_PATH_MAX);
    buf_format(&found, "%s/%s/%s", directory, subdirectory, name);
    unsigned long number = strtoul(name, NULL, 10);
    series_path(&want, directory, number <= SERIES_FILES_MAX ? (unsigned)number : 0);
    bool same = number > 0 && strcmp(buf_str(&found), buf_str(&want)) == 0;
    int r = same ? 0 : err_set(err, ERR_CORRUPT, "%s is no file of the trail", buf_str(&found));
    *ret_number = (unsigned)number;
    buf_finish(&found);
    buf_finish(&want);
    return r;
}

static int last_number(git_repository *repo, const git_tree *tree, const char *directory,
                       unsigned *ret_number, struct err *err)
{
    git_tree *subtree = NULL;
    int r = last_subtree(repo, tree, &subtree, err);
    if (r < 0)
        return r;
    const git_tree_entry *outer = git_tree_entry_byindex(tree, git_tree_entrycount(tree) - 1);
    const git_tree_entry *inner = git_tree_entry_byindex(subtree, git_tree_entrycount(subtree) - 1);
    r = parse_name(directory, git_tree_entry_name(outer), inner != NULL ? git_tree_entry_name(inner) : "",
                   ret_number, err);
    git_tree_free(subtree);
    return r;
}

int series_last(git_repository *repo, const git_tree *root, const char *directory, unsigned *ret_number,
                struct err *err)
{
    git_tree *tree = NULL;
    const git_tree_entry *entry = git_tree_entry_byname(root, directory);
    *ret_number = 0;
    if (entry == NULL)
        return 0;
    int r = git_tree_lookup(&tree, repo, git_tree_entry_id(entry));
    if (r < 0)
        return repo_failed(r, ERR_CORRUPT, err, "cannot read %s of the trail", directory);
    r = last_number(repo, tree, directory, ret_number, err);
    git_tree_free(tree);
    return r;
}

int series_blob(git_repository *repo, const git_tree *root, const char *directory, unsigned number,
                git_blob **ret, struct err *err)
{
    struct buf path;
    git_tree_entry *entry = NULL;
    buf_init(&path, SERIES_PATH_MAX);
    series_path(&path, directory, number);
    int r = git_tree_entry_bypath(&entry, root, buf_str(&path));
    if (r == 0)
        r = git_blob_lookup(ret, repo, git_tree_entry_id(entry));
    if (r < 0)
        r = repo_failed(r, ERR_CORRUPT, err, "cannot read %s of the trail", buf_str(&path));
    git_tree_entry_free(entry);
    buf_finish(&path);
    return r;
}

int series_load(struct series *series, git_repository *repo, const git_tree *root, struct err *err)
{
    git_blob *blob = NULL;
    buf_clear(&series->text);
    series->lines = 0;
    int r = series_last(repo, root, series->directory, &series->number, err);
    if (r < 0 || series->number == 0)
        return r;
    r = series_blob(repo, root, series->directory, series->number, &blob, err);
    if (r < 0)
        return r;
    buf_add(&series->text, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob));
    git_blob_free(blob);
    r = buf_ok(&series->text, "a file of the trail", err);
    if (r < 0)
        return r;
    const char *text = buf_str(&series->text);
    for (size_t i = 0; i < series->text.len; i++)
        series->lines += text[i] == '\n';
    if (series->text.len == 0 || text[series->text.len - 1] != '\n')
        return err_set(err, ERR_CORRUPT, "file %u of %s in the trail is cut short", series->number,
                       series->directory);
    return 0;
}

/* ---- writing ---- */

static int begin_file_if_full(struct series *series, struct err *err)
{
    if (series->number > 0 && series->lines < series->lines_max && series->text.len < series->bytes_max)
        return 0;
    if (series->number >= SERIES_FILES_MAX)
        return err_set(err, ERR_LIMIT, "%s of the trail has %d files: no more can be added",
                       series->directory, SERIES_FILES_MAX);
    series->number++;
    series->lines = 0;
    buf_clear(&series->text);
    return 0;
}

static int write_file(const struct series *series, git_repository *repo, struct changes *changes,
                      struct err *err)
{
    struct buf path;
    git_oid id;
    int r = buf_ok(&series->text, "a file of the trail", err);
    if (r < 0)
        return r;
    r = git_blob_create_from_buffer(&id, repo, buf_str(&series->text), series->text.len);
    if (r < 0)
        return repo_failed(r, ERR_IO, err, "cannot store %s", series->directory);
    buf_init(&path, SERIES_PATH_MAX);
    series_path(&path, series->directory, series->number);
    changes_add(changes, buf_str(&path), &id);
    buf_finish(&path);
    return 0;
}

int series_add(struct series *series, git_repository *repo, const char *lines, size_t len,
               struct changes *changes, struct err *err)
{
    int r = 0;
    size_t at = 0;
    while (r == 0 && at < len) {
        r = begin_file_if_full(series, err);
        while (r == 0 && at < len && series->lines < series->lines_max &&
               series->text.len < series->bytes_max) {
            const char *newline = memchr(lines + at, '\n', len - at);
            if (newline == NULL)
                return err_set(err, ERR_INVALID, "lines for the trail do not end in a newline");
            size_t line_len = (size_t)(newline - (lines + at)) + 1;
            buf_add(&series->text, lines + at, line_len);
            series->lines++;
            at += line_len;
        }
        if (r == 0)
            r = write_file(series, repo, changes, err);
    }
    return r;
}
