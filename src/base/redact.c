#include "base/redact.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "redact_forms.h"

/* "[secret NAME]" with a name as long as it can be, */
#define MARK_MAX 128
/* one piece of a stream, and how much longer than a value its forms can be. */
#define PIECE_MAX ((size_t)16 * 1024 * 1024)
#define LONGER    6

struct pattern {
    struct pattern *next; /* with the same first byte, longest first */
    const char *name;
    size_t len;
    char *bytes;
};

struct redactor {
    struct arena *arena;
    struct pattern *by_first[256];
    size_t longest;
    bool any;
};

struct redactor *redactor_create(void)
{
    struct redactor *redactor = mem_alloc(sizeof(*redactor));

    redactor->arena = arena_create();
    return redactor;
}

void redactor_destroy(struct redactor *redactor)
{
    if (!redactor)
        return;
    arena_destroy(redactor->arena);
    free(redactor);
}

bool redactor_is_empty(const struct redactor *redactor)
{
    return !redactor || !redactor->any;
}

struct adding {
    struct redactor *redactor;
    const char *name;
};

static void add_form(void *data, const char *bytes, size_t len)
{
    struct adding *adding = data;
    struct redactor *redactor = adding->redactor;
    struct pattern *pattern, **at;

    if (len < REDACT_SHORTEST)
        return;
    at = &redactor->by_first[(unsigned char)bytes[0]];
    while (*at && (*at)->len > len)
        at = &(*at)->next;
    for (pattern = *at; pattern && pattern->len == len; pattern = pattern->next) {
        if (memcmp(pattern->bytes, bytes, len) == 0)
            return;
    }
    pattern = arena_alloc(redactor->arena, sizeof(*pattern));
    pattern->name = adding->name;
    pattern->len = len;
    pattern->bytes = arena_text_len(redactor->arena, bytes, len);
    pattern->next = *at;
    *at = pattern;
    redactor->any = true;
    if (len > redactor->longest)
        redactor->longest = len;
}

int redactor_add(struct redactor *redactor, const char *name, const char *value, struct err *err)
{
    struct adding adding = { redactor, arena_text(redactor->arena, name) };
    size_t len = strlen(value);

    assert(strlen(name) + sizeof("[secret ]") <= MARK_MAX);
    if (len == 0)
        return 0;
    if (len < REDACT_SHORTEST || len > REDACT_LONGEST)
        return err_set(
            err, ERR_LIMIT,
            "the secret %s is %zu bytes long: between %d and %d it can be kept out of what is written", name,
            len, REDACT_SHORTEST, REDACT_LONGEST);
    forms_of(value, len, add_form, &adding);
    return 0;
}

/* ---- looking ---- */

enum look { LOOK_NONE, LOOK_WHOLE, LOOK_BEGINNING };

/* What begins at the first of the bytes: the longest pattern that is there, or the beginning of one, which
 * counts while more can come. */
static enum look look_at(const struct redactor *redactor, const char *bytes, size_t len, bool more,
                         const struct pattern **ret)
{
    const struct pattern *pattern = redactor->by_first[(unsigned char)bytes[0]];

    for (; pattern; pattern = pattern->next) {
        if (pattern->len <= len ? memcmp(pattern->bytes, bytes, pattern->len) == 0
                                : more && memcmp(pattern->bytes, bytes, len) == 0) {
            *ret = pattern;
            return pattern->len <= len ? LOOK_WHOLE : LOOK_BEGINNING;
        }
    }
    return LOOK_NONE;
}

/* Appends what can be let go; returns how many bytes that were, the rest may be the beginning of a secret. */
static size_t pass(const struct redactor *redactor, const char *bytes, size_t len, bool more, struct buf *ret)
{
    size_t at = 0, from = 0;

    while (at < len) {
        const struct pattern *pattern = NULL;
        enum look look = look_at(redactor, bytes + at, len - at, more, &pattern);

        if (look == LOOK_NONE) {
            at++;
            continue;
        }
        buf_add(ret, bytes + from, at - from);
        if (look == LOOK_BEGINNING)
            return at;
        buf_format(ret, "[secret %s]", pattern->name);
        at += pattern->len;
        from = at;
    }
    buf_add(ret, bytes + from, len - from);
    return len;
}

static bool stands_in(const struct redactor *redactor, const char *text)
{
    const struct pattern *pattern = NULL;

    for (size_t left = strlen(text); left > 0; left--, text++) {
        if (look_at(redactor, text, left, false, &pattern) == LOOK_WHOLE)
            return true;
    }
    return false;
}

const char *redact_text(const struct redactor *redactor, struct arena *arena, const char *text)
{
    struct buf buf;
    const char *clean;

    if (!text || redactor_is_empty(redactor) || !stands_in(redactor, text))
        return text;
    buf_init(&buf, (strlen(text) / REDACT_SHORTEST + 1) * MARK_MAX + strlen(text));
    (void)pass(redactor, text, strlen(text), false, &buf);
    clean = arena_text(arena, buf_str(&buf));
    buf_finish(&buf);
    return clean;
}

/* ---- streams ---- */

void redact_stream_init(struct redact_stream *stream, const struct redactor *redactor)
{
    stream->redactor = redactor;
    buf_init(&stream->held, PIECE_MAX + LONGER * REDACT_LONGEST);
}

void redact_stream_finish(struct redact_stream *stream)
{
    buf_finish(&stream->held);
}

void redact_stream_add(struct redact_stream *stream, const char *bytes, size_t len, struct buf *ret)
{
    size_t done;

    if (redactor_is_empty(stream->redactor)) {
        buf_add(ret, bytes, len);
        return;
    }
    if (stream->held.len == 0) {
        done = pass(stream->redactor, bytes, len, true, ret);
        buf_add(&stream->held, bytes + done, len - done);
        return;
    }
    buf_add(&stream->held, bytes, len);
    done = pass(stream->redactor, stream->held.data, stream->held.len, true, ret);
    buf_consume(&stream->held, done);
}

void redact_stream_end(struct redact_stream *stream, struct buf *ret)
{
    if (stream->held.len > 0)
        (void)pass(stream->redactor, stream->held.data, stream->held.len, false, ret);
    buf_clear(&stream->held);
}
