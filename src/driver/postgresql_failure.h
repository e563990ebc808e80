/* What went wrong with a PostgreSQL server, as a value; and what that means for the job it happened to. */
#ifndef DRIVER_POSTGRESQL_FAILURE_H
#define DRIVER_POSTGRESQL_FAILURE_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "driver/failure.h"

/* The code of a failure is its SQLSTATE. These replace what stands in `failure`. */
void pg_failure_from_result(struct failure *failure, const PGresult *res);
/* From libpq's text about a connection, made with PQERRORS_VERBOSE so that the SQLSTATE is in it. */
void pg_failure_from_connection(struct failure *failure, const char *text);

/* Why a connection could not be made: AUTH, RETRYABLE, REJECTED or LOST. */
enum driver_status pg_connect_status(const struct failure *failure);
/* What an error means for a statement: RETRYABLE, AMBIGUOUS, CANCELLED or REJECTED. */
enum driver_status pg_asked_status(const char *code);

/* What is known about a job when it ends. */
struct pg_facts {
    bool transaction; /* it was to be one */
    bool sent;        /* something with an effect went out */
    bool answered;    /* ... and nothing that went out lacks its answer */
    bool commit_out;  /* COMMIT went out */
    bool broke_out;   /* the text itself committed or rolled back */
    bool parts;       /* a statement may leave parts of its work when it fails (CONCURRENTLY, VACUUM) */
    size_t done;      /* statements that succeeded */
    bool failed;      /* the server said ERROR, or we gave up */
    bool lost;        /* the connection broke */
    bool cancel_asked;
    bool stopped;     /* ... and we stopped it ourselves before something went out */
    bool time_over;   /* the statement had its whole statement_timeout */
    const char *code; /* SQLSTATE of the failure */
};

/* The status, and whether certainly no effect remains. */
enum driver_status pg_verdict(const struct pg_facts *facts, bool *ret_clean);

#endif
