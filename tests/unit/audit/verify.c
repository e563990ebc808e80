/*
 * Verifying: a whole trail is whole, and what somebody did to one is told: with git and without a key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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

static void tell(const struct verify_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        print_error("%d %s %s %ju: %s\n", report->lines[i].kind,
                    report->lines[i].commit ? report->lines[i].commit : "-",
                    report->lines[i].file ? report->lines[i].file : "-", (uintmax_t)report->lines[i].seq,
                    report->lines[i].text);
}

static void expect_whole_with(const struct verify_options *options)
{
    struct arena *arena = arena_create();
    struct verify_report report;
    struct err err = ERR_INIT;
    if (verify_run(options, arena, &report, &err) < 0)
        fail_msg("%s", err.message);
    if (report.found > 0) {
        tell(&report);
        fail_msg("%s is not whole", options->path);
    }
    arena_destroy(arena);
}

static void expect_whole(const struct play *play, const char *path)
{
    struct verify_options options = play_options(play, path);
    expect_whole_with(&options);
    play_script(NULL, path, NULL);
}

/* One line of the report has `want` in it, or in the name of its file. */
static void expect_found_with(const struct verify_options *options, const char *want)
{
    struct arena *arena = arena_create();
    struct verify_report report;
    struct err err = ERR_INIT;
    bool told = false;
    if (verify_run(options, arena, &report, &err) < 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < report.count; i++) {
        const struct verify_line *line = &report.lines[i];
        told = told || (line->kind == VERIFY_FOUND &&
                        (strstr(line->text, want) || (line->file && strstr(line->file, want))));
    }
    if (!told) {
        tell(&report);
        fail_msg("%s: \"%s\" was not told", options->path, want);
    }
    arena_destroy(arena);
}

/* Found by the program; the script need not see it. */
static void expect_found_here(const struct play *play, const char *path, const char *want)
{
    struct verify_options options = play_options(play, path);
    expect_found_with(&options, want);
}

static void expect_found(const struct play *play, const char *path, const char *want)
{
    expect_found_here(play, path, want);
    play_script(NULL, path, "FOUND");
}

/* ---- whole ones ---- */

static void test_whole(void **state)
{
    struct play play;
    (void)state;
    play_make(&play, false);
    play_publish(&play, "audit.git");
    expect_whole(&play, "audit.git");
    git_quiet("clone --quiet --bare audit.git bare.git");
    expect_whole(&play, "bare.git");
    git_quiet("-C bare.git gc --quiet");
    expect_whole(&play, "bare.git");
    git_quiet("clone --quiet --mirror audit.git mirror.git");
    expect_whole(&play, "mirror.git");
    git_quiet("clone --quiet audit.git clone");
    expect_whole(&play, "clone");
    git_quiet("-C clone checkout --quiet --detach");
    git_quiet("-C clone branch --quiet -D runs/" PLAY_RUN); /* only origin's is left */
    expect_whole(&play, "clone");
    play_finish(&play);
}

static void test_report(void **state)
{
    struct play play;
    struct verify_report report;
    struct sha256 head;
    (void)state;
    play_make(&play, true);
    play_publish(&play, "audit.git");
    struct arena *arena = arena_create();
    assert_int_equal(play_verify(&play, "audit.git", arena, &report), 0);
    if (report.found > 0)
        tell(&report);
    assert_int_equal(report.found, 0);
    assert_int_equal(report.records, play.count);
    assert_true(report.closed);
    assert_int_equal(report.commits_signed, report.commits);
    assert_int_equal(report.decisions_signed, 2);
    assert_int_equal(report.signer_count, 2);
    size_t last = fixture_line(&play.lines, play.count - 1);
    sha256_of(play.lines.data + last, play.lines.len - last - 1, &head);
    assert_string_equal(report.head.hex, head.hex);
    arena_destroy(arena);
    play_finish(&play);
}

