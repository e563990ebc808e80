/*
 * What can be asked: one row each. The first answer is the safe one.
 */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "actions.h"
#include "base/text.h"
#include "views.h"

#define BODY_TEXT_MAX  ((size_t)256 * 1024)
#define MORE_CELLS     16  /* ", and 12345 more" */
#define ROLLBACK_SHOWN 256 /* steps in the list of the dialog; how many more there are is said */

static struct aim dialog_aim(const struct ui *ui)
{
    return (struct aim){ ui->dialog.step, ui->dialog.entry };
}

/* Set in by two, so that it stands apart from what is said about it. */
static void put_what(const struct ui *ui, struct page *page, const struct step *step, int lines_max)
{
    struct buf text;
    buf_init(&text, BODY_TEXT_MAX);
    buf_text(&text, step->kind == STEP_NONE ? "(nothing to undo) " : "");
    step_text(&text, step, ui->run->book);
    page->label_width = 2;
    page_wrap(page, NULL, step->kind == STEP_NONE ? ROLE_PROMPT : ROLE_STRONG, buf_str(&text), lines_max);
    page->label_width = 0;
    buf_finish(&text);
}

/* ---- tick ---- */

static void tick_body(const struct ui *ui, struct page *page)
{
    const struct step *step = aim_step(ui->run, dialog_aim(ui));
    page_wrap(page, NULL, ROLE_STRONG, step->title != NULL ? step->title : step->id, 4);
    page_wrap(page, NULL, ROLE_PROMPT, step->instructions, INT_MAX);
    if (step->by != NULL)
        page_format(page, NULL, ROLE_PROMPT, "has to be ticked by: %s", step->by);
    page_format(page, NULL, ROLE_PROMPT, "ticked in the name of: %s", ui->me);
}

static void take_tick(struct ui *ui)
{
    const char *evidence = dialog_field(ui, 0);
    ui_act(ui, VERB_TICK, aim_subject(ui->run, dialog_aim(ui)), CHOICE_NONE, evidence);
}

/* ---- start of what cannot be undone ---- */

static const char *start_word(const struct ui *ui, int index)
{
    return index == 0 ? ui->run->book->steps[ui->dialog.step].id : NULL;
}

static void start_body(const struct ui *ui, struct page *page)
{
    const struct step *step = &ui->run->book->steps[ui->dialog.step];
    page_wrap(page, NULL, ROLE_BAD, "This cannot be undone.", 1);
    page_wrap(page, NULL, ROLE_WARN, step->irreversible, 4);
    page_line(page, NULL, ROLE_PROMPT, "");
    put_what(ui, page, step, INT_MAX);
    page_line(page, NULL, ROLE_PROMPT, "");
    page_format(page, NULL, ROLE_PROMPT, "Type %s to start it.", step->id);
}

static void take_start(struct ui *ui)
{
    ui_act(ui, VERB_START, ui->run->book->steps[ui->dialog.step].id, CHOICE_NONE, NULL);
}

/* ---- vote ---- */

static const char *vote_word(const struct ui *ui, int index)
{
    if (index == 0)
        return ui->run->book->gates[ui->dialog.gate].id;
    return index == 1 ? "no-go" : NULL;
}

/* Whether this decision will be proven to be of who sits here. */
static void put_who_signs(const struct ui *ui, struct page *page)
{
    if (ui->run->policy_sha256 == NULL)
        page_format(page, NULL, ROLE_PROMPT, "In the name of %s, unproven: this run goes by no policy.",
                    ui->me);
    else if (ui->options.signs)
        page_format(page, NULL, ROLE_PROMPT, "Signed with the key of %s.", ui->me);
    else
        page_line(page, NULL, ROLE_WARN, "It will not count without your key: attach with --key FILE.");
}

static void vote_body(const struct ui *ui, struct page *page)
{
    gate_page(ui, ui->dialog.gate, page);
    page_line(page, NULL, ROLE_PROMPT, "");
    put_who_signs(ui, page);
    page_format(page, NULL, ROLE_PROMPT, "Type %s for GO, no-go for NO-GO. Silence is not GO.",
                ui->run->book->gates[ui->dialog.gate].id);
}

