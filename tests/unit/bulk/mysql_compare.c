/* Comparisons of real MariaDBs with each other, and with a PostgreSQL: what is the same is found equal, what
 * is not is found, and what is not known is never equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compared.h"
#include "support/my_pair.h"

static struct my_pair pair;
static MYSQL *my[2]; /* two servers of which neither follows the other any more */
static char postgresql[300];

/* Which servers are compared. */
static void sides_are(enum bulk_engine left, enum bulk_engine right)
{
    const enum bulk_engine engines[] = { left, right };
    for (int i = 0; i < 2; i++) {
        sides.engine[i] = engines[i];
        snprintf(sides.dsn[i], sizeof(sides.dsn[i]), "%.299s",
                 engines[i] == BULK_MYSQL ? pair.dsn[i] : postgresql);
    }
}

static void make(int side, const char *table, const char *columns, const char *values)
{
    char sql[9000];
    snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s", table);
    my_value(my[side], sql);
    snprintf(sql, sizeof(sql), "CREATE TABLE %s (%s)", table, columns);
    my_value(my[side], sql);
    snprintf(sql, sizeof(sql), "INSERT INTO %s %s", table, values);
    my_value(my[side], sql);
}

static void make_pg(const char *columns, const char *values)
{
    char sql[2000];
    snprintf(sql, sizeof(sql),
             "SET client_min_messages = warning; DROP TABLE IF EXISTS t; CREATE TABLE t (%s);"
             "INSERT INTO t %s; ANALYZE t",
             columns, values);
    on_one(0, sql);
}

static const char items_columns[] = "id int PRIMARY KEY, tenant int, price decimal(8,2), note varchar(100)";
static const char items_rows[] = "SELECT seq, seq % 3, seq + 0.25, CONCAT('n', seq) FROM seq_1_to_1000";

static void make_items(void)
{
    for (int i = 0; i < 2; i++) {
        make(i, "t", items_columns, items_rows);
        my_value(my[i], "ANALYZE TABLE t");
    }
    sides_are(BULK_MYSQL, BULK_MYSQL);
}

/* ---- MariaDB and MariaDB ---- */

static void test_equal(void **state)
{
    static const char *const columns[] = { "id", "note" }, *const sums[] = { "price" };
    (void)state;
    make_items();
    my_value(my[1], "UPDATE t SET id = -id ORDER BY id DESC");
    my_value(my[1], "UPDATE t SET id = -id"); /* in another order on its pages */
    compared_open_pair("t", "shop.`t`");
    compared_run();
    compared_check(COMPARE_EQUAL, 0, "1 table, 1,000 rows equal");
    my_value(my[1], "UPDATE t SET tenant = tenant + 1");
    compared_open_pair("t", "t");
    compared.config.columns = columns;
    compared.config.column_count = 2;
    compared.config.sums = sums;
    compared.config.sum_count = 1;
    compared_run();
    compared_check(COMPARE_EQUAL, 0, "1 table, 1,000 rows equal");
    assert_non_null(strstr(compared.report, "sum of price 500750.00"));
}

static const struct {
    const char *change, *message;
    int64_t differences;
} changes[] = {
    { "UPDATE t SET note = 'N17' WHERE id = 17", "id 17: note\n", 1 },
    { "UPDATE t SET note = NULL WHERE id = 999", "id 999: note\n", 1 },
    { "UPDATE t SET note = '' WHERE id = 999", "id 999: note\n", 1 },
    { "UPDATE t SET note = CONCAT(note, ' ') WHERE id = 5", "id 5: note\n", 1 },
    { "UPDATE t SET price = -price, tenant = NULL WHERE id = 1", "id 1: price, tenant\n", 1 },
    { "DELETE FROM t WHERE id IN (100, 101)", "shop.t: id 101 only on old", 2 },
    { "INSERT INTO t VALUES (5000, 1, 1, 'x')", "shop.t: id 5000 only on new", 1 },
    /* the same values, in other rows */
    { "UPDATE t SET note = CASE id WHEN 3 THEN 'n4' ELSE 'n3' END WHERE id IN (3, 4)", "2 rows differ", 2 },
};

static void test_different(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        make_items();
        my_value(my[1], changes[i].change);
        compared_open_pair("t", "t");
        compared_run();
        assert_int_equal(compared.verdict, COMPARE_DIFFERENT);
        if (compared.differences != changes[i].differences)
            fail_msg("%d differences: %s", (int)compared.differences, compared.message);
        if (!strstr(compared.report, changes[i].message) && !strstr(compared.message, changes[i].message))
            fail_msg("no \"%s\" in %s", changes[i].message, compared.report);
    }
}