static void test_not_there(void **state)
{
    struct play play;
    struct verify_report report;
    struct arena *arena = arena_create();
    (void)state;
    play_make(&play, false);
    play_publish(&play, "audit.git");
    struct verify_options options = play_options(&play, "missing.git");
    assert_int_equal(verify_run(&options, arena, &report, NULL), ERR_NOT_FOUND);
    options.path = ".";
    assert_int_equal(verify_run(&options, arena, &report, NULL), ERR_ENVIRONMENT);
    options = play_options(&play, "audit.git");
    options.run = "tiny-2";
    assert_int_equal(verify_run(&options, arena, &report, NULL), ERR_NOT_FOUND);
    arena_destroy(arena);
    play_finish(&play);
}

/* ---- the end ---- */

static void test_end(void **state)
{
    struct play play;
    struct sha256 head;
    (void)state;
    play_make(&play, false);
    play_publish(&play, "whole.git");
    size_t at = fixture_line(&play.lines, play.count - 1);
    sha256_of(play.lines.data + at, play.lines.len - at - 1, &head);
    struct verify_options options = play_options(&play, "whole.git");
    options.head = head.hex;
    expect_whole_with(&options);
    options.head = "0000000000000000000000000000000000000000000000000000000000000001";
    expect_found_with(&options, "the head is");
    fixture_put("journal", play.lines.data, play.lines.len);
    options = play_options(&play, "whole.git");
    options.journal = "journal";
    expect_whole_with(&options);
    fixture_put("journal", play.lines.data, at);
    expect_found_with(&options, "the journal here ends with");
    fixture_put("whole", play.lines.data, play.lines.len);
    /* The last records are missing: a run that is not over. */
    play.count -= 2;
    play_chain(&play);
    play_publish(&play, "cut.git");
    expect_found(&play, "cut.git", "the run is not over");
    options = play_options(&play, "cut.git");
    options.open = true;
    expect_whole_with(&options);
    options.head = head.hex;
    expect_found_with(&options, "its end was cut off");
    options.head = NULL;
    options.journal = "whole";
    expect_found_with(&options, "the journal here is ahead by 2");
    options.live = true;
    expect_whole_with(&options);
    play_finish(&play);
}

/* Somebody without a key who writes everything anew, in good form: only what stands elsewhere knows. */
static void test_written_anew(void **state)
{
    struct play play;
    struct sha256 head;
    (void)state;
    play_make(&play, false);
    fixture_put("journal", play.lines.data, play.lines.len);
    size_t at = fixture_line(&play.lines, play.count - 1);
    sha256_of(play.lines.data + at, play.lines.len - at - 1, &head);
    for (size_t i = 0; i < play.count; i++) {
        if (play.events[i].type == EVENT_RUN_NOTE)
            play.events[i].text = "that was nearly all";
    }
    play_chain(&play);
    play_publish(&play, "anew.git");
    expect_whole(&play, "anew.git");
    struct verify_options options = play_options(&play, "anew.git");
    options.head = head.hex;
    expect_found_with(&options, "the head is");
    options = play_options(&play, "anew.git");
    options.journal = "journal";
    expect_found_with(&options, "holds another record 8");
    play_finish(&play);
}

/* ---- records that cannot have happened, chained and published in good form ---- */

static size_t find(const struct play *play, enum event_type type)
{
    for (size_t i = 0; i < play->count; i++) {
        if (play->events[i].type == type)
            return i;
    }
    fail_msg("no %s", event_word(type));
    return 0;
}

static void without(struct play *play, enum event_type type)
{
    size_t at = find(play, type);
    memmove(&play->events[at], &play->events[at + 1], (play->count - at - 1) * sizeof(*play->events));
    play->count--;
}

static void without_vote(struct play *play)
{
    without(play, EVENT_GATE_VOTED);
}

static void without_start(struct play *play)
{
    without(play, EVENT_STEP_STARTED);
}

static void without_decision(struct play *play)
{
    without(play, EVENT_GATE_DECIDED);
}

static void without_opening(struct play *play)
{
    without(play, EVENT_RUN_OPENED);
}

static void swapped(struct play *play)
{
    size_t at = find(play, EVENT_STEP_STARTED);
    struct event other = play->events[at];
    play->events[at] = play->events[at + 1];
    play->events[at + 1] = other;
}

