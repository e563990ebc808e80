/* What is there once for a server: schemas, plugins, and who may do what. */
#include "base/err.h"
#include "fingerprint/mysql_taking.h"

/* clang-format off */

#define DATABASES(rest) \
    "SELECT 'database' AS what," \
        " " NAME("s.SCHEMA_NAME") " AS name," \
        " " LIST \
            SAID("charset", "s.DEFAULT_CHARACTER_SET_NAME") "," \
            " " SAID("collation", "s.DEFAULT_COLLATION_NAME") "," \
            " " rest \
        ")" \
    " FROM information_schema.SCHEMATA s" \
    " WHERE s.SCHEMA_NAME NOT IN ('information_schema', 'performance_schema')"

static const char databases[] =
    DATABASES("NULL");
static const char databases_maria_105[] =
    DATABASES(SAID("comment", "s.SCHEMA_COMMENT"));
static const char databases_8016[] =
    DATABASES(WHEN("s.DEFAULT_ENCRYPTION = 'YES'", "'encrypted'"));

static const char plugins[] =
    "SELECT 'plugin' AS what,"
        " CONCAT(LOWER(p.PLUGIN_TYPE), ' ', p.PLUGIN_NAME) AS name,"
        " " LIST
            "LOWER(p.PLUGIN_STATUS),"
            " " SAID("library", "p.PLUGIN_LIBRARY") ","
            " " SAID("load", "p.LOAD_OPTION")
        ")"
    " FROM information_schema.PLUGINS p";

static const char components[] =
    "SELECT 'component' AS what,"
        " c.component_urn AS name,"
        " 'installed'"
    " FROM mysql.component c";

static const char loadable_functions[] =
    "SELECT 'loadable function' AS what,"
        " " NAME("f.name") " AS name,"
        " " LIST "f.type, CONCAT('returns ', f.ret), " SAID("library", "f.dl") ")"
    " FROM mysql.func f";

/* Its password is nobody's business, its options (MariaDB) may hold one. */
static const char servers[] =
    "SELECT 'server' AS what,"
        " " NAME("s.Server_name") " AS name,"
        " " LIST
            SAID("wrapper", "s.Wrapper") ","
            " " SAID("host", "s.Host") ","
            " CONCAT('port ', s.Port),"
            " " SAID("socket", "s.Socket") ","
            " " SAID("database", "s.Db") ","
            " " SAID("user", "s.Username") ","
            " " SAID("owner", "s.Owner") ","
            " IF(s.Password = '', 'no password', 'a password')"
        ")"
    " FROM mysql.servers s";

static const char tablespaces_57[] =
    "SELECT 'tablespace' AS what, t.NAME AS name, " LIST "t.ROW_FORMAT, CONCAT('page ', t.PAGE_SIZE)) "
    " FROM information_schema.INNODB_SYS_TABLESPACES t"
    " WHERE t.SPACE_TYPE = 'General'";
static const char tablespaces_80[] =
    "SELECT 'tablespace' AS what,"
        " t.NAME AS name,"
        " " LIST "t.ROW_FORMAT, CONCAT('page ', t.PAGE_SIZE), " WHEN("t.ENCRYPTION = 'Y'", "'encrypted'") ")"
    " FROM information_schema.INNODB_TABLESPACES t"
    " WHERE t.SPACE_TYPE = 'General' AND t.NAME <> 'mysql'";

static const char persisted[] =
    "SELECT 'persisted variable' AS what,"
        " p.VARIABLE_NAME AS name,"
        " IF(p.VARIABLE_NAME REGEXP 'password$|secret|_token$', '***', p.VARIABLE_VALUE)"
    " FROM performance_schema.persisted_variables p";

/* ---- accounts ---- */

/* That there is a password, not which. */
#define PASSWORD(text)     "IF(COALESCE(" text ", '') = '', 'no password', 'a password')"
#define MORE(word, number) "CONCAT('" word " ', NULLIF(" number ", 0))"

#define USERS(password, rest) \
    "SELECT 'account' AS what," \
        " " ACCOUNT("u.User", "u.Host") " AS name," \
        " " LIST \
            SAID("plugin", "u.plugin") "," \
            " " PASSWORD(password) "," \
            " " SAID("tls", "u.ssl_type") "," \
            " " SAID("cipher", "u.ssl_cipher") "," \
            " " SAID("issuer", "u.x509_issuer") "," \
            " " SAID("subject", "u.x509_subject") "," \
            " " MORE("questions", "u.max_questions") "," \
            " " MORE("updates", "u.max_updates") "," \
            " " MORE("connections", "u.max_connections") "," \
            " " MORE("user connections", "u.max_user_connections") "," \
            " " WHEN("u.password_expired = 'Y'", "'expired'") "," \
            " " rest \
        ")" \
    " FROM mysql.user u"

