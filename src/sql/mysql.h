/*
 * MySQL and MariaDB inside the room: statements are read by a grammar of our own (neither server gives out
 * its parser), held against what is known of the tables, and priced by facts about each version.
 *
 * Reading is bounded and never fails as a whole: what a statement could not be read as is said with its
 * place, and the next one is read. Everything that the grammar makes lives in the arena of the catalog,
 * because a table that a script creates outlives the script; what is handed out (struct sql_statement) is in
 * the caller's arena.
 */
#ifndef SQL_MYSQL_H
#define SQL_MYSQL_H

#include "catalog.h"
#include "sql/sql.h"
#include "verdict.h"

/* Tokens. `text` is what stands between the quotes, for a word the word itself. */
enum ddl_token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_QUOTED, /* `name` */
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_VARIABLE, /* @a, @@session.b: with the @ */
    TOKEN_SIGN,     /* one character, or := */
    TOKEN_BAD,      /* a string or a comment that does not end; text says so */
};
struct ddl_token {
    enum ddl_token_kind kind;
    const char *text;
    size_t start, end; /* bytes of the script */
    int line, column;
};

/* One statement's tokens; the last is TOKEN_END. */
struct ddl_tokens {
    const struct ddl_token *at;
    size_t count;
    bool cut; /* longer than what is kept: the rest was passed over */
};

#define DDL_TOKENS_MAX    100000
#define DDL_DELIMITER_MAX 16

struct ddl_lexer {
    struct arena *arena;
    const struct sql_server *server;
    const char *text;
    size_t len, at, line_start;
    int line;
    bool versioned; /* inside of a versioned comment whose content is code */
    bool client;    /* DELIMITER and \g are commands of a client, and none of the server */
    bool ansi;      /* "..." is a name: ANSI_QUOTES */
    bool plain;     /* a backslash is an ordinary character: NO_BACKSLASH_ESCAPES */
    bool unsure;    /* whether it is so is not known */
    bool differs;   /* ... and a string has ended elsewhere than it would then; for the caller to take back */
    char delimiter[DDL_DELIMITER_MAX + 1];
};
/* It reads as a client's text on a server of the usual mode is read. */
void ddl_lexer_init(struct ddl_lexer *lexer, struct arena *arena, const struct sql_server *server,
                    const char *text);
/* As `reading` says. */
void ddl_lexer_mode(struct ddl_lexer *lexer, enum sql_reading reading);
/* False at the end. Empty statements and lines of the client (DELIMITER) are passed over. */
bool ddl_lexer_statement(struct ddl_lexer *lexer, struct ddl_tokens *ret);
void ddl_lexer_token(struct ddl_lexer *lexer, struct ddl_token *ret);

/* Definitions. Lists are linked in their order. */
struct ddl_name {
    const char *schema; /* "": none was said and none is in use */
    const char *name;
};

enum ddl_null { NULL_UNSAID, NULL_ALLOWED, NULL_NEVER };
enum ddl_default { DEFAULT_UNSAID, DEFAULT_CONSTANT, DEFAULT_TIME, DEFAULT_EXPRESSION };
enum ddl_generated { GENERATED_NOT, GENERATED_VIRTUAL, GENERATED_STORED };

struct ddl_column {
    struct ddl_column *next;
    const char *name;
    const char *type;      /* lower case, of synonyms the server's own: "int", "varchar" */
    long length, decimals; /* -1: not said */
    bool is_unsigned;
    const char *charset, *collation; /* NULL: the table's */
    const char **values;             /* of enum and set */
    size_t value_count;
    enum ddl_null null;
    enum ddl_default has_default;
    const char *default_text, *expression; /* as the tokens of it, separated by spaces; NULL: none */
    enum ddl_generated generated;
    bool auto_increment, unique, primary, check, check_idle, compressed;
    struct ddl_name parent; /* of REFERENCES in the column; name NULL: none */
};

