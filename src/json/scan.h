/*
 * The strict reading that comes before cJSON: whether the bytes are JSON as this program wants it, and where
 * in them each value stands.
 *
 * The places are in the order in which the values begin (an array before its items, a member's value under
 * the place of its key), so that walking the tree in the same order meets them one by one.
 */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include "json/json.h"

struct json_place {
    int line;
    int column;
    int key_line; /* 0 when the value stands under no key */
    int key_column;
    bool integer; /* a number without fraction and exponent */
    bool nonzero; /* a number with a digit other than 0 before its exponent */
};

struct json_places {
    struct json_place *list;
    size_t count;
    size_t capacity;
};

void json_places_finish(struct json_places *places);

/* 0, or ERR_INVALID and one fault. `ret_places` is zeroed by the caller and finished by it in either case. */
int json_scan(const char *bytes, size_t len, struct json_places *ret_places,
              struct json_faults *faults) MUST_CHECK;

#endif
