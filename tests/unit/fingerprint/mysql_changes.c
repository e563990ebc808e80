/* Everything that a statement can change on MariaDB is seen, named, and not seen any more when it is undone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "my_printed.h"

static const char *const base[] = {
    "SET GLOBAL log_bin_trust_function_creators = 1",
    "CREATE TABLE users (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(50) NOT NULL DEFAULT "
    "'x',"
    " email varchar(255), status text, n int, KEY users_status (status(20)), KEY users_n (n, name))",
    "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, note text,"
    " CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id))",
    "INSERT INTO users (name, email, n) SELECT CONCAT('n', seq), CONCAT('e', seq), seq FROM "
    "mysql.seq_1_to_100",
    "CREATE TABLE parts (at date NOT NULL, v int) PARTITION BY RANGE COLUMNS (at)"
    " (PARTITION p0 VALUES LESS THAN ('2020-01-01'), PARTITION p1 VALUES LESS THAN ('2021-01-01'))",
    "CREATE VIEW names AS SELECT id, name FROM users",
    "CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW SET NEW.n = NEW.n",
    "CREATE TRIGGER written AFTER UPDATE ON users FOR EACH ROW SET @a = 1",
    "CREATE PROCEDURE work(IN a int, OUT b varchar(20)) SET b = a",
    "CREATE FUNCTION one() RETURNS int RETURN 1",
    "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO SET @a = 1",
    "CREATE SEQUENCE numbers",
    "CREATE USER reader@localhost, writer@'10.%' IDENTIFIED BY 'pw'",
    "CREATE ROLE auditor",
    "CREATE SERVER there FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h', PASSWORD 'hidden')",
    NULL,
};

static const struct change relations[] = {
    { { "CREATE DATABASE other CHARACTER SET latin1" },
      "database other is new (charset latin1",
      { "DROP DATABASE other" } },
    { { "ALTER DATABASE shop COMMENT 'the shop'" },
      "database shop has changed",
      { "ALTER DATABASE shop COMMENT ''" } },
    { { "CREATE TABLE `left over` (a int)" },
      "column shop.`left over`.a is new (int(11) DEFAULT NULL, place 1)",
      { "DROP TABLE `left over`" } },
    { { "ALTER TABLE orders ROW_FORMAT = COMPACT" },
      "row format Compact",
      { "ALTER TABLE orders ROW_FORMAT = DYNAMIC", "ALTER TABLE orders ROW_FORMAT = DEFAULT" } },
    { { "ALTER TABLE parts ENGINE = Aria" },
      "table shop.parts has changed: it was engine InnoDB",
      { "ALTER TABLE parts ENGINE = InnoDB" } },
    { { "ALTER TABLE orders DEFAULT CHARACTER SET latin2" },
      "collation latin2",
      { "ALTER TABLE orders DEFAULT CHARACTER SET latin1" } },
    { { "ALTER TABLE orders COMMENT 'of users'" }, "comment of users", { "ALTER TABLE orders COMMENT ''" } },
    { { "ALTER TABLE orders STATS_PERSISTENT = 1" },
      "with stats_persistent=1",
      { "ALTER TABLE orders STATS_PERSISTENT = DEFAULT" } },
    { { "RENAME TABLE parts TO pieces" }, "table shop.parts is gone", { "RENAME TABLE pieces TO parts" } },
    { { "ALTER TABLE users RENAME COLUMN email TO mail" },
      "column shop.users.email is gone (varchar(255) DEFAULT NULL, place 3",
      { "ALTER TABLE users RENAME COLUMN mail TO email" } },
    { { "ALTER TABLE users ADD COLUMN extra int FIRST" },
      "column shop.users.extra is new (int(11) DEFAULT NULL, place 1)",
      { "ALTER TABLE users DROP COLUMN extra" } },
    { { "ALTER TABLE users MODIFY n bigint" },
      "column shop.users.n has changed: it was int(11) DEFAULT NULL, place 5; it is bigint(20)",
      { "ALTER TABLE users MODIFY n int" } },
    { { "ALTER TABLE users MODIFY n int AFTER id" },
      "place 2",
      { "ALTER TABLE users MODIFY n int AFTER status" } },
    { { "ALTER TABLE users MODIFY email varchar(255) CHARACTER SET latin2" },
      "collation latin2_general_ci",
      { "ALTER TABLE users MODIFY email varchar(255)" } },
    { { "ALTER TABLE users MODIFY email varchar(255) NOT NULL DEFAULT ''" },
      "varchar(255) NOT NULL DEFAULT ''",
      { "ALTER TABLE users MODIFY email varchar(255)" } },
    { { "ALTER TABLE users ALTER name DROP DEFAULT" },
      "it is varchar(50) NOT NULL, place 2",
      { "ALTER TABLE users ALTER name SET DEFAULT 'x'" } },
    { { "ALTER TABLE users MODIFY n int COMMENT 'how many'" },
      "comment how many",
      { "ALTER TABLE users MODIFY n int" } },
    { { "ALTER TABLE users ADD COLUMN g int AS (n * 2) VIRTUAL" },
      "VIRTUAL GENERATED, as \"n\" * 2",
      { "ALTER TABLE users DROP COLUMN g" } },
    { { "ALTER TABLE users MODIFY n int INVISIBLE" }, "INVISIBLE", { "ALTER TABLE users MODIFY n int" } },
    /* What no view has. */
    { { "ALTER TABLE orders ADD COLUMN a date NOT NULL, ADD COLUMN b date NOT NULL, ADD PERIOD FOR p (a, "
        "b)" },
      "column shop.orders.a is new",
      { "ALTER TABLE orders DROP PERIOD FOR p, DROP COLUMN a, DROP COLUMN b" } },
    { { "ALTER TABLE users DROP KEY users_n, ADD KEY users_n (n, name) KEY_BLOCK_SIZE = 4" },
      "definition shop.users has changed",
      { "ALTER TABLE users DROP KEY users_n, ADD KEY users_n (n, name)" } },
    { { "CREATE INDEX orders_note ON orders (note(10) DESC)" },
      "index shop.orders.orders_note is new (btree, (note(10) DESC))",
      { "DROP INDEX orders_note ON orders" } },
    { { "ALTER TABLE users DROP KEY users_n, ADD KEY users_n (name, n)" },
      "index shop.users.users_n has changed: it was btree, (n, name); it is btree, (name, n)",
      { "ALTER TABLE users DROP KEY users_n, ADD KEY users_n (n, name)" } },
    { { "ALTER TABLE users DROP KEY users_n, ADD UNIQUE KEY users_n (n, name)" },
      "it is unique, btree",
      { "ALTER TABLE users DROP KEY users_n, ADD KEY users_n (n, name)" } },
    { { "ALTER TABLE users DROP KEY users_status, ADD KEY users_status (status(30))" },
      "(status(30))",
      { "ALTER TABLE users DROP KEY users_status, ADD KEY users_status (status(20))" } },
    { { "ALTER TABLE users ALTER INDEX users_n IGNORED" },
      "ignored",
      { "ALTER TABLE users ALTER INDEX users_n NOT IGNORED" } },
    { { "ALTER TABLE orders ADD FULLTEXT orders_words (note)" },
      "fulltext, (note)",
      { "ALTER TABLE orders DROP KEY orders_words" } },
    { { "ALTER TABLE orders DROP FOREIGN KEY orders_user" },
      "foreign key shop.orders.orders_user is gone ((user_id) references shop.users (id))",
      { "ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id)" } },
    { { "ALTER TABLE orders DROP FOREIGN KEY orders_user, ADD CONSTRAINT orders_all FOREIGN KEY (user_id)"
        " REFERENCES users (id) ON DELETE CASCADE" },
      "on delete CASCADE",
      { "ALTER TABLE orders DROP FOREIGN KEY orders_all, DROP KEY orders_all",
        "ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id)" } },
    { { "ALTER TABLE users ADD CONSTRAINT n_small CHECK (n < 1000)" },
      "check shop.users.n_small is new (\"n\" < 1000)",
      { "ALTER TABLE users DROP CONSTRAINT n_small" } },
    { { "ALTER TABLE parts ADD PARTITION (PARTITION p2 VALUES LESS THAN ('2022-01-01'))" },
      "partition shop.parts.p2 is new (RANGE COLUMNS (\"at\"), of '2022-01-01', place 3)",
      { "ALTER TABLE parts DROP PARTITION p2" } },
    { { "ALTER TABLE parts REMOVE PARTITIONING" },
      "partition shop.parts.p0 is gone",
      { "ALTER TABLE parts PARTITION BY RANGE COLUMNS (at) (PARTITION p0 VALUES LESS THAN ('2020-01-01'),"
        " PARTITION p1 VALUES LESS THAN ('2021-01-01'))" } },
    { { "ALTER SEQUENCE numbers INCREMENT 2 CACHE 10" },
      "sequence shop.numbers has changed",
      { "ALTER SEQUENCE numbers INCREMENT 1 CACHE 1000" } },
    { { "DROP SEQUENCE numbers" }, "sequence shop.numbers is gone", { "CREATE SEQUENCE numbers" } },
};

