/*
 * A replay: the keys that move it, and the line that says where it stands.
 */
#include <inttypes.h>

#include "actions.h"
#include "screen.h"

#define LINE_MAX_BYTES ((size_t)256)
#define TRACK_LEAST    10

/* ---- moving ---- */

static void jump(struct ui *ui, enum ui_replay_kind kind, int direction)
{
    ui_move_replay(ui, direction > 0 ? UI_REPLAY_NEXT : UI_REPLAY_PREVIOUS, kind, NULL);
}

#define DEED(name, act)                                                                                      \
    void name(struct ui *ui, const struct ui_key *key)                                                       \
    {                                                                                                        \
        (void)key;                                                                                           \
        act;                                                                                                 \
    }

DEED(do_play, ui_move_replay(ui, UI_REPLAY_PLAY, UI_REPLAY_RECORD, NULL))
DEED(do_faster, ui_move_replay(ui, UI_REPLAY_FASTER, UI_REPLAY_RECORD, NULL))
DEED(do_slower, ui_move_replay(ui, UI_REPLAY_SLOWER, UI_REPLAY_RECORD, NULL))
DEED(do_rewind, ui_move_replay(ui, UI_REPLAY_FIRST, UI_REPLAY_RECORD, NULL))
DEED(do_wind, ui_move_replay(ui, UI_REPLAY_LAST, UI_REPLAY_RECORD, NULL))
DEED(do_step, jump(ui, UI_REPLAY_RECORD, 1))
DEED(do_step_back, jump(ui, UI_REPLAY_RECORD, -1))
DEED(do_decision, jump(ui, UI_REPLAY_DECISION, 1))
DEED(do_decision_back, jump(ui, UI_REPLAY_DECISION, -1))
DEED(do_failure, jump(ui, UI_REPLAY_FAILURE, 1))
DEED(do_failure_back, jump(ui, UI_REPLAY_FAILURE, -1))
DEED(do_trigger, jump(ui, UI_REPLAY_TRIGGER, 1))
DEED(do_trigger_back, jump(ui, UI_REPLAY_TRIGGER, -1))
DEED(do_found, replay_search(ui, 1))
DEED(do_found_back, replay_search(ui, -1))

void replay_search(struct ui *ui, int direction)
{
    if (ui->search.len == 0)
        ui_say(ui, ROLE_WARN, "nothing was searched for yet: / asks what");
    else
        ui_move_replay(ui, direction > 0 ? UI_REPLAY_NEXT : UI_REPLAY_PREVIOUS, UI_REPLAY_RECORD,
                       buf_str(&ui->search));
}

/* ---- the line ---- */

/* Louder ones cover the others where they share a cell. */
static const struct {
    enum glyph glyph;
    enum role_style style;
} marks[] = {
    [UI_REPLAY_RECORD] = { GLYPH_BAR_EMPTY, ROLE_DIM },
    [UI_REPLAY_DECISION] = { GLYPH_BAR_MARK, ROLE_STRONG },
    [UI_REPLAY_TRIGGER] = { GLYPH_NO_RETURN, ROLE_WARN },
    [UI_REPLAY_FAILURE] = { GLYPH_FAILED, ROLE_BAD },
};
static const enum ui_replay_kind by_loudness[] = { UI_REPLAY_DECISION, UI_REPLAY_TRIGGER, UI_REPLAY_FAILURE };

static int cell_of(const struct ui_replay *replay, int64_t at_us, int width)
{
    double part = replay->length_us > 0 ? (double)at_us / (double)replay->length_us : 1;
    int cell = (int)(part * (width - 1) + 0.5);
    return cell < 0 ? 0 : cell >= width ? width - 1 : cell;
}

static void draw_track(const struct ui *ui, const struct area *track)
{
    const struct ui_replay *replay = &ui->replay;
    int here = cell_of(replay, replay->now_us, track->columns);
    area_fill(track, 0, 0, track->columns, ROLE_DIM, GLYPH_BAR_EMPTY);
    area_fill(track, 0, 0, here, ROLE_BUSY, GLYPH_BAR_FULL);
    for (size_t k = 0; k < ARRAY_LEN(by_loudness); k++) {
        int last = -1;
        for (size_t i = 0; i < replay->mark_count; i++) {
            int cell = replay->marks[i].kind == by_loudness[k]
                           ? cell_of(replay, replay->marks[i].at_us, track->columns)
                           : last;
            if (cell != last)
                area_glyph(track, 0, cell, marks[by_loudness[k]].style, marks[by_loudness[k]].glyph);
            last = cell;
        }
    }
    area_glyph(track, 0, here, ROLE_SELECTED, GLYPH_BAR_HEAD);
}

static void put_speed(struct buf *text, const struct ui_replay *replay)
{
    if (replay->speed >= 1)
        buf_format(text, "x%.0f", replay->speed);
    else
        buf_format(text, "x1/%.0f", 1 / replay->speed);
}

void replay_draw(const struct ui *ui, const struct area *area)
{
    const struct ui_replay *replay = &ui->replay;
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    area_blank(area, 0, ROLE_HELD);
    int column = area_put(area, 0, 0, ROLE_HELD, replay->playing ? " REPLAY playing " : " REPLAY paused ");
    put_speed(&text, replay);
    column = area_put(area, 0, column, ROLE_HELD, buf_str(&text)) + 1;
    buf_clear(&text);
    buf_format(&text, " record %" PRIu64 "/%" PRIu64 "%s  ", replay->seq, replay->last_seq,
               replay->reading ? "+" : "");
    duration_clock(&text, replay->now_us);
    buf_text(&text, " of ");
    duration_clock(&text, replay->length_us);
    buf_char(&text, ' ');
    int end = area_right(area, 0, area->columns, ROLE_HELD, buf_str(&text));
    if (end - column >= TRACK_LEAST) {
        struct area track = area_part(area, 0, column, 1, end - column);
        draw_track(ui, &track);
    }
    buf_finish(&text);
}
