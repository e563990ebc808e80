#include "mysql.h"

#include <string.h>

/* What an action costs: facts about each version (manuals, "Online DDL Operations"; MariaDB's measured
 * on 10.11). */

bool ddl_is_maria(const struct ddl_view *view)
{
    return view->server->dialect == SQL_MARIADB;
}

bool ddl_since(const struct ddl_view *view, int mysql, int mariadb)
{
    int since = ddl_is_maria(view) ? mariadb : mysql;

    return since > 0 && view->server->version >= since;
}

bool ddl_assume(struct ddl_view *view, const char *what, bool when_worst, bool when_best)
{
    if (!view->depends)
        view->depends = what;
    return view->unknown == UNKNOWN_IS_BEST ? when_best : when_worst;
}

bool ddl_assume_rare(struct ddl_view *view, const char *what)
{
    return ddl_assume(view, what, view->unknown == UNKNOWN_IS_WORST, false);
}

bool ddl_has_fulltext(struct ddl_view *view)
{
    if (!view->table)
        return ddl_assume_rare(view, "whether the table has a FULLTEXT index");
    for (const struct ddl_index *index = view->table->indexes; index; index = index->next) {
        if (index->kind == INDEX_FULLTEXT)
            return true;
    }
    return false;
}

bool ddl_is_compressed(struct ddl_view *view)
{
    if (!view->table)
        return ddl_assume_rare(view, "whether the table is ROW_FORMAT=COMPRESSED");
    return ddl_same(view->table->row_format, "compressed");
}

/* What no one said is the server's default, InnoDB. */
bool ddl_is_innodb(const struct ddl_view *view)
{
    return !view->table || !view->table->engine || strcmp(view->table->engine, "innodb") == 0;
}

static struct ddl_price price(enum sql_algorithm algorithm, enum sql_lock_mode lock, bool rebuild,
                              const char *code)
{
    return (struct ddl_price){ algorithm, lock, rebuild, rebuild, code };
}

static struct ddl_price instant(const char *code)
{
    return price(SQL_INSTANT, SQL_METADATA_NONE, false, code);
}

static struct ddl_price metadata(const char *code)
{
    return price(SQL_NOCOPY, SQL_METADATA_NONE, false, code);
}

static struct ddl_price copy(const char *code)
{
    return price(SQL_COPY, SQL_METADATA_SHARED, true, code);
}

static struct ddl_price rebuild(struct ddl_view *view, const char *code)
{
    return price(SQL_INPLACE, ddl_has_fulltext(view) ? SQL_METADATA_SHARED : SQL_METADATA_NONE, true, code);
}

/* MariaDB does it instantly; MySQL in place, perhaps instantly: its manual does not promise that. */
static struct ddl_price perhaps_instant(struct ddl_view *view)
{
    if (ddl_is_maria(view) || !ddl_assume(view, "whether this version does it instantly", true, false))
        return instant(NULL);
    return metadata(NULL);
}

static bool has_column(const struct ddl_view *view, enum ddl_generated generated, bool indexed)
{
    for (const struct ddl_column *column = view->table ? view->table->columns : NULL; column;
         column = column->next) {
        if (column->generated == generated && (!indexed || ddl_table_indexes(view->table, column->name)))
            return true;
    }
    return false;
}

/* A virtual column in the table, where nobody knows: MariaDB then copies when other columns move. */
bool ddl_has_virtual(struct ddl_view *view, bool indexed)
{
    if (!ddl_is_maria(view))
        return false;
    if (!view->table)
        return ddl_assume_rare(view, "whether the table has a virtual column");
    return has_column(view, GENERATED_VIRTUAL, indexed);
}

static struct ddl_price add_generated(const struct ddl_view *view, const struct ddl_action *action)
{
    if (action->column->generated == GENERATED_STORED)
        return copy("mysql-stored-generated");
    if (ddl_is_maria(view) && action->position != POSITION_UNSAID)
        return copy("mysql-stored-generated");
    return instant(NULL);
}

static struct ddl_price add_column(struct ddl_view *view, const struct ddl_action *action)
{
    const struct ddl_column *column = action->column;
    bool placed = action->position != POSITION_UNSAID;

