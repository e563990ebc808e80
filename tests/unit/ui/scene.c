#include "scene.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#ifndef UI_TEST_DIR
#error "UI_TEST_DIR says where orders.json is"
#endif

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "scene: %s: %s\n", what, why);
    abort();
}

static const struct book *load(struct arena *arena, const char *path)
{
    struct buf text;
    struct err err = ERR_INIT;
    buf_init(&text, JSON_MAX_BYTES);
    if (file_read(path, &text, &err) < 0)
        fail(path, err.message);
    struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
    struct json_faults *target_faults = arena_alloc(arena, sizeof(*faults));
    json_faults_init(faults, arena);
    json_faults_init(target_faults, arena);
    struct book_options options = { 0 };
    const struct book *book =
        book_load(arena, path, buf_str(&text), text.len, &options, faults, target_faults);
    for (size_t i = 0; i < faults->count; i++)
        fprintf(stderr, "%s:%d:%d: %s\n", path, faults->list[i].line, faults->list[i].column,
                faults->list[i].message);
    if (book == NULL)
        fail(path, "has faults");
    buf_finish(&text);
    return book;
}

static void apply(struct scene *scene, struct event *event)
{
    struct err err = ERR_INIT;
    if (event_is_record(event->type))
        event->seq = ++scene->seq;
    event->at = scene->now;
    if (run_apply(scene->run, event, &err) < 0)
        fail(event_word(event->type), err.message);
    ui_event(scene->ui, event, false);
    if (scene->event_count < SCENE_EVENTS_MAX)
        scene->events[scene->event_count++] = event_copy(scene->arena, event);
}

static int decide_once(struct scene *scene, struct input *input, size_t *ret_count)
{
    static struct decision decision;
    struct err err = ERR_INIT;
    input->now = scene->now;
    memset(&decision, 0, sizeof(decision));
    int r = decide(scene->run, input, scene->arena, &decision, &err);
    if (input->type != INPUT_TICK)
        scene->refusal = err;
    *ret_count = decision.count;
    for (size_t i = 0; r >= 0 && i < decision.count; i++)
        apply(scene, &decision.events[i]);
    return r;
}

int scene_input(struct scene *scene, struct input *input)
{
    size_t count;
    scene->refusal = (struct err)ERR_INIT;
    int r = decide_once(scene, input, &count);
    for (int i = 0; i < 64; i++) {
        struct input tick = { .type = INPUT_TICK };
        if (decide_once(scene, &tick, &count) < 0 || count == 0)
            break;
    }
    return r;
}

struct scene *scene_create(const struct scene_options *options)
{
    struct scene *scene = mem_alloc(sizeof(*scene));
    scene->arena = arena_create();
    scene->book = load(scene->arena, options->book != NULL ? options->book : UI_TEST_DIR "/orders.json");
    scene->run = run_create(scene->book);
    const char *me = options->me != NULL ? options->me : options->watcher ? "jo" : "mia";
    struct ui_options ui_options = { options->ascii, options->watcher, me, true, options->replay };
    scene->ui = ui_create(&ui_options);
    canvas_init(&scene->canvas);
    ui_set_run(scene->ui, scene->run, scene->book->title);
    ui_link(scene->ui, UI_LINK_UP, NULL);
    /* 2026-11-21T02:00:00Z */
    scene->now = (struct instant){ INT64_C(1795226400) * SECOND_US, 5000 * SECOND_US };
    struct input open = { .type = INPUT_OPEN,
                          .action = { .actor = "mia" },
                          .open = { .run = "482",
                                    .book_sha256 = "book-hash",
                                    .boot = "boot",
                                    .host = "db-bastion",
                                    .version = "0.1.0",
                                    .witness = options->witness,
                                    .environment =
                                        options->environment != NULL ? options->environment : "live" } };
    if (scene_input(scene, &open) < 0)
        fail("open", scene->refusal.message);
    struct input joined = { .type = INPUT_JOINED, .action = { .actor = "mia", .text = "pts/3" } };
    (void)scene_input(scene, &joined);
    return scene;
}

void scene_destroy(struct scene *scene)
{
    if (scene == NULL)
        return;
    ui_destroy(scene->ui);
    canvas_finish(&scene->canvas);
    run_destroy(scene->run);
    arena_destroy(scene->arena);
    free(scene);
}

