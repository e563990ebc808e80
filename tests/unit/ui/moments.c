/*
 * Moments of a cutover that everybody who changes the screen should look at.
 */
#include <stdlib.h>
#include <string.h>

#include "scene.h"

#define DO(actor, verb, subject) (void)scene_do(s, actor, verb, subject, CHOICE_NONE, NULL)
#define OK(step)                 scene_end(s, step, OUTCOME_OK, NULL, NULL)

static void preflight(struct scene *s)
{
    scene_quiet(s, 20);
    DO("mia", VERB_START, "versions");
    scene_quiet(s, 2);
    OK("versions");
    (void)scene_do(s, "mia", VERB_TICK, "backup-age", CHOICE_NONE, "full backup 2026-11-21T00:41Z, 1.1 TB");
    DO("jo", VERB_TICK, "rollback-read");
}

static void synced(struct scene *s)
{
    preflight(s);
    DO("mia", VERB_START, "backfill");
    for (int i = 0; i < 240; i++) {
        scene_wait(s, SECOND_US);
        scene_lag(s, i > 60 && i < 90 ? 1.4 + 0.1 * (i % 9) : 0.3 + 0.07 * (i % 11));
        scene_locks(s, 0);
        scene_transactions(s, 0);
        scene_progress(s, i * 100 / 240);
    }
    OK("backfill");
    DO("mia", VERB_START, "parity");
    scene_quiet(s, 18);
    OK("parity");
    scene_sensed(s, "lag-small", CHOICE_YES, "t");
    scene_quiet(s, 12);
}

static void voted(struct scene *s)
{
    synced(s);
    scene_quiet(s, 40);
    scene_sensed(s, "lag-small", CHOICE_YES, "t");
    (void)scene_do(s, "mia", VERB_VOTE, "go-cutover", CHOICE_GO, NULL);
    (void)scene_do(s, "jo", VERB_VOTE, "go-cutover", CHOICE_GO, "looks good");
}

/* One vote is there, the other one is waited for. */
static void wanted(struct scene *s)
{
    synced(s);
    scene_quiet(s, 40);
    scene_sensed(s, "lag-small", CHOICE_YES, "t");
    (void)scene_do(s, "mia", VERB_VOTE, "go-cutover", CHOICE_GO, "all green");
    scene_quiet(s, 5);
}

static void fenced(struct scene *s)
{
    voted(s);
    DO("mia", VERB_START, "stop-jobs");
    scene_quiet(s, 3);
    static const char output[] = "draining 3 workers\nworker 1 done\nworker 2 done\nworker 3 done\n";
    ui_output(s->ui, "stop-jobs", output, sizeof(output) - 1);
    OK("stop-jobs");
    DO("mia", VERB_START, "fence");
    scene_quiet(s, 25);
    (void)scene_do(s, "mia", VERB_TICK, "fence", CHOICE_NONE, "write rate 0/s at 02:06:10");
}

static void swapping(struct scene *s)
{
    fenced(s);
    DO("mia", VERB_START, "swap-column");
    for (int i = 0; i < 4; i++) {
        scene_wait(s, SECOND_US);
        scene_lag(s, 0.4);
        scene_locks(s, i + 1);
        scene_transactions(s, 1);
        scene_progress(s, 0);
    }
    scene_waiting(s, "swap-column",
                  "pid 31568 report@10.0.4.7 idle in transaction 00:41 holds AccessShare on public.orders");
}

static void retrying(struct scene *s)
{
    swapping(s);
    scene_end(s, "swap-column", OUTCOME_RETRYABLE, "55P03", "canceling statement due to lock timeout");
    scene_quiet(s, 1);
}

/* Held between two attempts, for longer than the pause is. */
static void retry_held(struct scene *s)
{
    retrying(s);
    (void)scene_do(s, "jo", VERB_HOLD, NULL, CHOICE_NONE, "who has that lock?");
    scene_quiet(s, 60);
}

