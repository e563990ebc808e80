/*
 * A tape: what was recorded of a run, and a place in it. At each place the run is folded up to there, and the
 * ui was told what a screen would have shown.
 *
 * Places are counted in items: events (records and passing ones) and pieces of output, in the order in which
 * they came. Place n is after the first n of them.
 */
#ifndef APP_TAPE_H
#define APP_TAPE_H

#include "engine/run.h"
#include "ui/ui.h"

struct tape;

/* The book and the ui are borrowed. */
struct tape *tape_create(const struct book *book, struct ui *ui);
void tape_destroy(struct tape *tape); /* NULL-safe */

/* Puts it at the end; copied. */
void tape_add_event(struct tape *tape, const struct event *event);
void tape_add_output(struct tape *tape, const char *step, const char *bytes);

const struct run *tape_run(const struct tape *tape);
size_t tape_count(const struct tape *tape);
size_t tape_place(const struct tape *tape);

/* Goes there, or to the end. ERR_CORRUPT when an event does not fold: then the place is before it, and it is
 * left out from now on with all that follows. */
int tape_seek(struct tape *tape, size_t place, struct err *err) MUST_CHECK;

/* When the last item before the place came, by the clocks of its machine; at place 0, the first one. */
struct instant tape_when(const struct tape *tape, size_t place);
/* The same as time since the beginning, which goes by the boot-time clock, and so on when somebody sets the
 * other one; by the wall clock only where the machine was started anew. */
int64_t tape_time(const struct tape *tape, size_t place);
/* The last place up to which everything had come by that time since the beginning. */
size_t tape_by(const struct tape *tape, int64_t time_us);
/* The first place at which the wall clock said that, or more; the end. */
size_t tape_at_wall(const struct tape *tape, int64_t wall_us);

/* Right after the record of that seq; the end when there is none. */
size_t tape_after(const struct tape *tape, uint64_t seq);
/* Right after the next (direction 1) or the former (-1) record of a kind, as seen from the place; NO_PLACE
 * when there is none. */
#define NO_PLACE ((size_t)-1)
size_t tape_find(const struct tape *tape, enum ui_replay_kind kind, const char *text, int direction);

/* Fills in what the ui wants to know of where it stands: seqs, times and marks. */
void tape_tell(struct tape *tape, struct ui_replay *ret);

#endif
