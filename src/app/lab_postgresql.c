#include "lab_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FIRST_PORT   5432 /* only a part of the sockets' names: there is no TCP */
#define ANSWER_US    (3 * SECOND_US)
#define LOAD_SCRIPT  "load.sql"
#define TARGETS_MAX  4096
#define LOAD_SECONDS "604800" /* a week: nobody rehearses longer */

int lab_port(size_t server)
{
    return FIRST_PORT + (int)server;
}

static const char *port_text(const struct lab *lab, size_t server)
{
    return arena_format(lab->arena, "%d", lab_port(server));
}

struct lab_job lab_psql(const struct lab *lab, const char *name, size_t server, const char *database)
{
    return (struct lab_job){
        .name = name,
        .output = -1,
        .args = { "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", lab_path(lab, LAB_SOCKETS), "-p",
                  port_text(lab, server), "-U", "postgres", "-d", database },
    };
}

void lab_add_option(struct lab_job *job, const char *option, const char *value)
{
    size_t count = 0;
    while (job->args[count] != NULL)
        count++;
    assert(count + 2 < LAB_ARGS_MAX);
    job->args[count] = option;
    job->args[count + 1] = value;
}

int lab_run(const struct lab *lab, struct lab_job *job, struct err *err)
{
    int r = lab_start(lab, job, false, err);
    if (r == 0)
        r = lab_wait(job, 1, LAB_STAGE_US, err);
    lab_job_finish(job);
    return r;
}

static int make_directory(const struct lab *lab, const char *name, struct err *err)
{
    const char *path = lab_path(lab, name);
    if (mkdir(path, 0700) < 0 || (lab->drop && lchown(path, lab->uid, lab->gid) < 0))
        return err_set_errno(err, ERR_IO, errno, "cannot make %s", path);
    return 0;
}

int lab_make_directories(const struct lab *lab, struct err *err)
{
    int r = make_directory(lab, LAB_SOCKETS, err);
    for (size_t i = 0; i < lab->kind->server_count && r == 0; i++)
        r = make_directory(lab, lab->kind->servers[i], err);
    return r;
}

struct lab_job lab_initdb(const struct lab *lab, const char *name, size_t server)
{
    return (struct lab_job){
        .name = name,
        .output = -1,
        .args = { "initdb", "-D", lab_path(lab, lab->kind->servers[server]), "-U", "postgres", "-A", "trust",
                  "--no-sync", "--no-locale", "-E", "UTF8" },
    };
}

int lab_append_config(const struct lab *lab, size_t server, const char *text, struct err *err)
{
    const char *path =
        lab_path(lab, arena_format(lab->arena, "%s/postgresql.conf", lab->kind->servers[server]));
    int fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot open %s", path);
    int r = fd_write_all(fd, text, strlen(text), err);
    close(fd);
    return r;
}

int lab_start_server(const struct lab *lab, const char *tools, size_t server, struct err *err)
{
    const char *name = lab->kind->servers[server];
    struct lab_job postgres = {
        .name = name, .tools = tools, .output = -1, .args = { "postgres", "-D", lab_path(lab, name) }
    };
    int64_t deadline_us = clock_now().boot_us + LAB_STAGE_US;
    bool ready = false;
    int r = lab_start(lab, &postgres, false, err);
    while (r == 0 && !ready) {
        r = lab_look(&postgres, err);
        if (r == 0 && postgres.pid == 0)
            r = err_set(err, ERR_ENVIRONMENT, "the server \"%s\" ended by itself", name);
        else if (r == 0 && lab_server(lab, name, &ready) == postgres.pid && ready)
            break;
        if (r == 0)
            r = lab_nap(deadline_us, err);
    }
    lab_job_finish(&postgres);
    return r;
}

int lab_write_file(const struct lab *lab, const char *name, const char *text, struct err *err)
{
    return file_write(lab_path(lab, name), text, strlen(text), 0644, err);
}

int lab_write_targets(const struct lab *lab, const struct lab_target *targets, size_t count, struct err *err)
{
    struct buf text;
    buf_init(&text, TARGETS_MAX);
    buf_text(&text, "{\n");
    for (size_t i = 0; i < count; i++)
        buf_format(&text,
                   "  \"%s\": { \"engine\": \"postgresql\","
                   " \"dsn\": \"host='%s' port=%d dbname=%s user=operator\" }%s\n",
                   targets[i].name, lab_path(lab, LAB_SOCKETS), lab_port(targets[i].server),
                   targets[i].database, i + 1 < count ? "," : "");
    buf_text(&text, "}\n");
    int r = buf_ok(&text, LAB_TARGETS, err);
    if (r == 0)
        r = lab_write_file(lab, LAB_TARGETS, buf_str(&text), err);
    buf_finish(&text);
    return r;
}

int lab_pgbench(const struct lab *lab, const char *user, const char *rate, const char *script,
                struct err *err)
{
    struct lab_job pgbench = {
        .name = "shop",
        .output = -1,
        .args = { "pgbench", "-n", "-f", lab_path(lab, LOAD_SCRIPT), "-c", "2", "-j", "1", "-R", rate, "-T",
                  LOAD_SECONDS, "-h", lab_path(lab, LAB_SOCKETS), "-p", port_text(lab, 0), "-U", user,
                  "shop" },
    };
    int r = lab_write_file(lab, LOAD_SCRIPT, script, err);
    if (r == 0)
        r = lab_start(lab, &pgbench, false, err);
    lab_job_finish(&pgbench);
    return r;
}

int lab_ask(const struct lab *lab, size_t server, const char *sql, struct buf *ret, struct err *err)
{
    struct lab_job job = lab_psql(lab, "status", server, "postgres");
    lab_add_option(&job, "-c", sql);
    int r = lab_start(lab, &job, true, err);
    if (r == 0)
        r = lab_wait(&job, 1, ANSWER_US, err);
    if (r == 0)
        lab_last_line(&job, ret);
    lab_job_kill(&job); /* where it waits for a server that does not answer */
    lab_job_finish(&job);
    return r;
}
