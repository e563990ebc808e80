#include "mysql.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* Synonyms, and words that stand for a type (manuals, "Data Types"). */
static const struct {
    const char *words, *type;
    bool is_unsigned;
} type_words[] = {
    { "DOUBLE PRECISION", "double", false },
    { "CHARACTER VARYING", "varchar", false },
    { "CHAR VARYING", "varchar", false },
    { "NATIONAL CHARACTER VARYING", "varchar", false },
    { "NATIONAL VARCHAR", "varchar", false },
    { "NATIONAL CHARACTER", "char", false },
    { "NATIONAL CHAR", "char", false },
    { "NVARCHAR", "varchar", false },
    { "NCHAR", "char", false },
    { "LONG VARCHAR", "mediumtext", false },
    { "LONG VARBINARY", "mediumblob", false },
    { "INTEGER", "int", false },
    { "INT4", "int", false },
    { "INT1", "tinyint", false },
    { "INT2", "smallint", false },
    { "INT3", "mediumint", false },
    { "INT8", "bigint", false },
    { "MIDDLEINT", "mediumint", false },
    { "BOOLEAN", "tinyint", false },
    { "BOOL", "tinyint", false },
    { "CHARACTER", "char", false },
    { "DEC", "decimal", false },
    { "NUMERIC", "decimal", false },
    { "FIXED", "decimal", false },
    { "REAL", "double", false },
    { "FLOAT8", "double", false },
    { "FLOAT4", "float", false },
    { "LONG", "mediumtext", false },
    { "JSON", "json", false },
    { "SERIAL", "bigint", true },
};
static const char *const plain_types[] = {
    "int",          "bigint",
    "smallint",     "tinyint",
    "mediumint",    "decimal",
    "float",        "double",
    "bit",          "char",
    "varchar",      "binary",
    "varbinary",    "tinytext",
    "text",         "mediumtext",
    "longtext",     "tinyblob",
    "blob",         "mediumblob",
    "longblob",     "enum",
    "set",          "date",
    "time",         "datetime",
    "timestamp",    "year",
    "geometry",     "point",
    "linestring",   "polygon",
    "multipoint",   "multilinestring",
    "multipolygon", "geometrycollection",
    "uuid",         "inet6",
    "inet4",        "vector",
};

static bool type_name(struct ddl_parser *parser, struct ddl_column *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(type_words); i++) {
        if (ddl_accept(parser, type_words[i].words)) {
            ret->type = type_words[i].type;
            ret->is_unsigned = type_words[i].is_unsigned;
            ret->auto_increment = ret->unique = type_words[i].is_unsigned; /* SERIAL */
            if (type_words[i].is_unsigned)
                ret->null = NULL_NEVER;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(plain_types); i++) {
        if (ddl_accept(parser, plain_types[i])) {
            ret->type = plain_types[i];
            return true;
        }
    }
    return ddl_fault(parser, "a type");
}

static bool number(struct ddl_parser *parser, long *ret)
{
    const struct ddl_token *token = ddl_peek(parser, 0);

    if (token->kind != TOKEN_NUMBER)
        return ddl_fault(parser, "a number");
    *ret = strtol(token->text, NULL, 10);
    parser->at++;
    return true;
}

static bool type_values(struct ddl_parser *parser, struct ddl_column *ret)
{
    size_t room = 0;

    if (!ddl_expect(parser, "("))
        return false;
    while (ddl_peek(parser, room * 2)->kind == TOKEN_STRING)
        room++;
    ret->values = arena_array(parser->arena, room + 1, sizeof *ret->values);
    do {
        if (ddl_peek(parser, 0)->kind != TOKEN_STRING || ret->value_count >= room)
            return ddl_fault(parser, "a value in quotes");
        ret->values[ret->value_count++] = ddl_peek(parser, 0)->text;
        parser->at++;
    } while (ddl_accept(parser, ","));
    return ddl_expect(parser, ")");
}

static bool type_size(struct ddl_parser *parser, struct ddl_column *ret)
{
    if (!ddl_accept(parser, "("))
        return true;
    if (!number(parser, &ret->length))
        return false;
    if (ddl_accept(parser, ",") && !number(parser, &ret->decimals))
        return false;
    return ddl_expect(parser, ")");
}

