#include "rehearse/unattended.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

void unattended_init(struct unattended_operator *mover, const struct unattended_plan *plan)
{
    *mover = (struct unattended_operator){ .plan = *plan, .again_attempt = -1, .failed_step = BOOK_NONE };
}

/* ---- turning ---- */

static void tell_failure(struct unattended_operator *mover, const char *why)
{
    /* Cut at the size of a message; what came first counts. */
    if (!mover->failure[0])
        (void)snprintf(mover->failure, sizeof(mover->failure), "%s", why);
}

void unattended_fail(struct unattended_operator *mover, const char *why)
{
    tell_failure(mover, why);
    mover->course = mover->course < COURSE_BACK && mover->plan.retreats ? COURSE_BACK : COURSE_STUCK;
}

void unattended_looked(struct unattended_operator *mover)
{
    if (mover->course == COURSE_ARRIVED)
        mover->course = COURSE_AGAIN;
    else if (mover->course == COURSE_DONE_AGAIN)
        mover->course = COURSE_BACK;
}

/* ---- moves ---- */

static struct unattended_move wait_for(const char *what)
{
    return (struct unattended_move){ .kind = MOVE_WAIT, .text = what };
}

static struct unattended_move act(size_t person, struct action action)
{
    return (struct unattended_move){ .kind = MOVE_ACT, .person = person, .action = action };
}

struct asking {
    struct unattended_operator *mover;
    const struct run *run;
    struct instant now;
    struct arena *arena;
};

static const char *text_taken(const struct asking *asking, struct buf *buf)
{
    const char *text = arena_text(asking->arena, buf_str(buf));

    buf_finish(buf);
    return text;
}

/* ---- what a person would tick ---- */

static bool is_ready(const struct run *run, const struct step *step)
{
    for (size_t i = 0; i < step->after_count; i++) {
        if (!run_step_complete(run, step->after[i]))
            return false;
    }
    return true;
}

static struct unattended_move tick(const struct asking *asking, size_t step, size_t entry)
{
    const struct book *book = asking->run->book;
    const struct step *def = book_work(book, step, entry);
    const char *words = unattended_words(def, &asking->mover->plan.answers);
    struct unattended_move move;

    if (!words) {
        unattended_fail(asking->mover, arena_format(asking->arena, "nobody stands in for %s", def->id));
        return wait_for("nothing: it turns");
    }
    move = act(unattended_person(book, def->by ? book_find_role(book, def->by) : BOOK_NONE),
               (struct action){ .verb = VERB_TICK,
                                .subject = book->steps[step].id,
                                .text = arena_format(asking->arena, UNATTENDED_WORDS "%s", words) });
    if (def->unattended && def->unattended->argv_count > 0)
        move.stands_in = def;
    return move;
}

static bool waits_for_person(const struct step *def, const struct work *work)
{
    return def->kind == STEP_MANUAL && work->state == STEP_RUNNING && !work->probing && !work->reported;
}

/* A check of the current phase whose turn it is, or work of a person that is under way. */
static bool choose_tick(const struct asking *asking, const struct phase *phase, struct unattended_move *ret)
{
    const struct run *run = asking->run;

    for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
        const struct step *step = &run->book->steps[i];
        bool open_check = step->kind == STEP_CHECK && !step_is_sensed(step) && !run_step_complete(run, i) &&
                          is_ready(run, step);

        if (!open_check && !waits_for_person(step, &run->steps[i].work))
            continue;
        *ret = tick(asking, i, 0);
        return true;
    }
    return false;
}

/* ---- gates ---- */

static const char *first_unmet(const struct asking *asking, const struct gate *gate)
{
    struct condition_view view;
    struct buf buf;

    buf_init(&buf, ERR_MESSAGE_MAX);
    for (size_t i = 0; i < gate->criterion_count; i++) {
        const struct run_condition *criterion = &asking->run->gates[gate->index].criteria[i];

        run_condition_view(asking->run, criterion, asking->now, &view);
        if (view.verdict == CONDITION_MET)
            continue;
        run_condition_evidence(asking->run, criterion, asking->now, &buf);
        break;
    }
    return text_taken(asking, &buf);
}

