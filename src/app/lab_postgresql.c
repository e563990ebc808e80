#include "lab_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FIRST_PORT   5432 /* only a part of the sockets' names: there is no TCP */
#define STAGE_US     MINUTE_US
#define ANSWER_US    (3 * SECOND_US)
#define SOCKETS      "sockets"
#define LOAD_SCRIPT  "load.sql"
#define CONFIG_BYTES 4096

enum { PRIMARY, REPLICA };

const char *const pg_pair_servers[LAB_SERVERS_MAX] = { [PRIMARY] = "primary", [REPLICA] = "replica" };

/* Durability is given up, because all of it is thrown away; the rest is what a careful production has, so
 * that what is rehearsed here behaves the same. */
static const char primary_config[] = "listen_addresses = ''\n"
                                     "unix_socket_directories = '%s'\n"
                                     "dynamic_shared_memory_type = mmap\n" /* files of the data directory */
                                     "shared_buffers = 64MB\n"
                                     "fsync = off\n"
                                     "wal_level = logical\n"
                                     "wal_log_hints = on\n"
                                     "hot_standby_feedback = on\n"
                                     "log_line_prefix = '%%m [%%p] %%a '\n"
                                     "port = %d\n"
                                     "cluster_name = '%s'\n";
static const char replica_config[] = "port = %d\n"
                                     "cluster_name = '%s'\n";

/* The ids become an identity at the end: counting while filling takes half as long again. */
static const char *const shop[] = {
    "CREATE ROLE operator SUPERUSER LOGIN",
    "CREATE ROLE app LOGIN",
    "CREATE DATABASE shop OWNER app",
    "\\connect shop",
    "SET ROLE app",
    "CREATE TABLE public.users AS SELECT n::bigint AS id, 'user' || n || '@example.com' AS email,"
    " now() - n * interval '3 minutes' AS created_at FROM generate_series(1, 200000) n",
    "CREATE TABLE public.orders AS SELECT n::bigint AS id, 1 + n::bigint * 7919 % 200000 AS user_id,"
    " (n * 37 % 100000 / 100.0)::numeric(12,2) AS total, now() - n * interval '10 minutes' AS created_at"
    " FROM generate_series(1, 50000) n",
    "ALTER TABLE public.users ADD PRIMARY KEY (id), ALTER email SET NOT NULL,"
    " ALTER created_at SET NOT NULL, ALTER created_at SET DEFAULT now()",
    "ALTER TABLE public.orders ADD PRIMARY KEY (id), ALTER user_id SET NOT NULL, ALTER total SET NOT NULL,"
    " ALTER created_at SET NOT NULL, ALTER created_at SET DEFAULT now()",
    "ALTER TABLE public.users ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 200001)",
    "ALTER TABLE public.orders ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 50001)",
    "ANALYZE public.users, public.orders",
};

/* The statistics of other sessions are read once a transaction unless they are cleared. */
static const char until_streaming[] =
    "DO $$ BEGIN LOOP"
    " PERFORM pg_stat_clear_snapshot();"
    " EXIT WHEN EXISTS (SELECT FROM pg_stat_replication WHERE application_name = 'replica'"
    " AND state = 'streaming' AND replay_lsn = pg_current_wal_lsn());"
    " PERFORM pg_sleep(0.01);"
    " END LOOP; END $$";

static const char what_it_is[] =
    "SELECT CASE WHEN pg_is_in_recovery() THEN 'replica, following' ELSE 'primary, ' || coalesce("
    "(SELECT state || ', ' || pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) || ' bytes behind'"
    " FROM pg_stat_replication WHERE application_name = 'replica'), 'no replica') END";

/* What an application does: mostly looks, new orders, changed orders, now and then a new user. */
static const char load_script[] =
    "\\set user random(1, 200000)\n"
    "\\set order random(1, 50000)\n"
    "\\set cents random(100, 100000)\n"
    "\\set dice random(1, 100)\n"
    "SELECT email FROM public.users WHERE id = :user;\n"
    "\\if :dice <= 10\n"
    "INSERT INTO public.users (email) VALUES ('new' || :cents || '@example.com');\n"
    "\\elif :dice <= 60\n"
    "INSERT INTO public.orders (user_id, total) VALUES (:user, :cents / 100.0);\n"
    "\\elif :dice <= 90\n"
    "UPDATE public.orders SET total = :cents / 100.0 WHERE id = :order;\n"
    "\\else\n"
    "UPDATE public.users SET email = 'user' || :user || '@example.net'"
    " WHERE id = :user;\n"
    "\\endif\n";

