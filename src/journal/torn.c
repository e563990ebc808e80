#include "journal/scan.h"

#include <string.h>

#include "base/file.h"

#define TORN_MAX 1000

/* Whether the file holds exactly the tail; ERR_NOT_FOUND when the name is free. One that cannot be read is
 * not. */
static int holds(const char *path, const struct buf *tail, bool *ret_same)
{
    struct buf kept;
    buf_init(&kept, JOURNAL_RESERVE);
    int r = file_read(path, &kept, NULL);
    *ret_same = r == 0 && kept.len == tail->len && memcmp(buf_str(&kept), buf_str(tail), tail->len) == 0;
    buf_finish(&kept);
    return r;
}

/* Whoever died between keeping and putting a journal without it in place left the same bytes under the last
 * number: they are not kept twice. */
int torn_keep(const char *path, const struct buf *tail, struct err *err)
{
    for (int n = 1; n <= TORN_MAX; n++) {
        struct buf name;
        bool same = false;
        buf_init(&name, strlen(path) + 32);
        buf_format(&name, "%s.torn.%d", path, n);
        int r = holds(buf_str(&name), tail, &same);
        bool is_free = r == ERR_NOT_FOUND;
        if (is_free)
            r = file_write(buf_str(&name), tail->data, tail->len, 0600, err);
        buf_finish(&name);
        if (is_free || same)
            return r;
    }
    return err_set(err, ERR_LIMIT, "there are %d torn tails beside %s already", TORN_MAX, path);
}
