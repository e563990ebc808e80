/*
 * What the files of this room share while a book is being loaded.
 *
 * Every load_ function adds its faults to the loader and goes on, so that one pass finds them all; what it
 * leaves behind after a fault is safe to look at and never leaves book_load. The position in a fault is that
 * of the JSON value at hand.
 */
#ifndef RUNBOOK_LOAD_H
#define RUNBOOK_LOAD_H

#include "ids.h"
#include "runbook/book.h"

struct params;        /* param.h */
struct communication; /* notify.c */

/* A step uses what another one answers. */
struct later_use {
    const struct later_value *value;
    size_t step;
    const struct json *where;
};

struct loader {
    struct arena *arena;
    struct json_faults *faults;
    const struct book_options *options;
    struct book *book;
    struct book_ids *ids;
    struct params *params;
    const struct json **step_sources;     /* by a step's index; NULL: made, not written */
    size_t at_step;                       /* the step that is being loaded */
    struct communication *communications; /* in the order of ids->notices */
    size_t resolved_left;                 /* bytes that params may still make of the book's texts */
    struct later_use *uses;               /* each once for a step, in the order of the book */
    size_t use_count, use_room;
    size_t timing_at; /* in options->timings, where the next one is looked for first */
};

/* Where a text will land decides how a param is quoted and what the text may hold. */
enum landing {
    LAND_LINE,       /* one line that is shown */
    LAND_TEXT,       /* some lines that are shown */
    LAND_ARGUMENT,   /* an argument, a directory or an environment variable of a command */
    LAND_URL,        /* use resolve_url */
    LAND_POSTGRESQL, /* SQL: use landing_sql */
    LAND_MYSQL,
    LAND_MARIADB,
    LANDING_COUNT
};

/* ---- small things (load.c) ---- */

void load_fault(struct loader *l, const struct json *where, const char *format, ...) PRINTF_LIKE(3, 4);

/* json_decode with the loader's arena and faults, and the params in durations replaced. True when all was
 * right; else what could be read is in `out`, for a caller that goes on to find more faults. */
bool load_fields(struct loader *l, const struct json *object, const struct json_field *fields, void *out,
                 const char *what);

/* The member if it is there, else the object: a position for a fault. */
const struct json *load_at(const struct json *object, const char *key);

/* The `index`th item of a field that may be one text or an array of texts. */
const struct json *load_item(const struct json *value, size_t index);

/* "; did you mean "x"?", or "". */
const char *load_hint(struct loader *l, const char *word, const char *const *names, size_t count);

/* A fault where the target is of another engine, of which `what` cannot be had yet. */
void load_postgresql_only(struct loader *l, const struct json *where, const char *what, size_t target);

/* What `name` stands for. An unknown one is a fault ("no target "x"") and gives BOOK_NONE; NULL, after a
 * fault that is there already, gives BOOK_NONE. */
size_t load_reference(struct loader *l, const struct json *where, const struct id_map *map, const char *what,
                      const char *name);

/* Enters an id; one that is there already, or that does not look like one, is a fault. NULL is let pass. */
void load_id(struct loader *l, const struct json *where, struct id_map *map, const char *what,
             const char *name, size_t index);

/* The items of an object or array, 0 for NULL. */
size_t load_count(const struct json *value);

/* Whether it can be the name of an environment variable. */
bool is_variable(const char *name);

/* ---- params (param.c, resolve.c) ---- */

void load_params(struct loader *l, const struct json *params);
void load_params_unused(struct loader *l);

/* Where a text lands that is for that target, by whose engine it is read; BOOK_NONE, after a fault: as
 * PostgreSQL does. */
enum landing landing_sql(const struct loader *l, size_t target);
enum target_engine engine_of(const struct loader *l, size_t target);

/* `text` with its params replaced. Never NULL when `text` is not. */
const char *resolve(struct loader *l, const struct json *where, const char *text, enum landing landing);

