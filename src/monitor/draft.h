/* A sample that is being made. Its texts live in its arena until draft_finish; all of them are made visible.
 */
#ifndef MONITOR_DRAFT_H
#define MONITOR_DRAFT_H

#include "base/err.h"
#include "base/mem.h"
#include "base/sample.h"
#include "driver/driver.h"

struct draft {
    struct arena *arena;
    struct sample sample;
    struct sample_row rows[SAMPLE_ROWS_MAX];
};

/* Known and empty. `monitor` is borrowed. */
void draft_init(struct draft *draft, const char *monitor);
void draft_finish(struct draft *draft);

/* Makes it an unknown sample: why is one sentence, and what was in it is dropped. */
void draft_unknown(struct draft *draft, const char *format, ...) PRINTF_LIKE(2, 3);
/* A remark on a known sample, after those it has. */
void draft_remark(struct draft *draft, const char *format, ...) PRINTF_LIKE(2, 3);

/* `name` is borrowed for ever. */
void draft_metric(struct draft *draft, const char *name, double value);
/* One that this sample could not tell. */
void draft_metric_unknown(struct draft *draft, const char *name);
/* From a cell of an answer: a number, or NULL for one that could not be told. */
void draft_metric_text(struct draft *draft, const char *name, const char *number);

/* A row with all cells empty, or NULL when there is no room: then it has been counted as left out. */
struct sample_row *draft_row(struct draft *draft, int depth, bool ours);
/* NULL leaves the cell empty. */
void draft_cell(struct draft *draft, struct sample_row *row, int cell, const char *text);
/* A clock face from a number of microseconds, a size from a number of bytes; NULL leaves the cell empty. */
void draft_cell_age(struct draft *draft, struct sample_row *row, int cell, const char *us);
void draft_cell_size(struct draft *draft, struct sample_row *row, int cell, const char *bytes);

#endif
