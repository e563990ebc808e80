#include "mysql_parts.h"

#include <string.h>

#include "driver/mysql.h"

static void put_value(struct buf *sql, enum literal_form form, const char *value)
{
    static const char number[] = "0123456789.-";
    if (form == LITERAL_BYTES)
        buf_text(sql, "X");
    if (form == LITERAL_NUMBER && value[strspn(value, number)] == '\0' && value[0] != '\0')
        buf_text(sql, value);
    else
        mysql_literal(sql, value);
}

void mysql_bound(struct buf *sql, size_t count, const char *const *columns, const enum literal_form *forms,
                 const char *const *values, const char *before, const char *last)
{
    buf_char(sql, '(');
    for (size_t i = 0; i + 1 < count; i++) {
        buf_format(sql, "%s %s ", columns[i], before);
        put_value(sql, forms[i], values[i]);
        buf_format(sql, " OR (%s = ", columns[i]);
        put_value(sql, forms[i], values[i]);
        buf_text(sql, " AND (");
    }
    buf_format(sql, "%s %s ", columns[count - 1], last);
    put_value(sql, forms[count - 1], values[count - 1]);
    for (size_t i = 0; i + 1 < count; i++)
        buf_text(sql, "))");
    buf_char(sql, ')');
}
