/*
 * The JSON of an event, as it stands in a journal's line. One that is accepted comes back the same when it is
 * written and read again, and its story can be told.
 */
#include <assert.h>
#include <string.h>

#include "engine/event.h"
#include "fuzz.h"

#define TEXT_MAX (1024 * 1024)

static void write_event(struct buf *buf, const struct event *event)
{
    struct json_writer w;

    buf_init(buf, TEXT_MAX);
    json_write_init(&w, buf);
    json_open(&w, NULL);
    event_write(&w, event);
    json_close(&w);
}

static bool read_event(struct arena *arena, const char *bytes, size_t len, struct event *ret)
{
    struct err err = ERR_INIT;
    const struct json *object = json_parse_line(arena, bytes, len, TEXT_MAX, &err);

    if (object && event_read(arena, object, NULL, ret, &err) == 0)
        return true;
    assert(err.message[0]);
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    struct event event, again;
    struct buf first, second;

    if (read_event(arena, (const char *)data, size, &event)) {
        write_event(&first, &event);
        assert(read_event(arena, buf_str(&first), first.len, &again));
        write_event(&second, &again);
        assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
        buf_clear(&second);
        event_story(&second, &event);
        for (size_t i = 0; i < second.len; i++)
            assert((unsigned char)second.data[i] >= 0x20);
        buf_finish(&first);
        buf_finish(&second);
    }
    arena_destroy(arena);
    return 0;
}
