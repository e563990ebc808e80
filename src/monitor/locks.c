/*
 * Lock waits. First the cheap look: does anybody wait? Only then who for, by pg_blocking_pids, which sees the
 * queue behind a waiting DDL; it takes every partition of the lock table, so it is asked for 50 sessions at
 * most, our own first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "monitor/kind.h"
#include "monitor/lock_tree.h"

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
    buf_text(sql, ", w.mode, w.object, e.blockers, " SQL_QUERY ", a.backend_start::text, ");
    sql_ours(sql, monitor);
    buf_format(
        sql,
        ", (SELECT max(total) FROM waiting) FROM involved i LEFT JOIN pg_stat_activity a ON a.pid = i.pid"
        " LEFT JOIN wanted w ON w.pid = i.pid"
        " LEFT JOIN edges e ON e.pid = i.pid ORDER BY e.blockers IS NULL, i.pid LIMIT %d",
        NODES_MAX);
}

/* ---- the answer as a tree ---- */

/* Where the node of a row comes from. */
struct origin {
    const struct answer *answer;
    size_t row;
    long pid;
};

static const char *text_of(const struct lock_node *node, enum column column)
{
    const struct origin *origin = node->data;
    return origin->answer->cell(origin->answer, origin->row, column);
}

static size_t node_of(const struct lock_tree *tree, long pid)
{
    for (size_t i = 0; i < tree->node_count; i++) {
        if (((const struct origin *)tree->nodes[i].data)->pid == pid)
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
    struct origin *origins = arena_array(arena, tree->node_count, sizeof(*origins));
    for (size_t i = 0; i < tree->node_count; i++) {
        struct lock_node *node = &tree->nodes[i];
        const char *wait = answer->cell(answer, i, WAIT), *blockers = answer->cell(answer, i, BLOCKERS);
        origins[i] = (struct origin){ answer, i, strtol(answer->cell(answer, i, PID), NULL, 10) };
        node->data = &origins[i];
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

/* ---- the tree as rows ---- */

/* "AccessExclusiveLock" is "AccessExclusive". */
static const char *short_mode(struct arena *arena, const char *mode, const char *more)
{
    size_t len = strlen(mode);
    if (len == 0)
        return "";
    if (len > 4 && strcmp(mode + len - 4, "Lock") == 0)
        len -= 4;
    return arena_format(arena, "%.*s%s", (int)len, mode, more);
}

static void add_row(struct draft *draft, const struct lock_tree *tree, const struct lock_node *node)
{
    struct sample_row *row = draft_row(draft, node->depth, node->ours);
    if (row == NULL)
        return;
    bool waits = node->mode != NULL;
    const struct lock_node *named =
        waits || node->first_waiter == SIZE_MAX ? node : &tree->nodes[node->first_waiter];
    draft_cell(draft, row, LOCK_PID, text_of(node, PID));
    draft_cell(draft, row, LOCK_WHO, text_of(node, WHO));
    draft_cell(draft, row, LOCK_STATE, text_of(node, STATE));
    draft_cell_age(draft, row, LOCK_XACT, text_of(node, XACT));
    draft_cell_age(draft, row, LOCK_WAIT, text_of(node, WAIT));
    draft_cell(draft, row, LOCK_MODE,
               waits ? short_mode(draft->arena, node->mode, "")
                     : short_mode(draft->arena, node->held, " held"));
    draft_cell(draft, row, LOCK_OBJECT, text_of(named, OBJECT));
    draft_cell(draft, row, LOCK_WHY, node->why);
    draft_cell(draft, row, LOCK_BEHIND, arena_format(draft->arena, "%zu", node->behind));
    draft_cell(draft, row, LOCK_QUERY, text_of(node, QUERY));
    draft_cell(draft, row, LOCK_BACKEND_START, text_of(node, BACKEND_START));
}

static void add_metrics(struct draft *draft, size_t waiting, const struct lock_tree *tree)
{
    int64_t longest_us = 0;
    for (size_t i = 0; i < tree->node_count; i++)
        longest_us = tree->nodes[i].waited_us > longest_us ? tree->nodes[i].waited_us : longest_us;
    draft_metric(draft, "waiting", (double)waiting);
    draft_metric(draft, "behind_us", (double)tree->behind_ours);
    draft_metric(draft, "roots", (double)tree->roots);
    draft_metric(draft, "longest_wait_seconds", (double)longest_us / 1e6);
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
    add_metrics(&draft, waiting, &tree);
    for (size_t i = 0; i < tree.shown; i++)
        add_row(&draft, &tree, &tree.nodes[tree.order[i]]);
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
            add_metrics(&draft, 0, &nobody);
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
