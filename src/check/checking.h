/*
 * What the files of this room share: a check under way. Each file holds the rules of one topic, a table of
 * rows and the functions in it.
 */
#ifndef CHECK_CHECKING_H
#define CHECK_CHECKING_H

#include "check/check.h"

struct ignoring;

struct checking {
    struct arena *arena;
    const struct book *book;
    const struct check_options *options;
    const struct json **sources; /* by a step's index; a mark's is the rollback of its phase */
    const char **lines;          /* of the book's text, NULL behind the last; NULL: nobody has asked */
    size_t count, room, more;
    size_t told[CHECK_SEVERITY_COUNT]; /* of each severity */
    size_t by_severity[CHECK_SEVERITY_COUNT], ignored;
    struct check_finding *findings;
    size_t lock_count, lock_room;
    struct check_lock *locks;
    struct ignoring *ignoring; /* report.c: what the book ignores */
};

/* A row of a topic. `look` finds it; NULL: another row's function does, of the same file unless it says so.
 */
struct topic_rule {
    struct check_rule told;
    void (*look)(struct checking *c, const struct check_rule *rule);
};
/* Each ends with a row that has no code. */
extern const struct topic_rule phase_rules[], undo_rules[], gate_rules[], watch_rules[], step_rules[],
    tool_rules[], walk_rules[], sql_rules[], mysql_rules[], ignored_rules[];
extern const struct topic_rule *const check_topics[]; /* ends with NULL */

/* Where something was found: its place, and what may ignore it. */
struct place {
    const char *file; /* NULL: the book */
    int line, column;
    size_t phase;            /* BOOK_NONE */
    const struct step *work; /* a step or an entry of a rollback; NULL */
};

struct place at_book(const struct checking *c,
                     const char *key); /* of a member of the book, or its beginning */
struct place at_phase(const struct checking *c, size_t phase);
struct place at_gate(const struct checking *c, const struct gate *gate);
struct place at_work(const struct step *work);
/* A member of the step or entry, where it has one. */
struct place at_field(const struct checking *c, const struct step *work, const char *key);
struct place at_line(int line, int column);

/* The book's text from that place on; NULL where it was not given. */
const char *written_at(struct checking *c, int line, int column);

/* The JSON of a step or an entry; NULL where the book does not write it (what a phase's rollback stands for).
 */
const struct json *source_of(const struct checking *c, const struct step *work);
const struct json **sources_of(struct arena *arena, const struct book *book);

void found(struct checking *c, const struct check_rule *rule, struct place place, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* A finding that has words of its own. */
void found_as(struct checking *c, const struct check_finding *finding, struct place place);

/* report.c */
void ignoring_init(struct checking *c);
void ignoring_look(struct checking *c, const struct check_rule *unknown, const struct check_rule *unused);

/* ---- what several rules ask ---- */

/* Whether it changes something that has to be undone or could be found half done: a rollback of "none" says
 * that nothing is left to undo. */
bool step_matters(const struct step *step);
bool phase_changes(const struct book *book, size_t phase);
/* The first phase that is of that kind, or BOOK_NONE; the first that changes something. */
size_t first_of_kind(const struct book *book, enum phase_kind kind);
size_t first_change(const struct book *book);
/* Whether `word` stands in `text` (NULL allowed), in letters of any case. */
bool says(const char *text, const char *word);
const char *spelt(struct checking *c, int64_t us); /* "1h30m" */

/* A value for each metric that the conditions name, by which all of them hold (value.c). `conditions` is put
 * in another order. NULL when there is none; `ret_against` is then one of those that are against each other,
 * or that the metric never meets: "lag.seconds < 0", "locks.waiting = 0.5", "> 5" and "< 3". */
struct metric_value {
    size_t monitor;
    const char *metric;
    double value;
};
const struct metric_value *values_for(struct arena *arena, const struct book *book,
                                      const struct condition **conditions, size_t count, size_t *ret_count,
                                      const struct condition **ret_against);

#endif
