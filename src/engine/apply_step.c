#include "engine.h"

#include <string.h>

#include "base/text.h"

/* ---- checks ---- */

static void keep_text(struct change *c, const char *who)
{
    c->work->who = run_keep(c->run, who);
    c->work->text = run_keep(c->run, c->event->text);
    c->work->value = run_keep(c->run, c->event->value);
}

int apply_ticked(struct change *c)
{
    enum step_state state = c->work->state;
    if (c->def->kind != STEP_CHECK)
        return change_refuse(c, "\"%s\" is not a check", c->def->id);
    if (step_state_complete(state) && state != STEP_DEFERRED)
        return change_refuse(c, "\"%s\" is ticked already", c->def->id);
    if (c->def->phase > c->run->counts.current_phase)
        return change_refuse(c, "the phase of \"%s\" is not reached", c->def->id);
    run_set_state(c->run, c->subject, 0, STEP_DONE);
    keep_text(c, c->event->actor);
    c->work->ended = c->event->at;
    c->step->deferred_gate = BOOK_NONE;
    c->step->since = c->event->seq;
    return 0;
}

int apply_unticked(struct change *c)
{
    if (c->def->kind != STEP_CHECK || c->work->state != STEP_DONE)
        return change_refuse(c, "\"%s\" is not a ticked check", c->def->id);
    run_set_state(c->run, c->subject, 0, STEP_PENDING);
    keep_text(c, c->event->actor);
    c->step->since = c->event->seq;
    return 0;
}

/* The texts of the last answer have an arena of their own: answers come every few seconds, for hours. */
int apply_sensed(struct change *c)
{
    enum choice choice = c->event->choice;
    if (!step_is_sensed(c->def))
        return change_refuse(c, "\"%s\" is not sensed", c->def->id);
    if (choice != CHOICE_YES && choice != CHOICE_NO && choice != CHOICE_UNKNOWN)
        return change_refuse(c, "\"%s\" is no answer", choice_word(choice));
    struct arena *arena = arena_create();
    arena_destroy(c->step->sensed_arena);
    c->step->sensed_arena = arena;
    c->step->sensed = choice;
    c->step->sensed_value = arena_text(arena, c->event->value);
    c->step->sensed_why = arena_text(arena, c->event->text);
    c->step->sensed_boot_us = c->event->at.boot_us;
    return 0;
}

/* ---- starting ---- */

static bool can_start(const struct work *work)
{
    static const bool states[STEP_STATE_COUNT] = {
        [STEP_PENDING] = true, [STEP_FAILED] = true, [STEP_DEFERRED] = true, [STEP_ROLLED_BACK] = true
    };
    return states[work->state] || work->between_attempts;
}

static int check_forward_start(const struct change *c)
{
    const struct run *run = c->run;
    if (run->rolling_back)
        return change_refuse(c, "a rollback is under way");
    if (c->def->kind == STEP_CHECK || c->def->kind == STEP_NONE)
        return change_refuse(c, "\"%s\" is not started", c->def->id);
    if (c->step->leftover != NULL)
        return change_refuse(c, "%s has to go first", c->step->leftover);
    if (c->def->phase > run->counts.current_phase)
        return change_refuse(c, "the phase of \"%s\" is not reached", c->def->id);
    for (size_t i = 0; i < c->def->after_count; i++) {
        if (!run_step_complete(run, c->def->after[i]))
            return change_refuse(c, "\"%s\" is not complete", run->book->steps[c->def->after[i]].id);
    }
    return 0;
}

static int check_undo_start(const struct change *c)
{
    if (!c->run->rolling_back)
        return change_refuse(c, "no rollback is under way");
    if (!c->step->effect || rollback_entry(c->run, c->subject) != c->entry)
        return change_refuse(c, "\"%s\" is not what has to be undone next", c->def->id);
    return 0;
}

static void start_forward(struct change *c)
{
    for (size_t i = 0; i < c->run->book->gate_count; i++) {
        if (c->run->book->gates[i].phase < c->def->phase)
            c->run->gates[i].begun_on = true;
    }
    c->step->order = c->event->seq;
    c->run->rolled_back = false;
    for (size_t i = 1; i <= c->run->book->steps[c->subject].rollback_count; i++) {
        run_set_state(c->run, c->subject, i, STEP_PENDING);
        work_forget(&c->step->undo[i - 1]);
    }
}

