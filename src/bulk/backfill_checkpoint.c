#include "batches.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A checkpoint is "1 <fingerprint> <rows> <seen> <bytes>:<key>...". */

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
    return config->statement ? mix(hash, config->statement) : mix(mix(hash, config->set), config->where);
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
