#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "table.h"
#include "views.h"

enum gate_column { GATE_MARK, GATE_NAME, GATE_LIVE, GATE_NEED, GATE_HELD, GATE_AGE, GATE_WHY, GATE_COLUMNS };

static const struct table_column gate_columns[GATE_COLUMNS] = {
    [GATE_MARK] = { "", 1, 0, 0 },       [GATE_NAME] = { "criterion", 16, 28, 0 },
    [GATE_LIVE] = { "live", 6, 9, 0 },   [GATE_NEED] = { "need", 7, 9, 0 },
    [GATE_HELD] = { "held", 11, 13, 1 }, [GATE_AGE] = { "age", 4, 6, 2 },
    [GATE_WHY] = { "", 32, 60, 3 },
};

static size_t criteria_met(const struct ui *ui, size_t gate)
{
    const struct gate *def = &ui->run->book->gates[gate];
    size_t met = 0;
    for (size_t i = 0; i < def->criterion_count; i++) {
        struct condition_view view;
        const struct run_condition *criterion = &ui->run->gates[gate].criteria[i];
        run_condition_view(ui->run, criterion, ui->now, &view);
        met += view.verdict == CONDITION_MET || criterion->overridden != NULL;
    }
    return met;
}

static size_t votes_missing(const struct run *run, size_t gate)
{
    const struct gate *def = &run->book->gates[gate];
    size_t missing = 0;
    for (size_t i = 0; i < def->vote_count; i++)
        missing += run->gates[gate].votes[i].vote != CHOICE_GO;
    return missing;
}

static size_t steps_missing(const struct run *run, const struct phase *phase)
{
    size_t missing = 0;
    for (size_t i = 0; i < phase->step_count; i++)
        missing += !run_step_complete(run, phase->first_step + i);
    return missing;
}

static bool lacks_witness(const struct run *run, size_t gate)
{
    struct buf why;
    buf_init(&why, 2048);
    run_witness_lacks(run, gate, &why);
    bool lacks = why.len > 0;
    buf_finish(&why);
    return lacks;
}

static void add_missing(struct buf *buf, size_t count, const char *one, const char *many)
{
    if (count > 0)
        buf_format(buf, "%s%zu %s", buf->len > 0 ? ", " : "", count, count == 1 ? one : many);
}

void gate_missing(const struct ui *ui, size_t gate, struct buf *buf)
{
    const struct run *run = ui->run;
    const struct gate *def = &run->book->gates[gate];
    add_missing(buf, steps_missing(run, &run->book->phases[def->phase]), "step", "steps");
    add_missing(buf, def->criterion_count - criteria_met(ui, gate), "criterion", "criteria");
    add_missing(buf, votes_missing(run, gate), "vote", "votes");
    if (lacks_witness(run, gate))
        buf_text(buf, buf->len > 0 ? ", the witness" : "the witness");
}

void gate_heading(const struct ui *ui, struct buf *buf)
{
    size_t gate = aim_gate(ui);
    if (gate == BOOK_NONE) {
        buf_text(buf, "none in this book");
        return;
    }
    const struct gate *def = &ui->run->book->gates[gate];
    const struct run_gate *state = &ui->run->gates[gate];
    buf_format(buf, "%s ", def->id);
    if (state->decision != CHOICE_NONE) {
        buf_format(buf, "%s%s", look_of_vote(state->decision).word,
                   state->forced != NULL ? " BY BROKEN GLASS" : "");
        return;
    }
    struct buf missing;
    buf_init(&missing, 512);
    gate_missing(ui, gate, &missing);
    bool only_votes = criteria_met(ui, gate) == def->criterion_count &&
                      steps_missing(ui->run, &ui->run->book->phases[def->phase]) == 0;
    buf_format(buf, "%s%s", only_votes ? "READY: lacks " : "NOT MET: lacks ", buf_str(&missing));
    buf_finish(&missing);
}

