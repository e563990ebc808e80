/* `tminus verify --certificate`: what a certificate says, and who says it. */
#ifndef APP_VERIFY_CERTIFICATE_H
#define APP_VERIFY_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "sign/policy.h"

/* Tells it on stdout; `found` counts what is against it. `policy` NULL: whose a key is nobody knows.
 * `unchecked`: why signatures cannot be judged, NULL when they can. */
int verify_certificate(struct arena *arena, const char *path, const struct policy *policy,
                       const char *unchecked, bool json, size_t *found, struct err *err) MUST_CHECK;

#endif
