#include "fingerprint/topics.h"

#include "base/err.h"

/* clang-format off */

/*
 * What is not as it is by default, for each thing and grantee: of everything that has rights, also of what
 * the server and the extensions brought with them. By default is what they set when they were installed
 * (pg_init_privs), else what a new object of that owner has. So that GRANT and then REVOKE leaves nothing,
 * although the catalog has an array where there was none.
 */

/* ---- the things; `type` is the letter that acldefault knows them by ---- */

#define FROM_SCHEMAS(catalog, alias, schema) \
    " FROM " catalog " " alias \
    " JOIN pg_namespace n ON n.oid = " alias "." schema " AND n.nspname !~ '^pg_(toast|temp)'"

#define TABLES \
    "SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind," \
        " c.oid::regclass::text AS name," \
        " c.relowner AS owner," \
        " CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\" AS type," \
        " c.relacl AS acl," \
        " 'pg_class'::regclass AS class," \
        " c.oid AS oid," \
        " 0 AS sub" \
    FROM_SCHEMAS("pg_class", "c", "relnamespace") \
    " WHERE c.relacl IS NOT NULL"

#define COLUMNS \
    "SELECT 'column' AS kind," \
        OF_RELATION("a.attname") " AS name," \
        " c.relowner AS owner," \
        " 'c'::\"char\" AS type," \
        " a.attacl AS acl," \
        " 'pg_class'::regclass AS class," \
        " c.oid AS oid," \
        " a.attnum AS sub" \
    FROM_SCHEMAS("pg_class", "c", "relnamespace") \
    " JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped" \
    " WHERE a.attacl IS NOT NULL"

#define FUNCTIONS \
    "SELECT 'function' AS kind," \
        " p.oid::regprocedure::text AS name," \
        " p.proowner AS owner," \
        " 'f'::\"char\" AS type," \
        " p.proacl AS acl," \
        " 'pg_proc'::regclass AS class," \
        " p.oid AS oid," \
        " 0 AS sub" \
    FROM_SCHEMAS("pg_proc", "p", "pronamespace") \
    " WHERE p.proacl IS NOT NULL"

#define TYPES \
    "SELECT 'type' AS kind," \
        " t.oid::regtype::text AS name," \
        " t.typowner AS owner," \
        " 'T'::\"char\" AS type," \
        " t.typacl AS acl," \
        " 'pg_type'::regclass AS class," \
        " t.oid AS oid," \
        " 0 AS sub" \
    FROM_SCHEMAS("pg_type", "t", "typnamespace") \
    " WHERE t.typacl IS NOT NULL"

/* Things without a schema. */
#define THINGS(kind, type, catalog, alias, name, owner, acl) \
    "SELECT '" kind "' AS kind," \
        " quote_ident(" name ") AS name," \
        " " owner " AS owner," \
        " '" type "'::\"char\" AS type," \
        " " acl " AS acl," \
        " '" catalog "'::regclass AS class," \
        " " alias ".oid AS oid," \
        " 0 AS sub" \
    " FROM " catalog " " alias \
    " WHERE " acl " IS NOT NULL"

#define SCHEMAS     THINGS("schema", "n", "pg_namespace", "n", "n.nspname", "n.nspowner", "n.nspacl")
#define LANGUAGES   THINGS("language", "l", "pg_language", "l", "l.lanname", "l.lanowner", "l.lanacl")
#define DATABASES   THINGS("database", "d", "pg_database", "d", "d.datname", "d.datdba", "d.datacl")
#define TABLESPACES THINGS("tablespace", "t", "pg_tablespace", "s", "s.spcname", "s.spcowner", "s.spcacl")
#define WRAPPERS \
    THINGS("foreign data wrapper", "F", "pg_foreign_data_wrapper", "w", "w.fdwname", "w.fdwowner", "w.fdwacl")
#define SERVERS \
    THINGS("foreign server", "S", "pg_foreign_server", "v", "v.srvname", "v.srvowner", "v.srvacl")
/* From 15 on; they belong to nobody but the first superuser. */
#define PARAMETERS  THINGS("parameter", "p", "pg_parameter_acl", "q", "q.parname", "10::oid", "q.paracl")

/* ---- their rights ---- */

/* Of an item x of aclexplode; grantee 0 is PUBLIC. */
#define GRANTEE "CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE " ROLE("x.grantee") " END"
#define RIGHT_OF(owner) \
    "x.privilege_type" \
    " || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END" \
    " || CASE WHEN x.grantor <> " owner " THEN ' by ' || " ROLE("x.grantor") " ELSE '' END"

/* Each right, as it is now and as it is by default. */
#define RIGHTS_NOW_AND_BEFORE \
    "SELECT true AS now, " GRANTEE " AS grantee, " RIGHT_OF("o.owner") " AS word" \
        " FROM aclexplode(o.acl) x" \
    " UNION ALL" \
    " SELECT false, " GRANTEE ", " RIGHT_OF("o.owner") \
        " FROM aclexplode(coalesce(i.initprivs, acldefault(o.type, o.owner))) x"

