#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
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

/* Whom that backend of ours waits for, in `text`; "" when for nobody. */
static void say_waiting(const struct sample *sample, int64_t pid, char text[ERR_MESSAGE_MAX])
{
    text[0] = '\0';
    for (size_t i = 0; i < sample->row_count; i++) {
        const struct sample_row *row = &sample->rows[i], *blocker = blocker_of(sample, i);

        if (!row->ours || !blocker || row->cells[LOCK_WAIT][0] == '\0' ||
            strtoll(row->cells[LOCK_PID], NULL, 10) != pid)
            continue;
        /* A sentence cut at the size of a message still names the blocker, which comes first. */
        (void)snprintf(text, ERR_MESSAGE_MAX, "%s on %s, blocked by %s (%s, %s)", row->cells[LOCK_MODE],
                       row->cells[LOCK_OBJECT], blocker->cells[LOCK_PID], blocker->cells[LOCK_WHO],
                       blocker->cells[LOCK_STATE]);
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
}

_Static_assert(sizeof("tminus_heartbeat_") - 1 + RUN_ID_MAX <= POSTGRESQL_NAME_MAX,
               "two runs do not share one");

/* The name of the heartbeat's table: of this run, so that two runs do not share one. */
static const char *heartbeat_table(struct runner *runner)
{
    struct buf name;
    const char *table;

    buf_init(&name, 256);
    postgresql_identifier(&name,
                          arena_format(runner->arena, "tminus_heartbeat_%s", runner->options->frozen->run));
    table = arena_format(runner->arena, "public.%s", buf_str(&name));
    buf_finish(&name);
    return table;
}

static int prepare(struct watch *watch, const struct monitor_def *definition, struct err *err)
{
    struct runner *runner = watch->runner;
    size_t primary =
        definition->target != BOOK_NONE ? runner->book->targets[definition->target].of : BOOK_NONE;

    watch->definition = definition;
    watch->config = (struct monitor_config){
        .id = definition->id,
        .type = types[definition->kind],
        .driver = definition->target != BOOK_NONE ? runner->servers[definition->target].driver : NULL,
        .primary = primary != BOOK_NONE ? runner->servers[primary].driver : NULL,
        .heartbeat = definition->heartbeat,
        .heartbeat_table = definition->heartbeat ? heartbeat_table(runner) : NULL,
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
