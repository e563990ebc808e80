/* What driver.h promises of every driver for servers, judged on real ones: the same cases for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "driver/mysql.h"
#include "driver/postgresql.h"
#include "support/my_pair.h"
#include "support/pg_pair.h"

/* ---- the drivers ---- */

static struct pg_pair pg;
static PGconn *pg_admin, *pg_holder;
static struct my_pair my;
static MYSQL *my_admin, *my_holder;
static char my_waits[200]; /* MySQL's process list has no milliseconds */

static int pg_begin(void)
{
    if (pg_pair_open(&pg, 1, &pg_admin) < 0)
        return -1;
    pg_holder = pg_pair_connect(&pg, PG_PRIMARY, "");
    return 0;
}

static void pg_end(void)
{
    PQfinish(pg_holder);
    pg_pair_close(&pg, pg_admin);
}

static const char *pg_tell(const char *sql)
{
    return pg_value(pg_admin, sql);
}

static const char *pg_hold(const char *sql)
{
    return pg_value(pg_holder, sql);
}

static int my_begin(void)
{
    if (my_pair_start(&my, 1) < 0)
        return -1;
    my_admin = my_pair_connect(&my, MY_PRIMARY);
    my_holder = my_pair_connect(&my, MY_PRIMARY);
    snprintf(my_waits, sizeof(my_waits),
             "SELECT count(*) FROM information_schema.processlist WHERE id = %%" PRId64
             " AND (state LIKE 'Waiting for%%%%lock%%%%' OR (state = 'Updating' AND %s))",
             my_pair_is_mysql() ? "time > 0" : "time_ms > 100");
    return 0;
}

static void my_end(void)
{
    mysql_close(my_holder);
    mysql_close(my_admin);
    my_pair_stop(&my);
}

static const char *my_tell(const char *sql)
{
    return my_value(my_admin, sql);
}

static const char *my_hold(const char *sql)
{
    return my_value(my_holder, sql);
}

/* What the drivers' servers call things. */
static const struct kind {
    const char *name;
    int (*begin)(void);
    void (*end)(void);
    const char *(*tell)(const char *sql); /* as an administrator */
    const char *(*hold)(const char *sql); /* another connection, for a transaction that is left open */
    struct driver *(*create)(uv_loop_t *loop, const struct driver_target *target);
    const char *dsn;                            /* one of the pair's */
    const char *stranger;                       /* added to it: a user that is not let in */
    const char *nowhere;                        /* nobody listens */
    const char *waits;                          /* how many wait for a lock; with the connection's number */
    const char *kick;                           /* ends the connection of that number */
    const char *ours;                           /* how many jobs are still in the server */
    const char *sleep;                          /* for a minute */
    const char *big;                            /* an answer of that many bytes */
    const char *several;                        /* rows with a NULL, a quote, a backslash, an umlaut */
    const char *zero;                           /* a text with a zero byte */
    const char *locked, *deadlock, *only_reads; /* the codes */
} kinds[] = {
    { "postgresql", pg_begin, pg_end, pg_tell, pg_hold, driver_postgresql_create, pg.dsn[PG_PRIMARY],
      " user=stranger", "host=/nowhere dbname=postgres",
      "SELECT count(*) FROM pg_stat_activity WHERE pid = %" PRId64 " AND wait_event_type = 'Lock'",
      "SELECT pg_terminate_backend(%" PRId64 ")",
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tminus:r1:step'",
      "SELECT pg_sleep(60)", "SELECT repeat('x', %d)", "SELECT NULL, 'it''s', '\\', 'ä'", "SELECT E'a\\000b'",
      "55P03", "40P01", "25006" },
    { "mysql", my_begin, my_end, my_tell, my_hold, driver_mysql_create, my.dsn[MY_PRIMARY], " user=stranger",
      "unix_socket=/nowhere/socket user=root", my_waits, "KILL CONNECTION %" PRId64,
      "SELECT count(*) - 1 FROM information_schema.processlist WHERE info LIKE '%held%'", "SELECT SLEEP(60)",
      "SELECT repeat('x', %d)", "SELECT NULL, 'it''s', '\\', 'ä'", "SELECT CAST(X'610062' AS CHAR)", "1205",
      "1213", "1792" },
};
static const struct kind *kind;