static bool name_or_string(struct ddl_parser *parser, const char **ret)
{
    enum ddl_token_kind kind = ddl_peek(parser, 0)->kind;

    if (kind != TOKEN_STRING && kind != TOKEN_WORD && kind != TOKEN_QUOTED && kind != TOKEN_NUMBER)
        return ddl_fault(parser, "a name");
    *ret = ddl_lower(parser->arena, ddl_peek(parser, 0)->text);
    parser->at++;
    return true;
}

static bool type_words_after(struct ddl_parser *parser, struct ddl_column *ret)
{
    for (;;) {
        if (ddl_accept(parser, "UNSIGNED") || ddl_accept(parser, "ZEROFILL"))
            ret->is_unsigned = true;
        else if (ddl_accept(parser, "SIGNED") || ddl_accept(parser, "BINARY") || ddl_accept(parser, "BYTE"))
            continue;
        else if (ddl_accept(parser, "ASCII"))
            ret->charset = "latin1";
        else if (ddl_accept(parser, "UNICODE"))
            ret->charset = "ucs2";
        else if (ddl_accept(parser, "CHARACTER SET") || ddl_accept(parser, "CHARSET") ||
                 ddl_accept(parser, "CHAR SET")) {
            (void)ddl_accept(parser, "=");
            if (!name_or_string(parser, &ret->charset))
                return false;
        } else if (ddl_accept(parser, "COLLATE")) {
            if (!name_or_string(parser, &ret->collation))
                return false;
        } else {
            return true;
        }
    }
}

static bool column_type(struct ddl_parser *parser, struct ddl_column *ret)
{
    ret->length = ret->decimals = -1;
    if (!type_name(parser, ret))
        return false;
    if (strcmp(ret->type, "enum") == 0 || strcmp(ret->type, "set") == 0) {
        if (!type_values(parser, ret))
            return false;
    } else if (!type_size(parser, ret)) {
        return false;
    }
    return type_words_after(parser, ret);
}

/* A function of the time, which the server takes once for all rows. */
static bool is_time(const struct ddl_parser *parser)
{
    return ddl_is(parser, "NOW (") || ddl_is(parser, "CURRENT_TIMESTAMP") || ddl_is(parser, "LOCALTIME") ||
           ddl_is(parser, "LOCALTIMESTAMP") || ddl_is(parser, "CURRENT_DATE") ||
           ddl_is(parser, "CURRENT_TIME") || ddl_is(parser, "CURDATE (") || ddl_is(parser, "CURTIME (");
}

static bool time_function(struct ddl_parser *parser)
{
    parser->at++;
    return !ddl_is(parser, "(") || ddl_parentheses(parser, NULL);
}

static const char *text_between(const struct ddl_parser *parser, size_t from)
{
    struct buf text;
    const char *kept;

    buf_init(&text, 65536);
    for (size_t i = from; i < parser->at; i++) {
        const struct ddl_token *token = &parser->tokens[i];

        buf_format(&text, token->kind == TOKEN_STRING ? "%s'%s'" : "%s%s", i > from ? " " : "", token->text);
    }
    kept = arena_text(parser->arena, buf_str(&text));
    buf_finish(&text);
    return kept;
}

/* In parentheses: names are columns or functions. Numbers and strings alone are a constant. */
static enum ddl_default expression_kind(const struct ddl_parser *parser, size_t from)
{
    for (size_t i = from; i < parser->at; i++) {
        if (parser->tokens[i].kind == TOKEN_WORD || parser->tokens[i].kind == TOKEN_QUOTED ||
            parser->tokens[i].kind == TOKEN_VARIABLE)
            return DEFAULT_EXPRESSION;
    }
    return DEFAULT_CONSTANT;
}

static bool default_value(struct ddl_parser *parser, struct ddl_column *ret)
{
    size_t from = parser->at;
    const struct ddl_token *token;

    if (is_time(parser)) {
        ret->has_default = DEFAULT_TIME;
        if (!time_function(parser))
            return false;
    } else if (ddl_is(parser, "(")) {
        struct ddl_parser inner = *parser;

        inner.at++;
        if (!ddl_parentheses(parser, NULL))
            return false;
        ret->has_default = is_time(&inner) && time_function(&inner) && ddl_is(&inner, ")")
                               ? DEFAULT_TIME
                               : expression_kind(parser, from);
    } else {
        if (!ddl_accept(parser, "-"))
            (void)ddl_accept(parser, "+");
        token = ddl_peek(parser, 0);
        if (token->kind == TOKEN_WORD && token->text[0] == '_' && ddl_peek(parser, 1)->kind == TOKEN_STRING)
            token = ddl_peek(parser, 1), parser->at++;
        if (token->kind == TOKEN_END || token->kind == TOKEN_BAD || token->kind == TOKEN_SIGN)
            return ddl_fault(parser, "a default");
        parser->at++;
        ret->has_default = DEFAULT_CONSTANT;
        if (token->kind == TOKEN_WORD && ddl_is(parser, "(")) {
            ret->has_default = DEFAULT_EXPRESSION;
            if (!ddl_parentheses(parser, NULL))
                return false;
        }
    }
    ret->default_text = text_between(parser, from);
    return true;
}

