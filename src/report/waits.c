#include "gathered.h"

#include <string.h>

#include "base/text.h"

#define WHOM_MAX ((size_t)64 * 1024)

/* The one that has not ended; of a step, or of a monitor where `step` is BOOK_NONE. */
static struct wait *open_wait(struct chronicle *chronicle, size_t step, size_t entry, size_t monitor)
{
    struct wait *waits = chronicle->waits.items;
    for (size_t i = chronicle->waits.count; i-- > 0;) {
        if (waits[i].to_us == NOT_YET && waits[i].step == step && waits[i].entry == entry &&
            waits[i].monitor == monitor)
            return &waits[i];
    }
    return NULL;
}

static struct wait *begin(struct chronicle *chronicle, size_t step, size_t entry, size_t monitor,
                          const struct event *event)
{
    struct wait *wait = list_add(&chronicle->waits, sizeof(*wait));
    *wait = (struct wait){ .step = step,
                           .entry = entry,
                           .monitor = monitor,
                           .from_us = chronicle->us,
                           .to_us = NOT_YET,
                           .began = event->at };
    return wait;
}

/* ---- our own steps ---- */

void waits_end(struct chronicle *chronicle, size_t step, size_t entry)
{
    struct wait *wait = open_wait(chronicle, step, entry, BOOK_NONE);
    if (wait != NULL)
        wait->to_us = chronicle->us;
}

static void take_waiting(struct chronicle *chronicle, const struct event *event)
{
    size_t step = book_find_step(chronicle->book, event->subject), entry = (size_t)event->entry;
    struct wait *wait = open_wait(chronicle, step, entry, BOOK_NONE);
    const char *whom = event->text;
    if (event->type == EVENT_STEP_RETRYING || whom == NULL || whom[0] == '\0') {
        waits_end(chronicle, step, entry);
        return;
    }
    if (wait != NULL && wait->whom != NULL && strstr(wait->whom, whom) != NULL)
        return;
    if (wait == NULL)
        wait = begin(chronicle, step, entry, BOOK_NONE, event);
    wait->whom = wait->whom == NULL ? arena_text(chronicle->arena, whom)
                                    : arena_format(chronicle->arena, "%s; then %s", wait->whom, whom);
}

/* ---- what a monitor of locks saw ---- */

/* Those that the others wait for. */
static const char *roots_of(struct chronicle *chronicle, const struct sample *sample)
{
    struct buf buf;
    buf_init(&buf, WHOM_MAX);
    for (size_t i = 0; i < sample->row_count; i++) {
        const struct sample_row *row = &sample->rows[i];
        if (row->depth != 0)
            continue;
        buf_format(&buf, "%s%s (%s, %s)", buf.len > 0 ? "\n" : "", row->cells[LOCK_PID], row->cells[LOCK_WHO],
                   row->cells[LOCK_STATE]);
        buf_format(&buf, "%s%s", row->cells[LOCK_QUERY][0] != '\0' ? ": " : "", row->cells[LOCK_QUERY]);
    }
    if (sample->rows_left_out > 0)
        buf_format(&buf, "\nand %zu sessions that the sample had no room for", sample->rows_left_out);
    const char *text = arena_text(chronicle->arena, buf.overflow ? "more than can be told" : buf_str(&buf));
    buf_finish(&buf);
    return text;
}

/* What the sample cannot tell raises no maximum. */
static double value_of(const struct sample *sample, const char *name)
{
    const struct sample_metric *metric = sample_metric(sample, name);
    return metric != NULL && metric->known ? metric->value : 0;
}

/* Whether anybody waited after the last sample is not known. */
static void lose(struct wait *wait)
{
    wait->to_us = wait->seen_us;
    wait->lost = true;
}

static void take_locks(struct chronicle *chronicle, size_t monitor, const struct event *event)
{
    const struct sample *sample = event->sample;
    const struct sample_metric *waiting = sample_metric(sample, "waiting");
    struct wait *wait = open_wait(chronicle, BOOK_NONE, 0, monitor);
    bool is_known = waiting != NULL && waiting->known;
    if (wait != NULL && chronicle->us - wait->seen_us > series_joined_us(chronicle, monitor)) {
        lose(wait);
        wait = NULL;
    }
    if (!is_known || waiting->value <= 0) {
        if (wait != NULL && !is_known)
            lose(wait);
        else if (wait != NULL)
            wait->to_us = chronicle->us;
        return;
    }
    if (wait == NULL)
        wait = begin(chronicle, BOOK_NONE, 0, monitor, event);
    wait->seen_us = chronicle->us;
    if (waiting->value > wait->most || wait->whom == NULL)
        wait->whom = roots_of(chronicle, sample);
    if (waiting->value > wait->most)
        wait->most = waiting->value;
    if (value_of(sample, "behind_us") > wait->behind)
        wait->behind = value_of(sample, "behind_us");
}

void waits_take(struct chronicle *chronicle, const struct event *event)
{
    if (event->type == EVENT_STEP_WAITING || event->type == EVENT_STEP_RETRYING) {
        take_waiting(chronicle, event);
    } else if (event->type == EVENT_SAMPLE && event->sample != NULL) {
        size_t monitor = book_find_monitor(chronicle->book, event->sample->monitor);
        if (monitor != BOOK_NONE && chronicle->book->monitors[monitor].kind == MONITOR_LOCKS)
            take_locks(chronicle, monitor, event);
    } else if (event->type == EVENT_MONITOR_STOPPED && event->subject != NULL) {
        struct wait *wait =
            open_wait(chronicle, BOOK_NONE, 0, book_find_monitor(chronicle->book, event->subject));
        if (wait != NULL)
            lose(wait);
    }
}