static void failed(struct scene *s)
{
    swapping(s);
    scene_end(s, "swap-column", OUTCOME_FAILED, "42703",
              "column \"id_new\" of relation \"orders\" does not exist");
    scene_quiet(s, 5);
}

static void leftover(struct scene *s)
{
    swapping(s);
    struct input input = { .type = INPUT_OUTCOME,
                           .step = book_find_step(s->book, "swap-column"),
                           .outcome = { .status = OUTCOME_FAILED,
                                        .code = "57014",
                                        .message = "canceling statement",
                                        .leftover = "public.orders_id_new" } };
    (void)scene_input(s, &input);
}

static void unknown(struct scene *s)
{
    swapping(s);
    scene_end(s, "swap-column", OUTCOME_AMBIGUOUS, "08006",
              "server closed the connection unexpectedly while COMMIT was under way");
    scene_quiet(s, 5);
}

static void broken_glass(struct scene *s)
{
    synced(s);
    (void)scene_do(s, "mia", VERB_BREAK_GLASS, "go-cutover", CHOICE_NONE, "nobody answers the phone");
    scene_quiet(s, 2);
}

/* The step that is next, and what it would lock. */
static void foresee(struct scene *s, enum choice choice, const char *text)
{
    struct input input = {
        .type = INPUT_FORESEEN, .step = run_next_step(s->run), .choice = choice, .text = text
    };
    (void)scene_input(s, &input);
}

static void foreseen(struct scene *s)
{
    fenced(s);
    foresee(
        s, CHOICE_NO,
        "AccessExclusiveLock on public.orders: blocks reads and writes; rewrites it (40GB, about 25000000 "
        "rows, 120 writes/s, 310 scans/s)\nadding a column with a volatile default rewrites public.orders");
}

static void unforeseen(struct scene *s)
{
    fenced(s);
    foresee(s, CHOICE_UNKNOWN, "cannot be told: the server's catalog was not answered: timed out");
}

/* Somebody began without the certificate, and an old one's times are known all the same. */
static void rehearsed(struct scene *s)
{
    fenced(s);
    struct book *book = (struct book *)(uintptr_t)s->run->book;
    struct step *next = &book->steps[run_next_step(s->run)];
    next->stated = (struct duration_range){ SECOND_US, 5 * SECOND_US };
    next->rehearsed = (struct rehearsed){ 12, 2100 * MS_US, 12 * SECOND_US };
    next->estimate = (struct duration_range){ 2100 * MS_US, 12 * SECOND_US };
    /* The one behind it took 14 ms: that is no time of 00:00. */
    next[1].estimate = (struct duration_range){ 7 * MS_US, 14 * MS_US };
    book->unrehearsed = "the disk fills up tonight, and nobody can wait for the lab";
}

static void held(struct scene *s)
{
    voted(s);
    (void)scene_do(s, "jo", VERB_HOLD, NULL, CHOICE_NONE, "shop reports slow pages");
    scene_quiet(s, 50);
    scene_sensed(s, "lag-small", CHOICE_YES, "t");
    scene_quiet(s, 45);
}

static void trigger(struct scene *s)
{
    swapping(s);
    scene_waiting(s, "swap-column", "");
    OK("swap-column");
    DO("mia", VERB_START, "settled");
    for (int i = 0; i < 70; i++) {
        scene_wait(s, SECOND_US);
        scene_lag(s, i);
        scene_locks(s, 0);
        scene_transactions(s, 0);
        scene_progress(s, 0);
    }
}

static void rolling_back(struct scene *s)
{
    failed(s);
    (void)scene_do(s, "mia", VERB_ROLLBACK, NULL, CHOICE_NONE, "column is missing");
    scene_quiet(s, 3);
}