void scene_wait(struct scene *scene, int64_t us)
{
    scene->now.wall_us += us;
    scene->now.boot_us += us;
    struct input tick = { .type = INPUT_TICK };
    (void)scene_input(scene, &tick);
}

int scene_do(struct scene *scene, const char *actor, enum verb verb, const char *subject, enum choice choice,
             const char *text)
{
    struct input input = {
        .type = INPUT_ACTION,
        .action = { .verb = verb, .actor = actor, .subject = subject, .choice = choice, .text = text }
    };
    return scene_input(scene, &input);
}

/* The index of a step, and of the entry of its rollback when the name is one's. */
static void find(const struct scene *scene, const char *name, struct input *input)
{
    for (size_t i = 0; i < scene->book->step_count; i++) {
        const struct step *step = &scene->book->steps[i];
        input->step = i;
        input->entry = 0;
        if (strcmp(step->id, name) == 0)
            return;
        for (size_t k = 0; k < step->rollback_count; k++) {
            input->entry = k + 1;
            if (strcmp(step->rollback[k].id, name) == 0)
                return;
        }
    }
    fail(name, "no such step");
}

void scene_end(struct scene *scene, const char *step, enum outcome_status status, const char *code,
               const char *message)
{
    struct input input = { .type = INPUT_OUTCOME,
                           .outcome = { .status = status,
                                        .clean = status != OUTCOME_AMBIGUOUS,
                                        .code = code,
                                        .message = message } };
    find(scene, step, &input);
    if (scene_input(scene, &input) < 0)
        fail(step, scene->refusal.message);
}

void scene_sensed(struct scene *scene, const char *step, enum choice choice, const char *value)
{
    struct input input = { .type = INPUT_SENSED, .choice = choice, .value = value };
    find(scene, step, &input);
    (void)scene_input(scene, &input);
}

void scene_waiting(struct scene *scene, const char *step, const char *whom)
{
    struct input input = { .type = INPUT_WAITING, .text = whom };
    find(scene, step, &input);
    (void)scene_input(scene, &input);
}

void scene_probed(struct scene *scene, const char *step, enum choice choice, const char *value)
{
    struct input input = { .type = INPUT_PROBED, .choice = choice, .value = value };
    find(scene, step, &input);
    (void)scene_input(scene, &input);
}

void scene_sample(struct scene *scene, struct sample *sample)
{
    sample->at = scene->now;
    struct input input = { .type = INPUT_SAMPLE, .sample = sample };
    if (scene_input(scene, &input) < 0)
        fail(sample->monitor, scene->refusal.message);
}

void scene_lag(struct scene *scene, double seconds)
{
    static const struct sample_row rows[] = {
        { .cells = { "replica", "physical", "streaming", "0", "1.2M", "0.3s", "" } },
        { .cells = { "cut_b", "logical", "active", "0.1M", "0.2M", "0.4s", "210M" } },
    };
    struct sample sample = { .monitor = "lag",
                             .known = true,
                             .why = "",
                             .metric_count = 3,
                             .metrics = { { "seconds", seconds, true },
                                          { "bytes", seconds * 3e6, true },
                                          { "reply_seconds", 0.3, true } },
                             .row_count = 2,
                             .rows = rows };
    scene_sample(scene, &sample);
}

void scene_lag_unknown(struct scene *scene, const char *why)
{
    struct sample sample = { .monitor = "lag", .known = false, .why = why };
    scene_sample(scene, &sample);
}

