#include "keys.h"

#include "actions.h"

/* In the order of the help. The ranks are those of the key bar: the highest goes first when it is narrow. A
 * row: codes, name, label in the key bar (NULL: none), rank, what it does, where, only for the operator,
 * whether it works now, deed. */
#define LIVE   KEYS_LIVE
#define REPLAY KEYS_REPLAY
#define BOTH   (KEYS_LIVE | KEYS_REPLAY)
/* clang-format off */
static const struct key_row rows[] = {
    { { KEY_CODE_ENTER }, "Enter", "", 0, "do what is next: start the step, tick the box, vote at the gate",
      LIVE, false, NULL, do_next },
    { { ' ' }, "Space", "HOLD", 0, "hold the run at once: nothing new starts", LIVE, false, can_hold, do_hold },
    { { 'r' }, "r", "release", 2, "release the hold, with a reason", LIVE, true, can_release, do_release },
    { { 't' }, "t", "tick", 3, "tick the selected box, or the next one", LIVE, false, can_tick, do_tick },
    { { 'u' }, "u", "untick", 5, "take the selected box's tick away", LIVE, false, can_untick, do_untick },
    { { 'v' }, "v", "vote", 3, "vote GO or NO-GO at the gate", LIVE, false, can_vote, do_vote },
    { { 'c' }, "c", "cancel", 3, "cancel what runs", LIVE, true, can_cancel, do_cancel },
    { { 'e' }, "e", "retry", 3, "try the failed step again", LIVE, true, can_retry, do_retry },
    { { 'C' }, "C", "clean", 3, "remove what a failed attempt left behind", LIVE, true, can_clean, do_clean },
    { { 'p' }, "p", "probe", 5, "ask the server whether the step is done already", LIVE, true, can_probe, do_probe },
    { { 'U' }, "U", "rule", 3, "rule what an unknown step did: done, not-done, partial", LIVE, true, can_rule, do_rule },
    { { 'o' }, "o", "override", 6, "defer a box or an unmet criterion, with a reason", LIVE, false, can_override,
      do_override },
    { { 'R' }, "R", "rollback", 1, "undo what ran, newest first; shows it and asks", LIVE, true, can_roll_back,
      do_roll_back },
    { { 'x' }, "x", NULL, 0, "scrub: stop this run on purpose, with nothing wrong", LIVE, true, can_scrub, do_scrub },
    { { 'K' }, "K", "kill", 4, "kill who is in the way: a cancel first, then the end", LIVE,
      true, can_kill, do_kill },
    { { 'n' }, "n", "note", 8, "put a note into the trail", LIVE, false, can_note, do_note },
    { { ' ' }, "Space", "play", 0, "play, and pause", REPLAY, false, NULL, do_play },
    { { KEY_CODE_RIGHT, 'l' }, "Right l", "step", 1, "the next record", REPLAY, false, NULL, do_step },
    { { KEY_CODE_LEFT, 'h' }, "Left h", "back", 2, "the record before", REPLAY, false, NULL, do_step_back },
    { { ']' }, "]", "faster", 5, "play faster", REPLAY, false, NULL, do_faster },
    { { '[' }, "[", "slower", 6, "play slower", REPLAY, false, NULL, do_slower },
    { { 'd' }, "d", "decision", 3, "the next decision: votes, gates, overrides, holds, rollbacks", REPLAY, false, NULL,
      do_decision },
    { { 'D' }, "D", NULL, 0, "the decision before", REPLAY, false, NULL, do_decision_back },
    { { 'f' }, "f", "failure", 3, "the next failure: a failed or unknown step, a runner that was gone", REPLAY,
      false, NULL, do_failure },
    { { 'F' }, "F", NULL, 0, "the failure before", REPLAY, false, NULL, do_failure_back },
    { { 't' }, "t", "trigger", 4, "the next time that a trigger fired or was blind", REPLAY, false, NULL, do_trigger },
    { { 'T' }, "T", NULL, 0, "the trigger before", REPLAY, false, NULL, do_trigger_back },
    { { '/' }, "/", "search", 4, "search in what happened", REPLAY, false, NULL, do_search },
    { { 'n' }, "n", NULL, 0, "the next place of what was searched for", REPLAY, false, NULL, do_found },
    { { 'N' }, "N", NULL, 0, "the place before of what was searched for", REPLAY, false, NULL, do_found_back },
    { { ':' }, ":", "go to", 5, "go to a record by its number, or to a time: 120, 21:40, 21:40:30", REPLAY, false, NULL,
      do_command },
    { { 'g', KEY_CODE_HOME }, "g Home", NULL, 0, "to the beginning", REPLAY, false, NULL, do_rewind },
    { { 'G', KEY_CODE_END }, "G End", NULL, 0, "to the end", REPLAY, false, NULL, do_wind },
    { { KEY_CODE_TAB }, "Tab", "pane", 7, "next pane", BOTH, false, NULL, do_next_pane },
    { { KEY_CODE_BACKTAB }, "Shift-Tab", NULL, 0, "previous pane", BOTH, false, NULL, do_previous_pane },
    { { '1', '2', '3', '4' }, "1-4", NULL, 0, "phases, step, gate, lag", BOTH, false, NULL, do_pane },
    { { '5', '6', '7', '8' }, "5-8", NULL, 0, "locks, log, progress, old transactions", BOTH, false, NULL, do_pane },
    { { 'z' }, "z", "zoom", 7, "give the pane the whole screen, and back", BOTH, false, NULL, do_zoom },
    { { 'k', KEY_CODE_UP }, "Up k", NULL, 0, "select the step above; scroll up", BOTH, false, NULL, do_up },
    { { 'j', KEY_CODE_DOWN }, "Down j", NULL, 0, "select the step below; scroll down", BOTH, false, NULL, do_down },
    { { KEY_CODE_PAGE_UP }, "PgUp", NULL, 0, "a page up", BOTH, false, NULL, do_page_up },
    { { KEY_CODE_PAGE_DOWN }, "PgDn", NULL, 0, "a page down", BOTH, false, NULL, do_page_down },
    { { 'g', KEY_CODE_HOME }, "g Home", NULL, 0, "to the beginning", LIVE, false, NULL, do_first },
    { { 'G', KEY_CODE_END }, "G End", NULL, 0, "to the end; the log follows again", LIVE, false, NULL, do_last },
    { { KEY_CODE_ESCAPE }, "Esc", NULL, 0, "back: thaw, leave the zoom, forget the search, follow the run", BOTH, false,
      NULL, do_back },
    { { '/' }, "/", NULL, 0, "search in the steps, or in the log when it has the keys", LIVE, false, NULL, do_search },
    { { ']' }, "]", NULL, 0, "next place of what was searched for", LIVE, false, NULL, do_find_next },
    { { '[' }, "[", NULL, 0, "previous place of what was searched for", LIVE, false, NULL, do_find_previous },
    { { ':' }, ":", "command", 9, "type an action, with the words of tminus do", LIVE, false, can_command,
      do_command },
    { { 'f' }, "f", "freeze", 8, "freeze the display to read it, and thaw it; data continue", LIVE, false, NULL,
      do_freeze },
    { { KEY_CODE_CTRL_L }, "Ctrl-L", NULL, 0, "paint the screen anew", BOTH, false, NULL, do_repaint },
    { { KEY_CODE_MOUSE, KEY_CODE_WHEEL_UP, KEY_CODE_WHEEL_DOWN }, "mouse", NULL, 0,
      "a click chooses a pane or a step, the wheel scrolls", BOTH, false, NULL, do_mouse },
    { { '?' }, "?", "keys", 0, "this list; Enter does the chosen row", BOTH, false, NULL, do_help },
    { { 'q' }, "q", "detach", 6, "leave the screen: the run goes on", LIVE, false, NULL, do_detach },
    { { 'q' }, "q", "leave", 6, "leave the replay", REPLAY, false, NULL, do_detach },
};
/* clang-format on */

