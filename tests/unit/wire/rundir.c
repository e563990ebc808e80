#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "helper.h"
#include "wire/rundir.h"

/* 2026-11-20 23:06:38 UTC */
#define WALL_US (INT64_C(1795215998) * SECOND_US)

static const char book_text[] =
    "{\"tminus\":1,\"id\":\"demo\",\"title\":\"T\",\"params\":{\"n\":{\"type\":\"text\",\"default\":\"1\"}},"
    "\"phases\":[{\"id\":\"p\",\"kind\":\"preflight\",\"title\":\"P\",\"steps\":"
    "[{\"id\":\"c\",\"kind\":\"manual\",\"title\":\"${n}\",\"instructions\":\"${n}\","
    "\"rollback\":[{\"kind\":\"none\",\"why\":\"w\"}]}]}]}";

struct place {
    struct arena *arena;
    const char *base; /* the state home is "<base>/state" */
    pid_t holders[8]; /* processes that hold a lock */
    size_t holder_count;
};

static int enter(void **state)
{
    struct place *place = mem_alloc(sizeof(*place));

    place->arena = arena_create();
    place->base = scratch_make();
    *state = place;
    return setenv("XDG_STATE_HOME", arena_format(place->arena, "%s/state", place->base), 1);
}

static void end_holder(struct place *place)
{
    pid_t pid = place->holders[--place->holder_count];

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int leave(void **state)
{
    struct place *place = *state;

    while (place->holder_count > 0)
        end_holder(place);
    arena_destroy(place->arena);
    free(place);
    scratch_remove();
    return 0;
}

static const char *in_base(struct place *place, const char *name)
{
    return arena_format(place->arena, "%s/%s", place->base, name);
}

/* A run of that book, so many seconds after WALL_US; its id. */
static const char *make_run(struct place *place, const char *book, int seconds)
{
    struct frozen frozen = { .book_text = book_text,
                             .book_len = sizeof(book_text) - 1,
                             .operator= "mia",
                             .environment = "live",
                             .book_path = "/books/demo.json",
                             .audit = "/audit.git" };
    struct instant now = { .wall_us = WALL_US + seconds * SECOND_US };
    struct err err = ERR_INIT;

    if (rundir_create(place->arena, book, now, &frozen, &err) < 0)
        fail_msg("%s", err.message);
    return frozen.run;
}

static const char *dir_of(struct place *place, const char *run)
{
    return arena_format(place->arena, "%s/state/tminus/runs/%s", place->base, run);
}

/* Another process takes the run's lock and keeps it. */
static void hold_lock(struct place *place, const char *run)
{
    const char *dir = dir_of(place, run);
    int ends[2];
    pid_t pid;
    char told = 0;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        int fd;

        told = rundir_lock(dir, &fd, NULL) == 0 ? 'y' : 'n';
        (void)!write(ends[1], &told, 1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &told, 1), 1);
    close(ends[0]);
    place->holders[place->holder_count++] = pid;
    assert_int_equal(told, 'y');
}

/* What rundir_find says: the run's id, or the message. */
static const char *found(struct place *place, const char *name, bool live_only)
{
    struct rundir_entry entry;
    struct err err = ERR_INIT;
    int r = rundir_find(place->arena, name, live_only, &entry, &err);

    if (r == 0) {
        assert_string_equal(entry.dir, dir_of(place, entry.run));
        return entry.run;
    }
    assert_int_equal(r, ERR_NOT_FOUND);
    return arena_text(place->arena, err.message);
}

/* The ids that rundir_list gives, each followed by a blank, a live one with a star before. */
static const char *listed(struct place *place)
{
    struct rundir_entry *entries;
    const char *all = "";
    struct err err = ERR_INIT;
    size_t count;

    if (rundir_list(place->arena, &entries, &count, &err) < 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < count; i++)
        all = arena_format(place->arena, "%s%s%s ", all, entries[i].live ? "*" : "", entries[i].run);
    return all;
}

static int mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return (int)(st.st_mode & 0777);
}

static void put(const char *path, const char *text)
{
    struct err err = ERR_INIT;

    if (file_write(path, text, strlen(text), 0600, &err) < 0)
        fail_msg("%s", err.message);
}

