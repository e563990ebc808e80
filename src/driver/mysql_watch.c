#include "driver/mysql_watch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define SAMPLE_MS  5
#define READY_MS   5000 /* the job waits for it */
#define TABLES_MAX 100000
#define LOCKS_MAX  1000
#define NAME_MAX_  256

/* Modes of metadata locks by whom they stop, the weaker first; the others stop nobody who reads or writes
 * rows. MySQL's source, sql/mdl.h, says what each is compatible with; MariaDB's has the same names. */
static const struct {
    const char *has, *word;
} modes[] = {
    { "", "" },
    { "SHARED_READ_ONLY", "SHARED" },
    { "SHARED_NO_WRITE", "SHARED" },
    { "SHARED_NO_READ_WRITE", "EXCLUSIVE" },
    { "EXCLUSIVE", "EXCLUSIVE" },
};

enum question { ASKS_MEANS, ASKS_TABLES, ASKS_LOCKS };

struct seen {
    char *name;
    size_t mode;
    int64_t queued;
};

struct my_watch {
    struct my_link *link;
    uv_timer_t sample, limit;
    int handles;
    int64_t connection;
    void (*ready)(void *data);
    void *data;
    enum question out;
    bool is_ready, closed, events;
    char **tables; /* that were there before, in order */
    size_t table_count, seen_count;
    struct seen seen[LOCKS_MAX];
    char *trouble;
};

/* ---- ends ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct my_watch *watch = handle->data;
    if (--watch->handles > 0)
        return;
    for (size_t i = 0; i < watch->table_count; i++)
        free(watch->tables[i]);
    free(watch->tables);
    free(watch->trouble);
    free(watch);
}

void my_watch_close(struct my_watch *watch)
{
    if (watch == NULL || watch->closed)
        return;
    watch->closed = true;
    my_link_close(watch->link);
    watch->link = NULL;
    uv_close((uv_handle_t *)&watch->sample, on_handle_closed);
    uv_close((uv_handle_t *)&watch->limit, on_handle_closed);
}

static void be_ready(struct my_watch *watch)
{
    uv_timer_stop(&watch->limit);
    if (watch->is_ready)
        return;
    watch->is_ready = true;
    watch->ready(watch->data);
}

static void fail(struct my_watch *watch, const char *why)
{
    if (watch->trouble == NULL)
        watch->trouble = mem_text(why != NULL && why[0] != '\0' ? why : "the connection broke");
    uv_timer_stop(&watch->sample);
    my_link_close(watch->link);
    watch->link = NULL;
    be_ready(watch);
}

static void on_limit(uv_timer_t *timer)
{
    fail(timer->data, "no answer in time");
}

/* ---- questions ---- */

static const char means_sql[] =
    "SELECT @@performance_schema AND EXISTS (SELECT 1 FROM performance_schema.setup_instruments WHERE name ="
    " 'wait/lock/metadata/sql/mdl' AND enabled = 'YES'), EXISTS (SELECT 1 FROM information_schema.plugins"
    " WHERE plugin_name = 'METADATA_LOCK_INFO' AND plugin_status = 'ACTIVE')";
static const char tables_sql[] = "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables"
                                 " WHERE table_schema NOT IN ('information_schema', 'performance_schema')";

/* Who waits for a table on which the job has a lock, or wants one, is queued behind it. */
static void put_locks(const struct my_watch *watch, struct buf *sql)
{
    if (watch->events)
        buf_format(
            sql,
            "SELECT CONCAT(m.object_schema, '.', m.object_name), CASE WHEN m.lock_status = 'GRANTED' THEN"
            " m.lock_type END, (SELECT COUNT(*) FROM performance_schema.metadata_locks w WHERE"
            " w.object_type = 'TABLE' AND w.object_schema = m.object_schema AND w.object_name ="
            " m.object_name AND w.lock_status = 'PENDING' AND w.owner_thread_id <> m.owner_thread_id)"
            " FROM performance_schema.metadata_locks m JOIN performance_schema.threads t ON t.thread_id ="
            " m.owner_thread_id WHERE m.object_type = 'TABLE' AND t.processlist_id = %" PRId64,
            watch->connection);
    else
        buf_format(sql,
                   "SELECT CONCAT(table_schema, '.', table_name), SUBSTRING(lock_mode, 5), 0 FROM"
                   " information_schema.metadata_lock_info WHERE lock_type = 'Table metadata lock' AND"
                   " thread_id = %" PRId64,
                   watch->connection);
}

static void send_question(struct my_watch *watch, enum question question)
{
    static const struct my_keep keep = { .rows = TABLES_MAX };
    struct buf sql;
    watch->out = question;
    buf_init(&sql, 4096);
    if (question == ASKS_LOCKS)
        put_locks(watch, &sql);
    else
        buf_text(&sql, question == ASKS_MEANS ? means_sql : tables_sql);
    my_link_send(watch->link, buf_str(&sql), &keep);
    buf_finish(&sql);
}

static void on_sample(uv_timer_t *timer)
{
    send_question(timer->data, ASKS_LOCKS);
}

/* ---- answers ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* performance_schema keeps telling the mode that was asked for first: of an ALTER that copies
 * SHARED_UPGRADABLE, where the plugin says SHARED_NO_WRITE (MariaDB 10.11, tried). So the plugin is asked
 * where it is there. */
