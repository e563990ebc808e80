/*
 * Commands: a child with its own session and process group, no terminal, stdin at its end, its environment
 * cleaned (PATH, HOME, LANG, LC_*, TZ, USER, TMPDIR, PG*SERVICE/PASSFILE names and what the step adds).
 *
 * Its environment also has TMINUS_COMMAND, a mark by which descendants that became orphans are known.
 *
 * The timeout and a cancel send SIGTERM to the whole group, and after the grace SIGKILL. A child that left
 * the group (a daemon) is found as a descendant and ended too, or named in the result. Output is drained with
 * bounded memory, however much there is. Whoever is left when the command ends by itself has half a second to
 * go, and is then named in the message ("left running: pid 123 sleep"). A command that was told to stop is
 * CANCELLED or TIMED_OUT whatever its exit status, which is the code. The output file is synced before
 * `done`.
 */
#ifndef DRIVER_PROCESS_H
#define DRIVER_PROCESS_H

#include <uv.h>

#include "driver/driver.h"

struct process;

/* Spawns. ERR_IO when it cannot be spawned (EMFILE, EAGAIN, no such program): then nothing was started. The
 * process must have been made a child subreaper once (process_init) for daemons to be found. */
int process_start(uv_loop_t *loop, const struct driver_command *command, const struct driver_events *events,
                  void *data, struct process **ret, struct err *err) MUST_CHECK;
void process_cancel(struct process *process);
/* Ends it at once (SIGKILL to the group); `done` is not called any more. NULL-safe. */
void process_destroy(struct process *process);

/* Once in a program that starts commands. */
int process_init(struct err *err) MUST_CHECK;

#endif
