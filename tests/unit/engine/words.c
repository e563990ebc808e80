#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "engine/words.h"

#define WORDS_MAX 16

/* ---- splitting ---- */

/* Words in brackets, or the message. */
static const char *split(struct arena *arena, const char *line, size_t max)
{
    const char *words[WORDS_MAX];
    const char *all = "";
    char *copy = mem_text(line); /* ends where its memory ends */
    struct err err = ERR_INIT;
    size_t count;
    int r = words_split(arena, copy, words, max, &count, &err);

    free(copy); /* and the words do not live in it */
    if (r < 0) {
        assert_int_equal(r, ERR_USAGE);
        return arena_text(arena, err.message);
    }
    assert_true(count <= max);
    for (size_t i = 0; i < count; i++)
        all = arena_format(arena, "%s[%s]", all, words[i]);
    return all;
}

static void test_split(void **state)
{
    static const struct {
        const char *line;
        const char *want;
    } cases[] = {
        { "", "" },
        { "  \t ", "" },
        { "hold", "[hold]" },
        { "  tick\t backup-age ", "[tick][backup-age]" },
        { "hold \"disk  is full\"", "[hold][disk  is full]" },
        { "hold 'disk  is full'", "[hold][disk  is full]" },
        { "a\"b c\"d'e f'g", "[a\"b][c\"d'e][f'g]" },
        { "a\"\"b", "[a\"\"b]" },
        { "\"\"", "[]" },
        { "a '' \"\" b", "[a][][][b]" },
        { "''\"\"", "[\"\"]" },
        { "\"it's\" 'say \"go\"'", "[it's][say \"go\"]" },
        { "a\\ b", "[a b]" },
        { "\\\"a\\'", "[\"a']" },
        { "\"a\\\"b\" 'c\\'d'", "[a\"b][c'd]" },
        { "a\\\\b", "[a\\b]" },
        { "\\n", "[n]" },
        { "end\\", "[end\\]" },
        { "\\ ", "[ ]" },
        { "\\", "[\\]" },
        { "J\xc3\xb6rg", "[J\xc3\xb6rg]" },
        { "a \"b", "a quote (\") is not closed" },
        { "a '", "a quote (') is not closed" },
        { "\"a'", "a quote (\") is not closed" },
        { "\"a\\\"", "a quote (\") is not closed" },
        { "it's late", "[it's][late]" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();

        assert_string_equal(split(arena, cases[i].line, WORDS_MAX), cases[i].want);
        arena_destroy(arena);
    }
}

static void test_split_too_many(void **state)
{
    struct arena *arena = arena_create();

    (void)state;
    assert_string_equal(split(arena, "a b c", 3), "[a][b][c]");
    assert_string_equal(split(arena, "a b c  ", 3), "[a][b][c]");
    assert_string_equal(split(arena, "a b c ''", 3), "more than 3 words");
    assert_string_equal(split(arena, "a", 0), "more than 0 words");
    assert_string_equal(split(arena, "", 0), "");
    arena_destroy(arena);
}

/* ---- reading ---- */

/* "verb subject=... choice=... role=... text=...", or the message. */
static const char *told(struct arena *arena, const struct action *action)
{
    const char *all = verb_word(action->verb);

    if (action->subject)
        all = arena_format(arena, "%s subject=%s", all, action->subject);
    if (action->choice != CHOICE_NONE)
        all = arena_format(arena, "%s choice=%s", all, choice_word(action->choice));
    if (action->role)
        all = arena_format(arena, "%s role=%s", all, action->role);
    if (action->text)
        all = arena_format(arena, "%s text=%s", all, action->text);
    if (action->session)
        all = arena_format(arena, "%s session=%s", all, action->session);
    return all;
}

static const char *reading(struct arena *arena, const char *line)
{
    const char *words[WORDS_MAX];
    struct action action;
    struct err err = ERR_INIT;
    size_t count;
    int r;

    assert_int_equal(words_split(arena, line, words, WORDS_MAX, &count, &err), 0);
    memset(&action, 0x5a, sizeof(action)); /* nothing of what was there may stay */
    r = action_of_words(arena, words, count, &action, &err);
    if (r < 0) {
        assert_int_equal(r, ERR_USAGE);
        assert_int_equal(action_of_words(arena, words, count, &action, NULL), ERR_USAGE);
        return arena_text(arena, err.message);
    }
    assert_null(action.actor);
    assert_false(action.watcher);
    return told(arena, &action);
}

static const struct {
    const char *line;
    const char *want;
} forms[] = {
    { "tick backup-age", "tick subject=backup-age" },
    { "tick backup-age --evidence 'seen in the log'", "tick subject=backup-age text=seen in the log" },
    { "tick --evidence seen --role reviewer backup-age", "tick subject=backup-age role=reviewer text=seen" },
    { "tick a --evidence --role",
      "tick subject=a text=--role" }, /* what follows belongs to it, whatever it is */
    { "tick", "usage: tick CHECK [--evidence TEXT] [--role ROLE]" },
    { "tick a b", "usage: tick CHECK [--evidence TEXT] [--role ROLE]" },
    { "tick a --evidence", "--evidence wants a value" },
    { "tick a --reason x",
      "tick has no option \"--reason\"; usage: tick CHECK [--evidence TEXT] [--role ROLE]" },
    { "tick a --evidence x --evidence y", "--evidence: \"x\" is said already" },
    { "untick a", "untick subject=a" },
    { "untick", "usage: untick CHECK" },
    { "start add-column", "start subject=add-column" },
    { "start", "usage: start STEP" },
    { "start a b", "usage: start STEP" },
    { "start a --force", "start has no option \"--force\"; usage: start STEP" },
    { "next", "next" },
    { "next a", "usage: next" },
    { "next --to a", "next has no option \"--to\"; usage: next" },
    { "cancel a", "cancel subject=a" },
    { "cancel", "usage: cancel STEP" },
    { "retry a", "retry subject=a" },
    { "retry", "usage: retry STEP" },
    { "again a", "again subject=a" },
    { "again", "usage: again STEP" },
    { "clean a", "clean subject=a" },
    { "clean", "usage: clean STEP" },
    { "vote g go", "vote subject=g choice=go" },
    { "vote g no-go --reason 'not yet' --role reviewer",
      "vote subject=g choice=no-go role=reviewer text=not yet" },
    { "vote --role operator g go", "vote subject=g choice=go role=operator" },
    { "vote", "usage: vote GATE go|no-go [--role ROLE] [--reason TEXT]" },
    { "vote g", "usage: vote GATE go|no-go [--role ROLE] [--reason TEXT]" },
    { "vote g maybe", "usage: vote GATE go|no-go [--role ROLE] [--reason TEXT]" },
    { "vote g ''", "usage: vote GATE go|no-go [--role ROLE] [--reason TEXT]" },
    { "vote g done", "usage: vote GATE go|no-go [--role ROLE] [--reason TEXT]" },
    { "vote go g", "usage: vote GATE go|no-go [--role ROLE] [--reason TEXT]" },
    { "vote g go go", "usage: vote GATE go|no-go [--role ROLE] [--reason TEXT]" },
    { "vote g GO", "usage: vote GATE go|no-go [--role ROLE] [--reason TEXT]" },
    { "override lag --reason 'known'", "override subject=lag text=known" },
    { "override lag", "override subject=lag" }, /* that a reason is asked for is a rule of the engine */
    { "break-glass go-x --reason nobody answers", "break-glass subject=go-x text=nobody answers" },
    { "break-glass", "usage: break-glass GATE --reason TEXT" },
    { "override", "usage: override ITEM --reason TEXT" },
    { "rule s done --reason r", "rule subject=s choice=done text=r" },
    { "rule s not-done --reason r", "rule subject=s choice=not-done text=r" },
    { "rule s partial --reason r", "rule subject=s choice=partial text=r" },
    { "rule s go", "usage: rule STEP done|not-done|partial --reason TEXT" },
    { "rule s unknown", "usage: rule STEP done|not-done|partial --reason TEXT" },
    { "rule s", "usage: rule STEP done|not-done|partial --reason TEXT" },
    { "probe s", "probe subject=s" },
    { "probe", "usage: probe STEP" },
    { "kill 4711 --reason gone home", "kill subject=4711 text=gone home" },
    { "kill locks:4711 terminate --reason r", "kill subject=locks:4711 choice=terminate text=r" },
    { "kill 4711 cancel", "kill subject=4711 choice=cancel" }, /* the reason is a rule of the engine */
    { "kill 4711 --session 'since 1' --reason r", "kill subject=4711 text=r session=since 1" },
    { "kill", "usage: kill [MONITOR:]PID [cancel|terminate] [--session TEXT] --reason TEXT" },
    { "kill 4711 done", "usage: kill [MONITOR:]PID [cancel|terminate] [--session TEXT] --reason TEXT" },
    { "kill 4711 now", "usage: kill [MONITOR:]PID [cancel|terminate] [--session TEXT] --reason TEXT" },
    { "hold", "hold" },
    { "hold disk is full", "hold text=disk is full" },
    { "hold --reason 'disk is full'", "hold text=disk is full" },
    { "hold 'disk is  full'", "hold text=disk is  full" },
    { "hold disk --reason full", "--reason: \"disk\" is said already" },
    { "hold --reason full disk", "hold text=full disk" },
    { "hold go", "hold text=go" },
    { "release", "release" },
    { "release --reason 'all is well'", "release text=all is well" },
    { "release all is well", "release text=all is well" },
    { "rollback", "rollback" },
    { "rollback --to add --reason r", "rollback subject=add text=r" },
    { "rollback add", "usage: rollback [--to STEP] [--reason TEXT]" },
    { "rollback --to a --to b", "--to: \"a\" is said already" },
    { "rollback --to", "--to wants a value" },
    { "scrub --reason r", "scrub text=r" },
    { "scrub wrong night", "scrub text=wrong night" },
    { "note went on after a look", "note text=went on after a look" },
    { "note --reason x", "note has no option \"--reason\"; usage: note TEXT" },
    { "note ''", "note text=" },
    { "note", "note" },
    { "note a - b -- c", "note text=a - b -- c" },
    { "tick c --evidence seen in the log --role reviewer",
      "tick subject=c role=reviewer text=seen in the log" },
    { "close", "close" },
    { "close now", "usage: close" },
    { "", "say what to do" },
};

static void test_forms(void **state)
{
    bool met[VERB_COUNT] = { false };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct arena *arena = arena_create();
        const char *got = reading(arena, forms[i].line);

        if (!text_equal(got, forms[i].want))
            fail_msg("%s: got \"%s\", expected \"%s\"", forms[i].line, got, forms[i].want);
        for (int verb = 0; verb < VERB_COUNT; verb++)
            met[verb] |= text_starts(got, verb_word((enum verb)verb));
        arena_destroy(arena);
    }
    for (int verb = 0; verb < VERB_COUNT; verb++)
        assert_true(met[verb]);
}

