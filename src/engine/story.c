#include "engine.h"

#include <string.h>

#include "base/text.h"

/* A longer text of a person or a server is cut, with "..." to say so: the event has all of it. */
#define STORY_TEXT_CELLS 240

/*
 * What is told, as a template: {name} is replaced, and a part in brackets is left out when something in it
 * has nothing to say. `undo` is for an entry of a rollback; NULL: as `forward`. What somebody does is a verb,
 * for it is read after a name; what happens by itself has its own subject.
 */
struct story {
    const char *forward;
    const char *undo;
};

static const struct story stories[EVENT_TYPE_COUNT] = {
    [EVENT_RUN_OPENED] = { "opened run {run} of {subject}[ ({environment})]", NULL },
    [EVENT_RUN_RESUMED] = { "resumed the run[ on {host}][: {text}]", NULL },
    [EVENT_RUN_HELD] = { "held the run[: {text}]", NULL },
    [EVENT_RUN_RELEASED] = { "released the run[: {text}]", NULL },
    [EVENT_RUN_NOTE] = { "noted[: {text}]", NULL },
    [EVENT_RUN_CLOSED] = { "{choice} the run[: {text}]", NULL },
    [EVENT_PERSON_JOINED] = { "joined as {role}[ from {text}]", NULL },
    [EVENT_PERSON_LEFT] = { "left[: {text}]", NULL },
    [EVENT_CHECK_SENSED] = { "check {subject} sensed: {choice}[ ({value})][: {text}]", NULL },
    [EVENT_STEP_STARTED] = { "started {subject}[ {once more}][, attempt {again}]",
                             "started the undo of {subject} (entry {entry})[, attempt {again}]" },
    [EVENT_STEP_NOTED] = { "step {subject}[: {text}]", "undo of {subject} (entry {entry})[: {text}]" },
    [EVENT_STEP_LOCKED] = { "step {subject} locked {text}",
                            "undo of {subject} (entry {entry}) locked {text}" },
    [EVENT_STEP_RETRYING] = { "step {subject}, attempt {attempt} failed[: {code}][: {text}]; again in {wait}",
                              "undo of {subject} (entry {entry}), attempt {attempt} failed[: {code}][: "
                              "{text}]; again in {wait}" },
    [EVENT_STEP_CANCELLING] = { "cancelling {subject}[: {text}]",
                                "cancelling the undo of {subject} (entry {entry})[: {text}]" },
    [EVENT_STEP_REPORTED] = { "says that {subject} is done[: \"{text}\"]",
                              "says that the undo of {subject} (entry {entry}) is done[: \"{text}\"]" },
    [EVENT_STEP_CHECKPOINT] = { "step {subject} has come to {rows} rows[ of about {total}]",
                                "undo of {subject} (entry {entry}) has come to {rows} rows[ of about "
                                "{total}]" },
    [EVENT_STEP_PROGRESSED] = { "step {subject}: {rows} rows[ of about {total}][, pauses: {text}]",
                                "undo of {subject} (entry {entry}): {rows} rows[ of about {total}][, "
                                "pauses: {text}]" },
    [EVENT_STEP_AWAITED] = { "step {subject}: {rows} of {total} hold[; not yet: {text}]",
                             "undo of {subject} (entry {entry}): {rows} of {total} hold[; not yet: {text}]" },
    [EVENT_STEP_FORESEEN] = { "step {subject} would take: {text}", NULL },
    [EVENT_ITEM_STARTED] = { "step {subject} began with {value}",
                             "undo of {subject} (entry {entry}) began with {value}" },
    [EVENT_ITEM_ENDED] = { "step {subject}: {value} {choice}", "undo of {subject} (entry {entry}): {value} "
                                                               "{choice}" },
    [EVENT_PROBE_STARTED] = { "probing {subject}", "probing the undo of {subject} (entry {entry})" },
    [EVENT_PROBE_ENDED] = { "probe of {subject}: {choice}[ ({value})][: {text}]",
                            "probe of the undo of {subject} (entry {entry}): {choice}[ ({value})][: "
                            "{text}]" },
    [EVENT_CLEAN_STARTED] = { "removing what {subject} left behind[: {text}]", NULL },
    [EVENT_CLEAN_ENDED] = { "removal of what {subject} left behind: {choice}[: {text}]", NULL },
    [EVENT_GATE_VOTED] = { "voted {CHOICE} on {subject} as {role}[: \"{text}\"]", NULL },
    [EVENT_GATE_LAPSED] = { "gate {subject} lapsed[: {text}]", NULL },
    [EVENT_GATE_DECIDED] = { "gate {subject} decided: {CHOICE}[: {text}][ ({value})]", NULL },
    [EVENT_GATE_FORCED] = { "BROKE THE GLASS at {subject}[: \"{text}\"][ ({value})]", NULL },
    [EVENT_ITEM_OVERRIDDEN] = { "overrode {subject} at gate {gate} as {role}[: \"{text}\"]", NULL },
    [EVENT_TRIGGER_FIRED] = { "trigger {subject} fired[: {text}]", NULL },
    [EVENT_TRIGGER_BLIND] = { "trigger {subject} is blind[: {text}]", NULL },
    [EVENT_TRIGGER_CLEARED] = { "trigger {subject} cleared[: {text}]", NULL },
    [EVENT_ROLLBACK_STARTED] = { "started a rollback[ to {subject}][: {text}]", NULL },
    [EVENT_ROLLBACK_ENDED] = { "rollback ended: {choice}[: {text}]", NULL },
    [EVENT_KILL_STARTED] = { "asked to {choice} session {value} of {subject}[: \"{text}\"][ ({detail})]",
                             NULL },
    [EVENT_MONITOR_STARTED] = { "monitor {subject} started[: {text}]", NULL },
    [EVENT_MONITOR_STOPPED] = { "monitor {subject} stopped[: {text}]", NULL },
    [EVENT_CLOCK_JUMPED] = { "the wall clock jumped by {elapsed}", NULL },
    [EVENT_WITNESS_ALARMED] = { "WITNESS ALARM: the remote holds another history[: {text}]", NULL },
    [EVENT_SAMPLE] = { "sample of {monitor}", NULL },
};