/* ---- where ---- */

static void test_state_home(void **state)
{
    static const struct {
        const char *xdg, *home;
        const char *want; /* NULL: ERR_ENVIRONMENT */
    } cases[] = {
        { "/state", "/home/mia", "/state/tminus" },
        { NULL, "/home/mia", "/home/mia/.local/state/tminus" },
        { "", "/home/mia", "/home/mia/.local/state/tminus" },
        { "state", "/home/mia", "/home/mia/.local/state/tminus" },
        { "./state", "/home/mia", "/home/mia/.local/state/tminus" },
        { "state", "home", NULL },
        { NULL, "", NULL },
        { NULL, NULL, NULL },
    };
    struct place *place = *state;
    char *home = mem_text(getenv("HOME"));

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        const char *path;
        int r;

        (void)(cases[i].xdg ? setenv("XDG_STATE_HOME", cases[i].xdg, 1) : unsetenv("XDG_STATE_HOME"));
        (void)(cases[i].home ? setenv("HOME", cases[i].home, 1) : unsetenv("HOME"));
        r = state_home(place->arena, &path, &err);
        assert_int_equal(r, cases[i].want ? 0 : ERR_ENVIRONMENT);
        if (cases[i].want)
            assert_string_equal(path, cases[i].want);
    }
    if (home)
        (void)setenv("HOME", home, 1);
    free(home);
}

/* ---- making ---- */

static void test_create(void **state)
{
    struct place *place = *state;
    const char *run = make_run(place, "demo", 0);
    const char *dir = dir_of(place, run);

    assert_string_equal(run, "demo-20261120-230638");
    assert_int_equal(mode_of(in_base(place, "state/tminus/runs")), 0700);
    assert_int_equal(mode_of(dir), 0700);
    assert_int_equal(mode_of(rundir_path(place->arena, dir, "output")), 0700);
    assert_int_equal(mode_of(rundir_path(place->arena, dir, "book.json")), 0600);
    assert_int_equal(mode_of(rundir_path(place->arena, dir, "run.json")), 0600);
    assert_int_equal(access(rundir_path(place->arena, dir, "targets.json"), F_OK), -1);
    assert_int_equal(access(rundir_path(place->arena, dir, "lock"), F_OK), -1);
}

static void test_create_in_the_same_second(void **state)
{
    struct place *place = *state;
    struct frozen frozen = { .book_text = "{}", .book_len = 2 };
    struct err err = ERR_INIT;

    assert_string_equal(make_run(place, "demo", 0), "demo-20261120-230638");
    assert_string_equal(make_run(place, "demo", 0), "demo-20261120-230638-2");
    assert_string_equal(make_run(place, "demo", 0), "demo-20261120-230638-3");
    assert_string_equal(make_run(place, "demo", 1), "demo-20261120-230639");
    for (int i = 4; i <= 100; i++)
        assert_int_equal(mkdir(dir_of(place, arena_format(place->arena, "demo-20261120-230638-%d", i)), 0700),
                         0);
    assert_int_equal(
        rundir_create(place->arena, "demo", (struct instant){ .wall_us = WALL_US }, &frozen, &err), ERR_BUSY);
}

/* The longest id of a book, and a run in a second that is taken: still an id, and still found. */
static void test_long_book_id(void **state)
{
    struct place *place = *state;
    const char *book = arena_format(place->arena, "%064d", 7);
    const char *last = NULL;
    struct frozen back;
    struct err err = ERR_INIT;

    for (int i = 0; i < 100; i++) {
        const char *run = make_run(place, book, 0);

        assert_true(text_is_id(run));
        /* "tminus:<run>:monitor:" and "tminus_heartbeat_<run>" are whole in what a server keeps of a name. */
        assert_true(strlen("tminus_heartbeat_") + strlen(run) <= 63);
        assert_true(strlen("tminus::monitor:") + strlen(run) <= 63);
        assert_false(text_equal(run, last));
        last = run;
        assert_string_equal(found(place, run, false), run);
        if (rundir_read(place->arena, dir_of(place, run), &back, &err) < 0)
            fail_msg("%s", err.message);
        assert_string_equal(back.run, run);
    }
}

