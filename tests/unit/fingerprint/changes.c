/* Everything that a statement can change is seen, named, and not seen any more when it is undone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "printed.h"
#include "support/pg_group.h"

static const char *const base[] = {
    "CREATE ROLE reader",
    "CREATE ROLE writer LOGIN PASSWORD 'pw'",
    "CREATE SCHEMA app",
    "CREATE TABLE app.users (id bigint PRIMARY KEY, name varchar(50) NOT NULL DEFAULT 'x', email text,"
    " status text, n int)",
    "CREATE TABLE app.orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, note text)",
    "INSERT INTO app.users SELECT g, 'n' || g, 'e' || g, 's', g FROM generate_series(1, 100) g",
    "INSERT INTO app.orders SELECT g, g, 'o' FROM generate_series(1, 100) g",
    "ALTER TABLE app.orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES app.users",
    "CREATE INDEX users_status ON app.users (status)",
    "CREATE TABLE app.parts (at date NOT NULL, v int) PARTITION BY RANGE (at)",
    "CREATE TABLE app.parts_1 PARTITION OF app.parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    "CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER touched BEFORE UPDATE ON app.users FOR EACH ROW EXECUTE FUNCTION app.touch()",
    "CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE VIEW app.names AS SELECT id, name FROM app.users",
    "CREATE MATERIALIZED VIEW app.counts AS SELECT status, count(*) FROM app.users GROUP BY 1",
    "CREATE TYPE app.mood AS ENUM ('sad', 'happy')",
    "CREATE DOMAIN app.positive AS int CHECK (VALUE > 0)",
    "CREATE TYPE app.pair AS (a int, b text)",
    "CREATE SEQUENCE app.numbers",
    "CREATE POLICY own ON app.users FOR SELECT TO reader USING (id > 0)",
    "CREATE STATISTICS app.related ON id, n FROM app.users",
    "CREATE PUBLICATION pub FOR TABLE app.users",
    "CREATE RULE quiet AS ON DELETE TO app.orders DO ALSO NOTIFY gone",
    "CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END'",
    "CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION app.on_ddl()",
    "CREATE FOREIGN DATA WRAPPER far",
    "CREATE SERVER there FOREIGN DATA WRAPPER far OPTIONS (host 'h')",
    "CREATE FOREIGN TABLE app.distant (a int) SERVER there",
    NULL,
};

static const struct change relations[] = {
    { { "CREATE SCHEMA other" }, "schema other is new (owner postgres)", { "DROP SCHEMA other" } },
    { { "ALTER SCHEMA app OWNER TO writer" },
      "schema app has changed",
      { "ALTER SCHEMA app OWNER TO postgres" } },
    { { "CREATE TABLE app.left_over (a int)" },
      "column app.left_over.a is new (integer, place 1)",
      { "DROP TABLE app.left_over" } },
    { { "ALTER TABLE app.orders SET UNLOGGED" }, "unlogged", { "ALTER TABLE app.orders SET LOGGED" } },
    { { "ALTER TABLE app.users SET (fillfactor = 70, toast.autovacuum_enabled = off)" },
      "toast with (autovacuum_enabled=off)",
      { "ALTER TABLE app.users RESET (fillfactor, toast.autovacuum_enabled)" } },
    { { "ALTER TABLE app.users REPLICA IDENTITY FULL" },
      "table app.users has changed",
      { "ALTER TABLE app.users REPLICA IDENTITY DEFAULT" } },
    { { "ALTER TABLE app.users REPLICA IDENTITY USING INDEX users_pkey" },
      "index app.users_pkey has changed",
      { "ALTER TABLE app.users REPLICA IDENTITY DEFAULT" } },
    { { "ALTER TABLE app.users ENABLE ROW LEVEL SECURITY" },
      "row level security",
      { "ALTER TABLE app.users DISABLE ROW LEVEL SECURITY" } },
    { { "ALTER TABLE app.users FORCE ROW LEVEL SECURITY" },
      "forced row level security",
      { "ALTER TABLE app.users NO FORCE ROW LEVEL SECURITY" } },
    { { "ALTER TABLE app.users OWNER TO writer" },
      "table app.users has changed: it was owner postgres",
      { "ALTER TABLE app.users OWNER TO postgres" } },
    { { "ALTER TABLE app.parts DETACH PARTITION app.parts_1" },
      "table app.parts_1 has changed",
      { "ALTER TABLE app.parts ATTACH PARTITION app.parts_1 FOR VALUES FROM ('2020-01-01') TO "
        "('2021-01-01')" } },
    { { "CREATE TABLE app.child (x int) INHERITS (app.orders)" },
      "inherits app.orders",
      { "DROP TABLE app.child" } },
    { { "ALTER TABLE app.users RENAME TO people" },
      "table app.users is gone",
      { "ALTER TABLE app.people RENAME TO users" } },
    { { "ALTER TABLE app.users RENAME COLUMN email TO mail" },
      "column app.users.email is gone (text, place 3)",
      { "ALTER TABLE app.users RENAME COLUMN mail TO email" } },
    { { "ALTER TABLE app.users ADD COLUMN extra int" },
      "column app.users.extra is new (integer, place 6)",
      { "ALTER TABLE app.users DROP COLUMN extra" } },
    { { "ALTER TABLE app.users ALTER COLUMN n TYPE bigint" },
      "column app.users.n has changed: it was integer, place 5; it is bigint, place 5",
      { "ALTER TABLE app.users ALTER COLUMN n TYPE int" } },
    { { "ALTER TABLE app.orders ALTER COLUMN note TYPE varchar(60)" },
      "it is character varying(60), place 3",
      { "ALTER TABLE app.orders ALTER COLUMN note TYPE text" } },
    { { "ALTER TABLE app.users ALTER COLUMN email TYPE text COLLATE \"C\"" },
      "text COLLATE pg_catalog.\"C\"",
      { "ALTER TABLE app.users ALTER COLUMN email TYPE text COLLATE pg_catalog.\"default\"" } },
    { { "ALTER TABLE app.users ALTER COLUMN email SET NOT NULL" },
      "text NOT NULL",
      { "ALTER TABLE app.users ALTER COLUMN email DROP NOT NULL" } },
    { { "ALTER TABLE app.users ALTER COLUMN name DROP DEFAULT" },
      "it is character varying(50) NOT NULL, place 2",
      { "ALTER TABLE app.users ALTER COLUMN name SET DEFAULT 'x'" } },
    { { "ALTER TABLE app.users ADD COLUMN g int GENERATED ALWAYS AS (n * 2) STORED" },
      "GENERATED ALWAYS AS ((n * 2)) STORED",
      { "ALTER TABLE app.users DROP COLUMN g" } },
    { { "ALTER TABLE app.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY" },
      "GENERATED ALWAYS AS IDENTITY",
      { "ALTER TABLE app.users ALTER COLUMN id DROP IDENTITY" } },
    { { "ALTER TABLE app.users ALTER COLUMN email SET STORAGE EXTERNAL" },
      "storage e",
      { "ALTER TABLE app.users ALTER COLUMN email SET STORAGE EXTENDED" } },
    { { "ALTER TABLE app.users ALTER COLUMN email SET COMPRESSION pglz" },
      "compression pglz",
      { "ALTER TABLE app.users ALTER COLUMN email SET COMPRESSION default" } },
    { { "ALTER TABLE app.users ALTER COLUMN email SET STATISTICS 500" },
      "statistics 500",
      { "ALTER TABLE app.users ALTER COLUMN email SET STATISTICS -1" } },
    { { "ALTER TABLE app.users ALTER COLUMN email SET (n_distinct = 5)" },
      "with (n_distinct=5)",
      { "ALTER TABLE app.users ALTER COLUMN email RESET (n_distinct)" } },
    { { "ALTER TABLE app.users ADD CONSTRAINT n_small CHECK (n < 1000) NOT VALID" },
      "constraint app.users.n_small is new (CHECK ((n < 1000)) NOT VALID)",
      { "ALTER TABLE app.users DROP CONSTRAINT n_small" } },
    { { "ALTER TABLE app.orders ALTER CONSTRAINT orders_user DEFERRABLE INITIALLY DEFERRED" },
      "DEFERRABLE INITIALLY DEFERRED",
      { "ALTER TABLE app.orders ALTER CONSTRAINT orders_user NOT DEFERRABLE" } },
    { { "ALTER TABLE app.orders DISABLE TRIGGER ALL" },
      "triggers disabled",
      { "ALTER TABLE app.orders ENABLE TRIGGER ALL" } },
    { { "CREATE INDEX orders_note ON app.orders (note)" },
      "index app.orders_note is new (CREATE INDEX orders_note ON app.orders USING btree (note))",
      { "DROP INDEX app.orders_note" } },
    { { "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.users_status'::regclass" },
      "index app.users_status has changed",
      { "UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'app.users_status'::regclass" } },
    { { "UPDATE pg_index SET indisready = false WHERE indexrelid = 'app.users_status'::regclass" },
      "not ready",
      { "UPDATE pg_index SET indisready = true WHERE indexrelid = 'app.users_status'::regclass" } },
    { { "ALTER TABLE app.users CLUSTER ON users_status" },
      "clustered by",
      { "ALTER TABLE app.users SET WITHOUT CLUSTER" } },
    { { "ALTER INDEX app.users_status SET (fillfactor = 50)" },
      "fillfactor",
      { "ALTER INDEX app.users_status RESET (fillfactor)" } },
    { { "ALTER TABLE app.users DISABLE TRIGGER touched" },
      "trigger app.users.touched has changed: it was CREATE TRIGGER",
      { "ALTER TABLE app.users ENABLE TRIGGER touched" } },
    { { "DROP TRIGGER touched ON app.users" },
      "trigger app.users.touched is gone",
      { "CREATE TRIGGER touched BEFORE UPDATE ON app.users FOR EACH ROW EXECUTE FUNCTION app.touch()" } },
    { { "ALTER TABLE app.orders DISABLE RULE quiet" },
      "rule app.orders.quiet has changed",
      { "ALTER TABLE app.orders ENABLE RULE quiet" } },
    { { "ALTER POLICY own ON app.users USING (id > 1)" },
      "policy app.users.own has changed",
      { "ALTER POLICY own ON app.users USING (id > 0)" } },
    { { "ALTER POLICY own ON app.users TO PUBLIC" },
      "to PUBLIC",
      { "ALTER POLICY own ON app.users TO reader" } },
    { { "ALTER SEQUENCE app.numbers INCREMENT 2 CACHE 10" },
      "increment 2, from 1, to 9223372036854775807, cache 10",
      { "ALTER SEQUENCE app.numbers INCREMENT 1 CACHE 1" } },
    { { "ALTER SEQUENCE app.numbers OWNED BY app.users.n" },
      "owned by app.users.n",
      { "ALTER SEQUENCE app.numbers OWNED BY NONE" } },
    { { "ALTER STATISTICS app.related SET STATISTICS 99" },
      "target 99",
      { "ALTER STATISTICS app.related SET STATISTICS -1" } },
    { { "DROP STATISTICS app.related" },
      "statistics app.related is gone",
      { "CREATE STATISTICS app.related ON id, n FROM app.users" } },
    { { "CREATE OR REPLACE VIEW app.names AS SELECT id, upper(name)::varchar(50) AS name FROM app.users" },
      "view app.names has changed",
      { "CREATE OR REPLACE VIEW app.names AS SELECT id, name FROM app.users" } },
    { { "ALTER VIEW app.names SET (security_barrier = true)" },
      "with (security_barrier=true)",
      { "ALTER VIEW app.names RESET (security_barrier)" } },
    { { "REFRESH MATERIALIZED VIEW app.counts WITH NO DATA" },
      "not populated",
      { "REFRESH MATERIALIZED VIEW app.counts" } },
    { { "ALTER FOREIGN TABLE app.distant OPTIONS (ADD path 'x')" },
      "foreign table app.distant has changed",
      { "ALTER FOREIGN TABLE app.distant OPTIONS (DROP path)" } },
};

static const struct change code[] = {
    { { "CREATE OR REPLACE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 2'" },
      "function app.one() has changed",
      { "CREATE OR REPLACE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1'" } },
    { { "ALTER FUNCTION app.one() SECURITY DEFINER" },
      "SECURITY DEFINER",
      { "ALTER FUNCTION app.one() SECURITY INVOKER" } },
    { { "ALTER FUNCTION app.one() OWNER TO writer" },
      "it is owner writer",
      { "ALTER FUNCTION app.one() OWNER TO postgres" } },
    { { "CREATE PROCEDURE app.work() LANGUAGE sql AS ''" },
      "procedure app.work() is new",
      { "DROP PROCEDURE app.work()" } },
    { { "CREATE AGGREGATE app.total (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')" },
      "aggregate app.total(integer) is new",
      { "DROP AGGREGATE app.total(int)" } },
    { { "ALTER TYPE app.mood RENAME VALUE 'sad' TO 'low'" },
      "type app.mood has changed: it was owner postgres, enum ('sad', 'happy')",
      { "ALTER TYPE app.mood RENAME VALUE 'low' TO 'sad'" } },
    { { "ALTER TYPE app.pair ADD ATTRIBUTE c int" },
      "composite (a integer, b text, c integer)",
      { "ALTER TYPE app.pair DROP ATTRIBUTE c" } },
    { { "ALTER DOMAIN app.positive SET NOT NULL" },
      "NOT NULL",
      { "ALTER DOMAIN app.positive DROP NOT NULL" } },
    { { "ALTER DOMAIN app.positive ADD CONSTRAINT small CHECK (VALUE < 9)" },
      "small CHECK ((VALUE < 9))",
      { "ALTER DOMAIN app.positive DROP CONSTRAINT small" } },
    { { "CREATE TYPE app.span AS RANGE (SUBTYPE = int8)" },
      "range of bigint opclass int8_ops",
      { "DROP TYPE app.span" } },
    { { "CREATE CAST (app.mood AS int) WITH INOUT" },
      "cast app.mood as integer is new",
      { "DROP CAST (app.mood AS int)" } },
    { { "CREATE OPERATOR app.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)" },
      "operator app.===(integer,integer) is new",
      { "DROP OPERATOR app.=== (int, int)" } },
    { { "CREATE OPERATOR CLASS app.ops FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, "
        "int)" },
      "operator class app.ops using btree is new",
      { "DROP OPERATOR FAMILY app.ops USING btree" } },
    { { "CREATE COLLATION app.plain FROM \"C\"" }, "collation app.plain", { "DROP COLLATION app.plain" } },
    { { "CREATE TEXT SEARCH CONFIGURATION app.search (COPY = simple)" },
      "text search configuration app.search is new",
      { "DROP TEXT SEARCH CONFIGURATION app.search" } },
    { { "CREATE TEXT SEARCH DICTIONARY app.words (TEMPLATE = simple)" },
      "text search dictionary app.words is new",
      { "DROP TEXT SEARCH DICTIONARY app.words" } },
    { { "ALTER EVENT TRIGGER watcher DISABLE" },
      "event trigger watcher has changed",
      { "ALTER EVENT TRIGGER watcher ENABLE" } },
    { { "CREATE EXTENSION pg_trgm SCHEMA app" },
      "extension pg_trgm is new (version ",
      { "DROP EXTENSION pg_trgm" } },
    { { "ALTER SERVER there OPTIONS (SET host 'i', ADD dbpassword 'hidden')" },
      "host=i, dbpassword=***",
      { "ALTER SERVER there OPTIONS (SET host 'h', DROP dbpassword)" } },
    { { "CREATE USER MAPPING FOR reader SERVER there OPTIONS (password 'hidden')" },
      "user mapping there for reader is new (exists)",
      { "DROP USER MAPPING FOR reader SERVER there" } },
    { { "COMMENT ON COLUMN app.users.n IS 'a number'" },
      "comment table column app.users.n is new (a number)",
      { "COMMENT ON COLUMN app.users.n IS NULL" } },
    { { "COMMENT ON ROLE reader IS 'reads'" },
      "comment role reader is new (reads)",
      { "COMMENT ON ROLE reader IS NULL" } },
};

static const struct change rights[] = {
    { { "GRANT SELECT ON app.users TO reader" },
      "privilege table app.users to reader is new (SELECT)",
      { "REVOKE SELECT ON app.users FROM reader" } },
    { { "GRANT SELECT ON app.users TO reader WITH GRANT OPTION", "GRANT SELECT ON app.users TO PUBLIC" },
      "SELECT with grant option",
      { "REVOKE ALL ON app.users FROM reader, PUBLIC" } },
    { { "GRANT UPDATE (email) ON app.users TO reader" },
      "privilege column app.users.email to reader is new (UPDATE)",
      { "REVOKE UPDATE (email) ON app.users FROM reader" } },
    { { "REVOKE EXECUTE ON FUNCTION app.one() FROM PUBLIC" },
      "privilege function app.one() to PUBLIC is new (nothing (by default: EXECUTE))",
      { "GRANT EXECUTE ON FUNCTION app.one() TO PUBLIC" } },
    { { "REVOKE EXECUTE ON FUNCTION lo_create(oid) FROM PUBLIC" },
      "privilege function lo_create(oid) to PUBLIC is new (nothing",
      { "GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC" } },
    { { "GRANT SELECT ON pg_authid TO reader" },
      "privilege table pg_authid to reader is new (SELECT)",
      { "REVOKE SELECT ON pg_authid FROM reader" } },
    { { "REVOKE USAGE ON SCHEMA public FROM PUBLIC" },
      "privilege schema public to PUBLIC",
      { "GRANT USAGE ON SCHEMA public TO PUBLIC" } },
    { { "GRANT USAGE ON SCHEMA app TO reader" },
      "privilege schema app to reader is new (USAGE)",
      { "REVOKE USAGE ON SCHEMA app FROM reader" } },
    { { "GRANT USAGE ON SEQUENCE app.numbers TO reader" },
      "privilege sequence app.numbers to reader",
      { "REVOKE USAGE ON SEQUENCE app.numbers FROM reader" } },
    { { "REVOKE USAGE ON TYPE app.mood FROM PUBLIC" },
      "privilege type app.mood to PUBLIC",
      { "GRANT USAGE ON TYPE app.mood TO PUBLIC" } },
    { { "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC" },
      "privilege database postgres to PUBLIC is new (TEMPORARY (by default: CONNECT, TEMPORARY))",
      { "GRANT CONNECT ON DATABASE postgres TO PUBLIC" } },
    { { "REVOKE USAGE ON LANGUAGE sql FROM PUBLIC" },
      "privilege language sql to PUBLIC",
      { "GRANT USAGE ON LANGUAGE sql TO PUBLIC" } },
    { { "GRANT USAGE ON FOREIGN SERVER there TO reader" },
      "privilege foreign server there to reader",
      { "REVOKE USAGE ON FOREIGN SERVER there FROM reader" } },
    { { "GRANT SET ON PARAMETER log_statement TO reader" },
      "privilege parameter log_statement to reader is new (SET)",
      { "REVOKE SET ON PARAMETER log_statement FROM reader" } },
    { { "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader" },
      "default privilege tables of postgres in schema app to reader is new (SELECT)",
      { "ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM reader" } },
    { { "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC" },
      "default privilege functions of postgres to postgres is new",
      { "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC" } },
    { { "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM postgres" },
      "default privilege tables of postgres is new (nothing to anybody)",
      { "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO postgres" } },
    /* No statement leaves such a default of one schema; a catalog that was changed by hand has it. */
    { { "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM postgres", "SET allow_system_table_mods = on",
        "UPDATE pg_default_acl SET defaclnamespace = 'app'::regnamespace WHERE defaclacl::text = '{}'" },
      "default privilege tables of postgres in schema app is new (nothing to anybody)",
      { "DELETE FROM pg_default_acl WHERE defaclacl::text = '{}'", "RESET allow_system_table_mods" } },
    { { "CREATE ROLE left_over LOGIN" },
      "role left_over is new (login, no password)",
      { "DROP ROLE left_over" } },
    { { "ALTER ROLE reader CREATEDB" }, "creates databases", { "ALTER ROLE reader NOCREATEDB" } },
    { { "ALTER ROLE writer PASSWORD NULL" },
      "role writer has changed: it was login, a password; it is login, no password",
      { "ALTER ROLE writer PASSWORD 'other'" } },
    { { "GRANT reader TO writer" }, "membership writer in reader is new", { "REVOKE reader FROM writer" } },
    { { "GRANT pg_monitor TO writer" },
      "membership writer in pg_monitor",
      { "REVOKE pg_monitor FROM writer" } },
};