static const char *tell(const char *format, ...) PRINTF_LIKE(1, 2);
static const char *tell(const char *format, ...)
{
    char sql[500];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof(sql), format, args);
    va_end(args);
    return kind->tell(sql);
}

/* ---- jobs ---- */

struct world {
    uv_loop_t loop;
    struct driver_target target;
    struct driver *driver;
    char dsn[400];
};

struct ran {
    int64_t pid;
    int times;
    struct driver_result result;
    char message[300], value[100], settings[200];
    struct driver_job *job;
};

static void on_identified(void *data, int64_t pid)
{
    ((struct ran *)data)->pid = pid;
}

static void on_settings(void *data, const char *text)
{
    struct ran *ran = data;
    snprintf(ran->settings, sizeof(ran->settings), "%s", text);
}

static void on_done(void *data, const struct driver_result *result)
{
    struct ran *ran = data;
    ran->times++;
    ran->result = *result;
    snprintf(ran->message, sizeof(ran->message), "%s", result->message);
    snprintf(ran->value, sizeof(ran->value), "%s", result->value != NULL ? result->value : "(null)");
}

static const struct driver_events events = { .identified = on_identified,
                                             .settings = on_settings,
                                             .done = on_done };

static void open_world(struct world *world, const char *dsn, const char *more)
{
    assert_int_equal(uv_loop_init(&world->loop), 0);
    snprintf(world->dsn, sizeof(world->dsn), "%s", dsn);
    if (more[0] != '\0') { /* " key=value": a key stands in a DSN once */
        char key[20];
        snprintf(key, sizeof(key), "%.*s=", (int)strcspn(more, "="), more);
        char *was = strstr(world->dsn, key);
        assert_non_null(was);
        memset(was, ' ', 1 + strcspn(was + 1, " "));
        strncat(world->dsn, more, sizeof(world->dsn) - strlen(world->dsn) - 1);
    }
    world->target = (struct driver_target){ .id = "t",
                                            .dsn = world->dsn,
                                            .application_name = "tminus:r1:step",
                                            .connect_timeout_us = 20 * SECOND_US };
    world->driver = kind->create(&world->loop, &world->target);
}

static void close_world(struct world *world)
{
    driver_destroy(world->driver);
    run_out(&world->loop);
}

static void start(struct world *world, struct ran *ran, const struct driver_sql *sql)
{
    struct err err = ERR_INIT;
    memset(ran, 0, sizeof(*ran));
    assert_int_equal(driver_start(world->driver, sql, &events, ran, &ran->job, &err), 0);
    assert_int_equal(ran->times, 0);
}

static bool is_done(void *data)
{
    return ((struct ran *)data)->times > 0;
}

static void finish(struct world *world, struct ran *ran)
{
    if (!run_until(&world->loop, is_done, ran, 40000))
        fail_msg("the job did not end");
    run_for(&world->loop, 10);
    assert_int_equal(ran->times, 1);
}

static void run(struct ran *ran, const struct driver_sql *sql)
{
    struct world world;
    open_world(&world, kind->dsn, "");
    start(&world, ran, sql);
    finish(&world, ran);
    close_world(&world);
}

static void expect(const struct ran *ran, enum driver_status status, const char *code, bool clean)
{
    if (ran->result.status != status || ran->result.clean != clean ||
        (code != NULL && strcmp(ran->result.code, code) != 0))
        fail_msg("%s: %s %s %s: %s", kind->name, driver_status_word(ran->result.status), ran->result.code,
                 ran->result.clean ? "clean" : "not clean", ran->message);
}

static bool is_waiting(void *data)
{
    const struct ran *ran = data;
    char sql[300];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(sql, sizeof(sql), kind->waits, ran->pid);
#pragma GCC diagnostic pop
    return ran->times > 0 || (ran->pid != 0 && strcmp(kind->tell(sql), "1") == 0);
}

static void until_it_waits(struct world *world, struct ran *ran)
{
    if (!run_until(&world->loop, is_waiting, ran, 20000) || ran->times > 0)
        fail_msg("the job does not wait: %s", ran->message);
}

static void kick(int64_t pid)
{
    char sql[100];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(sql, sizeof(sql), kind->kick, pid);
#pragma GCC diagnostic pop
    kind->tell(sql);
}

