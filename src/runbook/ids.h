/*
 * Names to indices: a hash table of fixed size that also remembers the names, for "did you mean".
 */
#ifndef RUNBOOK_IDS_H
#define RUNBOOK_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct id_map {
    size_t count;
    const char **names; /* in the order in which they were added */
    size_t *indices;    /* what each name stands for */
    size_t mask;        /* number of slots - 1 */
    uint32_t *slots;    /* place in `names` + 1, 0: free */
};

/* All maps of a book: struct book points to it, the book_find_ functions look in it. */
struct book_ids {
    struct id_map params, targets, roles, notices, monitors, triggers, phases, steps, gates;
};

/* Room for `max` names. */
void id_map_init(struct id_map *map, struct arena *arena, size_t max);

/* Adds a name. BOOK_NONE if it was new; else the index that it already stands for, and nothing changes. */
size_t id_map_add(struct id_map *map, const char *name, size_t index);

/* The index that the name stands for, BOOK_NONE. */
size_t id_map_find(const struct id_map *map, const char *name);

#endif
