/* The panes, one file each; the rows of the table in views.c. */
#ifndef UI_PRIVATE_VIEWS_H
#define UI_PRIVATE_VIEWS_H

#include "screen.h"
#include "words.h"

void phases_heading(const struct ui *ui, struct buf *buf);
void phases_draw(struct ui *ui, const struct area *area);
void step_heading(const struct ui *ui, struct buf *buf);
void step_draw(struct ui *ui, const struct area *area);
void gate_heading(const struct ui *ui, struct buf *buf);
enum role_style gate_style(const struct ui *ui);
void gate_draw(struct ui *ui, const struct area *area);
void lag_heading(const struct ui *ui, struct buf *buf);
enum role_style lag_style(const struct ui *ui);
void lag_draw(struct ui *ui, const struct area *area);
/* Lines for the monitors that ask the book's own questions: how many there are, how many the pane is made
 * higher for, how many of its rows they get, and themselves. */
int metrics_count(const struct ui *ui);
int metrics_least(const struct ui *ui);
int metrics_rows(const struct ui *ui, int rows);
void metrics_draw(const struct ui *ui, const struct area *area);
void locks_heading(const struct ui *ui, struct buf *buf);
enum role_style locks_style(const struct ui *ui);
void locks_draw(struct ui *ui, const struct area *area);
void log_heading(const struct ui *ui, struct buf *buf);
void log_draw(struct ui *ui, const struct area *area);
void progress_draw(struct ui *ui, const struct area *area);
void transactions_heading(const struct ui *ui, struct buf *buf);
void transactions_draw(struct ui *ui, const struct area *area);

/* The step at that row of the drawn pane; BOOK_NONE when there is none. */
size_t phases_step_at(const struct ui *ui, int row);
/* Selects the next step (direction 1 or -1) whose id or title contains `text`; whether there is one. */
bool phases_search(struct ui *ui, const char *text, int direction);

/* Draws criteria and votes as the gate pane does, also in the vote dialog. */
void gate_page(const struct ui *ui, size_t gate, struct page *page);
/* What is missing for a GO, in one sentence; "" when nothing is. */
void gate_missing(const struct ui *ui, size_t gate, struct buf *buf);

/* Keeps the top of a pane within its content. */
void view_clamp(struct pane_state *state, int rows);

/* First monitor of that kind from `from` on; BOOK_NONE. */
size_t monitor_of_kind(const struct run *run, enum monitor_kind kind, size_t from);
int monitors_of_kind(const struct run *run, enum monitor_kind kind);
/* Why the monitor's rows cannot be shown now, in one phrase: "no sample yet", "stale 6s", the reason it gave;
 * false when they can. */
bool monitor_unknown(const struct ui *ui, size_t monitor, struct buf *why);

#endif
