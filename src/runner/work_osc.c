#include "osc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "driver/process.h"

/*
 * An online schema change: another program copies the table and swaps the two, and what is said here is
 * whether it may begin, when it has to pause, and what became of it. What became of it is asked of the server
 * and never read off the program alone: when all its connections are gone, what is left, and whether it is
 * done.
 */

#define OUTPUT_MAX    (16 * 1024 * 1024)
#define LINE_MAX_LEN  4096
#define GRACE_US      (10 * SECOND_US) /* besides the wait for a lock, which a signal does not break */
#define PANIC_US      (5 * SECOND_US)  /* gh-ost looks for its panic file every second */
#define SETTLE_US     (30 * SECOND_US) /* for its connections to go after it has ended */
#define TELL_EVERY_US SECOND_US

struct osc {
    struct osc_names names;
    struct osc_files files;
    struct dsn_mysql dsn;
    const char *olds; /* before it began; NULL: none */
    struct buf line;
    const char *last_error; /* that it wrote; NULL */
    struct progress progress;
    struct buf told; /* why it pauses, as last told */
    int64_t told_us, began_us, stopping_us, ended_us;
    bool paused, settling;
    const char *stopped; /* why we stopped it; NULL */
    struct outcome end;  /* what the program said of itself */
};

static void fail(struct execution *execution, const char *what, const char *why)
{
    work_end_plain(execution, OUTCOME_FAILED, true, NULL, what, why);
}

/* ---- pausing ---- */

static void tell(struct execution *execution, const char *why, int64_t now_us)
{
    struct osc *osc = execution->osc;
    struct input input = { .type = INPUT_PROGRESS,
                           .now = clock_now(),
                           .step = execution->step,
                           .entry = execution->entry,
                           .progress = osc->progress,
                           .text = why };

    osc->told_us = now_us;
    buf_clear(&osc->told);
    buf_text(&osc->told, why ? why : "");
    runner_take(execution->runner, &input);
}

static int pause_program(struct osc *osc, struct err *err)
{
    int fd = open(osc->files.pause, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "it cannot be paused: %s", osc->files.pause);
    close(fd);
    osc->paused = true;
    return 0;
}

static int release_program(struct osc *osc, struct err *err)
{
    if (unlink(osc->files.pause) < 0 && errno != ENOENT)
        return err_set_errno(err, ERR_IO, errno, "it cannot go on: %s", osc->files.pause);
    osc->paused = false;
    return 0;
}

static void stop(struct execution *execution, const char *why, int64_t now_us)
{
    struct osc *osc = execution->osc;
    struct err err = ERR_INIT;

    if (osc->stopped || !execution->process)
        return;
    osc->stopped = arena_text(execution->arena, why);
    osc->stopping_us = now_us;
    /* A signal only ends it; the file makes it say why. */
    if (execution->definition->osc->tool != OSC_GHOST || file_write(osc->files.panic, "", 0, 0600, &err) < 0)
        process_cancel(execution->process);
}

void osc_cancel(struct execution *execution)
{
    stop(execution, "cancelled", clock_now().boot_us);
}

static void keep_pace(struct execution *execution, int64_t now_us)
{
    struct osc *osc = execution->osc;
    const char *why = work_pauses(execution);
    struct err err = ERR_INIT;
    int r = 0;

    if (why && !osc->paused)
        r = pause_program(osc, &err);
    else if (!why && osc->paused)
        r = release_program(osc, &err);
    if (r < 0) {
        stop(execution, err.message, now_us);
        return;
    }
    if (strcmp(buf_str(&osc->told), why ? why : "") != 0 && now_us - osc->told_us >= TELL_EVERY_US)
        tell(execution, why, now_us);
}

/* ---- what it writes ---- */

static void take_line(struct execution *execution, const char *line)
{
    struct osc *osc = execution->osc;

    if (osc_line_read(execution->definition->osc->tool, line, &osc->progress))
        tell(execution, buf_str(&osc->told)[0] ? arena_text(execution->arena, buf_str(&osc->told)) : NULL,
             osc->told_us);
    else if (strstr(line, "rror") || strstr(line, "FATAL") || (!osc->last_error && strstr(line, "annot ")))
        osc->last_error = arena_format(execution->arena, "%.600s", line);
}

