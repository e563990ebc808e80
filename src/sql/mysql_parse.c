#include "mysql.h"

#include <string.h>
#include <strings.h>

static void pass_over(struct ddl_parser *parser)
{
    while (!ddl_done(parser) && ddl_peek(parser, 0)->kind != TOKEN_BAD)
        parser->at++;
}

static bool table_list(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_tables **tail = &ret->tables;

    do {
        *tail = arena_alloc(parser->arena, sizeof **tail);
        if (!ddl_table_name(parser, &(*tail)->name))
            return false;
        tail = &(*tail)->next;
    } while (ddl_accept(parser, ","));
    return true;
}

static bool one_table(struct ddl_parser *parser, struct ddl_statement *ret)
{
    ret->tables = arena_alloc(parser->arena, sizeof *ret->tables);
    return ddl_table_name(parser, &ret->tables->name);
}

static bool create_index(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_action *action = arena_alloc(parser->arena, sizeof *action);
    struct ddl_index *index = arena_alloc(parser->arena, sizeof *index);
    const char *ignored;

    ret->kind = DDL_ALTER;
    ret->actions = action;
    action->kind = ACTION_ADD_INDEX;
    action->index = index;
    if (ddl_accept(parser, "UNIQUE"))
        index->kind = INDEX_UNIQUE;
    else if (ddl_accept(parser, "FULLTEXT"))
        index->kind = INDEX_FULLTEXT;
    else if (ddl_accept(parser, "SPATIAL"))
        index->kind = INDEX_SPATIAL;
    if (!ddl_expect(parser, "INDEX"))
        return false;
    action->tolerant = ddl_accept(parser, "IF NOT EXISTS");
    if (!ddl_identifier(parser, &index->name))
        return false;
    if (ddl_accept(parser, "USING") && !ddl_identifier(parser, &ignored))
        return false;
    if (!ddl_expect(parser, "ON") || !one_table(parser, ret))
        return false;
    while (ddl_algorithm(parser, ret))
        ;
    if (parser->fault || !ddl_names_in_parentheses(parser, &index->columns))
        return false;
    while (!ddl_done(parser) && !parser->fault) {
        if (ddl_algorithm(parser, ret) || ddl_accept(parser, "VISIBLE") || ddl_accept(parser, "INVISIBLE") ||
            ddl_accept(parser, "IGNORED") || ddl_accept(parser, "NOT IGNORED"))
            continue;
        if (parser->fault)
            return false;
        if (ddl_accept(parser, "USING") || ddl_accept(parser, "COMMENT") ||
            ddl_accept(parser, "KEY_BLOCK_SIZE") || ddl_accept(parser, "WITH PARSER")) {
            (void)ddl_accept(parser, "=");
            parser->at += !ddl_done(parser);
        } else {
            return ddl_fault(parser, "the end of CREATE INDEX");
        }
    }
    return parser->fault == NULL;
}

static bool drop_index(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_action *action = arena_alloc(parser->arena, sizeof *action);

    ret->kind = DDL_ALTER;
    ret->actions = action;
    action->kind = ACTION_DROP_INDEX;
    action->tolerant = ddl_accept(parser, "IF EXISTS");
    if (!ddl_identifier(parser, &action->name) || !ddl_expect(parser, "ON") || !one_table(parser, ret))
        return false;
    if (strcmp(action->name, "PRIMARY") == 0)
        action->name = NULL;
    while (ddl_algorithm(parser, ret))
        ;
    return parser->fault == NULL;
}

/* DEFINER = a@b, in any of its forms. */
static bool definer(struct ddl_parser *parser)
{
    if (!ddl_accept(parser, "DEFINER ="))
        return true;
    parser->at += !ddl_done(parser);
    if (ddl_is(parser, "("))
        return ddl_parentheses(parser, NULL);
    if (ddl_peek(parser, 0)->kind == TOKEN_VARIABLE) {
        bool bare = strcmp(ddl_peek(parser, 0)->text, "@") == 0;

        parser->at++;
        parser->at += bare && !ddl_done(parser);
    }
    return true;
}

