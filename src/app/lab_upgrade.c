/*
 * The kind "pg-upgrade": a PostgreSQL 12 with a shop, and an empty later server that the shop is to move to.
 * The shop is small, and has what makes a move by logical replication interesting: keys of every kind and
 * none, a partitioned table, an unlogged one, sequences, a generated column, and texts and times at the
 * edges.
 */
#include "lab_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define OLD_VERSION      "12"
#define VERSION_FILE_MAX 16
#define SHOP_SCRIPT      "shop.sql"

enum { OLD, NEW };

static const char *const servers[] = { [OLD] = "old", [NEW] = "new" };

/* Durability is given up, because all of it is thrown away. Of what logical replication takes there is enough
 * on both for either direction, and for a second attempt beside the first. */
static const char config[] =
    "listen_addresses = ''\n"
    "unix_socket_directories = '%s'\n"
    "dynamic_shared_memory_type = mmap\n" /* files of the data directory */
    "shared_buffers = 32MB\n"
    "fsync = off\n"
    "wal_level = logical\n"
    "max_wal_senders = 10\n"
    "max_replication_slots = 10\n"
    "max_logical_replication_workers = 10\n"
    "max_worker_processes = 20\n"
    "max_sync_workers_per_subscription = 4\n"
    "wal_retrieve_retry_interval = 200ms\n" /* between two starts of workers: 5 s else */
    "log_line_prefix = '%%m [%%p] %%a '\n"
    "port = %d\n"
    "cluster_name = '%s'\n";

/* The application writes through a group, and owns nothing: what is taken from the group it cannot give back.
 */
static const char roles[] = "CREATE ROLE operator SUPERUSER LOGIN;\n"
                            "CREATE ROLE shop_owner;\n"
                            "CREATE ROLE shop_rw;\n"
                            "CREATE ROLE shop_ro;\n"
                            "CREATE ROLE shop_app LOGIN IN ROLE shop_rw;\n"
                            "CREATE ROLE mig_repl LOGIN REPLICATION;\n"
                            "CREATE DATABASE shop OWNER shop_owner;\n"
                            "\\connect shop\n"
                            "SET ROLE shop_owner;\n";

static const char tables[] =
    "CREATE TYPE order_state AS ENUM ('new', 'paid', 'sent', 'returned');\n"
    "CREATE TABLE customers (\n"
    "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT "
    "NULL,\n"
    "    profile jsonb, created_at timestamptz NOT NULL DEFAULT now());\n"
    "CREATE TABLE orders (\n"
    "    id bigserial PRIMARY KEY, customer_id bigint NOT NULL, state order_state NOT NULL DEFAULT 'new',\n"
    "    total numeric(12,2) NOT NULL, note text, created_at timestamptz NOT NULL DEFAULT now());\n"
    "CREATE TABLE order_items (\n"
    "    order_id bigint, position int, sku text NOT NULL, quantity int NOT NULL CHECK (quantity > 0),\n"
    "    price numeric(10,2) NOT NULL, amount numeric(12,2) GENERATED ALWAYS AS (quantity * price) STORED,\n"
    "    PRIMARY KEY (order_id, position));\n"
    "CREATE TABLE events (\n"
    "    id bigserial, at timestamptz NOT NULL DEFAULT now(), customer_id bigint, what text NOT NULL,\n"
    "    PRIMARY KEY (id, at)) PARTITION BY RANGE (at);\n"
    "CREATE TABLE events_before PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2026-01-01');\n"
    "CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n"
    "CREATE TABLE events_other PARTITION OF events DEFAULT;\n"
    /* Unique, but no primary key: without a word about it, its changes cannot be replicated. */
    "CREATE TABLE carts (\n"
    "    token text NOT NULL, customer_id bigint, contents jsonb NOT NULL,\n"
    "    changed_at timestamptz NOT NULL DEFAULT now());\n"
    "CREATE UNIQUE INDEX carts_token ON carts (token);\n"
    /* No key at all, and each row twice. */
    "CREATE TABLE access_log (\n"
    "    at timestamptz NOT NULL DEFAULT now(), path text NOT NULL, status int NOT NULL);\n"
    "CREATE UNLOGGED TABLE sessions (\n"
    "    id text PRIMARY KEY, customer_id bigint, seen_at timestamptz NOT NULL DEFAULT now());\n";

