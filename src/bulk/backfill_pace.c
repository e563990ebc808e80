#include "backfill_pace.h"

#include "base/text.h"

#define RATE_US        (5 * SECOND_US)
#define BACKOFF_MIN_MS 250
#define BACKOFF_MAX_MS 5000
#define SMALLEST_PART  10 /* a batch is never less than this part of what the book says */

void pace_from(struct pace *pace, int64_t now_us, int64_t seen)
{
    pace->points[0] = pace->points[1] = (struct pace_point){ now_us, seen };
}

static int64_t least(const struct backfill_config *config)
{
    int64_t part = config->batch / SMALLEST_PART;
    return part > 0 ? part : 1;
}

void pace_adapt(struct pace *pace, const struct backfill_config *config, int64_t took_us)
{
    int64_t size = pace->size;
    if (config->target_us <= 0)
        return;
    if (took_us > config->target_us)
        size = size * config->target_us / took_us;
    else if (took_us < config->target_us / 2)
        size = size + size / 2 + 1;
    pace->size = size < least(config) ? least(config) : size > config->batch ? config->batch : size;
}

void pace_shrink(struct pace *pace, const struct backfill_config *config)
{
    pace->size = pace->size / 2 < least(config) ? least(config) : pace->size / 2;
}

uint64_t pace_backoff_ms(int tries)
{
    uint64_t wait = BACKOFF_MIN_MS;
    for (int i = 1; i < tries && wait < BACKOFF_MAX_MS; i++)
        wait *= 2;
    return wait;
}

int64_t pace_rate(struct pace *pace, int64_t now_us, int64_t seen)
{
    if (now_us - pace->points[1].us >= RATE_US) {
        pace->points[0] = pace->points[1];
        pace->points[1] = (struct pace_point){ now_us, seen };
    }
    int64_t took = now_us - pace->points[0].us;
    return took > 0 ? (seen - pace->points[0].seen) * SECOND_US / took : 0;
}
