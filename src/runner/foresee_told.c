#include "foresee.h"

#include <inttypes.h>

#include "base/mem.h"
#include "base/text.h"

#define LINES_MAX  ((size_t)3)
#define TEXT_MAX   ((size_t)4096)
#define ITEM_CELLS 40

void foresight_end_round(struct foresight *foresight)
{
    arena_destroy(foresight->arena);
    foresight->arena = NULL;
}

static void tell(struct foresight *foresight, enum choice choice, const char *text)
{
    struct input input = {
        .type = INPUT_FORESEEN, .now = clock_now(), .step = foresight->step, .choice = choice, .text = text
    };

    if (!foresight->runner->ending)
        runner_take(foresight->runner, &input);
    foresight_end_round(foresight);
}

void foresight_tell_unknown(struct foresight *foresight, const char *why)
{
    tell(foresight, CHOICE_UNKNOWN, arena_format(foresight->arena, "cannot be told: %s", why));
}

void foresight_tell_empty(struct foresight *foresight)
{
    tell(foresight, CHOICE_YES, "nothing is left for which it would be done");
}

static void put_rate(struct buf *text, int64_t before, int64_t now, int64_t us, const char *what)
{
    buf_format(text, ", %" PRId64 " %s/s", (now - before) * SECOND_US / us, what);
}

static void put_counted(struct buf *text, const struct table *table)
{
    int64_t us = table->now.at_us - table->before.at_us;

    buf_text(text, " (");
    size_text(text, table->now.bytes);
    buf_text(text, "B, ");
    if (table->now.rows < 0)
        buf_text(text, "rows not known: never analyzed");
    else
        buf_format(text, "about %" PRId64 " rows", table->now.rows);
    /* Counters that went back were reset in between. */
    if (!table->before.known || us <= 0 || table->now.writes < 0 ||
        table->now.writes < table->before.writes || table->now.scans < table->before.scans) {
        buf_text(text, ", traffic not known");
    } else {
        put_rate(text, table->before.writes, table->now.writes, us, "writes");
        put_rate(text, table->before.scans, table->now.scans, us, "scans");
    }
    buf_text(text, ")");
}

static void put_table(struct buf *text, const struct foresight *foresight, const struct table *table,
                      bool again)
{
    buf_format(text, "%s%s on %s: %s", again ? "\n" : "", sql_lock_mode_word(table->mode), table->name,
               sql_lock_blocks(table->mode));
    if (table->rewritten)
        buf_text(text, "; rewrites it");
    else if (table->scanned)
        buf_text(text, "; reads all of it");
    if (table->now.known)
        put_counted(text, table);
    else
        buf_format(text, " (size and traffic cannot be told: %s)",
                   foresight->not_counted ? foresight->not_counted
                                          : "not there, or without files of its own");
}

size_t foresight_shown(const struct foresight *foresight)
{
    size_t max = LINES_MAX - (foresight->worst ? 1 : 0) - (foresight->not_understood ? 1 : 0);

    return foresight->table_count < max ? foresight->table_count : max;
}

void foresight_tell_judged(struct foresight *foresight)
{
    struct buf text;
    size_t begun;

    buf_init(&text, TEXT_MAX);
    if (foresight->item) {
        buf_text(&text, "for ");
        text_visible(&text, foresight->item, text_cut(foresight->item, ITEM_CELLS), false);
        buf_format(&text, ", the first of %zu: ", foresight->item_count);
    }
    begun = text.len;
    if (foresight->not_understood)
        buf_format(&text, "cannot be told: %.1000s", foresight->not_understood);
    for (size_t i = 0; i < foresight_shown(foresight); i++)
        put_table(&text, foresight, &foresight->tables[i], text.len > begun);
    if (foresight_shown(foresight) < foresight->table_count)
        buf_format(&text, "; and %zu more", foresight->table_count - foresight_shown(foresight));
    if (foresight->worst)
        buf_format(&text, "%s%.1000s", text.len > begun ? "\n" : "", foresight->worst);
    if (text.len == begun)
        buf_text(&text, "locks nothing that is there now");
    if (text.overflow)
        foresight_tell_unknown(foresight, "it is longer than fits");
    else
        tell(foresight,
             foresight->not_understood ? CHOICE_UNKNOWN
             : foresight->worst        ? CHOICE_NO
             : foresight->not_counted  ? CHOICE_UNKNOWN
                                       : CHOICE_YES,
             buf_str(&text));
    buf_finish(&text);
}
