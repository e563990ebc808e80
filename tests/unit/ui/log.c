#include "unit.h"

#include "../../../src/ui/history.h"
#include "../../../src/ui/log.h"
#include "base/mem.h"

/* The lines, last first, joined by '|'. */
static const char *lines_of(const struct log *log, struct buf *buf, size_t most)
{
    struct log_walk walk = log_walk_back(log);
    const struct log_line *line;
    buf_clear(buf);
    for (size_t i = 0; i < most && (line = log_walk_next(&walk)) != NULL; i++)
        buf_format(buf, "%s|", line->text);
    return buf_str(buf);
}

static const struct {
    const char *pieces[5];
    const char *want; /* last line first */
} outputs[] = {
    { { "one\ntwo\n" }, "two|one|" },
    { { "one\ntw", "o\n" }, "two|one|" },
    { { "one\ntw" }, "tw|one|" },
    { { "10%\r20%\r30%\n" }, "30%|" },
    { { "10%\r", "20%\r", "30%" }, "30%|" },
    { { "dos\r\nlines\r\n" }, "lines|dos|" },
    { { "dos\r", "\nlines\r", "\n" }, "lines|dos|" },
    { { "\n\n" }, "||" },
    { { "a\033[31mred\n" }, "a^[[31mred|" },
    { { "bad \xff byte\n" }, "bad \\xff byte|" },
    { { "\xe2\x80\xae"
        "evil\n" },
      "<U+202E>evil|" },
};

static void test_output(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 65536);
    for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
        struct log log;
        log_init(&log);
        for (size_t k = 0; k < 5 && outputs[i].pieces[k] != NULL; k++)
            log_output(&log, outputs[i].pieces[k], strlen(outputs[i].pieces[k]));
        assert_string_equal(lines_of(&log, &buf, 10), outputs[i].want);
        log_finish(&log);
    }
    buf_finish(&buf);
}

/* Lines of both kinds come back in the order in which they were said. */
static void test_order(void **state)
{
    (void)state;
    struct log log;
    struct buf buf;
    buf_init(&buf, 65536);
    log_init(&log);
    log_event(&log, 1, ROLE_TEXT, "started");
    log_output(&log, "working\n", 8);
    log_event(&log, 2, ROLE_TEXT, "waits");
    log_output(&log, "still\n", 6);
    log_event(&log, 3, ROLE_TEXT, "done");
    assert_string_equal(lines_of(&log, &buf, 10), "done|still|waits|working|started|");
    assert_int_equal(log_count(&log), 5);
    log_finish(&log);
    buf_finish(&buf);
}

/* A flood of output pushes out output, never an event; both are bounded. */
static void test_bounds(void **state)
{
    (void)state;
    struct log log;
    struct buf buf;
    buf_init(&buf, 65536);
    log_init(&log);
    log_event(&log, 1, ROLE_TEXT, "started");
    char line[128];
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (int i = 0; i < 100000; i++)
        log_output(&log, line, sizeof(line));
    assert_true(log.output.count <= LOG_OUTPUT_LINES);
    assert_true(log.output.bytes <= LOG_OUTPUT_BYTES);
    assert_int_equal(log.events.count, 1);
    for (int i = 0; i < 3 * LOG_EVENT_LINES; i++)
        log_event(&log, i, ROLE_TEXT, "event");
    assert_int_equal(log.events.count, LOG_EVENT_LINES);

    char *flood = mem_alloc(10 * LOG_OUTPUT_BYTES);
    memset(flood, 'y', 10 * LOG_OUTPUT_BYTES);
    log_output(&log, flood, 10 * LOG_OUTPUT_BYTES);
    assert_int_equal(log.left_out, 9 * LOG_OUTPUT_BYTES);
    assert_true(log.partial.len <= LOG_LINE_MAX);
    assert_false(log.partial.overflow);
    free(flood);
    log_finish(&log);
    buf_finish(&buf);
}

static void test_history(void **state)
{
    (void)state;
    struct history *history = mem_alloc(sizeof(*history));
    double value = -1;
    int64_t at = 1000 * HISTORY_SLOT_US;
    assert_int_equal(history_worst(history, at, at + HISTORY_SLOT_US, &value), HISTORY_NOTHING);
    history_add(history, at, true, 0.5);
    history_add(history, at, true, 2.0);
    history_add(history, at, true, 1.0);
    history_add(history, at + HISTORY_SLOT_US, false, 0);
    history_add(history, at + 3 * HISTORY_SLOT_US, true, 7);

    assert_int_equal(history_worst(history, at - 5 * HISTORY_SLOT_US, at, &value), HISTORY_NOTHING);
    assert_int_equal(history_worst(history, at, at + HISTORY_SLOT_US, &value), HISTORY_KNOWN);
    assert_true(value == 2.0);
    /* Unknown, and a slot for which no sample came: both are missing, neither is 0. */
    assert_int_equal(history_worst(history, at + HISTORY_SLOT_US, at + 2 * HISTORY_SLOT_US, &value),
                     HISTORY_UNKNOWN);
    assert_int_equal(history_worst(history, at + 2 * HISTORY_SLOT_US, at + 3 * HISTORY_SLOT_US, &value),
                     HISTORY_UNKNOWN);
    assert_int_equal(history_worst(history, at, at + 4 * HISTORY_SLOT_US, &value), HISTORY_KNOWN);
    assert_true(value == 7.0);

    /* What is older than the ring is gone, and is not taken for what stands in its slot now. */
    history_add(history, at + HISTORY_SLOTS * HISTORY_SLOT_US, true, 9);
    assert_int_equal(history_worst(history, at, at + HISTORY_SLOT_US, &value), HISTORY_UNKNOWN);
    free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
