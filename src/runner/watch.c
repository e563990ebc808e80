#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/mysql.h"
#include "driver/postgresql.h"

/* While a statement of ours runs, locks are looked at this often: its blocker is to be shown within a second.
 */
#define FAST_PACE_US (250 * MS_US)
/* A sample that is lost now and then shows on the screen; one that stays away is recorded. */
#define TROUBLE_AFTER_US (3 * SECOND_US)
/* How long the removal of a heartbeat table may take at the end. */
#define STOP_LIMIT_US (3 * SECOND_US)

struct watch {
    struct runner *runner;
    const struct monitor_def *definition;
    struct monitor_config config;
    struct monitor *monitor;
    bool awaited;             /* the run waits for what it says, */
    bool was_awaited;         /* and did when that was looked at before; */
    int64_t holds_in_us;      /* it holds, and has so long to go on doing so; 0: that is not so */
    bool troubled;            /* it was recorded that it cannot see */
    int64_t unknown_since_us; /* boot clock; 0: its last sample was known */
};

static const enum monitor_type types[MONITOR_KIND_COUNT] = {
    [MONITOR_LAG] = MONITOR_TYPE_LAG,
    [MONITOR_LOCKS] = MONITOR_TYPE_LOCKS,
    [MONITOR_TRANSACTIONS] = MONITOR_TYPE_TRANSACTIONS,
    [MONITOR_PROGRESS] = MONITOR_TYPE_PROGRESS,
    [MONITOR_QUERY] = MONITOR_TYPE_QUERY,
    [MONITOR_HTTP] = MONITOR_TYPE_HTTP,
};

/* ---- who blocks us ---- */

/* The row that row `i` waits for: the nearest one before it that is less deep. */
static const struct sample_row *blocker_of(const struct sample *sample, size_t i)
{
    for (size_t k = i; k-- > 0;) {
        if (sample->rows[k].depth < sample->rows[i].depth)
            return &sample->rows[k];
    }
    return NULL;
}

static void tell_waiting(struct watch *watch, const struct execution *execution, const char *text)
{
    struct input input = { .type = INPUT_WAITING,
                           .now = clock_now(),
                           .step = execution->step,
                           .entry = execution->entry,
                           .text = text };

    runner_take(watch->runner, &input);
}

/* What is waited for, and for whom: as far as the server tells. A sentence cut at the size of a message still
 * names the blocker, which comes first. */
static void word_wait(const struct sample_row *row, const struct sample_row *blocker,
                      char text[ERR_MESSAGE_MAX])
{
    const char *const *of = blocker->cells;
    bool told = row->cells[LOCK_MODE][0] != '\0', known = of[LOCK_PID][0] != '\0';
    const char *more = of[LOCK_STATE][0] != '\0' ? ", " : "";

    (void)snprintf(text, ERR_MESSAGE_MAX, "%s%s%s, %s%s%s%s%s%s%s", told ? row->cells[LOCK_MODE] : "a lock",
                   told ? " on " : "", told ? row->cells[LOCK_OBJECT] : "", known ? "blocked by " : "",
                   of[LOCK_PID], known ? " (" : "", of[LOCK_WHO], more, of[LOCK_STATE], known ? ")" : "");
}

/* Whom that backend of ours waits for, in `text`; "" when for nobody. */
static void say_waiting(const struct sample *sample, int64_t pid, char text[ERR_MESSAGE_MAX])
{
    text[0] = '\0';
    for (size_t i = 0; i < sample->row_count; i++) {
        const struct sample_row *row = &sample->rows[i], *blocker = blocker_of(sample, i);

        if (!row->ours || !blocker || row->cells[LOCK_WAIT][0] == '\0' ||
            strtoll(row->cells[LOCK_PID], NULL, 10) != pid)
            continue;
        word_wait(row, blocker, text);
        return;
    }
}

