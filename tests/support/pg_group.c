#include "support/pg_group.h"

struct pg_pair pair;
PGconn *admin;

int pg_group_set_up(void **state)
{
    (void)state;
    return pg_pair_open(&pair, 2, &admin);
}

int pg_group_one_set_up(void **state)
{
    (void)state;
    return pg_pair_open(&pair, 1, &admin);
}

int pg_group_tear_down(void **state)
{
    (void)state;
    pg_pair_close(&pair, admin);
    return 0;
}
