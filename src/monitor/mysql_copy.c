#include "monitor/mysql_copy.h"

#include <inttypes.h>
#include <string.h>

#include "monitor/kind.h"

#define BETWEEN_US (120 * MS_US)
#define TRIES_MAX  3

static int64_t due_in_us(const struct mysql_copy *copy)
{
    int64_t due_us = copy->read_us + BETWEEN_US - clock_now().boot_us;
    return copy->read_us != 0 && due_us > 0 ? due_us : 0;
}

bool mysql_copy_may_be_read(const struct mysql_copy *copy, struct monitor *monitor)
{
    int64_t in_us = due_in_us(copy);
    if (in_us > 0)
        monitor_hurry(monitor, in_us);
    return in_us == 0;
}

void mysql_copy_own(struct mysql_copy *copy, struct buf *sql, const char *pid)
{
    copy->look++;
    buf_format(sql,
               "CASE WHEN %s = connection_id() THEN coalesce(locate('look %" PRIu64
               ".', t.trx_query) > 0, 0) END",
               pid, copy->look);
}

static void read_end(struct monitor *monitor, const struct answer *answer)
{
    (void)monitor;
    (void)answer;
}

void mysql_copy_end(struct monitor *monitor)
{
    monitor_ask(monitor, MYSQL_COPY_END, read_end);
}

/* Others may wait as long as we do: not all for the same time. */
static int64_t retry_in_us(const struct mysql_copy *copy, const struct monitor *monitor)
{
    uint64_t some = (uint64_t)session_pid(monitor->session) * 31 + copy->look * 17;
    return BETWEEN_US + (int64_t)(some % 100) * MS_US;
}

enum mysql_copy_is mysql_copy_was_read(struct mysql_copy *copy, struct monitor *monitor,
                                       const struct answer *answer)
{
    const char *own = answer->row_count > 0 ? answer->cell(answer, 0, 0) : NULL;
    copy->read_us = clock_now().boot_us;
    if (own != NULL && strcmp(own, "1") == 0) {
        copy->tries = 0;
        return MYSQL_COPY_OF_NOW;
    }
    if (++copy->tries < TRIES_MAX) {
        mysql_copy_end(monitor);
        monitor_hurry(monitor, retry_in_us(copy, monitor));
        return MYSQL_COPY_TO_RETRY;
    }
    copy->tries = 0;
    return MYSQL_COPY_OLD;
}
