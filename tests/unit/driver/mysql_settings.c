/* What a job sets on servers of each kind, and what it makes of their answers; no server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver/mysql_settings.h"

static const struct {
    bool mariadb;
    int version;
    const char *set, *ask;
} rows[] = {
    { true, 101106,
      "SET SESSION lock_wait_timeout = 2, SESSION innodb_lock_wait_timeout = 2, SESSION max_statement_time = "
      "1.500000, SESSION alter_algorithm = INPLACE",
      "SELECT @@SESSION.lock_wait_timeout, @@SESSION.innodb_lock_wait_timeout, @@SESSION.max_statement_time, "
      "@@SESSION.alter_algorithm" },
    { true, 110800,
      "SET SESSION lock_wait_timeout = 2, SESSION innodb_lock_wait_timeout = 2, SESSION max_statement_time = "
      "1.500000",
      "SELECT @@SESSION.lock_wait_timeout, @@SESSION.innodb_lock_wait_timeout, "
      "@@SESSION.max_statement_time" },
    { false, 80400,
      "SET SESSION lock_wait_timeout = 2, SESSION innodb_lock_wait_timeout = 2, SESSION max_execution_time = "
      "1500, SESSION old_alter_table = 0",
      "SELECT @@SESSION.lock_wait_timeout, @@SESSION.innodb_lock_wait_timeout, @@SESSION.max_execution_time, "
      "@@SESSION.old_alter_table" },
    { false, 50651,
      "SET SESSION lock_wait_timeout = 2, SESSION innodb_lock_wait_timeout = 2, SESSION old_alter_table = 0",
      "SELECT @@SESSION.lock_wait_timeout, @@SESSION.innodb_lock_wait_timeout, @@SESSION.old_alter_table" },
};

static const struct driver_sql wanted = { .lock_timeout_us = 1200 * MS_US,
                                          .statement_timeout_us = 1500 * MS_US,
                                          .no_copy = true };

static void test_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct my_server server = { .mariadb = rows[i].mariadb, .version = rows[i].version };
        struct buf set, ask;
        buf_init(&set, 1000);
        buf_init(&ask, 1000);
        my_settings_set(&set, &wanted, &server);
        my_settings_ask(&ask, &wanted, &server);
        assert_string_equal(buf_str(&set), rows[i].set);
        assert_string_equal(buf_str(&ask), rows[i].ask);
        buf_finish(&set);
        buf_finish(&ask);
    }
}

static void test_nothing_asked(void **state)
{
    static const struct driver_sql nothing = { 0 };
    const struct my_server server = { .version = 80400 };
    struct buf set;
    (void)state;
    buf_init(&set, 1000);
    my_settings_set(&set, &nothing, &server);
    assert_string_equal(buf_str(&set), "DO 0");
    buf_finish(&set);
}

/* What was not taken is a reason to send nothing. */
static void test_judged(void **state)
{
    static const struct {
        const char *cells[4];
        size_t count;
        const char *told; /* NULL: refused */
    } answers[] = {
        { { "2", "2", "1500", "0" },
          4,
          "lock_wait_timeout 2s, innodb_lock_wait_timeout 2s, max_execution_time 1s500ms, old_alter_table 0, "
          "KILL "
          "QUERY after 1s500ms" },
        { { "2", "2", "1500", "1" }, 4, NULL },
        { { "2", "50", "1500", "0" }, 4, NULL },
        { { "2", "2", "0", "0" }, 4, NULL },
        { { "2", "2", "1500", NULL }, 4, NULL },
        { { "2", "2", "1500" }, 3, NULL },
    };
    const struct my_server server = { .version = 80400 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        const char *cells[4];
        struct my_answer said = { .cells = cells, .row_count = 1, .column_count = answers[i].count };
        struct buf told;
        memcpy(cells, answers[i].cells, sizeof(cells));
        buf_init(&told, 1000);
        const char *why = my_settings_judge(&told, &wanted, &server, &said);
        assert_int_equal(why == NULL, answers[i].told != NULL);
        if (answers[i].told != NULL)
            assert_string_equal(buf_str(&told), answers[i].told);
        buf_finish(&told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_asked), cmocka_unit_test(test_nothing_asked),
                                        cmocka_unit_test(test_judged) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
