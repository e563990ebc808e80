/*
 * sim [--from SEED | --rotate] [--count N] [--jobs N] [--seconds N] [--break WORD]   many seeds, and what
 * there was sim --seed N [--trace] [--break WORD]   one of them, and what happened in it sim --again [--count
 * N]                 each seed twice: it has to go the same way sim --breaks [--count N] everything that can
 * be broken on purpose has to be found
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "sim/sim.h"

#define BOOKS_MAX 8
#define BOOK_MAX  (256 * 1024)
#define JOBS_MAX  16
#define TAIL      60

struct arguments {
    uint64_t from, count, seconds;
    size_t jobs;
    bool one, trace, again, breaks, rotates;
    enum sim_break broken;
};

/* Of one job, in memory that the parent sees. */
struct share {
    struct sim_counts counts;
    uint64_t seed, done;
    uint64_t lost, twice, diverged, others;
    uint64_t first_failed;
    char why[1024];
};

static struct sim_book books[BOOKS_MAX];
static size_t book_count;
static struct arena *arena; /* of the books */
static char *targets_text;

/* ---- books ---- */

static void tell_faults(const char *path, const struct json_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        fprintf(stderr, "%s:%d: %s\n", path, faults->list[i].line, faults->list[i].message);
}

/* By stdio: what the rooms call to read a file is made up in this program. */
static char *read_text(const char *path, size_t *ret_len)
{
    char *text = mem_alloc(BOOK_MAX);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "sim: cannot open %s: %s\n", path, strerror(errno));
        exit(1);
    }
    *ret_len = fread(text, 1, BOOK_MAX - 1, file);
    fclose(file);
    return text;
}

static void load_books(void)
{
    static const char *const names[] = { "whole", "beside", "small", "phases", "long", "each" };
    struct book_options options = { .targets_path = "targets.json" };
    arena = arena_create();
    targets_text = read_text(BOOKS "/../targets.json", &options.targets_len);
    options.targets_text = targets_text;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[1024];
        struct json_faults faults, target_faults;
        struct sim_book *book = &books[book_count++];
        json_faults_init(&faults, arena);
        json_faults_init(&target_faults, arena);
        (void)snprintf(path, sizeof(path), "%s/%s.json", BOOKS, names[i]);
        book->text = read_text(path, &book->len);
        book->book = book_load(arena, path, book->text, book->len, &options, &faults, &target_faults);
        if (book->book == NULL) {
            tell_faults(path, &faults);
            tell_faults("targets.json", &target_faults);
            exit(1);
        }
    }
}

/* ---- one seed ---- */

static char tail[TAIL][2048];
static size_t told;

static void keep_line(void *data, const char *line)
{
    (void)data;
    (void)snprintf(tail[told++ % TAIL], sizeof(tail[0]), "%s", line);
}

static void print_line(void *data, const char *line)
{
    (void)data;
    puts(line);
}

static struct sim_options options_for(const struct arguments *arguments, uint64_t seed)
{
    return (struct sim_options){
        .seed = seed, .books = books, .book_count = book_count, .broken = arguments->broken
    };
}

static int run_one(const struct arguments *arguments)
{
    struct sim_options options = options_for(arguments, arguments->from);
    struct sim_result first, again;
    if (arguments->trace)
        options.tell = print_line;
    sim_run(&options, &first);
    options.tell = keep_line;
    sim_run(&options, &again);
    if (first.hash != again.hash || first.failure != again.failure) {
        printf("seed %" PRIu64 ": it went otherwise the second time\n", arguments->from);
        return 1;
    }
    printf("seed %" PRIu64 ": %s, hash %016" PRIx64 "\n", arguments->from,
           first.failure == SIM_HOLDS ? "holds" : first.why, first.hash);
    return first.failure != SIM_HOLDS;
}

/* What led to it: the same once more, and the last of what happened. */
static void tell_failure(const struct arguments *arguments, const char *program, const struct share *share)
{
    struct sim_options options = options_for(arguments, share->first_failed);
    struct sim_result result;
    printf("seed %" PRIu64 ": %s\n", share->first_failed, share->why);
    options.tell = keep_line;
    told = 0;
    fflush(stdout);
    sim_run(&options, &result);
    for (size_t i = told > TAIL ? told - TAIL : 0; i < told; i++)
        puts(tail[i % TAIL]);
    printf("replay: %s --seed %" PRIu64 " --trace%s%s\n", program, share->first_failed,
           arguments->broken != BREAK_NOTHING ? " --break " : "",
           arguments->broken != BREAK_NOTHING ? sim_break_word(arguments->broken) : "");
}

