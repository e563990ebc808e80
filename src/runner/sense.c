#include "runner.h"

#include "base/mem.h"

/* A sensed check is asked three times within its freshness, so that one lost answer does not untick it. */
#define ASKS_PER_FRESHNESS 3
#define ASK_FASTEST_US     SECOND_US
#define ASK_SLOWEST_US     (10 * SECOND_US)
/* A session takes so many questions and no more: whoever is refused would wait for its whole freshness. */
#define ASKS_AT_ONCE 8

struct sense {
    struct runner *runner;
    size_t step;
    bool out; /* a question is under way */
    int64_t asked_boot_us;
};

void senses_create(struct runner *runner)
{
    runner->senses = arena_array(runner->arena, runner->book->step_count + 1, sizeof(*runner->senses));
    runner->sensed_phase = BOOK_NONE;
    for (size_t i = 0; i < runner->book->step_count; i++)
        runner->senses[i] = (struct sense){ .runner = runner, .step = i };
}

static void on_answered(void *data, enum choice answer, const char *value, const char *why)
{
    struct sense *sense = data;
    struct input input = { .type = INPUT_SENSED,
                           .now = clock_now(),
                           .step = sense->step,
                           .choice = answer,
                           .value = value,
                           .text = why };

    sense->out = false;
    if (!sense->runner->ending)
        runner_take(sense->runner, &input);
}

static int64_t pace(const struct step *step)
{
    int64_t every = step->freshness_us / ASKS_PER_FRESHNESS;

    if (every < ASK_FASTEST_US)
        return ASK_FASTEST_US;
    return every > ASK_SLOWEST_US ? ASK_SLOWEST_US : every;
}

/* Whether so many questions to the same server are out that this one waits for the next tick. */
static bool is_crowded(const struct sense *sense)
{
    const struct runner *runner = sense->runner;
    const struct step *steps = runner->book->steps;
    size_t out = 0;

    for (size_t i = 0; i < runner->book->step_count; i++)
        out += runner->senses[i].out && steps[i].query.target == steps[sense->step].query.target;
    return out >= ASKS_AT_ONCE;
}

static void ask_if_due(struct sense *sense, struct instant now)
{
    struct runner *runner = sense->runner;
    const struct step *step = &runner->book->steps[sense->step];
    struct work_place place = { sense->step, NULL };

    if (sense->out || (sense->asked_boot_us != 0 && now.boot_us - sense->asked_boot_us < pace(step)))
        return;
    if (is_crowded(sense))
        return;
    sense->out = true;
    sense->asked_boot_us = now.boot_us;
    question_ask(runner, &place, &step->query, true, on_answered, sense);
}

void senses_tick(struct runner *runner, struct instant now)
{
    size_t phase = run_current_phase(runner->run);
    const struct phase *current;

    if (phase >= runner->book->phase_count)
        return;
    current = &runner->book->phases[phase];
    for (size_t i = 0; i < current->first_step + current->step_count; i++) {
        if (step_is_sensed(&runner->book->steps[i]) && run_wants_sense(runner->run, i))
            ask_if_due(&runner->senses[i], now);
    }
}

/* Steps of the phase that are complete, checks aside. */
static size_t steps_done(const struct runner *runner, size_t phase)
{
    const struct phase *reached = &runner->book->phases[phase];
    size_t count = 0;

    for (size_t i = reached->first_step; i < reached->first_step + reached->step_count; i++)
        count += runner->book->steps[i].kind != STEP_CHECK && run_step_complete(runner->run, i);
    return count;
}

/* What a step has just done may be what a check of its phase waits for: nobody waits ten seconds to see it.
 */
static void ask_open_ones_again(struct runner *runner, size_t phase)
{
    const struct phase *reached = &runner->book->phases[phase];

    for (size_t i = reached->first_step; i < reached->first_step + reached->step_count; i++) {
        if (step_is_sensed(&runner->book->steps[i]) && runner->run->steps[i].sensed != CHOICE_YES)
            runner->senses[i].asked_boot_us = 0;
    }
}

void senses_follow(struct runner *runner)
{
    size_t phase = run_current_phase(runner->run), done;

    if (!runner->senses || runner->run->id == NULL || runner->ending || runner->halted ||
        phase >= runner->book->phase_count)
        return;
    done = steps_done(runner, phase);
    if (phase == runner->sensed_phase && done == runner->sensed_done)
        return;
    ask_open_ones_again(runner, phase);
    runner->sensed_phase = phase;
    runner->sensed_done = done;
    senses_tick(runner, clock_now());
}
