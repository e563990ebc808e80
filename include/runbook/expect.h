/*
 * Questions and what they must answer: of a probe, a sense, a verification, a wait.
 *
 * All of it lives in the arena of its book and is borrowed by everyone else.
 */
#ifndef RUNBOOK_EXPECT_H
#define RUNBOOK_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct book;

enum comparison {
    IS_LESS,
    IS_LESS_EQUAL,
    IS_EQUAL,
    IS_NOT_EQUAL,
    IS_GREATER_EQUAL,
    IS_GREATER,
    COMPARISON_COUNT
};

/* A request, and what of its answer is the value: what stands at `pointer` in its JSON, or its body. An
 * answer with another status is no answer. */
struct http_query {
    const char *url;
    const char *method;  /* "GET" unless stated */
    const char *pointer; /* RFC 6901; NULL */
    int64_t status;      /* 200 unless stated */
};

/* What a query must answer. */
enum expect_kind {
    EXPECT_NOTHING,
    EXPECT_VALUE,
    EXPECT_ROWS,
    EXPECT_BETWEEN, /* a number from `value` to `most` */
    EXPECT_MATCHES, /* `value` is a POSIX extended regular expression */
    EXPECT_EQUALS,  /* what `other` answers, which has to be asked as well */
};
struct expect {
    enum expect_kind kind;
    enum comparison is; /* IS_EQUAL unless stated; EXPECT_ROWS: of the number of rows */
    const char *value;  /* EXPECT_VALUE: as text: "true", "0", "active"; a JSON null is NULL */
    const char *most;
    bool numeric; /* compare as numbers, exactly: as they are written, not as doubles */
    int64_t rows; /* EXPECT_ROWS */
    const struct query *other;
};

/* A query and what it must answer: a probe ("done already?"), a sense, a verification. */
struct query {
    size_t target;   /* BOOK_NONE: http */
    const char *sql; /* NULL: http, or (query_is_there) there is no query */
    const struct http_query *http;
    struct expect expect;
    int64_t timeout_us; /* 30 s unless stated */
};
bool query_is_there(const struct query *query);
/* The statement, or "GET https://...": for people. Empty when there is none. */
void query_text(struct buf *buf, const struct query *query);

const char *comparison_word(enum comparison is); /* "<" */

bool comparison_holds(enum comparison is, double left, double right); /* false when one is NaN */

/* Whether an answer of `rows` rows whose first value is `value` (NULL: SQL NULL, or no row) is what is
 * expected. With EXPECT_NOTHING anything is; EXPECT_EQUALS needs the other answer (expect_equal) and is never
 * met here. Numeric comparison of a text that is no number is false.
 * Booleans: "t" and "true" are equal, and "f" and "false". */
bool expect_met(const struct expect *expect, int64_t rows, const char *value);
/* EXPECT_EQUALS: whether two answers are the same; no row and NULL are equal to nothing. */
bool expect_equal(int64_t rows, const char *value, int64_t other_rows, const char *other);

/* What is expected, for people: "= 0", "3 rows", "= what "standby" answers to SELECT 1". */
void expect_text(struct buf *buf, const struct expect *expect, const struct book *book);

#endif
