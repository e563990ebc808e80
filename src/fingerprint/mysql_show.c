/* What these servers say only by SHOW, whose answers no SELECT can shape. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "driver/mysql.h"
#include "fingerprint/mysql_taking.h"

#define SHOW_TIMEOUT_US (60 * SECOND_US)
#define VALUE_MAX       ((size_t)8 * 1024 * 1024)

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcasecmp(*list, word) == 0)
            return true;
    }
    return false;
}

static bool begins_with_one_of(const char *word, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strncasecmp(*list, word, strlen(*list)) == 0)
            return true;
    }
    return false;
}

/* ---- variables ---- */

/* Where it stands, and what each session has for itself. */
static const char *const moving[] = {
    "gtid_binlog_pos",
    "gtid_binlog_state",
    "gtid_current_pos",
    "gtid_executed",
    "gtid_owned",
    "gtid_purged",
    "gtid_slave_pos",
    "error_count",
    "external_user",
    "identity",
    "insert_id",
    "in_transaction",
    "last_gtid",
    "last_insert_id",
    "proxy_user",
    "pseudo_slave_mode",
    "pseudo_replica_mode",
    "pseudo_thread_id",
    "rand_seed1",
    "rand_seed2",
    "timestamp",
    "warning_count",
    NULL,
};
static const char *const secret[] = { "report_password", "wsrep_sst_auth", "wsrep_provider_options", NULL };

static void read_variables(void *data, const struct answer *answer)
{
    struct mysql_taking *mysql = data;
    for (size_t i = 0; i < answer->row_count; i++) {
        const char *name = taking_cell(answer, i, 0), *value = taking_cell(answer, i, 1);
        if (!is_one_of(name, moving))
            taking_add(mysql->taking, "variable", name,
                       value[0] != '\0' && is_one_of(name, secret) ? "***" : value);
    }
}

/* ---- replication ---- */

/* Of where a replica reads from and what it leaves out, by the old words and by the new; not where it stands.
 */
static const char *const said[] = {
    "Connect_Retry",
    "Using_Gtid",
    "Auto_Position",
    "SQL_Delay",
    "Parallel_Mode",
    "Until_Condition",
    "Network_Namespace",
    "Slave_IO_Running",
    "Slave_SQL_Running",
    "Replica_IO_Running",
    "Replica_SQL_Running",
    "Master_Host",
    "Source_Host",
    "Master_User",
    "Source_User",
    "Master_Port",
    "Source_Port",
    "Master_Bind",
    "Source_Bind",
    "Master_Retry_Count",
    "Source_Retry_Count",
    "Slave_heartbeat_period",
    NULL,
};
static const char *const families[] = {
    "Replicate_", "Master_SSL_",    "Source_SSL_",    "Master_TLS_", "Source_TLS_",
    "Get_",       "Master_public_", "Source_public_", NULL,
};

static const char *cell_named(const struct answer *answer, size_t row, const char *const *names)
{
    for (size_t i = 0; i < answer->column_count; i++) {
        if (is_one_of(answer->column(answer, i), names))
            return taking_cell(answer, row, i);
    }
    return "";
}

static void put_channel(struct buf *buf, const struct answer *answer, size_t row)
{
    for (size_t i = 0; i < answer->column_count; i++) {
        const char *name = answer->column(answer, i), *value = taking_cell(answer, row, i);
        if (value[0] != '\0' && (is_one_of(name, said) || begins_with_one_of(name, families)))
            buf_format(buf, "%s%s %s", buf->len > 0 ? ", " : "", name, value);
    }
}

static void read_channels(void *data, const struct answer *answer)
{
    static const char *const names[] = { "Connection_name", "Channel_Name", NULL };
    struct mysql_taking *mysql = data;
    for (size_t i = 0; i < answer->row_count; i++) {
        const char *name = cell_named(answer, i, names);
        struct buf value;
        buf_init(&value, VALUE_MAX);
        put_channel(&value, answer, i);
        taking_add(mysql->taking, "replication channel", name[0] != '\0' ? name : "of no name",
                   buf_str(&value));
        buf_finish(&value);
    }
}

static void read_log(void *data, const struct answer *answer)
{
    static const char *const does[] = { "Binlog_Do_DB", NULL }, *const ignores[] = { "Binlog_Ignore_DB",
                                                                                     NULL };
    struct mysql_taking *mysql = data;
    for (size_t i = 0; i < answer->row_count; i++) {
        taking_add(mysql->taking, "binary log", "only databases", cell_named(answer, i, does));
        taking_add(mysql->taking, "binary log", "without databases", cell_named(answer, i, ignores));
    }
}

static void read_prepared(void *data, const struct answer *answer)
{
    static const char *const names[] = { "data", NULL };
    struct mysql_taking *mysql = data;
    for (size_t i = 0; i < answer->row_count; i++)
        taking_add(mysql->taking, "prepared transaction", cell_named(answer, i, names), "prepared");
}

static const struct {
    const char *sql;
    asking_read read;
    struct span mysql, mariadb;
} shows[] = {
    { "SHOW GLOBAL VARIABLES", read_variables, { 0, 0 }, { 0, 0 } },
    { "SHOW ALL SLAVES STATUS", read_channels, { FROM_NEVER, 0 }, { 0, 0 } },
    { "SHOW SLAVE STATUS", read_channels, { 0, 80022 }, { FROM_NEVER, 0 } },
    { "SHOW REPLICA STATUS", read_channels, { 80022, 0 }, { FROM_NEVER, 0 } },
    { "SHOW MASTER STATUS", read_log, { 0, 80200 }, { 0, 0 } },
    { "SHOW BINARY LOG STATUS", read_log, { 80200, 0 }, { FROM_NEVER, 0 } },
    { "XA RECOVER", read_prepared, { 0, 50700 }, { 0, 100303 } },
    { "XA RECOVER CONVERT XID", read_prepared, { 50700, 0 }, { FROM_NEVER, 0 } },
    { "XA RECOVER FORMAT='SQL'", read_prepared, { FROM_NEVER, 0 }, { 100303, 0 } },
};

int mysql_take_shown(struct mysql_taking *mysql, struct err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(shows); i++) {
        const struct span *span = mysql->mariadb ? &shows[i].mariadb : &shows[i].mysql;
        if (mysql->version >= span->from && (span->until == 0 || mysql->version < span->until))
            r = asking_ask(&mysql->taking->asking, shows[i].sql, SHOW_TIMEOUT_US, ERR_ENVIRONMENT,
                           shows[i].read, mysql, err);
    }
    return r;
}
