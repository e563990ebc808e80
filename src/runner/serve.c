#include "runner.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "driver/process.h"

/* How often time is let pass: deadlines and staleness are seen this late at most. */
#define TICK_MS 250

void runner_end_if_due(struct runner *runner)
{
    bool idle = runner->executions == NULL;

    if (runner->halted) {
        if (runner->stopping && idle)
            uv_stop(&runner->loop);
        return;
    }
    if (!runner->ending && (runner->run->closed != CHOICE_NONE || runner->stopping) && idle) {
        runner->ending = true;
        watches_stop(runner);
    }
    if (runner->ending && runner->watches_stopping == 0) {
        publisher_tick(runner->publisher, clock_now());
        if (publisher_idle(runner->publisher))
            uv_stop(&runner->loop);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct runner *runner = timer->data;
    struct input tick = { .type = INPUT_TICK, .now = clock_now() };

    runner_take(runner, &tick);
    if (!runner->ending && !runner->halted)
        senses_tick(runner, tick.now);
    publisher_tick(runner->publisher, tick.now);
}

/* The machine goes down, or somebody wants the runner away: nothing new begins, what runs is waited for. */
static void on_sigterm(uv_signal_t *signal, int number)
{
    struct runner *runner = signal->data;
    struct action hold = { .verb = VERB_HOLD,
                           .actor = EVENT_ACTOR_SELF,
                           .text = "the runner was asked to stop" };

    (void)number;
    runner->stopping = true;
    /* A hold is never refused; if the journal is gone the runner is halted, which is as good. */
    if (runner->run->closed == CHOICE_NONE && runner_act(runner, &hold, NULL, NULL) < 0)
        return;
    runner_end_if_due(runner);
}

/* ---- the beginning ---- */

static void describe(struct runner *runner, struct input *input, char *boot, char *host, size_t host_size,
                     struct sha256 *sha)
{
    const struct frozen *frozen = runner->options->frozen;

    if (gethostname(host, host_size) < 0)
        host[0] = '\0';
    host[host_size - 1] = '\0';
    /* Without a boot id two boots look alike; a resume then trusts the wall clock, as it does for another
     * boot. */
    if (clock_boot_id(boot, NULL) < 0)
        boot[0] = '\0';
    sha256_of(frozen->book_text, frozen->book_len, sha);
    input->now = clock_now();
    input->action.actor = frozen->operator;
    input->open.run = frozen->run;
    input->open.book_sha256 = sha->hex;
    input->open.boot = boot;
    input->open.host = host;
    input->open.version = runner->options->version;
    input->open.environment = frozen->environment;
}

static void take_beginning(struct runner *runner)
{
    struct input input;
    struct sha256 sha;
    char boot[37], host[256];

    memset(&input, 0, sizeof(input));
    input.type = runner->options->resume ? INPUT_RESUME : INPUT_OPEN;
    describe(runner, &input, boot, host, sizeof(host), &sha);
    runner_take(runner, &input);
}

/* ---- the journal ---- */

struct folding {
    struct runner *runner;
    uint64_t published;
};

static int fold(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct folding *folding = data;
    int r = run_apply(folding->runner->run, event, err);

    if (r < 0)
        return r;
    if (event->seq > folding->published)
        publisher_add(folding->runner->publisher, event, line, len);
    return 0;
}

static int open_journal(struct runner *runner, uint64_t published, struct err *err)
{
    const char *path = runner->journal_path;
    struct folding folding = { runner, published };
    size_t torn;
    int r;

    if (!runner->options->resume)
        return journal_create(path, &runner->journal, err);
    r = journal_open(path, fold, &folding, &runner->journal, &torn, err);
    if (r < 0)
        return r;
    if (published > journal_seq(runner->journal))
        return err_set(
            err, ERR_CORRUPT,
            "the trail holds events up to %llu, the journal only up to %llu: the journal was rolled back or "
            "replaced; nothing is done",
            (unsigned long long)published, (unsigned long long)journal_seq(runner->journal));
    if (runner->run->closed != CHOICE_NONE)
        return err_set(err, ERR_REFUSED, "this run is over (%s)", choice_word(runner->run->closed));
    return 0;
}

static int begin(struct runner *runner, struct err *err)
{
    uint64_t published = 0;
    int r = process_init(err);

    if (r == 0)
        r = servers_create(runner, err);
    if (r == 0)
        r = publisher_create(runner, &published, err);
    if (r == 0)
        r = open_journal(runner, published, err);
    if (r == 0)
        r = passing_open(runner, err);
    if (r == 0)
        r = clients_listen(runner, err);
    if (r < 0)
        return r;
    senses_create(runner);
    take_beginning(runner);
    if (!runner->halted)
        r = watches_start(runner, err);
    return runner->halted ? err_set(err, ERR_IO, "the journal cannot be written") : r;
}

/* ---- the whole ---- */

/* What was said last still has to leave, but not for a client that does not read. */
#define LINGER_MS 2000

static void on_walk(uv_handle_t *handle, void *data)
{
    (void)data;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void on_linger(uv_timer_t *timer)
{
    uv_walk(timer->loop, on_walk, NULL);
}

static void finish(struct runner *runner)
{
    uv_timer_start(&runner->tick, on_linger, LINGER_MS, 0);
    uv_unref((uv_handle_t *)&runner->tick);
    executions_destroy(runner);
    watches_destroy(runner);
    clients_close(runner);
    servers_destroy(runner);
    uv_close((uv_handle_t *)&runner->sigterm, NULL);
    uv_close((uv_handle_t *)&runner->output_timer, NULL);
    uv_run(&runner->loop, UV_RUN_DEFAULT);
    uv_walk(&runner->loop, on_walk, NULL);
    uv_run(&runner->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&runner->loop);
    publisher_destroy(runner->publisher);
    journal_close(runner->journal);
    queue_destroy(runner);
    passing_close(runner);
    output_destroy(runner);
    run_destroy(runner->run);
    arena_destroy(runner->arena);
    free(runner);
}

static struct runner *create(const struct runner_options *options)
{
    struct runner *runner = mem_alloc(sizeof(*runner));

    runner->options = options;
    runner->book = options->book;
    runner->arena = arena_create();
    runner->run = run_create(options->book);
    runner->journal_path = rundir_path(runner->arena, options->frozen->dir, "journal");
    runner->samples_fd = -1;
    uv_loop_init(&runner->loop);
    uv_timer_init(&runner->loop, &runner->tick);
    uv_signal_init(&runner->loop, &runner->sigterm);
    runner->tick.data = runner;
    runner->sigterm.data = runner;
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
            r = err_set(err, ERR_IO, "halted: the journal could not be written");
    }
    finish(runner);
    return r;
}