size_t keys_count(void)
{
    return ARRAY_LEN(rows);
}

const struct key_row *keys_row(size_t index)
{
    return &rows[index];
}

static bool keys_here(const struct ui *ui, const struct key_row *row)
{
    return (row->in & (ui->options.replay ? KEYS_REPLAY : KEYS_LIVE)) != 0;
}

static bool works(const struct ui *ui, const struct key_row *row, struct err *why)
{
    return keys_here(ui, row) && !(row->executes && !ui_executes(ui)) &&
           (row->works == NULL || row->works(ui, why));
}

void keys_enter_label(const struct ui *ui, struct buf *buf)
{
    static const char *const words[] = {
        [NEXT_NOTHING] = "",  [NEXT_START] = "start", [NEXT_TICK] = "tick",
        [NEXT_VOTE] = "vote", [NEXT_RULE] = "rule",   [NEXT_CLOSE] = "close the run",
    };
    struct next next = aim_next(ui);
    struct err why = ERR_INIT;
    if (!can_do_next(ui, &next, &why))
        return;
    buf_text(buf, words[next.kind]);
    if (next.kind == NEXT_CLOSE && ui->run->rolled_back)
        buf_text(buf, " as aborted");
    if (next.kind == NEXT_VOTE)
        buf_format(buf, " %s", ui->run->book->gates[next.gate].id);
    else if (next.aim.step != BOOK_NONE)
        buf_format(buf, " %s", aim_id(ui->run, next.aim));
}