static struct unattended_move at_gate(const struct asking *asking, const struct gate *gate)
{
    const struct run *run = asking->run;
    const struct run_gate *state = &run->gates[gate->index];

    if (!run_gate_met(run, gate->index, asking->now))
        return wait_for(arena_format(asking->arena, "the criteria of gate \"%s\": %s", gate->id,
                                     first_unmet(asking, gate)));
    for (size_t i = 0; i < gate->vote_count; i++) {
        if (state->votes[i].vote == CHOICE_GO)
            continue;
        return act(unattended_person(run->book, gate->votes[i]),
                   (struct action){ .verb = VERB_VOTE,
                                    .subject = gate->id,
                                    .choice = CHOICE_GO,
                                    .role = run->book->roles[gate->votes[i]].id,
                                    .text = UNATTENDED_WORDS "all criteria are met" });
    }
    return wait_for(arena_format(asking->arena, "gate \"%s\" to become go", gate->id));
}

/* ---- forward ---- */

/* Why it does not go forward any more; NULL: it does. */
static const char *trouble(const struct asking *asking, size_t *ret_step)
{
    const struct run *run = asking->run;
    size_t entry = 0;

    *ret_step = run_unknown_step(run, &entry);
    if (*ret_step != BOOK_NONE)
        return arena_format(asking->arena, "what became of step \"%s\" is unknown",
                            run->book->steps[*ret_step].id);
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct work *work = &run->steps[i].work;

        if (work->state != STEP_FAILED || run_step_complete(run, i))
            continue;
        *ret_step = i;
        return arena_format(asking->arena, "step \"%s\" failed: %s", run->book->steps[i].id,
                            work->text   ? work->text
                            : work->code ? work->code
                                         : "it does not say why");
    }
    if (run->closed != CHOICE_NONE)
        return "somebody closed the run";
    if (run->rolling_back)
        return arena_format(asking->arena, "the run is rolled back: %s",
                            run->held_why ? run->held_why : "by a trigger, or by somebody");
    if (run->held)
        return arena_format(asking->arena, "the run is held by %s: %s", run->held_by,
                            run->held_why ? run->held_why : "no reason is given");
    return NULL;
}

/* Whether something runs that the next step has to wait for: a rehearsal goes one by one also where steps may
 * go side by side, so that what a midpoint has behind it is always the same. */
static bool runs_alone(const struct run *run)
{
    for (size_t i = 0; run->counts.running > 0 && i < run->book->step_count; i++) {
        if (run->steps[i].work.state == STEP_RUNNING && !step_is_beside(&run->book->steps[i]))
            return true;
    }
    return false;
}

static const char *what_is_awaited(const struct asking *asking)
{
    const struct run *run = asking->run;
    size_t step = run_focus_step(run);
    const struct run_step *state;

    if (step == BOOK_NONE)
        return "the run";
    state = &run->steps[step];
    return arena_format(asking->arena, "\"%s\", which is %s%s%s", run->book->steps[step].id,
                        step_state_word(run_step_shown(run, step)), state->sensed_why ? ": " : "",
                        state->sensed_why ? state->sensed_why : "");
}

static bool has_arrived(const struct asking *asking)
{
    const struct run *run = asking->run;
    size_t until = asking->mover->plan.until;

    if (until == BOOK_NONE)
        return run_current_phase(run) == run->book->phase_count;
    return run_step_complete(run, until) ||
           (step_is_beside(&run->book->steps[until]) && run->steps[until].work.state == STEP_RUNNING);
}

static void arrive(struct unattended_operator *mover, struct instant now)
{
    mover->arrived_us = now.boot_us;
    if (mover->plan.again)
        mover->course = COURSE_ARRIVED;
    else
        mover->course = mover->plan.back ? COURSE_BACK : COURSE_CLOSE;
}

