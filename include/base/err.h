/*
 * Errors as values.
 *
 * A fallible function returns 0 (or a count) on success and a negative `enum err_code` on failure, and
 * puts one sentence for a person in the caller's `struct err`: what, where, what was expected, what to do.
 * The message is plain text, already made visible (no control characters). A NULL `struct err *` is
 * allowed everywhere and means that the caller wants the code only.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

#define ERR_MESSAGE_MAX 1024

/* One list: the code, its word in messages and JSON, and the exit status that it means for a command. */
#define ERR_CODES(X)                                                                                         \
    X(ERR_INVALID, "invalid", 1)         /* malformed input: book, targets, theme, message */                \
    X(ERR_USAGE, "usage", 2)             /* malformed command line */                                        \
    X(ERR_REFUSED, "refused", 1)         /* a rule of the engine says no */                                  \
    X(ERR_NOT_FOUND, "not found", 1)     /* no such run, step, file */                                       \
    X(ERR_ENVIRONMENT, "environment", 3) /* a server, a tool or a privilege is missing */                    \
    X(ERR_IO, "io", 1)                   /* the operating system refused: errno is in the message */         \
    X(ERR_CORRUPT, "corrupt", 1)         /* a journal or a trail is not what was written */                  \
    X(ERR_LIMIT, "limit", 1)             /* over one of the stated maxima */                                 \
    X(ERR_BUSY, "busy", 1)               /* somebody else holds it */                                        \
    X(ERR_CLOSED, "closed", 1)           /* the other side went away */                                      \
    X(ERR_TIMEOUT, "timeout", 1)         /* the limit for this was reached */

enum err_code {
    ERR_NONE_ = -100, /* codes are negative and never zero */
#define X(name, word, status) name,
    ERR_CODES(X)
#undef X
};

struct err {
    int code; /* an enum err_code, or 0 when nothing was set */
    char message[ERR_MESSAGE_MAX];
};

/* clang-format off */
#define ERR_INIT { 0, "" }
/* clang-format on */

#define MUST_CHECK               __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define ARRAY_LEN(array)         (sizeof(array) / sizeof((array)[0]))

/* Sets `err` (NULL allowed) and returns `code`, so that a caller can write `return err_set(...)`. A message
 * over ERR_MESSAGE_MAX ends in "..."; control characters in it are made visible. Arguments may point into
 * `err` itself. */
int err_set(struct err *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);
int err_setv(struct err *err, enum err_code code, const char *format, va_list args) PRINTF_LIKE(3, 0);

/* As err_set, with ": " and the text of `error_number` (an errno) at the end. */
int err_set_errno(struct err *err, enum err_code code, int error_number, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Puts "<context>: " before the message that stands in `err` (which has one); returns its code. For a NULL
 * `err` that is ERR_NONE_: negative, so that a failure never turns into success on the way up. */
int err_prefix(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* The word of a code ("refused"); "unknown" for a number outside the list. */
const char *err_word(int code);

/* The exit status that a code means (1, 2 or 3); 0 for 0, 1 for a number outside the list. */
int err_exit_status(int code);

#endif
