#include <stdio.h>

#include "app.h"
#include "cmd.h"
#include "dry_run.h"
#include "launch.h"

int cmd_dry_run(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct launch_options launch = { 0 };
    struct option_list params = { 0 };
    const struct option_row options[] = {
        { "--targets", OPTION_VALUE, &launch.targets },
        { "--param", OPTION_LIST, &params },
        { NULL, OPTION_FLAG, NULL },
    };
    struct arguments arguments;
    struct buf report;
    const struct book *book;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    buf_init(&report, REPORT_MAX);
    if (r == 0)
        r = arguments_count(&arguments, 1, 1, "dry-run", &err);
    if (r == 0) {
        launch.book = arguments.list[0];
        launch.param_count = params.count;
        r = parse_params(arena, params.items, params.count, &launch.params, &err);
    }
    if (r == 0)
        r = launch_show(arena, &launch, &book, &report, &err);
    if (r == 0)
        print_book(book);
    (void)fputs(buf_str(&report), stderr);
    buf_finish(&report);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
