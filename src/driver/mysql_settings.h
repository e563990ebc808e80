/*
 * What a job sets on its connection: the ends of its waits and statements, and that nothing is copied that
 * was not meant to be. Each is read back, and held against what was asked for.
 */
#ifndef DRIVER_MYSQL_SETTINGS_H
#define DRIVER_MYSQL_SETTINGS_H

#include "driver/mysql_answer.h"
#include "driver/mysql_connect.h"

/* Whether the server ends every statement by itself that is over its time. */
bool my_settings_limits(const struct my_server *server);

/* The statement that sets them; "DO 0" where there is nothing to set. */
void my_settings_set(struct buf *ret, const struct driver_sql *sql, const struct my_server *server);
/* The question what they are. */
void my_settings_ask(struct buf *ret, const struct driver_sql *sql, const struct my_server *server);
/* NULL, and what they are for people in `told`; or why nothing may be sent. */
const char *my_settings_judge(struct buf *told, const struct driver_sql *sql, const struct my_server *server,
                              const struct my_answer *said);

#endif
