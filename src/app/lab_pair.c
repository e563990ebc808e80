/* The kind "pg-pair": a primary with data and a replica that follows it. */
#include "lab_parts.h"

enum { PRIMARY, REPLICA };

static const char *const servers[] = { [PRIMARY] = "primary", [REPLICA] = "replica" };

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

/* What stands later in the file counts: the replica begins with a copy of the primary's. */
static int configure(const struct lab *lab, size_t server, struct err *err)
{
    const char *text = server == PRIMARY
                           ? arena_format(lab->arena, primary_config, lab_path(lab, LAB_SOCKETS),
                                          lab_port(lab, server), servers[server])
                           : arena_format(lab->arena, replica_config, lab_port(lab, server), servers[server]);
    return lab_append_config(lab, server, text, err);
}

/* The data that an application would have, and a copy of the server: both at once. */
static int fill_and_copy(const struct lab *lab, struct err *err)
{
    struct lab_job jobs[] = {
        lab_psql(lab, "fill", PRIMARY, "postgres"),
        { .name = "copy",
          .output = -1,
          .args = { "pg_basebackup", "-D", lab_path(lab, servers[REPLICA]), "-d",
                    arena_format(lab->arena, "host='%s' port=%d user=postgres application_name=%s",
                                 lab_path(lab, LAB_SOCKETS), lab_port(lab, PRIMARY), servers[REPLICA]),
                    "-R", "-X", "stream", "-c", "fast", "--no-sync", "-C", "-S", servers[REPLICA] } },
    };
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(shop); i++)
        lab_add_option(&jobs[0], "-c", shop[i]);
    for (size_t i = 0; i < ARRAY_LEN(jobs) && r == 0; i++)
        r = lab_start(lab, &jobs[i], false, err);
    if (r == 0)
        r = lab_wait(&jobs[1], 1, LAB_STAGE_US, err);
    if (r == 0)
        r = configure(lab, REPLICA, err);
    if (r == 0)
        r = lab_start_server(lab, NULL, REPLICA, err);
    if (r == 0)
        r = lab_wait(&jobs[0], 1, LAB_STAGE_US, err);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        lab_job_finish(&jobs[i]);
    return r;
}

static int await_streaming(const struct lab *lab, struct err *err)
{
    struct lab_job job = lab_psql(lab, "await", PRIMARY, "postgres");
    lab_add_option(&job, "-c", until_streaming);
    return lab_run(lab, &job, err);
}

static int load(const struct lab *lab, struct err *err)
{
    return lab_pgbench(lab, "app", "100", load_script, err);
}

static int up(const struct lab *lab, struct err *err)
{
    const struct lab_target targets[] = { { servers[PRIMARY], lab_dsn(lab, PRIMARY, "shop") },
                                          { servers[REPLICA], lab_dsn(lab, REPLICA, "shop") } };
    struct lab_job initdb = lab_initdb(lab, "initdb", PRIMARY);
    int r = lab_make_directories(lab, err);
    if (r == 0)
        r = lab_run(lab, &initdb, err);
    if (r == 0)
        r = configure(lab, PRIMARY, err);
    if (r == 0)
        r = lab_start_server(lab, NULL, PRIMARY, err);
    if (r == 0)
        r = fill_and_copy(lab, err);
    if (r == 0)
        r = await_streaming(lab, err);
    return r < 0 ? r : lab_write_targets(lab, targets, ARRAY_LEN(targets), err);
}

static int ask(const struct lab *lab, size_t server, struct buf *ret, struct err *err)
{
    return lab_ask(lab, server, what_it_is, ret, err);
}

const struct lab_kind lab_pair = { "pg-pair", &lab_engine_postgresql, servers, ARRAY_LEN(servers), up, load,
                                   ask };
