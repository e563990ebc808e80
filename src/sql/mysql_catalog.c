#include "mysql.h"

#include <string.h>

struct mysql_catalog *mysql_catalog_create(struct arena *arena)
{
    struct mysql_catalog *catalog = arena_alloc(arena, sizeof *catalog);

    catalog->arena = arena;
    return catalog;
}

static bool same_table(const struct ddl_name *a, const struct ddl_name *b)
{
    return ddl_same(a->name, b->name) &&
           (a->schema[0] == '\0' || b->schema[0] == '\0' || ddl_same(a->schema, b->schema));
}

/* Where a database is not said, any will do that has the name; one of the same spelling first. */
struct ddl_table *mysql_catalog_find(const struct mysql_catalog *catalog, const struct ddl_name *name)
{
    struct ddl_table *found = NULL;

    for (struct ddl_table *table = catalog->tables; table; table = table->next) {
        if (!same_table(&table->name, name))
            continue;
        if (strcmp(table->name.name, name->name) == 0)
            return table;
        found = table;
    }
    return found;
}

void mysql_catalog_drop(struct mysql_catalog *catalog, const struct ddl_name *name)
{
    const struct ddl_table *found = mysql_catalog_find(catalog, name);

    for (struct ddl_table **at = &catalog->tables; *at; at = &(*at)->next) {
        if (*at == found) {
            *at = found->next;
            return;
        }
    }
}

void mysql_catalog_add(struct mysql_catalog *catalog, struct ddl_table *table)
{
    mysql_catalog_drop(catalog, &table->name);
    table->next = catalog->tables;
    catalog->tables = table;
}

bool ddl_texts_have(const struct ddl_texts *texts, const char *text)
{
    for (; texts; texts = texts->next) {
        if (ddl_same(texts->text, text))
            return true;
    }
    return false;
}

struct ddl_column *ddl_table_column(const struct ddl_table *table, const char *name)
{
    for (struct ddl_column *column = table->columns; column; column = column->next) {
        if (ddl_same(column->name, name))
            return column;
    }
    return NULL;
}

struct ddl_index *ddl_table_index(const struct ddl_table *table, const char *name)
{
    for (struct ddl_index *index = table->indexes; index; index = index->next) {
        if (name ? ddl_same(index->name, name) : index->kind == INDEX_PRIMARY)
            return index;
    }
    return NULL;
}

bool ddl_table_indexes(const struct ddl_table *table, const char *column)
{
    const struct ddl_column *found = ddl_table_column(table, column);

    for (const struct ddl_index *index = table->indexes; index; index = index->next) {
        if (ddl_texts_have(index->columns, column))
            return true;
    }
    for (const struct ddl_foreign *foreign = table->foreigns; foreign; foreign = foreign->next) {
        if (ddl_texts_have(foreign->columns, column))
            return true;
    }
    return found && (found->unique || found->primary);
}

bool ddl_keeps_generated(const struct ddl_table *table)
{
    for (const struct ddl_column *column = table->columns; column; column = column->next) {
        if (column->generated == GENERATED_STORED ||
            (column->generated == GENERATED_VIRTUAL && ddl_table_indexes(table, column->name)))
            return true;
    }
    return false;
}

bool ddl_column_nullable(const struct ddl_table *table, const struct ddl_column *column)
{
    const struct ddl_index *primary = table ? ddl_table_index(table, NULL) : NULL;

    return column->null != NULL_NEVER && !column->primary && !column->auto_increment &&
           !(primary && ddl_texts_have(primary->columns, column->name));
}

/* ---- what statements leave ---- */

static void take_out_column(struct ddl_table *table, const char *name)
{
    for (struct ddl_column **at = &table->columns; *at; at = &(*at)->next) {
        if (ddl_same((*at)->name, name)) {
            *at = (*at)->next;
            return;
        }
    }
}

static void put_column(struct ddl_table *table, struct ddl_column *column, const struct ddl_action *action)
{
    struct ddl_column **at = &table->columns;

    while (*at && action->position != POSITION_FIRST) {
        bool here = action->position == POSITION_AFTER && ddl_same((*at)->name, action->value);

        at = &(*at)->next;
        if (here)
            break;
    }
    column->next = *at;
    *at = column;
}

