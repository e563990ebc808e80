/*
 * The bytes of a journal. What is accepted of it is exactly what would have been written: reading the
 * accepted beginning again gives the same, and each record written again is its line.
 */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "journal/chain.h"

static int write_again(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct chain *chain = data;
    struct buf buf;

    buf_init(&buf, JOURNAL_LINE_MAX);
    assert(chain_write(chain, event, &buf, err) == 0);
    assert(buf.len == len && memcmp(buf.data, line, len) == 0);
    buf_finish(&buf);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct chain first, second, written;
    struct err err = ERR_INIT;
    size_t used, again;
    int r;

    chain_start(&first);
    chain_start(&second);
    chain_start(&written);
    r = chain_read_lines(&first, bytes, size, write_again, &written, &used, &err);
    assert(used <= size);
    assert(r == 0 || err.message[0]);
    assert(written.seq == first.seq && strcmp(written.head.hex, first.head.hex) == 0);
    assert(chain_read_lines(&second, bytes, used, NULL, NULL, &again, &err) == 0);
    assert(again == used && second.seq == first.seq && strcmp(second.head.hex, first.head.hex) == 0);
    (void)chain_is_torn(bytes + used, size - used);
    return 0;
}
