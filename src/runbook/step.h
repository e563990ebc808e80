/*
 * What the files of the step kinds share: each has a table of its fields, and a function that makes a step of
 * what was decoded. step.c holds the table of the kinds.
 */
#ifndef RUNBOOK_STEP_H
#define RUNBOOK_STEP_H

#include "load.h"

/* The fields of every kind. Each kind's struct begins with them. */
struct step_common {
    const char *kind;
    const char *id;
    const char *title;
    struct duration_range estimate;
    struct json_texts after;
    bool background;
    const struct json *ignored;
};
#define STEP_COMMON_ROWS                                                                                     \
    { "id", JSON_FIELD_ID,       offsetof(struct step_common, id), STEP_NEEDED_IN_PHASE, NULL, 0,            \
      0,    "unique in the book" },                                                                          \
        { "kind", JSON_FIELD_TEXT,    offsetof(struct step_common, kind), JSON_REQUIRED, NULL, 0,            \
          0,      "what kind of step" },                                                                     \
        { "title",                                                                                           \
          JSON_FIELD_TEXT,                                                                                   \
          offsetof(struct step_common, title),                                                               \
          JSON_NONEMPTY,                                                                                     \
          NULL,                                                                                              \
          0,                                                                                                 \
          0,                                                                                                 \
          "one line for the operator" },                                                                     \
        { "estimate", JSON_FIELD_RANGE,   offsetof(struct step_common, estimate), 0, NULL, 0,                \
          0,          "how long it takes" },                                                                 \
        { "background",                                                                                      \
          JSON_FIELD_BOOL,                                                                                   \
          offsetof(struct step_common, background),                                                          \
          0,                                                                                                 \
          NULL,                                                                                              \
          0,                                                                                                 \
          0,                                                                                                 \
          "what comes after it in its phase need not wait for it, unless it says so with \"after\"" },       \
        { "after",                                                                                           \
          JSON_FIELD_TEXTS,                                                                                  \
          offsetof(struct step_common, after),                                                               \
          0,                                                                                                 \
          NULL,                                                                                              \
          0,                                                                                                 \
          0,                                                                                                 \
          "steps before it that must be done" },                                                             \
    {                                                                                                        \
        "ignore", JSON_FIELD_ARRAY, offsetof(struct step_common, ignored), JSON_NONEMPTY, NULL, 0, 0,        \
            "what the checker says of it and is right all the same"                                          \
    }

/* What stands in those; every kind's table of parts begins with it. */
#define STEP_COMMON_PARTS                                                                                    \
    {                                                                                                        \
        "ignore", FORM_LIST, .shape = &ignored_shape                                                         \
    }

/* What a person does and says. */
struct step_person {
    const char *by;
    bool evidence;
    const char *instructions;
    const struct json *unattended;
};
#define STEP_PERSON_ROWS(type)                                                                                 \
    { "by", JSON_FIELD_TEXT, offsetof(type, person.by), 0, NULL, 0, 0, "the role that has to tick it" },       \
        { "evidence",                                                                                          \
          JSON_FIELD_BOOL,                                                                                     \
          offsetof(type, person.evidence),                                                                     \
          0,                                                                                                   \
          NULL,                                                                                                \
          0,                                                                                                   \
          0,                                                                                                   \
          "what was seen has to be typed in" },                                                                \
        { "instructions", JSON_FIELD_TEXT, offsetof(type, person.instructions), 0, NULL, 0, 0, "what to do" }, \
    {                                                                                                          \
        "unattended", JSON_FIELD_VALUE, offsetof(type, person.unattended), 0, NULL, 0, 0,                      \
            "in a rehearsal with nobody there: the evidence, and what does it instead"                         \
    }
#define STEP_PERSON_PARTS                                                                                    \
    {                                                                                                        \
        "unattended", FORM_ONE, .types = SHAPE_TYPE(JSON_TEXT), .shape = &unattended_shape                   \
    }

