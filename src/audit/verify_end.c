#include "audit/judge.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

/* ---- the copy in the run's directory ---- */

struct local_reading {
    struct judge *judge;
    size_t at; /* in the trail's lines */
    uint64_t same, ahead;
    bool differs;
};

static int compare(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct local_reading *reading = data;
    struct judge *judge = reading->judge;
    const struct buf *lines = &judge->lines;
    (void)err;
    if (reading->at == lines->len) {
        reading->ahead++;
    } else if (lines->len - reading->at >= len && memcmp(lines->data + reading->at, line, len) == 0) {
        reading->at += len;
        reading->same++;
    } else if (!reading->differs) {
        reading->differs = true;
        judge_found(judge, judge->options->journal, event->seq,
                    "the trail holds another record %" PRIu64
                    " than the journal here: one of them was written anew after the run",
                    event->seq);
    }
    return reading->differs ? ERR_CLOSED : 0;
}

static void judge_local(struct judge *judge)
{
    struct local_reading reading = { .judge = judge };
    const char *path = judge->options->journal;
    struct err err = ERR_INIT;
    size_t torn = 0;
    if (path == NULL)
        return;
    int r = journal_read(path, compare, &reading, &torn, &err);
    if (reading.differs)
        return;
    if (r < 0)
        judge_found(judge, path, reading.same + reading.ahead + 1, "the journal here: %s", err.message);
    else if (reading.at < judge->lines.len)
        judge_found(judge, path, reading.same + 1,
                    "the trail goes on to record %" PRIu64 ", the journal here ends with %" PRIu64
                    ": the journal was cut, or records were added to the trail",
                    judge->chain.seq, reading.same);
    else if (reading.ahead > 0 && judge->options->live)
        judge_say(judge, VERIFY_NOTE, path, 0,
                  "the journal here is ahead by %" PRIu64 ": not yet published by the runner, which is live",
                  reading.ahead);
    else if (reading.ahead > 0 && !judge->journal.broken)
        judge_found(judge, path, judge->chain.seq + 1,
                    "the journal here is ahead by %" PRIu64
                    ", and no runner is there to publish it: the trail was cut off, or the runner was; "
                    "`tminus run --resume` publishes what is missing",
                    reading.ahead);
    else if (!judge->journal.broken)
        judge_say(judge, VERIFY_NOTE, path, 0, "the journal here is the same, all %" PRIu64 " records",
                  reading.same);
}

/* ---- the head ---- */

/* The record whose line has that hash; 0: none. */
static uint64_t seq_of_head(const struct judge *judge, const char *head)
{
    const char *at = buf_str(&judge->lines), *end = at + judge->lines.len, *newline;
    for (uint64_t seq = 1; at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL; seq++) {
        struct sha256 hash;
        sha256_of(at, (size_t)(newline - at), &hash);
        if (text_equal(hash.hex, head))
            return seq;
        at = newline + 1;
    }
    return 0;
}

static bool judge_head(struct judge *judge)
{
    const char *want = judge->options->head;
    if (want == NULL || text_equal(want, judge->chain.head.hex))
        return want != NULL;
    uint64_t seq = seq_of_head(judge, want);
    if (seq > 0)
        judge_found(judge, NULL, seq,
                    "the head that was given is that of record %" PRIu64 ", the trail goes on to %" PRIu64
                    ": up to there it is the same, what follows came later",
                    seq, judge->chain.seq);
    else
        judge_found(
            judge, NULL, judge->chain.seq,
            "the head is %s, expected %s: this is not the trail that was there when the head was taken, "
            "or its end was cut off",
            judge->chain.head.hex, want);
    return false;
}

void judge_end(struct judge *judge)
{
    bool head_matches = judge_head(judge);
    judge_local(judge);
    if (judge->chain.seq == 0 && !judge->journal.broken)
        judge_found(judge, NULL, 0, "there is not one record in it");
    if (judge->report->closed || judge->journal.broken)
        return;
    bool expected = judge->options->live || judge->options->open || head_matches;
    judge_say(
        judge, expected ? VERIFY_NOTE : VERIFY_FOUND, NULL, judge->chain.seq,
        "the run is not over: a cut-off tail cannot be told from one that was not written yet; compare the "
        "head %s with the witness or the operator%s",
        judge->chain.head.hex,
        expected ? "" : " (--head HASH when you have it from elsewhere, --open when that is expected)");
}
