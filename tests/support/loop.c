#include "support/loop.h"

#include <stdio.h>
#include <stdlib.h>

#define TURN_MS 5

static void on_turn(uv_timer_t *turn)
{
    (void)turn;
}

/* It ends on time also when a timer that is due fulfils `done` in a turn that then would wait for something
 * else. */
bool run_until(uv_loop_t *loop, bool (*done)(void *data), void *data, int limit_ms)
{
    uint64_t end_ns = uv_hrtime() + (uint64_t)limit_ms * 1000000;
    uv_timer_t turn;
    uv_timer_init(loop, &turn);
    uv_update_time(loop);
    uv_timer_start(&turn, on_turn, TURN_MS, TURN_MS);
    uv_unref((uv_handle_t *)&turn); /* so that a loop says itself whether anything else is in it */
    bool fine = done(data);
    while (!fine && uv_hrtime() < end_ns) {
        if (uv_run(loop, UV_RUN_ONCE) == 0)
            uv_sleep(1); /* an empty loop waits for nothing */
        fine = done(data);
    }
    uv_close((uv_handle_t *)&turn, NULL);
    (void)uv_run(loop, UV_RUN_NOWAIT);
    return fine;
}

static bool never(void *data)
{
    (void)data;
    return false;
}

void run_for(uv_loop_t *loop, int ms)
{
    (void)run_until(loop, never, NULL, ms);
}

static bool is_empty(void *data)
{
    return uv_loop_alive(data) == 0;
}

void run_out(uv_loop_t *loop)
{
    (void)run_until(loop, is_empty, loop, 10000);
    if (uv_loop_close(loop) != 0) {
        fprintf(stderr, "something is left in the loop\n");
        uv_print_all_handles(loop, stderr);
        abort();
    }
}