/* Tells the engine when one of our statements begins to wait, waits for another one, or waits no more. Ages
 * are left out: they would make every sample news. */
static void look_for_waiting(struct watch *watch, const struct sample *sample)
{
    char text[ERR_MESSAGE_MAX];

    for (struct execution *e = watch->runner->executions; sample->known && e; e = e->next) {
        if (!execution_is_at_work(e) || e->pid == 0 || e->definition->target != watch->definition->target)
            continue;
        say_waiting(sample, e->pid, text);
        if (strcmp(text, e->waiting) == 0)
            continue;
        memcpy(e->waiting, text, sizeof(e->waiting));
        tell_waiting(watch, e, text);
    }
}

/* ---- giving way ---- */

static void look_for_way(struct watch *watch, struct execution *execution, const struct sample *sample)
{
    const struct step *step = execution->definition;

    for (size_t i = 0; i < step->give_way_count && execution->gave_way[0] == '\0'; i++) {
        const struct condition *condition = &step->give_way[i];
        const struct sample_metric *metric = sample_metric(sample, condition->metric);

        if (&watch->runner->watches[condition->monitor] != watch || !metric || !metric->known ||
            !comparison_holds(condition->is, metric->value, condition->value))
            continue;
        /* A name is much shorter than a message. */
        (void)snprintf(execution->gave_way, sizeof(execution->gave_way),
                       "gave way: %s is %.15g, and the limit is %s %.15g", condition->name, metric->value,
                       comparison_word(condition->is), condition->value);
        driver_cancel(execution->job);
    }
}

/* What has to end by the book, because of what is seen now. A sample that is not known ends nothing: how long
 * a statement waits at most is its lock_timeout's. */
static void give_way(struct watch *watch, const struct sample *sample)
{
    for (struct execution *e = watch->runner->executions; e; e = e->next) {
        if (e->job && !e->cancelled)
            look_for_way(watch, e, sample);
    }
}

/* ---- who is waited for ---- */

static void mark(struct runner *runner, const struct run_condition *condition)
{
    struct watch *watch = &runner->watches[condition->def->monitor];
    struct condition_view view;
    int64_t left_us;

    watch->awaited = true;
    run_condition_view(runner->run, condition, clock_now(), &view);
    left_us = condition->def->for_us - view.held_us - view.age_us;
    if (view.verdict == CONDITION_HOLDING && left_us > watch->holds_in_us)
        watch->holds_in_us = left_us;
}

static void mark_wait(struct runner *runner, size_t step, size_t entry)
{
    const struct step *def = book_work(runner->book, step, entry);
    const struct work *work = run_work(runner->run, step, entry);

    if (def->kind == STEP_WAIT && def->until_count == 0 && work->state == STEP_RUNNING)
        mark(runner, &work->until);
}

static void mark_waits(struct runner *runner)
{
    for (size_t i = 0; runner->run->counts.running > 0 && i < runner->book->step_count; i++) {
        for (size_t entry = 0; entry <= runner->book->steps[i].rollback_count; entry++)
            mark_wait(runner, i, entry);
    }
}

/* What a gate asks for counts when its phase has done everything else. */
static void mark_gate(struct runner *runner)
{
    size_t phase = run_current_phase(runner->run), gate;

    if (phase >= runner->book->phase_count || !run_phase_complete(runner->run, phase))
        return;
    gate = runner->book->phases[phase].gate;
    for (size_t i = 0; gate != BOOK_NONE && i < runner->book->gates[gate].criterion_count; i++)
        mark(runner, &runner->run->gates[gate].criteria[i]);
}

static void mark_all(struct runner *runner)
{
    for (size_t i = 0; i < runner->book->monitor_count; i++) {
        runner->watches[i].awaited = false;
        runner->watches[i].holds_in_us = 0;
    }
    mark_waits(runner);
    mark_gate(runner);
}

