/*
 * A line that a runner and its clients say to each other. One that is accepted comes back the same when it is
 * written and read again.
 */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "wire/wire.h"

#define TEXT_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    struct wire_message message, again;
    struct err err = ERR_INIT;
    struct buf first, second;

    buf_init(&first, TEXT_MAX);
    buf_init(&second, TEXT_MAX);
    if (wire_read(arena, (const char *)data, size, &message, &err) == 0) {
        wire_write(&first, &message);
        assert(wire_read(arena, buf_str(&first), first.len, &again, &err) == 0);
        wire_write(&second, &again);
        assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    } else {
        assert(err.message[0]);
    }
    buf_finish(&first);
    buf_finish(&second);
    arena_destroy(arena);
    return 0;
}