#define LOCKED \
    WHEN("u.account_locked = 'Y'", "'locked'") "," \
    " CONCAT('lifetime ', u.password_lifetime)"

static const char users_56[] =
    USERS("CONCAT(u.Password, COALESCE(u.authentication_string, ''))", "NULL");
static const char users_57[] =
    USERS("u.authentication_string", LOCKED);
/* A second password stands among the attributes, and what else stands there is no secret. */
static const char users_80[] =
    USERS("u.authentication_string",
        LOCKED ","
        " CONCAT('history ', u.Password_reuse_history),"
        " CONCAT('reuse ', u.Password_reuse_time),"
        " CONCAT('require current ', u.Password_require_current),"
        " " WHEN("JSON_CONTAINS_PATH(u.User_attributes, 'one', '$.additional_password')", "'a second password'") ","
        " NULLIF(CAST(JSON_REMOVE(u.User_attributes, '$.additional_password') AS CHAR), '{}')");
static const char users_maria_102[] =
    USERS("CONCAT(u.Password, COALESCE(u.authentication_string, ''))",
        WHEN("u.is_role = 'Y'", "'role'") ","
        " " SAID("default role", "u.default_role") ","
        " " MORE("statement time", "u.max_statement_time"));

/* What is known of the object by its name; what else it has stands there as it is. */
#define ITEM(word, key) SAID(word, "JSON_VALUE(g.Priv, '$." key "')")
#define COUNTED(word, key) MORE(word, "JSON_VALUE(g.Priv, '$." key "')")
static const char accounts_maria_104[] =
    "SELECT 'account' AS what,"
        " " ACCOUNT("g.User", "g.Host") " AS name,"
        " " LIST
            WHEN("JSON_VALUE(g.Priv, '$.is_role')", "'role'") ","
            " " ITEM("plugin", "plugin") ","
            " CONCAT('or ', JSON_EXTRACT(g.Priv, '$.auth_or[*].plugin')),"
            " " PASSWORD("JSON_VALUE(g.Priv, '$.authentication_string')") ","
            " " ITEM("default role", "default_role") ","
            " " COUNTED("tls", "ssl_type") ","
            " " ITEM("cipher", "ssl_cipher") ","
            " " ITEM("issuer", "x509_issuer") ","
            " " ITEM("subject", "x509_subject") ","
            " " COUNTED("questions", "max_questions") ","
            " " COUNTED("updates", "max_updates") ","
            " " COUNTED("connections", "max_connections") ","
            " " COUNTED("user connections", "max_user_connections") ","
            " " COUNTED("statement time", "max_statement_time") ","
            " " WHEN("JSON_VALUE(g.Priv, '$.account_locked')", "'locked'") ","
            " " WHEN("JSON_VALUE(g.Priv, '$.password_last_changed') = 0", "'expired'") ","
            " CONCAT('lifetime ', NULLIF(JSON_VALUE(g.Priv, '$.password_lifetime'), -1)),"
            " NULLIF(JSON_COMPACT(JSON_REMOVE(g.Priv, '$.access', '$.version_id', '$.is_role', '$.plugin',"
                " '$.auth_or', '$.authentication_string', '$.default_role', '$.ssl_type', '$.ssl_cipher',"
                " '$.x509_issuer', '$.x509_subject', '$.max_questions', '$.max_updates', '$.max_connections',"
                " '$.max_user_connections', '$.max_statement_time', '$.account_locked',"
                " '$.password_last_changed', '$.password_lifetime')), '{}')"
        ")"
    " FROM mysql.global_priv g";

/* ---- privileges ---- */

#define PRIVILEGES(view, on) \
    "SELECT 'privilege' AS what," \
        " CONCAT('on ', " on ", ' to ', p.GRANTEE) AS name," \
        " GROUP_CONCAT(CONCAT(p.PRIVILEGE_TYPE, IF(p.IS_GRANTABLE = 'YES', ' with grant option', ''))" \
            " ORDER BY p.PRIVILEGE_TYPE SEPARATOR ', ')" \
    " FROM information_schema." view " p" \
    " GROUP BY 1, 2"

/* A schema's name is a pattern here. */
static const char global_privileges[] =
    PRIVILEGES("USER_PRIVILEGES", "'*.*'");
