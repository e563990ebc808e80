#include "tape.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

/* As much of what came before a place as a screen can still show there: the lines of its log, and the
 * minutes of its charts. */
#define LINES_SHOWN 2000
#define CHART_SHOWN (10 * MINUTE_US)
#define STORY_MAX   ((size_t)64 * 1024)

struct tape_item {
    const struct event *event; /* NULL: output */
    const char *step, *bytes;
    struct instant at;
    int64_t time_us; /* since the beginning */
};

struct tape {
    struct arena *arena;
    const struct book *book;
    struct ui *ui;
    struct run *run;
    struct tape_item *items;
    size_t count, capacity, place;
    uint64_t last_seq;
    struct ui_replay_mark *marks;
    size_t mark_count, mark_capacity;
};

struct tape *tape_create(const struct book *book, struct ui *ui)
{
    struct tape *tape = mem_alloc(sizeof(*tape));

    tape->arena = arena_create();
    tape->book = book;
    tape->ui = ui;
    tape->run = run_create(book);
    ui_rewind(ui, tape->run);
    return tape;
}

void tape_destroy(struct tape *tape)
{
    if (!tape)
        return;
    run_destroy(tape->run);
    arena_destroy(tape->arena);
    free(tape->items);
    free(tape->marks);
    free(tape);
}

/* ---- what is on it ---- */

/* What a reviewer looks for: what people decided, what went wrong, what the triggers said. */
static const struct {
    enum event_type type;
    enum choice choice; /* CHOICE_NONE: any */
    enum ui_replay_kind kind;
} kinds[] = {
    { EVENT_GATE_VOTED, CHOICE_NONE, UI_REPLAY_DECISION },
    { EVENT_GATE_DECIDED, CHOICE_NONE, UI_REPLAY_DECISION },
    { EVENT_GATE_FORCED, CHOICE_NONE, UI_REPLAY_DECISION },
    { EVENT_ITEM_OVERRIDDEN, CHOICE_NONE, UI_REPLAY_DECISION },
    { EVENT_STEP_RULED, CHOICE_NONE, UI_REPLAY_DECISION },
    { EVENT_ROLLBACK_STARTED, CHOICE_NONE, UI_REPLAY_DECISION },
    { EVENT_RUN_HELD, CHOICE_NONE, UI_REPLAY_DECISION },
    { EVENT_KILL_STARTED, CHOICE_NONE, UI_REPLAY_DECISION },
    { EVENT_STEP_RETRYING, CHOICE_NONE, UI_REPLAY_FAILURE },
    { EVENT_STEP_ENDED, CHOICE_FAILED, UI_REPLAY_FAILURE },
    { EVENT_STEP_ENDED, CHOICE_UNKNOWN, UI_REPLAY_FAILURE },
    { EVENT_CLEAN_ENDED, CHOICE_FAILED, UI_REPLAY_FAILURE },
    { EVENT_KILL_ENDED, CHOICE_FAILED, UI_REPLAY_FAILURE },
    { EVENT_KILL_ENDED, CHOICE_UNKNOWN, UI_REPLAY_FAILURE },
    { EVENT_TRAIL_TROUBLE, CHOICE_NONE, UI_REPLAY_FAILURE },
    { EVENT_WITNESS_ALARMED, CHOICE_NONE, UI_REPLAY_FAILURE },
    { EVENT_RUN_RESUMED, CHOICE_NONE, UI_REPLAY_FAILURE },
    { EVENT_TRIGGER_FIRED, CHOICE_NONE, UI_REPLAY_TRIGGER },
    { EVENT_TRIGGER_BLIND, CHOICE_NONE, UI_REPLAY_TRIGGER },
};

static enum ui_replay_kind kind_of(const struct event *event)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].type == event->type &&
            (kinds[i].choice == CHOICE_NONE || kinds[i].choice == event->choice))
            return kinds[i].kind;
    }
    return UI_REPLAY_RECORD;
}

/* NULL: at the same time as the one before. */
static struct tape_item *add(struct tape *tape, const struct instant *at)
{
    struct tape_item *item;

    if (tape->count == tape->capacity) {
        tape->capacity = tape->capacity ? 2 * tape->capacity : 256;
        tape->items = mem_realloc(tape->items, tape->capacity * sizeof(*tape->items));
    }
    item = &tape->items[tape->count];
    memset(item, 0, sizeof(*item));
    if (at)
        item->at = *at;
    else if (tape->count > 0)
        item->at = item[-1].at;
    if (tape->count > 0)
        item->time_us = item[-1].time_us + instant_between(&item[-1].at, &item->at);
    tape->count++;
    return item;
}

static void add_mark(struct tape *tape, int64_t at_us, enum ui_replay_kind kind)
{
    if (tape->mark_count == tape->mark_capacity) {
        tape->mark_capacity = tape->mark_capacity ? 2 * tape->mark_capacity : 64;
        tape->marks = mem_realloc(tape->marks, tape->mark_capacity * sizeof(*tape->marks));
    }
    tape->marks[tape->mark_count++] = (struct ui_replay_mark){ at_us, kind };
}