/* Texts of several character sets and collations come together in one row. What a collation holds for the
 * same is another text, and what a character set writes in another way is not. */
static void test_collations(void **state)
{
    static const char *const columns[] = {
        "id int PRIMARY KEY, a varchar(9) COLLATE utf8mb4_unicode_ci, b char(9) COLLATE utf8mb4_bin, c text "
        "COLLATE utf8mb4_general_ci, d varchar(9) CHARACTER SET latin1, e enum('x', 'ä') COLLATE "
        "utf8mb4_unicode_520_ci",
        "id int PRIMARY KEY, a varchar(9) CHARACTER SET latin1, b varchar(9) COLLATE utf8mb4_unicode_ci, c "
        "text CHARACTER "
        "SET latin1, d text COLLATE utf8mb4_bin, e varchar(9) COLLATE utf8mb4_general_ci",
    };
    static const char rows[] = "VALUES (1, 'Ä', 'ß ', 'é', 'ü', 'ä'), (2, '', NULL, 'e', 'u', 'x')";
    static const char *const changes_of[] = { "a = 'ä'",  "a = 'A'", "b = 'ss'",
                                              "c = 'é '", "d = 'Ü'", "e = 'Ä'" };
    (void)state;
    sides_are(BULK_MYSQL, BULK_MYSQL);
    for (size_t i = 0; i < ARRAY_LEN(changes_of); i++) {
        char sql[100];
        for (int side = 0; side < 2; side++)
            make(side, "t", columns[side], rows);
        my_value(my[1], "UPDATE t SET b = TRIM(b)"); /* CHAR has no blanks at its end */
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_EQUAL, 0, "2 rows equal");
        snprintf(sql, sizeof(sql), "UPDATE t SET %s WHERE id = 1", changes_of[i]);
        my_value(my[1], sql);
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_DIFFERENT, 1, "1 row differs (id 1: ");
    }
}

/* Rows that a hash could take for the same: where one value ends and the next begins, what is NULL and what
 * is only empty, which row has which value, and two texts that have one CRC-32. */
static const struct {
    const char *left, *right;
} similar[] = {
    { "(1, 'x', 'yz', NULL, NULL)", "(1, 'xy', 'z', NULL, NULL)" },
    { "(1, NULL, 'N;', NULL, NULL)", "(1, 'N;', NULL, NULL, NULL)" },
    { "(1, NULL, '', NULL, NULL)", "(1, '', NULL, NULL, NULL)" },
    { "(1, NULL, '', NULL, NULL)", "(1, '', '', NULL, NULL)" },
    { "(1, 'n', '', NULL, NULL)", "(1, NULL, '', NULL, NULL)" },
    { "(1, '', 'x', NULL, NULL)", "(1, 'x', '', NULL, NULL)" },
    { "(1, 'x', '12', 3, NULL)", "(1, 'x', '1', 23, NULL)" },
    { "(1, 'x', '2026-01-01', 3, NULL)", "(1, 'x', '', 3, '2026-01-01')" },
    { "(1, 'x', 'y', 3, NULL)", "(1, 'x', 'y', NULL, '2026-01-01')" },
    { "(1, 'x', 'y', 3, '2026-01-01')", "(1, 'x', 'y', NULL, '2026-01-01')" },
    { "(1, 'plumless', '', 3, NULL)", "(1, 'buckeroo', '', 3, NULL)" },
    { "(1, 'a', 'b', 1, NULL), (2, 'c', 'd', 1, NULL)", "(1, 'a', 'd', 1, NULL), (2, 'c', 'b', 1, NULL)" },
    { "(1, 'a', 'a', 1, NULL), (2, 'b', 'b', 1, NULL)", "(1, 'b', 'b', 1, NULL), (2, 'a', 'a', 1, NULL)" },
};

/* In both ways of hashing: as they are, where the columns are of the same types, and in their forms. */
static void test_similar(void **state)
{
    static const char *const columns[] = {
        "id int PRIMARY KEY, a varchar(20), b varchar(20), c int, d date",
        "id int PRIMARY KEY, a varchar(20), b varchar(20), c bigint, d date",
    };
    char rows[200];
    (void)state;
    sides_are(BULK_MYSQL, BULK_MYSQL);
    for (size_t i = 0; i < 2 * ARRAY_LEN(similar); i++) {
        snprintf(rows, sizeof(rows), "VALUES %s", similar[i / 2].left);
        make(0, "t", columns[0], rows);
        make(1, "t", columns[i % 2], rows);
        compared_open_pair("t", "t");
        compared_run();
        assert_int_equal(compared.verdict, COMPARE_EQUAL);
        snprintf(rows, sizeof(rows), "VALUES %s", similar[i / 2].right);
        make(1, "t", columns[i % 2], rows);
        compared_open_pair("t", "t");
        compared_run();
        if (compared.verdict != COMPARE_DIFFERENT)
            fail_msg("%s and %s: %s", similar[i / 2].left, similar[i / 2].right, compared.message);
    }
}

