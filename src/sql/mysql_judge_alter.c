#include "mysql.h"

#include <string.h>

#include "mysql_judge.h"

/* What is stated against what can be had. */
enum answer {
    ANSWER_TAKEN,
    ANSWER_PERHAPS, /* the server takes or refuses it, as the table is */
    ANSWER_REFUSED,
};

struct alter {
    struct ddl_view best, usual, worst;
    struct ddl_price cheap, fair, dear; /* of these */
    struct ddl_price actual;            /* as which it is judged */
    const struct ddl_view *view;
    const char *depends; /* NULL: nothing is open */
    enum answer answer;
    const char *why;
};

static struct ddl_view view_of(const struct ddl_judge *judge, enum ddl_unknown unknown)
{
    const struct ddl_table *table = mysql_catalog_find(judge->catalog, &judge->statement->tables->name);

    return (struct ddl_view){
        .server = judge->server,
        .catalog = judge->catalog,
        .table = table && table->columns ? table : NULL,
        .name = &judge->statement->tables->name,
        .statement = judge->statement,
        .unchecked = judge->unchecked,
        .unknown = unknown,
    };
}

static bool same_price(const struct ddl_price *a, const struct ddl_price *b)
{
    return a->algorithm == b->algorithm && a->lock == b->lock && a->rebuild == b->rebuild &&
           a->scan == b->scan;
}

static bool changes_engine(const struct alter *alter)
{
    return alter->dear.code && strcmp(alter->dear.code, "mysql-engine") == 0;
}

/* Words that this version does not have. */
static const char *unknown_word(const struct ddl_view *view, enum sql_algorithm stated)
{
    if (stated == SQL_NOCOPY && !ddl_since(view, 0, 100307))
        return "ALGORITHM=NOCOPY is not known to this version";
    if (stated == SQL_INSTANT && !ddl_since(view, 80012, 100307))
        return "ALGORITHM=INSTANT is not known to this version";
    return NULL;
}

static void as_copy(struct alter *alter)
{
    alter->actual = alter->fair;
    if (alter->fair.algorithm != SQL_COPY) {
        alter->actual = (struct ddl_price){ SQL_COPY, SQL_METADATA_SHARED, true, true, "mysql-copy" };
        alter->depends = NULL;
    }
}

/* MySQL takes INPLACE at its word, and rebuilds for a column that it could have added instantly. */
static bool rebuilds_for_inplace(const struct alter *alter)
{
    if (ddl_is_maria(&alter->worst) || alter->cheap.algorithm != SQL_INSTANT)
        return false;
    for (const struct ddl_action *at = alter->worst.statement->actions; at; at = at->next) {
        if (at->kind == ACTION_DROP_COLUMN ||
            (at->kind == ACTION_ADD_COLUMN && at->column->generated == GENERATED_NOT))
            return true;
    }
    return false;
}

/* Where it is not refused, it is done as the best that can be. */
static void perhaps(struct alter *alter)
{
    alter->answer = ANSWER_PERHAPS;
    alter->actual = alter->cheap;
    alter->view = &alter->best;
}

static void weigh_algorithm(struct alter *alter, enum sql_algorithm stated)
{
    alter->why = unknown_word(&alter->worst, stated);
    if (alter->why || (stated < alter->cheap.algorithm && !changes_engine(alter))) {
        alter->answer = ANSWER_REFUSED;
        if (!alter->why)
            alter->why = "this ALGORITHM cannot do it";
    } else if (stated == SQL_COPY) {
        as_copy(alter);
    } else if (stated == SQL_INPLACE && rebuilds_for_inplace(alter)) {
        alter->actual =
            (struct ddl_price){ SQL_INPLACE, alter->fair.lock, true, true, "mysql-add-column-rebuild" };
    } else if (stated < alter->dear.algorithm && !changes_engine(alter)) {
        perhaps(alter);
    }
}

