#include "osc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/process.h"
#include "sign/policy.h"

/* How often time is let pass: deadlines and staleness are seen this late at most. */
#define TICK_MS 250

/* How long a trail that cannot be published keeps a runner that is over. Its run can be taken up again for no
 * more than to publish what is missing. */
#define LAST_TRIES_US (10 * SECOND_US)

/* That the witness lacks the end is recorded, and that is published. */
static void stop_trying(struct runner *runner, struct instant now)
{
    runner->ending_since_us = now.boot_us;
    if (!publisher_idle(runner->publisher) || !witness_give_up(runner->witness))
        uv_stop(&runner->loop);
}

void runner_end_if_due(struct runner *runner)
{
    bool idle = runner->executions == NULL && runner->under_way == 0;
    struct instant now = clock_now();

    if (runner->finishing)
        return;
    if (runner->halted) {
        if (runner->stopping && idle)
            uv_stop(&runner->loop);
        return;
    }
    if (!runner->ending && (runner->run->closed != CHOICE_NONE || runner->stopping) && idle) {
        runner->ending = true;
        runner->ending_since_us = now.boot_us;
        watches_stop(runner);
    }
    if (!runner->ending || runner->watches_stopping > 0)
        return;
    publisher_tick(runner->publisher, now);
    witness_tick(runner->witness, now);
    if (publisher_idle(runner->publisher) && witness_idle(runner->witness))
        uv_stop(&runner->loop);
    else if (now.boot_us - runner->ending_since_us > LAST_TRIES_US)
        stop_trying(runner, now);
}

static void on_tick(uv_timer_t *timer)
{
    struct runner *runner = timer->data;
    struct input tick = { .type = INPUT_TICK, .now = clock_now() };

    runner_take(runner, &tick);
    if (!runner->ending && !runner->halted) {
        senses_tick(runner, tick.now);
        foresight_tick(runner, tick.now);
    }
    works_tick(runner, tick.now);
    publisher_tick(runner->publisher, tick.now);
    witness_tick(runner->witness, tick.now);
    approvals_tick(runner->approvals, tick.now);
    runner_end_if_due(runner);
}

/* The machine goes down, or somebody wants the runner away: nothing new begins, what runs is waited for. */
static void on_sigterm(uv_signal_t *signal, int number)
{
    struct runner *runner = signal->data;
    struct action hold = { .verb = VERB_HOLD,
                           .actor = EVENT_ACTOR_SELF,
                           .text = "the runner was asked to stop" };
    struct err err = ERR_INIT;

    (void)number;
    if (runner->stopping)
        return;
    runner->stopping = true;
    /* A hold is refused only by a runner that is halted already. */
    if (runner->run->closed == CHOICE_NONE && runner_act(runner, &hold, NULL, &err) < 0)
        runner_halt(runner, err.message);
    runner_end_if_due(runner);
}

/* ---- the beginning ---- */

/* What is executed is bound to the run by these. */
struct frozen_hashes {
    struct sha256 book, targets, settings, policy, certificate;
    const char *policy_hex, *certificate_hex; /* NULL without one */
};

static void hash_frozen(const struct frozen *frozen, struct frozen_hashes *ret)
{
    sha256_of(frozen->book_text, frozen->book_len, &ret->book);
    sha256_of(frozen->targets_text ? frozen->targets_text : "", frozen->targets_len, &ret->targets);
    sha256_of(frozen->settings_text, frozen->settings_len, &ret->settings);
    sha256_of(frozen->policy_text ? frozen->policy_text : "", frozen->policy_len, &ret->policy);
    ret->policy_hex = frozen->policy_text ? ret->policy.hex : NULL;
    sha256_of(frozen->certificate_text ? frozen->certificate_text : "", frozen->certificate_len,
              &ret->certificate);
    ret->certificate_hex = frozen->certificate_text ? ret->certificate.hex : NULL;
}

static bool is_same(const char *recorded, const struct sha256 *now)
{
    return recorded && strcmp(recorded, now->hex) == 0;
}

/* Approvals were given for what was frozen when the run began, and hold for nothing else. */
static int check_frozen(const struct runner *runner, struct err *err)
{
    const struct run *run = runner->run;
    const char *certificate = runner->options->frozen->certificate_sha256; /* run.json has it */
    struct frozen_hashes now;
    const char *changed;

    hash_frozen(runner->options->frozen, &now);
    changed = !is_same(run->book_sha256, &now.book)             ? "book.json"
              : !is_same(run->targets_sha256, &now.targets)     ? "targets.json"
              : !is_same(run->settings_sha256, &now.settings)   ? "run.json"
              : !text_equal(run->policy_sha256, now.policy_hex) ? "policy.json"
              : !text_equal(certificate, now.certificate_hex)   ? "certificate.json"
                                                                : NULL;
    if (!changed)
        return 0;
    return err_set(err, ERR_CORRUPT,
                   "%s/%s is not what the run was begun with: it was changed afterwards; nothing is done",
                   runner->options->frozen->dir, changed);
}