static bool generated(struct ddl_parser *parser, struct ddl_column *ret)
{
    if (!ddl_parentheses(parser, &ret->expression))
        return false;
    ret->generated = GENERATED_VIRTUAL;
    if (ddl_accept(parser, "STORED") || ddl_accept(parser, "PERSISTENT"))
        ret->generated = GENERATED_STORED;
    else
        (void)ddl_accept(parser, "VIRTUAL");
    return true;
}

static bool reference_actions(struct ddl_parser *parser, bool *ret_cascades)
{
    for (;;) {
        if (ddl_accept(parser, "MATCH FULL") || ddl_accept(parser, "MATCH PARTIAL") ||
            ddl_accept(parser, "MATCH SIMPLE"))
            continue;
        if (!ddl_accept(parser, "ON DELETE") && !ddl_accept(parser, "ON UPDATE"))
            return true;
        if (ddl_accept(parser, "CASCADE") || ddl_accept(parser, "SET NULL") ||
            ddl_accept(parser, "SET DEFAULT"))
            *ret_cascades = true;
        else if (!ddl_accept(parser, "RESTRICT") && !ddl_accept(parser, "NO ACTION"))
            return ddl_fault(parser, "CASCADE, RESTRICT, SET NULL or NO ACTION");
    }
}

static bool references(struct ddl_parser *parser, struct ddl_name *ret, bool *ret_cascades)
{
    struct ddl_texts *columns = NULL;

    if (!ddl_table_name(parser, ret))
        return false;
    if (ddl_is(parser, "(") && !ddl_names_in_parentheses(parser, &columns))
        return false;
    return reference_actions(parser, ret_cascades);
}

bool ddl_enforced(struct ddl_parser *parser)
{
    if (ddl_accept(parser, "NOT ENFORCED"))
        return true;
    (void)ddl_accept(parser, "ENFORCED");
    return false;
}

static bool column_check(struct ddl_parser *parser, struct ddl_column *ret)
{
    const char *name;

    if (ddl_accept(parser, "CONSTRAINT") && !ddl_is(parser, "CHECK") && !ddl_identifier(parser, &name))
        return false;
    if (!ddl_accept(parser, "CHECK"))
        return ddl_fault(parser, "CHECK");
    ret->check = true;
    if (!ddl_parentheses(parser, NULL))
        return false;
    ret->check_idle = ddl_enforced(parser);
    return true;
}

/* One attribute of a column. False: none is here, or a fault is set. */
static bool attribute(struct ddl_parser *parser, struct ddl_column *ret)
{
    bool cascades = false;
    const char *ignored;

    if (ddl_accept(parser, "NOT NULL"))
        return ret->null = NULL_NEVER, true;
    if (ddl_accept(parser, "NULL"))
        return ret->null = NULL_ALLOWED, true;
    if (ddl_accept(parser, "DEFAULT"))
        return default_value(parser, ret);
    if (ddl_accept(parser, "ON UPDATE"))
        return is_time(parser) ? time_function(parser) : ddl_fault(parser, "CURRENT_TIMESTAMP");
    if (ddl_accept(parser, "AUTO_INCREMENT"))
        return ret->auto_increment = true;
    if (ddl_accept(parser, "PRIMARY KEY") || ddl_accept(parser, "KEY"))
        return ret->primary = true;
    if (ddl_accept(parser, "UNIQUE KEY") || ddl_accept(parser, "UNIQUE"))
        return ret->unique = true;
    if (ddl_accept(parser, "GENERATED ALWAYS AS") || ddl_accept(parser, "AS"))
        return ddl_is(parser, "ROW") ? (parser->at += 2, true) : generated(parser, ret);
    if (ddl_accept(parser, "REFERENCES"))
        return references(parser, &ret->parent, &cascades);
    if (ddl_is(parser, "CONSTRAINT") || ddl_is(parser, "CHECK"))
        return column_check(parser, ret);
    if (ddl_accept(parser, "COMMENT") || ddl_accept(parser, "COLUMN_FORMAT") ||
        ddl_accept(parser, "STORAGE") || ddl_accept(parser, "ENGINE_ATTRIBUTE") ||
        ddl_accept(parser, "SRID")) {
        (void)ddl_accept(parser, "=");
        return name_or_string(parser, &ignored);
    }
    if (ddl_accept(parser, "COMPRESSED"))
        return ret->compressed = true;
    return ddl_accept(parser, "VISIBLE") || ddl_accept(parser, "INVISIBLE") ||
           ddl_accept(parser, "WITHOUT SYSTEM VERSIONING") || ddl_accept(parser, "WITH SYSTEM VERSIONING") ||
           (ddl_is(parser, "COLLATE") && type_words_after(parser, ret));
}

