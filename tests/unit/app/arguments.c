/* Before cmocka, which has a macro of the name of a function in it. */
#include "app/app.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define WORDS_MAX 100

struct options {
    bool watch, json;
    const char *targets, *as;
    struct option_list params;
};

/* Words separated by blanks, where a word "_" stands for an empty one. Gives what was understood, as in
 * "watch as=mia param=a=1 | book", or the message. */
static const char *parsed(struct arena *arena, const char *line)
{
    struct options got = { false, false, NULL, NULL, { 0, { NULL } } };
    const struct option_row rows[] = {
        { "--watch", OPTION_FLAG, &got.watch },      { "--json", OPTION_FLAG, &got.json },
        { "--targets", OPTION_VALUE, &got.targets }, { "--as", OPTION_VALUE, &got.as },
        { "--param", OPTION_LIST, &got.params },     { NULL, OPTION_FLAG, NULL },
    };
    char *words[WORDS_MAX] = { arena_text(arena, "run") };
    char *copy = arena_text(arena, line), *rest = NULL;
    const char *all = "";
    struct arguments arguments;
    struct err err = ERR_INIT;
    int count = 1, r;

    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        words[count++] = strcmp(word, "_") == 0 ? arena_text(arena, "") : word;
    r = arguments_parse(count, words, rows, &arguments, &err);
    if (r < 0) {
        assert_int_equal(r, ERR_USAGE);
        return arena_text(arena, err.message);
    }
    all = arena_format(arena, "%s%s", got.watch ? "watch " : "", got.json ? "json " : "");
    if (got.targets)
        all = arena_format(arena, "%stargets=%s ", all, got.targets);
    if (got.as)
        all = arena_format(arena, "%sas=%s ", all, got.as);
    for (size_t i = 0; i < got.params.count; i++)
        all = arena_format(arena, "%sparam=%s ", all, got.params.items[i]);
    all = arena_format(arena, "%s|", all);
    for (size_t i = 0; i < arguments.count; i++)
        all = arena_format(arena, "%s %s", all, arguments.list[i]);
    return all;
}

static void test_parse(void **state)
{
    static const struct {
        const char *line;
        const char *want;
    } cases[] = {
        { "", "|" },
        { "book", "| book" },
        { "book --watch", "watch | book" },
        { "--watch book", "watch | book" },
        { "--as mia book --targets t", "targets=t as=mia | book" },
        { "--as=mia", "as=mia |" },
        { "--as=", "as= |" },
        { "--as _", "as= |" },
        { "--as=a=b", "as=a=b |" },
        { "--as --watch", "as=--watch |" }, /* what follows is its value, whatever it is */
        { "--as --", "as=-- |" },
        { "--as mia --as jo", "as=jo |" },
        { "--param a=1 --param=b=2 --param c", "param=a=1 param=b=2 param=c |" },
        { "-- --watch -x", "| --watch -x" },
        { "--watch -- -- a", "watch | -- a" },
        { "a --", "| a" },
        { "-", "| -" }, /* standard input, by custom */
        { "_ a", "|  a" },
        { "--wach", "there is no option \"--wach\"; did you mean \"--watch\"?" },
        { "--wach=x", "there is no option \"--wach\"; did you mean \"--watch\"?" },
        { "--target t.json", "there is no option \"--target\"; did you mean \"--targets\"?" },
        { "--target=/a/path/that/is/much/longer/than/the/name",
          "there is no option \"--target\"; did you mean \"--targets\"?" },
        { "--password=hunter2",
          "there is no option \"--password\" here" }, /* and its value is not repeated */
        { "-x", "there is no option \"-x\" here" },
        { "--no-such-thing-anywhere-in-any-program-that-anybody-has-ever-written-or-used",
          "there is no option "
          "\"--no-such-thing-anywhere-in-any-program-that-anybody-has-ever-written-or-used\" "
          "here" },
        { "--watc\x1bh", "there is no option \"--watc^[h\"; did you mean \"--watch\"?" },
        { "--watch=yes", "--watch takes no value" },
        { "--watch=", "--watch takes no value" },
        { "a --as", "--as wants a value" },
        { "--param", "--param wants a value" },
        { "a b c d e f g h i j k l m n o p", "| a b c d e f g h i j k l m n o p" },
        { "a b c d e f g h i j k l m n o p q", "more than 16 arguments" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        const char *got = parsed(arena, cases[i].line);

        if (!text_equal(got, cases[i].want))
            fail_msg("%s: got \"%s\", expected \"%s\"", cases[i].line, got, cases[i].want);
        arena_destroy(arena);
    }
}

static void test_too_often(void **state)
{
    struct arena *arena = arena_create();
    const char *line = "";

    (void)state;
    for (int i = 0; i < OPTION_LIST_MAX; i++)
        line = arena_format(arena, "%s --param=%d", line, i);
    assert_non_null(strstr(parsed(arena, line), "param=63 |"));
    line = arena_format(arena, "%s --param=x", line);
    assert_string_equal(parsed(arena, line), "--param may be given 64 times at most");
    arena_destroy(arena);
}

static void test_count(void **state)
{
    static const struct {
        size_t count, min, max;
        int want;
    } cases[] = {
        { 0, 0, 0, 0 },         { 1, 0, 0, ERR_USAGE }, { 0, 1, 1, ERR_USAGE }, { 1, 1, 1, 0 },
        { 2, 1, 1, ERR_USAGE }, { 1, 0, 2, 0 },         { 2, 0, 2, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arguments arguments = { .count = cases[i].count };
        struct err err = ERR_INIT;

        assert_int_equal(arguments_count(&arguments, cases[i].min, cases[i].max, "runs", &err),
                         cases[i].want);
        assert_string_equal(err.message, cases[i].want ? "usage: tminus runs [--json]" : "");
    }
}

/* Every usage is one line that a person can read, however it is laid out in the help. */
static void test_usage_is_one_line(void **state)
{
    static const struct arguments too_many = { .count = ARGUMENTS_MAX };

    (void)state;
    for (const struct command *row = all_commands; row->name; row++) {
        struct err err = ERR_INIT;

        assert_int_equal(arguments_count(&too_many, 0, 0, row->name, &err), ERR_USAGE);
        assert_true(text_starts(err.message, "usage: tminus "));
        assert_true(text_starts(err.message + strlen("usage: tminus "), row->name));
        assert_null(strchr(err.message, '^')); /* a control character, made visible */
        assert_null(strstr(err.message, "  "));
        assert_int_not_equal(err.message[strlen(err.message) - 1], ' ');
    }
}

static void test_commands(void **state)
{
    static const struct {
        const char *name;
        const char *nearest;
    } cases[] = { { "rnu", "run" },       { "atach", "attach" }, { "dryrun", "dry-run" },
                  { "stauts", "status" }, { "", NULL },          { "transmogrify", NULL } };

    (void)state;
    for (const struct command *row = all_commands; row->name; row++)
        assert_ptr_equal(command_find(row->name), row);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *nearest = command_nearest(cases[i].name);

        assert_null(command_find(cases[i].name));
        if (!text_equal(nearest, cases[i].nearest))
            fail_msg("%s: got %s", cases[i].name, nearest ? nearest : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),    cmocka_unit_test(test_too_often),
        cmocka_unit_test(test_count),    cmocka_unit_test(test_usage_is_one_line),
        cmocka_unit_test(test_commands),
    };
    return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
