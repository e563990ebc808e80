#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

/* Far more than one input can lead to; beyond it the engine does not converge, which is a bug. */
#define SETTLE_MAX 1000

struct queued {
    struct queued *next;
    struct arena *arena;
    struct input input;
};

/* The longest that a text from outside gets into a record, in bytes: an error of a server can be of any
 * length, and a line of the journal has a maximum. What is left out is said. */
#define OUTSIDE_MAX 1200

static const char *clip(const struct runner *runner, struct arena *arena, const char *unclean)
{
    const char *text = clean_text(runner, arena, unclean);
    size_t len = text ? strlen(text) : 0, cut = OUTSIDE_MAX;

    if (len <= OUTSIDE_MAX)
        return arena_text(arena, text);
    while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    return arena_format(arena, "%.*s... (%zu more bytes)", (int)cut, text, len - cut);
}

/* What other sessions do stands in the panes, with the text of their queries. */
static const struct sample *clean_sample(const struct runner *runner, struct arena *arena,
                                         const struct sample *sample)
{
    struct sample *clean = arena_alloc(arena, sizeof(*clean));
    struct sample_row *rows = arena_array(arena, sample->row_count + 1, sizeof(*rows));

    *clean = *sample;
    clean->why = clean_text(runner, arena, sample->why);
    clean->rows = rows;
    for (size_t i = 0; i < sample->row_count; i++) {
        rows[i] = sample->rows[i];
        for (size_t k = 0; k < SAMPLE_CELLS_MAX; k++)
            rows[i].cells[k] = clean_text(runner, arena, sample->rows[i].cells[k]);
    }
    return clean;
}

/* What comes from servers, commands and people, without secrets, copied and within bounds. */
static void copy_outside(const struct runner *runner, struct arena *arena, struct input *input)
{
    struct outcome *outcome = &input->outcome;

    /* A statement that was signed cannot be changed any more: one with a secret in it was not taken. */
    input->action.text = clean_text(runner, arena, input->action.text);
    if (input->sample && !redactor_is_empty(runner->redactor))
        input->sample = clean_sample(runner, arena, input->sample);
    input->text = clip(runner, arena, input->text);
    input->value = clip(runner, arena, input->value);
    outcome->code = clip(runner, arena, outcome->code);
    outcome->message = clip(runner, arena, outcome->message);
    outcome->detail = clip(runner, arena, outcome->detail);
    outcome->hint = clip(runner, arena, outcome->hint);
    outcome->value = clip(runner, arena, outcome->value);
    outcome->leftover = arena_text(arena, outcome->leftover); /* a name of the catalog, never long */
    outcome->output = arena_text(arena, outcome->output);
}

static void enqueue(struct runner *runner, const struct input *input)
{
    struct queued *queued = mem_alloc(sizeof(*queued));

    queued->arena = arena_create();
    queued->input = *input;
    queued->input.action.actor = arena_text(queued->arena, input->action.actor);
    queued->input.action.text = arena_text(queued->arena, input->action.text);
    queued->input.subject = arena_text(queued->arena, input->subject);
    if (input->sample)
        queued->input.sample = sample_copy(queued->arena, input->sample);
    copy_outside(runner, queued->arena, &queued->input);
    if (runner->queue_last)
        runner->queue_last->next = queued;
    else
        runner->queue_first = queued;
    runner->queue_last = queued;
}

static void queued_free(struct queued *queued)
{
    arena_destroy(queued->arena);
    free(queued);
}

static struct queued *dequeue(struct runner *runner)
{
    struct queued *queued = runner->queue_first;

    if (queued) {
        runner->queue_first = queued->next;
        if (!runner->queue_first)
            runner->queue_last = NULL;
    }
    return queued;
}

void queue_destroy(struct runner *runner)
{
    struct queued *queued;

    while ((queued = dequeue(runner)))
        queued_free(queued);
}

void runner_halt(struct runner *runner, const char *why)
{
    struct wire_message message = { .type = WIRE_HALT, .text = runner->halted_why };

    if (runner->halted)
        return;
    runner->halted = true;
    /* Cut at the size of a message. */
    (void)snprintf(runner->halted_why, sizeof(runner->halted_why), "%s",
                   clean_text(runner, runner->arena, why));
    clients_send(runner, &message);
}

