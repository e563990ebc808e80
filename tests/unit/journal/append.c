#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "fixture.h"
#include "killed.h"

static off_t disk_bytes(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_blocks * 512;
}

/* Hands out the record that should come next and checks what comes against it. */
static int expect_next(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    uint64_t *seq = data;
    struct event want = fixture_event(++*seq);
    (void)err;
    assert_int_equal(event->seq, want.seq);
    assert_int_equal(event->type, want.type);
    assert_int_equal(event->at.wall_us, want.at.wall_us);
    assert_int_equal(event->choice, want.choice);
    assert_string_equal(event->actor, want.actor);
    assert_int_equal(line[len - 1], '\n');
    assert_null(memchr(line, '\n', len - 1));
    return 0;
}

static uint64_t count_records(const char *path)
{
    uint64_t count = 0;
    size_t torn = 99;
    struct err err = ERR_INIT;
    if (journal_read(path, expect_next, &count, &torn, &err) < 0)
        fail_msg("%s", err.message);
    return count;
}

/* The format by itself: hash of the JSON, JSON in printable ASCII, hash of the line before in it. */
static void test_format(void **state)
{
    (void)state;
    fixture_journal("journal", 20);
    struct buf text = fixture_bytes("journal");
    char prev[65];
    memset(prev, '0', 64);
    prev[64] = '\0';
    char *rest = text.data;
    for (int i = 1; i <= 20; i++) {
        char *line = strsep(&rest, "\n");
        char seq[32], link[96];
        struct sha256 hash;
        sha256_of(line + 17, strlen(line + 17), &hash);
        assert_memory_equal(line, hash.hex, 16);
        assert_int_equal(line[16], ' ');
        snprintf(seq, sizeof(seq), "{\"seq\":%d,", i);
        assert_memory_equal(line + 17, seq, strlen(seq));
        snprintf(link, sizeof(link), ",\"prev\":\"%s\"}", prev);
        assert_string_equal(line + strlen(line) - strlen(link), link);
        for (const char *c = line; *c != '\0'; c++)
            assert_in_range(*c, 0x20, 0x7E);
        sha256_of(line, strlen(line), &hash);
        memcpy(prev, hash.hex, sizeof(prev));
    }
    assert_string_equal(rest, "");
    buf_finish(&text);
    assert_int_equal(count_records("journal"), 20);
}