void osc_line_add(struct execution *execution, const char *bytes, size_t len)
{
    struct osc *osc = execution->osc;

    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '\n') {
            buf_char(&osc->line, bytes[i]); /* what is too long is none of the lines that are looked for */
            continue;
        }
        take_line(execution, buf_str(&osc->line));
        buf_clear(&osc->line);
    }
}

/* ---- what became of it ---- */

static void note_olds(struct execution *execution, const char *olds)
{
    struct osc *osc = execution->osc;

    if (olds && !text_equal(olds, osc->olds))
        execution_note(execution, arena_format(execution->arena,
                                               "the table as it was is kept in %s: %s. It has no write since "
                                               "the swap: it is for dropping, and not for going back",
                                               osc->names.schema, olds));
}

static const char *program_said(struct execution *execution)
{
    struct osc *osc = execution->osc;
    const char *tool = osc_tool_word(execution->definition->osc->tool);

    return arena_format(execution->arena, "%s%s%s: %s%s%s", osc->stopped ? osc->stopped : "",
                        osc->stopped ? ": " : "", tool, osc->end.message, osc->last_error ? ": " : "",
                        osc->last_error ? osc->last_error : "");
}

/* It did not end well. What its probe says decides what stands. */
static void on_asked(void *data, enum choice answer, const char *value, const char *why)
{
    struct execution *execution = data;
    struct outcome outcome = execution->osc->end;

    (void)value;
    execution->asking = false;
    outcome.status = OUTCOME_FAILED;
    outcome.clean = answer == CHOICE_NO;
    outcome.message = program_said(execution);
    if (answer == CHOICE_YES)
        outcome.message = arena_format(
            execution->arena, "%s; the change is there all the same, says its probe", outcome.message);
    if (answer == CHOICE_UNKNOWN) {
        outcome.status = OUTCOME_AMBIGUOUS;
        outcome.message = arena_format(execution->arena, "%s; whether it is done cannot be asked: %s",
                                       outcome.message, why);
    }
    if (outcome.leftover)
        outcome.hint = "clean removes what it left, triggers first";
    work_end(execution, &outcome);
}

static void judge_end(struct execution *execution)
{
    struct osc *osc = execution->osc;
    struct work_place place = { execution->step, NULL };

    if (osc->end.status == OUTCOME_OK && !osc->end.leftover) {
        probe_after(execution, &osc->end);
        return;
    }
    execution->asking = true;
    question_ask(execution->runner, &place, &execution->definition->probe, false, on_asked, execution);
}

static void on_settled(void *data, const struct osc_state *state)
{
    struct execution *execution = data;
    struct osc *osc = execution->osc;
    bool over = clock_now().boot_us - osc->ended_us > SETTLE_US || execution->runner->finishing;

    execution->asking = false;
    if ((state->why || state->sessions) && !over)
        return; /* the tick asks again */
    osc->settling = false;
    if (state->why || state->sessions) {
        struct outcome unknown = { .status = OUTCOME_AMBIGUOUS,
                                   .code = osc->end.code,
                                   .output = osc->end.output };

        unknown.message = arena_format(execution->arena, "%s; %s%s", program_said(execution),
                                       state->why ? "what it left on the server cannot be asked: "
                                                  : "it has ended, but the server still has its connection ",
                                       state->why ? state->why : state->sessions);
        work_end(execution, &unknown);
        return;
    }
    note_olds(execution, state->olds);
    osc->end.leftover = arena_text(execution->arena, state->left);
    judge_end(execution);
}

static void settle(struct execution *execution)
{
    execution->asking = true;
    osc_look(execution->runner, execution->definition->target, &execution->osc->names, OSC_MADE, on_settled,
             execution);
}