static void take_go(struct ui *ui)
{
    ui_act(ui, VERB_VOTE, ui->run->book->gates[ui->dialog.gate].id, CHOICE_GO, NULL);
}

static void take_no_go(struct ui *ui)
{
    size_t gate = ui->dialog.gate;
    dialog_open(ui, DIALOG_NO_GO);
    ui->dialog.gate = gate;
}

static void take_no_go_reason(struct ui *ui)
{
    ui_act(ui, VERB_VOTE, ui->run->book->gates[ui->dialog.gate].id, CHOICE_NO_GO, dialog_field(ui, 0));
}

static void no_go_body(const struct ui *ui, struct page *page)
{
    page_format(page, NULL, ROLE_STRONG, "NO-GO at %s", ui->run->book->gates[ui->dialog.gate].id);
    put_who_signs(ui, page);
}

/* ---- rollback ---- */

static const char *rollback_word(const struct ui *ui, int index)
{
    (void)ui;
    return index == 0 ? "rollback" : NULL;
}

/* "~00:05", "no estimate", or nothing where there is nothing to do. */
static void undo_estimate(struct buf *text, const struct step *step)
{
    bool works = false;
    for (size_t i = 0; i < step->rollback_count; i++)
        works |= step->rollback[i].kind != STEP_NONE;
    if (works && step_rollback_us(step) == 0)
        buf_text(text, "no estimate");
    if (works && step_rollback_us(step) > 0)
        duration_about(text, step_rollback_us(step));
}

/* "for 7 items: g, f, e, and 4 more": what a step that is done for each of many is undone for, newest first;
 * as many as one line holds. */
static void put_items(struct page *page, const struct work *work)
{
    size_t count = 0, shown = 0;
    int width = page->area.columns - MORE_CELLS;
    struct buf text, name;
    for (size_t i = 0; i < work->item_count; i++)
        count += !work->items[i].found;
    buf_init(&text, BODY_TEXT_MAX);
    buf_init(&name, BODY_TEXT_MAX);
    buf_format(&text, "  for %zu item%s", count, count == 1 ? "" : "s");
    for (size_t i = work->item_count; i-- > 0;) {
        if (work->items[i].found)
            continue;
        buf_clear(&name);
        buf_text(&name, shown == 0 ? ": " : ", ");
        text_visible(&name, work->items[i].name, strlen(work->items[i].name), false);
        if (shown > 0 && visible_width(buf_str(&text)) + visible_width(buf_str(&name)) > width)
            break;
        buf_text(&text, buf_str(&name));
        shown++;
    }
    if (shown < count)
        buf_format(&text, ", and %zu more", count - shown);
    page_line(page, NULL, ROLE_PROMPT, buf_str(&text));
    buf_finish(&name);
    buf_finish(&text);
}

static void rollback_body(const struct ui *ui, struct page *page)
{
    size_t list[ROLLBACK_SHOWN];
    struct clocks clocks;
    struct buf text;
    buf_init(&text, 256);
    size_t count = run_rollback_list(ui->run, BOOK_NONE, list, ROLLBACK_SHOWN);
    size_t shown = count < ROLLBACK_SHOWN ? count : ROLLBACK_SHOWN;
    run_clocks(ui->run, ui->now, &clocks);
    duration_clock(&text, clocks.rollback_us);
    page_format(page, NULL, ROLE_STRONG, "%zu step%s undone, newest first, estimated %s:", count,
                count == 1 ? " is" : "s are", buf_str(&text));
    if (clocks.passed_no_return != BOOK_NONE)
        page_format(page, NULL, ROLE_BAD, "Step %zu %s cannot be undone.", clocks.passed_no_return + 1,
                    ui->run->book->steps[clocks.passed_no_return].id);
    for (size_t i = 0; i < shown; i++) {
        const struct step *step = &ui->run->book->steps[list[i]];
        buf_clear(&text);
        undo_estimate(&text, step);
        page_format(page, NULL, ROLE_PROMPT, "%zu %s  %s", list[i] + 1, step->id, buf_str(&text));
        for (size_t k = 0; k < step->rollback_count; k++)
            put_what(ui, page, &step->rollback[k], 6);
        if (step->each != NULL)
            put_items(page, &ui->run->steps[list[i]].work);
    }
    if (count > shown)
        page_format(page, NULL, ROLE_WARN, "and %zu more", count - shown);
    page_line(page, NULL, ROLE_PROMPT, "");
    page_line(page, NULL, ROLE_PROMPT, "Type rollback to begin.");
    buf_finish(&text);
}

