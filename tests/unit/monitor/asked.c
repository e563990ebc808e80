/* Numbers that the book asks for: what a query answers on a real server, and what a URL answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "driver/http.h"
#include "support/pg_group.h"
#include "watched.h"

static bool is_any(const struct sample *sample)
{
    (void)sample;
    return true;
}

/* ---- queries ---- */

/* What the table holds now, and so what the next sample but one has to say. */
static struct {
    double value; /* -1: it is not known */
    const char *why;
} expected;

static bool is_expected(const struct sample *sample)
{
    return metric(sample, "value") == expected.value && strstr(sample->why, expected.why) != NULL;
}

/* Never a number that nobody measured. */
static void test_query_values(void **state)
{
    static const struct {
        const char *change;
        double value;
        const char *why;
    } rows[] = {
        { "UPDATE asked SET v = '42'", 42, "" },
        { "UPDATE asked SET v = '0.25'", 0.25, "" },
        { "UPDATE asked SET v = '1e10'", 1e10, "" },
        { "UPDATE asked SET v = NULL", -1, "the query answered NULL" },
        { "UPDATE asked SET v = 't'", 1, "" },
        { "UPDATE asked SET v = 'f'", 0, "" },
        { "UPDATE asked SET v = 'seven'", -1, "the query answered \"seven\", which is no number" },
        { "UPDATE asked SET v = ''", -1, "the query answered \"\", which is no number" },
        { "UPDATE asked SET v = '12 MB'", -1, "which is no number" },
        { "UPDATE asked SET v = 'NaN'", -1, "\"NaN\", which is no number" },
        { "UPDATE asked SET v = 'Infinity'", -1, "\"Infinity\", which is no number" },
        { "UPDATE asked SET v = 'tt'", -1, "\"tt\", which is no number" },
        { "UPDATE asked SET v = '5'", 5, "" },
        { "DELETE FROM asked", -1, "the query answered no row" },
        { "ALTER TABLE asked RENAME v TO w", -1, "\"v\" does not exist" },
        { "ALTER TABLE asked RENAME w TO v", -1, "the query answered no row" },
        { "INSERT INTO asked VALUES ('3'), ('3')", 3, "" },
    };
    struct watched watched;
    (void)state;
    pg_value(admin, "CREATE TABLE asked (v text); INSERT INTO asked VALUES ('1')");
    watch_query(&watched, pair.dsn[PG_PRIMARY], "SELECT v, 9 FROM asked");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        pg_value(admin, rows[i].change);
        expected.value = rows[i].value;
        expected.why = rows[i].why;
        until_sample(&watched, is_expected);
        assert_int_equal(watched.last->known, rows[i].value >= 0);
    }
    stop_watching(&watched);
    pg_value(admin, "DROP TABLE asked");
}

/* Of the type that the server says, on a replica too. */
static void test_query_types(void **state)
{
    struct watched watched;
    (void)state;
    watch_query(&watched, pair.dsn[PG_REPLICA], "SELECT pg_is_in_recovery()");
    until_sample(&watched, is_known);
    assert_true(metric(watched.last, "value") == 1);
    stop_watching(&watched);
}

static bool is_late(const struct sample *sample)
{
    return strstr(sample->why, "no answer within 900 ms") != NULL;
}

static void test_query_late(void **state)
{
    struct watched watched;
    (void)state;
    watch_query(&watched, pair.dsn[PG_PRIMARY], "SELECT pg_sleep(5)");
    until_sample(&watched, is_late);
    assert_false(watched.last->known);
    stop_watching(&watched);
}

static bool is_three(const struct sample *sample)
{
    return metric(sample, "value") == 3;
}

/* It goes on after an error, and follows what it measures. */
static void test_query_goes_on(void **state)
{
    struct watched watched;
    (void)state;
    watch_query(&watched, pair.dsn[PG_PRIMARY], "SELECT count(*) FROM comes_later");
    until_sample(&watched, is_any);
    assert_false(watched.last->known);
    pg_value(admin, "CREATE TABLE comes_later AS SELECT generate_series(1, 3) AS a");
    until_sample(&watched, is_three);
    pg_value(admin, "DROP TABLE comes_later");
    stop_watching(&watched);
}

/* It is asked when somebody begins to wait for it, and when that time is over, however seldom else; also of a
 * server that was not to be reached when it was asked before. */
static void test_hurried(void **state)
{
    struct watched watched;
    char dsn[300];
    (void)state;
    pg_value(admin, "CREATE TABLE hurried AS SELECT 1 AS a");
    watch_query_seldom(&watched, pair.dsn[PG_PRIMARY], "SELECT count(*) FROM hurried");
    until_sample(&watched, is_known);
    pg_value(admin, "INSERT INTO hurried VALUES (2), (3)");
    monitor_hurry(watched.monitor, 0);
    until_sample(&watched, is_three);
    uint64_t before = uv_hrtime();
    monitor_hurry(watched.monitor, 300 * MS_US);
    until_sample(&watched, is_three);
    assert_true(uv_hrtime() - before >= 250 * 1000000ULL); /* a loop's time is that of its last turn */
    stop_watching(&watched);
    pg_value(admin, "DROP TABLE hurried");

    snprintf(dsn, sizeof(dsn), "%s dbname=comes_later", pair.dsn[PG_PRIMARY]);
    watch_query_seldom(&watched, dsn, "SELECT 3");
    until_sample(&watched, is_any);
    assert_false(watched.last->known);
    pg_value(admin, "CREATE DATABASE comes_later");
    monitor_hurry(watched.monitor, 0);
    until_sample(&watched, is_three);
    stop_watching(&watched);
    pg_value(admin, "DROP DATABASE comes_later WITH (FORCE)");
}

