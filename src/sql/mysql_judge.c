#include "mysql.h"

#include <stdlib.h>
#include <string.h>

#include "base/mysql_words.h"
#include "judge.h"
#include "mysql_judge.h"
#include "rules.h"

static const struct sql_rule *find_rule(const char *code)
{
    struct rule_table tables[] = { rules_mysql_alter(), rules_mysql() };

    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        for (size_t k = 0; k < tables[i].count; k++) {
            if (strcmp(tables[i].rows[k].code, code) == 0)
                return &tables[i].rows[k];
        }
    }
    abort(); /* a row that is not there: a bug, and the test of the rules finds it */
}

void ddl_find(struct ddl_judge *judge, const char *code, const char *what, const char *depends)
{
    const struct sql_rule *rule = find_rule(code);

    verdict_find(&judge->verdict, rule, depends, "%s: %s", what, rule->title);
}

const char *ddl_full_name(const struct ddl_judge *judge, const struct ddl_name *name)
{
    if (name->schema[0] == '\0')
        return arena_text(judge->verdict.arena, name->name);
    return arena_format(judge->verdict.arena, "%s.%s", name->schema, name->name);
}

bool ddl_is_ours(const struct ddl_judge *judge, const struct ddl_name *name)
{
    const struct ddl_table *table = mysql_catalog_find(judge->catalog, name);

    return table && table->ours;
}

void ddl_lock(struct ddl_judge *judge, const struct ddl_name *name, enum sql_lock_mode mode)
{
    if (!ddl_is_ours(judge, name))
        verdict_lock(&judge->verdict, ddl_full_name(judge, name), mode);
}

/* It waits behind whoever uses the table, unless it gives up soon. */
void ddl_waits(struct ddl_judge *judge, const struct ddl_name *name)
{
    judge->waits = true;
    if (!judge->patience_set && !judge->statement->waits)
        ddl_find(judge, "mysql-metadata-lock", ddl_full_name(judge, name), NULL);
}

void ddl_copies(struct ddl_judge *judge, enum sql_copying copying, const char *what)
{
    if (copying <= judge->copying)
        return;
    judge->copying = copying;
    judge->copied = what;
}

static void commits(struct ddl_judge *judge)
{
    if (judge->begun || judge->options->transaction)
        ddl_find(judge, "mysql-implicit-commit", "the statement", NULL);
    judge->begun = false;
}

static void judge_missing(struct ddl_judge *judge, const struct ddl_name *name)
{
    if (judge->options->exists && !judge->statement->tolerant && !mysql_catalog_find(judge->catalog, name))
        ddl_find(judge, "mysql-no-such-table", ddl_full_name(judge, name), NULL);
}

static void judge_parent(struct ddl_judge *judge, const struct ddl_name *parent)
{
    if (!parent->name || ddl_is_ours(judge, parent))
        return;
    ddl_lock(judge, parent, SQL_METADATA_EXCLUSIVE);
    ddl_waits(judge, parent);
}

static void judge_create(struct ddl_judge *judge)
{
    const struct ddl_table *table = judge->statement->created;

    for (const struct ddl_foreign *foreign = table->foreigns; foreign; foreign = foreign->next) {
        if (!ddl_same(foreign->parent.name, table->name.name))
            judge_parent(judge, &foreign->parent);
    }
    for (const struct ddl_column *column = table->columns; column; column = column->next)
        judge_parent(judge, &column->parent);
    if (judge->statement->selects)
        ddl_find(judge, "mysql-create-select", ddl_full_name(judge, &table->name), NULL);
}

/* Tables that nobody else can use for a moment, or never again. */
static void judge_exclusive(struct ddl_judge *judge, const char *code)
{
    for (const struct ddl_tables *at = judge->statement->tables; at; at = at->next) {
        judge_missing(judge, &at->name);
        if (ddl_is_ours(judge, &at->name) || judge->statement->temporary)
            continue;
        ddl_lock(judge, &at->name, SQL_METADATA_EXCLUSIVE);
        ddl_waits(judge, &at->name);
        if (code)
            ddl_find(judge, code, ddl_full_name(judge, &at->name), NULL);
    }
    if (!judge->statement->tables) /* DROP TRIGGER does not name its table */
        ddl_waits(judge, &(struct ddl_name){ "", "the table of the trigger" });
}

