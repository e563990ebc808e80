/*
 * The unattended operator: what is to be done next in a run at which nobody sits. Forward as a careful person
 * goes, one step after the other beside what runs in the background; a failure, or the step where the plan
 * turns, and then the way back, by the actions and under the rules that there are for people.
 *
 * Pure. Whoever drives the run carries out each move, and asks again when the run has changed. Only
 * unattended_next and unattended_fail change the operator's own state, which is small: all else is read from
 * the run.
 */
#ifndef REHEARSE_UNATTENDED_H
#define REHEARSE_UNATTENDED_H

#include "engine/decide.h"

/* What is typed where a person is asked for words begins so. */
#define UNATTENDED_WORDS "unattended: "

/* What stands in for a person, besides what the book says: of one step or rollback entry, by its id. */
struct unattended_answer {
    const char *item, *text;
};
struct unattended_answers {
    size_t count;
    const struct unattended_answer *list;
    const char *all; /* of everything else that has none; NULL */
};

/* Whether a person ticks this step or entry. */
bool unattended_asks(const struct step *step);
/* What is said in its place: what was answered, else what the book says; NULL: nobody stands in for it. */
const char *unattended_words(const struct step *step, const struct unattended_answers *answers);

/* Who holds a role: 0 the operator, whom an unknown role (BOOK_NONE) falls to; from 1 on somebody else, so
 * that whoever the book wants to be different is. */
size_t unattended_person(const struct book *book, size_t role);
/* How many people a run of the book needs. */
size_t unattended_people(const struct book *book);

/* The steps that are gone through, in that order: all that begin, which checks do not, and the marks of
 * phases begin by themselves. Returns how many, `ret` has room for all steps of the book. */
size_t unattended_steps(const struct book *book, size_t *ret);

struct unattended_plan {
    size_t
        until;  /* the step after which it turns (in the background: when it has begun); BOOK_NONE: the end */
    bool again; /* that step is done once more before it turns */
    bool back;  /* having got there, everything is undone; else it is left as it is */
    bool retreats; /* so it is when something fails; else it is left */
    struct unattended_answers answers;
};

enum unattended_course {
    COURSE_FORWARD,
    COURSE_ARRIVED, /* the step is to be done again: one looks before it is */
    COURSE_AGAIN,
    COURSE_DONE_AGAIN, /* and afterwards */
    COURSE_BACK,
    COURSE_CLOSE,
    COURSE_STUCK, /* a person has to go on */
};

struct unattended_operator {
    struct unattended_plan plan;
    enum unattended_course course;
    int64_t again_attempt;         /* of the step, before it was done again; -1: it was not asked for */
    enum choice again;             /* how that ended: DONE, SKIPPED; NONE */
    bool again_failed;             /* the way there did not */
    size_t failed_step;            /* which failed on the way forward; BOOK_NONE */
    char failure[ERR_MESSAGE_MAX]; /* what went wrong first; "" nothing did */
    int64_t begun_us, arrived_us, turned_us, returned_us; /* boot clock; 0: not yet */
};

void unattended_init(struct unattended_operator *mover, const struct unattended_plan *plan);

enum unattended_kind {
    MOVE_WAIT, /* for what `text` says */
    MOVE_ACT,  /* `action`, as `person` */
    MOVE_LOOK, /* at what there is, before or after a step is done again; then unattended_looked */
    MOVE_OVER, /* closed, or stuck */
};
struct unattended_move {
    enum unattended_kind kind;
    size_t person;
    struct action action;         /* actor and watcher are not set */
    const struct step *stands_in; /* what its `unattended` names is carried out before that; NULL */
    const char *text;
};

/* Texts of the move are made in `arena` or borrowed from the run and the plan. */
void unattended_next(struct unattended_operator *mover, const struct run *run, struct instant now,
                     struct arena *arena, struct unattended_move *ret);
void unattended_looked(struct unattended_operator *mover);
/* Something else went wrong: an action that stays refused, a limit, an interruption. On the way forward it
 * turns (or is left, by the plan), on the way back it is stuck. */
void unattended_fail(struct unattended_operator *mover, const char *why);

#endif