static void ended(struct execution *execution, const struct driver_result *result)
{
    struct osc *osc = execution->osc;
    struct sha256 sha;

    /* That we stopped it is told already. */
    osc->end = (struct outcome){ .status = result->status == DRIVER_OK ? OUTCOME_OK : OUTCOME_FAILED,
                                 .code = arena_text(execution->arena, result->code),
                                 .message = arena_text(execution->arena,
                                                       osc->stopped ? result->code : result->message),
                                 .detail = arena_text(execution->arena, result->detail) };
    if (sha256_of_file(execution->output_path, &sha, NULL) == 0)
        osc->end.output = arena_text(execution->arena, sha.hex);
    osc->ended_us = clock_now().boot_us;
    osc->settling = true;
    settle(execution);
}

void osc_tick(struct execution *execution, struct instant now)
{
    struct osc *osc = execution->osc;
    int64_t limit_us = execution->definition->timeout_us;

    if (osc->settling && !execution->asking)
        settle(execution);
    if (!execution->process || osc->settling)
        return;
    keep_pace(execution, now.boot_us);
    if (limit_us > 0 && now.boot_us - osc->began_us > limit_us)
        stop(execution, "its timeout was over", now.boot_us);
    if (osc->stopped && now.boot_us - osc->stopping_us > PANIC_US)
        process_cancel(execution->process); /* once is enough, and more does nothing */
}

/* ---- before ---- */

static int write_files(struct execution *execution, struct err *err)
{
    const struct server *server = &execution->runner->servers[execution->definition->target];
    struct osc *osc = execution->osc;
    struct buf text;
    int r = dir_make(osc->files.directory, 0700, err);

    buf_init(&text, 64 * 1024);
    osc_defaults(&text, execution->definition->osc, &osc->names, &osc->dsn, server->target.password,
                 execution->runner->book->targets[execution->definition->target].engine);
    if (r == 0)
        r = buf_ok(&text, "what the program is told about the server", err);
    if (r == 0)
        r = file_write(osc->files.defaults, buf_str(&text), text.len, 0600, err);
    if (r == 0)
        r = file_write(osc->files.plugin, osc_plugin, strlen(osc_plugin), 0600, err);
    if (r == 0)
        r = work_pauses(execution) ? pause_program(osc, err) : release_program(osc, err);
    (void)unlink(osc->files.panic); /* there is none, or it was for an attempt before */
    if (text.data)
        explicit_bzero(text.data, text.len);
    buf_finish(&text);
    return r;
}

static int prepare(struct execution *execution, struct err *err)
{
    const struct step *step = execution->definition;
    struct osc *osc = execution->osc;
    struct arena *arena = execution->arena;
    const char **environment = arena_array(arena, WORK_PROCESS_ENV + 1, sizeof(*environment));
    size_t count;

    work_process_environment(execution, environment);
    environment[WORK_PROCESS_ENV] = arena_format(arena, "TMINUS_OSC_PAUSE=%s", osc->files.pause);
    execution->output_path =
        arena_format(arena, "%s/output/%s.%" PRId64 ".log", execution->runner->options->frozen->dir, step->id,
                     execution->attempt);
    execution->command = (struct driver_command){
        .argv = osc_arguments(arena, step, &osc->names, &osc->dsn, &osc->files, &count),
        .env_count = WORK_PROCESS_ENV + 1,
        .env = environment,
        .directory = osc->files.directory,
        .grace_us = GRACE_US + step->lock_timeout_us,
        .output_path = execution->output_path,
        .output_max = OUTPUT_MAX,
    };
    execution->command.argc = count;
    return write_files(execution, err);
}

/* What an earlier attempt left has to be removed first, and that is another one's to say. */
static void end_left(struct execution *execution, const struct osc_state *state)
{
    struct outcome outcome = { .status = OUTCOME_FAILED,
                               .clean = true,
                               .leftover = state->left,
                               .hint = "clean removes it, triggers first" };

    outcome.message = arena_format(execution->arena, "not started: an earlier attempt left %s", state->left);
    work_end(execution, &outcome);
}

static void begin(struct execution *execution)
{
    struct err err = ERR_INIT;
    int r = prepare(execution, &err);

    execution->osc->began_us = clock_now().boot_us;
    if (r == 0)
        r = work_process_start(execution, ended, &err);
    if (r < 0)
        fail(execution, "not started: ", err.message);
}

