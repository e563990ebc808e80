#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "rehearse/timings.h"
#include "views.h"

#define LABEL    7
#define TEXT_MAX ((size_t)256 * 1024)

void step_heading(const struct ui *ui, struct buf *buf)
{
    struct aim aim = aim_shown_work(ui);
    const struct step *step = aim_step(ui->run, aim);
    if (step == NULL)
        return;
    buf_format(buf, "%zu/%zu %s", aim.step + 1, ui->run->book->step_count, step->id);
    if (step->title != NULL && strcmp(step->title, step->id) != 0)
        buf_format(buf, "  %s", step->title);
}

/* "00:04 of 00:04..00:08" */
static void times_text(const struct ui *ui, struct aim aim, struct buf *buf)
{
    const struct step *step = aim_step(ui->run, aim);
    int64_t elapsed_us = work_elapsed_us(aim_work(ui->run, aim), ui->now);
    if (elapsed_us >= 0)
        duration_clock(buf, elapsed_us);
    if (elapsed_us >= 0 && step->estimate.max_us > 0)
        buf_text(buf, " of ");
    words_estimate(buf, &step->estimate);
}

/* State, time, attempts, who: one line. */
static void draw_state(const struct ui *ui, struct page *page, struct aim aim)
{
    const struct step *step = aim_step(ui->run, aim);
    const struct work *work = aim_work(ui->run, aim);
    struct look look = look_of_work(ui->run, aim);
    int row = page_next(page);
    int column = area_glyph(&page->area, row, 0, look.style, look.glyph);
    if (work->between_attempts) {
        struct buf wait;
        buf_init(&wait, 64);
        int64_t left_us = work->retry_at_boot_us - ui->now.boot_us;
        duration_clock(&wait, left_us > 0 ? left_us : 0);
        column = ui->run->held
                     ? area_put(&page->area, row, column + 1, ROLE_HELD, "RETRY WAITS FOR RELEASE")
                     : area_format(&page->area, row, column + 1, ROLE_WARN, "RETRY in %s", buf_str(&wait));
        buf_finish(&wait);
    } else {
        column = area_put(&page->area, row, column + 1, look.style, look.word);
    }
    struct buf times;
    buf_init(&times, 256);
    times_text(ui, aim, &times);
    if (times.len > 0)
        column = area_put(&page->area, row, column + 1, ROLE_STRONG, buf_str(&times));
    buf_finish(&times);
    int64_t tried = work->attempt - work->first_attempt + 1; /* what the book's limit is held against */
    if (work->attempt > 0 && step->retry.attempts > 1)
        column = area_format(&page->area, row, column + 1, tried > 1 ? ROLE_WARN : ROLE_TEXT,
                             "try %" PRId64 "/%d", tried, step->retry.attempts);
    if (work->cancelling)
        column = area_put(&page->area, row, column + 1, ROLE_WARN, "CANCELLING");
    if (work->probing)
        column = area_put(&page->area, row, column + 1, ROLE_BUSY, "PROBING");
    if (ui->run->steps[aim.step].cleaning)
        column = area_put(&page->area, row, column + 1, ROLE_BUSY, "CLEANING");
    column = area_format(&page->area, row, column + 1, ROLE_DIM, "%s", step_kind_word(step->kind));
    if (step->target != BOOK_NONE)
        column = area_format(&page->area, row, column, ROLE_TEXT, " on %s",
                             ui->run->book->targets[step->target].id);
    if (work->who != NULL && *work->who != '\0')
        area_format(&page->area, row, column + 1, ROLE_DIM, "by %s", work->who);
}

