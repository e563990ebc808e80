/* What is known of the locks of a script's statements, for people and for programs; on standard output. */
#ifndef APP_LOCKS_H
#define APP_LOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "sql/sql.h"

struct locks_view {
    const char *name;   /* of the script, as it is shown */
    const char *engine; /* as it was given */
    struct sql_server server;
    bool has_schema;
    size_t ignored; /* statements of the schema that could not be taken over */
};

/* Dangerous, or not understood. */
bool locks_any_bad(const struct sql_script *script);

/* For each statement where it stands, what others wait for, what goes wrong and what to write instead; then a
 * line that counts. */
void locks_print_text(const struct locks_view *view, const struct sql_script *script);

/* A JSON object a line, for each statement. */
void locks_print_json(const struct locks_view *view, const struct sql_script *script);

#endif
