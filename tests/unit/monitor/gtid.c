/* Distances between positions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "monitor/gtid.h"

#define A "3E11FA47-71CA-11E1-9E33-C80AA9429562"
#define B "4e11fa47-71ca-11e1-9e33-c80aa9429562"

static void test_distances(void **state)
{
    static const struct {
        bool (*behind)(const char *, const char *, int64_t *);
        const char *primary, *replica;
        int64_t want; /* -1: cannot be read */
    } cases[] = {
        { gtid_behind_mariadb, "", "", 0 },
        { gtid_behind_mariadb, "0-1-27", "0-1-27", 0 },
        { gtid_behind_mariadb, "0-1-27", "0-1-20", 7 },
        { gtid_behind_mariadb, "0-1-27", "", 27 },
        { gtid_behind_mariadb, "0-2-27", "0-1-26", 1 }, /* another server went on with the domain */
        { gtid_behind_mariadb, "0-1-27,1-1-10", "1-1-4,0-1-27", 6 },
        { gtid_behind_mariadb, "0-1-27,\n1-1-10", "0-1-20", 17 },
        { gtid_behind_mariadb, "0-1-20", "0-1-27,9-1-1", 0 }, /* the replica was asked a moment later */
        { gtid_behind_mariadb, "0-1", "0-1-1", -1 },
        { gtid_behind_mariadb, "0-1-27", "what", -1 },
        { gtid_behind_mariadb, "0-1-27,", "0-1-27", -1 },
        { gtid_behind_mysql, "", "", 0 },
        { gtid_behind_mysql, A ":1-10", A ":1-10", 0 },
        { gtid_behind_mysql, A ":1-10", A ":1-7", 3 },
        { gtid_behind_mysql, A ":1-10", "", 10 },
        { gtid_behind_mysql, A ":1-10:20:30-31", A ":1-5:7-9:30", 4 },
        { gtid_behind_mysql, A ":1-10,\n" B ":1-4", B ":1-4,\n" A ":1-10", 0 },
        { gtid_behind_mysql, A ":1-10," B ":1-4", A ":1-10", 4 },
        { gtid_behind_mysql, "3e11fa47-71ca-11e1-9e33-c80aa9429562:5", A ":1-5", 0 },
        { gtid_behind_mysql, A ":1-10", A ":1-10," B ":1-1000", 0 }, /* what it has besides is no lag */
        { gtid_behind_mysql, A ":nightly:1-3", A ":1-3", 3 },        /* a tag has numbers of its own */
        { gtid_behind_mysql, A ":nightly:1-3", A ":nightly:1-2", 1 },
        { gtid_behind_mysql, A ":1-", A ":1", -1 },
        { gtid_behind_mysql, A, A ":1", -1 },
        { gtid_behind_mysql, A ":1", "0-1-1", -1 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got;
        if (!cases[i].behind(cases[i].primary, cases[i].replica, &got))
            got = -1;
        if (got != cases[i].want)
            fail_msg("\"%s\" and \"%s\": %jd, not %jd", cases[i].primary, cases[i].replica, (intmax_t)got,
                     (intmax_t)cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_distances) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