/* The same of a URL (url.c), which has to be one that can be asked, whatever is put in later. */
const char *resolve_url(struct loader *l, const struct json *where, const char *text);

/* Faults for the values that are known only later (fill.c) in a text where nothing puts them in before it is
 * used. NULL is let pass. */
void refuse_later(struct loader *l, const struct json *where, const char *text);

/* A descriptive part, which is shown and not resolved: its params must exist and count as used. */
void resolve_nothing(struct loader *l, const struct json *value);

/* The param of a text that is one secret param and nothing else; NULL for any other. */
const struct param *resolve_secret(struct loader *l, const char *text);

/* ---- values that are known later (fill.c) ---- */

/* A step answers it ("as"), or is done for each of them. A name that is a param's or was given already is a
 * fault. NULL is let pass. */
void later_declare(struct loader *l, const struct json *where, const char *name, enum fill_type type,
                   bool is_item);
/* What the name stands for in the step at hand, NULL. */
const struct later_value *later_find(const struct loader *l, const char *name);
/* The text at hand uses it. */
void later_used(struct loader *l, const struct json *where, const struct later_value *later);
/* After the order of the steps is known: a step that uses an answer which may not be there yet when it begins
 * is a fault. */
void check_later_order(struct loader *l);

/* ---- files that the book names (files.c) ---- */

/* The file's text; NULL after a fault. */
const char *load_file(struct loader *l, const struct json *where, const char *name);

/* ---- sections, in the order in which they are loaded ---- */

void load_roles(struct loader *l, const struct json *roles);
void load_targets(struct loader *l, const struct json *targets);
void load_targets_file(struct loader *l, struct json_faults *faults);
void load_communications(struct loader *l, const struct json *communications);
/* After the phases: the texts that no step sends. */
void load_communications_unsent(struct loader *l);
void load_monitors(struct loader *l, const struct json *monitors);
void load_triggers(struct loader *l, const struct json *triggers);
void load_phases(struct loader *l, const struct json *phases);
void load_tools(struct loader *l, const struct json *tools);
/* After the phases: a step, or an entry of its rollback, that calls what the book forbids is a fault. */
void check_forbidden_tools(struct loader *l);
/* Before the phases: it knows no value that comes later. */
void load_rehearsal(struct loader *l, const struct json *source);
void load_gate(struct loader *l, const struct json *source, size_t phase);
void load_descriptions(struct loader *l, const struct json *book);

/* ---- parts of sections ---- */

/* "ignore" of the book, a phase or a step; NULL: there is none. Returns how many. */
size_t load_ignored(struct loader *l, const struct json *source, const struct ignored **ret);

/* The rows of a condition; `type` begins with a struct condition_fields. */
struct condition_fields {
    const char *metric;
    int is;
    const struct json *value;
    int64_t for_us;
    int64_t age_us;
};
#define CONDITION_DEFAULTS                                                                                   \
    {                                                                                                        \
        .age_us = 3 * SECOND_US                                                                              \
    }
#define CONDITION_ROWS                                                                                       \
    { "metric",                                                                                              \
      JSON_FIELD_TEXT,                                                                                       \
      offsetof(struct condition_fields, metric),                                                             \
      JSON_REQUIRED,                                                                                         \
      NULL,                                                                                                  \
      0,                                                                                                     \
      0,                                                                                                     \
      "monitor.metric, as in \"lag.seconds\"" },                                                             \
        { "is",                                                                                              \
          JSON_FIELD_ENUM,                                                                                   \
          offsetof(struct condition_fields, is),                                                             \
          JSON_REQUIRED,                                                                                     \
          comparison_words,                                                                                  \
          0,                                                                                                 \
          0,                                                                                                 \
          "how the metric is compared with the value" },                                                     \
        { "value",                                                                                           \
          JSON_FIELD_VALUE,                                                                                  \
          offsetof(struct condition_fields, value),                                                          \
          JSON_REQUIRED,                                                                                     \
          NULL,                                                                                              \
          0,                                                                                                 \
          0,                                                                                                 \
          "what the metric is compared with, in its unit: a number, or \"${param}\"" },                      \
        { "for",                                                                                             \
          JSON_FIELD_DURATION,                                                                               \
          offsetof(struct condition_fields, for_us),                                                         \
          0,                                                                                                 \
          NULL,                                                                                              \
          0,                                                                                                 \
          0,                                                                                                 \
          "how long it must have held without a break" },                                                    \
    {                                                                                                        \
        "age", JSON_FIELD_DURATION, offsetof(struct condition_fields, age_us), 0, NULL, 0, 0,                \
            "an older sample counts as no data; 3s unless stated"                                            \
    }

