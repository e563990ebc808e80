#include "fingerprint/topics.h"

#include "base/err.h"

/* clang-format off */

/* ---- of the database ---- */

static const char extensions[] =
    "SELECT 'extension',"
        " quote_ident(x.extname),"
        " concat_ws(', ',"
            " 'version ' || x.extversion,"
            " 'schema ' || " NAME_IN("pg_namespace", "nspname", "x.extnamespace") ","
            OWNER("x.extowner") ","
            " (SELECT string_agg(g.class || ' as configuration', ', ' ORDER BY g.class)"
                " FROM (SELECT unnest(x.extconfig)::regclass::text AS class) g))"
    " FROM pg_extension x";

static const char event_triggers[] =
    "SELECT 'event trigger',"
        " quote_ident(v.evtname),"
        " concat_ws(', ',"
            ENABLED("v.evtenabled") ","
            OWNER("v.evtowner") ","
            " 'on ' || v.evtevent,"
            " 'when ' || array_to_string(v.evttags, ', '),"
            " 'function ' || v.evtfoid::regprocedure::text)"
    " FROM pg_event_trigger v"
    " WHERE " OF_NO_EXTENSION("pg_event_trigger", "v.oid");

static const char wrappers[] =
    "SELECT 'foreign data wrapper',"
        " quote_ident(w.fdwname),"
        " concat_ws(', ',"
            OWNER("w.fdwowner") ","
            " 'handler ' || nullif(w.fdwhandler, 0)::regprocedure::text,"
            " 'validator ' || nullif(w.fdwvalidator, 0)::regprocedure::text,"
            FOREIGN_OPTIONS("w.fdwoptions")
        ")"
    " FROM pg_foreign_data_wrapper w"
    " WHERE " OF_NO_EXTENSION("pg_foreign_data_wrapper", "w.oid");

static const char servers[] =
    "SELECT 'foreign server',"
        " quote_ident(s.srvname),"
        " concat_ws(', ',"
            OWNER("s.srvowner") ","
            " 'wrapper ' || " NAME_IN("pg_foreign_data_wrapper", "fdwname", "s.srvfdw") ","
            " 'type ' || s.srvtype,"
            " 'version ' || s.srvversion,"
            FOREIGN_OPTIONS("s.srvoptions")
        ")"
    " FROM pg_foreign_server s"
    " WHERE " OF_NO_EXTENSION("pg_foreign_server", "s.oid");

/* Its options are mostly a name and a password. Anybody may read the view, but not pg_user_mapping. */
static const char mappings[] =
    "SELECT 'user mapping',"
        " quote_ident(m.srvname) || ' for ' || CASE m.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END,"
        " 'exists'"
    " FROM pg_user_mappings m";

static const char publications[] =
    "SELECT 'publication',"
        " quote_ident(p.pubname),"
        " concat_ws(', ', " OWNER("p.pubowner") ", " REST("p", "{oid,pubname,pubowner}") ")"
    " FROM pg_publication p";

/* Parts of a table, and all tables of a schema, can be published from 15 on. */
static const char publication_tables_12[] =
    "SELECT 'publication table',"
        " quote_ident(p.pubname) || ': ' || r.prrelid::regclass::text,"
        " 'all of it'"
    " FROM pg_publication_rel r"
    " JOIN pg_publication p ON p.oid = r.prpubid";

static const char publication_tables[] =
    "SELECT 'publication table',"
        " quote_ident(p.pubname) || ': ' || r.prrelid::regclass::text,"
        " coalesce("
            "nullif(concat_ws(', ',"
                    " 'columns ' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname)"
                        " FROM pg_attribute a"
                        " WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])),"
                    " 'where ' || pg_get_expr(r.prqual, r.prrelid)),"
                " ''),"
            " 'all of it')"
    " FROM pg_publication_rel r"
    " JOIN pg_publication p ON p.oid = r.prpubid";

static const char publication_schemas[] =
    "SELECT 'publication schema',"
        " quote_ident(p.pubname) || ': ' || " NAME_IN("pg_namespace", "nspname", "s.pnnspid") ","
        " 'all tables'"
    " FROM pg_publication_namespace s"
    " JOIN pg_publication p ON p.oid = s.pnpubid";

/* pg_subscription has those of all databases of the cluster. */
#define OF_THIS_DATABASE "s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())"

