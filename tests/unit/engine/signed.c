/* Decisions that are signed: what they are bound to, when they count no more, and breaking the glass. */
#include "scene.h"

#include <string.h>

#include "base/text.h"
#include "engine/statement.h"
#include "engine/words.h"

#define KEY "SHA256:jos-key"

/* A run that goes by a policy. */
static struct scene *open_with_policy(void)
{
    struct scene *s = scene_of(small_book);
    struct input input = { .type = INPUT_OPEN,
                           .now = s->now,
                           .action = { .actor = "mia" },
                           .open = { .run = "run-1",
                                     .book_sha256 = "ab",
                                     .targets_sha256 = "cd",
                                     .settings_sha256 = "ef",
                                     .boot = "boot-1",
                                     .policy_sha256 = "a policy",
                                     .key = "SHA256:mias-key" } };
    assert_int_equal(scene_put(s, &input), 0);
    return s;
}

static void parse(struct scene *s, const char *actor, const char *line, struct action *ret)
{
    const char *words[16];
    size_t count;
    assert_int_equal(words_split(s->arena, line, words, ARRAY_LEN(words), &count, &s->err), 0);
    assert_int_equal(action_of_words(s->arena, words, count, ret, &s->err), 0);
    ret->actor = actor;
}

/* As a client makes it, and the runner hears it after the signature was judged. */
static const char *state(struct scene *s, const char *actor, const char *line)
{
    struct statement statement;
    struct action action;
    struct buf text;
    parse(s, actor, line, &action);
    if (statement_of(s->run, &action, s->now, s->arena, &statement, &s->err) < 0)
        fail_msg("%s", s->err.message);
    buf_init(&text, STATEMENT_MAX);
    statement_write(&text, &statement);
    const char *copy = arena_text(s->arena, buf_str(&text));
    buf_finish(&text);
    return copy;
}

static int hear(struct scene *s, const char *actor, const char *text)
{
    struct statement statement;
    struct input input = { .type = INPUT_ACTION, .now = s->now };
    assert_int_equal(statement_read(s->arena, text, &statement, &s->err), 0);
    assert_int_equal(statement_fits(&statement, s->run, s->now, &s->err), 0);
    assert_int_equal(statement_action(&statement, &input.action, &s->err), 0);
    input.action.actor = actor;
    input.action.key = KEY;
    input.action.statement = text;
    input.action.signature = "signed";
    return scene_put(s, &input);
}

static void say(struct scene *s, const char *actor, const char *line)
{
    if (hear(s, actor, state(s, actor, line)) < 0)
        fail_msg("%s: %s", line, s->err.message);
}

static void ticked(struct scene *s)
{
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_no(s, "jo", "tick read --evidence x", RULE_SIGNATURE, "--key FILE");
    say(s, "jo", "tick read --evidence 'all of it'");
    scene_ok(s, "mia", "tick told");
    for (int i = 0; i < 7; i++) {
        scene_wait(s, SECOND_US);
        scene_sample(s, "lag", "seconds", 0.1);
        scene_sample(s, "locks", "waiting", 0);
    }
}

static const struct run_gate *first_gate(const struct scene *s)
{
    return &s->run->gates[0];
}

static void test_only_with_a_key(void **unused)
{
    (void)unused;
    struct scene *s = open_with_policy();
    ticked(s);
    scene_no(s, "mia", "vote go-expand go", RULE_SIGNATURE, "counts only with your key");
    scene_no(s, "jo", "vote go-expand no-go", RULE_SIGNATURE, "counts only with your key");
    say(s, "mia", "vote go-expand go");
    say(s, "jo", "vote go-expand go");
    assert_int_equal(first_gate(s)->decision, CHOICE_GO);
    assert_string_equal(first_gate(s)->votes[1].key, KEY);
    /* Both folds agree: what was signed is in the record. */
    struct run *again = scene_fold(s);
    assert_string_equal(again->policy_sha256, "a policy");
    assert_string_equal(again->operator_key, "SHA256:mias-key");
    assert_string_equal(again->gates[0].votes[1].key, KEY);
    run_destroy(again);
    scene_close(s);
}

/* What was signed before the gate lapsed, or before the same role said something else, counts no more. */
static void test_not_twice(void **unused)
{
    (void)unused;
    struct scene *s = open_with_policy();
    ticked(s);
    const char *go = state(s, "jo", "vote go-expand go");
    assert_int_equal(hear(s, "jo", go), 0);
    scene_sample(s, "lag", "seconds", 9);
    assert_non_null(first_gate(s)->lapsed);
    assert_int_equal(first_gate(s)->votes[1].vote, CHOICE_NONE);
    for (int i = 0; i < 7; i++) {
        scene_wait(s, SECOND_US);
        scene_sample(s, "lag", "seconds", 0.1);
        scene_sample(s, "locks", "waiting", 0);
    }
    assert_int_equal(hear(s, "jo", go), ERR_REFUSED);
    assert_int_equal(s->decision.rule, RULE_SIGNATURE);
    go = state(s, "jo", "vote go-expand go");
    say(s, "jo", "vote go-expand no-go");
    assert_int_equal(hear(s, "jo", go), ERR_REFUSED);
    assert_int_equal(s->decision.rule, RULE_SIGNATURE);
    scene_close(s);
}

static void test_tick_not_twice(void **unused)
{
    (void)unused;
    struct scene *s = open_with_policy();
    const char *tick = state(s, "jo", "tick read --evidence 'all of it'");
    assert_int_equal(hear(s, "jo", tick), 0);
    scene_ok(s, "mia", "untick read");
    assert_int_equal(hear(s, "jo", tick), ERR_REFUSED);
    assert_int_equal(s->decision.rule, RULE_SIGNATURE);
    scene_close(s);
}

