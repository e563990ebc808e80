/*
 * The params of a book: declared, given a value, and checked before anything is resolved.
 */
#ifndef RUNBOOK_PARAM_H
#define RUNBOOK_PARAM_H

#include "load.h"

enum param_type {
    PARAM_IDENTIFIER,
    PARAM_INTEGER,
    PARAM_TEXT,
    PARAM_BOOLEAN,
    PARAM_DURATION,
    PARAM_SECRET, /* has no value here: only a command's environment and a webhook's URL may name it */
    PARAM_TYPE_COUNT
};

struct param {
    const char *name;
    enum param_type type;
    const char *value; /* NULL after a fault, and for secrets */
    const char *from;  /* secret: "env:NAME", "file:PATH", "command: ..." */
    int64_t min, max;  /* integer */
    const struct json *source;
    bool used;
    bool stands_in; /* nothing was given: the value only stands for one */
};

struct params {
    size_t count;
    struct param *list;
    bool of_check; /* of a ready-made check: "with" gives the values, else --param */
};

/* The param of that name, NULL. */
struct param *param_find(const struct loader *l, const char *name);

const char *param_type_word(enum param_type type);

#endif