/* Makes the records among the events durable together. */
static int record(struct runner *runner, const struct decision *decision, struct err *err)
{
    struct event records[DECISION_EVENTS_MAX];
    size_t count = 0, len;
    int r;

    for (size_t i = 0; i < decision->count; i++) {
        if (event_is_record(decision->events[i].type))
            records[count++] = decision->events[i];
    }
    if (count == 0)
        return 0;
    r = journal_append(runner->journal, records, count, err);
    if (r == 0) {
        (void)journal_lines(runner->journal, &len);
        runner->journal_len += len;
    }
    return r;
}

/* Hands the records to the publisher, each with its line of the journal. */
static void publish(struct runner *runner, const struct decision *decision)
{
    size_t len, left;
    const char *line = journal_lines(runner->journal, &left);

    for (size_t i = 0; i < decision->count; i++) {
        if (!event_is_record(decision->events[i].type))
            continue;
        len = (size_t)((const char *)memchr(line, '\n', left) - line) + 1;
        publisher_add(runner->publisher, &decision->events[i], line, len);
        line += len;
        left -= len;
    }
}

/* What is left of the reserve holds the last records: nothing new may begin until somebody has made room. */
static void hold_if_low(struct runner *runner)
{
    struct input input = { .type = INPUT_ACTION, .now = clock_now() };

    if (runner->low || !journal_low(runner->journal) || runner->run->closed != CHOICE_NONE)
        return;
    runner->low = true;
    input.action = (struct action){ .verb = VERB_HOLD,
                                    .actor = EVENT_ACTOR_SELF,
                                    .text = "the disk of the journal is full: make room before going on" };
    runner_take(runner, &input);
}

static int fold_trial(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    (void)line;
    (void)len;
    return run_apply(data, event, err);
}

/* The trial went ahead of the journal: begins it anew. It lacks what passed, which no record depends on. */
static void restore_trial(struct runner *runner)
{
    struct err err = ERR_INIT;
    size_t torn;

    run_destroy(runner->trial);
    runner->trial = run_create(runner->book);
    if (journal_read(runner->journal_path, fold_trial, runner->trial, &torn, &err) < 0)
        runner_halt(runner, err.message);
}

/* Numbers the records, and sees on a run of its own whether all of it folds: what does not must not get into
 * the journal, which nobody could take up again. */
static int try_out(struct runner *runner, struct decision *decision, struct err *err)
{
    uint64_t seq = runner->run->last_seq;
    int r = 0;

    for (size_t i = 0; r == 0 && i < decision->count; i++) {
        if (event_is_record(decision->events[i].type))
            decision->events[i].seq = ++seq;
        r = run_apply(runner->trial, &decision->events[i], err);
    }
    if (r < 0)
        restore_trial(runner);
    return r;
}

/* Returns how the recording went: a journal that refuses a record as too long and is not broken has written
 * nothing. */
static int commit(struct runner *runner, struct decision *decision, struct err *err)
{
    int r;

    if (decision->count == 0)
        return 0;
    r = try_out(runner, decision, err);
    if (r < 0)
        return r;
    r = record(runner, decision, err);
    if (r < 0 && journal_broken(runner->journal))
        runner_halt(runner, err ? err->message : "the journal cannot be written");
    else if (r < 0)
        restore_trial(runner);
    if (r < 0)
        return r;
    publish(runner, decision);
    for (size_t i = 0; i < decision->count; i++) {
        struct err wrong = ERR_INIT;

        if (run_apply(runner->run, &decision->events[i], &wrong) < 0) {
            /* It is in the journal and does not fold: going on would act on a state that nobody can get
             * again. */
            runner_halt(runner, wrong.message);
            return 0;
        }
        if (!event_is_record(decision->events[i].type))
            passing_keep(runner, &decision->events[i]);
        clients_event(runner, &decision->events[i]);
    }
    for (size_t i = 0; i < decision->count; i++)
        carry_out(runner, &decision->events[i]);
    hold_if_low(runner);
    return 0;
}

