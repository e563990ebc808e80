/* A run in the environment "live" begins only when somebody has said which book it is of. */
#ifndef APP_CONFIRM_H
#define APP_CONFIRM_H

#include <stdbool.h>

#include "base/err.h"
#include "runbook/book.h"

struct confirmation {
    const char *given; /* --confirm; NULL: not said */
    bool can_ask;      /* standard input is a terminal, and nothing has taken it yet */
};

/* Whether somebody would be asked. */
bool confirm_asks(const struct confirmation *confirmation, const char *environment);

/* What was given has to be the book's id, in every environment. Else, in "live", it is asked for on the
 * terminal; where that cannot be, ERR_USAGE says what to add. ERR_REFUSED when it is another. */
int confirm_book(const struct confirmation *confirmation, const struct book *book, const char *environment,
                 struct err *err) MUST_CHECK;

#endif