static bool trigger(struct ddl_parser *parser, struct ddl_statement *ret)
{
    ret->kind = DDL_TRIGGER;
    (void)ddl_accept(parser, "IF NOT EXISTS");
    while (!ddl_done(parser) && !ddl_is(parser, "ON") && ddl_peek(parser, 0)->kind != TOKEN_BAD)
        parser->at++;
    if (!ddl_expect(parser, "ON") || !one_table(parser, ret))
        return false;
    if (!ddl_is(parser, "FOR EACH ROW"))
        return ddl_fault(parser, "FOR EACH ROW");
    pass_over(parser);
    return true;
}

/* Objects without rows of their own: after CREATE, ALTER or DROP. */
static bool is_object(const struct ddl_parser *parser)
{
    static const char *const words[] = { "VIEW",    "PROCEDURE", "FUNCTION",         "EVENT",      "USER",
                                         "ROLE",    "SEQUENCE",  "DATABASE",         "SCHEMA",     "PACKAGE",
                                         "SERVER",  "AGGREGATE", "SQL SECURITY",     "TABLESPACE", "UNDO",
                                         "LOGFILE", "RESOURCE",  "SPATIAL REFERENCE" };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (ddl_is(parser, words[i]))
            return true;
    }
    return false;
}

static bool create(struct ddl_parser *parser, struct ddl_statement *ret)
{
    (void)ddl_accept(parser, "OR REPLACE");
    if (ddl_is(parser, "UNIQUE") || ddl_is(parser, "FULLTEXT") || ddl_is(parser, "SPATIAL INDEX") ||
        ddl_is(parser, "INDEX"))
        return create_index(parser, ret);
    ret->temporary = ddl_accept(parser, "TEMPORARY");
    if (ddl_accept(parser, "TABLE")) {
        ret->tolerant = ddl_is(parser, "IF");
        return ddl_create_table(parser, ret);
    }
    if (ddl_accept(parser, "ALGORITHM ="))
        parser->at += !ddl_done(parser);
    if (!definer(parser))
        return false;
    if (ddl_accept(parser, "TRIGGER"))
        return trigger(parser, ret);
    if (!is_object(parser))
        return ddl_fault(parser, "what CREATE makes");
    ret->kind = DDL_OBJECT;
    pass_over(parser);
    return true;
}

static bool drop(struct ddl_parser *parser, struct ddl_statement *ret)
{
    if (ddl_accept(parser, "INDEX"))
        return drop_index(parser, ret);
    ret->temporary = ddl_accept(parser, "TEMPORARY");
    if (ddl_accept(parser, "TABLE") || ddl_accept(parser, "TABLES")) {
        ret->kind = DDL_DROP_TABLE;
        ret->tolerant = ddl_accept(parser, "IF EXISTS");
        if (!table_list(parser, ret))
            return false;
        while (ddl_algorithm(parser, ret) || ddl_accept(parser, "RESTRICT") || ddl_accept(parser, "CASCADE"))
            ;
        return parser->fault == NULL;
    }
    if (ddl_accept(parser, "TRIGGER")) {
        ret->kind = DDL_TRIGGER;
        pass_over(parser);
        return true;
    }
    if (!is_object(parser) && !ddl_is(parser, "PREPARE"))
        return ddl_fault(parser, "what DROP removes");
    ret->kind = ddl_is(parser, "DATABASE") || ddl_is(parser, "SCHEMA") ? DDL_DROP_DATABASE : DDL_OBJECT;
    pass_over(parser);
    return true;
}

