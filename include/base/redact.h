/*
 * Secrets taken out of what is kept or shown.
 *
 * A redactor knows the values and every form in which programs are wont to write them: as they are, in base64
 * (both alphabets, wherever in it they begin), percent-encoded, in hex, escaped as in JSON, SQL, a shell and
 * with backslashes; of a value of several lines also each line. Each is replaced by "[secret NAME]". What
 * comes in pieces is looked through across them: a piece that ends with the beginning of a secret is held
 * back.
 *
 * Not found is what nobody can find: a value that was compressed, encrypted, reversed, or broken up by line
 * ends in the middle of base64.
 */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/mem.h"

/* A shorter value would be found where it is not meant, and is refused. */
#define REDACT_SHORTEST 4
#define REDACT_LONGEST  4096

struct redactor;

struct redactor *redactor_create(void);
void redactor_destroy(struct redactor *redactor); /* NULL-safe */

/* Both are copied; the name has at most 100 bytes. ERR_LIMIT when the value is shorter or longer than it may
 * be; an empty one is no secret.
 */
int redactor_add(struct redactor *redactor, const char *name, const char *value, struct err *err) MUST_CHECK;
bool redactor_is_empty(const struct redactor *redactor);

/* `text` (NULL allowed) itself where nothing stands in it, else a copy in `arena` without the secrets. */
const char *redact_text(const struct redactor *redactor, struct arena *arena, const char *text);

/* A stream of bytes. The redactor has to outlive it. */
struct redact_stream {
    const struct redactor *redactor;
    struct buf held; /* the beginning of what may become a secret */
};
void redact_stream_init(struct redact_stream *stream, const struct redactor *redactor);
void redact_stream_finish(struct redact_stream *stream);
/* At most 16 MiB. Appends to `ret` what can be let go. */
void redact_stream_add(struct redact_stream *stream, const char *bytes, size_t len, struct buf *ret);
/* There is no more: appends what was held back. */
void redact_stream_end(struct redact_stream *stream, struct buf *ret);

#endif
