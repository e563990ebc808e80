/*
 * What a runner and its clients say to each other: one JSON object a line. The client says
 *
 *     {"hello":{"wire":1,"name":"mia","kind":"screen","watch":false}}
 *     {"action":{"n":1,"verb":"start","subject":"add-column"}}
 *     {"action":{"n":2,"verb":"vote",...,"statement":"...","signature":"..."}}
 *
 * (of a signed action the statement counts, see engine/statement.h), and the runner
 *
 *     {"welcome":{"wire":1,"run":"...","operator":"mia","watch":false}}
 *     {"event":{...}}
 *     {"live":true}
 *     {"output":{"step":"...","bytes":"..."}}
 *     {"reply":{"n":1,"ok":false,"rule":"...","text":"..."}}
 *     {"halt":{"text":"..."}}
 *
 * Events are every record so far, then the passing ones still remembered; after "live" they and the output
 * come as they happen. "halt": the journal cannot be written, and nothing new is done.
 *
 * What was recorded is told in the same words, one way, by whoever reads it (`tminus-runner feed`):
 *
 *     {"frozen":{"settings":312,"book":5120,"targets":-1}}
 *
 * and so many bytes of run.json, book.json and targets.json (-1: there is none), and a newline; then events
 * and output in the order in which they came. "live" is the end, "halt" that nothing more can be read.
 *
 * Bytes of output travel as text with everything outside UTF-8 made visible.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "engine/decide.h"
#include "engine/event.h"

#define WIRE_VERSION 1

/* A person's name stands in the trail and in git's author line: 1 to WIRE_NAME_MAX bytes, nothing that cannot
 * be seen or that git reads as markup, and not the name that the program itself goes by. */
#define WIRE_NAME_MAX 64
bool wire_is_name(const char *name);

/* What a person may say in one action, in bytes: with it every record stays under the maximum of a journal's
 * line. */
#define WIRE_TEXT_MAX 4096

enum wire_type {
    WIRE_HELLO,
    WIRE_WELCOME,
    WIRE_EVENT,
    WIRE_LIVE,
    WIRE_OUTPUT,
    WIRE_ACTION,
    WIRE_REPLY,
    WIRE_HALT,
    WIRE_FROZEN,
    WIRE_TYPE_COUNT
};

enum wire_client { WIRE_SCREEN, WIRE_SCRIPT, WIRE_FOLLOWER, WIRE_CLIENT_COUNT };

struct wire_message {
    enum wire_type type;
    int64_t version;          /* hello, welcome */
    const char *name;         /* hello: who; welcome: the operator */
    enum wire_client client;  /* hello */
    bool watch;               /* hello, welcome */
    const char *run;          /* welcome */
    struct event event;       /* event */
    const char *step, *bytes; /* output */
    struct action action;     /* action; the actor is the runner's business */
    int64_t number;           /* action, reply */
    bool ok;                  /* reply */
    const char *rule, *text;  /* reply refused, halt */
    int64_t settings_len, book_len, targets_len, certificate_len; /* frozen */
};

/* Writes one message without a newline. */
void wire_write(struct buf *buf, const struct wire_message *message);
/* Reads one; texts live in `arena`. ERR_INVALID with what is wrong. */
int wire_read(struct arena *arena, const char *line, size_t len, struct wire_message *ret,
              struct err *err) MUST_CHECK;

/* An event message around a record as it stands in the journal (JSON text), without decoding it. */
void wire_write_raw_event(struct buf *buf, const char *json, size_t len);

#endif
