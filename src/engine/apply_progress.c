#include "engine.h"

#include <string.h>

#include "base/text.h"

/* What runs for long and tells how far it has come: rows and checkpoints, or items. */

static int check_under_way(const struct change *c)
{
    if (c->work->state != STEP_RUNNING || c->work->between_attempts)
        return change_refuse(c, "\"%s\" is %s", c->def->id, step_state_word(c->work->state));
    return 0;
}

static int keep_progress(struct change *c)
{
    int r = check_under_way(c);
    if (r < 0)
        return r;
    if (c->event->progress.rows < 0)
        return change_refuse(c, "fewer rows than none");
    c->work->progress = c->event->progress;
    return 0;
}

int apply_checkpoint(struct change *c)
{
    if (!step_kind_resumes(c->def->kind) || c->event->value == NULL)
        return change_refuse(c, "\"%s\" has no checkpoints", c->def->id);
    int r = keep_progress(c);
    if (r == 0)
        c->work->checkpoint = run_keep(c->run, c->event->value);
    return r;
}

/* Told several times a second, for hours: each over the one before, and anew only where it is longer than
 * any. */
static const char *keep_told(struct change *c)
{
    struct kept_text *told = &c->work->told;
    const char *text = text_or_null(c->event->text);
    size_t size = text != NULL ? strlen(text) + 1 : 0;
    if (size > told->room) {
        told->room = size * 2;
        told->text = arena_alloc(c->run->arena, told->room);
    }
    return size > 0 ? memcpy(told->text, text, size) : NULL;
}

/* Who attaches is told what passed lately after the records, and by then the step may have ended. */
static bool is_late(const struct change *c)
{
    return c->work->state != STEP_RUNNING || c->work->between_attempts;
}

int apply_progressed(struct change *c)
{
    if (is_late(c))
        return 0;
    int r = keep_progress(c);
    if (r == 0)
        c->work->pauses = keep_told(c);
    return r;
}

int apply_awaited(struct change *c)
{
    if (c->def->kind != STEP_WAIT)
        return change_refuse(c, "\"%s\" waits for nothing", c->def->id);
    if (is_late(c))
        return 0;
    int r = keep_progress(c);
    if (r == 0)
        c->work->lacks = keep_told(c);
    return r;
}

/* Told every few seconds for as long as it is next: the text has an arena of its own. */
int apply_foreseen(struct change *c)
{
    enum choice choice = c->event->choice;
    if (!step_takes_locks(c->def))
        return change_refuse(c, "\"%s\" locks nothing that could be foreseen", c->def->id);
    if (choice != CHOICE_YES && choice != CHOICE_NO && choice != CHOICE_UNKNOWN)
        return change_refuse(c, "\"%s\" says nothing of what it would lock", choice_word(choice));
    if (text_or_null(c->event->text) == NULL)
        return change_refuse(c, "it says nothing");
    struct arena *arena = arena_create();
    arena_destroy(c->step->foreseen_arena);
    c->step->foreseen_arena = arena;
    c->step->foreseen = choice;
    c->step->foreseen_text = arena_text(arena, c->event->text);
    c->step->foreseen_boot_us = c->event->at.boot_us;
    return 0;
}

/* ---- items ---- */

static struct run_item *find_item(const struct work *work, const char *name)
{
    for (size_t i = work->item_count; i-- > 0;) {
        if (text_equal(work->items[i].name, name))
            return &work->items[i];
    }
    return NULL;
}

static void add_item(struct change *c)
{
    struct work *work = c->work;
    if (work->item_count == work->item_room) {
        size_t room = work->item_room > 0 ? work->item_room * 2 : 16;
        struct run_item *items = arena_array(c->run->arena, room, sizeof(*items));
        for (size_t i = 0; i < work->item_count; i++)
            items[i] = work->items[i];
        work->items = items;
        work->item_room = room;
    }
    work->items[work->item_count++] = (struct run_item){ .name = run_keep(c->run, c->event->value) };
}

/* What failed and certainly left nothing behind has not begun: there is nothing to undo. */
static void remove_item(struct work *work, struct run_item *item)
{
    for (; item + 1 < work->items + work->item_count; item++)
        item[0] = item[1];
    work->item_count--;
}

int apply_item_started(struct change *c)
{
    int r = check_under_way(c);
    if (r < 0)
        return r;
    if (c->def->each == NULL || c->event->value == NULL)
        return change_refuse(c, "\"%s\" is not done for each of many", c->def->id);
    struct run_item *item = find_item(c->work, c->event->value);
    if (item != NULL && item->done)
        return change_refuse(c, "%s is done already", c->event->value);
    if (item == NULL)
        add_item(c);
    else
        item->again = true;
    return 0;
}

int apply_item_ended(struct change *c)
{
    struct run_item *item = c->event->value != NULL ? find_item(c->work, c->event->value) : NULL;
    enum choice choice = c->event->choice;
    int r = check_under_way(c);
    if (r < 0)
        return r;
    if (item == NULL || item->done)
        return change_refuse(c, "it is not being done");
    if (choice != CHOICE_DONE && choice != CHOICE_SKIPPED && choice != CHOICE_FAILED)
        return change_refuse(c, "no item ends as \"%s\"", choice_word(choice));
    item->done = choice != CHOICE_FAILED;
    item->found = choice == CHOICE_SKIPPED && !item->again;
    if (choice == CHOICE_FAILED)
        remove_item(c->work, item);
    else
        c->work->first_attempt = c->work->attempt; /* the next one is tried as often as this one was */
    return 0;
}

void work_forget(struct work *work)
{
    work->checkpoint = NULL;
    work->item_count = 0;
    work->progress = (struct progress){ .total = -1, .left_us = -1 };
}
