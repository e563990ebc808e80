/* What SHOW REPLICA STATUS says, by the names of its columns: they differ by version and flavour, and so does
 * their order. Pure. Sources: MySQL 8.4 manual, 15.7.7.35 (and 8.0's for the older names); MariaDB's page
 * "SHOW REPLICA STATUS". */
#ifndef MONITOR_REPLICA_STATUS_H
#define MONITOR_REPLICA_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum replica_field {
    REPLICA_CHANNEL,
    REPLICA_HOST,
    REPLICA_PORT,
    REPLICA_IO_RUNNING,
    REPLICA_SQL_RUNNING,
    REPLICA_SECONDS,
    REPLICA_READ_FILE,
    REPLICA_READ_POS,
    REPLICA_APPLIED_FILE,
    REPLICA_APPLIED_POS,
    REPLICA_GTID,
    REPLICA_IO_ERROR,
    REPLICA_SQL_ERROR,
    REPLICA_FIELD_COUNT
};

/* NULL for NULL, and where there is no such column. */
const char *replica_field(const char *const *names, const char *const *cells, size_t count,
                          enum replica_field field);

/* Bytes of the primary's log that are here and not applied; false when they stand in more than one file, or
 * that is not told. */
bool replica_bytes_waiting(const char *const *names, const char *const *cells, size_t count, int64_t *ret);

/* "IO Yes, SQL No, says NULL s behind": the number is the server's own, which is 0 for a link that is cut. */
void replica_state(const char *const *names, const char *const *cells, size_t count, struct buf *ret);

#endif