/* What a kind that can change something says about that. */
struct step_change {
    const struct json *done_when;
    const struct json *rollback;
    const char *irreversible;
};
#define STEP_CHANGE_ROWS(type) STEP_CHANGE_ROWS_PROBED(type, 0)
/* `probed`: the flags of "done_when". */
#define STEP_CHANGE_ROWS_PROBED(type, probed)                                                                \
    { "done_when",                                                                                           \
      JSON_FIELD_OBJECT,                                                                                     \
      offsetof(type, change.done_when),                                                                      \
      probed,                                                                                                \
      NULL,                                                                                                  \
      0,                                                                                                     \
      0,                                                                                                     \
      "a query that tells whether it is done already" },                                                     \
        { "rollback", JSON_FIELD_ARRAY,        offsetof(type, change.rollback), JSON_NONEMPTY, NULL, 0,      \
          0,          "the steps that undo it" },                                                            \
    {                                                                                                        \
        "irreversible", JSON_FIELD_TEXT, offsetof(type, change.irreversible), JSON_NONEMPTY, NULL, 0, 0,     \
            "why it cannot be undone"                                                                        \
    }

/* What stands in those; for the kind's table of parts. */
#define STEP_CHANGE_PARTS                                                                                    \
    { "done_when", FORM_ONE, .shape = &query_shape },                                                        \
    {                                                                                                        \
        "rollback", FORM_STEPS, .place = &step_in_rollback                                                   \
    }

/* What can be told to be harmless when it is done again. */
#define STEP_AGAIN_ROW(type)                                                                                 \
    {                                                                                                        \
        "idempotent", JSON_FIELD_BOOL, offsetof(type, idempotent), 0, NULL, 0, 0,                            \
            "doing it once more changes nothing; a rehearsal tries that"                                     \
    }

/* A flag of a field, besides those of json.h: a step of a phase has to have it. An entry of a rollback does
 * without, or takes it from the step that it undoes. */
#define STEP_NEEDED_IN_PHASE 0x100u

struct step_kind_def {
    const struct json_field *fields;
    size_t size;          /* of the kind's struct */
    const void *defaults; /* such a struct; NULL: all zero */
    /* Makes the step of what was decoded, which may have faults: any text or object in it may be NULL. */
    void (*build)(struct loader *l, const struct json *source, const void *fields, struct step *step);
    /* What stands in the fields, and fields of which it has exactly one: as in struct shape. */
    const struct shape_part *parts;
    const char *const *either;
};

extern const struct step_kind_def check_kind, manual_kind, sql_kind, command_kind, verify_kind, wait_kind,
    backfill_kind, osc_kind, compare_kind, notify_kind, none_kind;

/* NULL for a kind that stands in no book. */
const struct step_kind_def *step_kind_def(enum step_kind kind);

/* Where a step stands decides what may stand there, and what it has. Lists of keys end with NULL. */
struct step_place {
    const char *name;           /* what the schema calls a step there */
    const bool *kinds;          /* by enum step_kind: may it stand there */
    unsigned required;          /* flags of fields, any of which makes it one that has to be there */
    const char *const *without; /* fields that it does not have there */
    const char *const *either;  /* a kind that has these fields has exactly one of them there; NULL: none */
};
extern const struct step_place step_in_phase, step_in_verification, step_in_rollback;

/* Decodes a step of a phase, or, when `owner` is not NULL, an entry of that step's rollback. The caller has
 * put the id of an entry, phase and index. */
void load_step(struct loader *l, const struct json *source, struct step *step, const struct step *owner);

/* A step of a phase's "verification"; `id` unless it has one of its own. */
void load_verification(struct loader *l, const struct json *source, struct step *step, const char *id);

/* The step that stands for the beginning of a phase, whose rollback is the phase's. */
void load_mark(struct loader *l, const struct json *rollback, struct step *step, const struct phase *phase);

void load_step_person(struct loader *l, const struct json *source, const struct step_person *person,
                      struct step *step);
/* "argv" of `source`: the program has a name. It is not one text. */
const char *const *load_argv(struct loader *l, const struct json *source, const struct json_texts *texts);
/* "done_when". Asked before the step too: it comes before what the step answers has a name. */
void load_step_probe(struct loader *l, const struct step_change *change, struct step *step);
void load_step_change(struct loader *l, const struct json *source, const struct step_change *change,
                      struct step *step);

/* "use": a ready-made check. The target of the step is there already. */
void load_use(struct loader *l, const struct json *source, const char *name, const struct json *with,
              struct step *step);

/* "for_each": what the step is done for, one after the other. */
void load_each(struct loader *l, const struct json *source, struct step *step);

/* The target that is named, or for an entry of a rollback that of its owner. */
size_t load_step_target(struct loader *l, const struct json *source, const char *name,
                        const struct step *step);

/* After all steps are there: what each has to wait for. */
void load_step_order(struct loader *l);

#endif
