#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "helper.h"
#include "wire/link.h"

#define LINKS_MAX 8

/* A listener, and what its links and one client's link were told. */
struct end {
    struct link *link; /* NULL once it is no more */
    struct buf lines;  /* each with a newline */
    size_t longest;
    int closed;
    char why[128];
    bool close_on_line;
};

struct room {
    uv_loop_t loop;
    uv_timer_t limit;
    struct arena *arena;
    const char *path;
    struct listener *listener;
    struct end ends[LINKS_MAX]; /* the runner's, in the order in which they came */
    size_t count;
    bool late;
};

static void on_line(void *data, struct link *link, const char *line, size_t len)
{
    struct end *end = data;

    assert_ptr_equal(link, end->link);
    assert_int_equal(line[len], '\0');
    assert_null(memchr(line, '\n', len));
    if (len > end->longest)
        end->longest = len;
    buf_add(&end->lines, line, len);
    buf_char(&end->lines, '\n');
    if (end->close_on_line) {
        end->link = NULL;
        link_close(link);
    }
}

static void on_closed(void *data, struct link *link, const char *why)
{
    struct end *end = data;

    assert_ptr_equal(link, end->link);
    end->link = NULL;
    end->closed++;
    (void)snprintf(end->why, sizeof(end->why), "%s", why);
}

static const struct link_events link_events = { on_line, on_closed };

static void end_init(struct end *end)
{
    memset(end, 0, sizeof(*end));
    buf_init(&end->lines, 2 * LINK_QUEUE_MAX);
}

static void on_accepted(void *data, struct link *link)
{
    struct room *room = data;
    struct end *end = &room->ends[room->count++];

    assert_true(room->count <= LINKS_MAX);
    end_init(end);
    end->link = link;
    link_set_data(link, end);
    assert_ptr_equal(link_data(link), end);
}

static void on_late(uv_timer_t *timer)
{
    ((struct room *)timer->data)->late = true;
}

/* Goes off again and again: one that goes off before the loop sleeps would leave it asleep. */
static void start_limit(struct room *room, uint64_t ms)
{
    room->late = false;
    uv_update_time(&room->loop);
    uv_timer_start(&room->limit, on_late, ms, 10);
}

/* Turns the loop until `done`, at most 10 s; false when it is not by then. */
static bool turn_until(struct room *room, bool (*done)(const struct room *room))
{
    start_limit(room, 30000);
    while (!done(room) && !room->late)
        uv_run(&room->loop, UV_RUN_ONCE);
    uv_timer_stop(&room->limit);
    return done(room);
}

static void turn_for(struct room *room, uint64_t ms)
{
    start_limit(room, ms);
    while (!room->late)
        uv_run(&room->loop, UV_RUN_ONCE);
    uv_timer_stop(&room->limit);
}

/* The socket lies deeper than the 107 bytes that an address holds. */
static int enter(void **state)
{
    struct room *room = mem_alloc(sizeof(*room));
    struct err err = ERR_INIT;
    const char *dir;

    (void)signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&room->loop);
    uv_timer_init(&room->loop, &room->limit);
    room->limit.data = room;
    room->arena = arena_create();
    dir = arena_format(room->arena, "%s/%0120d", scratch_make(), 0);
    if (dir_make(dir, 0700, &err) < 0)
        return -1;
    room->path = arena_format(room->arena, "%s/socket", dir);
    *state = room;
    return listener_create(&room->loop, room->path, &link_events, on_accepted, room, &room->listener, &err);
}

static int leave(void **state)
{
    struct room *room = *state;
    int r;

    listener_destroy(room->listener);
    for (size_t i = 0; i < room->count; i++) {
        link_close(room->ends[i].link);
        buf_finish(&room->ends[i].lines);
    }
    uv_close((uv_handle_t *)&room->limit, NULL);
    uv_run(&room->loop, UV_RUN_DEFAULT);
    r = uv_loop_close(&room->loop); /* busy when something was left in it */
    arena_destroy(room->arena);
    free(room);
    scratch_remove();
    return r;
}