static void judge_optimize(struct ddl_judge *judge)
{
    struct ddl_action force = { .kind = ACTION_REBUILD };
    struct ddl_tables *all = judge->statement->tables;

    for (struct ddl_tables *at = all; at; at = at->next) {
        struct ddl_tables one = { .name = at->name };

        judge->statement->tables = &one;
        judge->statement->actions = &force;
        ddl_judge_alter(judge);
    }
    judge->statement->tables = all;
    judge->statement->actions = NULL;
}

static void judge_locked(struct ddl_judge *judge, const char *code)
{
    for (const struct ddl_tables *at = judge->statement->tables; at; at = at->next) {
        if (!ddl_is_ours(judge, &at->name))
            ddl_find(judge, code, ddl_full_name(judge, &at->name), NULL);
        if (judge->statement->kind != DDL_LOCK_TABLES)
            continue;
        ddl_lock(judge, &at->name, judge->statement->lock);
        judge->waits = true;
    }
    if (!judge->statement->tables)
        ddl_find(judge, code, "all tables", NULL);
}

static bool is_off(const char *value)
{
    return strcmp(value, "0") == 0 || ddl_same(value, "off") || ddl_same(value, "false");
}

bool sql_can_be_guarded(const struct sql_server *server)
{
    return server->dialect == SQL_MARIADB && my_has_alter_algorithm(server->version);
}

/* alter_algorithm is MariaDB's; old_alter_table is older, and both servers'. */
static void force_algorithm(struct ddl_judge *judge, const char *name, const char *value)
{
    bool maria = judge->server->dialect == SQL_MARIADB;

    if (strcmp(name, "old_alter_table") == 0 && (!maria || judge->server->version < 110500))
        judge->forced = is_off(value) || strcmp(value, "default") == 0 ? SQL_ALGORITHM_NONE : SQL_COPY;
    if (strcmp(name, "alter_algorithm") != 0 || !sql_can_be_guarded(judge->server))
        return;
    judge->forced = SQL_ALGORITHM_NONE;
    for (int i = SQL_INSTANT; i < SQL_ALGORITHM_COUNT; i++) {
        if (ddl_same(value, sql_algorithm_word((enum sql_algorithm)i)))
            judge->forced = (enum sql_algorithm)i;
    }
}

/* From here on the script is read as its mode says: as MySQL's manual, "Server SQL Modes", has it. A variable
 * is what mysqldump has put the old mode into. */
static void judge_mode(struct ddl_judge *judge, const struct ddl_setting *setting, const char *value)
{
    static const char *const other_grammar[] = { "oracle", "mssql", "db2", "maxdb", "postgresql" };
    bool is_default = strcmp(value, "default") == 0 && setting->constant;
    bool known = setting->constant || value[0] == '@';

    if (setting->global)
        return;
    ddl_lexer_mode(judge->lexer, value[0] == '@' ? judge->options->reading : SQL_READ_USUAL);
    judge->lexer->client = judge->options->reading == SQL_READ_USUAL;
    if (setting->constant && !is_default) {
        judge->lexer->ansi = strstr(value, "ansi") != NULL;
        judge->lexer->plain = strstr(value, "no_backslash_escapes") != NULL;
        judge->lexer->unsure = false;
    }
    for (size_t i = 0; i < ARRAY_LEN(other_grammar); i++)
        known = known && !strstr(value, other_grammar[i]);
    if (known)
        return;
    ddl_find(judge, "mysql-reading", "sql_mode", NULL);
    judge->verdict.understood = false;
}

static void judge_set(struct ddl_judge *judge)
{
    for (const struct ddl_setting *at = judge->statement->settings; at; at = at->next) {
        const char *value = ddl_lower(judge->catalog->arena, at->value);

        force_algorithm(judge, at->name, value);
        if (strcmp(at->name, "foreign_key_checks") == 0)
            judge->unchecked = is_off(value);
        else if (strcmp(at->name, "lock_wait_timeout") == 0)
            judge->patience_set = strtol(value, NULL, 10) > 0 && strtol(value, NULL, 10) <= 60;
        else if (strcmp(at->name, "autocommit") == 0)
            judge->begun = is_off(value);
        else if (strcmp(at->name, "sql_mode") == 0)
            judge_mode(judge, at, value);
    }
}

