/* Private to the room. */
#ifndef BASE_REDACT_FORMS_H
#define BASE_REDACT_FORMS_H

#include <stddef.h>

/* Calls `add` for each form in which programs write this value, some of them perhaps twice. */
void forms_of(const char *value, size_t len, void (*add)(void *data, const char *bytes, size_t len),
              void *data);

#endif
