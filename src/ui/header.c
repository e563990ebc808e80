#include <string.h>

#include "base/text.h"
#include "screen.h"
#include "segments.h"
#include "words.h"

#define HEADER_GAP        3 /* cells between two facts; the middle one is a dot */
#define BAR_LEAST         8
#define BAR_MOST          40
#define UNREHEARSED_CELLS 40

void header_step_name(const struct run *run, size_t step, struct buf *buf)
{
    buf_format(buf, "%zu %s", step + 1, run->book->steps[step].id);
}

static enum role_style header_style(const struct ui *ui)
{
    const char *environment = ui->run != NULL ? ui->run->environment : NULL;
    /* A replay of a live run is not to be taken for one. */
    return text_equal(environment, "live") && !ui->options.replay ? ROLE_LIVE : ROLE_HEADER;
}

static void put_environment(struct segments *line, const struct run *run, enum role_style style)
{
    struct segment *segment = segments_add(line, 0, style);
    const char *environment = run->environment != NULL ? run->environment : "?";
    for (; *environment != '\0'; environment++) {
        char c = *environment;
        segment_form(segment, 0, "%c", c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
}

/* The book asks for a certificate, and somebody began without. */
static void put_unrehearsed(struct segments *line, const struct book *book)
{
    struct buf reason;
    if (book->unrehearsed == NULL)
        return;
    struct segment *segment = segments_add(line, 1, ROLE_WARN);
    buf_init(&reason, 1024);
    text_visible(&reason, book->unrehearsed, text_cut(book->unrehearsed, UNREHEARSED_CELLS), false);
    segment_form(segment, 0, "not rehearsed: %s", buf_str(&reason));
    segment_form(segment, 1, "NOT REHEARSED");
    buf_finish(&reason);
}

static void put_state(struct segments *line, const struct ui *ui)
{
    const struct run *run = ui->run;
    size_t step = run_focus_step(run);
    size_t complete, total;
    run_progress(run, &complete, &total);
    struct segment *segment = segments_add(line, 0, ROLE_HEADER);
    if (run->closed != CHOICE_NONE || step == BOOK_NONE) {
        segment_form(segment, 0, "%zu/%zu %s", complete, total, run_state_word(run_state(run)));
        return;
    }
    size_t gate = run_state(run) == RUN_AT_GATE ? run->book->phases[run_current_phase(run)].gate : BOOK_NONE;
    if (gate != BOOK_NONE) {
        segment_form(segment, 0, "%zu/%zu AT GATE %s", complete, total, run->book->gates[gate].id);
        segment_form(segment, 1, "%zu/%zu AT GATE", complete, total);
        return;
    }
    struct look look = look_of_step(run, step);
    const char *glyph = ui->options.ascii ? "" : glyph_text(&ui->last, look.glyph);
    segment_form(segment, 0, "step %zu/%zu %s%s%s", step + 1, total, glyph, *glyph != '\0' ? " " : "",
                 look.word);
    segment_form(segment, 1, "%zu/%zu %s", step + 1, total, look.word);
}

static void put_people(struct segments *line, const struct run *run)
{
    size_t watchers = 0;
    for (size_t i = 0; i < run->person_count; i++)
        watchers += run->people[i].attached > 0 && text_equal(run->people[i].role, "watcher");
    struct segment *segment = segments_add(line, 4, ROLE_HEADER);
    segment_form(segment, 0, "op %s", run->operator != NULL ? run->operator : "?");
    if (watchers == 1)
        segment_form(segment, 0, " +1 watcher");
    else if (watchers > 1)
        segment_form(segment, 0, " +%zu watchers", watchers);
    segment_form(segment, 1, "%s", run->operator != NULL ? run->operator : "?");
    if (watchers > 0)
        segment_form(segment, 1, " +%zu", watchers);
}

/* All well in few cells; whatever is not is named. */
static void put_monitors(struct segments *line, const struct ui *ui)
{
    const struct run *run = ui->run;
    size_t well = 0;
    struct buf trouble;
    buf_init(&trouble, 512);
    for (size_t i = 0; i < run->book->monitor_count; i++) {
        const struct sample *last = run->monitors[i].last;
        int64_t stale_us = run_monitor_stale_us(run, i, ui->now);
        if (stale_us < 0 && last->known) {
            well++;
            continue;
        }
        buf_format(&trouble, "%s? %s ", trouble.len > 0 ? " " : "", run->book->monitors[i].id);
        if (last == NULL)
            buf_text(&trouble, "no sample");
        else if (stale_us >= 0)
            words_age(&trouble, stale_us);
        else
            buf_text(&trouble, "unknown");
    }
    struct segment *segment = segments_add(line, 3, trouble.len > 0 ? ROLE_UNKNOWN : ROLE_HEADER);
    if (trouble.len > 0) {
        segment_form(segment, 0, "%s", buf_str(&trouble));
        segment_form(segment, 1, "? %zu/%zu monitors", run->book->monitor_count - well,
                     run->book->monitor_count);
        segment_form(segment, 2, "?%zu", run->book->monitor_count - well);
    } else if (run->book->monitor_count > 0) {
        segment_form(segment, 0, "%zu monitor%s ok", well, well == 1 ? "" : "s");
        segment_form(segment, 1, "mon ok");
    }
    buf_finish(&trouble);
}

/* As it was recorded last; whatever is not well is in the banner. */
static void put_witness(struct segments *line, const struct ui *ui)
{
    const struct run_witness *witness = &ui->run->witness;
    int64_t age_us = ui->now.wall_us - witness->at.wall_us;
    if (witness->seq == 0 || witness->trouble != NULL || witness->alarm != NULL)
        return;
    struct buf age;
    buf_init(&age, 64);
    words_age(&age, age_us > 0 ? age_us : 0);
    struct segment *held = segments_add(line, 6, ROLE_HEADER);
    segment_form(held, 0, "witness: head pushed %s ago", buf_str(&age));
    segment_form(held, 1, "witness %s", buf_str(&age));
    buf_finish(&age);
}

static void draw_segments(const struct segments *segments, const struct area *area, int row, int column,
                          enum role_style style, int gap)
{
    bool first = true;
    for (size_t i = 0; i < segments->count; i++) {
        const struct segment *segment = &segments->list[i];
        const char *text = segment_text(segment);
        if (text == NULL || *text == '\0')
            continue;
        if (!first && gap == HEADER_GAP)
            area_glyph(area, row, column + 1, style, GLYPH_DOT);
        column += first ? 0 : gap;
        column = area_put(area, row, column, segment->style == ROLE_HEADER ? style : segment->style, text);
        first = false;
    }
}

static void draw_first(const struct ui *ui, const struct area *area)
{
    enum role_style style = header_style(ui);
    struct segments line;
    struct buf clock;
    buf_init(&clock, 32);
    wall_clock(&clock, ui->now.wall_us);
    buf_char(&clock, 'Z');
    area_blank(area, 0, style);
    area_right(area, 0, area->columns - 1, style, buf_str(&clock));
    segments_init(&line);
    const char *title = ui->run != NULL ? ui->run->book->id : ui->title;
    segment_form(segments_add(&line, 2, style), 0, "%s", title != NULL ? title : "tminus");
    if (ui->run != NULL) {
        put_environment(&line, ui->run, style);
        put_unrehearsed(&line, ui->run->book);
        if (ui->options.replay)
            segment_form(segments_add(&line, 0, ROLE_HELD), 0, " REPLAY ");
        if (!ui_executes(ui) && !ui->options.replay)
            segment_form(segments_add(&line, 1, style), 0, "WATCHING");
        struct segment *id = segments_add(&line, 5, ROLE_HEADER);
        segment_form(id, 0, "run %s", ui->run->id != NULL ? ui->run->id : "?");
        segment_form(id, 1, "%s", ui->run->id != NULL ? ui->run->id : "?");
        put_state(&line, ui);
        put_people(&line, ui->run);
        put_monitors(&line, ui);
        put_witness(&line, ui);
    }
    segments_fit(&line, area->columns - 3 - (int)clock.len, HEADER_GAP);
    draw_segments(&line, area, 0, 1, style, HEADER_GAP);
    segments_finish(&line);
    buf_finish(&clock);
}

static void clock_form(struct segment *segment, int form, const char *before, int64_t us, const char *after)
{
    struct buf text;
    buf_init(&text, 64);
    duration_clock(&text, us);
    segment_form(segment, form, "%s%s%s", before, buf_str(&text), after);
    buf_finish(&text);
}

static void put_window(struct segments *line, const struct clocks *clocks)
{
    if (!clocks->has_window) {
        struct segment *none = segments_add(line, 1, ROLE_DIM);
        clock_form(none, 0, "NO WINDOW  running for ", clocks->run_us, "");
        clock_form(none, 1, "run ", clocks->run_us, "");
        return;
    }
    bool over = clocks->window_left_us < 0;
    struct segment *window = segments_add(line, 0, over ? ROLE_ALARM : ROLE_STRONG);
    if (over) {
        clock_form(window, 0, "WINDOW OVER by ", -clocks->window_left_us, "");
        clock_form(window, 2, "OVER ", -clocks->window_left_us, "");
    } else {
        clock_form(window, 0, "WINDOW ", clocks->window_left_us, " left");
        clock_form(window, 2, "WIN ", clocks->window_left_us, "");
    }
}

static void put_safe(struct segments *line, const struct clocks *clocks)
{
    if (!clocks->has_window)
        return;
    struct buf until;
    buf_init(&until, 32);
    wall_clock(&until, clocks->safe_until_us);
    bool over = clocks->safe_left_us < 0;
    enum role_style style = over                                   ? ROLE_ALARM
                            : clocks->safe_left_us < 5 * MINUTE_US ? ROLE_WARN
                                                                   : ROLE_STRONG;
    struct segment *safe = segments_add(line, 0, style);
    if (over) {
        segment_form(safe, 0, "NO SAFE ROLLBACK since %s", buf_str(&until));
        segment_form(safe, 2, "UNSAFE since %s", buf_str(&until));
    } else {
        segment_form(safe, 0, "SAFE ROLLBACK UNTIL %s", buf_str(&until));
        clock_form(safe, 0, " (", clocks->safe_left_us, ")");
        segment_form(safe, 2, "SAFE UNTIL %s", buf_str(&until));
    }
    buf_finish(&until);
}

static void put_no_return(struct segments *line, const struct run *run, const struct clocks *clocks)
{
    if (clocks->passed_no_return != BOOK_NONE) {
        struct segment *passed = segments_add(line, 0, ROLE_ALARM);
        segment_form(passed, 0, "PAST NO RETURN step %zu %s", clocks->passed_no_return + 1,
                     run->book->steps[clocks->passed_no_return].id);
        segment_form(passed, 1, "PAST NO RETURN %zu", clocks->passed_no_return + 1);
    } else if (clocks->no_return != BOOK_NONE) {
        struct segment *next = segments_add(line, 0, ROLE_WARN);
        segment_form(next, 0, "NO RETURN at step %zu %s", clocks->no_return + 1,
                     run->book->steps[clocks->no_return].id);
        segment_form(next, 1, "NO RETURN at %zu", clocks->no_return + 1);
        segment_form(next, 2, "PNR %zu", clocks->no_return + 1);
    }
}

/* Without one estimate there is no sum: nothing is said to take no time. */
static void sum_form(struct segment *segment, int form, const char *label, int64_t us, size_t unestimated)
{
    struct buf about;
    buf_init(&about, 64);
    duration_about(&about, us);
    segment_form(segment, form, "%s%s%s", label, unestimated > 0 && us == 0 ? "~" : buf_str(&about),
                 unestimated > 0 ? "?" : "");
    buf_finish(&about);
}

static void put_work(struct segments *line, const struct clocks *clocks)
{
    struct segment *work = segments_add(line, 3, ROLE_TEXT);
    sum_form(work, 0, "work left ", clocks->work_left_us, clocks->work_unestimated);
    sum_form(work, 1, "work ", clocks->work_left_us, clocks->work_unestimated);
    if (clocks->has_window && clocks->work_left_us > clocks->window_left_us)
        work->style = ROLE_BAD;
    struct segment *undo = segments_add(line, 4, ROLE_TEXT);
    sum_form(undo, 0, "rollback ", clocks->rollback_us, clocks->rollback_unestimated);
    sum_form(undo, 1, "undo ", clocks->rollback_us, clocks->rollback_unestimated);
    if (clocks->held_us >= SECOND_US)
        clock_form(segments_add(line, 5, ROLE_WARN), 0, "held ", clocks->held_us, "");
}

/* The window as a bar: what is gone, and where the latest safe decision stands. */
static void draw_window_bar(const struct area *area, int column, int width, const struct run *run,
                            const struct clocks *clocks)
{
    double length = (double)run->book->window_us;
    double gone = length - (double)clocks->window_left_us;
    double safe = gone + (double)clocks->safe_left_us;
    area_bar(area, 1, column, width, clocks->safe_left_us < 0 ? ROLE_BAD : ROLE_BUSY, gone / length,
             safe < 0 ? 0 : safe / length);
}

/* No clock runs any more: how long it took, and how that was in its window. */
static void draw_over(const struct run *run, const struct area *area)
{
    struct clocks clocks;
    struct segments line;
    run_clocks(run, run->closed_at, &clocks);
    segments_init(&line);
    clock_form(segments_add(&line, 0, ROLE_STRONG), 0, "TOOK ", clocks.run_us, "");
    if (clocks.has_window) {
        bool late = clocks.window_left_us < 0;
        int64_t off_us = late ? -clocks.window_left_us : clocks.window_left_us;
        struct segment *window = segments_add(&line, 1, late ? ROLE_BAD : ROLE_TEXT);
        clock_form(window, 0, "", off_us,
                   late ? " behind the end of its window" : " before the end of its window");
        clock_form(window, 1, "", off_us, late ? " over its window" : " left of its window");
    }
    put_no_return(&line, run, &clocks);
    segments_fit(&line, area->columns - 2, 2);
    draw_segments(&line, area, 1, 1, ROLE_TEXT, 2);
    segments_finish(&line);
}

static void draw_second(const struct ui *ui, const struct area *area)
{
    struct clocks clocks;
    struct segments line;
    run_clocks(ui->run, ui->now, &clocks);
    segments_init(&line);
    put_window(&line, &clocks);
    size_t window = 1;
    put_safe(&line, &clocks);
    put_no_return(&line, ui->run, &clocks);
    put_work(&line, &clocks);
    int bar_least = clocks.has_window && ui->run->book->window_us > 0 ? BAR_LEAST + 2 : 0;
    int taken = segments_fit(&line, area->columns - 2 - bar_least, 2);
    int bar = bar_least == 0 ? 0 : area->columns - 2 - taken - 2;
    if (bar > BAR_MOST)
        bar = BAR_MOST;
    int column = 1;
    for (size_t i = 0; i < line.count; i++) {
        const char *text = segment_text(&line.list[i]);
        if (text == NULL)
            continue;
        column = area_put(area, 1, column, line.list[i].style, text) + 2;
        if (i + 1 == window && bar >= BAR_LEAST / 2) {
            draw_window_bar(area, column, bar, ui->run, &clocks);
            column += bar + 2;
        }
    }
    segments_finish(&line);
}

void header_draw(const struct ui *ui, const struct area *area)
{
    draw_first(ui, area);
    if (ui->run != NULL && ui->run->closed != CHOICE_NONE)
        draw_over(ui->run, area);
    else if (ui->run != NULL)
        draw_second(ui, area);
    else
        area_put(area, 1, 1, ROLE_DIM, "starting");
}