static void describe(struct runner *runner, struct input *input, char *boot, char *host, size_t host_size,
                     struct frozen_hashes *hashes)
{
    const struct frozen *frozen = runner->options->frozen;

    if (gethostname(host, host_size) < 0)
        host[0] = '\0';
    host[host_size - 1] = '\0';
    /* Without a boot id two boots look alike; a resume then trusts the wall clock, as it does for another
     * boot. */
    if (clock_boot_id(boot, NULL) < 0)
        boot[0] = '\0';
    hash_frozen(frozen, hashes);
    input->now = clock_now();
    input->action.actor = frozen->operator;
    input->open.run = frozen->run;
    input->open.book_sha256 = hashes->book.hex;
    input->open.targets_sha256 = hashes->targets.hex;
    input->open.settings_sha256 = hashes->settings.hex;
    input->open.policy_sha256 = hashes->policy_hex;
    input->open.witness =
        runner->policy && runner->policy->witness_required ? EVENT_WITNESS_EVERYWHERE : NULL;
    input->open.key = runner->operator_key;
    input->open.boot = boot;
    input->open.host = host;
    input->open.version = runner->options->version;
    input->open.environment = frozen->environment;
}

static void take_beginning(struct runner *runner)
{
    struct input input;
    struct frozen_hashes hashes;
    char boot[37], host[256];

    memset(&input, 0, sizeof(input));
    input.type = runner->options->resume ? INPUT_RESUME : INPUT_OPEN;
    describe(runner, &input, boot, host, sizeof(host), &hashes);
    runner_take(runner, &input);
}

/* ---- the journal ---- */

struct folding {
    struct runner *runner;
    uint64_t published; /* last seq that the trail holds, and its line's hash */
    struct sha256 head;
    size_t torn;
};

static int fold(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct folding *folding = data;
    struct sha256 sha;
    int r = run_apply(folding->runner->run, event, err);

    if (r == 0)
        r = run_apply(folding->runner->trial, event, err);
    if (r < 0)
        return r;
    sha256_of(line, len - 1, &sha);
    if (event->seq == folding->published && strcmp(sha.hex, folding->head.hex) != 0)
        return err_set(
            err, ERR_CORRUPT,
            "record %llu of the journal is not the one that the trail holds: the journal was replaced; "
            "nothing is done",
            (unsigned long long)event->seq);
    publisher_see(folding->runner->publisher, event);
    if (event->seq > folding->published)
        publisher_add(folding->runner->publisher, event, line, len);
    return 0;
}

static int resume_journal(struct runner *runner, struct folding *folding, struct err *err)
{
    const struct frozen *frozen = runner->options->frozen;
    int r = journal_open(runner->journal_path, fold, folding, &runner->journal, &folding->torn, err);

    /* The trail may lack the last records, so nobody goes on from it; it can be read. */
    if (r == ERR_NOT_FOUND && folding->published > 0)
        return err_set(
            err, ERR_NOT_FOUND,
            "the journal is gone: put it back to take the run up; the trail holds events up to %llu, to be "
            "read with `git -C %s log runs/%s`; nothing is done",
            (unsigned long long)folding->published, frozen->audit, frozen->run);
    if (r == 0)
        r = check_frozen(runner, err);
    if (r < 0)
        return r;
    if (folding->published > journal_seq(runner->journal))
        return err_set(
            err, ERR_CORRUPT,
            "the trail holds events up to %llu, the journal only up to %llu: the journal was rolled back or "
            "replaced; nothing is done",
            (unsigned long long)folding->published, (unsigned long long)journal_seq(runner->journal));
    if (runner->run->closed != CHOICE_NONE && folding->published == journal_seq(runner->journal) &&
        !witness_owed(runner->witness))
        return err_set(err, ERR_REFUSED, "this run is over (%s)", choice_word(runner->run->closed));
    return 0;
}

