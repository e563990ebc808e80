#include <string.h>
#include <strings.h>

#include "views.h"

#define TIMES_CELLS 15 /* "1:02:03 ~1:00:00" needs more: then the estimate goes */

/* Rows of the tree: a phase, its steps when it is open, and its gate. Found by walking the phases, of which
 * there are few; the steps of a closed one cost nothing. */
struct tree {
    const struct ui *ui;
    size_t open; /* the phase that is open when not all are */
    bool all_open;
    size_t shown;
};

static int phase_rows(const struct tree *tree, size_t phase)
{
    const struct phase *def = &tree->ui->run->book->phases[phase];
    if (!tree->all_open && phase != tree->open)
        return 1;
    return 1 + (int)def->step_count + (def->gate != BOOK_NONE ? 1 : 0);
}

static int tree_rows(const struct tree *tree)
{
    int rows = 0;
    for (size_t i = 0; i < tree->ui->run->book->phase_count; i++)
        rows += phase_rows(tree, i);
    return rows;
}

/* Nothing is selected and what is next is the gate of the current phase. */
static bool is_at_gate(const struct ui *ui)
{
    return ui->selected == BOOK_NONE && run_state(ui->run) == RUN_AT_GATE;
}

static size_t phase_shown(const struct ui *ui)
{
    size_t shown = aim_shown(ui);
    if (is_at_gate(ui))
        return run_current_phase(ui->run);
    return shown != BOOK_NONE ? ui->run->book->steps[shown].phase : 0;
}

static struct tree tree_of(const struct ui *ui, int rows)
{
    struct tree tree = { ui, phase_shown(ui), true, aim_shown(ui) };
    tree.all_open = tree_rows(&tree) <= rows;
    return tree;
}

void phases_heading(const struct ui *ui, struct buf *buf)
{
    if (ui->run == NULL)
        return;
    size_t complete, total;
    run_progress(ui->run, &complete, &total);
    buf_format(buf, "%zu/%zu steps", complete, total);
}

/* What was put off is not complete, also where the gate has let it pass. */
static size_t complete_in(const struct run *run, const struct phase *phase)
{
    size_t complete = 0;
    for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++)
        complete += run_step_complete(run, i) && run->steps[i].work.state != STEP_DEFERRED;
    return complete;
}

/* "[x]" in ASCII, the bare glyph elsewhere: there it cannot be taken for a letter. */
static int put_mark(const struct area *area, int row, int column, enum role_style style, enum glyph glyph)
{
    if (area->canvas->ascii) {
        column = area_put(area, row, column, style, "[");
        column = area_glyph(area, row, column, style, glyph);
        return area_put(area, row, column, style, "] ");
    }
    column = area_glyph(area, row, column, style, glyph);
    return area_put(area, row, column, style, " ");
}

static void draw_phase(const struct ui *ui, const struct area *area, int row, size_t phase)
{
    const struct run *run = ui->run;
    const struct phase *def = &run->book->phases[phase];
    size_t complete = complete_in(run, def);
    size_t current = run_current_phase(run);
    bool decided = def->gate == BOOK_NONE || run->gates[def->gate].decision == CHOICE_GO;
    bool over = run_phase_complete(run, phase) && decided;
    bool whole = complete == def->step_count;
    struct buf right;
    buf_init(&right, 128);
    buf_format(&right, "%zu/%zu", complete, def->step_count);
    if (!over && !whole && def->estimate.max_us > 0 && area->columns >= 36) {
        buf_char(&right, ' ');
        duration_about(&right, def->estimate.max_us);
    }
    enum role_style style = over               ? (whole ? ROLE_GOOD : ROLE_WARN)
                            : phase == current ? ROLE_STRONG
                                               : ROLE_TEXT;
    enum glyph glyph = over               ? (whole ? GLYPH_DONE : GLYPH_DEFERRED)
                       : phase == current ? GLYPH_RUNNING
                                          : GLYPH_PENDING;
    int end = area_right(area, row, area->columns - 1, style, buf_str(&right));
    struct area left = area_part(area, row, 0, 1, end - 1);
    int column = put_mark(&left, 0, 0, style, glyph);
    column = area_format(&left, 0, column, style, "%zu %s", phase + 1, def->id);
    if (def->risk == RISK_HIGH)
        area_put(&left, 0, column, ROLE_WARN, " HIGH RISK");
    buf_finish(&right);
}

