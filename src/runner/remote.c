#include "runner/remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "driver/process.h"
#include "remote_told.h"

#define TIMEOUT_US (30 * SECOND_US)
#define GRACE_US   (2 * SECOND_US)
#define SAID_MAX   (64u * 1024) /* of what git says, the last of it */
#define ARGV_MAX   40
#define ENV_MAX    16

struct words {
    size_t count;
    const char *list[ARGV_MAX];
};

struct remote_job {
    struct arena *arena;
    struct words words;
    const char *env[ENV_MAX];
    struct process *process;
    remote_done done;
    void *data;
    const char *branch; /* of a push; NULL for a fetch */
    struct buf said;
};

/* ---- the place ---- */

static const char config[] = "[core]\n"
                             "\trepositoryformatversion = 0\n"
                             "\tbare = true\n"
                             "[gc]\n"
                             "\tauto = 0\n"
                             "[fetch]\n"
                             "\tfsckObjects = true\n";

static int make_directories(struct arena *arena, const char *place, struct err *err)
{
    static const char *const wanted[] = { "objects/info", "refs/heads" };
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_LEN(wanted); i++)
        r = dir_make(arena_format(arena, "%s/%s", place, wanted[i]), 0700, err);
    return r;
}

int remote_place(const char *place, const char *repository, struct err *err)
{
    struct arena *arena = arena_create();
    const char *alternates = arena_format(arena, "%s/objects\n", repository);
    const struct {
        const char *name, *text;
    } files[] = { { "HEAD", "ref: refs/heads/none\n" },
                  { "config", config },
                  { "objects/info/alternates", alternates } };
    int r = 0;

    /* Such a path would say something else in git's file. */
    if (repository[0] != '/' || strchr(repository, '\n'))
        r = err_set(err, ERR_INVALID, "%s cannot be pushed from: its path is not absolute, or has two lines",
                    repository);
    if (r == 0)
        r = make_directories(arena, place, err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(files); i++)
        r = file_write(arena_format(arena, "%s/%s", place, files[i].name), files[i].text,
                       strlen(files[i].text), 0600, err);
    arena_destroy(arena);
    return r;
}

/* ---- one child ---- */

static void add(struct words *words, const char *word)
{
    if (words->count < ARGV_MAX)
        words->list[words->count++] = word;
}

static void add_list(struct words *words, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(words, list[i]);
}

/* Before the subcommand: whatever the configuration says. */
static const char *const always[] = { "git", "--no-replace-objects", "-c", "core.hooksPath=/dev/null",
                                      "-c",  "core.fsmonitor=false", "-c", "core.askPass=",
                                      "-c",  "protocol.version=2",   "-c", "maintenance.auto=false" };

/* How to get through is the business of whoever sits here; the rest of the environment is cleaned anyway. */
static const char *const passed[] = { "SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "https_proxy", "HTTPS_PROXY",
                                      "no_proxy" };

static size_t make_environment(struct arena *arena, const char *env[ENV_MAX])
{
    const char *ssh = getenv("GIT_SSH_COMMAND");
    size_t count = 0;

    env[count++] = "LC_ALL=C";
    env[count++] = "GIT_TERMINAL_PROMPT=0";
    env[count++] = "GIT_ASKPASS=";
    env[count++] = "SSH_ASKPASS_REQUIRE=never";
    env[count++] = "GIT_ALLOW_PROTOCOL=file:https:ssh";
    env[count++] = arena_format(arena, "GIT_SSH_COMMAND=%s", ssh && ssh[0] ? ssh : "ssh -oBatchMode=yes");
    for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
        const char *value = getenv(passed[i]);

        if (value)
            env[count++] = arena_format(arena, "%s=%s", passed[i], value);
    }
    return count;
}

static void on_output(void *data, const char *bytes, size_t len)
{
    struct remote_job *job = data;

    if (len > SAID_MAX) {
        bytes += len - SAID_MAX;
        len = SAID_MAX;
    }
    if (job->said.len + len > SAID_MAX)
        buf_consume(&job->said, job->said.len + len - SAID_MAX);
    buf_add(&job->said, bytes, len);
}

