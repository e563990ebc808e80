/*
 * What can be done now, and by who sits here: the engine is asked, as it will be when the key is pressed.
 * What a person has still to type stands as "-".
 */
#include "actions.h"

#include <strings.h>

#define TYPED "-"

bool ui_is_lost(const struct ui *ui)
{
    return ui->link == UI_LINK_LOST && !ui->options.replay;
}

bool ui_executes(const struct ui *ui)
{
    if (ui->options.watcher || ui->run == NULL || ui->run->operator== NULL)
        return !ui->options.watcher;
    return strcasecmp(ui->run->operator, ui->me) == 0;
}

bool ui_may(const struct ui *ui, enum verb verb)
{
    return verb_for_anyone(verb) || ui_executes(ui);
}

/* There is nothing that it could be done to: no rule is against it. */
static bool nothing(struct err *why, const char *what)
{
    err_set(why, ERR_NOT_FOUND, "%s", what);
    return false;
}

bool ui_is_open(const struct ui *ui, struct err *why)
{
    if (ui->halted || ui_is_lost(ui) || ui->options.replay)
        return false;
    if (ui->run == NULL)
        return nothing(why, "nothing is known of the run yet");
    return ui->run->closed == CHOICE_NONE || nothing(why, "the run is over");
}

bool ui_allows(const struct ui *ui, const struct action *action, struct err *why)
{
    if (!ui_is_open(ui, why))
        return false;
    struct arena *arena = arena_create();
    struct input input = { .type = INPUT_ACTION, .now = ui->now, .action = *action };
    struct decision decision;
    input.action.actor = ui->me;
    input.action.watcher = ui->options.watcher;
    input.action.key = ui->options.signs ? "" : NULL; /* it will be, by who sits here */
    input.action.seen_seq = ui->run->last_seq;
    int r = decide(ui->run, &input, arena, &decision, why);
    arena_destroy(arena);
    return r == 0;
}

static bool allows(const struct ui *ui, enum verb verb, const char *subject, struct err *why)
{
    return ui_allows(ui, &(struct action){ .verb = verb, .subject = subject, .text = TYPED }, why);
}

/* The same, of what it aims at; `lacks` is what is said when that is nothing. */
static bool allows_at(const struct ui *ui, enum verb verb, struct aim aim, const char *lacks, struct err *why)
{
    if (!ui_is_open(ui, why))
        return false;
    return aim.step != BOOK_NONE ? allows(ui, verb, aim_subject(ui->run, aim), why) : nothing(why, lacks);
}

bool can_hold(const struct ui *ui, struct err *why)
{
    return allows(ui, VERB_HOLD, NULL, why);
}

bool can_release(const struct ui *ui, struct err *why)
{
    if (ui_is_open(ui, why) && !ui->run->held)
        return nothing(why, "the run is not held");
    return allows(ui, VERB_RELEASE, NULL, why);
}

bool can_tick(const struct ui *ui, struct err *why)
{
    return allows_at(ui, VERB_TICK, aim_tickable(ui), "no box waits for a tick now", why);
}

bool can_untick(const struct ui *ui, struct err *why)
{
    return allows_at(ui, VERB_UNTICK, aim_unticked(ui), "the selected step is no box that is ticked", why);
}

/* NO-GO can be said where GO cannot yet: what lacks stands in the dialog. */
static bool can_vote_at(const struct ui *ui, size_t gate, struct err *why)
{
    const struct action vote = {
        .verb = VERB_VOTE, .subject = ui->run->book->gates[gate].id, .choice = CHOICE_NO_GO, .text = TYPED
    };
    return ui_allows(ui, &vote, why);
}

bool can_vote(const struct ui *ui, struct err *why)
{
    size_t gate = aim_gate(ui);
    if (!ui_is_open(ui, why))
        return false;
    if (gate == BOOK_NONE)
        return nothing(why, "no gate is left to decide");
    if (ui->run->gates[gate].decision == CHOICE_GO)
        return nothing(why, "the gate that is shown is GO already");
    return can_vote_at(ui, gate, why);
}

bool can_cancel(const struct ui *ui, struct err *why)
{
    return allows_at(ui, VERB_CANCEL, aim_running(ui), "no step runs", why);
}

bool can_retry(const struct ui *ui, struct err *why)
{
    return allows_at(ui, VERB_RETRY, aim_failed(ui), "no step has failed", why);
}

bool can_clean(const struct ui *ui, struct err *why)
{
    return allows_at(ui, VERB_CLEAN, aim_leftover(ui), "no step has left anything behind that is known", why);
}

bool can_probe(const struct ui *ui, struct err *why)
{
    return allows_at(ui, VERB_PROBE, aim_unknown(ui), "no step is unknown", why);
}

static bool can_rule_at(const struct ui *ui, struct aim aim, struct err *why)
{
    const struct action rule = {
        .verb = VERB_RULE, .subject = aim_subject(ui->run, aim), .choice = CHOICE_DONE, .text = TYPED
    };
    return ui_allows(ui, &rule, why);
}

bool can_rule(const struct ui *ui, struct err *why)
{
    struct aim aim = aim_unknown(ui);
    if (!ui_is_open(ui, why))
        return false;
    return aim.step != BOOK_NONE ? can_rule_at(ui, aim, why) : nothing(why, "no step is unknown");
}

bool can_roll_back(const struct ui *ui, struct err *why)
{
    if (ui_is_open(ui, why) && run_rollback_list(ui->run, BOOK_NONE, NULL, 0) == 0)
        return nothing(why, "nothing has run that has to be undone");
    return allows(ui, VERB_ROLLBACK, NULL, why);
}

bool can_override(const struct ui *ui, struct err *why)
{
    size_t gate = aim_gate(ui);
    if (!ui_is_open(ui, why))
        return false;
    if (gate == BOOK_NONE)
        return nothing(why, "no gate is left to decide");
    if (!ui->run->book->gates[gate].override_allowed)
        return nothing(why, "the book allows no override at the gate that is shown");
    const char *item = aim_overridable(ui);
    if (*item == '\0' && ui->run->book->gates[gate].criterion_count > 0)
        item = ui->run->book->gates[gate].criteria[0].id; /* what is met now need not stay so */
    return *item != '\0' ? allows(ui, VERB_OVERRIDE, item, why)
                         : nothing(why, "nothing lacks at the gate that is shown");
}

bool can_scrub(const struct ui *ui, struct err *why)
{
    return allows(ui, VERB_SCRUB, NULL, why);
}

bool can_note(const struct ui *ui, struct err *why)
{
    return allows(ui, VERB_NOTE, NULL, why);
}

bool can_command(const struct ui *ui, struct err *why)
{
    return ui_is_open(ui, why);
}

bool can_do_next(const struct ui *ui, const struct next *next, struct err *why)
{
    switch (next->kind) {
    case NEXT_START:
        return allows_at(ui, VERB_START, next->aim, "nothing is to be started", why);
    case NEXT_TICK:
        return allows_at(ui, VERB_TICK, next->aim, "no box waits for a tick now", why);
    case NEXT_VOTE:
        return can_vote_at(ui, next->gate, why);
    case NEXT_RULE:
        return can_rule_at(ui, next->aim, why);
    case NEXT_CLOSE:
        return allows(ui, VERB_CLOSE, NULL, why);
    case NEXT_NOTHING:
        break;
    }
    return true;
}
