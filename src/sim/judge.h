/* Private to the room: judging a record as it becomes durable. */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include "sim.h"

/* Before the record is folded: may it be there, by what was promised? */
void rules_check(const struct event *event);
/* After it: what the records say of each piece of work. */
void rules_note(const struct event *event);
void rules_create(void);

#endif
