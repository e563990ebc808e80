/*
 * Names to things, within an arena. What is taken out leaves a gap that is used again for the same name.
 */
#ifndef SQL_DICT_H
#define SQL_DICT_H

#include <stddef.h>

#include "base/mem.h"

struct dict_entry {
    struct dict_entry *next; /* in the same bucket */
    const char *key;
    void *value; /* NULL: taken out */
};

struct dict {
    struct arena *arena;
    size_t count, bucket_count;
    struct dict_entry **buckets;
    size_t order_capacity;
    struct dict_entry **order; /* as they were put, for walking */
};

void dict_init(struct dict *dict, struct arena *arena);
void *dict_get(const struct dict *dict, const char *key);
void dict_put(struct dict *dict, const char *key, void *value); /* the key is copied */
/* The value at `index` below `count`, in the order of first putting; NULL for what was taken out. */
void *dict_at(const struct dict *dict, size_t index, const char **ret_key);

#endif
