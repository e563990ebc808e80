#include "mysql.h"

#include <string.h>

/* Options of a table that take a value. */
static const char *const option_words[] = {
    "ENGINE",
    "TYPE",
    "ROW_FORMAT",
    "KEY_BLOCK_SIZE",
    "COMMENT",
    "AUTO_INCREMENT",
    "AVG_ROW_LENGTH",
    "CHECKSUM",
    "TABLE_CHECKSUM",
    "PAGE_CHECKSUM",
    "DELAY_KEY_WRITE",
    "MAX_ROWS",
    "MIN_ROWS",
    "PACK_KEYS",
    "INSERT_METHOD",
    "STATS_PERSISTENT",
    "STATS_AUTO_RECALC",
    "STATS_SAMPLE_PAGES",
    "DATA DIRECTORY",
    "INDEX DIRECTORY",
    "COMPRESSION",
    "ENCRYPTION",
    "ENCRYPTED",
    "ENCRYPTION_KEY_ID",
    "PAGE_COMPRESSED",
    "PAGE_COMPRESSION_LEVEL",
    "TABLESPACE",
    "CONNECTION",
    "PASSWORD",
    "TRANSACTIONAL",
    "ENGINE_ATTRIBUTE",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "SECONDARY_ENGINE",
    "AUTOEXTEND_SIZE",
    "COLLATE",
};

static bool charset_option(struct ddl_parser *parser, const char **ret_name)
{
    size_t from = parser->at;

    (void)ddl_accept(parser, "DEFAULT");
    if (ddl_accept(parser, "CHARACTER SET") || ddl_accept(parser, "CHARSET") ||
        ddl_accept(parser, "CHAR SET"))
        *ret_name = "CHARSET";
    else if (ddl_accept(parser, "COLLATE"))
        *ret_name = "COLLATE";
    else
        parser->at = from;
    return parser->at != from;
}

/* False: none is here, or a fault is set. */
bool ddl_option(struct ddl_parser *parser, const char **ret_name, const char **ret_value)
{
    bool found = charset_option(parser, ret_name);
    const struct ddl_token *value;

    for (size_t i = 0; !found && i < ARRAY_LEN(option_words); i++) {
        *ret_name = option_words[i];
        found = ddl_accept(parser, option_words[i]);
    }
    if (!found && ddl_is(parser, "UNION = (")) {
        parser->at += 2;
        *ret_name = "UNION", *ret_value = "";
        return ddl_parentheses(parser, NULL);
    }
    if (!found)
        return false;
    (void)ddl_accept(parser, "=");
    value = ddl_peek(parser, 0);
    if (value->kind == TOKEN_END || value->kind == TOKEN_BAD || value->kind == TOKEN_SIGN)
        return ddl_fault(parser, "a value of the option");
    *ret_value = ddl_lower(parser->arena, value->text);
    parser->at++;
    return true;
}

static void keep_option(struct ddl_table *table, const char *name, const char *value)
{
    if (strcmp(name, "ENGINE") == 0 || strcmp(name, "TYPE") == 0)
        table->engine = value;
    else if (strcmp(name, "ROW_FORMAT") == 0)
        table->row_format = value;
    else if (strcmp(name, "CHARSET") == 0)
        table->charset = value;
    else if (strcmp(name, "COLLATE") == 0)
        table->collation = value;
}

/* PARTITION BY ...: to its end, which is the end of the statement or a query. */
bool ddl_partition_by(struct ddl_parser *parser)
{
    if (!ddl_expect(parser, "PARTITION BY"))
        return false;
    while (!ddl_done(parser) && !ddl_is(parser, "AS") && !ddl_is(parser, "SELECT")) {
        if (ddl_is(parser, "(")) {
            if (!ddl_parentheses(parser, NULL))
                return false;
        } else if (ddl_peek(parser, 0)->kind == TOKEN_BAD || ddl_is(parser, ")")) {
            return ddl_fault(parser, "the end of PARTITION BY");
        } else {
            parser->at++;
        }
    }
    return true;
}

static void add_text(struct ddl_parser *parser, struct ddl_texts **list, const char *text)
{
    while (*list)
        list = &(*list)->next;
    *list = arena_alloc(parser->arena, sizeof **list);
    (*list)->text = text;
}

struct tails {
    struct ddl_column **column;
    struct ddl_index **index;
    struct ddl_foreign **foreign;
};

static bool add_index(struct ddl_parser *parser, struct tails *tails, const char *constraint)
{
    struct ddl_index *index = arena_alloc(parser->arena, sizeof *index);

    if (!ddl_index(parser, index))
        return false;
    if (!index->name && index->kind != INDEX_PRIMARY)
        index->name = constraint;
    *tails->index = index;
    tails->index = &index->next;
    return true;
}

