/*
 * Killing a session: what the dialogs show of it is what was seen when they were opened, and what is asked
 * for is that session and no other one, whatever the panes show by then.
 */
#ifndef UI_PRIVATE_KILL_H
#define UI_PRIVATE_KILL_H

#include <stddef.h>

struct arena;
struct sample;

#define KILL_MONITORS 8

struct kill_view {
    struct arena *arena; /* of the samples; NULL: there are none */
    size_t count;
    struct {
        size_t monitor;
        const struct sample *sample;
    } seen[KILL_MONITORS];
    size_t at, row; /* the session that is meant: of `seen`, and of its rows */
};

void kill_view_finish(struct kill_view *view);

#endif