static const char rows[] =
    "INSERT INTO customers (email, name, profile, created_at)\n"
    "    SELECT 'customer' || n || '@example.com', (ARRAY['Zoë Łukasz', '李雷', 'Ольга', 'محمد', 'Ana 🌻',\n"
    "        'O''Brien', E'Jose\\u0301', 'Ngô Bảo Châu', ''])[1 + n % 9] || ' ' || n,\n"
    "        CASE WHEN n % 7 > 0 THEN jsonb_build_object('language', (ARRAY['de', 'en', 'zh'])[1 + n % 3],\n"
    "            'points', n % 1000 / 8.0, 'tags', jsonb_build_array(n % 5, NULL, n % 2 = 0)) END,\n"
    "        timestamptz '2024-01-01 UTC' + n * interval '4 hours 1.234567 seconds'\n"
    "    FROM generate_series(1, 5000) n;\n"
    "INSERT INTO orders (customer_id, state, total, note, created_at)\n"
    "    SELECT 1 + n * 7919 % 5000, (enum_range(NULL::order_state))[1 + n % 4], n * 37 % 100000 / 100.0,\n"
    "        CASE n % 10 WHEN 0 THEN '' WHEN 1 THEN E'two\\nlines, a \\\\ and a \\ttab' END,\n"
    "        timestamptz '2025-01-01 UTC' + n * interval '1 hour'\n"
    "    FROM generate_series(1, 10000) n;\n"
    "INSERT INTO order_items (order_id, position, sku, quantity, price)\n"
    "    SELECT o, p, 'sku-' || (o * p * 31 % 997), 1 + (o + p) % 5, (o * 13 + p) % 5000 / 100.0\n"
    "    FROM generate_series(1, 10000) o, generate_series(1, 2) p;\n"
    "INSERT INTO events (at, customer_id, what)\n"
    "    SELECT timestamptz '2025-07-01 UTC' + n * interval '2 hours 10 minutes', 1 + n % 5000, 'visit'\n"
    "    FROM generate_series(1, 5000) n;\n"
    "INSERT INTO events (at, what) VALUES ('-infinity', 'beginning'), ('infinity', 'end');\n"
    "INSERT INTO carts (token, customer_id, contents)\n"
    "    SELECT md5('cart ' || n), 1 + n % 5000, jsonb_build_object('sku-' || n % 997, n % 4)\n"
    "    FROM generate_series(1, 500) n;\n"
    "INSERT INTO access_log (at, path, status)\n"
    "    SELECT timestamptz '2026-01-01 UTC' + n / 2 * interval '1 minute', '/product/' || n / 2 % 97, 200\n"
    "    FROM generate_series(1, 3000) n;\n"
    "INSERT INTO sessions (id, customer_id) SELECT md5('session ' || n), n FROM generate_series(1, 200) n;\n";

static const char keys_and_rights[] =
    "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;\n"
    "ALTER TABLE order_items ADD FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE;\n"
    "CREATE INDEX orders_customer ON orders (customer_id);\n"
    "CREATE INDEX events_customer ON events (customer_id);\n"
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO shop_rw;\n"
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO shop_rw;\n"
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_ro;\n"
    "RESET ROLE;\n"
    "ANALYZE;\n";