#define SQL(in_transaction, ...)                                                                             \
    {                                                                                                        \
        .count = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *),                              \
        .statements = (const char *const[]){ __VA_ARGS__ }, .transaction = (in_transaction),                 \
    }

/* A server notices that somebody who waits for a lock is gone when it has the lock. */
static void until_nobody_is_left(void)
{
    bool alone = false;
    for (int i = 0; i < 4000 && !alone; i++) {
        alone = strcmp(kind->tell(kind->ours), "0") == 0;
        if (!alone)
            uv_sleep(5);
    }
    assert_true(alone);
}

/* Of a table's two rows a transaction of somebody else's holds the first. */
static void hold(void)
{
    until_nobody_is_left();
    tell("UPDATE held SET n = 0");
    kind->hold("BEGIN");
    kind->hold("UPDATE held SET n = 100 WHERE id = 1");
}

static void let_go(void)
{
    kind->hold("ROLLBACK");
}

static void test_done(void **state)
{
    const struct driver_sql sql = SQL(true, "INSERT INTO plain VALUES (1), (2)", "SELECT max(id) FROM plain");
    const struct driver_sql one = SQL(false, "DELETE FROM plain WHERE id = 1");
    struct ran ran;
    (void)state;
    tell("CREATE TABLE plain (id INT PRIMARY KEY)");
    run(&ran, &sql);
    expect(&ran, DRIVER_OK, "", false);
    assert_string_equal(ran.value, "2");
    assert_int_equal(ran.result.statements_done, 2);
    assert_int_not_equal(ran.pid, 0);
    run(&ran, &one);
    expect(&ran, DRIVER_OK, "", false);
    assert_int_equal(ran.result.rows, 1);
    assert_string_equal(tell("SELECT count(*) FROM plain"), "1");
}

static void test_all_or_nothing(void **state)
{
    const struct driver_sql sql =
        SQL(true, "INSERT INTO plain VALUES (10)", "INSERT INTO nowhere VALUES (1)");
    const struct driver_sql apart =
        SQL(false, "INSERT INTO plain VALUES (11)", "INSERT INTO nowhere VALUES (1)");
    const struct driver_sql wrong = SQL(false, "INSERT INTO nowhere VALUES (1)");
    struct ran ran;
    (void)state;
    run(&ran, &sql);
    expect(&ran, DRIVER_REJECTED, NULL, true);
    assert_int_equal(ran.result.statements_done, 1);
    assert_string_equal(tell("SELECT count(*) FROM plain WHERE id = 10"), "0");
    run(&ran, &apart);
    expect(&ran, DRIVER_REJECTED, NULL, false);
    assert_string_equal(tell("SELECT count(*) FROM plain WHERE id = 11"), "1");
    run(&ran, &wrong);
    expect(&ran, DRIVER_REJECTED, NULL, true);
}

static void test_lock_timeouts(void **state)
{
    struct driver_sql all[] = {
        SQL(true, "UPDATE held SET n = 1 WHERE id = 2", "UPDATE held SET n = 1 WHERE id = 1"),
        SQL(false, "UPDATE held SET n = 1 WHERE id = 1"), SQL(false, "ALTER TABLE held ADD COLUMN late INT")
    };
    (void)state;
    hold();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct ran ran;
        all[i].lock_timeout_us = 700 * MS_US;
        run(&ran, &all[i]);
        expect(&ran, DRIVER_RETRYABLE, kind->locked, true);
        assert_non_null(strstr(ran.settings, "lock"));
    }
    let_go();
    assert_string_equal(tell("SELECT sum(n) FROM held"), "0");
    assert_string_equal(tell("SELECT count(*) FROM information_schema.columns WHERE column_name = 'late'"),
                        "0");
}

static void test_statement_timeout(void **state)
{
    struct driver_sql sql =
        SQL(true, "UPDATE held SET n = 1 WHERE id = 2", "UPDATE held SET n = 1 WHERE id = 1");
    struct ran ran;
    (void)state;
    hold();
    sql.statement_timeout_us = 300 * MS_US;
    run(&ran, &sql);
    expect(&ran, DRIVER_TIMED_OUT, NULL, true);
    let_go();
    assert_string_equal(tell("SELECT sum(n) FROM held"), "0");
}

