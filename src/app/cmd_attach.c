#include <string.h>
#include <unistd.h>

#include "app.h"
#include "cmd.h"
#include "identity.h"
#include "live.h"
#include "wire/rundir.h"

int cmd_attach(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct live_options screen = { .answer = -1 };
    const char *as = NULL, *key = NULL;
    const struct option_row options[] = {
        { "--watch", OPTION_FLAG, &screen.watch }, { "--as", OPTION_VALUE, &as },
        { "--key", OPTION_VALUE, &key },           { "--theme", OPTION_VALUE, &screen.theme },
        { "--ascii", OPTION_FLAG, &screen.ascii }, { NULL, OPTION_FLAG, NULL },
    };
    struct arguments arguments;
    struct rundir_entry entry;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 0, 1, "attach", &err);
    if (r == 0 && !isatty(STDIN_FILENO))
        r = err_set(&err, ERR_USAGE, "this is no terminal: use `tminus status --follow` and `tminus do`");
    if (r == 0)
        r = rundir_find(arena, arguments.count > 0 ? arguments.list[0] : NULL, true, &entry, &err);
    if (r == 0)
        r = identity_key(arena, key, &screen.key, &err);
    if (r == 0)
        r = identity_here(arena, entry.dir, screen.key, as, &screen.name, &err);
    if (r == 0) {
        screen.dir = entry.dir;
        screen.title = entry.run;
        r = live_run(&screen, &err);
    }
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
