/* What `tminus dry-run` prints of a book. Private to the room. */
#ifndef APP_DRY_RUN_H
#define APP_DRY_RUN_H

#include "runbook/book.h"

void print_book(const struct book *book);

#endif
