/*
 * Memory.
 *
 * Allocation never returns NULL. When the system has none left, the handler that the program registered
 * (it restores the terminal and says one line) runs and the process ends: every effect is durable in the
 * journal before it begins, so ending here is as safe as a power cut, and no caller has a path that is
 * never tested.
 *
 * An arena gives memory that is freed at once with it: a book and a run each own one, and what is inside
 * is borrowed by everyone else.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdarg.h>

#include "base/err.h"

/* Called once when memory is exhausted; must not allocate and must not return. NULL restores the default,
 * which writes one line to stderr and exits with 3. */
void mem_on_exhausted(void (*handler)(void));

/* For a library that tells that it got no memory: as if one of ours had been refused. */
_Noreturn void mem_exhausted(void);

void *mem_alloc(size_t size);                    /* zeroed; yours, free() it */
void *mem_realloc(void *old, size_t size);       /* new bytes are not zeroed */
void *mem_array(size_t count, size_t item_size); /* zeroed; overflow of the product counts as exhausted */
char *mem_text(const char *text);                /* a copy; NULL gives NULL */

struct arena;

struct arena *arena_create(void);
void arena_destroy(struct arena *arena); /* NULL-safe */

void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for anything */
void *arena_array(struct arena *arena, size_t count, size_t item_size);
char *arena_text(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_text_len(struct arena *arena, const char *bytes, size_t len);
char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
size_t arena_used(const struct arena *arena); /* bytes handed out */

#endif
