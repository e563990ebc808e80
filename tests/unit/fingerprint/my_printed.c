#include "my_printed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

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

void on_server(const char *const *statements)
{
    for (size_t i = 0; statements[i] != NULL; i++)
        (void)my_value(admin, statements[i]);
}

struct fingerprint *taken_with(struct arena *arena, const char *dsn, const struct fingerprint_data *data,
                               size_t count)
{
    struct driver_target target = { .id = "primary",
                                    .dsn = dsn,
                                    .application_name = "tminus:r1:fingerprint" };
    struct fingerprint *ret = NULL;
    struct err err = ERR_INIT;
    if (fingerprint_take(arena, FINGERPRINT_MYSQL, &target, data, count, &ret, &err) < 0)
        fail_msg("%s", err.message);
    return ret;
}

struct fingerprint *taken(struct arena *arena)
{
    return taken_with(arena, pair.dsn[MY_PRIMARY], NULL, 0);
}
