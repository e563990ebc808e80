#include "fingerprint/topics.h"

#include "base/err.h"

/* clang-format off */

static const char schemas[] =
    "SELECT 'schema',"
        " quote_ident(n.nspname),"
        OWNER("n.nspowner")
    " FROM pg_namespace n"
    " WHERE " USERS_SCHEMA
        " AND " OF_NO_EXTENSION("pg_namespace", "n.oid");

/* pg_get_functiondef refuses an aggregate. */
static const char functions[] =
    "SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,"
        " p.oid::regprocedure::text,"
        " concat_ws(', ', " OWNER("p.proowner") ", pg_get_functiondef(p.oid))"
    " FROM pg_proc p"
    USERS("pg_proc", "p", "pronamespace")
    " WHERE p.prokind <> 'a'";

/* A function that something is made of; 0 where it has none. */
#define PART(word, column) "'" word " ' || nullif(" column "::oid, 0)::regprocedure::text"

/* There is no definition to be had: the parts, by the words of CREATE AGGREGATE. */
static const char aggregates[] =
    "SELECT 'aggregate',"
        " p.oid::regprocedure::text,"
        " concat_ws(', ',"
            OWNER("p.proowner") ","
            " 'returns ' || pg_get_function_result(p.oid),"
            " 'parallel ' || p.proparallel::text,"
            " 'kind ' || g.aggkind::text,"
            " 'direct ' || g.aggnumdirectargs,"
            PART("sfunc", "g.aggtransfn") ","
            " 'stype ' || g.aggtranstype::regtype::text,"
            " 'sspace ' || g.aggtransspace,"
            PART("finalfunc", "g.aggfinalfn") ","
            " 'finalfunc_modify ' || g.aggfinalmodify::text,"
            WHEN("g.aggfinalextra", "'finalfunc_extra'") ","
            PART("combinefunc", "g.aggcombinefn") ","
            PART("serialfunc", "g.aggserialfn") ","
            PART("deserialfunc", "g.aggdeserialfn") ","
            " 'initcond ' || quote_literal(g.agginitval),"
            PART("msfunc", "g.aggmtransfn") ","
            PART("minvfunc", "g.aggminvtransfn") ","
            " 'mstype ' || nullif(g.aggmtranstype, 0)::regtype::text,"
            " 'msspace ' || g.aggmtransspace,"
            PART("mfinalfunc", "g.aggmfinalfn") ","
            " 'mfinalfunc_modify ' || g.aggmfinalmodify::text,"
            WHEN("g.aggmfinalextra", "'mfinalfunc_extra'") ","
            " 'minitcond ' || quote_literal(g.aggminitval),"
            " 'sortop ' || nullif(g.aggsortop, 0)::regoperator::text)"
    " FROM pg_aggregate g"
    " JOIN pg_proc p ON p.oid = g.aggfnoid"
    USERS("pg_proc", "p", "pronamespace");

#define ENUM \
    "'enum ('" \
    " || coalesce((SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)" \
            " FROM pg_enum" \
            " WHERE enumtypid = t.oid), '')" \
    " || ')'"

#define DOMAIN \
    "concat_ws(' '," \
        " 'domain of'," \
        " format_type(t.typbasetype, t.typtypmod)," \
        " (SELECT 'COLLATE ' || " COLLATION \
            " FROM pg_collation l" \
            " JOIN pg_type b ON b.oid = t.typbasetype" \
            " WHERE l.oid = t.typcollation AND t.typcollation <> b.typcollation)," \
        WHEN("t.typnotnull", "'NOT NULL'") "," \
        " 'DEFAULT ' || t.typdefault," \
        " (SELECT string_agg(quote_ident(conname) || ' ' || pg_get_constraintdef(oid), ', ' ORDER BY conname)" \
            " FROM pg_constraint" \
            " WHERE contypid = t.oid))"

#define ATTRIBUTE \
    "concat_ws(' '," \
        " quote_ident(a.attname)," \
        " format_type(a.atttypid, a.atttypmod)," \
        " (SELECT 'COLLATE ' || " COLLATION \
            " FROM pg_collation l" \
            " JOIN pg_type b ON b.oid = a.atttypid" \
            " WHERE l.oid = a.attcollation AND l.oid <> b.typcollation))"

#define COMPOSITE \
    "'composite ('" \
    " || coalesce((SELECT string_agg(" ATTRIBUTE ", ', ' ORDER BY a.attnum)" \
            " FROM pg_attribute a" \
            " WHERE a.attrelid = t.typrelid" \
                " AND a.attnum > 0" \
                " AND NOT a.attisdropped), '')" \
    " || ')'"

