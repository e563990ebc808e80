#include "driver/postgresql_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "driver/postgresql.h"

#define SAMPLE_MS 5
/* The job waits for an errand. */
#define ERRAND_MS 5000
#define SQL_MAX   4096

/* Those that make somebody wait who only reads, writes or vacuums; the weakest first. */
static const char *const modes[] = { "",
                                     "ShareUpdateExclusiveLock",
                                     "ShareLock",
                                     "ShareRowExclusiveLock",
                                     "ExclusiveLock",
                                     "AccessExclusiveLock" };
#define STRONGEST (ARRAY_LEN(modes) - 1)

struct relation {
    uint32_t oid, file;
    bool index, rewritten, committing; /* seen before the commit */
    size_t mode;
    int64_t queued;
    char *name;
};

enum question { ASKS_NOTHING, ASKS_BEFORE, ASKS_LOCKS, ASKS_AFTER };

struct pg_watch {
    char name[POSTGRESQL_NAME_MAX + 1]; /* of its session; cut as the server would */
    struct pg_link *link;
    uv_timer_t sample, limit;
    int handles;
    int64_t pid;
    void (*reached)(void *data);
    void *data;
    bool up, on_errand, sampling, closed;
    enum pg_watch_errand errand;
    enum question out;          /* what the server is asked */
    bool out_for_errand;        /* and not for a sample that was under way when the errand came */
    struct relation *relations; /* by oid */
    size_t count, capacity;
    char *trouble;
};

/* ---- ends ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct pg_watch *watch = handle->data;
    if (--watch->handles > 0)
        return;
    for (size_t i = 0; i < watch->count; i++)
        free(watch->relations[i].name);
    free(watch->relations);
    free(watch->trouble);
    free(watch);
}

void pg_watch_close(struct pg_watch *watch)
{
    if (watch == NULL || watch->closed)
        return;
    watch->closed = true;
    pg_link_close(watch->link);
    watch->link = NULL;
    uv_close((uv_handle_t *)&watch->sample, on_handle_closed);
    uv_close((uv_handle_t *)&watch->limit, on_handle_closed);
}

static void reach(struct pg_watch *watch)
{
    watch->on_errand = false;
    watch->sampling = watch->trouble == NULL && watch->errand == WATCH_BEFORE;
    uv_timer_stop(&watch->limit);
    watch->reached(watch->data);
}

static void fail(struct pg_watch *watch, const char *why)
{
    if (watch->trouble == NULL)
        watch->trouble = mem_text(why != NULL && why[0] != '\0' ? why : "the connection broke");
    uv_timer_stop(&watch->sample);
    pg_link_close(watch->link);
    watch->link = NULL;
    watch->up = watch->sampling = false;
    watch->out = ASKS_NOTHING;
    if (watch->on_errand)
        reach(watch);
}

static void on_limit(uv_timer_t *timer)
{
    struct pg_watch *watch = timer->data;
    fail(watch, watch->trouble != NULL ? watch->trouble
                : watch->up            ? "no answer in time"
                                       : "not connected in time");
}

/* ---- questions ---- */

static const char relations_sql[] =
    "SELECT c.oid, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0), c.relkind IN ('i', 'I'),"
    " pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
    " WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I') ORDER BY c.oid";

/* Who waits for a lock that the job has, or waits for itself, is queued behind it. */
static void send_locks(struct pg_watch *watch)
{
    struct buf sql;
    buf_init(&sql, SQL_MAX);
    buf_format(&sql,
               "SELECT l.relation, l.mode, l.granted, (SELECT count(*) FROM pg_catalog.pg_locks w"
               " WHERE w.locktype = 'relation' AND NOT w.granted AND w.database = l.database"
               " AND w.relation = l.relation AND w.pid <> l.pid"
               " AND l.pid = ANY (pg_catalog.pg_blocking_pids(w.pid)))"
               " FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.pid = %" PRId64
               " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
               " WHERE datname = pg_catalog.current_database())",
               watch->pid);
    pg_link_send(watch->link, buf_str(&sql));
    buf_finish(&sql);
}

static void send_question(struct pg_watch *watch, enum question question)
{
    watch->out = question;
    watch->out_for_errand = watch->on_errand;
    if (question == ASKS_LOCKS)
        send_locks(watch);
    else
        pg_link_send(watch->link, relations_sql);
}

static void on_sample(uv_timer_t *timer)
{
    struct pg_watch *watch = timer->data;
    if (watch->up && watch->out == ASKS_NOTHING && watch->sampling)
        send_question(watch, ASKS_LOCKS);
}

static void next_question(struct pg_watch *watch)
{
    static const enum question of[] = {
        [WATCH_BEFORE] = ASKS_BEFORE, [WATCH_LOOK] = ASKS_LOCKS, [WATCH_AFTER] = ASKS_AFTER
    };
    if (!watch->up || watch->out != ASKS_NOTHING)
        return;
    if (watch->on_errand)
        send_question(watch, of[watch->errand]);
    else if (watch->sampling)
        uv_timer_start(&watch->sample, on_sample, SAMPLE_MS, 0);
}

/* ---- answers ---- */

static int by_oid(const void *key, const void *item)
{
    uint32_t oid = *(const uint32_t *)key, other = ((const struct relation *)item)->oid;
    return oid < other ? -1 : oid > other;
}

