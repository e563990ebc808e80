/* What is told of a run afterwards: each fact of it, what nobody knows, and nothing else. */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/chronicle.h"

#define OUT_MAX ((size_t)16 * 1024 * 1024)

static struct buf out;
static struct chronicle *chronicle;

static void watch(struct scene *scene, const struct event *event)
{
    assert_int_equal(chronicle_event(chronicle, event, &scene->err), 0);
}

static struct scene *begin(const char *book)
{
    struct scene *scene = scene_of(book);
    chronicle = chronicle_create(scene->book);
    scene->watcher = watch;
    scene_again(scene);
    return scene;
}

static void end(struct scene *scene)
{
    chronicle_destroy(chronicle);
    buf_finish(&out);
    scene_close(scene);
}

static void write_as(enum document_form form, const struct chronicle_facts *facts)
{
    static const struct chronicle_facts none = { 0 };
    buf_finish(&out);
    buf_init(&out, OUT_MAX);
    chronicle_write(chronicle, facts != NULL ? facts : &none, form, &out);
    assert_false(out.overflow);
}

static void write_text(void)
{
    write_as(DOCUMENT_MARKDOWN, NULL);
}

static void has(const char *text)
{
    if (strstr(buf_str(&out), text) == NULL)
        fail_msg("no %s in\n%s", text, buf_str(&out));
}

static void has_not(const char *text)
{
    if (strstr(buf_str(&out), text) != NULL)
        fail_msg("%s in\n%s", text, buf_str(&out));
}

/* ---- how it ended ---- */

static void test_nothing(void **state)
{
    struct scene *s = scene_of(small_book);
    (void)state;
    chronicle = chronicle_create(s->book);
    write_text();
    has("## 1 Summary\n\nNothing was recorded: the run has not begun.\n");
    write_as(DOCUMENT_HTML, NULL);
    end(s);
}

static void test_open(void **state)
{
    struct scene *s = begin(small_book);
    struct chronicle_facts facts = { .head = "abc", .source = "here", .is_local = true, .is_live = true };
    (void)state;
    stage_go(s);
    scene_ok(s, "mia", "start add");
    facts.now = (struct instant){ s->now.wall_us + 15 * SECOND_US, s->now.boot_us + 15 * SECOND_US };
    write_as(DOCUMENT_MARKDOWN, &facts);
    has("| **Outcome** | Still open: open; a runner is at work on it |\n");
    has("| **Told as of** | 2027-01-15 08:00:22 UTC |\n");
    has("| **So far** | 22.0 s |\n");
    has("| **Window** | not over: 1:59:38 of 2h are left |\n");
    has("| **Hash of the last one** | `abc` |\n");
    has("| `add` | not over | 1 | 1s to 10s | never | **15.0 s so far** | **1.5 times the upper end: SLOW** "
        "|\n");
    facts.is_live = false;
    facts.now.wall_us = 0; /* as of the newest thing that is known */
    write_as(DOCUMENT_MARKDOWN, &facts);
    has("| **Outcome** | Still open: open; no runner is at work on it |\n");
    has("| **Told as of** | 2027-01-15 08:00:07 UTC |\n");
    write_text();
    has("whether a runner is at work on it is not known here");
    has("| **Hash of the last one** | `not said` |\n");
    end(s);
}

static void test_finished(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    stage_contract(s);
    scene_run(s, "drop");
    scene_run(s, "report");
    scene_run(s, "last");
    scene_ok(s, "mia", "close");
    write_text();
    has("| **Outcome** | Finished |\n");
    has("| **Run** | `run-1` |\n");
    has("| **Environment** | staging |\n");
    has("| **Machine** | host, tminus 1 |\n");
    has("| **Began** | 2027-01-15 08:00:00 UTC |\n");
    has("| **Window** | kept: ");
    has("| **In holds** | never held |\n");
    has("| **mia** | operator | 3 | 0 | none |\n"); /* two votes, one tick */
    has("| **jo** | reviewer | 3 | 0 | none |\n");
    has("| **Overrides** | none |\n");
    has("finished the run");
    end(s);
}