/* What is NULL beside what is empty and what a NULL is hashed as; and rows of which a value is NULL are
 * hashed like others, of whatever type it is. */
static const struct {
    const char *columns, *left, *right;
} nulls[] = {
    { "a varchar(9), b varchar(9), c char(1)", "(1, NULL, '', 'n')", "(1, '', 'n', NULL)" },
    { "a blob, b blob, c blob, d int", "(1, NULL, '', 'n', 7)", "(1, '', 'n', NULL, 7)" },
    { "a varchar(20), b date, c varchar(9), d varchar(9)", "(1, 'x2026-01-01', NULL, '', 'n')",
      "(1, 'x', '2026-01-01', 'n', NULL)" },
    { "a varchar(9), b date, c date", "(1, '', NULL, '2026-01-01')", "(1, NULL, '2026-01-01', NULL)" },
    { "a varchar(9), b varchar(9), c varchar(9)", "(1, '', '', NULL)", "(1, '', NULL, '')" },
    { "a int, b date", "(1, 1, NULL)", "(1, 2, NULL)" },
    { "a int, b timestamp(3) NULL", "(1, 1, NULL)", "(1, 2, NULL)" },
    { "a int, b time", "(1, 1, NULL)", "(1, 2, NULL)" },
    { "a int, b year", "(1, 1, NULL)", "(1, 2, NULL)" },
    { "a int, b decimal(9,2)", "(1, 1, NULL)", "(1, 2, NULL)" },
    { "a int, b enum('x', 'y')", "(1, 1, NULL)", "(1, 2, NULL)" },
    { "a int, b longtext", "(1, 1, NULL)", "(1, 2, NULL)" },
    { "a int, b varchar(9) CHARACTER SET latin1", "(1, 1, NULL)", "(1, 2, NULL)" },
    { "a int, b uuid", "(1, 1, NULL)", "(1, 2, NULL)" },
    { "a int, b uuid", "(1, 1, NULL)", "(1, 1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')" },
};

static void test_nulls(void **state)
{
    char columns[200], rows[200];
    (void)state;
    sides_are(BULK_MYSQL, BULK_MYSQL);
    for (size_t i = 0; i < 2 * ARRAY_LEN(nulls); i++) {
        if (my_pair_is_mysql() && strstr(nulls[i / 2].columns, "uuid") != NULL)
            continue; /* MySQL has no such type */
        for (int side = 0; side < 2;
             side++) { /* with a key of two types the rows are hashed in their forms */
            snprintf(columns, sizeof(columns), "id %s PRIMARY KEY, %s",
                     side == 1 && i % 2 == 1 ? "bigint" : "int", nulls[i / 2].columns);
            snprintf(rows, sizeof(rows), "VALUES %s", nulls[i / 2].left);
            make(side, "t", columns, rows);
        }
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_EQUAL, 0, "1 row equal");
        snprintf(rows, sizeof(rows), "VALUES %s", nulls[i / 2].right);
        make(1, "t", columns, rows);
        compared_open_pair("t", "t");
        compared_run();
        if (compared.verdict != COMPARE_DIFFERENT || compared.differences != 1)
            fail_msg("%s and %s: %s", nulls[i / 2].left, nulls[i / 2].right, compared.message);
    }
}

/* A value is the same whether its column may be NULL or not. */
static void test_may_be_null(void **state)
{
    static const struct {
        const char *type, *value;
    } of[] = {
        { "int(9) zerofill", "7" },
        { "decimal(9,2) zerofill", "7.5" },
        { "time(3)", "'-1:02:03.4'" },
        { "datetime(6)", "'2026-01-01'" },
        { "timestamp(2)", "'2026-01-01'" },
        { "year", "1999" },
        { "enum('n', 'ä')", "'ä'" },
        { "char(9)", "'x '" },
        { "binary(3)", "'x'" },
        { "uuid", "'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'" },
    };
    char columns[200], rows[100];
    (void)state;
    sides_are(BULK_MYSQL, BULK_MYSQL);
    for (size_t i = 0; i < ARRAY_LEN(of); i++) {
        if (my_pair_is_mysql() && strcmp(of[i].type, "uuid") == 0)
            continue;
        for (int side = 0; side < 2; side++) {
            snprintf(columns, sizeof(columns), "id int PRIMARY KEY, a %s %s", of[i].type,
                     side == 0 ? "NOT NULL" : "NULL");
            snprintf(rows, sizeof(rows), "VALUES (1, %s)", of[i].value);
            make(side, "t", columns, rows);
        }
        compared_open_pair("t", "t");
        compared_run();
        if (compared.verdict != COMPARE_EQUAL)
            fail_msg("%s: %s", of[i].type, compared.message);
    }
}