/* What is executed must not be in anybody else's hands. */
static void test_places_that_are_refused(void **state)
{
    struct place *place = *state;
    struct frozen frozen = { .book_text = "{}",
                             .book_len = 2,
                             .operator= "mia",
                             .environment = "live",
                             .book_path = "b",
                             .audit = "a" };
    const char *runs = in_base(place, "state/tminus/runs");
    struct instant now = { .wall_us = WALL_US };
    struct err err = ERR_INIT;

    assert_int_equal(dir_make(in_base(place, "state/tminus"), 0700, &err), 0);
    assert_int_equal(dir_make(in_base(place, "elsewhere"), 0700, &err), 0);
    assert_int_equal(symlink(in_base(place, "elsewhere"), runs), 0);
    assert_int_equal(rundir_create(place->arena, "demo", now, &frozen, &err), ERR_IO);
    assert_non_null(strstr(err.message, "symbolic link"));
    assert_int_equal(unlink(runs), 0);
    assert_int_equal(mkdir(runs, 0700), 0);
    assert_int_equal(chmod(runs, 0777), 0);
    assert_int_equal(rundir_create(place->arena, "demo", now, &frozen, &err), ERR_IO);
    assert_non_null(strstr(err.message, "can be written by others"));
    assert_int_equal(chmod(runs, 0700), 0);
    /* A link that waits where the run's directory would be made is stepped around, not followed. */
    assert_int_equal(symlink(in_base(place, "elsewhere"), dir_of(place, "demo-20261120-230638")), 0);
    assert_int_equal(rundir_create(place->arena, "demo", now, &frozen, &err), 0);
    assert_string_equal(frozen.run, "demo-20261120-230638-2");
    assert_int_equal(rmdir(in_base(place, "elsewhere")), 0); /* empty as it was */
}

/* ---- freezing ---- */

static void test_frozen_round_trip(void **state)
{
    static const struct book_param params[] = { { "n", "a \"b\" \\ \xc3\xa9\n\x01" }, { "empty", "" } };
    static const char bytes[] = "{\"book\":\"\xff\"}\0\r\n ";
    struct place *place = *state;
    struct frozen frozen = { .book_text = bytes,
                             .book_len = sizeof(bytes) - 1,
                             .targets_text = "{}\n",
                             .targets_len = 3,
                             .param_count = ARRAY_LEN(params),
                             .params = params,
                             .operator= "J\xc3\xb6rg <j>",
                             .environment = "staging",
                             .book_path = "/books/a b.json",
                             .audit = "/var/audit.git" };
    struct frozen back;
    struct err err = ERR_INIT;

    assert_int_equal(
        rundir_create(place->arena, "demo", (struct instant){ .wall_us = WALL_US }, &frozen, &err), 0);
    if (rundir_read(place->arena, frozen.dir, &back, &err) < 0)
        fail_msg("%s", err.message);
    assert_string_equal(back.dir, frozen.dir);
    assert_string_equal(back.run, "demo-20261120-230638");
    assert_string_equal(back.operator, frozen.operator);
    assert_string_equal(back.environment, "staging");
    assert_string_equal(back.book_path, "/books/a b.json");
    assert_string_equal(back.audit, "/var/audit.git");
    assert_int_equal(back.book_len, sizeof(bytes) - 1);
    assert_memory_equal(back.book_text, bytes, sizeof(bytes) - 1); /* to the byte: it is hashed */
    assert_int_equal(back.targets_len, 3);
    assert_string_equal(back.targets_text, "{}\n");
    assert_int_equal(back.param_count, 2);
    for (size_t i = 0; i < ARRAY_LEN(params); i++) {
        assert_string_equal(back.params[i].name, params[i].name);
        assert_string_equal(back.params[i].value, params[i].value);
    }
}

static void test_without_targets(void **state)
{
    struct place *place = *state;
    struct frozen back;
    const struct book *book;
    struct err err = ERR_INIT;

    assert_int_equal(rundir_read(place->arena, dir_of(place, make_run(place, "demo", 0)), &back, &err), 0);
    assert_null(back.targets_text);
    if (frozen_book(place->arena, &back, &book, &err) < 0)
        fail_msg("%s", err.message);
    assert_string_equal(book->steps[0].title, "1");
}

