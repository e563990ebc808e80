/* Servers that are measured: blocking connections, and how much processor time a server has taken. */
#ifndef BENCH_SERVERS_H
#define BENCH_SERVERS_H

#include <libpq-fe.h>

PGconn *server_connect(const char *dsn);
/* Sends it, as one query. Its first cell ("" for none), until the next call. */
const char *server_ask(PGconn *conn, const char *sql);

/* Seconds of processor time of the server at `conn`, all its processes, those that have ended among them. The
 * connection's role has to be a superuser, and the server on this machine. */
double server_cpu_s(PGconn *conn);

#endif
