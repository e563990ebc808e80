/* A MariaDB with a replica, as durable as a production, and Percona's tools run against it. */
#ifndef BENCH_MARIA_H
#define BENCH_MARIA_H

#include <stdint.h>

#include "support/my_pair.h"

struct maria {
    struct my_pair pair;
    MYSQL *primary, *replica;
};

/* Both are up, on a disk (below TMPDIR), and sync each commit. */
void maria_start(struct maria *maria);
void maria_stop(struct maria *maria);

/* Makes `table` of `rows` rows (id, a, b, status, created_at) with the primary key (id). */
void maria_make_table(const struct maria *maria, const char *table, int64_t rows, const char *status);

/* Waits until the replica has what the primary has; how long that took, in ms. */
double maria_catch_up(const struct maria *maria);

/* Of both servers, and of this program with what it has run. */
double maria_servers_cpu_s(const struct maria *maria);
double maria_client_cpu_s(void);

/* Runs a program to its end, with `input` as its input and what it says in `output`, both in the servers'
 * directory; NULL: none. */
void maria_run(const struct maria *maria, const char *const *argv, const char *input, const char *output);

#endif
