/* Before cmocka, which has a macro of the name of a function in it. */
#include "app/app.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/launch.h"
#include "base/file.h"
#include "base/text.h"

/* ---- names of people ---- */

static void test_names(void **state)
{
    static const struct {
        const char *name;
        bool good;
    } cases[] = {
        { "mia", true },
        { "Mia M\xc3\xbcller", true },
        { "o'neil, j. (night shift)", true },
        { "\xe6\x9d\x8e", true },
        { "0123456789012345678901234567890123456789012345678901234567890123", true },
        { "01234567890123456789012345678901234567890123456789012345678901234", false },
        { "", false },
        { " mia", false },
        { "mia ", false },
        { "tminus", false }, /* that is who acts when nobody asked for it */
        { "mia <m@example.org>", false },
        { "a\"b", false },
        { "a\nb", false },
        { "a\tb", false },
        { "a\x1b[31mb", false },
        { "a\x7f", false },
        { "a\xff", false },
        { "mia\xc2\x9b", false },     /* C1 */
        { "mia\xe2\x80\x8b", false }, /* zero width: looks like mia, and would be another */
        { "\xe2\x80\xae"
          "aim",
          false }, /* right to left */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        const char *got = NULL;
        struct err err = ERR_INIT;
        int r = who_am_i(arena, cases[i].name, &got, &err);

        if (r != (cases[i].good ? 0 : ERR_USAGE))
            fail_msg("name %zu: %d %s", i, r, err.message);
        if (cases[i].good)
            assert_string_equal(got, cases[i].name);
        assert_null(strchr(err.message, '\x1b'));
        arena_destroy(arena);
    }
}

static void test_own_name(void **state)
{
    struct arena *arena = arena_create();
    const char *got = NULL;
    struct err err = ERR_INIT;
    int r = who_am_i(arena, NULL, &got, &err);

    (void)state;
    if (r == 0)
        assert_true(strlen(got) > 0);
    else
        assert_int_equal(r, ERR_ENVIRONMENT); /* a user without a name, as in some containers */
    arena_destroy(arena);
}

/* ---- --param ---- */

static void test_params(void **state)
{
    static const char *const good[] = { "a=1", "b=", "c=x=y", "d= spaced ", "a=2" };
    static const struct book_param want[] = {
        { "a", "1" }, { "b", "" }, { "c", "x=y" }, { "d", " spaced " }, { "a", "2" }
    };
    static const char *const bad[] = { "a", "", "=", "=1" };
    struct arena *arena = arena_create();
    const struct book_param *params;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(parse_params(arena, good, ARRAY_LEN(good), &params, &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_string_equal(params[i].name, want[i].name);
        assert_string_equal(params[i].value, want[i].value);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *items[] = { "fine=1", bad[i] };

        assert_int_equal(parse_params(arena, items, 2, &params, &err), ERR_USAGE);
        assert_string_equal(err.message, arena_format(arena, "--param wants NAME=VALUE, not \"%s\"", bad[i]));
    }
    assert_int_equal(parse_params(arena, NULL, 0, &params, &err), 0);
    arena_destroy(arena);
}

/* ---- how a runner's start went ---- */

static const char not_said[] =
    "the runner ended while it was starting; see runner.log in the run's directory";

static const struct {
    const char *line;
    int status; /* of the command */
    const char *message;
} answers[] = {
    { "ready", 0, "" },
    { "failed 1 the journal cannot be written", 1, "the journal cannot be written" },
    { "failed 2 usage", 2, "usage" },
    { "failed 3 no server answers", 3, "no server answers" },
    { "failed 3 ", 3, "" },
    { "failed 9 x", 1, "x" },
    { "failed 1 a\x1b[31mb", 1, "a^[[31mb" },
    { "", 1, not_said },
    { "failed", 1, not_said },
    { "failed ", 1, not_said },
    { "failed 1", 1, not_said },
    { "failed 0 x", 1, not_said },
    { "failed 12 x", 1, not_said },
    { "ready ", 1, not_said },
    { "readyy", 1, not_said },
    { "tminus-runner: symbol lookup error", 1, not_said },
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        char *line = mem_text(answers[i].line); /* ends where its memory ends */
        struct err err = ERR_INIT;
        int r = launch_answer(line, &err);

        assert_int_equal(err_exit_status(r), answers[i].status);
        assert_int_equal(err.code, r);
        assert_string_equal(err.message, answers[i].message);
        free(line);
    }
}