static void draw_time(const struct ui *ui, struct page *page, struct aim aim)
{
    const struct step *step = aim_step(ui->run, aim);
    const struct work *work = aim_work(ui->run, aim);
    int64_t elapsed_us = work_elapsed_us(work, ui->now);
    if (elapsed_us < 0 && (step->estimate.max_us == 0 || step->rehearsed.count > 0))
        return;
    struct buf text;
    buf_init(&text, 256);
    bool ended = work->state != STEP_RUNNING;
    times_text(ui, aim, &text);
    int row = page_next(page);
    area_put(&page->area, row, 0, ROLE_DIM, "TIME");
    int column = area_put(&page->area, row, LABEL, ROLE_TEXT, buf_str(&text));
    buf_clear(&text);
    if (elapsed_us >= 0)
        words_pace(&text, &step->estimate, elapsed_us, ended);
    if (text.len > 0)
        column = area_format(&page->area, row, column + 2, ROLE_WARN, "%s", buf_str(&text));
    int width = page->area.columns - column - 3;
    if (step->estimate.max_us > 0 && elapsed_us >= 0 && width >= 8) {
        double longest = (double)step->estimate.max_us * 1.25;
        area_bar(&page->area, row, column + 2, width < 32 ? width : 32, text.len > 0 ? ROLE_WARN : ROLE_BUSY,
                 (double)elapsed_us / longest, 0.8);
    }
    buf_finish(&text);
}

/* What it took in rehearsals, which is what the clocks reckon with. */
static void draw_rehearsed(struct page *page, const struct step *step, const char *label)
{
    struct buf text;
    buf_init(&text, 256);
    bool told = rehearsed_text(&text, step);
    page_wrap(page, label, told ? ROLE_WARN : ROLE_DIM, buf_str(&text), 2);
    buf_finish(&text);
}

static void draw_trouble(const struct ui *ui, struct page *page, struct aim aim)
{
    const struct run_step *state = &ui->run->steps[aim.step];
    const struct work *work = aim_work(ui->run, aim);
    if (work->waiting != NULL && *work->waiting != '\0')
        page_wrap(page, "WAITS", ROLE_BAD, work->waiting, 2);
    bool bad = work->state == STEP_FAILED || work->state == STEP_UNKNOWN || work->between_attempts;
    if (bad && work->text != NULL) {
        struct buf text;
        buf_init(&text, TEXT_MAX);
        if (work->code != NULL && *work->code != '\0')
            buf_format(&text, "%s ", work->code);
        buf_text(&text, work->text);
        page_wrap(page, "ERROR", work->state == STEP_UNKNOWN ? ROLE_UNKNOWN : ROLE_BAD, buf_str(&text),
                  INT_MAX);
        buf_finish(&text);
        page_wrap(page, "", ROLE_TEXT, work->detail, 3);
        page_wrap(page, "HINT", ROLE_WARN, work->hint, 3);
    }
    if (state->leftover != NULL)
        page_format(page, "LEFT", ROLE_BAD, "%s has to go first: C cleans", state->leftover);
}

/* How far it is, with a bar; and why it does nothing now. */
static void draw_progress(struct page *page, const struct step *step, const struct work *work)
{
    if (step->kind == STEP_WAIT)
        return;
    const struct progress *progress = &work->progress;
    struct buf text;
    buf_init(&text, TEXT_MAX);
    work_progress_text(&text, step, work);
    if (progress->total <= 0) {
        page_wrap(page, step->each != NULL ? "ITEMS" : "ROWS", ROLE_BUSY, buf_str(&text), 2);
    } else {
        int row = page_next(page);
        area_put(&page->area, row, 0, ROLE_DIM, step->each != NULL ? "ITEMS" : "ROWS");
        int column = area_put(&page->area, row, LABEL, ROLE_BUSY, buf_str(&text));
        int width = page->area.columns - column - 3;
        if (width >= 8)
            area_bar(&page->area, row, column + 2, width < 32 ? width : 32, ROLE_BUSY,
                     (double)progress->rows / (double)progress->total, 1.0);
    }
    buf_finish(&text);
    page_wrap(page, "PAUSE", ROLE_WARN, work->state == STEP_RUNNING ? work->pauses : NULL, 2);
}

