/*
 * Shows a moment of a cutover on this terminal and takes keys: `show MOMENT [--ascii] [--theme FILE]`. What
 * the screen asks for is carried out on the scene. For people who change the screen.
 */
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ui/scene.h"
#include "base/file.h"
#include "term/term.h"

static const struct theme *load_theme(struct arena *arena, const char *path)
{
    struct buf text;
    buf_init(&text, JSON_MAX_BYTES);
    struct err err = ERR_INIT;
    struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
    json_faults_init(faults, arena);
    const struct theme *theme = NULL;
    if (file_read(path, &text, &err) == 0)
        theme = theme_load(arena, buf_str(&text), text.len, faults);
    buf_finish(&text);
    return theme;
}

static bool handle_keys(struct scene *scene)
{
    struct ui_key key;
    bool gone = false;
    while (term_key(&key, &gone)) {
        ui_key(scene->ui, &key, scene->now);
        for (;;) {
            struct ui_request request = ui_request(scene->ui);
            if (request.type == UI_REQUEST_NONE)
                break;
            if (request.type == UI_REQUEST_DETACH)
                return false;
            if (request.type == UI_REQUEST_REPAINT)
                term_invalidate();
            if (request.type == UI_REQUEST_FLUSH_INPUT)
                term_flush_input();
            if (request.type != UI_REQUEST_ACTION)
                continue;
            struct input input = { .type = INPUT_ACTION, .action = request.action };
            int r = scene_input(scene, &input);
            ui_reply(scene->ui, r < 0 ? scene->refusal.message : NULL);
        }
    }
    return !gone;
}

int main(int argc, char **argv)
{
    bool ascii = false;
    const char *theme_path = NULL;
    for (int i = 2; i < argc; i++) {
        ascii = ascii || strcmp(argv[i], "--ascii") == 0;
        if (strcmp(argv[i], "--theme") == 0 && i + 1 < argc)
            theme_path = argv[++i];
    }
    struct scene *scene = argc > 1 ? moment_play(argv[1], ascii || !term_is_utf8()) : NULL;
    if (scene == NULL)
        return 2;
    struct term_options options = { .no_color = getenv("NO_COLOR") != NULL,
                                    .theme = theme_path != NULL ? load_theme(scene->arena, theme_path)
                                                                : theme_monochrome() };
    struct err err = ERR_INIT;
    if (term_open(&options, &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    struct instant begin = clock_now();
    struct instant from = scene->now;
    int64_t second = 0;
    for (;;) {
        int rows, columns;
        struct instant real = clock_now();
        int64_t passed_us = real.boot_us - begin.boot_us;
        while (second < passed_us / SECOND_US) {
            second++;
            scene->now =
                (struct instant){ from.wall_us + second * SECOND_US, from.boot_us + second * SECOND_US };
            scene_lag(scene, 0.3 + 0.05 * (double)(second % 5));
            scene_locks(scene, 0);
            scene_transactions(scene, 0);
            scene_progress(scene, 0);
        }
        term_size(&rows, &columns);
        if (scene->canvas.rows != rows || scene->canvas.columns != columns)
            canvas_resize(&scene->canvas, rows, columns);
        ui_draw(scene->ui, &scene->canvas, scene->now);
        if (ui_bell(scene->ui))
            term_bell();
        if (term_paint(&scene->canvas, &err) < 0)
            break;
        struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
        (void)poll(&input, 1, 200);
        if (!handle_keys(scene))
            break;
    }
    term_close();
    scene_destroy(scene);
    return 0;
}