static const struct change code[] = {
    { { "CREATE OR REPLACE VIEW names AS SELECT id, upper(name) AS name FROM users" },
      "view shop.names has changed",
      { "CREATE OR REPLACE VIEW names AS SELECT id, name FROM users" } },
    { { "CREATE OR REPLACE SQL SECURITY INVOKER VIEW names AS SELECT id, name FROM users" },
      "security INVOKER",
      { "CREATE OR REPLACE VIEW names AS SELECT id, name FROM users" } },
    { { "CREATE OR REPLACE ALGORITHM = TEMPTABLE DEFINER = reader@localhost VIEW names AS SELECT id, name "
        "FROM "
        "users" },
      "it is definer reader@localhost, security DEFINER, algorithm TEMPTABLE",
      { "CREATE OR REPLACE VIEW names AS SELECT id, name FROM users" } },
    { { "CREATE OR REPLACE VIEW names AS SELECT id, name FROM users WHERE id > 0 WITH CHECK OPTION" },
      "check option CASCADED",
      { "CREATE OR REPLACE VIEW names AS SELECT id, name FROM users" } },
    { { "DROP VIEW names" },
      "view shop.names is gone",
      { "CREATE VIEW names AS SELECT id, name FROM users" } },
    { { "CREATE TRIGGER later BEFORE UPDATE ON users FOR EACH ROW PRECEDES touched SET @b = 1" },
      "trigger shop.users.touched has changed: it was BEFORE UPDATE, order 1",
      { "DROP TRIGGER later" } },
    { { "DROP TRIGGER written" },
      "trigger shop.users.written is gone",
      { "CREATE TRIGGER written AFTER UPDATE ON users FOR EACH ROW SET @a = 1" } },
    { { "SET sql_mode = 'ANSI'",
        "CREATE OR REPLACE TRIGGER written AFTER UPDATE ON users FOR EACH ROW SET @a = 1",
        "SET sql_mode = DEFAULT" },
      "sql_mode REAL_AS_FLOAT",
      { "CREATE OR REPLACE TRIGGER written AFTER UPDATE ON users FOR EACH ROW SET @a = 1" } },
    { { "CREATE OR REPLACE FUNCTION one() RETURNS int RETURN 2" },
      "function shop.one has changed",
      { "CREATE OR REPLACE FUNCTION one() RETURNS int RETURN 1" } },
    { { "ALTER FUNCTION one SQL SECURITY INVOKER COMMENT 'says one'" },
      "security INVOKER",
      { "ALTER FUNCTION one SQL SECURITY DEFINER COMMENT ''" } },
    { { "CREATE OR REPLACE DEFINER = reader@localhost FUNCTION one() RETURNS int DETERMINISTIC RETURN 1" },
      "deterministic",
      { "CREATE OR REPLACE FUNCTION one() RETURNS int RETURN 1" } },
    { { "CREATE OR REPLACE PROCEDURE work(IN a bigint, OUT b varchar(20)) SET b = a" },
      "parameter procedure shop.work 1 has changed: it was IN a int(11); it is IN a bigint(20)",
      { "CREATE OR REPLACE PROCEDURE work(IN a int, OUT b varchar(20)) SET b = a" } },
    { { "ALTER EVENT nightly DISABLE" },
      "event shop.nightly has changed: it was ENABLED",
      { "ALTER EVENT nightly ENABLE" } },
    { { "ALTER EVENT nightly ON SCHEDULE EVERY 2 DAY STARTS '2030-01-01 00:00:00'" },
      "every 2 DAY",
      { "ALTER EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00'" } },
    { { "ALTER EVENT nightly DO SET @a = 2" }, "SET @a = 2", { "ALTER EVENT nightly DO SET @a = 1" } },
};

