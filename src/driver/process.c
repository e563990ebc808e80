/*
 * One command. It runs until its first process has ended and its pipe is at its end, or a short while after;
 * a timeout or a cancel goes through SIGTERM, the grace and SIGKILL first. The handles are closed one after
 * the other at the end, and the memory goes with the last.
 */
#include "driver/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "driver/process_environment.h"
#include "driver/process_output.h"
#include "driver/process_tree.h"

/* What a piece can become when it is rewritten, with what was held back before. */
#define REWRITTEN_MAX ((size_t)32 * 1024 * 1024)

#define READ_SIZE    65536
#define PIPE_SIZE    (1024 * 1024)
#define LINGER_MS    500  /* for the pipe's end after the first process has ended */
#define LOOK_MS      40   /* between two looks at who is still alive */
#define KILL_WAIT_MS 2000 /* for those who got SIGKILL to go */

enum ending { ENDING_NONE, ENDING_CANCEL, ENDING_TIMEOUT };

struct process {
    uv_loop_t *loop;
    const struct driver_events *events; /* NULL after process_destroy */
    void *data;
    uv_process_t child;
    uv_pipe_t pipe;
    uv_timer_t timer;    /* first to identify, then the timeout; later the looks */
    uv_timer_t patience; /* the end of the grace, of KILL_WAIT_MS, or of LINGER_MS */
    uv_fs_t sync;
    int handles;
    pid_t pid;
    int64_t timeout_us, grace_us, exit_status;
    int exit_signal;
    enum ending ending;
    bool identified, exited, end_of_pipe, lingering, killed, finishing;
    uint64_t started_ns;
    struct process_output output;
    char mark[ENVIRONMENT_MARK_MAX];
    struct tree tree; /* who is left */
    char bytes[READ_SIZE];
};

static void look(struct process *process);

int process_init(struct err *err)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot become the reaper of orphaned commands");
    return 0;
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct process *process = handle->data;
    if (--process->handles == 0)
        free(process);
}

static void close_handles(struct process *process)
{
    process_output_close(&process->output);
    if (process->child.loop != NULL) /* else it did not get as far as the child's handle */
        uv_close((uv_handle_t *)&process->child, on_closed);
    else
        process->handles--;
    uv_close((uv_handle_t *)&process->timer, on_closed);
    uv_close((uv_handle_t *)&process->patience, on_closed);
    if (!uv_is_closing((uv_handle_t *)&process->pipe))
        uv_close((uv_handle_t *)&process->pipe, on_closed);
}

static const struct {
    enum ending ending;
    enum driver_status status;
    const char *message;
} endings[] = {
    { ENDING_CANCEL, DRIVER_CANCELLED, "cancelled" },
    { ENDING_TIMEOUT, DRIVER_TIMED_OUT, "its timeout was over" },
};

static void add_sentence(struct buf *message, const char *text)
{
    buf_format(message, "%s%s", message->len > 0 ? "; " : "", text);
}

static void add_survivors(const struct process *process, struct buf *message)
{
    static const size_t named_max = 8;
    if (process->tree.count == 0)
        return;
    add_sentence(message, "left running:");
    for (size_t i = 0; i < process->tree.count && i < named_max; i++)
        buf_format(message, "%s pid %d %s", i > 0 ? "," : "", (int)process->tree.members[i].pid,
                   process->tree.members[i].name);
    if (process->tree.count > named_max)
        buf_format(message, " and %zu more", process->tree.count - named_max);
}

static void describe(const struct process *process, struct driver_result *result, struct buf *code,
                     struct buf *message)
{
    const char *signal_name = sigabbrev_np(process->exit_signal);
    result->status = process->exit_status == 0 && process->exit_signal == 0 ? DRIVER_OK : DRIVER_REJECTED;
    if (process->exit_signal != 0)
        buf_format(code, "SIG%s", signal_name != NULL ? signal_name : "?");
    else if (result->status != DRIVER_OK || process->ending != ENDING_NONE)
        buf_format(code, "exit %" PRId64, process->exit_status);
    if (process->exit_signal != 0)
        buf_format(message, "ended by %s", buf_str(code));
    else if (result->status != DRIVER_OK)
        buf_format(message, "exit status %" PRId64, process->exit_status);
    /* A command that was told to stop may end with 0 all the same; it did not get to do what it is for. */
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (process->ending == endings[i].ending) {
            result->status = endings[i].status;
            add_sentence(message, endings[i].message);
        }
    }
    add_survivors(process, message);
    if (process->output.trouble != 0) {
        add_sentence(message, "the output could not be kept: ");
        buf_text(message, strerror(process->output.trouble));
    }
}

