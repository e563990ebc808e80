/*
 * One statement while it is judged: what is found is added in any order, and comes out sorted.
 *
 * Every name that is given has to live as long as the arena; nothing is copied.
 */
#ifndef SQL_VERDICT_H
#define SQL_VERDICT_H

#include "sql/sql.h"

struct names {
    size_t count, capacity;
    const char **list;
};

struct verdict {
    struct arena *arena;
    size_t lock_count, lock_capacity;
    struct sql_lock *locks;
    struct names rewrites, scans, builds, sets;
    size_t finding_count, finding_capacity;
    struct sql_finding *findings;
    bool understood;
};

void verdict_init(struct verdict *verdict, struct arena *arena);
/* The stronger of what is there and `mode` stays. */
void verdict_lock(struct verdict *verdict, const char *relation, enum sql_lock_mode mode);
void verdict_kept(struct verdict *verdict, const char *relation, enum sql_lock_mode mode);
void verdict_rewrite(struct verdict *verdict, const char *table);
void verdict_scan(struct verdict *verdict, const char *table);
void verdict_build(struct verdict *verdict, const char *index);
/* `depends` may be NULL. */
void verdict_find(struct verdict *verdict, const struct sql_rule *rule, const char *depends,
                  const char *format, ...) PRINTF_LIKE(4, 5);
void verdict_findv(struct verdict *verdict, const struct sql_rule *rule, const char *depends,
                   const char *format, va_list args) PRINTF_LIKE(4, 0);

/* What a statement within another does, the other does. Locks that are only kept are not taken over. */
void verdict_merge(struct verdict *verdict, const struct verdict *inner);
/* Puts everything into `ret`, which already has its place and text. */
void verdict_finish(struct verdict *verdict, struct sql_statement *ret);

/* Adds `name` unless it is there. */
void names_add(struct names *names, struct arena *arena, const char *name);
bool names_has(const struct names *names, const char *name);

/* `items` with room for one more of `size` bytes behind `count`; grows by doubling. */
void *list_room(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size);

#endif