/* Rows that are there twice, with a key on the left side, on the right side, and on none. */
static void test_doubled(void **state)
{
    static const struct {
        const char *keys[2], *rows[2];
    } doubled[] = {
        { { "", "" }, { "(1, 1), (1, 1), (2, 2)", "(3, 3), (3, 3), (2, 2)" } },
        { { "", "" }, { "(1, 1), (1, 1)", "(2, 2), (2, 2)" } },
        { { ", PRIMARY KEY (id)", "" }, { "(1, 1), (2, 2)", "(2, 2), (2, 2)" } },
        { { ", PRIMARY KEY (id)", "" }, { "(1, 1), (2, 2), (3, 3)", "(1, 1), (3, 3), (3, 3)" } },
        { { "", ", PRIMARY KEY (id)" }, { "(1, 1), (1, 1), (2, 2)", "(1, 1), (3, 3), (2, 2)" } },
    };
    char columns[80], rows[80];
    (void)state;
    sides_are(BULK_MYSQL, BULK_MYSQL);
    for (size_t i = 0; i < ARRAY_LEN(doubled); i++) {
        for (int side = 0; side < 2; side++) {
            snprintf(columns, sizeof(columns), "id int NOT NULL, a int%s", doubled[i].keys[side]);
            snprintf(rows, sizeof(rows), "VALUES %s", doubled[i].rows[side]);
            make(side, "t", columns, rows);
        }
        compared_open_pair("t", "t");
        compared_run();
        if (compared.verdict != COMPARE_DIFFERENT)
            fail_msg("%s and %s: %s", doubled[i].rows[0], doubled[i].rows[1], compared.message);
    }
}

/* As many columns as can be hashed as they are, one more, and many. */
static void test_wide(void **state)
{
    static const int widths[] = { 64, 65, 300 };
    char columns[8000], sql[60];
    (void)state;
    sides_are(BULK_MYSQL, BULK_MYSQL);
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        size_t len = (size_t)snprintf(columns, sizeof(columns), "id int PRIMARY KEY");
        for (int n = 1; n < widths[i]; n++)
            len += (size_t)snprintf(columns + len, sizeof(columns) - len, ", c%d int", n);
        for (int side = 0; side < 2; side++)
            make(side, "t", columns, "(id) SELECT seq FROM seq_1_to_100");
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_EQUAL, 0, "100 rows equal");
        snprintf(sql, sizeof(sql), "UPDATE t SET c%d = 0 WHERE id = 50", widths[i] - 1);
        my_value(my[1], sql);
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_DIFFERENT, 1, "1 row differs (id 50: c");
    }
}

static void test_patterns(void **state)
{
    static const char *const patterns[] = { "shop.*", "!shop.left_*" };
    (void)state;
    make_items();
    for (int i = 0; i < 2; i++) {
        make(i, "bare", "id int PRIMARY KEY", "SELECT 1 WHERE FALSE");
        make(i, "left_out", "id int", i == 0 ? "SELECT 1" : "SELECT 2");
        make(i, "no_key", "a varchar(5), b binary(2)",
             "SELECT 'a', 'b' UNION ALL SELECT 'a', 'b' UNION ALL SELECT NULL, ''");
    }
    make(1, "only_here", "id int", "SELECT 1");
    compared_open();
    compared.config.patterns = patterns;
    compared.config.pattern_count = 2;
    compared_run();
    compared_check(COMPARE_DIFFERENT, 1, "table shop.only_here only on new");
    my_value(my[1], "DROP TABLE only_here");
    my_value(my[1], "DELETE FROM no_key WHERE a IS NOT NULL LIMIT 1");
    compared_open();
    compared.config.patterns = patterns;
    compared.config.pattern_count = 2;
    compared_run();
    compared_check(COMPARE_DIFFERENT, 1, "shop.no_key");
}