void watches_follow(struct runner *runner)
{
    if (!runner->watches || runner->run->id == NULL || runner->ending || runner->halted)
        return;
    mark_all(runner);
    for (size_t i = 0; i < runner->book->monitor_count; i++) {
        struct watch *watch = &runner->watches[i];

        if (watch->monitor && watch->awaited && !watch->was_awaited)
            monitor_hurry(watch->monitor, 0);
        watch->was_awaited = watch->awaited;
    }
}

/* What has to hold for some time is asked again when it has, where that is sooner than usual. */
static void look_again_in_time(struct watch *watch)
{
    if (watch->monitor && watch->awaited && watch->holds_in_us > 0 &&
        watch->holds_in_us < watch->definition->every_us)
        monitor_hurry(watch->monitor, watch->holds_in_us);
}

/* ---- monitors ---- */

/* Says once in the trail that a monitor cannot see, and why (a missing privilege names itself), and once that
 * it can again. */
static void look_for_trouble(struct watch *watch, const struct sample *sample)
{
    char text[ERR_MESSAGE_MAX];
    int64_t now_us = sample->at.boot_us;

    if (sample->known) {
        watch->unknown_since_us = 0;
        (void)snprintf(text, sizeof(text), "monitor %s sees again", sample->monitor);
        if (watch->troubled)
            runner_note(watch->runner, text);
        watch->troubled = false;
        return;
    }
    if (watch->unknown_since_us == 0)
        watch->unknown_since_us = now_us;
    if (watch->troubled || now_us - watch->unknown_since_us < TROUBLE_AFTER_US)
        return;
    watch->troubled = true;
    /* Cut at the size of a message. */
    (void)snprintf(text, sizeof(text), "monitor %s sees nothing: %s", sample->monitor, sample->why);
    runner_note(watch->runner, text);
}

static void on_sample(void *data, const struct sample *sample)
{
    struct watch *watch = data;
    struct input input = { .type = INPUT_SAMPLE, .now = clock_now(), .sample = sample };

    if (watch->runner->ending)
        return;
    runner_take(watch->runner, &input);
    look_for_trouble(watch, sample);
    if (watch->definition->kind == MONITOR_LOCKS)
        look_for_waiting(watch, sample);
    give_way(watch, sample);
    look_again_in_time(watch);
}

_Static_assert(sizeof("tminus_heartbeat_") - 1 + RUN_ID_MAX <= POSTGRESQL_NAME_MAX,
               "two runs do not share one");

/* How a name is quoted, where a table of ours goes, and whose questions are asked. Without a schema it is the
 * database that the DSN names. */
static const struct {
    enum monitor_engine engine;
    void (*identifier)(struct buf *buf, const char *name);
    const char *schema;
} engines[TARGET_ENGINE_COUNT] = {
    [ENGINE_POSTGRESQL] = { MONITOR_ENGINE_POSTGRESQL, postgresql_identifier, "public." },
    [ENGINE_MYSQL] = { MONITOR_ENGINE_MYSQL, mysql_identifier, "" },
    [ENGINE_MARIADB] = { MONITOR_ENGINE_MYSQL, mysql_identifier, "" },
};

/* The name of the heartbeat's table: of this run, so that two runs do not share one. */
static const char *heartbeat_table(struct runner *runner, enum target_engine engine)
{
    struct buf name;
    const char *table;

    buf_init(&name, 256);
    buf_text(&name, engines[engine].schema);
    engines[engine].identifier(
        &name, arena_format(runner->arena, "tminus_heartbeat_%s", runner->options->frozen->run));
    table = arena_text(runner->arena, buf_str(&name));
    buf_finish(&name);
    return table;
}