/* What cannot be read may be an ALTER, or hold one; in a session that is guarded the server refuses that. */
static void judge_unread_copy(struct ddl_judge *judge)
{
    static const char *const words[] = { "ALTER", "CREATE", "DROP",     "CALL", "EXECUTE",
                                         "BEGIN", "IF",     "OPTIMIZE", "SET" };
    const char *first = judge->first;

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        bool past_guard = i + 2 >= ARRAY_LEN(words); /* what alter_algorithm does not bind, or takes away */
        if (ddl_same(first, words[i]) && (past_guard || judge->forced == SQL_ALGORITHM_NONE))
            ddl_copies(judge, SQL_COPIES_PERHAPS, "what a statement names that cannot be read here");
    }
}

static void judge_unknown(struct ddl_judge *judge)
{
    const struct ddl_statement *statement = judge->statement;
    const char *what = "the statement";

    if (statement->fault_at)
        what = arena_format(judge->verdict.arena, "line %d, column %d: %s", statement->fault_at->line,
                            statement->fault_at->column, statement->fault);
    ddl_find(judge, "mysql-not-understood", what, NULL);
    judge->verdict.understood = false;
    judge_unread_copy(judge);
}

static void judge_write(struct ddl_judge *judge)
{
    const struct ddl_name *name = &judge->statement->tables->name;

    if (ddl_is_ours(judge, name))
        return;
    verdict_scan(&judge->verdict, ddl_full_name(judge, name));
    ddl_find(judge, "mysql-unbounded-write", ddl_full_name(judge, name), NULL);
}

/* What changes the session and no table. */
static void judge_session(struct ddl_judge *judge)
{
    if (judge->statement->kind == DDL_SET)
        judge_set(judge);
    else if (judge->statement->kind == DDL_USE)
        judge->database = judge->statement->name;
    else
        judge->begun = judge->statement->kind == DDL_BEGIN;
}

static void judge_kind(struct ddl_judge *judge)
{
    switch (judge->statement->kind) {
    case DDL_UNKNOWN:
        judge_unknown(judge);
        break;
    case DDL_UNBOUNDED:
        judge_write(judge);
        break;
    case DDL_ALTER:
        judge_missing(judge, &judge->statement->tables->name);
        ddl_judge_alter(judge);
        break;
    case DDL_CREATE_TABLE:
        judge_create(judge);
        break;
    case DDL_DROP_TABLE:
        judge_exclusive(judge, "mysql-drop-table");
        break;
    case DDL_RENAME_TABLE:
        judge_exclusive(judge, "mysql-rename");
        break;
    case DDL_TRUNCATE:
        judge_exclusive(judge, "mysql-truncate");
        break;
    case DDL_TRIGGER:
        judge_exclusive(judge, NULL);
        break;
    case DDL_DROP_DATABASE:
        ddl_find(judge, "mysql-drop-database", "the database", NULL);
        judge->waits = true;
        break;
    case DDL_OPTIMIZE:
        judge_optimize(judge);
        break;
    case DDL_ANALYZE:
        judge_locked(judge, "mysql-analyze");
        break;
    case DDL_LOCK_TABLES:
        judge_locked(judge, "mysql-lock-tables");
        break;
    case DDL_GLOBAL_LOCK:
        judge_locked(judge, "mysql-global-lock");
        judge->waits = true;
        break;
    case DDL_SET:
    case DDL_USE:
    case DDL_BEGIN:
    case DDL_END:
        judge_session(judge);
        break;
    case DDL_OBJECT:
    case DDL_HARMLESS:
    case DDL_WRITE:
        break;
    }
}

