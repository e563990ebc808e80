/*
 * What the keys do: each function is the deed of one row of the table of keys.
 */
#ifndef UI_PRIVATE_ACTIONS_H
#define UI_PRIVATE_ACTIONS_H

#include "aim.h"

/* Whether it can be done now, by who sits here (can.c). Where it cannot `why` says what is against it: a
 * rule, or (ERR_NOT_FOUND) that there is nothing to do it to; its code stays 0 only where the screen is cut
 * off. */
bool can_hold(const struct ui *ui, struct err *why);
bool can_release(const struct ui *ui, struct err *why);
bool can_tick(const struct ui *ui, struct err *why);
bool can_untick(const struct ui *ui, struct err *why);
bool can_vote(const struct ui *ui, struct err *why);
bool can_cancel(const struct ui *ui, struct err *why);
bool can_retry(const struct ui *ui, struct err *why);
bool can_clean(const struct ui *ui, struct err *why);
bool can_probe(const struct ui *ui, struct err *why);
bool can_rule(const struct ui *ui, struct err *why);
bool can_roll_back(const struct ui *ui, struct err *why);
bool can_override(const struct ui *ui, struct err *why);
bool can_scrub(const struct ui *ui, struct err *why);
bool can_kill(const struct ui *ui, struct err *why);
bool can_note(const struct ui *ui, struct err *why);
bool can_command(const struct ui *ui, struct err *why);
/* What Enter does; where there is nothing to do, that can be said. */
bool can_do_next(const struct ui *ui, const struct next *next, struct err *why);

void do_next(struct ui *ui, const struct ui_key *key);
void do_hold(struct ui *ui, const struct ui_key *key);
void do_release(struct ui *ui, const struct ui_key *key);
void do_tick(struct ui *ui, const struct ui_key *key);
void do_untick(struct ui *ui, const struct ui_key *key);
void do_vote(struct ui *ui, const struct ui_key *key);
void do_cancel(struct ui *ui, const struct ui_key *key);
void do_retry(struct ui *ui, const struct ui_key *key);
void do_clean(struct ui *ui, const struct ui_key *key);
void do_probe(struct ui *ui, const struct ui_key *key);
void do_rule(struct ui *ui, const struct ui_key *key);
void do_roll_back(struct ui *ui, const struct ui_key *key);
void do_override(struct ui *ui, const struct ui_key *key);
void do_kill(struct ui *ui, const struct ui_key *key);
void do_note(struct ui *ui, const struct ui_key *key);
void do_scrub(struct ui *ui, const struct ui_key *key);
void do_command(struct ui *ui, const struct ui_key *key);
void do_search(struct ui *ui, const struct ui_key *key);
void do_help(struct ui *ui, const struct ui_key *key);
void do_detach(struct ui *ui, const struct ui_key *key);
void do_repaint(struct ui *ui, const struct ui_key *key);
void do_freeze(struct ui *ui, const struct ui_key *key);

/* Moving about (move.c). */
void do_pane(struct ui *ui, const struct ui_key *key);
void do_next_pane(struct ui *ui, const struct ui_key *key);
void do_previous_pane(struct ui *ui, const struct ui_key *key);
void do_zoom(struct ui *ui, const struct ui_key *key);
void do_up(struct ui *ui, const struct ui_key *key);
void do_down(struct ui *ui, const struct ui_key *key);
void do_page_up(struct ui *ui, const struct ui_key *key);
void do_page_down(struct ui *ui, const struct ui_key *key);
void do_first(struct ui *ui, const struct ui_key *key);
void do_last(struct ui *ui, const struct ui_key *key);
void do_back(struct ui *ui, const struct ui_key *key);
void do_find_next(struct ui *ui, const struct ui_key *key);
void do_find_previous(struct ui *ui, const struct ui_key *key);
void do_mouse(struct ui *ui, const struct ui_key *key);

/* Moving a replay (replay.c). */
void do_play(struct ui *ui, const struct ui_key *key);
void do_step(struct ui *ui, const struct ui_key *key);
void do_step_back(struct ui *ui, const struct ui_key *key);
void do_faster(struct ui *ui, const struct ui_key *key);
void do_slower(struct ui *ui, const struct ui_key *key);
void do_decision(struct ui *ui, const struct ui_key *key);
void do_decision_back(struct ui *ui, const struct ui_key *key);
void do_failure(struct ui *ui, const struct ui_key *key);
void do_failure_back(struct ui *ui, const struct ui_key *key);
void do_trigger(struct ui *ui, const struct ui_key *key);
void do_trigger_back(struct ui *ui, const struct ui_key *key);
void do_found(struct ui *ui, const struct ui_key *key);
void do_found_back(struct ui *ui, const struct ui_key *key);
void do_rewind(struct ui *ui, const struct ui_key *key);
void do_wind(struct ui *ui, const struct ui_key *key);
/* To the next or former record that has what was searched for. */
void replay_search(struct ui *ui, int direction);

/* Opens the dialog to tick that box, with a field when evidence is asked for. */
void open_tick(struct ui *ui, struct aim aim);
void open_vote(struct ui *ui, size_t gate);

/* Looks for the text in the phases, or in the log when that pane has the keys. */
void search_for(struct ui *ui, const char *text, int direction);

/* Parses and sends one line of `tminus do` words (command.c); what is wrong with it is said. */
void command_run(struct ui *ui, const char *line);

#endif
