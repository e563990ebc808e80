/*
 * What programs that a step calls are given to send to a server.
 */
#ifndef CHECK_CLIENT_H
#define CHECK_CLIENT_H

#include "script.h"

struct client {
    const char *program; /* "psql" */
    enum target_engine engine;
    struct scripts scripts;
    const char *not_judged;     /* why something that it may be given is not among them; NULL: all is */
    struct place at_not_judged; /* where that stands */
};
/* False for a step that calls none, and has no text that does. */
bool client_of(struct checking *c, const struct step *work, struct client *ret);

#endif
