#include "runner.h"

#include "base/text.h"

/* Values that are known only now: what steps answered, and the item that a step is about. */

struct filling {
    const struct runner *runner;
    const char *item;
};

static const char *value_of(void *data, const struct later_value *later)
{
    const struct filling *filling = data;
    const struct work *work = &filling->runner->run->steps[later->step].work;

    if (later->is_item)
        return filling->item;
    return work->state == STEP_DONE ? work->value : NULL;
}

int runner_fill(const struct runner *runner, struct arena *arena, const struct work_place *place,
                const char *text, enum fill_in in, const char **ret, struct err *err)
{
    struct filling filling = { runner, place->item };

    return book_fill(runner->book, arena, place->step, text, in, value_of, &filling, ret, err);
}

int runner_fill_all(const struct runner *runner, struct arena *arena, const struct work_place *place,
                    const char *const *texts, size_t count, enum fill_in in, const char *const **ret,
                    struct err *err)
{
    const char **list;
    int r = 0;

    *ret = texts;
    if (runner->book->later_count == 0)
        return 0;
    list = arena_array(arena, count + 1, sizeof(*list));
    for (size_t i = 0; r == 0 && i < count; i++)
        r = runner_fill(runner, arena, place, texts[i], in, &list[i], err);
    *ret = list;
    return r;
}
