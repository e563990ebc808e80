#include "mysql.h"

#include <string.h>

static bool algorithm_word(struct ddl_parser *parser, enum sql_algorithm *ret)
{
    static const struct {
        const char *word;
        enum sql_algorithm algorithm;
    } words[] = {
        { "DEFAULT", SQL_ALGORITHM_NONE }, { "INSTANT", SQL_INSTANT }, { "NOCOPY", SQL_NOCOPY },
        { "INPLACE", SQL_INPLACE },        { "COPY", SQL_COPY },
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (ddl_accept(parser, words[i].word)) {
            *ret = words[i].algorithm;
            return true;
        }
    }
    return ddl_fault(parser, "INSTANT, NOCOPY, INPLACE, COPY or DEFAULT");
}

static bool lock_word(struct ddl_parser *parser, enum sql_lock_mode *ret)
{
    if (ddl_accept(parser, "NONE"))
        *ret = SQL_METADATA_NONE;
    else if (ddl_accept(parser, "SHARED"))
        *ret = SQL_METADATA_SHARED;
    else if (ddl_accept(parser, "EXCLUSIVE"))
        *ret = SQL_METADATA_EXCLUSIVE;
    else if (ddl_accept(parser, "DEFAULT"))
        *ret = SQL_LOCK_NONE;
    else
        return ddl_fault(parser, "NONE, SHARED, EXCLUSIVE or DEFAULT");
    return true;
}

bool ddl_algorithm(struct ddl_parser *parser, struct ddl_statement *ret)
{
    if (ddl_accept(parser, "ALGORITHM")) {
        (void)ddl_accept(parser, "=");
        ret->unbound = ddl_is(parser, "DEFAULT");
        return algorithm_word(parser, &ret->algorithm);
    }
    if (ddl_accept(parser, "LOCK")) {
        (void)ddl_accept(parser, "=");
        return lock_word(parser, &ret->lock);
    }
    if (ddl_accept(parser, "NOWAIT"))
        return ret->waits = true;
    if (ddl_accept(parser, "WAIT")) {
        if (ddl_peek(parser, 0)->kind != TOKEN_NUMBER)
            return ddl_fault(parser, "seconds");
        parser->at++;
        return ret->waits = true;
    }
    return false;
}

static struct ddl_action *new_action(struct ddl_parser *parser, struct ddl_statement *statement,
                                     enum ddl_action_kind kind)
{
    struct ddl_action **tail = &statement->actions;

    while (*tail)
        tail = &(*tail)->next;
    *tail = arena_alloc(parser->arena, sizeof **tail);
    (*tail)->kind = kind;
    return *tail;
}

static bool position(struct ddl_parser *parser, struct ddl_action *action)
{
    if (ddl_accept(parser, "FIRST")) {
        action->position = POSITION_FIRST;
    } else if (ddl_accept(parser, "AFTER")) {
        action->position = POSITION_AFTER;
        return ddl_identifier(parser, &action->value);
    }
    return true;
}

/* `action->name` is known, or is the name of the column. */
static bool column(struct ddl_parser *parser, struct ddl_action *action)
{
    action->column = arena_alloc(parser->arena, sizeof *action->column);
    if (!ddl_identifier(parser, &action->column->name))
        return false;
    if (!action->name)
        action->name = action->column->name;
    return ddl_column(parser, action->column) && position(parser, action);
}

static bool add_columns(struct ddl_parser *parser, struct ddl_statement *ret)
{
    bool tolerant;

    (void)ddl_accept(parser, "COLUMN");
    tolerant = ddl_accept(parser, "IF NOT EXISTS");
    if (!ddl_accept(parser, "(")) {
        struct ddl_action *action = new_action(parser, ret, ACTION_ADD_COLUMN);

        action->tolerant = tolerant;
        return column(parser, action);
    }
    do {
        if (!column(parser, new_action(parser, ret, ACTION_ADD_COLUMN)))
            return false;
    } while (ddl_accept(parser, ","));
    return ddl_expect(parser, ")");
}

static bool add_index(struct ddl_parser *parser, struct ddl_statement *ret, const char *name)
{
    struct ddl_action *action = new_action(parser, ret, ACTION_ADD_INDEX);

    action->index = arena_alloc(parser->arena, sizeof *action->index);
    if (!ddl_index(parser, action->index))
        return false;
    if (!action->index->name && action->index->kind != INDEX_PRIMARY)
        action->index->name = name;
    return true;
}

