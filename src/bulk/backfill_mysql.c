/*
 * A batch is one UPDATE of a session that commits each statement, so an error has undone all of it: of a lock
 * timeout or a deadlock nothing is left that somebody would have to roll back.
 *
 * Rows are ordered and compared by the server, by the collation of the column: whatever that is, it is one
 * order, in which the unique index of the key has each row once. Where a type is ordered in one way and
 * compared with a text in another (ENUM), or its text says less than its value (FLOAT), the key is refused.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "batches.h"
#include "driver/mysql.h"

/* ---- parts of statements, as they stand in a book ---- */

/* Behind the comment or the quoted text that begins at `at`; `at` where none does, NULL where it has no end
 * or is one that a server carries out. */
static const char *skip_text(const char *at)
{
    const char *end;
    if (*at == '\'' || *at == '"' || *at == '`') { /* a doubled quote is two texts */
        end = strchr(at + 1, *at);
        return end ? end + 1 : NULL;
    }
    if (*at == '#' || (at[0] == '-' && at[1] == '-' && (unsigned char)at[2] <= ' '))
        return at + strcspn(at, "\n");
    if (at[0] != '/' || at[1] != '*')
        return at;
    end = strstr(at + 2, "*/");
    return end && !strchr("!M+", at[2]) ? end + 2 : NULL;
}

/* Whether a part of a statement ends where its text does, so that it cannot reach around what is put behind
 * it: the bounds of the batch. */
static bool is_whole(const char *text)
{
    int depth = 0;
    while (*text != '\0') {
        const char *behind = skip_text(text);
        if (behind == NULL)
            return false;
        depth += (behind == text && *text == '(') - (behind == text && *text == ')');
        if (depth < 0 || (behind == text && *text == ';'))
            return false;
        text = behind == text ? text + 1 : behind;
    }
    return depth == 0;
}

/* ---- looking ---- */

/* As they are read: the table, whether the session's changes are written to the log as statements, the index
 * and the types of the key's columns. */
enum { HAS_ROWS, HAS_TYPE, HAS_ENGINE, HAS_TRANSACTIONS, HAS_STATEMENTS, HAS_INDEX, HAS_KEYS };

/* The unique index over exactly these columns, whole and in this order, none of which can be NULL. */
static void put_index(struct buf *sql, const struct backfill_config *config, const char *of_table)
{
    buf_format(
        sql,
        "(SELECT s.INDEX_NAME FROM information_schema.STATISTICS s WHERE s.%s AND s.NON_UNIQUE = 0"
        " GROUP BY s.INDEX_NAME HAVING COUNT(*) = %zu AND SUM(s.SUB_PART IS NULL AND s.NULLABLE <> 'YES'"
        " AND (FALSE",
        of_table, config->key_count);
    for (size_t i = 0; i < config->key_count; i++) {
        buf_format(sql, " OR s.SEQ_IN_INDEX = %zu AND s.COLUMN_NAME = ", i + 1);
        mysql_column_literal(sql, config->key[i]);
    }
    buf_format(sql, ")) = %zu ORDER BY s.INDEX_NAME <> 'PRIMARY', s.INDEX_NAME LIMIT 1)", config->key_count);
}

