#include "mysql.h"

#include <string.h>

/* The actions of one ALTER TABLE are done together: the most expensive decides, and some cost more together.
 */

struct kinds {
    size_t columns;  /* added or dropped, which alone would be instant */
    size_t dropped;  /* of those */
    size_t virtuals; /* generated columns that are added */
    size_t builds;   /* indexes that are added */
    size_t fulltexts;
};

static struct kinds count_kinds(const struct ddl_statement *statement)
{
    struct kinds kinds = { 0 };

    for (const struct ddl_action *action = statement->actions; action; action = action->next) {
        bool virtual = action->kind == ACTION_ADD_COLUMN && action->column->generated == GENERATED_VIRTUAL;

        kinds.virtuals += virtual;
        kinds.columns +=
            !virtual && (action->kind == ACTION_ADD_COLUMN || action->kind == ACTION_DROP_COLUMN);
        kinds.dropped += action->kind == ACTION_DROP_COLUMN;
        kinds.builds += action->kind == ACTION_ADD_INDEX;
        kinds.fulltexts += action->kind == ACTION_ADD_INDEX && action->index->kind == INDEX_FULLTEXT;
        kinds.builds += action->kind == ACTION_ADD_FOREIGN_KEY;
    }
    return kinds;
}

/* Without InnoDB only what is no row's business does without a copy. */
static bool is_free_anywhere(const struct ddl_price *price, const struct ddl_action *action)
{
    return (price->algorithm == SQL_INSTANT && action->kind != ACTION_ADD_COLUMN &&
            action->kind != ACTION_DROP_COLUMN &&
            !(action->kind == ACTION_OPTION && ddl_same(action->name, "AUTO_INCREMENT")) &&
            !(action->kind == ACTION_MODIFY_COLUMN && action->position != POSITION_UNSAID)) ||
           action->kind == ACTION_RENAME_COLUMN || action->kind == ACTION_RENAME_TABLE ||
           action->kind >= ACTION_PARTITION_BY;
}

/* Of other engines only a column's name, default and comment change without a copy. */
static bool is_same_type(const struct ddl_view *view, const struct ddl_action *action)
{
    const struct ddl_column *old = view->table ? ddl_table_column(view->table, action->name) : NULL;

    return action->kind != ACTION_MODIFY_COLUMN ||
           (old && (strstr(old->type, "int") || old->length == action->column->length) &&
            old->value_count == action->column->value_count &&
            ddl_same(old->charset, action->column->charset) &&
            ddl_same(old->collation, action->column->collation));
}

static struct ddl_price of_action(struct ddl_view *view, const struct ddl_action *action)
{
    struct ddl_price price = ddl_price_action(view, action);
    bool free = is_free_anywhere(&price, action) && is_same_type(view, action);

    if (!ddl_is_innodb(view) && price.algorithm != SQL_COPY && !free)
        price = (struct ddl_price){ SQL_COPY, SQL_METADATA_SHARED, true, true, "mysql-not-innodb" };
    return price;
}

static void add(struct ddl_price *all, const struct ddl_price *price)
{
    bool leads = price->code && (!all->code || price->algorithm > all->algorithm ||
                                 (price->lock > all->lock && price->algorithm == all->algorithm));

    if (leads)
        all->code = price->code;
    if (price->algorithm > all->algorithm)
        all->algorithm = price->algorithm;
    if (price->lock > all->lock)
        all->lock = price->lock;
    all->rebuild |= price->rebuild;
    all->scan |= price->scan;
}

static void combine(struct ddl_view *view, struct ddl_price *all)
{
    struct kinds kinds = count_kinds(view->statement);
    bool maria = ddl_is_maria(view);

    if (kinds.fulltexts > 1 && maria)
        *all = (struct ddl_price){ SQL_COPY, SQL_METADATA_SHARED, true, true, "mysql-add-fulltext" };
    if (maria && all->algorithm < SQL_COPY &&
        ((kinds.virtuals > 0 && kinds.columns > 0) ||
         (kinds.dropped > 0 && kinds.columns > kinds.dropped && ddl_has_virtual(view, false) &&
          ddl_assume(view, "where the virtual column stands", true, false))))
        *all = (struct ddl_price){ SQL_COPY, SQL_METADATA_SHARED, true, true, "mysql-stored-generated" };
    if (kinds.columns > 0 && ((all->algorithm == SQL_NOCOPY && (kinds.builds > 0 || !maria)) ||
                              (all->algorithm == SQL_INPLACE && !maria))) {
        all->algorithm = SQL_INPLACE;
        all->rebuild = true;
        if (!all->code || strcmp(all->code, "mysql-row-versions") == 0)
            all->code = "mysql-add-column-rebuild";
    }
    if (kinds.virtuals > 0 && kinds.builds > 0 && all->lock < SQL_METADATA_SHARED)
        all->lock = SQL_METADATA_SHARED;
}

/* A version has only some of the words. */
static void in_its_words(struct ddl_view *view, struct ddl_price *all)
{
    if (all->algorithm == SQL_INSTANT && !ddl_since(view, 80012, 100302))
        all->algorithm = SQL_INPLACE;
    if (all->algorithm == SQL_NOCOPY && !ddl_since(view, 0, 100302))
        all->algorithm = SQL_INPLACE;
    /* MariaDB 11.2 and later let others write to what is copied, with exceptions (cascading keys, among
     * others). */
    if (all->algorithm == SQL_COPY && all->lock == SQL_METADATA_SHARED && ddl_since(view, 0, 110200) &&
        !ddl_assume(view, "whether the server can copy online", true, false))
        all->lock = SQL_METADATA_NONE;
}

struct ddl_price ddl_price_alter(struct ddl_view *view)
{
    struct ddl_price all = { SQL_INSTANT, SQL_METADATA_NONE, false, false, NULL };

    for (const struct ddl_action *action = view->statement->actions; action; action = action->next) {
        struct ddl_price price = of_action(view, action);

        add(&all, &price);
    }
    combine(view, &all);
    in_its_words(view, &all);
    return all;
}

bool ddl_is_free(struct ddl_view *view)
{
    for (const struct ddl_action *action = view->statement->actions; action; action = action->next) {
        struct ddl_price price = ddl_price_action(view, action);

        if (!is_free_anywhere(&price, action) || !is_same_type(view, action))
            return false;
    }
    return true;
}
