/*
 * Keys: one table, from which come what a key does, the key bar and the help.
 */
#ifndef UI_PRIVATE_KEYS_H
#define UI_PRIVATE_KEYS_H

#include "state.h"

#define KEY_CODES   4
#define KEYS_LIVE   1u
#define KEYS_REPLAY 2u

struct key_row {
    uint32_t codes[KEY_CODES]; /* 0: none */
    const char *name;          /* as it is called: "Enter", "PgUp" */
    const char *label;         /* in the key bar; NULL: only in the help */
    int rank;                  /* in the key bar: the highest goes first when it is narrow */
    const char *help;          /* what it does: one sentence */
    unsigned in;               /* KEYS_LIVE, KEYS_REPLAY, or both */
    bool executes;             /* only for the operator */
    /* Here and now; NULL: always. `why` as in actions.h. */
    bool (*works)(const struct ui *ui, struct err *why);
    void (*run)(struct ui *ui, const struct ui_key *key);
};

size_t keys_count(void);
const struct key_row *keys_row(size_t index);
/* Whether it works here and now, for who sits here, and so is offered in key bar and help. */
bool key_offered(const struct ui *ui, const struct key_row *row);

/* What Enter does now, for the key bar: "start swap-column"; nothing when it would be refused. */
void keys_enter_label(const struct ui *ui, struct buf *buf);

#endif
