#include "engine.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

const char *said_or_null(const char *text)
{
    return text != NULL && text[strspn(text, " \t\r\n")] != '\0' ? text : NULL;
}

/* ---- who ---- */

bool is_same_person(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcasecmp(a, b) == 0;
}

static bool holds_role(const struct run *run, size_t role, const char *actor)
{
    const struct book *book = run->book;
    const char *id = book->roles[role].id;
    if (strcmp(id, "operator") == 0)
        return is_same_person(run->operator, actor);
    for (size_t i = 0; i < book->gate_count; i++) {
        for (size_t k = 0; k < book->gates[i].vote_count; k++) {
            const char *voter = run->gates[i].votes[k].actor;
            if (book->gates[i].votes[k] == role && is_same_person(voter, actor))
                return true;
        }
    }
    for (size_t i = 0; i < book->step_count; i++) {
        const struct work *work = &run->steps[i].work;
        if (work->state == STEP_DONE && text_equal(book->steps[i].by, id) && is_same_person(work->who, actor))
            return true;
    }
    return false;
}

int check_role(struct deciding *d, size_t role, enum rule self)
{
    const struct book *book = d->run->book;
    const char *actor = d->input->action.actor;
    const char *id = book->roles[role].id;
    if (strcmp(id, "operator") == 0 && !is_operator(d))
        return refuse(d, RULE_ROLE, "the operator of this run is %s", d->run->operator);
    for (size_t other = 0; other < book->role_count; other++) {
        bool excludes = book->roles[role].not_role == other || book->roles[other].not_role == role;
        if (other != role && excludes && holds_role(d->run, other, actor))
            return refuse(d, self, "%s is %s, and the %s has to be somebody else", actor,
                          book->roles[other].id, id);
    }
    return 0;
}

/* Who has to tick it, and with what. */
static int check_person(struct deciding *d, const struct step *def)
{
    const struct action *action = &d->input->action;
    const char *by = def->by != NULL ? def->by : "operator";
    size_t role = book_find_role(d->run->book, by);
    if (text_or_null(action->role) != NULL && book_find_role(d->run->book, action->role) == BOOK_NONE &&
        strcmp(action->role, by) != 0)
        return refuse(d, RULE_NAME, "the book has no role \"%s\"", action->role);
    if (text_or_null(action->role) != NULL && strcmp(action->role, by) != 0)
        return refuse(d, RULE_ROLE, "\"%s\" is for the %s", def->id, by);
    int r = 0;
    if (role != BOOK_NONE)
        r = check_role(d, role, RULE_ROLE);
    else if (!is_operator(d))
        r = refuse(d, RULE_ROLE, "the operator of this run is %s", d->run->operator);
    if (r == 0 && def->evidence && said_or_null(action->text) == NULL)
        return refuse(d, RULE_EVIDENCE, "say what you saw for \"%s\"", def->id);
    return r;
}

/* ---- ticking ---- */

static int tick_manual(struct deciding *d, size_t step, size_t entry)
{
    const struct work *work = run_work(d->run, step, entry);
    const struct step *def = book_work(d->run->book, step, entry);
    if (work->state != STEP_RUNNING)
        return refuse(d, RULE_STATE, "\"%s\" is %s: start it first", def->id, step_state_word(work->state));
    if (work->probing)
        return refuse(d, RULE_STATE, "the probe of \"%s\" has not answered yet", def->id);
    int r = check_person(d, def);
    if (r < 0)
        return r;
    bool probed = step_is_probed_by_hand(def);
    struct event *event =
        probed ? emit_work(d, EVENT_STEP_REPORTED, step, entry) : emit_ended(d, step, entry, CHOICE_DONE);
    event->actor = arena_text(d->arena, d->input->action.actor);
    event->text = arena_text(d->arena, text_or_null(d->input->action.text));
    if (probed)
        emit_work(d, EVENT_PROBE_STARTED, step, entry);
    return 0;
}

static int tick_check(struct deciding *d, size_t step)
{
    const struct step *def = &d->run->book->steps[step];
    enum step_state state = d->run->steps[step].work.state;
    if (step_is_sensed(def))
        return refuse(d, RULE_SENSED, "\"%s\" (%s)", def->id, def->title);
    if (state == STEP_DONE)
        return refuse(d, RULE_STATE, "\"%s\" is ticked already", def->id);
    int r = check_reached(d, def->phase);
    if (r == 0)
        r = check_person(d, def);
    /* What the operator ticks is signed with the trail, as everything that the operator does. */
    if (r == 0 && def->by != NULL && strcmp(def->by, "operator") != 0)
        r = check_signed(d, d->run->steps[step].since);
    if (r < 0)
        return r;
    struct event *event = emit_work(d, EVENT_CHECK_TICKED, step, 0);
    put_signed(d, event);
    event->actor = arena_text(d->arena, d->input->action.actor);
    event->role = def->by != NULL ? def->by : "operator";
    event->text = arena_text(d->arena, text_or_null(d->input->action.text));
    return 0;
}

/* In a rollback it is the entry that runs which is ticked. */
int verb_tick(struct deciding *d, size_t step)
{
    const struct step *def = &d->run->book->steps[step];
    size_t entry = 0;
    if (d->run->rolling_back) {
        entry = rollback_entry(d->run, step);
        if (entry == 0 || run_work(d->run, step, entry)->state != STEP_RUNNING)
            return refuse(d, RULE_ROLLING_BACK, "nothing of \"%s\" waits to be ticked", def->id);
        def = book_work(d->run->book, step, entry);
    }
    if (def->kind == STEP_CHECK)
        return tick_check(d, step);
    if (def->kind == STEP_MANUAL)
        return tick_manual(d, step, entry);
    return refuse(d, RULE_STATE, "\"%s\" is carried out, not ticked", def->id);
}

int verb_untick(struct deciding *d, size_t step)
{
    const struct book *book = d->run->book;
    const struct step *def = &book->steps[step];
    if (step_is_sensed(def))
        return refuse(d, RULE_SENSED, "\"%s\" (%s)", def->id, def->title);
    if (def->kind != STEP_CHECK || d->run->steps[step].work.state != STEP_DONE)
        return refuse(d, RULE_STATE, "\"%s\" is not a ticked check", def->id);
    if (d->run->counts.begun_phases > def->phase + 1)
        return refuse(d, RULE_STATE, "a phase after that of \"%s\" has begun", def->id);
    struct event *event = emit_work(d, EVENT_CHECK_UNTICKED, step, 0);
    event->actor = arena_text(d->arena, d->input->action.actor);
    event->text = arena_text(d->arena, text_or_null(d->input->action.text));
    return 0;
}
