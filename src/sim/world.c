#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "runner/runner.h"
#include "sim.h"

static struct world the_world;

struct world *world(void)
{
    return &the_world;
}

static const struct {
    const char *word, *text;
} breaks[SIM_BREAK_COUNT] = {
#define X(name, word, text) { word, text },
    SIM_BREAKS(X)
#undef X
};

const char *sim_break_word(enum sim_break broken)
{
    return breaks[broken].word;
}

const char *sim_break_text(enum sim_break broken)
{
    return breaks[broken].text;
}

bool world_broken(enum sim_break broken)
{
    return the_world.options->broken == broken;
}

/* ---- what is told ---- */

void world_hash(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint64_t hash = the_world.result->hash;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    the_world.result->hash = hash;
}

void world_trace(const char *format, ...)
{
    const struct sim_options *options = the_world.options;
    char line[2048];
    va_list args;
    if (options->tell == NULL)
        return;
    int used = snprintf(line, sizeof(line), "%10.3f ", (double)the_world.now_us / 1e6);
    va_start(args, format);
    (void)vsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
    va_end(args);
    options->tell(options->data, line);
}

void world_failed(enum sim_failure failure, const char *format, ...)
{
    struct sim_result *result = the_world.result;
    va_list args;
    result->failure = failure;
    va_start(args, format);
    (void)vsnprintf(result->why, sizeof(result->why), format, args);
    va_end(args);
    world_trace("NOT KEPT: %s", result->why);
    siglongjmp(the_world.failed, 1);
}

/* ---- killing ---- */

void world_called(void)
{
    struct world *w = &the_world;
    if (!w->in_runner || w->crash_in < 0 || --w->crash_in > 0)
        return;
    siglongjmp(w->crash, 1);
}

/* Early calls are as likely as late ones. */
static int64_t when_to_crash(void)
{
    if (the_world.well || chance(200))
        return -1;
    return 1 + (int64_t)chance_below((size_t)1 << (1 + chance_below(11)));
}

/* Killed at a moment rather than at a call: so it happens in the middle of what takes long, too. */
static void on_killed(void *data)
{
    (void)data;
    if (the_world.in_runner && !the_world.well)
        siglongjmp(the_world.crash, 1);
}

static void on_ready(void *data)
{
    (void)data;
    the_world.ready = true;
}

/* What goes with the runner's process, or with its machine. */
static void runner_ended(bool machine)
{
    struct world *w = &the_world;
    w->in_runner = w->ready = false;
    w->runner_run = NULL;
    if (machine)
        disk_power_lost();
    else
        disk_process_ended();
    due_forget_runner();
    loop_runner_ended();
    backends_runner_ended(machine);
    processes_runner_ended(machine);
    monitors_runner_ended();
    trail_runner_ended();
    people_runner_ended();
}

static void start_machine(void)
{
    struct world *w = &the_world;
    w->boot++;
    w->boot_us = -w->now_us + chance_us(10 * SECOND_US, 100 * SECOND_US);
}

/* The world without the runner: what survived goes on. */
static void wait_without(int64_t us)
{
    struct world *w = &the_world;
    int64_t until_us = w->now_us + us;
    while (due_next(until_us))
        w->due_seen++;
    if (w->now_us < until_us)
        w->now_us = until_us;
}

/* One runner, from its beginning to its end. */
static int run_runner(struct frozen *frozen, bool resume, struct err *err)
{
    struct world *w = &the_world;
    struct runner_options options = {
        .frozen = frozen, .book = w->book->book, .resume = resume, .version = "sim", .ready = on_ready
    };
    w->pid++;
    w->crash_in = when_to_crash();
    w->machine = chance(300);
    if (chance(500))
        due_in(chance_us(0, 15 * SECOND_US), true, on_killed, w);
    judge_runner_begins();
    world_trace("---- runner %ld %s", w->pid, resume ? "resumes" : "begins");
    if (sigsetjmp(w->crash, 0) != 0) {
        world_trace("---- %s", w->machine ? "the machine goes down" : "the runner is killed");
        w->result->counts.crashes++;
        runner_ended(w->machine);
        if (w->machine)
            start_machine();
        return err_set(err, ERR_CLOSED, "killed");
    }
    w->in_runner = true;
    int r = runner_serve(&options, err);
    world_trace("---- runner ended: %s", r < 0 ? err->message : "well");
    runner_ended(false);
    return r;
}

/* ---- the course of things ---- */