static void test_window_not_kept(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    scene_wait(s, 3 * HOUR_US);
    write_text();
    has("| **Window** | NOT kept: 1:00:00 over the 2h, and the run is not over |\n");
    scene_ok(s, "mia", "scrub --reason 'not tonight'");
    write_text();
    has("| **Outcome** | Scrubbed, by hand: not tonight; nothing that it did stands |\n");
    has("| **Window** | NOT kept: 1:00:00 over the 2h |\n");
    end(s);
}

/* ---- back ---- */

static void undo(struct scene *s, const char *work, int seconds)
{
    scene_wait(s, seconds * SECOND_US);
    scene_end(s, work, OUTCOME_OK);
}

static void test_rolled_back(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    stage_deployed(s);
    scene_ok(s, "mia", "rollback --reason 'it is slow'");
    undo(s, "index/1", 2);
    undo(s, "add/1", 3);
    undo(s, "add/2", 1);
    scene_ok(s, "mia", "close");
    write_text();
    has("| **Outcome** | Aborted: everything was rolled back |\n");
    has("| **Rollbacks** | 1 |\n");
    has("Rollback of everything\n\n- **Begun:** 08:00:07 by mia\n- **Why:** it is slow\n- **Ended:** "
        "08:00:13: done\n"
        "- **Took:** 6.0 s\n- **Not undone, and standing:** nothing, by the trail; there was nothing to "
        "undo, by "
        "the book: deploy\n");
    has("| `undo of deploy, entry 1` | **0 ms** | nothing to undo: the old code does as well |\n");
    has("| `undo of index, entry 1` | **2.0 s** | done |\n");
    has("| `undo of add, entry 1` | **3.0 s** | done |\n");
    has("| `undo of add, entry 1` | done | 1 | 20s | never | **3.0 s** | 0.15 times the upper end |\n");
    has("  undo add "); /* drawn */
    write_as(DOCUMENT_HTML, NULL);
    has("<rect class=\"undo\"");
    has("<rect class=\"hold\"");
    end(s);
}

/* A rollback that had nothing to do did not undo anything. */
static void test_nothing_to_undo(void **state)
{
    struct scene *s =
        begin("{'tminus':1,'id':'word','title':'Word','targets':{'primary':{'engine':'postgresql'}},"
              "'roles':{'operator':{}},'phases':[{'id':'do','kind':'migrate','title':'Do','steps':["
              "{'id':'say','kind':'sql','target':'primary','sql':'ANALYZE t',"
              "'rollback':[{'kind':'none','why':'it changes nothing'}]},"
              "{'id':'hide','kind':'sql','target':'primary','sql':'ANALYZE u',"
              "'rollback':[{'kind':'none','why':'it changes nothing'}]}]}]}");
    (void)state;
    scene_run(s, "say");
    scene_run(s, "hide");
    scene_ok(s, "mia", "rollback --to hide");
    write_text();
    has("- **Not undone, and standing:** say; there was nothing to undo, by the book: hide\n");
    scene_ok(s, "mia", "rollback");
    write_text();
    has("- **Not undone, and standing:** nothing; there was nothing to undo, by the book: say\n");
    scene_ok(s, "mia", "close");
    write_text();
    has("| **Outcome** | Aborted: there was nothing to undo, by the book: hide, say |\n");
    has_not("everything was rolled back");
    end(s);
}

static void test_rolled_back_in_part(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    stage_deployed(s);
    scene_ok(s, "mia", "rollback --to index");
    write_text();
    has("- **Ended:** it is not at its end\n");
    has("- **Not undone, and standing:** steps that are still to be undone: 1\n");
    undo(s, "index/1", 2);
    write_text();
    has("Rollback down to index\n");
    has("- **Why:** no reason said\n");
    has("- **Not undone, and standing:** add; there was nothing to undo, by the book: deploy\n");
    scene_ok(s, "mia", "scrub --reason 'enough'");
    write_text();
    has("Scrubbed, by hand: enough; what stands: add |\n");
    end(s);
}

/* ---- what it began by ---- */

