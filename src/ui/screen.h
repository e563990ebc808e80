/*
 * The screen's parts, and where the panes stand.
 */
#ifndef UI_PRIVATE_SCREEN_H
#define UI_PRIVATE_SCREEN_H

#include "state.h"

/* A pane is a row of the table in views.c. */
struct view {
    const char *title;
    bool (*exists)(const struct ui *ui);                   /* NULL: always */
    void (*heading)(const struct ui *ui, struct buf *buf); /* what stands beside the title; NULL: nothing */
    enum role_style (*style)(const struct ui *ui);         /* of the heading; NULL: plain */
    void (*draw)(struct ui *ui, const struct area *area);  /* also sets lines of the pane's state */
    bool tail;                                             /* scrolls from its end */
};
const struct view *view_of(enum pane pane);
const char *view_title(const struct ui *ui, enum pane pane); /* the lag's follows what is in it */
bool view_exists(const struct ui *ui, enum pane pane);

/* Draws the frames and the panes into the part of the screen that is theirs, by the table of layouts. */
void layout_draw(struct ui *ui, const struct area *area);

void header_draw(const struct ui *ui, const struct area *area); /* two rows */
/* What must not be overlooked: halted, lost, unknown, rolling back, held, frozen. Whether there is any. */
bool banner_needed(const struct ui *ui);
void banner_draw(const struct ui *ui, const struct area *area);
void replay_draw(const struct ui *ui, const struct area *area); /* one row: where a replay stands */
void keybar_draw(const struct ui *ui, const struct area *area);
void message_draw(const struct ui *ui, const struct area *body);
/* All there is room for when the terminal is smaller than 80x24. */
void small_draw(const struct ui *ui, const struct area *area);

#define SCREEN_ROWS_MIN    24
#define SCREEN_COLUMNS_MIN 80

/* "12 route-traffic" */
void header_step_name(const struct run *run, size_t step, struct buf *buf);

#endif