/* Ranges have multiranges from 14 on: read as JSON. */
#define RANGE \
    "(SELECT concat_ws(' '," \
            " 'range of'," \
            " r.rngsubtype::regtype," \
            " 'opclass'," \
            " (SELECT quote_ident(o.opcname) FROM pg_opclass o WHERE o.oid = r.rngsubopc)," \
            " 'COLLATE ' || (SELECT " COLLATION " FROM pg_collation l WHERE l.oid = r.rngcollation)," \
            PART("canonical", "r.rngcanonical") "," \
            PART("subtype_diff", "r.rngsubdiff") "," \
            " 'multirange ' || (to_jsonb(r) ->> 'rngmultitypid')::oid::regtype::text)" \
        " FROM pg_range r" \
        " WHERE r.rngtypid = t.oid)"

#define BASE_TYPE \
    "concat_ws(' '," \
        " 'base'," \
        " t.typinput," \
        " t.typoutput," \
        " t.typreceive," \
        " t.typsend," \
        " t.typmodin," \
        " t.typmodout," \
        " t.typanalyze," \
        " t.typlen," \
        " t.typbyval," \
        " t.typalign," \
        " t.typstorage," \
        " t.typcategory," \
        " t.typispreferred," \
        " t.typdelim," \
        " 'element ' || nullif(t.typelem, 0)::regtype::text," \
        " t.typdefault)"

/* A type of its own: not a table's row, not an array, not a multirange (which its range's line names). */
static const char types[] =
    "SELECT 'type',"
        " t.oid::regtype::text,"
        " concat_ws(', ',"
            OWNER("t.typowner") ","
            " CASE t.typtype"
                " WHEN 'e' THEN " ENUM
                " WHEN 'd' THEN " DOMAIN
                " WHEN 'c' THEN " COMPOSITE
                " WHEN 'r' THEN " RANGE
                " WHEN 'p' THEN 'shell'"
                " ELSE " BASE_TYPE
            " END)"
    " FROM pg_type t"
    USERS("pg_type", "t", "typnamespace")
    " LEFT JOIN pg_class c ON c.oid = t.typrelid"
    " WHERE (c.oid IS NULL OR c.relkind = 'c')"
        " AND t.typtype <> 'm'"
        " AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)";

static const char operators[] =
    "SELECT 'operator',"
        " o.oid::regoperator::text,"
        " concat_ws(', ',"
            OWNER("o.oprowner") ","
            PART("function", "o.oprcode") ","
            " 'commutator ' || nullif(o.oprcom, 0)::regoperator::text,"
            " 'negator ' || nullif(o.oprnegate, 0)::regoperator::text,"
            " 'restrict ' || o.oprrest::text,"
            " 'join ' || o.oprjoin::text,"
            WHEN("o.oprcanhash", "'hashes'") ","
            WHEN("o.oprcanmerge", "'merges'")
        ")"
    " FROM pg_operator o"
    USERS("pg_operator", "o", "oprnamespace");

/* Two methods may have a class or a family of the same name. */
static const char operator_classes[] =
    "SELECT 'operator class',"
        IN_SCHEMA("o.opcname") " || ' using ' || quote_ident(m.amname),"
        " concat_ws(', ',"
            OWNER("o.opcowner") ","
            " 'for ' || o.opcintype::regtype::text,"
            WHEN("o.opcdefault", "'default'") ","
            " 'stores ' || nullif(o.opckeytype, 0)::regtype::text,"
            " 'family ' || " NAME_IN("pg_opfamily", "opfname", "o.opcfamily")
        ")"
    " FROM pg_opclass o"
    " JOIN pg_am m ON m.oid = o.opcmethod"
    USERS("pg_opclass", "o", "opcnamespace");

static const char operator_families[] =
    "SELECT 'operator family',"
        IN_SCHEMA("o.opfname") " || ' using ' || quote_ident(m.amname),"
        " concat_ws(', ',"
            OWNER("o.opfowner") ","
            " (SELECT string_agg(concat_ws(' ',"
                        " 'operator',"
                        " a.amopstrategy,"
                        " a.amopopr::regoperator::text,"
                        " a.amoppurpose),"
                    " ', ' ORDER BY a.amopstrategy, a.amopopr::regoperator::text)"
                " FROM pg_amop a"
                " WHERE a.amopfamily = o.oid),"
            " (SELECT string_agg(concat_ws(' ',"
                        " 'function',"
                        " a.amprocnum,"
                        " a.amproclefttype::regtype,"
                        " a.amprocrighttype::regtype,"
                        " a.amproc::oid::regprocedure::text),"
                    " ', ' ORDER BY a.amprocnum, a.amproclefttype::regtype::text, a.amprocrighttype::regtype::text)"
                " FROM pg_amproc a"
                " WHERE a.amprocfamily = o.oid))"
    " FROM pg_opfamily o"
    " JOIN pg_am m ON m.oid = o.opfmethod"
    USERS("pg_opfamily", "o", "opfnamespace");

/* These have no schema: what the server came with has an oid below 16384 (FirstNormalObjectId). */
static const char casts[] =
    "SELECT 'cast',"
        " format_type(k.castsource, NULL) || ' as ' || format_type(k.casttarget, NULL),"
        " concat_ws(', ',"
            PART("function", "k.castfunc") ","
            " 'context ' || k.castcontext::text,"
            " 'method ' || k.castmethod::text)"
    " FROM pg_cast k"
    " WHERE k.oid >= 16384"
        " AND " OF_NO_EXTENSION("pg_cast", "k.oid");

