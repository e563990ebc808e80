#include "actions.h"

#include <string.h>

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
    if (ui_says_cut_off(ui))
        return;
    struct next next = aim_next(ui);
    struct err why = ERR_INIT;
    if (next_executes(&next) && !ui_executes(ui)) {
        ui_say(ui, ROLE_WARN, "%sonly the operator executes (v votes, Space holds)",
               ui->options.watcher ? "you are watching: " : "");
        return;
    }
    if (!can_do_next(ui, &next, &why)) {
        ui_refuse(ui, "%s", why.message);
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
    if (ui->run != NULL && ui->run->closed == CHOICE_NONE)
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

void do_override(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    const char *item = aim_overridable(ui);
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
