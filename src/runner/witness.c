#include "runner.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "runner/remote.h"

/*
 * The witness: a remote that gets every commit of the trail in which something was said, decided, held or
 * undone. One child at a time; what is published meanwhile goes with the next. Nothing waits for it but the
 * gates that ask for a witness, and they wait in the engine: here it is only told how the pushing went.
 */

#define BACKOFF_FIRST_US SECOND_US
#define BACKOFF_MAX_US   (10 * SECOND_US)

struct witness {
    struct runner *runner;
    const char *place, *branch, *note_path;
    struct remote_job *push;
    struct audit_tip published; /* the newest that could be pushed; seq 0: nothing yet */
    struct audit_tip pushing;   /* what the child is about */
    struct audit_tip pushed;    /* what the remote has taken; its commit may be of an earlier runner */
    bool wanted;                /* `published` has something that it should hold */
    bool gave_up;
    int64_t retry_boot_us, backoff_us;
};

/* ---- what was pushed last, for a runner that comes later ---- */

static void read_note(struct witness *witness)
{
    struct buf text;

    buf_init(&text, sizeof(witness->pushed.commit) - 1);
    /* Without it everything is pushed again, which changes nothing. */
    if (file_read(witness->note_path, &text, NULL) == 0)
        memcpy(witness->pushed.commit, buf_str(&text), text.len);
    buf_finish(&text);
}

static void write_note(const struct witness *witness)
{
    const char *commit = witness->pushed.commit;

    /* As above. */
    (void)!file_write(witness->note_path, commit, strlen(commit), 0600, NULL);
}

/* ---- pushing ---- */

static bool is_pushed(const struct witness *witness)
{
    return strcmp(witness->published.commit, witness->pushed.commit) == 0;
}

static void tell(struct witness *witness, enum choice choice, const char *text)
{
    struct input input = { .type = INPUT_WITNESS,
                           .now = clock_now(),
                           .choice = choice,
                           .seq = witness->pushed.seq,
                           .value = witness->pushed.head.hex,
                           .text = text };

    runner_take(witness->runner, &input);
}

static void later(struct witness *witness)
{
    witness->wanted = true;
    witness->retry_boot_us = clock_now().boot_us + witness->backoff_us;
    witness->backoff_us = witness->backoff_us * 2 > BACKOFF_MAX_US ? BACKOFF_MAX_US : witness->backoff_us * 2;
}

static void on_taken(struct witness *witness, bool created)
{
    bool lost = created && (witness->pushed.seq > 0 || witness->runner->run->witness.seq > 0);

    witness->pushed = witness->pushing;
    witness->backoff_us = BACKOFF_FIRST_US;
    witness->retry_boot_us = 0;
    write_note(witness);
    if (lost)
        runner_note(witness->runner, "the witness had lost the trail: it has all of it again");
    tell(witness, CHOICE_YES, NULL);
}

static void on_pushed(void *data, enum remote_outcome outcome, const char *why)
{
    struct witness *witness = data;

    witness->push = NULL;
    switch (outcome) {
    case REMOTE_HOLDS:
    case REMOTE_CREATED:
        on_taken(witness, outcome == REMOTE_CREATED);
        break;
    case REMOTE_DIVERGED:
        later(witness);
        tell(witness, CHOICE_UNKNOWN, why);
        break;
    case REMOTE_REFUSED:
    case REMOTE_UNREACHABLE:
        later(witness);
        tell(witness, CHOICE_NO, why);
        break;
    }
    witness_tick(witness, clock_now());
    runner_end_if_due(witness->runner);
}

static void start(struct witness *witness)
{
    const char *remote = witness->runner->options->frozen->witness;
    struct err err = ERR_INIT;

    witness->pushing = witness->published;
    witness->wanted = false;
    if (remote_push(&witness->runner->loop, witness->place, remote, witness->pushing.commit, witness->branch,
                    on_pushed, witness, &witness->push, &err) < 0) {
        later(witness);
        tell(witness, CHOICE_NO, err.message);
    }
}

void witness_tick(struct witness *witness, struct instant now)
{
    if (!witness || witness->push || witness->gave_up || witness->runner->finishing ||
        witness->published.seq == 0)
        return;
    if (witness->runner->ending && !is_pushed(witness))
        witness->wanted = true;
    if (witness->wanted && now.boot_us >= witness->retry_boot_us)
        start(witness);
}

void witness_published(struct witness *witness, const struct audit_tip *tip, bool wanted)
{
    if (!witness)
        return;
    witness->published = *tip;
    witness->wanted = witness->wanted || wanted;
    witness_tick(witness, clock_now());
}

/* ---- the end ---- */

bool witness_idle(const struct witness *witness)
{
    return !witness || witness->gave_up || (!witness->push && is_pushed(witness));
}

bool witness_give_up(struct witness *witness)
{
    uint64_t seq = witness ? witness->runner->run->last_seq : 0;

    if (witness_idle(witness))
        return false;
    witness->gave_up = true;
    remote_cancel(witness->push);
    witness->push = NULL;
    tell(
        witness, CHOICE_NO,
        "the runner ended before the last of it was pushed: take the run up again with `tminus run --resume` "
        "to push it");
    return witness->runner->run->last_seq > seq;
}

bool witness_owed(const struct witness *witness)
{
    return witness && witness->published.seq > 0 && !is_pushed(witness);
}

/* ---- the beginning ---- */

int witness_create(struct runner *runner, struct err *err)
{
    const struct frozen *frozen = runner->options->frozen;
    struct witness *witness;

    if (!frozen->witness)
        return 0;
    witness = mem_alloc(sizeof(*witness));
    witness->runner = runner;
    witness->place = rundir_path(runner->arena, frozen->dir, "witness.git");
    witness->note_path = rundir_path(runner->arena, frozen->dir, "witnessed");
    witness->branch = arena_format(runner->arena, "refs/heads/runs/%s", frozen->run);
    witness->backoff_us = BACKOFF_FIRST_US;
    runner->witness = witness;
    read_note(witness);
    if (publisher_tip(runner->publisher, &witness->published))
        witness->wanted = true;
    return remote_place(witness->place, frozen->audit, err);
}

void witness_destroy(struct witness *witness)
{
    if (!witness)
        return;
    remote_cancel(witness->push);
    free(witness);
}
