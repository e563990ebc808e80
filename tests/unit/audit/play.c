#include "play.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../engine/scene.h"
#include "../sign/keys.h"
#include "base/text.h"
#include "engine/statement.h"
#include "engine/words.h"
#include "fixture.h"
#include "journal/chain.h"

#define LINES_MAX ((size_t)64 * 1024 * 1024)

static const char tiny[] =
    "{'tminus':1,'id':'tiny','title':'A tiny book','roles':{'operator':{},'reviewer':{'not':'operator'}},"
    "'phases':[{'id':'preflight','kind':'preflight','title':'Before','steps':["
    "{'id':'told','kind':'check','title':'Everybody was told'}],"
    "'gate':{'id':'go','votes':['operator','reviewer']}},"
    "{'id':'expand','kind':'expand','title':'Change','steps':["
    "{'id':'deploy','kind':'command','title':'Deploy','argv':['true'],"
    "'rollback':[{'kind':'none','why':'the old code does as well'}]}]}]}";

static void open_run(struct play *play, struct scene *scene)
{
    struct sha256 book, settings, nothing;
    struct key_fingerprint key;
    sha256_of(play->book, strlen(play->book), &book);
    sha256_of("", 0, &nothing);
    sha256_of(play->settings, strlen(play->settings), &settings);
    struct input input = { .type = INPUT_OPEN,
                           .now = scene->now,
                           .action = { .actor = "mia" },
                           .open = { .run = PLAY_RUN,
                                     .book_sha256 = book.hex,
                                     .targets_sha256 = nothing.hex,
                                     .settings_sha256 = settings.hex,
                                     .boot = "boot-1",
                                     .host = "host",
                                     .version = "1",
                                     .environment = "staging" } };
    if (play->key != NULL) {
        assert_int_equal(sign_fingerprint(play->key, &key, NULL), 0);
        input.open.key = key.text;
        input.open.policy_sha256 = play->policy_sha256.hex;
    }
    assert_int_equal(scene_put(scene, &input), 0);
}

static void parse(struct scene *scene, const char *actor, const char *line, struct action *ret)
{
    const char *words[16];
    size_t count;
    assert_int_equal(words_split(scene->arena, line, words, ARRAY_LEN(words), &count, &scene->err), 0);
    assert_int_equal(action_of_words(scene->arena, words, count, ret, &scene->err), 0);
    ret->actor = actor;
}

/* A decision; where there is a policy it is signed, as a client would. */
static void decide_as(struct play *play, struct scene *scene, const char *actor, const char *line)
{
    struct statement statement;
    struct input input = { .type = INPUT_ACTION, .now = scene->now };
    struct buf text, signature;
    struct key_fingerprint by;
    parse(scene, actor, line, &input.action);
    if (play->key == NULL || !statement_wanted(scene->run, &input.action)) {
        scene_ok(scene, actor, line);
        return;
    }
    buf_init(&text, STATEMENT_MAX);
    buf_init(&signature, SIGN_SIGNATURE_MAX);
    assert_int_equal(statement_of(scene->run, &input.action, scene->now, scene->arena, &statement, NULL), 0);
    statement_write(&text, &statement);
    assert_int_equal(sign_bytes(actor, SIGN_DECISION, buf_str(&text), text.len, &signature, NULL), 0);
    assert_int_equal(sign_fingerprint(actor, &by, NULL), 0);
    input.action.key = by.text;
    input.action.role = arena_text(scene->arena, statement.role);
    input.action.statement = buf_str(&text);
    input.action.signature = buf_str(&signature);
    input.action.seen_seq = (uint64_t)statement.seq;
    if (scene_put(scene, &input) < 0)
        fail_msg("%s", scene->err.message);
    buf_finish(&text);
    buf_finish(&signature);
}

static void make_policy(struct play *play)
{
    struct err err = ERR_INIT;
    keys_make("mia", "ed25519", "");
    keys_make("jo", "ed25519", "");
    play->key = "mia";
    play->policy = arena_format(play->arena,
                                "{\"tminus_policy\":1,\"version\":3,\"people\":["
                                "{\"name\":\"mia\",\"roles\":[\"operator\"],\"keys\":[\"%s\"]},"
                                "{\"name\":\"jo\",\"roles\":[\"reviewer\"],\"keys\":[\"%s\"]}],"
                                "\"break_glass\":[\"mia\"]}",
                                keys_public(play->arena, "mia"), keys_public(play->arena, "jo"));
    sha256_of(play->policy, strlen(play->policy), &play->policy_sha256);
    if (policy_read(play->arena, "policy.json", play->policy, strlen(play->policy), &play->people, &err) < 0)
        fail_msg("%s", err.message);
}

