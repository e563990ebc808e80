#include "views.h"

static bool has_lag(const struct ui *ui)
{
    return monitor_of_kind(ui->run, MONITOR_LAG, 0) != BOOK_NONE || metrics_count(ui) > 0;
}

static bool has_locks(const struct ui *ui)
{
    return monitor_of_kind(ui->run, MONITOR_LOCKS, 0) != BOOK_NONE;
}

static bool has_progress(const struct ui *ui)
{
    return monitor_of_kind(ui->run, MONITOR_PROGRESS, 0) != BOOK_NONE;
}

static bool has_transactions(const struct ui *ui)
{
    return monitor_of_kind(ui->run, MONITOR_TRANSACTIONS, 0) != BOOK_NONE;
}

static const struct view views[] = {
    [PANE_PHASES] = { "PHASES", NULL, phases_heading, NULL, phases_draw, false },
    [PANE_STEP] = { "STEP", NULL, step_heading, NULL, step_draw, false },
    [PANE_GATE] = { "GATE", NULL, gate_heading, gate_style, gate_draw, false },
    [PANE_LAG] = { "LAG", has_lag, lag_heading, lag_style, lag_draw, false },
    [PANE_LOCKS] = { "LOCKS", has_locks, locks_heading, locks_style, locks_draw, false },
    [PANE_LOG] = { "LOG / OUTPUT", NULL, log_heading, NULL, log_draw, true },
    [PANE_PROGRESS] = { "PROGRESS", has_progress, NULL, NULL, progress_draw, false },
    [PANE_TRANSACTIONS] = { "OLD TRANSACTIONS", has_transactions, transactions_heading, NULL,
                            transactions_draw, false },
};

const struct view *view_of(enum pane pane)
{
    return &views[pane];
}

const char *view_title(const struct ui *ui, enum pane pane)
{
    bool no_lag =
        pane == PANE_LAG && ui->run != NULL && monitor_of_kind(ui->run, MONITOR_LAG, 0) == BOOK_NONE;
    return no_lag ? "METRICS" : views[pane].title;
}

bool view_exists(const struct ui *ui, enum pane pane)
{
    return views[pane].exists == NULL || (ui->run != NULL && views[pane].exists(ui));
}

void view_clamp(struct pane_state *state, int rows)
{
    int last = state->lines > rows ? state->lines - rows : 0;
    if (state->top > last)
        state->top = last;
    if (state->top < 0)
        state->top = 0;
}

size_t monitor_of_kind(const struct run *run, enum monitor_kind kind, size_t from)
{
    for (size_t i = from; run != NULL && i < run->book->monitor_count; i++) {
        if (run->book->monitors[i].kind == kind)
            return i;
    }
    return BOOK_NONE;
}

int monitors_of_kind(const struct run *run, enum monitor_kind kind)
{
    int count = 0;
    for (size_t i = monitor_of_kind(run, kind, 0); i != BOOK_NONE; i = monitor_of_kind(run, kind, i + 1))
        count++;
    return count;
}

bool monitor_unknown(const struct ui *ui, size_t monitor, struct buf *why)
{
    const struct sample *last = ui->run->monitors[monitor].last;
    int64_t stale_us = run_monitor_stale_us(ui->run, monitor, ui->now);
    if (last == NULL) {
        buf_text(why, "no sample yet");
        return true;
    }
    if (stale_us >= 0) {
        buf_text(why, "stale ");
        words_age(why, stale_us);
        return true;
    }
    if (!last->known) {
        buf_text(why, last->why != NULL && *last->why != '\0' ? last->why : "unknown");
        return true;
    }
    return false;
}
