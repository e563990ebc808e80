#include "past.h"

#include <string.h>

#include "engine/decide.h"
#include "journal/journal.h"

static int fold(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct past *past = data;

    (void)line;
    (void)len;
    return run_apply(past->run, event, err);
}

/* What a runner that takes the run up would record first, but only in this copy. */
static int resume(struct arena *arena, struct past *past, struct err *err)
{
    struct decision *decision = arena_alloc(arena, sizeof(*decision));
    struct input input = { .type = INPUT_RESUME, .now = clock_now() };
    char boot[37];
    int r = clock_boot_id(boot, err);

    input.open.boot = boot;
    if (r == 0)
        r = decide(past->run, &input, arena, decision, err);
    for (size_t i = 0; r == 0 && i < decision->count; i++) {
        decision->events[i].seq = past->run->last_seq + 1;
        r = run_apply(past->run, &decision->events[i], err);
    }
    return r;
}

int past_read(struct arena *arena, const struct rundir_entry *entry, struct past *ret, struct err *err)
{
    size_t torn;
    int r;

    memset(ret, 0, sizeof(*ret));
    r = rundir_read(arena, entry->dir, &ret->frozen, err);
    if (r == 0)
        r = frozen_book(arena, &ret->frozen, &ret->book, err);
    if (r < 0)
        return r;
    ret->run = run_create(ret->book);
    r = journal_read(rundir_path(arena, entry->dir, "journal"), fold, ret, &torn, err);
    ret->seq = ret->run->last_seq;
    if (r == 0 && !entry->live && ret->seq > 0 && ret->run->closed == CHOICE_NONE)
        r = resume(arena, ret, err);
    if (r < 0)
        past_finish(ret);
    return r;
}

void past_finish(struct past *past)
{
    run_destroy(past->run);
    past->run = NULL;
}
