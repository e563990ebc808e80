#include "engine.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

static const char *const rule_texts[RULE_COUNT] = {
#define X(name, text) [name] = text,
    RULES(X)
#undef X
};

const char *rule_text(enum rule rule)
{
    return rule < RULE_COUNT ? rule_texts[rule] : "";
}

/* ---- answering ---- */

struct event *emit(struct deciding *d, enum event_type type)
{
    assert(d->decision->count < DECISION_EVENTS_MAX);
    struct event *event = &d->decision->events[d->decision->count++];
    *event = (struct event){ .type = type, .at = d->input->now, .actor = EVENT_ACTOR_SELF };
    return event;
}

struct event *emit_by_actor(struct deciding *d, enum event_type type)
{
    struct event *event = emit(d, type);
    event->actor = arena_text(d->arena, d->input->action.actor);
    return event;
}

struct event *emit_work(struct deciding *d, enum event_type type, size_t step, size_t entry)
{
    struct event *event = emit(d, type);
    event->subject = d->run->book->steps[step].id;
    event->entry = (int64_t)entry;
    if (event_has(type, F_ATTEMPT_BIT))
        event->attempt = run_work(d->run, step, entry)->attempt;
    return event;
}

int refuse(struct deciding *d, enum rule rule, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int r = err_setv(d->err, ERR_REFUSED, format, args);
    va_end(args);
    (void)err_prefix(d->err, "%s", rule_text(rule));
    d->decision->rule = rule;
    return r;
}

int impossible(struct deciding *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int r = err_setv(d->err, ERR_CORRUPT, format, args);
    va_end(args);
    return r;
}

const char *text_taken(struct deciding *d, struct buf *buf)
{
    const char *text = arena_text(d->arena, buf_str(buf));
    buf_finish(buf);
    return text;
}

const char *duration_in(struct deciding *d, int64_t us)
{
    struct buf buf;
    buf_init(&buf, 64);
    duration_text(&buf, us);
    return text_taken(d, &buf);
}

