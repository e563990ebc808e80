/*
 * HTTP: a small server in the same loop that answers well, badly, late, or not as HTTP says, and what comes
 * of it. Everything stays on the loopback; names are looked up by our own getaddrinfo.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <errno.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/time.h"
#include "driver/http.h"
#include "support/pg_pair.h"

#define LIMIT_MS 20000

/* ---- names ---- */

/* In place of the C library's, also for libcurl: "held.test" is not answered until it is let go, or for too
 * long, "here.test" is the loopback, and there is nothing else. */
#define HELD_S 30

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool let_go;
    int waiting, asked;
} names = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void wait_until_let_go(void)
{
    struct timespec limit;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &limit), 0);
    limit.tv_sec += HELD_S;
    pthread_mutex_lock(&names.mutex);
    names.waiting++;
    while (!names.let_go && pthread_cond_timedwait(&names.changed, &names.mutex, &limit) == 0)
        continue;
    names.waiting--;
    pthread_cond_broadcast(&names.changed);
    pthread_mutex_unlock(&names.mutex);
}

static int names_count(const int *which)
{
    pthread_mutex_lock(&names.mutex);
    int count = *which;
    pthread_mutex_unlock(&names.mutex);
    return count;
}

static void let_names_go(void)
{
    pthread_mutex_lock(&names.mutex);
    names.let_go = true;
    pthread_cond_broadcast(&names.changed);
    while (names.waiting > 0)
        pthread_cond_wait(&names.changed, &names.mutex);
    names.let_go = false;
    pthread_mutex_unlock(&names.mutex);
}

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
    pthread_mutex_lock(&names.mutex);
    names.asked++;
    pthread_mutex_unlock(&names.mutex);
    if (name != NULL && strcmp(name, "held.test") == 0)
        wait_until_let_go();
    if (name == NULL || strcmp(name, "here.test") != 0)
        return EAI_NONAME;
    /* The C library's own, so that its freeaddrinfo knows what it is given. */
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real("127.0.0.1", service, hints, ret);
}

/* ---- the server ---- */

#define CONNECTIONS_MAX 80

struct server;

struct connection {
    uv_tcp_t tcp;
    uv_write_t write;
    struct server *server;
    struct buf got; /* of the request */
    bool closing, answered, keep;
    char *answer;
};

struct server {
    uv_tcp_t tcp;
    int port;
    int accepted, open;
    struct buf last; /* the last request as it came */
    bool hold;       /* "/held" gets its answers when this is false again */
    struct connection *connections[CONNECTIONS_MAX];
};

