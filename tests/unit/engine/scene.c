#include "scene.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/words.h"

#define RECORDS_MAX    ((size_t)64 * 1024 * 1024)
#define TICKS_MAX      50
#define MONITOR_TARGET "{'engine':'postgresql','role':'primary'}"

const char *const small_book =
    "{'tminus':1,'id':'small','title':'A small book','window':{'length':'2h','margin':'5m'},"
    "'targets':{'primary':" MONITOR_TARGET "},"
    "'roles':{'operator':{},'reviewer':{'not':'operator'}},"
    "'monitors':[{'id':'lag','kind':'lag','target':'primary'},{'id':'locks','kind':'locks','target':'primary'"
    "}],"
    "'triggers':[{'id':'runaway','when':{'metric':'lag.seconds','is':'>','value':10,'for':'3s'},"
    "'then':'hold','propose':'rollback'},"
    "{'id':'jam','when':{'metric':'locks.waiting','is':'>','value':50},'then':'rollback'}],"
    "'phases':[{'id':'preflight','kind':'preflight','title':'Before','steps':["
    "{'id':'backup','kind':'check','title':'Backup is fresh','freshness':'1m',"
    "'sense':{'target':'primary','sql':'SELECT true'}},"
    "{'id':'read','kind':'check','title':'Rollback was read','by':'reviewer','evidence':true},"
    "{'id':'told','kind':'check','title':'Everybody was told'}],"
    "'gate':{'id':'go-expand','votes':['operator','reviewer'],'valid':'15m',"
    "'criteria':[{'metric':'lag.seconds','is':'<','value':1,'for':'5s','age':'3s'},"
    "{'id':'calm','metric':'locks.waiting','is':'=','value':0}],"
    "'override':{'reason':true,'by':'reviewer'}}},"
    "{'id':'expand','kind':'expand','title':'Change','steps':["
    "{'id':'add','kind':'sql','title':'Add','target':'primary','sql':'ALTER TABLE a ADD COLUMN b text',"
    "'estimate':'1s..10s','retry':{'attempts':3,'backoff':'2s..5s'},"
    "'done_when':{'sql':'SELECT true'},"
    "'rollback':[{'kind':'sql','sql':'ALTER TABLE a DROP COLUMN b','estimate':'20s'},"
    "{'kind':'verify','sql':'SELECT 0','expect':{'value':0},'estimate':'1s'}]},"
    "{'id':'index','kind':'sql','title':'Index','target':'primary','transaction':false,"
    "'sql':'CREATE INDEX CONCURRENTLY i ON a (b)','estimate':'1m..2m','done_when':{'sql':'SELECT true'},"
    "'rollback':[{'kind':'sql','sql':'DROP INDEX CONCURRENTLY IF EXISTS i','estimate':'30s',"
    "'done_when':{'sql':'SELECT true'}}]},"
    "{'id':'deploy','kind':'command','title':'Deploy','argv':['true'],'estimate':'5s',"
    "'rollback':[{'kind':'none','why':'the old code does as well'}]},"
    "{'id':'flag','kind':'manual','title':'Turn the flag','instructions':'Turn it','evidence':true,"
    "'rollback':[{'kind':'manual','instructions':'Turn it back','estimate':'10s'}]},"
    "{'id':'settle','kind':'wait','title':'Settle','timeout':'30s',"
    "'until':{'metric':'lag.seconds','is':'<','value':1,'for':'2s'}},"
    "{'id':'parity','kind':'verify','title':'Parity','target':'primary','sql':'SELECT "
    "0','expect':{'value':0}}],"
    "'gate':{'id':'go-contract','votes':['operator','reviewer'],"
    "'criteria':[{'metric':'lag.seconds','is':'<','value':1}],'override':{'by':'reviewer'}}},"
    "{'id':'contract','kind':'contract','title':'After','parallel':true,'steps':["
    "{'id':'drop','kind':'sql','title':'Drop','target':'primary','sql':'ALTER TABLE a DROP COLUMN c',"
    "'irreversible':'the data is gone'},"
    "{'id':'report','kind':'command','title':'Report','argv':['true'],"
    "'rollback':[{'kind':'command','argv':['true']}]},"
    "{'id':'last','kind':'verify','title':'Last look','target':'primary','sql':'SELECT "
    "1','expect':{'value':1},"
    "'after':['drop','report']}]}]}";