/* "12s/30s": how long it has held of how long it must. */
static void held_text(struct buf *buf, const struct condition *def, const struct condition_view *view)
{
    if (def->for_us == 0) {
        buf_text(buf, view->verdict == CONDITION_MET ? "ok" : "-");
        return;
    }
    if (view->verdict == CONDITION_UNKNOWN) {
        buf_text(buf, "-");
        return;
    }
    int64_t held_us = view->held_us < def->for_us ? view->held_us : def->for_us;
    duration_clock(buf, held_us);
    buf_char(buf, '/');
    duration_clock(buf, def->for_us);
}

static void why_text(struct buf *buf, const struct run_condition *criterion,
                     const struct condition_view *view)
{
    if (criterion->overridden != NULL)
        buf_format(buf, "OVERRIDDEN by %s: %s",
                   criterion->overridden_by != NULL ? criterion->overridden_by : "?", criterion->overridden);
    else if (view->verdict == CONDITION_UNKNOWN)
        buf_format(buf, "%s = NO-GO", view->why != NULL ? view->why : "unknown");
    else if (view->verdict == CONDITION_HOLDING)
        buf_text(buf, "not long enough yet");
}

static void draw_criterion(const struct ui *ui, struct page *page, const struct table *table,
                           const struct run_condition *criterion)
{
    struct condition_view view;
    run_condition_view(ui->run, criterion, ui->now, &view);
    const struct condition *def = criterion->def;
    struct look look = look_of_verdict(view.verdict);
    if (criterion->overridden != NULL)
        look = (struct look){ GLYPH_DEFERRED, ROLE_WARN, "overridden" };
    int row = page_next(page);
    struct buf text;
    buf_init(&text, 2048);
    table_cell(table, &page->area, row, GATE_MARK, look.style, glyph_text(page->area.canvas, look.glyph));
    table_cell(table, &page->area, row, GATE_NAME, look.style, def->name);
    bool live = view.has_value && view.verdict != CONDITION_UNKNOWN; /* an old value is no value */
    if (live)
        words_metric(&text, def->metric, view.value);
    table_cell(table, &page->area, row, GATE_LIVE, look.style, live ? buf_str(&text) : "---");
    buf_clear(&text);
    words_need(&text, def);
    table_cell(table, &page->area, row, GATE_NEED, ROLE_TEXT, buf_str(&text));
    buf_clear(&text);
    held_text(&text, def, &view);
    table_cell(table, &page->area, row, GATE_HELD, ROLE_TEXT, buf_str(&text));
    buf_clear(&text);
    words_age(&text, view.age_us);
    table_cell(table, &page->area, row, GATE_AGE, view.verdict == CONDITION_UNKNOWN ? ROLE_UNKNOWN : ROLE_DIM,
               buf_str(&text));
    buf_clear(&text);
    why_text(&text, criterion, &view);
    if (table->at[GATE_WHY] >= 0)
        table_cell(table, &page->area, row, GATE_WHY, look.style, buf_str(&text));
    else if (text.len > 0 && (view.verdict == CONDITION_UNKNOWN || criterion->overridden != NULL))
        page_format(page, NULL, look.style, "    %s", buf_str(&text));
    buf_finish(&text);
}

static void draw_votes(const struct ui *ui, struct page *page, size_t gate)
{
    const struct book *book = ui->run->book;
    const struct gate *def = &book->gates[gate];
    for (size_t i = 0; i < def->vote_count; i++) {
        const struct run_vote *vote = &ui->run->gates[gate].votes[i];
        struct look look = look_of_vote(vote->vote);
        const struct role *role = &book->roles[def->votes[i]];
        int row = page_next(page);
        area_glyph(&page->area, row, 0, look.style, look.glyph);
        int column = area_format(&page->area, row, 2, look.style, "%s %s", role->id, look.word);
        if (vote->vote == CHOICE_NONE) {
            if (role->not_role != BOOK_NONE)
                area_format(&page->area, row, column + 1, ROLE_DIM, "(another person than the %s)",
                            book->roles[role->not_role].id);
            continue;
        }
        struct buf when;
        buf_init(&when, 64);
        wall_clock(&when, vote->at.wall_us);
        area_format(&page->area, row, column + 1, ROLE_TEXT, "%s %s%s %s",
                    vote->actor != NULL ? vote->actor : "?", buf_str(&when),
                    vote->key != NULL ? ", signed" : "", vote->text != NULL ? vote->text : "");
        buf_finish(&when);
    }
}

