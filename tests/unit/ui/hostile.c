/*
 * What comes from outside is seen, not obeyed: escapes in samples, errors, evidence, output and reasons.
 */
#include "unit.h"

#include "scene.h"

#define EVIL                                                                                                 \
    "\033]0;owned\007\033[2J\xc2\x9b"                                                                        \
    "31m\xe2\x80\xae"                                                                                        \
    "x\x7f\xff"

static void check(struct scene *scene, const char *where, const char *shown)
{
    const char *text = scene_draw(scene, 60, 200);
    if (strstr(text, shown) == NULL)
        fail_msg("%s: no \"%s\" in\n%s", where, shown, text);
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        assert_true(c == '\n' || (c >= 0x20 && c != 0x7F));
        assert_false(c == 0xC2 && (unsigned char)at[1] >= 0x80 && (unsigned char)at[1] < 0xA0);
    }
    assert_null(strstr(text, "\xe2\x80\xae"));
}

static void test_error(void **state)
{
    (void)state;
    struct scene *scene = moment_play("swapping", false);
    scene_end(scene, "swap-column", OUTCOME_FAILED, "42\033[1m", "no such " EVIL);
    check(scene, "error", "^[]0;owned^G^[[2J");
    scene_destroy(scene);
}

static void test_waiting(void **state)
{
    (void)state;
    struct scene *scene = moment_play("swapping", false);
    scene_waiting(scene, "swap-column", "pid 1 " EVIL);
    check(scene, "waiting", "pid 1 ^[]0;owned^G");
    scene_destroy(scene);
}

static void test_output(void **state)
{
    (void)state;
    struct scene *scene = moment_play("swapping", false);
    ui_output(scene->ui, "swap-column", "line " EVIL "\npartial " EVIL,
              sizeof("line " EVIL "\npartial " EVIL) - 1);
    check(scene, "output", "line ^[]0;owned^G^[[2J");
    check(scene, "unfinished output", "partial ^[]0;owned^G^[[2J");
    scene_destroy(scene);
}

static void test_people(void **state)
{
    (void)state;
    struct scene *scene = moment_play("gate", false);
    (void)scene_do(scene, "jo", VERB_HOLD, NULL, CHOICE_NONE, "slow " EVIL);
    check(scene, "hold", "slow ^[]0;owned^G");
    scene_destroy(scene);
}

static void test_samples(void **state)
{
    (void)state;
    static const struct sample_row rows[] = {
        { 0,
          false,
          { "1" EVIL, "who" EVIL, "st" EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, "SELECT '" EVIL "'", "" } },
        { -3, true, { NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL } },
        { 1000, false, { "3", "", "", "", "", "", "", "", "", "", "" } },
    };
    struct scene *scene = moment_play("swapping", false);
    struct sample sample = { .monitor = "locks",
                             .known = true,
                             .why = "remark " EVIL,
                             .metric_count = 1,
                             .metrics = { { "waiting", 2, true } },
                             .row_count = 3,
                             .rows = rows };
    sample.at = scene->now;
    struct input input = { .type = INPUT_SAMPLE, .sample = &sample };
    (void)scene_input(scene, &input);
    check(scene, "lock row", "SELECT '^[]0;owned^G");
    scene_lag_unknown(scene, "lost " EVIL);
    check(scene, "lag", "lost ^[]0;owned^G");
    scene_destroy(scene);
}

/* Numbers that are none: not a crash, not a zero. */
static void test_numbers(void **state)
{
    (void)state;
    static const double values[] = { 1e300, -1e300, 1e18, 0.0 / 1.0, -5, 3e9 };
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct scene *scene = moment_play("gate", false);
        scene_wait(scene, SECOND_US);
        scene_lag(scene, values[i]);
        (void)scene_draw(scene, 60, 200);
        (void)scene_draw(scene, 24, 80);
        scene_destroy(scene);
    }
}

static void test_link(void **state)
{
    (void)state;
    struct scene *scene = moment_play("swapping", false);
    ui_link(scene->ui, UI_LINK_LOST, "gone " EVIL);
    check(scene, "link", "gone ^[]0;owned^G");
    ui_reply(scene->ui, "refused " EVIL);
    check(scene, "reply", "refused ^[]0;owned^G");
    scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error),  cmocka_unit_test(test_waiting), cmocka_unit_test(test_output),
        cmocka_unit_test(test_people), cmocka_unit_test(test_samples), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
