#include "cast.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "json/json.h"
#include "recording.h"
#include "tape.h"
#include "theme.h"
#include "ui/canvas.h"

#define FRAME_US        (100 * MS_US)
#define FRAME_MAX       ((size_t)4 * 1024 * 1024)
#define SAMPLE_LINE_MAX ((size_t)1024 * 1024)

struct cast {
    const struct cast_options *options;
    const struct theme *theme;
    struct ui *ui;
    struct tape *tape;
    const char *title;
    struct canvas shown, next; /* what a terminal has, and what it is to have */
    struct buf bytes, line;
};

/* ---- the recording ---- */

static int on_frozen(void *data, const struct frozen *frozen, const struct book *book, struct err *err)
{
    struct cast *cast = data;

    (void)err;
    cast->title = frozen->run;
    cast->tape = tape_create(book, cast->ui);
    return 0;
}

static int on_record(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct cast *cast = data;

    (void)line;
    (void)len;
    (void)err;
    tape_add_event(cast->tape, event);
    return 0;
}

static int on_passing(void *data, const char *json, size_t len, struct err *err)
{
    struct cast *cast = data;
    struct arena *arena = arena_create();
    const struct json *object = json_parse_line(arena, json, len, SAMPLE_LINE_MAX, NULL);
    struct event event;

    (void)err;
    if (object && event_read(arena, object, NULL, &event, NULL) == 0 && !event_is_record(event.type))
        tape_add_event(cast->tape, &event);
    arena_destroy(arena);
    return 0;
}

static int on_output(void *data, const char *step, const char *bytes, struct err *err)
{
    struct cast *cast = data;

    (void)err;
    tape_add_output(cast->tape, step, bytes);
    return 0;
}

/* ---- what a terminal gets (ECMA-48; colours as ISO 8613-6 writes them) ---- */

static void put_color(struct buf *bytes, int color, int which)
{
    if (color != THEME_DEFAULT_COLOR)
        buf_format(bytes, ";%d;2;%d;%d;%d", which, color >> 16 & 0xff, color >> 8 & 0xff, color & 0xff);
}

static void put_style(struct buf *bytes, const struct theme_style *style)
{
    static const struct {
        unsigned attribute;
        const char *code;
    } attributes[] = { { THEME_BOLD, ";1" },
                       { THEME_DIM, ";2" },
                       { THEME_ITALIC, ";3" },
                       { THEME_UNDERLINE, ";4" },
                       { THEME_REVERSE, ";7" } };

    buf_text(bytes, "\033[0");
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        if (style->attributes & attributes[i].attribute)
            buf_text(bytes, attributes[i].code);
    }
    put_color(bytes, style->foreground, 38);
    put_color(bytes, style->background, 48);
    buf_char(bytes, 'm');
}

static void put_cell(struct buf *bytes, const struct cell *cell)
{
    if (cell->rune == 0) /* the right half of a wide one */
        return;
    text_encode(bytes, cell->rune);
    for (size_t i = 0; i < ARRAY_LEN(cell->combining) && cell->combining[i] != 0; i++)
        text_encode(bytes, cell->combining[i]);
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
    return a->rune == b->rune && a->style == b->style && a->combining[0] == b->combining[0] &&
           a->combining[1] == b->combining[1];
}

/* From the first cell that differs to the last. */
static void put_row(struct cast *cast, int row)
{
    int columns = cast->next.columns, from = 0, to = columns;
    const struct cell *old = &cast->shown.cells[row * columns], *new = &cast->next.cells[row * columns];

    while (from < to && same_cell(&old[from], &new[from]))
        from++;
    while (to > from && same_cell(&old[to - 1], &new[to - 1]))
        to--;
    if (from == to)
        return;
    while (from > 0 && new[from].rune == 0)
        from--;
    buf_format(&cast->bytes, "\033[%d;%dH", row + 1, from + 1);
    for (int i = from; i < to; i++) {
        if (i == from || new[i].style != new[i - 1].style)
            put_style(&cast->bytes, &cast->theme->styles[new[i].style]);
        put_cell(&cast->bytes, &new[i]);
    }
}

