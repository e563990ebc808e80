#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "rehearsal.h"

/* A rehearsal for people, and for programs. */

#define COLUMNS_MAX 8
#define CELL_MAX    4096
/* From here on what was measured is another thing than what the book says. */
#define OFF_ABOVE 1.2
#define OFF_BELOW 0.8

/* ---- tables ---- */

/* Rows of cells; every column but the last is as wide as its widest cell. */
struct columns {
    struct arena *arena;
    size_t column_count, row_count, room;
    const char **cells;
};

static void add_row(struct columns *columns, const char *const *cells)
{
    const char **row;

    if (columns->row_count == columns->room) {
        const char **old = columns->cells;

        columns->room = columns->room * 2 + 16;
        columns->cells = arena_array(columns->arena, columns->room * columns->column_count, sizeof(*old));
        if (old)
            memcpy(columns->cells, old, columns->row_count * columns->column_count * sizeof(*old));
    }
    row = &columns->cells[columns->row_count++ * columns->column_count];
    for (size_t i = 0; i < columns->column_count; i++) {
        struct buf shown;

        buf_init(&shown, CELL_MAX);
        text_visible(&shown, cells[i], strlen(cells[i]), false);
        row[i] = shown.overflow ? "(too long to be shown)" : arena_text(columns->arena, buf_str(&shown));
        buf_finish(&shown);
    }
}

