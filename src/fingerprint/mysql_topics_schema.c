/* What is in a schema. */
#include "base/err.h"
#include "fingerprint/mysql_taking.h"

/* clang-format off */

/* Not the next number of an AUTO_INCREMENT, which every row moves, and nothing that is counted. Sequences and
 * views have topics of their own. */
static const char tables[] =
    "SELECT 'table' AS what,"
        " " IN_SCHEMA("t.TABLE_SCHEMA", "t.TABLE_NAME") " AS name,"
        " " LIST
            WHEN("t.TABLE_TYPE <> 'BASE TABLE'", "LOWER(t.TABLE_TYPE)") ","
            SAID("engine", "t.ENGINE") ","
            SAID("row format", "t.ROW_FORMAT") ","
            SAID("collation", "t.TABLE_COLLATION") ","
            SAID("with", "t.CREATE_OPTIONS") ","
            SAID("comment", "t.TABLE_COMMENT")
        ")"
    " FROM information_schema.TABLES t"
    " WHERE t.TABLE_SCHEMA = {schema}"
        " AND t.TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE', 'SYSTEM VIEW', 'TEMPORARY')";

#define COLUMNS(generated, rest) \
    "SELECT 'column' AS what," \
        " " IN_TABLE("c.TABLE_SCHEMA", "c.TABLE_NAME", "c.COLUMN_NAME") " AS name," \
        " " LIST \
            "CONCAT_WS(' '," \
                " c.COLUMN_TYPE," \
                " " WHEN("c.IS_NULLABLE = 'NO'", "'NOT NULL'") "," \
                " CONCAT('DEFAULT ', c.COLUMN_DEFAULT)," \
                " NULLIF(c.EXTRA, ''))," \
            " " SAID("as", generated) "," \
            " CONCAT('place ', c.ORDINAL_POSITION)," \
            " " SAID("collation", "c.COLLATION_NAME") "," \
            " " SAID("comment", "c.COLUMN_COMMENT") "," \
            " " rest \
        ")" \
    " FROM information_schema.COLUMNS c" \
    " WHERE c.TABLE_SCHEMA = {schema}"

static const char columns_56[] =
    COLUMNS("NULL", "NULL");
static const char columns_57[] =
    COLUMNS("c.GENERATION_EXPRESSION", "NULL");
static const char columns_80[] =
    COLUMNS("c.GENERATION_EXPRESSION", "CONCAT('srid ', c.SRS_ID)");

/* Not how many different values there are. */
#define INDEXES(part, rest) \
    "SELECT 'index' AS what," \
        " " IN_TABLE("s.TABLE_SCHEMA", "s.TABLE_NAME", "s.INDEX_NAME") " AS name," \
        " " LIST \
            WHEN("s.NON_UNIQUE = 0", "'unique'") "," \
            " LOWER(s.INDEX_TYPE)," \
            " CONCAT('('," \
                " GROUP_CONCAT(CONCAT(" part "," \
                        " COALESCE(CONCAT('(', s.SUB_PART, ')'), '')," \
                        " IF(s.COLLATION = 'D', ' DESC', ''))" \
                    " ORDER BY s.SEQ_IN_INDEX SEPARATOR ', ')," \
                " ')')," \
            " NULLIF(s.COMMENT, '')," \
            " " SAID("comment", "s.INDEX_COMMENT") "," \
            " " rest \
        ")" \
    " FROM information_schema.STATISTICS s" \
    " WHERE s.TABLE_SCHEMA = {schema}" \
    " GROUP BY s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME"

static const char indexes_56[] =
    INDEXES(NAME("s.COLUMN_NAME"), "NULL");
static const char indexes_80[] =
    INDEXES(NAME("s.COLUMN_NAME"), WHEN("s.IS_VISIBLE = 'NO'", "'invisible'"));
static const char indexes_8013[] =
    INDEXES("COALESCE(" NAME("s.COLUMN_NAME") ", CONCAT('(', s.EXPRESSION, ')'))",
        WHEN("s.IS_VISIBLE = 'NO'", "'invisible'"));
static const char indexes_maria_106[] =
    INDEXES(NAME("s.COLUMN_NAME"), WHEN("s.IGNORED = 'YES'", "'ignored'"));

static const char foreign_keys[] =
    "SELECT 'foreign key' AS what,"
        " " IN_TABLE("k.TABLE_SCHEMA", "k.TABLE_NAME", "k.CONSTRAINT_NAME") " AS name,"
        " CONCAT('(',"
            " GROUP_CONCAT(" NAME("k.COLUMN_NAME") " ORDER BY k.ORDINAL_POSITION SEPARATOR ', '),"
            " ') references ',"
            " " IN_SCHEMA("k.REFERENCED_TABLE_SCHEMA", "k.REFERENCED_TABLE_NAME") ","
            " ' (',"
            " GROUP_CONCAT(" NAME("k.REFERENCED_COLUMN_NAME") " ORDER BY k.ORDINAL_POSITION SEPARATOR ', '),"
            " ')')"
    " FROM information_schema.KEY_COLUMN_USAGE k"
    " WHERE k.TABLE_SCHEMA = {schema}"
        " AND k.REFERENCED_TABLE_NAME IS NOT NULL"
    " GROUP BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME";

