/*
 * The shape of a book, as one tree: what stands in each object, list and map that a table of fields only
 * names.
 *
 * A table of fields decodes one object, and says no more of what is nested than "an object" or "an array".
 * The parts beside it say the rest. Two read the tree: describe.c, which checks what is only shown, and
 * schema.c, which writes the whole as a JSON Schema; what decodes a book and what describes it are the same
 * rows. Each object's shape stands beside its table. All of it is constant.
 */
#ifndef RUNBOOK_SHAPE_H
#define RUNBOOK_SHAPE_H

#include "json/json.h"

struct step_place; /* step.h */

/* How what is described stands under its key. */
enum shape_form {
    FORM_ONE,   /* by itself */
    FORM_LIST,  /* an array of it */
    FORM_MAP,   /* an object with it under each key */
    FORM_STEPS, /* an array of steps, of the kinds that may stand at `place` */
};

/* An object. */
struct shape {
    const char *name; /* of what stands in many places, for the schema; NULL: in one place only */
    const struct json_field *fields;
    const struct shape_part *parts; /* of those fields; ends with a row whose key is NULL; NULL: none */
    const char *const *either; /* fields of which it has exactly one; ends with NULL; NULL: no such fields */
};

/* What stands under a key of an object. Every field that is an object, an array or a value needs one. */
struct shape_part {
    const char *key;
    enum shape_form form;
    /* It, or each in the list or map, is one of these three; an object or a value where both are there. */
    const struct shape *shape;     /* an object */
    const struct json_field *item; /* what this row says, whose key means nothing */
    unsigned types;                /* a value of one of them: SHAPE_TYPE, SHAPE_INTEGER, SHAPE_NOTHING */

    const struct step_place *place; /* FORM_STEPS: nothing else than this */
    const char *keys;               /* FORM_MAP: a pattern that every key matches; NULL: any key */
    bool shown;                     /* not executed, and decoded by nobody: load_descriptions checks it */
};

#define SHAPE_TYPE(type) (1u << (type)) /* of an enum json_type */
#define SHAPE_INTEGER    SHAPE_TYPE(JSON_OBJECT + 1)
#define SHAPE_NOTHING    SHAPE_TYPE(JSON_OBJECT + 2) /* no value is right */

/* As text_is_id and is_variable have them. */
#define SHAPE_ID       "^[a-z0-9][a-z0-9._-]{0,63}$"
#define SHAPE_VARIABLE "^[A-Za-z_][A-Za-z0-9_]*$"

/* The whole, and the objects of which it is made. */
extern const struct shape book_shape;
extern const struct shape param_shape, target_shape, role_shape, monitor_shape, trigger_shape, phase_shape,
    gate_shape, tools_shape, rehearsal_shape;
extern const struct shape condition_shape, expect_shape, query_shape, http_shape, each_shape, notice_shape,
    ignored_shape, unattended_shape;
/* Of what is only shown. */
extern const struct shape strategy_shape, environment_shape, objectives_shape, risk_shape;

/* The part that says what stands under `key`; NULL: none does. */
const struct shape_part *shape_part(const struct shape *shape, const char *key);

#endif
