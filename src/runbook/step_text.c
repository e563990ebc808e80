#include "runbook/book.h"

#include <inttypes.h>
#include <string.h>

#include "url.h"

/* ---- parts ---- */

static void put_argument(struct buf *buf, const char *argument)
{
    bool plain = *argument != '\0' && strpbrk(argument, " \t\n'\"\\$*?;&|<>") == NULL;
    buf_format(buf, plain ? "%s" : "'%s'", argument);
}

void arguments_text(struct buf *buf, const char *const *argv, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_text(buf, i > 0 ? " " : "");
        put_argument(buf, argv[i]);
    }
}

static void put_question(struct buf *buf, const struct query *query, const struct book *book)
{
    query_text(buf, query);
    if (query->expect.kind == EXPECT_NOTHING)
        return;
    buf_text(buf, "\nmust answer: ");
    expect_text(buf, &query->expect, book);
}

static void put_list(struct buf *buf, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_format(buf, "%s%s", i > 0 ? ", " : "", list[i]);
}

/* ---- kinds ---- */

static void put_sql(struct buf *buf, const struct step *step)
{
    if (step->generate.sql) {
        buf_text(buf, "what this answers:\n");
        query_text(buf, &step->generate);
    }
    for (size_t i = 0; i < step->sql_count; i++)
        buf_format(buf, "%s%s;", i > 0 ? "\n" : "", step->sql[i]);
    for (size_t i = 0; i < step->give_way_count; i++) {
        buf_text(buf, i > 0 ? " or " : "\ngives way when ");
        condition_text(buf, &step->give_way[i]);
    }
    if (!step->each) /* what is done comes first: where there is one line, it is that */
        return;
    buf_format(buf, "\nfor each ${%s} of %s", step->each->as,
               step->owner_step ? "what had begun, newest first" : "");
    if (!step->owner_step)
        query_text(buf, &step->each->query);
}

static void put_wait(struct buf *buf, const struct step *step, const struct book *book)
{
    if (step->until_count == 0)
        condition_text(buf, &step->until);
    for (size_t i = 0; i < step->until_count; i++) {
        const struct query *query = &step->until_queries[i];
        buf_text(buf, i > 0 ? "\nand: " : "");
        if (query->target != BOOK_NONE)
            buf_format(buf, "on %s: ", book->targets[query->target].id);
        put_question(buf, query, book);
    }
    if (step->until_for_us > 0) {
        buf_text(buf, "\nfor ");
        duration_spell(buf, step->until_for_us);
    }
}

static void put_throttle(struct buf *buf, const struct step *step)
{
    size_t count;
    const struct condition *conditions = step_conditions(step, &count);
    for (size_t i = 0; i < count; i++) {
        buf_text(buf, i > 0 ? " and " : "\nonly while ");
        condition_text(buf, &conditions[i]);
    }
}

static void put_backfill(struct buf *buf, const struct step *step)
{
    const struct backfill_def *def = step->backfill;
    if (def->statement)
        buf_format(buf, "%s\nfor the rows of %s, by ", def->statement, def->table);
    else
        buf_format(buf, "UPDATE %s SET %s WHERE (%s), by ", def->table, def->set, def->where);
    put_list(buf, def->key, def->key_count);
    buf_format(buf, ", at most %" PRId64 " rows a transaction", def->batch);
    put_throttle(buf, step);
}

static void put_osc(struct buf *buf, const struct step *step)
{
    const struct osc_def *def = step->osc;
    buf_format(buf, "ALTER TABLE %s%s%s %s\nby %s", def->schema ? def->schema : "", def->schema ? "." : "",
               def->table, def->alter, osc_tool_word(def->tool));
    if (def->option_count > 0)
        buf_text(buf, " with ");
    arguments_text(buf, def->options, def->option_count);
    put_throttle(buf, step);
}

static void put_compare(struct buf *buf, const struct step *step, const struct book *book)
{
    const struct compare_def *def = step->compare;
    const char *left = book->targets[def->left].id, *right = book->targets[def->right].id;
    if (def->left_table) {
        buf_format(buf, "%s of %s and %s of %s", def->left_table, left, def->right_table, right);
    } else {
        buf_text(buf, "the tables ");
        put_list(buf, def->patterns, def->pattern_count);
        buf_format(buf, " of %s and %s", left, right);
    }
    if (def->column_count > 0) {
        buf_text(buf, ", columns ");
        put_list(buf, def->columns, def->column_count);
    }
    if (def->where)
        buf_format(buf, ", rows with %s", def->where);
    if (def->sequences)
        buf_format(buf, ", and their sequences with a margin of %" PRId64, def->sequence_margin);
}

static void put_notice(struct buf *buf, const struct step *step)
{
    const struct notice *notice = step->notice;
    buf_format(buf, "to %s: %s\nby ", notice->to, notice->text);
    if (notice->argv_count > 0)
        arguments_text(buf, notice->argv, notice->argv_count);
    else
        buf_text(buf, "POST ");
    if (notice->url)
        url_shown(buf, notice->url);
    else if (notice->url_from)
        buf_text(buf, notice->url_label);
}

void step_text(struct buf *buf, const struct step *step, const struct book *book)
{
    switch (step->kind) {
    case STEP_SQL:
        put_sql(buf, step);
        break;
    case STEP_COMMAND:
        arguments_text(buf, step->argv, step->argv_count);
        break;
    case STEP_WAIT:
        put_wait(buf, step, book);
        break;
    case STEP_BACKFILL:
        put_backfill(buf, step);
        break;
    case STEP_OSC:
        put_osc(buf, step);
        break;
    case STEP_COMPARE:
        put_compare(buf, step, book);
        break;
    case STEP_NOTIFY:
        put_notice(buf, step);
        break;
    case STEP_MARK:
        buf_text(buf, "nothing: what has to be undone with the phase begins here");
        break;
    case STEP_NONE:
        buf_text(buf, step->why ? step->why : "");
        break;
    case STEP_CHECK:
    case STEP_VERIFY:
    case STEP_MANUAL:
    case STEP_KIND_COUNT:
        if (query_is_there(&step->query))
            put_question(buf, &step->query, book);
        else
            buf_text(buf, step->instructions ? step->instructions : "");
        break;
    }
}
