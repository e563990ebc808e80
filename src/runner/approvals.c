#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/approval.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/statement.h"
#include "runner/remote.h"

/*
 * Approvals that were given in another clone. While a gate waits for votes they are looked for in the trail's
 * own repository, and fetched from the witness; each is judged as any signed decision, once, by a worker:
 * what is here trusts neither the ref nor who pushed it.
 */

#define LOOK_US   (5 * SECOND_US)
#define SEEN_MAX  2000 /* commits that were taken or refused */
#define NOTES_MAX 20   /* of refusals: whoever can push must not fill the journal */
#define SEEN_TEXT (SEEN_MAX * APPROVAL_ID_MAX)

struct found {
    struct found *next;
    char id[APPROVAL_ID_MAX];
    const char *ref, *fault; /* of one that is no approval; NULL */
    const char *statement, *signature;
};

/* One that is being judged. */
struct taken {
    struct taken *next;
    struct approvals *approvals;
    char id[APPROVAL_ID_MAX], ref[256];
};

struct approvals {
    struct runner *runner;
    struct taken *taken;
    const char *place, *prefix, *seen_path;
    struct remote_job *fetch;
    uv_work_t work;
    bool working;
    int64_t next_boot_us;
    struct buf seen; /* ids, a line each; not touched while the worker is out */
    size_t notes;
    struct arena *arena; /* of what the worker found */
    struct found *first, **last;
};

/* ---- what was seen ---- */

static bool was_seen(const struct approvals *approvals, const char *id)
{
    return strstr(buf_str(&approvals->seen), id) != NULL;
}

/* A runner that comes later would only judge it again, and refuse it as known. */
static void keep_seen(struct approvals *approvals, const char *id)
{
    if (approvals->seen.len + APPROVAL_ID_MAX > SEEN_TEXT)
        buf_consume(&approvals->seen, strcspn(buf_str(&approvals->seen), "\n") + 1);
    buf_format(&approvals->seen, "%s\n", id);
    (void)!file_write(approvals->seen_path, buf_str(&approvals->seen), approvals->seen.len, 0600, NULL);
}

/* ---- the worker ---- */

static int gather(void *data, const struct approval *approval, struct err *err)
{
    struct approvals *approvals = data;
    struct found *found;

    (void)err;
    if (was_seen(approvals, approval->id))
        return 0;
    found = arena_alloc(approvals->arena, sizeof(*found));
    memset(found, 0, sizeof(*found));
    (void)snprintf(found->id, sizeof(found->id), "%s", approval->id); /* as long */
    found->ref = arena_text(approvals->arena, approval->ref);
    found->fault = arena_text(approvals->arena, approval->fault);
    found->statement = arena_text(approvals->arena, approval->statement);
    found->signature = arena_text(approvals->arena, approval->signature);
    *approvals->last = found;
    approvals->last = &found->next;
    return 0;
}

static void on_work(uv_work_t *work)
{
    struct approvals *approvals = work->data;
    const struct frozen *frozen = approvals->runner->options->frozen;

    /* What cannot be read now is looked for again. */
    (void)!approvals_read(frozen->audit, frozen->run, gather, approvals, NULL);
    if (frozen->witness)
        (void)!approvals_read(approvals->place, frozen->run, gather, approvals, NULL);
}

/* ---- taking ---- */

static bool gate_waits(const struct run *run, size_t gate)
{
    return gate != BOOK_NONE && run_state(run) == RUN_AT_GATE &&
           run->book->gates[gate].phase == run_current_phase(run) && run->gates[gate].decision != CHOICE_GO;
}

static bool any_gate_waits(const struct run *run)
{
    for (size_t i = 0; i < run->book->gate_count; i++) {
        if (gate_waits(run, i))
            return true;
    }
    return false;
}

/* Once; and not more often than a person would read. */
static void refuse(struct approvals *approvals, const char *id, const char *ref, const char *why)
{
    char text[ERR_MESSAGE_MAX];

    keep_seen(approvals, id);
    if (approvals->notes > NOTES_MAX)
        return;
    if (approvals->notes++ == NOTES_MAX) {
        runner_note(approvals->runner, "more approvals are refused; the reasons are not noted any more");
        return;
    }
    /* Cut at the size of a message. */
    (void)snprintf(text, sizeof(text), "the approval %s (commit %.10s) was refused: %s", ref, id, why);
    runner_note(approvals->runner, text);
}

/* One that is for another gate than the one that waits is left until that one does. */
static bool is_due(const struct approvals *approvals, const struct statement *statement)
{
    const struct run *run = approvals->runner->run;
    size_t gate = book_find_gate(run->book, statement->subject);

    return gate == BOOK_NONE || gate_waits(run, gate);
}

