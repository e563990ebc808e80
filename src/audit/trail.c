#include "audit/trail.h"

#include <string.h>

#include "audit/audit.h"
#include "audit/repo.h"

#define SEGMENT_BYTES_MAX SIZE_MAX /* only lines count */

void trail_init(struct trail *trail)
{
    *trail = (struct trail){ .exists = false };
    chain_start(&trail->chain);
    series_init(&trail->journal, TRAIL_JOURNAL, AUDIT_SEGMENT, SEGMENT_BYTES_MAX);
    series_init(&trail->samples, TRAIL_SAMPLES, AUDIT_SEGMENT, SAMPLES_BYTES_MAX);
}

void trail_finish(struct trail *trail)
{
    series_finish(&trail->journal);
    series_finish(&trail->samples);
}

/* A branch of ours is never a name for another one. */
static int tip_of(git_repository *repo, const char *branch, git_oid *ret, struct err *err)
{
    git_reference *reference = NULL;
    int r = git_reference_lookup(&reference, repo, branch);
    if (r == GIT_ENOTFOUND)
        return err_set(err, ERR_NOT_FOUND, "there is no branch %s", branch);
    if (r < 0)
        return repo_failed(r, ERR_CORRUPT, err, "cannot read branch %s", branch);
    const git_oid *target = git_reference_target(reference);
    if (target != NULL)
        *ret = *target;
    else
        r = err_set(err, ERR_CORRUPT, "%s is no branch but a symbolic ref", branch);
    git_reference_free(reference);
    return r;
}

int trail_tree(git_repository *repo, const char *branch, git_tree **ret, git_oid *ret_tip, struct err *err)
{
    git_oid tip;
    git_commit *commit = NULL;
    int r = tip_of(repo, branch, &tip, err);
    if (r < 0)
        return r;
    r = git_commit_lookup(&commit, repo, &tip);
    if (r == 0)
        r = git_commit_tree(ret, commit);
    git_commit_free(commit);
    if (r < 0)
        return repo_failed(r, ERR_CORRUPT, err, "cannot read branch %s", branch);
    if (ret_tip != NULL)
        *ret_tip = tip;
    return 0;
}

int trail_chain_before(git_repository *repo, const git_tree *root, unsigned number, struct chain *ret,
                       struct err *err)
{
    git_blob *blob = NULL;
    chain_start(ret);
    if (number <= 1)
        return 0;
    int r = series_blob(repo, root, TRAIL_JOURNAL, number - 1, &blob, err);
    if (r < 0)
        return r;
    const char *text = git_blob_rawcontent(blob);
    size_t len = (size_t)git_blob_rawsize(blob);
    if (len < 2 || text[len - 1] != '\n') {
        r = err_set(err, ERR_CORRUPT, "file %u of " TRAIL_JOURNAL " in the trail is cut short", number - 1);
    } else {
        const char *newline = memrchr(text, '\n', len - 1);
        size_t start = newline != NULL ? (size_t)(newline - text) + 1 : 0;
        sha256_of(text + start, len - 1 - start, &ret->head);
        ret->seq = (uint64_t)(number - 1) * AUDIT_SEGMENT;
    }
    git_blob_free(blob);
    return r;
}

static int load_records(struct trail *trail, git_repository *repo, const git_tree *root, struct err *err)
{
    size_t used = 0;
    int r = series_load(&trail->journal, repo, root, err);
    if (r == 0)
        r = trail_chain_before(repo, root, trail->journal.number, &trail->chain, err);
    if (r == 0)
        r = chain_read_lines(&trail->chain, buf_str(&trail->journal.text), trail->journal.text.len, NULL,
                             NULL, &used, err);
    return r;
}

int trail_load(struct trail *trail, git_repository *repo, const char *branch, struct err *err)
{
    git_tree *root = NULL;
    trail_finish(trail);
    trail_init(trail);
    struct err cause = ERR_INIT;
    int r = trail_tree(repo, branch, &root, &trail->tip, &cause);
    if (r == ERR_NOT_FOUND)
        return 0;
    if (r < 0)
        return err_set(err, (enum err_code)r, "%s", cause.message);
    r = load_records(trail, repo, root, err);
    if (r == 0)
        r = series_load(&trail->samples, repo, root, err);
    git_tree_free(root);
    trail->exists = r == 0;
    return r;
}