/* Every entry is done, until nothing is left, and the hold after it was released. */
static void rolled_back(struct scene *s)
{
    rolling_back(s);
    for (size_t i = s->book->step_count; i-- > 0;) {
        for (size_t k = 0; k < s->book->steps[i].rollback_count; k++) {
            const struct step *entry = &s->book->steps[i].rollback[k];
            if (s->run->steps[i].undo[k].state != STEP_RUNNING)
                continue;
            if (entry->kind == STEP_MANUAL) {
                scene_type(s, "t");
                scene_carry_out(s);
            } else
                OK(entry->id);
            scene_wait(s, SECOND_US);
        }
    }
    (void)scene_do(s, "mia", VERB_RELEASE, NULL, CHOICE_NONE, "looked at it");
}

static void stale(struct scene *s)
{
    synced(s);
    for (int i = 0; i < 6; i++) {
        scene_wait(s, SECOND_US);
        scene_lag_unknown(s, "connection to replica lost: server closed the connection unexpectedly");
        scene_transactions(s, 1);
    }
}

static void lost(struct scene *s)
{
    swapping(s);
    ui_link(s->ui, UI_LINK_LOST, "the runner does not answer");
    scene_wait(s, 12 * SECOND_US);
}

static void halted(struct scene *s)
{
    swapping(s);
    ui_halted(s->ui, "journal: cannot write: No space left on device");
    scene_wait(s, 2 * SECOND_US);
}

static void vote_dialog(struct scene *s)
{
    synced(s);
    scene_quiet(s, 40);
    scene_type(s, "<Enter>go-cut");
}

static void rollback_dialog(struct scene *s)
{
    failed(s);
    scene_type(s, "R");
}

static void tick_dialog(struct scene *s)
{
    scene_quiet(s, 5);
    DO("mia", VERB_START, "versions");
    scene_quiet(s, 2);
    OK("versions");
    scene_type(s, "<Enter>full backup 00:41Z");
}

static void no_return_dialog(struct scene *s)
{
    swapping(s);
    scene_waiting(s, "swap-column", "");
    OK("swap-column");
    DO("mia", VERB_START, "settled");
    scene_quiet(s, 20);
    (void)scene_do(s, "mia", VERB_VOTE, "go-route", CHOICE_GO, NULL);
    (void)scene_do(s, "jo", VERB_VOTE, "go-route", CHOICE_GO, NULL);
    scene_type(s, "<Enter>");
}

static void killing(struct scene *s)
{
    swapping(s);
    scene_type(s, "K");
}

/* It was cancelled, and is there all the same. */
static void terminating(struct scene *s)
{
    killing(s);
    scene_type(s, "31568<Enter>the report can wait<Enter>");
    scene_carry_out(s);
    struct input told = { .type = INPUT_KILLED, .seq = s->seq, .choice = CHOICE_DONE };
    (void)scene_input(s, &told);
    scene_wait(s, SECOND_US);
    scene_lag(s, 0.4);
    scene_locks(s, 4);
    scene_type(s, "K");
}

/* All is done and decided: what is next is to close the run. */
static void through(struct scene *s)
{
    no_return_dialog(s);
    scene_type(s, "<Esc>");
    DO("mia", VERB_START, "route-traffic");
    scene_quiet(s, 2);
    OK("route-traffic");
    DO("mia", VERB_START, "smoke");
    scene_quiet(s, 2);
    OK("smoke");
    DO("mia", VERB_START, "counts");
    scene_quiet(s, 65);
    OK("counts");
    (void)scene_do(s, "jo", VERB_VOTE, "go-cleanup", CHOICE_GO, NULL);
    DO("mia", VERB_START, "drop-old");
    scene_quiet(s, 1);
    OK("drop-old");
}

static void closed(struct scene *s)
{
    through(s);
    DO("mia", VERB_CLOSE, NULL);
}

static void refusal(struct scene *s)
{
    synced(s);
    scene_type(s, ":start swap-column<Enter>");
    scene_carry_out(s);
}

static void help(struct scene *s)
{
    swapping(s);
    scene_type(s, "?");
}

static void opened(struct scene *s)
{
    scene_wait(s, SECOND_US);
}