static void test_frozen_params_are_resolved_again(void **state)
{
    static const struct book_param params[] = { { "n", "seven" } };
    struct place *place = *state;
    struct frozen back;
    const struct book *book;
    struct err err = ERR_INIT;

    assert_int_equal(rundir_read(place->arena, dir_of(place, make_run(place, "demo", 0)), &back, &err), 0);
    back.params = params;
    back.param_count = 1;
    assert_int_equal(frozen_book(place->arena, &back, &book, &err), 0);
    assert_string_equal(book->steps[0].title, "seven");
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char certificate_text[] =
    "{\"tminus_certificate\":1,\"book\":\"demo\",\"book_sha256\":\"" HEX "\",\"files_sha256\":\"" HEX
    "\",\"version\":\"1\",\"host\":\"h\",\"operator\":\"jo\",\"ended\":\"2026-11-20T00:00:00Z\",\"asked\":"
    "\"\","
    "\"passed\":false,\"all\":false,\"targets\":[],\"params\":[{\"name\":\"n\",\"value\":\"1\"}],\"data\":[],"
    "\"midpoints\":[],\"again\":[],"
    "\"locks\":[],\"timings\":[{\"step\":\"c\",\"entry\":0,\"count\":3,\"median_us\":5,\"p95_us\":9}]}";

/* What it measured is what the book is reckoned with; which one it is stands in run.json. */
static void test_certificate(void **state)
{
    struct place *place = *state;
    struct frozen frozen = { .book_text = book_text,
                             .book_len = sizeof(book_text) - 1,
                             .certificate_text = certificate_text,
                             .certificate_len = sizeof(certificate_text) - 1,
                             .unrehearsed = "it \"burns\"",
                             .operator= "mia",
                             .environment = "live",
                             .book_path = "/books/demo.json",
                             .audit = "/audit.git" };
    struct frozen back;
    const struct book *book;
    struct err err = ERR_INIT;

    assert_int_equal(
        rundir_create(place->arena, "demo", (struct instant){ .wall_us = WALL_US }, &frozen, &err), 0);
    assert_int_equal(rundir_read(place->arena, frozen.dir, &back, &err), 0);
    assert_string_equal(back.certificate_text, certificate_text);
    assert_null(back.certificate_sha256);
    assert_int_equal(rundir_certify(place->arena, &back, HEX, &err), 0);
    assert_non_null(strstr(back.settings_text, "\"certificate\":\"" HEX "\""));
    assert_int_equal(rundir_read(place->arena, frozen.dir, &back, &err), 0);
    assert_string_equal(back.certificate_sha256, HEX);
    assert_string_equal(back.unrehearsed, "it \"burns\"");
    assert_int_equal(frozen_book(place->arena, &back, &book, &err), 0);
    assert_int_equal(book->steps[0].rehearsed.count, 3);
    assert_int_equal(book->steps[0].estimate.max_us, 9);
    assert_string_equal(book->unrehearsed, "it \"burns\"");
    assert_null(book->rehearsed_otherwise);
    back.params = &(struct book_param){ "n", "seven" };
    back.param_count = 1;
    assert_int_equal(frozen_book(place->arena, &back, &book, &err), 0);
    assert_string_equal(book->rehearsed_otherwise, "n");
    back.certificate_text = "{}";
    back.certificate_len = 2;
    assert_int_equal(frozen_book(place->arena, &back, &book, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.message, "the frozen certificate of demo-"));
}

static void test_damaged(void **state)
{
    static const struct {
        const char *run_json;
        const char *want; /* after the path */
    } cases[] = {
        { "", "/run.json:1:1: " },
        { "{\"run\":\"x\"", "/run.json:1:11: " },
        { "[]", "/run.json:1:1: " },
        { "{\n \"run\":\"Not An Id\"}", "/run.json:2:8: \"run\" of run.json" },
        { "{\"run\":\"x\",\"operator\":\"m\",\"environment\":\"live\",\"book_path\":\"b\",\"audit\":\"a\"}",
          "/run.json:1:1: run.json lacks the field \"params\"" },
        { "{\"run\":\"x\",\"operator\":7,\"environment\":\"live\",\"book_path\":\"b\",\"audit\":\"a\","
          "\"params\":{}}",
          "/run.json:1:23: \"operator\" of run.json wants a text" },
        { "{\"run\":\"x\",\"operator\":\"m\",\"environment\":\"live\",\"book_path\":\"b\",\"audit\":\"a\","
          "\"params\":[]}",
          "\"params\" of run.json wants an object" },
        { "{\"run\":\"x\",\"operator\":\"m\",\"environment\":\"live\",\"book_path\":\"b\",\"audit\":\"a\","
          "\"params\":{\"n\":1}}",
          "/run.json: param \"n\" is not a text" },
        { "{\"run\":\"x\",\"operator\":\"m\",\"environment\":\"live\",\"book_path\":\"b\",\"audit\":\"a\","
          "\"params\":{},\"more\":1}",
          "unknown field \"more\" in run.json" },
    };
    struct place *place = *state;
    const char *dir = dir_of(place, make_run(place, "demo", 0));

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct frozen back;
        struct err err = ERR_INIT;

        put(rundir_path(place->arena, dir, "run.json"), cases[i].run_json);
        assert_int_equal(rundir_read(place->arena, dir, &back, &err), ERR_CORRUPT);
        if (!text_starts(err.message, dir) || !strstr(err.message, cases[i].want))
            fail_msg("said \"%s\", expected \"%s\"", err.message, cases[i].want);
    }
}

