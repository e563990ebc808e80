/*
 * Verifying what was signed: what somebody can do who writes the whole trail anew but has not every key, and
 * the policy that it is held against.
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

#include "../sign/keys.h"
#include "base/file.h"
#include "base/text.h"
#include "fixture.h"
#include "git.h"
#include "play.h"

/* `want` NULL: it is whole. Else one line that was found has it. */
static void expect(const struct verify_options *options, const char *want)
{
    struct arena *arena = arena_create();
    struct verify_report report;
    struct err err = ERR_INIT;
    bool told = false;
    if (verify_run(options, arena, &report, &err) < 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < report.count; i++) {
        const struct verify_line *line = &report.lines[i];
        told = told || (line->kind == VERIFY_FOUND && want != NULL && strstr(line->text, want));
        if (want == NULL && line->kind == VERIFY_FOUND)
            print_error("%ju: %s\n", (uintmax_t)line->seq, line->text);
    }
    for (size_t i = 0; want != NULL && !told && i < report.count; i++)
        print_error("%ju: %s\n", (uintmax_t)report.lines[i].seq, report.lines[i].text);
    if (want == NULL ? report.found > 0 : !told)
        fail_msg("%s: expected %s", options->path, want != NULL ? want : "nothing to be found");
    arena_destroy(arena);
}

static struct event *vote_of(struct play *play, const char *who)
{
    for (size_t i = 0; i < play->count; i++) {
        if (play->events[i].type == EVENT_GATE_VOTED && text_equal(play->events[i].actor, who))
            return &play->events[i];
    }
    fail_msg("%s did not vote", who);
    return NULL;
}

/* ---- records ---- */

static void other_choice(struct play *play)
{
    vote_of(play, "jo")->choice = CHOICE_NO_GO;
}

static void other_text(struct play *play)
{
    vote_of(play, "jo")->text = "looks bad";
}

static void other_person(struct play *play)
{
    vote_of(play, "jo")->actor = "joe";
}

static void other_gate(struct play *play)
{
    vote_of(play, "jo")->subject = "gone";
}

static void other_role(struct play *play)
{
    vote_of(play, "jo")->role = "operator";
}

static void too_late(struct play *play)
{
    vote_of(play, "jo")->at.wall_us += 11 * MINUTE_US;
}

static void not_signed(struct play *play)
{
    vote_of(play, "jo")->statement = vote_of(play, "jo")->signature = NULL;
}

static void signature_of_another(struct play *play)
{
    vote_of(play, "jo")->signature = vote_of(play, "mia")->signature;
}

/* The operator, who has the trail's key, signs for the reviewer. */
static void signed_by_mia(struct play *play)
{
    struct event *vote = vote_of(play, "jo");
    struct buf signature;
    buf_init(&signature, SIGN_SIGNATURE_MAX);
    assert_int_equal(
        sign_bytes("mia", SIGN_DECISION, vote->statement, strlen(vote->statement), &signature, NULL), 0);
    vote->signature = arena_text(play->arena, buf_str(&signature));
    vote->key = vote_of(play, "mia")->key;
    buf_finish(&signature);
}

static void key_of_another(struct play *play)
{
    vote_of(play, "jo")->key = vote_of(play, "mia")->key;
}

static void used_twice(struct play *play)
{
    struct event *vote = vote_of(play, "jo");
    size_t at = (size_t)(vote - play->events);
    memmove(vote + 1, vote, (play->count - at) * sizeof(*vote));
    play->count++;
}

static void other_settings(struct play *play)
{
    play->events[0].settings = play->policy_sha256.hex;
}

static void other_policy(struct play *play)
{
    play->policy = arena_format(play->arena, "%s ", play->policy);
}

static void no_policy_at_all(struct play *play)
{
    play->events[0].policy = play->events[0].key = play->policy = play->key = NULL;
    not_signed(play);
    vote_of(play, "mia")->statement = vote_of(play, "mia")->signature = NULL;
}

/* The settings, which were signed, know of none. */
static void other_certificate(struct play *play)
{
    play->certificate = "{}";
}

static void other_signer(struct play *play)
{
    play->key = "jo";
}

static void no_signer(struct play *play)
{
    play->key = NULL;
}