static const struct change rights[] = {
    { { "GRANT SELECT ON *.* TO reader@localhost" },
      "it is SELECT",
      { "REVOKE SELECT ON *.* FROM reader@localhost" } },
    { { "GRANT SELECT, INSERT ON shop.* TO reader@localhost WITH GRANT OPTION" },
      "privilege on shop.* to 'reader'@'localhost' is new (INSERT with grant option, SELECT with grant "
      "option)",
      { "REVOKE ALL, GRANT OPTION FROM reader@localhost" } },
    { { "GRANT UPDATE ON shop.users TO reader@localhost" },
      "privilege on shop.users to 'reader'@'localhost' is new (UPDATE)",
      { "REVOKE ALL ON shop.users FROM reader@localhost" } },
    { { "GRANT UPDATE (email) ON shop.users TO reader@localhost" },
      "privilege on shop.users.email to 'reader'@'localhost' is new (UPDATE)",
      { "REVOKE UPDATE (email) ON shop.users FROM reader@localhost" } },
    { { "GRANT EXECUTE ON PROCEDURE shop.work TO reader@localhost" },
      "privilege on procedure shop.work to 'reader'@'localhost' is new (Execute)",
      { "REVOKE EXECUTE ON PROCEDURE shop.work FROM reader@localhost" } },
    { { "GRANT PROXY ON writer@'10.%' TO reader@localhost" },
      "privilege proxy 'writer'@'10.%' to 'reader'@'localhost' is new",
      { "REVOKE PROXY ON writer@'10.%' FROM reader@localhost" } },
    { { "CREATE USER `left over`@'%' IDENTIFIED BY 'hidden'" },
      "account 'left over'@'%' is new (plugin mysql_native_password, a password)",
      { "DROP USER `left over`@'%'" } },
    { { "ALTER USER reader@localhost ACCOUNT LOCK" },
      "locked",
      { "ALTER USER reader@localhost ACCOUNT UNLOCK" } },
    { { "ALTER USER reader@localhost REQUIRE SSL" },
      "tls 1",
      { "ALTER USER reader@localhost REQUIRE NONE" } },
    { { "ALTER USER reader@localhost WITH MAX_USER_CONNECTIONS 5" },
      "user connections 5",
      { "ALTER USER reader@localhost WITH MAX_USER_CONNECTIONS 0" } },
    { { "ALTER USER reader@localhost IDENTIFIED VIA unix_socket OR mysql_native_password USING "
        "PASSWORD('hidden')" },
      "unix_socket",
      { "ALTER USER reader@localhost IDENTIFIED BY ''" } },
    { { "ALTER USER writer@'10.%' IDENTIFIED BY ''" },
      "account 'writer'@'10.%' has changed: it was plugin mysql_native_password, a password; it is plugin "
      "mysql_native_password, no password",
      { "ALTER USER writer@'10.%' IDENTIFIED BY 'other'" } },
    { { "ALTER USER writer@'10.%' PASSWORD EXPIRE" },
      "expired",
      { "ALTER USER writer@'10.%' IDENTIFIED BY 'other'" } },
    { { "GRANT auditor TO reader@localhost" },
      "membership 'reader'@'localhost' in 'auditor' is new",
      { "REVOKE auditor FROM reader@localhost" } },
    { { "CREATE ROLE other" }, "account 'other'@'' is new (role", { "DROP ROLE other" } },
    { { "GRANT SELECT ON shop.users TO auditor" },
      "privilege on shop.users to 'auditor'@'' is new (SELECT)",
      { "REVOKE SELECT ON shop.users FROM auditor" } },
    { { "GRANT auditor TO reader@localhost", "SET DEFAULT ROLE auditor FOR reader@localhost" },
      "default role auditor",
      { "SET DEFAULT ROLE NONE FOR reader@localhost", "REVOKE auditor FROM reader@localhost" } },
};

