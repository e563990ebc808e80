#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd.h"
#include "confirm.h"
#include "identity.h"
#include "launch.h"
#include "live.h"
#include "tools.h"

struct run_arguments {
    struct launch_options launch;
    struct option_list params;
    struct confirmation confirmation;
    const char *resume, *theme;
    bool no_screen, ascii;
};

/* What was frozen is carried on with: whoever says something else must not think that it counts. */
static int check_resume(const struct run_arguments *arguments, struct err *err)
{
    const struct launch_options *launch = &arguments->launch;

    if (launch->targets || launch->audit || launch->policy || launch->witness || launch->as ||
        launch->environment || launch->certificate || launch->unrehearsed || arguments->confirmation.given ||
        arguments->params.count > 0)
        return err_set(
            err, ERR_USAGE,
            "--resume goes on with what was frozen: it takes no --targets, --param, --audit, "
            "--witness, --policy, --as, --environment, --certificate, --without-certificate and --confirm");
    return 0;
}

static int check_certificate(const struct launch_options *launch, struct err *err)
{
    const char *reason = launch->unrehearsed;

    if (launch->certificate && reason)
        return err_set(err, ERR_USAGE, "--certificate or --without-certificate, not both");
    if (reason && reason[strspn(reason, " \t\n")] == '\0')
        return err_set(err, ERR_USAGE, "--without-certificate wants a reason: it stands in the trail");
    return 0;
}

static int parse(struct arena *arena, int argc, char **argv, struct run_arguments *ret, struct err *err)
{
    const struct option_row options[] = {
        { "--targets", OPTION_VALUE, &ret->launch.targets },
        { "--param", OPTION_LIST, &ret->params },
        { "--audit", OPTION_VALUE, &ret->launch.audit },
        { "--witness", OPTION_VALUE, &ret->launch.witness },
        { "--as", OPTION_VALUE, &ret->launch.as },
        { "--policy", OPTION_VALUE, &ret->launch.policy },
        { "--key", OPTION_VALUE, &ret->launch.key },
        { "--environment", OPTION_VALUE, &ret->launch.environment },
        { "--certificate", OPTION_VALUE, &ret->launch.certificate },
        { "--without-certificate", OPTION_VALUE, &ret->launch.unrehearsed },
        { "--confirm", OPTION_VALUE, &ret->confirmation.given },
        { "--no-screen", OPTION_FLAG, &ret->no_screen },
        { "--resume", OPTION_VALUE, &ret->resume },
        { "--theme", OPTION_VALUE, &ret->theme },
        { "--ascii", OPTION_FLAG, &ret->ascii },
        { NULL, OPTION_FLAG, NULL },
    };
    struct arguments arguments;
    int r = arguments_parse(argc, argv, options, &arguments, err);

    if (r == 0)
        r = arguments_count(&arguments, ret->resume ? 0 : 1, ret->resume ? 0 : 1, "run", err);
    if (r == 0)
        r = identity_key(arena, ret->launch.key, &ret->launch.key, err);
    if (r == 0)
        r = check_certificate(&ret->launch, err);
    ret->launch.goes_by_policy = true;
    ret->confirmation.can_ask = !ret->no_screen;
    if (r == 0 && ret->resume)
        return check_resume(ret, err);
    if (r < 0)
        return r;
    ret->launch.book = arguments.list[0];
    ret->launch.param_count = ret->params.count;
    return parse_params(arena, ret->params.items, ret->params.count, &ret->launch.params, err);
}

/* What is to be begun, from the first frame on. */
struct beginning {
    const struct launch_options *launch;
    const struct confirmation *confirmation;
    struct buf report; /* faults of the book, told when the screen is gone */
    struct arena *arena;
    bool resume;
    const struct book *book; /* of a new run */
    struct frozen frozen;
};

