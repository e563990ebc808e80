/*
 * The examples of the rules, as books: a small book of which nothing can be said, with one thing put into it.
 */
#ifndef TEST_CHECK_EXAMPLE_H
#define TEST_CHECK_EXAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "check/check.h"

/* A step is the only one of phase "change", a phase stands in the place of the one with its id, a gate is
 * that of phase "before", anything else are members of the book. NULL: the book as it is. */
const char *example_text(struct arena *arena, const char *example);

/* What is said of a book; fails when it has faults. */
const struct check_report *report_of(struct arena *arena, const char *text);
const struct check_report *report_with(struct arena *arena, const char *text,
                                       const struct check_options *options);
/* The first finding with that code; NULL. */
const struct check_finding *finding_of(const struct check_report *report, const char *code);
/* "3:14: error: message [code]\n" for each. */
const char *told(struct arena *arena, const struct check_report *report);

#endif