/* Where the changes are skipped to (subskiplsn) the server takes back by itself. */
static const char subscriptions[] =
    "SELECT 'subscription',"
        " quote_ident(s.subname),"
        " concat_ws(', ',"
            OWNER("s.subowner") ","
            " 'connection ' || " CONNECTION("s.subconninfo") ","
            REST("s", "{oid,subdbid,subname,subowner,subconninfo,subskiplsn}")
        ")"
    " FROM pg_subscription s"
    " WHERE " OF_THIS_DATABASE;

static const char subscriptions_without[] =
    "SELECT 'subscription',"
        " quote_ident(s.subname),"
        " concat_ws(', ',"
            OWNER("s.subowner") ","
            " 'connection and options not readable',"
            " 'enabled ' || s.subenabled,"
            " 'slot ' || s.subslotname,"
            " 'publications ' || array_to_string(s.subpublications, ', '))"
    " FROM pg_subscription s"
    " WHERE " OF_THIS_DATABASE;

/* Who is no superuser may read the names and oids of all subscriptions here only. */
#define SUBSCRIPTIONS "(SELECT DISTINCT subid, subname FROM pg_stat_subscription)"

static const char subscription_tables[] =
    "SELECT 'subscription table',"
        " quote_ident(s.subname) || ': ' || r.srrelid::regclass::text,"
        " 'subscribed'"
    " FROM pg_subscription_rel r"
    " JOIN " SUBSCRIPTIONS " s ON s.subid = r.srsubid";

/* ---- of the cluster ---- */

/* A temporary one goes with its session. two_phase comes with 14 and failover with 17: both are read as JSON. */
static const char slots[] =
    "SELECT 'slot',"
        " quote_ident(s.slot_name),"
        " concat_ws(', ',"
            " s.slot_type,"
            " 'plugin ' || s.plugin,"
            " 'database ' || quote_ident(s.database),"
            " CASE to_jsonb(s) ->> 'two_phase' WHEN 'true' THEN 'two-phase' END,"
            " CASE to_jsonb(s) ->> 'failover' WHEN 'true' THEN 'failover' END)"
    " FROM pg_replication_slots s"
    " WHERE NOT s.temporary";

/* Those of subscriptions have oids for names, and those of their workers come and go. */
static const char origins[] =
    "SELECT 'replication origin',"
        " coalesce('of subscription ' || quote_ident(s.subname), quote_ident(o.roname)),"
        " 'exists'"
    " FROM pg_replication_origin o"
    " LEFT JOIN " SUBSCRIPTIONS " s ON o.roname ~ ('^pg_' || s.subid || '(_|$)')"
    " WHERE s.subid IS NULL"
        " OR o.roname = 'pg_' || s.subid";

static const char prepared[] =
    "SELECT 'prepared transaction',"
        " quote_literal(p.gid),"
        " concat_ws(', ', 'owner ' || quote_ident(p.owner), 'database ' || quote_ident(p.database))"
    " FROM pg_prepared_xacts p";

#define ROLES(from, password) \
    "SELECT 'role'," \
        " quote_ident(r.rolname)," \
        " concat_ws(', '," \
            WHEN("r.rolsuper", "'superuser'") "," \
            WHEN("r.rolcanlogin", "'login'") "," \
            WHEN("r.rolcreaterole", "'creates roles'") "," \
            WHEN("r.rolcreatedb", "'creates databases'") "," \
            WHEN("NOT r.rolinherit", "'does not inherit'") "," \
            WHEN("r.rolreplication", "'replication'") "," \
            WHEN("r.rolbypassrls", "'bypasses row level security'") "," \
            " 'connections ' || nullif(r.rolconnlimit, -1)," \
            " 'valid until ' || r.rolvaliduntil," \
            " " password \
        ")" \
    " FROM " from " r" \
    " WHERE r.rolname !~ '^pg_'"

static const char roles[] =
    ROLES("pg_authid", "CASE WHEN r.rolpassword IS NULL THEN 'no password' ELSE 'a password' END");
static const char roles_without[] =
    ROLES("pg_roles", "'password not readable'");

/* From 16 on each grantor of a membership has a row. */
static const char memberships[] =
    "SELECT 'membership',"
        ROLE("m.member") " || ' in ' || " ROLE("m.roleid") ","
        " string_agg("
            "concat_ws(', ', 'by ' || " ROLE("m.grantor") ", " REST("m", "{oid,roleid,member,grantor}") "),"
            " '; ' ORDER BY pg_get_userbyid(m.grantor) COLLATE \"C\")"
    " FROM pg_auth_members m"
    " GROUP BY m.member, m.roleid";

