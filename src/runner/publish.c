#include "batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/*
 * The publisher: gathers what the journal has recorded and commits it to the trail in batches, in a worker
 * thread, one at a time and in order. A batch that cannot be committed is kept and tried again; the run is
 * told, so that people see it, and the journal goes on being the truth.
 */

#define BATCH_AGE_US (2 * SECOND_US)
#define RETRY_US     (2 * SECOND_US)
#define FILES_ENOUGH 60 /* a commit with so many is made at once */
/* Batches that wait with nothing but samples in them: hours of a trail that cannot be written. */
#define WAITING_MAX 16

struct publisher {
    struct runner *runner;
    struct audit *audit;
    struct batch *first;     /* the oldest: with the worker, failed and to be tried again, or sealed */
    struct batch *gathering; /* the newest: takes what comes */
    int64_t *attempts;       /* the last of each step */
    bool working;
    bool troubled;
    int64_t retry_boot_us;
    uv_work_t work;
    uint64_t before; /* the first record that is in no batch yet or in one that waits; for the worker */
    struct err err;  /* of the worker's last try */
    int result;
    char remark[ERR_MESSAGE_MAX];  /* what the trail had to put right */
    char missing[ERR_MESSAGE_MAX]; /* what is not in the trail, and why */
    size_t samples_dropped;        /* since that was told */
};

/* What was frozen goes with the first batch. */
static void add_frozen(const struct publisher *publisher, struct batch *batch)
{
    const struct frozen *frozen = publisher->runner->options->frozen;

    batch_file(batch, "book.json", NULL, frozen->book_text, frozen->book_len);
    batch_file(batch, "run.json", NULL, frozen->settings_text, frozen->settings_len);
    if (frozen->targets_text)
        batch_file(batch, "targets.json", NULL, frozen->targets_text, frozen->targets_len);
    if (frozen->policy_text)
        batch_file(batch, "policy.json", NULL, frozen->policy_text, frozen->policy_len);
    if (frozen->certificate_text)
        batch_file(batch, "certificate.json", NULL, frozen->certificate_text, frozen->certificate_len);
}

/* What the trail had to put right is kept until it can be noted. */
static void keep_remark(struct publisher *publisher)
{
    if (audit_remark(publisher->audit)[0])
        (void)snprintf(publisher->remark, sizeof(publisher->remark), "the trail: %s",
                       audit_remark(publisher->audit));
}

static void tell(struct publisher *publisher, char kept[ERR_MESSAGE_MAX])
{
    char text[ERR_MESSAGE_MAX];

    if (!kept[0])
        return;
    memcpy(text, kept, sizeof(text));
    kept[0] = '\0';
    runner_note(publisher->runner, text);
}

static void tell_remark(struct publisher *publisher)
{
    tell(publisher, publisher->remark);
    tell(publisher, publisher->missing);
}

static int open_trail(struct publisher *publisher, struct err *err)
{
    const struct runner_options *options = publisher->runner->options;
    int r = audit_open(options->frozen->audit, options->frozen->run, &publisher->audit, err);

    if (r == 0)
        audit_set_signer(publisher->audit, options->key);
    return r;
}

int publisher_create(struct runner *runner, uint64_t *ret_last_seq, struct sha256 *ret_head, struct err *err)
{
    struct publisher *publisher = mem_alloc(sizeof(*publisher));
    int r;

    publisher->runner = runner;
    publisher->work.data = publisher;
    publisher->attempts = mem_array(runner->book->step_count, sizeof(*publisher->attempts));
    publisher->first = publisher->gathering = batch_create();
    runner->publisher = publisher;
    r = open_trail(publisher, err);
    if (r == 0)
        r = audit_last(publisher->audit, ret_last_seq, ret_head, err);
    if (r == 0)
        keep_remark(publisher);
    if (r == 0 && *ret_last_seq == 0)
        add_frozen(publisher, publisher->gathering);
    return r;
}

static void seal(struct publisher *publisher)
{
    publisher->gathering->next = batch_create();
    publisher->gathering = publisher->gathering->next;
}

static void drop_first(struct publisher *publisher)
{
    struct batch *batch = publisher->first;

    publisher->first = batch->next;
    batch_destroy(batch);
}

