#include "osc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "json/pointer.h"

/*
 * A query of the book, put to a server or to a URL, and whether the answer was what is expected. Where it is
 * expected to be the same as another one's, that is asked after it.
 */

struct question {
    struct runner *runner;
    struct arena *arena;
    struct work_place place;
    bool for_sense;
    const struct query *query; /* what is out */
    const struct expect *expect;
    const char *first; /* EXPECT_EQUALS: what was answered before */
    int64_t first_rows;
    bool first_known;
    question_answered answered;
    void *data;
};

static void end(struct question *question, enum choice choice, const char *value, const char *why)
{
    question->answered(question->data, choice, value, why);
    arena_destroy(question->arena);
    free(question);
}

static void put(struct question *question);

/* An answer came: judge it, or ask what it is to be compared with. */
static void take(struct question *question, int64_t rows, const char *value)
{
    const struct expect *expect = question->expect;
    char why[ERR_MESSAGE_MAX] = "";

    if (expect->kind != EXPECT_EQUALS) {
        end(question, expect_met(expect, rows, value) ? CHOICE_YES : CHOICE_NO, value, "");
        return;
    }
    if (!question->first_known) {
        question->first_known = true;
        question->first = arena_text(question->arena, rows > 0 ? value : NULL);
        question->first_rows = rows;
        question->query = expect->other;
        put(question);
        return;
    }
    /* Cut, it still says what is not the same. */
    (void)snprintf(why, sizeof(why), "the other one answered %s", value ? value : "NULL");
    if (expect_equal(question->first_rows, question->first, rows, value))
        end(question, CHOICE_YES, question->first, "");
    else
        end(question, CHOICE_NO, question->first, why);
}

/* ---- servers ---- */

static void on_answer(void *data, const struct answer *answer)
{
    struct question *question = data;
    const struct driver_result *result = answer->result;
    char why[ERR_MESSAGE_MAX];

    if (result->status == DRIVER_OK) {
        bool any = answer->row_count > 0 && answer->column_count > 0;

        take(question, (int64_t)answer->row_count, any ? answer->cell(answer, 0, 0) : NULL);
        return;
    }
    /* Long server messages may be cut here: it is an explanation, the answer is "unknown" either way. */
    (void)snprintf(why, sizeof(why), "%s%s%s", result->code, result->code[0] ? ": " : "",
                   result->message && result->message[0] ? result->message
                                                         : driver_status_word(result->status));
    end(question, CHOICE_UNKNOWN, NULL, why);
}

static int ask_server(struct question *question, struct err *err)
{
    struct server *server = &question->runner->servers[question->query->target];
    const char *sql;
    int r = runner_fill(question->runner, question->arena, &question->place, question->query->sql,
                        fill_in_sql(question->runner->book, question->query->target), &sql, err);

    return r < 0 ? r
                 : session_ask(question->for_sense ? server->senses : server->steps, sql,
                               question->query->timeout_us, on_answer, question, err);
}

/* ---- URLs ---- */

static int value_of(struct arena *arena, const char *pointer, const struct http_answer *answer,
                    const char **ret, struct err *err)
{
    if (pointer)
        return json_value_at(arena, answer->body, answer->body_len, pointer, ret, err);
    if (!text_valid_utf8(answer->body, answer->body_len))
        return err_set(err, ERR_INVALID, "what was answered is not text");
    *ret = arena_text(arena, answer->body);
    return 0;
}

static void on_http(void *data, const struct http_answer *answer)
{
    struct question *question = data;
    const struct http_query *http = question->query->http;
    const char *value = NULL;
    char status[64];
    struct err err = ERR_INIT;

    (void)snprintf(status, sizeof(status), "status %ld", answer->answered ? answer->status : 0L);
    if (!answer->answered)
        end(question, CHOICE_UNKNOWN, NULL, answer->why);
    else if (answer->status != http->status)
        end(question, CHOICE_NO, status, "");
    else if (question->expect->kind == EXPECT_NOTHING && !http->pointer)
        end(question, CHOICE_YES, status, "");
    else if (value_of(question->arena, http->pointer, answer, &value, &err) < 0)
        end(question, CHOICE_UNKNOWN, NULL, err.message);
    else
        take(question, 1, value);
}

static int ask_url(struct question *question, struct err *err)
{
    const struct http_query *http = question->query->http;
    struct http_request request = { .method = http->method, .timeout_us = question->query->timeout_us };
    struct http_client *client;
    int r = runner_http(question->runner, &client, err);

    if (r == 0)
        r = runner_fill(question->runner, question->arena, &question->place, http->url, FILL_IN_URL,
                        &request.url, err);
    return r < 0 ? r : http_ask(client, &request, on_http, question, err);
}

/* ---- asking ---- */

static void put(struct question *question)
{
    struct err err = ERR_INIT;
    int r;

    if (question->runner->finishing) /* the answer to another one led to it, and the sessions are gone */
        r = err_set(&err, ERR_CLOSED, "the runner ends");
    else
        r = question->query->http ? ask_url(question, &err) : ask_server(question, &err);
    if (r < 0)
        end(question, CHOICE_UNKNOWN, NULL, err.message);
}

void question_ask(struct runner *runner, const struct work_place *place, const struct query *query,
                  bool for_sense, question_answered answered, void *data)
{
    struct question *question = mem_alloc(sizeof(*question));

    question->runner = runner;
    question->arena = arena_create();
    question->place = *place;
    question->for_sense = for_sense;
    question->query = query;
    question->expect = &query->expect;
    question->answered = answered;
    question->data = data;
    put(question);
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

/* The item that was under way; NULL for a step that is done once. */
static const char *item_under_way(const struct work *work)
{
    for (size_t i = work->item_count; i-- > 0;) {
        if (!work->items[i].done)
            return work->items[i].name;
    }
    return NULL;
}

/* A probe that says "no" while the work of the step goes on could say "yes" in a minute, and the step would
 * run twice. */
static void on_survivor(void *data, const char *text)
{
    struct probing *probing = data;
    struct runner *runner = probing->runner;
    const struct query *probe = &book_work(runner->book, probing->step, probing->entry)->probe;
    const struct run_step *step = &runner->run->steps[probing->step];
    const struct work *work = probing->entry == 0 ? &step->work : &step->undo[probing->entry - 1];
    struct work_place place = { probing->step, item_under_way(work) };

    if (text)
        probed(probing, CHOICE_UNKNOWN, NULL, text);
    else
        question_ask(runner, &place, probe, false, probed, probing);
}

void probe_unknown(struct runner *runner, size_t step, size_t entry)
{
    const struct step *definition = book_work(runner->book, step, entry);
    struct probing *probing = mem_alloc(sizeof(*probing));
    bool by_process = definition->kind == STEP_COMMAND || definition->kind == STEP_OSC;
    long process = by_process ? survivor_process(runner->options->frozen->run) : 0;
    char text[128];

    probing->runner = runner;
    probing->step = step;
    probing->entry = entry;
    runner->under_way++;
    (void)snprintf(text, sizeof(text), "process %ld of this run is still at work: wait until it has ended",
                   process);
    if (definition->kind == STEP_SQL)
        survivor_ask(runner, definition->target, on_survivor, probing);
    else if (definition->kind == STEP_OSC && process == 0)
        osc_survivor_ask(runner, definition, on_survivor, probing);
    else
        on_survivor(probing, process > 0 ? text : NULL);
}
