#include "runner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "driver/mysql.h"
#include "driver/postgresql.h"

/*
 * What an earlier runner of this run began may still be at work: in the server, or as a process. Until it has
 * ended nothing can be said about its step, and beginning that step again would do it twice.
 */

#define ENVIRONMENT_MAX (256 * 1024)
#define ASK_TIMEOUT_US  (10 * SECOND_US)
#define ASKS_MAX        100 /* while one of ours has just connected */

/* ---- processes ---- */

/* The value of a variable in an environment as /proc tells it; NULL without it. */
static const char *value_of(const char *environment, size_t len, const char *name)
{
    size_t name_len = strlen(name);

    for (size_t at = 0; at < len; at += strlen(environment + at) + 1) {
        if (strncmp(environment + at, name, name_len) == 0 && environment[at + name_len] == '=')
            return environment + at + name_len + 1;
    }
    return NULL;
}

/* Whether a process carries the marks of a command of this run that another runner began. */
static bool is_survivor(const char *pid, const char *run, char *environment)
{
    char path[64];
    const char *of_run, *mark;
    ssize_t len;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    len = read(fd, environment, ENVIRONMENT_MAX - 1);
    close(fd);
    if (len <= 0)
        return false;
    environment[len] = '\0';
    of_run = value_of(environment, (size_t)len, "TMINUS_RUN");
    mark = value_of(environment, (size_t)len, "TMINUS_COMMAND");
    return of_run && mark && strcmp(of_run, run) == 0 && strtol(mark, NULL, 10) != (long)getpid();
}

long survivor_process(const char *run)
{
    char *environment = mem_alloc(ENVIRONMENT_MAX);
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    long found = 0;

    while (directory && found == 0 && (entry = readdir(directory))) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            is_survivor(entry->d_name, run, environment))
            found = strtol(entry->d_name, NULL, 10);
    }
    if (directory)
        closedir(directory);
    free(environment);
    return found;
}

/* ---- backends ---- */

struct asking {
    struct runner *runner;
    size_t target;
    survivor_told told;
    void *data;
    int asks;
};

static int ask(struct asking *asking, struct err *err);

/* The server knows a backend of ours before we do: whether `pid` can be one that this runner has at work. */
static bool may_be_ours(const struct asking *asking, int64_t pid)
{
    for (const struct execution *e = asking->runner->executions; e; e = e->next) {
        if (!execution_is_at_work(e) || e->definition->target != asking->target)
            continue;
        int64_t has = e->backfill ? backfill_pid(e->backfill) : e->pid;
        if (has == pid || has == 0)
            return true;
    }
    return false;
}

static void on_answer(void *data, const struct answer *answer)
{
    struct asking *asking = data;
    const char *pid = NULL;
    char text[256] = "";
    struct err err = ERR_INIT;

    if (answer->result->status == DRIVER_OK && answer->row_count > 0)
        pid = answer->cell(answer, 0, 0);
    if (pid && asking->asks < ASKS_MAX && may_be_ours(asking, strtoll(pid, NULL, 10)) &&
        ask(asking, &err) == 0)
        return;
    if (answer->result->status != DRIVER_OK || answer->row_count == 0)
        (void)snprintf(text, sizeof(text), "cannot tell whether a backend of this run is still at work: %s",
                       answer->result->message ? answer->result->message : "no answer");
    else if (pid)
        (void)snprintf(text, sizeof(text), "backend %s of this run is still at work: wait until it has ended",
                       pid);
    asking->told(asking->data, text[0] ? text : NULL);
    free(asking);
}

void survivor_never(struct runner *runner, int64_t pid, enum driver_status status)
{
    /* What became of a backend whose connection broke nobody knows. */
    if (pid > 0 && (status == DRIVER_LOST || status == DRIVER_AMBIGUOUS)) {
        runner->adrift = true;
        return;
    }
    if (pid <= 0)
        return;
    runner->ended[runner->ended_at++ % ENDED_MAX] = pid;
}

static void ask_postgresql(const struct runner *runner, struct buf *sql)
{
    buf_text(sql, "SELECT min(pid)::text FROM pg_stat_activity WHERE application_name = ");
    postgresql_literal(sql, runner->step_name);
    buf_text(sql, " AND pid NOT IN (0");
}

/* A statement that is at work shows its mark; a connection without one has nothing left to do, and is rolled
 * back. Without the privilege PROCESS the list has those of the same user, and ours are such. */
static void ask_mysql(const struct runner *runner, struct buf *sql)
{
    struct buf mark;

    buf_init(&mark, 1024);
    mysql_mark(&mark, runner->step_name);
    buf_text(sql, "SELECT CAST(min(id) AS CHAR) FROM information_schema.processlist WHERE LEFT(info, ");
    buf_format(sql, "%zu) = ", mark.len);
    mysql_literal(sql, buf_str(&mark));
    buf_text(sql, " AND id NOT IN (0");
    buf_finish(&mark);
}

static void (*const engines[TARGET_ENGINE_COUNT])(const struct runner *runner, struct buf *sql) = {
    [ENGINE_POSTGRESQL] = ask_postgresql,
    [ENGINE_MYSQL] = ask_mysql,
    [ENGINE_MARIADB] = ask_mysql,
};

/* Backends of steps of this run, but for those that this runner has at work itself, and those that it is done
 * with. */
static void write_question(const struct runner *runner, size_t target, struct buf *sql)
{
    engines[runner->book->targets[target].engine](runner, sql);
    for (const struct execution *e = runner->executions; e; e = e->next) {
        if (execution_is_at_work(e) && e->pid > 0)
            buf_format(sql, ", %lld", (long long)e->pid);
        if (e->backfill)
            buf_format(sql, ", %lld", (long long)backfill_pid(e->backfill));
    }
    for (size_t i = 0; i < ENDED_MAX && runner->ended[i] > 0; i++)
        buf_format(sql, ", %lld", (long long)runner->ended[i]);
    buf_text(sql, ")");
}

static int ask(struct asking *asking, struct err *err)
{
    struct session *session = asking->runner->servers[asking->target].steps;
    struct buf sql;
    int r;

    asking->asks++;
    buf_init(&sql, 64 * 1024);
    write_question(asking->runner, asking->target, &sql);
    r = session_ask(session, buf_str(&sql), ASK_TIMEOUT_US, on_answer, asking, err);
    buf_finish(&sql);
    return r;
}

void survivor_ask(struct runner *runner, size_t target, survivor_told told, void *data)
{
    struct asking *asking = mem_alloc(sizeof(*asking));
    struct err err = ERR_INIT;

    *asking = (struct asking){ .runner = runner, .target = target, .told = told, .data = data };
    if (ask(asking, &err) == 0)
        return;
    free(asking);
    told(data, err.message);
}
