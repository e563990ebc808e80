/*
 * Bytes that a terminal sends, as the keys that they are.
 */
#include "../ui/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tty.h"
#include "term/term.h"

#define TIMEOUT_MS 20000

static int print_keys(void *data)
{
    (void)data;
    struct term_options options = { .theme = theme_monochrome() };
    struct err err = ERR_INIT;
    struct canvas canvas;
    if (term_open(&options, &err) < 0)
        return 2;
    canvas_init(&canvas);
    canvas_resize(&canvas, 24, 80);
    if (term_paint(&canvas, &err) < 0)
        return 3;
    if (write(STDOUT_FILENO, "\033]9;ready\007", 10) < 0)
        return 4;
    for (;;) {
        struct ui_key key = { 0 };
        bool gone = false;
        char text[64];
        while (term_key(&key, &gone)) {
            int len = snprintf(text, sizeof(text), "<%x:%d:%d>", key.code, key.row, key.column);
            if (write(STDOUT_FILENO, text, (size_t)len) < 0)
                return 4;
            if (key.code == 'F') {
                usleep(100000);
                term_flush_input();
                if (write(STDOUT_FILENO, "<flushed>", 9) < 0)
                    return 4;
            }
        }
        if (gone)
            return 42;
        usleep(1000);
    }
}

static const struct {
    const char *bytes;
    uint32_t code;
    int row, column;
} cases[] = {
    { "a", 'a', 0, 0 },
    { " ", ' ', 0, 0 },
    { ":", ':', 0, 0 },
    { "\xc3\xa9", 0xE9, 0, 0 },
    { "\xe6\x97\xa5", 0x65E5, 0, 0 },
    { "\xf0\x9f\x98\x80", 0x1F600, 0, 0 },
    { "\r", KEY_CODE_ENTER, 0, 0 },
    { "\n", KEY_CODE_ENTER, 0, 0 },
    { "\t", KEY_CODE_TAB, 0, 0 },
    { "\033[Z", KEY_CODE_BACKTAB, 0, 0 },
    { "\x7f", KEY_CODE_BACKSPACE, 0, 0 },
    { "\b", KEY_CODE_BACKSPACE, 0, 0 },
    { "\033", KEY_CODE_ESCAPE, 0, 0 },
    { "\x0c", KEY_CODE_CTRL_L, 0, 0 },
    { "\x03", KEY_CODE_CTRL_C, 0, 0 },
    { "\x15", KEY_CODE_CTRL_U, 0, 0 },
    { "\033OA", KEY_CODE_UP, 0, 0 },
    { "\033OB", KEY_CODE_DOWN, 0, 0 },
    { "\033OC", KEY_CODE_RIGHT, 0, 0 },
    { "\033OD", KEY_CODE_LEFT, 0, 0 },
    { "\033[5~", KEY_CODE_PAGE_UP, 0, 0 },
    { "\033[6~", KEY_CODE_PAGE_DOWN, 0, 0 },
    { "\033[3~", KEY_CODE_DELETE, 0, 0 },
    { "\033OH", KEY_CODE_HOME, 0, 0 },
    { "\033OF", KEY_CODE_END, 0, 0 },
    { "\033[<0;11;6M", KEY_CODE_MOUSE, 5, 10 },
    { "\033[<64;3;2M", KEY_CODE_WHEEL_UP, 1, 2 },
    { "\033[<65;3;2M", KEY_CODE_WHEEL_DOWN, 1, 2 },
};

static struct pty *start(void)
{
    struct pty_options options = { 24, 80, "xterm-256color", "C.UTF-8" };
    struct pty *pty = pty_start(&options, print_keys, NULL);
    assert_true(pty_read(pty, TIMEOUT_MS, "\033]9;ready\007"));
    return pty;
}

static void test_keys(void **state)
{
    (void)state;
    struct pty *pty = start();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char want[64];
        (void)snprintf(want, sizeof(want), "<%x:%d:%d>", cases[i].code, cases[i].row, cases[i].column);
        buf_clear(&pty->written);
        pty_type(pty, cases[i].bytes, strlen(cases[i].bytes));
        if (!pty_read(pty, TIMEOUT_MS, want))
            fail_msg("case %zu: wanted %s, got %s", i, want, buf_str(&pty->written));
    }
    pty_destroy(pty);
}

/* What is no key is no key: the one after it comes through. */
static void test_nonsense(void **state)
{
    (void)state;
    struct pty *pty = start();
    buf_clear(&pty->written);
    static const char bytes[] = "\x01\x02\x1a\x1c";
    pty_type(pty, bytes, sizeof(bytes) - 1);
    pty_type(pty, "z", 1);
    assert_true(pty_read(pty, TIMEOUT_MS, "<7a:0:0>"));
    assert_string_equal(buf_str(&pty->written), "<7a:0:0>");
    pty_type(pty, "\xff\xfe", 2);
    pty_type(pty, "y", 1);
    assert_true(pty_read(pty, TIMEOUT_MS, "<79:0:0>"));
    pty_destroy(pty);
}

/* A report of the mouse that comes in pieces is one report; one that never ends keeps no key from coming
 * through. */
static void test_mouse_in_pieces(void **state)
{
    (void)state;
    static const char *const pieces[] = { "\033[<", "0;1", "1;6", "M" };
    struct pty *pty = start();
    char want[64];
    (void)snprintf(want, sizeof(want), "<%x:5:10>", KEY_CODE_MOUSE);
    buf_clear(&pty->written);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        pty_type(pty, pieces[i], strlen(pieces[i]));
    assert_true(pty_read(pty, TIMEOUT_MS, want));
    pty_type(pty, "\033[M +&", 6);
    assert_true(pty_read(pty, TIMEOUT_MS, want));
    buf_clear(&pty->written);
    pty_type(pty, "\033[<0;", 5);
    pty_type(pty, "q", 1);
    assert_true(pty_read(pty, TIMEOUT_MS, "<71:0:0>"));
    assert_string_equal(buf_str(&pty->written), "<71:0:0>");
    pty_destroy(pty);
}

/* What was typed before the flush is forgotten; what comes after is not. */
static void test_flush(void **state)
{
    (void)state;
    struct pty *pty = start();
    pty_type(pty, "Fgo-cutover\r", 12);
    assert_true(pty_read(pty, TIMEOUT_MS, "<flushed>"));
    pty_type(pty, "q", 1);
    assert_true(pty_read(pty, TIMEOUT_MS, "<71:0:0>"));
    assert_null(strstr(buf_str(&pty->written), "<67:0:0>"));
    pty_destroy(pty);
}

static void test_hang_up(void **state)
{
    (void)state;
    struct pty *pty = start();
    /* The child has the terminal as its own, so it would get SIGHUP; it is to see the end of its input as
     * well. */
    pty_hang_up(pty);
    int status = pty_wait(pty);
    bool seen = (WIFEXITED(status) && WEXITSTATUS(status) == 42) ||
                (WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP);
    assert_true(seen);
    pty_destroy(pty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),  cmocka_unit_test(test_nonsense), cmocka_unit_test(test_mouse_in_pieces),
        cmocka_unit_test(test_flush), cmocka_unit_test(test_hang_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
