/* Which theme is meant. */
#ifndef APP_THEME_H
#define APP_THEME_H

#include "ui/theme.h"

/* A name in themes/, or a path; NULL: dark, and where no file is beside the program, monochrome. What is
 * wrong with one is printed; ERR_USAGE, ERR_INVALID. */
int theme_of(struct arena *arena, const char *given, const struct theme **ret, struct err *err) MUST_CHECK;

#endif
