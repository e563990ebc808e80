/*
 * What terminfo says. A file of its own, because curses' term.h defines `columns`, `lines` and five hundred
 * other words as macros.
 */
#ifndef TERM_PRIVATE_CAPABILITY_H
#define TERM_PRIVATE_CAPABILITY_H

#include <stdbool.h>

/* The bytes of a capability; NULL when the terminal has none of that name. */
const char *capability(const char *name);
bool capability_flag(const char *name);
int capability_number(const char *name); /* negative: none */

#endif