static bool rename_tables(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_tables **tail = &ret->tables;

    ret->kind = DDL_RENAME_TABLE;
    (void)ddl_accept(parser, "IF EXISTS");
    do {
        *tail = arena_alloc(parser->arena, sizeof **tail);
        if (!ddl_table_name(parser, &(*tail)->name))
            return false;
        while (ddl_algorithm(parser, ret))
            ;
        if (parser->fault || !ddl_expect(parser, "TO") || !ddl_table_name(parser, &(*tail)->other))
            return false;
        tail = &(*tail)->next;
    } while (ddl_accept(parser, ","));
    return true;
}

/* UPDATE and DELETE: of which tables, and is there a WHERE or a LIMIT outside of parentheses? */
static bool changes_rows(struct ddl_parser *parser, struct ddl_statement *ret)
{
    size_t depth = 0;

    ret->kind = DDL_UNBOUNDED;
    while (ddl_accept(parser, "LOW_PRIORITY") || ddl_accept(parser, "QUICK") || ddl_accept(parser, "IGNORE"))
        ;
    (void)ddl_accept(parser, "FROM");
    if (!one_table(parser, ret))
        return false;
    for (; !ddl_done(parser); parser->at++) {
        if (ddl_peek(parser, 0)->kind == TOKEN_BAD)
            return ddl_fault(parser, "the end of the statement");
        if (depth == 0 && (ddl_is(parser, "WHERE") || ddl_is(parser, "LIMIT")))
            ret->kind = DDL_WRITE;
        depth += ddl_is(parser, "(");
        depth -= depth > 0 && ddl_is(parser, ")");
    }
    return true;
}

static void setting_value(struct ddl_parser *parser, struct ddl_setting *setting)
{
    size_t depth = 0;

    setting->value = ddl_peek(parser, 0)->text;
    setting->constant = ddl_peek(parser, 0)->kind == TOKEN_STRING || ddl_peek(parser, 0)->kind == TOKEN_WORD;
    for (size_t count = 0; !ddl_done(parser) && (depth > 0 || !ddl_is(parser, ",")); count++) {
        setting->constant &= count == 0; /* more than one word: not a plain value */
        if (count > 0)
            setting->value =
                arena_format(parser->arena, "%.500s %.500s", setting->value, ddl_peek(parser, 0)->text);
        depth += ddl_is(parser, "(");
        depth -= depth > 0 && ddl_is(parser, ")");
        parser->at++;
    }
}

/* Whether the name that follows is that of the server's own, for sessions that begin later. */
static bool scope(struct ddl_parser *parser)
{
    if (ddl_accept(parser, "SESSION") || ddl_accept(parser, "LOCAL"))
        return false;
    return ddl_accept(parser, "GLOBAL") || ddl_accept(parser, "PERSIST") ||
           ddl_accept(parser, "PERSIST_ONLY");
}

/* SET a = 1, @@session.b = 2, GLOBAL c = 3, @d := 4, NAMES utf8mb4. */
static bool set(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_setting **tail = &ret->settings;

    ret->kind = DDL_SET;
    if (ddl_is(parser, "PASSWORD") || ddl_is(parser, "ROLE") || ddl_is(parser, "DEFAULT ROLE") ||
        ddl_is(parser, "NAMES") || ddl_is(parser, "CHARACTER SET") || ddl_is(parser, "CHARSET") ||
        ddl_is(parser, "TRANSACTION") || ddl_is(parser, "SESSION TRANSACTION") ||
        ddl_is(parser, "GLOBAL TRANSACTION") || ddl_is(parser, "STATEMENT")) {
        if (ddl_is(parser, "STATEMENT"))
            return ddl_fault(parser, "SET of a variable; SET STATEMENT ... FOR is not judged");
        pass_over(parser);
        return true;
    }
    do {
        const char *name;
        const char *dot;

        *tail = arena_alloc(parser->arena, sizeof **tail);
        (*tail)->global = scope(parser);
        name = ddl_peek(parser, 0)->text;
        (*tail)->global |= strncasecmp(name, "@@global.", 9) == 0 || strncasecmp(name, "@@persist", 9) == 0;
        if (ddl_peek(parser, 0)->kind != TOKEN_VARIABLE && !ddl_identifier(parser, &name))
            return false;
        parser->at += ddl_peek(parser, 0)->kind == TOKEN_VARIABLE;
        dot = strrchr(name, '.');
        (*tail)->name = ddl_lower(parser->arena, dot                           ? dot + 1
                                                 : strncmp(name, "@@", 2) == 0 ? name + 2
                                                                               : name);
        if (!ddl_accept(parser, "=") && !ddl_accept(parser, ":="))
            return ddl_fault(parser, "=");
        setting_value(parser, *tail);
        tail = &(*tail)->next;
    } while (ddl_accept(parser, ","));
    return true;
}