static void take_rollback(struct ui *ui)
{
    ui_act(ui, VERB_ROLLBACK, NULL, CHOICE_NONE, NULL);
}

/* ---- override, rule ---- */

static void override_body(const struct ui *ui, struct page *page)
{
    (void)ui;
    page_wrap(
        page, NULL, ROLE_WARN,
        "What is overridden is deferred, never done: it comes up again at the next gate, and the reason "
        "stands in the trail.",
        4);
}

static void take_override(struct ui *ui)
{
    ui_act(ui, VERB_OVERRIDE, dialog_field(ui, 0), CHOICE_NONE, dialog_field(ui, 1));
}

static const enum choice rulings[] = { CHOICE_DONE, CHOICE_NOT_DONE, CHOICE_PARTIAL };

static const char *rule_word(const struct ui *ui, int index)
{
    (void)ui;
    return index < (int)ARRAY_LEN(rulings) ? choice_word(rulings[index]) : NULL;
}

static void rule_body(const struct ui *ui, struct page *page)
{
    const struct step *step = aim_step(ui->run, dialog_aim(ui));
    const struct work *work = aim_work(ui->run, dialog_aim(ui));
    page_format(page, NULL, ROLE_STRONG, "%s: what did it do?", step->id);
    page_wrap(page, NULL, ROLE_UNKNOWN, work->text, 4);
    put_what(ui, page, step, 8);
    if (work->probe != CHOICE_NONE)
        page_format(page, NULL, ROLE_PROMPT, "its probe says: done already? %s %s", choice_word(work->probe),
                    work->value != NULL ? work->value : "");
    else if (query_is_there(&step->probe))
        page_line(page, NULL, ROLE_WARN, "Its probe was not asked yet: Esc, then p.");
    page_line(page, NULL, ROLE_PROMPT, "Type done, not-done or partial; then the reason.");
}

static void take_rule(struct ui *ui)
{
    const char *typed = dialog_field(ui, 0);
    ui_act(ui, VERB_RULE, aim_subject(ui->run, dialog_aim(ui)), choice_of(typed), dialog_field(ui, 1));
}

/* ---- trigger ---- */

static void trigger_body(const struct ui *ui, struct page *page)
{
    const struct trigger *trigger = &ui->run->book->triggers[ui->dialog.trigger];
    const struct run_trigger *state = &ui->run->triggers[ui->dialog.trigger];
    struct buf text;
    buf_init(&text, 1024);
    condition_text(&text, &trigger->when);
    page_format(page, NULL, ROLE_BAD, "%s fired: %s", trigger->id, buf_str(&text));
    page_wrap(page, NULL, ROLE_STRONG, state->evidence, 8);
    page_wrap(page, NULL, ROLE_PROMPT, trigger->why, 6);
    struct clocks clocks;
    run_clocks(ui->run, ui->now, &clocks);
    buf_clear(&text);
    duration_clock(&text, clocks.rollback_us);
    page_format(page, NULL, ROLE_PROMPT, "The run is held. A rollback takes about %s.", buf_str(&text));
    if (clocks.has_window) {
        buf_clear(&text);
        wall_clock(&text, clocks.safe_until_us);
        page_format(page, NULL, ROLE_PROMPT, "Safe until %s.", buf_str(&text));
    }
    buf_finish(&text);
}

static void take_trigger_rollback(struct ui *ui)
{
    dialog_open(ui, DIALOG_ROLLBACK);
}

static void take_trigger_release(struct ui *ui)
{
    dialog_open(ui, DIALOG_RELEASE);
}

/* ---- release, cancel, scrub, close, note ---- */

static void release_body(const struct ui *ui, struct page *page)
{
    const struct run *run = ui->run;
    page_format(page, NULL, ROLE_STRONG, "Held by %s", run->held_by != NULL ? run->held_by : "?");
    page_wrap(page, NULL, ROLE_PROMPT, run->held_why, 6);
}

