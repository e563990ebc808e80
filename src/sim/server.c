#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/postgresql.h"
#include "server.h"

/*
 * The servers: jobs on backends. What was sent goes on without the runner: its effect happens when it
 * happens, whoever has died meanwhile. A transaction has an effect only when its COMMIT was sent.
 */

extern __typeof__(driver_postgresql_create) FAKE(driver_postgresql_create);
extern __typeof__(postgresql_dsn_check) FAKE(postgresql_dsn_check);
extern __typeof__(postgresql_identifier) FAKE(postgresql_identifier);
extern __typeof__(postgresql_literal) FAKE(postgresql_literal);

static struct backend *backends;
static int64_t last_pid;

void backends_create(void)
{
    backends = NULL;
    last_pid = 1000;
    sessions_forget();
    batches_create();
}

int64_t backends_next_pid(void)
{
    return ++last_pid;
}

/* ---- the end of a job ---- */

static void on_gone(void *data)
{
    struct backend *backend = data;
    backend->stage = BACKEND_GONE;
}

static void on_done(void *data)
{
    struct backend *backend = data;
    struct driver_result result = backend->result;
    char name[128] = "";
    backend->stage = BACKEND_GONE;
    if (!backend->attached)
        return;
    backend->attached = false;
    if (backend->left)
        (void)snprintf(name, sizeof(name), "\"public\".\"left_%s\"", backend->def->step->id);
    result.message = result.status == DRIVER_OK ? "" : driver_status_word(result.status);
    result.detail = result.hint = "";
    result.leftover = name;
    result.value = "1";
    world_trace("job %s: %s%s%s", backend->def->step->id, driver_status_word(result.status),
                result.clean ? ", clean" : "", backend->left ? ", leftover" : "");
    backend->events->done(backend->data, &result);
}

static void answer_in(struct backend *backend, int64_t us, enum driver_status status, bool clean,
                      const char *code)
{
    backend->result = (struct driver_result){ .status = status, .clean = clean };
    memcpy(backend->result.code, code, strlen(code) + 1);
    due_in(us, true, on_done, backend);
}

/* ---- the server carries it out ---- */

static bool works_in_parts(const struct backend *backend)
{
    return backend->parts;
}

/* An error leaves a part behind only where there are parts. */
static void fail(struct backend *backend, enum driver_status status, const char *code)
{
    bool parts = works_in_parts(backend) && !backend->cleans && chance(500);
    bool clean = !parts || chance(500);
    backend->left = parts && (clean || chance(500));
    if (backend->left)
        backend->def->leftover = true;
    if (!clean)
        truth_effect(backend->def, true);
    answer_in(backend, chance_us(0, 5 * MS_US), status, clean && status != DRIVER_OK, code);
}

static void succeed(struct backend *backend)
{
    if (backend->cleans) {
        backend->def->leftover = false;
    } else {
        truth_effect(backend->def, false);
        if (world_broken(BREAK_TWICE) && chance(200))
            truth_effect(backend->def, false);
    }
    if (world_broken(BREAK_CLEAN) && chance(200))
        answer_in(backend, 0, DRIVER_RETRYABLE, true, "40001");
    else
        answer_in(backend, chance_us(0, 5 * MS_US), DRIVER_OK, false, "");
}

static void on_worked(void *data)
{
    struct backend *backend = data;
    backend->stage = BACKEND_IDLE;
    if (backend->stopped)
        fail(backend, DRIVER_CANCELLED, "57014");
    else if (backend->plan == PLAN_ERROR)
        fail(backend, DRIVER_REJECTED, "42P01");
    else if (backend->plan == PLAN_LOCK && !works_in_parts(backend))
        answer_in(backend, chance_us(0, 5 * MS_US), DRIVER_RETRYABLE, true, "55P03");
    else if (backend->plan == PLAN_TIMEOUT)
        fail(backend, DRIVER_TIMED_OUT, "57014");
    else
        succeed(backend);
    if (!backend->attached)
        backend->stage = BACKEND_GONE;
}