    if (column->generated != GENERATED_NOT)
        return add_generated(view, action);
    if (column->parent.name && (ddl_is_maria(view) || ddl_since(view, 90000, 0)) && !view->unchecked)
        return copy("mysql-add-foreign-key");
    if (column->check && !column->check_idle && ddl_since(view, 80016, 0))
        return copy("mysql-add-check");
    if (column->has_default == DEFAULT_EXPRESSION)
        return copy("mysql-expression-default");
    if (column->auto_increment)
        return price(SQL_INPLACE, SQL_METADATA_SHARED, true, "mysql-add-auto-increment");
    if (placed && ddl_since(view, 0, 100400) && ddl_has_virtual(view, false))
        return copy("mysql-reorder");
    if (ddl_since(view, 0, 100302) && ddl_has_virtual(view, true))
        return price(SQL_INPLACE, SQL_METADATA_SHARED, true, "mysql-add-column-rebuild");
    if (column->unique || column->primary || column->parent.name)
        return rebuild(view, "mysql-add-column-rebuild");
    if (!ddl_since(view, placed ? 80029 : 80012, placed ? 100400 : 100302) || ddl_has_fulltext(view) ||
        ddl_is_compressed(view))
        return rebuild(view, "mysql-add-column-rebuild");
    return instant(ddl_since(view, 80029, 0) ? "mysql-row-versions" : NULL);
}

/* Where nobody knows it, MariaDB's verdict is of an indexed column, which costs hardly more; MySQL would
 * write the whole table anew, which is named, and not taken for the rule. */
static bool drops_indexed(struct ddl_view *view, const char *name)
{
    static const char what[] = "whether the column is in an index";

    if (view->table && ddl_table_column(view->table, name))
        return ddl_table_indexes(view->table, name);
    if (view->table || ddl_is_maria(view))
        return ddl_assume(view, what, true, false);
    return ddl_assume_rare(view, what);
}

static struct ddl_price drop_column(struct ddl_view *view, const struct ddl_action *action)
{
    const struct ddl_column *column = view->table ? ddl_table_column(view->table, action->name) : NULL;
    bool indexed = drops_indexed(view, action->name);

    if (column && column->generated == GENERATED_VIRTUAL)
        return indexed ? metadata("mysql-drop-column") : instant("mysql-drop-column");
    if (!ddl_since(view, 80029, 100400) || ddl_has_fulltext(view) || ddl_is_compressed(view))
        return rebuild(view, "mysql-drop-column");
    if (ddl_has_virtual(view, true)) {
        if (ddl_assume(view, "where the virtual column stands", true, false))
            return copy("mysql-drop-column");
        return price(SQL_INPLACE, SQL_METADATA_SHARED, true, "mysql-drop-column");
    }
    if (!ddl_is_maria(view) && (indexed || (column && column->generated == GENERATED_STORED)))
        return rebuild(view, "mysql-drop-column");
    return indexed ? metadata("mysql-drop-column") : instant("mysql-drop-column");
}

/* A column that another table's foreign key names is not renamed instantly by MySQL. Which column that is the
 * catalog does not keep. */
static bool is_referenced(struct ddl_view *view)
{
    static const char what[] = "whether a foreign key refers to the column";

    if (!view->table)
        return ddl_assume_rare(view, what);
    for (const struct ddl_table *table = view->catalog->tables; table; table = table->next) {
        for (const struct ddl_foreign *foreign = table->foreigns; foreign; foreign = foreign->next) {
            if (ddl_same(foreign->parent.name, view->table->name.name))
                return ddl_assume(view, what, true, false);
        }
    }
    return false;
}

struct ddl_price ddl_price_rename(struct ddl_view *view)
{
    bool at_once = ddl_since(view, 80028, 100302) && (ddl_is_maria(view) || !is_referenced(view));

    return price(at_once ? SQL_INSTANT : SQL_NOCOPY, SQL_METADATA_NONE, false, "mysql-rename");
}

static bool is_long_text(const struct ddl_view *view, const struct ddl_index *index)
{
    for (const struct ddl_texts *part = index->columns; view->table && part; part = part->next) {
        const struct ddl_column *column = ddl_table_column(view->table, part->text);

        if (column && (strstr(column->type, "text") || strstr(column->type, "blob")))
            return true;
    }
    return false;
}