/* "00:04 ~00:08": what it took or takes, and what was estimated. */
static int put_times(const struct ui *ui, const struct area *area, int row, size_t step)
{
    const struct step *def = &ui->run->book->steps[step];
    const struct work *work = &ui->run->steps[step].work;
    int64_t elapsed_us = work_elapsed_us(work, ui->now);
    int end = area->columns - 1;
    struct buf text;
    buf_init(&text, 64);
    bool room = area->columns >= 34;
    if (def->estimate.max_us > 0 && (room || elapsed_us < 0)) {
        duration_about(&text, def->estimate.max_us);
        end = area_right(area, row, end, ROLE_DIM, buf_str(&text)) - 1;
    } else if (room) {
        end -= 7;
    }
    if (elapsed_us >= 0 && def->kind != STEP_CHECK) {
        enum pace pace = pace_of(&def->estimate, elapsed_us, work->state != STEP_RUNNING);
        bool off = pace == PACE_SLOW || pace == PACE_FAST;
        buf_clear(&text);
        if (off)
            buf_text(&text, glyph_text(area->canvas, pace == PACE_SLOW ? GLYPH_SLOW : GLYPH_FAST));
        duration_clock(&text, elapsed_us);
        end = area_right(area, row, end, off ? ROLE_WARN : ROLE_TEXT, buf_str(&text)) - 1;
    }
    buf_finish(&text);
    return end;
}

static void draw_step(const struct ui *ui, const struct area *area, int row, size_t step, size_t shown_step)
{
    const struct run *run = ui->run;
    const struct step *def = &run->book->steps[step];
    struct look look = look_of_step(run, step);
    bool shown = step == shown_step && !is_at_gate(ui);
    int end = put_times(ui, area, row, step);
    struct area left = area_part(area, row, 0, 1, end);
    if (shown)
        area_glyph(&left, 0, 0, ROLE_STRONG, GLYPH_CURSOR);
    int column = put_mark(&left, 0, 2, look.style, look.glyph);
    column = area_format(&left, 0, column, look.style, "%2zu %s", step + 1, def->id);
    if (def->irreversible != NULL)
        column = area_put(&left, 0, column, ROLE_WARN, left.columns - column > 10 ? " NO RETURN" : "!");
    if (def->title != NULL && strcmp(def->title, def->id) != 0 && left.columns - column > 12)
        area_put(&left, 0, column + 1, ROLE_DIM, def->title);
    if (ui->selected == step)
        area_style(area, row, 0, area->columns, ROLE_SELECTED);
}

static void draw_gate(const struct ui *ui, const struct area *area, int row, size_t gate)
{
    const struct run *run = ui->run;
    const struct run_gate *state = &run->gates[gate];
    struct look look = look_of_vote(state->decision);
    bool next = is_at_gate(ui) && gate == aim_gate(ui);
    if (state->decision == CHOICE_NONE)
        look = (struct look){ GLYPH_VOTE_OPEN, next ? ROLE_BUSY : ROLE_TEXT, "" };
    if (next)
        area_glyph(area, row, 0, ROLE_STRONG, GLYPH_CURSOR);
    int column = put_mark(area, row, 2, look.style, look.glyph);
    column = area_format(area, row, column, look.style, "   gate %s", run->book->gates[gate].id);
    if (*look.word != '\0')
        area_format(area, row, column, look.style, " %s", look.word);
}