static void report(struct process *process)
{
    struct buf code, message;
    buf_init(&code, DRIVER_CODE_MAX - 1);
    buf_init(&message, ERR_MESSAGE_MAX);
    struct driver_result result = {
        .detail = "",
        .hint = "",
        .leftover = "",
        .elapsed_us = (int64_t)((uv_hrtime() - process->started_ns) / 1000),
        .output_bytes = process->output.total,
        .output_cut = process_output_cut(&process->output),
    };
    describe(process, &result, &code, &message);
    memcpy(result.code, buf_str(&code), code.len);
    result.message = buf_str(&message);
    if (process->events != NULL)
        process->events->done(process->data, &result);
    buf_finish(&code);
    buf_finish(&message);
    close_handles(process);
}

static void on_synced(uv_fs_t *sync)
{
    struct process *process = sync->data;
    if (sync->result < 0 && process->output.trouble == 0)
        process->output.trouble = (int)-sync->result;
    uv_fs_req_cleanup(sync);
    report(process);
}

/* The output is durable before anybody hears of the outcome. */
static void finish(struct process *process)
{
    assert(!process->finishing);
    process->finishing = true;
    uv_timer_stop(&process->timer);
    uv_timer_stop(&process->patience);
    uv_close((uv_handle_t *)&process->pipe, on_closed);
    process_output_mark(&process->output);
    process->sync.data = process;
    if (process->output.fd < 0 ||
        uv_fs_fdatasync(process->loop, &process->sync, process->output.fd, on_synced) < 0)
        report(process);
}

/* ---- stopping ---- */

static void on_look(uv_timer_t *timer)
{
    look(timer->data);
}

static void on_patience_over(uv_timer_t *timer);

static void wait_for(struct process *process, int64_t ms)
{
    uv_timer_start(&process->patience, on_patience_over, (uint64_t)ms, 0);
    uv_timer_start(&process->timer, on_look, 0, LOOK_MS);
}

/* To the group by its number while its leader is not reaped, so that the number cannot be somebody else's; to
 * those who left the group, or outlived the leader, one by one. Nobody gets it twice: there are programs that
 * take a second SIGTERM for impatience. */
static void signal_all(struct process *process, int signal_number)
{
    pid_t group = process->exited ? 0 : process->pid;
    tree_find(&process->tree, process->pid, process->mark);
    if (group != 0)
        (void)kill(-group, signal_number);
    tree_signal(&process->tree, signal_number, group);
}

static void kill_all(struct process *process)
{
    process->killed = true;
    signal_all(process, SIGKILL);
    wait_for(process, KILL_WAIT_MS);
}

static void identify(struct process *process)
{
    bool first = !process->identified;
    process->identified = true;
    if (first && process->events != NULL && process->events->identified != NULL)
        process->events->identified(process->data, process->pid);
}

static void stop(struct process *process, enum ending ending)
{
    if (process->ending != ENDING_NONE || process->exited)
        return;
    identify(process);
    process->ending = ending;
    signal_all(process, SIGTERM);
    signal_all(process, SIGCONT); /* one that is stopped hears nothing else */
    wait_for(process, process->grace_us / MS_US);
}

static void on_timeout(uv_timer_t *timer)
{
    stop(timer->data, ENDING_TIMEOUT);
}

static void on_patience_over(uv_timer_t *timer)
{
    struct process *process = timer->data;
    tree_find(&process->tree, process->pid, process->mark);
    bool anybody = !process->exited || process->tree.count > 0 || process->tree.unsettled;
    if (process->ending != ENDING_NONE && !process->killed && anybody)
        kill_all(process);
    else if (process->exited)
        finish(process);
    else /* even SIGKILL takes its time where the kernel waits for a disk */
        uv_timer_start(&process->patience, on_patience_over, KILL_WAIT_MS, 0);
}

/* When the first process has ended: is that all of it? Who still holds the pipe, or just goes on, has until
 * patience ends. */
static void look(struct process *process)
{
    if (!process->exited)
        return;
    tree_find(&process->tree, process->pid, process->mark);
    if (process->killed)
        tree_signal(&process->tree, SIGKILL, 0); /* to those who could not be told before */
    if (process->tree.count > 0 || process->tree.unsettled)
        return;
    if (process->end_of_pipe) {
        finish(process);
    } else if (!process->lingering) {
        process->lingering = true;
        uv_timer_start(&process->patience, on_patience_over, LINGER_MS, 0);
    }
}

static void on_child_exit(uv_process_t *child, int64_t exit_status, int exit_signal)
{
    struct process *process = child->data;
    process->exited = true;
    tree_leave(process->pid);
    process->exit_status = exit_status;
    process->exit_signal = exit_signal;
    identify(process);
    if (process->ending == ENDING_NONE)
        wait_for(process, LINGER_MS);
    look(process);
}

