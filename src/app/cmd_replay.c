#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "cmd.h"
#include "replay.h"

static int take_speed(const char *text, double *ret, struct err *err)
{
    char *end;

    *ret = strtod(text, &end);
    if (end != text && *end == '\0' && *ret >= REPLAY_SPEED_MIN && *ret <= REPLAY_SPEED_MAX)
        return 0;
    return err_set(err, ERR_USAGE, "--speed is a number from %g to %g, as in 8: not \"%s\"", REPLAY_SPEED_MIN,
                   REPLAY_SPEED_MAX, text);
}

static int take_seq(const char *text, uint64_t *ret, struct err *err)
{
    size_t len = strlen(text);

    if (len == 0 || len > 15 || strspn(text, "0123456789") != len)
        return err_set(err, ERR_USAGE, "--at is the number of a record, as in 120: not \"%s\"", text);
    *ret = strtoull(text, NULL, 10);
    return 0;
}

int cmd_replay(int argc, char **argv)
{
    struct replay_options replay = { .speed = 1 };
    const char *speed = NULL, *at = NULL;
    const struct option_row options[] = {
        { "--speed", OPTION_VALUE, &speed },
        { "--at", OPTION_VALUE, &at },
        { "--theme", OPTION_VALUE, &replay.theme },
        { "--ascii", OPTION_FLAG, &replay.ascii },
        { NULL, OPTION_FLAG, NULL },
    };
    struct arguments arguments;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 1, 1, "replay", &err);
    if (r == 0 && speed)
        r = take_speed(speed, &replay.speed, &err);
    if (r == 0 && at)
        r = take_seq(at, &replay.at, &err);
    if (r == 0 && !isatty(STDIN_FILENO))
        r = err_set(&err, ERR_USAGE, "this is no terminal: use `tminus log`");
    if (r == 0) {
        replay.where = arguments.list[0];
        replay.stopped = at != NULL;
        r = replay_run(&replay, &err);
    }
    return r < 0 ? fail(&err) : 0;
}
