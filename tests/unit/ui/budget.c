/*
 * A book of a thousand steps: what a frame costs, and what the screen keeps.
 */
#include "unit.h"

#include <malloc.h>
#include <time.h>

#include "base/file.h"
#include "scene.h"

#define STEPS          1000
#define PHASES         10
#define FRAMES         200
#define FRAME_US_MAX   5000 /* the aim is 1,000; sanitizers and a busy machine take their part */
#define BYTES_KEPT_MAX (4 * 1024 * 1024)

static void write_book(const char *path)
{
    struct buf book;
    struct err err = ERR_INIT;
    buf_init(&book, JSON_MAX_BYTES);
    buf_text(&book,
             "{\"tminus\":1,\"id\":\"big\",\"title\":\"A thousand steps\",\"window\":{\"length\":\"4h\"},"
             "\"targets\":{\"primary\":{\"engine\":\"postgresql\",\"role\":\"primary\"}},"
             "\"roles\":{\"operator\":{}},"
             "\"monitors\":[{\"id\":\"lag\",\"kind\":\"lag\",\"target\":\"primary\"},"
             "{\"id\":\"locks\",\"kind\":\"locks\",\"target\":\"primary\"},"
             "{\"id\":\"old\",\"kind\":\"transactions\",\"target\":\"primary\"},"
             "{\"id\":\"work\",\"kind\":\"progress\",\"target\":\"primary\"}],\"phases\":[");
    for (int phase = 0; phase < PHASES; phase++) {
        buf_format(&book,
                   "%s{\"id\":\"phase-%d\",\"kind\":\"migrate\",\"title\":\"Phase "
                   "%d\",\"parallel\":true,\"steps\":[",
                   phase > 0 ? "," : "", phase, phase);
        for (int i = 0; i < STEPS / PHASES; i++)
            buf_format(&book,
                       "%s{\"id\":\"step-%d-%d\",\"kind\":\"sql\",\"target\":\"primary\",\"title\":\"Step\","
                       "\"sql\":\"UPDATE t SET a = 1 WHERE id = "
                       "%d\",\"estimate\":\"10s\",\"rollback\":[{\"kind\":\"sql\","
                       "\"sql\":\"UPDATE t SET a = 0 WHERE id = %d\"}]}",
                       i > 0 ? "," : "", phase, i, i, i);
        buf_text(&book, "]}");
    }
    buf_text(&book, "]}");
    assert_false(book.overflow);
    assert_int_equal(file_write(path, buf_str(&book), book.len, 0600, &err), 0);
    buf_finish(&book);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct scene *big_scene(void)
{
    char path[] = "/tmp/ui-budget-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    write_book(path);
    struct scene *scene = scene_create(&(struct scene_options){ .book = path });
    (void)remove(path);
    scene_quiet(scene, 400);
    for (int i = 0; i < 50; i++) {
        const char *step = scene->book->steps[i].id;
        (void)scene_do(scene, "mia", VERB_START, step, CHOICE_NONE, NULL);
        scene_wait(scene, SECOND_US);
        scene_end(scene, step, OUTCOME_OK, NULL, NULL);
    }
    return scene;
}

static void test_frame(void **state)
{
    (void)state;
    struct scene *scene = big_scene();
    static const struct {
        int rows, columns;
    } sizes[] = { { 24, 80 }, { 40, 120 }, { 60, 200 } };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        canvas_resize(&scene->canvas, sizes[i].rows, sizes[i].columns);
        double begin = seconds();
        for (int k = 0; k < FRAMES; k++)
            ui_draw(scene->ui, &scene->canvas, scene->now);
        double each_us = (seconds() - begin) / FRAMES * 1e6;
        printf("%dx%d: %.0f us a frame\n", sizes[i].columns, sizes[i].rows, each_us);
        assert_true(each_us < FRAME_US_MAX);
    }
    scene_destroy(scene);
}

/* What the ui itself keeps does not grow with what happens. */
static void test_memory(void **state)
{
    (void)state;
    struct scene *scene = big_scene();
    size_t before = mallinfo2().uordblks;
    struct ui *ui = ui_create(&(struct ui_options){ .me = "mia" });
    ui_set_run(ui, scene->run, "big");
    struct event note = { .type = EVENT_RUN_NOTE,
                          .at = scene->now,
                          .actor = "mia",
                          .text = "something of ordinary length that was said about a step and its output" };
    char chunk[8192];
    memset(chunk, 'x', sizeof(chunk));
    chunk[100] = chunk[200] = chunk[300] = '\n';
    for (int i = 0; i < 20000; i++) {
        ui_event(ui, &note, true);
        if (i % 10 == 0)
            ui_output(ui, "step", chunk, sizeof(chunk));
    }
    canvas_resize(&scene->canvas, 60, 200);
    ui_draw(ui, &scene->canvas, scene->now);
    size_t kept = mallinfo2().uordblks - before;
    printf("%zu bytes kept\n", kept);
    assert_true(kept < BYTES_KEPT_MAX);
    ui_destroy(ui);
    scene_destroy(scene);
}

/* A second in which nothing happens changes few cells: the clocks, and what counts time. */
static void test_quiet(void **state)
{
    (void)state;
    struct scene *scene = moment_play("gate", false);
    struct canvas before;
    canvas_init(&before);
    canvas_resize(&before, 40, 120);
    canvas_resize(&scene->canvas, 40, 120);
    ui_draw(scene->ui, &before, scene->now);
    size_t changed = 0;
    for (int second = 0; second < 30; second++) {
        scene_wait(scene, SECOND_US);
        scene_lag(scene, 0.002 + 0.001 * (second % 5));
        scene_locks(scene, 0);
        scene_transactions(scene, 0);
        scene_progress(scene, 0);
        ui_draw(scene->ui, &scene->canvas, scene->now);
        for (int i = 0; i < 40 * 120; i++)
            changed += before.cells[i].rune != scene->canvas.cells[i].rune;
        memcpy(before.cells, scene->canvas.cells, 40 * 120 * sizeof(struct cell));
    }
    printf("%zu cells change a second\n", changed / 30);
    assert_true(changed / 30 < 40);
    canvas_finish(&before);
    scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
