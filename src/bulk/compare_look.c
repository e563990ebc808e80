/*
 * Which rows of a range differ.
 *
 * A range that is too large for one answer is cut into buckets by the hash of the key (without a key: of the
 * row), and only those that differ are gone through, some at a time: both sides give the hashes of their
 * rows, and what is not on both is found. It counts when it is still so after all the looks that were asked
 * for; another row that differs by then was on its way. At last both sides are asked for the keys of some of
 * them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bulk/comparison.h"

#define GROUP_ROWS   50000 /* that are asked for at once: two hashes each, of the 8 MiB of an answer */
#define BUCKET_ROWS  5000  /* about */
#define BUCKETS_MAX  32768
#define GROUPS_MAX   20   /* of a whole table: each is a scan. What is behind them is counted as buckets */
#define CERTAIN_ROWS 1000 /* after so many nobody has to wait to know that a table differs */

static void next_group(struct compare *compare);
static void ask_rows(struct compare *compare);

static void free_entries(struct look *look)
{
    for (int i = 0; i < SIDES; i++) {
        free(look->entries[i]);
        look->entries[i] = NULL;
        look->entry_count[i] = 0;
    }
}

void look_finish(struct compare *compare)
{
    struct look *look = &compare->look;
    free_entries(look);
    free(look->buckets);
    free(look->found);
    arena_destroy(look->arena);
    *look = (struct look){ 0 };
}

static void end_look(struct compare *compare)
{
    struct look *look = &compare->look;
    compare_then then = look->then;
    int64_t total = look->total;
    bool uncertain = look->uncertain;
    look_finish(compare);
    look->total = total;
    look->uncertain = uncertain;
    then(compare);
}

/* ---- what was found counts ---- */

static void on_keys(struct side *side, const struct answer *answer)
{
    struct compare *compare = side->compare;
    struct look *look = &compare->look;
    const struct table *table = &compare->table;
    struct key_row *rows = arena_array(look->arena, answer->row_count + 1, sizeof(*rows));
    struct buf text;
    buf_init(&text, LINE_MAX_);
    for (size_t row = 0; row < answer->row_count; row++) {
        size_t hash_count = answer->column_count - 1 - table->key_count;
        uint64_t *hashes = arena_array(look->arena, hash_count, sizeof(*hashes));
        buf_clear(&text);
        for (size_t i = 0; i < table->key_count; i++) {
            const char *value = answer->cell(answer, row, i + 1);
            buf_text(&text, i > 0 ? ", " : "");
            add_visible(&text, table->key[i]->name, 40);
            buf_char(&text, ' ');
            add_visible(&text, value != NULL ? value : "NULL", 60);
        }
        for (size_t i = 0; i < hash_count; i++)
            hashes[i] = side_sum(side, answer, row, 1 + table->key_count + i);
        rows[row].key = side_sum(side, answer, row, 0);
        rows[row].text = arena_text(look->arena, buf_str(&text));
        rows[row].hashes = hashes;
    }
    buf_finish(&text);
    look->rows[side->which] = rows;
    look->row_count[side->which] = answer->row_count;
    if (sides_idle(compare) && !compare->over) {
        tell_rows(compare);
        next_group(compare);
    }
}

static void ask_keys(struct compare *compare)
{
    struct look *look = &compare->look;
    if (compare->table.key_count == 0 || compare->table.tally.told == TOLD_MAX) {
        next_group(compare);
        return;
    }
    arena_destroy(look->arena);
    look->arena = arena_create();
    for (int i = 0; i < SIDES; i++) {
        compare->sides[i].sql->keys(side_question(&compare->sides[i]), compare, (enum which)i);
        side_ask(&compare->sides[i], on_keys);
    }
}

static void count_found(struct compare *compare)
{
    struct look *look = &compare->look;
    struct tally *tally = &compare->table.tally;
    int64_t only[SIDES] = { 0, 0 }, changed = 0;
    for (size_t i = 0; i < look->found_count; i++) {
        changed += look->found[i].changed;
        only[LEFT] += look->found[i].only[LEFT];
        only[RIGHT] += look->found[i].only[RIGHT];
    }
    look->total += changed + only[LEFT] + only[RIGHT];
    if (compare->table.order == KEY_TRIED && only[LEFT] + only[RIGHT] > 0) {
        look->uncertain = true; /* they may be in another part on the other side */
        end_look(compare);
        return;
    }
    tally->changed += changed;
    tally->only[LEFT] += only[LEFT];
    tally->only[RIGHT] += only[RIGHT];
    ask_keys(compare);
}

