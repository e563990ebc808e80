/* Names as somebody writes them in SQL, read for questions about the catalog. */
#include <string.h>

#include "driver/mysql.h"

#define NAME_PARTS 2

/* One name of "shop.`my users`", without its quotes; NULL for what is none, else where it ends. */
static const char *read_name(const char *at, struct buf *ret)
{
    char quote = *at == '`' || *at == '"' ? *at : '\0';
    if (quote == '\0') {
        size_t len = strcspn(at, "`\"'. \t\n();,");
        for (size_t i = 0; i < len; i++)
            buf_char(ret, at[i]);
        return len > 0 ? at + len : NULL;
    }
    for (at++; *at != '\0' && (*at != quote || at[1] == quote); at++) {
        at += *at == quote;
        buf_char(ret, *at);
    }
    return *at == quote && ret->len > 0 ? at + 1 : NULL;
}

bool mysql_table_literals(struct buf *schema, struct buf *name, const char *table)
{
    struct buf parts[NAME_PARTS];
    const char *at = table;
    size_t count = 0;
    for (size_t i = 0; i < NAME_PARTS; i++)
        buf_init(&parts[i], 1000);
    while (at != NULL && count < NAME_PARTS) {
        at = read_name(at, &parts[count++]);
        if (at == NULL || *at != '.')
            break;
        at++;
    }
    bool fine = at != NULL && *at == '\0';
    if (fine && count == 2)
        mysql_literal(schema, buf_str(&parts[0]));
    else
        buf_text(schema, "DATABASE()");
    mysql_literal(name, buf_str(&parts[count - 1]));
    for (size_t i = 0; i < NAME_PARTS; i++)
        buf_finish(&parts[i]);
    return fine;
}

void mysql_column_literal(struct buf *sql, const char *column)
{
    struct buf name;
    buf_init(&name, 1000);
    (void)read_name(column, &name); /* what is no name is no column either */
    mysql_literal(sql, buf_str(&name));
    buf_finish(&name);
}
