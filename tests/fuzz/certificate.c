/* A certificate of a rehearsal: what reads is written and read back as the same. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "rehearse/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    const struct certificate *certificate, *again;
    struct buf first, second;
    struct err err = ERR_INIT;
    buf_init(&first, CERTIFICATE_MAX_BYTES);
    buf_init(&second, CERTIFICATE_MAX_BYTES);
    if (certificate_read(arena, "c", (const char *)data, size, &certificate, &err) == 0) {
        certificate_write(certificate, &first);
        assert(certificate_read(arena, "c", buf_str(&first), first.len, &again, &err) == 0);
        certificate_write(again, &second);
        assert(strcmp(buf_str(&first), buf_str(&second)) == 0);
    }
    buf_finish(&first);
    buf_finish(&second);
    arena_destroy(arena);
    return 0;
}
