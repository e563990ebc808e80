#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "cmd.h"
#include "lab.h"
#include "launch.h"
#include "live.h"
#include "scenes.h"

/* The scripted demonstration takes less than half of it. */
#define SCRIPT_LIMIT_US (110 * SECOND_US)
#define DEMO_OPERATOR   "mia"

struct demo {
    struct lab_options lab;
    char dir[LAB_DIR_MAX + 1]; /* of its own: two demonstrations of one user do not share servers */
    struct launch_options launch;
    struct frozen frozen;
    const char *theme;
    bool keep, ascii;
    bool over; /* the run has come to its end */
};

static int bring_up(struct arena *arena, struct demo *demo, struct err *err)
{
    struct buf targets, report;
    int r;

    (void)snprintf(demo->dir, sizeof(demo->dir), "/tmp/tminus-lab-%ld/demo-%ld", (long)getuid(),
                   (long)getpid());
    demo->lab.dir = demo->dir;
    demo->lab.load = true;
    (void)fprintf(stderr, "tminus: bringing up a throwaway PostgreSQL primary and replica, with load ...\n");
    r = lab_up(&demo->lab, err);
    if (r < 0)
        return r;
    buf_init(&targets, 4096);
    r = lab_targets(&demo->lab, &targets, err);
    demo->launch.targets = arena_text(arena, buf_str(&targets));
    buf_finish(&targets);
    if (r == 0)
        r = data_file(arena, "runbooks/demo.json", &demo->launch.book, err);
    demo->launch.as = DEMO_OPERATOR;
    demo->launch.environment = "rehearsal";
    if (r < 0)
        return r;
    buf_init(&report, REPORT_MAX);
    r = launch_prepare(arena, &demo->launch, &demo->frozen, &report, err);
    (void)fputs(buf_str(&report), stderr);
    buf_finish(&report);
    return r;
}

static int with_screen(struct demo *demo, struct err *err)
{
    struct live_options screen = { .dir = demo->frozen.dir,
                                   .name = DEMO_OPERATOR,
                                   .title = demo->frozen.run,
                                   .theme = demo->theme,
                                   .ascii = demo->ascii,
                                   .ret_over = &demo->over };
    int r = launch_start(demo->frozen.dir, false, NULL, &screen.answer, err);

    return r < 0 ? r : live_run(&screen, err);
}

static int with_script(struct demo *demo, struct err *err)
{
    int answer, r = launch_start(demo->frozen.dir, false, NULL, &answer, err);

    if (r == 0)
        r = launch_wait(answer, err);
    if (r == 0)
        r = scenes_play(demo->frozen.dir, SCRIPT_LIMIT_US, err);
    demo->over = r == 0;
    return r;
}

/* The servers go when nothing needs them any more. */
static int take_down(const struct demo *demo, struct err *err)
{
    if (demo->keep) {
        printf("the servers stay up: `tminus lab down --dir %s` ends them\n", demo->dir);
        return 0;
    }
    if (demo->over)
        return lab_down(&demo->lab, err);
    printf(
        "%s is not over: `tminus attach %s` goes on with it, `tminus lab down --dir %s` ends the servers\n",
        demo->frozen.run, demo->frozen.run, demo->dir);
    return 0;
}

static void print_trail(const struct demo *demo)
{
    printf("\nthe trail: %s, branch runs/%s\n", demo->frozen.audit, demo->frozen.run);
    printf("read it:   git -C %s log runs/%s\n", demo->frozen.audit, demo->frozen.run);
}

static int demonstrate(struct arena *arena, struct demo *demo, struct err *err)
{
    int r = bring_up(arena, demo, err), down;

    if (r < 0) {
        /* Why it could not begin is what is to be known; what is left of the servers says so by itself later.
         */
        down = lab_down(&demo->lab, NULL);
        return r;
    }
    r = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? with_screen(demo, err) : with_script(demo, err);
    print_trail(demo);
    down = take_down(demo, r < 0 ? NULL : err);
    return r < 0 ? r : down;
}

int cmd_demo(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct demo demo;
    const struct option_row options[] = {
        { "--keep", OPTION_FLAG, &demo.keep },
        { "--theme", OPTION_VALUE, &demo.theme },
        { "--ascii", OPTION_FLAG, &demo.ascii },
        { NULL, OPTION_FLAG, NULL },
    };
    struct arguments arguments;
    struct err err = ERR_INIT;
    int r;

    memset(&demo, 0, sizeof(demo));
    r = arguments_parse(argc, argv, options, &arguments, &err);
    if (r == 0)
        r = arguments_count(&arguments, 0, 0, "demo", &err);
    if (r == 0)
        r = demonstrate(arena, &demo, &err);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
