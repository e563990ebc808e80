/*
 * Reading InnoDB's list of transactions so that an old one is not taken for that of now.
 *
 * information_schema.innodb_trx, and MariaDB's innodb_lock_waits and innodb_locks, are answered from a copy
 * that is made anew only when nobody has asked for 100 ms (storage/innobase/trx/trx0i_s.cc of both servers:
 * CACHE_MIN_IDLE_TIME). Beside somebody who asks more often the same answer comes for as long as that goes
 * on, whatever happens on the server. Nothing in the copy says of when it is.
 *
 * So a look begins a transaction of its own, which reads no table, and the copy is of now only where it has
 * that one, with the statement that reads it. Seen on MariaDB 10.11.19 and MySQL 9.7.4.
 *
 *   mysql_copy_may_be_read   at a tick; our own looks are far enough from each other
 *   MYSQL_COPY_BEGIN         is asked, then one question with mysql_copy_own for its first column,
 *   mysql_copy_was_read      when that is answered: the verdict
 *   MYSQL_COPY_END           is asked, by mysql_copy_end where nothing follows from it
 */
#ifndef MONITOR_MYSQL_COPY_H
#define MONITOR_MYSQL_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct monitor;
struct answer;

struct mysql_copy {
    int64_t read_us; /* boot clock; 0: never */
    uint64_t look;
    int tries;
};

enum mysql_copy_is {
    MYSQL_COPY_OF_NOW,
    MYSQL_COPY_OLD,     /* and so it was several times: what it says is not known */
    MYSQL_COPY_TO_RETRY /* the end is asked, and the monitor ticks again soon; there is no sample yet */
};

#define MYSQL_COPY_BEGIN "START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT"
#define MYSQL_COPY_END   "COMMIT"

/* By these a transaction `t` of a look, of whichever monitor, is known while its session is between two
 * statements: it cannot change anything, has locked nothing, and nobody else has these settings with that. */
#define MYSQL_COPY_PIN "SET SESSION unique_checks = 0, foreign_key_checks = 0"
#define MYSQL_COPY_IS_LOOK                                                                                   \
    "(t.trx_is_read_only = 1 AND t.trx_unique_checks = 0 AND t.trx_foreign_key_checks = 0"                   \
    " AND t.trx_lock_structs = 0)"

#define MYSQL_COPY_WHY                                                                                       \
    "information_schema.innodb_trx is an old copy: the server renews it only when nobody has asked for 100 " \
    "ms, and somebody asks more often"

/* False: it was read too short ago, and the monitor will tick again when it may be. */
bool mysql_copy_may_be_read(const struct mysql_copy *copy, struct monitor *monitor);

/* The first column of the question: whether this is a row for this session, and if so whether `t` is of this
 * very statement ("1", "0"); NULL of others. Of servers that cut trx_query after 1,024 bytes it has to be the
 * first. `pid` is the SQL of whose row it is. */
void mysql_copy_own(struct mysql_copy *copy, struct buf *sql, const char *pid);

void mysql_copy_end(struct monitor *monitor);

/* `answer` has the row for this session first. */
enum mysql_copy_is mysql_copy_was_read(struct mysql_copy *copy, struct monitor *monitor,
                                       const struct answer *answer);

#endif