static void take_means(struct my_watch *watch, const struct my_answer *said)
{
    bool answered = said->row_count == 1 && said->column_count == 2;
    bool events = answered && said->cells[0] != NULL && strcmp(said->cells[0], "1") == 0;
    bool plugin = answered && said->cells[1] != NULL && strcmp(said->cells[1], "1") == 0;
    watch->events = !plugin;
    if (events || plugin)
        send_question(watch, ASKS_TABLES);
    else
        fail(watch,
             "neither performance_schema (wait/lock/metadata/sql/mdl) nor the plugin metadata_lock_info "
             "tells of them on this server");
}

static void take_tables(struct my_watch *watch, const struct my_answer *said)
{
    if (said->counted > TABLES_MAX) {
        fail(watch, "the server has too many tables");
        return;
    }
    watch->tables = mem_array(said->row_count + 1, sizeof(*watch->tables));
    for (size_t i = 0; i < said->row_count; i++) {
        if (said->cells[i] != NULL)
            watch->tables[watch->table_count++] = mem_text(said->cells[i]);
    }
    qsort(watch->tables, watch->table_count, sizeof(*watch->tables), by_name);
    send_question(watch, ASKS_LOCKS);
    be_ready(watch);
}

static struct seen *seen_of(struct my_watch *watch, const char *name)
{
    char **table = bsearch(&name, watch->tables, watch->table_count, sizeof(*watch->tables), by_name);
    if (table == NULL) /* what was not there before is nobody's but the job's */
        return NULL;
    for (size_t i = 0; i < watch->seen_count; i++) {
        if (watch->seen[i].name == *table)
            return &watch->seen[i];
    }
    if (watch->seen_count == LOCKS_MAX)
        return NULL;
    watch->seen[watch->seen_count].name = *table;
    return &watch->seen[watch->seen_count++];
}

static void take_locks(struct my_watch *watch, const struct my_answer *said)
{
    for (size_t i = 0; said->column_count == 3 && i < said->row_count; i++) {
        const char *const *cells = &said->cells[i * 3];
        struct seen *seen = cells[0] != NULL && cells[2] != NULL ? seen_of(watch, cells[0]) : NULL;
        if (seen == NULL)
            continue;
        int64_t queued = strtoll(cells[2], NULL, 10);
        seen->queued = queued > seen->queued ? queued : seen->queued;
        for (size_t mode = ARRAY_LEN(modes); cells[1] != NULL && mode-- > seen->mode + 1;) {
            if (strcmp(cells[1], modes[mode].has) == 0)
                seen->mode = mode;
        }
    }
    if (watch->seen_count == LOCKS_MAX)
        fail(watch, "it locked too many tables");
    else
        uv_timer_start(&watch->sample, on_sample, SAMPLE_MS, 0);
}

static void on_answered(void *data, const struct my_answer *said)
{
    static void (*const take[])(struct my_watch * watch, const struct my_answer *said) = {
        [ASKS_MEANS] = take_means, [ASKS_TABLES] = take_tables, [ASKS_LOCKS] = take_locks
    };
    struct my_watch *watch = data;
    if (said->failed)
        fail(watch, said->failure.message);
    else
        take[watch->out](watch, said);
}

static void on_up(void *data)
{
    send_question(data, ASKS_MEANS);
}

static void on_down(void *data, const struct failure *failure)
{
    fail(data, failure->message);
}

/* ---- for the job ---- */

struct my_watch *my_watch_open(uv_loop_t *loop, const struct driver_target *target, int64_t connection,
                               void (*ready)(void *data), void *data)
{
    static const struct my_link_events events = { on_up, on_down, on_answered, NULL };
    struct my_watch *watch = mem_alloc(sizeof(*watch));
    struct buf name; /* not that of the job: whoever looks for what a step left must not find who looks on */
    watch->connection = connection;
    watch->ready = ready;
    watch->data = data;
    watch->handles = 2;
    uv_timer_init(loop, &watch->sample);
    uv_timer_init(loop, &watch->limit);
    watch->sample.data = watch->limit.data = watch;
    uv_timer_start(&watch->limit, on_limit, READY_MS, 0);
    buf_init(&name, NAME_MAX_);
    buf_format(&name, "%s:locks", target->application_name);
    const struct my_manner manner = { .application_name = buf_str(&name) };
    watch->link = my_link_open(loop, target, &manner, &events, watch);
    buf_finish(&name);
    return watch;
}

const char *my_watch_trouble(const struct my_watch *watch)
{
    return watch->trouble;
}

const char *my_watch_untold(const struct my_watch *watch)
{
    return watch->events
               ? "locks were seen as they were first asked for: that an ALTER or LOCK TABLES ... READ kept "
                 "writers out, and whether a table was written anew, is not told by performance_schema"
               : "whether it wrote a table anew, and who waited behind its locks, is not told by "
                 "metadata_lock_info";
}

void my_watch_tell(const struct my_watch *watch, void (*locked)(void *data, const struct driver_lock *lock),
                   void *data)
{
    for (size_t i = 0; i < watch->seen_count; i++) {
        const struct driver_lock lock = { .relation = watch->seen[i].name,
                                          .mode = modes[watch->seen[i].mode].word,
                                          .seen = "sampled",
                                          .queued = watch->seen[i].queued };
        if (watch->seen[i].mode > 0)
            locked(data, &lock);
    }
}
