#include "printed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void on_server(PGconn *conn, const char *const *statements)
{
    for (size_t i = 0; statements[i] != NULL; i++)
        (void)pg_value(conn, statements[i]);
}

struct fingerprint *taken_with(struct arena *arena, const char *dsn, const struct fingerprint_data *data,
                               size_t count)
{
    struct driver_target target = { .id = "primary",
                                    .dsn = dsn,
                                    .application_name = "tminus:r1:fingerprint" };
    struct fingerprint *ret = NULL;
    struct err err = ERR_INIT;
    if (fingerprint_take(arena, FINGERPRINT_POSTGRESQL, &target, data, count, &ret, &err) < 0)
        fail_msg("%s", err.message);
    return ret;
}

struct fingerprint *taken(struct arena *arena)
{
    return taken_with(arena, pair.dsn[PG_PRIMARY], NULL, 0);
}