static void take_release(struct ui *ui)
{
    ui_act(ui, VERB_RELEASE, NULL, CHOICE_NONE, dialog_field(ui, 0));
}

static void cancel_body(const struct ui *ui, struct page *page)
{
    const struct step *step = aim_step(ui->run, dialog_aim(ui));
    const struct work *work = aim_work(ui->run, dialog_aim(ui));
    struct buf text;
    buf_init(&text, 64);
    duration_clock(&text, work_elapsed_us(work, ui->now));
    page_format(page, NULL, ROLE_STRONG, "%s has run for %s. Cancel it?", step->id, buf_str(&text));
    put_what(ui, page, step, 6);
    buf_finish(&text);
}

static void take_cancel(struct ui *ui)
{
    ui_act(ui, VERB_CANCEL, aim_subject(ui->run, dialog_aim(ui)), CHOICE_NONE, NULL);
}

static const char *scrub_word(const struct ui *ui, int index)
{
    (void)ui;
    return index == 0 ? "scrub" : NULL;
}

static void scrub_body(const struct ui *ui, struct page *page)
{
    (void)ui;
    page_wrap(page, NULL, ROLE_STRONG, "Scrub: this run ends here, on purpose. Nothing is undone by that.",
              3);
    page_line(page, NULL, ROLE_PROMPT, "Type scrub, then the reason.");
}

static void take_scrub(struct ui *ui)
{
    ui_act(ui, VERB_SCRUB, NULL, CHOICE_NONE, dialog_field(ui, 1));
}

static void close_body(const struct ui *ui, struct page *page)
{
    if (!ui->run->rolled_back) {
        page_line(page, NULL, ROLE_STRONG, "Every step and gate is behind you. Close the run?");
        return;
    }
    page_line(page, NULL, ROLE_STRONG, "Everything was rolled back. Close the run as ABORTED?");
    page_wrap(page, NULL, ROLE_TEXT, "To try again instead: 1, choose a step with Up and Down, then Enter.",
              2);
}

static void take_close(struct ui *ui)
{
    ui_act(ui, VERB_CLOSE, NULL, CHOICE_NONE, NULL);
}

static void take_note(struct ui *ui)
{
    ui_act(ui, VERB_NOTE, NULL, CHOICE_NONE, dialog_field(ui, 0));
}

static void take_command(struct ui *ui)
{
    if (ui->options.replay)
        ui_move_replay(ui, UI_REPLAY_GO, UI_REPLAY_RECORD, dialog_field(ui, 0));
    else
        command_run(ui, dialog_field(ui, 0));
}

static void take_search(struct ui *ui)
{
    buf_clear(&ui->search);
    buf_text(&ui->search, dialog_field(ui, 0));
    if (ui->options.replay)
        replay_search(ui, 1);
    else
        search_for(ui, buf_str(&ui->search), ui->focus == PANE_LOG ? -1 : 1);
}