static void test_changed(void **state)
{
    static const struct {
        void (*change)(struct play *play);
        const char *want, *script; /* what either of the two says */
    } cases[] = {
        { other_choice, "the choice is \"go\" there, and \"no-go\" in the record",
          "\"go\" was signed as choice, \"no-go\" is recorded" },
        { other_text, "the text is \"looks good\" there", "\"looks good\" was signed as text" },
        { other_person, "the person is \"jo\" there", "\"jo\" was signed as person" },
        { other_gate, "the subject is \"go\" there", "\"go\" was signed as subject" },
        { other_role, "the role is \"reviewer\" there", "\"reviewer\" was signed as role" },
        { too_late, "it is over", "what was signed was over" },
        { not_signed, "gate.voted by jo is not signed", "record 4: the decision is not signed" },
        { signature_of_another, "the signature does not hold", "record 4: the signature does not hold" },
        { signed_by_mia, "recorded as jo's, and signed by mia", "is jo's, and was signed by mia" },
        { key_of_another, "the record says", "is signed with another key than it says" },
        { used_twice, "was used before", "was used before" },
        { other_settings, "it was signed for other settings",
          "was signed for another run, book, targets or settings" },
        { other_policy, "the run was opened with", "policy.json: its SHA-256 is" },
        { no_policy_at_all, "was begun without a policy", "was begun without a policy" },
        { other_certificate, "run.json says (none): another rehearsal", "certificate.json: its SHA-256 is" },
        { other_signer, "which mia opened the run with", "is signed with SHA256:" },
        { no_signer, "is not signed: mia opened the run", ": is not signed" },
    };
    struct play play;
    (void)state;
    play_make(&play, true);
    play_signers(play.people, "signers");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct play changed = play;
        char path[32];
        snprintf(path, sizeof(path), "case-%zu.git", i);
        changed.events = arena_array(play.arena, 64, sizeof(*play.events));
        memcpy(changed.events, play.events, play.count * sizeof(*play.events));
        buf_init(&changed.lines, JOURNAL_RESERVE);
        cases[i].change(&changed);
        play_chain(&changed);
        play_publish(&changed, path);
        struct verify_options options = play_options(&play, path);
        expect(&options, cases[i].want);
        play_script("signers", path, cases[i].script);
        buf_finish(&changed.lines);
    }
    play_finish(&play);
}

/* A byte of the signature or of the message, the object written anew in good form. */
static void test_commit(void **state)
{
    static const char *const words[] = { "gpgsig -----BEGIN", "gpgsig ", "author ", "that was all" };
    struct play play;
    (void)state;
    play_make(&play, true);
    play_signers(play.people, "signers");
    play_publish(&play, "audit.git");
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        char line[256];
        assert_true(i == 0 || dir_remove("edited.git", NULL) == 0);
        git_quiet("clone --quiet --bare audit.git edited.git");
        struct buf text = git_line("-C edited.git cat-file commit runs/" PLAY_RUN);
        char *at = strstr(text.data, words[i]);
        assert_non_null(at);
        at[i == 0 ? 100 : strlen(words[i]) - 2] ^= 1;
        fixture_put("commit", text.data, text.len);
        struct buf id = git_line("-C edited.git hash-object --literally -t commit -w ../commit");
        snprintf(line, sizeof(line), "-C edited.git update-ref refs/heads/runs/" PLAY_RUN " %.40s", id.data);
        git_quiet(line);
        struct verify_options options = play_options(&play, "edited.git");
        expect(&options, "");
        play_script("signers", "edited.git", "FOUND commit");
        buf_finish(&text);
        buf_finish(&id);
    }
    play_finish(&play);
}

/* ---- the policy ---- */

static const struct policy *policy_of(struct play *play, const char *from, const char *to,
                                      struct sha256 *hash)
{
    const struct policy *policy;
    struct err err = ERR_INIT;
    const char *at = strstr(play->policy, from);
    assert_non_null(at);
    const char *text =
        arena_format(play->arena, "%.*s%s%s", (int)(at - play->policy), play->policy, to, at + strlen(from));
    sha256_of(text, strlen(text), hash);
    if (policy_read(play->arena, "policy.json", text, strlen(text), &policy, &err) < 0)
        fail_msg("%s", err.message);
    return policy;
}