static void test_damaged_book(void **state)
{
    struct place *place = *state;
    const char *dir = dir_of(place, make_run(place, "demo", 0));
    struct frozen back;
    const struct book *book;
    struct err err = ERR_INIT;

    put(rundir_path(place->arena, dir, "book.json"), "{\n\"tminus\":1,}");
    assert_int_equal(rundir_read(place->arena, dir, &back, &err), 0);
    assert_int_equal(frozen_book(place->arena, &back, &book, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.message, "2:12"));
    assert_int_equal(unlink(rundir_path(place->arena, dir, "book.json")), 0);
    assert_int_equal(rundir_read(place->arena, dir, &back, &err), ERR_NOT_FOUND);
    assert_int_equal(unlink(rundir_path(place->arena, dir, "run.json")), 0);
    assert_int_equal(rundir_read(place->arena, dir, &back, &err), ERR_NOT_FOUND);
    assert_int_equal(rundir_read(place->arena, in_base(place, "nothing"), &back, &err), ERR_NOT_FOUND);
}

/* ---- listing and finding ---- */

static void test_list_order(void **state)
{
    struct place *place = *state;

    assert_string_equal(listed(place), ""); /* and nothing is made by looking */
    assert_int_equal(access(in_base(place, "state"), F_OK), -1);
    make_run(place, "zebra", 0);
    make_run(place, "apple", 1);
    make_run(place, "mango", 86400);
    make_run(place, "apple", -1);
    make_run(place, "aaa-20991231-235959", 2); /* only the last date of a name is its time */
    assert_string_equal(listed(place),
                        "mango-20261121-230638 aaa-20991231-235959-20261120-230640 apple-20261120-230639 "
                        "zebra-20261120-230638 apple-20261120-230637 ");
}

static void test_list_order_within_a_second(void **state)
{
    struct place *place = *state;

    for (int i = 0; i < 11; i++)
        make_run(place, "r", 0);
    assert_string_equal(listed(place),
                        "r-20261120-230638-11 r-20261120-230638-10 r-20261120-230638-9 r-20261120-230638-8 "
                        "r-20261120-230638-7 r-20261120-230638-6 r-20261120-230638-5 r-20261120-230638-4 "
                        "r-20261120-230638-3 r-20261120-230638-2 r-20261120-230638 ");
}