const struct book *book_of(struct arena *arena, const char *text)
{
    struct json_faults faults;
    char *copy = arena_text(arena, text);
    for (char *c = copy; *c != '\0'; c++) {
        if (*c == '\'')
            *c = '"';
    }
    json_faults_init(&faults, arena);
    const struct book *book = book_load(arena, "test.json", copy, strlen(copy), NULL, &faults, NULL);
    for (size_t i = 0; i < faults.count; i++)
        print_error("%d:%d: %s\n", faults.list[i].line, faults.list[i].column, faults.list[i].message);
    assert_non_null(book);
    return book;
}

struct scene *scene_of(const char *book)
{
    struct arena *arena = arena_create();
    struct scene *scene = arena_alloc(arena, sizeof(*scene));
    scene->arena = arena;
    scene->book = book_of(arena, book);
    scene->run = run_create(scene->book);
    scene->now = (struct instant){ BEGIN_WALL_US, BEGIN_BOOT_US };
    scene->environment = "staging";
    buf_init(&scene->records, RECORDS_MAX);
    buf_init(&scene->trail, RECORDS_MAX);
    buf_init(&scene->told, RECORDS_MAX);
    return scene;
}

static void open_run(struct scene *scene)
{
    struct input input = { .type = INPUT_OPEN,
                           .now = scene->now,
                           .action = { .actor = "mia" },
                           .open = { .run = "run-1",
                                     .book_sha256 = "ab",
                                     .boot = "boot-1",
                                     .host = "host",
                                     .version = "1",
                                     .environment = scene->environment } };
    assert_int_equal(scene_put(scene, &input), 0);
    (void)scene_trail(scene);
}

struct scene *scene_open(const char *book)
{
    struct scene *scene = scene_of(book);
    open_run(scene);
    return scene;
}

struct scene *scene_rehearse(const char *book)
{
    struct scene *scene = scene_of(book);
    scene->environment = "rehearsal";
    open_run(scene);
    return scene;
}

void scene_again(struct scene *scene)
{
    run_destroy(scene->run);
    scene->run = run_create(scene->book);
    scene->now = (struct instant){ BEGIN_WALL_US, BEGIN_BOOT_US };
    buf_clear(&scene->records);
    open_run(scene);
}

void scene_close(struct scene *scene)
{
    run_destroy(scene->run);
    buf_finish(&scene->records);
    buf_finish(&scene->trail);
    buf_finish(&scene->told);
    arena_destroy(scene->arena);
}

static void note_event(struct scene *scene, const struct event *event)
{
    struct json_writer w;
    json_write_init(&w, &scene->records);
    json_open(&w, NULL);
    event_write(&w, event);
    json_close(&w);
    buf_char(&scene->records, '\n');
    if (!scene->tells_triggers &&
        (event->type == EVENT_TRIGGER_BLIND || event->type == EVENT_TRIGGER_CLEARED))
        return;
    buf_text(&scene->trail, event_word(event->type));
    if (event->subject != NULL)
        buf_format(&scene->trail, " %s", event->subject);
    if (event->entry > 0)
        buf_format(&scene->trail, "/%" PRId64, event->entry);
    if (event->choice != CHOICE_NONE)
        buf_format(&scene->trail, " %s", choice_word(event->choice));
    buf_char(&scene->trail, '\n');
}

static void apply_decision(struct scene *scene, struct decision *decision)
{
    for (size_t i = 0; i < decision->count; i++) {
        struct event *event = &decision->events[i];
        event->seq = event_is_record(event->type) ? scene->run->last_seq + 1 : 0;
        if (scene->watcher != NULL)
            scene->watcher(scene, event);
        if (run_apply(scene->run, event, &scene->err) < 0)
            fail_msg("%s", scene->err.message);
        if (event->seq > 0)
            note_event(scene, event);
    }
}

static void settle(struct scene *scene)
{
    struct decision decision;
    const struct input tick = { .type = INPUT_TICK, .now = scene->now };
    for (int i = 0; i < TICKS_MAX; i++) {
        struct arena *arena = arena_create();
        assert_int_equal(decide(scene->run, &tick, arena, &decision, NULL), 0);
        apply_decision(scene, &decision);
        arena_destroy(arena);
        if (decision.count == 0)
            return;
    }
    fail_msg("ticks do not come to an end");
}