static bool add_column(struct ddl_parser *parser, struct tails *tails)
{
    struct ddl_column *column = arena_alloc(parser->arena, sizeof *column);

    if (!ddl_identifier(parser, &column->name) || !ddl_column(parser, column))
        return false;
    *tails->column = column;
    tails->column = &column->next;
    return true;
}

static bool constraint(struct ddl_parser *parser, struct ddl_table *table, struct tails *tails)
{
    struct ddl_foreign *foreign;
    const char *name = NULL;

    if (ddl_accept(parser, "CONSTRAINT") && !ddl_is(parser, "CHECK") && !ddl_is(parser, "FOREIGN KEY") &&
        !ddl_is_index(parser) && !ddl_identifier(parser, &name))
        return false;
    if (ddl_accept(parser, "CHECK")) {
        add_text(parser, &table->checks, name ? name : "");
        if (!ddl_parentheses(parser, NULL))
            return false;
        (void)ddl_enforced(parser);
        return true;
    }
    if (!ddl_is(parser, "FOREIGN KEY"))
        return ddl_is_index(parser) ? add_index(parser, tails, name) : ddl_fault(parser, "a constraint");
    foreign = arena_alloc(parser->arena, sizeof *foreign);
    foreign->name = name;
    if (!ddl_foreign(parser, foreign))
        return false;
    *tails->foreign = foreign;
    tails->foreign = &foreign->next;
    return true;
}

static bool definitions(struct ddl_parser *parser, struct ddl_table *table)
{
    struct tails tails = { &table->columns, &table->indexes, &table->foreigns };

    do {
        bool read;

        if (ddl_is(parser, "PERIOD FOR")) {
            parser->at += 3;
            read = ddl_parentheses(parser, NULL);
        } else if (ddl_is(parser, "CONSTRAINT") || ddl_is(parser, "CHECK (") ||
                   ddl_is(parser, "FOREIGN KEY")) {
            read = constraint(parser, table, &tails);
        } else if (ddl_is_index(parser)) {
            read = add_index(parser, &tails, NULL);
        } else {
            read = add_column(parser, &tails);
        }
        if (!read)
            return false;
    } while (ddl_accept(parser, ","));
    return ddl_expect(parser, ")");
}

static bool options(struct ddl_parser *parser, struct ddl_table *table)
{
    const char *name, *value;

    do {
        (void)ddl_accept(parser, ",");
        if (ddl_option(parser, &name, &value))
            keep_option(table, name, value);
        else if (!ddl_accept(parser, "WITH SYSTEM VERSIONING"))
            break;
    } while (!parser->fault);
    if (!parser->fault && ddl_is(parser, "PARTITION BY")) {
        table->partitioned = true;
        (void)ddl_partition_by(parser);
    }
    return parser->fault == NULL;
}

/* A query to the end: what it selects is not judged here. */
static bool query(struct ddl_parser *parser, struct ddl_statement *ret)
{
    if (!ddl_accept(parser, "IGNORE"))
        (void)ddl_accept(parser, "REPLACE");
    (void)ddl_accept(parser, "AS");
    if (!ddl_is(parser, "SELECT") && !ddl_is(parser, "WITH") && !ddl_is(parser, "(") &&
        !ddl_is(parser, "TABLE") && !ddl_is(parser, "VALUES"))
        return ddl_done(parser) || ddl_fault(parser, "the end of CREATE TABLE");
    ret->selects = true;
    while (!ddl_done(parser) && ddl_peek(parser, 0)->kind != TOKEN_BAD)
        parser->at++;
    return ddl_done(parser) || ddl_fault(parser, "a query");
}

/* After CREATE [OR REPLACE] [TEMPORARY] TABLE. */
bool ddl_create_table(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_table *table = arena_alloc(parser->arena, sizeof *table);

    ret->kind = DDL_CREATE_TABLE;
    ret->created = table;
    ret->tables = arena_alloc(parser->arena, sizeof *ret->tables);
    ret->tolerant = ddl_accept(parser, "IF NOT EXISTS");
    if (!ddl_table_name(parser, &table->name))
        return false;
    ret->tables->name = table->name;
    if (ddl_accept(parser, "LIKE"))
        return ddl_table_name(parser, &ret->tables->other);
    if (ddl_accept(parser, "( LIKE"))
        return ddl_table_name(parser, &ret->tables->other) && ddl_expect(parser, ")");
    if (!ddl_is(parser, "( SELECT") && ddl_accept(parser, "(") && !definitions(parser, table))
        return false;
    return options(parser, table) && query(parser, ret);
}