static void draw_row(const struct tree *tree, const struct area *area, int row, size_t phase, int index)
{
    const struct phase *def = &tree->ui->run->book->phases[phase];
    if (index == 0)
        draw_phase(tree->ui, area, row, phase);
    else if (index <= (int)def->step_count)
        draw_step(tree->ui, area, row, def->first_step + (size_t)index - 1, tree->shown);
    else
        draw_gate(tree->ui, area, row, def->gate);
}

/* The row of a step in the whole tree. */
static int row_of_step(const struct tree *tree, size_t step)
{
    const struct book *book = tree->ui->run->book;
    int row = 0;
    for (size_t phase = 0; phase < book->steps[step].phase; phase++)
        row += phase_rows(tree, phase);
    return row + 1 + (int)(step - book->phases[book->steps[step].phase].first_step);
}

/* The gate's stands after the steps of its phase. */
static int row_of_gate(const struct tree *tree, size_t phase)
{
    int row = 0;
    for (size_t i = 0; i <= phase; i++)
        row += phase_rows(tree, i);
    return row - 1;
}

/* Scrolls no more than is needed to show the step with some of what comes before and after. */
static void follow(struct pane_state *pane, int row, int rows)
{
    int around = rows >= 8 ? 3 : rows >= 4 ? 1 : 0;
    if (row - around < pane->top)
        pane->top = row - around;
    if (row + around >= pane->top + rows)
        pane->top = row + around - rows + 1;
}

void phases_draw(struct ui *ui, const struct area *area)
{
    struct pane_state *pane = &ui->panes[PANE_PHASES];
    if (ui->run == NULL || area->rows == 0) {
        area_put(area, 0, 1, ROLE_DIM, "no run yet");
        return;
    }
    struct tree tree = tree_of(ui, area->rows);
    size_t shown = aim_shown(ui);
    pane->lines = tree_rows(&tree);
    if (is_at_gate(ui))
        follow(pane, row_of_gate(&tree, tree.open), area->rows);
    else if (shown != BOOK_NONE)
        follow(pane, row_of_step(&tree, shown), area->rows);
    view_clamp(pane, area->rows);
    int row = -pane->top;
    for (size_t phase = 0; phase < ui->run->book->phase_count && row < area->rows; phase++) {
        int rows = phase_rows(&tree, phase);
        for (int i = row < 0 ? -row : 0; i < rows && row + i < area->rows; i++)
            draw_row(&tree, area, row + i, phase, i);
        row += rows;
    }
}

size_t phases_step_at(const struct ui *ui, int row)
{
    const struct pane_state *pane = &ui->panes[PANE_PHASES];
    if (ui->run == NULL || row < 0)
        return BOOK_NONE;
    struct tree tree = tree_of(ui, pane->rows - 1);
    int left = row + pane->top;
    for (size_t phase = 0; phase < ui->run->book->phase_count; phase++) {
        const struct phase *def = &ui->run->book->phases[phase];
        int rows = phase_rows(&tree, phase);
        if (left < rows)
            return left == 0 || left > (int)def->step_count ? BOOK_NONE : def->first_step + (size_t)left - 1;
        left -= rows;
    }
    return BOOK_NONE;
}

bool phases_search(struct ui *ui, const char *text, int direction)
{
    if (ui->run == NULL || *text == '\0' || ui->run->book->step_count == 0)
        return false;
    size_t count = ui->run->book->step_count;
    size_t at = ui->selected != BOOK_NONE ? ui->selected : direction > 0 ? count - 1 : 0;
    for (size_t i = 0; i < count; i++) {
        at = direction > 0 ? (at + 1) % count : (at + count - 1) % count;
        const struct step *step = &ui->run->book->steps[at];
        if (strcasestr(step->id, text) != NULL ||
            (step->title != NULL && strcasestr(step->title, text) != NULL)) {
            ui->selected = at;
            return true;
        }
    }
    return false;
}