static bool flush(struct ddl_parser *parser, struct ddl_statement *ret)
{
    ret->kind = DDL_HARMLESS;
    if (!ddl_accept(parser, "NO_WRITE_TO_BINLOG"))
        (void)ddl_accept(parser, "LOCAL");
    if (ddl_is(parser, "TABLES") || ddl_is(parser, "TABLE"))
        ret->kind = DDL_GLOBAL_LOCK;
    pass_over(parser);
    return true;
}

static bool maintenance(struct ddl_parser *parser, struct ddl_statement *ret, enum ddl_kind kind)
{
    ret->kind = kind;
    if (!ddl_accept(parser, "NO_WRITE_TO_BINLOG"))
        (void)ddl_accept(parser, "LOCAL");
    if (!ddl_accept(parser, "TABLES") && !ddl_expect(parser, "TABLE"))
        return false;
    if (!table_list(parser, ret))
        return false;
    pass_over(parser);
    return true;
}

static bool lock_tables(struct ddl_parser *parser, struct ddl_statement *ret)
{
    struct ddl_tables **tail = &ret->tables;

    ret->kind = DDL_LOCK_TABLES;
    ret->lock = SQL_METADATA_SHARED;
    if (ddl_accept(parser, "INSTANCE FOR BACKUP"))
        return true;
    if (!ddl_accept(parser, "TABLES") && !ddl_expect(parser, "TABLE"))
        return false;
    do {
        *tail = arena_alloc(parser->arena, sizeof **tail);
        if (!ddl_table_name(parser, &(*tail)->name))
            return false;
        while (!ddl_done(parser) && !ddl_is(parser, ",")) {
            if (ddl_is(parser, "WRITE"))
                ret->lock = SQL_METADATA_EXCLUSIVE;
            parser->at++;
        }
        tail = &(*tail)->next;
    } while (ddl_accept(parser, ","));
    return true;
}

static bool alter(struct ddl_parser *parser, struct ddl_statement *ret)
{
    (void)ddl_accept(parser, "ONLINE");
    if (ddl_accept(parser, "IGNORE TABLE") || ddl_accept(parser, "TABLE")) {
        (void)ddl_accept(parser, "IF EXISTS");
        return one_table(parser, ret) && ddl_alter(parser, ret);
    }
    if (ddl_accept(parser, "ALGORITHM ="))
        parser->at += !ddl_done(parser);
    if (!definer(parser))
        return false;
    if (!is_object(parser) && !ddl_is(parser, "INSTANCE"))
        return ddl_fault(parser, "what ALTER changes");
    ret->kind = DDL_OBJECT;
    pass_over(parser);
    return true;
}

