#include "osc.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/*
 * Whether the program of a step is still at work, and removing what it left: triggers before the table that
 * they write to. What is removed is what the server says now, of what bears the token of this run; while one
 * of the program's connections is there nothing is.
 */

#define CLEAN_TIMEOUT_US (10 * MINUTE_US)

/* ---- still at work ---- */

struct asking {
    survivor_told told;
    void *data;
};

static void on_sessions(void *data, const struct osc_state *state)
{
    struct asking *asking = data;
    char text[ERR_MESSAGE_MAX] = "";

    /* Cut at the size of a message. */
    if (state->why)
        (void)snprintf(text, sizeof(text), "cannot tell whether the program is still at work: %s",
                       state->why);
    else if (state->sessions)
        (void)snprintf(text, sizeof(text),
                       "connection %s of the program is still at work: wait until it has ended",
                       state->sessions);
    asking->told(asking->data, text[0] ? text : NULL);
    free(asking);
}

void osc_survivor_ask(struct runner *runner, const struct step *work, survivor_told told, void *data)
{
    struct arena *arena = arena_create();
    struct osc_names names;
    struct err err = ERR_INIT;

    if (osc_names_make(runner, arena, work, &names, &err) < 0) {
        told(data, err.message);
    } else {
        struct asking *asking = mem_alloc(sizeof(*asking));

        *asking = (struct asking){ told, data };
        osc_look(runner, work->target, &names, OSC_MADE, on_sessions, asking);
    }
    arena_destroy(arena);
}

/* ---- removing ---- */

struct cleaning {
    struct runner *runner;
    struct arena *arena;
    size_t step, entry; /* the work whose leavings are looked at */
    struct osc_names names;
    struct driver_sql sql;
};

static void end(struct cleaning *cleaning, bool done, const char *code, const char *why)
{
    struct input input = { .type = INPUT_CLEANED, .now = clock_now(), .step = cleaning->step };

    input.outcome.status = done ? OUTCOME_OK : OUTCOME_FAILED;
    input.outcome.code = code;
    input.outcome.message = why;
    cleaning->runner->under_way--;
    runner_take(cleaning->runner, &input);
    arena_destroy(cleaning->arena);
    free(cleaning);
}

static void go_on(struct cleaning *cleaning);

static void on_done(void *data, const struct driver_result *result)
{
    struct cleaning *cleaning = data;

    if (result->status == DRIVER_OK) {
        cleaning->entry++;
        go_on(cleaning);
    } else {
        end(cleaning, false, result->code, result->message);
    }
}

static void on_text(void *data, const char *text)
{
    (void)data;
    (void)text;
}

static void on_identified(void *data, int64_t pid)
{
    (void)data;
    (void)pid;
}

static const char *const *copy_texts(struct arena *arena, const char *const *texts, size_t count)
{
    const char **copy = arena_array(arena, count + 1, sizeof(*copy));

    for (size_t i = 0; i < count; i++)
        copy[i] = arena_text(arena, texts[i]);
    return copy;
}

static void on_seen(void *data, const struct osc_state *state)
{
    static const struct driver_events events = {
        .identified = on_identified, .settings = on_text, .notice = on_text, .done = on_done
    };
    struct cleaning *cleaning = data;
    const struct step *work = book_work(cleaning->runner->book, cleaning->step, cleaning->entry);
    struct driver_job *job;
    struct err err = ERR_INIT;

    if (state->why || state->sessions) {
        end(cleaning, false, "",
            state->why ? state->why
                       : arena_format(cleaning->arena,
                                      "nothing was removed: the program is still at work, in connection %s",
                                      state->sessions));
        return;
    }
    if (state->drop_count == 0) {
        cleaning->entry++;
        go_on(cleaning);
        return;
    }
    cleaning->sql =
        (struct driver_sql){ .count = state->drop_count,
                             .statements = copy_texts(cleaning->arena, state->drops, state->drop_count),
                             .lock_timeout_us = work->lock_timeout_us,
                             .statement_timeout_us = CLEAN_TIMEOUT_US };
    if (driver_start(cleaning->runner->servers[work->target].driver, &cleaning->sql, &events, cleaning, &job,
                     &err) < 0)
        end(cleaning, false, "", err.message);
}

/* The next work of the step that is one, from `entry` on. */
static void go_on(struct cleaning *cleaning)
{
    const struct step *step = &cleaning->runner->book->steps[cleaning->step], *work;
    struct err err = ERR_INIT;

    while (cleaning->entry <= step->rollback_count &&
           book_work(cleaning->runner->book, cleaning->step, cleaning->entry)->kind != STEP_OSC)
        cleaning->entry++;
    if (cleaning->entry > step->rollback_count) {
        end(cleaning, true, "", "");
        return;
    }
    work = book_work(cleaning->runner->book, cleaning->step, cleaning->entry);
    if (osc_names_make(cleaning->runner, cleaning->arena, work, &cleaning->names, &err) < 0)
        end(cleaning, false, "", err.message);
    else
        osc_look(cleaning->runner, work->target, &cleaning->names, OSC_MADE, on_seen, cleaning);
}

bool osc_is_in(const struct step *step)
{
    for (size_t i = 0; i < step->rollback_count; i++) {
        if (step->rollback[i].kind == STEP_OSC)
            return true;
    }
    return step->kind == STEP_OSC;
}

void osc_clean(struct runner *runner, size_t step)
{
    struct cleaning *cleaning = mem_alloc(sizeof(*cleaning));
    long process = survivor_process(runner->options->frozen->run);

    *cleaning = (struct cleaning){ .runner = runner, .arena = arena_create(), .step = step };
    runner->under_way++;
    if (process > 0)
        end(cleaning, false, "",
            arena_format(cleaning->arena, "nothing was removed: process %ld of this run is still at work",
                         process));
    else
        go_on(cleaning);
}