/* What has the very rights that it was installed with need not be taken apart: that is nearly everything of
 * the server's own. */
#define PRIVILEGES(things) \
    "SELECT 'privilege'," \
        " o.kind || ' ' || o.name || ' to ' || g.grantee," \
        " coalesce(g.has, 'nothing') || coalesce(' (by default: ' || g.had || ')', '')" \
    " FROM (" things ") o" \
    " LEFT JOIN pg_init_privs i ON i.objoid = o.oid AND i.classoid = o.class AND i.objsubid = o.sub" \
    " CROSS JOIN LATERAL (" \
        "SELECT e.grantee," \
            " string_agg(e.word, ', ' ORDER BY e.word COLLATE \"C\") FILTER (WHERE e.now) AS has," \
            " string_agg(e.word, ', ' ORDER BY e.word COLLATE \"C\") FILTER (WHERE NOT e.now) AS had" \
        " FROM (" RIGHTS_NOW_AND_BEFORE ") e" \
        " GROUP BY e.grantee) g" \
    " WHERE o.acl IS DISTINCT FROM i.initprivs" \
        " AND g.has IS DISTINCT FROM g.had"

#define AND_ALSO " UNION ALL "
#define OF_SCHEMAS \
    TABLES AND_ALSO COLUMNS AND_ALSO FUNCTIONS AND_ALSO SCHEMAS AND_ALSO TYPES
#define OTHERS \
    LANGUAGES AND_ALSO DATABASES AND_ALSO TABLESPACES AND_ALSO WRAPPERS AND_ALSO SERVERS

static const char privileges_in_schemas[] =
    PRIVILEGES(OF_SCHEMAS);
static const char privileges_12[] =
    PRIVILEGES(OTHERS);
static const char privileges[] =
    PRIVILEGES(OTHERS AND_ALSO PARAMETERS);

/* ---- what new things will have ---- */

/* Of which new things, of whom and where. */
#define NEW_THINGS \
    "CASE d.defaclobjtype" \
        " WHEN 'r' THEN 'tables'" \
        " WHEN 'S' THEN 'sequences'" \
        " WHEN 'f' THEN 'functions'" \
        " WHEN 'T' THEN 'types'" \
        " WHEN 'n' THEN 'schemas'" \
        " ELSE 'large objects'" \
    " END" \
        " || ' of ' || " ROLE("d.defaclrole") \
        " || coalesce(' in schema ' || " NAME_IN("pg_namespace", "nspname", "d.defaclnamespace") ", '')"

static const char default_privileges[] =
    "SELECT 'default privilege',"
        " " NEW_THINGS " || ' to ' || " GRANTEE ","
        " string_agg(" RIGHT_OF("d.defaclrole") ", ', ' ORDER BY x.privilege_type COLLATE \"C\")"
    " FROM pg_default_acl d"
    " CROSS JOIN LATERAL aclexplode(d.defaclacl) x"
    " GROUP BY d.oid, d.defaclobjtype, d.defaclrole, d.defaclnamespace, x.grantee";

/* What nobody may do by such a default at all has no grantee left. */
static const char default_nothing[] =
    "SELECT 'default privilege',"
        " " NEW_THINGS ","
        " 'nothing to anybody'"
    " FROM pg_default_acl d"
    " WHERE cardinality(d.defaclacl) = 0";

/* ---- what is said about things ---- */

/* Of nothing that the server came with: oids below 16384, but for schemas (public is one of those). */
#define SAID(word, catalog, text) \
    "SELECT " word "," \
        " i.type || ' ' || i.identity," \
        " " text \
    " FROM " catalog " d" \
    " CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i" \
    " WHERE (d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass)" \
        " AND coalesce(i.schema, '') !~ '^pg_'" \
        " AND i.identity IS NOT NULL" \
        " AND NOT EXISTS (SELECT FROM pg_depend e" \
            " WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e')"

static const char comments[] =
    SAID("'comment'", "pg_description", "d.description");
static const char labels[] =
    SAID("'security label of ' || quote_ident(d.provider)", "pg_seclabel", "d.label");

static const char shared_comments[] =
    "SELECT 'comment',"
        " CASE d.classoid"
            " WHEN 'pg_database'::regclass THEN 'database '"
            " WHEN 'pg_authid'::regclass THEN 'role '"
            " WHEN 'pg_tablespace'::regclass THEN 'tablespace '"
            " ELSE 'other '"
        " END"
            " || (pg_identify_object(d.classoid, d.objoid, 0)).identity,"
        " d.description"
    " FROM pg_shdescription d";
/* clang-format on */

const struct topic rights_topics[] = {
    { .sql = privileges_in_schemas },
    { .sql = privileges_12, .until = 15 },
    { .sql = privileges, .from = 15 },
    { .sql = default_privileges },
    { .sql = default_nothing },
    { .sql = comments },
    { .sql = labels },
    { .sql = shared_comments },
};
const size_t rights_topic_count = ARRAY_LEN(rights_topics);
