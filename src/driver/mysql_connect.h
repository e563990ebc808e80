/* Making a connection, in its own thread: these calls block. */
#ifndef DRIVER_MYSQL_CONNECT_H
#define DRIVER_MYSQL_CONNECT_H

#include <mysql.h>
#include <stdbool.h>
#include <stdint.h>

#include "driver/mysql_failure.h"

/* How to connect; everything is a copy of its own. */
struct my_place {
    char *dsn, *password, *application_name;
    int64_t timeout_us;
    const char *const *pins; /* more than what each connection is pinned to; ends with NULL; constant */
    char *own_pin;           /* one more, behind them; NULL */
};

/* What a connection is, once it is there. */
struct my_server {
    int64_t id; /* CONNECTION_ID() */
    int version;
    bool mariadb;
    char identity[2048]; /* no other server has the same one */
};

void my_place_finish(struct my_place *place);

/* Connects (`made` is told of the socket), pins what texts depend on, and asks what the server is. 0, or -1
 * with `failure` set; `mysql` is to be closed in either case. The library bounds the first part by the
 * timeout; the others wait for as long as the socket lets them. */
int my_connect(MYSQL *mysql, const struct my_place *place, void (*made)(void *data, int fd), void *data,
               struct my_server *ret, struct failure *failure);

/* "10.11.6-MariaDB" is 101106; 0 for what is no version. */
int my_version_number(const char *text);

#endif