static int take_one(struct runner *runner, const struct input *input, enum rule *ret_rule, struct err *err)
{
    struct arena *arena = arena_create();
    struct input bounded = *input;
    struct decision decision;
    int r;

    memset(&decision, 0, sizeof(decision));
    copy_outside(runner, arena, &bounded);
    r = decide(runner->run, &bounded, arena, &decision, err);
    if (r < 0 && ret_rule)
        *ret_rule = decision.rule;
    if (r == 0)
        r = commit(runner, &decision, err);
    arena_destroy(arena);
    return r < 0 ? r : (int)decision.count;
}

/* Lets time pass until nothing follows any more. */
static void settle(struct runner *runner)
{
    struct input tick = { .type = INPUT_TICK, .now = clock_now() };
    struct err err = ERR_INIT;
    int count = 1;

    for (int i = 0; count > 0 && !runner->halted; i++) {
        if (i == SETTLE_MAX) {
            runner_halt(runner, "the rules do not come to rest: this is a bug; nothing new is begun");
            return;
        }
        count = take_one(runner, &tick, NULL, &err);
        if (count < 0)
            runner_halt(runner, err.message);
    }
}

static void take_queued(struct runner *runner)
{
    struct queued *queued;
    struct err err = ERR_INIT;

    while (!runner->halted && (queued = dequeue(runner))) {
        if (take_one(runner, &queued->input, NULL, &err) < 0)
            runner_halt(runner, err.message);
        queued_free(queued);
        if (!runner->halted)
            settle(runner);
    }
}

/* What came of it may be waited for: that is asked now. */
static void follow(struct runner *runner)
{
    senses_follow(runner);
    watches_follow(runner);
}

/* What only the outside can tell is never refused: if the engine says no to it, one of us is wrong. */
void runner_take(struct runner *runner, struct input *input)
{
    struct err err = ERR_INIT;

    if (runner->finishing)
        return;
    if (runner->halted) {
        runner_end_if_due(runner);
        return;
    }
    if (runner->processing) {
        enqueue(runner, input);
        return;
    }
    runner->processing = true;
    if (input->type != INPUT_TICK && take_one(runner, input, NULL, &err) < 0)
        runner_halt(runner, err.message);
    if (!runner->halted)
        settle(runner);
    take_queued(runner);
    runner->processing = false;
    follow(runner);
    runner_end_if_due(runner);
}

void runner_note(struct runner *runner, const char *text)
{
    struct input input = { .type = INPUT_ACTION, .now = clock_now() };

    /* After its end a run takes no more notes. */
    if (runner->run->closed != CHOICE_NONE)
        return;
    input.action = (struct action){ .verb = VERB_NOTE, .actor = EVENT_ACTOR_SELF, .text = text };
    runner_take(runner, &input);
}

/* What a person may still do while the runner is on its way out, or the journal has only its reserve left. */
static bool is_stopping_verb(enum verb verb)
{
    return verb == VERB_HOLD || verb == VERB_CANCEL || verb == VERB_NOTE;
}

static int check_runner(const struct runner *runner, const struct action *action, struct err *err)
{
    if (runner->halted)
        return err_set(err, ERR_IO, "HALTED, nothing new is done: %s", runner->halted_why);
    if ((runner->stopping || runner->ending) && !is_stopping_verb(action->verb))
        return err_set(err, ERR_REFUSED,
                       "the runner is ending: take the run up again with `tminus run --resume`");
    if (journal_low(runner->journal) && !is_stopping_verb(action->verb))
        return err_set(
            err, ERR_REFUSED,
            "the disk of the journal is full: make room, end the runner (SIGTERM to process %ld), and take "
            "the run up again",
            (long)getpid());
    return 0;
}

int runner_act(struct runner *runner, const struct action *action, enum rule *ret_rule, struct err *err)
{
    struct input input = { .type = INPUT_ACTION, .now = clock_now(), .action = *action };
    int r = check_runner(runner, action, err);

    if (r < 0)
        return r;
    runner->processing = true;
    /* What is over by now does not count any more, though no tick came since: the machine may have slept. */
    settle(runner);
    if (!runner->halted)
        r = take_one(runner, &input, ret_rule, err);
    if (r >= 0) {
        settle(runner);
        take_queued(runner);
    }
    runner->processing = false;
    follow(runner);
    if (r >= 0 && runner->halted)
        r = check_runner(runner, action, err);
    runner_end_if_due(runner);
    return r < 0 ? r : 0;
}
