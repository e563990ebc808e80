/*
 * Lock waits of MySQL and MariaDB. First the cheap look: does anybody wait, for metadata or for a row? Only
 * then who, and for whom (mysql_waits.c). What tells of row locks stops a busy server for as long as it is
 * read, so it is read at most every 5 s, and earlier only for a session of ours that waits;
 * performance_schema's data_locks, which lists all locks, is never read.
 *
 * Tried on MariaDB 10.11.19 and MySQL 9.7.4; what is for MySQL 8.0 is the same text, from its manual
 * (27.12.13.2 "The data_lock_waits Table", 27.12.13.3 "The metadata_locks Table").
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "driver/mysql.h"
#include "monitor/kind.h"
#include "monitor/mysql.h"
#include "monitor/mysql_copy.h"
#include "monitor/mysql_waits.h"

#define SESSIONS_MAX 512
#define METADATA_MAX 4000
#define ROWS_MAX     2000

#define ROWS_EVERY_US  (5 * SECOND_US)
#define ROWS_URGENT_US SECOND_US

enum first_column { F_SEES, F_USER, F_METADATA, F_ROWS };
enum session_column {
    OWN,
    PID,
    WHO,
    STATE,
    XACT,
    WAIT,
    DATABASE,
    QUERY,
    SERVER,
    OURS,
    METADATA,
    ROW_LOCK,
    EVENTS,
    PLUGIN
};
enum metadata_column { M_PID, M_KIND, M_SCHEMA, M_NAME, M_MODE, M_HELD };
enum row_column { W_WAITER, W_BLOCKER, W_LOCK, W_MODE, W_OBJECT };

struct locks {
    struct mysql_copy copy;
    bool old;            /* what the copy says is not used */
    int64_t row_waits;   /* as the server counts them */
    struct arena *arena; /* of what was read for the sample that is being made */
    struct mysql_waits waits;
    struct mysql_metadata_lock *metadata;
    size_t waiting;
    bool events, plugin; /* metadata locks are told of by performance_schema; by a plugin of MariaDB */
    bool metadata_wait, cut;
    /* of row locks, until they are read again */
    struct arena *rows_arena;
    struct mysql_row_wait *rows;
    size_t row_count;
    int64_t rows_read_us; /* boot clock; 0: never */
};

#define IS_METADATA_WAIT "p.state LIKE 'Waiting for % lock'"

/* ---- does anybody wait? ---- */

static void first_question(const struct monitor *monitor, struct buf *sql)
{
    buf_text(sql,
             "SELECT " MYSQL_SEES
             ", (SELECT count(*) FROM information_schema.processlist p WHERE " IS_METADATA_WAIT " AND NOT ");
    mysql_sql_monitors(sql, monitor, "p.info");
    buf_format(sql,
               "), (SELECT variable_value FROM %s WHERE variable_name = 'Innodb_row_lock_current_waits')",
               mysql_status_table(monitor->session));
}

/* ---- who? ---- */

/* How long a statement has run: nothing tells since when it waits. */
static const struct mysql_text statement_us[] = {
    { MYSQL_FLAVOUR, 0, "p.time * 1000000" },
    { MARIADB_FLAVOUR, 0, "cast(p.time_ms * 1000 AS signed)" },
};

/* A text with a byte of zero would not be answered. */
#define SQL_TEXT "replace(left(p.info, 2000), char(0 USING utf8mb4), ' ')"