/* The run to take up, or what a new one is made of. */
static int prepare(const struct run_arguments *arguments, struct beginning *beginning, struct err *err)
{
    struct arena *arena = beginning->arena;
    struct rundir_entry entry;
    int r;

    beginning->resume = arguments->resume != NULL;
    beginning->launch = &arguments->launch;
    beginning->confirmation = &arguments->confirmation;
    if (!arguments->resume)
        return launch_look(arena, &arguments->launch, &beginning->frozen, err);
    r = rundir_find(arena, arguments->resume, false, &entry, err);
    if (r == 0 && entry.live)
        return err_set(err, ERR_BUSY, "a runner is at work on %s: `tminus attach %s`", entry.run, entry.run);
    return r < 0 ? r : rundir_read(arena, entry.dir, &beginning->frozen, err);
}

/* A run that could not begin leaves nothing: it has no journal, so nothing happened. */
static void forget_if_nothing_happened(const struct beginning *beginning)
{
    const char *dir = beginning->frozen.dir;

    if (beginning->resume || access(rundir_path(beginning->arena, dir, "journal"), F_OK) == 0)
        return;
    /* What could not begin is what is reported; a directory that stays is no run, for it has no journal. */
    if (dir_remove(dir, NULL) < 0)
        return;
}

/* What has to be right before anything is frozen. */
static int load(struct beginning *beginning, struct err *err)
{
    const struct frozen *frozen = &beginning->frozen;
    int r =
        launch_load(beginning->arena, beginning->launch, frozen, &beginning->book, &beginning->report, err);

    if (r == 0)
        r = tools_check(beginning->book, err);
    return r < 0 ? r : confirm_book(beginning->confirmation, beginning->book, frozen->environment, err);
}

static int start_runner(void *data, struct live_options *screen, struct err *err)
{
    struct beginning *beginning = data;
    struct frozen *frozen = &beginning->frozen;
    int r = 0;

    if (!beginning->resume && !beginning->book)
        r = load(beginning, err);
    if (r == 0 && !beginning->resume)
        r = launch_freeze(beginning->arena, beginning->book, frozen, err);
    if (r < 0)
        return r;
    screen->dir = frozen->dir;
    screen->title = frozen->run;
    r = launch_start(frozen->dir, beginning->resume, beginning->launch->key, &screen->answer, err);
    if (r < 0)
        forget_if_nothing_happened(beginning);
    return r;
}

static int begin(const struct run_arguments *arguments, struct beginning *beginning, struct err *err)
{
    struct live_options screen = { .name = beginning->frozen.operator,
                                   .key = arguments->launch.key,
                                   .title =
                                       beginning->resume ? beginning->frozen.run : arguments->launch.book,
                                   .theme = arguments->theme,
                                   .ascii = arguments->ascii,
                                   .answer = -1,
                                   .begin = start_runner,
                                   .data = beginning };
    int r;

    if (!arguments->no_screen) {
        r = live_run(&screen, err);
        if (r < 0 && screen.dir)
            forget_if_nothing_happened(beginning);
        return r;
    }
    r = start_runner(beginning, &screen, err);
    if (r < 0)
        return r;
    r = launch_wait(screen.answer, err);
    if (r < 0)
        forget_if_nothing_happened(beginning);
    else
        puts(beginning->frozen.run);
    return r;
}

int cmd_run(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct beginning beginning = { .arena = arena };
    struct run_arguments arguments;
    struct err err = ERR_INIT;
    int r;

    buf_init(&beginning.report, REPORT_MAX);
    memset(&arguments, 0, sizeof(arguments));
    r = parse(arena, argc, argv, &arguments, &err);
    if (r == 0 && !arguments.no_screen && !isatty(STDIN_FILENO))
        r = err_set(&err, ERR_USAGE, "this is no terminal: say --no-screen, and use `tminus do`");
    if (r == 0)
        r = prepare(&arguments, &beginning, &err);
    /* Who is asked is asked before the screen takes the terminal. */
    if (r == 0 && !beginning.resume && confirm_asks(beginning.confirmation, beginning.frozen.environment))
        r = load(&beginning, &err);
    if (r == 0)
        r = begin(&arguments, &beginning, &err);
    if (r == 0 && !arguments.no_screen)
        printf("%s: the run goes on without this screen (`tminus attach %s`, `tminus status %s`)\n",
               beginning.frozen.run, beginning.frozen.run, beginning.frozen.run);
    (void)fputs(buf_str(&beginning.report), stderr);
    buf_finish(&beginning.report);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