static struct unattended_move go_forward(const struct asking *asking)
{
    const struct run *run = asking->run;
    size_t phase = run_current_phase(run), step;
    const char *why = trouble(asking, &step);
    const struct phase *current;
    struct unattended_move move;

    if (why) {
        asking->mover->failed_step = step;
        unattended_fail(asking->mover, why);
        return wait_for("nothing: it turns");
    }
    if (has_arrived(asking)) {
        arrive(asking->mover, asking->now);
        return wait_for("nothing: it has arrived");
    }
    if (phase == run->book->phase_count)
        return wait_for("the end"); /* never: then it has arrived */
    current = &run->book->phases[phase];
    if (choose_tick(asking, current, &move))
        return move;
    if (run_phase_complete(run, phase) && current->gate != BOOK_NONE)
        return at_gate(asking, &run->book->gates[current->gate]);
    if (!runs_alone(run) && run_next_step(run) != BOOK_NONE)
        return act(0, (struct action){ .verb = VERB_NEXT });
    return wait_for(what_is_awaited(asking));
}

/* ---- once more ---- */

static struct unattended_move go_again(const struct asking *asking)
{
    struct unattended_operator *mover = asking->mover;
    const struct step *step = &asking->run->book->steps[mover->plan.until];
    const struct work *work = &asking->run->steps[step->index].work;
    size_t failed;
    const char *why = trouble(asking, &failed);

    if (why) {
        mover->again_failed = mover->failure[0] == '\0';
        unattended_fail(mover, arena_format(asking->arena, "done again: %s", why));
        return wait_for("nothing: it turns");
    }
    if (mover->again_attempt < 0)
        mover->again_attempt = work->attempt;
    if (work->attempt == mover->again_attempt)
        return act(0, (struct action){ .verb = VERB_AGAIN, .subject = step->id });
    if (!run_step_complete(asking->run, step->index))
        return wait_for(what_is_awaited(asking));
    mover->again = work->state == STEP_SKIPPED ? CHOICE_SKIPPED : CHOICE_DONE;
    mover->course = COURSE_DONE_AGAIN;
    return wait_for("nothing: it was done again");
}

/* ---- back ---- */

/* From where on it can be undone: after the newest step for which there is no way back; what is undone then
 * is `ret_count` steps. */
static size_t undo_from(const struct run *run, size_t *ret_count)
{
    size_t steps[BOOK_STEPS_MAX];
    size_t count = run_rollback_list(run, BOOK_NONE, steps, BOOK_STEPS_MAX);

    for (size_t i = 0; i < count; i++) {
        if (!step_is_final(&run->book->steps[steps[i]]))
            continue;
        *ret_count = i;
        return i > 0 ? steps[i - 1] : BOOK_NONE;
    }
    *ret_count = count;
    return BOOK_NONE;
}

static size_t find_final_running(const struct run *run)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct work *work = &run->steps[i].work;

        if (work->state == STEP_RUNNING && !work->cancelling && step_is_final(&run->book->steps[i]))
            return i;
    }
    return BOOK_NONE;
}

/* An entry that failed or that a person would tick; false: neither. */
static bool look_at_entries(const struct asking *asking, struct unattended_move *ret)
{
    const struct book *book = asking->run->book;

    for (size_t i = 0; i < book->step_count; i++) {
        for (size_t entry = 1; entry <= book->steps[i].rollback_count; entry++) {
            const struct step *def = book_work(book, i, entry);
            const struct work *work = run_work(asking->run, i, entry);

            if (waits_for_person(def, work)) {
                *ret = tick(asking, i, entry);
                return true;
            }
            if (work->state != STEP_FAILED || def->kind == STEP_NOTIFY)
                continue;
            unattended_fail(asking->mover,
                            arena_format(asking->arena, "the rollback of \"%s\" failed in its entry %zu: %s",
                                         book->steps[i].id, entry, work->text ? work->text : ""));
            *ret = wait_for("a person");
            return true;
        }
    }
    return false;
}

