#include "engine.h"

#include <string.h>

#include "base/text.h"

static const struct {
    const char *word;
    const char *arguments;
    bool anyone;
} words[VERB_COUNT] = {
#define X(name, word, anyone, arguments) [name] = { word, arguments, anyone },
    VERBS(X)
#undef X
};

const char *verb_word(enum verb verb)
{
    return verb < VERB_COUNT ? words[verb].word : "";
}

const char *verb_arguments(enum verb verb)
{
    return verb < VERB_COUNT ? words[verb].arguments : "";
}

bool verb_for_anyone(enum verb verb)
{
    return verb < VERB_COUNT && words[verb].anyone;
}

enum verb verb_of(const char *word)
{
    size_t verb = 0;
    while (verb < VERB_COUNT && strcmp(words[verb].word, word) != 0)
        verb++;
    return (enum verb)verb;
}

/* Where a verb is heard besides a run in which all is well; what is not said here the verb looks at itself.
 */
#define IF_UNKNOWN 1u  /* although a step is unknown */
#define IF_ROLLING 2u  /* although a rollback is under way */
#define IF_HELD    4u  /* although the run is held */
#define STEP       8u  /* its subject is a step */
#define STEP_OR_NO 16u /* its subject is a step if it has one */
#define ALWAYS     (IF_UNKNOWN | IF_ROLLING | IF_HELD)

static const struct {
    verb_function decide;
    unsigned flags;
} rows[VERB_COUNT] = {
    [VERB_TICK] = { verb_tick, STEP | IF_ROLLING | IF_HELD },
    [VERB_UNTICK] = { verb_untick, STEP | IF_HELD },
    [VERB_START] = { verb_start, STEP },
    [VERB_NEXT] = { verb_next, 0 },
    [VERB_CANCEL] = { verb_cancel, STEP | ALWAYS },
    [VERB_RETRY] = { verb_retry, STEP | IF_ROLLING | IF_HELD },
    [VERB_AGAIN] = { verb_again, STEP },
    [VERB_CLEAN] = { verb_clean, STEP | IF_ROLLING | IF_HELD },
    [VERB_VOTE] = { verb_vote, ALWAYS },
    [VERB_BREAK_GLASS] = { verb_break_glass, 0 },
    [VERB_OVERRIDE] = { verb_override, IF_HELD },
    [VERB_RULE] = { verb_rule, STEP | ALWAYS },
    [VERB_PROBE] = { verb_probe, STEP | ALWAYS },
    [VERB_KILL] = { verb_kill, ALWAYS },
    [VERB_HOLD] = { verb_hold, ALWAYS },
    [VERB_RELEASE] = { verb_release, IF_ROLLING | IF_HELD },
    [VERB_ROLLBACK] = { verb_rollback, STEP_OR_NO | IF_HELD },
    [VERB_SCRUB] = { verb_scrub, IF_HELD },
    [VERB_NOTE] = { verb_note, ALWAYS },
    [VERB_CLOSE] = { verb_close, IF_HELD },
};

static int refuse_unknown(struct deciding *d)
{
    size_t entry = 0;
    size_t step = run_unknown_step(d->run, &entry);
    return refuse(d, RULE_UNKNOWN_STEP, "%s is unknown: probe it, or rule what it is",
                  work_name(d->run, step, entry, d->arena));
}

static int refuse_held(struct deciding *d)
{
    const char *why = text_or_null(d->run->held_why);
    return refuse(d, RULE_HELD, "by %s%s%s", d->run->held_by, why != NULL ? ": " : "",
                  why != NULL ? why : "");
}

static int check_state(struct deciding *d, unsigned flags)
{
    const struct run *run = d->run;
    if (run->counts.unknown > 0 && (flags & IF_UNKNOWN) == 0)
        return refuse_unknown(d);
    if (run->rolling_back && (flags & IF_ROLLING) == 0)
        return refuse(d, RULE_ROLLING_BACK, "\"%s\" has to wait until it is over",
                      verb_word(d->input->action.verb));
    if (run->held && (flags & IF_HELD) == 0)
        return refuse_held(d);
    return 0;
}

int check_quiet(struct deciding *d)
{
    return check_state(d, 0);
}

static int find_step(struct deciding *d, unsigned flags, size_t *ret)
{
    const char *subject = text_or_null(d->input->action.subject);
    *ret = BOOK_NONE;
    if ((flags & (STEP | STEP_OR_NO)) == 0 || (subject == NULL && (flags & STEP_OR_NO) != 0))
        return 0;
    if (subject == NULL)
        return refuse(d, RULE_NAME, "\"%s\" needs the name of a step", verb_word(d->input->action.verb));
    *ret = book_find_step(d->run->book, subject);
    return *ret != BOOK_NONE ? 0 : refuse(d, RULE_NAME, "the book has no step \"%s\"", subject);
}

int decide_action(struct deciding *d)
{
    const struct action *action = &d->input->action;
    size_t step;
    if (action->verb >= VERB_COUNT || text_or_null(action->actor) == NULL)
        return impossible(d, "an action without a verb or an actor");
    unsigned flags = rows[action->verb].flags;
    if (d->run->closed != CHOICE_NONE)
        return refuse(d, RULE_CLOSED, "it was %s", choice_word(d->run->closed));
    if (!words[action->verb].anyone && (!is_operator(d) || action->watcher))
        return refuse(d, RULE_WATCHER, "the operator of this run is %s%s", d->run->operator,
                      is_operator(d) ? ", who only watches on this screen" : "");
    int r = find_step(d, flags, &step);
    if (r == 0)
        r = check_state(d, flags);
    return r < 0 ? r : rows[action->verb].decide(d, step);
}

