/*
 * A throwaway MariaDB, alone or as a primary with a GTID replica, on Unix sockets and loopback ports, for
 * tests that judge what real servers do. They have a keeper.
 *
 * With TMINUS_TEST_MYSQLD in the environment, the path of a mysqld, it is a MySQL of 8.4 or later, for tries
 * by hand: a program that is not there or does not come up fails the test.
 */
#ifndef TESTS_SUPPORT_MY_PAIR_H
#define TESTS_SUPPORT_MY_PAIR_H

#include <mysql.h>
#include <stdbool.h>
#include <sys/types.h>

#include "support/keeper.h"

enum my_side { MY_PRIMARY, MY_REPLICA };

#define MY_OPTIONS_MAX 4

struct my_pair {
    const char *options[MY_OPTIONS_MAX]; /* of both servers, before they are started; after the usual ones */
    char dir[KEEPER_DIR_MAX];
    char dsn[2][200];     /* as root, over the Unix socket, in the database "shop" */
    char tcp_dsn[2][200]; /* the same over the loopback address */
    int port[2];
    struct keeper keeper;
};

/* Whether it is MySQL that is tried. */
bool my_pair_is_mysql(void);

/* One server, or two, of which the second follows the first and is read-only. 0, or -1 after saying why on
 * stderr. Takes some seconds. */
int my_pair_start(struct my_pair *pair, int servers);
void my_pair_stop(struct my_pair *pair);

/* The server's pid. */
pid_t my_pair_pid(const struct my_pair *pair, enum my_side side);

/* A plain blocking connection as root. Ends the test when it cannot be made. */
MYSQL *my_pair_connect(const struct my_pair *pair, enum my_side side);

/* Runs it and gives the first column of the first row, "" for none or NULL. Valid until the next call. Ends
 * the test on an error. */
const char *my_value(MYSQL *mysql, const char *sql);

/* Tables seq_1_to_<n>, with `seq`, for the few n that tests use; MariaDB has them by itself. */
void my_make_sequences(MYSQL *mysql);

#endif
