#include "audit/audit.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define SUBJECT_CELLS    72
#define LINE_CELLS       400
#define LINE_BYTES_MAX   (256 * 1024) /* of a story before it is cut */
#define MILESTONE_WEIGHT 50

/* How much of the story an event is: the heaviest of a batch gives the commit its subject, and those from
 * MILESTONE_WEIGHT on are published at once. */
static const unsigned char weights[EVENT_TYPE_COUNT] = {
    [EVENT_RUN_OPENED] = 60,      [EVENT_RUN_RESUMED] = 55,     [EVENT_RUN_HELD] = 65,
    [EVENT_RUN_RELEASED] = 50,    [EVENT_RUN_NOTE] = 20,        [EVENT_RUN_CLOSED] = 90,
    [EVENT_PERSON_JOINED] = 10,   [EVENT_PERSON_LEFT] = 10,     [EVENT_CHECK_TICKED] = 30,
    [EVENT_CHECK_UNTICKED] = 30,  [EVENT_STEP_STARTED] = 25,    [EVENT_STEP_NOTED] = 5,
    [EVENT_STEP_WAITING] = 15,    [EVENT_STEP_RETRYING] = 35,   [EVENT_STEP_CANCELLING] = 35,
    [EVENT_STEP_ENDED] = 55,      [EVENT_STEP_RULED] = 70,      [EVENT_PROBE_STARTED] = 5,
    [EVENT_PROBE_ENDED] = 35,     [EVENT_CLEAN_STARTED] = 20,   [EVENT_CLEAN_ENDED] = 35,
    [EVENT_GATE_VOTED] = 50,      [EVENT_GATE_LAPSED] = 45,     [EVENT_GATE_DECIDED] = 75,
    [EVENT_ITEM_OVERRIDDEN] = 70, [EVENT_GATE_FORCED] = 90,     [EVENT_TRIGGER_FIRED] = 80,
    [EVENT_TRIGGER_BLIND] = 40,   [EVENT_TRIGGER_CLEARED] = 30, [EVENT_ROLLBACK_STARTED] = 85,
    [EVENT_ROLLBACK_ENDED] = 85,  [EVENT_MONITOR_STARTED] = 5,  [EVENT_MONITOR_STOPPED] = 5,
    [EVENT_TRAIL_TROUBLE] = 10,   [EVENT_CLOCK_JUMPED] = 40,    [EVENT_WITNESS_PUSHED] = 10,
    [EVENT_WITNESS_ALARMED] = 88, [EVENT_STEP_CHECKPOINT] = 3,  [EVENT_ITEM_STARTED] = 4,
    [EVENT_ITEM_ENDED] = 6,       [EVENT_STEP_REPORTED] = 30,   [EVENT_STEP_LOCKED] = 5,
    [EVENT_KILL_STARTED] = 72,    [EVENT_KILL_ENDED] = 55,
};

/* A step that did not end well is more of a story than one that did. */
#define STEP_NOT_DONE_WEIGHT 78

static unsigned weight_of(const struct event *event)
{
    bool fell = event->type == EVENT_STEP_ENDED &&
                (event->choice == CHOICE_FAILED || event->choice == CHOICE_UNKNOWN);
    return fell ? STEP_NOT_DONE_WEIGHT : weights[event->type];
}

bool audit_is_milestone(const struct event *event)
{
    return weights[event->type] >= MILESTONE_WEIGHT;
}

/* Of equals the last. */
static const struct event *most_telling(const struct audit_batch *batch)
{
    const struct event *best = &batch->events[0];
    for (size_t i = 1; i < batch->count; i++) {
        if (weight_of(&batch->events[i]) >= weight_of(best))
            best = &batch->events[i];
    }
    return best;
}

/* One line, without anything that a terminal would obey, at most `cells` wide. */
static void put_line(struct buf *buf, const struct buf *text, size_t cells)
{
    struct buf visible;
    buf_init(&visible, 16 * LINE_BYTES_MAX);
    text_visible(&visible, buf_str(text), text->len, false);
    const char *line = buf_str(&visible);
    if (text_width(line) <= cells) {
        buf_text(buf, line);
    } else {
        buf_add(buf, line, text_cut(line, cells - 3));
        buf_text(buf, "...");
    }
    buf_char(buf, '\n');
    buf_finish(&visible);
}

/* What there is to say when nothing happened: the files. */
static void put_files(struct buf *buf, const struct audit_batch *batch)
{
    if (batch->file_count == 0)
        buf_text(buf, "samples");
    for (size_t i = 0; i < batch->file_count; i++)
        buf_format(buf, "%s%s", i > 0 ? ", " : "", batch->files[i].path);
}

static const char *actor_of(const struct event *event)
{
    return event->actor != NULL ? event->actor : EVENT_ACTOR_SELF;
}

/* Its word where there is no story for it: better than an empty line. */
static void put_story(struct buf *buf, const struct event *event)
{
    size_t before = buf->len;
    event_story(buf, event);
    if (buf->len == before)
        buf_text(buf, event_word(event->type));
}

/* A person stands first; what the program does by itself needs no name. */
static void put_subject(struct buf *buf, const struct audit_batch *batch)
{
    struct buf text;
    buf_init(&text, 2 * LINE_BYTES_MAX);
    if (batch->count > 0) {
        const struct event *event = most_telling(batch);
        if (strcmp(actor_of(event), EVENT_ACTOR_SELF) != 0)
            buf_format(&text, "%s: ", actor_of(event));
        put_story(&text, event);
    } else {
        put_files(&text, batch);
    }
    put_line(buf, &text, SUBJECT_CELLS);
    buf_finish(&text);
}

static void put_event(struct buf *buf, const struct event *event)
{
    struct buf text;
    buf_init(&text, 2 * LINE_BYTES_MAX);
    wall_clock(&text, event->at.wall_us);
    buf_format(&text, " %s: ", actor_of(event));
    put_story(&text, event);
    put_line(buf, &text, LINE_CELLS);
    buf_finish(&text);
}

static void put_title(struct buf *buf, const struct audit_batch *batch)
{
    if (batch->book_title == NULL || batch->events[0].type != EVENT_RUN_OPENED)
        return;
    struct buf text;
    buf_init(&text, LINE_BYTES_MAX);
    buf_text(&text, batch->book_title);
    put_line(buf, &text, LINE_CELLS);
    buf_char(buf, '\n');
    buf_finish(&text);
}

static void put_trailers(struct buf *buf, const struct audit_batch *batch)
{
    struct sha256 head;
    const char *lines = batch->lines;
    size_t end = batch->lines_len > 0 ? batch->lines_len - 1 : 0; /* without the last newline */
    const char *newline = end > 0 ? memrchr(lines, '\n', end) : NULL;
    size_t start = newline != NULL ? (size_t)(newline - lines) + 1 : 0;
    sha256_of(lines + start, end - start, &head);
    buf_format(buf, "\nTminus-Seq: %" PRIu64 "-%" PRIu64 "\nTminus-Head: %s\n", batch->events[0].seq,
               batch->events[batch->count - 1].seq, head.hex);
}

void audit_message(struct buf *buf, const struct audit_batch *batch)
{
    put_subject(buf, batch);
    if (batch->count == 0)
        return;
    buf_char(buf, '\n');
    put_title(buf, batch);
    for (size_t i = 0; i < batch->count; i++)
        put_event(buf, &batch->events[i]);
    put_trailers(buf, batch);
}