static const struct change server[] = {
    { { "SET GLOBAL read_only = 1" },
      "variable read_only has changed: it was OFF; it is ON",
      { "SET GLOBAL read_only = 0" } },
    { { "SET GLOBAL event_scheduler = ON" },
      "variable event_scheduler",
      { "SET GLOBAL event_scheduler = OFF" } },
    { { "SET GLOBAL sql_mode = ''" }, "variable sql_mode", { "SET GLOBAL sql_mode = DEFAULT" } },
    { { "SET GLOBAL binlog_format = STATEMENT" },
      "variable binlog_format",
      { "SET GLOBAL binlog_format = ROW" } },
    { { "SET GLOBAL gtid_strict_mode = 0" },
      "variable gtid_strict_mode",
      { "SET GLOBAL gtid_strict_mode = 1" } },
    { { "SET GLOBAL max_connections = 61" },
      "variable max_connections",
      { "SET GLOBAL max_connections = 60" } },
    { { "SET GLOBAL replicate_do_db = 'shop'" },
      "variable replicate_do_db",
      { "SET GLOBAL replicate_do_db = ''" } },
    { { "INSTALL SONAME 'query_response_time'" },
      "plugin information schema QUERY_RESPONSE_TIME is new",
      { "UNINSTALL SONAME 'query_response_time'" } },
    { { "CHANGE MASTER 'old' TO master_host = 'h', master_user = 'u', master_password = 'hidden'" },
      "replication channel old is new (Master_Host h, Master_User u",
      { "RESET SLAVE 'old' ALL" } },
    { { "CREATE SERVER here FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h', USER 'u', PASSWORD 'hidden')" },
      "server here is new (wrapper mysql, host h, port 3306, user u, a password)",
      { "DROP SERVER here" } },
    { { "ALTER SERVER there OPTIONS (HOST 'i')" }, "host i", { "ALTER SERVER there OPTIONS (HOST 'h')" } },
    { { "XA START 'left'", "INSERT INTO users (n) VALUES (1000)", "XA END 'left'", "XA PREPARE 'left'" },
      "prepared transaction 'left' is new",
      { "XA ROLLBACK 'left'" } },
};