const char *text_or_null(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

bool is_operator(const struct deciding *d)
{
    const char *actor = d->input->action.actor;
    return is_same_person(actor, d->run->operator);
}

/* ---- the life of a run ---- */

static int decide_open(struct deciding *d)
{
    const struct input *input = d->input;
    if (d->run->last_seq > 0)
        return impossible(d, "the run is open already");
    if (text_or_null(input->action.actor) == NULL || text_or_null(input->open.run) == NULL)
        return impossible(d, "a run needs an id and an operator");
    struct event *event = emit_by_actor(d, EVENT_RUN_OPENED);
    event->run = arena_text(d->arena, input->open.run);
    event->subject = d->run->book->id;
    event->text = d->run->book->title;
    event->book = arena_text(d->arena, input->open.book_sha256);
    event->targets = arena_text(d->arena, input->open.targets_sha256);
    event->settings = arena_text(d->arena, input->open.settings_sha256);
    event->boot = arena_text(d->arena, input->open.boot);
    event->host = arena_text(d->arena, input->open.host);
    event->version = arena_text(d->arena, input->open.version);
    event->environment = arena_text(d->arena, input->open.environment);
    event->policy = arena_text(d->arena, text_or_null(input->open.policy_sha256));
    event->witness = arena_text(d->arena, text_or_null(input->open.witness));
    event->key = arena_text(d->arena, text_or_null(input->open.key));
    return 0;
}

/* "add-column was under way; a rollback was under way" */
static const char *what_was_under_way(struct deciding *d)
{
    const struct run *run = d->run;
    struct buf buf;
    size_t count = 0;
    buf_init(&buf, ERR_MESSAGE_MAX);
    for (size_t i = 0; i < run->book->step_count; i++) {
        for (size_t entry = 0; entry <= run->book->steps[i].rollback_count; entry++) {
            if (run_in_flight(run, i, entry))
                buf_format(&buf, "%s%s was under way", count++ > 0 ? "; " : "",
                           work_name(run, i, entry, d->arena));
        }
    }
    if (buf.overflow) {
        buf_clear(&buf);
        buf_format(&buf, "%zu steps were under way", count);
    }
    if (run->rolling_back)
        buf_format(&buf, "%sa rollback was under way", buf.len > 0 ? "; " : "");
    if (run->kills_under_way > 0)
        buf_format(&buf, "%sa session was being killed", buf.len > 0 ? "; " : "");
    if (buf.len == 0)
        buf_text(&buf, "nothing was under way");
    return text_taken(d, &buf);
}

static int decide_resume(struct deciding *d)
{
    const struct input *input = d->input;
    if (d->run->id == NULL)
        return impossible(d, "there is no run to resume");
    if (d->run->closed != CHOICE_NONE)
        return refuse(d, RULE_CLOSED, "it was %s", choice_word(d->run->closed));
    struct event *event = emit(d, EVENT_RUN_RESUMED);
    if (text_or_null(input->action.actor) != NULL)
        event->actor = arena_text(d->arena, input->action.actor);
    event->key = arena_text(d->arena, text_or_null(input->open.key));
    event->text = what_was_under_way(d);
    event->boot = arena_text(d->arena, input->open.boot);
    event->host = arena_text(d->arena, input->open.host);
    event->version = arena_text(d->arena, input->open.version);
    emit_kills_lost(d);
    return 0;
}

/* By rank: what was decided first is applied before the next is looked at. */
static int decide_tick(struct deciding *d)
{
    static void (*const rules[])(struct deciding * d) = {
        tick_clock, tick_triggers, tick_senses, tick_waits, tick_rollback, tick_gates, tick_retries,
    };
    if (d->run->id == NULL)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(rules) && d->decision->count == 0; i++)
        rules[i](d);
    return 0;
}

/* ---- what is only told ---- */

static int decide_sample(struct deciding *d)
{
    const struct sample *sample = d->input->sample;
    if (sample == NULL || book_find_monitor(d->run->book, sample->monitor) == BOOK_NONE)
        return impossible(d, "a sample of a monitor that the book does not have");
    emit(d, EVENT_SAMPLE)->sample = sample_copy(d->arena, sample);
    return 0;
}

static const char *screen_role(const struct deciding *d)
{
    return is_operator(d) && !d->input->action.watcher ? "operator" : "watcher";
}

static int decide_joined(struct deciding *d)
{
    if (text_or_null(d->input->action.actor) == NULL)
        return impossible(d, "somebody without a name joined");
    struct event *event = emit_by_actor(d, EVENT_PERSON_JOINED);
    event->role = screen_role(d);
    event->text = arena_text(d->arena, text_or_null(d->input->action.text));
    return 0;
}

static int decide_left(struct deciding *d)
{
    const char *role = screen_role(d);
    for (size_t i = 0; i < d->run->person_count; i++) {
        const struct run_person *person = &d->run->people[i];
        if (person->attached == 0 || strcmp(person->role, role) != 0 || d->input->action.actor == NULL ||
            strcmp(person->name, d->input->action.actor) != 0)
            continue;
        struct event *event = emit_by_actor(d, EVENT_PERSON_LEFT);
        event->role = role;
        event->text = arena_text(d->arena, text_or_null(d->input->action.text));
        return 0;
    }
    return 0; /* attached to a runner that is gone */
}

static int decide_monitor(struct deciding *d)
{
    const struct input *input = d->input;
    size_t monitor = input->subject != NULL ? book_find_monitor(d->run->book, input->subject) : BOOK_NONE;
    if (monitor == BOOK_NONE)
        return impossible(d, "the book has no such monitor");
    bool started = input->choice == CHOICE_YES;
    struct event *event = emit(d, started ? EVENT_MONITOR_STARTED : EVENT_MONITOR_STOPPED);
    event->subject = d->run->book->monitors[monitor].id;
    event->text = arena_text(d->arena, text_or_null(input->text));
    return 0;
}