/* What a wait waits for, and how that is now. */
static void draw_awaited(const struct ui *ui, struct page *page, struct aim aim)
{
    const struct step *step = aim_step(ui->run, aim);
    const struct work *work = aim_work(ui->run, aim);
    if (step->kind != STEP_WAIT || work->state != STEP_RUNNING)
        return;
    struct buf text;
    buf_init(&text, TEXT_MAX);
    if (step->until_count > 0)
        work_progress_text(&text, step, work);
    else
        run_condition_evidence(ui->run, &work->until, ui->now, &text);
    page_wrap(page, "WAITS", work->lacks != NULL ? ROLE_WARN : ROLE_BUSY, buf_str(&text), 3);
    buf_finish(&text);
}

/* What runs, exactly; not more of it than leaves room for the rest, unless somebody looks. */
static void draw_what(const struct ui *ui, struct page *page, const struct step *step, int lines_max)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    step_text(&text, step, ui->run->book);
    page_wrap(page, words_what_label(step), ROLE_STRONG,
              text.overflow ? "(longer than fits)" : buf_str(&text), lines_max);
    if (step->kind == STEP_CHECK && !query_is_there(&step->query) && step->instructions == NULL)
        page_line(page, "CHECK", ROLE_STRONG, step->title != NULL ? step->title : step->id);
    if (query_is_there(&step->query) && step->instructions != NULL)
        page_wrap(page, "", ROLE_TEXT, step->instructions, lines_max);
    buf_finish(&text);
}

static void put_limit(struct buf *buf, const char *name, int64_t us)
{
    if (us == 0)
        return;
    buf_format(buf, "%s%s ", buf->len > 0 ? "  " : "", name);
    duration_spell(buf, us);
}

static void draw_limits(struct page *page, const struct step *step, const struct work *work)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < step->lock_count; i++)
        buf_format(&text, "%s%s on %s", i > 0 ? ", " : "", step->locks[i].mode, step->locks[i].table);
    put_limit(&text, "lock_timeout", step->lock_timeout_us);
    put_limit(&text, "statement_timeout", step->statement_timeout_us);
    put_limit(&text, "timeout", step->timeout_us);
    for (size_t i = 0; i < step->give_way_count; i++) {
        buf_text(&text, text.len > 0 ? "  gives way at " : "gives way at ");
        condition_text(&text, &step->give_way[i]);
    }
    if (step->kind == STEP_SQL)
        buf_format(&text, "%s%s", text.len > 0 ? "  " : "",
                   step->transaction ? "one transaction" : "no transaction");
    page_wrap(page, step->lock_count > 0 ? "LOCK" : "LIMIT", ROLE_TEXT, buf_str(&text), 3);
    page_wrap(page, "COPIES", ROLE_WARN, step->copies, 2);
    page_wrap(page, "SET", ROLE_DIM, work->settings, 2);
    buf_finish(&text);
}

/* What it would lock, before anybody presses the key. */
static void draw_foreseen(const struct ui *ui, struct page *page, struct aim aim)
{
    struct buf text;
    if (aim.entry != 0)
        return;
    buf_init(&text, TEXT_MAX);
    run_foreseen(ui->run, aim.step, ui->now, &text);
    page_wrap(page, "LOCKS", ui->run->steps[aim.step].foreseen == CHOICE_YES ? ROLE_TEXT : ROLE_WARN,
              buf_str(&text), 6);
    buf_finish(&text);
}

static void draw_undo(const struct ui *ui, struct page *page, const struct step *step)
{
    if (step->irreversible != NULL) {
        page_wrap(page, "UNDO", ROLE_WARN, "NONE: this cannot be undone", 1);
        page_wrap(page, "", ROLE_WARN, step->irreversible, 3);
        return;
    }
    for (size_t i = 0; i < step->rollback_count; i++) {
        struct buf text;
        buf_init(&text, TEXT_MAX);
        step_text(&text, &step->rollback[i], ui->run->book);
        if (step->rollback[i].estimate.max_us > 0) {
            buf_text(&text, "  ");
            duration_about(&text, step->rollback[i].estimate.max_us);
        }
        page_wrap(page, i == 0 ? "UNDO" : "", ROLE_TEXT, buf_str(&text), 2);
        buf_finish(&text);
    }
}