/* ---- the worker ---- */

static int publish(struct publisher *publisher, struct batch *batch, struct err *err)
{
    const char *missing = batch_mark_missing(batch);
    struct audit_batch audit;
    int r;

    if (missing)
        (void)snprintf(publisher->missing, sizeof(publisher->missing),
                       "the trail: %s is missing in %s, and the trail says so in its place", missing,
                       publisher->runner->options->frozen->dir);
    audit = (struct audit_batch){
        .count = batch->count,
        .events = batch->events,
        .lines = buf_str(&batch->lines),
        .lines_len = batch->lines.len,
        .samples = batch->samples.len > 0 ? batch->samples.data : NULL,
        .samples_len = batch->samples.len,
        .file_count = batch->file_count,
        .files = batch->files,
        .person = batch->count > 0 ? batch->events[batch->count - 1].actor : NULL,
        .book_title = publisher->runner->book->title,
    };
    r = audit_publish(publisher->audit, &audit, err);
    keep_remark(publisher);
    return r;
}

struct missing {
    const struct publisher *publisher;
    struct batch *batch;
    int64_t *attempts;
    uint64_t after, before;
};

static int add_missing(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct missing *missing = data;

    (void)err;
    batch_see(missing->publisher->runner, missing->attempts, event);
    if (event->seq > missing->after && event->seq < missing->before)
        batch_add(missing->publisher->runner, missing->batch, missing->attempts, event, line, len);
    return 0;
}

/* Somebody took the repository away, or what is in it is not ours any more: opens it anew and publishes
 * again, from the journal, what it lacks before the batch that is due. */
static int rebuild(struct publisher *publisher, struct err *err)
{
    int64_t *attempts = mem_array(publisher->runner->book->step_count, sizeof(*attempts));
    struct missing missing = { publisher, batch_create(), attempts, 0, publisher->before };
    struct sha256 head;
    size_t torn;
    int r;

    audit_close(publisher->audit);
    publisher->audit = NULL;
    r = open_trail(publisher, err);
    if (r == 0)
        r = audit_last(publisher->audit, &missing.after, &head, err);
    if (r == 0)
        keep_remark(publisher);
    if (r == 0 && missing.after == 0)
        add_frozen(publisher, missing.batch);
    if (r == 0)
        r = journal_read(publisher->runner->journal_path, add_missing, &missing, &torn, err);
    if (r == 0 && missing.batch->count > 0)
        r = publish(publisher, missing.batch, err);
    batch_destroy(missing.batch);
    free(attempts);
    return r;
}

static void on_work(uv_work_t *work)
{
    struct publisher *publisher = work->data;
    bool anew = publisher->result == ERR_ENVIRONMENT || publisher->result == ERR_CORRUPT || !publisher->audit;

    publisher->result = anew ? rebuild(publisher, &publisher->err) : 0;
    if (publisher->result == 0)
        publisher->result = publish(publisher, publisher->first, &publisher->err);
}

/* Told once when it begins and once when it is over: "" says that the trail is whole again. */
static void tell_trouble(struct publisher *publisher, const char *text)
{
    struct input input = { .type = INPUT_TROUBLE, .now = clock_now(), .text = text };

    publisher->troubled = text[0] != '\0';
    runner_take(publisher->runner, &input);
}

static bool wants_witness(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (event_wants_witness(batch->events[i].type))
            return true;
    }
    return false;
}

static void tell_witness(const struct publisher *publisher, bool wanted)
{
    struct audit_tip tip;

    if (publisher_tip(publisher, &tip))
        witness_published(publisher->runner->witness, &tip, wanted);
}

/* What is told here may end the run, and that wants the next batch published: not before this one is gone,
 * and all is told that the worker left. */
static void on_worked(uv_work_t *work, int status)
{
    struct publisher *publisher = work->data;
    struct instant now = clock_now();

    (void)status; /* never cancelled */
    tell_remark(publisher);
    if (publisher->result < 0) {
        publisher->retry_boot_us = now.boot_us + RETRY_US;
        if (!publisher->troubled)
            tell_trouble(publisher, publisher->err.message);
    } else {
        bool wanted = wants_witness(publisher->first);

        drop_first(publisher);
        tell_witness(publisher, wanted);
        if (publisher->troubled)
            tell_trouble(publisher, "");
    }
    publisher->working = false;
    publisher_tick(publisher, now);
    runner_end_if_due(publisher->runner);
}