static void take_records(struct play *play, const struct scene *scene)
{
    const char *at = buf_str(&scene->records), *newline;
    play->events = arena_array(play->arena, 64, sizeof(*play->events));
    for (; (newline = strchr(at, '\n')) != NULL; at = newline + 1) {
        static const char *const others[] = { NULL };
        const struct json *object =
            json_parse_line(play->arena, at, (size_t)(newline - at), JOURNAL_LINE_MAX, NULL);
        assert_true(object != NULL && play->count < 64);
        assert_int_equal(event_read(play->arena, object, others, &play->events[play->count++], NULL), 0);
    }
}

static void play_scene(struct play *play, struct scene *scene)
{
    struct sha256 output;
    sha256_of(play->output, strlen(play->output), &output);
    open_run(play, scene);
    scene_wait(scene, SECOND_US);
    scene_ok(scene, "mia", "tick told");
    decide_as(play, scene, "mia", "vote go go");
    scene_wait(scene, SECOND_US);
    decide_as(play, scene, "jo", "vote go go --reason 'looks good'");
    scene_ok(scene, "mia", "start deploy");
    scene_wait(scene, SECOND_US);
    const struct outcome outcome = { .status = OUTCOME_OK, .message = "", .output = output.hex };
    assert_int_equal(scene_outcome(scene, "deploy", &outcome), 0);
    scene_ok(scene, "mia", "note 'that was all'");
    scene_ok(scene, "mia", "close");
    assert_int_equal(scene->run->closed, CHOICE_FINISHED);
    take_records(play, scene);
}

void play_make(struct play *play, bool keys)
{
    memset(play, 0, sizeof(*play));
    play->arena = arena_create();
    char *book = arena_text(play->arena, tiny);
    for (char *c = book; *c != '\0'; c++) {
        if (*c == '\'')
            *c = '"';
    }
    play->book = book;
    play->settings = "{\"params\":{}}\n";
    play->output = "deployed\n";
    play->output_path = "output/deploy.1.log";
    play->samples = "{\"seq\":0}\n{\"seq\":0}\n";
    buf_init(&play->lines, LINES_MAX);
    if (keys)
        make_policy(play);
    struct scene *scene = scene_of(play->book);
    play_scene(play, scene);
    scene_close(scene);
    play_chain(play);
}

void play_finish(struct play *play)
{
    buf_finish(&play->lines);
    arena_destroy(play->arena);
}

void play_notes(struct play *play, size_t count)
{
    struct event *events = arena_array(play->arena, play->count + count, sizeof(*events));
    size_t before = play->count - 1; /* the last one ends the run */
    memcpy(events, play->events, before * sizeof(*events));
    for (size_t i = 0; i < count; i++)
        events[before + i] = play->events[before - 1]; /* a note */
    events[before + count] = play->events[before];
    play->events = events;
    play->count += count;
    play_chain(play);
}

void play_chain(struct play *play)
{
    struct chain chain;
    struct err err = ERR_INIT;
    buf_clear(&play->lines);
    chain_start(&chain);
    for (size_t i = 0; i < play->count; i++) {
        play->events[i].seq = i + 1;
        if (chain_write(&chain, &play->events[i], &play->lines, &err) < 0)
            fail_msg("%s", err.message);
    }
}

static size_t end_of_line(const struct buf *lines, size_t at)
{
    const char *newline = memchr(lines->data + at, '\n', lines->len - at);
    return (size_t)(newline - lines->data) + 1;
}