/* Keys of any type, and none; a difference is found. */
static const struct {
    const char *columns, *rows;
    int64_t differences;
} keys[] = {
    { "id bigint unsigned PRIMARY KEY", "SELECT 18446744073709551615 - seq, 'x' FROM seq_1_to_1000", 1 },
    { "id binary(16) PRIMARY KEY", "SELECT UNHEX(LEFT(SHA2(seq, 256), 32)), 'x' FROM seq_1_to_1000", 1 },
    { "id varchar(20) COLLATE utf8mb4_unicode_ci PRIMARY KEY",
      "SELECT CONCAT(ELT(seq % 3 + 1, 'a', 'Ä', 'z'), seq), 'x' FROM seq_1_to_1000", 1 },
    { "id varchar(20) CHARACTER SET latin1 PRIMARY KEY",
      "SELECT CONCAT(ELT(seq % 3 + 1, 'a', 'ß', 'Ä'), seq), 'x' FROM seq_1_to_1000", 1 },
    { "id datetime(3) PRIMARY KEY",
      "SELECT TIMESTAMP'2026-01-01 00:00:00' + INTERVAL seq * 1000 MICROSECOND, 'x' FROM seq_1_to_1000", 1 },
    { "a int, b varchar(9), PRIMARY KEY (a, b)", "SELECT seq DIV 10, seq, 'x' FROM seq_1_to_1000", 1 },
    { "id enum('z', 'y', 'x', 'w') PRIMARY KEY", "SELECT ELT(seq, 'z', 'y', 'x', 'w'), 'x' FROM seq_1_to_4",
      1 },
    { "a int, UNIQUE (a)", "SELECT IF(seq < 9, NULL, seq), 'x' FROM seq_1_to_1000", 2 },
};

static void test_keys(void **state)
{
    char columns[300];
    (void)state;
    sides_are(BULK_MYSQL, BULK_MYSQL);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        snprintf(columns, sizeof(columns), "%s, note text", keys[i].columns);
        for (int side = 0; side < 2; side++)
            make(side, "t", columns, keys[i].rows);
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_EQUAL, 0, " rows equal");
        my_value(my[1], "UPDATE t SET note = 'y' LIMIT 1");
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_DIFFERENT, keys[i].differences, "1 row");
    }
}

/* ---- what cannot be known ---- */

static const struct {
    const char *column, *value, *message;
} unknown[] = {
    { "a double", "1", "column a of type double has no text that both servers would give" },
    { "a float", "1", "column a of type float" },
    { "a point", "NULL", "column a of type point" },
    { "a varchar(9) CHARACTER SET sjis", "'x'", "column a of type varchar(9) CHARACTER SET sjis" },
};

static void test_unknown(void **state)
{
    char sql[200], values[60];
    (void)state;
    sides_are(BULK_MYSQL, BULK_MYSQL);
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        snprintf(sql, sizeof(sql), "id int PRIMARY KEY, %s", unknown[i].column);
        snprintf(values, sizeof(values), "VALUES (1, %s)", unknown[i].value);
        for (int side = 0; side < 2; side++)
            make(side, "t", sql, values);
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_FAILED, 0, unknown[i].message);
    }
}

/* Servers that give no more than some rows of a question say nothing of the others. */
static void test_cut_answers(void **state)
{
    (void)state;
    make_items();
    my_value(my[1], "UPDATE t SET note = 'x' WHERE id = 999");
    for (int side = 0; side < 2; side++)
        my_value(my[side], "SET GLOBAL sql_select_limit = 5");
    compared_open_pair("t", "t");
    compared_run();
    for (int side = 0; side < 2; side++)
        my_value(my[side], "SET GLOBAL sql_select_limit = DEFAULT");
    compared_check(COMPARE_DIFFERENT, 1, "1 row differs (id 999: note)");
}

/* A row that the server cannot make a text of has no hash: that is no equality. */
static void test_too_large(void **state)
{
    (void)state;
    sides_are(BULK_MYSQL, BULK_MYSQL);
    for (int side = 0; side < 2; side++) {
        my_value(my[side], "SET GLOBAL max_allowed_packet = 65536");
        make(side, "t",
             side == 0 ? "id int PRIMARY KEY, a longtext, b longtext"
                       : "id bigint PRIMARY KEY, a longtext, b longtext",
             "VALUES (1, REPEAT('x', 40000), REPEAT('y', 40000)), (2, 'a', 'b')");
    }
    my_value(my[1], "UPDATE t SET b = REPEAT('z', 40000) WHERE id = 1");
    compared_open_pair("t", "t");
    compared_run();
    for (int side = 0; side < 2; side++)
        my_value(my[side], "SET GLOBAL max_allowed_packet = 67108864");
    compared_check(COMPARE_FAILED, 0, "something is missing");
}

