/* tminus-runner: what holds a run, and the commands that read its journal. Started by tminus. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "cmd.h"

static const struct handler handlers[] = {
    { "approve", cmd_approve }, { "check", cmd_check },       { "dry-run", cmd_dry_run },
    { "explain", cmd_explain }, { "feed", cmd_feed },         { "locks", cmd_locks },
    { "log", cmd_log },         { "rehearse", cmd_rehearse }, { "report", cmd_report },
    { "runs", cmd_runs },       { "serve", cmd_serve },       { "show", cmd_show },
    { "status", cmd_status },   { "verify", cmd_verify },     { NULL, NULL },
};

static void on_exhausted(void)
{
    static const char line[] =
        "tminus: out of memory; what was done is in the journal, take the run up with --resume\n";

    (void)!write(STDERR_FILENO, line, sizeof(line) - 1);
    _exit(3);
}

/* Looking up host names, cancelling and publishing block the threads of one pool; of libuv's four, a name
 * server that does not answer could take all, and then nothing could be cancelled. Read when the pool is
 * first used. */
static void pool_widen(void)
{
    (void)setenv("UV_THREADPOOL_SIZE", "64", 0); /* without it the pool is narrow, not wrong */
}

int main(int argc, char **argv)
{
    int status;

    pool_widen();
    standard_streams_hold();
    (void)signal(SIGPIPE, SIG_IGN);
    /* A file-size limit is an error of a write, not the end of a run. */
    (void)signal(SIGXFSZ, SIG_IGN);
    mem_on_exhausted(on_exhausted);
    status = argc < 2 ? -1 : handler_run(handlers, argc, argv);
    if (status < 0) {
        (void)fprintf(stderr, "tminus-runner is started by tminus; `tminus help` lists the commands\n");
        return 2;
    }
    return status;
}