/* Each thing that a statement is bound to, said otherwise. */
static void test_fits(void **unused)
{
    (void)unused;
    struct scene *s = open_with_policy();
    ticked(s);
    struct statement good, bad;
    assert_int_equal(statement_read(s->arena, state(s, "jo", "vote go-expand go"), &good, &s->err), 0);
    assert_int_equal(statement_fits(&good, s->run, s->now, &s->err), 0);
    assert_string_equal(good.role, "reviewer");
    assert_string_equal(good.person, "jo");
    assert_non_null(strstr(good.seen, "lag.seconds 0.1"));
    const struct {
        size_t offset;
        const char *why;
    } texts[] = {
        { offsetof(struct statement, run), "another run" },
        { offsetof(struct statement, book), "another book" },
        { offsetof(struct statement, targets), "other targets" },
        { offsetof(struct statement, settings), "other settings" },
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        bad = good;
        *(const char **)(void *)((char *)&bad + texts[i].offset) = "x";
        assert_int_equal(statement_fits(&bad, s->run, s->now, &s->err), ERR_REFUSED);
        assert_non_null(strstr(s->err.message, texts[i].why));
    }
    bad = good;
    bad.seq = (int64_t)s->run->last_seq + 1;
    assert_int_equal(statement_fits(&bad, s->run, s->now, &s->err), ERR_REFUSED);
    bad = good;
    bad.expires_wall_us = s->now.wall_us;
    assert_int_equal(statement_fits(&bad, s->run, s->now, &s->err), ERR_REFUSED);
    assert_non_null(strstr(s->err.message, "it is over"));
    bad.expires_wall_us = s->now.wall_us + STATEMENT_LONGEST_US + 1;
    assert_int_equal(statement_fits(&bad, s->run, s->now, &s->err), ERR_REFUSED);
    scene_close(s);
}

/* One text for one statement: what is not written as we write it is none. */
static void test_text(void **unused)
{
    (void)unused;
    struct scene *s = open_with_policy();
    ticked(s);
    const char *text = state(s, "jo", "vote go-expand go");
    struct statement statement;
    const char *const others[] = {
        arena_format(s->arena, "%s ", text),
        arena_format(s->arena, " %s", text),
        arena_format(s->arena, "{ %s", text + 1),
        arena_format(s->arena, "{\"more\":\"x\",%s", text + 1),
        "{}",
        "[]",
        "",
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_int_equal(statement_read(s->arena, others[i], &statement, &s->err), ERR_INVALID);
    assert_int_equal(statement_read(s->arena, text, &statement, &s->err), 0);
    scene_close(s);
}

/* ---- breaking the glass ---- */

static void test_glass(void **unused)
{
    (void)unused;
    struct scene *s = scene_open(small_book);
    scene_no(s, "mia", "break-glass go-expand --reason x", RULE_CHECK, "");
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_ok(s, "jo", "tick read --evidence x");
    scene_ok(s, "mia", "tick told");
    scene_no(s, "mia", "break-glass nowhere --reason x", RULE_NAME, "nowhere");
    scene_no(s, "mia", "break-glass go-expand", RULE_REASON, "say why");
    scene_no(s, "mia", "break-glass go-expand --reason ' '", RULE_REASON, "say why");
    scene_no(s, "jo", "break-glass go-expand --reason x", RULE_ROLE, "mia");
    scene_ok(s, "mia", "hold");
    scene_no(s, "mia", "break-glass go-expand --reason x", RULE_HELD, "");
    scene_ok(s, "mia", "release");
    scene_ok(s, "jo", "vote go-expand no-go");
    scene_no(s, "mia", "break-glass go-expand --reason x", RULE_STATE, "jo said no-go");
    scene_close(s);
}

/* It stands although no sample has come, says what it went without, and stays with the run. */
static void test_glass_broken(void **unused)
{
    (void)unused;
    struct scene *s = scene_open(small_book);
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_ok(s, "jo", "tick read --evidence x");
    scene_ok(s, "mia", "tick told");
    (void)scene_trail(s);
    scene_ok(s, "mia", "break-glass go-expand --reason 'nobody answers'");
    assert_non_null(strstr(scene_trail(s), "gate.forced go-expand"));
    assert_non_null(strstr(buf_str(&s->records), "no vote of operator; no vote of reviewer; lag.seconds"));
    assert_int_equal(first_gate(s)->decision, CHOICE_GO);
    assert_string_equal(first_gate(s)->forced, "nobody answers");
    assert_string_equal(s->run->glass, "go-expand by mia: nobody answers");
    scene_wait(s, SECOND_US);
    assert_int_equal(first_gate(s)->decision, CHOICE_GO);
    scene_run(s, "add");
    assert_string_equal(s->run->glass, "go-expand by mia: nobody answers");
    scene_close(s);
}

/* What it stood on is gone before anything was begun: it lapses, as any GO. */
static void test_glass_lapses(void **unused)
{
    (void)unused;
    struct scene *s = scene_open(small_book);
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_ok(s, "jo", "tick read --evidence x");
    scene_ok(s, "mia", "tick told");
    scene_ok(s, "mia", "break-glass go-expand --reason 'nobody answers'");
    scene_ok(s, "mia", "untick told");
    assert_int_equal(first_gate(s)->decision, CHOICE_NONE);
    assert_null(first_gate(s)->forced);
    assert_non_null(s->run->glass);
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_with_a_key),
        cmocka_unit_test(test_not_twice),
        cmocka_unit_test(test_tick_not_twice),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_glass),
        cmocka_unit_test(test_glass_broken),
        cmocka_unit_test(test_glass_lapses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
