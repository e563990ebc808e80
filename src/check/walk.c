/*
 * The book carried out by the engine with nobody there: every box is ticked, every step ends well when the
 * upper end of its estimate is over, every role is held by a person of its own, and at every gate the samples
 * are such that its criteria hold. What the engine refuses then, it refuses on the night; and what its clocks
 * say is what they will say at the best.
 */
#include "walk.h"

#include <string.h>

#include "base/text.h"

#define OPERATOR   "operator"
#define TICKS_MAX  64
#define FOREVER_US (INT64_C(20) * 366 * 24 * HOUR_US)

/* ---- the book, without what only passing time brings ---- */

static struct gate *plain_gates(struct arena *arena, const struct book *book)
{
    struct gate *gates = arena_array(arena, book->gate_count + 1, sizeof(*gates));
    for (size_t i = 0; i < book->gate_count; i++) {
        struct criterion *criteria =
            arena_array(arena, book->gates[i].criterion_count + 1, sizeof(*criteria));
        gates[i] = book->gates[i];
        for (size_t k = 0; k < gates[i].criterion_count; k++) {
            criteria[k] = book->gates[i].criteria[k];
            criteria[k].when.for_us = 0; /* the clock is set on by it instead */
            criteria[k].when.age_us = FOREVER_US;
        }
        gates[i].criteria = criteria;
        gates[i].witness = false;
        gates[i].valid_us = 0;
    }
    return gates;
}

static struct step *plain_steps(struct arena *arena, const struct book *book)
{
    static const struct query asked = { .target = BOOK_NONE, .sql = "SELECT" };
    struct step *steps = arena_array(arena, book->step_count + 1, sizeof(*steps));
    for (size_t i = 0; i < book->step_count; i++) {
        steps[i] = book->steps[i];
        steps[i].freshness_us = FOREVER_US;
        if (steps[i].kind != STEP_WAIT)
            continue;
        /* Such a wait ends when it is told to. */
        steps[i].until_count = 1;
        steps[i].until_queries = &asked;
    }
    return steps;
}

static const struct book *plain_book(struct arena *arena, const struct book *book)
{
    struct book *plain = arena_alloc(arena, sizeof(*plain));
    struct trigger *triggers = arena_array(arena, book->trigger_count + 1, sizeof(*triggers));
    *plain = *book;
    for (size_t i = 0; i < book->trigger_count; i++) {
        triggers[i] = book->triggers[i];
        triggers[i].when.for_us = 0;
        triggers[i].when.age_us = FOREVER_US;
    }
    plain->triggers = triggers;
    plain->gates = plain_gates(arena, book);
    plain->steps = plain_steps(arena, book);
    return plain;
}

/* ---- putting in ---- */

static int put_once(struct walk *w, struct input *input, size_t *ret_events)
{
    struct arena *arena = arena_create();
    struct decision *decision = &w->decision;
    input->now = w->now;
    int r = decide(w->run, input, arena, decision, &w->err);
    for (size_t i = 0; r == 0 && i < decision->count; i++) {
        struct event *event = &decision->events[i];
        event->at = w->now;
        event->seq = event_is_record(event->type) ? w->run->last_seq + 1 : 0;
        r = run_apply(w->run, event, &w->err);
    }
    *ret_events = r == 0 ? decision->count : 0;
    arena_destroy(arena);
    return r;
}

/* An input and what follows from it at this moment: what fires, lapses and is decided. Steps need only the
 * former. What does not come to rest is as good as refused. */
static int put(struct walk *w, struct input *input)
{
    struct input tick = { .type = INPUT_TICK };
    size_t events;
    int r = put_once(w, input, &events);
    for (int i = 0; r == 0 && i < TICKS_MAX; i++) {
        r = put_once(w, &tick, &events);
        if (r == 0 && events == 0)
            return 0;
    }
    return r < 0 ? r : err_set(&w->err, ERR_REFUSED, "what follows from it does not come to an end");
}

static struct input action(enum verb verb, const char *actor, const char *subject, const char *role,
                           enum choice choice)
{
    return (struct input){ .type = INPUT_ACTION,
                           .action = { .verb = verb,
                                       .actor = actor,
                                       .subject = subject,
                                       .role = role,
                                       .text = "so it is",
                                       .choice = choice } };
}

static void pass(struct walk *w, int64_t us)
{
    w->now.boot_us += us;
    w->now.wall_us += us;
}