static void session_question(const struct monitor *monitor, struct buf *sql)
{
    struct locks *locks = monitor->state;
    buf_text(sql, "SELECT ");
    mysql_copy_own(&locks->copy, sql, "p.id");
    buf_text(sql, " AS own, p.id, concat(coalesce(concat(p.db, ', '), ''), p.user, '@', p.host),"
                  " CASE WHEN p.command = 'Sleep' AND t.trx_id IS NOT NULL THEN 'idle in tx'"
                  " WHEN p.command = 'Sleep' THEN 'idle' ELSE 'active' END, " MYSQL_TRX_AGE ", ");
    buf_text(sql, mysql_text_for(statement_us, ARRAY_LEN(statement_us), monitor->session));
    buf_text(sql, ", p.db, " SQL_TEXT ", ");
    mysql_sql_server(sql, monitor->session);
    buf_text(sql, ", ");
    mysql_sql_ours(sql, monitor, "p.info");
    buf_text(
        sql,
        ", " IS_METADATA_WAIT ", CASE WHEN t.trx_state = 'LOCK WAIT' THEN"
        " coalesce(t.trx_requested_lock_id, '') END, @@performance_schema AND (EXISTS (SELECT 1 FROM"
        " information_schema.user_privileges WHERE privilege_type = 'SELECT' AND grantee = " MYSQL_GRANTEE
        ") OR EXISTS (SELECT 1 FROM information_schema.schema_privileges WHERE privilege_type = 'SELECT' AND"
        " table_schema LIKE 'performance%schema' AND grantee = " MYSQL_GRANTEE
        ")), EXISTS (SELECT 1 FROM information_schema.plugins WHERE plugin_name = 'METADATA_LOCK_INFO'"
        " AND plugin_status = 'ACTIVE') FROM information_schema.processlist p"
        " LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id AND p.id <> 0"
        " WHERE p.command NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID', 'Slave_IO', 'Slave_SQL')"
        " AND (p.id = connection_id() OR NOT ");
    mysql_sql_monitors(sql, monitor, "p.info");
    buf_text(sql,
             ") ORDER BY own IS NULL, (" IS_METADATA_WAIT ") IS TRUE OR t.trx_state <=> 'LOCK WAIT' DESC,"
             " t.trx_id IS NULL, p.id");
    buf_format(sql, " LIMIT %d", SESSIONS_MAX + 1);
}

static bool is_one(const struct answer *answer, size_t row, size_t column)
{
    const char *text = answer->cell(answer, row, column);
    return text != NULL && strcmp(text, "1") == 0;
}

static const char *kept(const struct locks *locks, const struct answer *answer, size_t row, size_t column)
{
    return arena_text(locks->arena, answer->cell(answer, row, column));
}

