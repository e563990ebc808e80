#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "git.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "fixture.h"

#define OUTPUT      "git-output"
#define WORDS       32
#define COMMAND_MAX 2000

static void become_git(const char *const *words)
{
    const char *argv[WORDS] = { "git" };
    size_t count = 1;
    for (; words[count - 1] != NULL && count < WORDS - 1; count++)
        argv[count] = words[count - 1];
    int fd = open(OUTPUT, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(126);
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_PAGER", "cat", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    execvp("git", (char *const *)argv);
    _exit(127);
}

struct buf git_output(const char *const *words)
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become_git(words);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    struct buf text = fixture_bytes(OUTPUT);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("git %s: status %d: %s", words[0], status, buf_str(&text));
    return text;
}

struct buf git_line(const char *line)
{
    char copy[COMMAND_MAX];
    const char *words[WORDS] = { NULL };
    size_t count = 0;
    int len = snprintf(copy, sizeof(copy), "%s", line);
    assert_in_range(len, 1, COMMAND_MAX - 1);
    char *rest = copy;
    char *word;
    while ((word = strsep(&rest, " ")) != NULL) {
        assert_true(count < WORDS - 2);
        words[count++] = word;
    }
    return git_output(words);
}

void git_quiet(const char *line)
{
    struct buf text = git_line(line);
    buf_finish(&text);
}

void git_expect_sound(void)
{
    struct buf text = git_line("-C audit.git fsck --strict --no-dangling --no-progress");
    assert_string_equal(buf_str(&text), "");
    buf_finish(&text);
}

void git_expect_series(const char *branch, const char *directory, const char *bytes, size_t len)
{
    struct buf all, line;
    buf_init(&all, (size_t)64 * 1024 * 1024);
    buf_init(&line, COMMAND_MAX);
    buf_format(&line, "-C audit.git ls-tree -r --name-only %s %s/", branch, directory);
    struct buf names = git_line(buf_str(&line));
    assert_non_null(names.data);
    char *rest = names.data;
    char *name;
    while ((name = strsep(&rest, "\n")) != NULL && *name != '\0') {
        buf_clear(&line);
        buf_format(&line, "-C audit.git cat-file blob %s:%s", branch, name);
        struct buf file = git_line(buf_str(&line));
        buf_add(&all, file.data, file.len);
        buf_finish(&file);
    }
    assert_int_equal(all.len, len);
    assert_memory_equal(all.data, bytes, len);
    buf_finish(&names);
    buf_finish(&line);
    buf_finish(&all);
}

void git_make_old(const char *path)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = time(NULL) - 60 } };
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

struct audit *trail_open(void)
{
    struct audit *audit;
    struct err err = ERR_INIT;
    if (audit_open("audit.git", "r1", &audit, &err) < 0)
        fail_msg("%s", err.message);
    return audit;
}

void batch_make(struct batch *batch, uint64_t first, uint64_t last)
{
    *batch = (struct batch){ .journal = fixture_bytes("journal") };
    batch->events = mem_array(last - first + 1, sizeof(*batch->events));
    for (uint64_t seq = first; seq <= last; seq++)
        batch->events[seq - first] = fixture_event(seq);
    size_t from = fixture_line(&batch->journal, first - 1), to = fixture_line(&batch->journal, last);
    batch->audit = (struct audit_batch){
        .count = last - first + 1,
        .events = batch->events,
        .lines = batch->journal.data + from,
        .lines_len = to - from,
        .person = batch->events[last - first].actor,
        .book_title = "Orders to bigint",
    };
}

void batch_finish(struct batch *batch)
{
    free(batch->events);
    buf_finish(&batch->journal);
}

void trail_publish(struct audit *audit, uint64_t first, uint64_t last, uint64_t each)
{
    for (uint64_t seq = first; seq <= last; seq += each) {
        struct batch batch;
        struct err err = ERR_INIT;
        batch_make(&batch, seq, seq + each - 1 < last ? seq + each - 1 : last);
        if (audit_publish(audit, &batch.audit, &err) < 0)
            fail_msg("%s", err.message);
        batch_finish(&batch);
    }
}

void trail_expect(struct audit *audit, uint64_t last)
{
    uint64_t seq = 0;
    struct sha256 head, want;
    struct err err = ERR_INIT;
    if (audit_last(audit, &seq, &head, &err) < 0)
        fail_msg("%s", err.message);
    assert_string_equal(audit_remark(audit), "");
    assert_int_equal(seq, last);
    struct buf journal = fixture_bytes("journal");
    size_t start = fixture_line(&journal, last - 1), end = fixture_line(&journal, last);
    sha256_of(journal.data + start, end - start - 1, &want);
    assert_string_equal(head.hex, want.hex);
    git_expect_series("runs/r1", "journal", journal.data, end);
    buf_finish(&journal);
    git_expect_sound();
}