static bool is_again(const struct change *c)
{
    return c->entry == 0 && text_equal(c->event->text, EVENT_STEP_AGAIN);
}

static bool can_again(const struct change *c)
{
    bool done = c->work->state == STEP_DONE || c->work->state == STEP_SKIPPED;
    return done && run_is_rehearsal(c->run) && step_can_be_again(c->def) &&
           step_begun_since(c->run, c->subject) == BOOK_NONE;
}

/* It keeps its place in what a rollback undoes. Items that it had found done stay that: they are not ours. */
static void start_again(struct change *c)
{
    c->run->rolled_back = false;
    for (size_t i = 0; i < c->work->item_count; i++)
        c->work->items[i].done = c->work->items[i].found;
}

static void start_step(struct change *c)
{
    bool again = is_again(c);
    c->step->foreseen = CHOICE_NONE;
    if (again)
        start_again(c);
    else
        start_forward(c);
    if (!c->work->between_attempts)
        c->work->again = again;
}

int apply_started(struct change *c)
{
    struct work *work = c->work;
    if (c->run->held || c->run->counts.unknown > 0)
        return change_refuse(c, c->run->held ? "the run is held" : "a step is unknown");
    if (!(is_again(c) ? can_again(c) : can_start(work)) || c->event->attempt != work->attempt + 1)
        return change_refuse(c, "\"%s\" is %s after attempt %" PRId64, c->def->id,
                             step_state_word(work->state), work->attempt);
    int r = c->entry == 0 ? check_forward_start(c) : check_undo_start(c);
    if (r < 0)
        return r;
    bool again = work->between_attempts;
    if (c->entry == 0)
        start_step(c);
    run_set_state(c->run, c->subject, c->entry, STEP_RUNNING);
    work->attempt = c->event->attempt;
    work->between_attempts = work->cancelling = work->reported = false;
    work->waiting = work->settings = NULL;
    work->until.holds = false; /* what held before the wait began proves nothing */
    if (again)
        return 0;
    if (c->def->kind == STEP_WAIT)
        work->progress = (struct progress){ .total = -1, .left_us = -1 };
    work->first_attempt = work->attempt;
    work->started = c->event->at;
    work->ended = (struct instant){ 0 };
    work->elapsed_us = 0;
    work->probe = CHOICE_NONE;
    work->code = work->detail = work->hint = NULL;
    keep_text(c, c->event->actor);
    return 0;
}

/* ---- while it runs ---- */

/* "lock_timeout 3s, statement_timeout 30s" is what was read back; anything else is a notice of the server. */
static bool is_settings(const char *text)
{
    static const char *const names[] = { "lock_timeout ",       "statement_timeout ",
                                         "lock_wait_timeout ",  "innodb_lock_wait_timeout ",
                                         "max_statement_time ", "max_execution_time " };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (text_starts(text, names[i]))
            return true;
    }
    return false;
}

int apply_noted(struct change *c)
{
    if (c->event->text == NULL)
        return change_refuse(c, "it says nothing");
    if (is_settings(c->event->text))
        c->work->settings = run_keep(c->run, c->event->text);
    return 0;
}

/* For who reads the trail: nothing of the run depends on it. */
int apply_locked(struct change *c)
{
    if (c->event->text == NULL || c->event->value == NULL)
        return change_refuse(c, "it says nothing");
    return 0;
}

static int check_running(const struct change *c)
{
    if (c->work->state != STEP_RUNNING)
        return change_refuse(c, "\"%s\" is %s", c->def->id, step_state_word(c->work->state));
    return 0;
}

int apply_waiting(struct change *c)
{
    int r = check_running(c);
    if (r < 0)
        return r;
    bool waits = c->event->text != NULL && *c->event->text != '\0';
    c->work->waiting = waits ? run_keep(c->run, c->event->text) : NULL;
    return 0;
}

static void keep_failure(struct change *c)
{
    c->work->code = run_keep(c->run, c->event->code);
    c->work->text = run_keep(c->run, c->event->text);
    c->work->detail = run_keep(c->run, c->event->detail);
    c->work->hint = run_keep(c->run, c->event->hint);
}