/* ---- many seeds ---- */

static void add_up(struct sim_counts *to, const struct sim_counts *from)
{
#define X(name) to->name += from->name;
    SIM_COUNTS(X)
#undef X
}

static void note_result(struct share *share, uint64_t seed, const struct sim_result *result)
{
    uint64_t *counts[] = { [SIM_HOLDS] = NULL,          [SIM_LOST] = &share->lost,
                           [SIM_TWICE] = &share->twice, [SIM_DIVERGED] = &share->diverged,
                           [SIM_RULE] = &share->others, [SIM_WEDGED] = &share->others };
    add_up(&share->counts, &result->counts);
    share->done++;
    if (result->failure == SIM_HOLDS)
        return;
    (*counts[result->failure])++;
    if (share->why[0] == '\0') {
        share->first_failed = seed;
        memcpy(share->why, result->why, sizeof(share->why));
    }
}

static bool is_time(const struct arguments *arguments, time_t begun)
{
    return arguments->seconds > 0 && (uint64_t)(time(NULL) - begun) >= arguments->seconds;
}

static void run_share(const struct arguments *arguments, struct share *share, size_t job)
{
    time_t begun = time(NULL);
    struct sim_result result;
    for (uint64_t i = job; i < arguments->count && share->why[0] == '\0' && !is_time(arguments, begun);
         i += arguments->jobs) {
        struct sim_options options = options_for(arguments, arguments->from + i);
        share->seed = options.seed;
        sim_run(&options, &result);
        note_result(share, options.seed, &result);
    }
}

/* A job that dies has found something too. */
static void wait_for(struct share *shares, size_t jobs)
{
    for (size_t i = 0; i < jobs; i++) {
        int status;
        if (wait(&status) < 0)
            exit(1);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            continue;
        for (size_t k = 0; k < jobs; k++) {
            if (shares[k].why[0] == '\0')
                printf("a job died; perhaps: sim --seed %" PRIu64 " --trace\n", shares[k].seed);
        }
        shares[0].others++;
    }
}

static void run_jobs(const struct arguments *arguments, struct share *shares)
{
    fflush(stdout);
    for (size_t i = 0; i < arguments->jobs; i++) {
        pid_t pid = fork();
        if (pid < 0)
            exit(1);
        if (pid == 0) {
            run_share(arguments, &shares[i], i);
            _exit(0);
        }
    }
    wait_for(shares, arguments->jobs);
}

static void write_figures(const struct arguments *arguments, const struct share *sum)
{
    const char *directory = getenv("TMINUS_FIGURES");
    char path[1024];
    if (directory == NULL)
        return;
    (void)snprintf(path, sizeof(path), "%s/sim%s.txt", directory, arguments->rotates ? "-new" : "");
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return;
    fprintf(file, "simulated runs%s | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 "\n",
            arguments->rotates ? ", new seeds" : "", sum->done, sum->lost, sum->twice, sum->diverged);
    fclose(file);
}

