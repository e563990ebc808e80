/*
 * The screen's loop: the terminal and the ui, and what they show, which comes from a source: a run that goes
 * on (live.h), or one that is replayed (replay.h).
 */
#ifndef APP_SCREEN_H
#define APP_SCREEN_H

#include <stdbool.h>
#include <uv.h>

#include "ui/ui.h"

struct screen;

struct screen_options {
    const char *title;    /* shown while nothing is known yet */
    const char *theme;    /* a name in themes/, or a path; NULL: dark */
    struct ui_options ui; /* ascii is also set where the terminal wants it */
};

struct screen_source {
    /* Once the first frame stands: begins to feed the screen's ui from its loop. */
    int (*start)(void *data, struct screen *screen, struct err *err);
    /* What the ui asks for that is not the terminal's or the screen's own business. */
    void (*request)(void *data, const struct ui_request *request);
    /* What time it is on the screen. NULL: it is now. */
    struct instant (*now)(void *data);
    /* At the end: closes what it has in the loop, except for timers and polls. */
    void (*finish)(void *data);
};

/* Shows the source until the person leaves. Returns 0, or what kept it from showing anything. */
int screen_run(const struct screen_options *options, const struct screen_source *source, void *data,
               struct err *err) MUST_CHECK;

/* For the source. */
uv_loop_t *screen_loop(struct screen *screen);
struct ui *screen_ui(struct screen *screen);
/* Shows all that there is to show, at once: what a person asked for does not wait for a frame that is due. */
void screen_draw(struct screen *screen);
/* What happens by itself waits for what happens with it: a flood of output makes ten frames a second, and the
 * samples of a second make one. */
void screen_want_frame(struct screen *screen);
/* Ends it, with that error (copied); NULL: with none. */
void screen_leave(struct screen *screen, const struct err *err);

#endif
