/* Whether the programs that a book asks for are here. */
#ifndef APP_TOOLS_H
#define APP_TOOLS_H

#include "base/err.h"
#include "runbook/book.h"

/* Looks for each required program in PATH, as the book's commands will find it, and asks it for its version:
 * NAME --version, without a shell, for at most 5 s each. ERR_ENVIRONMENT names all that are missing or do not
 * fit. One that does not say its version fits where the book asks for none. */
int tools_check(const struct book *book, struct err *err) MUST_CHECK;

#endif