static void look(struct buf *sql, const struct backfill_config *config)
{
    struct buf schema, name, of_table;
    buf_init(&schema, 2000);
    buf_init(&name, 2000);
    buf_init(&of_table, 4096);
    (void)mysql_table_literals(&schema, &name, config->table);
    buf_format(&of_table, "TABLE_SCHEMA = %s AND TABLE_NAME = %s", buf_str(&schema), buf_str(&name));
    buf_text(
        sql,
        "SELECT COALESCE(t.TABLE_ROWS, -1), COALESCE(t.TABLE_TYPE, ''), COALESCE(t.ENGINE, ''),"
        " COALESCE(e.TRANSACTIONS, 'NO'), @@log_bin AND @@SESSION.binlog_format = 'STATEMENT', COALESCE(");
    put_index(sql, config, buf_str(&of_table));
    buf_text(sql, ", '')");
    for (size_t i = 0; i < config->key_count; i++) {
        buf_format(sql,
                   ", COALESCE((SELECT c.DATA_TYPE FROM information_schema.COLUMNS c WHERE c.%s AND"
                   " c.COLUMN_NAME = ",
                   buf_str(&of_table));
        mysql_column_literal(sql, config->key[i]);
        buf_text(sql, "), '')");
    }
    buf_format(sql,
               " FROM (SELECT 1) one LEFT JOIN information_schema.TABLES t ON t.%s"
               " LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE",
               buf_str(&of_table));
    buf_finish(&schema);
    buf_finish(&name);
    buf_finish(&of_table);
}

/* Types whose values are ordered as they are compared with what is read of them. */
static bool form_of(const char *type, enum literal_form *ret)
{
    static const struct {
        const char *type;
        enum literal_form form;
    } forms[] = {
        { "tinyint", LITERAL_NUMBER }, { "smallint", LITERAL_NUMBER }, { "mediumint", LITERAL_NUMBER },
        { "int", LITERAL_NUMBER },     { "bigint", LITERAL_NUMBER },   { "decimal", LITERAL_NUMBER },
        { "char", LITERAL_TEXT },      { "varchar", LITERAL_TEXT },    { "date", LITERAL_TEXT },
        { "datetime", LITERAL_TEXT },  { "timestamp", LITERAL_TEXT },  { "time", LITERAL_TEXT },
        { "uuid", LITERAL_TEXT },      { "inet4", LITERAL_TEXT },      { "inet6", LITERAL_TEXT },
        { "binary", LITERAL_BYTES },   { "varbinary", LITERAL_BYTES },
    };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (strcmp(type, forms[i].type) == 0) {
            *ret = forms[i].form;
            return true;
        }
    }
    return false;
}

static bool keys_fit(struct batch_plan *plan, const struct backfill_config *config,
                     const struct answer *answer, struct buf *trouble)
{
    for (size_t i = 0; i < config->key_count; i++) {
        const char *type = answer->cell(answer, 0, HAS_KEYS + i);
        if (type[0] == '\0')
            buf_format(trouble, "%s has no column %s", config->table, config->key[i]);
        else if (!form_of(type, &plan->forms[i]))
            buf_format(trouble,
                       "the key cannot carry it: %s is of type %s, of which it is not certain that it is "
                       "ordered as its values are compared; take a key of another type",
                       config->key[i], type);
        else
            continue;
        return false;
    }
    return true;
}

static bool table_fits(const struct backfill_config *config, const struct answer *answer, struct buf *trouble)
{
    const char *type = answer->cell(answer, 0, HAS_TYPE), *engine = answer->cell(answer, 0, HAS_ENGINE);
    if (strcmp(type, "BASE TABLE") != 0)
        buf_format(trouble, "there is no table %s, or this user may not see it", config->table);
    else if (!text_equal(answer->cell(answer, 0, HAS_TRANSACTIONS), "YES"))
        buf_format(
            trouble,
            "%s is of engine %s, which has no transactions: a batch that fails would leave a part of it",
            config->table, engine);
    else if (!is_whole(config->set) || !is_whole(config->where))
        buf_format(
            trouble,
            "\"%s\" is not whole: a quote, a comment or a parenthesis in it has no other end, there is a"
            " \";\", or a comment that a server carries out",
            is_whole(config->set) ? "where" : "set");
    else
        return true;
    return false;
}

static int64_t lock_timeout_s(const struct backfill_config *config)
{
    return (config->lock_timeout_us + SECOND_US - 1) / SECOND_US;
}

