/*
 * Where a comparison has come, as a line of text: fields between "|", in which "%" and two hex digits stand
 * for what would not fit into a line. First what the comparison is (a hash of its text), all that is done and
 * when it was begun; then, in the middle of a table, what is known of that table and the key up to which it
 * is done. The first form did not say when, and is still read.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bulk/comparison.h"

#define CHECKPOINT_MS 1000
#define FORM          "compare 2"
#define FIRST_FORM    "compare 1"

enum {
    HAS_FORM,
    HAS_COMPARISON,
    HAS_TABLE,
    HAS_INSIDE,
    HAS_TABLES,
    HAS_ROWS,
    HAS_DIFFERENCES,
    HAS_UNSAID,
    HAS_SUMMARY,
    HAS_BEGAN, /* not in the first form */
    HEAD_FIELDS
};
enum {
    HAS_SHAPE,
    HAS_LEFT_ROWS,
    HAS_RIGHT_ROWS,
    HAS_LEFT_HASH,
    HAS_RIGHT_HASH,
    HAS_LEFT_TIME,
    HAS_RIGHT_TIME,
    HAS_CHANGED,
    HAS_ONLY_LEFT,
    HAS_ONLY_RIGHT,
    HAS_AT_LEAST,
    HAS_TOLD,
    HAS_STORY,
    TABLE_FIELDS
};
#define FIELDS_MAX (HEAD_FIELDS + TABLE_FIELDS + KEY_COLUMNS_MAX)

/* ---- what it is a checkpoint of ---- */

/* FNV-1a, with the end of each text, so that no text can take over a part of the next. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *at = text != NULL ? text : "\1";; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        if (*at == '\0')
            return hash;
    }
}

static uint64_t hash_list(uint64_t hash, size_t count, const char *const *texts)
{
    for (size_t i = 0; i < count; i++)
        hash = hash_text(hash, texts[i]);
    return hash_text(hash, "\2");
}

#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)

static uint64_t comparison_hash(const struct compare_config *config)
{
    uint64_t hash = HASH_BEGIN;
    hash = hash_text(hash, config->left.name);
    hash = hash_text(hash, config->left.table);
    hash = hash_text(hash, config->right.name);
    hash = hash_text(hash, config->right.table);
    hash = hash_list(hash, config->pattern_count, config->patterns);
    hash = hash_list(hash, config->key_count, config->key);
    hash = hash_list(hash, config->column_count, config->columns);
    hash = hash_text(hash, config->where);
    return hash_list(hash, config->sum_count, config->sums);
}

/* What the hashes and the key of a table depend on. */
static uint64_t table_shape(const struct table *table)
{
    uint64_t hash = HASH_BEGIN;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        if (!column->compared)
            continue;
        hash = hash_text(hash, column->name);
        hash = hash_text(hash, column->cast[LEFT]);
        hash = hash_text(hash, column->cast[RIGHT]);
    }
    for (size_t i = 0; i < table->key_count; i++)
        hash = hash_text(hash, table->key[i]->name);
    return hash;
}

/* ---- writing ---- */

static void add_field(struct buf *line, const char *text)
{
    bool utf8 = text_valid_utf8(text, strlen(text));
    if (line->len > 0)
        buf_char(line, '|');
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < ' ' || c == 0x7f || c == '%' || c == '|' || (c >= 0x80 && !utf8))
            buf_format(line, "%%%02x", c);
        else
            buf_char(line, *at);
    }
}

static void add_number(struct buf *line, int64_t number)
{
    buf_format(line, "|%" PRId64, number);
}

static void add_head(struct buf *line, const struct compare *compare, const char *summary)
{
    bool said = *summary != '\0';
    add_field(line, FORM);
    buf_format(line, "|%016" PRIx64, comparison_hash(compare->config));
    add_field(line, compare->table.listed[LEFT]->shown);
    add_field(line, compare->table.passed != NULL ? "in" : "behind");
    add_number(line, compare->tables);
    add_number(line, compare->rows);
    add_number(line, compare->differences);
    add_number(line, said ? compare->unsaid : compare->differences);
    add_field(line, summary);
    add_number(line, compare->began_us);
}

