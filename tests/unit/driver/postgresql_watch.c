/* Which locks a job took, as a second session saw it, on a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "driver/postgresql.h"
#include "support/pg_group.h"

struct ran {
    uv_loop_t loop;
    struct driver_target target;
    struct driver *driver;
    struct driver_job *job;
    int64_t pid;
    bool done;
    enum driver_status status;
    char told[2000], message[500];
};

static void on_identified(void *data, int64_t pid)
{
    ((struct ran *)data)->pid = pid;
}

static void tell(struct ran *ran, const char *text)
{
    size_t len = strlen(ran->told);
    assert_false(ran->done);
    snprintf(ran->told + len, sizeof(ran->told) - len, "%s\n", text);
}

static void on_notice(void *data, const char *text)
{
    tell(data, text);
}

static void on_locked(void *data, const struct driver_lock *lock)
{
    char text[500];
    snprintf(text, sizeof(text), "%s %s, %s%s, %d queued", lock->relation, lock->mode, lock->seen,
             lock->rewritten ? ", rewritten" : "", (int)lock->queued);
    tell(data, text);
}

static void on_done(void *data, const struct driver_result *result)
{
    struct ran *ran = data;
    assert_false(ran->done);
    ran->done = true;
    ran->status = result->status;
    snprintf(ran->message, sizeof(ran->message), "%s", result->message);
}

static bool is_done(void *data)
{
    return ((struct ran *)data)->done;
}

static void begin(struct ran *ran, const char *dsn, const struct driver_sql *sql)
{
    static const struct driver_events events = {
        .identified = on_identified, .notice = on_notice, .locked = on_locked, .done = on_done
    };
    struct err err = ERR_INIT;
    memset(ran, 0, sizeof(*ran));
    assert_int_equal(uv_loop_init(&ran->loop), 0);
    ran->target = (struct driver_target){ .id = "t", .dsn = dsn, .application_name = "tminus:r1:step" };
    ran->driver = driver_postgresql_create(&ran->loop, &ran->target);
    assert_int_equal(driver_start(ran->driver, sql, &events, ran, &ran->job, &err), 0);
}

static void end(struct ran *ran)
{
    if (!run_until(&ran->loop, is_done, ran, 30000))
        fail_msg("the job did not end");
    driver_destroy(ran->driver);
    run_out(&ran->loop);
}

/* Until the server says so, which knows the job's pid as test.pid. */
struct condition {
    const struct ran *ran;
    const char *sql;
};

static bool is_so(void *data)
{
    const struct condition *condition = data;
    char sql[100];
    snprintf(sql, sizeof(sql), "SELECT set_config('test.pid', '%d', false)", (int)condition->ran->pid);
    pg_value(admin, sql);
    return strcmp(pg_value(admin, condition->sql), "t") == 0;
}

static void until(struct ran *ran, const char *sql)
{
    struct condition condition = { ran, sql };
    if (!run_until(&ran->loop, is_so, &condition, 20000))
        fail_msg("never so: %s; told: %s", sql, ran->told);
}

#define JOB "current_setting('test.pid')::int"

/* A sample that began after this call is over. */
static void until_sampled(struct ran *ran)
{
    pg_value(admin, "SELECT set_config('test.began', clock_timestamp()::text, false)");
    until(ran,
          "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'tminus:r1:step:locks' AND"
          " query LIKE '%pg_blocking_pids%' AND state = 'idle'"
          " AND query_start > current_setting('test.began')::timestamptz)");
}

static struct driver_sql one(bool transaction, const char *const *statement)
{
    return (struct driver_sql){
        .count = 1, .statements = statement, .transaction = transaction, .look_at_locks = true
    };
}

static void fresh(void)
{
    pg_value(admin, "SET client_min_messages = error");
    pg_value(admin, "DROP TABLE IF EXISTS public.t CASCADE");
    pg_value(admin, "CREATE TABLE public.t (a int, b text)");
    pg_value(admin, "CREATE INDEX t_b ON public.t (b)");
    pg_value(admin, "INSERT INTO public.t SELECT g, 'x' FROM generate_series(1, 100) g");
}

