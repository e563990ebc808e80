/*
 * Progress of long commands, from the pg_stat_progress_* views. The percentage is that of the phase, and
 * starts again with the next one. ALTER TABLE has no view: it reports nothing.
 */
#include <stdlib.h>

#include "monitor/kind.h"

enum column { SEES, ROLE, PID, WHAT, OBJECT, PHASE, PERCENT, BLOCKER, OURS };

#define SQL_PERCENT(done, total) "100.0 * " done " / nullif(" total ", 0)"

/* Each gives pid, datid, relid, what, phase, percent, blocker; p is the view. See "Progress Reporting" in the
 * manual. */
static const struct versioned views[] = {
    { 90600, "SELECT pid, datid, relid, 'VACUUM' AS what, phase, " SQL_PERCENT(
                 "CASE WHEN phase LIKE 'vacuum%' THEN heap_blks_vacuumed ELSE heap_blks_scanned END",
                 "heap_blks_total") " AS percent, NULL::int AS blocker FROM pg_stat_progress_vacuum" },
    { 120000,
      "SELECT pid, datid, relid, command, phase, coalesce(" SQL_PERCENT(
          "blocks_done",
          "blocks_total") ", " SQL_PERCENT("tuples_done",
                                           "tuples_total") ", " SQL_PERCENT("lockers_done",
                                                                            "lockers_total") "), "
                                                                                             "nullif(current_"
                                                                                             "locker_pid, 0)"
                                                                                             " FROM "
                                                                                             "pg_stat_"
                                                                                             "progress_"
                                                                                             "create_index" },
    { 120000, "SELECT pid, datid, relid, command, phase, " SQL_PERCENT(
                  "heap_blks_scanned", "heap_blks_total") ", NULL FROM pg_stat_progress_cluster" },
    { 130000, "SELECT pid, datid, relid, 'ANALYZE', phase, " SQL_PERCENT(
                  "sample_blks_scanned", "sample_blks_total") ", NULL FROM pg_stat_progress_analyze" },
    { 130000, "SELECT pid, NULL, NULL, 'BASE BACKUP', phase, " SQL_PERCENT(
                  "backup_streamed", "backup_total") ", NULL FROM pg_stat_progress_basebackup" },
    { 140000, "SELECT pid, datid, nullif(relid, 0), command, type, " SQL_PERCENT(
                  "bytes_processed", "bytes_total") ", NULL FROM pg_stat_progress_copy" },
};

static void question(const struct monitor *monitor, struct buf *sql)
{
    int version = session_server_version(monitor->session);
    buf_text(sql, "WITH p AS (");
    for (size_t i = 0; i < ARRAY_LEN(views) && views[i].version <= version; i++)
        buf_format(sql, "%s%s", i > 0 ? " UNION ALL " : "", views[i].text);
    buf_text(sql, "), seen AS (SELECT p.*, ");
    sql_ours(sql, monitor);
    buf_text(
        sql,
        " AS ours, CASE WHEN d.datname = current_database()"
        " THEN (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = p.relid)"
        " ELSE quote_ident(d.datname) || ' ' || p.relid END AS object"
        " FROM p LEFT JOIN pg_stat_activity a ON a.pid = p.pid LEFT JOIN pg_database d ON d.oid = p.datid)"
        "SELECT " SQL_SEES ", s.pid, s.what, s.object, s.phase,"
        " CASE WHEN s.percent IS NOT NULL THEN round(least(greatest(s.percent, 0), 100), 1) END,"
        " 'pid ' || a.pid || ' (' || " SQL_WHO " || ', ' || coalesce(" SQL_STATE ", '') || ')', s.ours"
        " FROM (SELECT) one LEFT JOIN seen s ON true LEFT JOIN pg_stat_activity a ON a.pid = s.blocker"
        " ORDER BY s.ours DESC, s.pid");
}

static void add_row(struct draft *draft, const struct answer *answer, size_t at)
{
    static const struct {
        enum progress_cell cell;
        enum column column;
    } cells[] = {
        { PROGRESS_PID, PID },     { PROGRESS_WHAT, WHAT },       { PROGRESS_OBJECT, OBJECT },
        { PROGRESS_PHASE, PHASE }, { PROGRESS_PERCENT, PERCENT }, { PROGRESS_BLOCKER, BLOCKER },
    };
    struct sample_row *row = draft_row(draft, 0, answer_true(answer, at, OURS));
    for (size_t i = 0; row != NULL && i < ARRAY_LEN(cells); i++)
        draft_cell(draft, row, (int)cells[i].cell, answer->cell(answer, at, cells[i].column));
}

static void read_answer(struct monitor *monitor, const struct answer *answer)
{
    struct draft draft;
    draft_init(&draft, monitor->config->id);
    if (draft_sees(&draft, answer, SEES)) {
        bool any = answer->cell(answer, 0, PID) != NULL;
        for (size_t i = 0; any && i < answer->row_count; i++)
            add_row(&draft, answer, i);
        draft_metric(&draft, "running", (double)(any ? answer->row_count : 0));
        draft_metric_text(&draft, "percent", answer->cell(answer, 0, PERCENT));
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

const struct monitor_kind monitor_progress = { .tick = tick };
