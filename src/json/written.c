#include "json/json.h"

#include <stdlib.h>

/* The code unit of "\u00e9", which a document that could be parsed has whole. */
static unsigned unit(const char *escape)
{
    char digits[5] = { escape[2], escape[3], escape[4], escape[5], '\0' };
    return (unsigned)strtoul(digits, NULL, 16);
}

/* The bytes of the escape, and in `ret_read` those that it stands for. */
static size_t escape_length(const char *escape, size_t *ret_read)
{
    *ret_read = 1;
    if (escape[1] != 'u')
        return 2;
    unsigned code = unit(escape);
    bool pair = code >= 0xD800 && code <= 0xDFFF;
    *ret_read = pair ? 4 : code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
    return pair ? 12 : 6;
}

size_t json_written(const char *written, size_t count)
{
    size_t at = 0;
    while (count > 0) {
        size_t read = 1;
        at += written[at] == '\\' ? escape_length(written + at, &read) : 1;
        count -= read < count ? read : count;
    }
    return at;
}
