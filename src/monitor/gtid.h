/* Positions in a log of transactions, as MySQL and MariaDB write them. Pure. */
#ifndef MONITOR_GTID_H
#define MONITOR_GTID_H

#include <stdbool.h>
#include <stdint.h>

/* How many transactions of `primary` are not among those of `replica`. False when one of them cannot be read.
 * MariaDB: "0-1-27,1-2-5", the last number of each domain; what is between is taken to be there. */
bool gtid_behind_mariadb(const char *primary, const char *replica, int64_t *ret);

/* MySQL: sets, "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5:7,...", with a tag before the intervals from 8.3 on.
 */
bool gtid_behind_mysql(const char *primary, const char *replica, int64_t *ret);

#endif