void scene_locks(struct scene *scene, int waiting)
{
    static const struct sample_row rows[] = {
        { 0,
          false,
          { "31568", "report@10.0.4.7", "idle in tx", "00:41", "", "AccessShare held", "public.orders",
            "root", "4", "SELECT * FROM orders WHERE created_at > $1 LIMIT 1", SCENE_SINCE } },
        { 1,
          true,
          { "31614", "step swap-column", "active", "00:04", "00:04", "AccessExclusive", "public.orders",
            "hard", "3", "ALTER TABLE orders RENAME COLUMN id TO id_old", "" } },
        { 2,
          false,
          { "31635", "web@10.0.2.1", "active", "00:03", "00:03", "AccessShare", "public.orders", "queue", "0",
            "SELECT count(*) FROM orders", "" } },
        { 2,
          false,
          { "31657", "web@10.0.2.2", "active", "00:03", "00:03", "AccessShare", "public.orders", "queue", "0",
            "SELECT count(*) FROM orders", "" } },
        { 2,
          false,
          { "31673", "web@10.0.2.3", "active", "00:02", "00:02", "AccessShare", "public.orders", "queue", "0",
            "SELECT count(*) FROM orders", "" } },
    };
    size_t count = waiting > 0 ? (size_t)waiting + 1 : 0;
    struct sample sample = { .monitor = "locks",
                             .known = true,
                             .why = "",
                             .metric_count = 3,
                             .metrics = { { "waiting", waiting, true },
                                          { "behind_us", waiting > 1 ? waiting - 1 : 0, true },
                                          { "roots", waiting > 0, true } },
                             .row_count = count < ARRAY_LEN(rows) ? count : ARRAY_LEN(rows),
                             .rows = rows };
    sample.rows_left_out = count - sample.row_count;
    scene_sample(scene, &sample);
}

void scene_metric(struct scene *scene, const char *monitor, double value)
{
    struct sample sample = { .monitor = monitor,
                             .known = true,
                             .why = "",
                             .metric_count = 1,
                             .metrics = { { "value", value, true } } };
    if (strcmp(monitor, "shop") == 0) {
        sample.metric_count = 3;
        sample.metrics[1] = (struct sample_metric){ "status", 200, true };
        sample.metrics[2] = (struct sample_metric){ "seconds", 0.03, true };
    }
    scene_sample(scene, &sample);
}

void scene_metric_unknown(struct scene *scene, const char *monitor, const char *why)
{
    struct sample sample = { .monitor = monitor, .known = false, .why = why };
    scene_sample(scene, &sample);
}

void scene_item(struct scene *scene, const char *step, const char *item, enum choice choice)
{
    struct input input = { .type = INPUT_ITEM, .value = item, .choice = choice };
    find(scene, step, &input);
    if (scene_input(scene, &input) < 0)
        fail(item, scene->refusal.message);
}

void scene_rows(struct scene *scene, const char *step, const struct progress *progress, const char *pauses)
{
    struct input input = { .type = INPUT_PROGRESS, .progress = *progress, .text = pauses };
    find(scene, step, &input);
    if (scene_input(scene, &input) < 0)
        fail(step, scene->refusal.message);
}

void scene_transactions(struct scene *scene, int idle)
{
    static const struct sample_row rows[] = {
        { 0,
          false,
          { "31568", "report@10.0.4.7", "idle in tx", "00:41", "00:37", "1,204", "SELECT * FROM orders",
            SCENE_SINCE } },
        { 0,
          false,
          { "29011", "etl@10.0.9.1", "active", "12:07", "00:02", "88,410", "COPY orders TO STDOUT",
            "since 2026-10-14 01:47:52.000001 UTC" } },
    };
    struct sample sample = { .monitor = "old",
                             .known = true,
                             .why = "",
                             .metric_count = 2,
                             .metrics = { { "oldest_seconds", idle > 0 ? 727 : 3, true },
                                          { "idle_in_transaction", idle, true } },
                             .row_count = idle > 0 ? 2 : 0,
                             .rows = rows };
    scene_sample(scene, &sample);
}

void scene_progress(struct scene *scene, int percent)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%d", percent);
    struct sample_row row = { .cells = { "31700", "CREATE INDEX", "orders_id_new", "loading tuples 4/8", text,
                                         "" } };
    struct sample sample = { .monitor = "work",
                             .known = true,
                             .why = "",
                             .metric_count = 1,
                             .metrics = { { "running", percent > 0, true } },
                             .row_count = percent > 0,
                             .rows = &row };
    scene_sample(scene, &sample);
}

void scene_quiet(struct scene *scene, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        scene_wait(scene, SECOND_US);
        scene_lag(scene, 0.2 + 0.02 * (i % 7));
        scene_locks(scene, 0);
        scene_transactions(scene, 0);
        scene_progress(scene, 0);
    }
}

