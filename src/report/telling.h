/* The parts of a told run. Private to the room. */
#ifndef REPORT_TELLING_H
#define REPORT_TELLING_H

#include "chart.h"
#include "gathered.h"
#include "showing.h"

struct telling {
    const struct chronicle *chronicle;
    const struct chronicle_facts *facts;
    const struct book *book;
    const struct run *run;
    struct document *document;
    struct arena *arena;  /* of what is made for this document */
    struct showing shown; /* the same document, for what a shown book does too */
    struct instant end;   /* as of when it is told */
    int64_t end_us;
    size_t *numbers;        /* of each entry, in the list of the timeline; 0: it is not in it */
    struct drawing drawing; /* what all drawings share */
};

/* Entries in their order; spans, holds and the other lists in theirs. */
size_t entry_count(const struct telling *t);
const struct entry *entry_at(const struct telling *t, size_t i);
size_t span_count(const struct telling *t);
const struct span *span_at(const struct telling *t, size_t i);

/* In `t->arena`: "23:06:38", with the date where it is another day than the run's first; "2026-11-20 23:06:38
 * UTC";
 * "+04:10"; "3.2 s"; how long something lasts that may not be over. */
const char *told_time(struct telling *t, int64_t wall_us);
const char *told_date(struct telling *t, int64_t wall_us);
const char *told_offset(struct telling *t, int64_t us);
const char *told_duration(struct telling *t, int64_t us);
const char *told_lasting(struct telling *t, int64_t from_us, int64_t to_us);
/* "add-column", "undo of add-column, entry 1"; the event as its story; a value of a metric. */
const char *told_work(struct telling *t, size_t step, size_t entry);
const char *told_story(struct telling *t, const struct event *event);
const char *told_value(struct telling *t, const char *metric, double value);
/* With which key it was signed, or that it was not. */
struct cell told_key(const struct event *event);
const char *told_or(const char *text, const char *otherwise); /* where there is none */

/* How often, and how long together. */
size_t count_events(const struct telling *t, enum event_type type);
/* How a span ended, and how it was against its estimate: "1.6 times the upper end: SLOW"; "" when there is
 * nothing to say. */
const char *told_pace(struct telling *t, const struct span *span, enum pace *ret_pace);
/* The steps of a rollback whose entries have nothing to do, "deploy, report"; `all`: there were no others. */
const char *told_spared(struct telling *t, const struct undoing *undoing, bool *ret_all);
/* "kept: 12 m left"; NULL without a window. */
const char *told_window(struct telling *t);
/* What the series had in that time: "min 0.1, median 0.2, max 2.4"; and for how long it is not known. */
const char *told_figures(struct telling *t, const struct series *series, int64_t from_us, int64_t to_us);

/* By which rehearsal it began, or who let it begin without; in few words. */
const char *told_rehearsal(struct telling *t);
/* A part of tell_summary. */
void tell_rehearsal(struct telling *t);

/* Sections, in their order. */
void tell_summary(struct telling *t);
void tell_timeline(struct telling *t);
void tell_times(struct telling *t);
void tell_lag(struct telling *t);
void tell_waits(struct telling *t);
void tell_gates(struct telling *t);
void tell_overrides(struct telling *t);
void tell_stops(struct telling *t);
void tell_questions(struct telling *t);
void tell_records(struct telling *t);

#endif
