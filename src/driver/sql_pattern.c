#include "driver/sql_pattern.h"

#include <string.h>

void sql_pattern(struct buf *buf, const char *pattern, char escape)
{
    struct buf like;
    buf_init(&like, 2 * strlen(pattern) + 1);
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '%' || *at == '_' || *at == escape)
            buf_char(&like, escape);
        buf_char(&like, *at == '*' ? '%' : *at);
    }
    buf_quoted(buf, buf_str(&like), '\'');
    buf_finish(&like);
}