static bool add_constraint(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_action *action;
    const char *name = NULL;

    if (ddl_accept(parser, "CONSTRAINT")) {
        (void)ddl_accept(parser, "IF NOT EXISTS");
        if (!ddl_is(parser, "CHECK (") && !ddl_is(parser, "FOREIGN KEY") && !ddl_is_index(parser) &&
            !ddl_identifier(parser, &name))
            return false;
    }
    if (ddl_accept(parser, "CHECK")) {
        action = new_action(parser, ret, ACTION_ADD_CHECK);
        action->name = name;
        if (!ddl_parentheses(parser, NULL))
            return false;
        action->tolerant = ddl_enforced(parser);
        return true;
    }
    if (ddl_is(parser, "FOREIGN KEY")) {
        action = new_action(parser, ret, ACTION_ADD_FOREIGN_KEY);
        action->foreign = arena_alloc(parser->arena, sizeof *action->foreign);
        action->foreign->name = name;
        return ddl_foreign(parser, action->foreign);
    }
    return ddl_is_index(parser) ? add_index(parser, ret, name)
                                : ddl_fault(parser, "CHECK, FOREIGN KEY or a key");
}

static bool add(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_action *action;

    if (ddl_accept(parser, "SYSTEM VERSIONING"))
        return new_action(parser, ret, ACTION_VERSIONING);
    if (ddl_accept(parser, "PERIOD FOR")) {
        (void)new_action(parser, ret, ACTION_VERSIONING);
        parser->at++;
        return ddl_parentheses(parser, NULL);
    }
    if (ddl_accept(parser, "PARTITION")) {
        action = new_action(parser, ret, ACTION_PARTITION_ADD);
        (void)ddl_accept(parser, "IF NOT EXISTS");
        if (ddl_accept(parser, "PARTITIONS")) {
            action->tolerant = true;
            parser->at++;
            return true;
        }
        return ddl_parentheses(parser, NULL);
    }
    if (ddl_is(parser, "CONSTRAINT") || ddl_is(parser, "CHECK (") || ddl_is(parser, "FOREIGN KEY"))
        return add_constraint(parser, ret);
    return ddl_is_index(parser) ? add_index(parser, ret, NULL) : add_columns(parser, ret);
}

/* Names of partitions, or ALL. */
static bool partitions(struct ddl_parser *parser)
{
    const char *name;

    do {
        if (!ddl_identifier(parser, &name))
            return false;
    } while (ddl_accept(parser, ","));
    return true;
}

static bool drop(struct ddl_parser *parser, struct ddl_statement *ret)
{
    static const struct {
        const char *words;
        enum ddl_action_kind kind;
    } forms[] = {
        { "FOREIGN KEY", ACTION_DROP_FOREIGN_KEY },
        { "INDEX", ACTION_DROP_INDEX },
        { "KEY", ACTION_DROP_INDEX },
        { "CONSTRAINT", ACTION_DROP_CHECK },
        { "CHECK", ACTION_DROP_CHECK },
        { "COLUMN", ACTION_DROP_COLUMN },
        { "PARTITION", ACTION_PARTITION_DROP },
    };
    struct ddl_action *action = new_action(parser, ret, ACTION_DROP_COLUMN);

    if (ddl_accept(parser, "PRIMARY KEY")) {
        action->kind = ACTION_DROP_INDEX;
        return true;
    }
    if (ddl_accept(parser, "SYSTEM VERSIONING") || ddl_accept(parser, "PERIOD FOR SYSTEM_TIME")) {
        action->kind = ACTION_VERSIONING;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (ddl_accept(parser, forms[i].words)) {
            action->kind = forms[i].kind;
            break;
        }
    }
    action->tolerant = ddl_accept(parser, "IF EXISTS");
    if (action->kind == ACTION_PARTITION_DROP)
        return partitions(parser);
    if (!ddl_identifier(parser, &action->name))
        return false;
    if (!ddl_accept(parser, "RESTRICT"))
        (void)ddl_accept(parser, "CASCADE");
    return true;
}

static bool two_names(struct ddl_parser *parser, struct ddl_action *action)
{
    (void)ddl_accept(parser, "IF EXISTS");
    return ddl_identifier(parser, &action->name) && ddl_expect(parser, "TO") &&
           ddl_identifier(parser, &action->value);
}

static bool rename_something(struct ddl_parser *parser, struct ddl_statement *ret)
{
    if (ddl_accept(parser, "COLUMN"))
        return two_names(parser, new_action(parser, ret, ACTION_RENAME_COLUMN));
    if (ddl_accept(parser, "INDEX") || ddl_accept(parser, "KEY"))
        return two_names(parser, new_action(parser, ret, ACTION_RENAME_INDEX));
    if (!ddl_accept(parser, "TO") && !ddl_accept(parser, "AS"))
        (void)ddl_accept(parser, "=");
    return ddl_table_name(parser, &new_action(parser, ret, ACTION_RENAME_TABLE)->other);
}

