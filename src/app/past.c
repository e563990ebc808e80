#include "past.h"

#include <string.h>

#include "journal/journal.h"

static int fold(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct past *past = data;

    (void)line;
    (void)len;
    return run_apply(past->run, event, err);
}

int past_read(struct arena *arena, const char *dir, struct past *ret, struct err *err)
{
    size_t torn;
    int r;

    memset(ret, 0, sizeof(*ret));
    r = rundir_read(arena, dir, &ret->frozen, err);
    if (r == 0)
        r = frozen_book(arena, &ret->frozen, &ret->book, err);
    if (r < 0)
        return r;
    ret->run = run_create(ret->book);
    r = journal_read(rundir_path(arena, dir, "journal"), fold, ret, &torn, err);
    if (r < 0)
        past_finish(ret);
    return r;
}

void past_finish(struct past *past)
{
    run_destroy(past->run);
    past->run = NULL;
}