static void test_cancel(void **state)
{
    const struct driver_sql sql =
        SQL(true, "UPDATE held SET n = 1 WHERE id = 2", "UPDATE held SET n = 1 WHERE id = 1");
    struct world world;
    struct ran ran;
    (void)state;
    hold();
    open_world(&world, kind->dsn, "");
    start(&world, &ran, &sql);
    until_it_waits(&world, &ran);
    driver_cancel(ran.job);
    finish(&world, &ran);
    expect(&ran, DRIVER_CANCELLED, NULL, true);
    start(&world, &ran, &sql);
    driver_cancel(ran.job);
    finish(&world, &ran);
    expect(&ran, DRIVER_CANCELLED, NULL, true);
    close_world(&world);
    let_go();
    assert_string_equal(tell("SELECT sum(n) FROM held"), "0");
}

/* Whoever wins: what is said is true. */
static void test_cancel_races(void **state)
{
    const struct driver_sql sql =
        SQL(true, "UPDATE held SET n = n + 1 WHERE id = 1", "UPDATE held SET n = n + 1 WHERE id = 2");
    struct world world;
    struct ran ran;
    int done = 0;
    char sum[20];
    (void)state;
    hold();
    let_go();
    open_world(&world, kind->dsn, "");
    for (int i = 0; i < 25; i++) {
        start(&world, &ran, &sql);
        run_for(&world.loop, i);
        if (ran.times == 0)
            driver_cancel(ran.job);
        finish(&world, &ran);
        if (ran.result.status == DRIVER_OK)
            done++;
        else
            expect(&ran, DRIVER_CANCELLED, NULL, true);
    }
    close_world(&world);
    snprintf(sum, sizeof(sum), "%d", 2 * done);
    assert_string_equal(tell("SELECT sum(n) FROM held"), sum);
}

static bool both_done(void *data)
{
    struct ran *both = data;
    return both[0].times + both[1].times == 2;
}

static void test_deadlock(void **state)
{
    const struct driver_sql forth = SQL(true, "UPDATE held SET n = n + 1 WHERE id = 1", "SELECT 1",
                                        "UPDATE held SET n = n + 1 WHERE id = 2");
    const struct driver_sql back =
        SQL(true, "UPDATE held SET n = n + 1 WHERE id = 2", "UPDATE held SET n = n + 1 WHERE id = 1");
    bool met = false;
    (void)state;
    hold();
    let_go();
    for (int i = 0; i < 200 && !met; i++) {
        struct ran both[2];
        struct world world;
        tell("UPDATE held SET n = 0");
        open_world(&world, kind->dsn, "");
        start(&world, &both[0], &forth);
        start(&world, &both[1], &back);
        assert_true(run_until(&world.loop, both_done, both, 20000));
        for (int k = 0; k < 2; k++) {
            if (both[k].result.status == DRIVER_OK)
                continue;
            met = true;
            expect(&both[k], DRIVER_RETRYABLE, kind->deadlock, true);
            assert_int_equal(both[1 - k].result.status, DRIVER_OK);
            assert_string_equal(tell("SELECT sum(n) FROM held"), "2");
        }
        close_world(&world);
    }
    assert_true(met);
}

/* From outside, while a statement that changes something waits. */
static void test_kicked_out(void **state)
{
    const struct {
        struct driver_sql sql;
        enum driver_status status;
    } rows[] = {
        { SQL(true, "UPDATE held SET n = 1 WHERE id = 2", "UPDATE held SET n = 1 WHERE id = 1"),
          DRIVER_LOST },
        { SQL(false, "UPDATE held SET n = 1 WHERE id = 1"), DRIVER_AMBIGUOUS },
    };
    (void)state;
    hold();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world world;
        struct ran ran;
        open_world(&world, kind->dsn, "");
        start(&world, &ran, &rows[i].sql);
        until_it_waits(&world, &ran);
        kick(ran.pid);
        finish(&world, &ran);
        expect(&ran, rows[i].status, NULL, rows[i].status == DRIVER_LOST);
        close_world(&world);
    }
    let_go();
    assert_string_equal(tell("SELECT sum(n) FROM held"), "0");
}