static int put_line(struct cast *cast, struct err *err)
{
    int r = buf_ok(&cast->line, "a frame", err);

    buf_char(&cast->line, '\n');
    if (r == 0 && fwrite(cast->line.data, 1, cast->line.len, stdout) != cast->line.len)
        r = err_set(err, ERR_IO, "standard output cannot be written");
    buf_clear(&cast->line);
    return r;
}

/* ---- the file ---- */

static int put_head(struct cast *cast, struct err *err)
{
    struct json_writer w;

    json_write_init(&w, &cast->line);
    json_open(&w, NULL);
    json_put_integer(&w, "version", 2);
    json_put_integer(&w, "width", cast->options->columns);
    json_put_integer(&w, "height", cast->options->rows);
    json_put_integer(&w, "timestamp", tape_when(cast->tape, 0).wall_us / SECOND_US);
    json_put_text(&w, "title", cast->title);
    json_close(&w);
    return put_line(cast, err);
}

/* The screen at the tape's place, as what differs from the one before. */
static int put_frame(struct cast *cast, struct err *err)
{
    struct instant now = tape_when(cast->tape, tape_place(cast->tape));
    struct ui_replay told = { .playing = true, .speed = 1 };
    struct json_writer w;

    tape_tell(cast->tape, &told);
    ui_set_replay(cast->ui, &told);
    ui_draw(cast->ui, &cast->next, now);
    buf_clear(&cast->bytes);
    if (cast->shown.rows == 0) {
        canvas_resize(&cast->shown, cast->next.rows, cast->next.columns);
        buf_text(&cast->bytes, "\033[?25l\033[0m\033[2J");
    }
    for (int row = 0; row < cast->next.rows; row++)
        put_row(cast, row);
    if (cast->bytes.len == 0)
        return 0;
    memcpy(cast->shown.cells, cast->next.cells,
           (size_t)cast->next.rows * (size_t)cast->next.columns * sizeof(struct cell));
    json_write_init(&w, &cast->line);
    json_open_array(&w, NULL);
    json_put_number(&w, NULL, (double)told.now_us / (double)SECOND_US);
    json_put_text(&w, NULL, "o");
    json_put_bytes(&w, NULL, cast->bytes.data, cast->bytes.len);
    json_close_array(&w);
    return put_line(cast, err);
}

/* What comes in the same tenth of a second is one frame. */
static int put_frames(struct cast *cast, struct err *err)
{
    size_t count = tape_count(cast->tape);
    int r = count > 0 ? put_head(cast, err) : 0;

    for (size_t place = 1; r == 0 && place <= count; place++) {
        int64_t until = tape_time(cast->tape, place) + FRAME_US;

        while (place < count && tape_time(cast->tape, place + 1) < until)
            place++;
        r = tape_seek(cast->tape, place, err);
        if (r == 0)
            r = put_frame(cast, err);
    }
    return r;
}

int cast_write(struct arena *arena, const struct cast_options *options, struct err *err)
{
    static const struct recording_reader reader = { on_frozen, on_record, on_passing, on_output };
    struct cast cast = { .options = options };
    struct err damaged = ERR_INIT;
    int r = theme_of(arena, options->theme, &cast.theme, err), read;

    if (r < 0)
        return r;
    cast.ui = ui_create(&(struct ui_options){ .me = "", .replay = true });
    canvas_init(&cast.shown);
    canvas_init(&cast.next);
    canvas_resize(&cast.next, options->rows, options->columns);
    buf_init(&cast.bytes, FRAME_MAX);
    buf_init(&cast.line, 2 * FRAME_MAX);
    read = recording_read(arena, options->where, &reader, &cast, &damaged);
    r = cast.tape ? put_frames(&cast, err) : 0;
    if (r == 0 && read < 0) {
        *err = damaged;
        r = read;
    }
    buf_finish(&cast.bytes);
    buf_finish(&cast.line);
    canvas_finish(&cast.shown);
    canvas_finish(&cast.next);
    tape_destroy(cast.tape);
    ui_destroy(cast.ui);
    return r;
}