static void tell_of_witness(struct scene *scene, enum choice choice, const char *text)
{
    struct input input = { .type = INPUT_WITNESS, .choice = choice, .seq = scene->seq, .text = text };
    scene_input(scene, &input);
}

static void witnessed(struct scene *scene)
{
    synced(scene);
    tell_of_witness(scene, CHOICE_YES, NULL);
    scene_quiet(scene, 12);
}

static void unwitnessed(struct scene *scene)
{
    witnessed(scene);
    scene_do(scene, "jo", VERB_VOTE, "go-cutover", CHOICE_GO, "read twice");
    tell_of_witness(scene, CHOICE_NO, "connect to host witness port 22: Connection refused");
    scene_quiet(scene, 3);
}

static void alarmed(struct scene *scene)
{
    unwitnessed(scene);
    tell_of_witness(scene, CHOICE_UNKNOWN, "[rejected] (fetch first)");
    scene_quiet(scene, 3);
}

/* Where every gate waits for its witness: what was ticked is on its way, then the remote does not answer,
 * then it holds something else. */
static void witnessing(struct scene *scene)
{
    synced(scene);
    scene_quiet(scene, 40);
    scene_do(scene, "mia", VERB_VOTE, "go-cutover", CHOICE_GO, NULL);
    scene_do(scene, "jo", VERB_VOTE, "go-cutover", CHOICE_GO, "read twice");
}

static void witness_gone(struct scene *scene)
{
    witnessing(scene);
    tell_of_witness(scene, CHOICE_NO, "connect to host witness port 22: Connection refused");
    scene_quiet(scene, 3);
}

static void witness_alarm(struct scene *scene)
{
    witness_gone(scene);
    tell_of_witness(scene, CHOICE_UNKNOWN, "[rejected] (fetch first)");
    scene_quiet(scene, 3);
}

/* ---- a book with long steps, and numbers of its own ---- */

static void count_numbers(struct scene *s, double left)
{
    scene_metric(s, "orders-left", left);
    scene_metric_unknown(s, "queue", "not connected: the server is starting up");
    scene_metric(s, "shop", 12);
}

static void numbers(struct scene *s)
{
    DO("mia", VERB_START, "backfill");
    for (int i = 0; i < 90; i++) {
        scene_wait(s, SECOND_US);
        count_numbers(s, 400000 - i * 1000);
    }
}

static void pausing(struct scene *s)
{
    DO("mia", VERB_START, "backfill");
    for (int i = 0; i < 90; i++) {
        const struct progress progress = { .rows = i * INT64_C(1400),
                                           .total = 412000,
                                           .per_second = 1400,
                                           .left_us = (412000 - i * 1400) / 1400 * SECOND_US };
        scene_wait(s, SECOND_US);
        scene_lag(s, i < 80 ? 0.3 + 0.05 * (i % 5) : 1.2);
        count_numbers(s, 412000 - i * 1400);
        scene_rows(s, "backfill", &progress, i < 80 ? "" : "lag.seconds is not < 1");
    }
}

/* Nobody has analysed the table since it was made. */
static void fresh(struct scene *s)
{
    const struct progress progress = { .rows = 84000, .total = -1, .per_second = 1400, .left_us = -1 };
    DO("mia", VERB_START, "backfill");
    scene_wait(s, MINUTE_US);
    scene_lag(s, 0.4);
    count_numbers(s, 328000);
    scene_rows(s, "backfill", &progress, "");
}

static void awaiting(struct scene *s)
{
    const struct progress some = { .rows = 2, .total = 3, .left_us = -1 };
    DO("mia", VERB_START, "drained");
    scene_wait(s, 42 * SECOND_US);
    scene_rows(s, "drained", &some,
               "`SELECT count(*) FROM jobs WHERE state = 'open'` on primary answered 4, expected = 0");
}

static void awaited(struct scene *s)
{
    const struct progress all = { .rows = 3, .total = 3, .left_us = -1 };
    awaiting(s);
    scene_wait(s, 20 * SECOND_US);
    scene_rows(s, "drained", &all, "");
}

