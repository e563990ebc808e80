/* The words of a comparison: lines of its report, and what it comes to. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "bulk/comparison.h"

#define LINE_CELLS  1000
#define STORY_BYTES 1500 /* of a table */
#define STORY_CELLS 300  /* of those in the summary */
#define SUMMARY_MAX 800  /* bytes */

void add_visible(struct buf *buf, const char *text, size_t cells)
{
    struct buf visible;
    buf_init(&visible, QUESTION_MAX);
    text_visible(&visible, text, strlen(text), false);
    const char *whole = buf_str(&visible);
    size_t cut = text_cut(whole, cells);
    buf_add(buf, whole, cut);
    if (whole[cut] != '\0')
        buf_text(buf, "...");
    buf_finish(&visible);
}

static void report(struct compare *compare, const char *text)
{
    struct buf line;
    buf_init(&line, LINE_CELLS * 8);
    add_visible(&line, text, LINE_CELLS);
    if (!compare->over)
        compare->events.report(compare->data, buf_str(&line));
    buf_finish(&line);
}

/* Formats a line into `text`, which is begun here, and reports it, behind the name of a table if there is
 * one. */
static void say(struct compare *compare, const char *table, struct buf *text, const char *format,
                va_list args)
{
    buf_init(text, QUESTION_MAX);
    buf_formatv(text, format, args);
    if (table == NULL)
        report(compare, buf_str(text));
    else
        tell(compare, "%s: %s", table, buf_str(text));
}

void tell(struct compare *compare, const char *format, ...)
{
    va_list args;
    struct buf text;
    va_start(args, format);
    say(compare, NULL, &text, format, args);
    va_end(args);
    buf_finish(&text);
}

/* What there is no room for is counted. */
static void add_to_summary(struct compare *compare, const char *text, int64_t differences)
{
    struct buf visible;
    buf_init(&visible, LINE_CELLS * 8);
    add_visible(&visible, text, LINE_CELLS);
    if (compare->summary.len + visible.len + 2 > SUMMARY_MAX) {
        compare->unsaid += differences;
    } else {
        buf_text(&compare->summary, compare->summary.len > 0 ? "; " : "");
        buf_text(&compare->summary, buf_str(&visible));
    }
    compare->differences += differences;
    buf_finish(&visible);
}

void tell_difference(struct compare *compare, const char *format, ...)
{
    va_list args;
    struct buf text;
    va_start(args, format);
    say(compare, NULL, &text, format, args);
    va_end(args);
    add_to_summary(compare, buf_str(&text), 1);
    buf_finish(&text);
}

void tell_oddity(struct compare *compare, const char *format, ...)
{
    va_list args;
    struct table *table = &compare->table;
    struct buf text;
    va_start(args, format);
    say(compare, table->shown, &text, format, args);
    va_end(args);
    table->apart++;
    if (table->oddity.len + text.len < LINE_MAX_ / 2)
        buf_format(&table->oddity, "%s%s", table->oddity.len > 0 ? ", " : "", buf_str(&text));
    buf_finish(&text);
}

/* ---- rows ---- */

static const struct key_row *row_of(const struct look *look, enum which which, uint64_t key)
{
    for (size_t i = 0; i < look->row_count[which]; i++) {
        if (look->rows[which][i].key == key)
            return &look->rows[which][i];
    }
    return NULL;
}

/* The columns whose hashes differ. */
static void add_columns(struct buf *text, const struct table *table, const struct key_row *left,
                        const struct key_row *right)
{
    size_t at = 0, told = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].compared)
            continue;
        if (left->hashes[at] != right->hashes[at]) {
            buf_text(text, told++ == 0 ? ": " : ", ");
            add_visible(text, table->columns[i].name, 40);
        }
        at++;
    }
}

static void tell_row(struct compare *compare, const struct found *found)
{
    struct tally *tally = &compare->table.tally;
    const struct key_row *left = row_of(&compare->look, LEFT, found->key);
    const struct key_row *right = row_of(&compare->look, RIGHT, found->key);
    struct buf text;
    buf_init(&text, QUESTION_MAX);
    buf_text(&text, left != NULL ? left->text : right->text);
    if (found->changed == 0)
        buf_format(&text, " only on %s", compare->sides[found->only[LEFT] > 0 ? LEFT : RIGHT].config->name);
    else if (left != NULL && right != NULL)
        add_columns(&text, &compare->table, left, right);
    else
        buf_text(&text, " differs");
    tell(compare, "%s: %s", compare->table.shown, buf_str(&text));
    tally->told++;
    if (tally->story.len + text.len + 2 < STORY_BYTES)
        buf_format(&tally->story, "%s%s", tally->story.len > 0 ? "; " : "", buf_str(&text));
    buf_finish(&text);
}

static int by_key(const void *a, const void *b)
{
    const struct found *one = a, *two = b;
    return one->key < two->key ? -1 : one->key > two->key;
}