static const char schema_privileges[] =
    PRIVILEGES("SCHEMA_PRIVILEGES", "CONCAT(" NAME("p.TABLE_SCHEMA") ", '.*')");
static const char table_privileges[] =
    PRIVILEGES("TABLE_PRIVILEGES", IN_SCHEMA("p.TABLE_SCHEMA", "p.TABLE_NAME"));
static const char column_privileges[] =
    PRIVILEGES("COLUMN_PRIVILEGES", IN_TABLE("p.TABLE_SCHEMA", "p.TABLE_NAME", "p.COLUMN_NAME"));

static const char routine_privileges[] =
    "SELECT 'privilege' AS what,"
        " CONCAT('on ', LOWER(p.Routine_type), ' ', " IN_SCHEMA("p.Db", "p.Routine_name") ","
            " ' to ', " ACCOUNT("p.User", "p.Host") ") AS name,"
        " p.Proc_priv"
    " FROM mysql.procs_priv p";

static const char proxies[] =
    "SELECT 'privilege' AS what,"
        " CONCAT('proxy ', " ACCOUNT("p.Proxied_user", "p.Proxied_host") ","
            " ' to ', " ACCOUNT("p.User", "p.Host") ") AS name,"
        " IF(p.With_grant, 'PROXY with grant option', 'PROXY')"
    " FROM mysql.proxies_priv p";

static const char members_maria[] =
    "SELECT 'membership' AS what,"
        " CONCAT(" ACCOUNT("m.User", "m.Host") ", ' in ', QUOTE(m.Role)) AS name,"
        " IF(m.Admin_option = 'Y', 'with admin option', 'member')"
    " FROM mysql.roles_mapping m";

static const char members_80[] =
    "SELECT 'membership' AS what,"
        " CONCAT(" ACCOUNT("m.TO_USER", "m.TO_HOST") ", ' in ', " ACCOUNT("m.FROM_USER", "m.FROM_HOST") ") AS name,"
        " IF(m.WITH_ADMIN_OPTION = 'Y', 'with admin option', 'member')"
    " FROM mysql.role_edges m";

static const char default_roles[] =
    "SELECT 'default role' AS what,"
        " CONCAT(" ACCOUNT("d.DEFAULT_ROLE_USER", "d.DEFAULT_ROLE_HOST") ","
            " ' of ', " ACCOUNT("d.USER", "d.HOST") ") AS name,"
        " 'set'"
    " FROM mysql.default_roles d";
/* clang-format on */

const struct mysql_topic mysql_server_topics[] = {
    { .sql = databases, .mysql = { 0, 80016 }, .mariadb = { 0, 100500 } },
    { .sql = databases_8016, .mysql = { 80016 }, .mariadb = { FROM_NEVER } },
    { .sql = databases_maria_105, .mysql = { FROM_NEVER }, .mariadb = { 100500 } },
    { .sql = plugins },
    { .sql = components, .mysql = { 80000 }, .mariadb = { FROM_NEVER } },
    { .sql = loadable_functions },
    { .sql = servers },
    { .sql = tablespaces_57, .mysql = { 50700, 80000 }, .mariadb = { FROM_NEVER } },
    { .sql = tablespaces_80, .mysql = { 80000 }, .mariadb = { FROM_NEVER } },
    { .sql = persisted, .mysql = { 80000 }, .mariadb = { FROM_NEVER } },
    { .sql = users_56, .mysql = { 0, 50700 }, .mariadb = { FROM_NEVER } },
    { .sql = users_57, .mysql = { 50700, 80014 }, .mariadb = { FROM_NEVER } },
    { .sql = users_80, .mysql = { 80014 }, .mariadb = { FROM_NEVER } },
    { .sql = users_maria_102, .mysql = { FROM_NEVER }, .mariadb = { 0, 100400 } },
    { .sql = accounts_maria_104, .mysql = { FROM_NEVER }, .mariadb = { 100400 } },
    { .sql = global_privileges },
    { .sql = schema_privileges },
    { .sql = table_privileges },
    { .sql = column_privileges },
    { .sql = routine_privileges },
    { .sql = proxies },
    { .sql = members_maria, .mysql = { FROM_NEVER } },
    { .sql = members_80, .mysql = { 80000 }, .mariadb = { FROM_NEVER } },
    { .sql = default_roles, .mysql = { 80000 }, .mariadb = { FROM_NEVER } },
};
const size_t mysql_server_topic_count = ARRAY_LEN(mysql_server_topics);