static const struct change cluster[] = {
    { { "ALTER PUBLICATION pub ADD TABLE app.orders" },
      "publication table pub: app.orders is new",
      { "ALTER PUBLICATION pub DROP TABLE app.orders" } },
    { { "ALTER PUBLICATION pub SET TABLE app.users (id, n) WHERE (n > 1)" },
      "columns id, n, where (n > 1)",
      { "ALTER PUBLICATION pub SET TABLE app.users" } },
    { { "ALTER PUBLICATION pub ADD TABLES IN SCHEMA app" },
      "publication schema pub: app is new",
      { "ALTER PUBLICATION pub DROP TABLES IN SCHEMA app" } },
    { { "ALTER PUBLICATION pub SET (publish = 'insert')" },
      "publication pub has changed",
      { "ALTER PUBLICATION pub SET (publish = 'insert, update, delete, truncate')" } },
    { { "CREATE SUBSCRIPTION sub CONNECTION 'host=/nowhere password=''very hidden'' dbname=x' PUBLICATION pub"
        " WITH (connect = false, slot_name = NONE)" },
      "connection host=/nowhere password=*** dbname=x",
      { "DROP SUBSCRIPTION sub" } },
    { { "CREATE SUBSCRIPTION sub CONNECTION 'postgresql://u:hidden@nowhere/x?password=hidden&port=1' "
        "PUBLICATION pub"
        " WITH (connect = false, slot_name = NONE)" },
      "connection postgresql://u:***@nowhere/x?password=***&port=1",
      { "DROP SUBSCRIPTION sub" } },
    { { "SELECT pg_create_logical_replication_slot('left_over', 'pgoutput')" },
      "slot left_over is new (logical, plugin pgoutput, database postgres)",
      { "SELECT pg_drop_replication_slot('left_over')" } },
    { { "SELECT pg_create_physical_replication_slot('left_over')" },
      "slot left_over is new (physical)",
      { "SELECT pg_drop_replication_slot('left_over')" } },
    { { "SELECT pg_create_physical_replication_slot('goes', false, true)" },
      NULL,
      { "SELECT pg_drop_replication_slot('goes')" } },
    { { "SELECT pg_replication_origin_create('left_over')" },
      "replication origin left_over is new",
      { "SELECT pg_replication_origin_drop('left_over')" } },
    { { "BEGIN", "UPDATE app.users SET n = n WHERE id = 1", "PREPARE TRANSACTION 'left over'" },
      "prepared transaction 'left over' is new (owner postgres, database postgres)",
      { "ROLLBACK PREPARED 'left over'" } },
    { { "CREATE DATABASE left_over" }, "database left_over is new", { "DROP DATABASE left_over" } },
    { { "ALTER DATABASE postgres CONNECTION LIMIT 5" },
      "datconnlimit 5",
      { "ALTER DATABASE postgres CONNECTION LIMIT -1" } },
    { { "ALTER DATABASE postgres SET app.secret_key = 'hidden'" },
      "setting app.secret_key in database postgres is new (***)",
      { "ALTER DATABASE postgres RESET app.secret_key" } },
    { { "ALTER ROLE writer IN DATABASE postgres SET work_mem = '5MB'" },
      "setting work_mem of role writer in database postgres is new (5MB)",
      { "ALTER ROLE writer IN DATABASE postgres RESET work_mem" } },
    { { "ALTER SYSTEM SET work_mem = '5MB'" },
      "setting work_mem in a file is new (5MB, in postgresql.auto.conf)",
      { "ALTER SYSTEM RESET work_mem" } },
    { { "SELECT lo_create(0)" },
      "large objects owner postgres is new (1)",
      { "SELECT lo_unlink(oid) FROM pg_largeobject_metadata" } },
};

