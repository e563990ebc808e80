#include "app.h"

#include <stdio.h>

int fail(const struct err *err)
{
    (void)fprintf(stderr, "tminus: %s\n", err->message);
    return err_exit_status(err->code);
}

void print_faults(const char *path, const struct json_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        (void)fprintf(stderr, "%s:%d:%d: error: %s\n", path, faults->list[i].line, faults->list[i].column,
                      faults->list[i].message);
    if (faults->more > 0)
        (void)fprintf(stderr, "%s: and %zu more\n", path, faults->more);
}
