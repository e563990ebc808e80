/* Lag: what is PostgreSQL's own. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "monitor/lag_state.h"

enum lag_primary_column {
    P_SEES,
    P_ROLE,
    P_LSN,
    P_NAME,
    P_KIND,
    P_STATE,
    P_SENT,
    P_REPLAY,
    P_REPLY,
    P_RETAINED,
    P_SLOT,
    P_APPLICATION
};
enum lag_replica_column { R_RECOVERY, R_PAUSED, R_LSN, R_SLOT, R_CLUSTER };

/* The time of a reply is by the replica's clock, which can be ahead. */
#define REPLY_AGE "CASE WHEN r.reply_time IS NOT NULL THEN greatest(0, " SQL_AGE("r.reply_time") ") END"

static const char primary_sql[] =
    "SELECT " SQL_SEES ", now.lsn::text, r.* FROM (SELECT CASE WHEN pg_is_in_recovery()"
    " THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS lsn) now LEFT JOIN LATERAL ("
    "SELECT coalesce(nullif(r.application_name, ''), 'replica') || coalesce('@' || host(r.client_addr), '') "
    "AS name,"
    " coalesce(s.slot_type, 'physical'), r.state, pg_wal_lsn_diff(now.lsn, r.sent_lsn)::bigint,"
    " pg_wal_lsn_diff(now.lsn, r.replay_lsn)::bigint, " REPLY_AGE
    ", pg_wal_lsn_diff(now.lsn, s.restart_lsn)::bigint, s.slot_name::text, r.application_name"
    " FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid"
    " UNION ALL "
    "SELECT s.slot_name::text, 'slot', s.slot_type || ', inactive', NULL,"
    " pg_wal_lsn_diff(now.lsn, s.confirmed_flush_lsn)::bigint, NULL,"
    " pg_wal_lsn_diff(now.lsn, s.restart_lsn)::bigint, s.slot_name::text, NULL"
    " FROM pg_replication_slots s WHERE NOT s.active) r ON true";

static const char replica_sql[] =
    "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END,"
    " CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END::text,"
    " (SELECT slot_name FROM pg_stat_wal_receiver), current_setting('cluster_name')";

static const char *primary_question(const struct lag *lag)
{
    (void)lag;
    return primary_sql;
}

static const char *replica_question(const struct lag *lag)
{
    (void)lag;
    return replica_sql;
}

/* The beats must not wait for a synchronous standby, whose lag they are to tell. A low fillfactor leaves room
 * on the page for the row's next versions. */
static void make_text(const struct lag *lag, int step, struct buf *sql)
{
    const char *table = buf_str(&lag->table);
    (void)step;
    buf_format(
        sql,
        "SET synchronous_commit = local; CREATE TABLE IF NOT EXISTS %s (id integer PRIMARY KEY, seq bigint"
        " NOT NULL) WITH (fillfactor = 10); INSERT INTO %s AS h VALUES (%" PRId32 ", %" PRId64 ")"
        " ON CONFLICT (id) DO UPDATE SET seq = greatest(h.seq + 1, excluded.seq) RETURNING seq",
        table, table, lag->row_id, lag->seq + 1);
}

/* "16/B374D848" as a number; false for NULL. */
static bool lsn_of(const char *text, uint64_t *ret)
{
    char *slash;
    if (text == NULL)
        return false;
    uint64_t high = strtoull(text, &slash, 16);
    *ret = high << 32 | (*slash == '/' ? strtoull(slash + 1, NULL, 16) : 0);
    return *slash == '/';
}

/* From the end of the primary's log to what the replica has replayed. */
static bool bytes_behind(const struct lag *lag, double *ret)
{
    uint64_t end, replayed;
    if (!lag->on_primary.known || !lag->on_replica.known || lag->on_primary.row_count == 0 ||
        !lsn_of(lag_cell_of(&lag->on_primary, 0, P_LSN), &end) ||
        !lsn_of(lag_cell_of(&lag->on_replica, 0, R_LSN), &replayed))
        return false;
    *ret = end > replayed ? (double)(end - replayed) : 0; /* the two were not asked at the same instant */
    return true;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && a[0] != '\0' && text_equal(a, b);
}

