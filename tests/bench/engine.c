/*
 * What the pure rooms cost on a book of a thousand steps: loading it, folding 50,000 events, letting time
 * pass, and drawing. The events are those of a run in which each step fails and is tried again until there
 * are enough.
 *
 *   engine BOOK
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine/decide.h"
#include "figure.h"
#include "ui/ui.h"

#define KEPT_MAX   60000
#define FOLDED     50000
#define LOADS      20
#define FOLDS      5
#define TICKS      2000
#define DRAWS      200
#define SETTLE_MAX 100

struct story {
    const struct book *book;
    struct run *run;
    struct arena *arena;
    struct instant now;
    size_t count;
    struct event *events[KEPT_MAX];
};

static struct story story;

/* ---- loading ---- */

static const struct book *load(struct arena *arena, const char *path, const struct buf *text)
{
    struct json_faults *faults = arena_array(arena, 2, sizeof(*faults));
    json_faults_init(&faults[0], arena);
    json_faults_init(&faults[1], arena);
    const struct book *book = book_load(arena, path, buf_str(text), text->len, NULL, &faults[0], &faults[1]);
    if (book == NULL)
        cannot("%s: %s", path, faults[0].count > 0 ? faults[0].list[0].message : "has faults");
    return book;
}

static void measure_load(const char *path, const struct buf *text)
{
    for (int i = 0; i < LOADS; i++) {
        struct arena *arena = arena_create();
        double from_us = now_us();
        (void)load(arena, path, text);
        double loaded_us = now_us();
        cJSON *plain = cJSON_ParseWithLength(text->data, text->len);
        figure("engine", "load_ms", (loaded_us - from_us) / 1e3);
        figure("engine", "parse_ms", (now_us() - loaded_us) / 1e3);
        figure("engine", "book_mb", (double)arena_used(arena) / 1024 / 1024);
        cJSON_Delete(plain);
        arena_destroy(arena);
    }
}

/* ---- the story ---- */

static size_t put_once(struct input *input)
{
    static struct decision decision;
    struct err err = ERR_INIT;
    memset(&decision, 0, sizeof(decision));
    input->now = story.now;
    must(decide(story.run, input, story.arena, &decision, &err), &err);
    for (size_t i = 0; i < decision.count; i++) {
        struct event *event = &decision.events[i];
        event->at = story.now;
        event->seq = event_is_record(event->type) ? story.run->last_seq + 1 : 0;
        must(run_apply(story.run, event, &err), &err);
        if (event->seq > 0 && story.count < KEPT_MAX)
            story.events[story.count++] = event_copy(story.arena, event);
    }
    return decision.count;
}

static void put(struct input *input)
{
    struct input tick = { .type = INPUT_TICK };
    (void)put_once(input);
    for (int i = 0; put_once(&tick) > 0; i++) {
        if (i == SETTLE_MAX)
            cannot("the rules do not come to rest");
    }
}

static void act(enum verb verb, const char *actor, const char *subject, enum choice choice)
{
    struct input input = {
        .type = INPUT_ACTION,
        .action = { .verb = verb, .actor = actor, .subject = subject, .choice = choice, .text = "so" }
    };
    put(&input);
}

static void calm(int seconds)
{
    struct sample sample = { .known = true, .why = "" };
    struct input input = { .type = INPUT_SAMPLE, .sample = &sample };
    for (int i = 0; i < seconds; i++) {
        story.now.wall_us += SECOND_US;
        story.now.boot_us += SECOND_US;
        sample.at = story.now;
        sample.metric_count = 1;
        for (size_t m = 0; m < story.book->monitor_count; m++) {
            const struct monitor_def *monitor = &story.book->monitors[m];
            sample.monitor = monitor->id;
            sample.metrics[0] = (struct sample_metric){ monitor->kind == MONITOR_LAG ? "seconds" : "waiting",
                                                        monitor->kind == MONITOR_LAG ? 0.2 : 0, true };
            put(&input);
        }
    }
}

static void end_step(size_t step, enum outcome_status status)
{
    struct input input = {
        .type = INPUT_OUTCOME,
        .step = step,
        .outcome = { .status = status,
                     .clean = true,
                     .code = status == OUTCOME_OK ? "" : "55P03",
                     .message = status == OUTCOME_OK ? "" : "canceling statement due to lock timeout",
                     .value = status == OUTCOME_OK ? "UPDATE 100" : "" }
    };
    story.now.wall_us += 40 * MS_US;
    story.now.boot_us += 40 * MS_US;
    put(&input);
}

