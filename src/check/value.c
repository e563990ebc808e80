#include "checking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* What a metric is, apart from its monitor's kind: how many of something there are, or a share of a hundred.
 */
static bool is_count(const char *metric)
{
    static const char *const counts[] = { "waiting", "roots", "idle_in_transaction", "prepared", "running",
                                          "bytes",   "status" };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        if (text_equal(metric, counts[i]))
            return true;
    }
    return false;
}

/* A query or a page may answer any number; all others measure something that is there. */
static bool can_be(const struct book *book, const struct condition *condition, double value)
{
    enum monitor_kind kind = book->monitors[condition->monitor].kind;
    if ((kind == MONITOR_QUERY || kind == MONITOR_HTTP) && text_equal(condition->metric, "value"))
        return true;
    if (value < 0 || (is_count(condition->metric) && value != floor(value)))
        return false;
    if (text_equal(condition->metric, "status"))
        return value >= 100 && value <= 599;
    return !text_equal(condition->metric, "percent") || value <= 100;
}

static bool all_hold(const struct book *book, const struct condition *const *conditions, size_t count,
                     double value)
{
    if (!can_be(book, conditions[0], value))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!comparison_holds(conditions[i]->is, value, conditions[i]->value))
            return false;
    }
    return true;
}

/* By metric, and those of one metric by their value. */
static int by_metric(const void *left, const void *right)
{
    const struct condition *a = *(const struct condition *const *)left;
    const struct condition *b = *(const struct condition *const *)right;
    if (a->monitor != b->monitor)
        return a->monitor < b->monitor ? -1 : 1;
    int order = strcmp(a->metric, b->metric);
    return order != 0 ? order : (a->value > b->value) - (a->value < b->value);
}

/* Of one metric. What comparisons with some numbers can tell apart: each of them, what lies between two
 * neighbours, and what lies below and above all. Whole numbers are among what lies between, where there are
 * any. */
static bool value_for(const struct book *book, const struct condition *const *conditions, size_t count,
                      double *ret)
{
    for (size_t i = 0; i <= count; i++) {
        double below = conditions[i > 0 ? i - 1 : 0]->value - (i > 0 ? 0 : 2);
        double above = conditions[i < count ? i : count - 1]->value + (i < count ? 0 : 2);
        const double tried[] = { below, floor(below) + 1, below + (above - below) / 2, ceil(above) - 1,
                                 above };
        for (size_t k = 0; k < ARRAY_LEN(tried); k++) {
            if (!all_hold(book, conditions, count, tried[k]))
                continue;
            *ret = tried[k];
            return true;
        }
    }
    return false;
}

const struct metric_value *values_for(struct arena *arena, const struct book *book,
                                      const struct condition **conditions, size_t count, size_t *ret_count,
                                      const struct condition **ret_against)
{
    struct metric_value *values = arena_array(arena, count + 1, sizeof(*values));
    size_t end;
    *ret_count = 0;
    if (count > 0)
        qsort(conditions, count, sizeof(*conditions), by_metric);
    for (size_t i = 0; i < count; i = end) {
        struct metric_value *value = &values[(*ret_count)++];
        for (end = i; end < count && conditions[end]->monitor == conditions[i]->monitor &&
                      text_equal(conditions[end]->metric, conditions[i]->metric);)
            end++;
        *value = (struct metric_value){ .monitor = conditions[i]->monitor, .metric = conditions[i]->metric };
        if (value_for(book, conditions + i, end - i, &value->value))
            continue;
        *ret_against = conditions[i];
        return NULL;
    }
    return values;
}