int apply_retrying(struct change *c)
{
    int r = check_running(c);
    if (r < 0)
        return r;
    if (c->work->between_attempts || c->event->attempt != c->work->attempt || c->event->wait_us < 0)
        return change_refuse(c, "attempt %" PRId64 " of \"%s\" did not just end", c->event->attempt,
                             c->def->id);
    c->work->between_attempts = true;
    c->work->retry_at_boot_us = c->event->at.boot_us + c->event->wait_us;
    c->work->waiting = NULL;
    keep_failure(c);
    return 0;
}

int apply_cancelling(struct change *c)
{
    int r = check_running(c);
    if (r < 0)
        return r;
    c->work->cancelling = true;
    return 0;
}

/* What a person has done, and says so: the probe has the last word. */
int apply_reported(struct change *c)
{
    int r = check_running(c);
    if (r < 0)
        return r;
    if (!step_is_probed_by_hand(c->def) || c->work->probing)
        return change_refuse(c, "no probe of \"%s\" is to be asked", c->def->id);
    c->work->reported = true;
    keep_text(c, c->event->actor);
    return 0;
}

/* ---- how it ended ---- */

static enum step_state state_ended(const struct change *c)
{
    enum choice choice = c->event->choice;
    if (c->entry > 0 && choice == CHOICE_SKIPPED)
        return STEP_DONE;
    return choice == CHOICE_DONE      ? STEP_DONE
           : choice == CHOICE_SKIPPED ? STEP_SKIPPED
           : choice == CHOICE_UNKNOWN ? STEP_UNKNOWN
                                      : STEP_FAILED;
}

/* What an ended step has done. An effect of an earlier attempt stands until it is undone. */
static void keep_effect(struct change *c)
{
    bool changes = step_kind_changes(c->def->kind);
    bool unclean = c->event->choice == CHOICE_FAILED && (!c->event->clean || c->event->leftover != NULL);
    c->step->effect_before = c->step->effect;
    /* found done after an attempt of which somebody said that it had done nothing: it was that one */
    bool ours = c->event->choice == CHOICE_SKIPPED && c->step->denied;
    bool done = (c->event->choice == CHOICE_DONE || ours) && !c->work->again;
    if (changes && (done || unclean))
        c->step->effect = true;
    c->step->leftover = run_keep(c->run, c->event->leftover);
    if (c->event->choice == CHOICE_DONE || c->event->choice == CHOICE_SKIPPED)
        c->step->deferred_gate = BOOK_NONE;
}

/* An entry decides about its step. */
static void settle_entry(struct change *c)
{
    enum step_state state = c->work->state;
    if (state == STEP_DONE)
        rollback_settle(c->run, c->subject);
    else if (state == STEP_FAILED && c->def->kind != STEP_NOTIFY)
        run_set_state(c->run, c->subject, 0, STEP_ROLLBACK_FAILED);
}

int apply_ended(struct change *c)
{
    enum choice choice = c->event->choice;
    int r = check_running(c);
    if (r < 0)
        return r;
    if (choice != CHOICE_DONE && choice != CHOICE_SKIPPED && choice != CHOICE_FAILED &&
        choice != CHOICE_UNKNOWN)
        return change_refuse(c, "nothing ends as \"%s\"", choice_word(choice));
    if (c->event->attempt != c->work->attempt)
        return change_refuse(c, "attempt %" PRId64 " of \"%s\" does not run", c->event->attempt, c->def->id);
    if (choice == CHOICE_UNKNOWN && !step_kind_changes(c->def->kind))
        return change_refuse(c, "\"%s\" changes nothing", c->def->id);
    run_set_state(c->run, c->subject, c->entry, state_ended(c));
    c->work->between_attempts = c->work->cancelling = c->work->reported = false;
    c->work->waiting = c->work->pauses = c->work->lacks = NULL;
    c->work->clean = c->event->clean;
    c->work->ended = c->event->at;
    c->work->elapsed_us = c->event->elapsed_us;
    c->work->value = run_keep(c->run, c->event->value);
    /* It came to its end, and the end was wrong: what is tried again looks at everything again. */
    if (choice == CHOICE_FAILED && c->work->value != NULL)
        c->work->checkpoint = NULL;
    keep_failure(c);
    if (strcmp(c->event->actor, EVENT_ACTOR_SELF) != 0)
        c->work->who = run_keep(c->run, c->event->actor);
    if (c->entry == 0)
        keep_effect(c);
    else
        settle_entry(c);
    if (c->entry > 0 && c->event->leftover != NULL)
        c->step->leftover = run_keep(c->run, c->event->leftover);
    return 0;
}