/* In the order of the rows, the left side first; a key once. One that is gone by now is only counted. */
void tell_rows(struct compare *compare)
{
    const struct look *look = &compare->look;
    for (int i = 0; i < SIDES; i++) {
        for (size_t row = 0; row < look->row_count[i]; row++) {
            const struct found wanted = { .key = look->rows[i][row].key };
            const struct found *found =
                bsearch(&wanted, look->found, look->found_count, sizeof(*look->found), by_key);
            bool told = row_of(look, (enum which)i, wanted.key) != &look->rows[i][row] ||
                        (i == RIGHT && row_of(look, LEFT, wanted.key) != NULL);
            if (found != NULL && !told && compare->table.tally.told < TOLD_MAX)
                tell_row(compare, found);
        }
    }
}

/* ---- tables ---- */

/* "423,000 rows" */
static void add_count(struct buf *text, int64_t count, const char *what)
{
    struct buf digits;
    buf_init(&digits, 32);
    buf_format(&digits, "%" PRId64, count);
    for (size_t i = 0; i < digits.len; i++) {
        if (i > 0 && (digits.len - i) % 3 == 0)
            buf_char(text, ',');
        buf_char(text, digits.data[i]);
    }
    buf_format(text, " %s%s", what, count == 1 ? "" : "s");
    buf_finish(&digits);
}

static void add_only(struct buf *text, const struct compare *compare, enum which which)
{
    int64_t rows = compare->table.tally.only[which];
    if (rows == 0)
        return;
    buf_text(text, text->len > 0 ? ", " : "");
    add_count(text, rows, "row");
    buf_format(text, " only on %s", compare->sides[which].config->name);
}

/* "column x only on new, at least 3 rows differ, 1 row only on old" */
static void add_findings(struct buf *text, const struct compare *compare)
{
    const struct table *table = &compare->table;
    const struct tally *tally = &table->tally;
    buf_text(text, buf_str(&table->oddity));
    if (tally->changed > 0) {
        buf_text(text, text->len > 0 ? ", " : "");
        buf_text(text, tally->at_least ? "at least " : "");
        add_count(text, tally->changed, "row");
        buf_text(text, tally->changed == 1 ? " differs" : " differ");
    }
    add_only(text, compare, LEFT);
    add_only(text, compare, RIGHT);
}

static void add_side(struct buf *text, const struct compare *compare, enum which which)
{
    const struct tally *tally = &compare->table.tally;
    buf_format(text, "%s ", compare->sides[which].config->name);
    add_count(text, tally->totals[which].rows, "row");
    buf_format(text, ", hash %016" PRIx64 ", ", tally->totals[which].hash);
    duration_text(text, tally->elapsed_us[which]);
}

void tell_table(struct compare *compare)
{
    const struct table *table = &compare->table;
    const struct tally *tally = &table->tally;
    int64_t differences = table->apart + tally->changed + tally->only[LEFT] + tally->only[RIGHT];
    struct buf findings, line;
    buf_init(&findings, QUESTION_MAX);
    buf_init(&line, QUESTION_MAX);
    add_findings(&findings, compare);
    add_side(&line, compare, LEFT);
    buf_text(&line, "; ");
    add_side(&line, compare, RIGHT);
    tell(compare, "%s: %s; %s", table->shown, differences == 0 ? "equal" : buf_str(&findings),
         buf_str(&line));
    if (differences > 0) {
        buf_clear(&line);
        buf_format(&line, "%s: %s", table->shown, buf_str(&findings));
        if (tally->story.len > 0) {
            buf_text(&line, " (");
            add_visible(&line, buf_str(&tally->story), STORY_CELLS);
            buf_char(&line, ')');
        }
        add_to_summary(compare, buf_str(&line), differences);
    }
    buf_finish(&findings);
    buf_finish(&line);
}

/* What an earlier attempt has compared is as old as that: it may differ by now. */
static void add_age(struct buf *text, const struct compare *compare)
{
    int64_t age_us = clock_now().wall_us - compare->began_us;
    if (compare->resume_table == NULL)
        return;
    buf_text(text, "; ");
    add_count(text, compare->rows_before, "row");
    buf_text(text, compare->rows_before == 1 ? " was compared" : " were compared");
    buf_text(text, " before an interruption, the first of them ");
    if (compare->began_us == TIME_UNKNOWN) {
        buf_text(text, "at a time that is not known");
        return;
    }
    duration_spell(text, age_us > 0 ? age_us / SECOND_US * SECOND_US : 0);
    buf_text(text, " ago");
}

void tell_verdict(struct compare *compare)
{
    struct buf *text = &compare->message;
    size_t sequences = compare->sides[LEFT].sequences.count;
    buf_clear(text);
    if (compare->verdict == COMPARE_EQUAL) {
        add_count(text, compare->tables, "table");
        buf_text(text, ", ");
        add_count(text, compare->rows, "row");
        buf_text(text, " equal");
        if (sequences > 0) {
            buf_text(text, ", ");
            add_count(text, (int64_t)sequences, "sequence");
            buf_text(text, compare->config->sequence_margin > 0 ? " far enough ahead" : " not behind");
        }
        add_age(text, compare);
        return;
    }
    add_count(text, compare->differences, "difference");
    buf_format(text, ": %s", buf_str(&compare->summary));
    if (compare->unsaid > 0)
        buf_format(text, "%s and %" PRId64 " more", compare->summary.len > 0 ? "," : "", compare->unsaid);
    add_age(text, compare);
}