enum ddl_index_kind { INDEX_PLAIN, INDEX_UNIQUE, INDEX_FULLTEXT, INDEX_SPATIAL, INDEX_PRIMARY };
struct ddl_texts {
    struct ddl_texts *next;
    const char *text;
};
struct ddl_index {
    struct ddl_index *next;
    enum ddl_index_kind kind;
    const char *name;          /* NULL: the server names it */
    struct ddl_texts *columns; /* of an expression: "" */
};
struct ddl_foreign {
    struct ddl_foreign *next;
    const char *name;
    struct ddl_texts *columns;
    struct ddl_name parent;
    bool cascades;
};

struct ddl_table {
    struct ddl_table *next;
    struct ddl_name name;
    const char *engine, *row_format, *charset, *collation; /* lower case; NULL: not said */
    struct ddl_column *columns;
    struct ddl_index *indexes;
    struct ddl_foreign *foreigns;
    struct ddl_texts *checks;
    bool partitioned;
    bool ours; /* made by a script: nobody waits for it */
};

/* Actions of ALTER TABLE. */
enum ddl_action_kind {
    ACTION_ADD_COLUMN,
    ACTION_DROP_COLUMN,
    ACTION_MODIFY_COLUMN, /* CHANGE, too: `name` is the old one */
    ACTION_RENAME_COLUMN,
    ACTION_SET_DEFAULT,
    ACTION_DROP_DEFAULT,
    ACTION_ADD_INDEX,
    ACTION_DROP_INDEX,
    ACTION_RENAME_INDEX,
    ACTION_INDEX_OPTION, /* VISIBLE, IGNORED */
    ACTION_ADD_FOREIGN_KEY,
    ACTION_DROP_FOREIGN_KEY,
    ACTION_ADD_CHECK,
    ACTION_ALTER_CHECK,
    ACTION_DROP_CHECK, /* DROP CONSTRAINT, too, which may be any constraint */
    ACTION_ENGINE,
    ACTION_REBUILD, /* FORCE, ROW_FORMAT, KEY_BLOCK_SIZE, page compression, encryption */
    ACTION_OPTION,  /* COMMENT, AUTO_INCREMENT, STATS_*, ... */
    ACTION_DEFAULT_CHARSET,
    ACTION_CONVERT_CHARSET,
    ACTION_ORDER,
    ACTION_RENAME_TABLE,
    ACTION_KEYS, /* ENABLE, DISABLE KEYS */
    ACTION_TABLESPACE,
    ACTION_VERSIONING, /* system versioning, periods */
    ACTION_PARTITION_BY,
    ACTION_PARTITION_ADD,
    ACTION_PARTITION_DROP,
    ACTION_PARTITION_COPY, /* REORGANIZE, REBUILD, OPTIMIZE, COALESCE, CONVERT */
    ACTION_PARTITION_EXCHANGE,
    ACTION_PARTITION_CHECK, /* ANALYZE, CHECK */
};
enum ddl_position { POSITION_UNSAID, POSITION_FIRST, POSITION_AFTER };
struct ddl_action {
    struct ddl_action *next;
    enum ddl_action_kind kind;
    const char *name, *value; /* of what; what it becomes: new name, engine, option's value */
    struct ddl_name other;    /* RENAME TO, EXCHANGE PARTITION WITH TABLE */
    struct ddl_column *column;
    enum ddl_position position;
    struct ddl_index *index;
    struct ddl_foreign *foreign;
    bool tolerant; /* IF [NOT] EXISTS; NOT ENFORCED; WITHOUT VALIDATION; hash partitions */
};

