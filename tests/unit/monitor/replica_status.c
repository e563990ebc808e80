/* What a replica says, by the names that its version has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "monitor/replica_status.h"

/* MySQL 8.4, and MariaDB and older MySQLs: another order too. */
static const char *const new_names[] = {
    "Replica_IO_State",    "Source_Host",           "Source_Port",         "Source_Log_File",
    "Read_Source_Log_Pos", "Relay_Source_Log_File", "Exec_Source_Log_Pos", "Replica_IO_Running",
    "Replica_SQL_Running", "Seconds_Behind_Source", "Last_SQL_Error",      "Executed_Gtid_Set"
};
static const char *const new_cells[] = { "Waiting", "db1", "3306", "b.7", "900", "b.7",
                                         "400",     "Yes", "Yes",  "3",   "",    "u:1-5" };
static const char *const old_names[] = {
    "Connection_name",     "Slave_SQL_Running",     "Slave_IO_Running",      "Master_Host",
    "Master_Port",         "Seconds_Behind_Master", "Relay_Master_Log_File", "Master_Log_File",
    "Exec_Master_Log_Pos", "Read_Master_Log_Pos",   "Gtid_Slave_Pos",        "Last_SQL_Error"
};
static const char *const old_cells[] = { "",    "No",  "Yes", "db1",  "3306",  NULL,
                                         "b.6", "b.7", "100", "4000", "0-1-5", "Duplicate entry" };

static const struct {
    const char *const *names, *const *cells;
    const char *state, *gtid, *error;
    int64_t waiting; /* -1: not told */
} cases[] = {
    { new_names, new_cells, "IO Yes, SQL Yes, says 3 s behind", "u:1-5", "", 500 },
    { old_names, old_cells, "IO Yes, SQL No, says NULL s behind", "0-1-5", "Duplicate entry", -1 },
};

static void test_names(void **test)
{
    (void)test;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const *names = cases[i].names, *const *cells = cases[i].cells;
        struct buf text;
        int64_t waiting;
        buf_init(&text, 200);
        replica_state(names, cells, 12, &text);
        assert_string_equal(buf_str(&text), cases[i].state);
        buf_finish(&text);
        assert_string_equal(replica_field(names, cells, 12, REPLICA_HOST), "db1");
        assert_string_equal(replica_field(names, cells, 12, REPLICA_GTID), cases[i].gtid);
        assert_string_equal(replica_field(names, cells, 12, REPLICA_SQL_ERROR), cases[i].error);
        if (!replica_bytes_waiting(names, cells, 12, &waiting))
            waiting = -1;
        assert_int_equal(waiting, cases[i].waiting);
    }
}

/* A column that is not there is not known; it is never 0. */
static void test_missing(void **test)
{
    struct buf text;
    int64_t waiting;
    (void)test;
    buf_init(&text, 200);
    replica_state(new_names, new_cells, 3, &text);
    assert_string_equal(buf_str(&text), "IO NULL, SQL NULL, says NULL s behind");
    buf_finish(&text);
    assert_null(replica_field(new_names, new_cells, 3, REPLICA_GTID));
    assert_null(replica_field(NULL, NULL, 0, REPLICA_GTID));
    assert_false(replica_bytes_waiting(new_names, new_cells, 4, &waiting));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_missing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
