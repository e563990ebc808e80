#include "batches.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "driver/postgresql.h"

/* ---- the statements ---- */

/* "id" or "(a, b)". */
static void put_key(struct buf *sql, const struct backfill_config *config, const char *after)
{
    buf_text(sql, config->key_count > 1 ? "(" : "");
    for (size_t i = 0; i < config->key_count; i++)
        buf_format(sql, "%s%s%s", i > 0 ? ", " : "", config->key[i], after);
    buf_text(sql, config->key_count > 1 ? ")" : "");
}

/* A key that was read as text is a literal whose type the server finds by what it is compared with. */
static void put_values(struct buf *sql, const struct backfill_config *config, const char *const *values)
{
    buf_text(sql, config->key_count > 1 ? "(" : "");
    for (size_t i = 0; i < config->key_count; i++) {
        buf_text(sql, i > 0 ? ", " : "");
        postgresql_literal(sql, values[i]);
    }
    buf_text(sql, config->key_count > 1 ? ")" : "");
}

static void put_bound(struct buf *sql, const struct backfill_config *config, const char *comparison,
                      const char *const *values)
{
    put_key(sql, config, "");
    buf_format(sql, " %s ", comparison);
    put_values(sql, config, values);
}

static void put_names(struct buf *sql, const struct backfill_config *config)
{
    for (size_t i = 0; i < config->key_count; i++)
        buf_format(sql, "%s%s", i > 0 ? ", " : "", config->key[i]);
}

static void put_following(struct buf *sql, const struct backfill_config *config, const char *const *from)
{
    buf_format(sql, " FROM %s", config->table);
    if (from) {
        buf_text(sql, " WHERE ");
        put_bound(sql, config, ">", from);
    }
    buf_text(sql, " ORDER BY ");
    put_names(sql, config);
}

/* The rows of a batch: behind `from` (NULL: from the first one) up to `to`. */
static void put_between(struct buf *sql, const struct backfill_config *config, const char *const *from,
                        const char *const *to)
{
    if (from) {
        put_bound(sql, config, ">", from);
        buf_text(sql, " AND ");
    }
    put_bound(sql, config, "<=", to);
}

/* What changes the rows of a batch, as tminus_done. The keys are looked up once and by themselves: the
 * statement may then read them as often as it likes, and join them to what it likes. */
static void put_change(struct buf *sql, const struct backfill_config *config, const char *const *from,
                       const char *const *to)
{
    if (config->statement) {
        buf_text(sql, "tminus_batch AS MATERIALIZED (SELECT ");
        put_names(sql, config);
        buf_format(sql, " FROM %s WHERE ", config->table);
        put_between(sql, config, from, to);
        buf_format(sql, "), tminus_done AS (%s RETURNING 1)", config->statement);
    } else {
        buf_format(sql, "tminus_done AS (UPDATE %s SET %s WHERE ", config->table, config->set);
        put_between(sql, config, from, to);
        buf_format(sql, " AND (%s) RETURNING 1)", config->where);
    }
}

/* The next keys after `from` (NULL: the first ones). */
static void put_keys(struct buf *sql, const struct backfill_config *config, const char *const *from,
                     int64_t batch)
{
    buf_text(sql, "tminus_keys AS MATERIALIZED (SELECT ");
    for (size_t i = 0; i < config->key_count; i++)
        buf_format(sql, "%s%s AS tminus_key%zu", i > 0 ? ", " : "", config->key[i], i);
    put_following(sql, config, from);
    buf_format(sql, " LIMIT %" PRId64 ")", batch);
}

/* The last of the next keys after `from`, as text; no row where there are fewer. They are passed in the index
 * and kept nowhere. */
static void put_end(struct buf *sql, const struct backfill_config *config, const char *const *from,
                    int64_t batch)
{
    buf_text(sql, "tminus_end AS MATERIALIZED (SELECT ");
    for (size_t i = 0; i < config->key_count; i++)
        buf_format(sql, "%s%s::text AS tminus_key%zu", i > 0 ? ", " : "", config->key[i], i);
    put_following(sql, config, from);
    buf_format(sql, " OFFSET %" PRId64 " LIMIT 1)", batch - 1);
}

/* By the columns of the keys: a bare name would be that of the text beside it, which is in another order. */
static void put_last(struct buf *sql, const struct backfill_config *config)
{
    buf_text(sql, "(SELECT count(*) FROM tminus_keys)");
    for (size_t i = 0; i < config->key_count; i++) {
        buf_format(sql, ", (SELECT tminus_key%zu::text FROM tminus_keys ORDER BY ", i);
        for (size_t k = 0; k < config->key_count; k++)
            buf_format(sql, "%stminus_keys.tminus_key%zu DESC", k > 0 ? ", " : "", k);
        buf_text(sql, " LIMIT 1)");
    }
}

