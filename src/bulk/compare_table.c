/*
 * A table that is not large is first hashed as a whole: one scan, in the order in which its pages lie, which
 * no range of a key comes up to. One that is larger, differs, takes longer than it should, or is gone on
 * with, is gone through by its key.
 *
 * Through a table, part by part. The side that has nothing else to do says where the next part ends, and
 * both compute the hash of the part, each as fast as it can: one may be some parts ahead of the other. Parts
 * are judged in order; at one that differs both sides stop, and go on when it is known what differs in it.
 *
 * On the side that says the ends every row is in exactly one part, since each part ends behind the one
 * before. On the other it is in one at least, whatever the order there is: between the beginning, which it is
 * behind, and the end, which it is not, there are two neighbouring ends of which it is behind the first only.
 * So parts that are all equal make equal tables, also where the sides do not order their keys alike (there
 * the left one says all ends). But a row that only one side has in a part may be in another part of the other
 * side then; where that is possible, the table is begun again and its parts are made by hashes of the key
 * instead, which is as right and takes more scans.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bulk/comparison.h"

/* A table of at most so many rows is asked for as a whole, and for so long: without parts there is neither
 * progress nor a checkpoint. */
#define WHOLE_ROWS 2000000
#define WHOLE_US   (5 * SECOND_US)

static void go(struct compare *compare);

/* ---- keys and parts ---- */

/* In one piece. */
char **key_copy(const struct table *table, char *const *key)
{
    size_t size = table->key_count * sizeof(char *);
    if (key == NULL)
        return NULL;
    for (size_t i = 0; i < table->key_count; i++)
        size += strlen(key[i]) + 1;
    char **copy = mem_alloc(size);
    char *at = (char *)(copy + table->key_count);
    for (size_t i = 0; i < table->key_count; i++) {
        size_t len = strlen(key[i]) + 1;
        copy[i] = memcpy(at, key[i], len);
        at += len;
    }
    return copy;
}

static void add_chunk(struct table *table, enum range_kind kind, char *const *after, char *const *to)
{
    table->chunks[table->chunk_count++] =
        (struct chunk){ .kind = kind, .after = key_copy(table, after), .to = key_copy(table, to) };
}

static void free_chunk(struct chunk *chunk)
{
    free(chunk->after);
    free(chunk->to);
}

static void drop_first(struct table *table)
{
    free_chunk(&table->chunks[0]);
    table->chunk_count--;
    memmove(&table->chunks[0], &table->chunks[1], table->chunk_count * sizeof(table->chunks[0]));
}

static struct range range_of(const struct chunk *chunk)
{
    return (struct range){ chunk->kind, chunk->after, chunk->to };
}

static void forget(struct table *table)
{
    while (table->chunk_count > 0)
        drop_first(table);
    free(table->passed);
    table->passed = NULL;
    for (int i = 0; i < SIDES; i++) {
        for (size_t j = 0; table->sums[i] != NULL && j < table->column_count; j++)
            free(table->sums[i][j]);
        free(table->sums[i]);
        table->sums[i] = NULL;
    }
    buf_finish(&table->tally.story);
}

void table_finish(struct compare *compare)
{
    look_finish(compare);
    forget(&compare->table);
    buf_finish(&compare->table.oddity);
    arena_destroy(compare->table.arena);
    compare->table = (struct table){ 0 };
}

/* ---- the end of a table: sums ---- */

static void ask_sums(struct compare *compare);

static void end_table(struct compare *compare)
{
    tell_table(compare);
    compare->tables++;
    compare->rows += compare->table.tally.totals[LEFT].rows;
    compare->table.tally.totals[LEFT].rows = 0;
    free(compare->table.passed);
    compare->table.passed = NULL;
    compare->table.ended = true;
    checkpoint_write(compare);
    compare_next(compare);
}

static void judge_sums(struct compare *compare)
{
    struct table *table = &compare->table;
    bool same = true;
    for (size_t i = 0; i < table->column_count; i++)
        same = same && text_equal(table->sums[LEFT][i], table->sums[RIGHT][i]);
    if (!same && table->looks_left-- > 0) {
        compare_wait(compare, compare->config->recheck_wait_us, ask_sums);
        return;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        const char *left = table->sums[LEFT][i], *right = table->sums[RIGHT][i];
        if (left == NULL)
            continue;
        if (text_equal(left, right))
            tell(compare, "%s: sum of %s %s", table->shown, table->columns[i].name, left);
        else
            tell_oddity(compare, "sum of %s %s on %s, %s on %s", table->columns[i].name, left,
                        compare->config->left.name, right, compare->config->right.name);
    }
    end_table(compare);
}