/* A book with a param that wants a certificate. */
static const char rehearsed_book[] =
    "{'tminus':1,'id':'word','title':'Word','targets':{'primary':{'engine':'postgresql'}},"
    "'params':{'table':{'type':'identifier','default':'users'}},"
    "'roles':{'operator':{}},'rehearsal':{'required':'30d','override_by':'operator'},"
    "'phases':[{'id':'do','kind':'migrate','title':'Do','steps':["
    "{'id':'say','kind':'sql','target':'primary','sql':'ANALYZE ${table}',"
    "'rollback':[{'kind':'none','why':'it changes nothing'}]}]}]}";

static void test_certificate(void **state)
{
    struct scene *s = begin(rehearsed_book);
    struct chronicle_certificate certificate = { .sha256 = "5ea1",
                                                 .ended_us = BEGIN_WALL_US - 3600 * SECOND_US,
                                                 .host = "stage",
                                                 .operator= "jo",
                                                 .version = "0.1",
                                                 .asked = "--midpoints all",
                                                 .servers = "primary: PostgreSQL 15.20",
                                                 .person = "ann",
                                                 .key = "SHA256:abc",
                                                 .all = true };
    struct chronicle_facts facts = { .certificate = &certificate };
    (void)state;
    write_as(DOCUMENT_MARKDOWN, &facts);
    has("| **Rehearsal** | 2027-01-15 07:00:00 UTC on stage; passed |\n");
    has("- **Rehearsed:** 2027-01-15 07:00:00 UTC, 1:00:00 before this run began\n"
        "- **By:** jo on stage, with tminus 0.1 --midpoints all\n"
        "- **On:** primary: PostgreSQL 15.20\n"
        "- **Came to:** passed: nothing that was tried came out wrong\n"
        "- **Way back:** tried from every step that has one\n"
        "- **Signed by:** ann, key SHA256:abc\n"
        "- **SHA-256 of its file:** 5ea1\n");
    has("| Param | Type | Value |\n| --- | --- | --- |\n| `table` | identifier | `users` |\n");
    certificate.wrong = "the whole way: failed";
    certificate.lack = "it is nobody's key";
    certificate.person = NULL;
    certificate.all = false;
    write_as(DOCUMENT_MARKDOWN, &facts);
    has("on stage; NOT passed: the whole way: failed |\n");
    has("- **Way back:** NOT tried from every step\n");
    has("- **Signed by:** somebody whom the run's policy does not name, key SHA256:abc: it is nobody's "
        "key\n");
    end(s);
}

static void test_no_certificate(void **state)
{
    struct scene *s = begin(rehearsed_book);
    (void)state;
    write_text();
    has("| **Rehearsal** | no certificate was given: the book asks for one of live runs only |\n");
    has_not("Certificate of the rehearsal");
    end(s);
    s = begin(small_book);
    write_text();
    has("| **Rehearsal** | no certificate was given, and the book asks for none |\n");
    has_not("| Param |");
    end(s);
}

/* ---- estimates ---- */

static void test_pace(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_wait(s, 12 * SECOND_US);
    scene_end(s, "add", OUTCOME_OK);
    scene_run(s, "index");
    scene_ok(s, "mia", "start deploy");
    scene_wait(s, 7 * SECOND_US);
    scene_end(s, "deploy", OUTCOME_FAILED);
    write_text();
    has("| `add` | done | 1 | 1s to 10s | never | **12.0 s** | 1.2 times the upper end |\n");
    has("| `index` | done | 1 | 1m to 2m | never | **0 ms** | 0 times the upper end: SUSPICIOUSLY FAST |\n");
    has("| `deploy` | **failed** | 1 | 5s | never | **7.0 s** | **1.4 times the upper end: SLOW** |\n");
    has("step deploy failed after 7.0 s: it went wrong");
    end(s);
    s = begin(small_book);
    stage_go(s);
    scene_run(s, "add");
    scene_ok(s, "mia", "start index");
    scene_end(s, "index", OUTCOME_SKIPPED);
    write_text();
    has("| `index` | skipped | 1 | 1m to 2m | never | **0 ms** | it was done already |\n");
    end(s);
    s = begin(small_book);
    stage_go(s);
    scene_run(s, "add");
    scene_ok(s, "mia", "start index");
    scene_end(s, "index", OUTCOME_FAILED);
    write_text();
    has("| `index` | **failed** | 1 | 1m to 2m | never | **0 ms** | 0 times the upper end |\n");
    end(s);
}

