#include "printed.h"
#include "support/pg_group.h"

const enum fingerprint_engine printed_engine = FINGERPRINT_POSTGRESQL;

const char *printed_dsn(void)
{
    return pair.dsn[PG_PRIMARY];
}

void on_server(const char *const *statements)
{
    for (size_t i = 0; statements[i] != NULL; i++)
        (void)pg_value(admin, statements[i]);
}