static const struct route {
    const char *path, *answer;
    enum { END, RESET, KEEP } after; /* how the connection goes on */
} routes[] = {
    { "/ok", "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"lag\": 1500}", END },
    { "/keep", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkept", KEEP },
    { "/empty", "HTTP/1.1 204 No Content\r\n\r\n", END },
    { "/nul", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\1b", END }, /* \1 is sent as \0 */
    { "/chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
      END },
    { "/till-end", "HTTP/1.0 200 OK\r\n\r\nall of it", END },
    { "/gone", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", END },
    { "/broken", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops", END },
    { "/half", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.", END },
    { "/half-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nten bytes.", END },
    { "/half-head", "HTTP/1.1 200 OK\r\nContent-Le", END },
    { "/nothing", "", END },
    { "/reset", "", RESET },
    { "/not-http", "SSH-2.0-OpenSSH_9.2\r\n", END },
    { "/bad-status", "HTTP/1.1 abc Hello\r\n\r\n", END },
    { "/moved", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 5\r\n\r\nmoved", END },
    { "/moved-keep", "HTTP/1.1 307 Temporary Redirect\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n", END },
    { "/moved-see", "HTTP/1.1 303 See Other\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n", END },
    { "/round", "HTTP/1.1 302 Found\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n", END },
    { "/to-file", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", END },
    { "/to-ftp", "HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", END },
    { "/to-user", "HTTP/1.1 302 Found\r\nLocation: http://a:hunter22@127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
      END },
};

static void on_connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct server *server = connection->server;
    server->open--;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (server->connections[i] == connection)
            server->connections[i] = NULL;
    buf_finish(&connection->got);
    free(connection->answer);
    free(connection);
}

static void connection_close(struct connection *connection)
{
    if (!connection->closing)
        uv_close((uv_handle_t *)&connection->tcp, on_connection_closed);
    connection->closing = true;
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;
    if (status < 0 || !connection->keep) { /* the client may be gone, which is what some tests are about */
        connection_close(connection);
        return;
    }
    free(connection->answer);
    connection->answer = NULL;
    connection->answered = false;
    buf_clear(&connection->got);
}

/* Takes the bytes over. */
static void connection_say(struct connection *connection, char *bytes, size_t len)
{
    connection->answered = true;
    connection->answer = bytes;
    connection->write.data = connection;
    const uv_buf_t whole = uv_buf_init(bytes, (unsigned)len);
    assert_int_equal(uv_write(&connection->write, (uv_stream_t *)&connection->tcp, &whole, 1, on_written), 0);
}

/* `size` bytes of body. */
static void say_big(struct connection *connection, size_t size)
{
    char *bytes = malloc(size + 200);
    assert_non_null(bytes);
    int head = snprintf(bytes, 200, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    memset(bytes + head, 'x', size);
    connection_say(connection, bytes, (size_t)head + size);
}

/* The request itself as the body. */
static void say_echo(struct connection *connection)
{
    size_t size = connection->got.len + 200;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    int len = snprintf(bytes, size, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", connection->got.len,
                       buf_str(&connection->got));
    connection_say(connection, bytes, (size_t)len);
}

static void say_route(struct connection *connection, const char *path, size_t path_len)
{
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        const struct route *route = &routes[i];
        if (strlen(route->path) != path_len || strncmp(route->path, path, path_len) != 0)
            continue;
        if (route->after == RESET) {
            connection->closing = true;
            assert_int_equal(uv_tcp_close_reset(&connection->tcp, on_connection_closed), 0);
            return;
        }
        connection->keep = route->after == KEEP;
        size_t len = strlen(route->answer);
        char *bytes = strdup(route->answer);
        for (size_t k = 0; k < len; k++)
            if (bytes[k] == '\1')
                bytes[k] = '\0';
        if (strncmp(buf_str(&connection->got), "HEAD ", 5) == 0)
            len = (size_t)(strstr(bytes, "\r\n\r\n") + 4 - bytes);
        connection_say(connection, bytes, len);
        return;
    }
    fail_msg("there is no route %.*s", (int)path_len, path);
}

static void connection_answer(struct connection *connection)
{
    const char *path = strchr(buf_str(&connection->got), ' ') + 1;
    size_t len = strcspn(path, " ?");
    static const char held[] = "/held", never[] = "/never", echo[] = "/echo", big[] = "/big/";
    if (len == strlen(never) && strncmp(path, never, len) == 0)
        return;
    if (len == strlen(held) && strncmp(path, held, len) == 0) {
        if (!connection->server->hold)
            say_echo(connection);
        return;
    }
    if (len == strlen(echo) && strncmp(path, echo, len) == 0)
        say_echo(connection);
    else if (strncmp(path, big, strlen(big)) == 0)
        say_big(connection, strtoul(path + strlen(big), NULL, 10));
    else
        say_route(connection, path, len);
}

static void server_release(struct server *server)
{
    server->hold = false;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (server->connections[i] != NULL && server->connections[i]->got.len > 0 &&
            !server->connections[i]->answered && !server->connections[i]->closing)
            connection_answer(server->connections[i]);
}

static bool is_whole(const struct buf *got)
{
    const char *head = buf_str(got), *end = strstr(head, "\r\n\r\n");
    if (end == NULL)
        return false;
    const char *length = strstr(head, "\r\nContent-Length: ");
    size_t body = length != NULL && length < end ? strtoul(length + 18, NULL, 10) : 0;
    return got->len >= (size_t)(end + 4 - head) + body;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    static char bytes[65536]; /* one loop, one reader at a time */
    (void)handle;
    (void)suggested;
    *ret = uv_buf_init(bytes, sizeof(bytes));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *bytes)
{
    struct connection *connection = stream->data;
    if (len < 0) {
        connection_close(connection);
        return;
    }
    buf_add(&connection->got, bytes->base, (size_t)len);
    /* What begins like TLS is left to wait for its end, as many a server does. */
    if (connection->answered || !is_whole(&connection->got)) {
        if (connection->got.len > 0 && connection->got.data[0] == 0x16)
            connection_close(connection);
        return;
    }
    struct buf *last = &connection->server->last;
    buf_clear(last);
    buf_add(last, connection->got.data, connection->got.len);
    connection_answer(connection);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct server *server = stream->data;
    assert_int_equal(status, 0);
    struct connection *connection = calloc(1, sizeof(*connection));
    assert_non_null(connection);
    connection->server = server;
    buf_init(&connection->got, 4 * HTTP_BODY_MAX);
    assert_int_equal(uv_tcp_init(stream->loop, &connection->tcp), 0);
    connection->tcp.data = connection;
    assert_int_equal(uv_accept(stream, (uv_stream_t *)&connection->tcp), 0);
    size_t place = 0;
    while (server->connections[place] != NULL)
        assert_true(++place < CONNECTIONS_MAX);
    server->connections[place] = connection;
    server->accepted++;
    server->open++;
    assert_int_equal(uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read), 0);
}

static void server_start(struct server *server, uv_loop_t *loop)
{
    struct sockaddr_in address;
    int len = sizeof(address);
    memset(server, 0, sizeof(*server));
    buf_init(&server->last, 4 * HTTP_BODY_MAX);
    assert_int_equal(uv_tcp_init(loop, &server->tcp), 0);
    server->tcp.data = server;
    assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    assert_int_equal(uv_tcp_bind(&server->tcp, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&server->tcp, 128, on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&server->tcp, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
}

static void server_stop(struct server *server)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (server->connections[i] != NULL)
            connection_close(server->connections[i]);
    if (!uv_is_closing((uv_handle_t *)&server->tcp))
        uv_close((uv_handle_t *)&server->tcp, NULL);
    buf_finish(&server->last);
}

/* ---- a client and what it was told ---- */

struct world {
    uv_loop_t loop;
    struct server server;
    struct http_client *client;
    int wanted, told; /* answers */
};

struct told {
    struct world *world;
    int count;
    bool answered, sent;
    char why[300];
    long status;
    struct buf body;
    int64_t elapsed_us;
    char url[HTTP_URL_MAX + 1];
    void (*then)(struct told *told);
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct err err = ERR_INIT;
    assert_non_null(world);
    assert_int_equal(uv_loop_init(&world->loop), 0);
    server_start(&world->server, &world->loop);
    assert_int_equal(http_client_create(&world->loop, &world->client, &err), 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    http_client_destroy(world->client);
    server_stop(&world->server);
    run_out(&world->loop);
    free(world);
    return 0;
}

/* What a test wants gone before its end. */
static void client_destroy(struct world *world)
{
    http_client_destroy(world->client);
    world->client = NULL;
}

static void on_answered(void *data, const struct http_answer *answer)
{
    struct told *told = data;
    assert_int_equal(told->count, 0);
    told->count++;
    told->world->told++;
    told->answered = answer->answered;
    told->sent = answer->sent;
    told->status = answer->status;
    told->elapsed_us = answer->elapsed_us;
    assert_int_equal(answer->answered, answer->why == NULL);
    assert_int_equal(answer->answered, answer->status != 0);
    assert_non_null(answer->body);
    assert_int_equal(answer->body[answer->body_len], '\0');
    buf_init(&told->body, HTTP_BODY_MAX);
    buf_add(&told->body, answer->body, answer->body_len);
    snprintf(told->why, sizeof(told->why), "%s", answer->why != NULL ? answer->why : "");
    if (told->then != NULL)
        told->then(told);
}

static bool all_told(void *data)
{
    const struct world *world = data;
    return world->told == world->wanted;
}

static void told_finish(struct told *told)
{
    buf_finish(&told->body);
    free(told);
}

/* `path` on the server of the test, or a whole URL. */
static struct told *ask(struct world *world, const char *path, struct http_request request)
{
    struct err err = ERR_INIT;
    struct told *told = calloc(1, sizeof(*told));
    assert_non_null(told);
    told->world = world;
    if (path[0] == '/')
        snprintf(told->url, sizeof(told->url), "http://127.0.0.1:%d%s", world->server.port, path);
    else
        snprintf(told->url, sizeof(told->url), "%s", path);
    request.url = told->url;
    if (request.method == NULL)
        request.method = "GET";
    if (request.timeout_us == 0)
        request.timeout_us = 15 * SECOND_US;
    if (http_ask(world->client, &request, on_answered, told, &err) < 0)
        fail_msg("%s: %s", path, err.message);
    assert_int_equal(told->count, 0); /* never from within */
    world->wanted++;
    return told;
}

static void wait_for_all(struct world *world)
{
    assert_true(run_until(&world->loop, all_told, world, LIMIT_MS));
}

static struct told *get(struct world *world, const char *path)
{
    struct told *told = ask(world, path, (struct http_request){ .method = "GET" });
    wait_for_all(world);
    return told;
}

static void expect_answer(struct told *told, long status, const char *body)
{
    assert_string_equal(told->why, "");
    assert_true(told->answered && told->sent);
    assert_int_equal(told->status, status);
    assert_string_equal(buf_str(&told->body), body);
    assert_int_equal(told->body.len, strlen(body));
    assert_in_range(told->elapsed_us, 1, LIMIT_MS * 1000);
    told_finish(told);
}

static void expect_failure(struct told *told, const char *why, bool sent)
{
    assert_string_equal(told->why, why);
    assert_false(told->answered);
    assert_int_equal(told->sent, sent);
    assert_int_equal(told->body.len, 0);
    assert_null(strstr(told->why, "127.0.0.1"));
    told_finish(told);
}

/* ---- answers ---- */

static void test_answers(void **state)
{
    static const struct {
        const char *path;
        long status;
        const char *body;
    } cases[] = {
        { "/ok", 200, "{\"lag\": 1500}" },
        { "/ok?with=query#fragment", 200, "{\"lag\": 1500}" },
        { "/empty", 204, "" },
        { "/chunks", 200, "abcde" },
        { "/till-end", 200, "all of it" },
        { "/gone", 404, "none" },
        { "/broken", 500, "oops" },
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_answer(get(world, cases[i].path), cases[i].status, cases[i].body);
}

/* Nothing that was there before is used again: neither a connection that may be dead, nor an address that may
 * have moved. */
static void test_each_request_for_itself(void **state)
{
    struct world *world = *state;
    char url[60];
    int before = names_count(&names.asked);
    snprintf(url, sizeof(url), "http://here.test:%d/keep", world->server.port);
    expect_answer(get(world, url), 200, "kept");
    expect_answer(get(world, url), 200, "kept");
    assert_int_equal(world->server.accepted, 2);
    assert_int_equal(names_count(&names.asked), before + 2);
}

static void test_head_has_no_body(void **state)
{
    struct world *world = *state;
    struct told *told = ask(world, "/ok", (struct http_request){ .method = "HEAD" });
    wait_for_all(world);
    expect_answer(told, 200, "");
    assert_memory_equal(buf_str(&world->server.last), "HEAD /ok HTTP/1.1\r\n", 19);
}

static void test_a_body_may_hold_anything(void **state)
{
    struct told *told = get(*state, "/nul");
    assert_string_equal(told->why, "");
    assert_int_equal(told->body.len, 3);
    assert_memory_equal(told->body.data, "a\0b", 3);
    told_finish(told);
}

static void test_failures(void **state)
{
    static const struct {
        const char *path, *why;
    } cases[] = {
        { "/half", "the server closed the connection in the middle of its answer" },
        { "/half-chunk", "the server closed the connection in the middle of its answer" },
        { "/half-head", "the server closed the connection in the middle of its answer" },
        { "/nothing", "the server closed the connection without an answer" },
        { "/reset", "the connection was lost before the answer was whole" },
        { "/not-http", "what came is not HTTP" },
        { "/bad-status", "what came is not HTTP" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_failure(get(*state, cases[i].path), cases[i].why, true);
}

static void test_maximum_of_an_answer(void **state)
{
    struct world *world = *state;
    char path[40];
    snprintf(path, sizeof(path), "/big/%d", HTTP_BODY_MAX);
    struct told *told = get(world, path);
    assert_string_equal(told->why, "");
    assert_int_equal(told->body.len, HTTP_BODY_MAX);
    told_finish(told);
    snprintf(path, sizeof(path), "/big/%d", HTTP_BODY_MAX + 1);
    expect_failure(get(world, path), "the answer is over its maximum of 262144 bytes", true);
    expect_failure(get(world, "/big/50000000"), "the answer is over its maximum of 262144 bytes", true);
}

/* ---- time ---- */

static void test_a_slow_server(void **state)
{
    struct world *world = *state;
    struct told *told = ask(world, "/never", (struct http_request){ .timeout_us = 300 * MS_US });
    wait_for_all(world);
    assert_in_range(told->elapsed_us, 300 * MS_US, 10 * SECOND_US);
    expect_failure(told, "no whole answer within 300ms", true);
}

static void test_the_shortest_timeout(void **state)
{
    struct world *world = *state;
    int64_t shortest_us = INT64_MAX;
    for (int i = 0; i < 50 && shortest_us > 150 * MS_US; i++) { /* again on a machine that is busy */
        struct told *told = ask(world, "/never", (struct http_request){ .timeout_us = MS_US });
        wait_for_all(world);
        assert_false(told->answered);
        assert_non_null(strstr(told->why, "within 1ms"));
        shortest_us = told->elapsed_us < shortest_us ? told->elapsed_us : shortest_us;
        told_finish(told);
    }
    assert_in_range(shortest_us, 1, 150 * MS_US); /* libcurl's own timeout takes 200 ms for that each time */
}

static bool nobody_waits(void *data)
{
    (void)data;
    return names_count(&names.waiting) == 0;
}

static bool somebody_waits(void *data)
{
    (void)data;
    return names_count(&names.waiting) > 0;
}

/* The resolver cannot be interrupted; nobody waits for it all the same. */
static void test_a_name_that_is_not_answered(void **state)
{
    struct world *world = *state;
    struct told *told =
        ask(world, "http://held.test/secret", (struct http_request){ .timeout_us = 200 * MS_US });
    struct told *other = ask(world, "/ok", (struct http_request){ .method = "GET" });
    wait_for_all(world);
    assert_int_equal(names_count(&names.waiting), 1);
    assert_in_range(told->elapsed_us, 200 * MS_US, HELD_S * SECOND_US / 2);
    expect_failure(told, "no connection within 200ms", false);
    expect_answer(other, 200, "{\"lag\": 1500}");

    told = ask(world, "http://held.test/secret", (struct http_request){ .method = "GET" });
    assert_true(run_until(&world->loop, somebody_waits, NULL, LIMIT_MS));
    client_destroy(world);
    expect_failure(told, "the client was closed", false);
    let_names_go();
    assert_true(run_until(&world->loop, nobody_waits, NULL, LIMIT_MS));
}

static void test_names(void **state)
{
    struct world *world = *state;
    char url[60];
    snprintf(url, sizeof(url), "http://here.test:%d/ok", world->server.port);
    expect_answer(get(world, url), 200, "{\"lag\": 1500}");
    expect_failure(get(world, "http://nowhere.test/secret"), "the name of the server has no address", false);
}

/* ---- connecting ---- */

static void test_connection_refused(void **state)
{
    struct world *world = *state;
    uv_close((uv_handle_t *)&world->server.tcp, NULL);
    expect_failure(get(world, "/ok"), "cannot connect: Connection refused", false);
}

static void test_tls_to_a_plain_port(void **state)
{
    struct world *world = *state;
    char url[60];
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/secret", world->server.port);
    expect_failure(get(world, url), "no TLS with this server: it may speak plain HTTP", false);
}

/* By children that are started meanwhile. */
static void test_connections_are_not_inherited(void **state)
{
    struct world *world = *state;
    struct told *told = ask(world, "/held", (struct http_request){ .method = "GET" });
    world->server.hold = true;
    while (buf_str(&world->server.last)[0] == '\0')
        uv_run(&world->loop, UV_RUN_ONCE);
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in peer;
        socklen_t len = sizeof(peer);
        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sin_family == AF_INET)
            assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    }
    server_release(&world->server);
    wait_for_all(world);
    assert_true(told->answered);
    told_finish(told);
}

/* ---- requests ---- */

/* `want` without the host, which follows the first line. */
static void expect_request(struct world *world, const char *path, struct http_request request,
                           const char *want)
{
    char text[2000];
    struct told *told = ask(world, path, request);
    wait_for_all(world);
    int line = (int)strcspn(want, "\n") + 1;
    snprintf(text, sizeof(text), "%.*sHost: 127.0.0.1:%d\r\n%s", line, want, world->server.port, want + line);
    assert_string_equal(told->why, "");
    assert_string_equal(buf_str(&told->body), text);
    assert_string_equal(buf_str(&world->server.last), text);
    told_finish(told);
}

#define ALWAYS "User-Agent: tminus/" TMINUS_VERSION "\r\nAccept: */*\r\n"

static void test_requests_as_they_arrive(void **state)
{
    static const char *const headers[] = { "X-Token: abc def", "Authorization: Bearer hunter22", "X-Empty:" };
    static const char *const own_type[] = { "content-type: text/x-own" };
    static const char *const own_agent[] = { "User-Agent: me", "Accept: text/plain" };
    static const struct {
        struct http_request request;
        const char *want;
    } cases[] = {
        { { .method = "GET" }, "GET /echo HTTP/1.1\r\n" ALWAYS "\r\n" },
        { { .method = "GET", .header_count = 3, .headers = headers },
          "GET /echo HTTP/1.1\r\n" ALWAYS
          "X-Token: abc def\r\nAuthorization: Bearer hunter22\r\nX-Empty:\r\n\r\n" },
        { { .method = "GET", .header_count = 2, .headers = own_agent },
          "GET /echo HTTP/1.1\r\nUser-Agent: me\r\nAccept: text/plain\r\n\r\n" },
        { { .method = "POST", .body = "{\"a\":1}" },
          "POST /echo HTTP/1.1\r\n" ALWAYS "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n"
          "{\"a\":1}" },
        { { .method = "POST", .body = "a=1", .content_type = "text/plain; charset=utf-8" },
          "POST /echo HTTP/1.1\r\n" ALWAYS
          "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\n"
          "a=1" },
        { { .method = "POST", .body = "a", .header_count = 1, .headers = own_type },
          "POST /echo HTTP/1.1\r\n" ALWAYS "content-type: text/x-own\r\nContent-Length: 1\r\n\r\na" },
        { { .method = "POST",
            .body = "a",
            .content_type = "text/x-said",
            .header_count = 1,
            .headers = own_type },
          "POST /echo HTTP/1.1\r\n" ALWAYS "Content-Type: text/x-said\r\nContent-Length: 1\r\n\r\na" },
        { { .method = "POST" }, "POST /echo HTTP/1.1\r\n" ALWAYS "Content-Length: 0\r\n\r\n" },
        { { .method = "POST", .body = "" },
          "POST /echo HTTP/1.1\r\n" ALWAYS "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n" },
        { { .method = "PUT", .body = "{\"a\":1}" },
          "PUT /echo HTTP/1.1\r\n" ALWAYS
          "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}" },
        { { .method = "PUT" }, "PUT /echo HTTP/1.1\r\n" ALWAYS "Content-Length: 0\r\n\r\n" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request request = cases[i].request;
        expect_request(*state, "/echo", request, cases[i].want);
    }
}

static void test_the_biggest_body_of_a_request(void **state)
{
    struct world *world = *state;
    static const char *const methods[] = { "POST", "PUT" };
    char *body = malloc(HTTP_BODY_MAX + 1);
    memset(body, 'b', HTTP_BODY_MAX);
    body[HTTP_BODY_MAX] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct told *told = ask(world, "/ok", (struct http_request){ .method = methods[i], .body = body });
        wait_for_all(world);
        expect_answer(told, 200, "{\"lag\": 1500}");
        const char *end = strstr(buf_str(&world->server.last), "\r\n\r\n");
        assert_non_null(end);
        assert_string_equal(end + 4, body);
    }
    free(body);
}

static void test_what_is_given_is_copied(void **state)
{
    struct world *world = *state;
    char url[60], body[] = "body", header[] = "X-A: b", *headers[] = { header };
    struct err err = ERR_INIT;
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/echo", world->server.port);
    struct told *told = calloc(1, sizeof(*told));
    assert_non_null(told);
    told->world = world;
    struct http_request request = { .url = url,
                                    .method = "POST",
                                    .body = body,
                                    .header_count = 1,
                                    .headers = (const char *const *)headers,
                                    .timeout_us = 15 * SECOND_US };
    assert_int_equal(http_ask(world->client, &request, on_answered, told, &err), 0);
    memset(url, 'z', sizeof(url) - 1);
    memset(body, 'z', sizeof(body) - 1);
    memset(header, 'z', sizeof(header) - 1);
    headers[0] = NULL;
    world->wanted++;
    wait_for_all(world);
    assert_string_equal(told->why, "");
    assert_non_null(strstr(buf_str(&told->body), "X-A: b\r\n"));
    assert_non_null(strstr(buf_str(&told->body), "\r\n\r\nbody"));
    told_finish(told);
}

/* ---- redirects ---- */

static void test_redirects_are_answers_unless_followed(void **state)
{
    struct world *world = *state;
    expect_answer(get(world, "/moved"), 302, "moved");
    assert_int_equal(world->server.accepted, 1);
    struct told *told = ask(world, "/moved", (struct http_request){ .follow = true });
    wait_for_all(world);
    expect_answer(told, 200, "{\"lag\": 1500}");
}

static void test_what_a_redirect_does_to_a_method(void **state)
{
    static const struct {
        const char *path, *method, *want, *body;
    } cases[] = {
        { "/moved-keep", "POST", "POST /echo ", "the body" },
        { "/moved-keep", "PUT", "PUT /echo ", "the body" },
        { "/moved-see", "POST", "GET /echo ", "" },
        { "/moved-see", "PUT", "GET /echo ", "" },
        { "/moved-see", "GET", "GET /echo ", "" },
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request request = { .method = cases[i].method, .follow = true };
        if (strcmp(cases[i].method, "GET") != 0)
            request.body = "the body";
        struct told *told = ask(world, cases[i].path, request);
        wait_for_all(world);
        assert_string_equal(told->why, "");
        assert_memory_equal(buf_str(&told->body), cases[i].want, strlen(cases[i].want));
        assert_string_equal(strstr(buf_str(&told->body), "\r\n\r\n") + 4, cases[i].body);
        told_finish(told);
    }
}

static void test_redirects_that_are_not_followed(void **state)
{
    static const char elsewhere[] =
        "it redirects to where no request may go: only http and https, and from https only https";
    static const struct {
        const char *path, *why;
    } cases[] = {
        { "/round", "it redirects too often" },
        { "/to-file", elsewhere },
        { "/to-ftp", elsewhere },
        { "/to-user", "it redirects to a URL with a user or a password" },
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct told *told = ask(world, cases[i].path, (struct http_request){ .follow = true });
        wait_for_all(world);
        expect_failure(told, cases[i].why, true);
    }
    assert_int_equal(world->server.accepted, 1 + HTTP_REDIRECTS_MAX + 3);
}

/* ---- many, and the end ---- */

static void test_many_at_once(void **state)
{
    enum { COUNT = 50 };
    struct world *world = *state;
    struct told *told[COUNT];
    char path[40];
    world->server.hold = true;
    for (int i = 0; i < COUNT; i++) {
        snprintf(path, sizeof(path), "/held?%d.", i);
        told[i] = ask(world, path, (struct http_request){ .method = "GET" });
    }
    while (world->server.open < COUNT) /* all are out at the same time */
        uv_run(&world->loop, UV_RUN_ONCE);
    assert_int_equal(world->told, 0);
    server_release(&world->server);
    wait_for_all(world);
    for (int i = 0; i < COUNT; i++) {
        assert_string_equal(told[i]->why, "");
        snprintf(path, sizeof(path), "GET /held?%d. HTTP/1.1\r\n", i);
        assert_memory_equal(buf_str(&told[i]->body), path, strlen(path));
        told_finish(told[i]);
    }
}

static bool got_a_request(void *data)
{
    return buf_str(&((struct world *)data)->server.last)[0] != '\0';
}

static void test_destroyed_while_out(void **state)
{
    struct world *world = *state;
    struct told *out = ask(world, "/never", (struct http_request){ .method = "POST", .body = "x" });
    assert_true(run_until(&world->loop, got_a_request, world, LIMIT_MS));
    struct told *fresh = ask(world, "/ok", (struct http_request){ .method = "GET" });
    client_destroy(world);
    assert_int_equal(world->told, 2);
    expect_failure(out, "the client was closed", true);
    expect_failure(fresh, "the client was closed", false);
}

/* After each turn of the loop, until all had been answered before. */
static void test_destroyed_at_any_moment(void **state)
{
    static const char *const paths[] = { "/ok",    "/moved",      "/half",
                                         "/reset", "/big/300000", "http://here.test:1/" };
    struct world *world = *state;
    struct err err = ERR_INIT;
    bool all_before = false;
    int turns;
    client_destroy(world);
    for (turns = 0; !all_before; turns++) {
        struct told *told[ARRAY_LEN(paths)];
        assert_in_range(turns, 0, 10000);
        assert_int_equal(http_client_create(&world->loop, &world->client, &err), 0);
        for (size_t i = 0; i < ARRAY_LEN(paths); i++)
            told[i] = ask(world, paths[i], (struct http_request){ .method = "GET", .follow = true });
        for (int i = 0; i < turns && !all_told(world); i++)
            (void)uv_run(&world->loop, UV_RUN_ONCE);
        all_before = all_told(world);
        client_destroy(world);
        assert_true(all_told(world));
        for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
            assert_int_equal(told[i]->count, 1);
            told_finish(told[i]);
        }
    }
    assert_in_range(turns, 5, 10000);
}

static void destroy_then(struct told *told)
{
    client_destroy(told->world);
}

static void test_destroyed_from_a_callback(void **state)
{
    struct world *world = *state;
    struct told *out = ask(world, "/never", (struct http_request){ .method = "GET" });
    struct told *told = ask(world, "/ok", (struct http_request){ .method = "GET" });
    struct told *also = ask(world, "/never", (struct http_request){ .method = "GET" });
    told->then = destroy_then;
    also->then = destroy_then; /* once more, from inside */
    wait_for_all(world);
    expect_answer(told, 200, "{\"lag\": 1500}");
    assert_string_equal(out->why, "the client was closed");
    told_finish(out);
    assert_string_equal(also->why, "the client was closed");
    told_finish(also);
}

static void ask_once_more(struct told *told)
{
    struct err err = ERR_INIT;
    struct http_request request = { .url = told->url, .method = "GET", .timeout_us = SECOND_US };
    assert_int_equal(http_ask(told->world->client, &request, on_answered, told, &err), ERR_CLOSED);
    assert_string_equal(err.message, "the client was closed");
}

static void test_asking_while_it_is_destroyed(void **state)
{
    struct world *world = *state;
    struct told *told = ask(world, "/never", (struct http_request){ .method = "GET" });
    told->then = ask_once_more;
    client_destroy(world);
    expect_failure(told, "the client was closed", false);
    http_client_destroy(NULL);
}

static struct told *second;

static void ask_second(struct told *told)
{
    second = ask(told->world, "/gone", (struct http_request){ .method = "GET" });
}

static void test_asking_from_a_callback(void **state)
{
    struct world *world = *state;
    struct told *told = ask(world, "/ok", (struct http_request){ .method = "GET" });
    told->then = ask_second;
    wait_for_all(world);
    expect_answer(told, 200, "{\"lag\": 1500}");
    expect_answer(second, 404, "none");
}

/* A client that nobody asks keeps no loop alive. */
static void test_an_idle_client_lets_the_loop_end(void **state)
{
    uv_loop_t loop;
    struct http_client *client;
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(http_client_create(&loop, &client, &err), 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    http_client_destroy(client);
    run_out(&loop);
}

/* ---- what cannot be asked ---- */

static void test_urls(void **state)
{
    static const struct {
        const char *url, *want; /* "": it is one */
    } cases[] = {
        { "http://a", "" },
        { "https://example.org/a/b?c=%20d&e[]=\"f\"#g", "" },
        { "HTTP://EXAMPLE.ORG:8080/", "" },
        { "http://[::1]:9090/-/ready", "" },
        { "http://a/b@c?d@e", "" },
        { "", "begins neither with" },
        { "example.org", "begins neither with" },
        { "ftp://example.org/", "begins neither with" },
        { "file:///etc/passwd", "begins neither with" },
        { "http:/example.org", "begins neither with" },
        { "httpx://example.org", "begins neither with" },
        { "http://user:hunter22@example.org/", "holds a user or a password" },
        { "http://user@example.org", "holds a user or a password" },
        { "https://@example.org", "holds a user or a password" },
        { "https://a?b@c", "" },
        { "http://", "names no server" },
        { "http:///path", "names no server" },
        { "http://example.org:99999/", "this is not a URL: " },
        { "http://example.org:http/", "this is not a URL: " },
        { "http://[::1/", "this is not a URL: " },
        { "http://exa mple.org/", "as its byte 11" },
        { "http://example.org/a b", "as its byte 21" },
        { "http://example.org/\r\nX: y", "as its byte 20" },
        { "http://example.org/\t", "as its byte 20" },
        { "http://example.org/\x7f", "as its byte 20" },
        { "http://example.org/\xc3\xbc", "as its byte 20" },
        { "http://example.org\\@evil.example/", "as its byte 19" },
        { " http://example.org/", "as its byte 1:" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        int r = http_url_check(cases[i].url, &err);
        if (cases[i].want[0] == '\0') {
            assert_string_equal(err.message, "");
            assert_int_equal(r, 0);
            continue;
        }
        if (r != ERR_INVALID || strstr(err.message, cases[i].want) == NULL)
            fail_msg("%s: %s", cases[i].url, err.message);
        assert_null(strstr(err.message, "hunter22"));
        assert_null(strstr(err.message, "example"));
    }
}

static void test_requests_that_cannot_be(void **state)
{
    static char long_url[HTTP_URL_MAX + 2], long_body[HTTP_BODY_MAX + 2], long_header[HTTP_HEADER_MAX + 2];
    memset(long_url, 'u', sizeof(long_url) - 1);
    memcpy(long_url, "http://a/", 9);
    memset(long_body, 'b', sizeof(long_body) - 1);
    memset(long_header, 'h', sizeof(long_header) - 1);
    memcpy(long_header, "A: ", 3);
#define HEADER(text)                                                                                         \
    .header_count = 1, .headers = (const char *const[])                                                      \
    {                                                                                                        \
        text                                                                                                 \
    }
    const struct {
        struct http_request request;
        int code;
        const char *want;
    } cases[] = {
        { { .url = "ftp://hunter22/" }, ERR_INVALID, "begins neither" },
        { { .url = long_url }, ERR_LIMIT, "the URL has 8193 bytes, at most 8192" },
        { { .method = "DELETE" }, ERR_INVALID, "the method is \"DELETE\", expected GET, HEAD, POST or PUT" },
        { { .method = "get" }, ERR_INVALID, "the method is \"get\"" },
        { { .method = "" }, ERR_INVALID, "the method is \"\"" },
        { { .method = "GET /x HTTP/1.1\r\nA:" }, ERR_INVALID, "the method is" },
        { { .body = "x" }, ERR_INVALID, "a body goes with POST and PUT, not with GET" },
        { { .method = "HEAD", .body = "" }, ERR_INVALID, "not with HEAD" },
        { { .method = "POST", .body = long_body }, ERR_LIMIT, "the body has 262145 bytes, at most 262144" },
        { { .content_type = "a\r\nb" }, ERR_INVALID, "the content type" },
        { { .content_type = "" }, ERR_INVALID, "the content type" },
        { { .content_type = long_header }, ERR_LIMIT, "the content type has over 8192 bytes" },
        { { HEADER("A: hunter22\r\nB: c") },
          ERR_INVALID,
          "the value of header \"A\" holds a control character" },
        { { HEADER("A: hunter22\n") }, ERR_INVALID, "the value of header \"A\"" },
        { { HEADER("A: hunter22\t") }, ERR_INVALID, "the value of header \"A\"" },
        { { HEADER("A: hunter22\x7f") }, ERR_INVALID, "the value of header \"A\"" },
        { { HEADER("A") }, ERR_INVALID, "header 1 has not the form \"Name: value\"" },
        { { HEADER("") }, ERR_INVALID, "header 1 has not the form" },
        { { HEADER(": hunter22") }, ERR_INVALID, "header 1 has not the form" },
        { { HEADER("A b: hunter22") }, ERR_INVALID, "header 1 has not the form" },
        { { HEADER("A : hunter22") }, ERR_INVALID, "header 1 has not the form" },
        { { HEADER(" A: hunter22") }, ERR_INVALID, "header 1 has not the form" },
        { { HEADER("A;") }, ERR_INVALID, "header 1 has not the form" },
        { { HEADER("A\r\nB: hunter22") }, ERR_INVALID, "header 1 has not the form" },
        { { HEADER("content-length: 3") }, ERR_INVALID, "header \"content-length\" follows from the body" },
        { { HEADER("Transfer-Encoding: chunked") }, ERR_INVALID, "\"Transfer-Encoding\" follows" },
        { { HEADER("Expect: 100-continue") }, ERR_INVALID, "\"Expect\" follows" },
        { { HEADER(long_header) }, ERR_LIMIT, "header 1 has over 8192 bytes" },
        { { .header_count = HTTP_HEADERS_MAX + 1 }, ERR_LIMIT, "the request has 65 headers, at most 64" },
        { { .timeout_us = -1 }, ERR_INVALID, "expected more than 0" },
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT, again = ERR_INIT;
        struct http_request request = cases[i].request;
        if (request.url == NULL)
            request.url = "http://example.org/";
        if (request.method == NULL)
            request.method = "GET";
        if (request.timeout_us == 0)
            request.timeout_us = SECOND_US;
        assert_int_equal(http_ask(world->client, &request, on_answered, NULL, &err), cases[i].code);
        if (strstr(err.message, cases[i].want) == NULL)
            fail_msg("%s", err.message);
        assert_null(strstr(err.message, "hunter22"));
        assert_int_equal(http_request_check(&request, &again), cases[i].code);
        assert_string_equal(again.message, err.message);
    }
    struct http_request request = { .url = "http://a/", .method = "GET", .timeout_us = 0 };
    assert_int_equal(http_request_check(&request, NULL), ERR_INVALID);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_answers),
        WITH_WORLD(test_each_request_for_itself),
        WITH_WORLD(test_head_has_no_body),
        WITH_WORLD(test_a_body_may_hold_anything),
        WITH_WORLD(test_failures),
        WITH_WORLD(test_maximum_of_an_answer),
        WITH_WORLD(test_a_slow_server),
        WITH_WORLD(test_the_shortest_timeout),
        WITH_WORLD(test_a_name_that_is_not_answered),
        WITH_WORLD(test_names),
        WITH_WORLD(test_connection_refused),
        WITH_WORLD(test_tls_to_a_plain_port),
        WITH_WORLD(test_connections_are_not_inherited),
        WITH_WORLD(test_requests_as_they_arrive),
        WITH_WORLD(test_the_biggest_body_of_a_request),
        WITH_WORLD(test_what_is_given_is_copied),
        WITH_WORLD(test_redirects_are_answers_unless_followed),
        WITH_WORLD(test_what_a_redirect_does_to_a_method),
        WITH_WORLD(test_redirects_that_are_not_followed),
        WITH_WORLD(test_many_at_once),
        WITH_WORLD(test_destroyed_while_out),
        WITH_WORLD(test_destroyed_at_any_moment),
        WITH_WORLD(test_destroyed_from_a_callback),
        WITH_WORLD(test_asking_while_it_is_destroyed),
        WITH_WORLD(test_asking_from_a_callback),
        cmocka_unit_test(test_an_idle_client_lets_the_loop_end),
        cmocka_unit_test(test_urls),
        WITH_WORLD(test_requests_that_cannot_be),
    };
    /* What the surroundings say about proxies is not for a server on the loopback. */
    (void)setenv("no_proxy", "*", 1);
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