static void test_not_connected(void **state)
{
    const struct driver_sql sql = SQL(false, "SELECT 1");
    struct world world;
    struct ran ran;
    (void)state;
    open_world(&world, kind->dsn, kind->stranger);
    start(&world, &ran, &sql);
    finish(&world, &ran);
    expect(&ran, DRIVER_AUTH, NULL, true);
    close_world(&world);
    open_world(&world, kind->nowhere, "");
    start(&world, &ran, &sql);
    finish(&world, &ran);
    expect(&ran, DRIVER_LOST, NULL, true);
    close_world(&world);
}

/* ---- sessions ---- */

struct heard {
    int times, order;
    enum driver_status status;
    char code[16], value[300], message[300];
    bool right;
};
static int answers;

static void on_answer(void *data, const struct answer *answer)
{
    struct heard *heard = data;
    const char *value = answer->result->value;
    heard->times++;
    heard->order = answers++;
    heard->status = answer->result->status;
    snprintf(heard->value, sizeof(heard->value), "%s", value != NULL ? value : "(null)");
    snprintf(heard->code, sizeof(heard->code), "%s", answer->result->code);
    snprintf(heard->message, sizeof(heard->message), "%s", answer->result->message);
    heard->right = answer->row_count == 1 && answer->column_count == 4 &&
                   answer->cell(answer, 0, 0) == NULL && strcmp(answer->cell(answer, 0, 1), "it's") == 0 &&
                   strcmp(answer->cell(answer, 0, 2), "\\") == 0 &&
                   strcmp(answer->cell(answer, 0, 3), "ä") == 0;
}

static bool has_heard(void *data)
{
    return ((struct heard *)data)->times > 0;
}

static struct session *open_elsewhere(struct world *world, enum session_access access, const char *more)
{
    struct err err = ERR_INIT;
    struct session *session;
    open_world(world, kind->dsn, more);
    assert_int_equal(session_open(world->driver, "tminus:r1:session", access, &session, &err), 0);
    assert_false(session_connected(session));
    return session;
}

static struct session *open_session(struct world *world, enum session_access access)
{
    return open_elsewhere(world, access, "");
}

static void ask(struct session *session, struct heard *heard, const char *sql, int64_t timeout_us)
{
    struct err err = ERR_INIT;
    memset(heard, 0, sizeof(*heard));
    assert_int_equal(session_ask(session, sql, timeout_us, on_answer, heard, &err), 0);
    assert_int_equal(heard->times, 0);
}

static void hear(struct world *world, struct heard *heard, enum driver_status status)
{
    if (!run_until(&world->loop, has_heard, heard, 25000))
        fail_msg("no answer");
    assert_int_equal(heard->times, 1);
    if (heard->status != status)
        fail_msg("%s: %s: %s", kind->name, driver_status_word(heard->status), heard->message);
}

static void test_answers(void **state)
{
    struct world world;
    struct heard heard;
    struct session *session = open_session(&world, SESSION_READS);
    char sql[100];
    (void)state;
    ask(session, &heard, kind->several, 20 * SECOND_US);
    hear(&world, &heard, DRIVER_OK);
    assert_true(heard.right);
    assert_true(session_connected(session));
    assert_true(session_server_version(session) > 0);
    assert_int_not_equal(session_pid(session), 0);
    ask(session, &heard, kind->zero, 20 * SECOND_US);
    hear(&world, &heard, DRIVER_REJECTED);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(sql, sizeof(sql), kind->big, 9 * 1024 * 1024);
    ask(session, &heard, sql, 20 * SECOND_US);
    hear(&world, &heard, DRIVER_REJECTED);
    assert_non_null(strstr(heard.message, "8 MiB"));
    snprintf(sql, sizeof(sql), kind->big, 7 * 1024 * 1024);
#pragma GCC diagnostic pop
    ask(session, &heard, sql, 20 * SECOND_US);
    hear(&world, &heard, DRIVER_OK);
    ask(session, &heard, "INSERT INTO plain VALUES (77)", 20 * SECOND_US);
    hear(&world, &heard, DRIVER_REJECTED);
    session_close(session);
    close_world(&world);
    assert_string_equal(tell("SELECT count(*) FROM plain WHERE id = 77"), "0");
}

