/*
 * A second session beside a job, which looks what the job locks. It sees nothing of what the job does but the
 * server's own tables, and whatever happens to it, the job goes on: then it says why it did not see all.
 *
 * It belongs to the job that made it.
 */
#ifndef DRIVER_POSTGRESQL_WATCH_H
#define DRIVER_POSTGRESQL_WATCH_H

#include "driver/driver.h"
#include "driver/postgresql_link.h"

struct pg_watch;

/* What it is asked for one after the other: what is there before, which is done once it can be; what the
 * transaction of the job has locked by now; what has other files now. In between it samples. */
enum pg_watch_errand { WATCH_BEFORE, WATCH_LOOK, WATCH_AFTER };

/* `reached` is called once for each errand, later, also when it failed. */
struct pg_watch *pg_watch_open(uv_loop_t *loop, const struct driver_target *target, int64_t pid,
                               void (*reached)(void *data), void *data);
void pg_watch_go(struct pg_watch *watch, enum pg_watch_errand errand);
/* Why not all was seen; NULL: all was. */
const char *pg_watch_trouble(const struct pg_watch *watch);
void pg_watch_tell(const struct pg_watch *watch, void (*locked)(void *data, const struct driver_lock *lock),
                   void *data);
void pg_watch_close(struct pg_watch *watch); /* NULL-safe; `reached` is not called any more */

#endif