/* The row of pg_stat_replication that is our replica: by its slot, by its name, or as the only one. */
static size_t our_row(const struct lag *lag)
{
    const struct lag_view *rows = &lag->on_primary, *replica = &lag->on_replica;
    size_t only = SIZE_MAX, physical = 0;
    if (!rows->known || !replica->known || rows->row_count == 0)
        return SIZE_MAX;
    for (size_t i = 0; i < rows->row_count; i++) {
        if (same(lag_cell_of(rows, i, P_APPLICATION), lag_cell_of(replica, 0, R_CLUSTER)) ||
            (same(lag_cell_of(rows, i, P_SLOT), lag_cell_of(replica, 0, R_SLOT)) &&
             lag_cell_of(rows, i, P_APPLICATION) != NULL))
            return i;
        if (same(lag_cell_of(rows, i, P_KIND), "physical")) {
            only = i;
            physical++;
        }
    }
    return physical == 1 ? only : SIZE_MAX;
}

static bool is_paused(const struct lag *lag)
{
    return lag->on_replica.known && same(lag_cell_of(&lag->on_replica, 0, R_PAUSED), "t");
}

static void add_row(struct draft *draft, const struct lag *lag, size_t at, bool is_our_replica)
{
    const struct lag_view *view = &lag->on_primary;
    struct sample_row *row = draft_row(draft, 0, is_our_replica);
    if (row == NULL)
        return;
    bool paused = is_our_replica && is_paused(lag);
    draft_cell(draft, row, LAG_NAME, lag_cell_of(view, at, P_NAME));
    draft_cell(draft, row, LAG_KIND, lag_cell_of(view, at, P_KIND));
    draft_cell(draft, row, LAG_STATE, paused ? "paused" : lag_cell_of(view, at, P_STATE));
    draft_cell_size(draft, row, LAG_SENT, lag_cell_of(view, at, P_SENT));
    draft_cell_size(draft, row, LAG_REPLAY, lag_cell_of(view, at, P_REPLAY));
    draft_cell_age(draft, row, LAG_REPLY, lag_cell_of(view, at, P_REPLY));
    draft_cell_size(draft, row, LAG_RETAINED, lag_cell_of(view, at, P_RETAINED));
}

/* The replica, when its primary does not know it. */
static void add_lonely_row(struct draft *draft, const struct lag *lag)
{
    struct sample_row *row = draft_row(draft, 0, true);
    if (row == NULL)
        return;
    bool physical = same(lag_cell_of(&lag->on_replica, 0, R_RECOVERY), "t");
    draft_cell(draft, row, LAG_NAME, lag->monitor->config->id);
    draft_cell(draft, row, LAG_KIND, physical ? "physical" : "logical");
    draft_cell(draft, row, LAG_STATE, is_paused(lag) ? "paused" : physical ? "not connected" : "");
}

static void add_rows(struct draft *draft, const struct lag *lag, size_t ours)
{
    const struct lag_view *view = &lag->on_primary;
    if (lag->on_replica.known && ours == SIZE_MAX)
        add_lonely_row(draft, lag);
    for (size_t i = 0; view->known && i < view->row_count; i++) {
        if (lag_cell_of(view, i, P_NAME) != NULL)
            add_row(draft, lag, i, i == ours);
    }
    if (view->known && view->row_count > 0 && !same(lag_cell_of(view, 0, P_SEES), "t"))
        draft_remark(draft, "the rows are blind: role %s needs pg_monitor", lag_cell_of(view, 0, P_ROLE));
}

static void add(struct draft *draft, const struct lag *lag)
{
    double bytes;
    size_t ours = our_row(lag);
    if (bytes_behind(lag, &bytes))
        draft_metric(draft, "bytes", bytes);
    else
        draft_metric_unknown(draft, "bytes");
    const char *reply = ours == SIZE_MAX ? NULL : lag_cell_of(&lag->on_primary, ours, P_REPLY);
    if (reply != NULL)
        draft_metric(draft, "reply_seconds", (double)strtoll(reply, NULL, 10) / 1e6);
    else
        draft_metric_unknown(draft, "reply_seconds");
    add_rows(draft, lag, ours);
}

const struct lag_dialect lag_postgresql = {
    .distance = "bytes",
    .no_table = "42P01", /* undefined_table */
    .make_steps = 1,
    .make_text = make_text,
    .primary_question = primary_question,
    .replica_question = replica_question,
    .add = add,
};