int pg_pair_port(size_t server)
{
    return FIRST_PORT + (int)server;
}

static const char *port_text(const struct lab *lab, size_t server)
{
    return arena_format(lab->arena, "%d", pg_pair_port(server));
}

/* A psql that stops at the first error; statements are added to its arguments. */
static struct lab_job psql(const struct lab *lab, const char *name, size_t server, const char *database)
{
    return (struct lab_job){
        .name = name,
        .output = -1,
        .args = { "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", lab_path(lab, SOCKETS), "-p",
                  port_text(lab, server), "-U", "postgres", "-d", database },
    };
}

static void add_statement(struct lab_job *job, const char *statement)
{
    size_t count = 0;
    while (job->args[count] != NULL)
        count++;
    assert(count + 2 < LAB_ARGS_MAX);
    job->args[count] = "-c";
    job->args[count + 1] = statement;
}

static int run(const struct lab *lab, struct lab_job *job, struct err *err)
{
    int r = lab_start(lab, job, false, err);
    if (r == 0)
        r = lab_wait(job, 1, STAGE_US, err);
    lab_job_finish(job);
    return r;
}

static int make_directories(const struct lab *lab, struct err *err)
{
    const char *const names[] = { pg_pair_servers[PRIMARY], pg_pair_servers[REPLICA], SOCKETS };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *path = lab_path(lab, names[i]);
        if (mkdir(path, 0700) < 0 || (lab->drop && lchown(path, lab->uid, lab->gid) < 0))
            return err_set_errno(err, ERR_IO, errno, "cannot make %s", path);
    }
    return 0;
}

static int make_data(const struct lab *lab, struct err *err)
{
    struct lab_job initdb = {
        .name = "initdb",
        .output = -1,
        .args = { "initdb", "-D", lab_path(lab, pg_pair_servers[PRIMARY]), "-U", "postgres", "-A", "trust",
                  "--no-sync", "--no-locale", "-E", "UTF8", "--no-instructions" },
    };
    return run(lab, &initdb, err);
}

/* What stands later in the file counts: the replica begins with a copy of the primary's. */
static int append_config(const struct lab *lab, size_t server, const struct buf *text, struct err *err)
{
    const char *path = lab_path(lab, arena_format(lab->arena, "%s/postgresql.conf", pg_pair_servers[server]));
    int r = buf_ok(text, path, err);
    if (r < 0)
        return r;
    int fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot open %s", path);
    r = fd_write_all(fd, text->data, text->len, err);
    close(fd);
    return r;
}

static int configure(const struct lab *lab, size_t server, struct err *err)
{
    struct buf text;
    buf_init(&text, CONFIG_BYTES);
    if (server == PRIMARY)
        buf_format(&text, primary_config, lab_path(lab, SOCKETS), pg_pair_port(server),
                   pg_pair_servers[server]);
    else
        buf_format(&text, replica_config, pg_pair_port(server), pg_pair_servers[server]);
    int r = append_config(lab, server, &text, err);
    buf_finish(&text);
    return r;
}

/* Starts a server and waits until it takes connections. */
static int start_server(const struct lab *lab, size_t server, struct err *err)
{
    const char *name = pg_pair_servers[server];
    struct lab_job postgres = { .name = name,
                                .output = -1,
                                .args = { "postgres", "-D", lab_path(lab, name) } };
    int64_t deadline_us = clock_now().boot_us + STAGE_US;
    bool ready = false;
    int r = lab_start(lab, &postgres, false, err);
    while (r == 0 && !ready) {
        r = lab_look(&postgres, err);
        if (r == 0 && postgres.pid == 0)
            r = err_set(err, ERR_ENVIRONMENT, "the %s ended by itself", name);
        else if (r == 0 && lab_server(lab, name, &ready) == postgres.pid && ready)
            break;
        if (r == 0)
            r = lab_nap(deadline_us, err);
    }
    lab_job_finish(&postgres);
    return r;
}