/* A nullable column becomes NOT NULL in the new key: MariaDB copies where a generated one is kept. */
static bool copies_for_key(const struct ddl_view *view, const struct ddl_index *index)
{
    for (const struct ddl_texts *part = index->columns; ddl_is_maria(view) && view->table && part;
         part = part->next) {
        const struct ddl_column *column = ddl_table_column(view->table, part->text);

        if (column && ddl_column_nullable(view->table, column) && ddl_keeps_generated(view->table))
            return true;
    }
    return false;
}

static struct ddl_price add_index(struct ddl_view *view, const struct ddl_index *index)
{
    struct ddl_price built = { SQL_NOCOPY, SQL_METADATA_NONE, false, true, "mysql-add-index" };

    switch (index->kind) {
    case INDEX_PRIMARY:
        return copies_for_key(view, index) ? copy("mysql-primary-key") : rebuild(view, "mysql-primary-key");
    case INDEX_FULLTEXT:
        built.lock = SQL_METADATA_SHARED;
        built.code = "mysql-add-fulltext";
        if (view->table ? !ddl_has_fulltext(view)
                        : ddl_assume(view, "whether the table has a FULLTEXT index", true, false)) {
            built.algorithm = SQL_INPLACE;
            built.rebuild = true;
        }
        return built;
    case INDEX_SPATIAL:
        built.lock = SQL_METADATA_SHARED;
        built.code = "mysql-add-spatial";
        return ddl_since(view, 50700, 100202) ? built : copy("mysql-add-spatial");
    case INDEX_UNIQUE:
        if (ddl_is_maria(view) && is_long_text(view, index) &&
            ddl_assume(view, "whether the key is over whole texts", true, false))
            return copy("mysql-add-index");
        return built;
    case INDEX_PLAIN:
    default:
        return built;
    }
}

static struct ddl_price add_foreign(struct ddl_view *view, const struct ddl_foreign *foreign)
{
    bool indexed = view->table != NULL;

    if (!view->unchecked)
        return copy("mysql-add-foreign-key");
    for (const struct ddl_texts *part = foreign->columns; indexed && part; part = part->next)
        indexed = ddl_table_indexes(view->table, part->text);
    if (ddl_is_maria(view) &&
        (indexed || !ddl_assume(view, "whether the columns have an index", true, false)))
        return instant("mysql-foreign-key-unchecked");
    return (struct ddl_price){ SQL_NOCOPY, SQL_METADATA_NONE, false, true, "mysql-foreign-key-unchecked" };
}

static struct ddl_price drop_index(struct ddl_view *view, const struct ddl_action *action)
{
    for (const struct ddl_action *at = view->statement->actions; !action->name && at; at = at->next) {
        if (at->kind == ACTION_ADD_INDEX && at->index->kind == INDEX_PRIMARY)
            return rebuild(view, "mysql-primary-key");
    }
    return action->name ? metadata(NULL) : copy("mysql-drop-primary-key");
}

/* CHECK is read and forgotten by MySQL before 8.0.16. */
static struct ddl_price add_check(struct ddl_view *view, const struct ddl_action *action)
{
    if (!ddl_since(view, 80016, 1) || (action->tolerant && !ddl_is_maria(view)))
        return perhaps_instant(view);
    return copy("mysql-add-check");
}

static struct ddl_price drop_check(struct ddl_view *view, const struct ddl_action *action)
{
    const struct ddl_foreign *foreign = view->table ? view->table->foreigns : NULL;

    while (foreign && !ddl_same(foreign->name, action->name))
        foreign = foreign->next;
    if (view->table && !foreign && ddl_table_index(view->table, action->name))
        return metadata(NULL);
    return perhaps_instant(view);
}

static struct ddl_price change_engine(struct ddl_view *view, const struct ddl_action *action)
{
    const char *from = view->table && view->table->engine ? view->table->engine : "innodb";

    if (!view->table && ddl_assume(view, "the engine before", strcmp(action->value, "innodb") != 0, false))
        return copy("mysql-engine");
    if (strcmp(from, action->value) != 0)
        return copy("mysql-engine");
    return rebuild(view, "mysql-rebuild");
}

/* FORCE and ENGINE with the same engine copy a table of MySQL that has a FULLTEXT index. */
static struct ddl_price rebuild_table(struct ddl_view *view)
{
    if (!ddl_is_maria(view) && ddl_has_fulltext(view))
        return copy("mysql-rebuild");
    return rebuild(view, "mysql-rebuild");
}

