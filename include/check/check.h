/*
 * Judging a book before anyone trusts it: what goes wrong on the night although every word of the book is
 * right.
 *
 * A rule is a row with a code that never changes. What it finds has a place in the book, or in the file that
 * a step names, and is an error, a warning or a note. A book may say of a finding that it is right as it
 * stands
 * ("ignore", with a reason): then it is counted apart, and told with the reason.
 *
 * Pure: no clock, no input, no output. Everything that is returned lives in the arena that was given, and
 * borrows from the book.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "runbook/book.h"

struct sql_catalog; /* sql/sql.h */
struct sql_server;

enum check_severity { CHECK_ERROR, CHECK_WARNING, CHECK_NOTE, CHECK_SEVERITY_COUNT };
const char *check_severity_word(enum check_severity severity); /* "error", as compilers have it */

struct check_rule {
    const char *code; /* "phase-without-verification" */
    enum check_severity severity;
    const char *title;     /* one line */
    const char *text;      /* what goes wrong on the night */
    const char *versions;  /* since when it is so; "" where it is no question */
    const char *safe_form; /* what to do instead */
    /* Examples, judged by a test: the first is found, the second is not. Of a plan they are JSON, of a
     * statement SQL. */
    const char *bad, *good;
};

/* All rules, of plans and then of statements. False: there is none of that index or code. */
bool check_rule_at(size_t index, struct check_rule *ret);
bool check_rule_find(const char *code, struct check_rule *ret);
/* The nearest code, for a misspelt one; NULL. */
const char *check_rule_nearest(const char *code);

/* What stands in the place of a code where a book could not be loaded. */
#define CHECK_CODE_BOOK "book"

struct check_finding {
    const char *code;
    enum check_severity severity;
    const char *file; /* as it was given or as the book names it */
    int line, column; /* from 1; 0: of no place */
    const char *message;
    const char *safe_form; /* what to write instead; NULL */
    const char *ignored;   /* the reason that the book gives; NULL: it counts */
};

/* More findings of one severity than this are counted and not told: warnings never crowd out an error. */
#define CHECK_FINDINGS_MAX 10000

/* A lock that others notice: it blocks writes, or what else changes tables. */
struct check_lock {
    size_t step, entry;   /* as in book_work */
    const char *relation; /* "public.users" */
    const char *mode;     /* "AccessExclusiveLock" */
    const char *blocks;   /* "blocks reads and writes" */
    const char *work;     /* under it: "rewrites it"; "" for an instant */
    bool kept;            /* from a statement before in the same transaction */
    bool dangerous;
};

struct check_report {
    size_t lock_count;
    const struct check_lock *locks; /* the steps in the order of the book, then the ways back */
    size_t count;
    const struct check_finding *findings;     /* by file, the book's first, and place */
    size_t more;                              /* that are not told */
    size_t by_severity[CHECK_SEVERITY_COUNT]; /* that count, told or not */
    size_t ignored;
};

/* What is known besides the book. */
struct check_options {
    struct sql_catalog *const *catalogs; /* of each target, by index, moved on by the check; NULL: nothing */
    const struct sql_server *servers;    /* goes with them */
    const char *text; /* the book's, as it was loaded: for the place of a statement within a text; NULL */
    /* The text of a file that a command reads, by its path, from the directory of the book on, and NULL with
     * the reason when it cannot be read. NULL: nobody reads files. */
    const char *(*read)(void *data, const char *path, const char **ret_why);
    void *data;
};
/* Which server a target is, as far as the book says: the last release of the series that its constraint names
 * (of ">=12" that is 12, the least that it may be; of "<15" it is 14), else of the environment's, else the
 * newest that is known. */
void check_server(const struct book *book, size_t target, struct sql_server *ret);

/* Judges a book that was loaded. `options` may be NULL. */
const struct check_report *check_book(struct arena *arena, const struct book *book,
                                      const struct check_options *options);
/* The same report of a book, or a targets file, that has faults and is no book. `targets` may be NULL. */
const struct check_report *check_faults(struct arena *arena, const char *path,
                                        const struct json_faults *faults, const char *targets_path,
                                        const struct json_faults *targets);

#endif
