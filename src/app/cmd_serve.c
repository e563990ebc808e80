#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/text.h"
#include "cmd.h"
#include "rehearsed.h"
#include "runner/runner.h"

/* The one who started us reads this line, and then no more. */
static void answer(const char *line)
{
    (void)puts(line);
    (void)fflush(stdout);
    (void)freopen("/dev/null", "w", stdout);
}

static void on_ready(void *data)
{
    (void)data;
    answer("ready");
}

static int serve(struct arena *arena, const char *dir, bool resume, const char *key, struct err *err)
{
    struct runner_options options = {
        .resume = resume, .key = key, .version = TMINUS_VERSION, .ready = on_ready
    };
    struct frozen frozen;
    int lock, r;

    r = rundir_read(arena, dir, &frozen, err);
    if (r == 0)
        r = frozen_book(arena, &frozen, &options.book, err);
    if (r == 0)
        r = rundir_lock(dir, &lock, err);
    if (r < 0)
        return r;
    options.frozen = &frozen;
    if (!resume)
        r = rehearsed_begin(arena, &frozen, options.book, clock_now(), &options.note, err);
    if (r == 0)
        r = runner_serve(&options, err);
    close(lock);
    return r;
}

int cmd_serve(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct err err = ERR_INIT;
    const char *key = NULL;
    bool resume = false;
    char line[ERR_MESSAGE_MAX + 32];
    int status = 0;

    for (int i = 2; i < argc; i++) {
        if (text_equal(argv[i], "--resume"))
            resume = true;
        else if (text_equal(argv[i], "--key") && i + 1 < argc)
            key = argv[++i];
    }
    if (argc < 2 || serve(arena, argv[1], resume, key, &err) < 0) {
        status = err.code < 0 ? err_exit_status(err.code) : 2;
        (void)fprintf(stderr, "tminus: %s\n", err.message);
        /* Cut at the size of a message and of a line. */
        (void)snprintf(line, sizeof(line), "failed %d %s", status, err.message);
        answer(line);
    }
    arena_destroy(arena);
    return status;
}
