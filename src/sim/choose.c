#include <string.h>
#include <strings.h>

#include "people.h"

/*
 * What people say. Most of the time what helps, as far as they can see it in the run that they are shown; the
 * rest of the time anything, about anything. In the end, when all is well, they want the run to be over.
 */

static bool is_operator(const struct person *person)
{
    return strcasecmp(person->name, OPERATOR) == 0 && !person->watch;
}

static bool set(struct action *ret, enum verb verb, const char *subject, const char *text)
{
    *ret = (struct action){ .verb = verb, .subject = subject, .text = text };
    return true;
}

/* ---- anything ---- */

static const char *any_subject(void)
{
    const struct book *book = world()->book->book;
    size_t which = chance_below(10);
    if (which == 0 && book->gate_count > 0)
        return book->gates[chance_below(book->gate_count)].id;
    if (which == 1)
        return "nothing-of-that-name";
    if (which == 2)
        return NULL;
    if (which == 3 && book->gate_count > 0 && book->gates[0].criterion_count > 0)
        return book->gates[0].criteria[0].id;
    return book->steps[chance_below(book->step_count)].id;
}

/* Whoever is in the way, or somebody of ours, or nobody. */
static const char *any_session(void)
{
    static const char *const names[] = {
        SOMEBODY_PID, "locks:" SOMEBODY_PID, "locks:1001", "1001", "0", "12"
    };
    return names[chance_below(ARRAY_LEN(names))];
}

static void choose_kill(struct action *ret)
{
    if (chance(800))
        ret->subject = any_session();
    if (chance(700))
        ret->choice = chance(500) ? CHOICE_CANCEL : CHOICE_TERMINATE;
    if (chance(300))
        ret->session = chance(500) ? somebody_since() : "since long ago";
}

static bool anything(struct action *ret)
{
    static const enum choice choices[] = { CHOICE_GO,      CHOICE_NO_GO,  CHOICE_DONE,     CHOICE_NOT_DONE,
                                           CHOICE_PARTIAL, CHOICE_CANCEL, CHOICE_TERMINATE };
    static const char *const roles[] = { "operator", "reviewer", "nobody" };
    enum verb verb = (enum verb)chance_below(VERB_COUNT);
    const struct book *book = world()->book->book;
    if (verb == VERB_SCRUB && chance(900))
        verb = VERB_HOLD;
    set(ret, verb, any_subject(), chance(700) ? "because I say so" : NULL);
    if (verb == VERB_VOTE && chance(800) && book->gate_count > 0)
        ret->subject = book->gates[chance_below(book->gate_count)].id;
    if (verb == VERB_ROLLBACK && chance(600))
        ret->subject = NULL;
    if (chance(200))
        ret->role = roles[chance_below(ARRAY_LEN(roles))];
    ret->choice = choices[chance_below(ARRAY_LEN(choices))];
    if (verb == VERB_KILL)
        choose_kill(ret);
    return true;
}

/* ---- what helps ---- */

/* People look before they rule: at what is still at work, and at what is there. */
static bool settle_unknown(const struct run *run, struct action *ret)
{
    size_t entry;
    size_t step = run_unknown_step(run, &entry);
    if (step == BOOK_NONE)
        return false;
    const struct def *def = def_at(step, entry);
    if (def->step->probe.sql != NULL && chance(500))
        return set(ret, VERB_PROBE, run->book->steps[step].id, NULL);
    if (backends_busy() || processes_busy())
        return set(ret, VERB_NOTE, NULL, "something is still at work");
    set(ret, VERB_RULE, run->book->steps[step].id, "I looked");
    ret->choice = def->applied ? CHOICE_DONE : def->partial ? CHOICE_PARTIAL : CHOICE_NOT_DONE;
    if (def->entry > 0 && def->partial && !def->applied)
        ret->choice = CHOICE_NOT_DONE;
    return true;
}

static bool undo_failed(const struct run *run, size_t *ret_step)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        for (size_t k = 0; k < run->book->steps[i].rollback_count; k++) {
            *ret_step = i;
            if (run->steps[i].undo[k].state == STEP_FAILED ||
                run->steps[i].work.state == STEP_ROLLBACK_FAILED)
                return true;
        }
    }
    return false;
}

/* Whatever a person is in the middle of, forward or back. */
static bool tick_running(const struct run *run, struct action *ret)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        for (size_t e = 0; e <= run->book->steps[i].rollback_count; e++) {
            const struct work *work = e == 0 ? &run->steps[i].work : &run->steps[i].undo[e - 1];
            const struct step *def = def_at(i, e)->step;
            if (def->kind != STEP_MANUAL || work->state != STEP_RUNNING)
                continue;
            /* now and then somebody says so who has not done it */
            if (query_is_there(&def->probe) && (world()->well || chance(800)))
                truth_by_hand(def_at(i, e));
            return set(ret, VERB_TICK, run->book->steps[i].id, "seen");
        }
    }
    return false;
}

static bool go_back(const struct run *run, struct action *ret)
{
    size_t step;
    if (tick_running(run, ret))
        return true;
    if (undo_failed(run, &step)) {
        bool person = run->held && strcmp(run->held_by, EVENT_ACTOR_SELF) != 0;
        return person ? set(ret, VERB_RELEASE, NULL, NULL)
                      : set(ret, VERB_RETRY, run->book->steps[step].id, NULL);
    }
    return run->held && set(ret, VERB_RELEASE, NULL, "go on");
}