static void draw_probe(struct page *page, const struct query *probe)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    query_text(&text, probe);
    page_wrap(page, "PROBE", ROLE_DIM, buf_str(&text), 2);
    buf_finish(&text);
}

/* What was seen and said: the sensed answer, evidence, reasons, who has to tick it. */
static void draw_found(const struct ui *ui, struct page *page, struct aim aim)
{
    const struct step *step = aim_step(ui->run, aim);
    const struct run_step *state = &ui->run->steps[aim.step];
    const struct work *work = aim_work(ui->run, aim);
    if (aim.entry == 0 && step_is_sensed(step)) {
        struct buf age;
        buf_init(&age, 64);
        words_age(&age, state->sensed == CHOICE_NONE ? -1 : ui->now.boot_us - state->sensed_boot_us);
        enum role_style style = state->sensed == CHOICE_YES  ? ROLE_GOOD
                                : state->sensed == CHOICE_NO ? ROLE_BAD
                                                             : ROLE_UNKNOWN;
        page_format(page, "SENSED", style, "%s %s %s (%s)",
                    state->sensed == CHOICE_NONE ? "not asked yet" : choice_word(state->sensed),
                    state->sensed_value != NULL ? state->sensed_value : "",
                    state->sensed_why != NULL ? state->sensed_why : "", buf_str(&age));
        buf_finish(&age);
    }
    if (step->by != NULL)
        page_format(page, "BY", ROLE_TEXT, "role %s", step->by);
    if (work->state == STEP_DONE || work->state == STEP_DEFERRED || work->state == STEP_SKIPPED)
        page_wrap(page, step->evidence ? "SEEN" : "SAID",
                  work->state == STEP_DEFERRED ? ROLE_WARN : ROLE_TEXT, work->text, 3);
    if (work->value != NULL && *work->value != '\0')
        page_wrap(page, "VALUE", ROLE_TEXT, work->value, 3);
    if (work->probe != CHOICE_NONE)
        page_format(page, "PROBE", ROLE_TEXT, "done already? %s", choice_word(work->probe));
    else if (query_is_there(&step->probe))
        draw_probe(page, &step->probe);
}

static void draw_after(const struct ui *ui, struct page *page, struct aim aim)
{
    if (aim.entry != 0 || run_step_shown(ui->run, aim.step) != STEP_BLOCKED)
        return;
    const struct step *step = aim_step(ui->run, aim);
    struct buf text;
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < step->after_count; i++) {
        if (!run_step_complete(ui->run, step->after[i]))
            buf_format(&text, "%s%s", text.len > 0 ? ", " : "", ui->run->book->steps[step->after[i]].id);
    }
    page_wrap(page, "AFTER", ROLE_WARN, buf_str(&text), 2);
    buf_finish(&text);
}

void step_draw(struct ui *ui, const struct area *area)
{
    struct pane_state *pane = &ui->panes[PANE_STEP];
    struct aim aim = aim_shown_work(ui);
    const struct step *step = aim_step(ui->run, aim);
    pane->lines = 0;
    if (step == NULL)
        return;
    struct page page = page_begin(area, pane->top, LABEL);
    bool looked_at = ui->focus == PANE_STEP || ui->zoomed;
    int what_max = looked_at ? INT_MAX : area->rows >= 12 ? area->rows / 3 : area->rows >= 6 ? 2 : 1;
    draw_state(ui, &page, aim);
    draw_trouble(ui, &page, aim);
    draw_progress(&page, step, aim_work(ui->run, aim));
    draw_awaited(ui, &page, aim);
    draw_what(ui, &page, step, what_max);
    draw_foreseen(ui, &page, aim);
    int before = page.line;
    if (area->rows >= 7 || looked_at)
        draw_time(ui, &page, aim);
    if (step->rehearsed.count > 0)
        draw_rehearsed(&page, step, page.line > before ? "" : "TIME");
    draw_after(ui, &page, aim);
    draw_limits(&page, step, aim_work(ui->run, aim));
    draw_undo(ui, &page, step);
    draw_found(ui, &page, aim);
    pane->lines = page.line;
    view_clamp(pane, area->rows);
}
