/*
 * A statement: what a person signs who decides something in a run, as text. It says all that the decision is
 * bound to, so that it counts for nothing else: the run, the book with its targets and settings (and so every
 * command as it will be executed), what is decided and as whom, what was seen, and until when it may be used.
 *
 * The text is canonical JSON on one line; the signature (sign/sign.h, SIGN_DECISION) is over exactly it.
 */
#ifndef ENGINE_STATEMENT_H
#define ENGINE_STATEMENT_H

#include "engine/decide.h"

/* Bytes of a statement's text. */
#define STATEMENT_MAX (32 * 1024)
/* How long one may be used when nothing else is said, and the most that can be said. */
#define STATEMENT_VALID_US   (10 * MINUTE_US)
#define STATEMENT_LONGEST_US (24 * HOUR_US)

struct statement {
    const char *run, *book, *targets, *settings; /* id, and SHA-256 of what was frozen */
    const char *verb, *subject, *choice, *role;  /* choice and role "" where there is none */
    const char *text;                            /* reason or evidence, "" */
    const char *person;                          /* who signs; the key says who that is */
    const char *seen;                            /* values of the criteria at that time, "" */
    int64_t seq;                                 /* the last record that the person had seen */
    int64_t expires_wall_us;
};

/* What a person has to sign for this action in this run, at this time: `ret` borrows from all of them and
 * from `arena`. ERR_REFUSED when the action would be refused (`action->actor` is who asks), and ERR_INVALID
 * when it is of a kind that nobody signs. */
int statement_of(const struct run *run, const struct action *action, struct instant now, struct arena *arena,
                 struct statement *ret, struct err *err) MUST_CHECK;
/* Whether such an action is signed where a policy is in force. */
bool statement_wanted(const struct run *run, const struct action *action);

void statement_write(struct buf *buf, const struct statement *statement);
/* ERR_INVALID when the text is not one as statement_write writes it, byte for byte. */
int statement_read(struct arena *arena, const char *text, struct statement *ret, struct err *err) MUST_CHECK;

/* Whether it was made for this run as it was begun, is not over and will be within STATEMENT_LONGEST_US;
 * ERR_REFUSED with what does not fit. */
int statement_fits(const struct statement *statement, const struct run *run, struct instant now,
                   struct err *err) MUST_CHECK;
/* The action that it asks for; texts are borrowed from it. */
int statement_action(const struct statement *statement, struct action *ret, struct err *err) MUST_CHECK;

#endif