static void on_sums(struct side *side, const struct answer *answer)
{
    struct table *table = &side->compare->table;
    char ***sums = &table->sums[side->which];
    if (*sums == NULL)
        *sums = mem_array(table->column_count, sizeof(**sums));
    for (size_t i = 0, at = 1; i < table->column_count; i++) {
        if (table->columns[i].sum_place == 0)
            continue;
        free((*sums)[i]);
        (*sums)[i] = mem_text(side_text(side, answer, 0, at++));
    }
    if (sides_idle(side->compare) && !side->compare->over)
        judge_sums(side->compare);
}

static void ask_sums(struct compare *compare)
{
    for (int i = 0; i < SIDES; i++) {
        compare->sides[i].sql->sums(side_question(&compare->sides[i]), compare, (enum which)i);
        side_ask(&compare->sides[i], on_sums);
    }
}

static void all_parts_are_done(struct compare *compare)
{
    struct table *table = &compare->table;
    bool sums = false;
    for (size_t i = 0; i < table->column_count; i++)
        sums = sums || table->columns[i].sum_place > 0;
    table->looks_left = compare->config->rechecks;
    if (sums)
        ask_sums(compare);
    else
        end_table(compare);
}

/* ---- judging parts ---- */

static void begin_by_hashes(struct compare *compare)
{
    struct table *table = &compare->table;
    forget(table);
    table->tally = (struct tally){ 0 };
    buf_init(&table->tally.story, LINE_MAX_);
    table->order = KEY_NONE;
    table->looking = false;
    tell(compare, "%s: its key may not have the same order on both sides: begun again, by hashes",
         table->shown);
    add_chunk(table, RANGE_ALL, NULL, NULL);
    table->ended = true;
    go(compare);
}

/* Rows that differed and are equal when looked at again were on their way: they count as the left side had
 * them. */
static void accept_first(struct compare *compare, bool equal)
{
    struct table *table = &compare->table;
    struct chunk *chunk = &table->chunks[0];
    for (int i = 0; i < SIDES; i++) {
        const struct total *total = &chunk->totals[equal ? LEFT : i];
        table->tally.totals[i].rows += total->rows;
        table->tally.totals[i].hash += total->hash;
    }
    if (chunk->to != NULL) {
        free(table->passed);
        table->passed = chunk->to;
        chunk->to = NULL;
    }
    drop_first(table);
    compare_progress(compare);
    if (table->passed != NULL)
        checkpoint_write(compare);
}

static void on_looked(struct compare *compare)
{
    struct table *table = &compare->table;
    if (compare->look.uncertain) {
        begin_by_hashes(compare);
        return;
    }
    table->looking = false;
    accept_first(compare, compare->look.total == 0);
    go(compare);
}

static void begin_by_parts(struct table *table)
{
    drop_first(table);
    table->whole = table->gave_up = table->ended = false;
}

/* Judges the parts that both sides know, in order. */
static void judge(struct compare *compare)
{
    struct table *table = &compare->table;
    while (!table->looking && table->chunk_count > 0) {
        const struct chunk *chunk = &table->chunks[0];
        const struct total *left = &chunk->totals[LEFT], *right = &chunk->totals[RIGHT];
        if (!chunk->known[LEFT] || !chunk->known[RIGHT])
            return;
        bool same = !table->gave_up && left->rows == right->rows && left->hash == right->hash;
        table->looking = !same && !table->whole;
        if (same)
            accept_first(compare, true);
        else if (table->whole)
            begin_by_parts(table);
    }
}

static void look_at_first(struct compare *compare)
{
    const struct chunk *chunk = &compare->table.chunks[0];
    const struct range range = range_of(chunk);
    const struct total *left = &chunk->totals[LEFT], *right = &chunk->totals[RIGHT];
    look_start(compare, &range, left->rows > right->rows ? left->rows : right->rows, on_looked);
}

/* ---- asking ---- */

static void on_total(struct side *side, const struct answer *answer)
{
    struct table *table = &side->compare->table;
    size_t at = 0;
    while (table->chunks[at].known[side->which])
        at++;
    struct chunk *chunk = &table->chunks[at];
    chunk->totals[side->which].rows = side_number(side, answer, 0, 0);
    chunk->totals[side->which].hash = side_sum(side, answer, 0, 1);
    chunk->known[side->which] = true;
    go(side->compare);
}

