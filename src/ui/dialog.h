/*
 * Dialogs: whatever is asked, as rows of one table (dialogs.c). The machinery here knows fields and answers.
 *
 * The first answer is the safe one. Enter takes it unless every field says otherwise, so a stray Enter
 * decides nothing. Space holds the run, also here, unless free text is being typed.
 */
#ifndef UI_PRIVATE_DIALOG_H
#define UI_PRIVATE_DIALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "kill.h"
#include "page.h"

struct ui;
struct ui_key;

enum dialog_type {
    DIALOG_NONE,
    DIALOG_HELP,
    DIALOG_COMMAND,
    DIALOG_SEARCH,
    DIALOG_NOTE,
    DIALOG_TICK,
    DIALOG_TICK_EVIDENCE,
    DIALOG_START,
    DIALOG_VOTE,
    DIALOG_NO_GO,
    DIALOG_ROLLBACK,
    DIALOG_OVERRIDE,
    DIALOG_RULE,
    DIALOG_TRIGGER,
    DIALOG_RELEASE,
    DIALOG_CANCEL,
    DIALOG_SCRUB,
    DIALOG_CLOSE,
    DIALOG_KILL_WHICH, /* these three: kill.c */
    DIALOG_KILL,
    DIALOG_TERMINATE,
    DIALOG_TYPE_COUNT
};

#define DIALOG_FIELDS  2
#define DIALOG_ANSWERS 4

enum field_kind {
    FIELD_NONE,
    FIELD_WORD,     /* has to be one of the dialog's words; blanks have no place in it */
    FIELD_TEXT,     /* something has to be typed */
    FIELD_OPTIONAL, /* may stay empty */
};

struct dialog_field {
    enum field_kind kind;
    const char *label;
};

struct dialog_answer {
    const char *label;           /* NULL: no such answer */
    uint32_t key;                /* takes it where nothing is typed; 0: none */
    bool complete;               /* only when every field is */
    void (*take)(struct ui *ui); /* after the dialog was closed; the fields are still there */
};

struct dialog_kind {
    const char *title;
    bool line;                                            /* on the key bar's line instead of in a box */
    bool decides;                                         /* typed-ahead keys must not answer it */
    void (*body)(const struct ui *ui, struct page *page); /* NULL: none */
    const char *(*word)(const struct ui *ui, int index);  /* accepted by FIELD_WORD; NULL after the last */
    int word_answer[4];                                   /* which answer a word means */
    struct dialog_field fields[DIALOG_FIELDS];
    struct dialog_answer answers[DIALOG_ANSWERS];
};

struct dialog {
    enum dialog_type type;
    size_t step, entry, gate, trigger; /* what it is about; BOOK_NONE */
    struct kill_view kill;
    int at; /* fields first, then answers */
    struct buf fields[DIALOG_FIELDS];
    struct buf note;      /* why Enter did nothing */
    int top, lines, rows; /* scrolling of the body */
    int chosen;           /* row of the help list */
};

/* The table. */
const struct dialog_kind *dialog_kind(enum dialog_type type);
const struct dialog_kind *kill_dialog(enum dialog_type type); /* those about sessions; NULL: another one */

void dialog_init(struct dialog *dialog);
void dialog_finish(struct dialog *dialog);

/* Opens it with empty fields, in place of the one that is open. Set what it is about afterwards. */
void dialog_open(struct ui *ui, enum dialog_type type);
void dialog_close(struct ui *ui);
bool dialog_is_open(const struct ui *ui);
/* What was typed, without blanks around it. Borrowed. */
const char *dialog_field(const struct ui *ui, int field);
void dialog_prefill(struct ui *ui, int field, const char *text);

void dialog_key(struct ui *ui, const struct ui_key *key);
void dialog_draw(struct ui *ui, const struct area *screen);

#endif
