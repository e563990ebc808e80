#include "truth.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

/* A statement that waits has to get there within this. */
#define LIMIT_MS 20000
#define LOOK_MS  2
#define DUMP_MAX ((size_t)1024 * 1024)

static PGresult *ask(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return result;
    (void)fprintf(stderr, "%s\n%s", sql, PQerrorMessage(conn));
    abort();
}

static void tell(PGconn *conn, const char *sql)
{
    PQclear(ask(conn, sql));
}

/* ---- what stood there before ---- */

/* judge.before is what the names of an effect are taken from: relations that a statement makes are not in it.
 */
static void remember(struct truth *truth)
{
    static const char sql[] =
        "DROP TABLE IF EXISTS judge.before;"
        "CREATE TABLE judge.before AS"
        "  SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relkind AS kind, i.indrelid AS owner,"
        "         pg_relation_filenode(c.oid) AS file,"
        "         CASE WHEN c.relkind IN ('r', 'm') THEN (xpath('//n/text()', query_to_xml("
        "           format('SELECT count(*) AS n FROM ONLY %s', c.oid::regclass), false, true, "
        "'')))[1]::text::bigint"
        "         ELSE 0 END AS tuples"
        "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        "       LEFT JOIN pg_index i ON i.indexrelid = c.oid"
        "  WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'S', 'm', 'i', 'I')";

    tell(truth->looker, sql);
}

static void remember_indexes(struct truth *truth)
{
    PGresult *result = ask(
        truth->looker, "SELECT i.name, t.name FROM judge.before i JOIN judge.before t ON t.oid = i.owner");

    assert(PQntuples(result) <= EFFECT_MAX);
    for (int i = 0; i < PQntuples(result); i++)
        truth->indexes[truth->index_count++] =
            (struct truth_index){ arena_text(truth->arena, PQgetvalue(result, i, 0)),
                                  arena_text(truth->arena, PQgetvalue(result, i, 1)) };
    PQclear(result);
}

void truth_weigh_indexes(const struct truth *truth, struct effect *effect)
{
    for (size_t i = 0; i < truth->index_count; i++)
        effect_index_weigh(effect, truth->indexes[i].name, truth->indexes[i].table);
}

static void set_up(struct truth *truth)
{
    tell(truth->actor, "SET client_min_messages = warning;"
                       "DROP SCHEMA IF EXISTS public, other CASCADE; DROP PUBLICATION IF EXISTS told;"
                       "CREATE SCHEMA public");
    tell(truth->actor, setup_tables);
    tell(truth->actor, setup_partitions);
    remember(truth);
    truth->stale = false;
}

void truth_begin(struct truth *truth, const struct pg_pair *pair, struct arena *arena)
{
    *truth = (struct truth){ .arena = arena };
    truth->actor = pg_pair_connect(pair, PG_PRIMARY, "");
    truth->looker = pg_pair_connect(pair, PG_PRIMARY, "");
    for (size_t i = 0; i < ROW_HOLDERS_MAX; i++)
        truth->holders[i] = pg_pair_connect(pair, PG_PRIMARY, "");
    (void)snprintf(truth->actor_pid, sizeof(truth->actor_pid), "%d", PQbackendPID(truth->actor));
    tell(truth->looker, "SET stats_fetch_consistency = none; CREATE SCHEMA judge");
    tell(truth->looker, "SET allow_in_place_tablespaces = on");
    tell(truth->looker, "CREATE TABLESPACE elsewhere LOCATION ''");
    tell(truth->looker, "CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler");
    /* What a plan reads through an index is counted otherwise; how it is read is the planner's choice. */
    tell(truth->actor,
         "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;"
         "SET enable_nestloop = off; SET enable_mergejoin = off; SET TimeZone = 'UTC'");
    set_up(truth);
    remember_indexes(truth);
}