/* The connection breaks; the server may come to know of it late, or not at all. */
static void on_broken(void *data)
{
    struct backend *backend = data;
    if (!backend->attached || backend->stage != BACKEND_WORKING)
        return;
    bool could = !backend->transaction || backend->committed;
    backend->attached = false;
    world_trace("connection of %s broke%s", backend->def->step->id, could ? ", statement out" : "");
    if (!could) {
        due_forget(backend);
        due_in(chance_us(0, 2 * SECOND_US), false, on_gone, backend);
    } else if (chance(300)) { /* it never came to it */
        due_forget(backend);
        backend->stage = BACKEND_GONE;
    }
    struct driver_result result = { .status = could ? DRIVER_AMBIGUOUS : DRIVER_LOST,
                                    .clean = !could,
                                    .message = "server closed the connection",
                                    .detail = "",
                                    .hint = "",
                                    .leftover = "" };
    if (!world_broken(BREAK_ANSWER))
        backend->events->done(backend->data, &result);
}

/* Most take no time at all; some wait for a lock. */
static int64_t how_long(void)
{
    return chance(200) && !world()->well ? chance_us(100 * MS_US, 5 * SECOND_US) : chance_us(0, 50 * MS_US);
}

static void on_commit(void *data)
{
    struct backend *backend = data;
    backend->committed = true;
    due_in(how_long(), false, on_worked, backend); /* a COMMIT may wait, too: for a standby */
}

static enum plan make_plan(void)
{
    return chance_fault(60)   ? PLAN_LOCK
           : chance_fault(40) ? PLAN_ERROR
           : chance_fault(30) ? PLAN_TIMEOUT
                              : PLAN_OK;
}

static void on_send(void *data)
{
    struct backend *backend = data;
    int64_t takes_us = how_long();
    if (backend->stopped) {
        answer_in(backend, 0, DRIVER_CANCELLED, true, "57014");
        return;
    }
    backend->stage = BACKEND_WORKING;
    backend->plan = make_plan();
    backend->waits = takes_us > 300 * MS_US;
    if (backend->transaction)
        due_in(takes_us, true, on_commit, backend);
    else
        due_in(takes_us, false, on_worked, backend);
    if (chance_fault(60))
        due_in(chance_us(0, takes_us + 10 * MS_US), true, on_broken, backend);
}

static void on_connected(void *data)
{
    struct backend *backend = data;
    if (backend->stopped) {
        answer_in(backend, 0, DRIVER_CANCELLED, true, "");
        return;
    }
    if (chance_fault(40)) {
        answer_in(backend, 0, chance(500) ? DRIVER_LOST : DRIVER_AUTH, true, "");
        return;
    }
    backend->stage = BACKEND_IDLE;
    backend->pid = backends_next_pid();
    due_in(chance_us(0, 2 * MS_US), true, on_send, backend);
    backend->events->identified(backend->data, backend->pid);
    if (chance(300))
        backend->events->settings(backend->data, "lock_timeout 500ms, statement_timeout 10s");
    if (chance(50))
        backend->events->notice(backend->data, "NOTICE 42P07: it is there already");
}

/* ---- the driver ---- */

static void cancel(struct driver_job *job)
{
    struct backend *backend = (struct backend *)job;
    world_called();
    if (backend->stage != BACKEND_WORKING || chance(500))
        backend->stopped = true; /* else it loses the race */
    else
        world_trace("cancel of %s comes too late", backend->def->step->id);
}

static const struct driver_impl impl;

/* What a cleaning names. */
static struct def *def_cleaned(const char *statement)
{
    struct world *w = world();
    char name[128];
    for (size_t i = 0; i < w->def_count; i++) {
        (void)snprintf(name, sizeof(name), "\"left_%s\"", w->defs[i].step->id);
        if (strstr(statement, name) != NULL)
            return &w->defs[i];
    }
    return NULL;
}

static int start(struct driver *driver, const struct driver_sql *sql, const struct driver_events *events,
                 void *data, struct driver_job **ret, struct err *err)
{
    struct def *def = def_of_sql(sql->statements);
    struct backend *backend;
    (void)driver;
    world_called();
    if (chance_fault(5))
        return err_set(err, ERR_IO, "too many open files");
    if (def != NULL)
        judge_begins(def);
    backend = mem_alloc(sizeof(*backend));
    *backend = (struct backend){ .job = { &impl },
                                 .next = backends,
                                 .attached = true,
                                 .events = events,
                                 .data = data,
                                 .transaction = sql->transaction,
                                 .parts = !sql->transaction &&
                                          (sql->count > 1 || strstr(sql->statements[0], "CONCURRENTLY")),
                                 .def = def,
                                 .cleans = def == NULL };
    if (def == NULL)
        backend->def = def_cleaned(sql->statements[0]);
    if (backend->def == NULL)
        world_failed(SIM_RULE, "a statement that nobody wrote: %s", sql->statements[0]);
    backends = backend;
    *ret = &backend->job;
    world_trace("job %s%s", backend->cleans ? "cleaning " : "", backend->def->step->id);
    due_in(chance_us(0, 20 * MS_US), true, on_connected, backend);
    world_called();
    return 0;
}

