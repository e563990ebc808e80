#include <string.h>

#include "sim.h"

static void add(const struct step *step, size_t index, size_t entry)
{
    struct world *w = world();
    if (w->def_count == DEFS_MAX)
        world_failed(SIM_WEDGED, "the book is too large for this world");
    w->defs[w->def_count++] = (struct def){ .step = step, .index = index, .entry = entry };
}

void truth_create(void)
{
    const struct book *book = world()->book->book;
    for (size_t i = 0; i < book->step_count; i++) {
        add(&book->steps[i], i, 0);
        for (size_t k = 0; k < book->steps[i].rollback_count; k++)
            add(&book->steps[i].rollback[k], i, k + 1);
    }
}

struct def *def_at(size_t step, size_t entry)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        if (w->defs[i].index == step && w->defs[i].entry == entry)
            return &w->defs[i];
    }
    return NULL;
}

struct def *def_of_sql(const char *const *sql)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        if (w->defs[i].step->kind == STEP_SQL && w->defs[i].step->sql == sql)
            return &w->defs[i];
    }
    return NULL;
}

struct def *def_of_argv(const char *const *argv)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        if (w->defs[i].step->kind == STEP_COMMAND && w->defs[i].step->argv == argv)
            return &w->defs[i];
    }
    return NULL;
}

/* Only what servers and commands do is seen here; what a person does by hand nobody can look at. */
static bool is_seen(const struct def *def)
{
    return def->step->kind == STEP_SQL || def->step->kind == STEP_COMMAND;
}

/* When the last of its undos is done the step is as if it had never been. */
void truth_settle(const struct def *def)
{
    struct def *forward = def_at(def->index, 0);
    size_t count = forward->step->rollback_count;
    for (size_t k = 1; k <= count; k++) {
        const struct def *entry = def_at(def->index, k);
        if (is_seen(entry) && !entry->applied)
            return;
    }
    forward->applied = forward->partial = false;
}

void truth_effect(struct def *def, bool partial)
{
    world()->result->counts.effects++;
    world_trace("EFFECT %s%s", def->step->id, partial ? " in part" : "");
    if (def->applied || def->partial)
        judge_effect_again(def);
    if (partial)
        def->partial = true;
    else
        def->applied = true;
    if (def->entry > 0) {
        if (!partial)
            truth_settle(def);
        return;
    }
    for (size_t k = 1; k <= def->step->rollback_count; k++) {
        struct def *entry = def_at(def->index, k);
        entry->applied = entry->partial = false;
    }
}
