#include "engine.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

/* What the subject of an event is the id of. */
enum subject { NO_SUBJECT, OF_STEP, OF_WORK, OF_GATE, OF_TRIGGER, OF_MONITOR, OF_STEP_OR_NONE, OF_ITEM };

/* When an event can happen at all. */
enum when { BEFORE_OPEN, WHILE_OPEN, FROM_OPEN_ON };

static const struct {
    apply_function apply;
    enum subject subject;
    enum when when;
} rows[EVENT_TYPE_COUNT] = {
    [EVENT_RUN_OPENED] = { apply_opened, NO_SUBJECT, BEFORE_OPEN },
    [EVENT_RUN_RESUMED] = { apply_resumed, NO_SUBJECT, WHILE_OPEN },
    [EVENT_RUN_HELD] = { apply_held, NO_SUBJECT, WHILE_OPEN },
    [EVENT_RUN_RELEASED] = { apply_released, NO_SUBJECT, WHILE_OPEN },
    [EVENT_RUN_NOTE] = { apply_note, NO_SUBJECT, WHILE_OPEN },
    [EVENT_RUN_CLOSED] = { apply_closed, NO_SUBJECT, WHILE_OPEN },
    [EVENT_PERSON_JOINED] = { apply_joined, NO_SUBJECT, FROM_OPEN_ON },
    [EVENT_PERSON_LEFT] = { apply_left, NO_SUBJECT, FROM_OPEN_ON },
    [EVENT_CHECK_TICKED] = { apply_ticked, OF_STEP, WHILE_OPEN },
    [EVENT_CHECK_UNTICKED] = { apply_unticked, OF_STEP, WHILE_OPEN },
    [EVENT_CHECK_SENSED] = { apply_sensed, OF_STEP, WHILE_OPEN },
    [EVENT_STEP_STARTED] = { apply_started, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_NOTED] = { apply_noted, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_LOCKED] = { apply_locked, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_WAITING] = { apply_waiting, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_RETRYING] = { apply_retrying, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_CANCELLING] = { apply_cancelling, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_REPORTED] = { apply_reported, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_ENDED] = { apply_ended, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_RULED] = { apply_ruled, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_CHECKPOINT] = { apply_checkpoint, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_PROGRESSED] = { apply_progressed, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_AWAITED] = { apply_awaited, OF_WORK, WHILE_OPEN },
    [EVENT_STEP_FORESEEN] = { apply_foreseen, OF_STEP, WHILE_OPEN },
    [EVENT_ITEM_STARTED] = { apply_item_started, OF_WORK, WHILE_OPEN },
    [EVENT_ITEM_ENDED] = { apply_item_ended, OF_WORK, WHILE_OPEN },
    [EVENT_PROBE_STARTED] = { apply_probe_started, OF_WORK, WHILE_OPEN },
    [EVENT_PROBE_ENDED] = { apply_probe_ended, OF_WORK, WHILE_OPEN },
    [EVENT_CLEAN_STARTED] = { apply_clean_started, OF_STEP, WHILE_OPEN },
    [EVENT_CLEAN_ENDED] = { apply_clean_ended, OF_STEP, WHILE_OPEN },
    [EVENT_GATE_VOTED] = { apply_voted, OF_GATE, WHILE_OPEN },
    [EVENT_GATE_LAPSED] = { apply_lapsed, OF_GATE, WHILE_OPEN },
    [EVENT_GATE_DECIDED] = { apply_decided, OF_GATE, WHILE_OPEN },
    [EVENT_GATE_FORCED] = { apply_forced, OF_GATE, WHILE_OPEN },
    [EVENT_ITEM_OVERRIDDEN] = { apply_overridden, OF_ITEM, WHILE_OPEN },
    [EVENT_TRIGGER_FIRED] = { apply_fired, OF_TRIGGER, WHILE_OPEN },
    [EVENT_TRIGGER_BLIND] = { apply_blind, OF_TRIGGER, WHILE_OPEN },
    [EVENT_TRIGGER_CLEARED] = { apply_cleared, OF_TRIGGER, WHILE_OPEN },
    [EVENT_ROLLBACK_STARTED] = { apply_rollback_started, OF_STEP_OR_NONE, WHILE_OPEN },
    [EVENT_ROLLBACK_ENDED] = { apply_rollback_ended, NO_SUBJECT, WHILE_OPEN },
    [EVENT_KILL_STARTED] = { apply_kill_started, OF_MONITOR, WHILE_OPEN },
    [EVENT_KILL_ENDED] = { apply_kill_ended, OF_MONITOR, WHILE_OPEN },
    [EVENT_MONITOR_STARTED] = { apply_monitor, OF_MONITOR, FROM_OPEN_ON },
    [EVENT_MONITOR_STOPPED] = { apply_monitor, OF_MONITOR, FROM_OPEN_ON },
    [EVENT_TRAIL_TROUBLE] = { apply_trouble, NO_SUBJECT, FROM_OPEN_ON },
    [EVENT_CLOCK_JUMPED] = { apply_jumped, NO_SUBJECT, WHILE_OPEN },
    [EVENT_WITNESS_PUSHED] = { apply_witnessed, NO_SUBJECT, FROM_OPEN_ON },
    [EVENT_WITNESS_ALARMED] = { apply_alarmed, NO_SUBJECT, FROM_OPEN_ON },
    [EVENT_SAMPLE] = { apply_sample, NO_SUBJECT, FROM_OPEN_ON },
};