/* Backends that lost their client: what was out goes on, what waited for a COMMIT ends some time. */
void backends_runner_ended(bool machine)
{
    (void)machine;
    sessions_forget();
    batches_runner_ended();
    for (struct backend *backend = backends; backend != NULL; backend = backend->next) {
        bool waits = backend->attached && backend->stage == BACKEND_WORKING;
        backend->attached = false;
        if (backend->stage == BACKEND_CONNECTING)
            backend->stage = BACKEND_GONE;
        if (backend->stage == BACKEND_IDLE)
            due_in(chance_us(0, SECOND_US), false, on_gone, backend);
        if (waits && backend->transaction && !backend->committed)
            due_in(chance_us(0, 2 * SECOND_US), false, on_gone, backend);
    }
}

static void destroy(struct driver *driver)
{
    for (struct backend *backend = backends; backend != NULL; backend = backend->next) {
        if (!backend->attached)
            continue;
        if (backend->stage != BACKEND_GONE)
            world_failed(SIM_RULE, "the runner ended while it %s %s",
                         backend->cleans ? "cleaned up after" : "carried out", backend->def->step->id);
        if (backend->stage != BACKEND_WORKING || (backend->transaction && !backend->committed))
            due_forget(backend);
    }
    backends_runner_ended(false);
    free(driver);
}

/* Its backends say by their name whose they are. */
static bool has(const struct driver *driver, int64_t backend)
{
    (void)driver;
    (void)backend;
    return false;
}

static const struct driver_impl impl = { .name = "sim",
                                         .start = start,
                                         .cancel = cancel,
                                         .session_open = sessions_open,
                                         .has = has,
                                         .destroy = destroy };

struct driver *FAKE(driver_postgresql_create)(uv_loop_t *loop, const struct driver_target *target)
{
    struct reached *reached = mem_alloc(sizeof(*reached));
    (void)loop;
    *reached = (struct reached){ .driver = { &impl }, .in_recovery = strcmp(target->id, "replica") == 0 };
    return &reached->driver;
}

static bool is_seen(const struct backend *backend)
{
    return backend->stage == BACKEND_IDLE || backend->stage == BACKEND_WORKING;
}

bool backends_busy(void)
{
    for (const struct backend *backend = backends; backend != NULL; backend = backend->next) {
        if (is_seen(backend) && !backend->attached)
            return true;
    }
    return batches_busy();
}

const struct backend *backends_next(const struct backend *before)
{
    const struct backend *backend = before != NULL ? before->next : backends;
    while (backend != NULL && (backend->stage != BACKEND_WORKING || !backend->attached || backend->cleans))
        backend = backend->next;
    return backend;
}

bool backends_at_work(const struct def *def)
{
    for (const struct backend *backend = backends; backend != NULL; backend = backend->next) {
        if (backend->def == def && !backend->cleans && !backend->attached &&
            backend->stage == BACKEND_WORKING)
            return true;
    }
    return false;
}

bool backends_leave_out(const char *but, int64_t pid)
{
    char text[32];
    (void)snprintf(text, sizeof(text), " %lld", (long long)pid);
    const char *at = strstr(but, text);
    return at != NULL && (at[strlen(text)] == ',' || at[strlen(text)] == ')');
}

int64_t backends_find(const char *but)
{
    int64_t found = 0;
    for (const struct backend *backend = backends; backend != NULL; backend = backend->next) {
        if (is_seen(backend) && !backends_leave_out(but, backend->pid) &&
            (found == 0 || backend->pid < found))
            found = backend->pid;
    }
    if (found == 0)
        found = batches_find(but);
    return world_broken(BREAK_SURVIVOR) ? 0 : found;
}

int FAKE(postgresql_dsn_check)(const char *dsn, struct err *err)
{
    (void)dsn;
    (void)err;
    return 0;
}

void FAKE(postgresql_identifier)(struct buf *buf, const char *name)
{
    buf_format(buf, "\"%s\"", name);
}

void FAKE(postgresql_literal)(struct buf *buf, const char *text)
{
    buf_format(buf, "'%s'", text);
}