enum ddl_kind {
    DDL_UNKNOWN,
    DDL_HARMLESS, /* reads, prepares or tells: nothing of it waits behind a table's users */
    DDL_WRITE,    /* INSERT, and what has a WHERE or a LIMIT */
    DDL_UNBOUNDED,
    DDL_ALTER,
    DDL_CREATE_TABLE,
    DDL_DROP_TABLE,
    DDL_RENAME_TABLE,
    DDL_TRUNCATE,
    DDL_TRIGGER, /* CREATE, DROP: needs the table for itself */
    DDL_OBJECT,  /* view, routine, event, database, account: commits implicitly, and has no table's rows */
    DDL_DROP_DATABASE,
    DDL_OPTIMIZE,
    DDL_ANALYZE,
    DDL_LOCK_TABLES,
    DDL_GLOBAL_LOCK, /* FLUSH TABLES WITH READ LOCK */
    DDL_SET,
    DDL_BEGIN,
    DDL_END, /* COMMIT, ROLLBACK */
    DDL_USE,
};
struct ddl_tables {
    struct ddl_tables *next;
    struct ddl_name name, other; /* RENAME a TO b; CREATE TABLE a LIKE b */
};
struct ddl_setting {
    struct ddl_setting *next;
    const char *name, *value; /* without @@ and scope; lower case name */
    bool global;              /* of other sessions, not of this one */
    bool constant;            /* the value is one string or word */
};
struct ddl_statement {
    enum ddl_kind kind;
    const char *fault; /* what could not be read; NULL: all was */
    const struct ddl_token *fault_at;
    struct ddl_tables *tables;
    struct ddl_action *actions;
    enum sql_algorithm algorithm; /* NONE: not stated */
    bool unbound;                 /* ALGORITHM=DEFAULT: not stated, and not that of the session either */
    enum sql_lock_mode lock;      /* SQL_LOCK_NONE: not stated */
    bool temporary, tolerant, selects, waits;
    struct ddl_table *created;
    struct ddl_setting *settings;
    const char *name; /* USE, a verb */
};

/* The grammar. Fills `ret`; what it cannot read leaves a fault in it, and kind DDL_UNKNOWN. */
void ddl_parse(struct arena *arena, const struct ddl_tokens *tokens, struct ddl_statement *ret);

/* What the parts of the grammar share (mysql_read.c). */
struct ddl_parser {
    struct arena *arena;
    const struct ddl_token *tokens;
    size_t count, at;
    const char *fault;
    const struct ddl_token *fault_at;
};
const struct ddl_token *ddl_peek(const struct ddl_parser *parser, size_t ahead);
bool ddl_is(const struct ddl_parser *parser, const char *phrase); /* words and signs, separated by spaces */
bool ddl_accept(struct ddl_parser *parser, const char *phrase);
bool ddl_expect(struct ddl_parser *parser, const char *phrase);
bool ddl_fault(struct ddl_parser *parser, const char *expected); /* false */
bool ddl_done(const struct ddl_parser *parser);
bool ddl_identifier(struct ddl_parser *parser, const char **ret);
bool ddl_table_name(struct ddl_parser *parser, struct ddl_name *ret);
bool ddl_parentheses(struct ddl_parser *parser, const char **ret_text); /* balanced, with what is in them */
bool ddl_names_in_parentheses(struct ddl_parser *parser, struct ddl_texts **ret);
char *ddl_lower(struct arena *arena, const char *text);
bool ddl_same(const char *a, const char *b); /* without regard to case; NULL equals only NULL */

/* mysql_define.c: a column after its name, an index after its kind, constraints. */
bool ddl_column(struct ddl_parser *parser, struct ddl_column *ret);
bool ddl_index(struct ddl_parser *parser, struct ddl_index *ret);
bool ddl_foreign(struct ddl_parser *parser, struct ddl_foreign *ret);
bool ddl_is_index(const struct ddl_parser *parser);
bool ddl_enforced(struct ddl_parser *parser); /* [NOT] ENFORCED; true: NOT was there */
bool ddl_option(struct ddl_parser *parser, const char **ret_name, const char **ret_value); /* of a table */
bool ddl_create_table(struct ddl_parser *parser, struct ddl_statement *ret);
bool ddl_partition_by(struct ddl_parser *parser);
/* mysql_alter.c: after the table's name. */
bool ddl_alter(struct ddl_parser *parser, struct ddl_statement *ret);
bool ddl_algorithm(struct ddl_parser *parser,
                   struct ddl_statement *ret); /* ALGORITHM, LOCK, WAIT, NOWAIT; false: none */

