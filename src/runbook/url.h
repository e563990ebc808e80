/*
 * URLs: where a value may stand in one, and how much of one is shown.
 */
#ifndef RUNBOOK_URL_H
#define RUNBOOK_URL_H

#include "load.h"

/* The server of a URL, "host:port", and in `ret_len` how long it is; NULL when it does not begin with http://
 * or https://. */
const char *url_authority(const char *url, size_t *ret_len);

/* Whether what is added to the end of it can no longer change whom it asks. */
bool url_has_path(const char *url);

/* Everything but the unreserved characters of RFC 3986, section 2.3, as "%20". */
void url_encode(struct buf *out, const char *value);

/* Whether a segment of its path is "." or "..": whoever resolves that (RFC 3986, section 5.2.4) asks for
 * something else. */
bool url_turns(const char *url);

/* The scheme and the server, "https://chat.test/...": a path or a query is often all that it takes to be let
 * in.
 */
void url_shown(struct buf *out, const char *url);

/* Adds the value of the param `name` to the URL of which `out` is what stands before it and `after` what
 * comes behind: encoded, or as it is where it is scheme and server. A fault where it can be neither. */
void url_put_param(struct loader *l, const struct json *where, const char *name, const char *value,
                   const char *after, struct buf *out);

#endif