/* All on one line, where there is little room. */
static void draw_votes_short(const struct ui *ui, struct page *page, size_t gate)
{
    const struct gate *def = &ui->run->book->gates[gate];
    int row = page_next(page);
    int column = 0;
    for (size_t i = 0; i < def->vote_count; i++) {
        const struct run_vote *vote = &ui->run->gates[gate].votes[i];
        struct look look = look_of_vote(vote->vote);
        column = area_glyph(&page->area, row, column, look.style, look.glyph);
        column = area_format(&page->area, row, column, look.style, " %s %s %s  ",
                             ui->run->book->roles[def->votes[i]].id, look.word,
                             vote->actor != NULL ? vote->actor : "");
    }
}

/* Deferred steps come up again at every gate until somebody accepts them there. */
static void draw_deferred(const struct ui *ui, struct page *page, size_t gate)
{
    const struct book *book = ui->run->book;
    const struct phase *phase = &book->phases[book->gates[gate].phase];
    for (size_t i = 0; i < phase->first_step + phase->step_count; i++) {
        const struct work *work = &ui->run->steps[i].work;
        if (work->state != STEP_DEFERRED)
            continue;
        int row = page_next(page);
        area_glyph(&page->area, row, 0, ROLE_WARN, GLYPH_DEFERRED);
        area_format(&page->area, row, 2, ROLE_WARN, "%s DEFERRED by %s: %s", book->steps[i].id,
                    work->who != NULL ? work->who : "?", work->text != NULL ? work->text : "");
    }
}

static void draw_witness(const struct ui *ui, struct page *page, size_t gate)
{
    if (!run_gate_asks_witness(ui->run, gate))
        return;
    bool go = ui->run->gates[gate].decision == CHOICE_GO;
    struct buf lacks;
    buf_init(&lacks, 2048);
    run_witness_lacks(ui->run, gate, &lacks);
    if (lacks.len == 0)
        page_format(page, NULL, ROLE_GOOD, "the witness holds all that was said");
    else if (!go) /* what was said after it is for the next one */
        page_format(page, NULL, ROLE_WARN, "the witness does not hold it yet: %s", buf_str(&lacks));
    buf_finish(&lacks);
}

void gate_page(const struct ui *ui, size_t gate, struct page *page)
{
    const struct gate *def = &ui->run->book->gates[gate];
    const struct run_gate *state = &ui->run->gates[gate];
    if (def->criterion_count > 0) {
        struct table table = table_fit(gate_columns, GATE_COLUMNS, page->area.columns);
        table_titles(&table, &page->area, page_next(page));
        for (size_t i = 0; i < def->criterion_count; i++)
            draw_criterion(ui, page, &table, &state->criteria[i]);
    }
    if (page->area.rows > 0 && page->area.rows < 8)
        draw_votes_short(ui, page, gate);
    else
        draw_votes(ui, page, gate);
    draw_deferred(ui, page, gate);
    draw_witness(ui, page, gate);
    if (state->lapsed != NULL && state->decision == CHOICE_NONE)
        page_format(page, NULL, ROLE_WARN, "the last approval lapsed: %s", state->lapsed);
}

enum role_style gate_style(const struct ui *ui)
{
    size_t gate = aim_gate(ui);
    if (gate == BOOK_NONE)
        return ROLE_DIM;
    enum choice decision = ui->run->gates[gate].decision;
    return decision == CHOICE_NONE ? ROLE_WARN : look_of_vote(decision).style;
}

void gate_draw(struct ui *ui, const struct area *area)
{
    struct pane_state *pane = &ui->panes[PANE_GATE];
    size_t gate = aim_gate(ui);
    pane->lines = 0;
    if (gate == BOOK_NONE)
        return;
    struct page page = page_begin(area, pane->top, 0);
    gate_page(ui, gate, &page);
    pane->lines = page.line;
    view_clamp(pane, area->rows);
}