static void test_gone(void **state)
{
    (void)state;
    make_items();
    my_value(my[1], "DROP TABLE t");
    compared_open_pair("t", "t");
    compared_run();
    compared_check(COMPARE_FAILED, 0, "new: there is no table t");
    make_items();
    my_value(my[1], "CREATE OR REPLACE VIEW v AS SELECT * FROM t");
    compared_open_pair("t", "v");
    compared_run();
    compared_check(COMPARE_FAILED, 0, "new: v is not a table");
    my_value(my[1], "DROP VIEW v");
}

static bool is_asleep(void *data)
{
    (void)data;
    return strcmp(my_value(my[0],
                           "SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep'"),
                  "0") != 0;
}

static bool is_awake(void *data)
{
    return !is_asleep(data);
}

/* What is out on the server ends with it. */
static void test_cancel(void **state)
{
    (void)state;
    make_items();
    compared_open_pair("t", "t");
    compared.config.where = "SLEEP(1) = 0";
    compared.config.timeout_us = 60 * SECOND_US;
    compared_begin();
    assert_true(run_until(&compared.loop, is_asleep, NULL, 20000));
    compare_cancel(compared.compare);
    compared_end();
    assert_true(compared.cancelled);
    assert_int_equal(compared.verdict, COMPARE_FAILED);
    assert_true(run_until(&compared.loop, is_awake, NULL, 20000));
    compared_close();
}

/* ---- PostgreSQL and MariaDB ---- */

/* Each type with values that the two engines like to write in other ways. */
static const struct {
    const char *pg, *my, *pg_values, *my_values;
    bool differs;
} values[] = {
    { "bigint", "bigint", "-9223372036854775808, 0, NULL", "-9223372036854775808, 0, NULL", false },
    { "integer", "int(9) unsigned zerofill", "7, 0, NULL", "7, 0, NULL", false },
    { "numeric(20,0)", "bigint unsigned", "18446744073709551615, 0, NULL", "18446744073709551615, 0, NULL",
      false },
    { "numeric(10,3)", "decimal(10,3)", "-0.5, 1000, NULL", "-0.5, 1000, NULL", false },
    { "numeric(10,3)", "decimal(10,3)", "-0.5, 1000, NULL", "-0.5, 1000, 0", true },
    { "boolean", "tinyint(1)", "true, false, NULL", "1, 0, NULL", false },
    { "boolean", "bit(1)", "true, false, NULL", "b'1', b'0', NULL", false },
    { "boolean", "tinyint(1)", "true, false, NULL", "2, 0, NULL", true },
    { "smallint", "year", "1999, 2026, NULL", "1999, 2026, NULL", false },
    { "text", "varchar(50) CHARACTER SET utf8mb4", "'äß 😀', '', NULL", "'äß 😀', '', NULL", false },
    { "text", "varchar(50) CHARACTER SET latin1", "'äß €', '\\', NULL", "'äß €', '\\\\', NULL", false },
    { "text", "longtext", "'a', '', NULL", "'a', NULL, NULL", true },
    { "text", "varchar(50)", "'a ', 'b', NULL", "'a', 'b', NULL", true },
    { "char(9)", "char(9)", "'a ', 'b', NULL", "'a', 'b  ', NULL", false },
    { "text", "enum('a', 'B')", "'B', 'a', NULL", "'B', 'a', NULL", false },
    { "uuid", "char(36)", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', NULL, NULL",
      "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', NULL, NULL", false },
    { "uuid", "uuid", "'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11', NULL, NULL",
      "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380A11', NULL, NULL", false },
    { "bytea", "varbinary(9)", "'\\x00ff', '', NULL", "X'00ff', '', NULL", false },
    { "bytea", "longblob", "'\\x00ff', '', NULL", "X'00fe', '', NULL", true },
    { "date", "date", "'0001-01-01', '9999-12-31', NULL", "'0001-01-01', '9999-12-31', NULL", false },
    { "date", "date", "'2026-01-01', '9999-12-31', NULL", "'2026-01-01', '0000-00-00', NULL", true },
    { "time", "time(6)", "'23:59:59.5', '00:00', NULL", "'23:59:59.5', '00:00', NULL", false },
    { "timestamp", "datetime(6)", "'2026-03-29 02:30:00.12', '1000-01-01', NULL",
      "'2026-03-29 02:30:00.12', '1000-01-01 00:00:00', NULL", false },
    { "timestamp", "datetime", "'2026-03-29 02:30:00', 'infinity', NULL",
      "'2026-03-29 02:30:00', '0000-00-00 00:00:00', NULL", true },
    { "timestamp", "datetime", "'0044-03-15 00:00:00 BC', NULL, NULL", "'0044-03-15 00:00:00', NULL, NULL",
      true },
    { "timestamptz", "timestamp(6) NULL", "'2026-03-29 02:30:00.12+02', NULL, NULL",
      "'2026-03-29 00:30:00.12', NULL, NULL", false },
};