static void modify_column(struct ddl_table *table, const struct ddl_action *action)
{
    struct ddl_column *old = ddl_table_column(table, action->name);
    struct ddl_column *next = action->column;

    if (!old)
        return;
    if (action->position != POSITION_UNSAID) {
        take_out_column(table, action->name);
        put_column(table, next, action);
    } else {
        struct ddl_column *after = old->next;
        bool unique = old->unique, primary = old->primary;

        *old = *next;
        old->next = after;
        old->unique |= unique;
        old->primary |= primary;
    }
}

static void drop_index(struct ddl_table *table, const char *name)
{
    const struct ddl_index *found = ddl_table_index(table, name);

    for (struct ddl_index **at = &table->indexes; *at; at = &(*at)->next) {
        if (*at == found) {
            *at = (*at)->next;
            return;
        }
    }
    for (struct ddl_column *column = table->columns; column; column = column->next) {
        if (!name)
            column->primary = false;
        else if (ddl_same(column->name, name))
            column->unique = false;
    }
}

static void drop_foreign(struct ddl_table *table, const char *name)
{
    for (struct ddl_foreign **at = &table->foreigns; *at; at = &(*at)->next) {
        if (ddl_same((*at)->name, name)) {
            *at = (*at)->next;
            return;
        }
    }
}

static void rename_column(struct ddl_table *table, const char *from, const char *to)
{
    struct ddl_column *column = ddl_table_column(table, from);

    if (column)
        column->name = to;
    for (struct ddl_index *index = table->indexes; index; index = index->next) {
        for (struct ddl_texts *part = index->columns; part; part = part->next) {
            if (ddl_same(part->text, from))
                part->text = to;
        }
    }
}

static void append_index(struct ddl_table *table, struct ddl_index *index)
{
    struct ddl_index **at = &table->indexes;

    while (*at)
        at = &(*at)->next;
    index->next = NULL;
    *at = index;
}

static void apply_option(struct ddl_table *table, const struct ddl_action *action)
{
    if (action->kind == ACTION_ENGINE)
        table->engine = action->value;
    else if (action->kind == ACTION_REBUILD && action->name && strcmp(action->name, "ROW_FORMAT") == 0)
        table->row_format = action->value;
    else if (action->kind == ACTION_PARTITION_BY)
        table->partitioned = true;
    else if (action->kind == ACTION_DEFAULT_CHARSET && strcmp(action->name, "CHARSET") == 0)
        table->charset = action->value;
    else if (action->kind == ACTION_CONVERT_CHARSET) {
        table->charset = action->value;
        table->collation = action->name;
        for (struct ddl_column *column = table->columns; column; column = column->next)
            column->charset = column->collation = NULL;
    }
}

static void apply_action(struct ddl_table *table, const struct ddl_action *action)
{
    if (action->kind == ACTION_ADD_COLUMN && !ddl_table_column(table, action->name)) {
        put_column(table, action->column, action);
    } else if (action->kind == ACTION_DROP_COLUMN) {
        take_out_column(table, action->name);
    } else if (action->kind == ACTION_MODIFY_COLUMN) {
        if (!ddl_same(action->name, action->column->name))
            rename_column(table, action->name, action->column->name);
        modify_column(table, &(struct ddl_action){ .name = action->column->name,
                                                   .column = action->column,
                                                   .position = action->position,
                                                   .value = action->value });
    } else if (action->kind == ACTION_RENAME_COLUMN) {
        rename_column(table, action->name, action->value);
    } else if (action->kind == ACTION_ADD_INDEX) {
        append_index(table, action->index);
    } else if (action->kind == ACTION_DROP_INDEX) {
        drop_index(table, action->name);
    } else if (action->kind == ACTION_RENAME_INDEX && ddl_table_index(table, action->name)) {
        ddl_table_index(table, action->name)->name = action->value;
    } else if (action->kind == ACTION_ADD_FOREIGN_KEY) {
        action->foreign->next = table->foreigns;
        table->foreigns = action->foreign;
    } else if (action->kind == ACTION_DROP_FOREIGN_KEY || action->kind == ACTION_DROP_CHECK) {
        drop_foreign(table, action->name);
    } else if (action->kind == ACTION_RENAME_TABLE) {
        table->name = (struct ddl_name){ action->other.schema[0] ? action->other.schema : table->name.schema,
                                         action->other.name };
    } else {
        apply_option(table, action);
    }
}

/* A copy that shares nothing that changes. */
static struct ddl_table *like(struct arena *arena, const struct ddl_table *from)
{
    struct ddl_table *table = arena_alloc(arena, sizeof *table);
    struct ddl_column **column = &table->columns;
    struct ddl_index **index = &table->indexes;