static void join(struct room *room, struct end *client)
{
    struct err err = ERR_INIT;

    end_init(client);
    if (link_connect(&room->loop, room->path, &link_events, client, &client->link, &err) < 0)
        fail_msg("%s", err.message);
}

static void part(struct end *client)
{
    link_close(client->link);
    client->link = NULL;
    buf_finish(&client->lines);
}

/* A client by plain system calls, so that it can break the rules. */
static int join_rudely(const struct room *room)
{
    int fd = connect_long(room->path);

    assert_true(fd >= 0);
    return fd;
}

static bool one_came(const struct room *room)
{
    return room->count == 1;
}

static bool two_came(const struct room *room)
{
    return room->count == 2;
}

static bool first_heard(const struct room *room)
{
    return room->count > 0 && room->ends[0].lines.len > 0;
}

static bool first_closed(const struct room *room)
{
    return room->count > 0 && room->ends[0].closed > 0;
}

/* ---- the tests ---- */

static void test_lines_both_ways(void **state)
{
    struct room *room = *state;
    struct end client;
    struct stat st;

    assert_true(strlen(room->path) > 108);
    assert_int_equal(stat(room->path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    join(room, &client);
    link_send(client.link, "one", 3);
    link_send(client.link, "", 0);
    link_send(client.link, "three", 5);
    assert_true(turn_until(room, first_heard));
    turn_for(room, 20);
    assert_string_equal(buf_str(&room->ends[0].lines), "one\n\nthree\n");
    assert_int_equal(link_peer(room->ends[0].link), geteuid());
    link_send(room->ends[0].link, "back", 4);
    turn_for(room, 20);
    assert_string_equal(buf_str(&client.lines), "back\n");
    assert_int_equal(client.closed + room->ends[0].closed, 0);
    part(&client);
    assert_true(turn_until(room, first_closed));
    assert_string_equal(room->ends[0].why, "the other side closed the connection");
}

/* However the bytes are cut on their way, the lines are the same; one that does not end is no line. */
static void test_cut_anywhere(void **state)
{
    static const char bytes[] = "first\nsecond\n\nthird\nunfinished";
    struct room *room = *state;

    for (size_t cut = 0; cut < sizeof(bytes) && room->count < LINKS_MAX - 1; cut += 5) {
        int fd = join_rudely(room);
        struct end *end = &room->ends[room->count];

        assert_int_equal(write(fd, bytes, cut), cut);
        turn_for(room, 5);
        assert_int_equal(write(fd, bytes + cut, sizeof(bytes) - 1 - cut), sizeof(bytes) - 1 - cut);
        turn_for(room, 5);
        close(fd);
        turn_for(room, 5);
        assert_string_equal(buf_str(&end->lines), "first\nsecond\n\nthird\n");
        assert_int_equal(end->closed, 1);
    }
}

static void test_limits_of_a_line(void **state)
{
    /* Longest, one more with its end, and one more without. */
    static const struct {
        size_t len;
        bool ends;
        bool taken;
    } cases[] = { { LINK_LINE_MAX, true, true },
                  { LINK_LINE_MAX + 1, true, false },
                  { LINK_LINE_MAX + 1, false, false } };
    struct room *room = *state;
    char *line = mem_alloc(LINK_LINE_MAX + 2);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct end *end = &room->ends[room->count];
        int fd = join_rudely(room);

        memset(line, 'x', cases[i].len);
        line[cases[i].len] = '\n';
        turn_for(room, 5);
        for (size_t at = 0, len = cases[i].len + (cases[i].ends ? 1 : 0); at < len;) {
            ssize_t n = write(fd, line + at, len - at < 50000 ? len - at : 50000);

            if (n < 0)
                break; /* it has hung up */
            at += (size_t)n;
            turn_for(room, 2);
        }
        turn_for(room, 20);
        if (cases[i].taken) {
            assert_int_equal(end->longest, cases[i].len);
            assert_int_equal(end->closed, 0);
        } else {
            assert_int_equal(end->longest, 0);
            assert_int_equal(end->closed, 1);
            assert_string_equal(end->why, "a line was too long");
        }
        close(fd);
        turn_for(room, 5);
    }
    free(line);
}

/* Whoever does not read is dropped when his queue is full, not before, and hears of it from the loop: never
 * while somebody is still sending. */
static void test_one_that_does_not_read(void **state)
{
    enum { PIECE = 1024 * 1024 };
    struct room *room = *state;
    char *piece = mem_alloc(PIECE);
    int fd = join_rudely(room);
    struct end other;

    memset(piece, 'x', PIECE);
    assert_true(turn_until(room, one_came));
    join(room, &other);
    assert_true(turn_until(room, two_came));
    for (int i = 0; i < LINK_QUEUE_MAX / PIECE - 1; i++)
        link_send(room->ends[0].link, piece, PIECE);
    turn_for(room, 20);
    assert_int_equal(room->ends[0].closed, 0);
    for (int i = 0; i < 3; i++) {
        link_send(room->ends[0].link, piece, PIECE);
        assert_int_equal(room->ends[0].closed, 0); /* not under our feet */
        assert_non_null(room->ends[0].link);
    }
    link_send(room->ends[1].link, "others go on", 12);
    assert_true(turn_until(room, first_closed));
    assert_string_equal(room->ends[0].why, "it does not read what is sent to it");
    turn_for(room, 20);
    assert_int_equal(room->ends[0].closed, 1);
    assert_string_equal(buf_str(&other.lines), "others go on\n");
    part(&other);
    close(fd);
    free(piece);
}

/* The other side is gone and nobody has turned the loop since: sending finds out, the loop tells. */
static void test_gone_while_sending(void **state)
{
    struct room *room = *state;
    int fd = join_rudely(room);

    assert_true(turn_until(room, one_came));
    close(fd);
    for (int i = 0; i < 3; i++) {
        link_send(room->ends[0].link, "anybody?", 8);
        assert_int_equal(room->ends[0].closed, 0);
    }
    assert_true(turn_until(room, first_closed));
    turn_for(room, 20);
    assert_int_equal(room->ends[0].closed, 1);
    assert_true(strlen(room->ends[0].why) > 0);
}

/* The owner may close a link while it is told of a line: it hears neither the rest nor the end. */
static void test_closed_in_a_line(void **state)
{
    struct room *room = *state;
    int fd = join_rudely(room);

    assert_true(turn_until(room, one_came));
    room->ends[0].close_on_line = true;
    assert_int_equal(write(fd, "one\ntwo\nthree\n", 14), 14);
    turn_for(room, 20);
    assert_string_equal(buf_str(&room->ends[0].lines), "one\n");
    assert_int_equal(room->ends[0].closed, 0);
    assert_int_equal(read(fd, (char[1]){ 0 }, 1), 0); /* hung up */
    close(fd);
}

/* Everything that was sent arrives, then the end; the owner hears nothing more, whatever is said to it. */
static void test_close_when_sent(void **state)
{
    enum { LINES = 40, LEN = 100000 };
    struct room *room = *state;
    char *line = mem_alloc(LEN);
    size_t got = 0;
    struct end *end;
    int fd = join_rudely(room);

    assert_true(turn_until(room, one_came));
    end = &room->ends[0];
    memset(line, 'y', LEN);
    for (int i = 0; i < LINES; i++)
        link_send(end->link, line, LEN);
    link_close_when_sent(end->link);
    link_send(end->link, "after the end", 13);
    end->link = NULL;
    assert_int_equal(write(fd, "heard?\n", 7), 7);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    for (int turns = 0; turns < 10000; turns++) {
        ssize_t n = read(fd, line, LEN);

        if (n == 0)
            break;
        if (n > 0)
            got += (size_t)n;
        uv_run(&room->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(got, LINES * (LEN + 1));
    assert_int_equal(end->lines.len, 0);
    assert_int_equal(end->closed, 0);
    close(fd);
    free(line);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A runner that ends must not be held by a client that was stopped, or is piped into a pager. */
static void test_close_when_sent_does_not_wait_for_ever(void **state)
{
    struct room *room = *state;
    char *line = mem_alloc(4 * 1024 * 1024);
    int fd = join_rudely(room);
    int64_t began;

    assert_true(turn_until(room, one_came));
    memset(line, 'z', 4 * 1024 * 1024);
    link_send(room->ends[0].link, line, 4 * 1024 * 1024);
    link_close_when_sent(room->ends[0].link);
    room->ends[0].link = NULL;
    listener_destroy(room->listener);
    room->listener = NULL;
    began = now_ms();
    alarm(60); /* instead of hanging */
    uv_run(&room->loop, UV_RUN_DEFAULT);
    alarm(0);
    assert_true(now_ms() - began >= LINK_CLOSE_MS / 2);
    close(fd);
    free(line);
}

static void test_nobody_listens(void **state)
{
    struct room *room = *state;
    struct err err = ERR_INIT;
    struct end client;

    end_init(&client);
    listener_destroy(room->listener);
    room->listener = NULL;
    assert_int_equal(access(room->path, F_OK), -1); /* it takes its socket with it */
    assert_int_equal(link_connect(&room->loop, room->path, &link_events, &client, &client.link, &err),
                     ERR_CLOSED);
    assert_non_null(strstr(err.message, room->path));
    assert_int_equal(
        link_connect(&room->loop, "/nowhere/at/all/socket", &link_events, &client, &client.link, &err),
        ERR_NOT_FOUND);
    assert_int_equal(link_connect(&room->loop, "socket", &link_events, &client, &client.link, &err),
                     ERR_INVALID);
    assert_int_equal(client.closed, 0);
}

/* A runner that was killed leaves its socket: the next one puts its own there. */
static void test_stale_socket(void **state)
{
    struct room *room = *state;
    struct listener *next;
    struct err err = ERR_INIT;
    struct end client;
    int stale;

    listener_destroy(room->listener);
    stale = listen_long(room->path);
    close(stale);
    end_init(&client);
    assert_int_equal(link_connect(&room->loop, room->path, &link_events, &client, &client.link, &err),
                     ERR_CLOSED);
    assert_int_equal(listener_create(&room->loop, room->path, &link_events, on_accepted, room, &next, &err),
                     0);
    room->listener = next;
    join(room, &client);
    assert_true(turn_until(room, one_came));
    part(&client);
}

static bool somebody_came(const struct room *room)
{
    return room->count > 0;
}

/* Without descriptors nobody can be let in; that is not asked again and again without a pause, and whoever
 * waits comes in when there are some. */
static void test_no_descriptors(void **state)
{
    struct room *room = *state;
    struct rlimit limit, none;
    int fd = join_rudely(room), probe, turns = 0;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    probe = dup(fd);
    none = (struct rlimit){ (rlim_t)probe, limit.rlim_max };
    close(probe);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    start_limit(room, 350);
    for (; !room->late; turns++)
        uv_run(&room->loop, UV_RUN_ONCE);
    uv_timer_stop(&room->limit);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(room->count, 0);
    assert_in_range(turns, 1, 20);
    assert_true(turn_until(room, somebody_came));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines_both_ways, enter, leave),
        cmocka_unit_test_setup_teardown(test_cut_anywhere, enter, leave),
        cmocka_unit_test_setup_teardown(test_limits_of_a_line, enter, leave),
        cmocka_unit_test_setup_teardown(test_one_that_does_not_read, enter, leave),
        cmocka_unit_test_setup_teardown(test_gone_while_sending, enter, leave),
        cmocka_unit_test_setup_teardown(test_closed_in_a_line, enter, leave),
        cmocka_unit_test_setup_teardown(test_close_when_sent, enter, leave),
        cmocka_unit_test_setup_teardown(test_close_when_sent_does_not_wait_for_ever, enter, leave),
        cmocka_unit_test_setup_teardown(test_nobody_listens, enter, leave),
        cmocka_unit_test_setup_teardown(test_stale_socket, enter, leave),
        cmocka_unit_test_setup_teardown(test_no_descriptors, enter, leave),
    };
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
