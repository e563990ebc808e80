#include "runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "driver/postgresql.h"

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

/* The statement of the step may still be at work in the server: a probe that says "no" now could say "yes" in
 * a minute, and the step would run twice. */
static void on_survivors(void *data, const struct answer *answer)
{
    struct probing *probing = data;
    struct runner *runner = probing->runner;
    const struct query *probe = &work_definition(runner->book, probing->step, probing->entry)->probe;
    char why[256];

    if (answer->result->status != DRIVER_OK || answer->row_count == 0) {
        probed(probing, CHOICE_UNKNOWN, NULL,
               answer->result->message ? answer->result->message : "no answer");
        return;
    }
    if (answer->cell(answer, 0, 0)) {
        (void)snprintf(why, sizeof(why),
                       "backend %s of this run is still at work: ask again when it has ended",
                       answer->cell(answer, 0, 0));
        probed(probing, CHOICE_UNKNOWN, NULL, why);
        return;
    }
    question_ask(runner, runner->servers[probe->target].steps, probe, probed, probing);
}

/* Asks the server whether a backend of this run is still at work there. */
static int ask_survivors(struct probing *probing, const struct server *server, const struct query *probe,
                         struct err *err)
{
    struct buf sql;
    int r;

    buf_init(&sql, 4096);
    /* The server cuts application_name at 63 bytes. */
    buf_text(&sql, "SELECT min(pid)::text FROM pg_stat_activity WHERE application_name = left(");
    postgresql_literal(&sql, server->target.application_name);
    buf_text(&sql, ", 63) AND pid <> pg_backend_pid()");
    r = session_ask(server->steps, buf_str(&sql), probe->timeout_us, on_survivors, probing, err);
    buf_finish(&sql);
    return r;
}

void probe_unknown(struct runner *runner, size_t step, size_t entry)
{
    const struct step *definition = work_definition(runner->book, step, entry);
    const struct query *probe = &definition->probe;
    struct server *server = &runner->servers[probe->target];
    struct probing *probing = mem_alloc(sizeof(*probing));
    struct err err = ERR_INIT;

    probing->runner = runner;
    probing->step = step;
    probing->entry = entry;
    runner->under_way++;
    if (definition->kind != STEP_SQL)
        question_ask(runner, server->steps, probe, probed, probing);
    else if (ask_survivors(probing, &runner->servers[definition->target], probe, &err) < 0)
        probed(probing, CHOICE_UNKNOWN, NULL, err.message);
}
