#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "driver/process.h"
#include "sim.h"

/*
 * Commands: children that go on when the runner is killed, and end with their machine. The runner finds those
 * of another runner by what /proc says of them.
 */

extern __typeof__(process_init) FAKE(process_init);
extern __typeof__(process_start) FAKE(process_start);
extern __typeof__(process_cancel) FAKE(process_cancel);
extern __typeof__(process_destroy) FAKE(process_destroy);
extern __typeof__(opendir) FAKE(opendir);
extern __typeof__(closedir) FAKE(closedir);
extern __typeof__(readdir) FAKE(readdir64);

struct process {
    struct process *next;
    const struct driver_events *events;
    void *data;
    struct def *def;
    long pid, runner;
    bool attached, alive, stopped, failing;
    bool hangs; /* until its time is over */
};

static struct {
    struct process *first;
    long last_pid;
    /* of a reader of /proc */
    struct process *at;
    struct dirent entry;
} children;

void processes_create(void)
{
    memset(&children, 0, sizeof(children));
    children.last_pid = 500000;
}

static void forget_file(const struct process *process)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%ld/environ", process->pid);
    disk_remove(path);
}

static void end(struct process *process)
{
    process->alive = false;
    forget_file(process);
    due_forget(process);
}

static bool tells(const struct process *process)
{
    return process->def->step->kind == STEP_NOTIFY;
}

bool processes_busy(void)
{
    for (const struct process *process = children.first; process != NULL; process = process->next) {
        if (process->alive && !process->attached && !tells(process))
            return true;
    }
    return false;
}

void processes_runner_ended(bool machine)
{
    for (struct process *process = children.first; process != NULL; process = process->next) {
        process->attached = false;
        if (machine && process->alive)
            end(process);
    }
}

/* ---- a command ---- */

static void on_done(void *data)
{
    struct process *process = data;
    bool ok = !process->stopped && !process->failing && !process->hangs;
    struct driver_result result = { .status = process->stopped   ? DRIVER_CANCELLED
                                              : process->hangs   ? DRIVER_TIMED_OUT
                                              : process->failing ? DRIVER_REJECTED
                                                                 : DRIVER_OK,
                                    .message = ok ? "" : "exit status 1",
                                    .detail = "",
                                    .hint = "",
                                    .leftover = "" };
    memcpy(result.code, ok ? "0" : "1", 2);
    if (!process->attached)
        return;
    process->attached = false;
    world_trace("command %s: %s", process->def->step->id, driver_status_word(result.status));
    process->events->done(process->data, &result);
}

static void on_exited(void *data)
{
    struct process *process = data;
    end(process);
    due_in(chance_us(0, 3 * MS_US), true, on_done, process);
}

static void on_effect(void *data)
{
    struct process *process = data;
    if (tells(process))
        truth_tell(process->def);
    else if (process->failing)
        process->def->partial = process->def->partial || chance(500);
    else
        truth_effect(process->def, false);
    due_in(chance_us(0, 50 * MS_US), false, on_exited, process);
}

static void on_identified(void *data)
{
    struct process *process = data;
    if (!process->attached)
        return;
    process->events->identified(process->data, process->pid);
    if (chance(100) && process->attached)
        process->events->output(process->data, "working\n", 8);
}

static void make_environment_file(const struct process *process)
{
    char path[64], text[128];
    int len = snprintf(text, sizeof(text), "%s=%s%cTMINUS_COMMAND=%ld%c",
                       tells(process) ? "TOLD_BY" : "TMINUS_RUN", RUN_ID, 0, process->runner, 0);
    (void)snprintf(path, sizeof(path), "/proc/%ld/environ", process->pid);
    disk_write(path, text, (size_t)len);
}

static int64_t how_long(const struct process *process)
{
    if (process->hangs)
        return process->def->step->timeout_us;
    return chance(200) && !world()->well ? chance_us(0, 4 * SECOND_US) : chance_us(0, 100 * MS_US);
}

int FAKE(process_start)(uv_loop_t *loop, const struct driver_command *command,
                        const struct driver_events *events, void *data, struct process **ret, struct err *err)
{
    struct def *def = def_of_argv(command->argc, command->argv);
    (void)loop;
    world_called();
    if (chance_fault(10))
        return err_set(err, ERR_IO, "cannot spawn: Resource temporarily unavailable");
    if (def == NULL)
        world_failed(SIM_RULE, "a command that nobody wrote: %s", command->argv[0]);
    judge_begins(def);
    struct process *process = mem_alloc(sizeof(*process));
    *process = (struct process){ .next = children.first,
                                 .events = events,
                                 .data = data,
                                 .def = def,
                                 .pid = ++children.last_pid,
                                 .runner = world()->pid,
                                 .attached = true,
                                 .alive = true,
                                 .failing = chance_fault(60) };
    process->hangs = tells(process) && chance_fault(60);
    children.first = process;
    def->told = def->told || tells(process); /* or will be */
    def->sent = tells(process);
    make_environment_file(process);
    world_trace("command %s", def->step->id);
    due_in(0, true, on_identified, process);
    due_in(how_long(process), false, on_effect, process);
    *ret = process;
    world_called();
    return 0;
}

/* It may be too late, and it may leave half of it. */
void FAKE(process_cancel)(struct process *process)
{
    world_called();
    if (!process->alive || process->stopped)
        return;
    process->stopped = true;
    if (chance(500)) {
        process->def->partial = process->def->partial || chance(300);
        due_forget(process);
        due_in(chance_us(0, SECOND_US), false, on_exited, process);
    }
}

void FAKE(process_destroy)(struct process *process)
{
    if (process == NULL)
        return;
    process->attached = false;
    if (process->alive)
        end(process);
}

int FAKE(process_init)(struct err *err)
{
    (void)err;
    return 0;
}

/* ---- /proc ---- */

DIR *FAKE(opendir)(const char *path)
{
    (void)path;
    children.at = children.first;
    return (DIR *)&children;
}

struct dirent *FAKE(readdir64)(DIR *directory)
{
    (void)directory;
    while (children.at != NULL && !children.at->alive)
        children.at = children.at->next;
    if (children.at == NULL || world_broken(BREAK_SURVIVOR))
        return NULL;
    (void)snprintf(children.entry.d_name, sizeof(children.entry.d_name), "%ld", children.at->pid);
    children.at = children.at->next;
    return &children.entry;
}

int FAKE(closedir)(DIR *directory)
{
    (void)directory;
    return 0;
}