static void test_before_commit(void **state)
{
    static const struct {
        const char *sql, *want;
    } rows[] = {
        { "ALTER TABLE t ADD COLUMN c int", "public.t AccessExclusiveLock, before commit, 0 queued\n" },
        { "ALTER TABLE t ALTER COLUMN a TYPE bigint",
          "public.t AccessExclusiveLock, before commit, rewritten, 0 queued\n"
          "public.t_b AccessExclusiveLock, before commit, 0 queued\n" },
        { "TRUNCATE t", "public.t AccessExclusiveLock, before commit, rewritten, 0 queued\n"
                        "public.t_b AccessExclusiveLock, before commit, 0 queued\n" },
        { "DROP INDEX t_b", "public.t AccessExclusiveLock, before commit, 0 queued\n"
                            "public.t_b AccessExclusiveLock, before commit, 0 queued\n" },
        { "CREATE INDEX ON t (a)", "public.t ShareLock, before commit, 0 queued\n" },
        { "COMMENT ON TABLE t IS 'x'", "public.t ShareUpdateExclusiveLock, before commit, 0 queued\n" },
        { "DROP TABLE t", "public.t AccessExclusiveLock, before commit, 0 queued\n"
                          "public.t_b AccessExclusiveLock, before commit, 0 queued\n" },
        { "CREATE TABLE n (a int); ALTER TABLE n ADD b int; DROP TABLE n", "" },
        { "INSERT INTO t VALUES (1); SELECT 1 FROM t", "" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct driver_sql sql = one(true, &rows[i].sql);
        struct ran ran;
        fresh();
        begin(&ran, pair.dsn[PG_PRIMARY], &sql);
        end(&ran);
        assert_int_equal(ran.status, DRIVER_OK);
        if (strcmp(ran.told, rows[i].want) != 0)
            fail_msg("%s\nwanted: %s\ngot: %s", rows[i].sql, rows[i].want, ran.told);
    }
}

static void test_not_asked(void **state)
{
    const char *text = "ALTER TABLE t ADD COLUMN c int";
    struct driver_sql sql = one(true, &text);
    struct ran ran;
    (void)state;
    fresh();
    sql.look_at_locks = false;
    begin(&ran, pair.dsn[PG_PRIMARY], &sql);
    end(&ran);
    assert_string_equal(ran.told, "");
}

/* It waits for a transaction that has written, and so can be seen. */
static void test_sampled(void **state)
{
    const char *text = "CREATE INDEX CONCURRENTLY t_a ON t (a)";
    const struct driver_sql sql = one(false, &text);
    struct ran ran;
    (void)state;
    fresh();
    PGconn *writer = pg_pair_connect(&pair, PG_PRIMARY, "");
    pg_value(writer, "BEGIN");
    pg_value(writer, "UPDATE t SET b = 'y' WHERE a = 1");
    begin(&ran, pair.dsn[PG_PRIMARY], &sql);
    until(&ran,
          "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = " JOB " AND wait_event_type = 'Lock')");
    until_sampled(&ran);
    pg_value(writer, "COMMIT");
    PQfinish(writer);
    end(&ran);
    assert_int_equal(ran.status, DRIVER_OK);
    assert_string_equal(ran.told, "public.t ShareUpdateExclusiveLock, sampled, 0 queued\n");
}

/* Runs until somebody lets it go, with the lock on the table. */
static const char *const held = "ALTER TABLE t ADD COLUMN c int; SELECT pg_advisory_xact_lock(7)";
static const char has_lock[] =
    "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = " JOB " AND locktype = 'advisory')";

static void test_queued(void **state)
{
    const struct driver_sql sql = one(true, &held);
    struct ran ran;
    (void)state;
    fresh();
    pg_value(admin, "SELECT pg_advisory_lock(7)");
    PGconn *readers[2] = { pg_pair_connect(&pair, PG_PRIMARY, ""), pg_pair_connect(&pair, PG_PRIMARY, "") };
    begin(&ran, pair.dsn[PG_PRIMARY], &sql);
    until(&ran, has_lock);
    for (int i = 0; i < 2; i++)
        assert_int_equal(PQsendQuery(readers[i], "SELECT count(*) FROM public.t"), 1);
    until(&ran,
          "SELECT count(*) = 2 FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND pid <> " JOB);
    until_sampled(&ran);
    pg_value(admin, "SELECT pg_advisory_unlock(7)");
    end(&ran);
    PQfinish(readers[0]);
    PQfinish(readers[1]);
    assert_int_equal(ran.status, DRIVER_OK);
    assert_string_equal(ran.told, "public.t AccessExclusiveLock, before commit, 2 queued\n");
}

/* It says that it does not know, and the job has what it was for. */
static void test_watch_lost(void **state)
{
    const struct driver_sql sql = one(true, &held);
    struct ran ran;
    char dsn[300];
    (void)state;
    fresh();
    pg_value(admin, "SELECT pg_advisory_lock(7)");
    begin(&ran, pair.dsn[PG_PRIMARY], &sql);
    until(&ran, has_lock);
    until(&ran, "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity"
                " WHERE application_name = 'tminus:r1:step:locks'");
    pg_value(admin, "SELECT pg_advisory_unlock(7)");
    end(&ran);
    assert_int_equal(ran.status, DRIVER_OK);
    assert_non_null(strstr(ran.told, "not all of its locks were seen: "));

    fresh();
    pg_value(admin, "CREATE ROLE single LOGIN CONNECTION LIMIT 1");
    pg_value(admin, "ALTER TABLE t OWNER TO single");
    snprintf(dsn, sizeof(dsn), "%s user=single", pair.dsn[PG_PRIMARY]);
    const char *text = "ALTER TABLE t ADD COLUMN c int";
    const struct driver_sql alone = one(true, &text);
    begin(&ran, dsn, &alone);
    end(&ran);
    assert_int_equal(ran.status, DRIVER_OK);
    assert_non_null(strstr(ran.told, "not all of its locks were seen: "));
    assert_non_null(strstr(ran.told, "too many connections"));
    assert_string_equal(pg_value(admin, "SELECT count(c) FROM t"), "0");
}

/* What failed or was stopped says what it had until then. */
static void test_failed(void **state)
{
    const struct driver_sql sql = one(true, &held);
    struct ran ran;
    (void)state;
    fresh();
    pg_value(admin, "SELECT pg_advisory_lock(7)");
    begin(&ran, pair.dsn[PG_PRIMARY], &sql);
    until(&ran, has_lock);
    until_sampled(&ran);
    driver_cancel(ran.job);
    end(&ran);
    pg_value(admin, "SELECT pg_advisory_unlock(7)");
    assert_int_equal(ran.status, DRIVER_CANCELLED);
    assert_string_equal(ran.told, "public.t AccessExclusiveLock, sampled, 0 queued\n");

    const char *wrong = "SELECT 1/0";
    const struct driver_sql failing = one(true, &wrong);
    begin(&ran, pair.dsn[PG_PRIMARY], &failing);
    end(&ran);
    assert_int_equal(ran.status, DRIVER_REJECTED);
    assert_string_equal(ran.message, "division by zero");
    assert_string_equal(ran.told, "");
}

/* Nothing is left when it goes away in the middle. */
static void test_destroyed(void **state)
{
    const struct driver_sql sql = one(true, &held);
    struct ran ran;
    (void)state;
    fresh();
    pg_value(admin, "SELECT pg_advisory_lock(7)");
    begin(&ran, pair.dsn[PG_PRIMARY], &sql);
    until(&ran, has_lock);
    driver_destroy(ran.driver);
    run_out(&ran.loop);
    assert_false(ran.done);
    pg_value(admin, "SELECT pg_advisory_unlock(7)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_commit), cmocka_unit_test(test_not_asked),
        cmocka_unit_test(test_sampled),       cmocka_unit_test(test_queued),
        cmocka_unit_test(test_watch_lost),    cmocka_unit_test(test_failed),
        cmocka_unit_test(test_destroyed),
    };
    return cmocka_run_group_tests(tests, pg_group_one_set_up, pg_group_tear_down);
}