static const struct story ended[CHOICE_COUNT] = {
    [CHOICE_DONE] = { "step {subject} done[ in {elapsed}][: {text}]",
                      "{subject} rolled back (entry {entry}): done[ in {elapsed}][: {text}]" },
    [CHOICE_SKIPPED] = { "step {subject} skipped: done already[ ({value})]",
                         "{subject} rolled back (entry {entry}): undone already[ ({value})]" },
    [CHOICE_FAILED] = { "step {subject} failed[ after {elapsed}][: {code}][: {text}][; left: {leftover}]",
                        "rollback of {subject} (entry {entry}) failed[ after {elapsed}][: {code}][: "
                        "{text}][; left: {leftover}]" },
    [CHOICE_UNKNOWN] = { "step {subject} is unknown[: {text}]",
                         "rollback of {subject} (entry {entry}) is unknown[: {text}]" },
};

static const struct story killed[CHOICE_COUNT] = {
    [CHOICE_DONE] = { "session {value} of {subject}: {text}", NULL },
    [CHOICE_GONE] = { "session {value} of {subject} was gone already: nothing was sent[: {text}]", NULL },
    [CHOICE_FAILED] = { "session {value} of {subject}: nothing was done[: {text}]", NULL },
    [CHOICE_UNKNOWN] = { "session {value} of {subject}: it is not known whether it was told to end[: {text}]",
                         NULL },
};

static const struct story ruled = { "ruled {subject} {choice}[: {text}]",
                                    "ruled the undo of {subject} (entry {entry}) {choice}[: {text}]" };

/* By whether a person did it. */
static const struct story ticked[2] = {
    { "check {subject} ticked itself[ ({value})]", NULL },
    { "ticked {subject}[ as {role}][: \"{text}\"][ ({value})]", NULL },
};
static const struct story unticked[2] = {
    { "check {subject} unticked itself[: {text}]", NULL },
    { "unticked {subject}[: {text}]", NULL },
};

/* By whether there is a text. */
static const struct story waiting[2] = {
    { "step {subject} waits for nobody any more",
      "undo of {subject} (entry {entry}) waits for nobody any more" },
    { "step {subject} waits for {text}", "undo of {subject} (entry {entry}) waits for {text}" },
};
static const struct story trouble[2] = {
    { "the trail is published again", NULL },
    { "trouble with the trail: {text}", NULL },
};

/* By whether it holds what was pushed. */
static const struct story witnessed[2] = {
    { "the witness does not get the trail[: {text}]", NULL },
    { "the witness holds the trail up to record {attempt}[: {text}]", NULL },
};

static bool has_text(const char *text)
{
    return text != NULL && *text != '\0';
}

static bool is_by_person(const struct event *event)
{
    return has_text(event->actor) && strcmp(event->actor, EVENT_ACTOR_SELF) != 0;
}

static const struct story *story_of(const struct event *event)
{
    if (event->type == EVENT_STEP_ENDED)
        return &ended[event->choice];
    if (event->type == EVENT_KILL_ENDED)
        return &killed[event->choice];
    if (event->type == EVENT_STEP_RULED)
        return &ruled;
    if (event->type == EVENT_CHECK_TICKED)
        return &ticked[is_by_person(event)];
    if (event->type == EVENT_CHECK_UNTICKED)
        return &unticked[is_by_person(event)];
    if (event->type == EVENT_STEP_WAITING)
        return &waiting[has_text(event->text)];
    if (event->type == EVENT_WITNESS_PUSHED)
        return &witnessed[event->choice == CHOICE_YES];
    if (event->type == EVENT_TRAIL_TROUBLE)
        return &trouble[has_text(event->text)];
    return &stories[event->type];
}

