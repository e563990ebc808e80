#include "ids.h"

#include <assert.h>
#include <string.h>

#include "runbook/book.h"

/* FNV-1a: ids are short and a book is not an adversary that could gain anything by collisions. */
static size_t hash(const char *name)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return (size_t)(h ^ (h >> 32));
}

void id_map_init(struct id_map *map, struct arena *arena, size_t max)
{
    size_t slots = 8;
    while (slots < 2 * max)
        slots *= 2;
    map->count = 0;
    map->names = arena_array(arena, max + 1, sizeof(*map->names));
    map->indices = arena_array(arena, max + 1, sizeof(*map->indices));
    map->slots = arena_array(arena, slots, sizeof(*map->slots));
    map->mask = slots - 1;
}

/* The slot in which the name is, or the free one in which it would be. */
static uint32_t *slot_of(const struct id_map *map, const char *name)
{
    size_t at = hash(name) & map->mask;
    while (map->slots[at] && strcmp(map->names[map->slots[at] - 1], name) != 0)
        at = (at + 1) & map->mask;
    return &map->slots[at];
}

size_t id_map_add(struct id_map *map, const char *name, size_t index)
{
    uint32_t *slot = slot_of(map, name);
    if (*slot)
        return map->indices[*slot - 1];
    assert(map->count <= map->mask / 2); /* room for this many was asked for */
    map->names[map->count] = name;
    map->indices[map->count] = index;
    *slot = (uint32_t)++map->count;
    return BOOK_NONE;
}

size_t id_map_find(const struct id_map *map, const char *name)
{
    const uint32_t *slot = slot_of(map, name);
    return *slot ? map->indices[*slot - 1] : BOOK_NONE;
}
