/*
 * The terminal: the only room that includes curses. Paints the difference between a canvas and what is there,
 * decodes keys, and restores the terminal on every way out.
 */
#ifndef TERM_TERM_H
#define TERM_TERM_H

#include <stdbool.h>

#include "base/err.h"
#include "ui/canvas.h"
#include "ui/theme.h"
#include "ui/ui.h"

struct term_options {
    bool no_color; /* NO_COLOR or the monochrome theme */
    const struct theme *theme;
};

/* Takes over the controlling terminal (stdin and stdout). ERR_ENVIRONMENT when it is none, or its TERM cannot
 * do what is needed. Installs term_restore for fatal signals and exit; the signals keep their effect. */
int term_open(const struct term_options *options, struct err *err) MUST_CHECK;
/* Puts everything back. May be called twice, and from a signal handler (it then uses write and tcsetattr
 * only). */
void term_restore(void);
void term_close(void);

/* Whether the locale is UTF-8: if not, ask the ui for ASCII. */
bool term_is_utf8(void);

/* Current size; call after SIGWINCH. */
void term_size(int *ret_rows, int *ret_columns);

/* Paints what differs, inside synchronized-output brackets, in one write. ERR_CLOSED when the terminal is
 * gone: leave at once. */
int term_paint(const struct canvas *canvas, struct err *err) MUST_CHECK;
/* Forgets what is on the terminal, so that the next paint writes everything. */
void term_invalidate(void);
void term_bell(void);

/* One decoded key; false when there is none (never waits). `ret_gone` is set when the terminal hung up. */
bool term_key(struct ui_key *ret, bool *ret_gone);
/* Drops typed-ahead input. */
void term_flush_input(void);

#endif
