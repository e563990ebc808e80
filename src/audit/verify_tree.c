#include "audit/judge.h"

#include <stdlib.h>
#include <string.h>

#include "audit/repo.h"

#define DEPTH_MAX 4

/* What may stand where: exactly these names, or below these directories. */
static const char *const files[] = { "book.json", "targets.json", "run.json", "policy.json",
                                     "certificate.json" };
static const char *const directories[] = { TRAIL_JOURNAL, TRAIL_SAMPLES, "output" };

struct tree_walk {
    struct judge *judge;
    struct tree_changes *changes;
    struct arena *arena; /* of the paths */
};

static bool is_one_of(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], text) == 0)
            return true;
    }
    return false;
}

static bool is_known(const char *prefix, const char *name, bool tree)
{
    if (*prefix == '\0')
        return tree ? is_one_of(directories, ARRAY_LEN(directories), name)
                    : is_one_of(files, ARRAY_LEN(files), name);
    if (strcmp(prefix, "output/") == 0)
        return !tree;
    /* journal/000/ and its files: their names are judged where they are read */
    return tree == (strchr(prefix, '/') == prefix + strlen(prefix) - 1);
}

static void note(struct tree_walk *walk, enum change_kind kind, const char *path,
                 const git_tree_entry *before, const git_tree_entry *after)
{
    struct tree_changes *changes = walk->changes;
    JUDGE_GROW(changes->list, changes->count, changes->capacity);
    struct tree_change *change = &changes->list[changes->count++];
    *change = (struct tree_change){ .kind = kind, .path = path };
    if (before != NULL)
        change->before = *git_tree_entry_id(before);
    if (after != NULL)
        change->after = *git_tree_entry_id(after);
}

static git_tree *tree_of(struct tree_walk *walk, const char *path, const git_oid *id)
{
    git_tree *tree = NULL;
    int r = git_tree_lookup(&tree, walk->judge->repo, id);
    if (r < 0)
        judge_found(walk->judge, *path != '\0' ? path : NULL, 0, "directory %s cannot be read: %s",
                    git_oid_tostr_s(id), git_error_last()->message);
    return r < 0 ? NULL : tree;
}

/* An entry of the new tree by itself: whether to look at it at all. */
static bool judge_entry(struct tree_walk *walk, const char *prefix, const char *path,
                        const git_tree_entry *entry)
{
    unsigned mode = (unsigned)git_tree_entry_filemode_raw(entry);
    bool tree = mode == GIT_FILEMODE_TREE;
    if (!tree && mode != GIT_FILEMODE_BLOB) {
        judge_found(walk->judge, path, 0, "has mode %o: in a trail there are plain files (100644) only",
                    mode);
        return false;
    }
    if (!is_known(prefix, git_tree_entry_name(entry), tree)) {
        judge_found(walk->judge, path, 0, "is none of the files that a trail is made of: somebody added it");
        return false;
    }
    return true;
}

static void judge_level(struct tree_walk *walk, const char *prefix, const git_oid *before,
                        const git_oid *after, unsigned depth);

static void judge_pair(struct tree_walk *walk, const char *prefix, const git_tree_entry *before,
                       const git_tree_entry *after, unsigned depth)
{
    const git_tree_entry *any = after != NULL ? after : before;
    const char *path = arena_format(walk->arena, "%s%s", prefix, git_tree_entry_name(any));
    bool tree = git_tree_entry_type(any) == GIT_OBJECT_TREE;
    if (after != NULL && !judge_entry(walk, prefix, path, after))
        return;
    if (before != NULL && after != NULL && git_tree_entry_type(before) != git_tree_entry_type(after)) {
        judge_found(walk->judge, path, 0, "was a file and is a directory now, or the other way round");
        return;
    }
    if (tree && depth < DEPTH_MAX)
        judge_level(walk, arena_format(walk->arena, "%s/", path),
                    before != NULL ? git_tree_entry_id(before) : NULL,
                    after != NULL ? git_tree_entry_id(after) : NULL, depth + 1);
    else if (!tree)
        note(walk,
             before == NULL  ? CHANGE_ADDED
             : after == NULL ? CHANGE_REMOVED
                             : CHANGE_CHANGED,
             path, before, after);
}

static bool is_same(const git_tree_entry *before, const git_tree_entry *after)
{
    return git_oid_equal(git_tree_entry_id(before), git_tree_entry_id(after)) &&
           git_tree_entry_filemode_raw(before) == git_tree_entry_filemode_raw(after);
}

/* Side by side, in git's order. */
static void judge_entries(struct tree_walk *walk, const char *prefix, const git_tree *before,
                          const git_tree *after, unsigned depth)
{
    size_t before_count = before != NULL ? git_tree_entrycount(before) : 0;
    size_t after_count = after != NULL ? git_tree_entrycount(after) : 0;
    for (size_t i = 0, k = 0; i < before_count || k < after_count;) {
        const git_tree_entry *old = i < before_count ? git_tree_entry_byindex(before, i) : NULL;
        const git_tree_entry *new = k < after_count ? git_tree_entry_byindex(after, k) : NULL;
        int order = old == NULL ? 1 : new == NULL ? -1 : git_tree_entry_cmp(old, new);
        if (order <= 0)
            i++;
        if (order >= 0)
            k++;
        if (order == 0 && is_same(old, new))
            continue;
        judge_pair(walk, prefix, order <= 0 ? old : NULL, order >= 0 ? new : NULL, depth);
    }
}

static void judge_order(struct tree_walk *walk, const char *prefix, const git_tree *tree)
{
    size_t count = git_tree_entrycount(tree);
    for (size_t i = 0; i < count; i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
        if (i > 0 && git_tree_entry_cmp(git_tree_entry_byindex(tree, i - 1), entry) >= 0)
            judge_found(walk->judge, *prefix != '\0' ? prefix : NULL, 0,
                        "%s stands twice or out of order in its directory: git did not write that",
                        git_tree_entry_name(entry));
    }
    if (count == 0)
        judge_found(walk->judge, *prefix != '\0' ? prefix : NULL, 0, "is a directory with nothing in it");
}

static void judge_level(struct tree_walk *walk, const char *prefix, const git_oid *before,
                        const git_oid *after, unsigned depth)
{
    git_tree *old = before != NULL ? tree_of(walk, prefix, before) : NULL;
    git_tree *new = after != NULL ? tree_of(walk, prefix, after) : NULL;
    if ((before == NULL || old != NULL) && (after == NULL || new != NULL)) {
        if (new != NULL)
            judge_order(walk, prefix, new);
        judge_entries(walk, prefix, old, new, depth);
    }
    git_tree_free(old);
    git_tree_free(new);
}

void judge_trees(struct judge *judge, const git_oid *before, const git_oid *after,
                 struct tree_changes *changes)
{
    struct tree_walk walk = { .judge = judge, .changes = changes, .arena = judge->batch_arena };
    changes->count = 0;
    judge_level(&walk, "", before, after, 0);
}

git_odb_object *judge_blob(struct judge *judge, const char *path, const git_oid *id)
{
    git_odb_object *object = NULL;
    int r = git_odb_read(&object, judge->odb, id);
    if (r < 0) {
        judge_found(judge, path, 0, "object %s, which has its contents, cannot be read: %s",
                    git_oid_tostr_s(id), git_error_last()->message);
        return NULL;
    }
    if (git_odb_object_type(object) != GIT_OBJECT_BLOB) {
        judge_found(judge, path, 0, "object %s is no file", git_oid_tostr_s(id));
        git_odb_object_free(object);
        return NULL;
    }
    return object;
}
