/*
 * Moving about: panes, scrolling, selecting, searching, the mouse. Nothing here asks the runner for anything.
 */
#include <strings.h>
#include <string.h>

#include "actions.h"
#include "views.h"

#define WHEEL_LINES 3

static void focus(struct ui *ui, enum pane pane)
{
    ui->focus = pane;
    if (!ui->zoomed && ui->panes[pane].rows == 0)
        ui->zoomed = true; /* it has no place on a screen of this size: show it alone */
}

void do_pane(struct ui *ui, const struct ui_key *key)
{
    uint32_t pane = key->code - '1';
    if (pane < PANE_COUNT && view_exists(ui, (enum pane)pane))
        focus(ui, (enum pane)pane);
    else
        ui_say(ui, ROLE_WARN, "this book has nothing for that pane");
}

/* Panes that are on the screen; with one zoomed, all that there are. */
static void cycle(struct ui *ui, int direction)
{
    int pane = (int)ui->focus;
    for (int i = 0; i < PANE_COUNT; i++) {
        pane = (pane + direction + PANE_COUNT) % PANE_COUNT;
        bool there = ui->zoomed ? view_exists(ui, (enum pane)pane) : ui->panes[pane].rows > 0;
        if (there) {
            ui->focus = (enum pane)pane;
            return;
        }
    }
}

void do_next_pane(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    cycle(ui, 1);
}

void do_previous_pane(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    cycle(ui, -1);
}

void do_zoom(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    ui->zoomed = !ui->zoomed;
}

/* In the phases that selects a step, elsewhere it scrolls. Down is positive. */
static void move(struct ui *ui, enum pane pane, int lines)
{
    struct pane_state *state = &ui->panes[pane];
    if (pane != PANE_PHASES) {
        state->top += view_of(pane)->tail ? -lines : lines;
        if (state->top < 0)
            state->top = 0;
        if (state->top > state->lines)
            state->top = state->lines;
        return;
    }
    size_t shown = aim_shown(ui);
    if (shown == BOOK_NONE)
        return;
    int last = (int)ui->run->book->step_count - 1;
    int at = (int)shown + lines;
    ui->selected = (size_t)(at < 0 ? 0 : at > last ? last : at);
}

static int page_of(const struct ui *ui)
{
    int rows = ui->panes[ui->focus].rows - 2;
    return rows > 1 ? rows : 1;
}

void do_up(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    move(ui, ui->focus, -1);
}

void do_down(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    move(ui, ui->focus, 1);
}

void do_page_up(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    move(ui, ui->focus, -page_of(ui));
}

void do_page_down(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    move(ui, ui->focus, page_of(ui));
}

#define FAR (1 << 20) /* more lines than any pane has */

void do_first(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    move(ui, ui->focus, -FAR);
}

void do_last(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    move(ui, ui->focus, FAR);
}

/* One thing at a time goes back to how it was: the display, the zoom, the search, the selection. */
void do_back(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    if (ui->frozen)
        ui->frozen = false;
    else if (ui->zoomed)
        ui->zoomed = false;
    else if (ui->search.len > 0)
        buf_clear(&ui->search);
    else
        ui->selected = BOOK_NONE;
}

/* The next line with the text, up (older) or down from what is at the bottom now. */
static bool search_log(struct ui *ui, const char *text, int direction)
{
    struct pane_state *pane = &ui->panes[PANE_LOG];
    struct log_walk walk = log_walk_back(&ui->log);
    const struct log_line *line;
    int found = -1;
    for (int at = 0; (line = log_walk_next(&walk)) != NULL; at++) {
        if (strcasestr(line->text, text) == NULL)
            continue;
        if (direction < 0 && at > pane->top) {
            pane->top = at;
            return true;
        }
        if (direction > 0 && at < pane->top)
            found = at;
    }
    if (found >= 0)
        pane->top = found;
    return found >= 0;
}

void search_for(struct ui *ui, const char *text, int direction)
{
    bool found = ui->focus == PANE_LOG ? search_log(ui, text, direction) : phases_search(ui, text, direction);
    if (!found)
        ui_say(ui, ROLE_WARN, "\"%s\": nothing %s in the %s", text, direction > 0 ? "further" : "before",
               ui->focus == PANE_LOG ? "log" : "steps");
}

void do_find_next(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    if (ui->search.len > 0) /* in a log the next is the one before: people read it from its end */
        search_for(ui, buf_str(&ui->search), ui->focus == PANE_LOG ? -1 : 1);
}

void do_find_previous(struct ui *ui, const struct ui_key *key)
{
    (void)key;
    if (ui->search.len > 0)
        search_for(ui, buf_str(&ui->search), ui->focus == PANE_LOG ? 1 : -1);
}

static int pane_at(const struct ui *ui, int row, int column)
{
    for (int i = 0; i < PANE_COUNT; i++) {
        const struct pane_state *pane = &ui->panes[i];
        if (row >= pane->row && row < pane->row + pane->rows && column >= pane->column &&
            column < pane->column + pane->columns)
            return i;
    }
    return -1;
}

void do_mouse(struct ui *ui, const struct ui_key *key)
{
    int pane = pane_at(ui, key->row, key->column);
    if (pane < 0)
        return;
    if (key->code != KEY_CODE_MOUSE) {
        move(ui, (enum pane)pane, key->code == KEY_CODE_WHEEL_UP ? -WHEEL_LINES : WHEEL_LINES);
        return;
    }
    ui->focus = (enum pane)pane;
    if (pane != PANE_PHASES)
        return;
    size_t step = phases_step_at(ui, key->row - ui->panes[pane].row - 1);
    if (step != BOOK_NONE)
        ui->selected = step;
}