static bool first_is_due(const struct publisher *publisher, struct instant now)
{
    const struct batch *batch = publisher->first;

    if (batch->begun_boot_us == 0 || now.boot_us < publisher->retry_boot_us)
        return false;
    return batch->next || batch->milestone || batch->count >= AUDIT_SEGMENT || publisher->runner->ending ||
           now.boot_us - batch->begun_boot_us >= BATCH_AGE_US;
}

static uint64_t first_waiting(const struct publisher *publisher)
{
    for (const struct batch *batch = publisher->first; batch; batch = batch->next) {
        if (batch->count > 0)
            return batch->events[0].seq;
    }
    return journal_seq(publisher->runner->journal) + 1;
}

void publisher_tick(struct publisher *publisher, struct instant now)
{
    if (!publisher || publisher->runner->finishing || publisher->working || !first_is_due(publisher, now))
        return;
    /* What comes while the worker reads this batch goes into the next one. */
    if (publisher->first == publisher->gathering)
        seal(publisher);
    publisher->before = first_waiting(publisher);
    publisher->working = true;
    publisher->retry_boot_us = 0;
    /* Fails only for a missing callback. */
    (void)uv_queue_work(&publisher->runner->loop, &publisher->work, on_work, on_worked);
}

/* ---- gathering ---- */

void publisher_add(struct publisher *publisher, const struct event *event, const char *line, size_t len)
{
    struct batch *batch;

    /* A commit tells of one milestone: the subjects of `git log` are the story. */
    if (publisher->gathering->milestone)
        seal(publisher);
    batch = publisher->gathering;
    batch_add(publisher->runner, batch, publisher->attempts, event, line, len);
    batch->milestone = audit_is_milestone(event) || batch->file_count >= FILES_ENOUGH;
    if (batch->begun_boot_us == 0)
        batch->begun_boot_us = clock_now().boot_us;
}

static size_t waiting(const struct publisher *publisher)
{
    size_t count = 0;

    for (const struct batch *batch = publisher->first; batch; batch = batch->next)
        count++;
    return count;
}

static void tell_dropped(struct publisher *publisher)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "samples are published again; %zu are not in the trail",
                   publisher->samples_dropped);
    publisher->samples_dropped = 0;
    runner_note(publisher->runner, text);
}

/* Samples alone make no commit: they go with the next one. When they have become many they do. Of a trail
 * that cannot be written for long not all of them can be kept, and that is said. */
void publisher_add_passing(struct publisher *publisher, const char *line, size_t len)
{
    const struct buf *samples = &publisher->gathering->samples;

    if (samples->len + len > samples->max) {
        if (waiting(publisher) >= WAITING_MAX) {
            if (publisher->samples_dropped++ == 0)
                runner_note(publisher->runner,
                            "samples do not go into the trail any more, which cannot be written: they are "
                            "still kept beside the journal");
            return;
        }
        if (publisher->gathering->begun_boot_us == 0)
            publisher->gathering->begun_boot_us = clock_now().boot_us;
        seal(publisher);
    }
    buf_add(&publisher->gathering->samples, line, len);
    if (publisher->samples_dropped > 0)
        tell_dropped(publisher);
}

void publisher_see(struct publisher *publisher, const struct event *event)
{
    batch_see(publisher->runner, publisher->attempts, event);
}

void publisher_resume(struct publisher *publisher)
{
    publisher->troubled = publisher->runner->run->trouble != NULL;
    tell_remark(publisher);
}

bool publisher_idle(const struct publisher *publisher)
{
    return !publisher->working && publisher->first->begun_boot_us == 0;
}

bool publisher_tip(const struct publisher *publisher, struct audit_tip *ret)
{
    return publisher->audit && audit_tip(publisher->audit, ret);
}

void publisher_destroy(struct publisher *publisher)
{
    if (!publisher)
        return;
    while (publisher->first) {
        struct batch *batch = publisher->first;

        publisher->first = batch->next;
        batch_destroy(batch);
    }
    audit_close(publisher->audit);
    free(publisher->attempts);
    free(publisher);
}