int walk_open(struct walk *w, struct arena *arena, const struct book *book)
{
    struct input input = { .type = INPUT_OPEN,
                           .action = { .actor = OPERATOR },
                           .open = { .run = "check",
                                     .book_sha256 = "",
                                     .boot = "boot",
                                     .host = "host",
                                     .version = "",
                                     .environment = "rehearsal" } };
    *w = (struct walk){
        .arena = arena, .written = book, .book = plain_book(arena, book), .now = { HOUR_US, HOUR_US }
    };
    w->ends = arena_array(arena, book->step_count + 1, sizeof(*w->ends));
    w->run = run_create(w->book);
    return put(w, &input);
}

void walk_close(struct walk *w)
{
    run_destroy(w->run);
}

/* ---- samples ---- */

static enum comparison negated(enum comparison is)
{
    static const enum comparison other[COMPARISON_COUNT] = {
        [IS_LESS] = IS_GREATER_EQUAL, [IS_LESS_EQUAL] = IS_GREATER, [IS_EQUAL] = IS_NOT_EQUAL,
        [IS_NOT_EQUAL] = IS_EQUAL,    [IS_GREATER_EQUAL] = IS_LESS, [IS_GREATER] = IS_LESS_EQUAL,
    };
    return other[is];
}

/* What the samples have to be: such that these conditions hold and, if that can be, no trigger fires. */
static const struct metric_value *good_values(struct walk *w, const struct condition *const *wanted,
                                              size_t wanted_count, size_t *ret_count)
{
    size_t count = 0, room = wanted_count + w->book->trigger_count + 1;
    const struct condition **all = arena_array(w->arena, room, sizeof(*all));
    struct condition *quiet = arena_array(w->arena, w->book->trigger_count + 1, sizeof(*quiet));
    const struct condition *against;
    const struct metric_value *values;
    for (; count < wanted_count; count++)
        all[count] = wanted[count];
    for (size_t i = 0; i < w->book->trigger_count; i++) {
        quiet[i] = w->book->triggers[i].when;
        quiet[i].is = negated(quiet[i].is);
        all[count++] = &quiet[i];
    }
    values = values_for(w->arena, w->book, all, count, ret_count, &against);
    if (values)
        return values;
    for (count = 0; count < wanted_count; count++)
        all[count] = wanted[count];
    return values_for(w->arena, w->book, all, count, ret_count, &against);
}

/* One sample of each monitor, of all its metrics that matter. */
static int put_samples(struct walk *w, const struct metric_value *values, size_t count)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count;) {
        struct sample sample = {
            .monitor = w->book->monitors[values[i].monitor].id, .at = w->now, .known = true, .why = ""
        };
        struct input input = { .type = INPUT_SAMPLE, .sample = &sample };
        size_t monitor = values[i].monitor;
        for (; i < count && values[i].monitor == monitor && sample.metric_count < SAMPLE_METRICS_MAX; i++)
            sample.metrics[sample.metric_count++] =
                (struct sample_metric){ .name = values[i].metric, .value = values[i].value, .known = true };
        r = put(w, &input);
    }
    return r;
}

/* ERR_INVALID: there are no such values. ERR_REFUSED: a trigger fires on them. */
static int meet(struct walk *w, const struct condition *const *wanted, size_t wanted_count)
{
    size_t count;
    const struct metric_value *values = good_values(w, wanted, wanted_count, &count);
    if (!values)
        return err_set(&w->err, ERR_INVALID, "no value of a metric meets it");
    int r = put_samples(w, values, count);
    for (size_t i = 0; r == 0 && i < w->book->trigger_count; i++) {
        if (w->run->triggers[i].state == TRIGGER_FIRED)
            r = err_set(&w->err, ERR_REFUSED, "trigger \"%s\" fires on what it asks for",
                        w->book->triggers[i].id);
    }
    return r;
}

/* ---- steps ---- */

static int begin(struct walk *w, size_t step)
{
    const struct step *def = &w->book->steps[step];
    struct input start = action(VERB_START, OPERATOR, def->id, NULL, CHOICE_NONE);
    size_t events;
    int r = def->kind == STEP_CHECK ? 0 : put_once(w, &start, &events);
    if (r < 0)
        return r;
    w->ends[step] = w->now.boot_us + def->estimate.max_us;
    w->open[w->open_count++] = step;
    return 0;
}

