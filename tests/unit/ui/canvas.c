#include "unit.h"

#include "base/buf.h"
#include "ui/canvas.h"

static const char *text_of(const struct canvas *canvas, struct buf *buf)
{
    buf_clear(buf);
    canvas_text(canvas, buf);
    return buf_str(buf);
}

/* One put of a text into one row of ten cells. */
static const struct {
    const char *text;
    int column, width;
    bool ascii;
    const char *want;
    int taken;
} puts_[] = {
    { "hello", 0, 10, false, "hello\n", 5 },
    { "hello world", 0, 10, false, "hello wor…\n", 10 },
    { "hello world", 0, 10, true, "hello wor~\n", 10 },
    { "hello", 7, 10, false, "       he…\n", 3 },
    { "hello", 3, 2, false, "   h…\n", 2 },
    { "hello", 0, 0, false, "\n", 0 },
    { "hello", 10, 5, false, "\n", 0 },
    { "日本語", 0, 10, false, "日本語\n", 6 },
    { "日本語", 0, 5, false, "日本…\n", 5 },
    { "日本語", 0, 4, false, "日…\n", 3 },
    { "日本語", 0, 10, true, "???\n", 3 },
    { "e\xcc\x81t\xc3\xa9", 0, 10, false, "e\xcc\x81t\xc3\xa9\n", 3 },
    { "e\xcc\x81t\xc3\xa9", 0, 10, true, "et?\n", 3 },
    { "a\x1b[31mb", 0, 10, false, "a?[31mb\n", 7 }, /* should never come here: and still does not get out */
    { "a\xc2\x9b"
      "b",
      0, 10, false, "a??b\n", -1 },
    { "a\xff"
      "b",
      0, 10, false, "a?b\n", 3 },
};

static void test_put(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4096);
    for (size_t i = 0; i < ARRAY_LEN(puts_); i++) {
        struct canvas canvas;
        canvas_init(&canvas);
        canvas.ascii = puts_[i].ascii;
        canvas_resize(&canvas, 1, 10);
        int taken = canvas_put(&canvas, 0, puts_[i].column, puts_[i].width, ROLE_TEXT, puts_[i].text);
        if (puts_[i].taken >= 0) {
            assert_string_equal(text_of(&canvas, &buf), puts_[i].want);
            assert_int_equal(taken, puts_[i].taken);
        } else {
            assert_null(strchr(text_of(&canvas, &buf), '\x9b'));
        }
        canvas_finish(&canvas);
    }
    buf_finish(&buf);
}

/* Writing over half of a wide character leaves no half behind. */
static void test_wide_halves(void **state)
{
    (void)state;
    struct canvas canvas;
    struct buf buf;
    buf_init(&buf, 4096);
    canvas_init(&canvas);
    canvas_resize(&canvas, 1, 10);
    canvas_put(&canvas, 0, 0, 10, ROLE_TEXT, "日本語");
    canvas_put(&canvas, 0, 1, 1, ROLE_TEXT, "x");
    assert_string_equal(text_of(&canvas, &buf), " x本語\n");
    canvas_put(&canvas, 0, 2, 1, ROLE_TEXT, "y");
    assert_string_equal(text_of(&canvas, &buf), " xy 語\n");
    canvas_fill(&canvas, 0, 5, 1, ROLE_TEXT, '-');
    assert_string_equal(text_of(&canvas, &buf), " xy  -\n");
    canvas_finish(&canvas);
    buf_finish(&buf);
}

static void test_outside(void **state)
{
    (void)state;
    struct canvas canvas;
    canvas_init(&canvas);
    canvas_resize(&canvas, 2, 4);
    assert_int_equal(canvas_put(&canvas, -1, 0, 4, ROLE_TEXT, "x"), 0);
    assert_int_equal(canvas_put(&canvas, 2, 0, 4, ROLE_TEXT, "x"), 0);
    canvas_fill(&canvas, 5, 5, 100, ROLE_BAD, 'x');
    canvas_style(&canvas, 1, 2, 100, ROLE_BAD);
    assert_int_equal(canvas.cells[6].style, ROLE_BAD);
    assert_int_equal(canvas.cells[5].style, ROLE_TEXT);
    canvas_resize(&canvas, 0, 0);
    assert_int_equal(canvas_put(&canvas, 0, 0, 4, ROLE_TEXT, "x"), 0);
    canvas_resize(&canvas, 1, 1);
    assert_int_equal(canvas_put(&canvas, 0, 0, 4, ROLE_TEXT, "日"), 1);
    assert_int_equal(canvas.cells[0].rune, 0x2026);
    canvas_finish(&canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_wide_halves),
        cmocka_unit_test(test_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