static void test_what_is_no_run(void **state)
{
    struct place *place = *state;
    const char *run = make_run(place, "demo", 0);
    const char *other = make_run(place, "other", 0);
    const char *foreign = make_run(place, "foreign", 0);
    const char *open_to_all = make_run(place, "open", 0);
    const char *no_file = make_run(place, "no-file", 0);
    struct err err = ERR_INIT;

    /* A link to a run, a file, a directory that never was a run, a name that is no id. */
    assert_int_equal(symlink(dir_of(place, run), dir_of(place, "link-20261120-230638")), 0);
    put(dir_of(place, "file-20261120-230638"), "x");
    assert_int_equal(dir_make(dir_of(place, "half-20261120-230638"), 0700, &err), 0);
    assert_int_equal(rename(dir_of(place, other), dir_of(place, "Other 2")), 0);
    assert_int_equal(chmod(dir_of(place, open_to_all), 0777), 0);
    assert_int_equal(unlink(rundir_path(place->arena, dir_of(place, no_file), "run.json")), 0);
    assert_int_equal(symlink(rundir_path(place->arena, dir_of(place, run), "run.json"),
                             rundir_path(place->arena, dir_of(place, no_file), "run.json")),
                     0);
    if (geteuid() == 0)
        assert_int_equal(chown(dir_of(place, foreign), 12345, 12345), 0);
    else
        assert_int_equal(dir_remove(dir_of(place, foreign), &err), 0);
    assert_string_equal(listed(place), "demo-20261120-230638 ");
    assert_string_equal(found(place, "link", false), "no run is called \"link\" (`tminus runs` lists them)");
}

static void test_find(void **state)
{
    struct place *place = *state;
    const char *a, *b, *c;

    assert_string_equal(found(place, NULL, false), "no run is open (`tminus runs` lists all)");
    assert_string_equal(found(place, "x", false), "no run is called \"x\" (`tminus runs` lists them)");
    a = make_run(place, "alpha", 0);
    b = make_run(place, "beta", 0);
    c = make_run(place, "beta", 0);
    assert_string_equal(found(place, "a", false), a);
    assert_string_equal(found(place, a, false), a);
    assert_string_equal(found(place, b, false), b); /* though another begins with it */
    assert_string_equal(found(place, c, false), c);
    assert_string_equal(found(place, "be", false),
                        "2 runs begin with \"be\": say more of it (`tminus runs` lists them)");
    assert_string_equal(found(place, "lpha", false), "no run is called \"lpha\" (`tminus runs` lists them)");
    assert_string_equal(found(place, "../runs/alpha", false),
                        "no run is called \"../runs/alpha\" (`tminus runs` lists them)");
    assert_string_equal(
        found(place, a, true),
        arena_format(place->arena, "no live run is called \"%s\" (`tminus runs` lists them)", a));
}

/* An empty name is what an unset variable gives: with one run only, that one would be acted on. */
static void test_an_empty_name_finds_nothing(void **state)
{
    struct place *place = *state;
    const char *run = make_run(place, "alpha", 0);

    hold_lock(place, run);
    assert_string_equal(found(place, NULL, true), run);
    assert_string_equal(found(place, "", true), "no live run is called \"\" (`tminus runs` lists them)");
    assert_string_equal(found(place, "", false), "no run is called \"\" (`tminus runs` lists them)");
}

static void test_find_live(void **state)
{
    struct place *place = *state;
    const char *a = make_run(place, "alpha", 0);
    const char *b = make_run(place, "beta", 0);
    const char *b2 = make_run(place, "beta", 0);

    hold_lock(place, b2);
    assert_string_equal(listed(place), arena_format(place->arena, "*%s %s %s ", b2, a, b));
    assert_string_equal(found(place, NULL, true), b2);
    assert_string_equal(found(place, NULL, false), b2);
    assert_string_equal(found(place, "beta", true), b2);
    /* Whoever names the run that is over does not mean the one that came after it. */
    assert_string_equal(
        found(place, b, true),
        arena_format(place->arena, "no live run is called \"%s\" (`tminus runs` lists them)", b));
    hold_lock(place, a);
    assert_string_equal(found(place, NULL, true),
                        arena_format(place->arena, "2 runs are open: say which of %s, %s", b2, a));
    assert_string_equal(found(place, "alpha", true), a);
    end_holder(place);
    assert_string_equal(found(place, NULL, true), b2);
}

/* ---- the lock ---- */

