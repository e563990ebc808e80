#include "capability.h"

#include <stddef.h>
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <term.h>

const char *capability(const char *name)
{
    const char *text = tigetstr(name);
    return text == (const char *)-1 ? NULL : text; /* -1: it is no name of a text */
}

bool capability_flag(const char *name)
{
    return tigetflag(name) > 0;
}

int capability_number(const char *name)
{
    return tigetnum(name);
}
