/*
 * What the files of this room share. There is one terminal, so there is one of each.
 */
#ifndef TERM_PRIVATE_H
#define TERM_PRIVATE_H

#define NCURSES_NOMACROS 1
#include <curses.h>
#include <signal.h>
#include <termios.h>

#include "base/buf.h"
#include "capability.h"
#include "term/term.h"

/* ---- restore.c ---- */

/* What puts the terminal back: modes, and the bytes to write to `fd`. Copied. From here on every way out of
 * the process restores the terminal; a second call replaces what the first one said. */
void restore_arm(int fd, const struct termios *modes, const char *bytes, size_t len);
/* Gives the signals their old effect back. */
void restore_disarm(void);

/* ---- colors.c ---- */

enum color_depth { COLORS_NONE, COLORS_8, COLORS_16, COLORS_256, COLORS_DIRECT };
struct look {
    attr_t attributes;
    short pair;
};

/* What the terminal can do, as curses found it; after newterm. */
enum color_depth colors_depth(bool no_color);
void colors_init(const struct theme *theme, enum color_depth depth);
const struct look *colors_look(uint8_t style);

/* The nearest of the 256 colours of xterm, of which only the fixed ones (16..255) count. */
int color_nearest_256(int rgb);

/* ---- frame.c: curses writes into a file of ours, and a frame goes to the terminal in one write ---- */

/* Puts that file in the place of descriptor `curses_fd`. */
int frame_capture(int curses_fd, struct err *err) MUST_CHECK;
void frame_release(void);
/* Sends what curses wrote since the last call, in brackets that make it appear at once. ERR_CLOSED. */
int frame_send(int fd, struct err *err) MUST_CHECK;

/* ---- input.c ---- */

void input_open(void);
void input_close(void);

/* ---- mouse.c: reports of the mouse, byte by byte ---- */

enum mouse_step { MOUSE_NOT_PART, MOUSE_TAKEN, MOUSE_PRESSED };

/* After input's pad is there: says to curses how a report begins. */
void mouse_open(void);
/* The bytes that ask the terminal for reports; "" where it has no mouse. */
const char *mouse_wanted(void);
/* Whether `code`, from curses, is the beginning of a report. */
bool mouse_begins(int code);
/* The next byte or key after that: part of a report that has begun, or not. */
enum mouse_step mouse_byte(int key, struct ui_key *ret);

/* ---- paint.c ---- */

void paint_forget(void);

#endif
