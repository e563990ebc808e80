/* tminus: the screen and the client. What needs the journal, a server or the trail is the runner's program.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/text.h"
#include "cmd.h"
#include "term/term.h"

static const struct handler handlers[] = {
    { "attach", cmd_attach }, { "demo", cmd_demo }, { "do", cmd_do },         { "lab", cmd_lab },
    { "replay", cmd_replay }, { "run", cmd_run },   { "schema", cmd_schema }, { NULL, NULL },
};

static int help(void)
{
    puts("tminus takes an operator through a database cutover, step by step, and leaves a trail in git.\n");
    for (const struct command *row = all_commands; row->name; row++)
        printf("  tminus %s %s\n         %s\n", row->name, row->usage, row->summary);
    puts("\nExit status: 0 done; 1 refused, failed or found something; 2 usage; 3 the environment lacks "
         "something.");
    return said(0);
}

static int usage_of(const struct command *command)
{
    printf("usage: tminus %s %s\n\n%s\n", command->name, command->usage, command->summary);
    return said(0);
}

static int unknown(const char *name)
{
    const char *nearest = command_nearest(name);
    struct err err = ERR_INIT;

    if (nearest)
        err_set(&err, ERR_USAGE, "there is no command \"%s\"; did you mean \"%s\"?", name, nearest);
    else
        err_set(&err, ERR_USAGE, "there is no command \"%s\"; `tminus help` lists them", name);
    return fail(&err);
}

/* Becomes the runner's program, which knows the rest of the commands. */
static int hand_over(char **argv)
{
    struct arena *arena = arena_create();
    struct err err = ERR_INIT;
    const char *program;

    if (sibling_program(arena, "tminus-runner", &program, &err) < 0)
        return fail(&err);
    execv(program, argv);
    err_set_errno(&err, ERR_ENVIRONMENT, errno, "cannot run %s", program);
    return fail(&err);
}

/* Out of memory: the terminal first, then one line. What a run did is in its journal. */
static void on_exhausted(void)
{
    static const char line[] = "tminus: out of memory; a run that was attached goes on\n";

    term_restore();
    (void)!write(STDERR_FILENO, line, sizeof(line) - 1);
    _exit(3);
}

int main(int argc, char **argv)
{
    const struct command *command;

    standard_streams_hold();
    setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN);
    mem_on_exhausted(on_exhausted);
    if (argc < 2) {
        (void)help();
        return 2;
    }
    if (text_equal(argv[1], "help") || text_equal(argv[1], "--help") || text_equal(argv[1], "-h"))
        return help();
    if (text_equal(argv[1], "--version")) {
        puts("tminus " TMINUS_VERSION);
        return said(0);
    }
    command = command_find(argv[1]);
    if (!command)
        return unknown(argv[1]);
    if (argc > 2 && text_equal(argv[2], "--help"))
        return usage_of(command);
    return command->by_runner ? hand_over(argv) : handler_run(handlers, argc, argv);
}