/* Appends what pg_dump writes; its exit status. */
static int run_pg_dump(const char *dsn, struct buf *dump)
{
    char block[4096];
    int ends[2], status = -1;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0)
        return -1;
    if (pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execlp("pg_dump", "pg_dump", "--schema-only", "-n", "public", "-n", "other", dsn, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    for (ssize_t got = 1; got > 0;) {
        got = read(ends[0], block, sizeof(block));
        if (got > 0)
            buf_add(dump, block, (size_t)got);
    }
    (void)close(ends[0]);
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

const char *truth_dump(struct truth *truth, const struct pg_pair *pair)
{
    struct buf dump;
    const char *text;

    if (truth->stale)
        set_up(truth);
    buf_init(&dump, DUMP_MAX);
    if (run_pg_dump(pair->dsn[PG_PRIMARY], &dump) != 0 || dump.overflow) {
        (void)fprintf(stderr, "pg_dump failed\n");
        abort();
    }
    text = arena_text(truth->arena, buf_str(&dump));
    buf_finish(&dump);
    return text;
}

void truth_end(struct truth *truth)
{
    PQfinish(truth->actor);
    PQfinish(truth->looker);
    for (size_t i = 0; i < ROW_HOLDERS_MAX; i++)
        PQfinish(truth->holders[i]);
}

/* ---- locks ---- */

static enum sql_lock_mode mode_of(const char *word)
{
    for (enum sql_lock_mode mode = SQL_LOCK_NONE; mode < SQL_LOCK_MODE_COUNT; mode++) {
        if (text_equal(sql_lock_mode_word(mode), word))
            return mode;
    }
    (void)fprintf(stderr, "no lock is called %s\n", word);
    abort();
}

/* A lock that is waited for counts as one that is had. */
static void look_at_locks(struct truth *truth, struct effect *effect)
{
    static const char sql[] =
        "SELECT b.name, l.mode FROM pg_locks l JOIN judge.before b ON b.oid = l.relation"
        "  WHERE l.locktype = 'relation' AND l.pid = $1 ORDER BY b.name";
    const char *values[] = { truth->actor_pid };
    PGresult *result = PQexecParams(truth->looker, sql, 1, NULL, values, NULL, NULL, 0);

    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        abort();
    for (int i = 0; i < PQntuples(result); i++)
        effect_lock_add(effect, arena_text(truth->arena, PQgetvalue(result, i, 0)),
                        mode_of(PQgetvalue(result, i, 1)));
    truth_weigh_indexes(truth, effect);
    PQclear(result);
}

/* ---- work ---- */

static void add_names(struct truth *truth, PGconn *conn, const char *sql, struct effect_names *names)
{
    PGresult *result = ask(conn, sql);

    for (int i = 0; i < PQntuples(result); i++)
        effect_name_add(names, arena_text(truth->arena, PQgetvalue(result, i, 0)));
    PQclear(result);
}

/* An index that was made again over its old file was not built, nor one over no rows. */
static void look_at_files(struct truth *truth, struct effect *effect)
{
    static const char is_new[] = "SELECT name FROM judge.before WHERE kind IN ('r', 'm')"
                                 "  AND pg_relation_filenode(oid) <> file";
    static const char is_empty[] = "SELECT name FROM judge.before WHERE kind IN ('r', 'm')"
                                   "  AND pg_relation_filenode(oid) <> file AND pg_relation_size(oid) = 0";

    add_names(truth, truth->actor, is_new, &effect->rewrites);
    add_names(truth, truth->actor, is_empty, &effect->emptied);
    add_names(
        truth, truth->actor,
        "SELECT CASE WHEN b.oid IS NULL THEN t.name || '(' || (SELECT string_agg("
        "           pg_get_indexdef(c.oid, k, true), ',' ORDER BY k) FROM generate_series(1, i.indnkeyatts) "
        "k)"
        "         || ') ' ELSE '' END || 'public.' || c.relname"
        "  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN judge.before t ON t.oid = i.indrelid"
        "       LEFT JOIN judge.before b ON b.oid = c.oid"
        "  WHERE c.relkind = 'i' AND pg_relation_size(i.indrelid) > 0"
        "    AND NOT EXISTS (SELECT FROM judge.before f WHERE f.file = pg_relation_filenode(c.oid)) ORDER BY "
        "1",
        &effect->builds);
}

/* `counter` counts the tuples that sequential scans have read, of this transaction or of all. */
static PGresult *read_counts(PGconn *conn, const char *counter)
{
    char sql[200];

    (void)snprintf(sql, sizeof(sql),
                   "SELECT name, tuples, %s(oid) FROM judge.before WHERE tuples > 0 ORDER BY oid", counter);
    return ask(conn, sql);
}

static void compare_counts(struct truth *truth, const PGresult *before, const PGresult *after,
                           struct effect *effect)
{
    for (int i = 0; i < PQntuples(before); i++) {
        const char *name = PQgetvalue(before, i, 0);
        long long tuples = strtoll(PQgetvalue(before, i, 1), NULL, 10);
        long long read =
            strtoll(PQgetvalue(after, i, 2), NULL, 10) - strtoll(PQgetvalue(before, i, 2), NULL, 10);

        if (read >= tuples && !effect_name_in(&effect->rewrites, name))
            effect_name_add(&effect->scans, arena_text(truth->arena, name));
    }
}

/* ---- in a transaction that is rolled back ---- */

/* What statements before it did in the same transaction is not its work. */
static void take_away(struct effect_names *names, const struct effect_names *others)
{
    size_t kept = 0;

    for (size_t i = 0; i < names->count; i++) {
        if (!effect_name_in(others, names->list[i]))
            names->list[kept++] = names->list[i];
    }
    names->count = kept;
}

static bool run_within(struct truth *truth, const char *statement, struct effect *effect)
{
    static const char counter[] = "pg_stat_get_xact_tuples_returned";
    PGresult *before = read_counts(truth->actor, counter), *after, *result = PQexec(truth->actor, statement);

    if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
        effect->failure = arena_text(truth->arena, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    } else {
        look_at_locks(truth, effect);
        look_at_files(truth, effect);
        after = read_counts(truth->actor, counter);
        compare_counts(truth, before, after, effect);
        PQclear(after);
    }
    PQclear(before);
    PQclear(result);
    return !effect->failure;
}

/* ---- one that waits ---- */

static bool actor_waits(struct truth *truth)
{
    char sql[80];
    PGresult *result;
    bool waits;

    (void)snprintf(sql, sizeof(sql), "SELECT cardinality(pg_blocking_pids(%s))", truth->actor_pid);
    result = ask(truth->looker, sql);
    waits = PQgetvalue(result, 0, 0)[0] != '0';
    PQclear(result);
    return waits;
}

/* True when the actor's statement has ended, after at most LOOK_MS. */
static bool actor_is_done(struct truth *truth)
{
    struct pollfd fd = { .fd = PQsocket(truth->actor), .events = POLLIN };

    if (poll(&fd, 1, LOOK_MS) < 0 || PQconsumeInput(truth->actor) == 0)
        abort();
    return !PQisBusy(truth->actor);
}

/* Where it waits for each holder is where it is looked at; a holder that it does not wait for is a mistake of
 * the row. */
static void watch(struct truth *truth, const struct row *row, struct effect *effect)
{
    size_t held = 0, count = 0;

    while (count < ROW_HOLDERS_MAX && row->holders[count])
        count++;
    for (int turn = 0; turn < LIMIT_MS / LOOK_MS; turn++) {
        if (actor_is_done(truth)) {
            if (held == count)
                return;
            break;
        }
        if (held == count || !actor_waits(truth))
            continue;
        look_at_locks(truth, effect);
        tell(truth->holders[held++], "COMMIT");
    }
    (void)fprintf(stderr, "it was held up by %zu of %zu: %s\n", held, count, row->statements[0]);
    abort();
}

static void run_watched(struct truth *truth, const struct row *row, const char *statement,
                        struct effect *effect)
{
    static const char counter[] = "pg_stat_get_tuples_returned",
                      flush[] = "SELECT pg_stat_force_next_flush()";
    PGresult *before, *after, *result;

    for (size_t i = 0; i < ROW_HOLDERS_MAX && row->holders[i]; i++) {
        tell(truth->holders[i], "BEGIN");
        tell(truth->holders[i], row->holders[i]);
    }
    tell(truth->actor, flush);
    tell(truth->looker, flush); /* it has counted rows */
    before = read_counts(truth->looker, counter);
    if (!PQsendQuery(truth->actor, statement))
        abort();
    watch(truth, row, effect);
    while ((result = PQgetResult(truth->actor)) != NULL) {
        if (PQresultStatus(result) == PGRES_FATAL_ERROR)
            effect->failure = arena_text(truth->arena, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
        PQclear(result);
    }
    tell(truth->actor, flush);
    look_at_files(truth, effect);
    after = read_counts(truth->looker, counter);
    compare_counts(truth, before, after, effect);
    PQclear(before);
    PQclear(after);
    truth->stale = true;
}

void truth_of(struct truth *truth, const struct row *row, struct effect *ret)
{
    if (truth->stale)
        set_up(truth);
    if (row->holders[0]) {
        run_watched(truth, row, row->statements[0], &ret[0]);
        return;
    }
    tell(truth->actor, "BEGIN");
    for (size_t i = 0; i < ROW_STATEMENTS_MAX && row->statements[i]; i++) {
        if (!run_within(truth, row->statements[i], &ret[i]))
            break;
        for (size_t k = 0; k < i; k++) {
            take_away(&ret[i].rewrites, &ret[k].rewrites);
            take_away(&ret[i].builds, &ret[k].builds);
        }
    }
    tell(truth->actor, "ROLLBACK");
}
