/* Turning a loop in a test. */
#ifndef TESTS_SUPPORT_LOOP_H
#define TESTS_SUPPORT_LOOP_H

#include <stdbool.h>
#include <uv.h>

/* Turns the loop until `done` says so; false when it did not within `limit_ms`. */
bool run_until(uv_loop_t *loop, bool (*done)(void *data), void *data, int limit_ms);

/* Turns the loop for that long. */
void run_for(uv_loop_t *loop, int ms);

/* Turns the loop until nothing is left in it, and closes it; ends the test when that takes over 10 s. */
void run_out(uv_loop_t *loop);

#endif
