#include "my_printed.h"

struct my_pair pair;
MYSQL *admin;

int my_group_set_up(void **state)
{
    (void)state;
    if (my_pair_start(&pair, 1) < 0)
        return -1;
    admin = my_pair_connect(&pair, MY_PRIMARY);
    return 0;
}

int my_group_tear_down(void **state)
{
    (void)state;
    mysql_close(admin);
    my_pair_stop(&pair);
    return 0;
}

const enum fingerprint_engine printed_engine = FINGERPRINT_MYSQL;

const char *printed_dsn(void)
{
    return pair.dsn[MY_PRIMARY];
}

void on_server(const char *const *statements)
{
    for (size_t i = 0; statements[i] != NULL; i++)
        (void)my_value(admin, statements[i]);
}