static struct relation *find(struct pg_watch *watch, const PGresult *res, int row)
{
    uint32_t oid = (uint32_t)strtoul(PQgetvalue(res, row, 0), NULL, 10);
    if (watch->count == 0)
        return NULL;
    return bsearch(&oid, watch->relations, watch->count, sizeof(*watch->relations), by_oid);
}

static void take_before(struct pg_watch *watch, const PGresult *res, int row)
{
    if (watch->count == watch->capacity) {
        watch->capacity = watch->capacity == 0 ? 64 : watch->capacity * 2;
        watch->relations = mem_realloc(watch->relations, watch->capacity * sizeof(*watch->relations));
    }
    watch->relations[watch->count++] = (struct relation){
        .oid = (uint32_t)strtoul(PQgetvalue(res, row, 0), NULL, 10),
        .file = (uint32_t)strtoul(PQgetvalue(res, row, 1), NULL, 10),
        .index = PQgetvalue(res, row, 2)[0] == 't',
        .name = mem_text(PQgetvalue(res, row, 3)),
    };
}

/* What was not there before is nobody's but the job's. Of an index only that is of interest which makes those
 * wait who use its table; other locks on it come with any statement. */
static void take_lock(struct pg_watch *watch, const PGresult *res, int row)
{
    struct relation *relation = find(watch, res, row);
    bool granted = PQgetvalue(res, row, 2)[0] == 't';
    int64_t queued = strtoll(PQgetvalue(res, row, 3), NULL, 10);
    if (relation == NULL)
        return;
    relation->queued = queued > relation->queued ? queued : relation->queued;
    for (size_t mode = STRONGEST; granted && mode > 0; mode--) {
        if (strcmp(PQgetvalue(res, row, 1), modes[mode]) != 0 || (relation->index && mode < STRONGEST))
            continue;
        relation->mode = mode > relation->mode ? mode : relation->mode;
        relation->committing |= watch->out_for_errand;
    }
}

/* Indexes are rewritten with their table, or built anew: that is no news of them. */
static void take_after(struct pg_watch *watch, const PGresult *res, int row)
{
    struct relation *relation = find(watch, res, row);
    uint32_t file = (uint32_t)strtoul(PQgetvalue(res, row, 1), NULL, 10);
    if (relation != NULL && !relation->index && relation->file != 0 && file != relation->file)
        relation->rewritten = true;
}

static void on_result(void *data, PGresult *res)
{
    struct pg_watch *watch = data;
    ExecStatusType status = PQresultStatus(res);
    if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
        if (watch->trouble == NULL)
            watch->trouble = mem_text(PQresultErrorMessage(res));
        return;
    }
    for (int row = 0; row < PQntuples(res); row++) {
        if (watch->out == ASKS_BEFORE)
            take_before(watch, res, row);
        else if (watch->out == ASKS_LOCKS)
            take_lock(watch, res, row);
        else
            take_after(watch, res, row);
    }
}

static void on_ready(void *data)
{
    struct pg_watch *watch = data;
    bool reached = watch->on_errand && watch->out_for_errand;
    watch->out = ASKS_NOTHING;
    if (watch->trouble != NULL) {
        fail(watch, watch->trouble);
        return;
    }
    if (reached)
        reach(watch);
    if (!watch->closed)
        next_question(watch);
}

static void on_up(void *data)
{
    struct pg_watch *watch = data;
    watch->up = true;
    next_question(watch);
}

static void on_down(void *data, const struct failure *failure)
{
    fail(data, failure->message);
}

static void on_notice(void *data, const PGresult *res)
{
    (void)data; /* none of its questions raises one */
    (void)res;
}

static const struct pg_link_events link_events = { on_up, on_down, on_result, on_ready, on_notice };

/* ---- for the job ---- */

struct pg_watch *pg_watch_open(uv_loop_t *loop, const struct driver_target *target, int64_t pid,
                               void (*reached)(void *data), void *data)
{
    struct pg_watch *watch = mem_alloc(sizeof(*watch));
    watch->pid = pid;
    watch->reached = reached;
    watch->data = data;
    watch->handles = 2;
    uv_timer_init(loop, &watch->sample);
    uv_timer_init(loop, &watch->limit);
    watch->sample.data = watch->limit.data = watch;
    /* Not that of the job: whoever looks for what a step left at work must not find who only looks on. */
    (void)snprintf(watch->name, sizeof(watch->name), "%s:locks", target->application_name);
    watch->link = pg_link_open(loop, target, watch->name, &link_events, watch);
    return watch;
}

void pg_watch_go(struct pg_watch *watch, enum pg_watch_errand errand)
{
    watch->errand = errand;
    watch->on_errand = true;
    watch->sampling = false;
    uv_timer_stop(&watch->sample);
    uv_timer_start(&watch->limit, on_limit, watch->trouble == NULL ? ERRAND_MS : 0, 0);
    if (watch->trouble == NULL)
        next_question(watch);
}

const char *pg_watch_trouble(const struct pg_watch *watch)
{
    return watch->trouble;
}

void pg_watch_tell(const struct pg_watch *watch, void (*locked)(void *data, const struct driver_lock *lock),
                   void *data)
{
    for (size_t i = 0; i < watch->count; i++) {
        const struct relation *relation = &watch->relations[i];
        struct driver_lock lock = {
            .relation = relation->name,
            .mode = modes[relation->mode],
            .seen = relation->mode == 0    ? ""
                    : relation->committing ? "before commit"
                                           : "sampled",
            .rewritten = relation->rewritten,
            .queued = relation->queued,
        };
        if (relation->mode > 0 || relation->rewritten)
            locked(data, &lock);
    }
}
