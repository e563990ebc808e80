#include "servers.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "figure.h"
#include "process.h"

PGconn *server_connect(const char *dsn)
{
    PGconn *conn = PQconnectdb(dsn);
    if (PQstatus(conn) != CONNECTION_OK)
        cannot("%s", PQerrorMessage(conn));
    (void)server_ask(conn, "SET client_min_messages = warning");
    return conn;
}

const char *server_ask(PGconn *conn, const char *sql)
{
    static _Thread_local char value[200];
    PGresult *res = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(res);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        cannot("%.60s: %s", sql, PQerrorMessage(conn));
    bool any = PQntuples(res) > 0 && PQnfields(res) > 0;
    (void)snprintf(value, sizeof(value), "%s", any ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    return value;
}

double server_cpu_s(PGconn *conn)
{
    return process_cpu_s(
        strtol(server_ask(conn, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"), NULL, 10));
}