/* ---- looking ---- */

static int by_key_and_hash(const void *a, const void *b)
{
    const struct entry *one = a, *two = b;
    if (one->key != two->key)
        return one->key < two->key ? -1 : 1;
    return one->hash < two->hash ? -1 : one->hash > two->hash;
}

/* The rows of one key on both sides: those that are the same go away in pairs. */
static struct found compare_key(const struct entry *left, size_t left_count, const struct entry *right,
                                size_t right_count)
{
    int64_t only_left = 0, only_right = 0;
    size_t i = 0, j = 0;
    while (i < left_count || j < right_count) {
        int order = i == left_count ? 1 : j == right_count ? -1 : by_key_and_hash(&left[i], &right[j]);
        only_left += order < 0;
        only_right += order > 0;
        i += order <= 0;
        j += order >= 0;
    }
    int64_t changed = only_left < only_right ? only_left : only_right;
    return (struct found){ .changed = changed, .only = { only_left - changed, only_right - changed } };
}

/* The same where the key is the row's hash, and the hash says how many there are. */
static struct found compare_count(const struct entry *left, size_t left_count, const struct entry *right,
                                  size_t right_count)
{
    int64_t more = (left_count > 0 ? (int64_t)left->hash : 0) - (right_count > 0 ? (int64_t)right->hash : 0);
    return (struct found){ .only = { more > 0 ? more : 0, more < 0 ? -more : 0 } };
}

static size_t run_length(const struct entry *entries, size_t count, uint64_t key)
{
    size_t length = 0;
    while (length < count && entries[length].key == key)
        length++;
    return length;
}

/* All that differ, by key; yours. */
static struct found *find(const struct compare *compare, size_t *ret_count)
{
    const struct look *look = &compare->look;
    const struct entry *at[SIDES] = { look->entries[LEFT], look->entries[RIGHT] };
    size_t left[SIDES] = { look->entry_count[LEFT], look->entry_count[RIGHT] }, count = 0;
    struct found *found = mem_array(left[LEFT] + left[RIGHT] + 1, sizeof(*found));
    while (left[LEFT] + left[RIGHT] > 0) {
        bool from_right = left[LEFT] == 0 || (left[RIGHT] > 0 && at[RIGHT]->key < at[LEFT]->key);
        uint64_t key = at[from_right]->key;
        size_t runs[SIDES] = { run_length(at[LEFT], left[LEFT], key),
                               run_length(at[RIGHT], left[RIGHT], key) };
        struct found one = compare->table.key_count > 0
                               ? compare_key(at[LEFT], runs[LEFT], at[RIGHT], runs[RIGHT])
                               : compare_count(at[LEFT], runs[LEFT], at[RIGHT], runs[RIGHT]);
        one.key = key;
        if (one.changed + one.only[LEFT] + one.only[RIGHT] > 0)
            found[count++] = one;
        for (int i = 0; i < SIDES; i++) {
            at[i] += runs[i];
            left[i] -= runs[i];
        }
    }
    *ret_count = count;
    return found;
}

/* Keeps of `found` what an earlier look had found, too. Both are in order. */
static size_t keep_old(const struct look *look, struct found *found, size_t count)
{
    size_t kept = 0, old = 0;
    for (size_t i = 0; i < count; i++) {
        while (old < look->found_count && look->found[old].key < found[i].key)
            old++;
        if (old < look->found_count && look->found[old].key == found[i].key)
            found[kept++] = found[i];
    }
    return kept;
}

static void judge(struct compare *compare)
{
    struct look *look = &compare->look;
    const struct tally *tally = &compare->table.tally;
    size_t count;
    for (int i = 0; i < SIDES; i++)
        qsort(look->entries[i], look->entry_count[i], sizeof(*look->entries[i]), by_key_and_hash);
    struct found *found = find(compare, &count);
    if (look->again)
        count = keep_old(look, found, count);
    free(look->found);
    free_entries(look);
    look->found = found;
    look->found_count = count;
    look->again = true;
    if (count == 0) {
        next_group(compare);
    } else if (look->looks_left > 0 &&
               tally->changed + tally->only[LEFT] + tally->only[RIGHT] < CERTAIN_ROWS) {
        look->looks_left--;
        compare_wait(compare, compare->config->recheck_wait_us, ask_rows);
    } else {
        count_found(compare);
    }
}