/* "a, b, c" as three rows of (1, a), ...: the values have no ", " in them. */
static void put_rows(char *text, size_t size, const char *list)
{
    size_t len = (size_t)snprintf(text, size, "VALUES ");
    for (int id = 1; list != NULL; id++) {
        const char *end = strstr(list, ", ");
        int width = end ? (int)(end - list) : (int)strlen(list);
        len += (size_t)snprintf(text + len, size - len, "%s(%d, %.*s)", id > 1 ? ", " : "", id, width, list);
        list = end ? end + 2 : NULL;
    }
}

static void test_values(void **state)
{
    char columns[200], rows[600];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        if (my_pair_is_mysql() && strcmp(values[i].my, "uuid") == 0)
            continue; /* MySQL has no such type */
        sides_are(BULK_POSTGRESQL, BULK_MYSQL);
        snprintf(columns, sizeof(columns), "id int PRIMARY KEY, a %s", values[i].pg);
        put_rows(rows, sizeof(rows), values[i].pg_values);
        make_pg(columns, rows);
        snprintf(columns, sizeof(columns), "id bigint PRIMARY KEY, a %s", values[i].my);
        put_rows(rows, sizeof(rows), values[i].my_values);
        my_value(my[1], "SET time_zone = '+00:00', sql_mode = ''");
        make(1, "t", columns, rows);
        compared_open_pair("public.t", "shop.t");
        compared_run();
        if (compared.verdict != (values[i].differs ? COMPARE_DIFFERENT : COMPARE_EQUAL))
            fail_msg("%s and %s, %s: %s", values[i].pg, values[i].my, values[i].pg_values, compared.message);
    }
}

/* Along keys that one engine orders as the other does, and along those where it may not. */
static const struct {
    const char *pg, *my, *pg_row, *my_row, *found;
} across[] = {
    { "id bigint PRIMARY KEY", "id bigint PRIMARY KEY", "g", "seq", "id 500: note" },
    { "id bytea PRIMARY KEY", "id varbinary(16) PRIMARY KEY", "substr(sha256(g::text::bytea), 1, 16)",
      "UNHEX(LEFT(SHA2(seq, 256), 32))", "id \\x0604cd3138feed202ef293e062da2f47: note" },
    { "id text PRIMARY KEY", "id varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY",
      "CASE g % 3 WHEN 0 THEN 'b' WHEN 1 THEN 'A' ELSE 'ä' END || g",
      "CONCAT(ELT(seq % 3 + 1, 'b', 'A', 'ä'), seq)", "id ä500: note" },
    { "id timestamptz PRIMARY KEY", "id datetime(6) PRIMARY KEY",
      "'2026-01-01 00:00:00+00'::timestamptz + g * interval '1 microsecond'",
      "TIMESTAMP'2026-01-01 00:00:00' + INTERVAL seq MICROSECOND", "id 2026-01-01 00:00:00.0005+00: note" },
    { "a int, b text, PRIMARY KEY (a, b)", "a int, b varchar(9), PRIMARY KEY (a, b)", "g / 10, g::text",
      "seq DIV 10, seq", "a 50, b 500: note" },
};

static void make_across(size_t i)
{
    char columns[300], rows[400];
    snprintf(columns, sizeof(columns), "%s, note text, n int", across[i].pg);
    snprintf(rows, sizeof(rows), "SELECT %s, 'n' || g, g FROM generate_series(1, 1000) g", across[i].pg_row);
    make_pg(columns, rows);
    snprintf(columns, sizeof(columns), "%s, note text, n int", across[i].my);
    snprintf(rows, sizeof(rows), "SELECT %s, CONCAT('n', seq), seq FROM seq_1_to_1000", across[i].my_row);
    make(1, "t", columns, rows);
}

static void test_across(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(across); i++) {
        sides_are(BULK_POSTGRESQL, BULK_MYSQL);
        make_across(i);
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_EQUAL, 0, "1 table, 1,000 rows equal");
        my_value(my[1], "UPDATE t SET note = 'other' WHERE n = 500");
        my_value(my[1], "DELETE FROM t WHERE n = 700");
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_DIFFERENT, 2, "public.t / shop.t: 1 row differs, 1 row only on old");
        if (!strstr(compared.report, across[i].found))
            fail_msg("no \"%s\" in %s", across[i].found, compared.report);
    }
}