static struct unattended_move while_rolling_back(const struct asking *asking)
{
    struct unattended_move move;

    if (look_at_entries(asking, &move))
        return move;
    return wait_for(what_is_awaited(asking));
}

static struct unattended_move go_back(const struct asking *asking)
{
    const struct run *run = asking->run;
    struct unattended_operator *mover = asking->mover;
    size_t unknown = run_unknown_step(run, NULL), final, to, count;

    if (mover->turned_us == 0)
        mover->turned_us = asking->now.boot_us;
    if (unknown != BOOK_NONE) {
        unattended_fail(mover, arena_format(asking->arena, "what became of step \"%s\" is unknown",
                                            run->book->steps[unknown].id));
        return wait_for("a person");
    }
    if (run->rolling_back)
        return while_rolling_back(asking);
    to = undo_from(run, &count);
    final = find_final_running(run);
    if (run->closed != CHOICE_NONE || run->rolled_back || (count == 0 && run->counts.running == 0)) {
        mover->course = COURSE_CLOSE;
        return wait_for("nothing: it is undone");
    }
    if (!run->held)
        return act(0, (struct action){ .verb = VERB_HOLD, .text = UNATTENDED_WORDS "it turns here" });
    if (final != BOOK_NONE)
        return act(0, (struct action){ .verb = VERB_CANCEL, .subject = run->book->steps[final].id });
    return act(0, (struct action){ .verb = VERB_ROLLBACK,
                                   .subject = to != BOOK_NONE ? run->book->steps[to].id : NULL,
                                   .text = UNATTENDED_WORDS "to prove the way back" });
}

/* ---- the end ---- */

/* What an attempt left behind goes first; a run from which nothing could be undone is given up, not closed.
 */
static struct unattended_move close_run(const struct asking *asking)
{
    const struct run *run = asking->run;

    if (asking->mover->returned_us == 0)
        asking->mover->returned_us = asking->now.boot_us;
    if (run->closed != CHOICE_NONE)
        return (struct unattended_move){ .kind = MOVE_OVER };
    if (run->counts.running > 0)
        return wait_for(what_is_awaited(asking));
    for (size_t i = 0; i < run->book->step_count; i++) {
        if (run->steps[i].cleaning)
            return wait_for(arena_format(asking->arena, "%s to be removed", run->steps[i].leftover));
        if (run->steps[i].leftover)
            return act(0, (struct action){ .verb = VERB_CLEAN, .subject = run->book->steps[i].id });
    }
    if (run->rolled_back || run_current_phase(run) == run->book->phase_count)
        return act(0, (struct action){ .verb = VERB_CLOSE });
    return act(0, (struct action){ .verb = VERB_SCRUB,
                                   .text = UNATTENDED_WORDS "nothing that ran here can be undone" });
}

static struct unattended_move next(const struct asking *asking)
{
    switch (asking->mover->course) {
    case COURSE_FORWARD:
        return go_forward(asking);
    case COURSE_AGAIN:
        return go_again(asking);
    case COURSE_ARRIVED:
    case COURSE_DONE_AGAIN:
        return (struct unattended_move){ .kind = MOVE_LOOK };
    case COURSE_BACK:
        return go_back(asking);
    case COURSE_CLOSE:
        return close_run(asking);
    case COURSE_STUCK:
        break;
    }
    return (struct unattended_move){ .kind = MOVE_OVER };
}

void unattended_next(struct unattended_operator *mover, const struct run *run, struct instant now,
                     struct arena *arena, struct unattended_move *ret)
{
    struct asking asking = { mover, run, now, arena };
    enum unattended_course course;

    if (mover->begun_us == 0)
        mover->begun_us = now.boot_us;
    /* A turn of the course is no move: what follows from it is. */
    do {
        course = mover->course;
        *ret = next(&asking);
    } while (mover->course != course);
}