static void test_lock_is_exclusive(void **state)
{
    struct place *place = *state;
    const char *run = make_run(place, "demo", 0);
    struct err err = ERR_INIT;
    int fd, second;

    hold_lock(place, run);
    assert_int_equal(rundir_lock(dir_of(place, run), &fd, &err), ERR_BUSY);
    assert_non_null(strstr(err.message, "attach"));
    end_holder(place); /* killed: the lock goes with it */
    assert_int_equal(rundir_lock(dir_of(place, run), &fd, &err), 0);
    assert_int_equal(rundir_lock(dir_of(place, run), &second, &err), ERR_BUSY); /* in one process, too */
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    close(fd);
    assert_int_equal(rundir_lock(dir_of(place, run), &fd, &err), 0);
    close(fd);
    assert_int_equal(rundir_lock(in_base(place, "nothing"), &fd, &err), ERR_IO);
    assert_int_equal(unlink(rundir_path(place->arena, dir_of(place, run), "lock")), 0);
    assert_int_equal(symlink(in_base(place, "target"), rundir_path(place->arena, dir_of(place, run), "lock")),
                     0);
    assert_int_equal(rundir_lock(dir_of(place, run), &fd, &err), ERR_IO);
    assert_int_equal(access(in_base(place, "target"), F_OK), -1);
}

/* Looking only asks. One process looks without a pause while another takes and lets go of the lock: taking it
 * must never fail. */
static void test_looking_never_takes_the_lock(void **state)
{
    struct place *place = *state;
    const char *run = make_run(place, "demo", 0);
    struct err err = ERR_INIT;
    pid_t pid;
    int fd;

    /* Its runner may have been killed: it is not said that nothing is open. */
    assert_string_equal(
        found(place, NULL, false),
        "no run has a runner (`tminus runs` lists all; `tminus run --resume RUN` takes up one "
        "that is not over)");
    assert_int_equal(access(rundir_path(place->arena, dir_of(place, run), "lock"), F_OK), -1);
    assert_int_equal(rundir_lock(dir_of(place, run), &fd, &err), 0);
    close(fd);
    pid = fork();
    if (pid == 0) {
        for (;;) {
            struct arena *arena = arena_create();
            struct rundir_entry entry;

            (void)!rundir_find(arena, "demo", false, &entry, NULL);
            arena_destroy(arena);
        }
    }
    place->holders[place->holder_count++] = pid;
    for (int i = 0; i < 20000; i++) {
        if (rundir_lock(dir_of(place, run), &fd, &err) < 0)
            fail_msg("the %dth time: %s", i, err.message);
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_state_home, enter, leave),
        cmocka_unit_test_setup_teardown(test_create, enter, leave),
        cmocka_unit_test_setup_teardown(test_create_in_the_same_second, enter, leave),
        cmocka_unit_test_setup_teardown(test_long_book_id, enter, leave),
        cmocka_unit_test_setup_teardown(test_places_that_are_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_frozen_round_trip, enter, leave),
        cmocka_unit_test_setup_teardown(test_without_targets, enter, leave),
        cmocka_unit_test_setup_teardown(test_frozen_params_are_resolved_again, enter, leave),
        cmocka_unit_test_setup_teardown(test_certificate, enter, leave),
        cmocka_unit_test_setup_teardown(test_damaged, enter, leave),
        cmocka_unit_test_setup_teardown(test_damaged_book, enter, leave),
        cmocka_unit_test_setup_teardown(test_list_order, enter, leave),
        cmocka_unit_test_setup_teardown(test_list_order_within_a_second, enter, leave),
        cmocka_unit_test_setup_teardown(test_what_is_no_run, enter, leave),
        cmocka_unit_test_setup_teardown(test_find, enter, leave),
        cmocka_unit_test_setup_teardown(test_an_empty_name_finds_nothing, enter, leave),
        cmocka_unit_test_setup_teardown(test_find_live, enter, leave),
        cmocka_unit_test_setup_teardown(test_lock_is_exclusive, enter, leave),
        cmocka_unit_test_setup_teardown(test_looking_never_takes_the_lock, enter, leave),
    };
    return cmocka_run_group_tests_name("rundir", tests, NULL, NULL);
}
