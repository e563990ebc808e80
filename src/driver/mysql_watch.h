/*
 * A second session beside a job, which looks what the job locks, where the server tells: performance_schema,
 * or MariaDB's plugin metadata_lock_info. It samples, so that a short lock may be missed. Whatever happens to
 * it, the job goes on: then it says why it did not see all.
 *
 * It belongs to the job that made it.
 */
#ifndef DRIVER_MYSQL_WATCH_H
#define DRIVER_MYSQL_WATCH_H

#include "driver/mysql_link.h"

struct my_watch;

/* `ready` is called once, later: it looks from then on, or cannot. */
struct my_watch *my_watch_open(uv_loop_t *loop, const struct driver_target *target, int64_t connection,
                               void (*ready)(void *data), void *data);
/* Why not all was seen; NULL: all that sampling can. */
const char *my_watch_trouble(const struct my_watch *watch);
/* What it cannot tell although it saw the locks, one line. */
const char *my_watch_untold(const struct my_watch *watch);
void my_watch_tell(const struct my_watch *watch, void (*locked)(void *data, const struct driver_lock *lock),
                   void *data);
void my_watch_close(struct my_watch *watch); /* NULL-safe; `ready` is not called any more */

#endif
