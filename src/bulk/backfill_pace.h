/* How large the next batch is, when one that failed is tried again, and how fast they have gone lately.
 * Private to the room. */
#ifndef BULK_BACKFILL_PACE_H
#define BULK_BACKFILL_PACE_H

#include "bulk/backfill.h"

/* Where a backfill was, and when. */
struct pace_point {
    int64_t us; /* monotonic */
    int64_t seen;
};

struct pace {
    int64_t size;                /* of the next batch, in keys */
    struct pace_point points[2]; /* the rate is reckoned from the first; both move on */
};

/* From here on; the size stays what it was. */
void pace_from(struct pace *pace, int64_t now_us, int64_t seen);
/* After a batch that took so long: the next one covers as many keys as should take the time that it may take.
 */
void pace_adapt(struct pace *pace, const struct backfill_config *config, int64_t took_us);
/* After one that failed. */
void pace_shrink(struct pace *pace, const struct backfill_config *config);
/* How long to wait after so many tries of a batch that failed. */
uint64_t pace_backoff_ms(int tries);
/* Rows in a second, over the last five to ten: a hold or a lock long ago says nothing of what is to come. */
int64_t pace_rate(struct pace *pace, int64_t now_us, int64_t seen);

#endif
