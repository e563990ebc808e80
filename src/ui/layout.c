#include "views.h"

/*
 * Where the panes stand, by the size of the terminal. A layout is bands one under the other, a band is
 * columns side by side, a column is panes one under the other. Rows and cells are shares: a slot gets its
 * minimum and a part of what is left by weight. Panes that the book has nothing for are left out and their
 * room goes to the others, so that a layout depends on the book and the size alone and nothing jumps while
 * people read.
 */
#define SLOTS   4
#define COLUMNS 3
#define BANDS   4

struct slot {
    enum pane pane;
    int rows; /* minimum, with its title; 0 ends the list */
    int weight;
};
struct layout_column {
    int cells; /* minimum; 0 ends the list */
    int weight;
    struct slot slots[SLOTS];
};
struct band {
    struct layout_column columns[COLUMNS];
};
struct layout {
    int rows, columns; /* the least terminal that it is for */
    struct band bands[BANDS];
};

/* Largest first: the first that fits is taken. */
/* clang-format off */
static const struct layout layouts[] = {
    { 50, 160, {
        { { { 44, 1, { { PANE_PHASES, 24, 3 } } },
            { 66, 2, { { PANE_STEP, 9, 2 }, { PANE_GATE, 9, 2 }, { PANE_PROGRESS, 4, 0 },
                       { PANE_TRANSACTIONS, 4, 1 } } },
            { 48, 1, { { PANE_LAG, 24, 1 } } } } },
        { { { 80, 1, { { PANE_LOCKS, 8, 1 } } } } },
        { { { 80, 1, { { PANE_LOG, 10, 2 } } } } } } },
    { 36, 100, {
        { { { 38, 1, { { PANE_PHASES, 14, 2 } } },
            { 60, 2, { { PANE_STEP, 7, 1 }, { PANE_GATE, 7, 1 } } } } },
        { { { 80, 1, { { PANE_LAG, 6, 0 } } } } },
        { { { 80, 1, { { PANE_LOCKS, 6, 0 } } } } },
        { { { 80, 1, { { PANE_LOG, 6, 1 } } } } } } },
    { 24, 140, {
        { { { 40, 1, { { PANE_PHASES, 11, 2 } } },
            { 60, 1, { { PANE_STEP, 6, 1 }, { PANE_GATE, 5, 1 } } },
            { 40, 1, { { PANE_LAG, 5, 1 }, { PANE_LOCKS, 5, 1 } } } } },
        { { { 80, 1, { { PANE_LOG, 5, 1 } } } } } } },
    { 0, 0, {
        { { { 28, 1, { { PANE_PHASES, 10, 2 } } },
            { 48, 2, { { PANE_STEP, 5, 1 }, { PANE_GATE, 5, 1 } } } } },
        { { { 80, 1, { { PANE_LAG, 2, 0 } } } } },
        { { { 80, 1, { { PANE_LOCKS, 4, 0 } } } } },
        { { { 80, 1, { { PANE_LOG, 4, 1 } } } } } } },
};
/* clang-format on */

static const struct layout *layout_for(int rows, int columns)
{
    size_t i = 0;
    while (layouts[i].rows > rows || layouts[i].columns > columns)
        i++;
    return &layouts[i];
}

/* `total` in shares: each its minimum and, of the rest, a part by weight; when it is not enough for the
 * minima, the last go short first. */
struct share {
    int least, weight, got;
};

static void share_out(struct share *shares, int count, int total)
{
    int weights = 0;
    int left = total;
    for (int i = 0; i < count; i++) {
        shares[i].got = shares[i].least < left ? shares[i].least : left;
        left -= shares[i].got;
        weights += shares[i].weight;
    }
    int rest = left;
    for (int i = 0; i < count && weights > 0; i++) {
        int part = rest * shares[i].weight / weights;
        shares[i].got += part;
        left -= part;
    }
    for (int i = 0; i < count && left > 0; i++) { /* what rounding left, or nobody has a weight */
        if (shares[i].weight > 0 || weights == 0) {
            shares[i].got += left;
            left = 0;
        }
    }
}

static void draw_title(const struct ui *ui, enum pane pane, const struct area *area)
{
    const struct view *view = view_of(pane);
    bool focused = ui->focus == pane;
    struct buf heading;
    buf_init(&heading, 1024);
    area_fill(area, 0, 0, area->columns, ROLE_BORDER, GLYPH_HORIZONTAL);
    int column = area_format(area, 0, 1, focused ? ROLE_FOCUS : ROLE_STRONG, " %d %s ", (int)pane + 1,
                             view_title(ui, pane));
    if (view->heading != NULL)
        view->heading(ui, &heading);
    if (heading.len > 0) {
        enum role_style style = view->style != NULL ? view->style(ui) : ROLE_TEXT;
        column = area_clip(area, 0, column, area->columns - column - 1, style, buf_str(&heading));
        if (column < area->columns)
            area_put(area, 0, column, ROLE_TEXT, " ");
    }
    buf_finish(&heading);
}

