/*
 * Lag: what is MySQL's and MariaDB's own. Seconds_Behind is 0 on a replica whose link is cut, and NULL on one
 * that stands still: it is shown, and nothing follows from it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "driver/mysql.h"
#include "monitor/gtid.h"
#include "monitor/lag_state.h"
#include "monitor/mysql.h"
#include "monitor/replica_status.h"

static const struct mysql_text primary_texts[] = {
    { MYSQL_FLAVOUR, 0, "SELECT @@gtid_executed" },
    { MARIADB_FLAVOUR, 0, "SELECT @@gtid_binlog_pos" },
};

/* MySQL 8.4 has no other form than the new one. MariaDB's for all sources is the one that has the position of
 * what was applied. */
static const struct mysql_text replica_texts[] = {
    { MYSQL_FLAVOUR, 0, "SHOW SLAVE STATUS" },
    { MYSQL_FLAVOUR, 80022, "SHOW REPLICA STATUS" },
    { MARIADB_FLAVOUR, 0, "SHOW ALL SLAVES STATUS" },
};

static const char *primary_question(const struct lag *lag)
{
    return mysql_text_for(primary_texts, ARRAY_LEN(primary_texts), lag->primary);
}

static const char *replica_question(const struct lag *lag)
{
    return mysql_text_for(replica_texts, ARRAY_LEN(replica_texts), lag->monitor->session);
}

/* One statement a question. That the table has InnoDB is for its row alone to be locked. */
static void make_text(const struct lag *lag, int step, struct buf *sql)
{
    const char *table = buf_str(&lag->table);
    if (step == 0)
        buf_format(sql,
                   "CREATE TABLE IF NOT EXISTS %s (id int NOT NULL PRIMARY KEY, seq bigint NOT NULL)"
                   " ENGINE = InnoDB",
                   table);
    else if (step == 1)
        buf_format(sql,
                   "INSERT INTO %s (id, seq) VALUES (%" PRId32 ", %" PRId64 ")"
                   " ON DUPLICATE KEY UPDATE seq = greatest(seq + 1, VALUES(seq))",
                   table, lag->row_id, lag->seq + 1);
    else
        buf_format(sql, "SELECT seq FROM %s WHERE id = %" PRId32, table, lag->row_id);
}

/* ---- what the replica says of itself ---- */

struct status {
    const char *const *names, *const *cells;
    size_t count;
};

static struct status status_of(const struct lag_view *view, size_t row)
{
    return (struct status){ view->names, view->cells + row * view->column_count, view->column_count };
}

static const char *field(const struct status *status, enum replica_field which)
{
    const char *cell = replica_field(status->names, status->cells, status->count, which);
    return cell != NULL ? cell : "";
}

static void add_row(struct draft *draft, const struct lag *lag, size_t at)
{
    struct status status = status_of(&lag->on_replica, at);
    struct sample_row *row = draft_row(draft, 0, lag->on_replica.row_count == 1);
    const char *channel = field(&status, REPLICA_CHANNEL);
    struct buf state;
    int64_t bytes;
    if (row == NULL)
        return;
    buf_init(&state, QUESTION_MAX);
    replica_state(status.names, status.cells, status.count, &state);
    draft_cell(draft, row, LAG_NAME,
               arena_format(draft->arena, "%s%sfrom %s:%s", channel, channel[0] != '\0' ? " " : "",
                            field(&status, REPLICA_HOST), field(&status, REPLICA_PORT)));
    draft_cell(draft, row, LAG_KIND, "binlog");
    draft_cell(draft, row, LAG_STATE, buf_str(&state));
    buf_finish(&state);
    if (replica_bytes_waiting(status.names, status.cells, status.count, &bytes))
        draft_cell_size(draft, row, LAG_REPLAY, arena_format(draft->arena, "%" PRId64, bytes));
    static const enum replica_field errors[] = { REPLICA_IO_ERROR, REPLICA_SQL_ERROR };
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        if (field(&status, errors[i])[0] != '\0')
            draft_remark(draft, "the replica says: %s", field(&status, errors[i]));
    }
}

/* With several sources nobody can tell from whom each of the replica's transactions came, but all of the
 * primary's have to be among them. */
static bool transactions_behind(const struct lag *lag, int64_t *ret)
{
    if (!lag->on_primary.known || !lag->on_replica.known)
        return false;
    struct status status = status_of(&lag->on_replica, 0);
    const char *applied = replica_field(status.names, status.cells, status.count, REPLICA_GTID);
    const char *written = lag_cell_of(&lag->on_primary, 0, 0);
    /* Without GTIDs both are empty, whatever was written. */
    if (applied == NULL || written == NULL || (applied[0] == '\0' && written[0] == '\0'))
        return false;
    return mysql_is_mariadb(lag->monitor->session) ? gtid_behind_mariadb(written, applied, ret)
                                                   : gtid_behind_mysql(written, applied, ret);
}

static void add(struct draft *draft, const struct lag *lag)
{
    const struct lag_view *replica = &lag->on_replica;
    int64_t behind;
    if (transactions_behind(lag, &behind))
        draft_metric(draft, "transactions", (double)behind);
    else
        draft_metric_unknown(draft, "transactions");
    draft_metric_unknown(draft, "bytes");
    draft_metric_unknown(draft, "reply_seconds");
    for (size_t i = 0; replica->known && i < replica->row_count; i++)
        add_row(draft, lag, i);
    if (!replica->known && replica->trouble != NULL)
        draft_remark(draft, "of the replica's state nothing is known: %s",
                     replica->trouble[0] != '\0' ? replica->trouble : "it follows nobody");
}

const struct lag_dialect lag_mysql = {
    .distance = "transactions",
    .no_table = "1146", /* ER_NO_SUCH_TABLE */
    .make_steps = 3,
    .make_text = make_text,
    .primary_question = primary_question,
    .replica_question = replica_question,
    .add = add,
};