static void on_rows(struct side *side, const struct answer *answer)
{
    struct look *look = &side->compare->look;
    struct entry *entries = mem_array(answer->row_count + 1, sizeof(*entries));
    for (size_t row = 0; row < answer->row_count; row++) {
        entries[row].key = side_sum(side, answer, row, 0);
        entries[row].hash = side_sum(side, answer, row, 1);
    }
    free(look->entries[side->which]);
    look->entries[side->which] = entries;
    look->entry_count[side->which] = answer->row_count;
    if (sides_idle(side->compare) && !side->compare->over)
        judge(side->compare);
}

static void ask_rows(struct compare *compare)
{
    for (int i = 0; i < SIDES; i++) {
        compare->sides[i].sql->rows(side_question(&compare->sides[i]), compare, (enum which)i);
        side_ask(&compare->sides[i], on_rows);
    }
}

/* ---- buckets ---- */

static void leave_rest(struct compare *compare)
{
    struct look *look = &compare->look;
    int64_t rest = (int64_t)(look->bucket_count - look->to);
    compare->table.tally.changed += rest;
    compare->table.tally.at_least = true;
    look->total += rest;
}

static void next_group(struct compare *compare)
{
    struct look *look = &compare->look;
    int64_t rows = 0;
    bool whole = look->range.kind == RANGE_ALL;
    if (look->to < look->bucket_count && whole && ++look->groups > GROUPS_MAX) {
        leave_rest(compare);
        look->to = look->bucket_count;
    }
    if (look->to == look->bucket_count) {
        end_look(compare);
        return;
    }
    look->from = look->to;
    do {
        const struct total *totals = look->buckets[look->to].totals;
        rows += totals[LEFT].rows > totals[RIGHT].rows ? totals[LEFT].rows : totals[RIGHT].rows;
        look->to++;
    } while (look->to < look->bucket_count && rows < GROUP_ROWS);
    look->again = false;
    look->looks_left = compare->config->rechecks;
    ask_rows(compare);
}

static void keep_different(struct look *look)
{
    size_t kept = 0;
    for (size_t i = 0; i < look->bucket_count; i++) {
        const struct total *totals = look->buckets[i].totals;
        if (totals[LEFT].rows != totals[RIGHT].rows || totals[LEFT].hash != totals[RIGHT].hash)
            look->buckets[kept++] = look->buckets[i];
    }
    look->bucket_count = kept;
}

static void on_buckets(struct side *side, const struct answer *answer)
{
    struct compare *compare = side->compare;
    struct look *look = &compare->look;
    for (size_t row = 0; row < answer->row_count; row++) {
        uint64_t id = side_sum(side, answer, row, 0);
        if (id >= look->bucket_count)
            continue; /* an answer that could not be read, which has ended the comparison */
        look->buckets[id].totals[side->which].rows = side_number(side, answer, row, 1);
        look->buckets[id].totals[side->which].hash = side_sum(side, answer, row, 2);
    }
    if (!sides_idle(compare) || compare->over)
        return;
    keep_different(look);
    next_group(compare);
}

void look_start(struct compare *compare, const struct range *range, int64_t rows, compare_then then)
{
    struct look *look = &compare->look;
    size_t buckets = 1;
    look_finish(compare);
    while (rows > GROUP_ROWS && buckets < BUCKETS_MAX && (int64_t)buckets * BUCKET_ROWS < rows)
        buckets *= 2;
    look->range = *range;
    look->then = then;
    look->mask = buckets - 1;
    look->buckets = mem_array(buckets, sizeof(*look->buckets));
    look->bucket_count = buckets;
    for (size_t i = 0; i < buckets; i++)
        look->buckets[i].id = i;
    if (buckets == 1) {
        next_group(compare);
        return;
    }
    for (int i = 0; i < SIDES; i++) {
        compare->sides[i].sql->buckets(side_question(&compare->sides[i]), compare, (enum which)i);
        side_ask(&compare->sides[i], on_buckets);
    }
}
