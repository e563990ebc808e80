/* How a table is compared: which columns, along which key. */
#include <stdlib.h>
#include <string.h>

#include "bulk/comparison.h"

enum {
    HAS_NAME,
    HAS_TYPE,
    HAS_CAST,
    HAS_OID,
    HAS_NOT_NULL,
    HAS_COLLATE,
    HAS_BYTEWISE,
    HAS_COMPARES,
    HAS_INDEX_PLACE,
    HAS_KEY_PLACE,
    HAS_WANTED_PLACE,
    HAS_SUM_PLACE
};

/* ---- what the servers say ---- */

static struct column *column_named(struct table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    }
    struct column *column = &table->columns[table->column_count++];
    column->name = arena_text(table->arena, name);
    return column;
}

static void read_column(struct side *side, const struct answer *answer, size_t row)
{
    struct table *table = &side->compare->table;
    enum which which = side->which;
    struct column *column = column_named(table, side_text(side, answer, row, HAS_NAME));
    column->on[which] = true;
    column->type[which] = arena_text(table->arena, side_text(side, answer, row, HAS_TYPE));
    column->cast[which] = arena_text(table->arena, side_text(side, answer, row, HAS_CAST));
    column->collate[which] = arena_text(table->arena, side_text(side, answer, row, HAS_COLLATE));
    column->oid[which] = side_number(side, answer, row, HAS_OID);
    column->not_null[which] = side_text(side, answer, row, HAS_NOT_NULL)[0] == 't';
    column->bytewise[which] = side_text(side, answer, row, HAS_BYTEWISE)[0] == 't';
    column->compares[which] = side_text(side, answer, row, HAS_COMPARES)[0] == 't';
    column->index_place[which] = side_number(side, answer, row, HAS_INDEX_PLACE);
    column->key_place = side_number(side, answer, row, HAS_KEY_PLACE);
    column->wanted_place = side_number(side, answer, row, HAS_WANTED_PLACE);
    column->sum_place = side_number(side, answer, row, HAS_SUM_PLACE);
}

/* ---- columns ---- */

/* A column that the config names has to be on one side at least. */
static void check_names(struct compare *compare, size_t count, const char *const *names, size_t offset)
{
    const struct table *table = &compare->table;
    for (size_t i = 0; i < count && !compare->over; i++) {
        bool any = false;
        for (size_t j = 0; j < table->column_count; j++) {
            int64_t place;
            memcpy(&place, (const char *)&table->columns[j] + offset, sizeof(place));
            any = any || place == (int64_t)i + 1;
        }
        if (!any)
            compare_fail(compare, "42703", "%s has no column %s on either side", table->shown, names[i]);
    }
}

static void check_column(struct compare *compare, struct column *column)
{
    const struct compare_config *config = compare->config;
    bool named = column->wanted_place > 0 || column->key_place > 0 || column->sum_place > 0;
    column->compared = config->column_count == 0 || column->wanted_place > 0 || column->key_place > 0;
    if (column->on[LEFT] && column->on[RIGHT]) {
        bool alike =
            config->left.engine == config->right.engine; /* others have other words for their types */
        if (column->compared && alike && strcmp(column->type[LEFT], column->type[RIGHT]) != 0)
            tell(compare, "%s: column %s is %s on %s, %s on %s", compare->table.shown, column->name,
                 column->type[LEFT], config->left.name, column->type[RIGHT], config->right.name);
        return;
    }
    if (column->compared || named)
        tell_oddity(compare, "column %s only on %s", column->name,
                    column->on[LEFT] ? config->left.name : config->right.name);
    column->compared = false;
    column->sum_place = 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct column *)a)->name, ((const struct column *)b)->name);
}

/* ---- the key ---- */

static const struct column *key_column(const struct compare *compare, int64_t place)
{
    const struct table *table = &compare->table;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        if (place == (compare->config->key_count > 0 ? column->key_place : column->index_place[LEFT]))
            return column;
    }
    return NULL;
}

