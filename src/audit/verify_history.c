#include "audit/judge.h"

#include <stdlib.h>
#include <string.h>

#include "audit/repo.h"
#include "base/text.h"

/* Of texts that are needed only as long as a commit is judged. */
static void batch_begin(struct judge *judge)
{
    arena_destroy(judge->batch_arena);
    judge->batch_arena = arena_create();
    judge->batch_count = 0;
}

/* False when the way back to the first commit is blocked. */
static bool collect(struct judge *judge, const git_oid *tip)
{
    git_oid id = *tip;
    for (;;) {
        struct raw_commit raw;
        batch_begin(judge);
        if (!judge_raw_commit(judge, &id, &raw))
            return false;
        if (raw.parent_count > 1)
            judge_found(judge, NULL, 0,
                        "has %zu parents, expected one: a trail is one line, somebody merged another one in",
                        raw.parent_count);
        JUDGE_GROW(judge->commits, judge->commit_count, judge->commit_capacity);
        judge->commits[judge->commit_count++] = id;
        if (raw.parent_count == 0)
            return true;
        id = raw.parent;
    }
}

static void oldest_first(struct judge *judge)
{
    for (size_t i = 0, k = judge->commit_count; i + 1 < k; i++) {
        git_oid other = judge->commits[--k];
        judge->commits[k] = judge->commits[i];
        judge->commits[i] = other;
    }
}

static void keep_signature(struct judge *judge, const struct raw_commit *raw)
{
    JUDGE_GROW(judge->signatures, judge->signature_count, judge->signature_capacity);
    judge->signatures[judge->signature_count++] = (struct judged_signature){
        .commit = judge->commit,
        .last_seq = judge->chain.seq,
        .bytes = raw->text,
        .len = strlen(raw->text),
        .signature = raw->signature, /* NULL: there is none */
    };
}

static void judge_commit(struct judge *judge, const git_oid *id, const git_oid *parent_tree,
                         struct tree_changes *changes, git_oid *ret_tree)
{
    struct raw_commit raw;
    batch_begin(judge);
    if (!judge_raw_commit(judge, id, &raw)) /* it could be read a moment ago */
        return;
    size_t lines_start = judge->lines.len;
    judge_trees(judge, parent_tree, &raw.tree, changes);
    judge_frozen(judge, changes, parent_tree == NULL);
    judge_records(judge, changes);
    judge_samples(judge, changes);
    judge_outputs(judge, changes);
    if (!judge->journal.broken && raw.parent_count < 2)
        judge_message(judge, &raw, changes, lines_start);
    keep_signature(judge, &raw);
    *ret_tree = raw.tree;
}

int judge_history(struct judge *judge, const git_oid *tip, struct err *err)
{
    struct tree_changes changes = { .list = NULL };
    git_oid tree;
    if (collect(judge, tip)) {
        oldest_first(judge);
        for (size_t i = 0; i < judge->commit_count; i++)
            judge_commit(judge, &judge->commits[i], i > 0 ? &tree : NULL, &changes, &tree);
    } else {
        judge->journal.broken = true;
    }
    free(changes.list);
    batch_begin(judge);
    judge->commit = NULL;
    return buf_ok(&judge->lines, "all records of a trail", err);
}