/* ---- unknown ---- */

static void rule_step(struct change *c)
{
    static const enum step_state states[CHOICE_COUNT] = {
        [CHOICE_DONE] = STEP_DONE, [CHOICE_NOT_DONE] = STEP_PENDING, [CHOICE_PARTIAL] = STEP_FAILED
    };
    run_set_state(c->run, c->subject, 0, states[c->event->choice]);
    /* what is there was there before it was done once more */
    bool stands = c->work->again && c->event->choice != CHOICE_PARTIAL;
    /* that this attempt did nothing takes back nothing of an earlier one, nor of items before the last */
    if ((c->event->choice != CHOICE_NOT_DONE || c->work->item_count > 0) && step_kind_changes(c->def->kind) &&
        !stands)
        c->step->effect = true;
    if (c->event->choice == CHOICE_NOT_DONE && strcmp(c->event->actor, EVENT_ACTOR_SELF) != 0 && !stands)
        c->step->denied = true;
    if (c->event->choice == CHOICE_DONE) {
        c->step->leftover = NULL;
        c->step->deferred_gate = BOOK_NONE;
        /* what a probe or an earlier attempt answered is not what later steps are to use */
        c->work->value = NULL;
    }
}

static void rule_entry(struct change *c)
{
    static const enum step_state states[CHOICE_COUNT] = {
        [CHOICE_DONE] = STEP_DONE, [CHOICE_NOT_DONE] = STEP_PENDING, [CHOICE_PARTIAL] = STEP_FAILED
    };
    run_set_state(c->run, c->subject, c->entry, states[c->event->choice]);
    settle_entry(c);
}

int apply_ruled(struct change *c)
{
    enum choice choice = c->event->choice;
    bool failed_entry = c->entry > 0 && c->work->state == STEP_FAILED;
    if (choice != CHOICE_DONE && choice != CHOICE_NOT_DONE && choice != CHOICE_PARTIAL)
        return change_refuse(c, "\"%s\" is no ruling", choice_word(choice));
    if (c->work->state != STEP_UNKNOWN && !failed_entry)
        return change_refuse(c, "\"%s\" is %s", c->def->id, step_state_word(c->work->state));
    c->work->clean = false;
    c->work->ended = c->event->at;
    c->work->who = run_keep(c->run, c->event->actor);
    c->work->text = run_keep(c->run, c->event->text);
    if (c->entry == 0)
        rule_step(c);
    else
        rule_entry(c);
    return 0;
}

int apply_probe_started(struct change *c)
{
    bool by_hand = step_is_probed_by_hand(c->def) && c->work->state == STEP_RUNNING;
    if ((c->work->state != STEP_UNKNOWN && !by_hand) || c->work->probing)
        return change_refuse(c, "\"%s\" is not to be probed", c->def->id);
    c->work->probing = true;
    return 0;
}

int apply_probe_ended(struct change *c)
{
    enum choice choice = c->event->choice;
    if (!c->work->probing)
        return change_refuse(c, "\"%s\" is not being probed", c->def->id);
    if (choice != CHOICE_YES && choice != CHOICE_NO && choice != CHOICE_UNKNOWN)
        return change_refuse(c, "\"%s\" is no answer", choice_word(choice));
    c->work->probing = false;
    c->work->probe = choice;
    c->work->value = run_keep(c->run, c->event->value);
    return 0;
}

/* ---- leftovers ---- */

int apply_clean_started(struct change *c)
{
    if (c->step->leftover == NULL || c->step->cleaning)
        return change_refuse(c, "\"%s\" left nothing behind", c->def->id);
    c->step->cleaning = true;
    return 0;
}

int apply_clean_ended(struct change *c)
{
    enum choice choice = c->event->choice;
    if (!c->step->cleaning)
        return change_refuse(c, "nothing of \"%s\" is being removed", c->def->id);
    if (choice != CHOICE_DONE && choice != CHOICE_FAILED)
        return change_refuse(c, "nothing ends as \"%s\"", choice_word(choice));
    c->step->cleaning = false;
    if (choice == CHOICE_FAILED)
        return 0;
    c->step->leftover = NULL;
    /* an attempt that failed clean but for the leftover has no effect any more; one before it may have */
    if (c->work->state == STEP_FAILED && c->work->clean)
        c->step->effect = c->step->effect_before;
    return 0;
}