static void twice(struct play *play)
{
    size_t at = find(play, EVENT_GATE_DECIDED);
    memmove(&play->events[at + 1], &play->events[at], (play->count - at) * sizeof(*play->events));
    play->count++;
    without(play, EVENT_GATE_VOTED);
}

static void another_step(struct play *play)
{
    play->events[find(play, EVENT_STEP_STARTED)].subject = "drop";
}

static void another_book(struct play *play)
{
    play->book = arena_format(play->arena, "%s ", play->book);
}

static void other_params(struct play *play)
{
    play->settings = "{\"params\":{\"rows\":\"7\"}}\n";
}

static void another_output(struct play *play)
{
    play->output = "deployed, nearly\n";
}

static void output_elsewhere(struct play *play)
{
    play->output_path = "output/deploy.2.log";
}

static void another_run(struct play *play)
{
    play->events[0].run = "tiny-2";
}

static void test_impossible(void **state)
{
    static const struct {
        void (*change)(struct play *play);
        const char *want;
    } cases[] = {
        { without_vote, "gate.decided cannot have happened there" },
        { without_start, "step.ended cannot have happened there" },
        { without_decision, "step.started cannot have happened there" },
        { without_opening, "check.ticked cannot have happened there" },
        { swapped, "step.ended cannot have happened there" },
        { twice, "gate.decided cannot have happened there" },
        { another_step, "step.started cannot have happened there" },
        { another_book, "another book was executed" },
        { other_params, "other params or settings" },
        { another_output, "it is not what the step wrote" },
        { output_elsewhere, "belongs to no record" },
        { another_run, "the branch is of run" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct play play;
        char path[32];
        snprintf(path, sizeof(path), "case-%zu.git", i);
        play_make(&play, false);
        cases[i].change(&play);
        play_chain(&play);
        play_publish(&play, path);
        expect_found_here(&play, path, cases[i].want);
        play_finish(&play);
    }
}

/* ---- what git alone can do to a trail ---- */

/* The last commit written anew by git, message and all, with what the shell would have done to its files. */
static void amend(const char *file, const char *bytes, size_t len, const char *message)
{
    char path[128];
    assert_int_equal(dir_remove("work", NULL) == 0 || access("work", F_OK) < 0, 1);
    assert_int_equal(dir_remove("edited.git", NULL) == 0 || access("edited.git", F_OK) < 0, 1);
    git_quiet("clone --quiet --bare audit.git edited.git");
    git_quiet("clone --quiet audit.git work");
    if (file != NULL) {
        snprintf(path, sizeof(path), "work/%s", file);
        if (bytes != NULL)
            fixture_put(path, bytes, len);
        else
            assert_int_equal(unlink(path), 0);
    }
    git_quiet("-C work add --all");
    const char *words[] = { "-C",
                            "work",
                            "-c",
                            "user.name=tminus",
                            "-c",
                            "user.email=tminus@localhost",
                            "commit",
                            "--quiet",
                            "--allow-empty",
                            "--amend",
                            message != NULL ? "-m" : "--no-edit",
                            message,
                            NULL };
    struct buf said = git_output(words);
    buf_finish(&said);
    git_quiet("-C work push --quiet --force ../edited.git HEAD:refs/heads/runs/" PLAY_RUN);
}

#define SEGMENT "journal/000/000001.jsonl"

static void test_amended(void **state)
{
    struct play play;
    (void)state;
    play_make(&play, false);
    play_publish(&play, "audit.git");
    const char *lines = play.lines.data;
    size_t len = play.lines.len, last = fixture_line(&play.lines, play.count - 1);
    size_t fourth = fixture_line(&play.lines, 4), fifth = fixture_line(&play.lines, 5);
    struct buf bytes;
    buf_init(&bytes, JOURNAL_RESERVE);
    amend(SEGMENT, lines, last, NULL);
    expect_found(&play, "edited.git", "is not the commit that these records make");
    amend(SEGMENT, lines, len - 1, NULL);
    expect_found(&play, "edited.git", "its last line is cut short");
    amend(SEGMENT, NULL, 0, NULL);
    expect_found(&play, "edited.git", "was removed");
    buf_add(&bytes, lines, fourth);
    buf_add(&bytes, lines + fifth, len - fifth);
    amend(SEGMENT, bytes.data, bytes.len, NULL);
    expect_found(&play, "edited.git", "line 5 is another one than in the commit before");
    buf_clear(&bytes);
    buf_add(&bytes, lines, len);
    buf_add(&bytes, lines + last, len - last);
    amend(SEGMENT, bytes.data, bytes.len, NULL);
    expect_found(&play, "edited.git", "its seq does not follow");
    buf_clear(&bytes);
    buf_add(&bytes, lines, len);
    bytes.data[last + 60] ^= 1;
    amend(SEGMENT, bytes.data, bytes.len, NULL);
    expect_found(&play, "edited.git", "its hash does not match");
    amend("notes.txt", "x", 1, NULL);
    expect_found(&play, "edited.git", "notes.txt");
    amend("journal/000/notes.txt", "x", 1, NULL);
    expect_found(&play, "edited.git", "was added, expected journal/000/000001.jsonl");
    amend("output/other.1.log", "x", 1, NULL);
    expect_found(&play, "edited.git", "belongs to no record");
    amend("output/deploy.1.log", "x", 1, NULL);
    expect_found(&play, "edited.git", "what a step wrote never changes");
    amend("book.json", "{}", 2, NULL);
    expect_found(&play, "edited.git", "what a run executes is frozen");
    amend("run.json", "{}", 2, NULL);
    expect_found(&play, "edited.git", "what a run executes is frozen");
    amend("samples/000/000001.jsonl", "{}\n", 3, NULL);
    expect_found(&play, "edited.git", "line 1 is another one than in the commit before");
    amend(NULL, NULL, 0, "it went well");
    expect_found(&play, "edited.git", "is not the commit that these records make");
    buf_finish(&bytes);
    play_finish(&play);
}

/* Only a word of the last commit, by hand. */
static void reword(const char *word, const char *other)
{
    assert_int_equal(dir_remove("edited.git", NULL) == 0 || access("edited.git", F_OK) < 0, 1);
    git_quiet("clone --quiet --bare audit.git edited.git");
    struct buf text = git_line("-C edited.git cat-file commit runs/" PLAY_RUN);
    assert_int_equal(strlen(word), strlen(other));
    char *at = strstr(text.data, word);
    assert_non_null(at);
    memcpy(at, other, strlen(other));
    fixture_put("commit", text.data, text.len);
    struct buf id = git_line("-C edited.git hash-object -t commit -w ../commit");
    char line[256];
    snprintf(line, sizeof(line), "-C edited.git update-ref refs/heads/runs/" PLAY_RUN " %.40s", id.data);
    git_quiet(line);
    buf_finish(&text);
    buf_finish(&id);
}

static void test_reworded(void **state)
{
    static const struct {
        const char *word, *other;
    } cases[] = {
        { "that was all", "that was fun" },         { "author mia <", "author moe <" },
        { "tminus@localhost", "tminus@lokalhost" }, { "Tminus-Seq: 8-9", "Tminus-Seq: 7-9" },
        { "Tminus-Head: ", "Tminus-Haed: " },       { "+0000\n", "+0100\n" },
    };
    struct play play;
    (void)state;
    play_make(&play, false);
    play_publish(&play, "audit.git");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        reword(cases[i].word, cases[i].other);
        expect_found_here(&play, "edited.git", "is not the commit that these records make");
    }
    play_finish(&play);
}

