#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/monitor.h"
#include "server.h"

/*
 * Monitors: numbers that are well most of the time, bad for a while, and now and then not to be had. What the
 * runner was given last is kept for whoever judges its decisions.
 */

extern __typeof__(monitor_create) FAKE(monitor_create);
extern __typeof__(monitor_hurry) FAKE(monitor_hurry);
extern __typeof__(monitor_pace) FAKE(monitor_pace);
extern __typeof__(monitor_stop) FAKE(monitor_stop);
extern __typeof__(monitor_destroy) FAKE(monitor_destroy);

#define MONITORS_MAX 8
#define ROWS_MAX     16

struct monitor {
    const struct monitor_config *config;
    monitor_sampled sampled;
    void *data;
    size_t index;
    int64_t every_us;
    void (*stopped)(void *data, const char *left_behind);
    void *stopped_data;
};

static struct {
    struct sample last[MONITORS_MAX];
    bool given[MONITORS_MAX];
    int64_t bad_until_us, blind_until_us;
    struct sample_row rows[ROWS_MAX];
    char pids[ROWS_MAX][24];
} seen;

void monitors_create(void)
{
    memset(&seen, 0, sizeof(seen));
}

void monitors_runner_ended(void)
{
    memset(seen.given, 0, sizeof(seen.given));
}

const struct sample *monitors_last(size_t monitor)
{
    return monitor < MONITORS_MAX && seen.given[monitor] ? &seen.last[monitor] : NULL;
}

static void add_metric(struct sample *sample, const char *name, double value)
{
    sample->metrics[sample->metric_count++] = (struct sample_metric){ name, value, true };
}

static void change_weather(void)
{
    const struct world *w = world();
    if (chance_fault(15))
        seen.bad_until_us = w->now_us + chance_us(SECOND_US, 20 * SECOND_US);
    if (chance_fault(15))
        seen.blind_until_us = w->now_us + chance_us(SECOND_US, 8 * SECOND_US);
    if (w->well)
        seen.bad_until_us = seen.blind_until_us = 0;
}

/* Each of ours that waits, below whoever it waits for. */
static void add_rows(struct sample *sample)
{
    for (const struct backend *b = backends_next(NULL); b != NULL; b = backends_next(b)) {
        if (!b->waits || sample->row_count + 2 > ROWS_MAX)
            continue;
        struct sample_row *row = &seen.rows[sample->row_count];
        row[0] = (struct sample_row){ .depth = 0 };
        row[1] = (struct sample_row){ .depth = 1, .ours = true };
        for (size_t i = 0; i < LOCK_CELLS; i++)
            row[0].cells[i] = row[1].cells[i] = "";
        (void)snprintf(seen.pids[sample->row_count], sizeof(seen.pids[0]), "%lld", (long long)b->pid);
        row[0].cells[LOCK_PID] = SOMEBODY_PID;
        row[0].cells[LOCK_BACKEND_START] = somebody_since();
        row[1].cells[LOCK_BACKEND_START] = "since then";
        row[1].cells[LOCK_PID] = seen.pids[sample->row_count];
        row[1].cells[LOCK_WAIT] = "1.0 s";
        sample->row_count += 2;
    }
    sample->rows = seen.rows;
}

/* What the runner was shown it has told: of each statement, and of none that waits no more. */
static void check_waiting(const struct sample *sample)
{
    const struct run *fold = world()->fold;
    for (const struct backend *b = backends_next(NULL); sample->known && b != NULL; b = backends_next(b)) {
        const struct run_step *step = &fold->steps[b->def->index];
        const struct work *work = b->def->entry == 0 ? &step->work : &step->undo[b->def->entry - 1];
        if (work->state == STEP_RUNNING && b->waits != (work->waiting != NULL) && !people_see_halt())
            world_failed(SIM_DIVERGED, "%s %s, and the run says otherwise", b->def->step->id,
                         b->waits ? "waits for a lock" : "waits for nobody");
    }
}

static void fill(const struct monitor *monitor, struct sample *sample)
{
    bool bad = world()->now_us < seen.bad_until_us;
    *sample = (struct sample){ .monitor = monitor->config->id, .at = clock_now(), .known = true, .why = "" };
    if (world()->now_us < seen.blind_until_us) {
        sample->known = false;
        sample->why = "connection lost";
        return;
    }
    switch (monitor->config->type) {
    case MONITOR_TYPE_LAG:
        add_metric(sample, "seconds", bad ? 40 : 0.2);
        add_metric(sample, "bytes", bad ? 1e9 : 100);
        break;
    case MONITOR_TYPE_LOCKS:
        add_metric(sample, "waiting", bad ? 3 : 0);
        add_metric(sample, "behind_us", bad ? 7 : 0);
        add_rows(sample);
        break;
    case MONITOR_TYPE_TRANSACTIONS:
        add_metric(sample, "oldest_seconds", bad ? 100 : 1);
        add_metric(sample, "prepared", 0);
        break;
    case MONITOR_TYPE_PROGRESS:
        add_metric(sample, "running", 0);
        break;
    case MONITOR_TYPE_QUERY:
    case MONITOR_TYPE_HTTP:
        add_metric(sample, "value", bad ? 1 : 0);
        break;
    case MONITOR_TYPE_COUNT: /* no type */
        break;
    }
}

static void on_beat(void *data)
{
    struct monitor *monitor = data;
    change_weather();
    due_in(monitor->every_us + chance_us(0, 20 * MS_US), true, on_beat, monitor);
    if (chance_fault(20))
        return; /* lost on the way */
    fill(monitor, &seen.last[monitor->index]);
    seen.given[monitor->index] = true;
    monitor->sampled(monitor->data, &seen.last[monitor->index]);
    if (monitor->config->type == MONITOR_TYPE_LOCKS)
        check_waiting(&seen.last[monitor->index]);
}

int FAKE(monitor_create)(uv_loop_t *loop, const struct monitor_config *config, monitor_sampled sampled,
                         void *data, struct monitor **ret, struct err *err)
{
    struct monitor *monitor = mem_alloc(sizeof(*monitor));
    (void)loop;
    (void)err;
    world_called();
    *monitor = (struct monitor){ .config = config,
                                 .sampled = sampled,
                                 .data = data,
                                 .index = book_find_monitor(world()->book->book, config->id),
                                 .every_us = config->every_us };
    due_in(chance_us(0, SECOND_US), true, on_beat, monitor);
    *ret = monitor;
    return 0;
}

void FAKE(monitor_pace)(struct monitor *monitor, int64_t every_us)
{
    monitor->every_us = every_us > 0 ? every_us : monitor->config->every_us;
}

void FAKE(monitor_hurry)(struct monitor *monitor, int64_t in_us)
{
    if (monitor->stopped != NULL)
        return;
    due_forget(monitor);
    due_in(in_us + chance_us(0, 20 * MS_US), true, on_beat, monitor);
}

static void on_stopped(void *data)
{
    struct monitor *monitor = data;
    monitor->stopped(monitor->stopped_data, chance_fault(100) ? "the table stays" : NULL);
}

void FAKE(monitor_stop)(struct monitor *monitor, int64_t limit_us,
                        void (*stopped)(void *data, const char *left_behind), void *data)
{
    due_forget(monitor);
    monitor->stopped = stopped;
    monitor->stopped_data = data;
    due_in(chance_us(0, world()->well ? 10 * MS_US : limit_us), true, on_stopped, monitor);
}

void FAKE(monitor_destroy)(struct monitor *monitor)
{
    due_forget(monitor);
    free(monitor);
}
