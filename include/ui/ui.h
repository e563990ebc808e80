/*
 * The screen as a value: state in, cells out. No curses, no clock, no descriptors: time comes in with the
 * call.
 *
 * The owner (app) folds the events that the runner streams into a `struct run`, tells the ui about each,
 * hands it keys, carries out the requests that come back, and draws when something changed.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sample.h"
#include "engine/decide.h"
#include "engine/run.h"
#include "ui/canvas.h"

/* Keys beyond Unicode. */
enum ui_key_code {
    KEY_CODE_UP = 0x110000,
    KEY_CODE_DOWN,
    KEY_CODE_LEFT,
    KEY_CODE_RIGHT,
    KEY_CODE_HOME,
    KEY_CODE_END,
    KEY_CODE_PAGE_UP,
    KEY_CODE_PAGE_DOWN,
    KEY_CODE_ENTER,
    KEY_CODE_TAB,
    KEY_CODE_BACKTAB,
    KEY_CODE_BACKSPACE,
    KEY_CODE_DELETE,
    KEY_CODE_ESCAPE,
    KEY_CODE_CTRL_L,
    KEY_CODE_CTRL_C,
    KEY_CODE_CTRL_U,
    KEY_CODE_MOUSE, /* a press: row and column are set */
    KEY_CODE_WHEEL_UP,
    KEY_CODE_WHEEL_DOWN,
};
struct ui_key {
    uint32_t code; /* a code point, or an enum ui_key_code */
    int row, column;
};

enum ui_request_type {
    UI_REQUEST_NONE,
    UI_REQUEST_ACTION,      /* send `action` to the runner */
    UI_REQUEST_DETACH,      /* leave; the run goes on */
    UI_REQUEST_REPAINT,     /* paint everything anew */
    UI_REQUEST_FLUSH_INPUT, /* forget typed-ahead keys: a dialog that decides something came up */
    UI_REQUEST_REPLAY,      /* move the replay */
};

/* ---- a replay: a run that is over, or what there is of one, shown as it was ---- */

/* What a reviewer jumps to. */
enum ui_replay_kind { UI_REPLAY_RECORD, UI_REPLAY_DECISION, UI_REPLAY_FAILURE, UI_REPLAY_TRIGGER };
enum ui_replay_move {
    UI_REPLAY_PLAY, /* or pause */
    UI_REPLAY_FASTER,
    UI_REPLAY_SLOWER,
    UI_REPLAY_FIRST,
    UI_REPLAY_LAST,
    UI_REPLAY_NEXT,     /* of a kind; with a text, the record that has it */
    UI_REPLAY_PREVIOUS, /* likewise */
    UI_REPLAY_GO,       /* to what was typed: a seq, or a time */
};
struct ui_replay_mark {
    int64_t at_us; /* since the beginning */
    enum ui_replay_kind kind;
};
/* Where it stands, for its line. */
struct ui_replay {
    bool playing, reading; /* reading: more is still coming in */
    double speed;
    uint64_t seq, last_seq;
    int64_t now_us, length_us; /* since the beginning; of all that there is */
    const char *fault;         /* why there is not more; NULL. Copied */
    const struct ui_replay_mark *marks;
    size_t mark_count; /* borrowed until the next ui_set_replay */
};

struct ui_request {
    enum ui_request_type type;
    struct action action;     /* texts are valid until the next call of ui_request */
    enum ui_replay_move move; /* UI_REQUEST_REPLAY, as are the next two */
    enum ui_replay_kind kind;
    const char *text; /* NULL; as those of the action */
};

enum ui_link { UI_LINK_STARTING, UI_LINK_UP, UI_LINK_LOST };

struct ui_options {
    bool ascii;     /* no glyph outside ASCII */
    bool watcher;   /* attached to watch: may hold, tick, vote and note */
    const char *me; /* name of who sits here */
    bool signs;     /* with a key, where the run goes by a policy */
    bool replay;    /* what is shown is over: nothing can be done but look */
};

struct ui;

struct ui *ui_create(const struct ui_options *options);
void ui_destroy(struct ui *ui);

/* The run to show (borrowed; it changes under the ui between calls, only by run_apply). NULL: none yet;
 * `title` (e.g. the book's) is shown while starting. */
void ui_set_run(struct ui *ui, const struct run *run, const char *title);

/* The same run from its beginning, folded anew: what was shown is forgotten, where the keys are is not. */
void ui_rewind(struct ui *ui, const struct run *run);
void ui_set_replay(struct ui *ui, const struct ui_replay *replay);

/* An event was applied to the run: log line, history of samples, attention (bell, dialogs for triggers and
 * gates). `backlog`: it is old, from before this screen was there. */
void ui_event(struct ui *ui, const struct event *event, bool backlog);
/* A step wrote something: kept as the last lines, bounded. */
void ui_output(struct ui *ui, const char *step, const char *bytes, size_t len);
void ui_link(struct ui *ui, enum ui_link link, const char *why);
/* The runner does nothing new any more, for this reason (copied). That stays on the screen, and every action
 * is answered with it, until another run is set. */
void ui_halted(struct ui *ui, const char *why);
/* The runner's answer to an action: NULL is yes; else the refusal, shown until the next key, for five
 * seconds, or until something else happens, and kept in the log. */
void ui_reply(struct ui *ui, const char *refusal);

void ui_key(struct ui *ui, const struct ui_key *key, struct instant now);
/* What the last keys asked for, one a call; type UI_REQUEST_NONE when there is no more. */
struct ui_request ui_request(struct ui *ui);

/* Draws the whole screen into `canvas` at its size. Sizes under 80x24 get step, clock and HOLD and what size
 * is needed. */
void ui_draw(struct ui *ui, struct canvas *canvas, struct instant now);

/* Whether a bell is due since the last call. */
bool ui_bell(struct ui *ui);

#endif