static struct ddl_price partition(const struct ddl_action *action)
{
    switch ((int)action->kind) {
    case ACTION_PARTITION_BY:
        return copy("mysql-partition-copy");
    case ACTION_PARTITION_ADD:
        if (action->tolerant)
            return price(SQL_INPLACE, SQL_METADATA_SHARED, true, "mysql-partition-copy");
        return price(SQL_INPLACE, SQL_METADATA_NONE, false, NULL);
    case ACTION_PARTITION_COPY:
        return price(SQL_INPLACE, SQL_METADATA_SHARED, true, "mysql-partition-copy");
    case ACTION_PARTITION_EXCHANGE:
        return (struct ddl_price){ SQL_INPLACE, SQL_METADATA_EXCLUSIVE, false, !action->tolerant,
                                   "mysql-partition-exchange" };
    case ACTION_PARTITION_DROP:
        return price(SQL_INPLACE, SQL_METADATA_EXCLUSIVE, false, "mysql-partition-drop");
    default:
        return (struct ddl_price){ SQL_INPLACE, SQL_METADATA_NONE, false, true, NULL };
    }
}

static struct ddl_price change_default_charset(struct ddl_view *view)
{
    if (ddl_is_maria(view))
        return instant(NULL);
    return ddl_assume(view, "whether the character set differs", true, false) ? rebuild(view, "mysql-rebuild")
                                                                              : metadata(NULL);
}

/* An option of the table, or something of it as a whole. */
static struct ddl_price other(struct ddl_view *view, const struct ddl_action *action)
{
    switch ((int)action->kind) {
    case ACTION_ENGINE:
        return change_engine(view, action);
    case ACTION_REBUILD:
        return action->name ? rebuild(view, "mysql-rebuild") : rebuild_table(view);
    case ACTION_OPTION:
        return ddl_same(action->name, "AUTO_INCREMENT") && !ddl_is_maria(view) ? metadata(NULL)
                                                                               : perhaps_instant(view);
    case ACTION_DEFAULT_CHARSET:
        return change_default_charset(view);
    case ACTION_CONVERT_CHARSET:
        return ddl_price_convert(view, action);
    case ACTION_ORDER:
        return copy("mysql-copy");
    case ACTION_RENAME_TABLE:
        return price(SQL_INSTANT, view->statement->actions->next ? SQL_METADATA_NONE : SQL_METADATA_EXCLUSIVE,
                     false, "mysql-rename");
    case ACTION_KEYS:
        return price(SQL_INSTANT, SQL_METADATA_EXCLUSIVE, false, NULL);
    case ACTION_TABLESPACE:
        return price(SQL_COPY, SQL_METADATA_EXCLUSIVE, false, "mysql-tablespace");
    case ACTION_VERSIONING:
        return copy("mysql-copy");
    default:
        return partition(action);
    }
}

struct ddl_price ddl_price_action(struct ddl_view *view, const struct ddl_action *action)
{
    switch ((int)action->kind) {
    case ACTION_ADD_COLUMN:
        return add_column(view, action);
    case ACTION_DROP_COLUMN:
        return drop_column(view, action);
    case ACTION_MODIFY_COLUMN:
        return ddl_price_modify(view, action);
    case ACTION_RENAME_COLUMN:
        return ddl_price_rename(view);
    case ACTION_SET_DEFAULT:
    case ACTION_DROP_DEFAULT:
        return instant(NULL);
    case ACTION_ADD_INDEX:
        return add_index(view, action->index);
    case ACTION_DROP_INDEX:
        return drop_index(view, action);
    case ACTION_RENAME_INDEX:
        return ddl_is_maria(view) ? instant(NULL) : metadata(NULL);
    case ACTION_INDEX_OPTION:
        return perhaps_instant(view);
    case ACTION_ADD_FOREIGN_KEY:
        return add_foreign(view, action->foreign);
    case ACTION_DROP_FOREIGN_KEY:
        return ddl_is_maria(view) ? instant(NULL) : metadata(NULL);
    case ACTION_ADD_CHECK:
        return add_check(view, action);
    case ACTION_ALTER_CHECK:
        return action->tolerant ? perhaps_instant(view) : copy("mysql-add-check");
    case ACTION_DROP_CHECK:
        return drop_check(view, action);
    default:
        return other(view, action);
    }
}