/* What the application does all day. */
static const char load_script[] =
    "\\set customer random(1, 5000)\n"
    "\\set order random(1, 10000)\n"
    "\\set cart random(1, 500)\n"
    "\\set cents random(100, 50000)\n"
    "\\set dice random(1, 100)\n"
    "\\if :dice <= 25\n"
    "BEGIN;\n"
    "INSERT INTO orders (customer_id, total) VALUES (:customer, :cents / 50.0) RETURNING id AS placed "
    "\\gset\n"
    "INSERT INTO order_items (order_id, position, sku, quantity, price)"
    " VALUES (:placed, 1, 'sku-' || :dice, 2, :cents / 100.0);\n"
    "INSERT INTO events (customer_id, what) VALUES (:customer, 'order ' || :placed);\n"
    "COMMIT;\n"
    "\\elif :dice <= 45\n"
    "UPDATE orders SET state = 'paid', note = 'paid ' || :cents WHERE id = :order;\n"
    "\\elif :dice <= 50\n"
    "UPDATE order_items SET quantity = 1 + :dice % 5 WHERE order_id = :order AND position = 1;\n"
    "\\elif :dice <= 53\n"
    "DELETE FROM order_items WHERE order_id = :order AND position = 2;\n"
    "\\elif :dice <= 58\n"
    "INSERT INTO customers (email, name) VALUES (md5(random()::text) || '@example.net', 'Núñez ' || "
    ":cents);\n"
    "\\elif :dice <= 66\n"
    "UPDATE customers SET profile = coalesce(profile, '{}') || jsonb_build_object('points', :cents)"
    " WHERE id = :customer;\n"
    "\\elif :dice <= 74\n"
    "INSERT INTO carts (token, customer_id, contents) VALUES (md5('cart ' || :cart), :customer, '{}')"
    " ON CONFLICT (token) DO UPDATE SET contents = carts.contents || '{\"more\": 1}', changed_at = now();\n"
    "\\elif :dice <= 78\n"
    "DELETE FROM carts WHERE token = md5('cart ' || :cart);\n"
    "\\elif :dice <= 90\n"
    "INSERT INTO access_log (path, status) VALUES ('/product/' || :cart, 200);\n"
    "\\elif :dice <= 92\n"
    "DELETE FROM access_log WHERE ctid = (SELECT ctid FROM access_log ORDER BY at LIMIT 1);\n"
    "\\elif :dice <= 96\n"
    "INSERT INTO sessions (id, customer_id) VALUES (md5('session ' || :customer), :customer)"
    " ON CONFLICT (id) DO UPDATE SET seen_at = now();\n"
    "\\else\n"
    "SELECT sum(total) FROM orders WHERE customer_id = :customer;\n"
    "\\endif\n";

static const char what_it_is[] =
    "SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1) || ', '"
    " || CASE WHEN EXISTS (SELECT FROM pg_database WHERE datname = 'shop') THEN 'with the shop'"
    " ELSE 'without the shop' END";

/* Of initdb and postgres; in the lab's arena. NULL where they are not. */
static const char *old_tools_in(const struct lab *lab, const char *directory)
{
    /* Its links are followed here, by us: the servers' user may not pass where they stand. */
    char *real = realpath(arena_format(lab->arena, "%s/bin", directory), NULL);
    const char *tools = arena_text(lab->arena, real);
    free(real);
    if (tools == NULL || access(arena_format(lab->arena, "%s/initdb", tools), X_OK) < 0 ||
        access(arena_format(lab->arena, "%s/postgres", tools), X_OK) < 0)
        return NULL;
    return tools;
}

static int find_old_tools(const struct lab *lab, const char **ret, struct err *err)
{
    const char *told = getenv("TMINUS_PG12");
    const char *directory = told != NULL ? told : "/usr/lib/postgresql/" OLD_VERSION;
    *ret = old_tools_in(lab, directory);
    if (*ret != NULL)
        return 0;
    return err_set(err, ERR_ENVIRONMENT,
                   "PostgreSQL " OLD_VERSION "'s programs are not in %s/bin: install postgresql-" OLD_VERSION
                   " or name their directory with TMINUS_PG12",
                   directory);
}