/* ---- URLs: a small server in the same loop ---- */

struct server {
    uv_tcp_t tcp;
    char url[64];
    const char *answer;
    int asked, open;
};

struct connection {
    uv_tcp_t tcp;
    uv_write_t write;
    struct server *server;
    char got[2000];
    size_t len;
};

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    connection->server->open--;
    free(connection);
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;
    (void)status; /* the client may be gone */
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret)
{
    struct connection *connection = handle->data;
    (void)wanted;
    *ret = uv_buf_init(connection->got + connection->len,
                       (unsigned)(sizeof(connection->got) - 1 - connection->len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    struct server *server = connection->server;
    (void)buf;
    if (len < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    connection->len += (size_t)len;
    if (strstr(connection->got, "\r\n\r\n") == NULL)
        return;
    assert_int_equal(strncmp(connection->got, "GET / HTTP/1.1\r\n", 16), 0);
    server->asked++;
    uv_read_stop(stream);
    uv_buf_t whole = uv_buf_init((char *)server->answer, (unsigned)strlen(server->answer));
    connection->write.data = connection;
    assert_int_equal(uv_write(&connection->write, stream, &whole, 1, on_written), 0);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct server *server = stream->data;
    struct connection *connection = mem_alloc(sizeof(*connection));
    assert_int_equal(status, 0);
    connection->server = server;
    connection->tcp.data = connection;
    assert_int_equal(uv_tcp_init(stream->loop, &connection->tcp), 0);
    assert_int_equal(uv_accept(stream, (uv_stream_t *)&connection->tcp), 0);
    assert_int_equal(uv_read_start((uv_stream_t *)&connection->tcp, on_room, on_read), 0);
    server->open++;
}

static void serve(struct server *server, struct watched *watched, const char *answer)
{
    struct sockaddr_in address;
    int size = sizeof(address);
    memset(server, 0, sizeof(*server));
    memset(watched, 0, sizeof(*watched));
    server->answer = answer;
    server->tcp.data = server;
    assert_int_equal(uv_loop_init(&watched->loop), 0);
    assert_int_equal(uv_tcp_init(&watched->loop, &server->tcp), 0);
    assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    assert_int_equal(uv_tcp_bind(&server->tcp, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&server->tcp, 10, on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&server->tcp, (struct sockaddr *)&address, &size), 0);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
}

static void stop_serving(struct server *server, struct watched *watched)
{
    uv_close((uv_handle_t *)&server->tcp, NULL);
    stop_watching(watched);
    assert_int_equal(server->open, 0);
}

#define OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n" body

static const struct {
    const char *answer, *pointer;
    double value; /* -1: it is not known */
    int status;   /* 0: nothing is known */
    const char *why;
} pages[] = {
    { OK("{\"error_rate\": 0.25}"), "/error_rate", 0.25, 200, "" },
    { OK("{\"a\": [1, {\"b\": \"7\"}]}"), "/a/1/b", 7, 200, "" },
    { OK("3.5"), "", 3.5, 200, "" },
    { OK("not JSON at all"), NULL, -1, 200, "" }, /* only whether it answers, and how fast */
    { OK("{\"a\": 1}"), "/b", -1, 0, "the value has no \"b\"" },
    { OK("{\"a\": null}"), "/a", -1, 0, "null, which is no number" },
    { OK("{\"a\": \"high\"}"), "/a", -1, 0, "at /a stands high, which is no number" },
    { OK("<html>"), "/a", -1, 0, "JSON" },
    { "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 8\r\n\r\n{\"a\": 1}", "/a", -1, 503,
      "status 503" },
    { "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", NULL, -1, 503, "" },
    { "SSH-2.0-OpenSSH_9.2\r\n", "/a", -1, 0, "" },
};

static void test_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        struct watched watched;
        struct server server;
        serve(&server, &watched, pages[i].answer);
        watch_url(&watched, server.url, pages[i].pointer);
        until_sample(&watched, is_any);
        const struct sample *sample = watched.last;
        assert_int_equal(sample->known, pages[i].status > 0);
        if (sample->known) {
            assert_true(metric(sample, "status") == pages[i].status);
            assert_true(metric(sample, "seconds") >= 0 && metric(sample, "seconds") < 5);
        }
        if (metric(sample, "value") != pages[i].value || strstr(sample->why, pages[i].why) == NULL)
            fail_msg("page %zu: %g, %s", i, metric(sample, "value"), sample->why);
        until_sample(&watched, is_any); /* and again */
        assert_true(server.asked >= 2);
        stop_serving(&server, &watched);
    }
}

/* Nobody is there: an unknown sample each time, never an old number. */
static void test_nobody_there(void **state)
{
    struct watched watched;
    struct server server;
    (void)state;
    serve(&server, &watched, "");
    uv_close((uv_handle_t *)&server.tcp, NULL);
    run_for(&watched.loop, 1);
    watch_url(&watched, server.url, "/a");
    until_sample(&watched, is_any);
    assert_false(watched.last->known);
    until_sample(&watched, is_any);
    assert_false(watched.last->known);
    stop_watching(&watched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query_values), cmocka_unit_test(test_query_types),
        cmocka_unit_test(test_query_late),   cmocka_unit_test(test_query_goes_on),
        cmocka_unit_test(test_hurried),      cmocka_unit_test(test_pages),
        cmocka_unit_test(test_nobody_there),
    };
    return cmocka_run_group_tests(tests, pg_group_set_up, pg_group_tear_down);
}