static const struct dialog_kind kinds[] = {
    [DIALOG_NONE] = { .title = "" },
    [DIALOG_HELP] = { .title = "KEYS" },
    [DIALOG_COMMAND] = { .title = "COMMAND",
                         .line = true,
                         .fields = { { FIELD_TEXT, ":" } },
                         .answers = { { "Cancel", 0, false, NULL }, { "Do", 0, true, take_command } } },
    [DIALOG_SEARCH] = { .title = "SEARCH",
                        .line = true,
                        .fields = { { FIELD_TEXT, "/" } },
                        .answers = { { "Cancel", 0, false, NULL }, { "Find", 0, true, take_search } } },
    [DIALOG_NOTE] = { .title = "NOTE FOR THE TRAIL",
                      .fields = { { FIELD_TEXT, "note" } },
                      .answers = { { "Cancel", 0, false, NULL }, { "Write it", 0, true, take_note } } },
    [DIALOG_TICK] = { .title = "TICK",
                      .decides = true,
                      .body = tick_body,
                      .answers = { { "Cancel", 0, false, NULL }, { "t Tick", 't', false, take_tick } } },
    [DIALOG_TICK_EVIDENCE] = { .title = "TICK, WITH EVIDENCE",
                               .decides = true,
                               .body = tick_body,
                               .fields = { { FIELD_TEXT, "what did you see" } },
                               .answers = { { "Cancel", 0, false, NULL }, { "Tick", 0, true, take_tick } } },
    [DIALOG_START] = { .title = "NO RETURN",
                       .decides = true,
                       .body = start_body,
                       .word = start_word,
                       .word_answer = { 1 },
                       .fields = { { FIELD_WORD, "step" } },
                       .answers = { { "Cancel", 0, false, NULL }, { "Start", 0, true, take_start } } },
    [DIALOG_VOTE] = { .title = "GO / NO-GO",
                      .decides = true,
                      .body = vote_body,
                      .word = vote_word,
                      .word_answer = { 1, 2 },
                      .fields = { { FIELD_WORD, "vote" } },
                      .answers = { { "Cancel", 0, false, NULL },
                                   { "GO", 0, true, take_go },
                                   { "NO-GO", 0, false, take_no_go } } },
    [DIALOG_NO_GO] = { .title = "NO-GO",
                       .decides = true,
                       .body = no_go_body,
                       .fields = { { FIELD_OPTIONAL, "why (may stay empty)" } },
                       .answers = { { "Cancel", 0, false, NULL }, { "NO-GO", 0, true, take_no_go_reason } } },
    [DIALOG_ROLLBACK] = { .title = "ROLLBACK",
                          .decides = true,
                          .body = rollback_body,
                          .word = rollback_word,
                          .word_answer = { 1 },
                          .fields = { { FIELD_WORD, "confirm" } },
                          .answers = { { "Cancel", 0, false, NULL },
                                       { "Roll back", 0, true, take_rollback } } },
    [DIALOG_OVERRIDE] = { .title = "OVERRIDE",
                          .decides = true,
                          .body = override_body,
                          .fields = { { FIELD_TEXT, "item" }, { FIELD_TEXT, "reason" } },
                          .answers = { { "Cancel", 0, false, NULL },
                                       { "Defer it", 0, true, take_override } } },
    [DIALOG_RULE] = { .title = "RULE AN UNKNOWN STEP",
                      .decides = true,
                      .body = rule_body,
                      .word = rule_word,
                      .word_answer = { 1, 1, 1 },
                      .fields = { { FIELD_WORD, "it is" }, { FIELD_TEXT, "reason" } },
                      .answers = { { "Cancel", 0, false, NULL }, { "Rule", 0, true, take_rule } } },
    [DIALOG_TRIGGER] = { .title = "A TRIGGER FIRED",
                         .decides = true,
                         .body = trigger_body,
                         .answers = { { "h Stay held", 'h', false, NULL },
                                      { "R Rollback...", 'R', false, take_trigger_rollback },
                                      { "r Release...", 'r', false, take_trigger_release } } },
    [DIALOG_RELEASE] = { .title = "RELEASE THE HOLD",
                         .decides = true,
                         .body = release_body,
                         .fields = { { FIELD_TEXT, "why is it safe to go on" } },
                         .answers = { { "Stay held", 0, false, NULL },
                                      { "Release", 0, true, take_release } } },
    [DIALOG_CANCEL] = { .title = "CANCEL",
                        .decides = true,
                        .body = cancel_body,
                        .answers = { { "Let it run", 0, false, NULL },
                                     { "c Cancel it", 'c', false, take_cancel } } },
    [DIALOG_SCRUB] = { .title = "SCRUB",
                       .decides = true,
                       .body = scrub_body,
                       .word = scrub_word,
                       .word_answer = { 1 },
                       .fields = { { FIELD_WORD, "confirm" }, { FIELD_TEXT, "reason" } },
                       .answers = { { "Cancel", 0, false, NULL }, { "Scrub", 0, true, take_scrub } } },
    [DIALOG_CLOSE] = { .title = "CLOSE",
                       .decides = true,
                       .body = close_body,
                       .answers = { { "Not yet", 0, false, NULL },
                                    { "c Close it", 'c', false, take_close } } },
};

const struct dialog_kind *dialog_kind(enum dialog_type type)
{
    const struct dialog_kind *kind = kill_dialog(type);
    return kind != NULL ? kind : &kinds[type];
}