/* The data that an application would have, and a copy of the server: both at once. */
static int fill_and_copy(const struct lab *lab, struct err *err)
{
    struct lab_job jobs[] = {
        psql(lab, "fill", PRIMARY, "postgres"),
        { .name = "copy",
          .output = -1,
          .args = { "pg_basebackup", "-D", lab_path(lab, pg_pair_servers[REPLICA]), "-d",
                    arena_format(lab->arena, "host='%s' port=%d user=postgres application_name=%s",
                                 lab_path(lab, SOCKETS), pg_pair_port(PRIMARY), pg_pair_servers[REPLICA]),
                    "-R", "-X", "stream", "-c", "fast", "--no-sync", "-C", "-S", pg_pair_servers[REPLICA] } },
    };
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(shop); i++)
        add_statement(&jobs[0], shop[i]);
    for (size_t i = 0; i < ARRAY_LEN(jobs) && r == 0; i++)
        r = lab_start(lab, &jobs[i], false, err);
    if (r == 0)
        r = lab_wait(&jobs[1], 1, STAGE_US, err);
    if (r == 0)
        r = configure(lab, REPLICA, err);
    if (r == 0)
        r = start_server(lab, REPLICA, err);
    if (r == 0)
        r = lab_wait(&jobs[0], 1, STAGE_US, err);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        lab_job_finish(&jobs[i]);
    return r;
}

static int await_streaming(const struct lab *lab, struct err *err)
{
    struct lab_job job = psql(lab, "await", PRIMARY, "postgres");
    add_statement(&job, until_streaming);
    return run(lab, &job, err);
}

static int write_file(const struct lab *lab, const char *name, const struct buf *text, struct err *err)
{
    int r = buf_ok(text, name, err);
    return r < 0 ? r : file_write(lab_path(lab, name), text->data, text->len, 0644, err);
}

static int write_targets(const struct lab *lab, struct err *err)
{
    struct buf text;
    buf_init(&text, CONFIG_BYTES);
    buf_text(&text, "{\n");
    for (size_t i = 0; i < LAB_SERVERS_MAX; i++)
        buf_format(&text,
                   "  \"%s\": { \"engine\": \"postgresql\","
                   " \"dsn\": \"host='%s' port=%d dbname=shop user=operator\" }%s\n",
                   pg_pair_servers[i], lab_path(lab, SOCKETS), pg_pair_port(i),
                   i + 1 < LAB_SERVERS_MAX ? "," : "");
    buf_text(&text, "}\n");
    int r = write_file(lab, LAB_TARGETS, &text, err);
    buf_finish(&text);
    return r;
}

int pg_pair_load(const struct lab *lab, struct err *err)
{
    struct lab_job pgbench = {
        .name = "shop",
        .output = -1,
        .args = { "pgbench", "-n", "-f", lab_path(lab, LOAD_SCRIPT), "-c", "2", "-j", "1", "-R", "100", "-T",
                  "604800", "-h", lab_path(lab, SOCKETS), "-p", port_text(lab, PRIMARY), "-U", "app",
                  "shop" },
    };
    struct buf script;
    buf_init(&script, CONFIG_BYTES);
    buf_text(&script, load_script);
    int r = write_file(lab, LOAD_SCRIPT, &script, err);
    buf_finish(&script);
    if (r == 0)
        r = lab_start(lab, &pgbench, false, err);
    lab_job_finish(&pgbench);
    return r;
}

int pg_pair_up(const struct lab *lab, struct err *err)
{
    int r = make_directories(lab, err);
    if (r == 0)
        r = make_data(lab, err);
    if (r == 0)
        r = configure(lab, PRIMARY, err);
    if (r == 0)
        r = start_server(lab, PRIMARY, err);
    if (r == 0)
        r = fill_and_copy(lab, err);
    if (r == 0)
        r = await_streaming(lab, err);
    return r < 0 ? r : write_targets(lab, err);
}

int pg_pair_ask(const struct lab *lab, size_t server, struct buf *ret, struct err *err)
{
    struct lab_job job = psql(lab, "status", server, "postgres");
    add_statement(&job, what_it_is);
    int r = lab_start(lab, &job, true, err);
    if (r == 0)
        r = lab_wait(&job, 1, ANSWER_US, err);
    if (r == 0)
        lab_last_line(&job, ret);
    lab_job_kill(&job); /* where it waits for a server that does not answer */
    lab_job_finish(&job);
    return r;
}