/* ---- what was measured ---- */

/* Time goes by and a sample comes; NULL: it could not tell. Straight in: what follows from it does not
 * matter. */
static void sample(struct scene *s, const char *metric, double value)
{
    const struct sample one = { .monitor = "lag",
                                .at = s->now,
                                .known = metric != NULL,
                                .why = metric != NULL ? "" : "connection <lost>",
                                .metric_count = metric != NULL ? 1 : 0,
                                .metrics = { { .name = metric, .value = value, .known = true } } };
    const struct event event = { .type = EVENT_SAMPLE, .at = s->now, .actor = "tminus", .sample = &one };
    assert_int_equal(chronicle_event(chronicle, &event, &s->err), 0);
    s->now.wall_us += SECOND_US;
    s->now.boot_us += SECOND_US;
}

static void samples(struct scene *s, const char *metric, double value, int seconds)
{
    while (seconds-- > 0)
        sample(s, metric, value);
}

/* The line of the first chart of the page, yours. */
static char *line_of_chart(void)
{
    static const char before[] = "<path class=\"line\" d=\"";
    const char *at = strstr(buf_str(&out), before);
    assert_non_null(at);
    at += strlen(before);
    return strndup(at, strcspn(at, "\""));
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

static void assert_pieces(size_t want)
{
    write_as(DOCUMENT_HTML, NULL);
    char *line = line_of_chart();
    size_t pieces = count_of(line, "M");
    if (pieces != want)
        fail_msg("%zu pieces, not %zu, in %s", pieces, want, line);
    free(line);
}

static void test_gap_of_unknown(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    samples(s, "seconds", 5, 20);
    samples(s, NULL, 0, 20);
    samples(s, "seconds", 7, 21);
    write_text();
    has("08:00:18         5         5         5  ###################### partly not known\n"
        "08:00:20  not known\n");
    has("08:00:38  not known\n08:00:40         7         7         7  ##############################\n");
    has("- **In the whole run:** min 5, median 7, max 7 (41 values); not known for 21.0 s\n");
    has("- **Not known:** 08:00:19 to 08:00:40, 21.0 s: connection &lt;lost\\>\n");
    assert_pieces(2);
    has("<rect class=\"gap\"");
    has("<title>not known: connection &lt;lost&gt;</title>");
    end(s);
}

static void test_gap_of_silence(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    samples(s, "seconds", 5, 20);
    s->now.wall_us += 40 * SECOND_US;
    s->now.boot_us += 40 * SECOND_US;
    samples(s, "seconds", 7, 2);
    s->now.wall_us += 30 * SECOND_US;
    s->now.boot_us += 30 * SECOND_US;
    scene_ok(s, "mia", "note 'nothing came any more'");
    write_text();
    has("- **Not known:** 08:00:19 to 08:01:00, 41.0 s: no sample came\n"
        "- **Not known:** 08:01:01 to 08:01:32, 31.0 s: no sample came\n");
    assert_pieces(2);
    assert_int_equal(count_of(buf_str(&out), "<rect class=\"gap\""), 2);
    end(s);
}

static void test_no_gap(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    for (int i = 0; i < 30; i++) {
        samples(s, "seconds", i, 1);
        s->now.wall_us += SECOND_US; /* every two seconds: still joined */
        s->now.boot_us += SECOND_US;
    }
    assert_pieces(1);
    write_text();
    has_not("partly not known");
    end(s);
}

static void test_never_known(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    samples(s, NULL, 0, 10);
    write_text();
    has("lag.seconds\n\nNo value of it is known in this run.\n\n- **Not known:** ");
    has("locks.waiting\n\nNo value of it is known in this run.\n");
    has_not("min 0");
    end(s);
}

/* Of half a day each second is looked at, and one of them stands out: the drawing is small and shows it. */
static void test_half_a_day(void **state)
{
    struct scene *s = begin(small_book);
    double highest = 1e9;
    (void)state;
    for (int i = 0; i < 12 * 3600; i++)
        sample(s, i % 600 == 599 ? NULL : "seconds", i == 30001 ? 100 : i % 7 * 0.1);
    write_as(DOCUMENT_HTML, NULL);
    assert_true(out.len < 200000);
    has("100 at 16:20:01");
    char *line = line_of_chart();
    for (const char *at = line; (at = strchr(at, 'V')) != NULL; at++) {
        double y = strtod(at + 1, NULL);
        highest = y < highest ? y : highest;
    }
    assert_true(highest < 60); /* pixels from above; what is usual is near 190 */
    free(line);
    end(s);
}

/* Each is told beside the drawing of the lag, under the one before and not below the drawing. */
static void assert_limits_apart(size_t want)
{
    static const char before[] = "<text class=\"soft\" x=\"790\" y=\"";
    const char *at = buf_str(&out);
    double last = 0;
    size_t count = 0;
    for (; (at = strstr(at, before)) != NULL && count < want; count++) {
        double y = strtod(at + strlen(before), NULL);
        assert_true(y >= last + 14 && y < 200);
        last = y;
        at++;
    }
    assert_int_equal(count, want);
}

static void test_limits_and_marks(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    stage_go(s);
    write_text();
    has("- **Limit:** trigger runaway \\> 10\n- **Limit:** gate go-expand < 1\n- **Limit:** gate "
        "go-contract < 1\n"
        "- **Limit:** wait settle < 1\n");
    has("| 6 | 08:00:07 | +00:07 | **tminus** | gate go-expand decided: GO ");
    write_as(DOCUMENT_HTML, NULL);
    assert_limits_apart(4);
    has("gate go-expand &lt; 1</text>");
    has("wait settle &lt; 1</text>");
    has("text-anchor=\"middle\">6</text>");
    has("<line class=\"mark\"");
    end(s);
}

/* ---- who waited for whom ---- */

static void waiting(struct scene *s, const char *step, const char *text)
{
    struct input input = { .type = INPUT_WAITING, .now = s->now, .text = text };
    input.step = step_of(s, step);
    assert_int_equal(scene_put(s, &input), 0);
}

static void test_waits(void **state)
{
    const struct outcome locked = {
        .status = OUTCOME_RETRYABLE, .clean = true, .code = "55P03", .message = "lock timeout"
    };
    struct scene *s = begin(small_book);
    (void)state;
    stage_go(s);
    write_text();
    has("Nobody is known to have waited for a lock.");
    has("No attempt failed and was tried again by itself.");
    scene_ok(s, "mia", "start add");
    scene_wait(s, SECOND_US);
    waiting(s, "add", "AccessExclusive on a, blocked by 7 (bi)");
    scene_wait(s, 2 * SECOND_US);
    scene_outcome(s, "add", &locked);
    scene_wait(s, 3 * SECOND_US);
    scene_end(s, "add", OUTCOME_OK);
    for (int i = 0; i < 3; i++)
        scene_samples(s, "locks", "waiting", i + 1, 1);
    scene_samples(s, "locks", "waiting", 0, 1);
    scene_samples(s, "locks", "waiting", 4, 1);
    scene_sample(s, "locks", NULL, 0);
    write_text();
    has("| 08:00:08 | `add` | **2.0 s** |  | AccessExclusive on a, blocked by 7 (bi) |\n");
    has("| `add` | 1 | `55P03` | lock timeout | 2.0 s |\n");
    has("| `monitor locks` | **3.0 s** | 3, of these behind us: 0 | not known |\n");
    has("| `monitor locks` | **0 ms, after that it is not known** | 4, ");
    has("| `add` | done | 2 |");
    end(s);
}

/* ---- decisions ---- */

static void test_gate(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    stage_ticked(s);
    scene_ok(s, "jo", "override calm --reason 'a <quiet> night'");
    scene_ok(s, "mia", "vote go-expand go --reason ready");
    scene_ok(s, "jo", "vote go-expand go");
    write_text();
    has("- **Decision:** GO at 08:00:07\n");
    has("| 08:00:07 | **mia** | operator | voted GO | ready | lag.seconds 0.2 (< 1, held 6.0 s); "
        "locks.waiting 0 (= 0, "
        "held 6.0 s), overridden by jo: a &lt;quiet\\> night | not signed |\n");
    has("| 08:00:07 | **jo** | reviewer | **OVERRODE calm** | a &lt;quiet\\> night |  | not signed |\n");
    has("| `calm` | `locks.waiting = 0` | at 08:00:07 by jo: a &lt;quiet\\> night |\n");
    has("| 08:00:07 | `calm` | `go-expand` | **jo** | reviewer | a &lt;quiet\\> night | not signed |\n");
    has("| **Overrides** | 1 |\n");
    has("- **Evidence recorded with the decision:** lag.seconds 0.2 ");
    has("go-contract, at the end of: Change\n\n- **Decision:** was not decided\n");
    has("- **go-expand at 08:00:07:** backup: yes, 7.0 s old\n");
    has("| 08:00:00 | `read` | **jo** | reviewer | all of it | not signed |\n");
    scene_wait(s, 16 * MINUTE_US);
    write_text();
    has("GO at 08:00:07, and does not stand any more: ");
    has("| **tminus** |  | LAPSED | ");
    end(s);
}

static void test_no_go_and_glass(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    stage_ticked(s);
    scene_ok(s, "jo", "vote go-expand no-go --reason 'not yet'");
    write_text();
    has("- **Decision:** NO-GO at 08:00:07\n");
    has("| **voted NO-GO** | not yet |");
    scene_ok(s, "jo", "vote go-expand go");
    scene_ok(s, "mia", "break-glass go-expand --reason 'jo is away'");
    write_text();
    has("- **Decision:** GO at 08:00:07, by breaking the glass\n");
    has("| **mia** |  | **BROKE THE GLASS: GO** | jo is away |");
    has("| **The glass was broken** | times: 1; last: go-expand by mia: jo is away |\n");
    end(s);
}

static void test_deferred(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    scene_ok(s, "jo", "override told --reason 'they know'");
    write_text();
    has("Deferred items\n\n- **told:** Everybody was told. Not done; accepted by jo: they know\n");
    scene_ok(s, "mia", "tick told");
    write_text();
    has("Deferred items\n\nNone.\n");
    has("| `told` | **mia** | operator | nothing was said | not signed |\n");
    has("they know"); /* the override stays told */
    end(s);
}

/* ---- triggers, holds, the unknown ---- */

static void test_trigger(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    stage_go(s);
    scene_samples(s, "lag", "seconds", 12, 4);
    scene_ok(s, "jo", "hold 'and I see it too'");
    write_text();
    has("| `runaway` | **FIRED** | lag.seconds 12 (\\> 10, held 3.0 s) | that it is over was not recorded "
        "|\n");
    has("| **tminus** | trigger runaway: lag.seconds 12 (\\> 10, held 3.0 s); then jo: and I see it too | 0 "
        "ms so far | not "
        "over |\n");
    scene_samples(s, "lag", "seconds", 0.1, 5);
    scene_ok(s, "mia", "release --reason 'it came down'");
    write_text();
    has("| at 08:00:12: its condition is over |\n");
    has("| 5.0 s | released by mia: it came down |\n");
    has("| **In holds** | 5.0 s; times held: 1 |\n");
    end(s);
}

static void test_unknown(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_end(s, "add", OUTCOME_AMBIGUOUS);
    write_text();
    has("| `add` | it went wrong | 0 ms so far | **nobody has ruled** |\n");
    scene_wait(s, 4 * SECOND_US);
    scene_ok(s, "mia", "rule add done --reason 'the column is there'");
    write_text();
    has("| `add` | it went wrong | 4.0 s | mia: ruled add done: the column is there |\n");
    has("| `add` | **unknown** | 1 |");
    end(s);
}

/* What a runner was about when it died has no end of its own in the trail. */
static void test_resumed(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    stage_go(s);
    scene_ok(s, "mia", "start add");
    s->now.wall_us += 60 * SECOND_US;
    s->now.boot_us = 5 * SECOND_US; /* the machine was started anew */
    scene_resume(s, "boot-2");
    write_text();
    has("| `add` | **unknown** | 1 |");
    has("| `add` | the runner ended while it ran | 0 ms so far | **nobody has ruled** |\n");
    has("| +01:07 | **tminus** | resumed the run on host");
    has("| 08:01:07 | **tminus** | ");
    end(s);
}

/* ---- texts, questions ---- */

static void test_escapes(void **state)
{
    struct scene *s = begin(small_book);
    (void)state;
    scene_ok(s, "jo", "tick read --evidence '<script>alert(1)</script> | a\x1b[31m'");
    write_text();
    has("&lt;script\\>alert(1)&lt;/script\\> \\| a^\\[\\[31m |");
    write_as(DOCUMENT_HTML, NULL);
    has("&lt;script&gt;alert(1)&lt;/script&gt; | a^[[31m");
    has_not("<script>");
    has_not("\x1b");
    end(s);
}

static void test_questions(void **state)
{
    static const char find[] = "'title':'A small book',";
    const char *at = strstr(small_book, find);
    struct arena *arena = arena_create();
    (void)state;
    assert_non_null(at);
    const char *book =
        arena_format(arena,
                     "%.*s'postmortem':['What did the LAG show?','Were the estimates right?',"
                     "'Was the block known?','Was anything overridden?','Who paid?','What held us up?'],%s",
                     (int)(at - small_book), small_book, at);
    struct scene *s = begin(book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_wait(s, 30 * SECOND_US);
    scene_end(s, "add", OUTCOME_OK);
    for (int i = 0; i < 10; i++) {
        scene_ok(s, "jo", "hold");
        scene_ok(s, "mia", "release");
    }
    write_text();
    has("What did the LAG show?\n\nWhat the trail knows:\n\n- lag.seconds in the whole run: min 0.2, median "
        "0.2, max 0.2 (7 "
        "values); not known for 30.0 s\n- lag.seconds in the ten minutes before 08:00:07 (gate go-expand "
        "decided: GO ");
    has("- lag.seconds while add was carried out: min 0.2, ");
    has("Were the estimates right?\n\nWhat the trail knows:\n\n- add took 30.0 s, estimated 1s to 10s: 3 "
        "times the upper end: "
        "SLOW\n- **Answer:** ....");
    has("- No step is known to have waited for a lock, and none was tried again by itself.\n");
    has("- Nothing was overridden.\n");
    has("Who paid?\n\nThe trail does not know.\n\n- **Answer:** ....");
    has("- 08:00:37 jo: held the run\n");
    has("- and 8 more, as listed above\n- **Answer:** ....");
    end(s);
    arena_destroy(arena);
}

/* A record that cannot have happened is refused, and what was told before is told still. */
static void test_corrupt(void **state)
{
    struct scene *s = begin(small_book);
    const struct event event = {
        .seq = 7, .type = EVENT_RUN_NOTE, .at = s->now, .actor = "mia", .text = "x"
    };
    (void)state;
    assert_int_equal(chronicle_event(chronicle, &event, &s->err), ERR_CORRUPT);
    write_text();
    has("| **Records of the trail** | 1 |\n");
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_finished),
        cmocka_unit_test(test_window_not_kept),
        cmocka_unit_test(test_rolled_back),
        cmocka_unit_test(test_nothing_to_undo),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_no_certificate),
        cmocka_unit_test(test_rolled_back_in_part),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_gap_of_unknown),
        cmocka_unit_test(test_gap_of_silence),
        cmocka_unit_test(test_no_gap),
        cmocka_unit_test(test_never_known),
        cmocka_unit_test(test_half_a_day),
        cmocka_unit_test(test_limits_and_marks),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_no_go_and_glass),
        cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_trigger),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