static void test_order(void **state)
{
    struct world world;
    struct heard heard[16], over;
    struct err err = ERR_INIT;
    struct session *session = open_session(&world, SESSION_READS);
    char sql[16][32];
    (void)state;
    for (int i = 0; i < 16; i++) {
        snprintf(sql[i], sizeof(sql[i]), "SELECT %d", i);
        ask(session, &heard[i], sql[i], 20 * SECOND_US);
    }
    assert_int_equal(session_ask(session, "SELECT 1", SECOND_US, on_answer, &over, &err), ERR_BUSY);
    for (int i = 0; i < 16; i++) {
        hear(&world, &heard[i], DRIVER_OK);
        assert_string_equal(heard[i].value, sql[i] + 7);
        assert_int_equal(heard[i].order - heard[0].order, i);
    }
    session_close(session);
    close_world(&world);
}

static void test_out_of_time(void **state)
{
    struct world world;
    struct heard slow, next;
    struct session *session = open_session(&world, SESSION_READS);
    (void)state;
    for (int i = 0; i < 3; i++) {
        ask(session, &slow, kind->sleep, 300 * MS_US);
        ask(session, &next, "SELECT 5", 20 * SECOND_US);
        hear(&world, &slow, DRIVER_TIMED_OUT);
        hear(&world, &next, DRIVER_OK);
        assert_string_equal(next.value, "5");
    }
    session_close(session);
    close_world(&world);
}

static bool is_connected_again(void *data)
{
    return session_connected(data);
}

static void test_connects_again(void **state)
{
    struct world world;
    struct heard heard;
    struct session *session = open_session(&world, SESSION_READS);
    (void)state;
    ask(session, &heard, "SELECT 1", 20 * SECOND_US);
    hear(&world, &heard, DRIVER_OK);
    int64_t pid = session_pid(session);
    assert_int_equal(session_connections(session), 1);
    kick(pid); /* while nothing is asked */
    for (int i = 0; i < 2000 && session_pid(session) == pid; i++)
        run_for(&world.loop, 5);
    assert_int_not_equal(session_pid(session), pid);
    assert_true(run_until(&world.loop, is_connected_again, session, 20000));
    assert_int_equal(session_connections(session), 2);
    ask(session, &heard, kind->sleep, 20 * SECOND_US);
    pid = session_pid(session);
    run_for(&world.loop, 300);
    kick(pid);
    hear(&world, &heard, DRIVER_AMBIGUOUS);
    ask(session, &heard, "SELECT 1", 20 * SECOND_US);
    hear(&world, &heard, DRIVER_OK);
    session_close(session);
    close_world(&world);
}

static bool is_down(void *data)
{
    return !session_connected(data);
}

static void ask_and_hear(struct world *world, struct session *session, struct heard *heard, const char *sql,
                         enum driver_status status)
{
    ask(session, heard, sql, 20 * SECOND_US);
    hear(world, heard, status);
}

/* A probe that was meant to read; also on the next connection. */
static void test_reads_only(void **state)
{
    static const char *const changes[] = { "CREATE TABLE made (id INT)", "INSERT INTO kept VALUES (2)",
                                           "DROP TABLE kept", "ALTER TABLE kept ADD COLUMN a INT" };
    struct world world;
    struct heard heard;
    (void)state;
    tell("CREATE TABLE kept (id INT)");
    struct session *session = open_session(&world, SESSION_READS);
    for (int connection = 0; connection < 2; connection++) {
        for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
            ask_and_hear(&world, session, &heard, changes[i], DRIVER_REJECTED);
            assert_string_equal(heard.code, kind->only_reads);
        }
        kick(session_pid(session));
        assert_true(run_until(&world.loop, is_down, session, 20000));
    }
    session_close(session);
    close_world(&world);
    session = open_session(&world, SESSION_WRITES);
    ask_and_hear(&world, session, &heard, "INSERT INTO kept VALUES (3)", DRIVER_OK);
    session_close(session);
    close_world(&world);
    assert_string_equal(tell("SELECT sum(id) FROM kept"), "3");
}