int change_refuse(const struct change *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int r = err_setv(c->err, ERR_CORRUPT, format, args);
    va_end(args);
    (void)err_prefix(c->err, "event %" PRIu64 " (%s)", c->event->seq, event_word(c->event->type));
    return r;
}

static size_t find_subject(const struct book *book, enum subject subject, const char *id)
{
    switch (subject) {
    case OF_STEP:
    case OF_WORK:
    case OF_STEP_OR_NONE:
        return book_find_step(book, id);
    case OF_GATE:
        return book_find_gate(book, id);
    case OF_TRIGGER:
        return book_find_trigger(book, id);
    case OF_MONITOR:
        return book_find_monitor(book, id);
    case NO_SUBJECT:
    case OF_ITEM:
        break;
    }
    return BOOK_NONE;
}

/* Fills in what the subject and the entry name. */
static int look_up(struct change *c, enum subject subject)
{
    const char *id = c->event->subject;
    c->subject = BOOK_NONE;
    if (subject == NO_SUBJECT || (subject == OF_STEP_OR_NONE && id == NULL))
        return 0;
    if (id == NULL)
        return change_refuse(c, "it names nothing");
    if (subject == OF_ITEM)
        return 0;
    c->subject = find_subject(c->run->book, subject, id);
    if (c->subject == BOOK_NONE)
        return change_refuse(c, "the book has no \"%s\"", id);
    if (subject != OF_STEP && subject != OF_WORK)
        return 0;
    int64_t entry = subject == OF_WORK ? c->event->entry : 0;
    if (entry < 0 || (uint64_t)entry > c->run->book->steps[c->subject].rollback_count)
        return change_refuse(c, "\"%s\" has no rollback entry %" PRId64, id, entry);
    c->entry = (size_t)entry;
    c->def = book_work(c->run->book, c->subject, c->entry);
    c->step = &c->run->steps[c->subject];
    c->work = c->entry == 0 ? &c->step->work : &c->step->undo[c->entry - 1];
    return 0;
}

static int check_when(const struct change *c, enum when when)
{
    bool opened = c->run->id != NULL;
    if (opened != (when != BEFORE_OPEN))
        return change_refuse(c, opened ? "the run is open already" : "the run is not open yet");
    if (when == WHILE_OPEN && c->run->closed != CHOICE_NONE)
        return change_refuse(c, "the run is over");
    return 0;
}

static int check_seq(const struct change *c)
{
    bool record = event_is_record(c->event->type);
    if (record && c->event->seq != c->run->last_seq + 1)
        return change_refuse(c, "it does not follow event %" PRIu64, c->run->last_seq);
    if (!record && c->event->seq != 0)
        return change_refuse(c, "a passing event has no number");
    if (c->event->actor == NULL || c->event->choice >= CHOICE_COUNT)
        return change_refuse(c, "it is not whole");
    return 0;
}

int run_apply(struct run *run, const struct event *event, struct err *err)
{
    struct change c = { .run = run, .event = event, .err = err };
    if (event->type >= EVENT_TYPE_COUNT)
        return err_set(err, ERR_CORRUPT, "event %" PRIu64 " has a type that is not known", event->seq);
    int r = check_seq(&c);
    if (r == 0)
        r = check_when(&c, rows[event->type].when);
    if (r == 0)
        r = look_up(&c, rows[event->type].subject);
    if (r == 0)
        r = rows[event->type].apply(&c);
    if (r < 0 || !event_is_record(event->type))
        return r;
    run->last_seq = event->seq;
    if (event_wants_witness(event->type))
        run->witness.due = event->seq;
    run_count_phases(run);
    return 0;
}