/* Both at once. */
static int make_data(const struct lab *lab, const char *old_tools, struct err *err)
{
    struct lab_job jobs[] = { lab_initdb(lab, "initdb-old", OLD), lab_initdb(lab, "initdb-new", NEW) };
    int r = 0;
    jobs[OLD].tools = old_tools;
    for (size_t i = 0; i < ARRAY_LEN(jobs) && r == 0; i++)
        r = lab_start(lab, &jobs[i], false, err);
    if (r == 0)
        r = lab_wait(jobs, ARRAY_LEN(jobs), LAB_STAGE_US, err);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        lab_job_finish(&jobs[i]);
    return r;
}

/* Another server under that name would make a rehearsal of something else. */
static int check_old_version(const struct lab *lab, const char *old_tools, struct err *err)
{
    struct buf text;
    buf_init(&text, VERSION_FILE_MAX);
    int r = file_read(lab_path(lab, arena_format(lab->arena, "%s/PG_VERSION", servers[OLD])), &text, err);
    if (r == 0 && !text_equal(buf_str(&text), OLD_VERSION "\n"))
        r = err_set(err, ERR_ENVIRONMENT, "%s has not PostgreSQL " OLD_VERSION ": its data says %.*s",
                    old_tools, (int)strcspn(buf_str(&text), "\n"), buf_str(&text));
    buf_finish(&text);
    return r;
}

static int start(const struct lab *lab, const char *tools, size_t server, struct err *err)
{
    int r = lab_append_config(
        lab, server,
        arena_format(lab->arena, config, lab_path(lab, LAB_SOCKETS), lab_port(lab, server), servers[server]),
        err);
    return r < 0 ? r : lab_start_server(lab, tools, server, err);
}

static int fill(const struct lab *lab, struct err *err)
{
    struct lab_job psql = lab_psql(lab, "fill", OLD, "postgres");
    const char *script = arena_format(lab->arena, "%s%s%s%s", roles, tables, rows, keys_and_rights);
    int r = lab_write_file(lab, SHOP_SCRIPT, script, err);
    lab_add_option(&psql, "-f", lab_path(lab, SHOP_SCRIPT));
    return r < 0 ? r : lab_run(lab, &psql, err);
}

static int make_operator(const struct lab *lab, struct err *err)
{
    struct lab_job psql = lab_psql(lab, "operator", NEW, "postgres");
    lab_add_option(&psql, "-c", "CREATE ROLE operator SUPERUSER LOGIN");
    return lab_run(lab, &psql, err);
}

/* The database that "new" names comes with the move; until then there is "new-admin". */
static int up(const struct lab *lab, struct err *err)
{
    const struct lab_target targets[] = { { servers[OLD], lab_dsn(lab, OLD, "shop") },
                                          { servers[NEW], lab_dsn(lab, NEW, "shop") },
                                          { "new-admin", lab_dsn(lab, NEW, "postgres") } };
    const char *old_tools;
    int r = find_old_tools(lab, &old_tools, err);
    if (r == 0)
        r = lab_make_directories(lab, err);
    if (r == 0)
        r = make_data(lab, old_tools, err);
    if (r == 0)
        r = check_old_version(lab, old_tools, err);
    if (r == 0)
        r = start(lab, old_tools, OLD, err);
    if (r == 0)
        r = start(lab, NULL, NEW, err);
    if (r == 0)
        r = fill(lab, err);
    if (r == 0)
        r = make_operator(lab, err);
    return r < 0 ? r : lab_write_targets(lab, targets, ARRAY_LEN(targets), err);
}

static int load(const struct lab *lab, struct err *err)
{
    return lab_pgbench(lab, "shop_app", "50", load_script, err);
}

static int ask(const struct lab *lab, size_t server, struct buf *ret, struct err *err)
{
    return lab_ask(lab, server, what_it_is, ret, err);
}

const struct lab_kind lab_upgrade = {
    "pg-upgrade", &lab_engine_postgresql, servers, ARRAY_LEN(servers), up, load, ask
};
