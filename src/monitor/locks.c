/*
 * Lock waits. First the cheap look: does anybody wait? Only then who for, by pg_blocking_pids, which sees the
 * queue behind a waiting DDL; it takes every partition of the lock table, so it is asked for 50 sessions at
 * most, our own first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "monitor/kind.h"
#include "monitor/lock_rows.h"

#define LOOKED_AT_MAX 50
#define NODES_MAX     256

enum column { PID, WHO, STATE, XACT, WAIT, MODE, OBJECT, BLOCKERS, QUERY, BACKEND_START, OURS, TOTAL };

static const struct versioned wait_start[] = {
    { 120000, "a.query_start" },
    { 140000, "coalesce(w.waitstart, a.query_start)" }, /* NULL for the first moment of a wait */
};

static void first_question(const struct monitor *monitor, struct buf *sql)
{
    buf_text(sql, "SELECT " SQL_SEES ", count(*) FILTER (WHERE a.wait_event_type = 'Lock' AND NOT ");
    sql_monitors(sql, monitor);
    buf_text(sql, ") FROM pg_stat_activity a");
}

/* Two locks of one thing: what can be hashed first, since there may be tens of thousands of rows. */
#define SAME_THING                                                                                           \
    "l.locktype = w.locktype AND coalesce(l.relation, 0) = coalesce(w.relation, 0)"                          \
    " AND (l.database, l.page, l.tuple, l.virtualxid, l.transactionid, l.classid, l.objid, l.objsubid)"      \
    " IS NOT DISTINCT FROM"                                                                                  \
    " (w.database, w.page, w.tuple, w.virtualxid, w.transactionid, w.classid, w.objid, w.objsubid)"

/* The locks of a prepared transaction have no pid; by the one on its own number its others are known. Sizes
 * and definitions are not asked for: they would wait behind the very DDL that is looked at. */
static const char second_middle[] =
    "), blocked AS MATERIALIZED (SELECT DISTINCT w.pid, b.pid AS by FROM waiting w,"
    " LATERAL unnest(pg_blocking_pids(w.pid)) AS b(pid)),"
    " locks AS MATERIALIZED (SELECT * FROM pg_locks),"
    " wanted AS MATERIALIZED (SELECT DISTINCT ON (l.pid) l.*, CASE"
    " WHEN l.locktype = 'transactionid' THEN 'transaction ' || l.transactionid"
    " WHEN l.locktype = 'virtualxid' THEN 'transaction ' || l.virtualxid"
    " WHEN l.locktype = 'advisory' THEN 'advisory ' || l.classid || '/' || l.objid"
    " WHEN l.relation IS NULL THEN l.locktype"
    " ELSE coalesce((SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = l.relation AND l.database IN (0, "
    "here.oid)),"
    " 'relation ' || l.relation)"
    " || CASE WHEN l.locktype = 'tuple' THEN ' row (' || l.page || ',' || l.tuple || ')'"
    " WHEN l.locktype <> 'relation' THEN ' ' || l.locktype ELSE '' END END AS object"
    " FROM locks l, (SELECT oid FROM pg_database WHERE datname = current_database()) here"
    " WHERE NOT l.granted AND l.pid IN (SELECT pid FROM waiting) ORDER BY l.pid),"
    " held AS (SELECT b.pid, b.by, string_agg(DISTINCT l.mode, '+') AS modes FROM blocked b"
    " JOIN wanted w ON w.pid = b.pid JOIN locks l ON l.granted AND coalesce(l.pid, 0) = b.by AND " SAME_THING
    " GROUP BY 1, 2),"
    " edges AS (SELECT b.pid, string_agg(b.by || ':' || coalesce(h.modes, ''), ',' ORDER BY b.by) AS blockers"
    " FROM blocked b LEFT JOIN held h ON h.pid = b.pid AND h.by = b.by GROUP BY 1),"
    " involved AS (SELECT pid FROM waiting UNION SELECT by FROM blocked),"
    " prepared AS (SELECT string_agg(DISTINCT quote_literal(p.gid), ', ') AS gids, min(p.prepared) AS since"
    " FROM pg_prepared_xacts p JOIN locks own ON own.pid IS NULL AND own.transactionid = p.transaction"
    " JOIN locks l ON l.pid IS NULL AND l.virtualtransaction = own.virtualtransaction JOIN wanted w "
    "ON " SAME_THING ")"
    " SELECT i.pid, CASE WHEN i.pid = 0 THEN 'prepared ' || (SELECT gids FROM prepared) ELSE " SQL_WHO
    " END, CASE WHEN i.pid = 0 THEN 'prepared' ELSE " SQL_STATE
    " END, " SQL_AGE("CASE WHEN i.pid = 0 THEN (SELECT since FROM prepared) ELSE a.xact_start END") ", ";