static void test_append(void **state)
{
    (void)state;
    struct journal *journal;
    struct stat st;
    size_t len, torn;
    assert_int_equal(journal_create("journal", &journal, NULL), 0);
    assert_int_equal(stat("journal", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(journal_seq(journal), 0);
    assert_string_equal(journal_lines(journal, &len), "");
    fixture_append(journal, 1, 1);
    fixture_append(journal, 2, 4);
    const char *lines = journal_lines(journal, &len);
    struct buf text = fixture_bytes("journal");
    size_t second = fixture_line(&text, 1);
    assert_int_equal(len, text.len - second);
    assert_memory_equal(lines, text.data + second, len);
    struct sha256 head;
    size_t last = fixture_line(&text, 3);
    sha256_of(text.data + last, text.len - last - 1, &head);
    assert_string_equal(journal_head(journal), head.hex);
    buf_finish(&text);
    journal_close(journal);
    uint64_t seq = 0;
    assert_int_equal(journal_open("journal", expect_next, &seq, &journal, &torn, NULL), 0);
    assert_int_equal(seq, 4);
    assert_int_equal(torn, 0);
    assert_int_equal(journal_seq(journal), 4);
    assert_string_equal(journal_head(journal), head.hex);
    fixture_append(journal, 5, 5);
    journal_close(journal);
    assert_int_equal(count_records("journal"), 5);
}

static void test_reserve(void **state)
{
    (void)state;
    struct journal *journal;
    assert_int_equal(journal_create("journal", &journal, NULL), 0);
    uint64_t last = 0;
    for (int round = 0; round < 6; round++) {
        struct buf text = fixture_bytes("journal");
        assert_true(disk_bytes("journal") >= (off_t)text.len + JOURNAL_RESERVE);
        buf_finish(&text);
        fixture_append(journal, last + 1, last + 1500);
        last += 1500;
    }
    assert_false(journal_low(journal));
    journal_close(journal);
    struct buf text = fixture_bytes("journal");
    assert_true(text.len > 2 * JOURNAL_RESERVE);
    assert_true(disk_bytes("journal") < (off_t)text.len + JOURNAL_RESERVE / 2);
    buf_finish(&text);
}

/* An append that is refused leaves the journal as it was and usable. */
static void test_refused(void **state)
{
    (void)state;
    char *long_text = mem_alloc(JOURNAL_LINE_MAX);
    memset(long_text, 'x', JOURNAL_LINE_MAX - 1);
    struct event too_long = fixture_event(4);
    too_long.text = long_text;
    struct event passing = { .seq = 4, .type = EVENT_CHECK_SENSED, .actor = "tminus", .subject = "a" };
    const struct {
        struct event events[2];
        int want;
    } cases[] = {
        { { fixture_event(5), fixture_event(6) }, ERR_INVALID },
        { { fixture_event(3), fixture_event(4) }, ERR_INVALID },
        { { fixture_event(4), fixture_event(4) }, ERR_INVALID },
        { { fixture_event(4), fixture_event(6) }, ERR_INVALID },
        { { fixture_event(0), fixture_event(1) }, ERR_INVALID },
        { { passing, fixture_event(5) }, ERR_INVALID },
        { { too_long, fixture_event(5) }, ERR_LIMIT },
    };
    struct journal *journal;
    assert_int_equal(journal_create("journal", &journal, NULL), 0);
    fixture_append(journal, 1, 3);
    struct buf before = fixture_bytes("journal");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        size_t len;
        assert_int_equal(journal_append(journal, cases[i].events, 2, &err), cases[i].want);
        assert_int_equal(err.code, cases[i].want);
        assert_string_equal(journal_lines(journal, &len), "");
        assert_int_equal(journal_seq(journal), 3);
        assert_false(journal_broken(journal));
        struct buf after = fixture_bytes("journal");
        assert_int_equal(after.len, before.len);
        buf_finish(&after);
    }
    fixture_append(journal, 4, 4);
    journal_close(journal);
    assert_int_equal(count_records("journal"), 4);
    buf_finish(&before);
    free(long_text);
}

/* Each line is within its limit, all together are not. */
static void test_too_much_at_once(void **state)
{
    (void)state;
    char *text = mem_alloc(JOURNAL_LINE_MAX - 1000);
    memset(text, 'x', JOURNAL_LINE_MAX - 1001);
    struct event events[17];
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        events[i] = (struct event){ .seq = i + 1, .type = EVENT_RUN_NOTE, .actor = "mia", .text = text };
    }
    struct journal *journal;
    assert_int_equal(journal_create("journal", &journal, NULL), 0);
    assert_int_equal(journal_append(journal, events, 17, NULL), ERR_LIMIT);
    assert_int_equal(journal_append(journal, events, 16, NULL), 0);
    assert_int_equal(journal_append(journal, events + 16, 1, NULL), 0);
    journal_close(journal);
    free(text);
}

static void test_create_refused(void **state)
{
    (void)state;
    struct journal *journal = NULL;
    struct err err = ERR_INIT;
    fixture_journal("journal", 3);
    assert_int_equal(journal_create("journal", &journal, &err), ERR_BUSY);
    assert_int_equal(count_records("journal"), 3);
    assert_int_equal(symlink("elsewhere", "link"), 0);
    assert_int_equal(journal_create("link", &journal, &err), ERR_BUSY);
    assert_int_equal(access("elsewhere", F_OK), -1);
    assert_int_equal(journal_create("missing/journal", &journal, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "missing/journal"));
    assert_null(journal);
}