/* ---- verbs about the run as a whole ---- */

static struct event *emit_said(struct deciding *d, enum event_type type)
{
    struct event *event = emit_by_actor(d, type);
    event->text = arena_text(d->arena, text_or_null(d->input->action.text));
    return event;
}

/* Rule 7: nothing is asked, nothing is looked at. */
int verb_hold(struct deciding *d, size_t step)
{
    (void)step;
    emit_said(d, EVENT_RUN_HELD);
    return 0;
}

/* What a rollback waits for, when an undo of it failed; BOOK_NONE. It waits for no message. */
static size_t failed_undo(const struct run *run)
{
    size_t step = run->rolling_back ? rollback_newest(run, run->rollback_to) : BOOK_NONE;
    size_t entry = step != BOOK_NONE ? rollback_entry(run, step) : 0;
    bool failed = entry > 0 && run_work(run, step, entry)->state == STEP_FAILED;
    return failed && book_work(run->book, step, entry)->kind != STEP_NOTIFY ? step : BOOK_NONE;
}

/* After an undo that failed nothing would go on by itself: the run stays held, and says for what. */
int verb_release(struct deciding *d, size_t step)
{
    const struct run *run = d->run;
    if (!run->held)
        return refuse(d, RULE_STATE, "the run is not held");
    step = failed_undo(run);
    const char *id = step != BOOK_NONE ? run->book->steps[step].id : NULL;
    if (id != NULL && strcmp(run->held_by, EVENT_ACTOR_SELF) == 0)
        return refuse(d, RULE_STATE, "the rollback of %s failed: retry %s, or rule %s done --reason", id, id,
                      id);
    emit_said(d, EVENT_RUN_RELEASED);
    if (id != NULL)
        emit_undo_failed(d, step, run_work(run, step, rollback_entry(run, step))->text);
    return 0;
}

int verb_note(struct deciding *d, size_t step)
{
    (void)step;
    if (said_or_null(d->input->action.text) == NULL)
        return refuse(d, RULE_REASON, "a note says something");
    emit_said(d, EVENT_RUN_NOTE);
    return 0;
}

static int check_idle(struct deciding *d)
{
    size_t entry = 0;
    size_t step = run_running_step(d->run, &entry);
    if (step != BOOK_NONE)
        return refuse(d, RULE_STATE, "%s is running", work_name(d->run, step, entry, d->arena));
    for (step = 0; step < d->run->book->step_count; step++) {
        if (d->run->steps[step].cleaning)
            return refuse(d, RULE_STATE, "%s is being removed", d->run->steps[step].leftover);
    }
    if (d->run->kills_under_way > 0)
        return refuse(d, RULE_STATE, "a session is being killed");
    return 0;
}

int verb_scrub(struct deciding *d, size_t step)
{
    (void)step;
    if (said_or_null(d->input->action.text) == NULL)
        return refuse(d, RULE_REASON, "say why the run is given up");
    int r = check_idle(d);
    if (r < 0)
        return r;
    emit_said(d, EVENT_RUN_CLOSED)->choice = CHOICE_SCRUBBED;
    return 0;
}

static int refuse_incomplete(struct deciding *d)
{
    const struct book *book = d->run->book;
    size_t phase = run_current_phase(d->run);
    size_t step = phase_first_incomplete(d->run, phase);
    size_t gate = book->phases[phase].gate;
    int r = step == BOOK_NONE ? check_witnessed(d, gate) : 0;
    if (r < 0)
        return r;
    if (step == BOOK_NONE)
        return refuse(d, RULE_ORDER, "gate \"%s\" is not go", book->gates[gate].id);
    return refuse(d, RULE_ORDER, "\"%s\" is %s", book->steps[step].id,
                  step_state_word(run_step_shown(d->run, step)));
}

/* What a failed attempt left is forgotten with the run: whoever leaves it says so by giving the run up. */
static int check_tidy(struct deciding *d)
{
    for (size_t i = 0; i < d->run->book->step_count; i++) {
        const char *leftover = d->run->steps[i].leftover;
        if (leftover != NULL)
            return refuse(d, RULE_LEFTOVER, "\"%s\" left %s behind: clean it, or scrub the run",
                          d->run->book->steps[i].id, leftover);
    }
    return 0;
}

int verb_close(struct deciding *d, size_t step)
{
    const struct book *book = d->run->book;
    (void)step;
    int r = check_idle(d);
    if (r == 0)
        r = check_tidy(d);
    if (r < 0)
        return r;
    if (d->run->rolled_back) {
        emit_said(d, EVENT_RUN_CLOSED)->choice = CHOICE_ABORTED;
        return 0;
    }
    if (run_current_phase(d->run) < book->phase_count)
        return refuse_incomplete(d);
    size_t deferred = book->gate_count > 0 ? gate_first_deferred(d->run, book->gate_count - 1) : BOOK_NONE;
    if (deferred != BOOK_NONE)
        return refuse(d, RULE_ORDER, "deferred: \"%s\" was not accepted at the last gate",
                      book->steps[deferred].id);
    emit_said(d, EVENT_RUN_CLOSED)->choice = CHOICE_FINISHED;
    return 0;
}
