/*
 * What a backfill sends, by engine (backfill_postgresql.c, backfill_mysql.c), the keys between its batches
 * (batches.c), and what its checkpoints say (backfill_checkpoint.c). Private to the room.
 */
#ifndef BULK_BATCHES_H
#define BULK_BATCHES_H

#include "base/buf.h"
#include "base/mem.h"
#include "bulk/backfill.h"
#include "mysql_parts.h"

#define KEYS_MAX 16

/* What the looking before the first batch has found. */
struct batch_plan {
    int64_t total; /* about how many rows there are; -1: not known */
    char lock[80]; /* the timeout of locks that is in force: "lock_timeout 100ms" */
    /* MySQL and MariaDB: the index along which it goes, how its columns are written, and with what each
     * connection that sends batches has to begin. */
    char *index;
    enum literal_form forms[KEYS_MAX];
    char pin[200];
};

/* Each writes, or reads, for one engine. */
struct batch_engine {
    const char *lock_timeout, *deadlock; /* codes of a failure */
    /* The question that is asked first, and how its one row of so many columns (and one for each of the key's
     * where `look_at_keys`) is read: false with the reason in `trouble` where the table or its key cannot
     * carry it. */
    void (*look)(struct buf *sql, const struct backfill_config *config);
    size_t look_columns;
    bool look_at_keys;
    bool (*looked)(struct batch_plan *plan, const struct backfill_config *config,
                   const struct session *session, const struct answer *answer, struct buf *trouble);
    /* Where batches need a session of their own: opens it, and reads back what it begins with. NULL: not. */
    struct session *(*open)(const struct backfill_config *config, const struct batch_plan *plan);
    void (*settings)(struct buf *sql);
    size_t settings_columns;
    bool (*set)(const struct batch_plan *plan, const struct answer *answer, struct buf *trouble);
    /* Both answer one row: rows changed, keys of the next batch, and its last key. `from` NULL: the
     * beginning. The first changes nothing, and knows how many keys there are. The other tells of no key
     * where there are fewer than a whole batch, and nothing of them at all where `tells_next` is not set
     * (then it has no row): then the first has to be asked. */
    void (*first)(struct buf *sql, const struct backfill_config *config, const struct batch_plan *plan,
                  const char *const *from, int64_t batch);
    void (*batch)(struct buf *sql, const struct backfill_config *config, const struct batch_plan *plan,
                  const char *const *from, const char *const *to, int64_t next_batch);
    bool tells_next;
    void (*show)(struct buf *sql, const struct backfill_config *config);
};

extern const struct batch_engine batch_postgresql, batch_mysql;
const struct batch_engine *batch_engine(const struct backfill_config *config);

/* What looks before batches that need a session of their own only reads: it is no backend that is at work,
 * and is not named like one. */
int batch_open_to_look(const struct backfill_config *config, struct session **ret,
                       struct err *err) MUST_CHECK;

void batch_plan_init(struct batch_plan *plan, const struct backfill_config *config);
/* Why a batch has to be sent again. */
void batch_why(struct buf *text, const struct backfill_config *config, const struct batch_plan *plan,
               const struct driver_result *result);

/* A key that was read: texts of its own. */
struct batch_key {
    char *values[KEYS_MAX];
    bool there;
};
void batch_key_forget(struct batch_key *key);
/* From the columns of an answer; NULL there: no key. */
void batch_key_take(struct batch_key *key, const struct answer *answer, size_t column, size_t count);
const char *const *batch_key_values(const struct batch_key *key); /* borrowed; NULL without a key */

/* False when it cannot be one line of the size that a checkpoint may have. */
bool backfill_checkpoint_write(struct buf *text, const struct backfill_config *config, int64_t rows,
                               int64_t seen, const char *const *key);
/* False when there is none, or it is another statement's. */
bool backfill_checkpoint_read(struct arena *arena, const struct backfill_config *config, int64_t *ret_rows,
                              int64_t *ret_seen, const char **ret_key);

#endif
