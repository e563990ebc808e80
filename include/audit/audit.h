/*
 * The trail: a run's journal, published to a bare git repository, branch refs/heads/runs/<id>. The only room
 * that includes libgit2.
 *
 * The tree of a run:
 *
 *     book.json, targets.json,        frozen at the start, as executed; no secrets
 *     run.json, policy.json,          params and what else was said of the run; the policy it goes by; the
 *     certificate.json                rehearsal's
 *     journal/000/000001.jsonl, ...   AUDIT_SEGMENT lines of the journal each
 *     output/<step>.<attempt>.log     what a step wrote
 *     samples/000/000001.jsonl, ...   passing events: what the panes showed
 *
 * A segment never changes once it is full; a directory has a hundred (file n is in n/100). A commit is made
 * at each step's end, each decision, at AUDIT_SEGMENT events or after 2 s. Its message tells a person what
 * happened; its last lines are trailers: `Tminus-Seq: <first>-<last>` and `Tminus-Head: <64 hex>`.
 *
 * Everything here blocks (disk): the runner calls it from a worker thread, one call at a time. Event n+1 is
 * never committed before n. Work tree and index are not used. No configuration is read, neither the user's
 * nor the repository's own (which is written once, for people who look at it with git), and no hook is run.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stdint.h>

#include "journal/journal.h"

#define AUDIT_SEGMENT 64

struct audit;

/* Opens the bare repository at `path`, making it (0700, the 256 object directories, fsync on) when it is not
 * there, and holds the branch of `run` by a lock of our own, "tminus-runs/<run>.lock" in it: ERR_BUSY when
 * another process does. ERR_INVALID when `run` is no id or no name for a branch. ERR_ENVIRONMENT when it is a
 * symbolic link, belongs to somebody else, can be written by others, is no repository, or has something in it
 * that makes git show other history than what is there (alternates, grafts, shallow, replace refs). ERR_IO.
 */
int audit_open(const char *path, const char *run, struct audit **ret, struct err *err) MUST_CHECK;
void audit_close(struct audit *audit); /* NULL-safe */

/* From now on commits are signed with this key (sign/sign.h), as git's own are: `git log --show-signature`
 * tells by whom. NULL: not any more. While the key cannot be used nothing is published: audit_publish then
 * answers with what sign_bytes said, and can be called again. */
void audit_set_signer(struct audit *audit, const char *key_path);

/* Last seq that the branch holds, 0 when there is none; and the head line's hash (64 hex) at that point, 64
 * zeros for 0. A branch whose end cannot be read any more (missing or zero-length objects or ref, lines that
 * are not as they were written) is moved aside, damaged objects with it, so that the run can be published
 * again from its journal: 0, and audit_remark tells. ERR_IO, and nothing moved, when the system refused to
 * read. */
int audit_last(struct audit *audit, uint64_t *ret_seq, struct sha256 *ret_head, struct err *err) MUST_CHECK;

/* What the branch ends with, as it was when this process last looked or published: nothing is read. False
 * when it is not there or not known. */
struct audit_tip {
    char commit[65]; /* hex */
    uint64_t seq;
    struct sha256 head;
};
bool audit_tip(const struct audit *audit, struct audit_tip *ret);

/* What the last audit_last or audit_publish had to put right before it could do its work, in one sentence for
 * the record; "" when there was nothing. Borrowed until the next call. */
const char *audit_remark(const struct audit *audit);

/* A file to be put in the tree beside the segments. */
struct audit_file {
    const char *path;   /* in the tree: "output/add-column.1.log" */
    const char *source; /* on disk, or NULL: then `bytes` */
    const void *bytes;
    size_t len;
};

struct audit_batch {
    size_t count;               /* records; may be 0 when there are only files */
    const struct event *events; /* for the message */
    const char *lines;          /* as in the journal, `count` of them */
    size_t lines_len;
    const char *samples; /* lines of passing events since the last batch, each with its newline; NULL */
    size_t samples_len;
    size_t file_count;
    const struct audit_file *files;
    const char *person; /* whose doing it is: author's name; NULL: tminus */
    const char *book_title;
};

/* One commit; of more than AUDIT_SEGMENT records, after a break or from a journal, as many as if they had
 * come one by one. It can be called again with the same batch after a failure: records that the branch holds
 * already, line for line, are passed over. ERR_CORRUPT when the first record does not follow what the branch
 * holds or a line is not as the journal wrote it; ERR_BUSY when another writer holds the branch; ERR_INVALID
 * when a file's path is not one for the tree or is where the lines go; ERR_NOT_FOUND when a source is
 * missing; ERR_ENVIRONMENT when the repository was taken away; ERR_IO. */
int audit_publish(struct audit *audit, const struct audit_batch *batch, struct err *err) MUST_CHECK;

/* Whether a batch that ends with this event should be published now rather than wait for more. */
bool audit_is_milestone(const struct event *event);

/* Subject, body and trailers of the message for a batch, as they would be committed. */
void audit_message(struct buf *buf, const struct audit_batch *batch);

/* ---- reading, also from a bare clone; nothing is changed and nothing locked ---- */

/* Hands all records of a run's branch to `reader`, in order, each judged as journal_read does. ERR_NOT_FOUND
 * when there is no repository or no such branch; ERR_CORRUPT with the file, the line and the seq. */
int audit_read(const char *path, const char *run, journal_reader reader, void *data,
               struct err *err) MUST_CHECK;

/* A file of the run's tree, for example "book.json", into `ret` (initialised by the caller; its maximum is
 * the limit). ERR_NOT_FOUND, ERR_LIMIT, ERR_CORRUPT. */
int audit_read_file(const char *path, const char *run, const char *file, struct buf *ret,
                    struct err *err) MUST_CHECK;

#endif