static void test_unknown_verbs(void **state)
{
    static const struct {
        const char *line;
        const char *want;
    } cases[] = {
        { "tik backup-age", "no action is called \"tik\"; did you mean \"tick\"?" },
        { "strat x", "no action is called \"strat\"; did you mean \"start\"?" },
        { "relaese", "no action is called \"relaese\"; did you mean \"release\"?" },
        { "explode", "no action is called \"explode\"" },
        { "''", "no action is called \"\"" },
        { "HOLD", "no action is called \"HOLD\"" },
        { "--reason x hold", "no action is called \"--reason\"" },
        { "a\x1b[31mb", "no action is called \"a^[[31mb\"" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();

        assert_string_equal(reading(arena, cases[i].line), cases[i].want);
        arena_destroy(arena);
    }
}

/* The usage that a person is shown names every option that is taken, and no other. */
static void test_usage_tells_the_options(void **state)
{
    static const char *const options[] = { "--role", "--evidence", "--reason", "--to" };

    (void)state;
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        for (size_t i = 0; i < ARRAY_LEN(options); i++) {
            struct arena *arena = arena_create();
            const char *words[] = { verb_word((enum verb)verb), options[i], "x" };
            struct action action;
            struct err err = ERR_INIT;
            bool unknown = action_of_words(arena, words, 3, &action, &err) < 0 &&
                           strstr(err.message, "has no option") != NULL;
            bool shown = strstr(verb_arguments((enum verb)verb), options[i]) != NULL;

            /* The reason to hold may stand loose, and is shown so. */
            if (verb != VERB_HOLD && shown == unknown)
                fail_msg("%s %s: shown and taken differ", words[0], options[i]);
            arena_destroy(arena);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_too_many),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_unknown_verbs),
        cmocka_unit_test(test_usage_tells_the_options),
    };
    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