bool ddl_column(struct ddl_parser *parser, struct ddl_column *ret)
{
    if (!column_type(parser, ret))
        return false;
    while (attribute(parser, ret))
        ;
    return parser->fault == NULL;
}

bool ddl_is_index(const struct ddl_parser *parser)
{
    return ddl_is(parser, "INDEX") || ddl_is(parser, "KEY") || ddl_is(parser, "UNIQUE") ||
           ddl_is(parser, "FULLTEXT") || ddl_is(parser, "SPATIAL") || ddl_is(parser, "PRIMARY KEY");
}

static void index_kind(struct ddl_parser *parser, struct ddl_index *ret)
{
    if (ddl_accept(parser, "PRIMARY KEY"))
        ret->kind = INDEX_PRIMARY;
    else if (ddl_accept(parser, "UNIQUE"))
        ret->kind = INDEX_UNIQUE;
    else if (ddl_accept(parser, "FULLTEXT"))
        ret->kind = INDEX_FULLTEXT;
    else if (ddl_accept(parser, "SPATIAL"))
        ret->kind = INDEX_SPATIAL;
    if (!ddl_accept(parser, "INDEX"))
        (void)ddl_accept(parser, "KEY");
}

static bool index_options(struct ddl_parser *parser)
{
    const char *ignored;

    for (;;) {
        if (ddl_accept(parser, "USING") || ddl_accept(parser, "COMMENT") ||
            ddl_accept(parser, "KEY_BLOCK_SIZE") || ddl_accept(parser, "WITH PARSER") ||
            ddl_accept(parser, "TYPE")) {
            (void)ddl_accept(parser, "=");
            if (!name_or_string(parser, &ignored))
                return false;
        } else if (!ddl_accept(parser, "VISIBLE") && !ddl_accept(parser, "INVISIBLE") &&
                   !ddl_accept(parser, "IGNORED") && !ddl_accept(parser, "NOT IGNORED") &&
                   !ddl_accept(parser, "WITHOUT OVERLAPS")) {
            return true;
        }
    }
}

bool ddl_index(struct ddl_parser *parser, struct ddl_index *ret)
{
    const char *ignored;

    index_kind(parser, ret);
    (void)ddl_accept(parser, "IF NOT EXISTS");
    if (!ddl_is(parser, "(") && !ddl_is(parser, "USING") && !ddl_identifier(parser, &ret->name))
        return false;
    if (ddl_accept(parser, "USING") && !ddl_identifier(parser, &ignored))
        return false;
    if (ret->kind == INDEX_PRIMARY)
        ret->name = NULL;
    return ddl_names_in_parentheses(parser, &ret->columns) && index_options(parser);
}

bool ddl_foreign(struct ddl_parser *parser, struct ddl_foreign *ret)
{
    const char *name = NULL;

    if (!ddl_expect(parser, "FOREIGN KEY"))
        return false;
    (void)ddl_accept(parser, "IF NOT EXISTS");
    if (!ddl_is(parser, "(") && !ddl_identifier(parser, &name))
        return false;
    if (!ret->name)
        ret->name = name;
    return ddl_names_in_parentheses(parser, &ret->columns) && ddl_expect(parser, "REFERENCES") &&
           references(parser, &ret->parent, &ret->cascades);
}
