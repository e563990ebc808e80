#include "audit/handle.h"

#include <inttypes.h>
#include <string.h>

/* Bytes of the first `count` lines; less when there are not so many. */
static size_t lines_len(const char *lines, size_t len, size_t count)
{
    size_t at = 0;
    const char *newline;
    while (count-- > 0 && at < len && (newline = memchr(lines + at, '\n', len - at)) != NULL)
        at = (size_t)(newline - lines) + 1;
    return at;
}

/* Whether lines and events are the same records, and go on where the branch ends or before. */
static int check(const struct audit *audit, const struct audit_batch *batch, struct err *err)
{
    uint64_t published = audit->trail.chain.seq;
    size_t len = batch->lines_len;
    if (lines_len(batch->lines, len, batch->count) != len ||
        (batch->count > 0 && lines_len(batch->lines, len, batch->count - 1) == len))
        return err_set(err, ERR_INVALID, "a batch of %zu records has another number of lines", batch->count);
    if (batch->count == 0)
        return 0;
    if (batch->events[0].seq > published + 1)
        return err_set(err, ERR_CORRUPT,
                       "record %" PRIu64 " does not follow record %" PRIu64 ", the last one of the branch",
                       batch->events[0].seq, published);
    if (batch->events[batch->count - 1].seq < published)
        return err_set(err, ERR_CORRUPT, "the branch goes on to record %" PRIu64 ": it is ahead", published);
    return 0;
}

/* The first `count` records of a batch, which goes on after them. What is not a record goes with the first
 * ones. */
static struct audit_batch take(struct audit_batch *rest, size_t count)
{
    struct audit_batch part = *rest;
    part.count = count;
    part.lines_len = lines_len(rest->lines, rest->lines_len, count);
    if (count > 0) {
        rest->count -= count;
        rest->events += count;
        rest->lines += part.lines_len;
        rest->lines_len -= part.lines_len;
    }
    rest->file_count = 0;
    rest->samples = NULL;
    rest->samples_len = 0;
    return part;
}

/* Passes over the records that the branch holds already: a batch that failed after it was committed comes
 * again. They must be the same records. */
static int pass_over_published(const struct audit *audit, struct audit_batch *rest, struct err *err)
{
    const struct chain *chain = &audit->trail.chain;
    if (rest->count == 0 || rest->events[0].seq > chain->seq)
        return 0;
    struct audit_batch known = take(rest, (size_t)(chain->seq - rest->events[0].seq + 1));
    size_t last = lines_len(known.lines, known.lines_len, known.count - 1);
    struct sha256 head;
    sha256_of(known.lines + last, known.lines_len - last - 1, &head);
    if (strcmp(head.hex, chain->head.hex) != 0)
        return err_set(err, ERR_CORRUPT, "the branch holds another record %" PRIu64 " than the journal",
                       chain->seq);
    return 0;
}

/* How many records the next commit gets: all of a usual batch; of a long one up to the next milestone, so
 * that the history reads as if they had come one by one. */
static size_t part_count(const struct audit_batch *whole, const struct audit_batch *rest)
{
    size_t count = 0;
    if (whole->count <= AUDIT_SEGMENT)
        return rest->count;
    while (count < rest->count && count < AUDIT_SEGMENT) {
        if (audit_is_milestone(&rest->events[count++]))
            break;
    }
    return count;
}

/* At most AUDIT_SEGMENT records, which follow what the branch holds: one commit. */
static int publish_part(struct audit *audit, const struct audit_batch *batch, struct err *err)
{
    struct changes changes;
    size_t used = 0;
    struct trail *trail = &audit->trail;
    int r = chain_read_lines(&trail->chain, batch->lines, batch->lines_len, NULL, NULL, &used, err);
    if (r < 0)
        return r;
    if (batch->count > 0 && trail->chain.seq != batch->events[batch->count - 1].seq)
        return err_set(err, ERR_INVALID, "the events of a batch are not those of its lines");
    changes_init(&changes);
    r = series_add(&trail->journal, audit->repo, batch->lines, batch->lines_len, &changes, err);
    if (r == 0 && batch->samples != NULL)
        r = series_add(&trail->samples, audit->repo, batch->samples, batch->samples_len, &changes, err);
    if (r == 0)
        r = store_files(audit, batch, &changes, err);
    if (r == 0)
        r = commit_batch(audit, batch, &changes, err);
    changes_finish(&changes);
    return r;
}

int audit_publish(struct audit *audit, const struct audit_batch *batch, struct err *err)
{
    struct audit_batch rest = *batch;
    buf_clear(&audit->remark);
    int r = audit_load(audit, err);
    if (r == 0)
        r = check(audit, batch, err);
    if (r == 0)
        r = pass_over_published(audit, &rest, err);
    while (r == 0 && (rest.count > 0 || rest.file_count > 0 || rest.samples_len > 0)) {
        struct audit_batch part = take(&rest, part_count(batch, &rest));
        if (part.count < batch->count)
            part.person = part.events[part.count - 1].actor;
        r = publish_part(audit, &part, err);
        audit->loaded = r == 0;
    }
    return r;
}
