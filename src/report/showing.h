/* The parts of a shown book. Private to the room. */
#ifndef REPORT_SHOWING_H
#define REPORT_SHOWING_H

#include "base/mem.h"
#include "report/schedule.h"
#include "report/show.h"

#define TEXT_MAX ((size_t)1024 * 1024)

struct showing {
    const struct book *book;
    const struct show_facts *facts;
    const struct schedule *schedule;
    struct document *document;
    struct arena *arena; /* of what is made for this document */
};

/* In `s->arena`: a duration as it is shown, "" for none; a range; a text of the book with its params put in.
 */
const char *shown_duration(struct showing *s, int64_t us);
const char *shown_range(struct showing *s, const struct duration_range *range);
/* A text of `object` of the book's source, "" when it has none of that name. */
const char *shown_member(struct showing *s, const struct json *object, const char *key);
const char *shown_buf(struct showing *s, struct buf *buf); /* and ends it */

/* Sections, in their order (show_front.c, show_tables.c, show_steps.c). */
void show_glance(struct showing *s);
void show_strategy(struct showing *s);
void show_risks(struct showing *s);
void show_timeline(struct showing *s);
void show_people(struct showing *s);
void show_watching(struct showing *s);
void show_settings(struct showing *s);
void show_phases(struct showing *s);
void show_locks(struct showing *s);
void show_rollback(struct showing *s);
void show_rehearsal(struct showing *s);
void show_postmortem(struct showing *s);

/* Parts of show_settings; params only where there are some. */
void show_targets(struct showing *s);
void show_params(struct showing *s);

#endif
