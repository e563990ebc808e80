#include "verdict.h"

#include <stdlib.h>
#include <string.h>

void *list_room(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? *capacity * 2 : 4;
    void *grown = arena_array(arena, *capacity, size);
    if (count)
        memcpy(grown, items, count * size);
    return grown;
}

bool names_has(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->list[i], name) == 0)
            return true;
    return false;
}

void names_add(struct names *names, struct arena *arena, const char *name)
{
    if (names_has(names, name))
        return;
    names->list = list_room(arena, names->list, names->count, &names->capacity, sizeof(*names->list));
    names->list[names->count++] = name;
}

void verdict_init(struct verdict *verdict, struct arena *arena)
{
    *verdict = (struct verdict){ .arena = arena, .understood = true };
}

static struct sql_lock *lock_on(struct verdict *verdict, const char *relation)
{
    for (size_t i = 0; i < verdict->lock_count; i++)
        if (strcmp(verdict->locks[i].relation, relation) == 0)
            return &verdict->locks[i];
    verdict->locks = list_room(verdict->arena, verdict->locks, verdict->lock_count, &verdict->lock_capacity,
                               sizeof(*verdict->locks));
    verdict->locks[verdict->lock_count] = (struct sql_lock){ relation, SQL_LOCK_NONE, false };
    return &verdict->locks[verdict->lock_count++];
}

void verdict_lock(struct verdict *verdict, const char *relation, enum sql_lock_mode mode)
{
    struct sql_lock *lock = lock_on(verdict, relation);
    if (mode > lock->mode) {
        lock->mode = mode;
        lock->kept = false;
    }
}

void verdict_kept(struct verdict *verdict, const char *relation, enum sql_lock_mode mode)
{
    struct sql_lock *lock = lock_on(verdict, relation);
    if (mode >= lock->mode) {
        lock->mode = mode;
        lock->kept = true;
    }
}

void verdict_rewrite(struct verdict *verdict, const char *table)
{
    names_add(&verdict->rewrites, verdict->arena, table);
}

void verdict_scan(struct verdict *verdict, const char *table)
{
    names_add(&verdict->scans, verdict->arena, table);
}

void verdict_build(struct verdict *verdict, const char *index)
{
    names_add(&verdict->builds, verdict->arena, index);
}

void verdict_findv(struct verdict *verdict, const struct sql_rule *rule, const char *depends,
                   const char *format, va_list args)
{
    char message[ERR_MESSAGE_MAX];
    struct err err = ERR_INIT;

    /* One line, made visible, and cut where it is too long for one. */
    (void)err_setv(&err, ERR_INVALID, format, args);
    memcpy(message, err.message, sizeof(message));
    for (size_t i = 0; i < verdict->finding_count; i++)
        if (verdict->findings[i].rule == rule && strcmp(verdict->findings[i].message, message) == 0)
            return;
    verdict->findings = list_room(verdict->arena, verdict->findings, verdict->finding_count,
                                  &verdict->finding_capacity, sizeof(*verdict->findings));
    verdict->findings[verdict->finding_count++] =
        (struct sql_finding){ rule, arena_text(verdict->arena, message), depends };
}

void verdict_find(struct verdict *verdict, const struct sql_rule *rule, const char *depends,
                  const char *format, ...)
{
    va_list args;
    va_start(args, format);
    verdict_findv(verdict, rule, depends, format, args);
    va_end(args);
}

void verdict_merge(struct verdict *verdict, const struct verdict *inner)
{
    for (size_t i = 0; i < inner->lock_count; i++)
        if (!inner->locks[i].kept)
            verdict_lock(verdict, inner->locks[i].relation, inner->locks[i].mode);
    for (size_t i = 0; i < inner->rewrites.count; i++)
        verdict_rewrite(verdict, inner->rewrites.list[i]);
    for (size_t i = 0; i < inner->scans.count; i++)
        verdict_scan(verdict, inner->scans.list[i]);
    for (size_t i = 0; i < inner->builds.count; i++)
        verdict_build(verdict, inner->builds.list[i]);
    for (size_t i = 0; i < inner->sets.count; i++)
        names_add(&verdict->sets, verdict->arena, inner->sets.list[i]);
    for (size_t i = 0; i < inner->finding_count; i++)
        verdict_find(verdict, inner->findings[i].rule, inner->findings[i].depends, "%s",
                     inner->findings[i].message);
    verdict->understood = verdict->understood && inner->understood;
}

static int by_relation(const void *a, const void *b)
{
    return strcmp(((const struct sql_lock *)a)->relation, ((const struct sql_lock *)b)->relation);
}

/* The worst first; in the order in which they were found where they are alike. */
static void sort_findings(struct verdict *verdict)
{
    for (size_t i = 1; i < verdict->finding_count; i++) {
        struct sql_finding moved = verdict->findings[i];
        size_t at = i;
        for (; at > 0 && verdict->findings[at - 1].rule->severity < moved.rule->severity; at--)
            verdict->findings[at] = verdict->findings[at - 1];
        verdict->findings[at] = moved;
    }
}

void verdict_finish(struct verdict *verdict, struct sql_statement *ret)
{
    if (verdict->lock_count > 1)
        qsort(verdict->locks, verdict->lock_count, sizeof(*verdict->locks), by_relation);
    sort_findings(verdict);
    ret->lock_count = verdict->lock_count;
    ret->locks = verdict->locks;
    ret->rewrite_count = verdict->rewrites.count;
    ret->rewrites = verdict->rewrites.list;
    ret->scan_count = verdict->scans.count;
    ret->scans = verdict->scans.list;
    ret->build_count = verdict->builds.count;
    ret->builds = verdict->builds.list;
    ret->set_count = verdict->sets.count;
    ret->sets = verdict->sets.list;
    ret->finding_count = verdict->finding_count;
    ret->findings = verdict->findings;
    ret->understood = verdict->understood;
    ret->dangerous = verdict->finding_count > 0 && verdict->findings[0].rule->severity == SQL_DANGER;
    for (size_t i = 0; i < ret->lock_count; i++)
        if (!ret->locks[i].kept && sql_lock_blocks_writes(ret->locks[i].mode))
            ret->needs_lock_timeout = true;
}