/* The same over a pipe, in pieces, and with what comes behind the line. */
static void test_wait(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct err err = ERR_INIT;
        int ends[2];

        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], answers[i].line, strlen(answers[i].line)), strlen(answers[i].line));
        if (i % 2 == 0)
            assert_int_equal(write(ends[1], "\nmore", 5), 5);
        close(ends[1]);
        assert_int_equal(err_exit_status(launch_wait(ends[0], &err)), answers[i].status);
        assert_string_equal(err.message, answers[i].message);
        assert_int_equal(fcntl(ends[0], F_GETFD), -1); /* closed */
    }
}

static void test_wait_for_an_endless_line(void **state)
{
    char much[4 * ERR_MESSAGE_MAX];
    struct err err = ERR_INIT;
    int ends[2];

    (void)state;
    memset(much, 'x', sizeof(much));
    memcpy(much, "failed 3 ", 9);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], much, sizeof(much)), sizeof(much));
    assert_int_equal(launch_wait(ends[0], &err), ERR_ENVIRONMENT);
    assert_true(text_starts(err.message, "xxx"));
    close(ends[1]);
}

/* ---- what is frozen ---- */

static char scratch[] = "/tmp/tminus-app-XXXXXX";

static int enter(void **state)
{
    (void)state;
    memcpy(scratch + strlen(scratch) - 6, "XXXXXX", 6);
    return mkdtemp(scratch) ? setenv("XDG_STATE_HOME", scratch, 1) : -1;
}

static int leave(void **state)
{
    (void)state;
    return dir_remove(scratch, NULL);
}

static const char *write_book(struct arena *arena, const char *name)
{
    static const char text[] = "{\"tminus\":1,\"id\":\"demo\",\"title\":\"T\",\"phases\":[{\"id\":\"p\","
                               "\"kind\":\"preflight\",\"title\":\"P\",\"steps\":[{\"id\":\"c\",\"kind\":"
                               "\"check\",\"title\":\"C\"}]}]}";
    const char *path = arena_format(arena, "%s/%s", scratch, name);
    struct err err = ERR_INIT;

    if (file_write(path, text, strlen(text), 0600, &err) < 0)
        fail_msg("%s", err.message);
    return path;
}

static void test_check_makes_paths_absolute(void **state)
{
    struct arena *arena = arena_create();
    struct launch_options options = { .book = "book.json", .audit = "trail.git", .as = "mia" };
    struct frozen frozen;
    struct err err = ERR_INIT;

    (void)state;
    write_book(arena, "book.json");
    assert_int_equal(chdir(scratch), 0);
    if (launch_look(arena, &options, &frozen, &err) < 0)
        fail_msg("%s", err.message);
    assert_string_equal(frozen.book_path, arena_format(arena, "%s/book.json", scratch));
    assert_string_equal(frozen.audit, arena_format(arena, "%s/trail.git", scratch));
    assert_string_equal(frozen.environment, "live");
    assert_string_equal(frozen.operator, "mia");
    options.audit = NULL;
    assert_int_equal(launch_look(arena, &options, &frozen, &err), 0);
    assert_string_equal(frozen.audit, arena_format(arena, "%s/tminus/audit.git", scratch));
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(access(arena_format(arena, "%s/tminus", scratch), F_OK), -1); /* only looked */
    arena_destroy(arena);
}