/* Statements of which only the first words matter. */
static const struct {
    const char *words;
    enum ddl_kind kind;
} openings[] = {
    { "SELECT", DDL_HARMLESS },
    { "( SELECT", DDL_HARMLESS },
    { "SHOW", DDL_HARMLESS },
    { "EXPLAIN", DDL_HARMLESS },
    { "DESCRIBE", DDL_HARMLESS },
    { "DESC", DDL_HARMLESS },
    { "CHECKSUM", DDL_HARMLESS },
    { "HELP", DDL_HARMLESS },
    { "VALUES", DDL_HARMLESS },
    { "DO", DDL_HARMLESS },
    { "INSERT", DDL_WRITE },
    { "REPLACE", DDL_WRITE },
    { "LOAD DATA", DDL_WRITE },
    { "START TRANSACTION", DDL_BEGIN },
    { "BEGIN WORK", DDL_BEGIN },
    { "COMMIT", DDL_END },
    { "ROLLBACK TO", DDL_HARMLESS },
    { "ROLLBACK WORK TO", DDL_HARMLESS },
    { "ROLLBACK", DDL_END },
    { "SAVEPOINT", DDL_HARMLESS },
    { "RELEASE SAVEPOINT", DDL_HARMLESS },
    { "UNLOCK TABLES", DDL_END },
    { "UNLOCK TABLE", DDL_END },
    { "UNLOCK INSTANCE", DDL_HARMLESS },
    { "GRANT", DDL_OBJECT },
    { "REVOKE", DDL_OBJECT },
    { "KILL", DDL_HARMLESS },
    { "XA RECOVER", DDL_HARMLESS },
    { "CHANGE MASTER", DDL_OBJECT },
    { "CHANGE REPLICATION", DDL_OBJECT },
    { "START SLAVE", DDL_OBJECT },
    { "START REPLICA", DDL_OBJECT },
    { "STOP SLAVE", DDL_OBJECT },
    { "STOP REPLICA", DDL_OBJECT },
    { "RESET SLAVE", DDL_OBJECT },
    { "RESET REPLICA", DDL_OBJECT },
    { "BEGIN", DDL_BEGIN },
};

static bool statement(struct ddl_parser *parser, struct ddl_statement *ret)
{
    if (ddl_accept(parser, "ALTER"))
        return alter(parser, ret);
    if (ddl_accept(parser, "CREATE"))
        return create(parser, ret);
    if (ddl_accept(parser, "DROP"))
        return drop(parser, ret);
    if (ddl_accept(parser, "RENAME TABLE") || ddl_accept(parser, "RENAME TABLES"))
        return rename_tables(parser, ret);
    if (ddl_accept(parser, "TRUNCATE")) {
        (void)ddl_accept(parser, "TABLE");
        ret->kind = DDL_TRUNCATE;
        return one_table(parser, ret) && (ddl_done(parser) || ddl_algorithm(parser, ret));
    }
    if (ddl_accept(parser, "UPDATE") || ddl_accept(parser, "DELETE"))
        return changes_rows(parser, ret);
    if (ddl_accept(parser, "SET"))
        return set(parser, ret);
    if (ddl_accept(parser, "FLUSH"))
        return flush(parser, ret);
    if (ddl_accept(parser, "OPTIMIZE"))
        return maintenance(parser, ret, DDL_OPTIMIZE);
    if (ddl_accept(parser, "ANALYZE"))
        return maintenance(parser, ret, DDL_ANALYZE);
    if (ddl_accept(parser, "LOCK"))
        return lock_tables(parser, ret);
    if (ddl_accept(parser, "USE")) {
        ret->kind = DDL_USE;
        return ddl_identifier(parser, &ret->name);
    }
    for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
        if (ddl_accept(parser, openings[i].words)) {
            ret->kind = openings[i].kind;
            pass_over(parser);
            return true;
        }
    }
    return ddl_fault(parser, "a statement that is known here");
}

void ddl_parse(struct arena *arena, const struct ddl_tokens *tokens, struct ddl_statement *ret)
{
    struct ddl_parser parser = { .arena = arena, .tokens = tokens->at, .count = tokens->count };

    memset(ret, 0, sizeof *ret);
    if (!statement(&parser, ret) || !ddl_done(&parser) || tokens->cut) {
        bool write = ret->kind == DDL_WRITE && tokens->cut && !parser.fault;

        if (write)
            return;
        (void)ddl_fault(&parser, "the end of the statement");
        ret->kind = DDL_UNKNOWN;
        ret->fault = parser.fault;
        ret->fault_at = parser.fault_at;
    }
}
