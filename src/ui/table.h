/*
 * Tables that give up the columns that matter least when there is no room.
 */
#ifndef UI_PRIVATE_TABLE_H
#define UI_PRIVATE_TABLE_H

#include "draw.h"

#define TABLE_COLUMNS_MAX 12

struct table_column {
    const char *title;
    int cells; /* least width */
    int most;  /* may grow to; 0: as `cells` */
    int rank;  /* the highest goes first when it is narrow; 0 stays */
};

struct table {
    const struct table_column *columns;
    int count;
    int at[TABLE_COLUMNS_MAX];    /* where each begins; -1: not shown */
    int cells[TABLE_COLUMNS_MAX]; /* as shown */
};

/* Chooses what is shown in `width` cells; one blank between two columns. The last column that is shown gets
 * what is left over. */
struct table table_fit(const struct table_column *columns, int count, int width);

void table_titles(const struct table *table, const struct area *area, int row);
void table_cell(const struct table *table, const struct area *area, int row, int column,
                enum role_style style, const char *text);

#endif