static void weigh_lock(struct alter *alter, enum sql_algorithm stated, enum sql_lock_mode lock)
{
    const struct ddl_view *view = &alter->worst;

    if (alter->answer == ANSWER_REFUSED || lock == SQL_LOCK_NONE)
        return;
    if (stated == SQL_INSTANT && !ddl_is_maria(view)) {
        alter->answer = ANSWER_REFUSED;
        alter->why = "MySQL takes no LOCK beside ALGORITHM=INSTANT";
    } else if (stated == SQL_COPY && lock == SQL_METADATA_NONE && !ddl_since(view, 0, 110200)) {
        alter->answer = ANSWER_REFUSED;
        alter->why = "LOCK=NONE cannot be had with ALGORITHM=COPY";
    } else if (lock < alter->cheap.lock) {
        alter->answer = ANSWER_REFUSED;
        alter->why = "this LOCK cannot be had";
    } else if (lock < alter->actual.lock && stated == SQL_COPY) {
        alter->answer = ANSWER_PERHAPS;
        alter->depends = "whether the server can copy online";
        alter->actual.lock = lock;
    } else if (lock < alter->actual.lock) {
        perhaps(alter);
    } else if (lock < alter->dear.lock && stated != SQL_COPY) {
        alter->answer = ANSWER_PERHAPS;
    }
    if (lock > alter->actual.lock)
        alter->actual.lock = lock;
}

/* What is done to partitions, and some other forms, takes no ALGORITHM. */
static bool can_be_stated(const struct ddl_statement *statement)
{
    for (const struct ddl_action *action = statement->actions; action; action = action->next) {
        if (action->kind >= ACTION_PARTITION_ADD || action->kind == ACTION_TABLESPACE ||
            action->kind == ACTION_KEYS)
            return false;
    }
    return statement->kind == DDL_ALTER && statement->actions;
}

static const char *describe(struct ddl_judge *judge, const struct ddl_action *action)
{
    const char *table = ddl_full_name(judge, &judge->statement->tables->name);
    const char *name = action->name;

    if (action->kind == ACTION_ADD_INDEX)
        name = action->index->name ? action->index->name : action->index->columns->text;
    if (action->kind == ACTION_ADD_FOREIGN_KEY)
        name = action->foreign->parent.name;
    return name && name[0] ? arena_format(judge->verdict.arena, "%s, %.100s", table, name) : table;
}

static void find_causes(struct ddl_judge *judge, struct alter *alter)
{
    const char *table = ddl_full_name(judge, &judge->statement->tables->name);
    bool told = false;

    for (const struct ddl_action *action = judge->statement->actions; action; action = action->next) {
        struct ddl_view view = *alter->view;
        struct ddl_price price;

        view.depends = NULL;
        price = ddl_price_action(&view, action);
        if (!price.code || price.algorithm > alter->actual.algorithm)
            continue;
        ddl_find(judge, price.code, describe(judge, action), view.depends ? alter->depends : NULL);
        told |= alter->actual.code && strcmp(price.code, alter->actual.code) == 0;
    }
    if (!told && alter->actual.code)
        ddl_find(judge, alter->actual.code, table, alter->depends);
    if ((alter->actual.rebuild || alter->actual.scan) && alter->actual.lock >= SQL_METADATA_SHARED)
        ddl_find(judge, "mysql-blocks-writes", table, alter->depends);
    if (alter->actual.rebuild || alter->actual.scan)
        ddl_find(judge, "mysql-replica-replay", table, alter->depends);
}

static void add_work(struct ddl_judge *judge, const struct alter *alter)
{
    const char *table = ddl_full_name(judge, &judge->statement->tables->name);

    if (alter->actual.rebuild)
        verdict_rewrite(&judge->verdict, table);
    if (alter->actual.rebuild || alter->actual.scan)
        verdict_scan(&judge->verdict, table);
    for (const struct ddl_action *action = judge->statement->actions; action; action = action->next) {
        if (action->kind != ACTION_ADD_INDEX)
            continue;
        if (action->index->name)
            verdict_build(&judge->verdict, arena_text(judge->verdict.arena, action->index->name));
        else
            verdict_build(&judge->verdict, arena_format(judge->verdict.arena, "%s(%.100s)", table,
                                                        action->index->columns->text));
    }
}

static void lock_parent_of(struct ddl_judge *judge, const struct ddl_table *table, const char *name)
{
    for (const struct ddl_foreign *foreign = table ? table->foreigns : NULL; foreign;
         foreign = foreign->next) {
        struct ddl_name parent = foreign->parent;

        if (parent.schema[0] == '\0')
            parent.schema = judge->statement->tables->name.schema;
        if (ddl_same(foreign->name, name))
            ddl_lock(judge, &parent, SQL_METADATA_EXCLUSIVE);
    }
}

