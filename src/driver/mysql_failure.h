/* What went wrong with a MySQL or MariaDB server, as a value; and what that means for a job. */
#ifndef DRIVER_MYSQL_FAILURE_H
#define DRIVER_MYSQL_FAILURE_H

#include <stdbool.h>

#include "base/mysql_words.h"
#include "driver/failure.h"

/* The code of a failure is the error's number, the server's or the library's, as text; 0 stands for "", which
 * is that of our own words. */
void my_failure_set(struct failure *failure, unsigned number, const char *message);
unsigned my_failure_number(const struct failure *failure);

/* Whether the connection is gone with it. */
bool my_failure_is_loss(unsigned number);

/* Why a connection could not be made: AUTH, RETRYABLE, REJECTED or LOST. */
enum driver_status my_connect_status(const struct failure *failure);
/* What an error means for a statement: RETRYABLE, CANCELLED, TIMED_OUT or REJECTED. */
enum driver_status my_asked_status(unsigned number);

/* What is known about a job when it ends. */
struct my_facts {
    bool transaction;    /* it was to be one */
    bool sent;           /* something with an effect went out */
    bool answered;       /* ... and nothing that went out lacks its answer */
    bool commit_out;     /* COMMIT went out */
    bool commit_refused; /* ... and the server answered it with an error: only a few of them say that all was
                            rolled back */
    bool broke_out;      /* the text itself committed or rolled back */
    bool kept;           /* ROLLBACK said that tables without transactions keep what was written */
    bool atomic_ddl;     /* this server's statements that define something happen wholly or not at all */
    enum my_statement class; /* of the statement that was out last */
    size_t done;             /* statements that succeeded */
    bool failed;             /* the server said so, or we gave up */
    bool lost;               /* the connection broke */
    bool cancel_asked;
    bool stopped;    /* ... and we stopped it ourselves before something went out */
    bool time_over;  /* the statement had all of its time, and we asked the server to stop it */
    unsigned number; /* of the failure */
};

/* The status, and whether certainly no effect remains. */
enum driver_status my_verdict(const struct my_facts *facts, bool *ret_clean);

#endif