/* ---- what stands in braces: each appends, and says whether there was anything ---- */

static bool put_text(struct buf *buf, const char *text)
{
    if (!has_text(text))
        return false;
    size_t len = text_valid_utf8(text, strlen(text)) ? text_cut(text, STORY_TEXT_CELLS) : strlen(text);
    text_visible(buf, text, len, false);
    if (text[len] != '\0')
        buf_text(buf, "...");
    return true;
}

static bool put_number(struct buf *buf, int64_t number, int64_t from)
{
    if (number < from)
        return false;
    buf_format(buf, "%" PRId64, number);
    return true;
}

static bool put_duration(struct buf *buf, int64_t us)
{
    if (us == 0)
        return false;
    duration_text(buf, us);
    return true;
}

#define TEXT_OF(member)                                                                                      \
    static bool put_##member(struct buf *buf, const struct event *event)                                     \
    {                                                                                                        \
        return put_text(buf, event->member);                                                                 \
    }
TEXT_OF(run)
TEXT_OF(subject)
TEXT_OF(role)
TEXT_OF(gate)
TEXT_OF(code)
TEXT_OF(leftover)
TEXT_OF(value)
TEXT_OF(host)
TEXT_OF(detail)
TEXT_OF(environment)
#undef TEXT_OF

static bool put_sentence(struct buf *buf, const struct event *event)
{
    return put_text(buf, event->text);
}

static bool put_choice(struct buf *buf, const struct event *event)
{
    return put_text(buf, choice_word(event->choice));
}

/* A vote is heard, not read. */
static bool put_loud_choice(struct buf *buf, const struct event *event)
{
    for (const char *c = choice_word(event->choice); *c != '\0'; c++)
        buf_char(buf, (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c));
    return event->choice != CHOICE_NONE;
}

static bool put_entry(struct buf *buf, const struct event *event)
{
    return put_number(buf, event->entry, 1);
}

static bool put_attempt(struct buf *buf, const struct event *event)
{
    return put_number(buf, event->attempt, 1);
}

static bool put_again(struct buf *buf, const struct event *event)
{
    return put_number(buf, event->attempt, 2);
}

static bool put_once_more(struct buf *buf, const struct event *event)
{
    return text_equal(event->text, EVENT_STEP_AGAIN) && put_text(buf, event->text);
}

static bool put_elapsed(struct buf *buf, const struct event *event)
{
    return put_duration(buf, event->elapsed_us);
}

static bool put_wait(struct buf *buf, const struct event *event)
{
    duration_text(buf, event->wait_us);
    return true;
}

static bool put_rows(struct buf *buf, const struct event *event)
{
    return put_number(buf, event->progress.rows, 0);
}

static bool put_total(struct buf *buf, const struct event *event)
{
    return put_number(buf, event->progress.total, 0);
}

static bool put_monitor(struct buf *buf, const struct event *event)
{
    return event->sample != NULL && put_text(buf, event->sample->monitor);
}

static const struct {
    const char *name;
    bool (*put)(struct buf *buf, const struct event *event);
} words[] = {
    { "run", put_run },
    { "subject", put_subject },
    { "role", put_role },
    { "gate", put_gate },
    { "code", put_code },
    { "text", put_sentence },
    { "leftover", put_leftover },
    { "value", put_value },
    { "host", put_host },
    { "choice", put_choice },
    { "CHOICE", put_loud_choice },
    { "entry", put_entry },
    { "environment", put_environment },
    { "attempt", put_attempt },
    { "again", put_again },
    { "elapsed", put_elapsed },
    { "wait", put_wait },
    { "monitor", put_monitor },
    { "rows", put_rows },
    { "total", put_total },
    { "once more", put_once_more },
    { "detail", put_detail },
};

static bool put_word(struct buf *buf, const struct event *event, const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strlen(words[i].name) == len && memcmp(words[i].name, name, len) == 0)
            return words[i].put(buf, event);
    }
    return false;
}

void event_story(struct buf *buf, const struct event *event)
{
    if (event->type >= EVENT_TYPE_COUNT || event->choice >= CHOICE_COUNT)
        return;
    const struct story *story = story_of(event);
    const char *at = event->entry > 0 && story->undo != NULL ? story->undo : story->forward;
    struct buf part;
    bool optional = false;
    bool whole = true;
    buf_init(&part, buf->max);
    for (; at != NULL && *at != '\0'; at++) {
        if (*at == '{') {
            size_t len = strcspn(at + 1, "}");
            whole = put_word(&part, event, at + 1, len) && whole;
            at += len + 1;
        } else if (*at == '[' || *at == ']') {
            if (whole || !optional)
                buf_text(buf, buf_str(&part));
            buf_clear(&part);
            optional = *at == '[';
            whole = true;
        } else {
            buf_char(&part, *at);
        }
    }
    buf_text(buf, buf_str(&part));
    buf_finish(&part);
}