static bool alter_part(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_action *action = new_action(parser, ret, ACTION_SET_DEFAULT);

    if (ddl_accept(parser, "INDEX") || ddl_accept(parser, "KEY")) {
        action->kind = ACTION_INDEX_OPTION;
        (void)ddl_accept(parser, "IF EXISTS");
        return ddl_identifier(parser, &action->name) &&
               (ddl_accept(parser, "VISIBLE") || ddl_accept(parser, "INVISIBLE") ||
                ddl_accept(parser, "IGNORED") || ddl_accept(parser, "NOT IGNORED") ||
                ddl_fault(parser, "VISIBLE, INVISIBLE, IGNORED or NOT IGNORED"));
    }
    if (ddl_accept(parser, "CHECK") || ddl_accept(parser, "CONSTRAINT")) {
        action->kind = ACTION_ALTER_CHECK;
        if (!ddl_identifier(parser, &action->name))
            return false;
        action->tolerant = ddl_is(parser, "NOT ENFORCED");
        return ddl_accept(parser, "NOT ENFORCED") || ddl_expect(parser, "ENFORCED");
    }
    (void)ddl_accept(parser, "COLUMN");
    (void)ddl_accept(parser, "IF EXISTS");
    if (!ddl_identifier(parser, &action->name))
        return false;
    if (ddl_accept(parser, "DROP DEFAULT")) {
        action->kind = ACTION_DROP_DEFAULT;
        return true;
    }
    if (ddl_accept(parser, "SET VISIBLE") || ddl_accept(parser, "SET INVISIBLE"))
        return true;
    if (!ddl_expect(parser, "SET") || !ddl_is(parser, "DEFAULT"))
        return ddl_fault(parser, "SET DEFAULT");
    parser->at++;
    if (ddl_is(parser, "("))
        return ddl_parentheses(parser, NULL);
    (void)ddl_accept(parser, "-");
    parser->at += !ddl_done(parser);
    return !ddl_is(parser, "(") || ddl_parentheses(parser, NULL);
}

static bool convert(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_action *action = new_action(parser, ret, ACTION_CONVERT_CHARSET);
    const char *collation, *name;

    if (ddl_accept(parser, "PARTITION") || ddl_accept(parser, "TABLE")) {
        action->kind = ACTION_PARTITION_COPY;
        while (!ddl_done(parser))
            parser->at++;
        return true;
    }
    if (!ddl_expect(parser, "TO") || !ddl_option(parser, &name, &action->value) ||
        strcmp(name, "CHARSET") != 0)
        return ddl_fault(parser, "TO CHARACTER SET");
    if (!ddl_is(parser, "COLLATE"))
        return true;
    return ddl_option(parser, &name, &collation) ? (action->name = collation, true) : false;
}

static bool partition_copy(struct ddl_parser *parser, struct ddl_action *action)
{
    action->kind = ACTION_PARTITION_COPY;
    if (ddl_peek(parser, 0)->kind == TOKEN_NUMBER)
        return parser->at++, true; /* COALESCE PARTITION 2 */
    if (!ddl_done(parser) && !ddl_is(parser, "INTO") && !partitions(parser))
        return false;
    return !ddl_accept(parser, "INTO") || ddl_parentheses(parser, NULL);
}

static bool partition(struct ddl_parser *parser, struct ddl_statement *ret)
{
    static const char *const checks[] = { "ANALYZE PARTITION", "CHECK PARTITION", "REPAIR PARTITION" };
    static const char *const copies[] = { "REORGANIZE PARTITION", "REBUILD PARTITION", "OPTIMIZE PARTITION",
                                          "COALESCE PARTITION" };
    struct ddl_action *action = new_action(parser, ret, ACTION_PARTITION_CHECK);
    const char *name;

    for (size_t i = 0; i < ARRAY_LEN(copies); i++) {
        if (ddl_accept(parser, copies[i]))
            return partition_copy(parser, action);
    }
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (ddl_accept(parser, checks[i]))
            return partitions(parser);
    }
    if (ddl_accept(parser, "TRUNCATE PARTITION")) {
        action->kind = ACTION_PARTITION_DROP;
        return partitions(parser);
    }
    if (ddl_accept(parser, "REMOVE PARTITIONING")) {
        action->kind = ACTION_PARTITION_BY;
        return true;
    }
    if (!ddl_accept(parser, "EXCHANGE PARTITION"))
        return ddl_fault(parser, "an action of ALTER TABLE");
    action->kind = ACTION_PARTITION_EXCHANGE;
    if (!ddl_identifier(parser, &name) || !ddl_expect(parser, "WITH TABLE") ||
        !ddl_table_name(parser, &action->other))
        return false;
    action->tolerant = ddl_accept(parser, "WITHOUT VALIDATION");
    (void)ddl_accept(parser, "WITH VALIDATION");
    return true;
}

