/*
 * Drives one target without a fuzzer: every file named, then `rounds` changes of each, which follow from the
 * seed. An input that ends the process is left in <target's name>.crash beside the working directory.
 *
 *     fuzz-book ROUNDS SEED FILE|DIRECTORY...
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "fuzz.h"

#define INPUT_MAX  (64 * 1024)
#define INPUTS_MAX 256

struct input {
    uint8_t *bytes;
    size_t len;
};

static struct {
    size_t count;
    struct input list[INPUTS_MAX];
} corpus;

/* What the handler of a crash writes out. */
static struct {
    uint8_t bytes[INPUT_MAX];
    size_t len;
    char path[64];
} current;

static uint64_t seed;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled". */
static uint64_t random_next(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 0x2545F4914F6CDD1DULL;
}

static size_t random_below(size_t limit)
{
    return limit == 0 ? 0 : (size_t)(random_next() % limit);
}

static void on_crash(int number)
{
    int fd = open(current.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd >= 0 && write(fd, current.bytes, current.len) < 0)
        current.len = 0; /* nothing more can be done here */
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void try_current(void)
{
    /* A copy of exactly this size: reading past its end is seen by the sanitizer. */
    uint8_t *exact = mem_alloc(current.len + (current.len == 0));

    memcpy(exact, current.bytes, current.len);
    (void)LLVMFuzzerTestOneInput(exact, current.len);
    free(exact);
}

static void add_file(const char *path)
{
    struct input *input = &corpus.list[corpus.count];
    struct buf text;
    struct err err = ERR_INIT;

    buf_init(&text, INPUT_MAX);
    if (corpus.count == INPUTS_MAX || file_read(path, &text, &err) < 0) {
        (void)fprintf(stderr, "%s: %s\n", path, err.message);
        exit(2);
    }
    input->len = text.len;
    input->bytes = mem_alloc(text.len + 1);
    memcpy(input->bytes, buf_str(&text), text.len);
    corpus.count++;
    buf_finish(&text);
}

static void add(const char *path)
{
    struct arena *arena;
    struct dirent **entries;
    struct stat st;
    int count;

    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        add_file(path);
        return;
    }
    count = scandir(path, &entries, NULL, alphasort); /* the same order everywhere */
    if (count < 0) {
        perror(path);
        exit(2);
    }
    arena = arena_create();
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.')
            add_file(arena_format(arena, "%s/%s", path, entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    arena_destroy(arena);
}

/* ---- changes ---- */

static void remove_bytes(size_t at, size_t len)
{
    memmove(current.bytes + at, current.bytes + at + len, current.len - at - len);
    current.len -= len;
}

static void insert_bytes(size_t at, const uint8_t *bytes, size_t len)
{
    if (len > INPUT_MAX - current.len)
        len = INPUT_MAX - current.len;
    memmove(current.bytes + at + len, current.bytes + at, current.len - at);
    memcpy(current.bytes + at, bytes, len);
    current.len += len;
}

/* What parsers trip over. */
static const char *const tokens[] = {
    "\"",   "\\",        "\\u0000", "\\ud800", "{",    "}",    "[",     "]",      ":",    ",",
    "null", "true",      "-1",      "0",       "1e99", "\n",   "\t",    "\x1b[",  "\xff", "\xc2\x9b",
    "${x}", "${schema}", "''",      "--",      "/*",   "$q$",  "9.9e9", "999999", "1h",   "\xe2\x80\xae",
    "none", "rollback",  "\x1b",    "[<0;",    "M",    "200~", ";",     "SS3",    "OA",   "\xf0\x9f\x98\x80",
};

static void change_once(void)
{
    const struct input *other = &corpus.list[random_below(corpus.count)];
    const char *token = tokens[random_below(sizeof(tokens) / sizeof(tokens[0]))];
    size_t at = random_below(current.len + 1), from = random_below(other->len), left = current.len - at;

    switch (random_below(6)) {
    case 0:
        if (left > 0)
            current.bytes[at] ^= (uint8_t)(1u << random_below(8));
        return;
    case 1:
        remove_bytes(at, random_below(left < 32 ? left + 1 : 32));
        return;
    case 2:
        insert_bytes(at, (const uint8_t *)token, strlen(token));
        return;
    case 3:
        if (other->len > 0)
            insert_bytes(at, other->bytes + from, random_below(other->len - from) + 1);
        return;
    case 4:
        if (left > 0)
            current.bytes[at] = (uint8_t)random_next();
        return;
    default:
        current.len = at;
        return;
    }
}

static void try_changes(const struct input *input, unsigned long rounds)
{
    for (unsigned long i = 0; i < rounds; i++) {
        size_t changes = 1 + random_below(4);

        memcpy(current.bytes, input->bytes, input->len);
        current.len = input->len;
        for (size_t n = 0; n < changes; n++)
            change_once();
        try_current();
    }
}

int main(int argc, char **argv)
{
    static const int deadly[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    unsigned long rounds;

    if (argc < 4)
        return 2;
    rounds = strtoul(argv[1], NULL, 10);
    seed = strtoull(argv[2], NULL, 10) | 1;
    (void)snprintf(current.path, sizeof(current.path), "%s.crash", strrchr(argv[0], '/') + 1);
    for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
        (void)signal(deadly[i], on_crash);
    for (int i = 3; i < argc; i++)
        add(argv[i]);
    for (size_t i = 0; i < corpus.count; i++) {
        memcpy(current.bytes, corpus.list[i].bytes, corpus.list[i].len);
        current.len = corpus.list[i].len;
        try_current();
        try_changes(&corpus.list[i], rounds);
    }
    printf("%zu inputs, %lu changes of each, seed %s\n", corpus.count, rounds, argv[2]);
    for (size_t i = 0; i < corpus.count; i++)
        free(corpus.list[i].bytes);
    return corpus.count == 0 ? 2 : 0;
}
