/*
 * What events do to the screen besides changing the run: a line in the log, and attention.
 */
#ifndef UI_PRIVATE_STORY_H
#define UI_PRIVATE_STORY_H

#include "state.h"

void story_log(struct ui *ui, const struct event *event);
/* Bell and message for what a person should look at now; only for what happens, not for what is old. */
void story_attend(struct ui *ui, const struct event *event);
/* Whether it changes what can be done: what was said of the state before is over. */
bool story_moves_on(const struct event *event);
/* Puts the proposal of a trigger up, when there is one, nothing else is being asked, and who sits here
 * decides. */
void story_propose(struct ui *ui);

#endif
