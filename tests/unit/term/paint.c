/*
 * What term_paint writes, interpreted by libvterm, is the canvas.
 */
#include "../ui/unit.h"

#include <unistd.h>

#include "base/mem.h"
#include "tty.h"
#include "term/term.h"

#define TIMEOUT_MS 20000

static uint32_t random_below(uint32_t *seed, uint32_t limit)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % limit;
}

/* What all of this is made of; the same in the child that paints and in the test that looks. */
static void scribble(struct canvas *canvas, uint32_t *seed)
{
    static const char *const texts[] = {
        "plain text", "─┬─│▁▂▃▄▅▆▇█", "日本語", "e\xcc\x81t\xc3\xa9", "✔ ▶ ✖ ↶ ‖ ◔ ○", "x", "~", "a b", "ö",
    };
    for (int i = 0; i < 40; i++) {
        int row = (int)random_below(seed, (uint32_t)canvas->rows);
        int column = (int)random_below(seed, (uint32_t)canvas->columns);
        canvas_put(canvas, row, column, 1 + (int)random_below(seed, 30),
                   (enum role_style)random_below(seed, ROLE_STYLE_COUNT),
                   texts[random_below(seed, ARRAY_LEN(texts))]);
    }
}

struct job {
    int rows, columns, frames;
    uint32_t seed;
    bool ascii, no_color;
};

static int paint_frames(void *data)
{
    const struct job *job = data;
    struct term_options options = { .no_color = job->no_color, .theme = theme_monochrome() };
    struct canvas canvas;
    struct err err = ERR_INIT;
    uint32_t seed = job->seed;
    if (term_open(&options, &err) < 0)
        return 2;
    canvas_init(&canvas);
    canvas.ascii = job->ascii;
    canvas_resize(&canvas, job->rows, job->columns);
    for (int i = 0; i < job->frames; i++) {
        scribble(&canvas, &seed);
        if (term_paint(&canvas, &err) < 0)
            return 3;
        if (i % 7 == 3)
            term_invalidate();
    }
    term_bell();
    if (write(STDOUT_FILENO, "\033]9;end\007", 8) != 8)
        return 4;
    pause();
    return 0;
}

/* The two lines that differ first. */
static const char *first_difference(const char *want, const char *got)
{
    static char text[2048];
    size_t at = 0;
    size_t line = 0;
    for (; want[at] != '\0' && want[at] == got[at]; at++)
        line = want[at] == '\n' ? at + 1 : line;
    (void)snprintf(text, sizeof(text), "wanted %.*s\ngot    %.*s", (int)strcspn(want + line, "\n"),
                   want + line, (int)strcspn(got + line, "\n"), got + line);
    return text;
}

static void compare(const char *name, struct pty *pty, const struct canvas *canvas)
{
    struct buf want, got;
    buf_init(&want, 1024 * 1024);
    buf_init(&got, 1024 * 1024);
    canvas_text(canvas, &want);
    for (int row = 0; row < canvas->rows; row++) {
        pty_row(pty, row, &got);
        buf_char(&got, '\n');
    }
    if (strcmp(buf_str(&want), buf_str(&got)) != 0)
        fail_msg("%s:\n%s", name, first_difference(buf_str(&want), buf_str(&got)));
    buf_finish(&want);
    buf_finish(&got);
}

static const struct {
    const char *term, *locale;
    bool ascii, no_color;
} terminals[] = {
    { "xterm-256color", "C.UTF-8", false, false },
    { "xterm-256color", "C.UTF-8", false, true },
    { "tmux-256color", "C.UTF-8", false, false },
    { "screen", "C.UTF-8", false, false },
    { "xterm", "C.UTF-8", false, false },
    { "linux", "C", true, false },
    { "vt100", "C", true, false },
};

static void test_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(terminals); i++) {
        for (uint32_t seed = 1; seed < 4; seed++) {
            struct job job = { 24, 80, 25, seed * 7919, terminals[i].ascii, terminals[i].no_color };
            struct pty_options options = { job.rows, job.columns, terminals[i].term, terminals[i].locale };
            struct pty *pty = pty_start(&options, paint_frames, &job);
            if (!pty_read(pty, TIMEOUT_MS, "\033]9;end\007"))
                fail_msg("%s: nothing painted, status %d", terminals[i].term, pty_wait(pty));
            struct canvas canvas;
            canvas_init(&canvas);
            canvas.ascii = job.ascii;
            canvas_resize(&canvas, job.rows, job.columns);
            uint32_t same = job.seed;
            for (int k = 0; k < job.frames; k++)
                scribble(&canvas, &same);
            compare(terminals[i].term, pty, &canvas);
            assert_int_equal(pty->bells, 1);
            canvas_finish(&canvas);
            pty_destroy(pty);
        }
    }
}

