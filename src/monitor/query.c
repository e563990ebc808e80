/*
 * A number that the book asks for: the first value of a query's answer is the metric "value". No row, NULL
 * and what is no number are not known.
 */
#include <math.h>
#include <stdlib.h>

#include "monitor/kind.h"

/* "t" and "f" are 1 and 0, so that a condition can be asked for as one. */
static const char *number_of(const char *text)
{
    if (text == NULL || text[1] != '\0')
        return text;
    return text[0] == 't' ? "1" : text[0] == 'f' ? "0" : text;
}

static void read_answer(struct monitor *monitor, const struct answer *answer)
{
    struct draft draft;
    const char *text =
        answer->row_count > 0 && answer->column_count > 0 ? number_of(answer->cell(answer, 0, 0)) : NULL;
    char *end = NULL;
    double value = text != NULL ? strtod(text, &end) : 0;
    draft_init(&draft, monitor->config->id);
    if (text == NULL)
        draft_unknown(&draft, "the query answered %s", answer->row_count == 0 ? "no row" : "NULL");
    else if (end == text || *end != '\0' || !isfinite(value))
        draft_unknown(&draft, "the query answered \"%.60s\", which is no number", text);
    else
        draft_metric(&draft, "value", value);
    monitor_emit(monitor, &draft);
}

static void tick(struct monitor *monitor)
{
    monitor_ask(monitor, monitor->config->sql, read_answer);
}

const struct monitor_kind monitor_query = { .tick = tick };
