#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "driver/process.h"
#include "rehearsal.h"

/* What stands in for a person, and for the hand that makes the servers anew. */

/* What a person would do takes a person's time. */
#define STAND_IN_LIMIT_US (5 * MINUTE_US)
#define GRACE_US          (5 * SECOND_US)
#define SAID_MAX          1024

struct standing_in {
    bool ended;
    enum driver_status status;
    struct buf said; /* its last words */
    char message[ERR_MESSAGE_MAX];
};

static void on_output(void *data, const char *bytes, size_t len)
{
    struct standing_in *at = data;

    if (len > SAID_MAX) {
        bytes += len - SAID_MAX;
        len = SAID_MAX;
    }
    if (at->said.len + len > SAID_MAX)
        buf_consume(&at->said, at->said.len + len - SAID_MAX);
    buf_add(&at->said, bytes, len);
}

static void on_done(void *data, const struct driver_result *result)
{
    struct standing_in *at = data;
    struct err said = ERR_INIT;

    at->ended = true;
    at->status = result->status;
    (void)err_set(&said, ERR_REFUSED, "%s",
                  result->message[0] ? result->message : driver_status_word(result->status));
    memcpy(at->message, said.message, sizeof(at->message));
}

/* The last line that is not empty. */
static const char *last_line(struct arena *arena, const struct buf *said)
{
    const char *text = arena_text(arena, buf_str(said)), *line;
    size_t len = strlen(text);

    while (len > 0 && strchr("\r\n \t", text[len - 1]))
        len--;
    text = arena_text_len(arena, text, len);
    line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

static int carry_out(struct arena *arena, const struct driver_command *command, struct standing_in *at,
                     struct err *err)
{
    static const struct driver_events events = { .output = on_output, .done = on_done };
    struct process *process;
    uv_loop_t loop;
    int r;

    (void)arena;
    if (uv_loop_init(&loop) < 0)
        return err_set(err, ERR_IO, "cannot begin to carry it out");
    r = process_start(&loop, command, &events, at, &process, err);
    while (r == 0 && !at->ended)
        (void)uv_run(&loop, UV_RUN_ONCE);
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* what was closed is freed */
    (void)uv_loop_close(&loop);
    return r;
}

int stand_in(const struct step *step, const char *book_path, const char *run, struct err *err)
{
    struct arena *arena = arena_create();
    struct standing_in at = { 0 };
    const char *slash = strrchr(book_path, '/');
    const char *environment[] = { arena_format(arena, "TMINUS_RUN=%s", run),
                                  arena_format(arena, "TMINUS_STEP=%s", step->id) };
    struct driver_command command = { .argc = step->unattended->argv_count,
                                      .argv = step->unattended->argv,
                                      .env_count = ARRAY_LEN(environment),
                                      .env = environment,
                                      .timeout_us = STAND_IN_LIMIT_US,
                                      .grace_us = GRACE_US };
    const char *line;
    int r;

    if (slash)
        command.directory =
            slash == book_path ? "/" : arena_text_len(arena, book_path, (size_t)(slash - book_path));
    buf_init(&at.said, 2 * SAID_MAX);
    r = process_init(err);
    if (r == 0)
        r = carry_out(arena, &command, &at, err);
    line = last_line(arena, &at.said);
    if (r == 0 && at.status != DRIVER_OK)
        r = err_set(err, ERR_REFUSED, "%s%s%s", at.message, line[0] ? ": " : "", line);
    if (r < 0)
        (void)err_prefix(err, "what stands in for \"%s\" (%s)", step->id, step->unattended->argv[0]);
    buf_finish(&at.said);
    arena_destroy(arena);
    return r;
}

int restore(const char *command, struct err *err)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        /* Its words are not the rehearsal's: those may be JSON. */
        if (dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
            execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    if (child < 0)
        return err_set_errno(err, ERR_IO, errno, "--restore cannot be carried out");
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status))
        return err_set(err, ERR_REFUSED, "--restore ended with %d", WEXITSTATUS(status));
    return err_set(err, ERR_REFUSED, "--restore was ended by signal %d", WTERMSIG(status));
}