/* What changes while nobody changes anything, and what a statement leaves as it was. */
static const struct change nothing[] = {
    { { "SELECT nextval('app.numbers')" }, NULL, { NULL } },
    { { "VACUUM app.users", "ANALYZE" }, NULL, { NULL } },
    { { "VACUUM FULL app.users", "CLUSTER app.users USING users_pkey",
        "ALTER TABLE app.users SET WITHOUT CLUSTER" },
      NULL,
      { NULL } },
    { { "REINDEX TABLE app.users", "TRUNCATE app.orders" }, NULL, { NULL } },
    { { "ALTER TABLE app.users ALTER COLUMN n TYPE bigint", "ALTER TABLE app.users ALTER COLUMN n TYPE int" },
      NULL,
      { NULL } },
    { { "GRANT SELECT ON app.orders TO reader", "REVOKE SELECT ON app.orders FROM reader" }, NULL, { NULL } },
    { { "CREATE TEMP TABLE mine (a int)", "DROP TABLE mine" }, NULL, { NULL } },
    { { "CREATE TEMP TABLE mine (a int)" }, NULL, { "DROP TABLE mine" } },
    { { "UPDATE app.users SET n = n + 1", "SELECT count(*) FROM app.users" }, NULL, { NULL } },
    /* A column that was dropped and added again at the end is where it was, whatever its number is. */
    { { "ALTER TABLE app.orders DROP COLUMN note", "ALTER TABLE app.orders ADD COLUMN note text" },
      NULL,
      { NULL } },
};

