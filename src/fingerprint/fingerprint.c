#include "fingerprint/fingerprint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fingerprint/taking.h"

/* Of reading all of it, while what is read is changed by somebody else. */
#define TRIES    5
#define PAUSE_US 100000

/* ---- lines ---- */

void taking_add(struct taking *taking, const char *what, const char *name, const char *value)
{
    if (taking->count == taking->capacity) {
        taking->capacity = taking->capacity == 0 ? 256 : taking->capacity * 2;
        taking->lines = mem_realloc(taking->lines, taking->capacity * sizeof(*taking->lines));
    }
    taking->lines[taking->count++] = (struct fingerprint_line){
        .what = arena_text(taking->arena, what),
        .name = arena_text(taking->arena, name),
        .value = arena_text(taking->arena, value),
    };
}

const char *taking_cell(const struct answer *answer, size_t row, size_t column)
{
    const char *text = answer->cell(answer, row, column);
    return text != NULL ? text : "";
}

void taking_read(void *data, const struct answer *answer)
{
    struct taking *taking = data;
    for (size_t i = 0; i < answer->row_count; i++)
        taking_add(taking, taking_cell(answer, i, 0), taking_cell(answer, i, 1), taking_cell(answer, i, 2));
    taking->rows = answer->row_count;
}

static int by_name(const void *a, const void *b)
{
    const struct fingerprint_line *left = a, *right = b;
    int r = strcmp(left->what, right->what);
    r = r != 0 ? r : strcmp(left->name, right->name);
    return r != 0 ? r : strcmp(left->value, right->value);
}

static void sort_lines(struct taking *taking)
{
    struct fingerprint_line *kept = arena_array(taking->arena, taking->count + 1, sizeof(*kept));
    if (taking->count > 0) {
        memcpy(kept, taking->lines, taking->count * sizeof(*kept));
        qsort(kept, taking->count, sizeof(*kept), by_name);
    }
    taking->made->lines = kept;
    taking->made->count = taking->count;
}

/* ---- data ---- */

const char *taking_data_name(const struct taking *taking, const struct fingerprint_data *data, size_t at)
{
    size_t same = 1;
    for (size_t i = 0; i < at; i++)
        same += strcmp(data[i].name, data[at].name) == 0;
    return same == 1 ? data[at].name : arena_format(taking->arena, "%s (%zu)", data[at].name, same);
}

/* ---- all of it ---- */

int64_t taking_connect_us(const struct taking *taking)
{
    int64_t limit_us = taking->asking.target->connect_timeout_us;
    return limit_us > 0 ? limit_us : CONNECT_TIMEOUT_US;
}

static int take(struct arena *arena, enum fingerprint_engine engine, const struct driver_target *target,
                const struct fingerprint_data *data, size_t data_count, struct fingerprint **ret,
                struct err *err)
{
    struct taking taking = { .arena = arena, .made = arena_alloc(arena, sizeof(*taking.made)) };
    taking.made->target = arena_text(arena, target->id);
    int r = asking_open(&taking.asking, engine, target, err);
    if (r < 0)
        return r;
    if (engine == FINGERPRINT_MYSQL)
        r = taking_mysql(&taking, data, data_count, err);
    else
        r = taking_postgresql(&taking, data, data_count, err);
    if (r == 0 && taking.asking.no_database)
        taking_add(&taking, "database", "of the target", "is not there");
    asking_close(&taking.asking);
    if (r == 0) {
        sort_lines(&taking);
        *ret = taking.made;
    }
    free(taking.lines);
    return r;
}

int fingerprint_take(struct arena *arena, enum fingerprint_engine engine, const struct driver_target *target,
                     const struct fingerprint_data *data, size_t data_count, struct fingerprint **ret,
                     struct err *err)
{
    struct err said = ERR_INIT;
    int r = take(arena, engine, target, data, data_count, ret, &said);
    for (int i = 1; r == ERR_BUSY && i < TRIES; i++) {
        (void)usleep(PAUSE_US);
        r = take(arena, engine, target, data, data_count, ret, &said);
    }
    if (r == ERR_BUSY)
        return err_set(err, ERR_BUSY, "%s: somebody changes what is being read (tried %d times)",
                       said.message, TRIES);
    return r < 0 ? err_set(err, r, "%s", said.message) : r;
}