static int paint_same(void *data)
{
    (void)data;
    struct term_options options = { .theme = theme_monochrome() };
    struct canvas canvas;
    struct err err = ERR_INIT;
    uint32_t seed = 5;
    if (term_open(&options, &err) < 0)
        return 2;
    canvas_init(&canvas);
    canvas_resize(&canvas, 24, 80);
    scribble(&canvas, &seed);
    if (term_paint(&canvas, &err) < 0 || write(STDOUT_FILENO, "\033]9;one\007", 8) != 8)
        return 3;
    for (int i = 0; i < 100; i++) {
        if (term_paint(&canvas, &err) < 0)
            return 3;
    }
    return write(STDOUT_FILENO, "\033]9;two\007", 8) == 8 ? 0 : 4;
}

/* Every frame stands between the brackets, and a frame in which nothing changed writes nothing. */
static void test_brackets(void **state)
{
    (void)state;
    struct pty_options options = { 24, 80, "xterm-256color", "C.UTF-8" };
    struct pty *pty = pty_start(&options, paint_same, NULL);
    assert_true(pty_read(pty, TIMEOUT_MS, "\033]9;two\007"));
    const char *one = strstr(buf_str(&pty->written), "\033]9;one\007");
    const char *two = strstr(buf_str(&pty->written), "\033]9;two\007");
    assert_int_equal(two - one, 8);
    const char *begin = strstr(buf_str(&pty->written), "\033[?2026h");
    const char *end = strstr(buf_str(&pty->written), "\033[?2026l");
    assert_non_null(begin);
    assert_non_null(end);
    assert_true(begin < end && end + 8 == one);
    pty_destroy(pty);
}

static int paint_sizes(void *data)
{
    (void)data;
    struct term_options options = { .theme = theme_monochrome() };
    struct canvas canvas;
    struct err err = ERR_INIT;
    if (term_open(&options, &err) < 0)
        return 2;
    canvas_init(&canvas);
    for (;;) {
        int rows, columns;
        term_size(&rows, &columns);
        canvas_resize(&canvas, rows, columns);
        char text[64];
        (void)snprintf(text, sizeof(text), "%dx%d", columns, rows);
        canvas_put(&canvas, 0, 0, columns, ROLE_TEXT, text);
        canvas_put(&canvas, rows - 1, columns - 1, 1, ROLE_TEXT, "#");
        if (term_paint(&canvas, &err) < 0)
            return 3;
        char mark[80];
        int len = snprintf(mark, sizeof(mark), "\033]9;%s\007", text);
        struct ui_key key;
        bool gone;
        if (term_key(&key, &gone) && write(STDOUT_FILENO, mark, (size_t)len) < 0)
            return 4;
        usleep(2000);
    }
}

static void test_resize(void **state)
{
    (void)state;
    static const struct {
        int rows, columns;
    } sizes[] = { { 24, 80 }, { 60, 200 }, { 5, 20 }, { 1, 1 }, { 100, 30 }, { 2, 300 }, { 24, 80 } };
    struct pty_options options = { 24, 80, "xterm-256color", "C.UTF-8" };
    struct pty *pty = pty_start(&options, paint_sizes, NULL);
    assert_true(pty_read(pty, TIMEOUT_MS, "80x24"));
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char mark[80];
        (void)snprintf(mark, sizeof(mark), "\033]9;%dx%d\007", sizes[i].columns, sizes[i].rows);
        pty_resize(pty, sizes[i].rows, sizes[i].columns);
        buf_clear(&pty->written);
        bool painted = false; /* a key may come before the new size does */
        for (int tries = 0; !painted && tries < TIMEOUT_MS / 100; tries++) {
            pty_type(pty, "x", 1);
            painted = pty_read(pty, 100, mark);
        }
        if (!painted)
            fail_msg("never painted at %dx%d", sizes[i].columns, sizes[i].rows);
        struct buf row;
        buf_init(&row, 65536);
        pty_row(pty, sizes[i].rows - 1, &row);
        assert_int_equal(row.data[row.len - 1], '#');
        buf_finish(&row);
    }
    pty_destroy(pty);
}

static int open_badly(void *data)
{
    const char *what = data;
    struct term_options options = { .theme = theme_monochrome() };
    struct err err = ERR_INIT;
    if (strcmp(what, "pipe") == 0)
        close(STDIN_FILENO);
    int r = term_open(&options, &err);
    term_close();
    return r == ERR_ENVIRONMENT && err.message[0] != '\0' ? 0 : 1;
}

static void test_cannot_open(void **state)
{
    (void)state;
    static const struct {
        const char *term, *what;
    } cases[] = { { "nonesuch", "term" }, { "dumb", "term" }, { "xterm", "pipe" }, { "", "term" } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pty_options options = { 24, 80, cases[i].term, "C.UTF-8" };
        struct pty *pty = pty_start(&options, open_badly, (void *)(uintptr_t)cases[i].what);
        assert_true(pty_read(pty, TIMEOUT_MS, NULL));
        assert_int_equal(pty_wait(pty), 0);
        struct termios now;
        tcgetattr(pty->slave, &now);
        assert_int_equal(now.c_lflag, pty->modes.c_lflag);
        pty_destroy(pty);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_brackets),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_cannot_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