static void second_question(const struct monitor *monitor, struct buf *sql)
{
    int version = session_server_version(monitor->session);
    buf_text(sql,
             "WITH waiting AS MATERIALIZED (SELECT a.pid, count(*) OVER () AS total FROM pg_stat_activity a"
             " WHERE a.wait_event_type = 'Lock' AND NOT ");
    sql_monitors(sql, monitor);
    buf_text(sql, " ORDER BY ");
    sql_ours(sql, monitor);
    buf_format(sql, " DESC, a.query_start, a.pid LIMIT %d", LOOKED_AT_MAX);
    buf_text(sql, second_middle);
    buf_format(
        sql,
        "(extract(epoch FROM clock_timestamp() - CASE WHEN w.pid IS NOT NULL THEN %s END) * 1000000)::bigint",
        versioned_text(wait_start, ARRAY_LEN(wait_start), version));
    buf_text(sql, ", w.mode, w.object, e.blockers, " SQL_QUERY ", " SQL_BACKEND_START ", ");
    sql_ours(sql, monitor);
    buf_format(
        sql,
        ", (SELECT max(total) FROM waiting) FROM involved i LEFT JOIN pg_stat_activity a ON a.pid = i.pid"
        " LEFT JOIN wanted w ON w.pid = i.pid"
        " LEFT JOIN edges e ON e.pid = i.pid ORDER BY e.blockers IS NULL, i.pid LIMIT %d",
        NODES_MAX);
}

/* ---- the answer as a tree ---- */

static size_t node_of(const struct lock_tree *tree, long pid)
{
    for (size_t i = 0; i < tree->node_count; i++) {
        if (strtol(tree->nodes[i].session->pid, NULL, 10) == pid)
            return i;
    }
    return SIZE_MAX;
}

/* "123:AccessShareLock+RowShareLock,456:" */
static void add_edges(struct lock_tree *tree, size_t waiter, const char *blockers, struct arena *arena)
{
    while (*blockers != '\0') {
        char *colon;
        long pid = strtol(blockers, &colon, 10);
        size_t len = strcspn(colon, ",");
        size_t blocker = node_of(tree, pid);
        if (blocker != SIZE_MAX && blocker != waiter)
            tree->edges[tree->edge_count++] = (struct lock_edge){
                .waiter = waiter, .blocker = blocker, .held = arena_text_len(arena, colon + 1, len - 1)
            };
        blockers = colon + len + (colon[len] == ',');
    }
}

static void read_tree(struct lock_tree *tree, const struct answer *answer, struct arena *arena)
{
    size_t edges_max = 0;
    tree->node_count = answer->row_count;
    tree->nodes = arena_array(arena, tree->node_count, sizeof(*tree->nodes));
    struct lock_session *sessions = arena_array(arena, tree->node_count, sizeof(*sessions));
    for (size_t i = 0; i < tree->node_count; i++) {
        struct lock_node *node = &tree->nodes[i];
        const char *wait = answer->cell(answer, i, WAIT), *blockers = answer->cell(answer, i, BLOCKERS);
        sessions[i] = (struct lock_session){
            .pid = answer->cell(answer, i, PID),
            .who = answer->cell(answer, i, WHO),
            .state = answer->cell(answer, i, STATE),
            .xact_us = answer->cell(answer, i, XACT),
            .wait_us = wait,
            .object = answer->cell(answer, i, OBJECT),
            .query = answer->cell(answer, i, QUERY),
            .start = answer->cell(answer, i, BACKEND_START),
        };
        node->session = &sessions[i];
        node->mode = answer->cell(answer, i, MODE);
        node->waited_us = wait != NULL ? strtoll(wait, NULL, 10) : 0;
        node->ours = answer_true(answer, i, OURS);
        for (const char *at = blockers; at != NULL && *at != '\0'; at++)
            edges_max += *at == ':';
    }
    tree->edges = arena_array(arena, edges_max, sizeof(*tree->edges));
    for (size_t i = 0; i < tree->node_count; i++) {
        const char *blockers = answer->cell(answer, i, BLOCKERS);
        if (blockers != NULL)
            add_edges(tree, i, blockers, arena);
    }
    lock_tree_build(tree, arena);
}

static void read_second(struct monitor *monitor, const struct answer *answer)
{
    struct draft draft;
    struct lock_tree tree = { 0 };
    draft_init(&draft, monitor->config->id);
    size_t waiting = 0;
    if (answer->row_count > 0 && answer->cell(answer, 0, TOTAL) != NULL)
        waiting = (size_t)strtoull(answer->cell(answer, 0, TOTAL), NULL, 10);
    read_tree(&tree, answer, draft.arena);
    lock_draft_metrics(&draft, waiting, &tree);
    lock_draft_rows(&draft, &tree);
    if (waiting > LOOKED_AT_MAX) {
        draft.sample.rows_left_out += waiting - LOOKED_AT_MAX;
        draft_remark(&draft, "looked at %d of %zu that wait; behind_us may be more", LOOKED_AT_MAX, waiting);
    }
    monitor_emit(monitor, &draft);
}

static void read_first(struct monitor *monitor, const struct answer *answer)
{
    struct draft draft;
    struct buf sql;
    draft_init(&draft, monitor->config->id);
    bool sees = draft_sees(&draft, answer, 0);
    if (!sees || strcmp(answer->cell(answer, 0, 2), "0") == 0) {
        const struct lock_tree nobody = { 0 };
        if (sees)
            lock_draft_metrics(&draft, 0, &nobody);
        monitor_emit(monitor, &draft);
        return;
    }
    draft_finish(&draft);
    buf_init(&sql, QUESTION_MAX);
    second_question(monitor, &sql);
    monitor_ask_prepared(monitor, 1, buf_str(&sql), read_second);
    buf_finish(&sql);
}

static void tick(struct monitor *monitor)
{
    struct buf sql;
    buf_init(&sql, QUESTION_MAX);
    first_question(monitor, &sql);
    monitor_ask_prepared(monitor, 0, buf_str(&sql), read_first);
    buf_finish(&sql);
}

const struct monitor_kind monitor_locks = { .tick = tick };
