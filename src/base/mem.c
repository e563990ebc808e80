#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void exhausted_default(void)
{
    static const char line[] = "tminus: out of memory\n";
    /* The process ends whether or not anybody can read the line. */
    ssize_t ignored = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)ignored;
    _exit(3);
}

static void (*on_exhausted)(void) = exhausted_default;

_Noreturn void mem_exhausted(void)
{
    on_exhausted();
    /* A handler that came back has nothing to come back to: the allocation failed. */
    exhausted_default();
    abort();
}

void mem_on_exhausted(void (*handler)(void))
{
    on_exhausted = handler != NULL ? handler : exhausted_default;
}

void *mem_alloc(size_t size)
{
    return mem_array(1, size);
}

void *mem_realloc(void *old, size_t size)
{
    /* realloc of 0 bytes frees on some systems; here it always gives memory. */
    void *memory = realloc(old, size > 0 ? size : 1);
    if (memory == NULL)
        mem_exhausted();
    return memory;
}

void *mem_array(size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size) || size > PTRDIFF_MAX)
        mem_exhausted();
    void *memory = calloc(1, size > 0 ? size : 1);
    if (memory == NULL)
        mem_exhausted();
    return memory;
}

char *mem_text(const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(mem_alloc(size), text, size);
}