int scene_put(struct scene *scene, const struct input *input)
{
    struct arena *arena = arena_create();
    int r = decide(scene->run, input, arena, &scene->decision, &scene->err);
    assert_true(r == 0 || scene->decision.count == 0);
    apply_decision(scene, &scene->decision);
    arena_destroy(arena);
    settle(scene);
    return r;
}

void scene_wait(struct scene *scene, int64_t us)
{
    scene->now.wall_us += us;
    scene->now.boot_us += us;
    settle(scene);
}

static enum rule act(struct scene *scene, const char *actor, bool watcher, const char *line)
{
    const char *words[16];
    size_t count;
    struct arena *arena = arena_create();
    struct input input = { .type = INPUT_ACTION, .now = scene->now };
    assert_int_equal(words_split(arena, line, words, ARRAY_LEN(words), &count, &scene->err), 0);
    if (action_of_words(arena, words, count, &input.action, &scene->err) < 0)
        fail_msg("%s", scene->err.message);
    input.action.actor = actor;
    input.action.watcher = watcher;
    int r = scene_put(scene, &input);
    arena_destroy(arena);
    assert_true(r == 0 || r == ERR_REFUSED);
    return r == 0 ? RULE_COUNT : scene->decision.rule;
}

enum rule scene_do(struct scene *scene, const char *actor, const char *words)
{
    return act(scene, actor, false, words);
}

enum rule scene_watch(struct scene *scene, const char *actor, const char *words)
{
    return act(scene, actor, true, words);
}

void scene_ok(struct scene *scene, const char *actor, const char *words)
{
    if (scene_do(scene, actor, words) != RULE_COUNT)
        fail_msg("%s: %s", words, scene->err.message);
}

void scene_no(struct scene *scene, const char *actor, const char *words, enum rule rule, const char *part)
{
    enum rule refused = scene_do(scene, actor, words);
    if (refused != rule)
        fail_msg("%s: refused by \"%s\", not \"%s\": %s", words, rule_text(refused), rule_text(rule),
                 scene->err.message);
    if (strstr(scene->err.message, part) == NULL)
        fail_msg("%s: \"%s\" has no \"%s\"", words, scene->err.message, part);
    if (strstr(scene->err.message, rule_text(rule)) != scene->err.message)
        fail_msg("%s: \"%s\" does not begin with its rule", words, scene->err.message);
}

/* "add" is the step, "add/1" the first entry of its rollback. */
static size_t find_work(const struct scene *scene, const char *work, size_t *ret_entry)
{
    char id[64];
    size_t len = strcspn(work, "/");
    assert_true(len < sizeof(id));
    memcpy(id, work, len);
    id[len] = '\0';
    *ret_entry = work[len] == '/' ? (size_t)(work[len + 1] - '0') : 0;
    return step_of(scene, id);
}

size_t step_of(const struct scene *scene, const char *step)
{
    size_t index = book_find_step(scene->book, step);
    assert_true(index != BOOK_NONE);
    return index;
}

int scene_outcome(struct scene *scene, const char *work, const struct outcome *outcome)
{
    struct input input = { .type = INPUT_OUTCOME, .now = scene->now, .outcome = *outcome };
    input.step = find_work(scene, work, &input.entry);
    return scene_put(scene, &input);
}

void scene_end(struct scene *scene, const char *work, enum outcome_status status)
{
    bool clean = status != OUTCOME_AMBIGUOUS;
    const struct outcome outcome = { .status = status,
                                     .clean = clean,
                                     .message = status == OUTCOME_OK ? "" : "it went wrong" };
    if (scene_outcome(scene, work, &outcome) != 0)
        fail_msg("%s: %s", work, scene->err.message);
}

void scene_probed(struct scene *scene, const char *work, enum choice answer)
{
    struct input input = { .type = INPUT_PROBED, .now = scene->now, .choice = answer, .value = "t" };
    input.step = find_work(scene, work, &input.entry);
    assert_int_equal(scene_put(scene, &input), 0);
}

void scene_sense(struct scene *scene, const char *check, enum choice answer, const char *text)
{
    struct input input = { .type = INPUT_SENSED, .now = scene->now, .choice = answer, .text = text };
    input.step = step_of(scene, check);
    assert_int_equal(scene_put(scene, &input), 0);
}

