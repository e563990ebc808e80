#include "rehearse/timings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A step, or an entry of a rollback. */
struct timed {
    bool running;
    bool spoiled; /* what it takes now says nothing: it is done once more, or stood in a hold */
    size_t count, room;
    int64_t *took_us;
};

struct timings {
    const struct book *book;
    size_t *first; /* by step: where its own is in `all`, and after it those of its entries */
    size_t count;
    struct timed *all;
};

struct timings *timings_create(const struct book *book)
{
    struct timings *timings = mem_alloc(sizeof(*timings));
    timings->book = book;
    timings->first = mem_array(book->step_count + 1, sizeof(*timings->first));
    for (size_t i = 0; i < book->step_count; i++) {
        timings->first[i] = timings->count;
        timings->count += 1 + book->steps[i].rollback_count;
    }
    timings->all = mem_array(timings->count + 1, sizeof(*timings->all));
    return timings;
}

void timings_destroy(struct timings *timings)
{
    if (timings == NULL)
        return;
    for (size_t i = 0; i < timings->count; i++)
        free(timings->all[i].took_us);
    free(timings->all);
    free(timings->first);
    free(timings);
}

/* ---- gathering ---- */

static struct timed *timed_of(struct timings *timings, const struct event *event)
{
    size_t step = event->subject != NULL ? book_find_step(timings->book, event->subject) : BOOK_NONE;
    if (step == BOOK_NONE || event->entry < 0 ||
        (uint64_t)event->entry > timings->book->steps[step].rollback_count)
        return NULL;
    return &timings->all[timings->first[step] + (size_t)event->entry];
}

/* What a person does takes a machine another time, and what does nothing takes none. */
static bool is_measured(const struct timings *timings, const struct event *event)
{
    const struct step *work = book_find_work(timings->book, event->subject, event->entry);
    return work->kind != STEP_MANUAL && work->kind != STEP_CHECK && work->kind != STEP_MARK &&
           work->kind != STEP_NONE;
}

static void add_time(struct timed *timed, int64_t took_us)
{
    if (timed->count == timed->room) {
        timed->room = timed->room > 0 ? 2 * timed->room : 4;
        timed->took_us = mem_realloc(timed->took_us, timed->room * sizeof(*timed->took_us));
    }
    timed->took_us[timed->count++] = took_us;
}

/* A further attempt of the book's is one of the time that began with the first. */
static void see_started(struct timed *timed, const struct event *event)
{
    if (timed->running)
        return;
    timed->running = true;
    timed->spoiled = text_equal(event->text, EVENT_STEP_AGAIN);
}

static void see_ended(struct timings *timings, struct timed *timed, const struct event *event)
{
    bool counts = timed->running && !timed->spoiled && event->choice == CHOICE_DONE && event->elapsed_us >= 0;
    timed->running = false;
    if (counts && is_measured(timings, event))
        add_time(timed, event->elapsed_us);
}

static void spoil_all(struct timings *timings)
{
    for (size_t i = 0; i < timings->count; i++)
        timings->all[i].spoiled = timings->all[i].running;
}

static void forget_running(struct timings *timings)
{
    for (size_t i = 0; i < timings->count; i++)
        timings->all[i].running = false;
}

void timings_add(struct timings *timings, const struct event *event)
{
    struct timed *timed = timed_of(timings, event);
    switch ((int)event->type) {
    case EVENT_RUN_OPENED:
    case EVENT_RUN_RESUMED: /* what ran was cut off, or waited for nobody knows what */
        forget_running(timings);
        break;
    case EVENT_RUN_HELD:
        spoil_all(timings);
        break;
    case EVENT_STEP_STARTED:
        if (timed != NULL)
            see_started(timed, event);
        break;
    case EVENT_STEP_ENDED:
        if (timed != NULL)
            see_ended(timings, timed, event);
        break;
    default:
        break;
    }
}

/* ---- giving back ---- */

static int compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* The smallest that `percent` of them do not exceed. */
static int64_t nearest_rank(const int64_t *sorted, size_t count, size_t percent)
{
    return sorted[(percent * count + 99) / 100 - 1];
}

static struct rehearsed rehearsed_of(const struct timed *timed)
{
    qsort(timed->took_us, timed->count, sizeof(*timed->took_us), compare_times);
    return (struct rehearsed){ .count = (int64_t)timed->count,
                               .median_us = nearest_rank(timed->took_us, timed->count, 50),
                               .p95_us = nearest_rank(timed->took_us, timed->count, 95) };
}

size_t timings_of(const struct timings *timings, struct arena *arena, const struct certificate_timing **ret)
{
    struct certificate_timing *list = arena_array(arena, timings->count + 1, sizeof(*list));
    size_t count = 0;
    for (size_t step = 0; step < timings->book->step_count; step++) {
        for (size_t entry = 0; entry <= timings->book->steps[step].rollback_count; entry++) {
            const struct timed *timed = &timings->all[timings->first[step] + entry];
            if (timed->count > 0)
                list[count++] = (struct certificate_timing){ .step = timings->book->steps[step].id,
                                                             .entry = (int64_t)entry,
                                                             .rehearsed = rehearsed_of(timed) };
        }
    }
    *ret = list;
    return count;
}

double rehearsed_against(const struct duration_range *stated, const struct rehearsed *rehearsed)
{
    if (rehearsed->count == 0 || stated->max_us <= 0)
        return 1;
    if (rehearsed->p95_us > stated->max_us)
        return (double)rehearsed->p95_us / (double)stated->max_us;
    if (rehearsed->median_us < stated->min_us)
        return (double)rehearsed->median_us / (double)stated->min_us;
    return 1;
}

#define TOLD_FROM 1.2
#define TOLD_TO   0.8

static void put_stated(struct buf *buf, const struct duration_range *stated)
{
    if (stated->min_us != stated->max_us) {
        duration_spell(buf, stated->min_us);
        buf_text(buf, "..");
    }
    duration_spell(buf, stated->max_us);
}

bool rehearsed_text(struct buf *buf, const struct step *step)
{
    const struct rehearsed *rehearsed = &step->rehearsed;
    double against = rehearsed_against(&step->stated, rehearsed);
    bool told = against >= TOLD_FROM || against <= TOLD_TO;
    if (rehearsed->count == 0)
        return false;
    if (rehearsed->count == 1)
        buf_text(buf, "rehearsed once: ");
    else
        buf_format(buf, "rehearsed %" PRId64 " times: median ", rehearsed->count);
    duration_text(buf, rehearsed->median_us);
    if (rehearsed->count > 1) {
        buf_text(buf, ", p95 ");
        duration_text(buf, rehearsed->p95_us);
    }
    if (step->stated.max_us <= 0)
        return told;
    if (told && against < 0.1)
        buf_text(buf, ", under a tenth of the estimate of ");
    else if (told)
        buf_format(buf, ", %.1f times the estimate of ", against);
    else
        buf_text(buf, ", estimate ");
    put_stated(buf, &step->stated);
    return told;
}
