#include "audit/audit.h"

#include "audit/repo.h"
#include "audit/trail.h"

/* An opened repository and the tree of a run in it. */
struct view {
    git_repository *repo;
    git_tree *root;
};

static int view_open(struct view *view, const char *path, const char *run, struct err *err)
{
    struct buf branch;
    *view = (struct view){ .repo = NULL };
    int r = repo_begin(err);
    if (r < 0)
        return r;
    buf_init(&branch, 1024);
    buf_format(&branch, "refs/heads/runs/%s", run);
    r = buf_ok(&branch, "the name of a run", err);
    if (r == 0)
        r = repo_open(path, &view->repo, err);
    if (r == 0)
        r = trail_tree(view->repo, buf_str(&branch), &view->root, NULL, err);
    buf_finish(&branch);
    if (r < 0) {
        git_repository_free(view->repo);
        repo_end();
    }
    return r;
}

static void view_close(struct view *view)
{
    git_tree_free(view->root);
    git_repository_free(view->repo);
    repo_end();
}

/* One file of records, which must be whole lines. */
static int read_records(const struct view *view, unsigned number, struct chain *chain, journal_reader reader,
                        void *data, struct err *err)
{
    git_blob *blob = NULL;
    size_t used = 0;
    int r = series_blob(view->repo, view->root, TRAIL_JOURNAL, number, &blob, err);
    if (r < 0)
        return r;
    size_t len = (size_t)git_blob_rawsize(blob);
    r = chain_read_lines(chain, git_blob_rawcontent(blob), len, reader, data, &used, err);
    if (r == 0 && used < len)
        r = err_set(err, ERR_CORRUPT, "its last line is cut short");
    if (r == ERR_CORRUPT) {
        struct buf path;
        buf_init(&path, 64);
        series_path(&path, TRAIL_JOURNAL, number);
        (void)err_prefix(err, "%s", buf_str(&path)); /* the code is known */
        buf_finish(&path);
    }
    git_blob_free(blob);
    return r;
}

int audit_read(const char *path, const char *run, journal_reader reader, void *data, struct err *err)
{
    struct view view;
    struct chain chain;
    unsigned last = 0;
    int r = view_open(&view, path, run, err);
    if (r < 0)
        return r;
    chain_start(&chain);
    r = series_last(view.repo, view.root, TRAIL_JOURNAL, &last, err);
    for (unsigned number = 1; r == 0 && number <= last; number++)
        r = read_records(&view, number, &chain, reader, data, err);
    view_close(&view);
    return r;
}

static int read_blob(const struct view *view, const char *file, struct buf *ret, struct err *err)
{
    git_tree_entry *entry = NULL;
    git_blob *blob = NULL;
    int r = git_tree_entry_bypath(&entry, view->root, file);
    if (r == GIT_ENOTFOUND)
        return err_set(err, ERR_NOT_FOUND, "there is no %s in the trail", file);
    if (r == 0)
        r = git_blob_lookup(&blob, view->repo, git_tree_entry_id(entry));
    if (r < 0) {
        r = repo_failed(r, ERR_CORRUPT, err, "cannot read %s of the trail", file);
    } else {
        buf_add(ret, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob));
        r = buf_ok(ret, file, err);
    }
    git_blob_free(blob);
    git_tree_entry_free(entry);
    return r;
}

int audit_read_file(const char *path, const char *run, const char *file, struct buf *ret, struct err *err)
{
    struct view view;
    int r = view_open(&view, path, run, err);
    if (r < 0)
        return r;
    r = read_blob(&view, file, ret, err);
    view_close(&view);
    return r;
}
