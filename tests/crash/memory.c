/*
 * Memory that is not given, at every single request: while a book is read, while records are made durable,
 * and while they are read again. The program ends by itself with one line, never by a signal; what was
 * acknowledged is there.
 *
 *   memory BOOK
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/journal/fixture.h"
#include "base/file.h"
#include "base/mem.h"
#include "figures.h"
#include "runbook/book.h"

#define RECORDS   4
#define EXHAUSTED 3 /* the status that the room of memory ends with */
#define BOOK_MAX  (1024 * 1024)

/* ---- memory, as libc gives it but for one request ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static long requests, refused;

static bool is_refused(void)
{
    if (refused == 0 || ++requests != refused)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return is_refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return is_refused() ? NULL : __libc_realloc(old, size);
}

/* ---- what is done meanwhile ---- */

static struct buf text;

static int read_book(int fd)
{
    struct arena *arena = arena_create();
    static struct json_faults faults, target_faults;
    (void)fd;
    json_faults_init(&faults, arena);
    json_faults_init(&target_faults, arena);
    const struct book *book =
        book_load(arena, "book.json", buf_str(&text), text.len, NULL, &faults, &target_faults);
    int r = book != NULL ? 0 : 1;
    arena_destroy(arena);
    return r;
}

static int record(int fd)
{
    struct journal *journal;
    struct err err = ERR_INIT;
    size_t torn;
    int r = journal_open("journal", NULL, NULL, &journal, &torn, &err);
    while (r == 0 && journal_seq(journal) < RECORDS) {
        struct event event = fixture_event(journal_seq(journal) + 1);
        r = journal_append(journal, &event, 1, &err);
        if (r == 0 && write(fd, &event.seq, sizeof(event.seq)) != sizeof(event.seq))
            r = 1;
    }
    if (r == 0)
        journal_close(journal);
    return r == 0 ? 0 : 1;
}

static int read_records(int fd)
{
    size_t torn;
    (void)fd;
    return journal_read("journal", NULL, NULL, &torn, NULL) == 0 ? 0 : 1;
}

static const struct {
    const char *what;
    int (*work)(int fd);
    uint64_t before; /* records that are there */
} works[] = { { "a book is read", read_book, 0 },
              { "records are made durable", record, 1 },
              { "records are read", read_records, RECORDS } };

/* ---- judging ---- */

static long cases, bad, lost;

static void complain(const char *what, long at, const char *why)
{
    fprintf(stderr, "FAILED: while %s, request %ld: %s\n", what, at, why);
    bad++;
}

static uint64_t recorded(void)
{
    struct journal *journal;
    size_t torn;
    if (journal_open("journal", NULL, NULL, &journal, &torn, NULL) < 0)
        return 0;
    uint64_t seq = journal_seq(journal);
    journal_close(journal);
    return seq;
}

/* Whether the request was made at all. */
static bool one(size_t i, long at)
{
    int ends[2], status = 0;
    uint64_t seq, acknowledged = works[i].before;
    (void)unlink("journal");
    fixture_journal("journal", works[i].before);
    if (pipe(ends) < 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        alarm(30);
        refused = at;
        int r = works[i].work(ends[1]);
        refused = 0;
        _exit(requests < at ? 100 : r);
    }
    close(ends[1]);
    while (read(ends[0], &seq, sizeof(seq)) == sizeof(seq))
        acknowledged = seq;
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    cases++;
    if (!WIFEXITED(status))
        complain(works[i].what, at, strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != EXHAUSTED && WEXITSTATUS(status) != 100 && WEXITSTATUS(status) != 0)
        complain(works[i].what, at, "it is taken for a failure of something else");
    if (recorded() < acknowledged) {
        lost++;
        complain(works[i].what, at, "a record that was acknowledged is lost");
    }
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 100);
}

int main(int argc, char **argv)
{
    char home[] = "/dev/shm/tminus-memory-XXXXXX", other[] = "/tmp/tminus-memory-XXXXXX";
    struct sha256 warm;
    buf_init(&text, BOOK_MAX);
    if (argc != 2 || file_read(argv[1], &text, NULL) < 0)
        return 2;
    const char *directory = mkdtemp(home);
    if (directory == NULL)
        directory = mkdtemp(other);
    if (directory == NULL || chdir(directory) < 0)
        return 2;
    sha256_of("", 0, &warm); /* what the library of hashes makes once for itself */
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        long at = 1;
        while (one(i, at))
            at++;
        printf("%s: %ld requests\n", works[i].what, at - 1);
    }
    printf("%ld cases, %ld bad, %ld lost\n", cases, bad, lost);
    figures_write("crash-memory", "memory refused, at every request", cases, lost, 0, bad - lost);
    if (chdir("/") < 0 || dir_remove(directory, NULL) < 0)
        return 2;
    return bad > 0;
}