/* Without what the server moves by itself (datfrozenxid, datminmxid); rights are a topic of their own. */
static const char databases[] =
    "SELECT 'database',"
        " quote_ident(d.datname),"
        " concat_ws(', ',"
            OWNER("d.datdba") ","
            " 'encoding ' || pg_encoding_to_char(d.encoding),"
            " 'tablespace ' || " NAME_IN("pg_tablespace", "spcname", "d.dattablespace") ","
            REST("d", "{oid,datname,datdba,encoding,dattablespace,datlastsysoid,datfrozenxid,datminmxid,datacl}")
        ")"
    " FROM pg_database d";

/* The two that every cluster has are at ''. */
static const char tablespaces[] =
    "SELECT 'tablespace',"
        " quote_ident(t.spcname),"
        " concat_ws(', ',"
            OWNER("t.spcowner") ","
            " 'location ' || nullif(pg_tablespace_location(t.oid), ''),"
            OPTIONS("with", "t.spcoptions")
        ")"
    " FROM pg_tablespace t";

/* ---- settings ---- */

/* A setting's value without what is secret: passwords of connections, and a product's own secrets. */
#define VALUE(name, value) \
    "CASE" \
        " WHEN " name " = 'primary_conninfo' THEN " CONNECTION(value) \
        " WHEN " name " ~* '[.].*(secret|pass|token|key)' THEN '***'" \
        " ELSE " value \
    " END"

/* Role 0 is every role, database 0 every database. */
static const char settings_of_roles[] =
    "SELECT 'setting',"
        " g.name || concat("
            "' of role ' || " ROLE("nullif(s.setrole, 0)") ","
            " ' in database ' || quote_ident(d.datname)),"
        VALUE("g.name", "g.value")
    " FROM pg_db_role_setting s"
    " LEFT JOIN pg_database d ON d.oid = s.setdatabase"
    " CROSS JOIN LATERAL (SELECT split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value"
        " FROM unnest(s.setconfig) c) g"
    " WHERE s.setdatabase = 0"
        " OR d.oid IS NOT NULL";

/* As new sessions get them. What this session set for itself hides where the server's own value comes from. */
static const char settings_running[] =
    "SELECT 'setting',"
        " s.name || ' as it runs',"
        " concat(" VALUE("s.name", "s.reset_val") ", ' ' || s.unit)"
    " FROM pg_settings s"
    " WHERE s.source IN ('configuration file', 'command line', 'environment variable', 'session')";

/* Of several lines for a setting the last one holds. */
static const char settings_in_files[] =
    "SELECT DISTINCT ON (f.name) 'setting',"
        " f.name || ' in a file',"
        " concat_ws(', ', " VALUE("f.name", "f.setting") ", 'in ' || regexp_replace(f.sourcefile, '^.*/', ''))"
    " FROM pg_show_all_file_settings() f"
    " WHERE f.name IS NOT NULL"
    " ORDER BY f.name, f.seqno DESC";

static const char settings_in_files_without[] =
    "SELECT 'setting',"
        " 'in files',"
        " 'not readable'";

/* Their names are numbers that the server gives out. */
static const char large_objects[] =
    "SELECT 'large objects',"
        OWNER("l.lomowner") ","
        " concat_ws(', ',"
            " count(*),"
            " 'rights ' || string_agg(DISTINCT l.lomacl::text, ' ' ORDER BY l.lomacl::text))"
    " FROM pg_largeobject_metadata l"
    " GROUP BY l.lomowner";
/* clang-format on */

const struct topic cluster_topics[] = {
    { .sql = extensions },
    { .sql = event_triggers },
    { .sql = wrappers },
    { .sql = servers },
    { .sql = mappings },
    { .sql = publications },
    { .sql = publication_tables_12, .until = 15 },
    { .sql = publication_tables, .from = 15 },
    { .sql = publication_schemas, .from = 15 },
    { .sql = subscriptions, .right = RIGHT_CONNECTIONS, .without = subscriptions_without },
    { .sql = subscription_tables },
    { .sql = slots },
    { .sql = origins },
    { .sql = prepared },
    { .sql = roles, .right = RIGHT_PASSWORDS, .without = roles_without },
    { .sql = memberships },
    { .sql = databases },
    { .sql = tablespaces },
    { .sql = settings_of_roles },
    { .sql = settings_running },
    { .sql = settings_in_files, .right = RIGHT_FILES, .without = settings_in_files_without },
    { .sql = large_objects },
};
const size_t cluster_topic_count = ARRAY_LEN(cluster_topics);