/* Under READ COMMITTED a batch keeps no locks on gaps, nor on rows that `where` leaves out. Changes that are
 * written to the log as statements are refused then, so there it stays as it is. */
static void put_pin(struct batch_plan *plan, const struct backfill_config *config,
                    const struct session *session, bool statements)
{
    bool old_name = mysql_is_mariadb(session) || session_server_version(session) < 80000;
    int64_t lock_s = lock_timeout_s(config);
    (void)snprintf(plan->pin, sizeof(plan->pin),
                   "SET SESSION innodb_lock_wait_timeout = %" PRId64 ", lock_wait_timeout = %" PRId64
                   "%s%s%s",
                   lock_s, lock_s, statements ? "" : ", ",
                   statements ? ""
                   : old_name ? "tx_isolation"
                              : "transaction_isolation",
                   statements ? "" : " = 'READ-COMMITTED'");
    (void)snprintf(plan->lock, sizeof(plan->lock), "innodb_lock_wait_timeout %" PRId64 "s", lock_s);
}

static bool looked(struct batch_plan *plan, const struct backfill_config *config,
                   const struct session *session, const struct answer *answer, struct buf *trouble)
{
    if (config->statement) {
        buf_text(trouble, "a \"statement\" of its own is for PostgreSQL in this version");
        return false;
    }
    if (!table_fits(config, answer, trouble) || !keys_fit(plan, config, answer, trouble))
        return false;
    free(plan->index);
    plan->total = strtoll(answer->cell(answer, 0, HAS_ROWS), NULL, 10);
    plan->index = mem_text(answer->cell(answer, 0, HAS_INDEX));
    put_pin(plan, config, session, text_equal(answer->cell(answer, 0, HAS_STATEMENTS), "1"));
    if (plan->index[0] == '\0')
        buf_text(trouble,
                 "the key is none: it needs a unique and whole index over exactly these columns, none "
                 "of which can be NULL");
    return plan->index[0] != '\0';
}

static struct session *open_for_batches(const struct backfill_config *config, const struct batch_plan *plan)
{
    return mysql_session_open_pinned(config->driver, config->application_name, plan->pin);
}

static void settings(struct buf *sql)
{
    buf_text(sql, "SELECT @@SESSION.innodb_lock_wait_timeout, @@SESSION.lock_wait_timeout");
}

static bool set(const struct batch_plan *plan, const struct answer *answer, struct buf *trouble)
{
    char has[80];
    (void)snprintf(has, sizeof(has), "innodb_lock_wait_timeout %.20ss", answer->cell(answer, 0, 0));
    if (strcmp(has, plan->lock) == 0 && text_equal(answer->cell(answer, 0, 0), answer->cell(answer, 0, 1)))
        return true;
    buf_format(trouble, "the server has %s and lock_wait_timeout %ss, where %s was asked for", has,
               answer->cell(answer, 0, 1), plan->lock);
    return false;
}

/* ---- the statements ---- */

/* `before` and `last` as for mysql_bound. */
static void put_bound(struct buf *sql, const struct backfill_config *config, const struct batch_plan *plan,
                      const char *before, const char *last, const char *const *values)
{
    mysql_bound(sql, config->key_count, config->key, plan->forms, values, before, last);
}

static void put_source(struct buf *sql, const struct backfill_config *config, const struct batch_plan *plan)
{
    buf_format(sql, "%s FORCE INDEX (", config->table);
    mysql_identifier(sql, plan->index);
    buf_char(sql, ')');
}

/* The keys behind `from`, in their order or the other way round. */
static void put_following(struct buf *sql, const struct backfill_config *config,
                          const struct batch_plan *plan, const char *const *from, const char *direction)
{
    buf_text(sql, " FROM ");
    put_source(sql, config, plan);
    if (from) {
        buf_text(sql, " WHERE ");
        put_bound(sql, config, plan, ">", ">", from);
    }
    for (size_t i = 0; i < config->key_count; i++)
        buf_format(sql, "%s%s%s", i > 0 ? ", " : " ORDER BY ", config->key[i], direction);
}