static void on_seen(void *data, const struct osc_state *state)
{
    struct execution *execution = data;
    const char *objection;

    execution->asking = false;
    objection = state->why ? state->why : osc_objection(execution->arena, execution->definition->osc, state);
    if (execution->runner->halted || execution->cancelled)
        fail(execution, execution->cancelled ? "cancelled" : "halted", " before it began");
    else if (execution->runner->run->held)
        work_end_plain(execution, OUTCOME_RETRYABLE, true, NULL, "held before it began", "");
    else if (!state->why && state->sessions)
        fail(execution, "not started: the program is still at work on this table, in connection ",
             state->sessions);
    else if (!state->why && state->left)
        end_left(execution, state);
    else if (objection)
        fail(execution, "not started: ", objection);
    else {
        execution->osc->olds = arena_text(execution->arena, state->olds);
        begin(execution);
    }
}

static void start(struct execution *execution)
{
    execution->asking = true;
    osc_look(execution->runner, execution->definition->target, &execution->osc->names, OSC_WHOLE, on_seen,
             execution);
}

static void on_fit(void *data, const char *text)
{
    struct execution *execution = data;
    struct runner *runner = execution->runner;
    long survivor = runner->options->resume ? survivor_process(runner->options->frozen->run) : 0;

    execution->asking = false;
    if (text)
        fail(execution, "not started: ", text);
    else if (survivor > 0)
        fail(execution, "not started: ",
             arena_format(
                 execution->arena,
                 "process %ld, which an earlier runner of this run began, is still at work: wait until it "
                 "has ended, or end it",
                 survivor));
    else
        probe_before(execution, start);
}

/* What the programs cannot be told, or not in the same way as we are. */
static int check_connection(const struct execution *execution, struct err *err)
{
    const struct dsn_mysql *dsn = &execution->osc->dsn;
    const char *tool = osc_tool_word(execution->definition->osc->tool);
    const char *password = execution->runner->servers[execution->definition->target].target.password;

    if (dsn->defaults_file || dsn->defaults_group)
        return err_set(
            err, ERR_INVALID,
            "%s gets an option file of its own: name the password with \"password_from\", and no option "
            "file in the dsn",
            tool);
    if (dsn->unix_socket && execution->definition->osc->tool == OSC_GHOST)
        return err_set(err, ERR_INVALID, "%s connects over TCP only, and the dsn names a Unix socket", tool);
    if (password && strpbrk(password, "\r\n"))
        return err_set(err, ERR_INVALID, "a password with a line break cannot be told to %s", tool);
    return 0;
}

void osc_begin(struct execution *execution)
{
    const struct target *target = &execution->runner->book->targets[execution->definition->target];
    struct osc *osc = arena_alloc(execution->arena, sizeof(*osc));
    struct err err = ERR_INIT;
    int r = osc_names_make(execution->runner, execution->arena, execution->definition, &osc->names, &err);

    execution->osc = osc;
    buf_init(&osc->line, LINE_MAX_LEN);
    buf_init(&osc->told, ERR_MESSAGE_MAX);
    buf_init(&execution->pause, ERR_MESSAGE_MAX);
    osc->progress = (struct progress){ .total = -1, .left_us = -1 };
    osc->files =
        osc_files_of(execution->arena, execution->runner->options->frozen->dir, execution->definition->id);
    if (r == 0)
        r = dsn_mysql_parse(execution->arena, target->dsn, &osc->dsn, &err);
    if (r == 0)
        r = check_connection(execution, &err);
    if (r < 0) {
        fail(execution, "not started: ", err.message);
        return;
    }
    execution->asking = true;
    fit_ask(execution->runner, execution->definition->target, on_fit, execution);
}

/* What cannot be removed is for us alone to read. */
static void remove_files(const char *directory)
{
    struct err err = ERR_INIT;

    if (directory && dir_remove(directory, &err) < 0)
        return; /* most often there is nothing */
}

void osc_finish(struct osc *osc)
{
    if (!osc)
        return;
    remove_files(osc->files.directory);
    buf_finish(&osc->line);
    buf_finish(&osc->told);
}

void osc_sweep(const struct runner *runner)
{
    remove_files(arena_format(runner->arena, "%s/osc", runner->options->frozen->dir));
}