static void test_relations(void **state)
{
    (void)state;
    check_changes(relations, ARRAY_LEN(relations));
}

static void test_code(void **state)
{
    (void)state;
    check_changes(code, ARRAY_LEN(code));
}

static void test_rights(void **state)
{
    (void)state;
    check_changes(rights, ARRAY_LEN(rights));
}

static void test_cluster(void **state)
{
    (void)state;
    check_changes(cluster, ARRAY_LEN(cluster));
}

static void test_nothing(void **state)
{
    (void)state;
    check_changes(nothing, ARRAY_LEN(nothing));
}

/* What cannot be undone comes last. */
static void test_for_good(void **state)
{
    static const struct change rows[] = {
        { { "ALTER TABLE app.users DROP COLUMN email", "ALTER TABLE app.users ADD COLUMN email text" },
          "column app.users.email has changed: it was text, place 3; it is text, place 5",
          { NULL } },
        { { "ALTER TABLE app.users ADD CONSTRAINT n_small CHECK (n < 1000) NOT VALID" },
          "NOT VALID",
          { NULL } },
        { { "ALTER TABLE app.users VALIDATE CONSTRAINT n_small" },
          "it was CHECK ((n < 1000)) NOT VALID; it is CHECK ((n < 1000))",
          { NULL } },
        { { "ALTER TYPE app.mood ADD VALUE 'calm' BEFORE 'happy'" },
          "enum ('sad', 'calm', 'happy')",
          { NULL } },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *arena = arena_create();
        check_made(arena, taken(arena), &rows[i]);
        arena_destroy(arena);
    }
}

static int set_up(void **state)
{
    if (pg_group_set_up(state) < 0)
        return -1;
    (void)pg_value(admin, "SET client_min_messages = error");
    (void)pg_value(admin, "SET allow_system_table_mods = on");
    on_server(base);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relations), cmocka_unit_test(test_code),    cmocka_unit_test(test_rights),
        cmocka_unit_test(test_cluster),   cmocka_unit_test(test_nothing), cmocka_unit_test(test_for_good),
    };
    return cmocka_run_group_tests(tests, set_up, pg_group_tear_down);
}