/* All questions see what the first one saw; and when that is over, none sees anything else. */
static void test_snapshot(void **state)
{
    struct world world;
    struct heard heard;
    (void)state;
    tell("CREATE TABLE seen (id INT PRIMARY KEY)");
    for (int by_commit = 0; by_commit < 2; by_commit++) {
        tell("DELETE FROM seen");
        struct session *session = open_session(&world, SESSION_SNAPSHOT);
        ask_and_hear(&world, session, &heard, "SELECT count(*) FROM seen", DRIVER_OK);
        tell("INSERT INTO seen VALUES (1)");
        ask_and_hear(&world, session, &heard, "SELECT count(*) FROM seen", DRIVER_OK);
        assert_string_equal(heard.value, "0");
        if (by_commit)
            ask_and_hear(&world, session, &heard, "COMMIT", DRIVER_OK);
        else
            kick(session_pid(session));
        assert_true(run_until(&world.loop, is_down, session, 20000));
        ask(session, &heard, "SELECT count(*) FROM seen", 400 * MS_US);
        hear(&world, &heard, DRIVER_LOST);
        session_close(session);
        close_world(&world);
    }
    struct session *session = open_session(&world, SESSION_SNAPSHOT);
    ask_and_hear(&world, session, &heard, "INSERT INTO seen VALUES (2)", DRIVER_REJECTED);
    assert_string_equal(heard.code, kind->only_reads);
    session_close(session);
    close_world(&world);
}

static void test_not_let_in(void **state)
{
    struct world world;
    struct heard heard[2];
    struct session *session = open_elsewhere(&world, SESSION_READS, kind->stranger);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heard); i++)
        ask(session, &heard[i], "SELECT 1", 20 * SECOND_US);
    for (size_t i = 0; i < ARRAY_LEN(heard); i++)
        hear(&world, &heard[i], DRIVER_AUTH);
    session_close(session);
    close_world(&world);
}

static void ask_once_more(void *data, const struct answer *answer)
{
    static struct heard heard;
    struct err err = ERR_INIT;
    assert_int_equal(answer->result->status, DRIVER_LOST);
    assert_int_equal(session_ask(data, "SELECT 1", SECOND_US, on_answer, &heard, &err), ERR_CLOSED);
}

static void close_at_answer(void *data, const struct answer *answer)
{
    assert_int_equal(answer->result->status, DRIVER_OK);
    session_close(data);
}

static void test_close(void **state)
{
    struct world world;
    struct heard out, behind;
    struct session *session = open_session(&world, SESSION_READS);
    (void)state;
    ask_and_hear(&world, session, &out, "SELECT 1", DRIVER_OK);
    ask(session, &out, kind->sleep, 20 * SECOND_US);
    ask(session, &behind, "SELECT 1", 20 * SECOND_US);
    assert_int_equal(session_ask(session, "SELECT 1", SECOND_US, ask_once_more, session, NULL), 0);
    session_close(session);
    assert_int_equal(out.times, 1);
    assert_int_equal(out.status, DRIVER_LOST);
    assert_int_equal(behind.status, DRIVER_LOST);
    close_world(&world);

    session = open_session(&world, SESSION_READS);
    assert_int_equal(session_ask(session, "SELECT 1", 20 * SECOND_US, close_at_answer, session, NULL), 0);
    ask(session, &behind, "SELECT 1", 20 * SECOND_US);
    hear(&world, &behind, DRIVER_LOST);
    close_world(&world);
    session_close(NULL);
}

/* Whatever is going on: no `done` any more, each question answered once, and nothing is left in the loop. */
static void test_destroyed(void **state)
{
    const struct driver_sql sql =
        SQL(true, "UPDATE held SET n = 1 WHERE id = 2", "UPDATE held SET n = 1 WHERE id = 1");
    (void)state;
    hold();
    for (int i = 0; i < 12; i++) {
        struct world world;
        struct ran ran;
        struct heard out, waiting;
        struct session *session = open_session(&world, SESSION_WRITES);
        start(&world, &ran, &sql);
        ask(session, &out, kind->sleep, 20 * SECOND_US);
        ask(session, &waiting, "SELECT 1", 20 * SECOND_US);
        run_for(&world.loop, i * i);
        if (i % 3 == 0)
            driver_cancel(ran.job);
        int before = ran.times;
        driver_destroy(world.driver);
        assert_int_equal(out.times, 1);
        assert_int_equal(out.status, DRIVER_LOST);
        assert_int_equal(waiting.times, 1);
        assert_int_equal(waiting.status, DRIVER_LOST);
        run_out(&world.loop);
        assert_int_equal(ran.times, before);
    }
    let_go();
}

