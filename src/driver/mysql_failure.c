#include "driver/mysql_failure.h"

#include <stdio.h>
#include <stdlib.h>

/* The numbers: MySQL 8.4's "Server Error Message Reference" and "Client Error Message Reference"; MariaDB's
 * "Error Codes". The client libraries' own are 2000 to 2999 in both, and 5000 to 5999 in MariaDB's. */
static const struct {
    unsigned number;
    enum driver_status asked, connecting;
} errors[] = {
    { 1020, DRIVER_RETRYABLE, DRIVER_LOST },      /* MariaDB: the row changed since the snapshot was taken */
    { 1040, DRIVER_RETRYABLE, DRIVER_RETRYABLE }, /* too many connections */
    { 1044, DRIVER_REJECTED, DRIVER_AUTH },       /* access denied to the database */
    { 1045, DRIVER_REJECTED, DRIVER_AUTH },       /* access denied */
    { 1049, DRIVER_REJECTED, DRIVER_REJECTED },   /* no such database */
    { 1053, DRIVER_REJECTED, DRIVER_RETRYABLE },  /* the server shuts down */
    { 1130, DRIVER_REJECTED, DRIVER_AUTH },       /* this host is not allowed to connect */
    { 1203, DRIVER_RETRYABLE, DRIVER_RETRYABLE }, /* too many connections of this user */
    { 1205, DRIVER_RETRYABLE, DRIVER_LOST },      /* lock wait timeout: a row's, or metadata's */
    { 1213, DRIVER_RETRYABLE, DRIVER_LOST },      /* deadlock */
    { 1226, DRIVER_REJECTED, DRIVER_RETRYABLE },  /* this user's resources are used up */
    { 1251, DRIVER_REJECTED, DRIVER_AUTH },       /* an authentication that this library does not know */
    { 1317, DRIVER_CANCELLED, DRIVER_LOST },      /* KILL QUERY: ours, or a person's */
    { 1524, DRIVER_REJECTED, DRIVER_AUTH },       /* an authentication plugin is not loaded */
    { 1698, DRIVER_REJECTED, DRIVER_AUTH },       /* access denied without a password */
    { 1820, DRIVER_REJECTED, DRIVER_AUTH },       /* the password has to be changed first */
    { 1862, DRIVER_REJECTED, DRIVER_AUTH },       /* the password has expired */
    { 1969, DRIVER_TIMED_OUT, DRIVER_LOST },      /* MariaDB: max_statement_time */
    { 2059, DRIVER_REJECTED, DRIVER_AUTH },       /* the library cannot load an authentication plugin */
    { 2061, DRIVER_REJECTED, DRIVER_AUTH },       /* an authentication that wants an encrypted connection */
    { 3024, DRIVER_TIMED_OUT, DRIVER_LOST },      /* MySQL: max_execution_time */
    { 3118, DRIVER_REJECTED, DRIVER_AUTH },       /* MySQL: the account is locked */
    { 3572, DRIVER_RETRYABLE, DRIVER_LOST },      /* MySQL: NOWAIT */
    { 4151, DRIVER_REJECTED, DRIVER_AUTH },       /* MariaDB: the account is locked */
};

/* Errors that a server raises before it has begun with a statement, and for which an engine's transactions do
 * not matter. */
static const unsigned not_begun[] = {
    1044, /* access denied to the database */
    1046, /* no database selected */
    1049, /* no such database */
    1050, /* the table exists */
    1051, /* no such table to drop */
    1054, /* no such column */
    1060, /* the column exists */
    1061, /* the index exists */
    1064, /* syntax */
    1091, /* no such column or index to drop */
    1109, /* no such table in the statement */
    1142, /* no privilege for the table */
    1143, /* no privilege for the column */
    1146, /* no such table */
    1227, /* no privilege */
    1235, /* not supported */
    1290, /* the server runs with an option that forbids it, --read-only */
    1305, /* no such function or procedure */
    1792, /* a transaction that reads */
    1836, /* the server is read-only */
    1845, /* ALGORITHM= is not possible */
    1846, /* LOCK= or ALGORITHM= is not possible, with a reason */
};

void my_failure_set(struct failure *failure, unsigned number, const char *message)
{
    char code[DRIVER_CODE_MAX] = "";
    if (number != 0)
        (void)snprintf(code, sizeof(code), "%u", number);
    failure_set(failure, code, message);
}

unsigned my_failure_number(const struct failure *failure)
{
    return (unsigned)strtoul(failure->code, NULL, 10);
}

bool my_failure_is_loss(unsigned number)
{
    static const unsigned from_server[] = {
        1053,                   /* the server shuts down */
        1158, 1159, 1160, 1161, /* the server could not read or write */
        1927,                   /* MariaDB: the connection was killed */
        4031,                   /* MySQL: the connection was closed for being idle */
    };
    for (size_t i = 0; i < ARRAY_LEN(from_server); i++) {
        if (number == from_server[i])
            return true;
    }
    return (number >= 2000 && number < 3000) || (number >= 5000 && number < 6000);
}

enum driver_status my_connect_status(const struct failure *failure)
{
    unsigned number = my_failure_number(failure);
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        if (number == errors[i].number)
            return errors[i].connecting;
    }
    return DRIVER_LOST;
}

enum driver_status my_asked_status(unsigned number)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        if (number == errors[i].number)
            return errors[i].asked;
    }
    return DRIVER_REJECTED;
}

static bool is_not_begun(unsigned number)
{
    for (size_t i = 0; i < ARRAY_LEN(not_begun); i++) {
        if (number == not_begun[i])
            return true;
    }
    return false;
}

/* With these a COMMIT is refused before anything of it is done, and all is rolled back: the lock that a
 * backup or FLUSH TABLES WITH READ LOCK keeps commits out with was not had, a cluster saw a conflict, or the
 * server became read-only meanwhile. Of other errors at a COMMIT that is not certain. */
static bool commit_undone(unsigned number)
{
    return number == 1205 || number == 1213 || number == 1290;
}

/* Whether a first statement, by itself, left nothing when the server said that it failed. */
static bool failed_wholly(const struct my_facts *facts)
{
    bool rows =
        my_asked_status(facts->number) == DRIVER_RETRYABLE; /* raised by an engine with transactions */
    switch (facts->class) {
    case MY_READS:
    case MY_SESSION:
        return true;
    case MY_ROWS:
        return rows || is_not_begun(facts->number);
    case MY_DEFINES:
        return facts->atomic_ddl || is_not_begun(facts->number);
    case MY_PARTS:
    case MY_ENDS:
    case MY_OPAQUE:
        break;
    }
    return facts->number == 1064;
}

/* Whether certainly nothing remains; only for a job that did not succeed. */
static bool is_clean(const struct my_facts *facts)
{
    if (!facts->sent)
        return true;
    if (facts->broke_out || facts->kept)
        return false;
    if (facts->transaction)
        return !facts->commit_out || (facts->commit_refused && !facts->lost && commit_undone(facts->number));
    return facts->done == 0 && !facts->lost && failed_wholly(facts);
}

enum driver_status my_verdict(const struct my_facts *facts, bool *ret_clean)
{
    const struct job_end end = {
        .failed = facts->failed,
        .lost = facts->lost,
        .clean = is_clean(facts),
        .broke_out = facts->broke_out,
        .cancel_asked = facts->cancel_asked,
        .stopped = facts->stopped,
        .time_over = facts->time_over,
        .asked = my_asked_status(facts->number),
    };
    *ret_clean = (end.failed || end.lost) && end.clean;
    return job_end_status(&end);
}
