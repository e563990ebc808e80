/* What each side has of what is to be compared: tables, sequences. */
#include <stdlib.h>
#include <string.h>

#include "bulk/comparison.h"

enum { LIST_KIND, LIST_SCHEMA, LIST_NAME, LIST_ABOUT, LIST_LABEL, LIST_INCREMENT };

static int by_shown(const void *a, const void *b)
{
    return strcmp(((const struct listed *)a)->shown, ((const struct listed *)b)->shown);
}

static void add_item(struct side *side, const struct answer *answer, size_t row, char kind)
{
    struct arena *arena = side->compare->lists;
    struct list *list = kind == 'S' ? &side->sequences : &side->tables;
    struct listed *item = &list->items[list->count++];
    item->kind = kind;
    item->schema = arena_text(arena, side_text(side, answer, row, LIST_SCHEMA));
    item->name = arena_text(arena, side_text(side, answer, row, LIST_NAME));
    item->about = side_number(side, answer, row, LIST_ABOUT);
    item->increment = side_number(side, answer, row, LIST_INCREMENT);
    struct buf shown;
    buf_init(&shown, LINE_MAX_);
    add_visible(&shown, side_text(side, answer, row, LIST_LABEL), LINE_MAX_ / 4);
    item->shown = arena_text(arena, buf_str(&shown));
    buf_finish(&shown);
}

/* The kinds of relations that a pair of tables may be of: a table, a partitioned one, a materialized view. */
static bool can_compare(const struct side *side)
{
    return side->tables.count == 1 && strchr("rpm", side->tables.items[0].kind) != NULL;
}

static void check_pair(struct compare *compare)
{
    for (int i = 0; i < SIDES; i++) {
        const struct side *side = &compare->sides[i];
        if (side->tables.count == 0)
            compare_fail(compare, "42P01", "%s: there is no table %s", side->config->name,
                         side->config->table);
        else if (!can_compare(side))
            compare_fail(compare, "42809", "%s: %s is not a table", side->config->name, side->config->table);
    }
}

/* Hashes are of bytes: those of a text in two encodings say nothing. */
static void check_encodings(struct compare *compare)
{
    const char *left = compare->sides[LEFT].encoding, *right = compare->sides[RIGHT].encoding;
    if (strcmp(left, right) != 0)
        compare_fail(compare, "", "the encodings differ: %s on %s, %s on %s", left,
                     compare->sides[LEFT].config->name, right, compare->sides[RIGHT].config->name);
}

static void begin(struct compare *compare)
{
    struct side *left = &compare->sides[LEFT], *right = &compare->sides[RIGHT];
    check_encodings(compare);
    if (compare->config->left.table != NULL)
        check_pair(compare);
    else if (left->tables.count + right->tables.count + left->sequences.count + right->sequences.count == 0)
        compare_fail(compare, "", "nothing fits: neither %s nor %s has a table of these names",
                     left->config->name, right->config->name);
    if (compare->over)
        return;
    for (size_t i = 0; i < left->tables.count; i++)
        compare->total += left->tables.items[i].about;
    checkpoint_read(compare);
    compare_next(compare);
}

/* The first row is the encoding. */
static void on_list(struct side *side, const struct answer *answer)
{
    struct arena *arena = side->compare->lists;
    free(side->encoding);
    side->encoding = mem_text(side_text(side, answer, 0, LIST_LABEL));
    side->tables.items = arena_array(arena, answer->row_count, sizeof(*side->tables.items));
    side->sequences.items = arena_array(arena, answer->row_count, sizeof(*side->sequences.items));
    for (size_t row = 1; row < answer->row_count; row++)
        add_item(side, answer, row, side_text(side, answer, row, LIST_KIND)[0]);
    qsort(side->tables.items, side->tables.count, sizeof(*side->tables.items), by_shown);
    qsort(side->sequences.items, side->sequences.count, sizeof(*side->sequences.items), by_shown);
    if (sides_idle(side->compare) && !side->compare->over)
        begin(side->compare);
}

void list_start(struct compare *compare)
{
    for (int i = 0; i < SIDES; i++) {
        struct side *side = &compare->sides[i];
        side->sql->list(side_question(side), compare->config, side->config);
        side_ask(side, on_list);
    }
}
