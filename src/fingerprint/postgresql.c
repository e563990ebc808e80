/* PostgreSQL: what is asked of it beside the topics, and how (topics.h has what). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "driver/postgresql.h"
#include "fingerprint/taking.h"
#include "fingerprint/topics.h"

#define TOPIC_TIMEOUT_US (60 * SECOND_US)
#define VERSION_MIN      12
/* An answer has a limit, and the text of a function or a view may be long. */
#define ROWS_AT_ONCE 500

struct postgresql {
    struct taking *taking;
    bool rights[RIGHT_COUNT], settings;
    size_t table_count; /* that fit what is looked at */
    const char **tables;
};

/* ---- the server ---- */

/* How far the log is: of a primary at least what is looked at has, and of a replica at most, so that what the
 * one had is in the other when its position says so. A snapshot is older than what is asked behind it: a
 * replica's is asked before there is one.
 *
 * How texts are written, and what holds up nobody. A policy that would hide rows makes a question fail
 * instead. Only this session has them, so they say nothing about the server. */
static const char about[] =
    "COMMIT; BEGIN READ ONLY;"
    "SELECT set_config('tminus.position',"
    " CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::text END, false);"
    "COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    "SELECT set_config(name, value, false) FROM (VALUES ('search_path', ''), ('TimeZone', 'UTC'),"
    " ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'), ('extra_float_digits', '1'),"
    " ('bytea_output', 'hex'), ('lc_monetary', 'C'), ('quote_all_identifiers', 'off'), ('row_security', "
    "'off'),"
    " ('jit', 'off'), ('xmloption', 'content'), ('cursor_tuple_fraction', '1'), ('lock_timeout', '10s'),"
    " ('idle_in_transaction_session_timeout', '0')) s (name, value);"
    "SELECT current_setting('server_version_num'), split_part(current_setting('server_version'), ' ', 1),"
    " nullif(current_setting('tminus.environment', true), ''), current_user,"
    " has_table_privilege('pg_authid', 'SELECT'),"
    " has_column_privilege('pg_subscription', 'subconninfo', 'SELECT'),"
    " has_function_privilege('pg_show_all_file_settings()', 'EXECUTE'),"
    " pg_has_role('pg_read_all_settings', 'USAGE'),"
    " (SELECT min(split_part(application_name, ':', 2)) FROM pg_stat_activity"
    " WHERE application_name ~ '^tminus:[^:]+:' AND pid <> pg_backend_pid()),"
    " pg_is_in_recovery(),"
    " (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint || ' ' || current_database(),"
    " CASE WHEN pg_is_in_recovery() THEN nullif(current_setting('tminus.position'), '')::numeric"
    " ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') END";

static void read_about(void *data, const struct answer *answer)
{
    struct postgresql *server = data;
    struct taking *taking = server->taking;
    struct fingerprint *made = taking->made;
    made->version = (int)strtol(answer->cell(answer, 0, 0), NULL, 10);
    made->server = arena_format(taking->arena, "PostgreSQL %s", answer->cell(answer, 0, 1));
    made->marked = arena_text(taking->arena, answer->cell(answer, 0, 2));
    made->role = arena_text(taking->arena, answer->cell(answer, 0, 3));
    server->rights[RIGHT_NONE] = true;
    server->rights[RIGHT_PASSWORDS] = strcmp(answer->cell(answer, 0, 4), "t") == 0;
    server->rights[RIGHT_CONNECTIONS] = strcmp(answer->cell(answer, 0, 5), "t") == 0;
    server->rights[RIGHT_FILES] = strcmp(answer->cell(answer, 0, 6), "t") == 0;
    server->settings = strcmp(answer->cell(answer, 0, 7), "t") == 0;
    made->at_work = arena_text(taking->arena, answer->cell(answer, 0, 8));
    made->in_recovery = strcmp(answer->cell(answer, 0, 9), "t") == 0;
    made->identity = arena_text(taking->arena, answer->cell(answer, 0, 10));
    const char *position = answer->cell(answer, 0, 11);
    made->position = position != NULL ? strtoll(position, NULL, 10) : 0;
}

static int ask_about(struct postgresql *server, struct err *err)
{
    struct taking *taking = server->taking;
    const char *target = taking->asking.target->id;
    int r = asking_ask(&taking->asking, about, taking_connect_us(taking), ERR_ENVIRONMENT, read_about, server,
                       err);
    if (r < 0 || taking->asking.no_database)
        return r;
    if (taking->made->version < VERSION_MIN * 10000)
        return err_set(err, ERR_ENVIRONMENT, "%s: %s: a fingerprint can be taken of %d or later", target,
                       taking->made->server, VERSION_MIN);
    /* For any other role the server leaves some settings out, and says nothing. */
    if (!server->settings)
        return err_set(err, ERR_ENVIRONMENT,
                       "%s: role %s may not read all settings: GRANT pg_read_all_settings to it", target,
                       taking->made->role);
    return 0;
}

/* ---- topics ---- */

static int ask_topic(const struct postgresql *server, const struct topic *topic, struct err *err)
{
    struct taking *taking = server->taking;
    const char *sql = server->rights[topic->right] ? topic->sql : topic->without;
    int major = taking->made->version / 10000;
    if (sql == NULL || major < topic->from || (topic->until != 0 && major >= topic->until))
        return 0;
    struct buf buf;
    buf_init(&buf, SQL_MAX);
    buf_format(&buf, "CLOSE ALL; DECLARE topic NO SCROLL CURSOR FOR %s; FETCH %d FROM topic", sql,
               ROWS_AT_ONCE);
    int r = buf_ok(&buf, "a question", err);
    while (r == 0) {
        r = asking_ask(&taking->asking, buf_str(&buf), TOPIC_TIMEOUT_US, ERR_ENVIRONMENT, taking_read, taking,
                       err);
        buf_clear(&buf);
        if (r < 0 || taking->rows < ROWS_AT_ONCE)
            break;
        buf_format(&buf, "FETCH %d FROM topic", ROWS_AT_ONCE);
    }
    buf_finish(&buf);
    return r;
}

static int ask_topics(const struct postgresql *server, const struct topic *topics, size_t count,
                      struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        int r = ask_topic(server, &topics[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- data ---- */

static void read_tables(void *data, const struct answer *answer)
{
    struct postgresql *server = data;
    struct arena *arena = server->taking->arena;
    server->table_count = answer->row_count;
    server->tables = arena_array(arena, answer->row_count + 1, sizeof(*server->tables));
    for (size_t i = 0; i < answer->row_count; i++)
        server->tables[i] = arena_text(arena, taking_cell(answer, i, 0));
}

/* The names of a book mean what they mean to its steps: in the search_path of the role. */
#define WITH_OWN_PATH                                                                                        \
    "SELECT set_config('search_path', reset_val, false) FROM pg_settings WHERE name = 'search_path'; "

static int find_tables(struct postgresql *server, const struct fingerprint_data *data, struct buf *sql,
                       struct err *err)
{
    struct asking *asking = &server->taking->asking;
    buf_text(sql,
             WITH_OWN_PATH "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c"
                           " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ");
    if (data->table != NULL) {
        buf_text(sql, "c.oid = to_regclass(");
        postgresql_literal(sql, data->table);
        buf_text(sql, ")");
    } else {
        buf_text(sql, "c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname || '.' || c.relname LIKE ");
        postgresql_pattern(sql, data->tables);
        buf_text(sql, " AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY 1");
    }
    int r = buf_ok(sql, "the name of a table", err);
    if (r == 0)
        r = asking_ask(asking, buf_str(sql), TOPIC_TIMEOUT_US, ERR_INVALID, read_tables, server, err);
    if (r == 0 && server->table_count == 0)
        r = err_set(err, ERR_INVALID, "%s: there is no table %s", asking->target->id,
                    data->table != NULL ? data->table : data->tables);
    buf_clear(sql);
    return r;
}

/* Rows of a table have no order: the sum of their hashes has none either. */
static void put_table(const char *table, const char *name, struct buf *sql)
{
    buf_text(sql, "SET search_path = ''; SELECT 'data', ");
    postgresql_literal(sql, name);
    buf_format(sql,
               ", count(*) || ' rows, sum of hashes '"
               " || coalesce(sum(hashtextextended(ROW(t.*)::text COLLATE \"C\", 0)::numeric), 0) FROM %s t",
               table);
}

/* The place of a row is the seed of its hash: the same rows in another order have another sum. */
static void put_sql(const char *text, const char *name, struct buf *sql)
{
    size_t len = strlen(text);
    while (len > 0 && strchr("; \t\r\n", text[len - 1]) != NULL)
        len--;
    buf_text(sql, WITH_OWN_PATH "SELECT 'data', ");
    postgresql_literal(sql, name);
    buf_text(sql, ", count(*) || ' rows, hash ' || coalesce(sum(hashtextextended(h.r, h.n)::numeric), 0)"
                  " || CASE count(*) WHEN 1 THEN ': ' || left(btrim(min(h.r), '()'), 200) ELSE '' END"
                  " FROM (SELECT ROW(q.*)::text COLLATE \"C\" AS r, row_number() OVER () AS n FROM (");
    buf_add(sql, text, len);
    buf_text(sql, "\n) q) h");
}

static int ask_line(struct taking *taking, struct buf *sql, struct err *err)
{
    int r = buf_ok(sql, "a question", err);
    if (r == 0)
        r = asking_ask(&taking->asking, buf_str(sql), DATA_TIMEOUT_US, ERR_INVALID, taking_read, taking, err);
    buf_clear(sql);
    return r;
}

static int ask_data(struct postgresql *server, const struct fingerprint_data *data, const char *name,
                    struct err *err)
{
    struct buf sql;
    int r = 0;
    buf_init(&sql, SQL_MAX);
    if (data->sql != NULL) {
        put_sql(data->sql, name, &sql);
        r = ask_line(server->taking, &sql, err);
    } else {
        r = find_tables(server, data, &sql, err);
    }
    for (size_t i = 0; r == 0 && data->sql == NULL && i < server->table_count; i++) {
        put_table(server->tables[i], data->table != NULL ? name : server->tables[i], &sql);
        r = ask_line(server->taking, &sql, err);
    }
    buf_finish(&sql);
    return r < 0 ? err_prefix(err, "data %s", name) : 0;
}

/* ---- all of it ---- */

int taking_postgresql(struct taking *taking, const struct fingerprint_data *data, size_t data_count,
                      struct err *err)
{
    struct postgresql server = { .taking = taking };
    int r = ask_about(&server, err);
    if (r < 0 || taking->asking.no_database)
        return r;
    r = ask_topics(&server, relation_topics, relation_topic_count, err);
    if (r == 0)
        r = ask_topics(&server, code_topics, code_topic_count, err);
    if (r == 0)
        r = ask_topics(&server, cluster_topics, cluster_topic_count, err);
    if (r == 0)
        r = ask_topics(&server, rights_topics, rights_topic_count, err);
    for (size_t i = 0; r == 0 && i < data_count; i++)
        r = ask_data(&server, &data[i], taking_data_name(taking, data, i), err);
    return r;
}
