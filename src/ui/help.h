/* The list of keys that work here, from the table of keys; Enter does the chosen one. */
#ifndef UI_PRIVATE_HELP_H
#define UI_PRIVATE_HELP_H

#include "state.h"

void help_key(struct ui *ui, const struct ui_key *key);
void help_draw(struct ui *ui, const struct area *screen);

#endif
