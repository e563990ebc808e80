/*
 * Which values of two servers can be held against each other where one of them is not PostgreSQL.
 *
 * A type that is not in these lists has no text that is certain to be the same on both engines: a comparison
 * that has to look at such a column fails, and names it. Numbers of floating point are such, as each server
 * rounds them in its own way, and JSON, whose keys have no order.
 */
#include <stdlib.h>
#include <string.h>

#include "bulk/comparison.h"

/* `binary`: ordered by the server as its form is. */
static const struct type {
    const char *name;
    enum form form;
    bool ordered;
} types[BULK_ENGINE_COUNT][40] = {
    /* of format_type(..., -1) */
    [BULK_POSTGRESQL] = { { "smallint", FORM_NUMBER, true },
                          { "integer", FORM_NUMBER, true },
                          { "bigint", FORM_NUMBER, true },
                          { "numeric", FORM_NUMBER, true },
                          { "boolean", FORM_NUMBER, true },
                          { "text", FORM_TEXT, false },
                          { "character varying", FORM_TEXT, false },
                          { "bpchar", FORM_TEXT, false },
                          { "character", FORM_TEXT, false },
                          { "uuid", FORM_TEXT, false },
                          { "bytea", FORM_BYTES, true },
                          { "date", FORM_DATE, true },
                          { "time without time zone", FORM_TIME, true },
                          { "timestamp without time zone", FORM_MOMENT, true },
                          { "timestamp with time zone", FORM_MOMENT, true } },
    /* DATA_TYPE of information_schema.columns */
    [BULK_MYSQL] = { { "tinyint", FORM_NUMBER, true },   { "smallint", FORM_NUMBER, true },
                     { "mediumint", FORM_NUMBER, true }, { "int", FORM_NUMBER, true },
                     { "bigint", FORM_NUMBER, true },    { "decimal", FORM_NUMBER, true },
                     { "bit", FORM_NUMBER, true },       { "year", FORM_NUMBER, true },
                     { "char", FORM_TEXT, false },       { "varchar", FORM_TEXT, false },
                     { "tinytext", FORM_TEXT, false },   { "text", FORM_TEXT, false },
                     { "mediumtext", FORM_TEXT, false }, { "longtext", FORM_TEXT, false },
                     { "enum", FORM_TEXT, false },       { "set", FORM_TEXT, false },
                     { "uuid", FORM_TEXT, false },       { "binary", FORM_BYTES, true },
                     { "varbinary", FORM_BYTES, true },  { "tinyblob", FORM_BYTES, true },
                     { "blob", FORM_BYTES, true },       { "mediumblob", FORM_BYTES, true },
                     { "longblob", FORM_BYTES, true },   { "date", FORM_DATE, true },
                     { "time", FORM_TIME, true },        { "datetime", FORM_MOMENT, true },
                     { "timestamp", FORM_MOMENT, true } },
};

static enum bulk_engine engine_of(const struct compare *compare, enum which which)
{
    return compare->sides[which].config->engine;
}

static const struct type *type_of(const struct compare *compare, const struct column *column,
                                  enum which which)
{
    static const struct type none = { "", FORM_NONE, false };
    const struct type *list = types[engine_of(compare, which)];
    for (size_t i = 0; i < ARRAY_LEN(types[0]) && list[i].name != NULL; i++) {
        if (strcmp(list[i].name, column->cast[which]) == 0)
            return &list[i];
    }
    return &none;
}

bool forms_are_used(const struct compare *compare)
{
    return engine_of(compare, LEFT) != BULK_POSTGRESQL || engine_of(compare, RIGHT) != BULK_POSTGRESQL;
}

enum form form_of(const struct compare *compare, const struct column *column, enum which which)
{
    return type_of(compare, column, which)->form;
}

static void check_column(struct compare *compare, const struct column *column)
{
    static const char how[] = "say in \"columns\" what is to be compared";
    for (int i = 0; i < SIDES; i++) {
        if (form_of(compare, column, (enum which)i) == FORM_NONE || !column->compares[i]) {
            compare_fail(
                compare, "", "%s on %s: column %s of type %s has no text that both servers would give: %s",
                compare->table.shown, compare->sides[i].config->name, column->name, column->type[i], how);
            return;
        }
    }
    if (form_of(compare, column, LEFT) != form_of(compare, column, RIGHT))
        compare_fail(compare, "", "%s: column %s is %s on %s and %s on %s, which cannot be compared: %s",
                     compare->table.shown, column->name, column->type[LEFT], compare->config->left.name,
                     column->type[RIGHT], compare->config->right.name, how);
    else if (column->sum_place > 0 && form_of(compare, column, LEFT) != FORM_NUMBER)
        compare_fail(compare, "", "%s: column %s is %s on %s, which has no sum", compare->table.shown,
                     column->name, column->type[LEFT], compare->config->left.name);
}

void forms_check(struct compare *compare)
{
    const struct table *table = &compare->table;
    for (size_t i = 0; i < table->column_count && forms_are_used(compare) && !compare->over; i++) {
        const struct column *column = &table->columns[i];
        if (column->compared || column->sum_place > 0)
            check_column(compare, column);
    }
}

/* A text is ordered alike where both sides are of one kind and have it in one collation. ENUM and SET are
 * compared with a text in another order than their own: along those there are no ranges. */
enum key_order form_order(const struct compare *compare, const struct column *column)
{
    bool listed = false;
    for (int i = 0; i < SIDES; i++)
        listed = listed || strcmp(column->cast[i], "enum") == 0 || strcmp(column->cast[i], "set") == 0;
    if (listed)
        return KEY_NONE;
    if (type_of(compare, column, LEFT)->ordered && type_of(compare, column, RIGHT)->ordered)
        return KEY_SURE;
    return engine_of(compare, LEFT) == engine_of(compare, RIGHT) &&
                   strcmp(column->cast[LEFT], column->cast[RIGHT]) == 0 &&
                   strcmp(column->collate[LEFT], column->collate[RIGHT]) == 0
               ? KEY_SURE
               : KEY_TRIED;
}
