#include "audit/handle.h"

#include <string.h>

#include "audit/repo.h"
#include "base/text.h"

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

static int sign(const char *person, int64_t wall_us, git_signature **ret, struct err *err)
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

static int write_commit(struct audit *audit, const struct audit_batch *batch, const git_oid *tree_id,
                        const git_signature *author, const git_signature *committer, git_oid *ret_id,
                        struct err *err)
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
        const git_commit *parents[] = { parent };
        if (r == 0)
            r = git_commit_create(ret_id, audit->repo, NULL, author, committer, NULL, buf_str(&message), tree,
                                  parent != NULL ? 1 : 0, parents);
        if (r < 0)
            r = repo_failed(r, ERR_IO, err, "cannot store the commit");
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
        r = sign(batch->person, wall_us, &author, err);
    if (r == 0)
        r = sign(NULL, wall_us, &committer, err);
    if (r == 0)
        r = write_commit(audit, batch, &tree_id, author, committer, &commit_id, err);
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
