/*
 * JSON, strictly. The only room that includes cJSON.
 *
 * Reading refuses what cJSON would let through: a file over JSON_MAX_BYTES, depth over JSON_MAX_DEPTH,
 * invalid UTF-8, NUL (also as \u0000) and other raw control characters, duplicate keys, numbers that a double
 * does not hold (1e999, 1e-999) or of over 63 characters, integers beyond 2^53, lone surrogates, anything
 * after the value, a byte order mark.
 * Every value knows the line and the column where it begins.
 *
 * Writing is canonical: no white space, fields in the order in which they were written, everything outside
 * printable ASCII escaped, integers without exponent. The same input gives the same bytes.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define JSON_MAX_BYTES (1024 * 1024)
#define JSON_MAX_DEPTH 32

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

/* An immutable value in the arena that it was parsed into. */
struct json {
    enum json_type type;
    int line;     /* 1-based; of the first byte of the value */
    int column;   /* 1-based, in bytes */
    int key_line; /* of the key that it stands under, 0 outside objects */
    int key_column;
    const char *key; /* NULL outside objects */
    bool boolean;
    double number;
    bool integer; /* the number has no fraction and no exponent, |n| <= 2^53 */
    const char *text;
    size_t count; /* items of an array or object */
    const struct json *items;
};

/* Where a fault stands and what it is; all faults of one pass are collected. */
struct json_fault {
    int line;
    int column;
    const char *message;
};

/* At most JSON_FAULTS_MAX are kept; `more` counts the rest. */
#define JSON_FAULTS_MAX 100
struct json_faults {
    struct arena *arena; /* where the messages live; set by json_faults_init */
    size_t count;
    size_t more;
    struct json_fault list[JSON_FAULTS_MAX];
};

void json_faults_init(struct json_faults *faults, struct arena *arena);
void json_fault_add(struct json_faults *faults, int line, int column, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Parses `len` bytes. On failure: NULL and one fault (a syntax error ends the pass). */
const struct json *json_parse(struct arena *arena, const char *bytes, size_t len, struct json_faults *faults);

/* As json_parse for one line of a protocol or journal: NULL and the fault as `err`, ERR_LIMIT when it is over
 * `max_bytes`, else ERR_INVALID. */
const struct json *json_parse_line(struct arena *arena, const char *bytes, size_t len, size_t max_bytes,
                                   struct err *err);

/* The member, NULL if `object` is not an object or has none of that name. */
const struct json *json_member(const struct json *object, const char *key);
const char *json_type_word(enum json_type type); /* "a text", "an object" */

/* How many bytes of a text as its document writes it, from behind the quote on, stand for its first `count`:
 * an escape is longer than what it stands for. */
size_t json_written(const char *written, size_t count);

/* ---- shapes as data ---- */

/* What a field holds; `offset` is where in the struct it goes, with the C type named here. */
enum json_kind {
    JSON_FIELD_TEXT,     /* const char * */
    JSON_FIELD_ID,       /* const char *, must be an id (text_is_id) */
    JSON_FIELD_BOOL,     /* bool */
    JSON_FIELD_INTEGER,  /* int64_t, within min..max of the row */
    JSON_FIELD_NUMBER,   /* double */
    JSON_FIELD_DURATION, /* int64_t, microseconds */
    JSON_FIELD_RANGE,    /* struct duration_range */
    JSON_FIELD_SIZE,     /* int64_t, bytes */
    JSON_FIELD_ENUM,     /* int, index into `words` */
    JSON_FIELD_TEXTS,    /* struct json_texts: an array of texts (one text counts as an array of one) */
    JSON_FIELD_VALUE,    /* const struct json *: decoded by the caller */
    JSON_FIELD_OBJECT,   /* const struct json *: must be an object; decoded by the caller */
    JSON_FIELD_ARRAY,    /* const struct json *: must be an array; decoded by the caller */
};

struct json_texts {
    size_t count;
    const char *const *list;
};

#define JSON_REQUIRED 1u
#define JSON_NONEMPTY 2u /* a text or array that must not be empty */
/* Bits from 0x100 on are the caller's, and mean nothing here. */

struct json_field {
    const char *key;
    enum json_kind kind;
    size_t offset;
    unsigned flags;
    const char *const *words; /* JSON_FIELD_ENUM: NULL-terminated */
    int64_t min, max;         /* JSON_FIELD_INTEGER; both 0: no limit */
    const char *help;         /* one line, for the schema */
};

/* Decodes `object` into `out` (the caller zeroed it or put defaults there) by the rows of `fields`, which end
 * with a row whose key is NULL. Unknown keys, missing ones and wrong types are faults, with the nearest known
 * name; it goes on after a fault. `what` names the thing in messages ("step", "target \"primary\"").
 * Returns 0, or ERR_INVALID when it added a fault. */
int json_decode(struct arena *arena, const struct json *object, const struct json_field *fields, void *out,
                const char *what, struct json_faults *faults) MUST_CHECK;

/* ---- writing ---- */

struct json_writer {
    struct buf *buf;
    unsigned depth;
    uint64_t has_item; /* a bit for each depth: a comma is due */
};

void json_write_init(struct json_writer *w, struct buf *buf);
void json_open(struct json_writer *w, const char *key);       /* {   (key NULL in arrays and at the top) */
void json_close(struct json_writer *w);                       /* } */
void json_open_array(struct json_writer *w, const char *key); /* [ */
void json_close_array(struct json_writer *w);                 /* ] */
void json_put_text(struct json_writer *w, const char *key, const char *text); /* NULL text writes null */
/* Bytes that are not UTF-8, and NUL, which the reader refuses, are written as U+FFFD. */
void json_put_bytes(struct json_writer *w, const char *key, const char *bytes, size_t len);
/* |number| <= 2^53, which is asserted: the reader refuses more, so a bigger one is written as a text. */
void json_put_integer(struct json_writer *w, const char *key, int64_t number);
/* The shortest that reads back the same; infinities and NaN, for which JSON has no word, are written as null.
 */
void json_put_number(struct json_writer *w, const char *key, double number);
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_null(struct json_writer *w, const char *key);
/* A parsed value again, canonically. */
void json_put_value(struct json_writer *w, const char *key, const struct json *value);

/* Appends what a writer has written whole, laid out for people: an object or array that is too long for a
 * line has a line for each field or item, two spaces deeper. The newline at the end is written too. */
void json_indent(struct buf *out, const char *canonical);

#endif
