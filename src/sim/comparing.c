#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bulk/compare.h"
#include "sim.h"

/*
 * Comparisons: they take a while and come to see whether both sides are equal at that moment, or they fail.
 * What they have really seen is kept for whoever judges what was made of it.
 */

extern __typeof__(compare_start) FAKE(compare_start);
extern __typeof__(compare_cancel) FAKE(compare_cancel);
extern __typeof__(compare_destroy) FAKE(compare_destroy);

struct compare {
    const struct compare_events *events;
    void *data;
    struct def *def;
    int64_t rows;
    bool cancelled;
};

static int64_t differs_until_us; /* replication is on its way */

void comparing_create(void)
{
    differs_until_us = 0;
}

static struct def *def_compared(const struct compare_config *config)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        const struct step *step = w->defs[i].step;
        if (step->kind == STEP_COMPARE && strcmp(step->compare->left_table, config->left.table) == 0)
            return &w->defs[i];
    }
    return NULL;
}

static void finish(struct compare *compare)
{
    bool fails = compare->cancelled || chance_fault(150);
    if (chance_fault(150))
        differs_until_us = world()->now_us + chance_us(SECOND_US, 10 * SECOND_US);
    compare->def->equal = !fails && (world()->well || world()->now_us >= differs_until_us);
    struct compare_result result = { .verdict = fails                 ? COMPARE_FAILED
                                                : compare->def->equal ? COMPARE_EQUAL
                                                                      : COMPARE_DIFFERENT,
                                     .cancelled = compare->cancelled,
                                     .tables = 1,
                                     .rows = 100,
                                     .code = fails && !compare->cancelled ? "57P01" : "" };
    if (world_broken(BREAK_MATCH) && fails)
        result.verdict = COMPARE_EQUAL;
    result.message = result.verdict == COMPARE_EQUAL       ? "1 table, 100 rows equal"
                     : result.verdict == COMPARE_DIFFERENT ? "1 difference: 1 row differs (id 17)"
                     : compare->cancelled                  ? "cancelled"
                                                           : "the connection was lost";
    world_trace("comparison %s: %s", compare->def->step->id, result.message);
    compare->events->done(compare->data, &result);
}

static void on_chunk(void *data)
{
    struct compare *compare = data;
    int64_t chunk_us = chance(100) && !world()->well ? 3 * SECOND_US : 300 * MS_US;
    compare->rows += 20;
    if (compare->rows >= 100 || compare->cancelled) {
        finish(compare);
        return;
    }
    due_in(chance_us(0, chunk_us), true, on_chunk, compare);
    compare->events->progress(compare->data, compare->rows, 100, compare->def->step->compare->left_table);
    if (chance(300))
        compare->events->checkpoint(compare->data, "1 here");
    if (chance(300))
        compare->events->report(compare->data, "20 rows are equal");
}

int FAKE(compare_start)(uv_loop_t *loop, const struct compare_config *config,
                        const struct compare_events *events, void *data, struct compare **ret,
                        struct err *err)
{
    struct def *def = def_compared(config);
    (void)loop;
    world_called();
    if (chance_fault(10))
        return err_set(err, ERR_IO, "too many open files");
    if (def == NULL)
        world_failed(SIM_RULE, "a comparison that nobody wrote: %s", config->left.table);
    judge_begins(def);
    *ret = mem_alloc(sizeof(**ret));
    **ret = (struct compare){ .events = events, .data = data, .def = def };
    due_in(chance_us(0, 100 * MS_US), true, on_chunk, *ret);
    return 0;
}

void FAKE(compare_cancel)(struct compare *compare)
{
    world_called();
    compare->cancelled = true;
}

void FAKE(compare_destroy)(struct compare *compare)
{
    if (compare == NULL)
        return;
    due_forget(compare);
    free(compare);
}