static int prepare(struct watch *watch, const struct monitor_def *definition, struct err *err)
{
    struct runner *runner = watch->runner;
    size_t primary =
        definition->target != BOOK_NONE ? runner->book->targets[definition->target].of : BOOK_NONE;
    enum target_engine engine = definition->target != BOOK_NONE
                                    ? runner->book->targets[definition->target].engine
                                    : ENGINE_POSTGRESQL;

    watch->definition = definition;
    watch->config = (struct monitor_config){
        .id = definition->id,
        .type = types[definition->kind],
        .engine = engines[engine].engine,
        .driver = definition->target != BOOK_NONE ? runner->servers[definition->target].driver : NULL,
        .primary = primary != BOOK_NONE ? runner->servers[primary].driver : NULL,
        .heartbeat = definition->heartbeat,
        .heartbeat_table = definition->heartbeat ? heartbeat_table(runner, engine) : NULL,
        .application_prefix = runner->application_prefix,
        .every_us = definition->every_us,
        .sql = definition->sql,
    };
    if (!definition->http)
        return 0;
    watch->config.url = definition->http->url;
    watch->config.pointer = definition->http->pointer;
    return runner_http(runner, &watch->config.http, err);
}

/* Recorded before anything is made: a heartbeat is an effect, if a small one. */
static void tell_monitor(struct runner *runner, const char *id, enum choice choice, const char *text)
{
    struct input input = {
        .type = INPUT_MONITOR, .now = clock_now(), .subject = id, .choice = choice, .text = text
    };

    runner_take(runner, &input);
}

int watches_start(struct runner *runner, struct err *err)
{
    runner->watches = arena_array(runner->arena, runner->book->monitor_count + 1, sizeof(*runner->watches));
    for (size_t i = 0; i < runner->book->monitor_count; i++) {
        struct watch *watch = &runner->watches[i];
        int r;

        watch->runner = runner;
        r = prepare(watch, &runner->book->monitors[i], err);
        if (r < 0)
            return r;
        tell_monitor(runner, watch->definition->id, CHOICE_YES,
                     watch->config.heartbeat ? arena_format(runner->arena, "makes %s on the primary",
                                                            watch->config.heartbeat_table)
                                             : "reads only");
        if (runner->halted)
            return err_set(err, ERR_IO, "the journal cannot be written");
        r = monitor_create(&runner->loop, &watch->config, on_sample, watch, &watch->monitor, err);
        if (r < 0)
            return r;
    }
    return 0;
}

void watches_pace(struct runner *runner)
{
    bool fast = sql_is_running(runner);

    /* Setting a pace begins its interval anew: done over and over it would never sample. */
    if (fast == runner->watching_fast)
        return;
    runner->watching_fast = fast;
    for (size_t i = 0; runner->watches && i < runner->book->monitor_count; i++) {
        struct watch *watch = &runner->watches[i];

        if (watch->monitor && watch->definition->kind == MONITOR_LOCKS)
            monitor_pace(watch->monitor, fast ? FAST_PACE_US : 0);
    }
}

/* ---- the end ---- */

static void on_stopped(void *data, const char *left_behind)
{
    struct watch *watch = data;
    struct runner *runner = watch->runner;

    if (watch->config.heartbeat)
        tell_monitor(runner, watch->definition->id, CHOICE_NO,
                     left_behind ? left_behind : "removed what it had made");
    runner->watches_stopping--;
    runner_end_if_due(runner);
}

void watches_stop(struct runner *runner)
{
    size_t count = 0;

    for (size_t i = 0; runner->watches && i < runner->book->monitor_count; i++)
        count += runner->watches[i].monitor != NULL;
    runner->watches_stopping = count;
    for (size_t i = 0; count > 0 && i < runner->book->monitor_count; i++) {
        if (runner->watches[i].monitor)
            monitor_stop(runner->watches[i].monitor, STOP_LIMIT_US, on_stopped, &runner->watches[i]);
    }
}

void watches_destroy(struct runner *runner)
{
    for (size_t i = 0; runner->watches && i < runner->book->monitor_count; i++) {
        monitor_destroy(runner->watches[i].monitor);
        runner->watches[i].monitor = NULL;
    }
}
