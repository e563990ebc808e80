#include "table.h"

#include <assert.h>

static int width_of(const struct table *table)
{
    int width = 0;
    for (int i = 0; i < table->count; i++)
        width += table->at[i] >= 0 ? table->cells[i] + (width > 0 ? 1 : 0) : 0;
    return width;
}

/* The column to leave out next: the highest rank, the rightmost of these; -1 when only rank 0 is left. */
static int least_needed(const struct table *table)
{
    int found = -1;
    for (int i = 0; i < table->count; i++) {
        bool can_go = table->at[i] >= 0 && table->columns[i].rank > 0;
        if (can_go && (found < 0 || table->columns[i].rank >= table->columns[found].rank))
            found = i;
    }
    return found;
}

/* What is left over goes to the columns that may grow, from the left, evenly enough. */
static void grow(struct table *table, int left)
{
    bool grew = true;
    while (left > 0 && grew) {
        grew = false;
        for (int i = 0; i < table->count && left > 0; i++) {
            if (table->at[i] < 0 || table->cells[i] >= table->columns[i].most)
                continue;
            table->cells[i]++;
            left--;
            grew = true;
        }
    }
    for (int i = table->count - 1; i >= 0 && left > 0; i--) {
        if (table->at[i] >= 0) {
            table->cells[i] += left;
            left = 0;
        }
    }
}

struct table table_fit(const struct table_column *columns, int count, int width)
{
    struct table table = { .columns = columns, .count = count };
    assert(count <= TABLE_COLUMNS_MAX);
    for (int i = 0; i < count; i++)
        table.cells[i] = columns[i].cells;
    while (width_of(&table) > width) {
        int column = least_needed(&table);
        if (column < 0)
            break;
        table.at[column] = -1;
    }
    grow(&table, width - width_of(&table));
    int at = 0;
    for (int i = 0; i < count; i++) {
        if (table.at[i] < 0)
            continue;
        table.at[i] = at;
        at += table.cells[i] + 1;
    }
    return table;
}

void table_titles(const struct table *table, const struct area *area, int row)
{
    for (int i = 0; i < table->count; i++)
        table_cell(table, area, row, i, ROLE_DIM, table->columns[i].title);
}

void table_cell(const struct table *table, const struct area *area, int row, int column,
                enum role_style style, const char *text)
{
    if (table->at[column] >= 0 && text != NULL)
        area_clip(area, row, table->at[column], table->cells[column], style, text);
}