static void publish_batch(const struct play *play, struct audit *audit, size_t first, size_t last,
                          size_t from, size_t to)
{
    struct audit_file files[5];
    struct err err = ERR_INIT;
    struct audit_batch batch = { .count = last - first + 1,
                                 .events = &play->events[first],
                                 .lines = play->lines.data + from,
                                 .lines_len = to - from,
                                 .files = files,
                                 .person = play->events[last].actor,
                                 .book_title = "A tiny book" };
    if (first == 0)
        files[batch.file_count++] =
            (struct audit_file){ .path = "book.json", .bytes = play->book, .len = strlen(play->book) };
    if (first == 0)
        files[batch.file_count++] =
            (struct audit_file){ .path = "run.json", .bytes = play->settings, .len = strlen(play->settings) };
    if (first == 0 && play->policy != NULL)
        files[batch.file_count++] =
            (struct audit_file){ .path = "policy.json", .bytes = play->policy, .len = strlen(play->policy) };
    if (first == 0 && play->certificate != NULL)
        files[batch.file_count++] = (struct audit_file){ .path = "certificate.json",
                                                         .bytes = play->certificate,
                                                         .len = strlen(play->certificate) };
    if (play->events[last].type == EVENT_STEP_ENDED)
        files[batch.file_count++] = (struct audit_file){ .path = play->output_path,
                                                         .bytes = play->output,
                                                         .len = strlen(play->output) };
    if (play->events[last].type == EVENT_STEP_ENDED || play->events[last].type == EVENT_RUN_CLOSED) {
        batch.samples = play->samples;
        batch.samples_len = strlen(play->samples);
    }
    if (audit_publish(audit, &batch, &err) < 0)
        fail_msg("%s", err.message);
}

void play_publish(const struct play *play, const char *path)
{
    struct audit *audit;
    struct err err = ERR_INIT;
    size_t first = 0, from = 0, to = 0;
    if (audit_open(path, PLAY_RUN, &audit, &err) < 0)
        fail_msg("%s", err.message);
    audit_set_signer(audit, play->key);
    for (size_t i = 0; i < play->count; i++) {
        to = end_of_line(&play->lines, to);
        bool enough = play->most > 0 && i + 1 - first >= play->most;
        if (!enough && !audit_is_milestone(&play->events[i]) && i + 1 < play->count)
            continue;
        publish_batch(play, audit, first, i, from, to);
        first = i + 1;
        from = to;
    }
    audit_close(audit);
}

struct verify_options play_options(const struct play *play, const char *path)
{
    return (struct verify_options){
        .path = path,
        .run = PLAY_RUN,
        .policy = play->people,
        .policy_sha256 = play->policy_sha256.hex,
    };
}

int play_verify(const struct play *play, const char *path, struct arena *arena, struct verify_report *ret)
{
    struct verify_options options = play_options(play, path);
    struct err err = ERR_INIT;
    int r = verify_run(&options, arena, ret, &err);
    if (r < 0 && ret->found == 0)
        ret->lines[ret->count++] =
            (struct verify_line){ .kind = VERIFY_FOUND, .text = arena_text(arena, err.message) };
    return r;
}

void play_script(const char *signers, const char *path, const char *want)
{
    const char *script = getenv("TMINUS_VERIFY_SH");
    const char *words[8] = { "sh", script };
    size_t count = 2;
    int status = 0;
    assert_non_null(script);
    if (script[0] == '\0')
        return;
    if (signers != NULL) {
        words[count++] = "-s";
        words[count++] = signers;
    }
    words[count++] = path;
    words[count++] = PLAY_RUN;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open("script-output", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
            _exit(126);
        execvp("sh", (char *const *)(uintptr_t)words);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    struct buf said = fixture_bytes("script-output");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != (want != NULL) ||
        (want != NULL && strstr(buf_str(&said), want) == NULL))
        fail_msg("%s: the script ends with %d, expected %s: %s", path, status,
                 want != NULL ? want : "nothing to be found", buf_str(&said));
    buf_finish(&said);
}

void play_signers(const struct policy *policy, const char *path)
{
    struct buf text;
    buf_init(&text, POLICY_MAX_BYTES);
    for (size_t i = 0; i < policy->person_count; i++) {
        const struct policy_person *person = &policy->people[i];
        for (size_t k = 0; k < person->key_count; k++)
            buf_format(&text, "%s namespaces=\"git,tminus-decision\" %s\n", person->name,
                       person->keys[k].text);
    }
    fixture_put(path, buf_str(&text), text.len);
    buf_finish(&text);
}
