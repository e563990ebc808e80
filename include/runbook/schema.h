/*
 * The shape of a book as a JSON Schema (draft 2020-12), for editors and for whoever makes books by a program.
 *
 * It is written from the tables that decode a book: what a book may hold, and the line that says what it is
 * for. What takes more than the shape (names that exist, ids that are there once, the order of steps, what a
 * param may stand in) only loading the book tells.
 */
#ifndef RUNBOOK_SCHEMA_H
#define RUNBOOK_SCHEMA_H

#include "base/buf.h"

/* Appends the schema, canonical JSON. The same for ever for one version of the program; it takes some 50 KiB.
 */
void book_schema(struct buf *buf);

#endif
