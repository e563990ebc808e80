/*
 * A terminal smaller than 80x24: state, step, clocks and HOLD, in the order in which they are missed; then
 * what size is needed; then the last lines of the log with what room is left.
 */
#include <string.h>

#include "actions.h"
#include "keys.h"
#include "views.h"

#define LINE_MAX_BYTES ((size_t)1024)

/* The gate that the run stands at; BOOK_NONE. */
static size_t gate_here(const struct run *run)
{
    return run_state(run) == RUN_AT_GATE ? run->book->phases[run_current_phase(run)].gate : BOOK_NONE;
}

static void put_state(const struct ui *ui, struct page *page)
{
    const struct run *run = ui->run;
    struct aim aim = aim_shown_work(ui);
    int row = page_next(page);
    struct buf clock;
    buf_init(&clock, 32);
    wall_clock(&clock, ui->now.wall_us);
    if (aim.step == BOOK_NONE) {
        area_put(&page->area, row, 0, ROLE_STRONG, run_state_word(run_state(run)));
    } else if (gate_here(run) != BOOK_NONE && ui->selected == BOOK_NONE) {
        size_t complete, total;
        run_progress(run, &complete, &total);
        area_format(&page->area, row, 0, ROLE_WARN, "%zu/%zu AT GATE", complete, total);
    } else {
        struct look look = look_of_work(run, aim);
        int column = area_glyph(&page->area, row, 0, look.style, look.glyph);
        area_format(&page->area, row, column, look.style, " %zu/%zu %s", aim.step + 1, run->book->step_count,
                    look.word);
    }
    if (page->area.columns >= 26)
        area_right(&page->area, row, page->area.columns, ROLE_DIM, buf_str(&clock));
    buf_finish(&clock);
}

/* What the gate lacks stands where else the step does. */
static void put_gate(const struct ui *ui, struct page *page, size_t gate)
{
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    gate_missing(ui, gate, &text);
    page_format(page, NULL, ROLE_STRONG, "%s%s%s", ui->run->book->gates[gate].id,
                text.len > 0 ? " lacks " : "", buf_str(&text));
    buf_finish(&text);
}

static void put_step(const struct ui *ui, struct page *page)
{
    struct aim aim = aim_shown_work(ui);
    const struct step *step = aim_step(ui->run, aim);
    if (step == NULL)
        return;
    const struct work *work = aim_work(ui->run, aim);
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    buf_format(&text, "%s ", step->id);
    int64_t elapsed_us = work_elapsed_us(work, ui->now);
    if (elapsed_us >= 0)
        duration_clock(&text, elapsed_us);
    if (step->estimate.max_us > 0) {
        buf_char(&text, ' ');
        duration_about(&text, step->estimate.max_us);
    }
    page_line(page, NULL, ROLE_STRONG, buf_str(&text));
    if (work->state == STEP_FAILED || work->state == STEP_UNKNOWN)
        page_wrap(page, NULL, ROLE_BAD, work->text, 2);
    else if (work->waiting != NULL && page->area.rows >= 10)
        page_wrap(page, NULL, ROLE_BAD, work->waiting, 1);
    buf_finish(&text);
}

static void put_clocks(const struct ui *ui, struct page *page)
{
    struct clocks clocks;
    struct buf text;
    run_clocks(ui->run, ui->now, &clocks);
    buf_init(&text, LINE_MAX_BYTES);
    if (clocks.has_window) {
        bool over = clocks.safe_left_us < 0;
        buf_text(&text, over ? "UNSAFE " : "SAFE ");
        wall_clock(&text, clocks.safe_until_us);
        page_line(page, NULL, over ? ROLE_ALARM : ROLE_STRONG, buf_str(&text));
        buf_clear(&text);
        buf_text(&text, "WINDOW ");
        duration_clock(&text, clocks.window_left_us);
    } else {
        buf_text(&text, "running ");
        duration_clock(&text, clocks.run_us);
    }
    if (clocks.passed_no_return != BOOK_NONE)
        buf_text(&text, " NO RETURN");
    else if (clocks.no_return != BOOK_NONE)
        buf_format(&text, " PNR %zu", clocks.no_return + 1);
    page_line(page, NULL, ROLE_TEXT, buf_str(&text));
    buf_finish(&text);
}

static void put_log(const struct ui *ui, const struct area *area)
{
    struct log_walk walk = log_walk_back(&ui->log);
    for (int row = area->rows - 1; row >= 0; row--) {
        const struct log_line *line = log_walk_next(&walk);
        if (line == NULL)
            return;
        area_put(area, row, 0, (enum role_style)line->style, line->text);
    }
}

static void put_keys(const struct ui *ui, struct page *page)
{
    if (ui->options.replay) {
        struct area line = area_part(&page->area, page_next(page), 0, 1, page->area.columns);
        replay_draw(ui, &line);
        return;
    }
    struct buf enter;
    buf_init(&enter, LINE_MAX_BYTES);
    keys_enter_label(ui, &enter);
    int row = page_next(page);
    int column = 0;
    struct err why = ERR_INIT;
    if (can_hold(ui, &why)) {
        column = area_put(&page->area, row, 0, ROLE_KEY, "Space");
        column = area_put(&page->area, row, column, ROLE_STRONG, " HOLD  ");
    }
    if (enter.len > 0 && page->area.columns > 40) {
        column = area_put(&page->area, row, column, ROLE_KEY, "Enter");
        area_format(&page->area, row, column, ROLE_STRONG, " %s", buf_str(&enter));
    } else {
        column = area_put(&page->area, row, column, ROLE_KEY, "q");
        area_put(&page->area, row, column, ROLE_TEXT, " leave");
    }
    buf_finish(&enter);
}

void small_draw(const struct ui *ui, const struct area *area)
{
    struct page page = page_begin(area, 0, 0);
    if (ui->run == NULL) {
        page_line(&page, NULL, ROLE_STRONG, ui->title != NULL ? ui->title : "tminus");
        page_line(&page, NULL, ROLE_DIM, "starting");
    } else {
        if (banner_needed(ui)) {
            struct area alarm = area_part(area, page_next(&page), 0, 1, area->columns);
            banner_draw(ui, &alarm);
        }
        put_state(ui, &page);
        if (gate_here(ui->run) != BOOK_NONE && ui->selected == BOOK_NONE)
            put_gate(ui, &page, gate_here(ui->run));
        else
            put_step(ui, &page);
        put_keys(ui, &page);
        put_clocks(ui, &page);
    }
    page_format(&page, NULL, ROLE_DIM, "needs %dx%d, has %dx%d", SCREEN_COLUMNS_MIN, SCREEN_ROWS_MIN,
                area->columns, area->rows);
    struct area rest = area_part(area, page.line, 0, area->rows - page.line, area->columns);
    put_log(ui, &rest);
    message_draw(ui, area);
}