    *table = *from;
    table->next = NULL;
    table->foreigns = NULL;
    for (const struct ddl_column *old = from->columns; old; old = old->next, column = &(*column)->next) {
        *column = arena_alloc(arena, sizeof **column);
        **column = *old;
    }
    for (const struct ddl_index *old = from->indexes; old; old = old->next, index = &(*index)->next) {
        struct ddl_texts **part;

        *index = arena_alloc(arena, sizeof **index);
        **index = *old;
        part = &(*index)->columns;
        for (const struct ddl_texts *text = old->columns; text; text = text->next, part = &(*part)->next) {
            *part = arena_alloc(arena, sizeof **part);
            **part = *text;
        }
    }
    return table;
}

static void create(struct mysql_catalog *catalog, const struct ddl_statement *statement, bool ours)
{
    struct ddl_table *table = statement->created;
    struct ddl_name name = table->name;

    if (statement->tolerant && mysql_catalog_find(catalog, &name))
        return;
    if (statement->tables->other.name) {
        const struct ddl_table *model = mysql_catalog_find(catalog, &statement->tables->other);

        if (model)
            table = like(catalog->arena, model);
        table->name = name;
    }
    table->ours = ours;
    mysql_catalog_add(catalog, table);
}

static void rename_table(struct mysql_catalog *catalog, const struct ddl_name *from,
                         const struct ddl_name *to)
{
    struct ddl_table *table = mysql_catalog_find(catalog, from);

    if (table)
        table->name = *to;
}

void mysql_catalog_apply(struct mysql_catalog *catalog, const struct ddl_statement *statement, bool ours)
{
    struct ddl_table *table = NULL;

    if (statement->kind == DDL_CREATE_TABLE)
        create(catalog, statement, ours);
    if (statement->kind == DDL_ALTER)
        table = mysql_catalog_find(catalog, &statement->tables->name);
    for (const struct ddl_action *action = statement->actions; table && action; action = action->next)
        apply_action(table, action);
    for (const struct ddl_tables *at = statement->tables; at; at = at->next) {
        if (statement->kind == DDL_RENAME_TABLE)
            rename_table(catalog, &at->name, &at->other);
        else if (statement->kind == DDL_DROP_TABLE)
            mysql_catalog_drop(catalog, &at->name);
    }
}

/* Names without a database are of the one in use. */
static void complete_name(const char *database, struct ddl_name *name)
{
    if (name->name && name->schema && name->schema[0] == '\0')
        name->schema = database;
}

void ddl_complete(struct ddl_statement *statement, const char *database)
{
    for (struct ddl_tables *at = statement->tables; at; at = at->next) {
        complete_name(database, &at->name);
        complete_name(database, &at->other);
    }
    for (struct ddl_action *action = statement->actions; action; action = action->next) {
        complete_name(database, &action->other);
        if (action->foreign)
            complete_name(database, &action->foreign->parent);
        if (action->column)
            complete_name(database, &action->column->parent);
    }
    if (!statement->created)
        return;
    complete_name(database, &statement->created->name);
    for (struct ddl_foreign *foreign = statement->created->foreigns; foreign; foreign = foreign->next)
        complete_name(database, &foreign->parent);
    for (struct ddl_column *column = statement->created->columns; column; column = column->next)
        complete_name(database, &column->parent);
}

/* mysqldump --databases says USE; what else a dump has (views, routines, settings) is no table and is left
 * out. */
size_t mysql_catalog_load(struct mysql_catalog *catalog, const struct sql_server *server, const char *dump,
                          size_t *ret_ignored)
{
    struct ddl_lexer lexer;
    struct ddl_tokens tokens;
    struct ddl_statement statement;
    const char *database = "";
    size_t tables = 0, unread = 0;

    ddl_lexer_init(&lexer, catalog->arena, server, dump);
    while (ddl_lexer_statement(&lexer, &tokens)) {
        ddl_parse(catalog->arena, &tokens, &statement);
        if (statement.kind == DDL_USE)
            database = statement.name;
        unread += statement.kind == DDL_UNKNOWN;
        ddl_complete(&statement, database);
        tables += statement.kind == DDL_CREATE_TABLE;
        if (statement.kind == DDL_CREATE_TABLE || statement.kind == DDL_ALTER)
            mysql_catalog_apply(catalog, &statement, false);
    }
    *ret_ignored = unread;
    return tables;
}
