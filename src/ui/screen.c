#include "screen.h"

#include <string.h>

#include "keys.h"
#include "segments.h"
#include "story.h"

#define KEY_GAP 2

/* "Enter start 10 swap-column": what is most wanted now stands first, HOLD and help always stay. */
void keybar_draw(const struct ui *ui, const struct area *area)
{
    struct segments bar;
    segments_init(&bar);
    size_t rows_used[SEGMENTS_MAX];
    struct buf enter;
    buf_init(&enter, 256);
    keys_enter_label(ui, &enter);
    for (size_t i = 0; i < keys_count() && bar.count < SEGMENTS_MAX; i++) {
        const struct key_row *row = keys_row(i);
        bool is_enter = row->codes[0] == KEY_CODE_ENTER;
        if (row->label == NULL || !key_offered(ui, row))
            continue;
        rows_used[bar.count] = i;
        struct segment *segment = segments_add(&bar, is_enter ? 1 : row->rank, ROLE_TEXT);
        segment_form(segment, 0, " %s %s", row->name, is_enter ? buf_str(&enter) : row->label);
    }
    segments_fit(&bar, area->columns - 1, KEY_GAP);
    area_blank(area, 0, ROLE_TEXT);
    int column = 0;
    for (size_t i = 0; i < bar.count; i++) {
        if (segment_text(&bar.list[i]) == NULL)
            continue;
        const struct key_row *row = keys_row(rows_used[i]);
        bool is_enter = row->codes[0] == KEY_CODE_ENTER;
        column = area_format(area, 0, column, ROLE_KEY, " %s ", row->name);
        column = area_put(area, 0, column, is_enter ? ROLE_STRONG : ROLE_TEXT,
                          is_enter ? buf_str(&enter) : row->label) +
                 KEY_GAP - 1;
    }
    buf_finish(&enter);
    segments_finish(&bar);
}

/* In full, over the last rows of the panes. */
void message_draw(const struct ui *ui, const struct area *body)
{
    if (ui->message.len == 0)
        return;
    struct area nowhere = { body->canvas, 0, 0, 0, body->columns - 2 };
    struct page count = page_begin(&nowhere, 0, 0);
    page_wrap(&count, NULL, ui->message_style, buf_str(&ui->message), body->rows);
    struct area box = area_part(body, body->rows - count.line - 1, 0, count.line + 1, body->columns);
    area_clear(&box, ROLE_PROMPT);
    area_fill(&box, 0, 0, box.columns, ui->message_style, GLYPH_HORIZONTAL);
    struct area inside = area_part(&box, 1, 1, box.rows - 1, box.columns - 2);
    struct page page = page_begin(&inside, 0, 0);
    page_wrap(&page, NULL, ui->message_style, buf_str(&ui->message), body->rows);
}

/* Before there is a run. */
static void draw_start(const struct ui *ui, const struct area *body)
{
    static const char *const words[] = {
        [UI_LINK_STARTING] = "starting",
        [UI_LINK_UP] = "connected, waiting for the run",
        [UI_LINK_LOST] = "the runner cannot be reached",
    };
    int middle = body->rows / 2;
    const char *title = ui->title != NULL ? ui->title : "tminus";
    int width = visible_width(title);
    area_put(body, middle - 1, width < body->columns ? (body->columns - width) / 2 : 0, ROLE_STRONG, title);
    const char *word = words[ui->link];
    area_put(body, middle, (body->columns - (int)strlen(word)) / 2, ROLE_DIM, word);
    area_put(body, middle + 1, 1, ROLE_BAD, buf_str(&ui->link_why));
}

/* The panes stand still; everything around them goes on. */
static void draw_picture(const struct ui *ui, const struct area *body)
{
    const struct canvas *from = &ui->picture;
    for (int row = 0; row < body->rows; row++) {
        size_t at = (size_t)(body->row + row) * (size_t)from->columns;
        memcpy(&body->canvas->cells[at], &from->cells[at], (size_t)from->columns * sizeof(struct cell));
    }
}

static void remember(struct ui *ui, const struct canvas *canvas)
{
    if (ui->last.rows != canvas->rows || ui->last.columns != canvas->columns)
        canvas_resize(&ui->last, canvas->rows, canvas->columns);
    size_t count = (size_t)canvas->rows * (size_t)canvas->columns;
    if (count > 0)
        memcpy(ui->last.cells, canvas->cells, count * sizeof(struct cell));
}

static void draw_all(struct ui *ui, const struct area *screen)
{
    int banner = banner_needed(ui) ? 1 : 0, replay = ui->options.replay ? 1 : 0;
    struct area header = area_part(screen, 0, 0, 2, screen->columns);
    struct area alarm = area_part(screen, 2, 0, banner, screen->columns);
    struct area body = area_part(screen, 2 + banner, 0, screen->rows - 3 - banner - replay, screen->columns);
    struct area track = area_part(screen, screen->rows - 2, 0, replay, screen->columns);
    struct area bar = area_part(screen, screen->rows - 1, 0, 1, screen->columns);
    bool picture = ui->frozen && ui->picture.rows == screen->rows && ui->picture.columns == screen->columns;
    header_draw(ui, &header);
    if (picture)
        draw_picture(ui, &body);
    else if (ui->run != NULL)
        layout_draw(ui, &body);
    else
        draw_start(ui, &body);
    if (!ui->frozen)
        remember(ui, screen->canvas);
    if (banner > 0)
        banner_draw(ui, &alarm);
    if (replay > 0)
        replay_draw(ui, &track);
    keybar_draw(ui, &bar);
    message_draw(ui, &body);
}

void ui_draw(struct ui *ui, struct canvas *canvas, struct instant now)
{
    ui->now = now;
    canvas->ascii = ui->options.ascii;
    ui->last.ascii = ui->options.ascii;
    canvas_clear(canvas);
    story_propose(ui);
    if (ui->said_boot_us < 0)
        ui->said_boot_us = now.boot_us;
    int64_t stood_us = now.boot_us - ui->said_boot_us;
    if (stood_us < 0 || stood_us >= ui->message_us) /* a replay goes back as well */
        ui_unsay(ui);
    struct area screen = area_whole(canvas);
    if (ui->frozen && (ui->picture.rows != canvas->rows || ui->picture.columns != canvas->columns))
        ui->frozen = false; /* the picture does not fit any more */
    if (canvas->rows < SCREEN_ROWS_MIN || canvas->columns < SCREEN_COLUMNS_MIN)
        small_draw(ui, &screen);
    else
        draw_all(ui, &screen);
    dialog_draw(ui, &screen);
}
