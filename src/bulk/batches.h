/* What a backfill sends, and what its checkpoints say (backfill_sql.c). Private to the room. */
#ifndef BULK_BATCHES_H
#define BULK_BATCHES_H

#include "base/buf.h"
#include "base/mem.h"
#include "bulk/backfill.h"

/* Answers one row: about how many rows the table has (-1: not known), whether the key is one, the
 * lock_timeout that batches have. */
void backfill_look_sql(struct buf *sql, const struct backfill_config *config);

/* Each answers one row: rows changed, keys of the next batch, and its last key. `from` NULL: the beginning.
 * The first changes nothing, and knows how many keys there are. The other tells of no key where there are
 * fewer than a whole batch: then the first has to be asked. */
void backfill_first_sql(struct buf *sql, const struct backfill_config *config, const char *const *from,
                        int64_t batch);
void backfill_batch_sql(struct buf *sql, const struct backfill_config *config, const char *const *from,
                        const char *const *to, int64_t next_batch);

/* False when it cannot be one line of the size that a checkpoint may have. */
bool backfill_checkpoint_write(struct buf *text, const struct backfill_config *config, int64_t rows,
                               int64_t seen, const char *const *key);
/* False when there is none, or it is another statement's. */
bool backfill_checkpoint_read(struct arena *arena, const struct backfill_config *config, int64_t *ret_rows,
                              int64_t *ret_seen, const char **ret_key);

#endif