static void add_table(struct buf *line, const struct table *table, const char *story)
{
    const struct tally *tally = &table->tally;
    buf_format(line, "|%016" PRIx64, table_shape(table));
    add_number(line, tally->totals[LEFT].rows);
    add_number(line, tally->totals[RIGHT].rows);
    buf_format(line, "|%" PRIu64 "|%" PRIu64, tally->totals[LEFT].hash, tally->totals[RIGHT].hash);
    add_number(line, tally->elapsed_us[LEFT]);
    add_number(line, tally->elapsed_us[RIGHT]);
    add_number(line, tally->changed);
    add_number(line, tally->only[LEFT]);
    add_number(line, tally->only[RIGHT]);
    add_number(line, tally->at_least);
    add_number(line, (int64_t)tally->told);
    add_field(line, story);
    for (size_t i = 0; i < table->key_count; i++)
        add_field(line, table->passed[i]);
}

static bool write_line(struct compare *compare, const char *summary, const char *story)
{
    struct err err = ERR_INIT;
    struct buf line;
    buf_init(&line, CHECKPOINT_MAX);
    add_head(&line, compare, summary);
    if (compare->table.passed != NULL)
        add_table(&line, &compare->table, story);
    bool fits = buf_ok(&line, "the checkpoint", &err) == 0;
    if (fits)
        compare->events.checkpoint(compare->data, buf_str(&line));
    buf_finish(&line);
    return fits;
}

/* Where there is no room for what has been found, how much it is has to do; for a key that does not fit there
 * is no checkpoint in its table. */
void checkpoint_write(struct compare *compare)
{
    uint64_t now = uv_now(compare->loop);
    const char *summary = buf_str(&compare->summary), *story = buf_str(&compare->table.tally.story);
    if (compare->over || now - compare->checkpoint_ms < CHECKPOINT_MS)
        return;
    if (write_line(compare, summary, story) || write_line(compare, summary, "") ||
        write_line(compare, "", ""))
        compare->checkpoint_ms = now;
}

/* ---- reading ---- */

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

static bool decode(char *text)
{
    char *to = text;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '%') {
            *to++ = *at;
            continue;
        }
        int high = hex_digit(at[1]), low = high < 0 ? -1 : hex_digit(at[2]);
        if (low < 0 || high + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        at += 2;
    }
    *to = '\0';
    return true;
}

/* Splits `line` in place; 0 when it is no line of ours. */
static size_t split(char *line, char *ret_fields[FIELDS_MAX])
{
    size_t count = 0;
    for (char *at = line; at != NULL;) {
        char *next = strchr(at, '|');
        if (next != NULL)
            *next++ = '\0';
        if (count == FIELDS_MAX || !decode(at))
            return 0;
        ret_fields[count++] = at;
        at = next;
    }
    return count;
}

static bool read_number(const char *text, int64_t *ret)
{
    char *end;
    *ret = strtoll(text, &end, 10);
    return end != text && *end == '\0';
}

/* How many fields the head has; 0 of a form that is not known. */
static size_t head_fields(char **fields, size_t count)
{
    if (count == 0)
        return 0;
    return strcmp(fields[HAS_FORM], FORM) == 0         ? HEAD_FIELDS
           : strcmp(fields[HAS_FORM], FIRST_FORM) == 0 ? HEAD_FIELDS - 1
                                                       : 0;
}

/* What is wrong with the line; NULL for nothing. */
static const char *read_head(struct compare *compare, char **fields, size_t count)
{
    char hash[20];
    (void)snprintf(hash, sizeof(hash), "%016" PRIx64, comparison_hash(compare->config));
    size_t head = head_fields(fields, count);
    int64_t began_us = TIME_UNKNOWN;
    if (head == 0 || count < head)
        return "cannot be understood";
    if (strcmp(fields[HAS_COMPARISON], hash) != 0)
        return "is of another comparison";
    if (!read_number(fields[HAS_TABLES], &compare->tables) ||
        !read_number(fields[HAS_ROWS], &compare->rows) ||
        !read_number(fields[HAS_DIFFERENCES], &compare->differences) ||
        !read_number(fields[HAS_UNSAID], &compare->unsaid) ||
        (head == HEAD_FIELDS && !read_number(fields[HAS_BEGAN], &began_us)))
        return "cannot be understood";
    buf_text(&compare->summary, fields[HAS_SUMMARY]);
    compare->resume_table = mem_text(fields[HAS_TABLE]);
    compare->resume_inside = strcmp(fields[HAS_INSIDE], "in") == 0;
    compare->began_us = began_us;
    compare->rows_before = compare->rows;
    return NULL;
}