static int open_journal(struct runner *runner, struct folding *folding, struct err *err)
{
    struct stat st;
    int r;

    if (!runner->options->resume && folding->published > 0)
        return err_set(err, ERR_BUSY, "the trail holds a run of this name already: begin again in a second");
    r = runner->options->resume ? resume_journal(runner, folding, err)
                                : journal_create(runner->journal_path, &runner->journal, err);
    if (r == 0 && stat(runner->journal_path, &st) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot look at %s", runner->journal_path);
    if (r == 0)
        runner->journal_len = (size_t)st.st_size;
    return r;
}

/* What had to be put right before the run could go on is part of its story. */
static void tell_repairs(struct runner *runner, const struct folding *folding)
{
    char text[ERR_MESSAGE_MAX];
    long survivor;

    publisher_resume(runner->publisher);
    (void)snprintf(text, sizeof(text),
                   "the journal ended in %zu bytes of a torn line: cut, and kept beside it", folding->torn);
    if (folding->torn > 0)
        runner_note(runner, text);
    survivor = runner->options->resume ? survivor_process(runner->options->frozen->run) : 0;
    (void)snprintf(text, sizeof(text),
                   "process %ld, which an earlier runner of this run began, is still at work", survivor);
    if (survivor > 0)
        runner_note(runner, text);
    else
        osc_sweep(runner);
}

static int begin_work(struct runner *runner, const struct folding *folding, struct err *err)
{
    senses_create(runner);
    foresight_create(runner);
    approvals_create(runner);
    /* Over, but not wholly published: that is all that is left to do. */
    if (runner->run->closed != CHOICE_NONE) {
        publisher_resume(runner->publisher);
        runner->ending = true;
        runner->ending_since_us = clock_now().boot_us;
        return 0;
    }
    take_beginning(runner);
    if (!runner->options->resume && runner->options->note)
        runner_note(runner, runner->options->note);
    tell_repairs(runner, folding);
    if (runner->halted)
        return err_set(err, ERR_IO, "the journal cannot be written: %s", runner->halted_why);
    return watches_start(runner, err);
}

static int begin(struct runner *runner, struct err *err)
{
    struct folding folding = { .runner = runner };
    int r = process_init(err);

    if (r == 0)
        r = policy_begin(runner, err);
    if (r == 0)
        r = servers_create(runner, err);
    if (r == 0)
        r = secrets_begin(runner, err);
    if (r == 0)
        r = publisher_create(runner, &folding.published, &folding.head, err);
    if (r == 0)
        r = witness_create(runner, err);
    if (r == 0)
        r = open_journal(runner, &folding, err);
    if (r == 0)
        r = passing_open(runner, err);
    if (r == 0)
        r = clients_listen(runner, err);
    return r < 0 ? r : begin_work(runner, &folding, err);
}

/* ---- the whole ---- */

/* What was said last still has to leave, but not for ever: a link waits LINK_CLOSE_MS for a client that does
 * not read, and a look-up of a host name takes as long as it takes. */
#define LINGER_MS 3000

static void on_linger(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void free_all(struct runner *runner)
{
    publisher_destroy(runner->publisher);
    approvals_destroy(runner->approvals);
    queue_destroy(runner);
    output_destroy(runner);
    redactor_destroy(runner->redactor);
    run_destroy(runner->run);
    run_destroy(runner->trial);
    arena_destroy(runner->arena);
    free(runner);
}

/* Ends what is left, and lets the loop drain. What is still in a worker's hands when the time is over is left
 * to the end of the process: freeing it under the worker would be worse. */
static void finish(struct runner *runner)
{
    runner->finishing = true;
    executions_destroy(runner);
    watches_destroy(runner);
    approvals_stop(runner->approvals);
    witness_destroy(runner->witness);
    runner->witness = NULL;
    clients_close(runner);
    servers_destroy(runner);
    foresight_destroy(runner);
    uv_close((uv_handle_t *)&runner->sigterm, NULL);
    uv_close((uv_handle_t *)&runner->output_timer, NULL);
    uv_timer_start(&runner->tick, on_linger, LINGER_MS, 0);
    uv_unref((uv_handle_t *)&runner->tick);
    uv_run(&runner->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&runner->tick, NULL);
    uv_run(&runner->loop, UV_RUN_NOWAIT);
    journal_close(runner->journal);
    passing_close(runner);
    if (uv_loop_close(&runner->loop) == 0)
        free_all(runner);
}

static struct runner *create(const struct runner_options *options)
{
    struct runner *runner = mem_alloc(sizeof(*runner));

    runner->options = options;
    runner->book = options->book;
    runner->arena = arena_create();
    runner->run = run_create(options->book);
    runner->trial = run_create(options->book);
    runner->journal_path = rundir_path(runner->arena, options->frozen->dir, "journal");
    runner->samples_fd = -1;
    uv_loop_init(&runner->loop);
    uv_timer_init(&runner->loop, &runner->tick);
    uv_signal_init(&runner->loop, &runner->sigterm);
    runner->tick.data = runner;
    runner->sigterm.data = runner;
    runner->redactor = redactor_create();
    output_create(runner);
    return runner;
}

int runner_serve(const struct runner_options *options, struct err *err)
{
    struct runner *runner = create(options);
    int r = begin(runner, err);

    if (r == 0) {
        uv_timer_start(&runner->tick, on_tick, TICK_MS, TICK_MS);
        uv_signal_start(&runner->sigterm, on_sigterm, SIGTERM);
        options->ready(options->data);
        uv_run(&runner->loop, UV_RUN_DEFAULT);
        if (runner->halted)
            r = err_set(err, ERR_IO, "halted: %s", runner->halted_why);
    }
    finish(runner);
    return r;
}
