/*
 * Old transactions: what keeps locks, old rows and CONCURRENTLY waiting. Oldest first; prepared ones (pid 0,
 * which no disconnect ends) among them.
 */
#include <stdlib.h>

#include "monitor/kind.h"

enum column {
    SEES,
    ROLE,
    PID,
    WHO,
    STATE,
    AGE,
    STATE_AGE,
    XMIN_AGE,
    QUERY,
    BACKEND_START,
    OURS,
    OLDEST,
    IDLE,
    PREPARED,
    OLDEST_XMIN,
    TOTAL
};

static void question(const struct monitor *monitor, struct buf *sql)
{
    buf_text(sql, "WITH old AS ("
                  "SELECT a.pid, " SQL_WHO " AS who, " SQL_STATE
                  " AS state, " SQL_AGE("a.xact_start") " AS age, " SQL_AGE(
                      "a.state_change") " AS state_age, age(a.backend_xmin) AS xmin_age, " SQL_QUERY
                                        " AS query, " SQL_BACKEND_START " AS started, ");
    sql_ours(sql, monitor);
    buf_text(sql, " AS ours, starts_with(a.state, 'idle in transaction') AS idle"
                  " FROM pg_stat_activity a"
                  " WHERE a.xact_start IS NOT NULL AND a.backend_type IN ('client backend', 'walsender')"
                  " AND a.pid <> pg_backend_pid() AND NOT ");
    sql_monitors(sql, monitor);
    buf_text(
        sql,
        " UNION ALL "
        "SELECT 0, 'prepared ' || quote_literal(p.gid) || ', ' || p.owner, 'prepared', " SQL_AGE(
            "p.prepared") ", NULL, age(p.transaction), '', NULL, false, false FROM pg_prepared_xacts p), "
                          /* what holds back the removal of old rows, also without a transaction of this
                             server's */
                          "xmins AS (SELECT age(backend_xmin) AS x FROM pg_stat_activity WHERE "
                          "backend_xmin IS NOT NULL"
                          " AND pid <> pg_backend_pid()"
                          " UNION ALL SELECT age(backend_xid) FROM pg_stat_activity WHERE backend_xid "
                          "IS NOT NULL"
                          " UNION ALL SELECT age(transaction) FROM pg_prepared_xacts"
                          " UNION ALL SELECT age(xmin) FROM pg_replication_slots WHERE xmin IS NOT NULL"
                          " UNION ALL SELECT age(catalog_xmin) FROM pg_replication_slots WHERE "
                          "catalog_xmin IS NOT NULL) "
                          "SELECT " SQL_SEES ", o.pid, o.who, o.state, o.age, o.state_age, o.xmin_age, "
                          "o.query, o.started, o.ours,"
                          " coalesce((SELECT max(age) FROM old), 0) / 1000000.0,"
                          " (SELECT count(*) FROM old WHERE idle),"
                          " (SELECT count(*) FROM pg_prepared_xacts),"
                          " coalesce((SELECT max(x) FROM xmins), 0),"
                          " (SELECT count(*) FROM old)"
                          " FROM (SELECT) one LEFT JOIN (SELECT * FROM old ORDER BY age DESC LIMIT 64) "
                          "o ON true"
                          " ORDER BY o.age DESC");
}

static void add_row(struct draft *draft, const struct answer *answer, size_t at)
{
    struct sample_row *row = draft_row(draft, 0, answer_true(answer, at, OURS));
    if (row == NULL)
        return;
    draft_cell(draft, row, TX_PID, answer->cell(answer, at, PID));
    draft_cell(draft, row, TX_WHO, answer->cell(answer, at, WHO));
    draft_cell(draft, row, TX_STATE, answer->cell(answer, at, STATE));
    draft_cell_age(draft, row, TX_AGE, answer->cell(answer, at, AGE));
    draft_cell_age(draft, row, TX_STATE_AGE, answer->cell(answer, at, STATE_AGE));
    draft_cell(draft, row, TX_XMIN_AGE, answer->cell(answer, at, XMIN_AGE));
    draft_cell(draft, row, TX_QUERY, answer->cell(answer, at, QUERY));
    draft_cell(draft, row, TX_BACKEND_START, answer->cell(answer, at, BACKEND_START));
}

static void read_answer(struct monitor *monitor, const struct answer *answer)
{
    struct draft draft;
    draft_init(&draft, monitor->config->id);
    if (draft_sees(&draft, answer, SEES)) {
        draft_metric_text(&draft, "oldest_seconds", answer->cell(answer, 0, OLDEST));
        draft_metric_text(&draft, "idle_in_transaction", answer->cell(answer, 0, IDLE));
        draft_metric_text(&draft, "prepared", answer->cell(answer, 0, PREPARED));
        draft_metric_text(&draft, "oldest_xmin_age", answer->cell(answer, 0, OLDEST_XMIN));
        for (size_t i = 0; i < answer->row_count; i++) {
            if (answer->cell(answer, i, PID) != NULL)
                add_row(&draft, answer, i);
        }
        draft.sample.rows_left_out =
            (size_t)strtoull(answer->cell(answer, 0, TOTAL), NULL, 10) - draft.sample.row_count;
    }
    monitor_emit(monitor, &draft);
}

static void tick(struct monitor *monitor)
{
    struct buf sql;
    buf_init(&sql, QUESTION_MAX);
    question(monitor, &sql);
    monitor_ask_prepared(monitor, 0, buf_str(&sql), read_answer);
    buf_finish(&sql);
}

const struct monitor_kind monitor_transactions = { .tick = tick };
