#include "batches.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

static void put_following(struct buf *sql, const struct backfill_config *config, const char *const *from)
{
    buf_format(sql, " FROM %s", config->table);
    if (from) {
        buf_text(sql, " WHERE ");
        put_bound(sql, config, ">", from);
    }
    buf_text(sql, " ORDER BY ");
    for (size_t i = 0; i < config->key_count; i++)
        buf_format(sql, "%s%s", i > 0 ? ", " : "", config->key[i]);
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

void backfill_first_sql(struct buf *sql, const struct backfill_config *config, const char *const *from,
                        int64_t batch)
{
    put_settings(sql, config);
    buf_text(sql, "WITH ");
    put_keys(sql, config, from, batch);
    buf_text(sql, " SELECT 0, ");
    put_last(sql, config);
}

void backfill_batch_sql(struct buf *sql, const struct backfill_config *config, const char *const *from,
                        const char *const *to, int64_t next_batch)
{
    put_settings(sql, config);
    buf_format(sql, "WITH tminus_done AS (UPDATE %s SET %s WHERE ", config->table, config->set);
    if (from) {
        put_bound(sql, config, ">", from);
        buf_text(sql, " AND ");
    }
    put_bound(sql, config, "<=", to);
    buf_format(sql, " AND (%s) RETURNING 1), ", config->where);
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
void backfill_look_sql(struct buf *sql, const struct backfill_config *config)
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

void backfill_show(struct buf *sql, const struct backfill_config *config)
{
    put_settings(sql, config);
    buf_format(sql, "\nUPDATE %s SET %s\nWHERE ", config->table, config->set);
    put_key(sql, config, "");
    buf_text(sql, " > <the last key of the batch before>\nAND ");
    put_key(sql, config, "");
    buf_format(sql, " <= <the last of the next %" PRId64 " keys>\nAND (%s)", config->batch, config->where);
}

/* ---- checkpoints: "1 <fingerprint> <rows> <seen> <bytes>:<key>..." ---- */

static uint64_t mix(uint64_t hash, const char *text)
{
    /* FNV-1a, with the end of the text as a byte of its own */
    do {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    } while (*text++);
    return hash;
}

static uint64_t fingerprint(const struct backfill_config *config)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    hash = mix(hash, config->table);
    for (size_t i = 0; i < config->key_count; i++)
        hash = mix(hash, config->key[i]);
    return mix(mix(hash, config->set), config->where);
}

#define CHECKPOINT_MAX 900

bool backfill_checkpoint_write(struct buf *text, const struct backfill_config *config, int64_t rows,
                               int64_t seen, const char *const *key)
{
    buf_format(text, "1 %016" PRIx64 " %" PRId64 " %" PRId64, fingerprint(config), rows, seen);
    for (size_t i = 0; i < config->key_count; i++)
        buf_format(text, " %zu:%s", strlen(key[i]), key[i]);
    return !text->overflow && text->len <= CHECKPOINT_MAX && strchr(buf_str(text), '\n') == NULL;
}

/* The key at `at` into the arena; where it ends, NULL for what is none. */
static const char *read_key(struct arena *arena, const char *at, const char **ret)
{
    char *end;
    if (*at != ' ')
        return NULL;
    unsigned long len = strtoul(at + 1, &end, 10);
    if (*end != ':' || len > strlen(end + 1))
        return NULL;
    *ret = arena_text_len(arena, end + 1, len);
    return end + 1 + len;
}

bool backfill_checkpoint_read(struct arena *arena, const struct backfill_config *config, int64_t *ret_rows,
                              int64_t *ret_seen, const char **ret_key)
{
    char head[64];
    struct buf expected;
    const char *at = config->checkpoint;
    char *end;
    if (!at)
        return false;
    buf_init(&expected, sizeof(head));
    buf_format(&expected, "1 %016" PRIx64 " ", fingerprint(config));
    bool ours = text_starts(at, buf_str(&expected));
    at += ours ? expected.len : 0;
    buf_finish(&expected);
    if (!ours)
        return false;
    *ret_rows = strtoll(at, &end, 10);
    *ret_seen = *end == ' ' ? strtoll(end + 1, &end, 10) : 0;
    at = end;
    for (size_t i = 0; at && i < config->key_count; i++)
        at = read_key(arena, at, &ret_key[i]);
    return at && *at == '\0';
}