/* JSON holds no other bytes than UTF-8: such a path would come back as another one. */
static void test_check_refuses_paths_that_cannot_be_frozen(void **state)
{
    struct arena *arena = arena_create();
    const char *good = write_book(arena, "book.json"), *bad = write_book(arena, "b\xff.json");
    const struct launch_options cases[] = {
        { .book = bad, .as = "mia" },
        { .book = good, .as = "mia", .audit = "/tmp/a\xff.git" },
        { .book = good, .as = "mia", .audit = "" },
        { .book = good, .as = "mia", .environment = "prod" },
        { .book = good, .as = "mia", .environment = "" },
        { .book = good, .as = "m<ia" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct frozen frozen;
        struct err err = ERR_INIT;

        assert_int_equal(launch_look(arena, &cases[i], &frozen, &err), ERR_USAGE);
        assert_true(strlen(err.message) > 0);
    }
    arena_destroy(arena);
}

/* ---- files beside the book ---- */

/* What a link leads to is judged by where it leads. */
static void test_links(void **state)
{
    static const char book[] =
        "{\"tminus\":1,\"id\":\"b\",\"title\":\"B\",\"targets\":{\"t\":{\"engine\":\"postgresql\"}},"
        "\"phases\":[{\"id\":\"p\",\"kind\":\"expand\",\"title\":\"P\",\"steps\":[{\"id\":\"s\",\"kind\":"
        "\"sql\",\"target\":\"t\",\"file\":\"a.sql\",\"rollback\":[{\"kind\":\"none\",\"why\":\"x\"}]}]}]}";
    static const struct {
        const char *leads_to;
        int result;
    } cases[] = { { "../inside.sql", ERR_INVALID }, { "below/b.sql", 0 }, { "nowhere", ERR_INVALID } };
    struct arena *arena = arena_create();
    const char *home = arena_format(arena, "%s/links", scratch),
               *link = arena_format(arena, "%s/a.sql", home);
    struct launch_options options = { .book = arena_format(arena, "%s/book.json", home) };

    (void)state;
    assert_int_equal(mkdir(home, 0700), 0);
    assert_int_equal(mkdir(arena_format(arena, "%s/below", home), 0700), 0);
    assert_int_equal(file_write(options.book, book, strlen(book), 0600, NULL), 0);
    assert_int_equal(file_write(arena_format(arena, "%s/below/b.sql", home), "SELECT 1", 8, 0600, NULL), 0);
    assert_int_equal(file_write(arena_format(arena, "%s/inside.sql", scratch), "SELECT 1", 8, 0600, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct book *got = NULL;
        struct err err = ERR_INIT;
        struct buf report;

        buf_init(&report, JSON_MAX_BYTES);
        assert_int_equal(symlink(cases[i].leads_to, link), 0);
        assert_int_equal(launch_show(arena, &options, &got, &report, &err), cases[i].result);
        assert_int_equal(strstr(buf_str(&report), "is a link to") != NULL, i == 0);
        assert_int_equal(unlink(link), 0);
        buf_finish(&report);
    }
    arena_destroy(arena);
}

/* ---- what is said ---- */

static void test_faults(void **state)
{
    struct arena *arena = arena_create();
    struct json_faults faults;
    struct buf report;

    (void)state;
    buf_init(&report, REPORT_MAX);
    json_faults_init(&faults, arena);
    json_fault_add(&faults, 3, 7, "first");
    json_fault_add(&faults, 0, 0, "--param x: no param of that name");
    json_fault_add(&faults, 12, 1, "%s", "with \x1b[2J in it");
    report_faults(&report, "bo\x1b[31mok.json", &faults);
    faults.count = 0;
    faults.more = 5;
    report_faults(&report, "b", &faults);
    assert_string_equal(buf_str(&report), "bo^[[31mok.json:3:7: error: first\n"
                                          "bo^[[31mok.json: error: --param x: no param of that name\n"
                                          "bo^[[31mok.json:12:1: error: with ^[[2J in it\n"
                                          "b: and 5 more\n");
    buf_finish(&report);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_own_name),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_wait_for_an_endless_line),
        cmocka_unit_test_setup_teardown(test_check_makes_paths_absolute, enter, leave),
        cmocka_unit_test_setup_teardown(test_check_refuses_paths_that_cannot_be_frozen, enter, leave),
        cmocka_unit_test_setup_teardown(test_links, enter, leave),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