static void taken_free(struct taken *taken)
{
    struct taken **at = &taken->approvals->taken;

    while (*at != taken)
        at = &(*at)->next;
    *at = taken->next;
    free(taken);
}

static void on_told(void *data, int result, const char *rule, const char *why)
{
    struct taken *taken = data;
    struct approvals *approvals = taken->approvals;

    (void)rule; /* the sentence begins with it */
    if (result == 0)
        keep_seen(approvals, taken->id);
    else if (result == ERR_REFUSED || result == ERR_CORRUPT || result == ERR_INVALID)
        refuse(approvals, taken->id, taken->ref, why);
    /* Else nobody could tell: it is judged again. */
    taken_free(taken);
}

static void take(struct approvals *approvals, const struct found *found)
{
    struct statement statement;
    struct err err = ERR_INIT;
    struct taken *taken;

    if (found->fault || statement_read(approvals->arena, found->statement, &statement, &err) < 0) {
        refuse(approvals, found->id, found->ref, found->fault ? found->fault : err.message);
        return;
    }
    if (strcmp(statement.verb, verb_word(VERB_VOTE)) != 0) {
        refuse(approvals, found->id, found->ref, "only a vote can be given in another clone");
        return;
    }
    if (!is_due(approvals, &statement))
        return;
    taken = mem_alloc(sizeof(*taken));
    taken->approvals = approvals;
    memcpy(taken->id, found->id, sizeof(taken->id));
    (void)snprintf(taken->ref, sizeof(taken->ref), "%s", found->ref); /* of that length at most */
    taken->next = approvals->taken;
    approvals->taken = taken;
    runner_take_signed(approvals->runner, found->statement, found->signature, true, on_told, taken);
}

static void on_worked(uv_work_t *work, int status)
{
    struct approvals *approvals = work->data;

    (void)status; /* never cancelled */
    approvals->working = false;
    for (struct found *at = approvals->first; at && !approvals->runner->finishing; at = at->next)
        take(approvals, at);
    arena_destroy(approvals->arena);
    approvals->arena = NULL;
}

/* ---- looking ---- */

static void look(struct approvals *approvals)
{
    approvals->arena = arena_create();
    approvals->first = NULL;
    approvals->last = &approvals->first;
    approvals->working = true;
    /* Fails only for a missing callback. */
    (void)uv_queue_work(&approvals->runner->loop, &approvals->work, on_work, on_worked);
}

/* That the witness does not answer is told by the pushing. */
static void on_fetched(void *data, enum remote_outcome outcome, const char *why)
{
    struct approvals *approvals = data;

    (void)outcome;
    (void)why;
    approvals->fetch = NULL;
    if (!approvals->runner->finishing)
        look(approvals);
}

void approvals_tick(struct approvals *approvals, struct instant now)
{
    const struct runner *runner;
    struct err err = ERR_INIT;

    if (!approvals || approvals->working || approvals->fetch || approvals->taken ||
        now.boot_us < approvals->next_boot_us)
        return;
    runner = approvals->runner;
    if (runner->ending || runner->halted || runner->finishing || !any_gate_waits(runner->run))
        return;
    approvals->next_boot_us = now.boot_us + LOOK_US;
    if (!runner->options->frozen->witness ||
        remote_fetch(&approvals->runner->loop, approvals->place, runner->options->frozen->witness,
                     approvals->prefix, on_fetched, approvals, &approvals->fetch, &err) < 0)
        look(approvals);
}

void approvals_create(struct runner *runner)
{
    const struct frozen *frozen = runner->options->frozen;
    struct approvals *approvals;

    /* Without a policy nobody can tell whose key it is. */
    if (!runner->policy)
        return;
    approvals = mem_alloc(sizeof(*approvals));
    approvals->runner = runner;
    approvals->work.data = approvals;
    approvals->place = rundir_path(runner->arena, frozen->dir, "witness.git");
    approvals->seen_path = rundir_path(runner->arena, frozen->dir, "approvals");
    approvals->prefix = arena_format(runner->arena, "refs/heads/approvals/%s/", frozen->run);
    buf_init(&approvals->seen, SEEN_TEXT);
    /* Without it they are judged again. */
    (void)!file_read(approvals->seen_path, &approvals->seen, NULL);
    runner->approvals = approvals;
}

void approvals_stop(struct approvals *approvals)
{
    if (!approvals)
        return;
    remote_cancel(approvals->fetch);
    approvals->fetch = NULL;
    while (approvals->taken) {
        signed_forget(approvals->runner, approvals->taken);
        taken_free(approvals->taken);
    }
}

/* After the loop has drained: no worker is out any more. */
void approvals_destroy(struct approvals *approvals)
{
    if (!approvals)
        return;
    buf_finish(&approvals->seen);
    arena_destroy(approvals->arena);
    free(approvals);
}