static void items(struct scene *s)
{
    static const char *const names[] = { "acme", "globex", "initech" };
    DO("mia", VERB_START, "backfill");
    scene_wait(s, 12 * SECOND_US);
    OK("backfill");
    DO("mia", VERB_START, "tenants");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        scene_item(s, "tenants", names[i], CHOICE_NONE);
        scene_wait(s, 2 * SECOND_US);
        if (i + 1 < ARRAY_LEN(names))
            scene_item(s, "tenants", names[i], CHOICE_DONE);
    }
    scene_lag(s, 0.4);
    count_numbers(s, 0);
}

static void items_rollback(struct scene *s)
{
    items(s);
    scene_item(s, "tenants", "initech", CHOICE_SKIPPED); /* it was there before */
    for (int i = 1; i < 30; i++) {
        const char *name = arena_format(s->arena, "customer-%d", i);
        scene_item(s, "tenants", name, CHOICE_NONE);
        scene_item(s, "tenants", name, CHOICE_DONE);
    }
    OK("tenants");
    scene_type(s, "R");
}

static void few_items_rollback(struct scene *s)
{
    items(s);
    scene_item(s, "tenants", "initech", CHOICE_DONE);
    OK("tenants");
    scene_type(s, "R");
}

/* Two services: of the first all is well, behind the other's ALTER somebody waits, and its replica is not
 * seen. */
static void two_services(struct scene *s)
{
    static const struct sample_row rows[] = {
        { 0,
          false,
          { "61", "report@10.0.4.7", "Sleep", "00:41", "", "SHARED_READ", "shop.users", "root", "1",
            "SELECT * FROM users", SCENE_SINCE } },
        { 1,
          false,
          { "64", "web@10.0.2.1", "Query", "00:03", "00:03", "EXCLUSIVE", "shop.users", "hard", "0",
            "ALTER TABLE users DROP COLUMN old", "" } },
    };
    struct sample lag = {
        .known = true, .why = "", .metric_count = 1, .metrics = { { "seconds", 0.4, true } }
    };
    struct sample locks = { .known = true,
                            .why = "",
                            .metric_count = 2,
                            .metrics = { { "waiting", 0, true }, { "roots", 0, true } } };
    lag.monitor = "orders-lag";
    scene_sample(s, &lag);
    locks.monitor = "orders-locks";
    scene_sample(s, &locks);
    lag = (struct sample){ .monitor = "users-lag", .known = false, .why = "no answer within 2s" };
    scene_sample(s, &lag);
    locks.monitor = "users-locks";
    locks.metrics[0].value = locks.metrics[1].value = 1;
    locks.rows = rows;
    locks.row_count = ARRAY_LEN(rows);
    scene_sample(s, &locks);
}