static void put_settings(struct buf *sql, const struct backfill_config *config)
{
    /* a key of floating point has to be read as it is: what is rounded could pass over rows */
    buf_format(sql, "SET LOCAL extra_float_digits = 3; SET LOCAL lock_timeout = %" PRId64 "; ",
               (config->lock_timeout_us + 999) / 1000);
}

static void first(struct buf *sql, const struct backfill_config *config, const struct batch_plan *plan,
                  const char *const *from, int64_t batch)
{
    (void)plan;
    put_settings(sql, config);
    buf_text(sql, "WITH ");
    put_keys(sql, config, from, batch);
    buf_text(sql, " SELECT 0, ");
    put_last(sql, config);
}

/* What is counted, and recorded as passed, a crash must not take back, whatever the server is set to, and
 * another one that is connected to meanwhile. */
#define COMMIT_BEFORE_IT_IS_SAID                                                                             \
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = "     \
    "'off'; "

static void batch(struct buf *sql, const struct backfill_config *config, const struct batch_plan *plan,
                  const char *const *from, const char *const *to, int64_t next_batch)
{
    (void)plan;
    put_settings(sql, config);
    buf_text(sql, COMMIT_BEFORE_IT_IS_SAID);
    buf_text(sql, "WITH ");
    put_change(sql, config, from, to);
    buf_text(sql, ", ");
    put_end(sql, config, to, next_batch);
    buf_format(sql,
               " SELECT (SELECT count(*) FROM tminus_done), %" PRId64 " * (SELECT count(*) FROM tminus_end)",
               next_batch);
    for (size_t i = 0; i < config->key_count; i++)
        buf_format(sql, ", (SELECT tminus_key%zu FROM tminus_end)", i);
}

/* About how many rows there are, -1 without statistics, which up to 13 was 0 on 0 pages. Whether the key can
 * carry it: a unique, valid, whole index over exactly these columns, none of which can be NULL: rows that are
 * not in it would never be passed. parse_ident reads a name as SQL does. */
static void look(struct buf *sql, const struct backfill_config *config)
{
    put_settings(sql, config);
    buf_text(sql,
             "SELECT CASE WHEN c.reltuples < 0 OR (c.reltuples = 0 AND c.relpages = 0 AND "
             "current_setting('server_version_num')::int < 140000) THEN -1 ELSE c.reltuples::bigint END, "
             "EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND "
             "i.indpred IS "
             "NULL AND i.indexprs IS NULL AND i.indnkeyatts = ");
    buf_format(sql, "%zu", config->key_count);
    for (size_t i = 0; i < config->key_count; i++) {
        buf_format(sql,
                   " AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = "
                   "i.indkey[%zu] AND a.attnotnull AND a.attname = (parse_ident(",
                   i);
        postgresql_literal(sql, config->key[i]);
        buf_text(sql, "))[1])");
    }
    buf_text(sql, "), current_setting('lock_timeout') FROM pg_class c WHERE c.oid = ");
    postgresql_literal(sql, config->table);
    buf_text(sql, "::regclass");
}

static bool looked(struct batch_plan *plan, const struct backfill_config *config,
                   const struct session *session, const struct answer *answer, struct buf *trouble)
{
    (void)config;
    (void)session;
    plan->total = strtoll(answer->cell(answer, 0, 0), NULL, 10);
    (void)snprintf(plan->lock, sizeof(plan->lock), "lock_timeout %.20s", answer->cell(answer, 0, 2));
    if (text_equal(answer->cell(answer, 0, 1), "t"))
        return true;
    buf_text(trouble, "the key is none: it needs a unique, valid and whole index over exactly these "
                      "columns, none of which can be NULL");
    return false;
}

static void show(struct buf *sql, const struct backfill_config *config)
{
    put_settings(sql, config);
    if (config->statement) {
        buf_text(sql, "\nWITH tminus_batch AS (SELECT ");
        put_names(sql, config);
        buf_format(sql, " FROM %s\nWHERE ", config->table);
    } else {
        buf_format(sql, "\nUPDATE %s SET %s\nWHERE ", config->table, config->set);
    }
    put_key(sql, config, "");
    buf_text(sql, " > <the last key of the batch before>\nAND ");
    put_key(sql, config, "");
    buf_format(sql, " <= <the last of the next %" PRId64 " keys>", config->batch);
    if (config->statement)
        buf_format(sql, ")\n%s", config->statement);
    else
        buf_format(sql, "\nAND (%s)", config->where);
}

const struct batch_engine batch_postgresql = {
    .lock_timeout = "55P03",
    .deadlock = "40P01",
    .look = look,
    .look_columns = 3,
    .looked = looked,
    .first = first,
    .batch = batch,
    .tells_next = true,
    .show = show,
};
