/* Sequences: the right side's have to be far enough ahead of the left one's. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bulk/comparison.h"

#define AT_ONCE 200 /* that one question asks for */

static void ask(struct side *side);

/* ---- judging ---- */

/* How many of the left one's increments the right one is ahead; -1 where it is behind. */
static int64_t increments_ahead(const struct listed *left, const struct listed *right)
{
    const struct listed *from = left->increment > 0 ? left : right, *to = from == left ? right : left;
    int64_t step = llabs(left->increment), distance;
    if (__builtin_sub_overflow(to->position, from->position, &distance))
        distance = to->position > from->position ? INT64_MAX : INT64_MIN;
    return distance < 0 ? -1 : distance / step;
}

static bool is_behind(const struct compare *compare, const struct listed *left, const struct listed *right)
{
    int64_t margin = compare->config->sequence_margin;
    return increments_ahead(left, right) < (margin > 0 ? margin : 0);
}

static void tell_pair(struct compare *compare, const struct listed *left, const struct listed *right)
{
    const struct compare_config *config = compare->config;
    if (!is_behind(compare, left, right))
        return;
    if (config->sequence_margin > 0)
        tell_difference(compare,
                        "sequence %s.%s is at %" PRId64 " on %s and at %" PRId64 " on %s, has to be %" PRId64
                        " ahead",
                        right->schema, right->name, left->position, config->left.name, right->position,
                        config->right.name, config->sequence_margin);
    else
        tell_difference(compare, "sequence %s.%s is at %" PRId64 " on %s, behind %" PRId64 " on %s",
                        right->schema, right->name, right->position, config->right.name, left->position,
                        config->left.name);
}

/* The next in the order of their names; NULL for the side that has none of that name. */
static bool next_pair(const struct compare *compare, size_t at[SIDES], const struct listed *ret[SIDES])
{
    const struct list *left = &compare->sides[LEFT].sequences, *right = &compare->sides[RIGHT].sequences;
    int order = 0;
    if (at[LEFT] == left->count && at[RIGHT] == right->count)
        return false;
    if (at[LEFT] == left->count)
        order = 1;
    else if (at[RIGHT] == right->count)
        order = -1;
    else
        order = strcmp(left->items[at[LEFT]].shown, right->items[at[RIGHT]].shown);
    ret[LEFT] = order <= 0 ? &left->items[at[LEFT]++] : NULL;
    ret[RIGHT] = order >= 0 ? &right->items[at[RIGHT]++] : NULL;
    return true;
}

static bool any_is_behind(const struct compare *compare)
{
    const struct listed *pair[SIDES];
    size_t at[SIDES] = { 0, 0 };
    bool any = false;
    while (next_pair(compare, at, pair))
        any =
            any || (pair[LEFT] != NULL && pair[RIGHT] != NULL && is_behind(compare, pair[LEFT], pair[RIGHT]));
    return any;
}

static void tell_sequences(struct compare *compare)
{
    const struct listed *pair[SIDES];
    size_t at[SIDES] = { 0, 0 };
    while (next_pair(compare, at, pair)) {
        enum which on = pair[LEFT] != NULL ? LEFT : RIGHT;
        if (pair[LEFT] != NULL && pair[RIGHT] != NULL)
            tell_pair(compare, pair[LEFT], pair[RIGHT]);
        else
            tell_difference(compare, "sequence %s.%s only on %s", pair[on]->schema, pair[on]->name,
                            compare->sides[on].config->name);
    }
}

static void look_again(struct compare *compare)
{
    for (int i = 0; i < SIDES; i++)
        compare->sides[i].sequence_at = 0;
    for (int i = 0; i < SIDES; i++)
        ask(&compare->sides[i]);
}

static void judge(struct compare *compare)
{
    if (any_is_behind(compare) && compare->sequence_looks_left-- > 0) {
        compare_wait(compare, compare->config->recheck_wait_us, look_again);
        return;
    }
    tell_sequences(compare);
    compare_finish(compare);
}

/* ---- asking ---- */

static size_t end_of_question(const struct side *side)
{
    size_t left = side->sequences.count - side->sequence_at;
    return side->sequence_at + (left < AT_ONCE ? left : AT_ONCE);
}

static void on_sequences(struct side *side, const struct answer *answer)
{
    for (size_t row = 0; row < answer->row_count; row++) {
        size_t at = (size_t)side_sum(side, answer, row, 0);
        int64_t last = side_number(side, answer, row, 1);
        bool called = side_text(side, answer, row, 2)[0] == 't';
        if (side->compare->over || at >= side->sequences.count)
            return;
        struct listed *item = &side->sequences.items[at];
        if (called || __builtin_sub_overflow(last, item->increment, &item->position))
            item->position = last;
    }
    side->sequence_at = end_of_question(side);
    ask(side);
    if (sides_idle(side->compare) && !side->compare->over)
        judge(side->compare);
}

static void ask(struct side *side)
{
    size_t to = end_of_question(side);
    if (to == side->sequence_at)
        return;
    side->sql->sequences(side_question(side), &side->sequences, side->sequence_at, to);
    side_ask(side, on_sequences);
}

void sequences_start(struct compare *compare)
{
    compare->sequence_looks_left = compare->config->rechecks;
    look_again(compare);
    if (sides_idle(compare))
        judge(compare);
}