static int decide_trouble(struct deciding *d)
{
    const char *text = text_or_null(d->input->text);
    const char *before = d->run->trouble;
    if ((text == NULL && before == NULL) || (text != NULL && before != NULL && strcmp(text, before) == 0))
        return 0;
    emit(d, EVENT_TRAIL_TROUBLE)->text = arena_text(d->arena, text != NULL ? text : "");
    return 0;
}

/* ---- one for each input ---- */

static int (*const inputs[])(struct deciding *d) = {
    [INPUT_OPEN] = decide_open,         [INPUT_RESUME] = decide_resume,     [INPUT_TICK] = decide_tick,
    [INPUT_ACTION] = decide_action,     [INPUT_OUTCOME] = decide_outcome,   [INPUT_SENSED] = decide_sensed,
    [INPUT_PROBED] = decide_probed,     [INPUT_CLEANED] = decide_cleaned,   [INPUT_WAITING] = decide_waiting,
    [INPUT_NOTED] = decide_noted,       [INPUT_SAMPLE] = decide_sample,     [INPUT_JOINED] = decide_joined,
    [INPUT_LEFT] = decide_left,         [INPUT_MONITOR] = decide_monitor,   [INPUT_TROUBLE] = decide_trouble,
    [INPUT_WITNESS] = decide_witness,   [INPUT_PROGRESS] = decide_progress, [INPUT_ITEM] = decide_item,
    [INPUT_FORESEEN] = decide_foreseen, [INPUT_LOCKED] = decide_locked,     [INPUT_KILLED] = decide_killed,
};

/* What is still heard when the run is over: people, and what goes on around it. */
static const bool told_after_end[ARRAY_LEN(inputs)] = {
    [INPUT_OPEN] = true,    [INPUT_RESUME] = true, [INPUT_ACTION] = true,  [INPUT_SAMPLE] = true,
    [INPUT_JOINED] = true,  [INPUT_LEFT] = true,   [INPUT_MONITOR] = true, [INPUT_TROUBLE] = true,
    [INPUT_OUTCOME] = true, [INPUT_WITNESS] = true
};

/* Whether what the input is about is there. */
static bool names_what_is_there(const struct run *run, const struct input *input)
{
    static const bool about_work[ARRAY_LEN(inputs)] = {
        [INPUT_OUTCOME] = true,  [INPUT_SENSED] = true, [INPUT_PROBED] = true,   [INPUT_CLEANED] = true,
        [INPUT_WAITING] = true,  [INPUT_NOTED] = true,  [INPUT_PROGRESS] = true, [INPUT_ITEM] = true,
        [INPUT_FORESEEN] = true, [INPUT_LOCKED] = true
    };
    if (!about_work[input->type])
        return true;
    return input->step < run->book->step_count &&
           input->entry <= run->book->steps[input->step].rollback_count;
}

int decide(const struct run *run, const struct input *input, struct arena *arena, struct decision *decision,
           struct err *err)
{
    struct deciding d = { .run = run, .input = input, .arena = arena, .decision = decision, .err = err };
    decision->count = 0;
    decision->rule = RULE_COUNT;
    if ((size_t)input->type >= ARRAY_LEN(inputs) || !names_what_is_there(run, input))
        return impossible(&d, "an input about what is not there");
    if (run->id == NULL && input->type != INPUT_OPEN && input->type != INPUT_TICK &&
        input->type != INPUT_RESUME)
        return impossible(&d, "the run is not open yet");
    if (run->closed != CHOICE_NONE && !told_after_end[input->type])
        return 0; /* an answer that came too late to matter */
    int r = inputs[input->type](&d);
    if (r < 0)
        decision->count = 0;
    return r;
}