static const struct {
    const char *name;
    uint32_t code;
} key_names[] = {
    { "<Enter>", KEY_CODE_ENTER },
    { "<Esc>", KEY_CODE_ESCAPE },
    { "<Tab>", KEY_CODE_TAB },
    { "<BackTab>", KEY_CODE_BACKTAB },
    { "<Up>", KEY_CODE_UP },
    { "<Down>", KEY_CODE_DOWN },
    { "<Left>", KEY_CODE_LEFT },
    { "<Right>", KEY_CODE_RIGHT },
    { "<PgUp>", KEY_CODE_PAGE_UP },
    { "<PgDn>", KEY_CODE_PAGE_DOWN },
    { "<Home>", KEY_CODE_HOME },
    { "<End>", KEY_CODE_END },
    { "<BS>", KEY_CODE_BACKSPACE },
    { "<C-u>", KEY_CODE_CTRL_U },
    { "<C-l>", KEY_CODE_CTRL_L },
    { "<C-c>", KEY_CODE_CTRL_C },
    { "<Space>", ' ' },
};

void scene_type(struct scene *scene, const char *keys)
{
    size_t len = strlen(keys);
    for (size_t at = 0; at < len;) {
        struct ui_key key = { 0 };
        size_t named = 0;
        while (named < ARRAY_LEN(key_names) && !text_starts(keys + at, key_names[named].name))
            named++;
        if (named < ARRAY_LEN(key_names)) {
            key.code = key_names[named].code;
            at += strlen(key_names[named].name);
        } else {
            int step = text_decode(keys + at, len - at, &key.code);
            at += step > 0 ? (size_t)step : 1;
        }
        ui_key(scene->ui, &key, scene->now);
    }
}

static void request_text(const struct ui_request *request, struct buf *buf)
{
    static const char *const words[] = {
        [UI_REQUEST_NONE] = "none",       [UI_REQUEST_ACTION] = "action",     [UI_REQUEST_DETACH] = "detach",
        [UI_REQUEST_REPAINT] = "repaint", [UI_REQUEST_FLUSH_INPUT] = "flush", [UI_REQUEST_REPLAY] = "replay",
    };
    static const char *const moves[] = {
        [UI_REPLAY_PLAY] = "play",         [UI_REPLAY_FASTER] = "faster", [UI_REPLAY_SLOWER] = "slower",
        [UI_REPLAY_FIRST] = "first",       [UI_REPLAY_LAST] = "last",     [UI_REPLAY_NEXT] = "next",
        [UI_REPLAY_PREVIOUS] = "previous", [UI_REPLAY_GO] = "go",
    };
    static const char *const kinds[] = { "record", "decision", "failure", "trigger" };
    const struct action *action = &request->action;
    buf_text(buf, words[request->type]);
    if (request->type == UI_REQUEST_ACTION) {
        buf_format(buf, " %s", verb_word(action->verb));
        if (action->subject != NULL)
            buf_format(buf, " %s", action->subject);
        if (action->choice != CHOICE_NONE)
            buf_format(buf, " %s", choice_word(action->choice));
        if (action->role != NULL)
            buf_format(buf, " as %s", action->role);
        if (action->session != NULL)
            buf_format(buf, " (%s)", action->session);
        if (action->text != NULL)
            buf_format(buf, " \"%s\"", action->text);
    }
    if (request->type == UI_REQUEST_REPLAY) {
        buf_format(buf, " %s %s", moves[request->move], kinds[request->kind]);
        if (request->text != NULL)
            buf_format(buf, " \"%s\"", request->text);
    }
    buf_char(buf, '\n');
}

void scene_requests(struct scene *scene, struct buf *buf)
{
    for (;;) {
        struct ui_request request = ui_request(scene->ui);
        if (request.type == UI_REQUEST_NONE)
            return;
        request_text(&request, buf);
    }
}

void scene_carry_out(struct scene *scene)
{
    for (;;) {
        struct ui_request request = ui_request(scene->ui);
        if (request.type == UI_REQUEST_NONE)
            return;
        if (request.type != UI_REQUEST_ACTION)
            continue;
        struct input input = { .type = INPUT_ACTION, .action = request.action };
        int r = scene_input(scene, &input);
        ui_reply(scene->ui, r < 0 ? scene->refusal.message : NULL);
    }
}

const char *scene_draw(struct scene *scene, int rows, int columns)
{
    struct buf text;
    canvas_resize(&scene->canvas, rows, columns);
    ui_draw(scene->ui, &scene->canvas, scene->now);
    buf_init(&text, 1024 * 1024);
    canvas_text(&scene->canvas, &text);
    const char *copy = arena_text(scene->arena, buf_str(&text));
    buf_finish(&text);
    return copy;
}
