#include "runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct question {
    const struct query *query;
    question_answered answered;
    void *data;
};

static void on_answer(void *data, const struct answer *answer)
{
    struct question *question = data;
    const struct driver_result *result = answer->result;
    const char *value = NULL;
    enum choice choice = CHOICE_UNKNOWN;
    char why[ERR_MESSAGE_MAX] = "";

    if (result->status == DRIVER_OK) {
        if (answer->row_count > 0 && answer->column_count > 0)
            value = answer->cell(answer, 0, 0);
        choice =
            expect_met(&question->query->expect, (int64_t)answer->row_count, value) ? CHOICE_YES : CHOICE_NO;
    } else {
        /* Long server messages may be cut here: it is an explanation, the answer is "unknown" either way. */
        (void)snprintf(why, sizeof(why), "%s%s%s", result->code, result->code[0] ? ": " : "",
                       result->message && result->message[0] ? result->message
                                                             : driver_status_word(result->status));
    }
    question->answered(question->data, choice, value, why);
    free(question);
}

void question_ask(struct runner *runner, struct session *session, const struct query *query,
                  question_answered answered, void *data)
{
    struct question *question = mem_alloc(sizeof(*question));
    struct err err = ERR_INIT;

    (void)runner;
    question->query = query;
    question->answered = answered;
    question->data = data;
    if (session_ask(session, query->sql, query->timeout_us, on_answer, question, &err) < 0) {
        free(question);
        answered(data, CHOICE_UNKNOWN, NULL, err.message);
    }
}

/* ---- the probe of a step whose end is unknown ---- */

struct probing {
    struct runner *runner;
    size_t step, entry;
};

static void probed(void *data, enum choice answer, const char *value, const char *why)
{
    struct probing *probing = data;
    struct input input = { .type = INPUT_PROBED,
                           .now = clock_now(),
                           .step = probing->step,
                           .entry = probing->entry,
                           .choice = answer,
                           .value = value,
                           .text = why };

    probing->runner->under_way--;
    runner_take(probing->runner, &input);
    free(probing);
}

/* A probe that says "no" while the work of the step goes on could say "yes" in a minute, and the step would
 * run twice. */
static void on_survivor(void *data, const char *text)
{
    struct probing *probing = data;
    const struct query *probe = &book_work(probing->runner->book, probing->step, probing->entry)->probe;

    if (text)
        probed(probing, CHOICE_UNKNOWN, NULL, text);
    else
        question_ask(probing->runner, probing->runner->servers[probe->target].steps, probe, probed, probing);
}

void probe_unknown(struct runner *runner, size_t step, size_t entry)
{
    const struct step *definition = book_work(runner->book, step, entry);
    struct probing *probing = mem_alloc(sizeof(*probing));
    long process = definition->kind == STEP_COMMAND ? survivor_process(runner->options->frozen->run) : 0;
    char text[128];

    probing->runner = runner;
    probing->step = step;
    probing->entry = entry;
    runner->under_way++;
    (void)snprintf(text, sizeof(text), "process %ld of this run is still at work: wait until it has ended",
                   process);
    if (definition->kind == STEP_SQL)
        survivor_ask(runner, runner->servers[definition->target].steps, on_survivor, probing);
    else
        on_survivor(probing, process > 0 ? text : NULL);
}