static int64_t number(const char *text)
{
    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* Row 0 is our own. */
static void keep_session(struct locks *locks, const struct answer *answer, size_t i)
{
    struct mysql_session *session = &locks->waits.sessions[i - 1];
    session->said = (struct lock_session){ .pid = kept(locks, answer, i, PID),
                                           .who = kept(locks, answer, i, WHO),
                                           .state = kept(locks, answer, i, STATE),
                                           .xact_us = kept(locks, answer, i, XACT),
                                           .query = kept(locks, answer, i, QUERY),
                                           .start = kept(locks, answer, i, SERVER) };
    session->pid = number(session->said.pid);
    session->database = kept(locks, answer, i, DATABASE);
    session->statement = session->said.query;
    session->ours = is_one(answer, i, OURS);
    session->waits_metadata = is_one(answer, i, METADATA);
    if (locks->old) {
        session->said.xact_us = NULL;
        if (text_equal(session->said.state, "idle in tx"))
            session->said.state = "idle";
    } else {
        session->row_lock = kept(locks, answer, i, ROW_LOCK);
    }
    if (!session->waits_metadata && session->row_lock == NULL)
        return;
    locks->waiting++;
    session->said.wait_us = kept(locks, answer, i, WAIT);
    session->waited_us = number(session->said.wait_us);
}

/* ---- which metadata locks? ---- */

/* Of what somebody waits for, which is all that matters. MariaDB 10.11 has no word for SHARED_READ_ONLY
 * there. */
static const char events_sql[] =
    "SELECT t.processlist_id, m.object_type, m.object_schema, m.object_name,"
    " coalesce(nullif(m.lock_type, ''), 'SHARED_READ_ONLY'),"
    " m.lock_status = 'GRANTED' FROM performance_schema.metadata_locks m"
    " JOIN performance_schema.threads t ON t.thread_id = m.owner_thread_id"
    " WHERE t.processlist_id IS NOT NULL AND (m.object_type, coalesce(m.object_schema, ''),"
    " coalesce(m.object_name, '')) IN (SELECT w.object_type, coalesce(w.object_schema, ''),"
    " coalesce(w.object_name, '') FROM performance_schema.metadata_locks w WHERE w.lock_status = 'PENDING')";

/* MariaDB's plugin has those that are held; its words are made those of the other. */
static const char plugin_sql[] =
    "SELECT thread_id, CASE lock_type WHEN 'Table metadata lock' THEN 'TABLE' ELSE lock_type END,"
    " table_schema, table_name, replace(lock_mode, 'MDL_', ''), 1"
    " FROM information_schema.metadata_lock_info WHERE lock_type = 'Table metadata lock'";

static void metadata_question(const struct locks *locks, struct buf *sql)
{
    buf_format(sql, "%s%s%s LIMIT %d", locks->events ? events_sql : "",
               locks->events && locks->plugin ? " UNION " : "", locks->plugin ? plugin_sql : "",
               METADATA_MAX);
}

static void keep_metadata(struct locks *locks, const struct answer *answer)
{
    locks->metadata = arena_array(locks->arena, answer->row_count + 1, sizeof(*locks->metadata));
    for (size_t i = 0; i < answer->row_count; i++)
        locks->metadata[i] = (struct mysql_metadata_lock){
            .pid = number(answer->cell(answer, i, M_PID)),
            .kind = kept(locks, answer, i, M_KIND),
            .schema = kept(locks, answer, i, M_SCHEMA),
            .name = kept(locks, answer, i, M_NAME),
            .mode = kept(locks, answer, i, M_MODE),
            .held = is_one(answer, i, M_HELD),
        };
    locks->waits.metadata = locks->metadata;
    locks->waits.metadata_count = answer->row_count;
    locks->cut = locks->cut || answer->row_count == METADATA_MAX;
}

/* ---- which row locks? ---- */

/* A blocker that itself waits for the same lock only stands before it in the queue; there are many of them,
 * and only ours matter. */
#define ONLY_HOLDERS "b.trx_requested_lock_id IS NULL OR b.trx_requested_lock_id <> "

static const struct mysql_text row_texts[] = {
    { MYSQL_FLAVOUR, 0,
      "SELECT r.trx_mysql_thread_id, b.trx_mysql_thread_id, w.requested_lock_id, l.lock_mode,"
      " concat(replace(replace(l.lock_table, '`', ''), '\"', ''), ' row') FROM "
      "information_schema.innodb_lock_waits w"
      " JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_trx_id"
      " JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_trx_id"
      " LEFT JOIN information_schema.innodb_locks l ON l.lock_id = w.requested_lock_id"
      " WHERE (" ONLY_HOLDERS "w.blocking_lock_id" },
    /* In an order of its own MySQL 9.7 looks the waits up for each two transactions: 2 s of 64 that wait,
     * instead of 10 ms. */
    { MYSQL_FLAVOUR, 80001,
      "SELECT STRAIGHT_JOIN r.trx_mysql_thread_id, b.trx_mysql_thread_id, w.requesting_engine_lock_id, NULL, "
      "NULL"
      " FROM performance_schema.data_lock_waits w"
      " JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_engine_transaction_id"
      " JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_engine_transaction_id"
      " WHERE (" ONLY_HOLDERS "w.blocking_engine_lock_id" },
    { MARIADB_FLAVOUR, 0,
      "SELECT r.trx_mysql_thread_id, b.trx_mysql_thread_id, w.requested_lock_id, l.lock_mode,"
      " concat(replace(replace(l.lock_table, '`', ''), '\"', ''), ' row') FROM "
      "information_schema.innodb_lock_waits w"
      " JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_trx_id"
      " JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_trx_id"
      " LEFT JOIN information_schema.innodb_locks l ON l.lock_id = w.requested_lock_id"
      " WHERE (" ONLY_HOLDERS "w.blocking_lock_id" },
};

static void row_question(const struct monitor *monitor, struct buf *sql)
{
    buf_format(sql, "%s OR ", mysql_text_for(row_texts, ARRAY_LEN(row_texts), monitor->session));
    mysql_sql_ours(sql, monitor, "b.trx_query");
    buf_format(sql, ") LIMIT %d", ROWS_MAX);
}

static void keep_rows(struct locks *locks, const struct answer *answer)
{
    arena_destroy(locks->rows_arena);
    locks->rows_arena = arena_create();
    locks->rows = arena_array(locks->rows_arena, answer->row_count + 1, sizeof(*locks->rows));
    locks->row_count = answer->row_count;
    locks->rows_read_us = clock_now().boot_us;
    for (size_t i = 0; i < answer->row_count; i++)
        locks->rows[i] = (struct mysql_row_wait){
            .waiter = number(answer->cell(answer, i, W_WAITER)),
            .blocker = number(answer->cell(answer, i, W_BLOCKER)),
            .row_lock = arena_text(locks->rows_arena, answer->cell(answer, i, W_LOCK)),
            .mode = arena_text(locks->rows_arena, answer->cell(answer, i, W_MODE)),
            .object = arena_text(locks->rows_arena, answer->cell(answer, i, W_OBJECT)),
        };
    locks->cut = locks->cut || answer->row_count == ROWS_MAX;
}

static bool is_explained(const struct locks *locks, const struct mysql_session *session)
{
    for (size_t i = 0; i < locks->row_count; i++) {
        if (locks->rows[i].waiter == session->pid && locks->rows[i].row_lock != NULL &&
            text_equal(locks->rows[i].row_lock, session->row_lock))
            return true;
    }
    return false;
}

/* MySQL 8 has them in performance_schema alone. */
static bool rows_are_told(const struct monitor *monitor)
{
    const struct locks *locks = monitor->state;
    return locks->events || mysql_is_mariadb(monitor->session) ||
           session_server_version(monitor->session) < 80001;
}

static bool rows_are_due(const struct locks *locks)
{
    int64_t age_us = clock_now().boot_us - locks->rows_read_us;
    bool ours = false, any = false;
    for (size_t i = 0; i < locks->waits.session_count; i++) {
        const struct mysql_session *session = &locks->waits.sessions[i];
        if (session->row_lock == NULL || is_explained(locks, session))
            continue;
        any = true;
        ours = ours || session->ours;
    }
    return any && (locks->rows_read_us == 0 || age_us >= (ours ? ROWS_URGENT_US : ROWS_EVERY_US));
}

/* ---- the sample ---- */

static void forget(struct locks *locks)
{
    arena_destroy(locks->arena);
    locks->arena = NULL;
    locks->waits = (struct mysql_waits){ 0 };
    locks->waiting = 0;
    locks->cut = false;
}

#define NO_EVENTS "performance_schema is off or not to be read (GRANT SELECT ON performance_schema.*)"

static const char *no_metadata(const struct monitor *monitor)
{
    const struct locks *locks = monitor->state;
    if (locks->events)
        return "performance_schema.metadata_locks does not tell it (instrument wait/lock/metadata/sql/mdl)";
    if (!mysql_is_mariadb(monitor->session))
        return NO_EVENTS;
    return locks->plugin
               ? "what it waits for is told by performance_schema only, which is off or not to be read"
               : "performance_schema is off or not to be read, and there is no metadata_lock_info";
}

static void emit(struct monitor *monitor)
{
    struct locks *locks = monitor->state;
    struct lock_tree tree;
    struct draft draft;
    draft_init(&draft, monitor->config->id);
    locks->waits.no_metadata = no_metadata(monitor);
    locks->waits.no_rows = rows_are_told(monitor) ? "row locks are read every 5 s only" : NO_EVENTS;
    locks->waits.rows = locks->rows;
    locks->waits.row_count = locks->row_count;
    mysql_waits_tree(&locks->waits, &tree, draft.arena);
    lock_draft_metrics(&draft, locks->waiting, &tree);
    lock_draft_rows(&draft, &tree);
    if (locks->old)
        draft_remark(&draft, "of transactions nothing is said: " MYSQL_COPY_WHY);
    if (locks->cut || locks->waits.session_count == SESSIONS_MAX)
        draft_remark(&draft, "there are more sessions or locks than are looked at; behind_us may be more");
    forget(locks);
    monitor_emit(monitor, &draft);
}

static void read_rows(struct monitor *monitor, const struct answer *answer)
{
    keep_rows(monitor->state, answer);
    emit(monitor);
}

static void go_on_with_rows(struct monitor *monitor)
{
    struct locks *locks = monitor->state;
    struct buf sql;
    if (!rows_are_told(monitor) || !rows_are_due(locks)) {
        emit(monitor);
        return;
    }
    buf_init(&sql, QUESTION_MAX);
    row_question(monitor, &sql);
    monitor_ask(monitor, buf_str(&sql), read_rows);
    buf_finish(&sql);
}

static void read_metadata(struct monitor *monitor, const struct answer *answer)
{
    keep_metadata(monitor->state, answer);
    go_on_with_rows(monitor);
}

static void read_ended(struct monitor *monitor, const struct answer *answer)
{
    struct locks *locks = monitor->state;
    struct buf sql;
    (void)answer;
    if (!locks->metadata_wait || (!locks->events && !locks->plugin)) {
        go_on_with_rows(monitor);
        return;
    }
    buf_init(&sql, QUESTION_MAX);
    metadata_question(locks, &sql);
    monitor_ask(monitor, buf_str(&sql), read_metadata);
    buf_finish(&sql);
}

static void keep_sessions(struct locks *locks, const struct answer *answer)
{
    size_t count = answer->row_count > 0 ? answer->row_count - 1 : 0;
    locks->waits.sessions = arena_array(locks->arena, count + 1, sizeof(*locks->waits.sessions));
    locks->waits.session_count = count;
    locks->metadata_wait = false;
    for (size_t i = 0; i < count; i++) {
        keep_session(locks, answer, i + 1);
        locks->metadata_wait = locks->metadata_wait || locks->waits.sessions[i].waits_metadata;
    }
    locks->events = answer->row_count > 0 && is_one(answer, 0, EVENTS);
    locks->plugin = answer->row_count > 0 && is_one(answer, 0, PLUGIN);
}

/* Without what the copy says metadata locks can be told all the same, and waits for rows cannot. */
static void read_sessions(struct monitor *monitor, const struct answer *answer)
{
    struct locks *locks = monitor->state;
    enum mysql_copy_is copy = mysql_copy_was_read(&locks->copy, monitor, answer);
    if (copy == MYSQL_COPY_TO_RETRY)
        return;
    locks->old = copy == MYSQL_COPY_OLD;
    if (locks->old && locks->row_waits > 0) {
        mysql_copy_end(monitor);
        monitor_emit_unknown(monitor, "%" PRId64 " wait for rows, and who is not known: " MYSQL_COPY_WHY,
                             locks->row_waits);
        return;
    }
    keep_sessions(locks, answer);
    monitor_ask(monitor, MYSQL_COPY_END, read_ended);
}

static void emit_nobody(struct monitor *monitor, const struct answer *answer)
{
    const struct lock_tree nobody = { 0 };
    struct draft draft;
    draft_init(&draft, monitor->config->id);
    if (mysql_draft_sees(&draft, answer, F_SEES))
        lock_draft_metrics(&draft, 0, &nobody);
    monitor_emit(monitor, &draft);
}

static void read_begun(struct monitor *monitor, const struct answer *answer)
{
    struct buf sql;
    (void)answer;
    buf_init(&sql, QUESTION_MAX);
    session_question(monitor, &sql);
    monitor_ask(monitor, buf_str(&sql), read_sessions);
    buf_finish(&sql);
}

static void read_first(struct monitor *monitor, const struct answer *answer)
{
    struct locks *locks = monitor->state;
    const char *rows = answer->cell(answer, 0, F_ROWS);
    if (answer->cell(answer, 0, F_SEES) != NULL && rows == NULL) {
        monitor_emit_unknown(monitor, "the server does not tell Innodb_row_lock_current_waits");
        return;
    }
    if (answer->cell(answer, 0, F_SEES) == NULL ||
        (number(answer->cell(answer, 0, F_METADATA)) == 0 && number(rows) == 0)) {
        emit_nobody(monitor, answer);
        return;
    }
    forget(locks);
    locks->arena = arena_create();
    locks->row_waits = number(rows);
    if (mysql_copy_may_be_read(&locks->copy, monitor))
        monitor_ask(monitor, MYSQL_COPY_BEGIN, read_begun);
}

static void tick(struct monitor *monitor)
{
    struct buf sql;
    buf_init(&sql, QUESTION_MAX);
    first_question(monitor, &sql);
    monitor_ask(monitor, buf_str(&sql), read_first);
    buf_finish(&sql);
}

static int begin(struct monitor *monitor, struct err *err)
{
    (void)err;
    monitor->state = mem_alloc(sizeof(struct locks));
    return 0;
}

static void end(struct monitor *monitor)
{
    struct locks *locks = monitor->state;
    forget(locks);
    arena_destroy(locks->rows_arena);
    free(locks);
}

const struct monitor_kind monitor_mysql_locks = {
    .begin = begin, .tick = tick, .end = end, .begins_with_pin = MYSQL_COPY_PIN
};