/* The other way round, by a key that is not known to have one order. */
static void test_back(void **state)
{
    (void)state;
    sides_are(BULK_POSTGRESQL, BULK_MYSQL);
    make_across(2);
    make(0, "t", "id varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY, note text, n int",
         "SELECT CONCAT(ELT(seq % 3 + 1, 'b', 'A', 'ä'), seq), CONCAT('n', seq), seq FROM seq_1_to_1000");
    sides_are(BULK_MYSQL, BULK_POSTGRESQL);
    compared_open_pair("t", "t");
    compared_run();
    compared_check(COMPARE_EQUAL, 0, "1 table, 1,000 rows equal");
    on_one(0, "DELETE FROM t WHERE n = 501");
    compared_open_pair("t", "t");
    compared_run();
    compared_check(COMPARE_DIFFERENT, 1, "1 row only on old");
}

/* So many that they are looked for by the hashes of the rows. */
static void test_many(void **state)
{
    (void)state;
    sides_are(BULK_POSTGRESQL, BULK_MYSQL);
    make_pg("a int", "SELECT g FROM generate_series(1, 60000) g");
    make(1, "t", "a int", "SELECT seq FROM seq_1_to_60000");
    my_value(my[1], "UPDATE t SET a = -1 WHERE a = 777");
    compared_open_pair("t", "t");
    compared_run();
    compared_check(COMPARE_DIFFERENT, 2, "1 row only on old, 1 row only on new");
}

static const struct {
    const char *pg, *my, *message;
} apart[] = {
    { "text", "date", "column a is text on old and date on new, which cannot be compared" },
    { "uuid", "binary(16)", "which cannot be compared" },
    { "jsonb", "json", "column a of type jsonb has no text" },
    { "double precision", "double", "column a of type double precision has no text" },
    { "timestamp with time zone", "varchar(50)", "which cannot be compared" },
    { "interval", "varchar(50)", "column a of type interval has no text" },
    { "int[]", "varchar(50)", "column a of type integer[] has no text" },
};

static void test_apart(void **state)
{
    static const char *const columns[] = { "id" };
    char text[100];
    (void)state;
    sides_are(BULK_POSTGRESQL, BULK_MYSQL);
    for (size_t i = 0; i < ARRAY_LEN(apart); i++) {
        snprintf(text, sizeof(text), "id int PRIMARY KEY, a %s", apart[i].pg);
        make_pg(text, "VALUES (1, NULL)");
        snprintf(text, sizeof(text), "id int PRIMARY KEY, a %s", apart[i].my);
        make(1, "t", text, "VALUES (1, NULL)");
        compared_open_pair("t", "t");
        compared_run();
        compared_check(COMPARE_FAILED, 0, apart[i].message);
        compared_open_pair("t", "t"); /* which the book can leave out */
        compared.config.columns = columns;
        compared.config.column_count = 1;
        compared_run();
        compared_check(COMPARE_EQUAL, 0, "1 table, 1 row equal");
    }
}

static int set_up(void **state)
{
    if (my_pair_start(&pair, 2) < 0 || sides_set_up(state) < 0)
        return -1;
    snprintf(postgresql, sizeof(postgresql), "%s", sides.dsn[0]);
    MYSQL *primary = my_pair_connect(&pair, MY_PRIMARY);
    my[0] = primary;
    my[1] = my_pair_connect(&pair, MY_REPLICA);
    my_value(my[1], "STOP REPLICA");
    my_value(my[1], "SET GLOBAL read_only = 0");
    my_value(my[1], "CREATE DATABASE IF NOT EXISTS shop");
    my_value(my[1], "USE shop");
    for (int i = 0; i < 2; i++) {
        my_value(my[i], "SET NAMES utf8mb4");
        my_make_sequences(my[i]);
    }
    return 0;
}

static int tear_down(void **state)
{
    int r =
        sides_tear_down(state); /* first: its keeper was begun later, and holds what the other waits for */
    mysql_close(my[0]);
    mysql_close(my[1]);
    my_pair_stop(&pair);
    return r;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),       cmocka_unit_test(test_different),
        cmocka_unit_test(test_collations),  cmocka_unit_test(test_similar),
        cmocka_unit_test(test_wide),        cmocka_unit_test(test_many),
        cmocka_unit_test(test_patterns),    cmocka_unit_test(test_keys),
        cmocka_unit_test(test_unknown),     cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_gone),        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_values),      cmocka_unit_test(test_across),
        cmocka_unit_test(test_back),        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_nulls),       cmocka_unit_test(test_may_be_null),
        cmocka_unit_test(test_cut_answers), cmocka_unit_test(test_doubled),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
