#include "lab_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define LOAD_SCRIPT  "load.sql"
#define LOAD_SECONDS "604800" /* a week: nobody rehearses longer */

static const char *port_text(const struct lab *lab, size_t server)
{
    return arena_format(lab->arena, "%d", lab_port(lab, server));
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
    int r = lab_start(lab, &postgres, false, err);
    if (r == 0)
        r = lab_await_server(lab, &postgres, server, err);
    lab_job_finish(&postgres);
    return r;
}

const char *lab_dsn(const struct lab *lab, size_t server, const char *database)
{
    return arena_format(lab->arena, "host='%s' port=%d dbname=%s user=operator", lab_path(lab, LAB_SOCKETS),
                        lab_port(lab, server), database);
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
    return lab_hear(lab, &job, ret, err);
}

/* ---- which programs ---- */

static const char installed[] = "/usr/lib/postgresql";

static bool has_tools(const struct lab *lab, const char *directory)
{
    static const char *const needed[] = { "initdb", "postgres", "pg_basebackup", "psql", "pgbench" };
    return lab_has_tools(lab, directory, needed, ARRAY_LEN(needed));
}

/* The newest version that is installed whole; NULL. */
static const char *newest_tools(const struct lab *lab)
{
    DIR *dir = opendir(installed);
    if (dir == NULL)
        return NULL;
    const char *newest = NULL;
    long newest_version = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        const char *directory = arena_format(lab->arena, "%s/%s/bin", installed, entry->d_name);
        long version = strtol(entry->d_name, NULL, 10);
        if (version > newest_version && has_tools(lab, directory)) {
            newest = directory;
            newest_version = version;
        }
    }
    closedir(dir);
    return newest;
}

static int find_tools(struct lab *lab, struct err *err)
{
    const char *told = getenv("TMINUS_POSTGRESQL_BIN");
    if (told != NULL && !has_tools(lab, told))
        return err_set(err, ERR_ENVIRONMENT, "TMINUS_POSTGRESQL_BIN: there is no PostgreSQL server in %s",
                       told);
    lab->tools = told != NULL ? arena_text(lab->arena, told) : newest_tools(lab);
    if (lab->tools == NULL)
        return err_set(err, ERR_ENVIRONMENT,
                       "there is no PostgreSQL server in %s: install the package \"postgresql\"", installed);
    return 0;
}

const struct lab_engine lab_engine_postgresql = {
    .name = "postgresql",
    .users = (const char *const[]){ "tminus-lab", "postgres", NULL },
    .program = "postgres",
    .pid_file = "postmaster.pid",
    .ready_line = 8,
    .backends = true,
    .end_signal = SIGQUIT,
    .first_port = 5432, /* only a part of the sockets' names: there is no TCP */
    .load = "pgbench",
    .find_tools = find_tools,
};
