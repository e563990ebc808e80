/*
 * Random sizes and random keys at every moment: nothing crashes, nothing raw reaches a cell, and no amount of
 * keys confirms what has to be typed. Seeded, so that a failure can be had again (TMINUS_SEED).
 */
#include "unit.h"

#include "scene.h"

static uint32_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % limit;
}

static void press_any(struct scene *scene)
{
    struct ui_key key = { .row = (int)random_below(320) - 10, .column = (int)random_below(320) - 10 };
    switch (random_below(4)) {
    case 0:
        key.code = KEY_CODE_UP + random_below(KEY_CODE_WHEEL_DOWN - KEY_CODE_UP + 1);
        break;
    case 1:
        key.code = random_below(0x110100);
        break;
    default:
        key.code = 0x20 + random_below(0x5F);
        break;
    }
    ui_key(scene->ui, &key, scene->now);
}

static void check_cells(const struct canvas *canvas)
{
    size_t count = (size_t)canvas->rows * (size_t)canvas->columns;
    for (size_t i = 0; i < count; i++) {
        uint32_t rune = canvas->cells[i].rune;
        bool raw = (rune != 0 && rune < 0x20) || (rune >= 0x7F && rune < 0xA0) || rune > 0x10FFFF;
        if (raw)
            fail_msg("raw U+%04X", rune);
        assert_true(canvas->cells[i].style < ROLE_STYLE_COUNT);
    }
}

static void play(const char *name, bool ascii, bool replay)
{
    struct scene *scene = (replay ? moment_replay : moment_play)(name, ascii);
    for (int i = 0; i < 400; i++) {
        int rows = 1 + (int)random_below(random_below(4) == 0 ? 300 : 70);
        int columns = 1 + (int)random_below(random_below(4) == 0 ? 300 : 130);
        canvas_resize(&scene->canvas, rows, columns);
        ui_draw(scene->ui, &scene->canvas, scene->now);
        check_cells(&scene->canvas);
        for (uint32_t k = random_below(6); k > 0; k--)
            press_any(scene);
        if (random_below(10) == 0)
            ui_output(scene->ui, "x", "\033]0;title\007\r50%\r\xff\xfe\n", 16);
        if (random_below(10) == 0)
            scene_wait(scene, SECOND_US);
        if (random_below(20) == 0)
            ui_link(scene->ui, (enum ui_link)random_below(3), "because \033[2J");
        scene_carry_out(scene);
        (void)ui_bell(scene->ui);
    }
    scene_destroy(scene);
}

static void test_storm(void **state)
{
    (void)state;
    const char *given = getenv("TMINUS_SEED");
    seed = given != NULL ? (uint32_t)strtoul(given, NULL, 10) : 20261121;
    fprintf(stderr, "TMINUS_SEED=%u\n", seed);
    for (size_t i = 0; i < moment_count(); i++)
        play(moment_name(i), random_below(2) == 0, random_below(3) == 0);
}

static void test_smallest(void **state)
{
    (void)state;
    for (size_t i = 0; i < moment_count(); i++) {
        struct scene *scene = moment_play(moment_name(i), false);
        for (int rows = 1; rows < 8; rows++) {
            for (int columns = 1; columns < 30; columns++)
                (void)scene_draw(scene, rows, columns);
        }
        scene_type(scene, "<Esc><Esc>?G"); /* the end of a list that does not fit */
        for (int rows = 1; rows < 8; rows++)
            (void)scene_draw(scene, rows, 30);
        scene_destroy(scene);
    }
}

/* No run yet, and none any more. */
static void test_without_run(void **state)
{
    (void)state;
    struct scene *scene = moment_play("opened", false);
    ui_set_run(scene->ui, NULL, "Swap orders.id to bigint");
    ui_link(scene->ui, UI_LINK_STARTING, NULL);
    const char *text = scene_draw(scene, 24, 80);
    assert_non_null(strstr(text, "Swap orders.id to bigint"));
    assert_non_null(strstr(text, "starting"));
    for (int i = 0; i < 3000; i++)
        press_any(scene);
    (void)scene_draw(scene, 40, 120);
    (void)scene_draw(scene, 3, 10);
    scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_without_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
