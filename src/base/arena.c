#include <assert.h>
#include <limits.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define CHUNK_MIN ((size_t)4 * 1024)
#define CHUNK_MAX ((size_t)256 * 1024)

struct chunk {
    struct chunk *next;
    size_t capacity;
    size_t used;
    max_align_t memory[];
};

/* `chunks` is newest first; only the newest is filled, so what is left of an older one is given up. */
struct arena {
    struct chunk *chunks;
    size_t next_capacity;
    size_t used;
};

struct arena *arena_create(void)
{
    struct arena *arena = mem_alloc(sizeof(*arena));
    arena->next_capacity = CHUNK_MIN;
    return arena;
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL)
        return;
    struct chunk *next;
    for (struct chunk *chunk = arena->chunks; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}

static struct chunk *chunk_create(size_t capacity)
{
    size_t size;
    if (__builtin_add_overflow(sizeof(struct chunk), capacity, &size))
        size = SIZE_MAX; /* mem_alloc answers this as exhausted */
    struct chunk *chunk = mem_alloc(size);
    chunk->capacity = capacity;
    return chunk;
}

/* A chunk with room for `size` bytes. One that is too big for the usual size gets a chunk to itself, put
 * behind the newest so that the newest goes on being filled. */
static struct chunk *chunk_for(struct arena *arena, size_t size)
{
    struct chunk *newest = arena->chunks;
    if (newest != NULL && newest->capacity - newest->used >= size)
        return newest;
    if (newest != NULL && size > arena->next_capacity / 2) {
        struct chunk *own = chunk_create(size);
        own->next = newest->next;
        newest->next = own;
        return own;
    }
    struct chunk *chunk = chunk_create(size > arena->next_capacity ? size : arena->next_capacity);
    chunk->next = newest;
    arena->chunks = chunk;
    if (arena->next_capacity < CHUNK_MAX)
        arena->next_capacity *= 2;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    size_t rounded;
    if (__builtin_add_overflow(size > 0 ? size : 1, unit - 1, &rounded))
        rounded = SIZE_MAX; /* chunk_create answers this as exhausted */
    rounded -= rounded % unit;
    struct chunk *chunk = chunk_for(arena, rounded);
    assert(chunk->capacity - chunk->used >= rounded);
    void *memory = (char *)chunk->memory + chunk->used;
    chunk->used += rounded;
    arena->used += size;
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size))
        size = SIZE_MAX;
    return arena_alloc(arena, size);
}

char *arena_text(struct arena *arena, const char *text)
{
    return text != NULL ? arena_text_len(arena, text, strlen(text)) : NULL;
}

char *arena_text_len(struct arena *arena, const char *bytes, size_t len)
{
    char *text = arena_alloc(arena, len + 1);
    if (len > 0)
        memcpy(text, bytes, len);
    return text;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    struct buf text;
    buf_init(&text, INT_MAX); /* what the printf family can count */
    va_list args;
    va_start(args, format);
    buf_formatv(&text, format, args);
    va_end(args);
    char *copy = arena_text_len(arena, buf_str(&text), text.len);
    buf_finish(&text);
    return copy;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