static void put_key(struct buf *sql, const struct backfill_config *config, const struct batch_plan *plan,
                    size_t at)
{
    buf_format(sql, plan->forms[at] == LITERAL_BYTES ? "HEX(%s)" : "%s", config->key[at]);
}

/* How many keys follow, up to a batch; the last of a whole batch, and where there are fewer, of all. None of
 * them is sorted: each is read in the order of the index, and in one statement they see the same rows. They
 * are counted only where there is no whole batch: to count takes twice as long as to skip. */
static void first(struct buf *sql, const struct backfill_config *config, const struct batch_plan *plan,
                  const char *const *from, int64_t batch)
{
    buf_text(sql, "SELECT 0, IF(tminus_e.tminus_key0 IS NULL, (SELECT COUNT(*) FROM (SELECT 1");
    put_following(sql, config, plan, from, "");
    buf_format(sql, " LIMIT %" PRId64 ") tminus_some), %" PRId64 ")", batch, batch);
    for (size_t i = 0; i < config->key_count; i++) {
        buf_text(sql, ", IF(tminus_e.tminus_key0 IS NULL, (SELECT ");
        put_key(sql, config, plan, i);
        put_following(sql, config, plan, from, " DESC");
        buf_format(sql, " LIMIT 1), tminus_e.tminus_key%zu)", i);
    }
    buf_text(sql, " FROM (SELECT 1) tminus_one LEFT JOIN (SELECT ");
    for (size_t i = 0; i < config->key_count; i++) {
        buf_text(sql, i > 0 ? ", " : "");
        put_key(sql, config, plan, i);
        buf_format(sql, " AS tminus_key%zu", i);
    }
    put_following(sql, config, plan, from, "");
    buf_format(sql, " LIMIT 1 OFFSET %" PRId64 ") tminus_e ON TRUE", batch - 1);
}

/* A comment at the end of a part ends with its line. */
static void batch(struct buf *sql, const struct backfill_config *config, const struct batch_plan *plan,
                  const char *const *from, const char *const *to, int64_t next_batch)
{
    (void)next_batch;
    buf_text(sql, "UPDATE ");
    put_source(sql, config, plan);
    buf_format(sql, " SET %s\nWHERE ", config->set);
    if (from) {
        put_bound(sql, config, plan, ">", ">", from);
        buf_text(sql, " AND ");
    }
    put_bound(sql, config, plan, "<", "<=", to);
    buf_format(sql, " AND (%s\n)", config->where);
}

static void show(struct buf *sql, const struct backfill_config *config)
{
    int64_t lock_s = lock_timeout_s(config);
    struct buf key;
    buf_init(&key, 4096);
    for (size_t i = 0; i < config->key_count; i++)
        buf_format(&key, "%s%s", i > 0 ? ", " : config->key_count > 1 ? "(" : "", config->key[i]);
    buf_text(&key, config->key_count > 1 ? ")" : "");
    buf_format(sql,
               "SET innodb_lock_wait_timeout = %" PRId64 ", lock_wait_timeout = %" PRId64
               ";\nUPDATE %s SET %s\nWHERE %s > <the last "
               "key of the batch before>\nAND %s <= <the last of the next %" PRId64 " keys>\nAND (%s)",
               lock_s, lock_s, config->table, config->set, buf_str(&key), buf_str(&key), config->batch,
               config->where);
    buf_finish(&key);
}

const struct batch_engine batch_mysql = {
    .lock_timeout = "1205",
    .deadlock = "1213",
    .look = look,
    .look_columns = HAS_KEYS,
    .look_at_keys = true,
    .looked = looked,
    .open = open_for_batches,
    .settings = settings,
    .settings_columns = 2,
    .set = set,
    .first = first,
    .batch = batch,
    .show = show,
};