static const char transforms[] =
    "SELECT 'transform',"
        " format_type(t.trftype, NULL) || ' for ' || " NAME_IN("pg_language", "lanname", "t.trflang") ","
        " concat_ws(', ', 'from ' || t.trffromsql::text, 'to ' || t.trftosql::text)"
    " FROM pg_transform t"
    " WHERE " OF_NO_EXTENSION("pg_transform", "t.oid");

static const char languages[] =
    "SELECT 'language',"
        " quote_ident(l.lanname),"
        " concat_ws(', ',"
            OWNER("l.lanowner") ","
            WHEN("l.lanpltrusted", "'trusted'") ","
            PART("handler", "l.lanplcallfoid") ","
            PART("inline", "l.laninline") ","
            PART("validator", "l.lanvalidator")
        ")"
    " FROM pg_language l"
    " WHERE l.oid >= 16384"
        " AND " OF_NO_EXTENSION("pg_language", "l.oid");

static const char access_methods[] =
    "SELECT 'access method',"
        " quote_ident(m.amname),"
        " concat_ws(', ', 'type ' || m.amtype::text, 'handler ' || m.amhandler::text)"
    " FROM pg_am m"
    " WHERE m.oid >= 16384"
        " AND " OF_NO_EXTENSION("pg_am", "m.oid");

/* Each encoding may have one of the same name; -1 is for all of them. */
static const char collations[] =
    "SELECT 'collation',"
        IN_SCHEMA("l.collname")
            " || CASE WHEN l.collencoding >= 0 THEN ' for ' || pg_encoding_to_char(l.collencoding) ELSE '' END,"
        " concat_ws(', ',"
            OWNER("l.collowner") ","
            REST("l", "{oid,collname,collnamespace,collowner,collencoding}")
        ")"
    " FROM pg_collation l"
    USERS("pg_collation", "l", "collnamespace");

static const char conversions[] =
    "SELECT 'conversion',"
        IN_SCHEMA("v.conname") ","
        " concat_ws(', ',"
            OWNER("v.conowner") ","
            " 'from ' || pg_encoding_to_char(v.conforencoding),"
            " 'to ' || pg_encoding_to_char(v.contoencoding),"
            PART("function", "v.conproc") ","
            WHEN("v.condefault", "'default'")
        ")"
    " FROM pg_conversion v"
    USERS("pg_conversion", "v", "connamespace");

static const char search_configurations[] =
    "SELECT 'text search configuration',"
        IN_SCHEMA("g.cfgname") ","
        " concat_ws(', ',"
            OWNER("g.cfgowner") ","
            " 'parser ' || " NAME_IN("pg_ts_parser", "prsname", "g.cfgparser") ","
            " (SELECT string_agg(concat_ws(' ',"
                        " 'token',"
                        " m.maptokentype,"
                        " m.mapseqno,"
                        " m.mapdict::regdictionary::text),"
                    " ', ' ORDER BY m.maptokentype, m.mapseqno)"
                " FROM pg_ts_config_map m"
                " WHERE m.mapcfg = g.oid))"
    " FROM pg_ts_config g"
    USERS("pg_ts_config", "g", "cfgnamespace");

static const char search_dictionaries[] =
    "SELECT 'text search dictionary',"
        IN_SCHEMA("d.dictname") ","
        " concat_ws(', ',"
            OWNER("d.dictowner") ","
            " 'template ' || " NAME_IN("pg_ts_template", "tmplname", "d.dicttemplate") ","
            " d.dictinitoption)"
    " FROM pg_ts_dict d"
    USERS("pg_ts_dict", "d", "dictnamespace");

static const char search_parsers[] =
    "SELECT 'text search parser',"
        IN_SCHEMA("p.prsname") ","
        REST("p", "{oid,prsname,prsnamespace}")
    " FROM pg_ts_parser p"
    USERS("pg_ts_parser", "p", "prsnamespace");

static const char search_templates[] =
    "SELECT 'text search template',"
        IN_SCHEMA("t.tmplname") ","
        REST("t", "{oid,tmplname,tmplnamespace}")
    " FROM pg_ts_template t"
    USERS("pg_ts_template", "t", "tmplnamespace");
/* clang-format on */

const struct topic code_topics[] = {
    { .sql = schemas },
    { .sql = functions },
    { .sql = aggregates },
    { .sql = types },
    { .sql = operators },
    { .sql = operator_classes },
    { .sql = operator_families },
    { .sql = casts },
    { .sql = transforms },
    { .sql = languages },
    { .sql = access_methods },
    { .sql = collations },
    { .sql = conversions },
    { .sql = search_configurations },
    { .sql = search_dictionaries },
    { .sql = search_parsers },
    { .sql = search_templates },
};
const size_t code_topic_count = ARRAY_LEN(code_topics);
