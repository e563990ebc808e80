/* Private to the room: judging a record as it becomes durable. */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include "sim.h"

/* Before the record is folded: may it be there, by what was promised? */
void rules_check(const struct event *event);
/* After it: what the records say of each piece of work. */
void rules_note(const struct event *event);
void rules_create(void);

/* Of what a record is about; fails when the book does not have it. */
struct def *rules_def(const struct event *event);
bool rules_by_itself(const struct event *event);

/* The same of what is made of parts, or is only told: items, batches, comparisons, messages. */
void parts_check(const struct event *event);
void parts_note(const struct event *event);
/* All undos of the step are done, or it begins anew. */
void parts_settle(struct def *forward);
void parts_begin(struct def *forward);

#endif