static void test_history(void **state)
{
    struct play play;
    (void)state;
    play_make(&play, false);
    play_publish(&play, "audit.git");
    git_quiet("clone --quiet audit.git work");
    git_quiet("-C work -c user.name=tminus -c user.email=t@x commit --quiet --allow-empty -m nothing");
    git_quiet("-C work push --quiet ../audit.git HEAD:refs/heads/runs/" PLAY_RUN);
    expect_found(&play, "audit.git", "adds nothing");
    git_quiet("-C work reset --quiet --hard HEAD~2");
    git_quiet("-C work -c user.name=tminus -c user.email=t@x merge --quiet -m both --no-ff -s ours HEAD~1 "
              "origin/runs/" PLAY_RUN);
    git_quiet("clone --quiet --bare audit.git merged.git");
    git_quiet("-C work push --quiet --force ../merged.git HEAD:refs/heads/runs/" PLAY_RUN);
    expect_found(&play, "merged.git", "has 2 parents");
    git_quiet("clone --quiet --bare audit.git back.git");
    git_quiet("-C back.git update-ref refs/heads/runs/" PLAY_RUN " refs/heads/runs/" PLAY_RUN "~3");
    expect_found(&play, "back.git", "the run is not over");
    play_finish(&play);
}

/* ---- what is planted beside the objects ---- */

