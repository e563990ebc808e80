/*
 * Aim: which step, gate or box a key means, given the run and what is selected.
 */
#ifndef UI_PRIVATE_AIM_H
#define UI_PRIVATE_AIM_H

#include "state.h"

/* A step, or the n-th entry of its rollback (0: the step itself). */
struct aim {
    size_t step; /* BOOK_NONE: nothing */
    size_t entry;
};

const struct step *aim_step(const struct run *run, struct aim aim);
const struct work *aim_work(const struct run *run, struct aim aim);
/* "" when it aims at nothing. */
const char *aim_id(const struct run *run, struct aim aim);
/* What an action has to name: the step, also when it is an entry of its rollback that is meant. */
const char *aim_subject(const struct run *run, struct aim aim);

/* The step that is shown: the selected one, else the one to look at. BOOK_NONE without a run. */
size_t aim_shown(const struct ui *ui);
/* What of the shown step is under way: itself, or the entry of its rollback that runs, failed or is unknown.
 */
struct aim aim_shown_work(const struct ui *ui);
/* The gate that is shown: of the selected step's phase, else the next undecided one; BOOK_NONE. */
size_t aim_gate(const struct ui *ui);

/* The one the key works on: the selected step if it is in that state, else the first that is. */
struct aim aim_running(const struct ui *ui);
struct aim aim_failed(const struct ui *ui);
struct aim aim_unknown(const struct ui *ui);
struct aim aim_leftover(const struct ui *ui);
/* A box to tick: a check by hand, or a manual step (or entry) that waits for a person. */
struct aim aim_tickable(const struct ui *ui);
struct aim aim_unticked(const struct ui *ui); /* the selected check when it is ticked */

/* What an override would most likely be about: the selected step when it stands in the way, else the first
 * criterion of the gate that is not met; "" without a gate, or when nothing lacks. Borrowed from the book. */
const char *aim_overridable(const struct ui *ui);

/* What Enter does now. */
enum next_kind { NEXT_NOTHING, NEXT_START, NEXT_TICK, NEXT_VOTE, NEXT_RULE, NEXT_CLOSE };
struct next {
    enum next_kind kind;
    struct aim aim;  /* START, TICK, RULE */
    size_t gate;     /* VOTE */
    const char *why; /* NOTHING: what there is to wait for */
};
struct next aim_next(const struct ui *ui);
/* Whether only the operator may do it. */
bool next_executes(const struct next *next);

#endif
