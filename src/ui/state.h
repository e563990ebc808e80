/*
 * What the screen remembers besides the run: where the keys go, what was said, what is being asked. Private
 * to the room; everything hangs off one struct ui and dies with it.
 */
#ifndef UI_PRIVATE_STATE_H
#define UI_PRIVATE_STATE_H

#include "dialog.h"
#include "draw.h"
#include "history.h"
#include "log.h"
#include "ui/ui.h"

#define INPUT_MAX    1000 /* bytes typed into one field */
#define SUBJECT_MAX  160  /* "<step>.rollback.<n>" is the longest */
#define SESSION_MAX  512  /* what tells a session from another one: a host's name, and a time */
#define REQUESTS_MAX 8
#define MARKS_MAX    64

enum pane {
    PANE_PHASES,
    PANE_STEP,
    PANE_GATE,
    PANE_LAG,
    PANE_LOCKS,
    PANE_LOG,
    PANE_PROGRESS,
    PANE_TRANSACTIONS,
    PANE_COUNT
};

struct pane_state {
    int top;                        /* lines scrolled away; of the log: lines before the end, 0 follows */
    int lines;                      /* of the whole content, as last drawn */
    int row, column, rows, columns; /* where it was drawn; rows 0: not on the screen */
};

/* A step that began, for the charts. */
struct mark {
    int64_t boot_us;
    size_t step;
};

struct queued_request {
    enum ui_request_type type;
    struct action action;
    char subject[SUBJECT_MAX], role[SUBJECT_MAX], session[SESSION_MAX], text[INPUT_MAX + 1];
    enum ui_replay_move move;
    enum ui_replay_kind kind;
    bool has_text;
};

struct ui {
    struct ui_options options;
    char *me;
    const struct run *run;
    char *title;
    enum ui_link link;
    struct buf link_why;
    bool halted;
    struct buf halted_why;
    struct ui_replay replay;
    struct buf replay_fault;
    struct instant now; /* of the last call that brought one */

    enum pane focus;
    bool zoomed;
    size_t selected; /* step; BOOK_NONE: follow what happens */
    struct pane_state panes[PANE_COUNT];

    struct log log;
    struct history **histories; /* one for each monitor of the book, NULL where it is no lag monitor */
    size_t history_count;
    struct mark marks[MARKS_MAX];
    size_t mark_count; /* ever; the last MARKS_MAX are kept */

    struct dialog dialog;
    struct buf search;
    struct buf message; /* until the next key, or until it has stood for so long */
    enum role_style message_style;
    int64_t said_boot_us, message_us; /* when it was first seen, -1: not yet; for how long it stands */
    size_t answered_trigger;          /* the proposal that was put up already; BOOK_NONE */

    bool frozen;
    struct canvas picture; /* what stands still while frozen */
    struct canvas last;    /* the frame drawn last, for the moment of freezing */
    int64_t frozen_wall_us;

    struct queued_request requests[REQUESTS_MAX];
    size_t request_first, request_count;
    bool bell;
};

/* Asks the owner for something; what does not fit any more is refused with a bell (the owner takes requests
 * after every key, so that never happens). Texts are copied. */
void ui_ask(struct ui *ui, enum ui_request_type type);
void ui_act(struct ui *ui, enum verb verb, const char *subject, enum choice choice, const char *text);
/* As `action` says: who acts and whether a watcher does is filled in. */
void ui_act_full(struct ui *ui, const struct action *action);

void ui_move_replay(struct ui *ui, enum ui_replay_move move, enum ui_replay_kind kind, const char *text);

void ui_say(struct ui *ui, enum role_style style, const char *format, ...) PRINTF_LIKE(3, 4);
void ui_unsay(struct ui *ui);
/* The same, of what was not done; it stays in the log, but for that of a replay. */
void ui_refuse(struct ui *ui, const char *format, ...) PRINTF_LIKE(2, 3);
/* The answer to every action once the runner is halted, or cannot be reached; false while it can. */
bool ui_says_cut_off(struct ui *ui);

/* ---- what can be done, and by whom (can.c) ---- */

/* What is shown is old, and nobody would hear what is asked for. */
bool ui_is_lost(const struct ui *ui);
/* Who sits here is the operator, and does not only watch. */
bool ui_executes(const struct ui *ui);
/* Whether who sits here may do this at all. */
bool ui_may(const struct ui *ui, enum verb verb);
/* Something can be done to the run at all; else `why` says what is against it (nothing where the screen is
 * cut off, or a replay). */
bool ui_is_open(const struct ui *ui, struct err *why);
/* Whether who sits here may do this now, by the engine's rules; `action` need not say who. The rule that is
 * against it is in `why`. Nothing is done. */
bool ui_allows(const struct ui *ui, const struct action *action, struct err *why);

#endif