static bool is_engine(const char *name)
{
    return strcmp(name, "ENGINE") == 0 || strcmp(name, "TYPE") == 0;
}

static bool is_rebuild(const char *name)
{
    static const char *const words[] = { "ROW_FORMAT",        "KEY_BLOCK_SIZE",
                                         "PAGE_COMPRESSED",   "PAGE_COMPRESSION_LEVEL",
                                         "ENCRYPTED",         "ENCRYPTION",
                                         "ENCRYPTION_KEY_ID", "TABLESPACE" };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(name, words[i]) == 0)
            return true;
    }
    return false;
}

static bool option(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_action *action;
    const char *name, *value;

    if (!ddl_option(parser, &name, &value))
        return false;
    action = new_action(parser, ret, ACTION_OPTION);
    action->name = name;
    action->value = value;
    if (is_engine(name))
        action->kind = ACTION_ENGINE;
    else if (is_rebuild(name))
        action->kind = ACTION_REBUILD;
    else if (strcmp(name, "CHARSET") == 0 || strcmp(name, "COLLATE") == 0)
        action->kind = ACTION_DEFAULT_CHARSET;
    return true;
}

static bool order(struct ddl_parser *parser, struct ddl_statement *ret)
{
    const char *name;

    (void)new_action(parser, ret, ACTION_ORDER);
    do {
        if (!ddl_identifier(parser, &name))
            return false;
        if (!ddl_accept(parser, "ASC"))
            (void)ddl_accept(parser, "DESC");
    } while (ddl_accept(parser, ","));
    return true;
}

static bool change(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_action *action = new_action(parser, ret, ACTION_MODIFY_COLUMN);

    (void)ddl_accept(parser, "COLUMN");
    action->tolerant = ddl_accept(parser, "IF EXISTS");
    return ddl_identifier(parser, &action->name) && column(parser, action);
}

static bool modify(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_action *action = new_action(parser, ret, ACTION_MODIFY_COLUMN);

    (void)ddl_accept(parser, "COLUMN");
    action->tolerant = ddl_accept(parser, "IF EXISTS");
    return column(parser, action);
}

static bool action(struct ddl_parser *parser, struct ddl_statement *ret)
{
    if (ddl_algorithm(parser, ret))
        return true;
    if (parser->fault)
        return false;
    if (ddl_accept(parser, "ADD"))
        return add(parser, ret);
    if (ddl_accept(parser, "DROP"))
        return drop(parser, ret);
    if (ddl_accept(parser, "MODIFY"))
        return modify(parser, ret);
    if (ddl_accept(parser, "CHANGE"))
        return change(parser, ret);
    if (ddl_accept(parser, "RENAME"))
        return rename_something(parser, ret);
    if (ddl_accept(parser, "ALTER"))
        return alter_part(parser, ret);
    if (ddl_accept(parser, "FORCE"))
        return new_action(parser, ret, ACTION_REBUILD);
    if (ddl_accept(parser, "CONVERT"))
        return convert(parser, ret);
    if (ddl_accept(parser, "ORDER BY"))
        return order(parser, ret);
    if (ddl_accept(parser, "ENABLE KEYS") || ddl_accept(parser, "DISABLE KEYS"))
        return new_action(parser, ret, ACTION_KEYS);
    if (ddl_accept(parser, "DISCARD TABLESPACE") || ddl_accept(parser, "IMPORT TABLESPACE"))
        return new_action(parser, ret, ACTION_TABLESPACE);
    if (ddl_accept(parser, "WITHOUT VALIDATION") || ddl_accept(parser, "WITH VALIDATION"))
        return true;
    if (ddl_is(parser, "PARTITION BY"))
        return new_action(parser, ret, ACTION_PARTITION_BY) && ddl_partition_by(parser);
    return option(parser, ret) || (!parser->fault && partition(parser, ret));
}

/* Between actions stands a comma; options of the table and PARTITION BY also follow without. */
bool ddl_alter(struct ddl_parser *parser, struct ddl_statement *ret)
{
    ret->kind = DDL_ALTER;
    while (ddl_algorithm(parser, ret)) /* MariaDB: WAIT stands before the actions */
        (void)ddl_accept(parser, ",");
    while (!parser->fault && !ddl_done(parser)) {
        if (!action(parser, ret))
            return parser->fault ? false : ddl_fault(parser, "an action of ALTER TABLE");
        if (ddl_accept(parser, ",") && ddl_done(parser))
            return ddl_fault(parser, "an action of ALTER TABLE");
    }
    return parser->fault == NULL;
}
