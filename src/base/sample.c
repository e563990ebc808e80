#include "base/sample.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

const struct sample_metric *sample_metric(const struct sample *sample, const char *name)
{
    for (size_t i = 0; sample->known && i < sample->metric_count; i++) {
        if (strcmp(sample->metrics[i].name, name) == 0)
            return &sample->metrics[i];
    }
    return NULL;
}

const struct sample *sample_copy(struct arena *arena, const struct sample *sample)
{
    assert(sample->metric_count <= SAMPLE_METRICS_MAX && sample->row_count <= SAMPLE_ROWS_MAX);
    struct sample *copy = arena_alloc(arena, sizeof(*copy));
    *copy = *sample;
    copy->monitor = arena_text(arena, sample->monitor);
    copy->why = arena_text(arena, sample->why);
    for (size_t i = 0; i < sample->metric_count; i++)
        copy->metrics[i].name = arena_text(arena, sample->metrics[i].name);
    struct sample_row *rows = arena_array(arena, sample->row_count, sizeof(*rows));
    for (size_t i = 0; i < sample->row_count; i++) {
        rows[i] = sample->rows[i];
        for (size_t k = 0; k < SAMPLE_CELLS_MAX; k++)
            rows[i].cells[k] = arena_text(arena, sample->rows[i].cells[k]);
    }
    copy->rows = rows;
    return copy;
}