static bool mend(const struct run *run, struct action *ret)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct run_step *step = &run->steps[i];
        if (step->leftover != NULL && !step->cleaning)
            return set(ret, VERB_CLEAN, run->book->steps[i].id, NULL);
        /* nothing waits for a message */
        if (run->book->steps[i].kind == STEP_NOTIFY && chance(800))
            continue;
        if (step->work.state == STEP_FAILED && !step->cleaning &&
            run->book->steps[i].phase <= run_current_phase(run))
            return !world()->well && chance(150) ? set(ret, VERB_ROLLBACK, NULL, "it does not work")
                                                 : set(ret, VERB_RETRY, run->book->steps[i].id, NULL);
    }
    return false;
}

/* Who is seen in the way is cancelled, and when that did not help, terminated. */
static bool clear_the_way(const struct run *run, struct action *ret)
{
    for (size_t i = 0; i < run->book->monitor_count; i++) {
        const struct sample *last = run->monitors[i].last;
        struct run_session session;
        if (last == NULL || !last->known || last->row_count == 0 ||
            !run_session_of(run, i, last, 0, &session))
            continue;
        const struct run_kill *kill = run_kill_of(run, i, session.pid, session.identity);
        set(ret, VERB_KILL, session.pid, "it is in the way");
        ret->choice = kill != NULL && kill->cancelled ? CHOICE_TERMINATE : CHOICE_CANCEL;
        ret->session = session.identity;
        return true;
    }
    return false;
}

static const struct gate *gate_here(const struct run *run)
{
    size_t phase = run_current_phase(run);
    if (phase >= run->book->phase_count || run->book->phases[phase].gate == BOOK_NONE)
        return NULL;
    return &run->book->gates[run->book->phases[phase].gate];
}

static bool tick_next(const struct run *run, bool operator, struct action * ret)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct step *def = &run->book->steps[i];
        enum step_state state = run->steps[i].work.state;
        bool mine = (def->by == NULL || strcmp(def->by, OPERATOR) == 0 || strcmp(def->by, "operator") == 0) ==
                    operator;
        if (def->kind == STEP_CHECK && !step_is_sensed(def) && mine && def->phase <= run_current_phase(run) &&
            (state == STEP_PENDING || state == STEP_DEFERRED))
            return set(ret, VERB_TICK, def->id, "seen in the log");
    }
    return false;
}

static bool vote(const struct run *run, const char *role, struct action *ret)
{
    const struct gate *gate = gate_here(run);
    if (gate == NULL || !run_phase_complete(run, gate->phase))
        return false;
    for (size_t i = 0; i < gate->vote_count; i++) {
        if (strcmp(run->book->roles[gate->votes[i]].id, role) != 0 ||
            run->gates[gate->index].votes[i].vote == CHOICE_GO)
            continue;
        set(ret, VERB_VOTE, gate->id, "all is well");
        ret->choice = !world()->well && chance(80) ? CHOICE_NO_GO : CHOICE_GO;
        return true;
    }
    return false;
}

static bool start_deferred(const struct run *run, struct action *ret)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct step *def = &run->book->steps[i];
        if (run->steps[i].work.state == STEP_DEFERRED && def->kind != STEP_CHECK)
            return set(ret, VERB_START, def->id, NULL);
    }
    return false;
}

static bool operate(const struct run *run, struct action *ret)
{
    if (settle_unknown(run, ret))
        return true;
    if (run->rolling_back)
        return go_back(run, ret);
    if (tick_running(run, ret))
        return true;
    if (run->rolled_back && chance(500))
        return set(ret, VERB_CLOSE, NULL, NULL);
    if (run->held)
        return !world()->well && chance(100) ? set(ret, VERB_ROLLBACK, NULL, "enough")
                                             : set(ret, VERB_RELEASE, NULL, NULL);
    if (mend(run, ret) || tick_next(run, true, ret) || vote(run, "operator", ret))
        return true;
    if (run_next_step(run) != BOOK_NONE)
        return set(ret, VERB_NEXT, NULL, NULL);
    if (start_deferred(run, ret))
        return true;
    if (run_current_phase(run) == run->book->phase_count)
        return set(ret, VERB_CLOSE, NULL, NULL);
    return false;
}

static bool review(const struct run *run, struct action *ret)
{
    const struct gate *gate = gate_here(run);
    if (tick_next(run, false, ret) || vote(run, "reviewer", ret))
        return true;
    for (size_t i = 0; gate != NULL && i < run->book->step_count; i++) {
        if (run->steps[i].work.state == STEP_DEFERRED && run->steps[i].deferred_gate != gate->index)
            return set(ret, VERB_OVERRIDE, run->book->steps[i].id, "still the same");
    }
    return false;
}

bool choose_action(struct person *person, struct action *ret)
{
    const struct run *run = world()->fold;
    bool well = world()->well;
    if (run == NULL || run->id == NULL)
        return false;
    if (!well && chance(is_operator(person) ? 250 : 500))
        return anything(ret);
    /* whoever is refused again and again tries what comes next */
    if (is_operator(person) && person->refused > 3 && chance(500))
        return set(ret, VERB_NEXT, NULL, NULL);
    if (is_operator(person) && !well && chance(500) && clear_the_way(run, ret))
        return true;
    if (is_operator(person))
        return operate(run, ret);
    return strcmp(person->name, "jo") == 0 && review(run, ret);
}