static void draw_pane(struct ui *ui, enum pane pane, const struct area *area)
{
    if (area->rows < 1)
        return;
    struct pane_state *state = &ui->panes[pane];
    state->row = area->row;
    state->column = area->column;
    state->rows = area->rows;
    state->columns = area->columns;
    draw_title(ui, pane, area);
    struct area inside = area_part(area, 1, 0, area->rows - 1, area->columns);
    view_of(pane)->draw(ui, &inside);
}

/* A book's own metrics make the pane of the lag higher. */
static int slot_rows(const struct ui *ui, const struct slot *slot)
{
    return slot->rows + (slot->pane == PANE_LAG ? metrics_least(ui) : 0);
}

static void draw_column(struct ui *ui, const struct layout_column *column, const struct area *area)
{
    struct share shares[SLOTS];
    enum pane panes[SLOTS];
    int count = 0;
    for (int i = 0; i < SLOTS && column->slots[i].rows > 0; i++) {
        if (!view_exists(ui, column->slots[i].pane))
            continue;
        panes[count] = column->slots[i].pane;
        shares[count++] = (struct share){ slot_rows(ui, &column->slots[i]), column->slots[i].weight, 0 };
    }
    share_out(shares, count, area->rows);
    int row = 0;
    for (int i = 0; i < count; i++) {
        struct area part = area_part(area, row, 0, shares[i].got, area->columns);
        draw_pane(ui, panes[i], &part);
        row += shares[i].got;
    }
}

static bool column_exists(const struct ui *ui, const struct layout_column *column)
{
    for (int i = 0; i < SLOTS && column->slots[i].rows > 0; i++) {
        if (view_exists(ui, column->slots[i].pane))
            return true;
    }
    return false;
}

static bool is_horizontal(const struct canvas *canvas, int row, int column)
{
    if (column < 0 || column >= canvas->columns)
        return false;
    const struct cell *cell = &canvas->cells[(size_t)row * (size_t)canvas->columns + (size_t)column];
    return cell->style == ROLE_BORDER && cell->rune == glyph_rune(canvas, GLYPH_HORIZONTAL);
}

/* The line between two columns, joined to the titles that it meets. */
static void draw_separator(const struct area *area, int column)
{
    static const enum glyph joints[] = { GLYPH_VERTICAL, GLYPH_RIGHT, GLYPH_LEFT, GLYPH_CROSS };
    for (int row = 0; row < area->rows; row++) {
        int at_row = area->row + row;
        int at_column = area->column + column;
        unsigned right = is_horizontal(area->canvas, at_row, at_column + 1) ? 1 : 0;
        unsigned left = is_horizontal(area->canvas, at_row, at_column - 1) ? 2 : 0;
        enum glyph joint = row == 0 ? GLYPH_DOWN : joints[left | right];
        area_glyph(area, row, column, ROLE_BORDER, joint);
    }
}

static void draw_band(struct ui *ui, const struct band *band, const struct area *area)
{
    const struct layout_column *columns[COLUMNS];
    struct share shares[COLUMNS];
    int count = 0;
    for (int i = 0; i < COLUMNS && band->columns[i].cells > 0; i++) {
        if (!column_exists(ui, &band->columns[i]))
            continue;
        columns[count] = &band->columns[i];
        shares[count++] = (struct share){ band->columns[i].cells, band->columns[i].weight, 0 };
    }
    share_out(shares, count, area->columns - (count - 1));
    int column = 0;
    for (int i = 0; i < count; i++) {
        struct area part = area_part(area, 0, column, area->rows, shares[i].got);
        draw_column(ui, columns[i], &part);
        column += shares[i].got + 1;
    }
    column = 0;
    for (int i = 0; i + 1 < count; i++) {
        column += shares[i].got;
        draw_separator(area, column);
        column++;
    }
}

/* A band is as high as its highest column asks, and grows as its first column does. */
static struct share band_share(const struct ui *ui, const struct band *band)
{
    struct share share = { 0, 0, 0 };
    for (int i = 0; i < COLUMNS && band->columns[i].cells > 0; i++) {
        struct share column = { 0, 0, 0 };
        const struct slot *slots = band->columns[i].slots;
        for (int k = 0; k < SLOTS && slots[k].rows > 0; k++) {
            if (view_exists(ui, slots[k].pane)) {
                column.least += slot_rows(ui, &slots[k]);
                column.weight += slots[k].weight;
            }
        }
        share.least = column.least > share.least ? column.least : share.least;
        share.weight = column.weight > share.weight ? column.weight : share.weight;
    }
    return share;
}

void layout_draw(struct ui *ui, const struct area *area)
{
    for (int pane = 0; pane < PANE_COUNT; pane++)
        ui->panes[pane].rows = 0;
    if (ui->zoomed) {
        draw_pane(ui, ui->focus, area);
        return;
    }
    const struct layout *layout = layout_for(area->canvas->rows, area->canvas->columns);
    struct share shares[BANDS];
    int row = 0;
    for (int i = 0; i < BANDS; i++)
        shares[i] = band_share(ui, &layout->bands[i]);
    share_out(shares, BANDS, area->rows);
    for (int i = 0; i < BANDS; i++) {
        struct area part = area_part(area, row, 0, shares[i].got, area->columns);
        draw_band(ui, &layout->bands[i], &part);
        row += shares[i].got;
    }
}