static void play_step(size_t step, int failures)
{
    const struct step *definition = &story.book->steps[step];
    if (definition->kind == STEP_CHECK) {
        act(VERB_TICK, "mia", definition->id, CHOICE_NONE);
        return;
    }
    act(VERB_START, "mia", definition->id, CHOICE_NONE);
    for (int i = 0; i < failures; i++) {
        struct input noted = { .type = INPUT_NOTED, .step = step, .text = "process 4711" };
        put(&noted);
        end_step(step, OUTCOME_FAILED);
        act(VERB_RETRY, "mia", definition->id, CHOICE_NONE);
    }
    end_step(step, OUTCOME_OK);
}

static void play(void)
{
    struct input open = { .type = INPUT_OPEN,
                          .action = { .actor = "mia" },
                          .open = { .run = "thousand-1",
                                    .book_sha256 = "0000",
                                    .boot = "boot",
                                    .host = "db-ops-1",
                                    .version = "0.1.0",
                                    .environment = "live" } };
    int failures = FOLDED / (3 * (int)story.book->step_count) + 2;
    put(&open);
    for (size_t p = 0; p < story.book->phase_count; p++) {
        const struct phase *phase = &story.book->phases[p];
        for (size_t i = 0; i < phase->step_count; i++)
            play_step(phase->first_step + i, failures);
        if (phase->gate == BOOK_NONE || p + 1 == story.book->phase_count)
            continue; /* the last one stays open, so that there is something to decide */
        calm(12);
        act(VERB_VOTE, "mia", story.book->gates[phase->gate].id, CHOICE_GO);
        act(VERB_VOTE, "jo", story.book->gates[phase->gate].id, CHOICE_GO);
    }
    if (story.count < FOLDED)
        cannot("only %zu events", story.count);
}

/* ---- the costs ---- */

static void measure_tick(const char *name)
{
    double from_us = now_us();
    for (int i = 0; i < TICKS; i++) {
        static struct decision decision;
        struct arena *arena = arena_create();
        struct input tick = { .type = INPUT_TICK, .now = story.now };
        struct err err = ERR_INIT;
        decision.count = 0;
        must(decide(story.run, &tick, arena, &decision, &err), &err);
        arena_destroy(arena);
    }
    figure("engine", name, (now_us() - from_us) / TICKS);
}

static void measure_fold(void)
{
    struct err err = ERR_INIT;
    for (int i = 0; i < FOLDS; i++) {
        struct run *run = run_create(story.book);
        double from_us = now_us();
        for (size_t k = 0; k < FOLDED; k++)
            must(run_apply(run, story.events[k], &err), &err);
        figure("engine", "fold_ms", (now_us() - from_us) / 1e3);
        run_destroy(run);
    }
}

static void measure_draw(const char *name, int rows, int columns, uint32_t key)
{
    struct ui_options options = { .me = "mia" };
    struct ui *ui = ui_create(&options);
    struct canvas canvas;
    struct measured took = { 0, 0, NULL };
    canvas_init(&canvas);
    ui_set_run(ui, story.run, story.book->title);
    ui_link(ui, UI_LINK_UP, "");
    for (size_t i = 0; i < story.count; i++)
        ui_event(ui, story.events[i], true);
    canvas_resize(&canvas, rows, columns);
    ui_key(ui, &(struct ui_key){ .code = key }, story.now);
    for (int i = 0; i < DRAWS; i++) {
        double from_us = now_us();
        ui_draw(ui, &canvas, story.now);
        measured_add(&took, now_us() - from_us);
    }
    figure("engine", name, measured_part(&took, 0.5));
    measured_finish(&took);
    canvas_finish(&canvas);
    ui_destroy(ui);
}

int main(int argc, char **argv)
{
    struct buf text;
    struct err err = ERR_INIT;
    if (argc != 2)
        cannot("usage: engine BOOK");
    buf_init(&text, JSON_MAX_BYTES);
    must(file_read(argv[1], &text, &err), &err);
    measure_load(argv[1], &text);
    story.arena = arena_create();
    story.book = load(story.arena, argv[1], &text);
    story.run = run_create(story.book);
    story.now = (struct instant){ INT64_C(1795226400) * SECOND_US, 5000 * SECOND_US };
    play();
    measure_tick("tick_us");
    measure_fold();
    measure_draw("draw_us", 60, 200, KEY_CODE_TAB);
    measure_draw("draw_help_us", 60, 200, '?');
    run_destroy(story.run);
    arena_destroy(story.arena);
    buf_finish(&text);
    return 0;
}