static void test_open_refused(void **state)
{
    (void)state;
    fixture_journal("journal", 3);
    fixture_journal("loose", 3);
    assert_int_equal(chmod("loose", 0620), 0);
    assert_int_equal(symlink("journal", "link"), 0);
    assert_int_equal(mkdir("directory", 0700), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    static const struct {
        const char *path;
        int want;
    } cases[] = {
        { "missing", ERR_NOT_FOUND }, { "link", ERR_ENVIRONMENT },  { "directory", ERR_IO },
        { "fifo", ERR_ENVIRONMENT },  { "loose", ERR_ENVIRONMENT }, { "/dev/null", ERR_ENVIRONMENT },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct journal *journal = NULL;
        struct err err = ERR_INIT;
        size_t torn;
        assert_int_equal(journal_open(cases[i].path, NULL, NULL, &journal, &torn, &err), cases[i].want);
        assert_non_null(strstr(err.message, cases[i].path));
        assert_null(journal);
    }
}

static void test_second_writer(void **state)
{
    (void)state;
    struct journal *journal, *second = NULL;
    size_t torn;
    fixture_journal("journal", 3);
    assert_int_equal(journal_open("journal", NULL, NULL, &journal, &torn, NULL), 0);
    assert_int_equal(journal_open("journal", NULL, NULL, &second, &torn, NULL), ERR_BUSY);
    assert_null(second);
    assert_true(disk_bytes("journal") > JOURNAL_RESERVE); /* the refused one did not give the reserve back */
    assert_int_equal(count_records("journal"), 3);
    journal_close(journal);
    assert_int_equal(journal_open("journal", NULL, NULL, &second, &torn, NULL), 0);
    journal_close(second);
}

/* ---- what the system refuses ---- */

/* The descriptor under which this process has `name` open. */
static int descriptor_of(const char *name)
{
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    int found = -1;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char target[PATH_MAX];
        ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
        if (len <= 0)
            continue;
        target[len] = '\0';
        const char *base = strrchr(target, '/');
        if (base != NULL && strcmp(base + 1, name) == 0)
            found = (int)strtol(entry->d_name, NULL, 10);
    }
    closedir(dir);
    assert_true(found >= 0);
    return found;
}

static void expect_broken(struct journal *journal)
{
    struct event event = fixture_event(4);
    struct err err = ERR_INIT;
    size_t len;
    assert_int_equal(journal_append(journal, &event, 1, &err), ERR_IO);
    assert_true(journal_broken(journal));
    assert_int_equal(journal_seq(journal), 3);
    assert_string_equal(journal_lines(journal, &len), "");
}

static int full_device(void)
{
    return open("/dev/full", O_RDWR | O_CLOEXEC);
}

/* A pipe takes what is written and cannot be synced. */
static int unsyncable(void)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int read_end = fcntl(ends[0], F_DUPFD_CLOEXEC, 200); /* stays open, so that writing does not fail */
    assert_true(read_end >= 200);
    close(ends[0]);
    return ends[1];
}

/* The journal's descriptor is exchanged for one that fails, and put back: it has to stay broken. */
static void test_failing_descriptor(void **state)
{
    (void)state;
    static const struct {
        int (*make)(void);
        const char *want;
    } cases[] = { { full_device, "No space left" }, { unsyncable, "cannot sync" } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct journal *journal;
        struct err err = ERR_INIT;
        struct event event = fixture_event(4);
        assert_int_equal(journal_create("failing", &journal, NULL), 0);
        fixture_append(journal, 1, 3);
        int fd = descriptor_of("failing");
        int kept = fcntl(fd, F_DUPFD_CLOEXEC, 100);
        int bad = cases[i].make();
        assert_true(kept >= 0 && bad >= 0);
        assert_int_equal(dup2(bad, fd), fd);
        assert_int_equal(journal_append(journal, &event, 1, &err), ERR_IO);
        assert_non_null(strstr(err.message, cases[i].want));
        assert_int_equal(dup2(kept, fd), fd);
        expect_broken(journal);
        journal_close(journal);
        close(bad);
        close(kept);
        assert_int_equal(count_records("failing"), 3);
        assert_int_equal(unlink("failing"), 0);
    }
}

