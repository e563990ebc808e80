/*
 * A terminal for tests: a pty whose other side is interpreted by libvterm. What runs on it is a child
 * process.
 */
#ifndef TESTS_TERM_TTY_H
#define TESTS_TERM_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include <vterm.h>

#include "base/buf.h"

struct pty {
    int master;
    int slave; /* kept open, so that the modes can be looked at after the child ended */
    pid_t child;
    struct termios modes; /* before the child began */
    VTerm *vterm;
    VTermScreen *screen;
    struct buf written;            /* every byte that came out */
    bool alternate, cursor_hidden; /* as the bytes left the terminal */
    int bells;
};

struct pty_options {
    int rows, columns;
    const char *term;   /* TERM */
    const char *locale; /* LC_ALL */
};

/* Starts `run` in a child on a new terminal; it ends with _exit of what `run` returns. */
struct pty *pty_start(const struct pty_options *options, int (*run)(void *data), void *data);
void pty_destroy(struct pty *pty);

/* Takes what comes out for at most so long, or until `until` has been written (NULL: until the child ended).
 * False when the time was over. */
bool pty_read(struct pty *pty, int timeout_ms, const char *until);
void pty_type(struct pty *pty, const char *bytes, size_t len);
/* The wait status of the child, after pty_read saw its end. */
int pty_wait(struct pty *pty);
/* Hangs up: closes our side. */
void pty_hang_up(struct pty *pty);
void pty_resize(struct pty *pty, int rows, int columns);

/* A row of what the terminal shows, as UTF-8 without blanks at its end. */
void pty_row(struct pty *pty, int row, struct buf *buf);
/* Whether the mouse is on, by the bytes: libvterm looks at the first number of "?1006;1000h" only. */
bool pty_mouse(const struct pty *pty);
/* Whether the modes are those from before the child, and the screen, the cursor and the mouse are given back.
 */
bool pty_restored(struct pty *pty);

#endif