/* ---- output ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct process *process = handle->data;
    (void)suggested;
    *ret = uv_buf_init(process->bytes, READ_SIZE);
}

static void keep_and_tell(struct process *process, const char *bytes, size_t len)
{
    process_output_add(&process->output, bytes, len);
    if (process->events != NULL && process->events->output != NULL)
        process->events->output(process->data, bytes, len);
}

/* With no bytes: there are no more. */
static void take_output(struct process *process, const char *bytes, size_t len)
{
    struct buf rewritten;
    if (process->events == NULL || process->events->rewrite == NULL) {
        if (len > 0)
            keep_and_tell(process, bytes, len);
        return;
    }
    buf_init(&rewritten, REWRITTEN_MAX);
    process->events->rewrite(process->data, bytes, len, &rewritten);
    if (rewritten.len > 0)
        keep_and_tell(process, rewritten.data, rewritten.len);
    buf_finish(&rewritten);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *read_buf)
{
    struct process *process = stream->data;
    if (len > 0) {
        take_output(process, read_buf->base, (size_t)len);
    } else if (len < 0) {
        uv_read_stop(stream);
        take_output(process, NULL, 0);
        process->end_of_pipe = true;
        look(process);
    }
}

/* ---- start ---- */

static void on_identify(uv_timer_t *timer)
{
    struct process *process = timer->data;
    if (process->timeout_us > 0)
        uv_timer_start(timer, on_timeout, (uint64_t)(process->timeout_us / MS_US), 0);
    identify(process);
}

static void init_handles(struct process *process)
{
    uv_pipe_init(process->loop, &process->pipe, 0);
    uv_timer_init(process->loop, &process->timer);
    uv_timer_init(process->loop, &process->patience);
    process->child.data = process->pipe.data = process->timer.data = process->patience.data = process;
    process->handles = 4;
}

static int spawn(struct process *process, const struct driver_command *command, int write_end)
{
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_IGNORE }, /* /dev/null */
        { .flags = UV_INHERIT_FD, .data.fd = write_end },
        { .flags = UV_INHERIT_FD, .data.fd = write_end },
    };
    char **argv = mem_array(command->argc + 1, sizeof(*argv));
    for (size_t i = 0; i < command->argc; i++)
        argv[i] = (char *)(uintptr_t)command->argv[i]; /* exec has no const, and changes nothing */
    char **env = environment_make(command->env, command->env_count, process->mark);
    const uv_process_options_t options = {
        .exit_cb = on_child_exit,
        .file = command->argv[0],
        .args = argv,
        .env = env,
        .cwd = command->directory,
        .flags = UV_PROCESS_DETACHED, /* setsid: a group and a session of its own, no terminal */
        .stdio_count = 3,
        .stdio = stdio,
    };
    environment_close_on_exec();
    int r = uv_spawn(process->loop, &process->child, &options);
    environment_free(env);
    free(argv);
    return r;
}

/* Makes the pipe and the child; the read end belongs to process->pipe afterwards. Returns a negative uv
 * error. */
static int start(struct process *process, const struct driver_command *command)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    (void)fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE); /* only faster */
    int r = uv_pipe_open(&process->pipe, ends[0]);
    if (r < 0) {
        (void)close(ends[0]);
    } else {
        r = spawn(process, command, ends[1]);
    }
    (void)close(ends[1]);
    return r;
}

int process_start(uv_loop_t *loop, const struct driver_command *command, const struct driver_events *events,
                  void *data, struct process **ret, struct err *err)
{
    assert(command->argc > 0);
    struct process_output output;
    int r = process_output_open(&output, command->output_path, command->output_max, err);
    if (r < 0)
        return r;

    struct process *process = mem_alloc(sizeof(*process));
    process->loop = loop;
    process->events = events;
    process->data = data;
    process->timeout_us = command->timeout_us;
    process->grace_us = command->grace_us;
    process->output = output;
    process->started_ns = uv_hrtime();
    environment_mark(process->mark);
    init_handles(process);

    r = start(process, command);
    if (r < 0) {
        if (command->output_path != NULL)
            (void)unlink(command->output_path); /* ours, and empty */
        process->events = NULL;
        close_handles(process);
        return err_set(err, ERR_IO, "cannot start %s: %s", command->argv[0], uv_strerror(r));
    }
    process->pid = process->child.pid;
    tree_enter(process->pid);
    (void)uv_read_start((uv_stream_t *)&process->pipe, on_alloc, on_read); /* the pipe is ours and readable */
    uv_timer_start(&process->timer, on_identify, 0, 0);
    *ret = process;
    return 0;
}

void process_cancel(struct process *process)
{
    stop(process, ENDING_CANCEL);
}

void process_destroy(struct process *process)
{
    if (process == NULL)
        return;
    process->events = NULL;
    if (process->finishing)
        return;
    process->ending = ENDING_CANCEL;
    kill_all(process);
}
