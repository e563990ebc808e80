/*
 * MySQL and MariaDB: what is asked of them, a topic a question (mysql_topics_*.c), what they say only in a
 * form of their own (mysql_show.c, mysql_definition.c), and the rows of tables (mysql_data.c). mysql.c asks.
 *
 * The tables are constant. A text is in the words of the driver's pinned sql_mode: '...' with no escapes but
 * the doubled quote.
 */
#ifndef FINGERPRINT_MYSQL_TAKING_H
#define FINGERPRINT_MYSQL_TAKING_H

#include "fingerprint/taking.h"

struct mysql_taking {
    struct taking *taking;
    bool mariadb;
    bool sees_all;
    int version; /* 80036, 101106 */
    size_t name_count;
    const char **names; /* of the last question for names: one column */
};

/* From this version on, up to before that; 0: no limit. Of a product that has none of it, FROM_NEVER. */
#define FROM_NEVER 1000000
struct span {
    int from, until;
};

struct mysql_topic {
    const char
        *sql; /* rows of what, name and value; {schema} stands for the name of a schema, as a literal */
    struct span mysql, mariadb;
    bool long_values; /* few rows at a time: an answer has a limit */
};

/* Asked once. */
extern const struct mysql_topic mysql_server_topics[];
extern const size_t mysql_server_topic_count;
/* Asked of each schema that is not the server's own: these servers look up one much faster than all. */
extern const struct mysql_topic mysql_schema_topics[];
extern const size_t mysql_schema_topic_count;

/* Asks for a column of names, in the arena. */
int mysql_ask_names(struct mysql_taking *mysql, const char *sql, enum err_code refused,
                    struct err *err) MUST_CHECK;
/* Variables and channels of replication. */
int mysql_take_shown(struct mysql_taking *mysql, struct err *err) MUST_CHECK;
/* What the topics do not say of the tables and sequences of a schema, each by itself. */
int mysql_take_definitions(struct mysql_taking *mysql, const char *schema, struct err *err) MUST_CHECK;
int mysql_take_data(struct mysql_taking *mysql, const struct fingerprint_data *data, const char *name,
                    struct err *err) MUST_CHECK;

/* ---- pieces of the texts ---- */

/* One clause a line, as deep as it stands in the SQL; see topics.h. */
/* clang-format off */

#define NAME(text) \
    "IF(" text " REGEXP '^[0-9A-Za-z_$]*[A-Za-z_$][0-9A-Za-z_$]*$'," \
        " " text "," \
        " CONCAT('`', REPLACE(" text ", '`', '``'), '`'))"
#define IN_SCHEMA(schema, name)    "CONCAT(" NAME(schema) ", '.', " NAME(name) ")"
#define IN_TABLE(schema, table, name) \
    "CONCAT(" NAME(schema) ", '.', " NAME(table) ", '.', " NAME(name) ")"
/* Of what is not there, and of what is empty, nothing is said. */
#define LIST                       "CONCAT_WS(', ', "
#define SAID(word, text)           "CONCAT('" word " ', NULLIF(" text ", ''))"
#define WHEN(condition, text)      "IF(" condition ", " text ", NULL)"
#define ACCOUNT(user, host)        "CONCAT(QUOTE(" user "), '@', QUOTE(" host "))"
/* clang-format on */

#endif