int64_t table_timeout_us(const struct side *side)
{
    int64_t timeout_us = side->compare->config->timeout_us;
    bool whole = side->compare->table.whole && side->read == on_total;
    return whole && timeout_us > WHOLE_US ? WHOLE_US : timeout_us;
}

/* No total of this side, and nothing to fail for: a part takes less. */
bool table_gives_up(struct side *side)
{
    struct table *table = &side->compare->table;
    if (!table->whole || side->read != on_total)
        return false;
    side->read = NULL;
    table->gave_up = table->chunks[0].known[side->which] = true;
    go(side->compare);
    return true;
}

static bool key_may_be_null(const struct table *table)
{
    bool may = false;
    for (size_t i = 0; i < table->key_count; i++)
        may = may || !table->key[i]->not_null[LEFT] || !table->key[i]->not_null[RIGHT];
    return may;
}

/* Where the next part begins: behind the last one. */
static char *const *last_key(const struct table *table)
{
    return table->chunk_count > 0 ? table->chunks[table->chunk_count - 1].to : table->passed;
}

static void on_chunk_end(struct side *side, const struct answer *answer)
{
    struct table *table = &side->compare->table;
    char *key[KEY_COLUMNS_MAX];
    struct arena *arena = arena_create();
    for (size_t i = 0; i < table->key_count && answer->row_count > 0; i++)
        key[i] = arena_text(arena, side_text(side, answer, 0, i));
    table->finding_end = false;
    if (answer->row_count > 0) {
        add_chunk(table, RANGE_SPAN, last_key(table), key);
    } else if (side->which == RIGHT) {
        table->right_is_short = true;
    } else {
        table->ended = true;
        add_chunk(table, RANGE_SPAN, last_key(table), NULL);
        if (key_may_be_null(table))
            add_chunk(table, RANGE_NULLS, NULL, NULL);
    }
    arena_destroy(arena);
    go(side->compare);
}

/* There is room for two more then: the last, and the keys that are NULL. The right side helps where both have
 * the same order, but it is the left one that says that the part behind its last end is the last. */
static bool may_find_end(const struct table *table, enum which which)
{
    return !table->ended && !table->finding_end && table->chunk_count + 2 <= CHUNKS_MAX &&
           (which == LEFT || (table->order == KEY_SURE && !table->right_is_short));
}

/* The next question of a side: the hash of the first part whose it does not know; where there is none, the
 * end of the next part. */
static void ask_next(struct compare *compare, enum which which)
{
    struct side *side = &compare->sides[which];
    struct table *table = &compare->table;
    size_t at = 0;
    if (side->read != NULL || table->looking || compare->over)
        return;
    while (at < table->chunk_count && table->chunks[at].known[which])
        at++;
    if (at < table->chunk_count) {
        const struct range range = range_of(&table->chunks[at]);
        side->sql->total(side_question(side), compare, which, &range);
        side_ask(side, on_total);
    } else if (may_find_end(table, which)) {
        const struct range range = { .kind = RANGE_SPAN, .after = last_key(table) };
        table->finding_end = true;
        side->sql->chunk_end(side_question(side), compare, which, &range);
        side_ask(side, on_chunk_end);
    }
}

static void go(struct compare *compare)
{
    struct table *table = &compare->table;
    if (compare->over)
        return;
    judge(compare);
    ask_next(compare, LEFT);
    ask_next(compare, RIGHT);
    if (!sides_idle(compare) || compare->over)
        return;
    if (table->looking)
        look_at_first(compare);
    else if (table->ended && table->chunk_count == 0)
        all_parts_are_done(compare);
}

/* By the statistics of the left side; without any it could be of any size. */
static bool is_asked_whole(const struct compare *compare)
{
    const struct table *table = &compare->table;
    int64_t about = table->listed[LEFT]->about;
    return table->passed == NULL && about > 0 && about <= WHOLE_ROWS;
}

void table_run(struct compare *compare)
{
    struct table *table = &compare->table;
    compare_progress(compare);
    table->whole = table->order != KEY_NONE && is_asked_whole(compare);
    if (table->order == KEY_NONE || table->whole) {
        add_chunk(table, RANGE_ALL, NULL, NULL);
        table->ended = true;
    }
    go(compare);
}
