#include "app.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"

#define COMMANDS_MAX 32

/* In the order in which they are met. */
const struct command all_commands[] = {
    { "demo", false, "[--keep] [--theme NAME] [--ascii]",
      "a throwaway pair of servers, a book and live load; with no terminal, a scripted operator" },
    { "check", true,
      "BOOK... [--targets FILE] [--param K=V]... [--online] [--schema FILE]\n"
      "         [--format text|json|sarif] [--strict]",
      "what would go wrong on the night: statements that lock or rewrite, plans with holes, gates that "
      "nobody can\n"
      "         satisfy; fails when there is an error, with --strict also when there is a warning" },
    { "explain", true, "[CODE] [--format text|man]",
      "what a finding of check means and what to do instead; without a code, all of them" },
    { "dry-run", true, "BOOK [--targets FILE] [--param K=V]...",
      "everything that would be executed, in order; executes nothing, connects to nothing" },
    { "show", true, "BOOK [--format markdown|html] [--targets FILE] [--param K=V]...",
      "the book for people: risks, timeline, who decides what, every step, and the way back" },
    { "locks", true,
      "[FILE|-] --engine postgresql@15|mysql@8.0|mariadb@10.11 [--schema FILE] [--transaction]\n"
      "             [--format text|json]",
      "what each statement of an SQL script locks, rewrites and reads whole, and what to write instead" },
    { "rehearse", true,
      "BOOK --targets FILE [--midpoints all|none|STEP,...] [--twice]\n"
      "             [--certificate FILE] [--key FILE] [--param K=V]... [--restore COMMAND]\n"
      "             [--answer STEP=TEXT]... [--answer-all TEXT] [--limit TIME] [--audit DIR]\n"
      "             [--witness REMOTE] [--json]",
      "carries a book out with nobody there, on servers that nobody depends on, to each midpoint and back: "
      "afterwards\n"
      "         they have to be what they were" },
    { "run", false,
      "BOOK [--targets FILE] [--param K=V]... [--audit DIR] [--witness REMOTE]\n"
      "             [--policy FILE] [--key FILE] [--as NAME] [--environment live|staging|rehearsal]\n"
      "             [--certificate FILE | --without-certificate REASON]\n"
      "             [--confirm ID] [--no-screen] [--theme NAME] [--ascii]\n"
      "         or run --resume RUN [--key FILE] [--no-screen] [--theme NAME] [--ascii]",
      "begin a run and attach to it, or take one up again after a crash; one that is live wants the book's "
      "id,\n"
      "         typed or with --confirm" },
    { "attach", false, "[RUN] [--watch] [--as NAME] [--key FILE] [--theme NAME] [--ascii]",
      "a screen on a live run; --watch may hold, tick and vote, not execute" },
    { "do", false, "[RUN] ACTION ... [--as NAME] [--watch] [--key FILE]",
      "one action without a screen; `tminus do help` lists them" },
    { "approve", true,
      "REPOSITORY:RUN GATE go|no-go --key FILE [--role ROLE] [--reason TEXT]\n"
      "             [--push REMOTE] [--policy FILE]",
      "a vote from another clone of the trail: shows what is approved, signs it, stores it, pushes it" },
    { "status", true, "[RUN] [--json] [--follow]",
      "where a run stands; --follow tells what happens as it happens" },
    { "runs", true, "[--json]", "all runs with their state" },
    { "log", true, "[RUN|REPO:RUN] [--format text|json|cast] [--size COLUMNSxROWS] [--theme NAME]",
      "the records of a run; as a cast, a film of the screen for asciinema" },
    { "replay", false, "RUN|REPO:RUN [--speed N] [--at SEQ] [--theme NAME] [--ascii]",
      "the screen as it was: play, pause, step, search, jump to decisions, failures and triggers" },
    { "report", true, "RUN|REPO:RUN [--format markdown|html] [-o FILE]",
      "what happened in a run, for who was not there and for the post-mortem: timeline, estimates against\n"
      "         what it took, lag, locks, decisions, overrides, rollbacks, the book's questions" },
    { "verify", true,
      "RUN|REPO[:RUN] [--signers POLICY|none] [--head HASH] [--open] [--json]\n"
      "         or verify --certificate FILE [--signers POLICY|none] [--json]",
      "whether a trail is what was written, every byte, record and signature of it; or what the\n"
      "         certificate of a rehearsal says, and who has signed it" },
    { "schema", false, "",
      "the shape of a book as a JSON Schema, for editors and for programs that make books" },
    { "lab", false, "up KIND|down [KIND]|status [KIND] [--dir DIR] [--load] [--json]",
      "throwaway servers for rehearsals and demos; prints a targets file. KIND is pg-pair, a primary and "
      "its\n"
      "         replica; pg-upgrade, a PostgreSQL 12 and the later one that it moves to; or mariadb-pair, a\n"
      "         MariaDB and its replica" },
    { NULL, false, NULL, NULL },
};

const struct command *command_find(const char *name)
{
    for (const struct command *row = all_commands; row->name; row++) {
        if (text_equal(row->name, name))
            return row;
    }
    return NULL;
}

const char *command_nearest(const char *name)
{
    const char *names[COMMANDS_MAX];
    size_t count = 0;

    for (const struct command *row = all_commands; row->name && count < COMMANDS_MAX; row++)
        names[count++] = row->name;
    return text_nearest(name, names, count);
}

/* Standard output is a pipe or a socket that nobody reads from any more. */
static bool is_reader_gone(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

int said(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    /* Who read has seen enough (`tminus log | head`): what was asked for was done all the same. */
    if (is_reader_gone())
        return status;
    (void)fprintf(stderr, "tminus: standard output cannot be written\n");
    return status != 0 ? status : 1;
}

int handler_run(const struct handler *handlers, int argc, char **argv)
{
    for (const struct handler *row = handlers; row->name; row++) {
        if (!text_equal(row->name, argv[1]))
            continue;
        return said(row->run(argc - 1, argv + 1));
    }
    return -1;
}