/* Enter answers always, if only with what there is to wait for. */
bool key_offered(const struct ui *ui, const struct key_row *row)
{
    struct err why = ERR_INIT;
    if (row->run != do_next || !works(ui, row, &why))
        return works(ui, row, &why);
    struct buf label;
    buf_init(&label, 256);
    keys_enter_label(ui, &label);
    bool something = label.len > 0;
    buf_finish(&label);
    return something;
}

static const struct key_row *row_of(const struct ui *ui, uint32_t code)
{
    for (size_t i = 0; code != 0 && i < ARRAY_LEN(rows); i++) {
        if (!keys_here(ui, &rows[i]))
            continue;
        for (size_t k = 0; k < KEY_CODES; k++) {
            if (rows[i].codes[k] == code)
                return &rows[i];
        }
    }
    return NULL;
}

static void refuse(struct ui *ui, const struct key_row *row, const struct err *why)
{
    if (ui_says_cut_off(ui))
        return;
    if (row->executes && ui->options.watcher)
        ui_say(ui, ROLE_WARN, "%s: you are watching, only the operator executes", row->name);
    else if (row->executes && !ui_executes(ui))
        ui_say(ui, ROLE_WARN, "%s: only the operator executes, and that is %s", row->name, ui->run->operator);
    else if (why->code == ERR_NOT_FOUND)
        ui_say(ui, ROLE_WARN, "%s (%s): %s", row->name, row->label != NULL ? row->label : row->help,
               why->message);
    else
        ui_refuse(ui, "%s: %s", row->name, why->message);
}

void ui_key(struct ui *ui, const struct ui_key *key, struct instant now)
{
    ui->now = now;
    ui_unsay(ui);
    if (dialog_is_open(ui)) {
        dialog_key(ui, key);
        return;
    }
    const struct key_row *row = row_of(ui, key->code);
    if (row == NULL && key->code == KEY_CODE_CTRL_C) {
        ui_say(ui, ROLE_WARN,
               ui->options.replay ? "q leaves the replay"
               : ui_is_lost(ui)   ? "q leaves the screen"
                                  : "Space holds the run; q leaves the screen and the run goes on");
        return;
    }
    if (row == NULL)
        return;
    struct err why = ERR_INIT;
    if (works(ui, row, &why))
        row->run(ui, key);
    else
        refuse(ui, row, &why);
}
