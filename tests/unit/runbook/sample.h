/*
 * A small book with one of everything, that tests break in one place each.
 *
 * In every text that a test gives to these functions, and in the faults that it expects, ` stands for ".
 */
#ifndef TEST_RUNBOOK_SAMPLE_H
#define TEST_RUNBOOK_SAMPLE_H

#include "runbook/book.h"

extern const char sample_book[];
extern const char sample_targets[];

/* The kinds of steps and fields that the sample does without, and the files that it names (kinds_sample.c).
 */
extern const char kinds_book[];
extern const struct book_options kinds_options;

/* What a load gave: the book, or the faults as text, one a line, "line:column: message"; those of the targets
 * file begin with "targets:". */
struct load {
    struct arena *arena;
    const struct book *book;
    struct buf faults;
};

void load_init(struct load *load, const char *text, const struct book_options *options);
void load_finish(struct load *load);

/* A load without faults as the state of a test, and its end. */
int load_state(void **state, const char *text, const struct book_options *options);
int finish_state(void **state);

/* Fails the test when there is none. */
const struct step *step_of(const struct book *book, const char *id);

/* `text` with the first `find` replaced; fails the test when there is none. Yours. */
char *replaced(const char *text, const char *find, const char *replacement);

/* One way to break the sample, and everything that is said about it. */
struct refusal {
    const char *find;
    const char *replacement;
    const char *faults;
};

/* Loads a book that is broken in that way, and fails the test unless it has exactly those faults. */
void refuse(const char *book, const struct book_options *options, const struct refusal *refusal);
/* Loads the sample once for each case and fails the test unless it has exactly those faults. */
void refuse_all(const struct refusal *cases, size_t count);
/* The same with the book of kinds. */
void refuse_all_kinds(const struct refusal *cases, size_t count);

#endif
