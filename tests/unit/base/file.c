#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* Each test gets an empty directory as its current one. */
static int enter(void **state)
{
    char *directory = mem_text("/tmp/tminus-file-XXXXXX");
    *state = directory;
    return mkdtemp(directory) != NULL ? chdir(directory) : -1;
}

static int leave(void **state)
{
    int r = chdir("/");
    if (r == 0)
        r = dir_remove(*state, NULL);
    free(*state);
    return r;
}

static void put_file(const char *path, const char *text)
{
    assert_int_equal(file_write(path, text, strlen(text), 0644, NULL), 0);
}

static size_t count_entries(const char *path)
{
    DIR *dir = opendir(path);
    assert_non_null(dir);
    size_t count = 0;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

static void check_read(const char *path, const char *want)
{
    struct buf buf;
    struct err err = ERR_INIT;
    buf_init(&buf, 1000);
    assert_int_equal(file_read(path, &buf, &err), 0);
    assert_string_equal(buf_str(&buf), want);
    buf_finish(&buf);
}

static void test_read_limits(void **state)
{
    (void)state;
    static const struct {
        size_t size, max;
        int want;
    } cases[] = {
        { 0, 0, 0 },
        { 0, 10, 0 },
        { 10, 10, 0 },
        { 11, 10, ERR_LIMIT },
        { 16384, 16384, 0 },
        { 50000, 50000, 0 },
        { 50000, 49999, ERR_LIMIT },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *bytes = mem_alloc(cases[i].size);
        for (size_t k = 0; k < cases[i].size; k++)
            bytes[k] = (char)(k * 7);
        struct err err = ERR_INIT;
        assert_int_equal(file_write("sized", bytes, cases[i].size, 0600, &err), 0);
        struct buf buf;
        buf_init(&buf, cases[i].max);
        assert_int_equal(file_read("sized", &buf, &err), cases[i].want);
        if (cases[i].want == 0) {
            assert_int_equal(buf.len, cases[i].size);
            assert_memory_equal(buf_str(&buf), bytes, cases[i].size);
        } else {
            assert_non_null(strstr(err.message, "sized is over its maximum of"));
        }
        buf_finish(&buf);
        free(bytes);
    }
}

static void test_read_refuses(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(mkdir("dir", 0700), 0);
    put_file("plain", "x");
    static const struct {
        const char *path;
        int want;
        const char *want_message;
    } cases[] = {
        { "missing", ERR_NOT_FOUND, "cannot open missing: No such file or directory" },
        { "missing/file", ERR_NOT_FOUND, "cannot open missing/file: No such file or directory" },
        { "plain/file", ERR_IO, "cannot open plain/file: Not a directory" },
        { "fifo", ERR_IO, "fifo is not a regular file" },
        { "dir", ERR_IO, "dir is not a regular file" },
        { "/proc/self/mem", ERR_IO, "cannot read /proc/self/mem: Input/output error" },
        { "/dev/null", ERR_IO, "/dev/null is not a regular file" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        struct err err = ERR_INIT;
        buf_init(&buf, 100);
        assert_int_equal(file_read(cases[i].path, &buf, &err), cases[i].want);
        assert_string_equal(err.message, cases[i].want_message);
        buf_finish(&buf);
    }
}

static void test_write_replaces_whole_and_leaves_nothing_beside(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct stat st;
    put_file("file", "a long first version");
    assert_int_equal(file_write("file", "second", 6, 0600, &err), 0);
    check_read("file", "second");
    assert_int_equal(stat("file", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    mode_t before = umask(0777); /* the mode is as asked for, whatever the umask */
    assert_int_equal(file_write("file", "", 0, 0640, &err), 0);
    umask(before);
    check_read("file", "");
    assert_int_equal(stat("file", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(count_entries("."), 1);
}

static void test_write_replaces_a_link_and_not_what_it_names(void **state)
{
    (void)state;
    put_file("precious", "old");
    assert_int_equal(symlink("precious", "link"), 0);
    put_file("link", "new");
    check_read("precious", "old");
    check_read("link", "new");
}

static void test_write_that_fails_changes_nothing(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_int_equal(mkdir("dir", 0700), 0);
    assert_int_equal(file_write("dir", "x", 1, 0600, &err), ERR_IO);
    assert_non_null(strstr(err.message, "cannot rename dir.tmp-"));
    assert_int_equal(file_write("missing/file", "x", 1, 0600, &err), ERR_NOT_FOUND);
    assert_int_equal(count_entries("."), 1);
}

/* The disk is as full as a limit on the size of files makes it. */
static void test_write_that_finds_no_room_keeps_the_old_file(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct rlimit before;
    put_file("file", "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = { .rlim_cur = 4, .rlim_max = before.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int r = file_write("file", "a longer one", 12, 0600, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(r, ERR_IO);
    assert_non_null(strstr(err.message, "cannot write: File too large"));
    assert_memory_equal(err.message, "file.tmp-", 9);
    check_read("file", "old");
    assert_int_equal(count_entries("."), 1);
}

static void no_handling(int signal)
{
    (void)signal;
}

/* Writes a megabyte into a pipe that is read slowly, under a rain of signals: short writes and EINTR. */
static void test_write_all_goes_on(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    unsigned char *bytes = mem_alloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 31 >> 3);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sigaction action = { .sa_handler = no_handling };
        struct itimerval each = { { 0, 500 }, { 0, 500 } };
        sigaction(SIGALRM, &action, NULL);
        setitimer(ITIMER_REAL, &each, NULL);
        _exit(fd_write_all(ends[1], bytes, SIZE, NULL) == 0 ? 0 : 1);
    }
    close(ends[1]);
    size_t got = 0;
    unsigned char block[3000];
    for (ssize_t len = 1; len > 0; got += (size_t)len) {
        len = read(ends[0], block, sizeof(block));
        assert_true(len >= 0 && got + (size_t)len <= SIZE);
        assert_memory_equal(block, bytes + got, (size_t)len);
        if (got % 7 == 0)
            usleep(200);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(got, SIZE);
    close(ends[0]);
    free(bytes);
}

static void test_write_all_tells_failure(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, "x", 1, &err), ERR_IO);
    assert_string_equal(err.message, "cannot write: No space left on device");
    assert_int_equal(fd_write_all(fd, "x", 0, &err), 0);
    close(fd);
}

static void test_dir_make(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "one", "a/b/c", "a/b/c", "a/b/c///", "slash//es/", "./dot/./x", "."
    };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct stat st;
        struct err err = ERR_INIT;
        assert_int_equal(dir_make(paths[i], 0700, &err), 0);
        assert_int_equal(stat(paths[i], &st), 0);
        assert_true(S_ISDIR(st.st_mode));
        assert_int_equal(st.st_mode & 07777, 0700);
    }
}

static void test_dir_make_refuses(void **state)
{
    (void)state;
    put_file("file", "x");
    assert_int_equal(mkdir("real", 0700), 0);
    assert_int_equal(symlink("real", "link"), 0);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(mkdir("open", 0700), 0);
    assert_int_equal(chmod("open", 0777), 0);
    assert_int_equal(mkdir("group", 0700), 0);
    assert_int_equal(chmod("group", 0770), 0);
    static const struct {
        const char *path, *want;
    } cases[] = {
        { "file", "file exists and is not a directory" },
        { "file/inside", "cannot make directory file/inside: Not a directory" },
        { "/proc/missing/inside", "cannot make directory /proc/missing: No such file or directory" },
        { "link", "link is a symbolic link: expected a directory" },
        { "link/", "link is a symbolic link: expected a directory" },
        { "dangling", "dangling is a symbolic link: expected a directory" },
        { "open", "directory open can be written by others (mode 777): run \"chmod go-w\" on it" },
        { "group", "directory group can be written by others (mode 770): run \"chmod go-w\" on it" },
        { "", "cannot make directory : No such file or directory" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(dir_make(cases[i].path, 0700, &err), ERR_IO);
        assert_string_equal(err.message, cases[i].want);
    }
}

static void test_dir_make_refuses_somebody_elses(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can make one for the test */
    struct err err = ERR_INIT;
    assert_int_equal(mkdir("theirs", 0700), 0);
    assert_int_equal(chown("theirs", 12345, 12345), 0);
    assert_int_equal(dir_make("theirs", 0700, &err), ERR_IO);
    assert_string_equal(err.message,
                        "directory theirs belongs to another user (uid 12345): expected it to be yours");
}

static void test_dir_remove(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_int_equal(dir_make("tree/a/b/c", 0700, &err), 0);
    assert_int_equal(dir_make("outside", 0700, &err), 0);
    put_file("outside/precious", "kept");
    for (int i = 0; i < 300; i++) {
        char path[64];
        snprintf(path, sizeof(path), "tree/a/b/file-%d", i);
        put_file(path, "x");
    }
    assert_int_equal(symlink("../outside", "tree/link"), 0);
    assert_int_equal(symlink("../../outside/precious", "tree/a/link"), 0);
    assert_int_equal(mkfifo("tree/fifo", 0600), 0);
    assert_int_equal(dir_remove("tree/", &err), 0);
    assert_int_equal(access("tree", F_OK), -1);
    check_read("outside/precious", "kept");
}

static void test_dir_remove_refuses(void **state)
{
    (void)state;
    assert_int_equal(mkdir("real", 0700), 0);
    put_file("real/precious", "kept");
    assert_int_equal(symlink("real", "link"), 0);
    put_file("file", "x");
    static const struct {
        const char *path;
        int want;
    } cases[] = {
        { "missing", ERR_NOT_FOUND }, { "link", ERR_IO },    { "link/", ERR_IO },
        { "file", ERR_IO },           { "", ERR_NOT_FOUND },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(dir_remove(cases[i].path, &err), cases[i].want);
        assert_true(err.message[0] != '\0');
    }
    check_read("real/precious", "kept");
    check_read("file", "x");
}

static void test_dir_remove_tells_where_it_failed(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_int_equal(dir_remove("/proc/self/fdinfo", &err), ERR_IO); /* nobody may remove anything there */
    assert_memory_equal(err.message, "/proc/self/fdinfo: cannot remove ", 33);
}

static void test_dir_remove_has_a_depth(void **state)
{
    (void)state;
    char path[2 * 70]; /* d/d/.../d, 70 of them */
    for (size_t i = 0; i < sizeof(path); i++)
        path[i] = i % 2 == 0 ? 'd' : '/';
    path[sizeof(path) - 1] = '\0';
    struct err err = ERR_INIT;
    assert_int_equal(dir_make(path, 0700, &err), 0);
    assert_int_equal(dir_remove("d", &err), ERR_LIMIT);
    assert_non_null(strstr(err.message, "over the maximum depth"));
    assert_int_equal(dir_remove("d/d/d/d/d/d/d", &err), 0); /* 64 levels */
    assert_int_equal(dir_remove("d", &err), 0);
}

#define test_in_directory(function) cmocka_unit_test_setup_teardown(function, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_read_limits),
        test_in_directory(test_read_refuses),
        test_in_directory(test_write_replaces_whole_and_leaves_nothing_beside),
        test_in_directory(test_write_replaces_a_link_and_not_what_it_names),
        test_in_directory(test_write_that_fails_changes_nothing),
        test_in_directory(test_write_that_finds_no_room_keeps_the_old_file),
        cmocka_unit_test(test_write_all_goes_on),
        cmocka_unit_test(test_write_all_tells_failure),
        test_in_directory(test_dir_make),
        test_in_directory(test_dir_make_refuses),
        test_in_directory(test_dir_make_refuses_somebody_elses),
        test_in_directory(test_dir_remove),
        test_in_directory(test_dir_remove_refuses),
        cmocka_unit_test(test_dir_remove_tells_where_it_failed),
        test_in_directory(test_dir_remove_has_a_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