static void test_policy(void **state)
{
    static const struct {
        const char *from, *to, *want;
    } cases[] = {
        { "\"version\":3", "\"version\":4", NULL },
        { "\"version\":3", "\"version\":2", "an older one" },
        { "\"version\":3", "\"version\": 3", "another one of the same version" },
        { "\"version\":3,\"people\":[{\"name\":\"mia\",\"roles\":[\"operator\"]",
          "\"version\":4,\"people\":[{\"name\":\"mia\",\"roles\":[\"dba\"]", "no operator in the policy" },
        { "[\"reviewer\"]", "[\"dba\"]", "jo is not reviewer in the policy" },
        { "\"name\":\"jo\"", "\"name\":\"joe\"", "recorded as jo's, and signed by joe" },
    };
    struct play play;
    struct sha256 hash;
    (void)state;
    play_make(&play, true);
    play_publish(&play, "audit.git");
    struct verify_options options = play_options(&play, "audit.git");
    expect(&options, NULL);
    play_signers(play.people, "signers");
    play_script("signers", "audit.git", NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        options.policy = policy_of(&play, cases[i].from, cases[i].to, &hash);
        options.policy_sha256 = hash.hex;
        expect(&options, cases[i].want);
    }
    options.policy = NULL;
    options.policy_sha256 = NULL;
    expect(&options, "none was given");
    play_finish(&play);
}

static void test_strangers(void **state)
{
    struct play play;
    struct sha256 hash;
    (void)state;
    keys_make("eve", "ed25519", "");
    play_make(&play, true);
    play_publish(&play, "audit.git");
    struct verify_options options = play_options(&play, "audit.git");
    options.policy = policy_of(&play, keys_public(play.arena, "jo"), keys_public(play.arena, "eve"), &hash);
    options.policy_sha256 = hash.hex;
    expect(&options, "which is nobody's in the policy");
    play_signers(options.policy, "signers");
    play_script("signers", "audit.git", "FOUND record 4: the signature does not hold");
    options.policy = policy_of(&play, keys_public(play.arena, "mia"), keys_public(play.arena, "eve"), &hash);
    expect(&options, "is signed with the key");
    play_signers(options.policy, "signers");
    play_script("signers", "audit.git", "FOUND commit");
    play_finish(&play);
}

/* ---- no answer ---- */

static void expect_unchecked(const struct verify_options *options, const char *why)
{
    struct arena *arena = arena_create();
    struct verify_report report;
    struct err err = ERR_INIT;
    size_t unchecked = 0;
    if (verify_run(options, arena, &report, &err) < 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < report.count; i++) {
        const struct verify_line *line = &report.lines[i];
        if (line->kind != VERIFY_FOUND)
            continue;
        if (strstr(line->text, "the signature could not be checked") == NULL ||
            strstr(line->text, why) == NULL)
            fail_msg("expected \"%s\": %s", why, line->text);
        unchecked++;
    }
    assert_int_equal(unchecked, report.commits + 2); /* and two votes */
    assert_int_equal(report.found, unchecked);
    assert_int_equal(report.commits_signed + report.decisions_signed, 0);
    arena_destroy(arena);
}

/* Neither that it holds nor that it does not: told as what it is, for each of them, and not whole. */
static void test_no_answer(void **state)
{
    static const char killed[] = "#!/bin/sh\nkill -KILL $$\n";
    struct play play;
    char here[2048];
    (void)state;
    play_make(&play, true);
    play_publish(&play, "audit.git");
    struct verify_options options = play_options(&play, "audit.git");
    assert_non_null(getcwd(here, sizeof(here)));
    const char *path = arena_text(play.arena, getenv("PATH"));
    assert_int_equal(mkdir("bin", 0700), 0);
    assert_int_equal(setenv("PATH", arena_format(play.arena, "%s/bin", here), 1), 0);
    expect_unchecked(&options, "there is no ssh-keygen here");
    fixture_put("bin/ssh-keygen", killed, strlen(killed));
    assert_int_equal(chmod("bin/ssh-keygen", 0700), 0);
    expect_unchecked(&options, "ssh-keygen was killed");
    assert_int_equal(setenv("PATH", path, 1), 0);
    expect(&options, NULL);
    options.unchecked = "the keys of the policy cannot be read";
    expect_unchecked(&options, "the keys of the policy cannot be read");
    play_finish(&play);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_enter_memory, fixture_leave)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_changed), TEST(test_commit), TEST(test_policy),
                                        TEST(test_strangers), TEST(test_no_answer) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
