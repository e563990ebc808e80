#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim.h"

/*
 * The memory of one run. A runner that is killed by a jump out of the middle of it frees nothing: the pool is
 * emptied as a whole. What is freed is used again for the next of its size, newest first, so that a run stays
 * in the cache.
 */

#define POOL_BYTES ((size_t)1 << 30)
#define UNIT       16
#define SMALL_MAX  2048
#define CLASSES    (SMALL_MAX / UNIT + 32)

struct block {
    size_t size; /* of what follows */
    struct block *next;
};

static struct {
    char *memory;
    size_t used;
    bool active;
    struct block *free[CLASSES];
} pool;

extern __typeof__(malloc) FAKE(malloc), REAL(malloc);
extern __typeof__(calloc) FAKE(calloc), REAL(calloc);
extern __typeof__(realloc) FAKE(realloc), REAL(realloc);
extern __typeof__(free) FAKE(free), REAL(free);

void pool_begin(void)
{
    if (pool.memory == NULL) {
        void *memory = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        assert(memory != MAP_FAILED);
        pool.memory = memory;
    }
    pool.used = 0;
    memset(pool.free, 0, sizeof(pool.free));
    pool.active = true;
}

void pool_end(void)
{
    pool.active = false;
}

static bool is_ours(const void *memory)
{
    return pool.memory != NULL && (const char *)memory >= pool.memory &&
           (const char *)memory < pool.memory + POOL_BYTES;
}

/* Small ones by 16 bytes, larger ones by powers of two. */
static size_t class_of(size_t size, size_t *ret_size)
{
    size_t class = (size + UNIT - 1) / UNIT;
    *ret_size = class * UNIT;
    if (size <= SMALL_MAX)
        return class;
    class = SMALL_MAX / UNIT;
    for (*ret_size = SMALL_MAX; *ret_size < size; *ret_size *= 2)
        class ++;
    return class;
}

static void *take(size_t size)
{
    size_t room;
    size_t class = class_of(size > 0 ? size : 1, &room);
    struct block *block = pool.free[class];
    if (block != NULL) {
        pool.free[class] = block->next;
        return block + 1;
    }
    assert(pool.used + sizeof(*block) + room <= POOL_BYTES);
    block = (struct block *)(void *)(pool.memory + pool.used);
    pool.used += sizeof(*block) + room;
    block->size = room;
    return block + 1;
}

void *FAKE(malloc)(size_t size)
{
    return pool.active ? take(size) : REAL(malloc)(size);
}

void *FAKE(calloc)(size_t count, size_t size)
{
    return pool.active ? memset(take(count * size), 0, count * size) : REAL(calloc)(count, size);
}

void FAKE(free)(void *memory)
{
    if (!is_ours(memory)) {
        REAL(free)(memory);
        return;
    }
    struct block *block = (struct block *)memory - 1;
    size_t room;
    size_t class = class_of(block->size, &room);
    block->next = pool.free[class];
    pool.free[class] = block;
}

void *FAKE(realloc)(void *old, size_t size)
{
    if (old == NULL)
        return FAKE(malloc)(size);
    if (!is_ours(old))
        return REAL(realloc)(old, size);
    struct block *block = (struct block *)old - 1;
    if (size <= block->size)
        return old;
    void *memory = take(size);
    memcpy(memory, old, block->size);
    FAKE(free)(old);
    return memory;
}