/* Which statements commit by themselves (manuals, "Statements That Cause an Implicit Commit"). */
static bool does_commit(const struct ddl_statement *statement)
{
    switch ((int)statement->kind) {
    case DDL_ALTER:
    case DDL_RENAME_TABLE:
    case DDL_TRUNCATE:
    case DDL_TRIGGER:
    case DDL_OBJECT:
    case DDL_DROP_DATABASE:
    case DDL_OPTIMIZE:
    case DDL_ANALYZE:
    case DDL_LOCK_TABLES:
    case DDL_GLOBAL_LOCK:
        return true;
    case DDL_CREATE_TABLE:
    case DDL_DROP_TABLE:
        return !statement->temporary;
    default:
        return false;
    }
}

static struct sql_statement judge_statement(struct ddl_judge *judge, const char *text,
                                            const struct ddl_tokens *tokens)
{
    struct ddl_statement statement;
    struct sql_statement ret = { 0 };
    const struct ddl_token *first = &tokens->at[0], *last = &tokens->at[tokens->count - 1];

    ddl_parse(judge->catalog->arena, tokens, &statement);
    judge->statement = &statement;
    judge->waits = false;
    judge->algorithm = SQL_ALGORITHM_NONE;
    judge->copies = false;
    judge->copying = SQL_COPIES_NOT;
    judge->copied = "";
    judge->takes_no_algorithm = false;
    judge->first = first->text;
    ddl_complete(&statement, judge->database);
    verdict_init(&judge->verdict, judge->verdict.arena);
    if (judge->lexer->differs)
        ddl_find(judge, "mysql-reading", "a string",
                 "whether the server's sql_mode has NO_BACKSLASH_ESCAPES");
    judge->lexer->differs = false;
    if (does_commit(&statement))
        commits(judge);
    judge_kind(judge);
    ret.line = first->line;
    ret.column = first->column;
    ret.text = arena_text_len(judge->verdict.arena, text + first->start, last->end - first->start);
    verdict_finish(&judge->verdict, &ret);
    ret.needs_lock_timeout = judge->waits;
    ret.algorithm = judge->algorithm;
    ret.copies = judge->copies;
    ret.copying = judge->copying;
    ret.copied = judge->copied;
    ret.takes_no_algorithm = judge->takes_no_algorithm;
    mysql_catalog_apply(judge->catalog, &statement, true);
    return ret;
}

static struct mysql_catalog *tables_of(struct sql_catalog *catalog)
{
    if (!catalog->mysql)
        catalog->mysql = mysql_catalog_create(catalog->arena);
    return catalog->mysql;
}

size_t load_mysql(struct sql_catalog *catalog, const char *dump, size_t *ret_ignored)
{
    return mysql_catalog_load(tables_of(catalog), &catalog->server, dump, ret_ignored);
}

const struct sql_script *judge_mysql(struct arena *arena, const struct sql_server *server,
                                     struct sql_catalog *catalog, const char *text,
                                     const struct sql_options *options)
{
    struct ddl_judge judge = {
        .catalog = tables_of(catalog),
        .server = server,
        .options = options,
        .database = "",
        .forced = options->guarded ? SQL_INPLACE : SQL_ALGORITHM_NONE,
    };
    struct sql_script *script = arena_alloc(arena, sizeof *script);
    struct sql_statement *statements = NULL;
    struct ddl_lexer lexer;
    struct ddl_tokens tokens;
    size_t capacity = 0;

    judge.verdict.arena = arena;
    judge.lexer = &lexer;
    ddl_lexer_init(&lexer, catalog->arena, server, text);
    ddl_lexer_mode(&lexer, options->reading);
    while (ddl_lexer_statement(&lexer, &tokens)) {
        statements = list_room(arena, statements, script->count, &capacity, sizeof *statements);
        statements[script->count++] = judge_statement(&judge, text, &tokens);
    }
    script->statements = statements;
    return script;
}

size_t split_mysql(struct arena *arena, const struct sql_server *server, const char *text,
                   const size_t **ret_begins)
{
    struct ddl_lexer lexer;
    struct ddl_tokens tokens;
    size_t *begins = NULL;
    size_t count = 0, capacity = 0;

    ddl_lexer_init(&lexer, arena, server, text);
    while (ddl_lexer_statement(&lexer, &tokens)) {
        begins = list_room(arena, begins, count, &capacity, sizeof *begins);
        begins[count++] = tokens.at[0].start;
    }
    *ret_begins = begins;
    return count;
}