#define CONDITION_PARTS                                                                                      \
    {                                                                                                        \
        "value", FORM_ONE, .types = SHAPE_TYPE(JSON_NUMBER) | SHAPE_TYPE(JSON_TEXT)                          \
    }

/* Checks decoded fields and makes a condition of them. */
struct condition load_condition_fields(struct loader *l, const struct json *source,
                                       const struct condition_fields *fields);
struct condition load_condition(struct loader *l, const struct json *source, const char *what);

/* "15", ">=15.4". */
bool is_version_constraint(const char *text);

struct expect load_expect(struct loader *l, const struct json *source);

/* A query that stands in an object of its own. `target`: where it runs if it names none, BOOK_NONE if it
 * must. Without "expect" it has to answer true. */
struct query load_query(struct loader *l, const struct json *source, const char *what, size_t target);

/* The same of one whose answer is judged: none that waits for the truth values of another engine. */
struct query load_judged_query(struct loader *l, const struct json *source, const char *what, size_t target);
void load_truth(struct loader *l, const struct json *source, const struct query *query);

/* The answer that is true unless something else is expected. */
struct expect expect_true(void);
/* A request in an object of its own. */
const struct http_query *load_http(struct loader *l, const struct json *source);
/* `pointer` itself, after a fault when it is none (RFC 6901). NULL is let pass. */
const char *load_pointer(struct loader *l, const struct json *where, const char *pointer);
/* Several conditions, each in an object. */
const struct condition *load_conditions(struct loader *l, const struct json *list, size_t *ret_count);
/* The same of what is looked at in passing ("a throttle"): nobody keeps since when it holds. */
const struct condition *load_passing_conditions(struct loader *l, const struct json *list, const char *what,
                                                size_t *ret_count);
/* The texts of a list, resolved. */
const char *const *load_texts(struct loader *l, const struct json *where, const struct json_texts *texts,
                              enum landing landing);
/* The same, where nothing puts in what is known only later. */
const char *const *load_fixed_texts(struct loader *l, const struct json *where,
                                    const struct json_texts *texts, enum landing landing);

/* The same, each of them the name of one column, as the SQL of every engine has it; anything else is a fault.
 */
const char *const *load_columns(struct loader *l, const struct json *where, const struct json_texts *texts);

/* One statement that is to be asked of `target`; anything else is a fault. */
const char *load_query_sql(struct loader *l, const struct json *where, const char *sql, size_t target);

/* What stands inside a statement that the program makes for `target`, as the field `key` of `source` has it;
 * anything that would make another statement of it is a fault. NULL is let pass. */
const char *load_sql_part(struct loader *l, const struct json *source, const char *key, const char *text,
                          size_t target);

/* ---- words (words.c): NULL-terminated, in the order of their enums ---- */

extern const char *const comparison_words[];
extern const char *const step_kind_words[];
extern const char *const phase_kind_words[];
extern const char *const risk_words[]; /* from RISK_LOW */
extern const char *const target_engine_words[];
extern const char *const target_role_words[]; /* from TARGET_PRIMARY */
extern const char *const monitor_kind_words[];
extern const char *const osc_tool_words[];

#endif
