#include "dict.h"

#include <stdint.h>
#include <string.h>

#include "verdict.h"

#define BUCKETS_MIN 64

void dict_init(struct dict *dict, struct arena *arena)
{
    *dict = (struct dict){ .arena = arena };
}

/* FNV-1a. */
static uint32_t hash(const char *key)
{
    uint32_t h = 2166136261u;
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 16777619u;
    return h;
}

static struct dict_entry *find(const struct dict *dict, const char *key)
{
    if (dict->bucket_count == 0)
        return NULL;
    struct dict_entry *entry = dict->buckets[hash(key) & (dict->bucket_count - 1)];
    while (entry && strcmp(entry->key, key) != 0)
        entry = entry->next;
    return entry;
}

static void grow(struct dict *dict)
{
    dict->bucket_count = dict->bucket_count ? dict->bucket_count * 2 : BUCKETS_MIN;
    dict->buckets = arena_array(dict->arena, dict->bucket_count, sizeof(struct dict_entry *));
    for (size_t i = 0; i < dict->count; i++) {
        struct dict_entry **bucket = &dict->buckets[hash(dict->order[i]->key) & (dict->bucket_count - 1)];
        dict->order[i]->next = *bucket;
        *bucket = dict->order[i];
    }
}

void *dict_get(const struct dict *dict, const char *key)
{
    const struct dict_entry *entry = find(dict, key);
    return entry ? entry->value : NULL;
}

void dict_put(struct dict *dict, const char *key, void *value)
{
    struct dict_entry *entry = find(dict, key);
    if (entry == NULL) {
        if (dict->count == dict->bucket_count)
            grow(dict);
        struct dict_entry **bucket = &dict->buckets[hash(key) & (dict->bucket_count - 1)];
        entry = arena_alloc(dict->arena, sizeof(*entry));
        *entry = (struct dict_entry){ *bucket, arena_text(dict->arena, key), NULL };
        *bucket = entry;
        dict->order =
            list_room(dict->arena, dict->order, dict->count, &dict->order_capacity, sizeof(*dict->order));
        dict->order[dict->count++] = entry;
    }
    entry->value = value;
}

void *dict_at(const struct dict *dict, size_t index, const char **ret_key)
{
    if (ret_key)
        *ret_key = dict->order[index]->key;
    return dict->order[index]->value;
}
