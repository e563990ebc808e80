/*
 * Every byte of every file that a trail is made of, changed one at a time: it is told, or what is read is the
 * same to the byte all the same. Counted by kind of file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "fixture.h"
#include "git.h"
#include "play.h"

#define FILES_MAX 200

struct tally {
    const char *what;
    size_t bytes, changes, told, harmless;
};

/* What is told by no finding: changed, and nothing that is read changed with it. */
static struct tally tallies[] = {
    { .what = "loose objects" }, { .what = "the ref" },   { .what = "packed refs" },
    { .what = "the pack" },      { .what = "its index" },
};
enum { LOOSE, REF, PACKED_REFS, PACK, INDEX };

static int kind_of(const char *path)
{
    size_t len = strlen(path);
    if (text_equal(path + len - 5, ".pack"))
        return PACK;
    if (text_equal(path + len - 4, ".idx"))
        return INDEX;
    if (strstr(path, "/packed-refs"))
        return PACKED_REFS;
    return strstr(path, "/refs/") ? REF : LOOSE;
}

static void put_byte(int fd, off_t at, char byte)
{
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* Gathers what is read of a trail by somebody who shows it. */
static int gather(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    (void)event;
    (void)err;
    buf_add(data, line, len);
    return 0;
}

static bool reads_the_same(const struct play *play, const char *repository)
{
    static const struct {
        const char *path;
        size_t offset; /* in struct play */
    } files[] = { { "book.json", offsetof(struct play, book) },
                  { "output/deploy.1.log", offsetof(struct play, output) } };
    struct buf lines;
    buf_init(&lines, JOURNAL_RESERVE);
    bool same = audit_read(repository, PLAY_RUN, gather, &lines, NULL) == 0 && lines.len == play->lines.len &&
                memcmp(lines.data, play->lines.data, lines.len) == 0;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const char *want = *(const char *const *)((const char *)play + files[i].offset);
        buf_clear(&lines);
        same = same && audit_read_file(repository, PLAY_RUN, files[i].path, &lines, NULL) == 0 &&
               text_equal(buf_str(&lines), want);
    }
    buf_finish(&lines);
    return same;
}

static void judge(const struct play *play, const char *repository, const char *path, off_t at,
                  const struct verify_report *whole)
{
    struct tally *tally = &tallies[kind_of(path)];
    struct arena *arena = arena_create();
    struct verify_report report;
    int r = play_verify(play, repository, arena, &report);
    tally->changes++;
    if (r < 0 || report.found > 0) {
        tally->told++;
    } else if (report.records == whole->records && report.commits == whole->commits &&
               text_equal(report.head.hex, whole->head.hex) && reads_the_same(play, repository)) {
        tally->harmless++;
    } else {
        fail_msg("%s: byte %jd was changed, something else is read, and nothing is told", path, (intmax_t)at);
    }
    arena_destroy(arena);
}

static void flip(const struct play *play, const char *repository, const char *path,
                 const struct verify_report *whole)
{
    static const char others[] = { 1, 0x20 };
    struct buf bytes = fixture_bytes(path);
    assert_int_equal(chmod(path, 0600), 0);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    tallies[kind_of(path)].bytes += bytes.len;
    for (size_t at = 0; at < bytes.len; at++) {
        /* Every byte in one way, every fourth in another one too. */
        for (size_t i = 0; i < (at % 4 == 0 ? sizeof(others) : 1); i++) {
            put_byte(fd, (off_t)at, (char)(bytes.data[at] ^ others[i]));
            judge(play, repository, path, (off_t)at, whole);
        }
        put_byte(fd, (off_t)at, bytes.data[at]);
    }
    close(fd);
    buf_finish(&bytes);
}

/* ---- which files ---- */

struct files {
    size_t count;
    char *list[FILES_MAX];
};

/* Only what a trail is read from: not the configuration, nor what git notes for itself (bitmaps and reverse
 * indexes of packs are never read here). */
static bool is_of_the_trail(const char *path)
{
    const char *end = strrchr(path, '.');
    if (!strstr(path, "/objects/"))
        return strstr(path, "/refs/heads/runs/") || strstr(path, "/packed-refs");
    return !strstr(path, "/objects/info/") && !text_equal(end, ".rev") && !text_equal(end, ".bitmap");
}

static void list(struct files *files, const char *directory)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        struct stat st;
        char path[512];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        assert_int_equal(lstat(path, &st), 0);
        if (S_ISDIR(st.st_mode)) {
            list(files, path);
        } else if (is_of_the_trail(path)) {
            assert_true(files->count < FILES_MAX);
            files->list[files->count++] = mem_text(path);
        }
    }
    closedir(dir);
}

static void flip_all(const struct play *play, const char *repository)
{
    /* Held open, so that the library is not made ready and taken down again each time. */
    struct audit *held;
    assert_int_equal(audit_open("held.git", "held", &held, NULL), 0);
    struct files files = { .count = 0 };
    struct arena *arena = arena_create();
    struct verify_report whole;
    assert_int_equal(play_verify(play, repository, arena, &whole), 0);
    assert_int_equal(whole.found, 0);
    list(&files, repository);
    assert_true(files.count > 0);
    for (size_t i = 0; i < files.count; i++) {
        flip(play, repository, files.list[i], &whole);
        free(files.list[i]);
    }
    struct verify_report after;
    assert_int_equal(play_verify(play, repository, arena, &after), 0);
    assert_int_equal(after.found, 0); /* everything was put back */
    audit_close(held);
    arena_destroy(arena);
}

static void test_loose(void **state)
{
    struct play play;
    (void)state;
    play_make(&play, false);
    play_publish(&play, "audit.git");
    flip_all(&play, "audit.git");
    play_finish(&play);
}

static void test_packed(void **state)
{
    struct play play;
    (void)state;
    play_make(&play, false);
    play_publish(&play, "audit.git");
    git_quiet("clone --quiet --bare audit.git clone.git");
    git_quiet("-C clone.git gc --quiet");
    flip_all(&play, "clone.git");
    play_finish(&play);
}

/* ---- what was counted ---- */

static int tell(void **state)
{
    const char *directory = getenv("TMINUS_FIGURES");
    size_t changes = 0, told = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tallies); i++) {
        printf("%-14s %6zu bytes, %6zu changes: %6zu told, %4zu change nothing that is read\n",
               tallies[i].what, tallies[i].bytes, tallies[i].changes, tallies[i].told, tallies[i].harmless);
        changes += tallies[i].changes;
        told += tallies[i].told;
    }
    if (directory == NULL)
        return 0;
    char path[512], line[256];
    snprintf(path, sizeof(path), "%s/verify.txt", directory);
    int len =
        snprintf(line, sizeof(line),
                 "bytes of a trail changed (%zu told, %zu change nothing that is read) | %zu | 0 | 0 | 0\n",
                 told, changes - told, changes);
    return file_write(path, line, (size_t)len, 0644, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_enter_memory, fixture_leave)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_loose), TEST(test_packed) };
    return cmocka_run_group_tests(tests, NULL, tell);
}
