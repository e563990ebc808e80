#include "helper.h"

#include <stdlib.h>
#include <string.h>

const struct json *parse_exactly(struct arena *arena, const char *bytes, size_t len,
                                 struct json_faults *faults)
{
    char *copy = malloc(len > 0 ? len : 1);
    if (len > 0)
        memcpy(copy, bytes, len);
    const struct json *value = json_parse(arena, copy, len, faults);
    free(copy);
    return value;
}

const char *list_faults(const struct json_faults *faults)
{
    const char *list = "";
    for (size_t i = 0; i < faults->count; i++)
        list = arena_format(faults->arena, "%s%d:%d: %s\n", list, faults->list[i].line,
                            faults->list[i].column, faults->list[i].message);
    return list;
}

const char *encode(struct arena *arena, const struct json *value)
{
    struct buf buf;
    buf_init(&buf, 16 * JSON_MAX_BYTES);
    struct json_writer writer;
    json_write_init(&writer, &buf);
    json_put_value(&writer, NULL, value);
    const char *text = arena_text_len(arena, buf_str(&buf), buf.len);
    buf_finish(&buf);
    return text;
}
