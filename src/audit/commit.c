#include "audit/handle.h"

#include <string.h>

#include "audit/repo.h"
#include "base/text.h"
#include "sign/sign.h"

#define MESSAGE_MAX (1024 * 1024)
#define PERSON_MAX  200 /* bytes */

static int write_tree(struct audit *audit, const struct changes *changes, git_oid *ret_id, struct err *err)
{
    git_tree *base = NULL;
    int r = 0;
    if (audit->trail.exists)
        r = trail_tree(audit->repo, audit->branch, &base, NULL, err);
    if (r < 0)
        return r;
    r = git_tree_create_updated(ret_id, audit->repo, base, changes->count, changes->list);
    git_tree_free(base);
    return r < 0 ? repo_failed(r, ERR_IO, err, "cannot store the tree") : 0;
}

/* Fit for the header of a commit: no angle brackets, and something to read in it. */
static void put_person(struct buf *buf, const char *person)
{
    struct buf visible;
    buf_init(&visible, 16 * PERSON_MAX);
    text_visible(&visible, person, strnlen(person, PERSON_MAX), false);
    const char *text = buf_str(&visible);
    bool readable = false;
    for (const char *c = text; *c != '\0'; c++) {
        readable = readable || (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
                   (*c >= 'a' && *c <= 'z') || (*c & 0x80) != 0;
        buf_char(buf, *c == '<' || *c == '>' ? '_' : *c);
    }
    if (!readable)
        buf_text(buf, " somebody");
    buf_finish(&visible);
}

/* The part before the @: what is no letter, digit, dot, hyphen or underscore in ASCII becomes a hyphen. */
static void put_mailbox(struct buf *buf, const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
                     *c == '.' || *c == '_';
        buf_char(buf, plain ? *c : '-');
    }
}

int commit_author(const char *person, int64_t wall_us, git_signature **ret, struct err *err)
{
    struct buf name, mail;
    git_time_t seconds = wall_us > 0 ? wall_us / SECOND_US : 0; /* git knows no time before 1970 */
    bool self = person == NULL || text_equal(person, EVENT_ACTOR_SELF);
    buf_init(&name, 32 * PERSON_MAX);
    buf_init(&mail, 64 * PERSON_MAX);
    put_person(&name, self ? EVENT_ACTOR_SELF : person);
    put_mailbox(&mail, buf_str(&name));
    buf_text(&mail, self ? "@localhost" : "@tminus");
    int r = git_signature_new(ret, buf_str(&name), buf_str(&mail), seconds, 0);
    buf_finish(&name);
    buf_finish(&mail);
    return r < 0 ? repo_failed(r, ERR_INVALID, err, "cannot name an author") : 0;
}

/* The signature that git looks for: over the commit as it would be without it. */
static int store_signed(struct audit *audit, const git_buf *commit, git_oid *ret_id, struct err *err)
{
    struct buf signature;
    buf_init(&signature, SIGN_SIGNATURE_MAX);
    int r = sign_bytes(audit->key, SIGN_COMMIT, commit->ptr, commit->size, &signature, err);
    if (r == 0) {
        while (signature.len > 0 && signature.data[signature.len - 1] == '\n')
            signature.data[--signature.len] = '\0';
        r = git_commit_create_with_signature(ret_id, audit->repo, commit->ptr, buf_str(&signature), "gpgsig");
        if (r < 0)
            r = repo_failed(r, ERR_IO, err, "cannot store the signed commit");
    }
    buf_finish(&signature);
    return r;
}

struct new_commit {
    const git_signature *author, *committer;
    const char *message;
    const git_tree *tree;
    size_t parent_count;
    const git_commit *parents[1];
};

static int store(struct audit *audit, struct new_commit *new, git_oid *ret_id, struct err *err)
{
    git_buf text = { 0 };
    int r;
    if (audit->key == NULL)
        r = git_commit_create(ret_id, audit->repo, NULL, new->author, new->committer, NULL, new->message,
                              new->tree, new->parent_count, new->parents);
    else
        r = git_commit_create_buffer(&text, audit->repo, new->author, new->committer, NULL, new->message,
                                     new->tree, new->parent_count, new->parents);
    if (r < 0)
        r = repo_failed(r, ERR_IO, err, "cannot store the commit");
    else if (audit->key != NULL)
        r = store_signed(audit, &text, ret_id, err);
    git_buf_dispose(&text);
    return r;
}

static int write_commit(struct audit *audit, const struct audit_batch *batch, const git_oid *tree_id,
                        struct new_commit *new, git_oid *ret_id, struct err *err)
{
    struct buf message;
    git_tree *tree = NULL;
    git_commit *parent = NULL;
    buf_init(&message, MESSAGE_MAX);
    audit_message(&message, batch);
    int r = buf_ok(&message, "the message of a commit", err);
    if (r == 0) {
        r = git_tree_lookup(&tree, audit->repo, tree_id);
        if (r == 0 && audit->trail.exists)
            r = git_commit_lookup(&parent, audit->repo, &audit->trail.tip);
        if (r < 0)
            r = repo_failed(r, ERR_IO, err, "cannot store the commit");
    }
    if (r == 0) {
        new->message = buf_str(&message);
        new->tree = tree;
        new->parents[0] = parent;
        new->parent_count = parent != NULL ? 1 : 0;
        r = store(audit, new, ret_id, err);
    }
    git_tree_free(tree);
    git_commit_free(parent);
    buf_finish(&message);
    return r;
}

int commit_batch(struct audit *audit, const struct audit_batch *batch, const struct changes *changes,
                 struct err *err)
{
    git_oid tree_id, commit_id;
    git_signature *author = NULL, *committer = NULL;
    int64_t wall_us = batch->count > 0 ? batch->events[batch->count - 1].at.wall_us : clock_now().wall_us;
    int r = write_tree(audit, changes, &tree_id, err);
    if (r == 0)
        r = commit_author(batch->person, wall_us, &author, err);
    if (r == 0)
        r = commit_author(NULL, wall_us, &committer, err);
    struct new_commit new = { .author = author, .committer = committer };
    if (r == 0)
        r = write_commit(audit, batch, &tree_id, &new, &commit_id, err);
    if (r == 0)
        r = branch_move(audit, &commit_id, err);
    if (r == 0) {
        audit->trail.tip = commit_id;
        audit->trail.exists = true;
    }
    git_signature_free(author);
    git_signature_free(committer);
    return r;
}