static void put_columns(struct buf *buf, const struct columns *columns)
{
    size_t widths[COLUMNS_MAX] = { 0 };

    for (size_t row = 0; row < columns->row_count; row++) {
        for (size_t i = 0; i < columns->column_count; i++) {
            size_t width = text_width(columns->cells[row * columns->column_count + i]);

            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    for (size_t row = 0; row < columns->row_count; row++) {
        buf_text(buf, " ");
        for (size_t i = 0; i < columns->column_count; i++) {
            const char *cell = columns->cells[row * columns->column_count + i];

            buf_format(buf, " %s", cell);
            if (i + 1 < columns->column_count && widths[i] > 0)
                buf_format(buf, "%*s ", (int)(widths[i] - text_width(cell)), "");
        }
        while (buf->len > 0 && buf->data[buf->len - 1] == ' ')
            buf->data[--buf->len] = '\0';
        buf_char(buf, '\n');
    }
}

static const char *taken_text(struct arena *arena, int64_t us)
{
    struct buf buf;
    const char *text;

    buf_init(&buf, 64);
    duration_text(&buf, us);
    text = us > 0 ? arena_text(arena, buf_str(&buf)) : "-";
    buf_finish(&buf);
    return text;
}

static const char *work_text(struct arena *arena, const char *step, int64_t entry)
{
    return entry > 0 ? arena_format(arena, "%s, back %" PRId64, step, entry) : step;
}

/* ---- each ---- */

static const char *result_text(struct arena *arena, enum rehearsal_result result, const char *text)
{
    return arena_format(arena, "%s%s%s", rehearsal_result_word(result), text[0] ? ": " : "", text);
}

static const char *step_text_of(const struct midpoint *midpoint)
{
    return midpoint->step == BOOK_NONE ? "the whole way" : midpoint->row.step;
}

static const char *outcome_text(struct arena *arena, const struct midpoint *midpoint)
{
    if (midpoint->step == BOOK_NONE && midpoint->went)
        return midpoint->row.text;
    return result_text(arena, midpoint->row.result, midpoint->row.text);
}

void rehearsal_line(struct buf *buf, const struct rehearsing *rehearsing, const struct midpoint *midpoint)
{
    struct arena *arena = arena_create();
    size_t width = 0;

    for (size_t i = 0; i < rehearsing->count; i++) {
        size_t some = text_width(step_text_of(&rehearsing->midpoints[i]));

        width = some > width ? some : width;
    }
    buf_format(buf, "  %-*s  forward %-8s  back %-8s  ", (int)width, step_text_of(midpoint),
               taken_text(arena, midpoint->row.forward_us), taken_text(arena, midpoint->row.back_us));
    text_visible(buf, outcome_text(arena, midpoint), strlen(outcome_text(arena, midpoint)), false);
    buf_char(buf, '\n');
    arena_destroy(arena);
}

static void put_list(struct buf *buf, const char *title, const char *const *lines, size_t count)
{
    if (count == 0)
        return;
    buf_format(buf, "\n%s\n", title);
    for (size_t i = 0; i < count; i++) {
        buf_text(buf, "  ");
        text_visible(buf, lines[i], strlen(lines[i]), false);
        buf_char(buf, '\n');
    }
}

/* The midpoints themselves were told as they ended. */
static void put_differences(struct buf *buf, struct arena *arena, const struct rehearsing *rehearsing)
{
    for (size_t i = 0; i < rehearsing->count; i++) {
        const struct midpoint *midpoint = &rehearsing->midpoints[i];

        put_list(buf, arena_format(arena, "Different after %s", step_text_of(midpoint)),
                 midpoint->differences, (size_t)midpoint->row.differences);
        put_list(buf, arena_format(arena, "Different when %s was done again", step_text_of(midpoint)),
                 midpoint->again_differences, midpoint->again_difference_count);
    }
}

static void put_again(struct buf *buf, struct arena *arena, const struct certificate *certificate)
{
    struct columns columns = { .arena = arena, .column_count = 3 };

    if (certificate->again_count == 0)
        return;
    buf_text(buf, "\nDone a second time\n");
    for (size_t i = 0; i < certificate->again_count; i++) {
        const struct certificate_again *row = &certificate->again[i];
        const char *cells[] = { row->step, row->how[0] ? row->how : "-",
                                result_text(arena, row->result, row->text) };

        add_row(&columns, cells);
    }
    put_columns(buf, &columns);
}

static void put_locks(struct buf *buf, struct arena *arena, const struct certificate *certificate)
{
    struct columns columns = { .arena = arena, .column_count = 5 };

    if (certificate->lock_count == 0)
        return;
    buf_text(buf, "\nLocks that were taken, and what the book claims\n");
    for (size_t i = 0; i < certificate->lock_count; i++) {
        const struct certificate_lock *row = &certificate->locks[i];
        const char *cells[] = {
            work_text(arena, row->step, row->entry), row->relation, row->taken,
            row->claimed[0] ? arena_format(arena, "claims %s", row->claimed) : "claims nothing",
            arena_format(arena, "%s%s%s", row->holds ? "holds" : "DOES NOT HOLD",
                         row->rewritten ? ", rewritten" : "",
                         row->queued > 0 ? arena_format(arena, ", %" PRId64 " waited", row->queued) : "")
        };

        add_row(&columns, cells);
    }
    put_columns(buf, &columns);
}

static const char *stated_text(struct arena *arena, const struct duration_range *stated)
{
    struct buf buf;
    const char *text;

    if (stated->max_us == 0)
        return "says nothing";
    buf_init(&buf, 128);
    buf_text(&buf, "says ");
    duration_spell(&buf, stated->min_us);
    if (stated->max_us != stated->min_us) {
        buf_text(&buf, "..");
        duration_spell(&buf, stated->max_us);
    }
    text = arena_text(arena, buf_str(&buf));
    buf_finish(&buf);
    return text;
}

static void put_timings(struct buf *buf, struct arena *arena, const struct rehearsing *rehearsing,
                        const struct certificate *certificate)
{
    struct columns columns = { .arena = arena, .column_count = 5 };

    if (certificate->timing_count == 0)
        return;
    buf_text(buf, "\nHow long it took, and what the book says\n");
    for (size_t i = 0; i < certificate->timing_count; i++) {
        const struct certificate_timing *row = &certificate->timings[i];
        const struct step *work = book_find_work(rehearsing->book, row->step, row->entry);
        double against = rehearsed_against(&work->stated, &row->rehearsed);
        const char *cells[] = { work_text(arena, row->step, row->entry), stated_text(arena, &work->stated),
                                arena_format(arena, "median %s", taken_text(arena, row->rehearsed.median_us)),
                                arena_format(arena, "p95 %s of %" PRId64,
                                             taken_text(arena, row->rehearsed.p95_us), row->rehearsed.count),
                                against >= OFF_ABOVE   ? "LONGER THAN THE BOOK SAYS"
                                : against <= OFF_BELOW ? "shorter than the book says"
                                                       : "" };

        add_row(&columns, cells);
    }
    put_columns(buf, &columns);
}

/* Those of `lines`, each behind two blanks. */
static void put_indented(struct buf *buf, const struct buf *lines)
{
    for (const char *line = buf_str(lines), *end; *line; line = end + (*end == '\n')) {
        end = strchrnul(line, '\n');
        buf_text(buf, "  ");
        text_visible(buf, line, (size_t)(end - line), false);
        buf_char(buf, '\n');
    }
}

static void put_remarks(struct buf *buf, const struct rehearsing *rehearsing)
{
    if (rehearsing->remarks.len == 0)
        return;
    buf_text(buf, "\nRemarks\n");
    put_indented(buf, &rehearsing->remarks);
}

static void put_result(struct buf *buf, const struct rehearsing *rehearsing)
{
    size_t counts[REHEARSAL_RESULT_COUNT] = { 0 };
    const char *separator = ": ";

    for (size_t i = 0; i < rehearsing->count; i++)
        counts[rehearsing->midpoints[i].row.result] += rehearsing->midpoints[i].asked;
    buf_format(buf, "\nresult: %s%s",
               rehearsal_held(rehearsing) ? "all that was asked for held" : "NOT PROVEN",
               counts[REHEARSAL_SAME] == 0 ? ", and no way back is proven" : "");
    for (int result = 0; result < REHEARSAL_RESULT_COUNT; result++) {
        if (counts[result] == 0)
            continue;
        buf_format(buf, "%s%zu %s", separator, counts[result],
                   rehearsal_result_word((enum rehearsal_result)result));
        separator = ", ";
    }
    buf_char(buf, '\n');
    put_indented(buf, &rehearsing->unproven);
    if (rehearsing->lost)
        buf_format(buf, "the servers: %s\n", rehearsing->lost);
}

static bool has_engine(const struct certificate *certificate, bool postgresql)
{
    for (size_t i = 0; i < certificate->target_count; i++) {
        if (text_equal(certificate->targets[i].engine, "postgresql") == postgresql)
            return true;
    }
    return false;
}

/* "same" is said of this, and of nothing else. */
static void put_compared(struct buf *buf, const struct certificate *certificate)
{
    buf_format(buf, "\nCompared: what the catalogs of %zu server%s say", certificate->target_count,
               certificate->target_count == 1 ? "" : "s");
    for (size_t i = 0; i < certificate->data_count; i++)
        buf_format(buf, "%s%s", i == 0 ? "; the data of " : ", ", certificate->data[i]);
    buf_text(buf, certificate->data_count == 0 ? "; no data, for the book names none" : "");
    buf_text(buf, "\nNot compared: other data, positions of sequences");
    if (has_engine(certificate, true))
        buf_text(buf, ", contents of large objects");
    if (has_engine(certificate, false))
        buf_text(buf,
                 ", numbers of AUTO_INCREMENT, the schemas mysql and sys but for accounts and privileges, "
                 "positions of replication");
    buf_text(buf, ", passwords, and what commands did elsewhere\n");
}

void rehearsal_tables(struct buf *buf, const struct rehearsing *rehearsing,
                      const struct certificate *certificate)
{
    struct arena *arena = arena_create();

    put_differences(buf, arena, rehearsing);
    put_again(buf, arena, certificate);
    put_locks(buf, arena, certificate);
    put_timings(buf, arena, rehearsing, certificate);
    put_remarks(buf, rehearsing);
    put_compared(buf, certificate);
    put_result(buf, rehearsing);
    arena_destroy(arena);
}

/* ---- for programs ---- */

static void put_texts(struct json_writer *w, const char *key, const char *const *lines, size_t count)
{
    json_open_array(w, key);
    for (size_t i = 0; i < count; i++)
        json_put_text(w, NULL, lines[i]);
    json_close_array(w);
}

static void put_all_differences(struct json_writer *w, const struct rehearsing *rehearsing)
{
    json_open_array(w, "differences");
    for (size_t i = 0; i < rehearsing->count; i++) {
        const struct midpoint *midpoint = &rehearsing->midpoints[i];

        if (midpoint->row.differences == 0 && midpoint->again_difference_count == 0)
            continue;
        json_open(w, NULL);
        json_put_text(w, "step", midpoint->row.step);
        put_texts(w, "after", midpoint->differences, (size_t)midpoint->row.differences);
        put_texts(w, "again", midpoint->again_differences, midpoint->again_difference_count);
        json_close(w);
    }
    json_close_array(w);
}

static void put_lines(struct json_writer *w, const char *key, const struct buf *lines)
{
    json_open_array(w, key);
    for (const char *line = buf_str(lines), *end; *line; line = end + (*end == '\n')) {
        end = strchrnul(line, '\n');
        json_put_bytes(w, NULL, line, (size_t)(end - line));
    }
    json_close_array(w);
}

/* The certificate's keys, and behind them what it does not tell. */
void rehearsal_json(struct buf *buf, const struct rehearsing *rehearsing,
                    const struct certificate *certificate)
{
    struct json_writer w;
    size_t begin;

    certificate_write(certificate, buf);
    while (buf->len > 0 && buf->data[buf->len - 1] != '}')
        buf->data[--buf->len] = '\0';
    if (buf->len == 0)
        return;
    begin = buf->len - 1;
    json_write_init(&w, buf);
    json_open(&w, NULL);
    json_put_bool(&w, "held", rehearsal_held(rehearsing));
    json_put_text(&w, "lost", rehearsing->lost);
    put_all_differences(&w, rehearsing);
    put_lines(&w, "remarks", &rehearsing->remarks);
    put_lines(&w, "unproven", &rehearsing->unproven);
    json_close(&w);
    buf_char(buf, '\n');
    /* Where one object ends and the other begins, they are one. */
    if (!buf->overflow) {
        buf->data[begin] = ',';
        memmove(buf->data + begin + 1, buf->data + begin + 2, buf->len - begin - 1);
        buf->len--;
    }
}
