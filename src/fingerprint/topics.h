/*
 * What is asked of a server, a topic a question. A topic answers with rows of what, name and value. Nobody
 * owns anything here: the tables are constant.
 *
 * The texts are asked with an empty search_path, so that regclass and the like write every name that is not
 * in pg_catalog with its schema, and names of pg_catalog need none.
 */
#ifndef FINGERPRINT_TOPICS_H
#define FINGERPRINT_TOPICS_H

#include <stdbool.h>
#include <stddef.h>

/* What only some roles may read. */
enum right {
    RIGHT_NONE,
    RIGHT_PASSWORDS,   /* whether a role has one: pg_authid */
    RIGHT_CONNECTIONS, /* where a subscription leads to: pg_subscription.subconninfo */
    RIGHT_FILES,       /* what the files of settings say */
    RIGHT_COUNT
};

struct topic {
    const char *sql;
    int from, until; /* versions of the server, 15 for 15.x: from this one on, up to before that; 0: all */
    enum right right;
    const char *without; /* where the role has not got the right: says what is not readable */
};

/* Tables, columns, and what belongs to a table. */
extern const struct topic relation_topics[];
extern const size_t relation_topic_count;
/* Functions, types, and what is made of them. */
extern const struct topic code_topics[];
extern const size_t code_topic_count;
/* What is there once for a database or a cluster. */
extern const struct topic cluster_topics[];
extern const size_t cluster_topic_count;
/* Who may do what, and what is said about things. */
extern const struct topic rights_topics[];
extern const size_t rights_topic_count;

/* ---- pieces of the texts ---- */

/*
 * One clause a line, as deep as it stands in the SQL, which the formatter does not know. A line begins with
 * the space that parts it from the one before where there has to be one: a piece has none of its own at its
 * ends, but for those that begin with a JOIN.
 */
/* clang-format off */

#define USERS_SCHEMA "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
/* It belongs to no extension: the extension's line stands for all of them. */
#define OF_NO_EXTENSION(catalog, oid) \
    "NOT EXISTS (SELECT FROM pg_depend e" \
        " WHERE e.classid = '" catalog "'::regclass AND e.objid = " oid " AND e.deptype = 'e')"
/* Of `alias`, whose schema is in the column `schema`: n is the schema. */
#define USERS(catalog, alias, schema) \
    " JOIN pg_namespace n ON n.oid = " alias "." schema \
        " AND " USERS_SCHEMA \
        " AND " OF_NO_EXTENSION(catalog, alias ".oid")
/* The relation c of a row whose column `oid` names it. */
#define USERS_RELATION(oid) \
    " JOIN pg_class c ON c.oid = " oid " AND c.relpersistence <> 't'" \
    USERS("pg_class", "c", "relnamespace")

#define WHEN(condition, text)       "CASE WHEN " condition " THEN " text " END"
#define ROLE(oid)                   "quote_ident(pg_get_userbyid(" oid "))"
#define OWNER(oid)                  "'owner ' || " ROLE(oid)
#define IN_SCHEMA(name)             "quote_ident(n.nspname) || '.' || quote_ident(" name ")"
#define OF_RELATION(name)           "c.oid::regclass::text || '.' || quote_ident(" name ")"
#define NAME_IN(catalog, name, oid) "(SELECT quote_ident(" name ") FROM " catalog " WHERE oid = " oid ")"
#define OPTIONS(word, options)      "'" word " (' || array_to_string(" options ", ', ') || ')'"
/* 'O', enabled, says nothing. */
#define ENABLED(column) \
    "CASE " column \
        " WHEN 'D' THEN 'disabled'" \
        " WHEN 'R' THEN 'enabled on replicas'" \
        " WHEN 'A' THEN 'enabled always'" \
    " END"
/* The name of the collation l; regcollation comes with 13. */
#define COLLATION \
    "(SELECT quote_ident(ln.nspname) || '.' || quote_ident(l.collname)" \
        " FROM pg_namespace ln" \
        " WHERE ln.oid = l.collnamespace)"
/* Every column of a catalog's row but those named ('{oid,subname}'), whatever the version has. */
#define REST(row, without) \
    "(SELECT string_agg(f.key || ' ' || f.value, ', ' ORDER BY f.key COLLATE \"C\")" \
        " FROM jsonb_each_text(to_jsonb(" row ") - '" without "'::text[]) f)"
/* Options of something foreign, "name=value" each, without secrets. */
#define FOREIGN_OPTIONS(options) \
    "'options ('" \
    " || (SELECT string_agg(regexp_replace(o, '^([^=]*(pass|secret|token|key)[^=]*=).*', '\\1***', 'i'), ', ')" \
        " FROM unnest(" options ") o)" \
    " || ')'"
/* A connection string without its password. As libpq reads them: a URI, or name = value with quotes. */
#define CONNECTION(text) \
    "CASE WHEN " text " ~ '^postgres(ql)?://'" \
        " THEN regexp_replace(" \
            "regexp_replace(" text ", '(://[^:@/]*):[^@/]*@', '\\1:***@')," \
            " '(password=)[^&]*', '\\1***', 'gi')" \
        " ELSE regexp_replace(" text "," \
            " '(password\\s*=\\s*)(''(\\\\.|[^''\\\\])*''|(\\\\.|[^\\s\\\\])*)', '\\1***', 'gi')" \
    " END"
/* clang-format on */

#endif