struct elsewhere {
    const struct session *session;
    int64_t pid; /* where it was */
};

static bool is_connected_elsewhere(void *data)
{
    const struct elsewhere *elsewhere = data;
    int64_t pid = session_pid(elsewhere->session);
    return pid != 0 && pid != elsewhere->pid;
}

/* Whose a backend is, while the connection lasts. */
static void test_has(void **state)
{
    const struct driver_sql sql =
        SQL(true, "UPDATE held SET n = 1 WHERE id = 2", "UPDATE held SET n = 1 WHERE id = 1");
    struct world world;
    struct ran ran;
    struct heard heard;
    struct session *session = open_session(&world, SESSION_READS);
    (void)state;
    ask(session, &heard, "SELECT 1", 20 * SECOND_US);
    hear(&world, &heard, DRIVER_OK);
    int64_t pid = session_pid(session);
    hold();
    start(&world, &ran, &sql);
    until_it_waits(&world, &ran);
    assert_true(driver_has(world.driver, pid));
    assert_true(driver_has(world.driver, ran.pid));
    assert_false(driver_has(world.driver, 0));
    assert_false(driver_has(world.driver, pid + ran.pid));
    driver_cancel(ran.job);
    finish(&world, &ran);
    let_go();
    assert_false(driver_has(world.driver, ran.pid));
    kick(pid);
    assert_true(run_until(&world.loop, is_connected_elsewhere, &(struct elsewhere){ session, pid }, 20000));
    assert_false(driver_has(world.driver, pid));
    session_close(session);
    close_world(&world);
}

/* The last: there is no server afterwards. */
static void test_server_dies(void **state)
{
    const struct driver_sql sql = SQL(false, "UPDATE held SET n = 1 WHERE id = 1");
    struct world world;
    struct ran ran;
    struct heard heard, later;
    (void)state;
    hold();
    struct session *session = open_session(&world, SESSION_READS);
    ask(session, &heard, "SELECT 1", 20 * SECOND_US);
    hear(&world, &heard, DRIVER_OK);
    ask(session, &heard, kind->sleep, 20 * SECOND_US);
    start(&world, &ran, &sql);
    until_it_waits(&world, &ran);
    if (strcmp(kind->name, "mysql") == 0)
        kill(my_pair_pid(&my, MY_PRIMARY), SIGKILL);
    else
        kill(pg_pair_pid(&pg, PG_PRIMARY),
             SIGQUIT); /* PostgreSQL's processes outlive a postmaster that is killed */
    finish(&world, &ran);
    expect(&ran, DRIVER_AMBIGUOUS, NULL, false);
    hear(&world, &heard, DRIVER_AMBIGUOUS);
    ask(session, &later, "SELECT 1", 300 * MS_US);
    hear(&world, &later, DRIVER_LOST);
    assert_string_not_equal(session_trouble(session), "");
    session_close(session);
    close_world(&world);
}

static int set_up(void **state)
{
    (void)state;
    if (kind->begin() < 0)
        return -1;
    tell("CREATE TABLE held (id INT PRIMARY KEY, n INT)");
    tell("INSERT INTO held VALUES (1, 0), (2, 0)");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kind->end();
    return 0;
}

/* conformance DRIVER */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_lock_timeouts),
        cmocka_unit_test(test_statement_timeout),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_races),
        cmocka_unit_test(test_deadlock),
        cmocka_unit_test(test_kicked_out),
        cmocka_unit_test(test_not_connected),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_out_of_time),
        cmocka_unit_test(test_connects_again),
        cmocka_unit_test(test_reads_only),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_not_let_in),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_destroyed),
        cmocka_unit_test(test_has),
        cmocka_unit_test(test_server_dies),
    };
    for (size_t i = 0; argc == 2 && i < ARRAY_LEN(kinds); i++) {
        kind = &kinds[i];
        if (strcmp(argv[1], kind->name) == 0)
            return cmocka_run_group_tests_name(kind->name, tests, set_up, tear_down);
    }
    fprintf(stderr, "conformance: no such driver\n");
    return 2;
}
