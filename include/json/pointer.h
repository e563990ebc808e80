/*
 * A place in a JSON value: JSON Pointer (RFC 6901).
 *
 * "" is the whole value, "/a/b/0" the first item of member "b" of member "a"; in a name "~1" stands for "/"
 * and
 * "~0" for "~". An index is written without leading zeros; "-" (behind the last item) is no value to be read.
 */
#ifndef JSON_POINTER_H
#define JSON_POINTER_H

#include <stdbool.h>

#include "base/err.h"
#include "json/json.h"

/* Whether a text has the form: empty or begins with "/", and each "~" is followed by "0" or "1". */
bool json_pointer_valid(const char *pointer);

/* The value at `pointer`, borrowed from `root`. NULL with ERR_INVALID for a pointer that is not valid, and
 * with ERR_NOT_FOUND and the part that is missing where there is no such value. */
const struct json *json_pointer(const struct json *root, const char *pointer, struct err *err) MUST_CHECK;

/* The value at `pointer` in a JSON text, as text: of a text what it says, of anything else its JSON, NULL for
 * null. In `arena`. ERR_INVALID for what is no JSON, ERR_NOT_FOUND. */
int json_value_at(struct arena *arena, const char *bytes, size_t len, const char *pointer, const char **ret,
                  struct err *err) MUST_CHECK;

#endif
