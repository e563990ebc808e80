#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "driver/mysql.h"
#include "fingerprint/mysql_taking.h"

#define TOPIC_TIMEOUT_US (60 * SECOND_US)
#define MYSQL_MIN        50600
#define MARIADB_MIN      100200
/* An answer has a limit, and the text of a routine or a view may be long. */
#define ROWS_AT_ONCE      10000
#define LONG_ROWS_AT_ONCE 50

/* ---- the server ---- */

/* Lists are made by GROUP_CONCAT, which cuts at 1 KiB else, and says so in a warning only. */
static const char long_lists[] = "SET SESSION group_concat_max_len = 16777216";

/* Which rows of information_schema somebody sees depends on their privileges, and nobody is told of the rest:
 * so they have to be those with which all is seen. */
#define RIGHTS                                                                                               \
    "SELECT COUNT(DISTINCT PRIVILEGE_TYPE) = 5, CURRENT_USER() FROM information_schema.USER_PRIVILEGES"      \
    " WHERE PRIVILEGE_TYPE IN ('SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT', 'PROCESS')"                        \
    " AND GRANTEE = CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''',"                          \
    " SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')"
static const char rights[] = RIGHTS;
/* A privilege for all schemas can be taken back for one (partial_revokes). */
static const char rights_80[] =
    RIGHTS " AND NOT EXISTS (SELECT 1 FROM mysql.user u WHERE CONCAT(u.User, '@', u.Host) = CURRENT_USER()"
           " AND JSON_CONTAINS_PATH(u.User_attributes, 'one', '$.Restrictions'))";

/* Of a session that waits for its next statement only performance_schema knows whose it is. */
#define RUN_OF(text, before) "SUBSTRING_INDEX(SUBSTRING(" text ", " before "), ':', 1)"
static const char about[] =
    "SELECT SUBSTRING_INDEX(VERSION(), '-', 1), @@GLOBAL.read_only,"
    " CONCAT_WS(' ', @@GLOBAL.hostname, @@GLOBAL.port, @@GLOBAL.socket, @@GLOBAL.datadir, @@GLOBAL.server_id,"
    " DATABASE()),"
    " (SELECT MIN(run) FROM (SELECT " RUN_OF(
        "p.INFO",
        "11") " AS run FROM information_schema.PROCESSLIST p"
              " WHERE p.INFO REGEXP '^/[*] tminus:[^: ]+:' AND p.ID <> CONNECTION_ID()"
              " UNION ALL SELECT " RUN_OF(
                  "a.ATTR_VALUE",
                  "8") " FROM performance_schema.session_connect_attrs a"
                       " WHERE a.ATTR_NAME = 'program_name' AND a.ATTR_VALUE REGEXP '^tminus:[^:]+:'"
                       " AND a.PROCESSLIST_ID <> CONNECTION_ID()) at_work)";

static void read_nothing(void *data, const struct answer *answer)
{
    (void)data;
    (void)answer;
}

static void read_rights(void *data, const struct answer *answer)
{
    struct mysql_taking *mysql = data;
    mysql->sees_all = strcmp(taking_cell(answer, 0, 0), "1") == 0;
    mysql->taking->made->role = arena_text(mysql->taking->arena, taking_cell(answer, 0, 1));
}

static void read_about(void *data, const struct answer *answer)
{
    struct mysql_taking *mysql = data;
    struct arena *arena = mysql->taking->arena;
    struct fingerprint *made = mysql->taking->made;
    made->server =
        arena_format(arena, "%s %s", mysql->mariadb ? "MariaDB" : "MySQL", taking_cell(answer, 0, 0));
    made->in_recovery = strcmp(taking_cell(answer, 0, 1), "0") != 0;
    made->identity = arena_text(arena, answer->cell(answer, 0, 2));
    made->at_work = arena_text(arena, answer->cell(answer, 0, 3));
}

static int ask_rights(struct mysql_taking *mysql, struct err *err)
{
    struct asking *asking = &mysql->taking->asking;
    bool partial = !mysql->mariadb && mysql->version >= 80016;
    int r = asking_ask(asking, partial ? rights_80 : rights, TOPIC_TIMEOUT_US, ERR_ENVIRONMENT, read_rights,
                       mysql, err);
    if (r < 0 || mysql->sees_all)
        return r;
    return err_set(err, ERR_ENVIRONMENT,
                   "%s: the server shows %s a part of what it has and does not say so: GRANT SELECT, SHOW "
                   "VIEW, TRIGGER, EVENT, PROCESS ON *.* to it (what comes by a role does not count)",
                   asking->target->id, mysql->taking->made->role);
}