static const char foreign_key_rules[] =
    "SELECT 'foreign key rule' AS what,"
        " " IN_TABLE("r.CONSTRAINT_SCHEMA", "r.TABLE_NAME", "r.CONSTRAINT_NAME") " AS name,"
        " CONCAT('on update ', r.UPDATE_RULE, ', on delete ', r.DELETE_RULE)"
    " FROM information_schema.REFERENTIAL_CONSTRAINTS r"
    " WHERE r.CONSTRAINT_SCHEMA = {schema}";

/* A column's own in MariaDB has the name of the column, as one of the table may have. */
static const char checks_maria[] =
    "SELECT 'check' AS what,"
        " " IN_TABLE("k.CONSTRAINT_SCHEMA", "k.TABLE_NAME", "k.CONSTRAINT_NAME") " AS name,"
        " k.CHECK_CLAUSE"
    " FROM information_schema.CHECK_CONSTRAINTS k"
    " WHERE k.CONSTRAINT_SCHEMA = {schema}";

static const char checks_80[] =
    "SELECT 'check' AS what,"
        " " IN_TABLE("t.TABLE_SCHEMA", "t.TABLE_NAME", "k.CONSTRAINT_NAME") " AS name,"
        " " LIST "k.CHECK_CLAUSE, " WHEN("t.ENFORCED = 'NO'", "'not enforced'") ")"
    " FROM information_schema.CHECK_CONSTRAINTS k"
    " JOIN information_schema.TABLE_CONSTRAINTS t"
        " ON t.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA"
            " AND t.CONSTRAINT_NAME = k.CONSTRAINT_NAME"
            " AND t.CONSTRAINT_TYPE = 'CHECK'"
    " WHERE k.CONSTRAINT_SCHEMA = {schema}";

static const char partitions[] =
    "SELECT 'partition' AS what,"
        " CONCAT_WS('.', " IN_TABLE("p.TABLE_SCHEMA", "p.TABLE_NAME", "p.PARTITION_NAME") ","
            " " NAME("p.SUBPARTITION_NAME") ") AS name,"
        " " LIST
            "CONCAT(p.PARTITION_METHOD, ' (', COALESCE(p.PARTITION_EXPRESSION, ''), ')'),"
            " " SAID("of", "p.PARTITION_DESCRIPTION") ","
            " CONCAT(p.SUBPARTITION_METHOD, ' (', COALESCE(p.SUBPARTITION_EXPRESSION, ''), ')'),"
            " CONCAT('place ', p.PARTITION_ORDINAL_POSITION),"
            " CONCAT('subplace ', p.SUBPARTITION_ORDINAL_POSITION),"
            " " SAID("comment", "p.PARTITION_COMMENT") ","
            " " SAID("tablespace", "p.TABLESPACE_NAME")
        ")"
    " FROM information_schema.PARTITIONS p"
    " WHERE p.TABLE_SCHEMA = {schema}"
        " AND p.PARTITION_NAME IS NOT NULL";

#define CLIENT(alias) \
    SAID("client", alias ".CHARACTER_SET_CLIENT") "," \
    " " SAID("connection", alias ".COLLATION_CONNECTION")

#define VIEWS(algorithm) \
    "SELECT 'view' AS what," \
        " " IN_SCHEMA("v.TABLE_SCHEMA", "v.TABLE_NAME") " AS name," \
        " " LIST \
            SAID("definer", "v.DEFINER") "," \
            " " SAID("security", "v.SECURITY_TYPE") "," \
            " " SAID("check option", "NULLIF(v.CHECK_OPTION, 'NONE')") "," \
            " " SAID("algorithm", algorithm) "," \
            " " CLIENT("v") "," \
            " v.VIEW_DEFINITION" \
        ")" \
    " FROM information_schema.VIEWS v" \
    " WHERE v.TABLE_SCHEMA = {schema}"

static const char views[] =
    VIEWS("NULL");
static const char views_maria[] =
    VIEWS("v.ALGORITHM");

static const char triggers[] =
    "SELECT 'trigger' AS what,"
        " " IN_TABLE("t.EVENT_OBJECT_SCHEMA", "t.EVENT_OBJECT_TABLE", "t.TRIGGER_NAME") " AS name,"
        " " LIST
            "CONCAT(t.ACTION_TIMING, ' ', t.EVENT_MANIPULATION),"
            " CONCAT('order ', t.ACTION_ORDER),"
            " " SAID("definer", "t.DEFINER") ","
            " " SAID("sql_mode", "t.SQL_MODE") ","
            " " CLIENT("t") ","
            " " SAID("database", "t.DATABASE_COLLATION") ","
            " t.ACTION_STATEMENT"
        ")"
    " FROM information_schema.TRIGGERS t"
    " WHERE t.TRIGGER_SCHEMA = {schema}";