static void plant(const char *path, const char *text, const char *want)
{
    struct play play;
    char full[128];
    play_make(&play, false);
    if (access("planted.git", F_OK) == 0)
        assert_int_equal(dir_remove("planted.git", NULL), 0);
    git_quiet("clone --quiet --bare audit.git planted.git");
    snprintf(full, sizeof(full), "planted.git/%s", path);
    struct buf before;
    buf_init(&before, JOURNAL_RESERVE);
    assert_true(access(full, F_OK) < 0 || file_read(full, &before, NULL) == 0);
    buf_text(&before, text);
    fixture_put(full, buf_str(&before), before.len);
    if (text_starts(path, "hooks/"))
        assert_int_equal(chmod(full, 0755), 0);
    expect_found(&play, "planted.git", want);
    buf_finish(&before);
    play_finish(&play);
}

static void test_planted(void **state)
{
    struct play play;
    (void)state;
    play_make(&play, false);
    play_publish(&play, "audit.git");
    plant("config", "[include]\n\tpath = /tmp/x\n", "include.path");
    plant("config", "[includeIf \"gitdir:/\"] path = /tmp/x\n", "includeif.gitdir:/.path");
    plant("config", "[core]\n\tpager = less \\\n-R\n", "what git makes of that is not judged");
    plant("config", "[core]\n\thooksPath = /tmp/x\n", "core.hookspath");
    plant("config", "[core]\n\tsshCommand = x\n", "core.sshcommand");
    plant("config", "[core]\n\tfsmonitor = x\n", "core.fsmonitor");
    plant("config", "[core]\n\tworktree = /tmp/x\n", "core.worktree");
    plant("config", "[url \"x\"]\n\tinsteadOf = y\n", "url.x.insteadof");
    plant("config", "[diff \"x\"]\n\ttextconv = y\n", "diff.x.textconv");
    plant("config", "[filter \"x\"]\n\tsmudge = y\n", "filter.x.smudge");
    plant("config", "[gpg \"ssh\"]\n\tallowedSignersFile = y\n", "gpg.ssh.allowedsignersfile");
    plant("config", "[remote \"origin\"]\n\tuploadpack = y\n", "remote.origin.uploadpack");
    plant("config", "[remote \"origin\"]\n\turl = ext::sh -c x\n", "remote.origin.url");
    plant("info/grafts", "x\n", "info/grafts");
    plant("info/attributes", "* diff=x\n", "info/attributes");
    plant("shallow", "", "shallow");
    plant("objects/info/alternates", "/tmp\n", "objects/info/alternates");
    plant("hooks/post-checkout", "#!/bin/sh\n", "hooks/post-checkout");
    git_quiet("-C audit.git update-ref refs/replace/0123456789012345678901234567890123456789 HEAD");
    expect_found(&play, "audit.git", "refs/replace/0123456789012345678901234567890123456789");
    play_finish(&play);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_enter_memory, fixture_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole),        TEST(test_report),     TEST(test_not_there), TEST(test_end),
        TEST(test_written_anew), TEST(test_impossible), TEST(test_amended),   TEST(test_reworded),
        TEST(test_history),      TEST(test_planted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