static int end(struct walk *w, size_t step)
{
    const struct step *def = &w->book->steps[step];
    struct input sensed = { .type = INPUT_SENSED, .step = step, .choice = CHOICE_YES, .value = "t" };
    struct input tick = action(VERB_TICK, def->by ? def->by : OPERATOR, def->id, NULL, CHOICE_NONE);
    struct input ended = { .type = INPUT_OUTCOME, .step = step, .outcome = { .status = OUTCOME_OK } };
    size_t events;
    if (w->ends[step] > w->now.boot_us)
        pass(w, w->ends[step] - w->now.boot_us);
    if (step_is_sensed(def))
        return put_once(w, &sensed, &events);
    if (def->kind == STEP_CHECK || def->kind == STEP_MANUAL)
        return put_once(w, &tick, &events);
    if (def->kind == STEP_WAIT && w->written->steps[step].until_count == 0) {
        const struct condition *until = &def->until;
        int r = meet(w, &until, 1);
        if (r < 0)
            return r;
    }
    return put_once(w, &ended, &events);
}

static bool is_open(const struct walk *w, size_t step)
{
    for (size_t i = 0; i < w->open_count; i++) {
        if (w->open[i] == step)
            return true;
    }
    return false;
}

/* Where steps stand one after the other, one waits for what runs, unless that runs beside. A box can be
 * ticked at any time. */
static bool has_to_wait(const struct walk *w, const struct phase *phase, size_t step)
{
    for (size_t i = 0; i < w->open_count && !phase->parallel; i++) {
        const struct step *open = &w->book->steps[w->open[i]];
        if (open->kind != STEP_CHECK && !step_is_beside(open))
            return w->book->steps[step].kind != STEP_CHECK;
    }
    return false;
}

/* Begins all of the phase that can begin now, until as many run at once as may. What is complete at its
 * beginning stays so, and is not looked at again. */
static int begin_ready(struct walk *w, const struct phase *phase, size_t *first)
{
    size_t end = phase->first_step + phase->step_count;
    while (*first < end && run_step_complete(w->run, *first))
        ++*first;
    for (size_t i = *first; i < end && w->open_count < WALK_OPEN_MAX; i++) {
        if (i == phase->mark || has_to_wait(w, phase, i) || run_step_shown(w->run, i) != STEP_READY ||
            is_open(w, i))
            continue;
        w->at = i;
        int r = begin(w, i);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Of what runs the one that ends first. */
static size_t take_first(struct walk *w)
{
    size_t first = 0;
    for (size_t i = 1; i < w->open_count; i++) {
        if (w->ends[w->open[i]] < w->ends[w->open[first]])
            first = i;
    }
    size_t step = w->open[first];
    w->open[first] = w->open[--w->open_count];
    return step;
}

int walk_phase(struct walk *w, size_t index, walk_seen seen, void *data)
{
    const struct phase *phase = &w->book->phases[index];
    int64_t began_us = w->now.boot_us;
    size_t first = phase->first_step;
    for (;;) {
        int r = begin_ready(w, phase, &first);
        if (r < 0)
            return r;
        if (w->open_count == 0)
            break;
        w->at = take_first(w);
        r = end(w, w->at);
        if (r < 0)
            return r;
        seen(data, w, w->at);
    }
    if (w->now.boot_us < began_us + phase->estimate.max_us)
        pass(w, began_us + phase->estimate.max_us - w->now.boot_us);
    if (run_phase_complete(w->run, index))
        return 0;
    for (w->at = phase->first_step; run_step_complete(w->run, w->at);)
        w->at++;
    return err_set(&w->err, ERR_REFUSED, "it never becomes ready");
}

/* ---- gates ---- */

/* For as long as its criteria have to hold. */
static int64_t patience_us(const struct gate *gate)
{
    int64_t longest_us = 0;
    for (size_t i = 0; i < gate->criterion_count; i++) {
        if (gate->criteria[i].when.for_us > longest_us)
            longest_us = gate->criteria[i].when.for_us;
    }
    return longest_us;
}

int walk_gate(struct walk *w, const struct gate *written)
{
    const struct gate *gate = &w->book->gates[written->index];
    const struct condition **wanted = arena_array(w->arena, gate->criterion_count + 1, sizeof(*wanted));
    for (size_t i = 0; i < gate->criterion_count; i++)
        wanted[i] = &gate->criteria[i].when;
    pass(w, patience_us(written));
    int r = meet(w, wanted, gate->criterion_count);
    for (size_t i = 0; r == 0 && i < gate->vote_count; i++) {
        const char *role = w->book->roles[gate->votes[i]].id;
        struct input vote = action(VERB_VOTE, role, gate->id, role, CHOICE_GO);
        r = put(w, &vote);
    }
    if (r == 0 && w->run->gates[gate->index].decision != CHOICE_GO)
        r = err_set(&w->err, ERR_REFUSED, "its votes are in, and it is not decided");
    return r;
}