/* The disk takes a part of the line: the rest is torn, and the next open cuts it off. */
static void test_short_write(void **state)
{
    (void)state;
    struct journal *journal;
    struct rlimit old, limit;
    size_t torn = 0;
    assert_int_equal(journal_create("journal", &journal, NULL), 0);
    fixture_append(journal, 1, 3);
    struct buf text = fixture_bytes("journal");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = (struct rlimit){ .rlim_cur = text.len + 100, .rlim_max = old.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect_broken(journal);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    expect_broken(journal);
    journal_close(journal);
    struct buf after = fixture_bytes("journal");
    assert_int_equal(after.len, text.len + 100);
    buf_finish(&after);
    uint64_t seq = 0;
    assert_int_equal(journal_open("journal", expect_next, &seq, &journal, &torn, NULL), 0);
    assert_int_equal(seq, 3);
    assert_int_equal(torn, 100);
    fixture_append(journal, 4, 9);
    journal_close(journal);
    assert_int_equal(count_records("journal"), 9);
    buf_finish(&text);
}

/* Counts in memory that outlives the process what was acknowledged. */
static int append_some(void *data)
{
    uint64_t *acknowledged = data;
    struct journal *journal;
    size_t torn;
    int r = journal_open("journal", NULL, NULL, &journal, &torn, NULL);
    if (r < 0)
        return r;
    for (uint64_t seq = 4; seq <= 8; seq += 2) {
        struct event events[2] = { fixture_event(seq), fixture_event(seq + 1) };
        r = journal_append(journal, events, 2, NULL);
        if (r < 0)
            return r;
        *acknowledged = seq + 1;
    }
    journal_close(journal);
    return 0;
}

/* Killed at any moment: everything acknowledged is there, and nothing is there that was not appended. */
static void test_killed(void **state)
{
    (void)state;
    uint64_t *acknowledged =
        mmap(NULL, sizeof(*acknowledged), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(acknowledged, MAP_FAILED);
    fixture_journal("first", 3);
    struct buf first = fixture_bytes("first");
    bool killed = true;
    int nth = 0;
    while (killed) {
        struct journal *journal;
        size_t torn;
        uint64_t seq = 0;
        *acknowledged = 3;
        fixture_put("journal", first.data, first.len);
        killed = killed_at(++nth, append_some, acknowledged);
        assert_int_equal(journal_open("journal", expect_next, &seq, &journal, &torn, NULL), 0);
        assert_true(seq >= *acknowledged);
        assert_true(seq <= 9);
        fixture_append(journal, seq + 1, seq + 1);
        journal_close(journal);
    }
    assert_int_equal(*acknowledged, 9);
    assert_true(nth > 15);
    buf_finish(&first);
    munmap(acknowledged, sizeof(*acknowledged));
}

static int stop_at_two(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    (void)data, (void)line, (void)len;
    return event->seq < 2 ? 0 : err_set(err, ERR_REFUSED, "enough");
}

static void test_reader_ends(void **state)
{
    (void)state;
    struct journal *journal = NULL;
    struct err err = ERR_INIT;
    size_t torn;
    fixture_journal("journal", 3);
    assert_int_equal(journal_read("journal", stop_at_two, NULL, &torn, &err), ERR_REFUSED);
    assert_string_equal(err.message, "enough");
    assert_int_equal(journal_open("journal", stop_at_two, NULL, &journal, &torn, &err), ERR_REFUSED);
    assert_null(journal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_enter, fixture_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_format),       TEST(test_append),           TEST(test_reserve),
        TEST(test_refused),      TEST(test_too_much_at_once), TEST(test_create_refused),
        TEST(test_open_refused), TEST(test_second_writer),    TEST(test_failing_descriptor),
        TEST(test_short_write),  TEST(test_killed),           TEST(test_reader_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