static void choose_key(struct compare *compare)
{
    struct table *table = &compare->table;
    const struct column *column;
    table->key_count = 0;
    while (table->key_count < KEY_COLUMNS_MAX &&
           (column = key_column(compare, (int64_t)table->key_count + 1)) != NULL) {
        if (!column->on[LEFT] || !column->on[RIGHT]) {
            table->key_count = 0; /* it is told as a column that one side only has */
            break;
        }
        table->key[table->key_count++] = column;
    }
    for (size_t i = 0; i < table->key_count; i++)
        table->columns[table->key[i] - table->columns].compared = true;
}

/* Types whose order is the same on every server; of pg_type.dat. */
static bool is_ordered_alike(int64_t oid)
{
    static const int64_t types[] = {
        16,   17,   18,   20,   21,   23,   26,         /* bool bytea "char" int8 int2 int4 oid */
        650,  700,  701,  774,  790,  829,  869,        /* cidr float4 float8 macaddr8 money macaddr inet */
        1082, 1083, 1114, 1184, 1186, 1266, 1560, 1562, /* date time timestamp(tz) interval timetz (var)bit */
        1700, 2950, 3220,                               /* numeric uuid pg_lsn */
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (types[i] == oid)
            return true;
    }
    return false;
}

static enum key_order column_order(const struct column *column)
{
    enum {
        INT8 = 20,
        INT2 = 21,
        INT4 = 23,
        NAME = 19,
        TEXT = 25,
        BPCHAR = 1042,
        VARCHAR = 1043,
        OWN = 16384
    };
    int64_t left = column->oid[LEFT], right = column->oid[RIGHT];
    bool integers =
        (left == INT8 || left == INT2 || left == INT4) && (right == INT8 || right == INT2 || right == INT4);
    bool texts = (left == TEXT || left == VARCHAR) && (right == TEXT || right == VARCHAR);
    if (integers || (left == right && is_ordered_alike(left)))
        return KEY_SURE;
    if (texts || (left == right && (left == NAME || left == BPCHAR)))
        return column->bytewise[LEFT] && column->bytewise[RIGHT] ? KEY_SURE : KEY_TRIED;
    bool same =
        left < OWN && right < OWN ? left == right : strcmp(column->cast[LEFT], column->cast[RIGHT]) == 0;
    return same && column->compares[LEFT] && column->compares[RIGHT] ? KEY_TRIED : KEY_NONE;
}

static enum key_order table_order(const struct compare *compare)
{
    const struct table *table = &compare->table;
    enum key_order order = table->key_count == 0 ? KEY_NONE : KEY_SURE;
    for (size_t i = 0; i < table->key_count; i++) {
        enum key_order one =
            forms_are_used(compare) ? form_order(compare, table->key[i]) : column_order(table->key[i]);
        order = one < order ? one : order;
    }
    return order;
}

/* ---- the plan ---- */

static void plan(struct compare *compare)
{
    const struct compare_config *config = compare->config;
    struct table *table = &compare->table;
    if (table->column_count > 0)
        qsort(table->columns, table->column_count, sizeof(*table->columns), by_name);
    check_names(compare, config->key_count, config->key, offsetof(struct column, key_place));
    check_names(compare, config->column_count, config->columns, offsetof(struct column, wanted_place));
    check_names(compare, config->sum_count, config->sums, offsetof(struct column, sum_place));
    for (size_t i = 0; i < table->column_count && !compare->over; i++)
        check_column(compare, &table->columns[i]);
    choose_key(compare);
    forms_check(compare);
    table->order = table_order(compare);
    if (compare->over)
        return;
    table->chained = mysql_can_chain(compare);
    checkpoint_resume_table(compare);
    table_run(compare);
}

static void on_describe(struct side *side, const struct answer *answer)
{
    struct compare *compare = side->compare;
    struct table *table = &compare->table;
    size_t capacity = table->column_count + answer->row_count;
    struct column *columns = arena_array(table->arena, capacity, sizeof(*columns));
    if (table->column_count > 0)
        memcpy(columns, table->columns, table->column_count * sizeof(*columns));
    table->columns = columns;
    for (size_t row = 0; row < answer->row_count && !compare->over; row++)
        read_column(side, answer, row);
    if (sides_idle(compare) && !compare->over)
        plan(compare);
}

void plan_start(struct compare *compare)
{
    for (int i = 0; i < SIDES; i++) {
        struct side *side = &compare->sides[i];
        side->sql->describe(side_question(side), compare->config, compare->table.listed[i]);
        side_ask(side, on_describe);
    }
}
