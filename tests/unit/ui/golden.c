/*
 * Moments of a cutover at several sizes, compared with what stands in tests/golden. With TMINUS_GOLDEN=write
 * the files are written instead: look at each before it is committed.
 */
#include "unit.h"

#include "base/file.h"
#include "scene.h"

static const struct {
    const char *moment;
    int columns, rows;
    bool ascii, replay;
} screens[] = {
    { "opened", 80, 24, false, false },
    { "gate", 80, 24, false, false },
    { "gate", 120, 40, false, false },
    { "swapping", 80, 24, false, false },
    { "swapping", 80, 24, true, false },
    { "swapping", 120, 40, false, false },
    { "swapping", 200, 60, false, false },
    { "swapping", 200, 60, true, false },
    { "swapping", 150, 30, false, false },
    { "swapping", 60, 15, false, false },
    { "swapping", 20, 5, false, false },
    { "retrying", 80, 24, false, false },
    { "retry-held", 80, 24, false, false },
    { "failed", 120, 40, false, false },
    { "unknown", 80, 24, false, false },
    { "unknown", 60, 15, false, false },
    { "broken-glass", 80, 24, false, false },
    { "held", 80, 24, false, false },
    { "held", 120, 40, true, false },
    { "held", 20, 5, false, false },
    { "trigger", 80, 24, false, false },
    { "trigger", 120, 40, false, false },
    { "rolling-back", 120, 40, false, false },
    { "stale", 80, 24, false, false },
    { "stale", 120, 40, false, false },
    { "lost", 80, 24, false, false },
    { "halted", 80, 24, false, false },
    { "vote-dialog", 80, 24, false, false },
    { "vote-dialog", 120, 40, false, false },
    { "rollback-dialog", 80, 24, false, false },
    { "rollback-dialog", 60, 15, false, false },
    { "tick-dialog", 80, 24, false, false },
    { "no-return-dialog", 120, 40, false, false },
    { "killing", 80, 24, false, false },
    { "killing", 120, 40, false, false },
    { "terminating", 80, 24, false, false },
    { "refusal", 80, 24, false, false },
    { "help", 120, 40, false, false },
    { "witnessed", 80, 24, false, false },
    { "witnessed", 120, 40, false, false },
    { "unwitnessed", 80, 24, false, false },
    { "unwitnessed", 120, 40, false, false },
    { "alarmed", 80, 24, false, false },
    { "alarmed", 20, 5, false, false },
    { "alarmed", 120, 40, false, false },
    { "wanted", 79, 23, false, false },
    { "wanted", 20, 5, false, false },
    { "rolled-back", 80, 24, false, false },
    { "closed", 80, 24, false, false },
    { "witnessing", 80, 24, false, false },
    { "witnessing", 120, 40, false, false },
    { "witness-gone", 80, 24, false, false },
    { "witness-gone", 120, 40, false, false },
    { "witness-alarm", 80, 24, false, false },
    { "witness-alarm", 120, 40, false, false },
    { "numbers", 80, 24, false, false },
    { "numbers", 120, 40, false, false },
    { "pausing", 80, 24, false, false },
    { "pausing", 120, 40, false, false },
    { "items-rollback", 80, 24, false, false },
    { "items-rollback", 60, 15, false, false },
    { "few-items-rollback", 80, 24, false, false },
    { "fresh", 80, 24, false, false },
    { "foreseen", 80, 24, false, false },
    { "foreseen", 120, 40, false, false },
    { "unforeseen", 80, 24, false, false },
    { "rehearsed", 80, 24, false, false },
    { "rehearsed", 120, 40, false, false },
    { "awaiting", 80, 24, false, false },
    { "awaiting", 120, 40, false, false },
    { "awaited", 80, 24, false, false },
    { "two-services", 80, 24, false, false },
    { "two-services", 120, 40, false, false },
    { "items", 80, 24, false, false },
    { "items", 120, 40, false, false },
    { "failed", 80, 24, false, true },
    { "held", 60, 15, false, true },
    { "rolling-back", 120, 40, false, true },
    { "rolling-back", 120, 40, true, true },
};

static void check(const char *path, const char *got)
{
    struct err err = ERR_INIT;
    const char *mode = getenv("TMINUS_GOLDEN");
    if (mode != NULL && strcmp(mode, "write") == 0) {
        assert_int_equal(file_write(path, got, strlen(got), 0644, &err), 0);
        return;
    }
    struct buf want;
    buf_init(&want, 1024 * 1024);
    if (file_read(path, &want, &err) < 0)
        fail_msg("%s", err.message);
    if (strcmp(buf_str(&want), got) != 0) {
        fprintf(stderr, "%s\n--- wanted\n%s--- got\n%s", path, buf_str(&want), got);
        fail_msg("%s differs", path);
    }
    buf_finish(&want);
}

/* What a second engineer sees. */
static const struct {
    const char *moment;
    int columns, rows;
} watched[] = {
    { "wanted", 80, 24 },
    { "wanted", 120, 40 },
    { "opened", 80, 24 },
};

static void test_watched(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(watched); i++) {
        char path[512];
        struct scene *scene = moment_watch(watched[i].moment);
        assert_non_null(scene);
        (void)snprintf(path, sizeof(path), "%s/watched-%s-%dx%d.txt", GOLDEN_DIR, watched[i].moment,
                       watched[i].columns, watched[i].rows);
        check(path, scene_draw(scene, watched[i].rows, watched[i].columns));
        scene_destroy(scene);
    }
}

static void test_screens(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(screens); i++) {
        char path[512];
        struct scene *scene =
            (screens[i].replay ? moment_replay : moment_play)(screens[i].moment, screens[i].ascii);
        assert_non_null(scene);
        (void)snprintf(path, sizeof(path), "%s/%s%s-%dx%d%s.txt", GOLDEN_DIR,
                       screens[i].replay ? "replay-" : "", screens[i].moment, screens[i].columns,
                       screens[i].rows, screens[i].ascii ? "-ascii" : "");
        check(path, scene_draw(scene, screens[i].rows, screens[i].columns));
        scene_destroy(scene);
    }
}

/* In ASCII nothing else than ASCII is on the screen, whatever the moment. */
static void test_ascii(void **state)
{
    (void)state;
    for (size_t i = 0; i < moment_count(); i++) {
        struct scene *scene = moment_play(moment_name(i), true);
        for (const char *at = scene_draw(scene, 40, 120); *at != '\0'; at++)
            assert_true((unsigned char)*at < 0x80);
        scene_destroy(scene);
    }
}

/* What an operator must see at every size: step, state, clock, latest safe decision, point of no return,
 * HOLD. */
static void test_always_there(void **state)
{
    (void)state;
    static const struct {
        int columns, rows;
    } sizes[] = { { 80, 24 }, { 81, 25 }, { 100, 24 }, { 120, 40 }, { 140, 30 }, { 200, 60 }, { 300, 100 } };
    static const char *const words[] = { "9/14",     "RUNNING", "02:06:04Z",  "39:56",
                                         "02:40:29", "HOLD",    "swap-column" };
    struct scene *scene = moment_play("swapping", false);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        const char *text = scene_draw(scene, sizes[i].rows, sizes[i].columns);
        for (size_t k = 0; k < ARRAY_LEN(words); k++) {
            if (strstr(text, words[k]) == NULL)
                fail_msg("%dx%d: no %s", sizes[i].columns, sizes[i].rows, words[k]);
        }
        assert_true(strstr(text, "PNR 11") != NULL || strstr(text, "NO RETURN at") != NULL);
    }
    scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screens),
        cmocka_unit_test(test_watched),
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_always_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
