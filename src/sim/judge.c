#include "judge.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/*
 * The judge keeps what is durable, record by record, folds it by itself, and holds everything against that:
 * what the runner believes, what it begins, what it tells, what it publishes.
 */

#define RECORDS_MAX 4096

struct record {
    const char *line;
    size_t len;
    const struct event *event;
};

static struct {
    struct chain chain;
    struct arena *arena;
    struct record *records;
    size_t taken;      /* bytes of all records */
    const char *bytes; /* where the journal was when it was looked at last */
} judge;

void judge_create(void)
{
    memset(&judge, 0, sizeof(judge));
    judge.arena = arena_create();
    judge.records = mem_array(RECORDS_MAX, sizeof(*judge.records));
    chain_start(&judge.chain);
    world()->fold = run_create(world()->book->book);
    rules_create();
}

const char *judge_line(uint64_t seq, size_t *ret_len)
{
    if (seq == 0 || seq > world()->seq)
        return NULL;
    *ret_len = judge.records[seq - 1].len;
    return judge.records[seq - 1].line;
}

static void take(const char *line, size_t len)
{
    struct world *w = world();
    struct event event;
    struct err err = ERR_INIT;
    struct record *record = &judge.records[w->seq];
    if (w->seq == RECORDS_MAX)
        world_failed(SIM_WEDGED, "the journal grows and grows");
    record->line = arena_text_len(judge.arena, line, len);
    record->len = len;
    if (chain_read(&judge.chain, judge.arena, record->line, len - 1, &event, &err) < 0)
        world_failed(SIM_DIVERGED, "what is durable cannot be read again: %s", err.message);
    record->event = event_copy(judge.arena, &event);
    w->seq = event.seq;
    w->result->counts.events++;
    world_trace("%.*s", (int)len - 1, line);
    world_hash(line, len);
    rules_check(record->event);
    if (run_apply(w->fold, record->event, &err) < 0)
        world_failed(SIM_DIVERGED, "what is durable cannot be folded: %s", err.message);
    rules_note(record->event);
}

/* What was durable stays so, to the byte, whatever file it is in now. */
static void check_kept(const char *bytes, size_t len)
{
    size_t at = 0;
    for (uint64_t i = 0; i < world()->seq; i++) {
        const struct record *record = &judge.records[i];
        if (at + record->len > len || memcmp(bytes + at, record->line, record->len) != 0)
            world_failed(SIM_LOST, "record %llu was durable, and is not in the journal any more",
                         (unsigned long long)i + 1);
        at += record->len;
    }
}

void judge_journal(const char *bytes, size_t len)
{
    const char *end;
    if (len < judge.taken || bytes != judge.bytes)
        check_kept(bytes, len);
    judge.bytes = bytes;
    while (judge.taken < len && (end = memchr(bytes + judge.taken, '\n', len - judge.taken)) != NULL) {
        size_t line = (size_t)(end - (bytes + judge.taken)) + 1;
        take(bytes + judge.taken, line);
        judge.taken += line;
    }
}

bool judge_recorded(uint64_t after, enum event_type type, const char *actor)
{
    for (uint64_t seq = after; seq < world()->seq; seq++) {
        const struct event *event = judge.records[seq].event;
        if ((type == EVENT_TYPE_COUNT || event->type == type) && strcmp(event->actor, actor) == 0)
            return true;
    }
    return false;
}

/* ---- the runner's state ---- */

/* A runner begins with what the records say, and with no sample: so does its fold. */
void judge_runner_begins(void)
{
    struct world *w = world();
    struct err err = ERR_INIT;
    w->fold = run_create(w->book->book);
    for (uint64_t i = 0; i < w->seq; i++) {
        if (run_apply(w->fold, judge.records[i].event, &err) < 0)
            world_failed(SIM_DIVERGED, "what is durable cannot be folded again: %s", err.message);
    }
}

void judge_applied(const struct run *run, const struct event *event)
{
    struct world *w = world();
    struct err err = ERR_INIT;
    if (run != w->runner_run || event_is_record(event->type))
        return;
    if (run_apply(w->fold, event, &err) < 0)
        world_failed(SIM_DIVERGED, "the runner folds what the journal's run does not take: %s", err.message);
}

void judge_at_rest(void)
{
    struct world *w = world();
    struct buf runner, fold;
    if (!w->in_runner || !w->ready || w->runner_run == NULL)
        return;
    buf_init(&runner, 256 * 1024);
    buf_init(&fold, 256 * 1024);
    run_dump(&runner, w->runner_run);
    run_dump(&fold, w->fold);
    if (runner.len != fold.len || memcmp(runner.data, fold.data, fold.len) != 0) {
        size_t at = 0, from;
        while (at < runner.len && at < fold.len && runner.data[at] == fold.data[at])
            at++;
        for (from = at; from > 0 && runner.data[from - 1] != '\n' && at - from < 150;)
            from--;
        world_failed(SIM_DIVERGED, "the runner believes \"%.250s\", the journal says \"%.250s\"",
                     buf_str(&runner) + from, buf_str(&fold) + from);
    }
    buf_finish(&runner);
    buf_finish(&fold);
}