/* What is known of the tables. */
struct mysql_catalog {
    struct arena *arena;
    struct ddl_table *tables;
};
struct mysql_catalog *mysql_catalog_create(struct arena *arena);
/* Takes over the tables of a dump. Returns how many there were; `ret_ignored`: statements that could not be
 * read. */
size_t mysql_catalog_load(struct mysql_catalog *catalog, const struct sql_server *server, const char *dump,
                          size_t *ret_ignored);
/* Names without a database are of the one in use; "": none is. */
void ddl_complete(struct ddl_statement *statement, const char *database);
struct ddl_table *mysql_catalog_find(const struct mysql_catalog *catalog, const struct ddl_name *name);
void mysql_catalog_add(struct mysql_catalog *catalog, struct ddl_table *table);
void mysql_catalog_drop(struct mysql_catalog *catalog, const struct ddl_name *name);
/* What the statement leaves; `ours` marks what it creates. */
void mysql_catalog_apply(struct mysql_catalog *catalog, const struct ddl_statement *statement, bool ours);

struct ddl_column *ddl_table_column(const struct ddl_table *table, const char *name);
struct ddl_index *ddl_table_index(const struct ddl_table *table,
                                  const char *name); /* NULL name: the primary key */
bool ddl_table_indexes(const struct ddl_table *table, const char *column);
/* Is a generated column stored, or in an index? */
bool ddl_keeps_generated(const struct ddl_table *table);
bool ddl_column_nullable(const struct ddl_table *table, const struct ddl_column *column);
bool ddl_texts_have(const struct ddl_texts *texts, const char *text);

/* The price of one action. */
struct ddl_price {
    enum sql_algorithm algorithm;
    enum sql_lock_mode lock; /* what others may do meanwhile */
    bool rebuild;            /* all rows are written anew */
    bool scan;               /* all rows are read, for an index or to look at them */
    const char *code;        /* of the rule that says why; NULL: nothing to say */
};
/* What is taken of a table that the catalog does not have. `usual` is what a verdict says: few tables have a
 * FULLTEXT index, so none is taken to; of what any table may be (the type that a column has) it is the worst.
 */
enum ddl_unknown { UNKNOWN_IS_BEST, UNKNOWN_IS_USUAL, UNKNOWN_IS_WORST };

/* Of what table: `table` NULL when the catalog does not have it. What is not known is taken as `unknown`
 * says, and is named in `depends` (the first of it). */
struct ddl_view {
    const struct sql_server *server;
    const struct mysql_catalog *catalog;
    const struct ddl_table *table;
    const struct ddl_name *name;
    const struct ddl_statement *statement;
    bool unchecked; /* foreign_key_checks=0 */
    enum ddl_unknown unknown;
    const char *depends;
};
struct ddl_price ddl_price_action(struct ddl_view *view, const struct ddl_action *action);
struct ddl_price ddl_price_modify(struct ddl_view *view, const struct ddl_action *action); /* mysql_type.c */
struct ddl_price ddl_price_convert(struct ddl_view *view, const struct ddl_action *action);
/* All of an ALTER TABLE together, in the words that this version has. */
struct ddl_price ddl_price_alter(struct ddl_view *view);
bool ddl_is_free(struct ddl_view *view); /* no engine copies the table for it */
bool ddl_assume(struct ddl_view *view, const char *what, bool when_worst, bool when_best);
bool ddl_assume_rare(struct ddl_view *view, const char *what); /* true for the worst alone */
bool ddl_is_maria(const struct ddl_view *view);
bool ddl_since(const struct ddl_view *view, int mysql, int mariadb); /* 0: never */
bool ddl_has_fulltext(struct ddl_view *view);
bool ddl_is_compressed(struct ddl_view *view);
bool ddl_has_virtual(struct ddl_view *view, bool indexed); /* of MariaDB; only one with an index? */
bool ddl_is_innodb(const struct ddl_view *view);
struct ddl_price ddl_price_rename(struct ddl_view *view); /* of a column */

#endif