/* Tables that a foreign key ties to this one wait, too. */
static void lock_others(struct ddl_judge *judge, const struct ddl_view *view)
{
    for (const struct ddl_action *action = judge->statement->actions; action; action = action->next) {
        if (action->kind == ACTION_ADD_COLUMN && action->column->parent.name && ddl_since(view, 90000, 1))
            ddl_lock(judge, &action->column->parent, SQL_METADATA_EXCLUSIVE);
        else if (action->kind == ACTION_ADD_FOREIGN_KEY)
            ddl_lock(judge, &action->foreign->parent, SQL_METADATA_EXCLUSIVE);
        else if (action->kind == ACTION_DROP_FOREIGN_KEY || action->kind == ACTION_DROP_CHECK)
            lock_parent_of(judge, view->table, action->name);
        else if (action->kind == ACTION_PARTITION_EXCHANGE)
            ddl_lock(judge, &action->other, SQL_METADATA_EXCLUSIVE);
    }
}

/* ALGORITHM=DEFAULT takes a statement out of what its session has set (MariaDB 10.11, tried). */
static enum sql_algorithm stated_algorithm(const struct ddl_judge *judge)
{
    if (judge->statement->algorithm != SQL_ALGORITHM_NONE || judge->statement->unbound)
        return judge->statement->algorithm;
    return judge->forced;
}

/* Of a table that nobody has described the engine is not known, and all but InnoDB copy for almost anything.
 */
static enum sql_copying copying(const struct ddl_judge *judge, struct alter *alter)
{
    bool partitions = alter->actual.rebuild && !can_be_stated(judge->statement);

    if (judge->statement->lock == SQL_METADATA_NONE && !changes_engine(alter))
        return SQL_COPIES_NOT;
    if (alter->actual.rebuild &&
        (alter->actual.algorithm == SQL_COPY || (partitions && alter->actual.lock >= SQL_METADATA_SHARED)))
        return SQL_COPIES;
    if (judge->statement->kind == DDL_ALTER &&
        (stated_algorithm(judge) != SQL_ALGORITHM_NONE || !can_be_stated(judge->statement)))
        return SQL_COPIES_NOT;
    if (alter->dear.algorithm == SQL_COPY || (!alter->worst.table && !ddl_is_free(&alter->best)))
        return SQL_COPIES_PERHAPS;
    return SQL_COPIES_NOT;
}

static void weigh(struct ddl_judge *judge, struct alter *alter)
{
    enum sql_algorithm stated = stated_algorithm(judge);

    alter->best = view_of(judge, UNKNOWN_IS_BEST);
    alter->usual = view_of(judge, UNKNOWN_IS_USUAL);
    alter->worst = view_of(judge, UNKNOWN_IS_WORST);
    alter->cheap = ddl_price_alter(&alter->best);
    alter->fair = ddl_price_alter(&alter->usual);
    alter->dear = ddl_price_alter(&alter->worst);
    alter->actual = alter->fair;
    alter->view = &alter->usual;
    if (!same_price(&alter->cheap, &alter->dear))
        alter->depends = alter->worst.depends ? alter->worst.depends : alter->best.depends;
    if (stated != SQL_ALGORITHM_NONE)
        weigh_algorithm(alter, stated);
    weigh_lock(alter, stated, judge->statement->lock);
}

void ddl_judge_alter(struct ddl_judge *judge)
{
    const struct ddl_statement *statement = judge->statement;
    const char *table = ddl_full_name(judge, &statement->tables->name);
    struct alter alter = { 0 };

    if (ddl_is_ours(judge, &statement->tables->name)) {
        alter.worst = view_of(judge, UNKNOWN_IS_WORST);
        lock_others(judge, &alter.worst);
        return;
    }
    weigh(judge, &alter);
    ddl_lock(judge, &statement->tables->name, alter.actual.lock);
    ddl_waits(judge, &statement->tables->name);
    lock_others(judge, &alter.worst);
    judge->algorithm = alter.actual.algorithm;
    judge->takes_no_algorithm |=
        statement->kind == DDL_ALTER && statement->actions && !can_be_stated(statement);
    if (alter.answer == ANSWER_REFUSED) {
        judge->algorithm = alter.fair.algorithm;
        ddl_find(judge, "mysql-refused", arena_format(judge->verdict.arena, "%s: %s", table, alter.why),
                 NULL);
        return;
    }
    judge->copies = alter.actual.rebuild;
    ddl_copies(judge, copying(judge, &alter), table);
    if (alter.answer == ANSWER_PERHAPS)
        ddl_find(judge, "mysql-perhaps-refused", table, alter.depends);
    find_causes(judge, &alter);
    add_work(judge, &alter);
    if (can_be_stated(statement) && stated_algorithm(judge) == SQL_ALGORITHM_NONE &&
        statement->lock == SQL_LOCK_NONE && alter.cheap.algorithm < SQL_COPY)
        ddl_find(judge, "mysql-algorithm-unstated", table, alter.depends);
}
