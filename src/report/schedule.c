#include "report/schedule.h"

#include "json/json.h"

/* The book sums up a phase's steps where it has no estimate of its own; only one that is written counts here,
 * because steps side by side take less than their sum. */
static int64_t stated_us(const struct book *book, size_t phase)
{
    const struct json *phases = json_member(book->source, "phases");
    bool stated = phases && phase < phases->count && json_member(&phases->items[phase], "estimate");
    return stated ? book->phases[phase].estimate.max_us : 0;
}

static int64_t later_us(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Steps stand in the book after those that they wait for, or else in the same phase, where `after` may point
 * forward: so it is gone through until nothing moves, which is at most as often as there are steps. */
static void place(const struct book *book, const struct phase *phase, struct schedule *schedule)
{
    int64_t begin_us = schedule->phases[phase - book->phases].start_us;
    bool moved = true;
    for (size_t round = 0; moved && round <= phase->step_count; round++) {
        moved = false;
        for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
            const struct step *step = &book->steps[i];
            struct slot *slot = &schedule->steps[i];
            int64_t start_us = begin_us;
            for (size_t n = 0; n < step->after_count; n++)
                start_us = later_us(start_us, schedule->steps[step->after[n]].end_us);
            moved |= round == 0 || start_us != slot->start_us;
            slot->start_us = start_us;
            slot->end_us = start_us + step->estimate.max_us;
        }
    }
}

static int64_t latest_end_us(const struct book *book, const struct schedule *schedule,
                             const struct phase *phase, size_t step, int64_t end_us)
{
    int64_t latest_us = end_us;
    for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
        const struct step *other = &book->steps[i];
        for (size_t n = 0; n < other->after_count; n++) {
            int64_t start_us = schedule->steps[i].start_us + schedule->steps[i].slack_us;
            if (other->after[n] == step && start_us < latest_us)
                latest_us = start_us;
        }
    }
    return latest_us;
}

/* From the end backwards. `after` may point forward, so again until nothing moves. */
static void find_slack(const struct book *book, const struct phase *phase, struct schedule *schedule,
                       int64_t end_us)
{
    bool moved = true;
    for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++)
        schedule->steps[i].slack_us = end_us - schedule->steps[i].end_us;
    for (size_t round = 0; moved && round <= phase->step_count; round++) {
        moved = false;
        for (size_t i = phase->first_step + phase->step_count; i-- > phase->first_step;) {
            struct slot *slot = &schedule->steps[i];
            int64_t slack_us = latest_end_us(book, schedule, phase, i, end_us) - slot->end_us;
            moved |= slack_us != slot->slack_us;
            slot->slack_us = slack_us;
            slot->critical = slack_us == 0 && book->steps[i].estimate.max_us > 0;
        }
    }
}

static bool takes_time(enum step_kind kind)
{
    return kind != STEP_CHECK && kind != STEP_MARK && kind != STEP_NOTIFY && kind != STEP_NONE;
}

static void schedule_phase(const struct book *book, size_t index, struct schedule *schedule)
{
    const struct phase *phase = &book->phases[index];
    struct slot *slot = &schedule->phases[index];
    int64_t need_us, stated = stated_us(book, index);
    slot->start_us = slot->end_us = schedule->total_us;
    place(book, phase, schedule);
    for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
        slot->end_us = later_us(slot->end_us, schedule->steps[i].end_us);
        schedule->unestimated +=
            stated == 0 && takes_time(book->steps[i].kind) && book->steps[i].estimate.max_us == 0;
    }
    need_us = slot->end_us;
    slot->end_us = later_us(need_us, slot->start_us + stated);
    slot->critical = slot->end_us > need_us; /* no step makes it as long */
    find_slack(book, phase, schedule, slot->end_us);
    schedule->total_us = slot->end_us;
}

struct schedule *schedule_of(struct arena *arena, const struct book *book)
{
    struct schedule *schedule = arena_alloc(arena, sizeof(*schedule));
    schedule->steps = arena_array(arena, book->step_count + 1, sizeof(*schedule->steps));
    schedule->phases = arena_array(arena, book->phase_count + 1, sizeof(*schedule->phases));
    for (size_t i = 0; i < book->phase_count; i++)
        schedule_phase(book, i, schedule);
    return schedule;
}