/* What changes while nobody changes anything, and what a statement leaves as it was. */
static const struct change nothing[] = {
    { { "INSERT INTO users (n) VALUES (1000)", "DELETE FROM users WHERE n = 1000" }, NULL, { NULL } },
    { { "DO NEXT VALUE FOR numbers" }, NULL, { NULL } },
    { { "ANALYZE TABLE users" }, NULL, { NULL } },
    { { "ALTER TABLE users ENGINE = InnoDB, FORCE", "OPTIMIZE TABLE orders" }, NULL, { NULL } },
    { { "ALTER TABLE users MODIFY n bigint", "ALTER TABLE users MODIFY n int" }, NULL, { NULL } },
    { { "GRANT SELECT ON shop.users TO reader@localhost",
        "REVOKE SELECT ON shop.users FROM reader@localhost" },
      NULL,
      { NULL } },
    { { "CREATE TEMPORARY TABLE mine (a int)" }, NULL, { "DROP TEMPORARY TABLE mine" } },
    { { "ALTER TABLE users DROP KEY users_status", "ALTER TABLE users ADD KEY users_status (status(20))",
        "ALTER TABLE users ADD CONSTRAINT n_small CHECK (n < 1000)",
        "ALTER TABLE users DROP CONSTRAINT n_small" },
      NULL,
      { NULL } },
    { { "FLUSH LOGS", "FLUSH TABLES", "UPDATE users SET n = n" }, NULL, { NULL } },
    { { "ALTER USER writer@'10.%' IDENTIFIED BY 'another hidden one'" }, NULL, { NULL } },
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

static void test_server(void **state)
{
    (void)state;
    check_changes(server, ARRAY_LEN(server));
}

static void test_nothing(void **state)
{
    (void)state;
    check_changes(nothing, ARRAY_LEN(nothing));
}

static int set_up(void **state)
{
    if (my_group_set_up(state) < 0)
        return -1;
    on_server(base);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relations), cmocka_unit_test(test_code),    cmocka_unit_test(test_rights),
        cmocka_unit_test(test_server),    cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, my_group_tear_down);
}
