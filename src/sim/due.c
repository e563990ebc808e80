#include <assert.h>

#include "sim.h"

void due_in(int64_t us, bool of_runner, due_function fire, void *data)
{
    struct world *w = world();
    assert(w->due_count < DUES_MAX);
    w->dues[w->due_count++] = (struct due){ .at_us = w->now_us + (us > 0 ? us : 0),
                                            .lot = (uint32_t)chance_next(),
                                            .of_runner = of_runner,
                                            .fire = fire,
                                            .data = data };
}

static void take_out(size_t i)
{
    struct world *w = world();
    w->dues[i] = w->dues[--w->due_count];
}

void due_forget(const void *data)
{
    for (size_t i = world()->due_count; i-- > 0;) {
        if (world()->dues[i].data == data)
            take_out(i);
    }
}

void due_forget_runner(void)
{
    for (size_t i = world()->due_count; i-- > 0;) {
        if (world()->dues[i].of_runner)
            take_out(i);
    }
}

static bool is_before(const struct due *a, const struct due *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->lot < b->lot;
}

bool due_next(int64_t until_us)
{
    struct world *w = world();
    size_t first = w->due_count;
    for (size_t i = 0; i < w->due_count; i++) {
        if (w->dues[i].at_us <= until_us &&
            (first == w->due_count || is_before(&w->dues[i], &w->dues[first])))
            first = i;
    }
    if (first == w->due_count)
        return false;
    struct due due = w->dues[first];
    take_out(first);
    if (due.at_us > w->now_us)
        w->now_us = due.at_us;
    world_hash(&due.at_us, sizeof(due.at_us));
    due.fire(due.data);
    return true;
}
