/* Private to the room. */
#ifndef SIGN_FINGERPRINT_H
#define SIGN_FINGERPRINT_H

#include <stdbool.h>

#include "child.h"
#include "sign/sign.h"

/* The first "SHA256:..." in `text`. */
bool key_fingerprint_take(const char *text, struct key_fingerprint *ret);

#endif