void checkpoint_read(struct compare *compare)
{
    const char *text = compare->config->checkpoint, *wrong;
    char *fields[FIELDS_MAX];
    if (text == NULL)
        return;
    char *line = mem_text(text);
    wrong = strlen(line) > CHECKPOINT_MAX ? "cannot be understood"
                                          : read_head(compare, fields, split(line, fields));
    if (wrong != NULL) {
        compare->tables = compare->rows = compare->differences = compare->unsaid = 0;
        tell(compare, "the checkpoint %s: compared from the beginning", wrong);
    } else {
        tell(compare, "goes on %s %s, with %" PRId64 " rows and %" PRId64 " differences of the tables before",
             compare->resume_inside ? "in" : "behind", compare->resume_table, compare->rows,
             compare->differences);
    }
    free(line);
}

static bool read_tally(struct tally *tally, char **fields)
{
    int64_t at_least, told;
    char *left_end, *right_end;
    tally->totals[LEFT].hash = strtoull(fields[HAS_LEFT_HASH], &left_end, 10);
    tally->totals[RIGHT].hash = strtoull(fields[HAS_RIGHT_HASH], &right_end, 10);
    bool fine = *left_end == '\0' && *right_end == '\0' &&
                read_number(fields[HAS_LEFT_ROWS], &tally->totals[LEFT].rows) &&
                read_number(fields[HAS_RIGHT_ROWS], &tally->totals[RIGHT].rows) &&
                read_number(fields[HAS_LEFT_TIME], &tally->elapsed_us[LEFT]) &&
                read_number(fields[HAS_RIGHT_TIME], &tally->elapsed_us[RIGHT]) &&
                read_number(fields[HAS_CHANGED], &tally->changed) &&
                read_number(fields[HAS_ONLY_LEFT], &tally->only[LEFT]) &&
                read_number(fields[HAS_ONLY_RIGHT], &tally->only[RIGHT]) &&
                read_number(fields[HAS_AT_LEAST], &at_least) && read_number(fields[HAS_TOLD], &told) &&
                told >= 0 && told <= TOLD_MAX;
    if (!fine)
        return false;
    tally->at_least = at_least != 0;
    tally->told = (size_t)told;
    buf_text(&tally->story, fields[HAS_STORY]);
    return true;
}

void checkpoint_resume_table(struct compare *compare)
{
    struct table *table = &compare->table;
    char *fields[FIELDS_MAX], shape[20];
    if (!compare->resume_inside || strcmp(table->listed[LEFT]->shown, compare->resume_table) != 0)
        return;
    struct tally tally = { 0 };
    char *line = mem_text(compare->config->checkpoint);
    size_t count = split(line, fields), head = head_fields(fields, count);
    buf_init(&tally.story, LINE_MAX_);
    (void)snprintf(shape, sizeof(shape), "%016" PRIx64, table_shape(table));
    if (table->order != KEY_NONE && count == head + TABLE_FIELDS + table->key_count &&
        strcmp(fields[head + HAS_SHAPE], shape) == 0 && read_tally(&tally, fields + head)) {
        buf_finish(&table->tally.story);
        table->tally = tally;
        table->passed = key_copy(table, fields + head + TABLE_FIELDS);
        compare->rows_before += tally.totals[LEFT].rows;
    } else {
        buf_finish(&tally.story);
        tell(compare, "%s is not as it was at the checkpoint: compared from its beginning", table->shown);
    }
    free(line);
}
