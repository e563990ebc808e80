#include <stdio.h>

#include "app.h"
#include "cmd.h"
#include "runbook/schema.h"

#define SCHEMA_MAX ((size_t)1024 * 1024)

static int print_schema(struct err *err)
{
    struct buf schema;
    struct buf text;
    int r;

    buf_init(&schema, SCHEMA_MAX);
    buf_init(&text, SCHEMA_MAX);
    book_schema(&schema);
    r = buf_ok(&schema, "the schema", err);
    if (r == 0)
        json_indent(&text, buf_str(&schema));
    if (r == 0)
        r = buf_ok(&text, "the schema", err);
    if (r == 0)
        (void)fputs(buf_str(&text), stdout); /* looked at when the command is over, see said() */
    buf_finish(&text);
    buf_finish(&schema);
    return r;
}

int cmd_schema(int argc, char **argv)
{
    static const struct option_row no_options[] = { { NULL, OPTION_FLAG, NULL } };
    struct arguments arguments;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, no_options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 0, 0, "schema", &err);
    if (r == 0)
        r = print_schema(&err);
    return r < 0 ? fail(&err) : 0;
}