static const struct {
    const char *name;
    void (*play)(struct scene *scene);
    const char *witness; /* as in a run's settings */
    const char *book;    /* NULL: the orders book */
} moments[] = {
    { "opened", opened, NULL, NULL },
    { "ticked", preflight, NULL, NULL },
    { "gate", synced, NULL, NULL },
    { "wanted", wanted, NULL, NULL },
    { "swapping", swapping, NULL, NULL },
    { "killing", killing, NULL, NULL },
    { "terminating", terminating, NULL, NULL },
    { "retrying", retrying, NULL, NULL },
    { "retry-held", retry_held, NULL, NULL },
    { "failed", failed, NULL, NULL },
    { "leftover", leftover, NULL, NULL },
    { "unknown", unknown, NULL, NULL },
    { "broken-glass", broken_glass, NULL, NULL },
    { "foreseen", foreseen, NULL, NULL },
    { "unforeseen", unforeseen, NULL, NULL },
    { "rehearsed", rehearsed, NULL, NULL },
    { "held", held, NULL, NULL },
    { "trigger", trigger, NULL, NULL },
    { "rolling-back", rolling_back, NULL, NULL },
    { "rolled-back", rolled_back, NULL, NULL },
    { "stale", stale, NULL, NULL },
    { "lost", lost, NULL, NULL },
    { "halted", halted, NULL, NULL },
    { "vote-dialog", vote_dialog, NULL, NULL },
    { "rollback-dialog", rollback_dialog, NULL, NULL },
    { "tick-dialog", tick_dialog, NULL, NULL },
    { "no-return-dialog", no_return_dialog, NULL, NULL },
    { "through", through, NULL, NULL },
    { "closed", closed, NULL, NULL },
    { "refusal", refusal, NULL, NULL },
    { "witnessed", witnessed, NULL, NULL },
    { "unwitnessed", unwitnessed, NULL, NULL },
    { "alarmed", alarmed, NULL, NULL },
    { "help", help, NULL, NULL },
    { "witnessing", witnessing, "every gate", NULL },
    { "witness-gone", witness_gone, "every gate", NULL },
    { "witness-alarm", witness_alarm, "every gate", NULL },
    { "numbers", numbers, NULL, UI_TEST_DIR "/numbers.json" },
    { "pausing", pausing, NULL, UI_TEST_DIR "/bulk.json" },
    { "items", items, NULL, UI_TEST_DIR "/bulk.json" },
    { "items-rollback", items_rollback, NULL, UI_TEST_DIR "/bulk.json" },
    { "few-items-rollback", few_items_rollback, NULL, UI_TEST_DIR "/bulk.json" },
    { "fresh", fresh, NULL, UI_TEST_DIR "/bulk.json" },
    { "awaiting", awaiting, NULL, UI_TEST_DIR "/drain.json" },
    { "awaited", awaited, NULL, UI_TEST_DIR "/drain.json" },
    { "two-services", two_services, NULL, UI_TEST_DIR "/two.json" },
};

size_t moment_count(void)
{
    return sizeof(moments) / sizeof(moments[0]);
}

const char *moment_name(size_t index)
{
    return moments[index].name;
}

static struct scene *play(const char *name, const struct scene_options *options)
{
    for (size_t i = 0; i < moment_count(); i++) {
        if (strcmp(moments[i].name, name) != 0)
            continue;
        struct scene_options here = *options;
        here.witness = moments[i].witness;
        here.book = moments[i].book;
        struct scene *scene = scene_create(&here);
        moments[i].play(scene);
        return scene;
    }
    return NULL;
}

struct scene *moment_play(const char *name, bool ascii)
{
    return play(name, &(struct scene_options){ .ascii = ascii });
}

struct scene *moment_watch(const char *name)
{
    return play(name, &(struct scene_options){ .watcher = true });
}

struct scene *moment_other(const char *name)
{
    return play(name, &(struct scene_options){ .me = "jo" });
}

struct scene *moment_operator(const char *name)
{
    return play(name, &(struct scene_options){ .me = "mia" });
}

struct scene *moment_replay(const char *name, bool ascii)
{
    struct scene *scene = play(name, &(struct scene_options){ .ascii = ascii, .replay = true });
    const struct ui_replay_mark marks[] = {
        { 300 * SECOND_US, UI_REPLAY_DECISION },
        { 400 * SECOND_US, UI_REPLAY_FAILURE },
        { 700 * SECOND_US, UI_REPLAY_TRIGGER },
        { 800 * SECOND_US, UI_REPLAY_DECISION },
    };
    struct ui_replay_mark *kept = arena_array(scene->arena, ARRAY_LEN(marks), sizeof(*kept));
    memcpy(kept, marks, sizeof(marks));
    ui_set_replay(scene->ui, &(struct ui_replay){ .playing = true,
                                                  .speed = 4,
                                                  .seq = scene->run->last_seq,
                                                  .last_seq = scene->run->last_seq + 70,
                                                  .now_us = 600 * SECOND_US,
                                                  .length_us = 900 * SECOND_US,
                                                  .marks = kept,
                                                  .mark_count = ARRAY_LEN(marks) });
    return scene;
}