static void job_free(struct remote_job *job)
{
    buf_finish(&job->said);
    arena_destroy(job->arena);
    free(job);
}

static enum remote_outcome understand(const struct remote_job *job, const struct driver_result *result,
                                      struct buf *why)
{
    bool ok = result->status == DRIVER_OK;

    if (result->status == DRIVER_TIMED_OUT) {
        buf_format(why, "no answer within %d s", (int)(TIMEOUT_US / SECOND_US));
        return REMOTE_UNREACHABLE;
    }
    if (job->branch)
        return remote_told_push(buf_str(&job->said), ok, job->branch, why);
    if (ok)
        return REMOTE_HOLDS;
    remote_told_why(buf_str(&job->said), why);
    return REMOTE_UNREACHABLE;
}

static void on_done(void *data, const struct driver_result *result)
{
    struct remote_job *job = data;
    enum remote_outcome outcome;
    struct buf why;

    buf_init(&why, ERR_MESSAGE_MAX);
    outcome = understand(job, result, &why);
    job->done(job->data, outcome, buf_str(&why));
    buf_finish(&why);
    job_free(job);
}

static int start(uv_loop_t *loop, const char *place, struct remote_job *job, struct remote_job **ret,
                 struct err *err)
{
    static const struct driver_events events = { .output = on_output, .done = on_done };
    struct driver_command command = { .argc = job->words.count,
                                      .argv = job->words.list,
                                      .env_count = make_environment(job->arena, job->env),
                                      .env = job->env,
                                      .directory = place,
                                      .timeout_us = TIMEOUT_US,
                                      .grace_us = GRACE_US };
    int r = process_start(loop, &command, &events, job, &job->process, err);

    if (r < 0)
        job_free(job);
    else
        *ret = job;
    return r;
}

static struct remote_job *job_create(remote_done done, void *data)
{
    struct remote_job *job = mem_alloc(sizeof(*job));

    job->arena = arena_create();
    job->done = done;
    job->data = data;
    buf_init(&job->said, SAID_MAX);
    return job;
}

static void begin_words(struct remote_job *job, const char *place)
{
    add_list(&job->words, always, ARRAY_LEN(always));
    add(&job->words, arena_format(job->arena, "--git-dir=%s", place));
}

int remote_push(uv_loop_t *loop, const char *place, const char *remote, const char *commit,
                const char *branch, remote_done done, void *data, struct remote_job **ret, struct err *err)
{
    static const char *const options[] = { "push",
                                           "--porcelain",
                                           "--no-force",
                                           "--no-verify",
                                           "--no-signed",
                                           "--no-follow-tags",
                                           "--recurse-submodules=no" };
    struct remote_job *job = job_create(done, data);

    job->branch = arena_text(job->arena, branch);
    begin_words(job, place);
    add_list(&job->words, options, ARRAY_LEN(options));
    add(&job->words, arena_text(job->arena, remote));
    add(&job->words, arena_format(job->arena, "%s:%s", commit, branch));
    return start(loop, place, job, ret, err);
}

int remote_fetch(uv_loop_t *loop, const char *place, const char *remote, const char *prefix, remote_done done,
                 void *data, struct remote_job **ret, struct err *err)
{
    static const char *const options[] = { "fetch",
                                           "--quiet",
                                           "--prune",
                                           "--no-tags",
                                           "--no-write-fetch-head",
                                           "--no-auto-gc",
                                           "--recurse-submodules=no" };
    struct remote_job *job = job_create(done, data);

    begin_words(job, place);
    add_list(&job->words, options, ARRAY_LEN(options));
    add(&job->words, arena_text(job->arena, remote));
    /* Only in a place of ours, where what was fetched before counts for nothing. */
    add(&job->words, arena_format(job->arena, "+%s*:%s*", prefix, prefix));
    return start(loop, place, job, ret, err);
}

void remote_cancel(struct remote_job *job)
{
    if (!job)
        return;
    process_destroy(job->process);
    job_free(job);
}