static const char routines[] =
    "SELECT LOWER(r.ROUTINE_TYPE) AS what,"
        " " IN_SCHEMA("r.ROUTINE_SCHEMA", "r.ROUTINE_NAME") " AS name,"
        " " LIST
            SAID("returns", "r.DTD_IDENTIFIER") ","
            " " SAID("collation", "r.COLLATION_NAME") ","
            " " SAID("language", "COALESCE(r.EXTERNAL_LANGUAGE, r.ROUTINE_BODY)") ","
            " " WHEN("r.IS_DETERMINISTIC = 'YES'", "'deterministic'") ","
            " LOWER(r.SQL_DATA_ACCESS),"
            " " SAID("security", "r.SECURITY_TYPE") ","
            " " SAID("definer", "r.DEFINER") ","
            " " SAID("sql_mode", "r.SQL_MODE") ","
            " " CLIENT("r") ","
            " " SAID("database", "r.DATABASE_COLLATION") ","
            " " SAID("comment", "r.ROUTINE_COMMENT") ","
            " COALESCE(r.ROUTINE_DEFINITION, 'body not readable')"
        ")"
    " FROM information_schema.ROUTINES r"
    " WHERE r.ROUTINE_SCHEMA = {schema}";

/* The one at place 0 is what a function returns: the routine's line has it. */
static const char parameters[] =
    "SELECT 'parameter' AS what,"
        " CONCAT(LOWER(p.ROUTINE_TYPE), ' ', " IN_SCHEMA("p.SPECIFIC_SCHEMA", "p.SPECIFIC_NAME") ","
            " ' ', p.ORDINAL_POSITION) AS name,"
        " CONCAT_WS(' ', p.PARAMETER_MODE, " NAME("p.PARAMETER_NAME") ", p.DTD_IDENTIFIER, p.COLLATION_NAME)"
    " FROM information_schema.PARAMETERS p"
    " WHERE p.SPECIFIC_SCHEMA = {schema}"
        " AND p.ORDINAL_POSITION > 0";

static const char events[] =
    "SELECT 'event' AS what,"
        " " IN_SCHEMA("e.EVENT_SCHEMA", "e.EVENT_NAME") " AS name,"
        " " LIST
            "e.STATUS,"
            " CONCAT('at ', e.EXECUTE_AT),"
            " CONCAT('every ', e.INTERVAL_VALUE, ' ', e.INTERVAL_FIELD),"
            " CONCAT('from ', e.STARTS),"
            " CONCAT('to ', e.ENDS),"
            " " SAID("on completion", "e.ON_COMPLETION") ","
            " " SAID("definer", "e.DEFINER") ","
            " " SAID("time zone", "e.TIME_ZONE") ","
            " " SAID("sql_mode", "e.SQL_MODE") ","
            " " CLIENT("e") ","
            " " SAID("database", "e.DATABASE_COLLATION") ","
            " " SAID("comment", "e.EVENT_COMMENT") ","
            " e.EVENT_DEFINITION"
        ")"
    " FROM information_schema.EVENTS e"
    " WHERE e.EVENT_SCHEMA = {schema}";
/* clang-format on */

const struct mysql_topic mysql_schema_topics[] = {
    { .sql = tables },
    { .sql = columns_56, .mysql = { 0, 50700 }, .mariadb = { FROM_NEVER } },
    { .sql = columns_57, .mysql = { 50700, 80011 } },
    { .sql = columns_80, .mysql = { 80011 }, .mariadb = { FROM_NEVER } },
    { .sql = indexes_56, .mysql = { 0, 80000 }, .mariadb = { 0, 100600 } },
    { .sql = indexes_80, .mysql = { 80000, 80013 }, .mariadb = { FROM_NEVER } },
    { .sql = indexes_8013, .mysql = { 80013 }, .mariadb = { FROM_NEVER } },
    { .sql = indexes_maria_106, .mysql = { FROM_NEVER }, .mariadb = { 100600 } },
    { .sql = foreign_keys },
    { .sql = foreign_key_rules },
    { .sql = checks_80, .mysql = { 80016 }, .mariadb = { FROM_NEVER } },
    { .sql = checks_maria, .mysql = { FROM_NEVER }, .mariadb = { 100222 } },
    { .sql = partitions },
    { .sql = views, .mariadb = { FROM_NEVER }, .long_values = true },
    { .sql = views_maria, .mysql = { FROM_NEVER }, .long_values = true },
    { .sql = triggers, .long_values = true },
    { .sql = routines, .long_values = true },
    { .sql = parameters },
    { .sql = events, .long_values = true },
};
const size_t mysql_schema_topic_count = ARRAY_LEN(mysql_schema_topics);