void scene_sample(struct scene *scene, const char *monitor, const char *metric, double value)
{
    const struct sample sample = { .monitor = monitor,
                                   .at = scene->now,
                                   .known = metric != NULL,
                                   .why = metric != NULL ? "" : "connection lost",
                                   .metric_count = metric != NULL ? 1 : 0,
                                   .metrics = { { .name = metric, .value = value, .known = true } } };
    const struct input input = { .type = INPUT_SAMPLE, .now = scene->now, .sample = &sample };
    assert_int_equal(scene_put(scene, &input), 0);
}

void scene_samples(struct scene *scene, const char *monitor, const char *metric, double value, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        scene->now.wall_us += SECOND_US;
        scene->now.boot_us += SECOND_US;
        scene_sample(scene, monitor, metric, value);
    }
}

void scene_resume(struct scene *scene, const char *boot)
{
    const struct input input = { .type = INPUT_RESUME,
                                 .now = scene->now,
                                 .open = { .boot = boot, .host = "host", .version = "1" } };
    assert_int_equal(scene_put(scene, &input), 0);
}

enum step_state scene_state(const struct scene *scene, const char *work)
{
    size_t entry;
    size_t step = find_work(scene, work, &entry);
    return entry == 0 ? scene->run->steps[step].work.state : scene->run->steps[step].undo[entry - 1].state;
}

const char *scene_trail(struct scene *scene)
{
    buf_clear(&scene->told);
    buf_text(&scene->told, buf_str(&scene->trail));
    buf_clear(&scene->trail);
    return buf_str(&scene->told);
}

struct run *scene_fold(struct scene *scene)
{
    struct run *run = run_create(scene->book);
    const char *at = buf_str(&scene->records);
    while (*at != '\0') {
        struct arena *arena = arena_create();
        struct event event;
        size_t len = strcspn(at, "\n");
        const struct json *object = json_parse_line(arena, at, len, JSON_MAX_BYTES, &scene->err);
        if (object == NULL || event_read(arena, object, NULL, &event, &scene->err) < 0 ||
            run_apply(run, &event, &scene->err) < 0)
            fail_msg("%s\n%.*s", scene->err.message, (int)len, at);
        arena_destroy(arena);
        at += len + 1;
    }
    return run;
}

void scene_folds(struct scene *scene)
{
    struct buf live, folded;
    struct run *run = scene_fold(scene);
    buf_init(&live, JSON_MAX_BYTES);
    buf_init(&folded, JSON_MAX_BYTES);
    run_dump(&live, scene->run);
    run_dump(&folded, run);
    assert_string_equal(buf_str(&live), buf_str(&folded));
    buf_finish(&live);
    buf_finish(&folded);
    run_destroy(run);
}

/* ---- stages ---- */

void scene_calm(struct scene *scene, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        scene_samples(scene, "lag", "seconds", 0.2, 1);
        scene_sample(scene, "locks", "waiting", 0);
    }
}

void scene_run(struct scene *scene, const char *step)
{
    char words[80];
    int len = snprintf(words, sizeof(words), "start %s", step);
    assert_true(len > 0 && (size_t)len < sizeof(words));
    scene_ok(scene, "mia", words);
    scene_end(scene, step, OUTCOME_OK);
}

void stage_ticked(struct scene *scene)
{
    scene_sense(scene, "backup", CHOICE_YES, NULL);
    scene_ok(scene, "jo", "tick read --evidence 'all of it'");
    scene_ok(scene, "mia", "tick told");
    scene_calm(scene, 7);
}

void stage_go(struct scene *scene)
{
    stage_ticked(scene);
    scene_ok(scene, "mia", "vote go-expand go");
    scene_ok(scene, "jo", "vote go-expand go");
}

void stage_deployed(struct scene *scene)
{
    stage_go(scene);
    scene_run(scene, "add");
    scene_run(scene, "index");
    scene_run(scene, "deploy");
}

void stage_expanded(struct scene *scene)
{
    stage_deployed(scene);
    scene_ok(scene, "mia", "next");
    scene_ok(scene, "mia", "tick flag --evidence 'it is on'");
    scene_ok(scene, "mia", "next");
    scene_calm(scene, 4);
    scene_run(scene, "parity");
}

void stage_contract(struct scene *scene)
{
    stage_expanded(scene);
    scene_ok(scene, "jo", "vote go-contract go");
    scene_ok(scene, "mia", "vote go-contract go");
}