void tape_add_event(struct tape *tape, const struct event *event)
{
    struct tape_item *item = add(tape, &event->at);

    item->event = event_copy(tape->arena, event);
    if (event->seq > 0)
        tape->last_seq = event->seq;
    if (kind_of(event) != UI_REPLAY_RECORD)
        add_mark(tape, item->time_us, kind_of(event));
}

void tape_add_output(struct tape *tape, const char *step, const char *bytes)
{
    struct tape_item *item = add(tape, NULL);

    item->step = arena_text(tape->arena, step);
    item->bytes = arena_text(tape->arena, bytes);
}

const struct run *tape_run(const struct tape *tape)
{
    return tape->run;
}

size_t tape_count(const struct tape *tape)
{
    return tape->count;
}

size_t tape_place(const struct tape *tape)
{
    return tape->place;
}

/* ---- going there ---- */

static bool is_record(const struct tape_item *item)
{
    return item->event && event_is_record(item->event->type);
}

/* What stands before it is not on a screen any more when the place is reached. */
static size_t first_shown(const struct tape *tape, size_t place)
{
    size_t lines = 0, i = place;

    while (i > 0 && (lines < LINES_SHOWN ||
                     tape->items[i - 1].time_us > tape->items[place - 1].time_us - CHART_SHOWN)) {
        lines += is_record(&tape->items[i - 1]);
        i--;
    }
    return i;
}

static int go_on(struct tape *tape, bool shown, struct err *err)
{
    const struct tape_item *item = &tape->items[tape->place];
    int r = 0;

    if (item->event)
        r = run_apply(tape->run, item->event, err);
    /* A passing event that does not fold says nothing. */
    if (r < 0 && !is_record(item))
        r = 0;
    if (r < 0)
        return r;
    tape->place++;
    if (shown && item->event)
        ui_event(tape->ui, item->event, true);
    else if (shown)
        ui_output(tape->ui, item->step, item->bytes, strlen(item->bytes));
    return 0;
}

int tape_seek(struct tape *tape, size_t place, struct err *err)
{
    size_t shown;
    int r = 0;

    if (place > tape->count)
        place = tape->count;
    if (place < tape->place) {
        struct run *run = run_create(tape->book);

        ui_rewind(tape->ui, run);
        run_destroy(tape->run);
        tape->run = run;
        tape->place = 0;
    }
    shown = first_shown(tape, place);
    while (r == 0 && tape->place < place)
        r = go_on(tape, tape->place >= shown, err);
    if (r < 0)
        tape->count = tape->place;
    return r;
}

/* ---- where things are ---- */

struct instant tape_when(const struct tape *tape, size_t place)
{
    static const struct instant never = { 0 };

    return tape->count > 0 ? tape->items[place > 0 ? place - 1 : 0].at : never;
}

int64_t tape_time(const struct tape *tape, size_t place)
{
    return place > 0 ? tape->items[place - 1].time_us : 0;
}

size_t tape_by(const struct tape *tape, int64_t time_us)
{
    size_t low = 0, high = tape->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tape->items[middle].time_us <= time_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t tape_at_wall(const struct tape *tape, int64_t wall_us)
{
    size_t place = 1;

    while (place < tape->count && tape->items[place - 1].at.wall_us < wall_us)
        place++;
    return place < tape->count ? place : tape->count;
}

size_t tape_after(const struct tape *tape, uint64_t seq)
{
    for (size_t i = 0; i < tape->count; i++) {
        if (is_record(&tape->items[i]) && tape->items[i].event->seq >= seq)
            return i + 1;
    }
    return tape->count;
}

/* In what a person reads of it: who, and the story. */
static bool tells(const struct event *event, const char *text)
{
    struct buf story;
    bool found;

    buf_init(&story, STORY_MAX);
    buf_format(&story, "%s: ", event->actor);
    event_story(&story, event);
    found = strcasestr(buf_str(&story), text) != NULL;
    buf_finish(&story);
    return found;
}

size_t tape_find(const struct tape *tape, enum ui_replay_kind kind, const char *text, int direction)
{
    size_t i = tape->place;

    /* Backwards: before the record that was passed last. */
    while (direction < 0 && i > 0 && !is_record(&tape->items[i - 1]))
        i--;
    if (direction < 0 && i == tape->place && i > 0)
        i--;
    while (direction > 0 ? i < tape->count : i > 0) {
        size_t at = direction > 0 ? i++ : --i;
        const struct event *event = tape->items[at].event;

        if (is_record(&tape->items[at]) && (kind == UI_REPLAY_RECORD || kind_of(event) == kind) &&
            (!text || tells(event, text)))
            return at + 1;
    }
    return NO_PLACE;
}

void tape_tell(struct tape *tape, struct ui_replay *ret)
{
    ret->seq = tape->run->last_seq;
    ret->last_seq = tape->last_seq;
    ret->now_us = tape_time(tape, tape->place);
    ret->length_us = tape_time(tape, tape->count);
    ret->marks = tape->marks;
    ret->mark_count = tape->mark_count;
}
