#include "actions.h"

#include <string.h>

bool is_open(const struct ui *ui)
{
    return ui->run != NULL && ui->run->closed == CHOICE_NONE && !ui->halted;
}

bool can_hold(const struct ui *ui)
{
    return is_open(ui);
}

bool can_release(const struct ui *ui)
{
    return is_open(ui) && ui->run->held;
}

bool can_tick(const struct ui *ui)
{
    return is_open(ui) && aim_tickable(ui).step != BOOK_NONE;
}

bool can_untick(const struct ui *ui)
{
    return is_open(ui) && aim_unticked(ui).step != BOOK_NONE;
}

bool can_vote(const struct ui *ui)
{
    size_t gate = aim_gate(ui);
    return is_open(ui) && gate != BOOK_NONE && ui->run->gates[gate].decision != CHOICE_GO;
}

bool can_cancel(const struct ui *ui)
{
    return is_open(ui) && aim_running(ui).step != BOOK_NONE;
}

bool can_retry(const struct ui *ui)
{
    return is_open(ui) && aim_failed(ui).step != BOOK_NONE;
}

bool can_clean(const struct ui *ui)
{
    return is_open(ui) && aim_leftover(ui).step != BOOK_NONE;
}

bool can_probe(const struct ui *ui)
{
    const struct step *step = aim_step(ui->run, aim_unknown(ui));
    return is_open(ui) && step != NULL && query_is_there(&step->probe);
}

bool can_rule(const struct ui *ui)
{
    return is_open(ui) && aim_unknown(ui).step != BOOK_NONE;
}

bool can_roll_back(const struct ui *ui)
{
    return is_open(ui) && !ui->run->rolling_back && run_rollback_list(ui->run, BOOK_NONE, NULL, 0) > 0;
}

bool can_override(const struct ui *ui)
{
    size_t gate = aim_gate(ui);
    return is_open(ui) && gate != BOOK_NONE && ui->run->book->gates[gate].override_allowed;
}

static void start(struct ui *ui, struct aim aim)
{
    const struct step *step = aim_step(ui->run, aim);
    if (step->irreversible == NULL) {
        ui_act(ui, VERB_START, step->id, CHOICE_NONE, NULL);
        return;
    }
    dialog_open(ui, DIALOG_START);
    ui->dialog.step = aim.step;
}

void open_tick(struct ui *ui, struct aim aim)
{
    bool evidence = aim_step(ui->run, aim)->evidence;
    dialog_open(ui, evidence ? DIALOG_TICK_EVIDENCE : DIALOG_TICK);
    ui->dialog.step = aim.step;
    ui->dialog.entry = aim.entry;
}

void open_vote(struct ui *ui, size_t gate)
{
    dialog_open(ui, DIALOG_VOTE);
    ui->dialog.gate = gate;
}

static void open_rule(struct ui *ui, struct aim aim)
{
    dialog_open(ui, DIALOG_RULE);
    ui->dialog.step = aim.step;
    ui->dialog.entry = aim.entry;
}

void do_next(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    if (ui->halted) {
        ui_say_halted(ui);
        return;
    }
    struct next next = aim_next(ui);
    if (next_executes(&next) && ui->options.watcher) {
        ui_say(ui, ROLE_WARN, "you are watching: only the operator executes (v votes, Space holds)");
        return;
    }
    switch (next.kind) {
    case NEXT_START:
        start(ui, next.aim);
        break;
    case NEXT_TICK:
        open_tick(ui, next.aim);
        break;
    case NEXT_VOTE:
        open_vote(ui, next.gate);
        break;
    case NEXT_RULE:
        open_rule(ui, next.aim);
        break;
    case NEXT_CLOSE:
        dialog_open(ui, DIALOG_CLOSE);
        break;
    case NEXT_NOTHING:
        ui_say(ui, ROLE_WARN, "%s", next.why);
        break;
    }
}

void do_hold(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    if (ui->halted || is_open(ui))
        ui_act(ui, VERB_HOLD, NULL, CHOICE_NONE, NULL);
}

void do_release(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    dialog_open(ui, DIALOG_RELEASE);
}

void do_tick(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    struct aim aim = aim_tickable(ui);
    if (aim_step(ui->run, aim)->evidence)
        open_tick(ui, aim);
    else
        ui_act(ui, VERB_TICK, aim_subject(ui->run, aim), CHOICE_NONE, NULL);
}

void do_untick(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    ui_act(ui, VERB_UNTICK, aim_subject(ui->run, aim_unticked(ui)), CHOICE_NONE, NULL);
}

void do_vote(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    open_vote(ui, aim_gate(ui));
}

void do_cancel(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    struct aim aim = aim_running(ui);
    dialog_open(ui, DIALOG_CANCEL);
    ui->dialog.step = aim.step;
    ui->dialog.entry = aim.entry;
}

void do_retry(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    ui_act(ui, VERB_RETRY, aim_subject(ui->run, aim_failed(ui)), CHOICE_NONE, NULL);
}

void do_clean(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    ui_act(ui, VERB_CLEAN, aim_subject(ui->run, aim_leftover(ui)), CHOICE_NONE, NULL);
}

void do_probe(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    ui_act(ui, VERB_PROBE, aim_subject(ui->run, aim_unknown(ui)), CHOICE_NONE, NULL);
}

void do_rule(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    open_rule(ui, aim_unknown(ui));
}

void do_roll_back(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    dialog_open(ui, DIALOG_ROLLBACK);
}

/* What an override would most likely be about: the selected step when it stands in the way, else the first
 * criterion of the gate that is not met. */
static const char *overridable(const struct ui *ui)
{
    size_t gate = aim_gate(ui);
    if (ui->selected != BOOK_NONE && !run_step_complete(ui->run, ui->selected))
        return ui->run->book->steps[ui->selected].id;
    for (size_t i = 0; i < ui->run->book->gates[gate].criterion_count; i++) {
        struct condition_view view;
        const struct run_condition *criterion = &ui->run->gates[gate].criteria[i];
        run_condition_view(ui->run, criterion, ui->now, &view);
        if (view.verdict != CONDITION_MET && criterion->overridden == NULL)
            return ui->run->book->gates[gate].criteria[i].id;
    }
    return "";
}

void do_override(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    const char *item = overridable(ui);
    dialog_open(ui, DIALOG_OVERRIDE);
    ui->dialog.gate = aim_gate(ui);
    dialog_prefill(ui, 0, item);
}

void do_note(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    dialog_open(ui, DIALOG_NOTE);
}

void do_scrub(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    dialog_open(ui, DIALOG_SCRUB);
}

void do_command(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    dialog_open(ui, DIALOG_COMMAND);
}

void do_search(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    dialog_open(ui, DIALOG_SEARCH);
}

void do_help(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    dialog_open(ui, DIALOG_HELP);
}

void do_detach(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    ui_ask(ui, UI_REQUEST_DETACH);
}

void do_repaint(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    ui_ask(ui, UI_REQUEST_REPAINT);
}

void do_freeze(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    ui->frozen = !ui->frozen;
    if (!ui->frozen)
        return;
    canvas_resize(&ui->picture, ui->last.rows, ui->last.columns);
    size_t count = (size_t)ui->last.rows * (size_t)ui->last.columns;
    if (count > 0)
        memcpy(ui->picture.cells, ui->last.cells, count * sizeof(struct cell));
    ui->frozen_wall_us = ui->now.wall_us;
}