#define CHAOS_US     (40 * SECOND_US)
#define PATIENCE_US  (15 * MINUTE_US)
#define RUNNERS_MAX  80
#define REFUSALS_MAX 5

static void on_well(void *data)
{
    (void)data;
    world_trace("---- all is well");
    the_world.well = true;
    the_world.crash_in = -1;
}

static void on_patience(void *data)
{
    (void)data;
    world_failed(SIM_WEDGED, "all has been well for %d minutes, and the run is not over",
                 (int)(PATIENCE_US / MINUTE_US));
}

/* The wall clock is set, the machine sleeps: to the runner time jumps. */
static void on_clock(void *data)
{
    struct world *w = &the_world;
    if (chance_fault(150))
        w->wall_us += chance_us(-HOUR_US, HOUR_US);
    if (chance_fault(100)) {
        int64_t slept_us = chance_us(SECOND_US, 5 * MINUTE_US);
        w->wall_us += slept_us;
        w->boot_us += slept_us;
        world_trace("the machine slept for %lld s", (long long)(slept_us / SECOND_US));
    }
    due_in(chance_us(SECOND_US, 10 * SECOND_US), false, on_clock, data);
}

static void freeze(struct frozen *frozen)
{
    static const char settings[] = "{}";
    const struct sim_book *book = the_world.book;
    *frozen = (struct frozen){ .dir = RUN_DIR,
                               .run = RUN_ID,
                               .book_text = book->text,
                               .book_len = book->len,
                               .settings_text = settings,
                               .settings_len = 2,
                               .operator= OPERATOR,
                               .environment = "sim",
                               .book_path = "/book.json",
                               .audit = "/trail" };
}

/* Whoever finds that nothing was recorded begins again. */
static bool has_begun(void)
{
    const struct disk_file *file = disk_find(JOURNAL_PATH);
    if (file == NULL)
        return false;
    if (file->len > 0 && memchr(file->bytes, '\n', file->len) != NULL)
        return true;
    disk_remove(JOURNAL_PATH);
    return false;
}

static uint64_t lines_of(const struct disk_file *file)
{
    uint64_t lines = 0;
    for (size_t i = 0; file != NULL && i < file->len; i++)
        lines += file->bytes[i] == '\n' ? 1 : 0;
    return lines;
}

static bool is_over(int r)
{
    return r == ERR_REFUSED && the_world.fold->closed != CHOICE_NONE && trail_seq() == the_world.seq;
}

static void run_to_the_end(void)
{
    struct world *w = &the_world;
    struct frozen frozen;
    int refusals = 0;
    freeze(&frozen);
    for (int i = 0; i < RUNNERS_MAX; i++) {
        struct err err = ERR_INIT;
        bool resume = has_begun();
        w->inherited = lines_of(disk_find(JOURNAL_PATH));
        int r = run_runner(&frozen, resume, &err);
        w->result->counts.resumes += resume ? 1 : 0;
        if (is_over(r))
            return;
        if (r == ERR_CORRUPT)
            world_failed(SIM_DIVERGED, "the run cannot be taken up again: %s", err.message);
        refusals += w->well && r < 0 ? 1 : 0;
        if (refusals > REFUSALS_MAX)
            world_failed(SIM_WEDGED, "all is well, and no runner begins: %s", err.message);
        wait_without(chance(500) ? chance_us(0, 100 * MS_US) : chance_us(0, 3 * SECOND_US));
    }
    world_failed(SIM_WEDGED, "%d runners, and the run is not over", RUNNERS_MAX);
}

static void create_world(const struct sim_options *options, struct sim_result *ret)
{
    struct world *w = &the_world;
    w->options = options;
    w->result = ret;
    w->chance = options->seed;
    w->book = &options->books[chance_below(options->book_count)];
    w->wall_us = INT64_C(1795000000) * SECOND_US;
    w->pid = 1000;
    start_machine();
    disk_create();
    truth_create();
    backends_create();
    processes_create();
    comparing_create();
    monitors_create();
    trail_create();
    people_create();
    judge_create();
    due_in(chance_us(0, CHAOS_US), false, on_well, NULL);
    due_in(CHAOS_US + PATIENCE_US, false, on_patience, NULL);
    due_in(SECOND_US, false, on_clock, NULL);
}

void sim_run(const struct sim_options *options, struct sim_result *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->hash = UINT64_C(0xcbf29ce484222325);
    memset(&the_world, 0, sizeof(the_world));
    pool_begin();
    if (sigsetjmp(the_world.failed, 0) == 0) {
        create_world(options, ret);
        run_to_the_end();
    }
    pool_end();
}