static int ask_about(struct mysql_taking *mysql, struct err *err)
{
    struct taking *taking = mysql->taking;
    struct asking *asking = &taking->asking;
    int r =
        asking_ask(asking, long_lists, taking_connect_us(taking), ERR_ENVIRONMENT, read_nothing, NULL, err);
    if (r < 0 || asking->no_database)
        return r;
    mysql->mariadb = mysql_is_mariadb(asking->session);
    mysql->version = taking->made->version = session_server_version(asking->session);
    r = ask_rights(mysql, err);
    if (r == 0)
        r = asking_ask(asking, about, TOPIC_TIMEOUT_US, ERR_ENVIRONMENT, read_about, mysql, err);
    if (r == 0 && mysql->version < (mysql->mariadb ? MARIADB_MIN : MYSQL_MIN))
        return err_set(err, ERR_ENVIRONMENT, "%s: %s: a fingerprint can be taken of %s or later",
                       asking->target->id, taking->made->server, mysql->mariadb ? "10.2" : "5.6");
    return r;
}

/* ---- topics ---- */

static bool is_asked(const struct mysql_taking *mysql, const struct mysql_topic *topic)
{
    const struct span *span = mysql->mariadb ? &topic->mariadb : &topic->mysql;
    return mysql->version >= span->from && (span->until == 0 || mysql->version < span->until);
}

static void put_topic(struct buf *buf, const char *sql, const char *schema)
{
    static const char place[] = "{schema}";
    for (const char *found; (found = strstr(sql, place)) != NULL; sql = found + sizeof(place) - 1) {
        buf_add(buf, sql, (size_t)(found - sql));
        mysql_literal(buf, schema);
    }
    buf_text(buf, sql);
}

/* In the order of bytes, so that no row falls between two answers because two names count as equal. */
static int ask_topic(struct mysql_taking *mysql, const struct mysql_topic *topic, const char *schema,
                     struct err *err)
{
    struct taking *taking = mysql->taking;
    size_t at_once = topic->long_values ? LONG_ROWS_AT_ONCE : ROWS_AT_ONCE;
    struct buf buf;
    int r = 0;
    buf_init(&buf, SQL_MAX);
    taking->rows = at_once;
    for (size_t from = 0; r == 0 && taking->rows == at_once; from += at_once) {
        buf_clear(&buf);
        put_topic(&buf, topic->sql, schema);
        buf_format(&buf, " ORDER BY 1, HEX(name) LIMIT %zu OFFSET %zu", at_once, from);
        r = buf_ok(&buf, "a question", err);
        if (r == 0)
            r = asking_ask(&taking->asking, buf_str(&buf), TOPIC_TIMEOUT_US, ERR_ENVIRONMENT, taking_read,
                           taking, err);
    }
    buf_finish(&buf);
    return r;
}

static int ask_topics(struct mysql_taking *mysql, const struct mysql_topic *topics, size_t count,
                      const char *schema, struct err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (is_asked(mysql, &topics[i]))
            r = ask_topic(mysql, &topics[i], schema, err);
    }
    return r;
}

static void read_names(void *data, const struct answer *answer)
{
    struct mysql_taking *mysql = data;
    struct arena *arena = mysql->taking->arena;
    mysql->name_count = answer->row_count;
    mysql->names = arena_array(arena, answer->row_count + 1, sizeof(*mysql->names));
    for (size_t i = 0; i < answer->row_count; i++)
        mysql->names[i] = arena_text(arena, taking_cell(answer, i, 0));
}

int mysql_ask_names(struct mysql_taking *mysql, const char *sql, enum err_code refused, struct err *err)
{
    return asking_ask(&mysql->taking->asking, sql, TOPIC_TIMEOUT_US, refused, read_names, mysql, err);
}

static int ask_schemas(struct mysql_taking *mysql, struct err *err)
{
    int r = mysql_ask_names(mysql,
                            "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN"
                            " ('information_schema', 'performance_schema', 'mysql', 'sys') ORDER BY 1",
                            ERR_ENVIRONMENT, err);
    size_t count = mysql->name_count;
    const char **schemas = mysql->names;
    for (size_t i = 0; r == 0 && i < count; i++) {
        r = ask_topics(mysql, mysql_schema_topics, mysql_schema_topic_count, schemas[i], err);
        if (r == 0)
            r = mysql_take_definitions(mysql, schemas[i], err);
    }
    return r;
}

/* ---- all of it ---- */

int taking_mysql(struct taking *taking, const struct fingerprint_data *data, size_t data_count,
                 struct err *err)
{
    struct mysql_taking mysql = { .taking = taking };
    int r = ask_about(&mysql, err);
    if (r < 0 || taking->asking.no_database)
        return r;
    r = ask_topics(&mysql, mysql_server_topics, mysql_server_topic_count, "", err);
    if (r == 0)
        r = mysql_take_shown(&mysql, err);
    if (r == 0)
        r = ask_schemas(&mysql, err);
    for (size_t i = 0; r == 0 && i < data_count; i++)
        r = mysql_take_data(&mysql, &data[i], taking_data_name(taking, data, i), err);
    return r;
}
