#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sim.h"

/*
 * The loop, the clocks and the machine, as the runner finds them. Time is what the world says, and jumps to
 * whatever is due next.
 */

extern __typeof__(clock_now) FAKE(clock_now);
extern __typeof__(clock_boot_id) FAKE(clock_boot_id);
extern __typeof__(getpid) FAKE(getpid);
extern __typeof__(gethostname) FAKE(gethostname);
extern __typeof__(uv_loop_init) FAKE(uv_loop_init);
extern __typeof__(uv_loop_close) FAKE(uv_loop_close);
extern __typeof__(uv_run) FAKE(uv_run);
extern __typeof__(uv_stop) FAKE(uv_stop);
extern __typeof__(uv_close) FAKE(uv_close);
extern __typeof__(uv_unref) FAKE(uv_unref);
extern __typeof__(uv_timer_init) FAKE(uv_timer_init);
extern __typeof__(uv_timer_start) FAKE(uv_timer_start);
extern __typeof__(uv_signal_init) FAKE(uv_signal_init);
extern __typeof__(uv_signal_start) FAKE(uv_signal_start);
extern __typeof__(uv_queue_work) FAKE(uv_queue_work);
extern __typeof__(uv_hrtime) FAKE(uv_hrtime);

#define TIMERS_MAX 16

struct timer {
    uv_timer_t *handle;
    uv_timer_cb fire;
    int64_t repeat_us;
    bool active, background;
};

static struct {
    struct timer timers[TIMERS_MAX];
    size_t timer_count;
    uv_signal_t *signal;
    uv_signal_cb on_signal;
    size_t working;
    bool stopped;
} loop;

void loop_runner_ended(void)
{
    memset(&loop, 0, sizeof(loop));
}

void loop_terminate(void)
{
    if (loop.signal != NULL) {
        world_trace("SIGTERM");
        loop.on_signal(loop.signal, SIGTERM);
    }
}

struct instant FAKE(clock_now)(void)
{
    const struct world *w = world();
    return (struct instant){ .wall_us = w->now_us + w->wall_us, .boot_us = w->now_us + w->boot_us };
}

uint64_t FAKE(uv_hrtime)(void)
{
    return (uint64_t)world()->now_us * 1000;
}

int FAKE(clock_boot_id)(char ret_id[37], struct err *err)
{
    struct buf id;
    (void)err;
    buf_init(&id, 64);
    buf_format(&id, "00000000-0000-4000-8000-%012d", world()->boot);
    memcpy(ret_id, buf_str(&id), 37);
    buf_finish(&id);
    return 0;
}

pid_t FAKE(getpid)(void)
{
    return (pid_t)world()->pid;
}

int FAKE(gethostname)(char *name, size_t len)
{
    memset(name, 0, len);
    memcpy(name, "sim", len < 4 ? len : 4);
    return 0;
}

/* ---- handles ---- */

int FAKE(uv_loop_init)(uv_loop_t *handle)
{
    memset(handle, 0, sizeof(*handle));
    memset(&loop, 0, sizeof(loop));
    return 0;
}

static bool is_alive(void)
{
    for (size_t i = 0; i < loop.timer_count; i++) {
        if (loop.timers[i].active && !loop.timers[i].background)
            return true;
    }
    return loop.signal != NULL || loop.working > 0;
}

int FAKE(uv_loop_close)(uv_loop_t *handle)
{
    (void)handle;
    return loop.working > 0 || loop.timer_count > 0 ? UV_EBUSY : 0;
}

static struct timer *timer_of(const void *handle)
{
    for (size_t i = 0; i < loop.timer_count; i++) {
        if (loop.timers[i].handle == handle)
            return &loop.timers[i];
    }
    return NULL;
}

int FAKE(uv_timer_init)(uv_loop_t *of, uv_timer_t *handle)
{
    memset(handle, 0, sizeof(*handle));
    handle->loop = of;
    if (loop.timer_count == TIMERS_MAX)
        return UV_ENOMEM;
    loop.timers[loop.timer_count++] = (struct timer){ .handle = handle };
    return 0;
}

static void on_timer(void *data)
{
    struct timer *timer = timer_of(data);
    uv_timer_cb fire = timer->fire;
    if (timer->repeat_us > 0)
        due_in(timer->repeat_us, true, on_timer, data);
    else
        timer->active = false;
    fire(timer->handle);
}

int FAKE(uv_timer_start)(uv_timer_t *handle, uv_timer_cb fire, uint64_t timeout, uint64_t repeat)
{
    struct timer *timer = timer_of(handle);
    due_forget(handle);
    timer->fire = fire;
    timer->repeat_us = (int64_t)repeat * MS_US;
    timer->active = true;
    due_in((int64_t)timeout * MS_US, true, on_timer, handle);
    return 0;
}

int FAKE(uv_signal_init)(uv_loop_t *of, uv_signal_t *handle)
{
    memset(handle, 0, sizeof(*handle));
    handle->loop = of;
    return 0;
}

int FAKE(uv_signal_start)(uv_signal_t *handle, uv_signal_cb fire, int number)
{
    (void)number;
    loop.signal = handle;
    loop.on_signal = fire;
    return 0;
}

void FAKE(uv_unref)(uv_handle_t *handle)
{
    struct timer *timer = timer_of(handle);
    if (timer != NULL)
        timer->background = true;
}

void FAKE(uv_close)(uv_handle_t *handle, uv_close_cb closed)
{
    struct timer *timer = timer_of(handle);
    (void)closed; /* the runner waits for none */
    due_forget(handle);
    if (timer != NULL)
        *timer = loop.timers[--loop.timer_count];
    else
        loop.signal = NULL;
}

/* ---- the worker ---- */

struct working {
    uv_work_t *work;
    uv_work_cb run;
    uv_after_work_cb after;
};

static void on_worked(void *data)
{
    struct working *working = data;
    loop.working--;
    working->after(working->work, 0);
}

/* Everything of the worker happens at one moment, somewhere between what the loop does. */
static void on_work(void *data)
{
    struct working *working = data;
    working->run(working->work);
    due_in(chance_us(0, 5 * MS_US), true, on_worked, working);
}

int FAKE(uv_queue_work)(uv_loop_t *of, uv_work_t *work, uv_work_cb run, uv_after_work_cb after)
{
    struct working *working = mem_alloc(sizeof(*working));
    (void)of;
    *working = (struct working){ work, run, after };
    loop.working++;
    due_in(chance_us(0, 20 * MS_US), true, on_work, working);
    return 0;
}

/* ---- running ---- */

void FAKE(uv_stop)(uv_loop_t *handle)
{
    (void)handle;
    loop.stopped = true;
}

/* Far more than a run leads to: beyond it something never comes to rest. */
#define DUE_MAX 60000

int FAKE(uv_run)(uv_loop_t *handle, uv_run_mode mode)
{
    struct world *w = world();
    int64_t until_us = mode == UV_RUN_NOWAIT ? w->now_us : INT64_MAX;
    (void)handle;
    loop.stopped = false;
    while (!loop.stopped && is_alive() && due_next(until_us)) {
        if (++w->due_seen > DUE_MAX)
            world_failed(SIM_WEDGED, "the runner goes on and on");
        if (chance(15))
            judge_at_rest();
    }
    return is_alive();
}
