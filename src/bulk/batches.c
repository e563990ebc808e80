#include "batches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- engines ---- */

const struct batch_engine *batch_engine(const struct backfill_config *config)
{
    static const struct batch_engine *const engines[BULK_ENGINE_COUNT] = {
        [BULK_POSTGRESQL] = &batch_postgresql,
        [BULK_MYSQL] = &batch_mysql,
    };
    return engines[config->engine];
}

void backfill_show(struct buf *sql, const struct backfill_config *config)
{
    batch_engine(config)->show(sql, config);
}

void batch_plan_init(struct batch_plan *plan, const struct backfill_config *config)
{
    struct buf limit;
    *plan = (struct batch_plan){ .total = -1 };
    buf_init(&limit, 64);
    duration_spell(&limit, config->lock_timeout_us);
    (void)snprintf(plan->lock, sizeof(plan->lock), "lock_timeout %s", buf_str(&limit));
    buf_finish(&limit);
}

void batch_why(struct buf *text, const struct backfill_config *config, const struct batch_plan *plan,
               const struct driver_result *result)
{
    const struct batch_engine *engine = batch_engine(config);
    bool server = result->status == DRIVER_RETRYABLE || result->status == DRIVER_TIMED_OUT;
    if (!server) {
        buf_text(text, "the connection was lost");
    } else if (strcmp(result->code, engine->lock_timeout) == 0) {
        buf_format(text, "waits for a lock on %.200s (%s)", config->table, plan->lock);
    } else if (strcmp(result->code, engine->deadlock) == 0) {
        buf_text(text, "the server ended a batch because of a deadlock");
    } else if (result->status == DRIVER_TIMED_OUT) {
        buf_text(text, "a batch took too long (statement_timeout ");
        duration_spell(text, config->statement_timeout_us);
        buf_char(text, ')');
    } else {
        buf_format(text, "a batch failed with %s", result->code);
    }
}

/* ---- keys ---- */

void batch_key_forget(struct batch_key *key)
{
    for (size_t i = 0; i < KEYS_MAX; i++) {
        free(key->values[i]);
        key->values[i] = NULL;
    }
    key->there = false;
}

/* From the columns of an answer; NULL there: no key. */
void batch_key_take(struct batch_key *key, const struct answer *answer, size_t column, size_t count)
{
    batch_key_forget(key);
    key->there = answer->cell(answer, 0, column) != NULL;
    for (size_t i = 0; key->there && i < count; i++) {
        const char *value = answer->cell(answer, 0, column + i);
        key->values[i] = mem_text(value ? value : "");
    }
}

const char *const *batch_key_values(const struct batch_key *key)
{
    return key->there ? (const char *const *)key->values : NULL;
}

int batch_open_to_look(const struct backfill_config *config, struct session **ret, struct err *err)
{
    bool apart = batch_engine(config)->open != NULL;
    struct buf name;
    buf_init(&name, 1024);
    buf_format(&name, "%s%s", config->application_name, apart ? ":look" : "");
    int r = session_open(config->driver, buf_str(&name), SESSION_WRITES, ret, err);
    buf_finish(&name);
    return r;
}
