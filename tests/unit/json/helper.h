/* What the tests of this room share. */
#ifndef TEST_JSON_HELPER_H
#define TEST_JSON_HELPER_H

#include "json/json.h"

/* Parses a copy that ends where its memory ends, so that reading past it is seen by the sanitizers. */
const struct json *parse_exactly(struct arena *arena, const char *bytes, size_t len,
                                 struct json_faults *faults);

/* The faults as lines "line:column: message\n". */
const char *list_faults(const struct json_faults *faults);

/* The value as the writer writes it. */
const char *encode(struct arena *arena, const struct json *value);

#endif