static int run_many(const struct arguments *arguments, const char *program)
{
    struct share *shares =
        mmap(NULL, sizeof(*shares) * JOBS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct share sum = { 0 };
    if (shares == MAP_FAILED)
        return 1;
    run_jobs(arguments, shares);
    for (size_t i = 0; i < arguments->jobs; i++) {
        add_up(&sum.counts, &shares[i].counts);
        sum.done += shares[i].done;
        sum.lost += shares[i].lost;
        sum.twice += shares[i].twice;
        sum.diverged += shares[i].diverged;
        sum.others += shares[i].others;
    }
    printf("seeds %" PRIu64 " from %" PRIu64 "\n", sum.done, arguments->from);
#define X(name) printf("%-10s %" PRIu64 "\n", #name, sum.counts.name);
    SIM_COUNTS(X)
#undef X
    printf("lost %" PRIu64 ", twice %" PRIu64 ", diverged %" PRIu64 ", rules broken or wedged %" PRIu64 "\n",
           sum.lost, sum.twice, sum.diverged, sum.others);
    for (size_t i = 0; i < arguments->jobs; i++) {
        if (shares[i].why[0] != '\0')
            tell_failure(arguments, program, &shares[i]);
    }
    write_figures(arguments, &sum);
    return sum.lost + sum.twice + sum.diverged + sum.others > 0;
}

/* ---- whether it can be believed ---- */

static int run_again(const struct arguments *arguments)
{
    for (uint64_t i = 0; i < arguments->count; i++) {
        struct arguments one = *arguments;
        one.from += i;
        if (run_one(&one) != 0)
            return 1;
    }
    return 0;
}

/* How many seeds it takes until something that is broken on purpose is found. */
static int find_break(const struct arguments *arguments, enum sim_break broken)
{
    struct sim_result result;
    for (uint64_t i = 0; i < arguments->count; i++) {
        struct sim_options options = options_for(arguments, arguments->from + i);
        options.broken = broken;
        sim_run(&options, &result);
        if (result.failure == SIM_HOLDS)
            continue;
        printf("%-12s %-62s %6" PRIu64 "  %.90s\n", sim_break_word(broken), sim_break_text(broken), i + 1,
               result.why);
        return 0;
    }
    printf("%-12s %s: not found in %" PRIu64 " seeds\n", sim_break_word(broken), sim_break_text(broken),
           arguments->count);
    return 1;
}

static int find_breaks(const struct arguments *arguments)
{
    int missed = 0;
    for (size_t i = BREAK_NOTHING + 1; i < SIM_BREAK_COUNT; i++)
        missed += find_break(arguments, (enum sim_break)i);
    return missed > 0;
}

/* ---- arguments ---- */

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (*end != '\0' || end == text) {
        fprintf(stderr, "sim: \"%s\" is not a number\n", text);
        exit(2);
    }
    return value;
}

static enum sim_break break_of(const char *word)
{
    for (size_t i = 0; i < SIM_BREAK_COUNT; i++) {
        if (strcmp(sim_break_word((enum sim_break)i), word) == 0)
            return (enum sim_break)i;
    }
    fprintf(stderr, "sim: nothing is called \"%s\" that could be broken\n", word);
    exit(2);
}

static void read_arguments(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        { "from", required_argument, NULL, 'f' },
        { "count", required_argument, NULL, 'c' },
        { "jobs", required_argument, NULL, 'j' },
        { "seconds", required_argument, NULL, 's' },
        { "break", required_argument, NULL, 'b' },
        { "seed", required_argument, NULL, '1' },
        { "trace", no_argument, NULL, 't' },
        { "again", no_argument, NULL, 'a' },
        { "breaks", no_argument, NULL, 'B' },
        { "rotate", no_argument, NULL, 'r' },
        { 0 },
    };
    int option;
    *ret = (struct arguments){ .from = 1, .count = UINT64_MAX / 2, .jobs = 1 };
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case '1':
            ret->one = true;
            ret->from = number(optarg);
            break;
        case 'f':
            ret->from = number(optarg);
            break;
        case 'c':
            ret->count = number(optarg);
            break;
        case 'j':
            ret->jobs = number(optarg) > 0 && number(optarg) < JOBS_MAX ? number(optarg) : 1;
            break;
        case 's':
            ret->seconds = number(optarg);
            break;
        case 'b':
            ret->broken = break_of(optarg);
            break;
        case 't':
            ret->trace = true;
            break;
        case 'a':
            ret->again = true;
            break;
        case 'B':
            ret->breaks = true;
            break;
        case 'r': /* others every time, far from those that are always the same */
            ret->rotates = true;
            ret->from = (uint64_t)time(NULL) * 1000000;
            break;
        default:
            exit(2);
        }
    }
}

static int run(const struct arguments *arguments, const char *program)
{
    if (arguments->again)
        return run_again(arguments);
    if (arguments->breaks)
        return find_breaks(arguments);
    return arguments->one ? run_one(arguments) : run_many(arguments, program);
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    read_arguments(argc, argv, &arguments);
    load_books();
    int status = run(&arguments, argv[0]);
    for (size_t i = 0; i < book_count; i++)
        free((void *)books[i].text);
    free(targets_text);
    arena_destroy(arena);
    return status;
}
