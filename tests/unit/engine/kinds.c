/* What runs for long and what runs beside: progress, checkpoints, items, notices, and the mark of a phase. */
#include "scene.h"

#include <stdio.h>
#include <string.h>

static const char *const book =
    "{'tminus':1,'id':'kinds','title':'Kinds','targets':{'p':{'engine':'postgresql','role':'primary'},"
    "'q':{'engine':'postgresql','role':'replica','of':'p'}},'roles':{'operator':{},'reviewer':{}},"
    "'monitors':[{'id':'lag','kind':'lag','target':'p'}],"
    "'communications':{'begun':{'to':'all','via':'command','argv':['true'],'text':'it begins'}},"
    "'phases':[{'id':'tell','kind':'preflight','title':'Tell','steps':["
    "{'id':'told','kind':'notify','template':'begun'},"
    "{'id':'look','kind':'verify','target':'p','sql':'SELECT 1','expect':{'value':1}}],"
    "'gate':{'id':'go','votes':['operator']}},"
    "{'id':'fill','kind':'migrate','title':'Fill','steps':["
    "{'id':'make','kind':'sql','target':'p','sql':'CREATE TABLE t (a int)'},"
    "{'id':'copy','kind':'backfill','background':true,'target':'p','table':'t','key':'id','set':'a = 1',"
    "'where':'a IS NULL','throttle':[{'metric':'lag.seconds','is':'<','value':5}],"
    "'rollback':[{'kind':'backfill','table':'t','key':'id','set':'a = NULL','where':'a = 1'}]},"
    "{'id':'each','kind':'sql','target':'p','for_each':{'sql':'SELECT n FROM m','as':'n'},"
    "'sql':'SELECT f(${n})','rollback':[{'kind':'sql','sql':'SELECT g(${n})'}]},"
    "{'id':'bump','kind':'command','argv':['true'],'after':'copy'}],"
    "'verification':[{'id':'same','kind':'compare','left':{'target':'p','table':'t'},"
    "'right':{'target':'q','table':'t'}}],"
    "'rollback':[{'kind':'sql','target':'p','sql':'DROP TABLE t'}],"
    "'gate':{'id':'done','votes':['operator'],'override':{'by':'reviewer'}}},"
    "{'id':'end','kind':'verify','title':'End','steps':["
    "{'id':'last','kind':'verify','target':'p','sql':'SELECT 1','expect':{'value':1}}]}]}";

static const struct work *work_of(const struct scene *s, const char *step, size_t entry)
{
    return run_work(s->run, step_of(s, step), entry);
}

/* The first phase is over and its gate is GO. */
static struct scene *scene_filling(void)
{
    struct scene *s = scene_open(book);
    scene_run(s, "told");
    scene_run(s, "look");
    scene_ok(s, "mia", "vote go go");
    (void)scene_trail(s);
    return s;
}

static struct scene *scene_made(void)
{
    struct scene *s = scene_filling();
    scene_run(s, "make");
    (void)scene_trail(s);
    return s;
}

static void progress(struct scene *s, const char *step, size_t entry, int64_t rows, const char *checkpoint,
                     const char *pauses)
{
    const struct input input = { .type = INPUT_PROGRESS,
                                 .now = s->now,
                                 .step = step_of(s, step),
                                 .entry = entry,
                                 .value = checkpoint,
                                 .text = pauses,
                                 .progress = { .rows = rows, .total = 100, .per_second = 5, .left_us = -1 } };
    assert_int_equal(scene_put(s, &input), 0);
}

static int item(struct scene *s, size_t entry, const char *name, enum choice choice)
{
    const struct input input = { .type = INPUT_ITEM,
                                 .now = s->now,
                                 .step = step_of(s, "each"),
                                 .entry = entry,
                                 .value = name,
                                 .choice = choice };
    return scene_put(s, &input);
}

static void item_ok(struct scene *s, size_t entry, const char *name, enum choice choice)
{
    assert_int_equal(item(s, entry, name, choice), 0);
}

/* An event that cannot have happened is refused, and changes nothing. */
static void refuse(struct scene *s, struct event event, const char *part)
{
    struct buf before, after;
    struct err err = ERR_INIT;
    event.actor = EVENT_ACTOR_SELF;
    event.at = s->now;
    event.seq = event_is_record(event.type) ? s->run->last_seq + 1 : 0;
    buf_init(&before, JSON_MAX_BYTES);
    buf_init(&after, JSON_MAX_BYTES);
    run_dump(&before, s->run);
    assert_int_equal(run_apply(s->run, &event, &err), ERR_CORRUPT);
    if (strstr(err.message, part) == NULL)
        fail_msg("%s: \"%s\" has no \"%s\"", event_word(event.type), err.message, part);
    run_dump(&after, s->run);
    assert_string_equal(buf_str(&before), buf_str(&after));
    buf_finish(&before);
    buf_finish(&after);
}

/* ---- how far it has come ---- */

static void test_progress(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    const struct work *copy = work_of(s, "copy", 0);
    assert_int_equal(copy->progress.total, -1);
    scene_ok(s, "mia", "start copy");
    (void)scene_trail(s);
    progress(s, "copy", 0, 10, NULL, "lag.seconds is not < 5");
    assert_int_equal(copy->progress.rows, 10);
    assert_int_equal(copy->progress.total, 100);
    assert_string_equal(copy->pauses, "lag.seconds is not < 5");
    progress(s, "copy", 0, 20, NULL, "");
    assert_null(copy->pauses);
    assert_null(copy->checkpoint);
    assert_trail(s, ""); /* it passes */
    progress(s, "copy", 0, 30, "{\"after\": [\"30\"]}", NULL);
    progress(s, "copy", 0, 40, "{\"after\": [\"40\"]}", NULL);
    assert_trail(s, "step.checkpoint copy\nstep.checkpoint copy\n");
    assert_int_equal(copy->progress.rows, 40);
    assert_string_equal(copy->checkpoint, "{\"after\": [\"40\"]}");
    struct run *folded = scene_fold(s);
    assert_string_equal(run_work(folded, step_of(s, "copy"), 0)->checkpoint, "{\"after\": [\"40\"]}");
    assert_int_equal(run_work(folded, step_of(s, "copy"), 0)->progress.rows, 40);
    run_destroy(folded);
    scene_folds(s);
    scene_end(s, "copy", OUTCOME_OK);
    (void)scene_trail(s);
    progress(s, "copy", 0, 50, "late", NULL); /* seen a moment too late */
    assert_trail(s, "");
    assert_int_equal(copy->progress.rows, 40);
    scene_close(s);
}

static void foresee(struct scene *s, const char *step, enum choice choice, const char *text)
{
    const struct input input = {
        .type = INPUT_FORESEEN, .now = s->now, .step = step_of(s, step), .choice = choice, .text = text
    };
    assert_int_equal(scene_put(s, &input), 0);
}

static void assert_foreseen(const struct scene *s, const char *step, int64_t later_us, const char *want)
{
    struct instant now = s->now;
    struct buf buf;
    buf_init(&buf, 1000);
    now.boot_us += later_us;
    run_foreseen(s->run, step_of(s, step), now, &buf);
    assert_string_equal(buf_str(&buf), want);
    buf_finish(&buf);
}

static void test_foreseen(void **state)
{
    (void)state;
    struct scene *s = scene_filling();
    struct event event = { .type = EVENT_STEP_FORESEEN, .subject = "bump", .choice = CHOICE_NO, .text = "x" };
    assert_foreseen(s, "make", 0, "");
    foresee(s, "make", CHOICE_NO, "locks t");
    foresee(s, "copy", CHOICE_YES, "not next");
    assert_foreseen(s, "make", 30 * SECOND_US, "locks t");
    assert_foreseen(s, "make", 62 * SECOND_US, "locks t\nas it was 01:02 ago");
    assert_int_equal(s->run->steps[step_of(s, "make")].foreseen, CHOICE_NO);
    assert_foreseen(s, "copy", 0, "");
    assert_int_equal(s->run->steps[step_of(s, "copy")].foreseen, CHOICE_NONE);
    assert_trail(s, ""); /* it passes */
    refuse(s, event, "\"bump\" locks nothing");
    event.subject = "make";
    event.choice = CHOICE_DONE;
    refuse(s, event, "says nothing of what it would lock");
    event.choice = CHOICE_UNKNOWN;
    event.text = "";
    refuse(s, event, "it says nothing");
    scene_ok(s, "mia", "start make");
    assert_foreseen(s, "make", 0, ""); /* it has begun */
    assert_int_equal(s->run->steps[step_of(s, "make")].foreseen, CHOICE_NONE);
    scene_close(s);
}

/* Steps that tell how far they are, without the rest of a book. */
static const char *const told_book =
    "{'tminus':1,'id':'told','title':'Told','targets':{'p':{'engine':'postgresql'}},'monitors':[],"
    "'phases':[{'id':'a','kind':'migrate','title':'A','steps':["
    "{'id':'drained','kind':'wait','for':'30s','all':[{'target':'p','sql':'SELECT a()'},"
    "{'target':'p','sql':'SELECT b()'}]},"
    "{'id':'copy','kind':'backfill','target':'p','table':'t','key':'id','set':'a = 1','where':'a IS NULL',"
    "'rollback':[{'kind':'none','why':'nobody reads it'}]}]}]}";

static void tell(struct scene *s, const char *step, int64_t rows, int64_t total, const char *text)
{
    const struct input input = { .type = INPUT_PROGRESS,
                                 .now = s->now,
                                 .step = step_of(s, step),
                                 .text = text,
                                 .progress = { .rows = rows, .total = total, .left_us = -1 } };
    assert_int_equal(scene_put(s, &input), 0);
}

static void assert_progress(struct scene *s, const char *step, const char *want)
{
    struct buf buf;
    buf_init(&buf, 1000);
    work_progress_text(&buf, &s->run->book->steps[step_of(s, step)], work_of(s, step, 0));
    assert_string_equal(buf_str(&buf), want);
    buf_finish(&buf);
}

static void test_awaited(void **state)
{
    (void)state;
    struct scene *s = scene_open(told_book);
    const struct work *drained = work_of(s, "drained", 0);
    struct event event = { .type = EVENT_STEP_AWAITED, .subject = "copy", .progress = { .total = 2 } };
    scene_ok(s, "mia", "start drained");
    (void)scene_trail(s);
    assert_progress(s, "drained", "");
    tell(s, "drained", 1, 2, "b() answered f");
    assert_progress(s, "drained", "1 of 2 hold; not yet: b() answered f");
    const char *where = drained->lacks;
    tell(s, "drained", 1, 2, "b() answered g");
    assert_progress(s, "drained", "1 of 2 hold; not yet: b() answered g");
    assert_ptr_equal(drained->lacks, where); /* told for hours, it takes no more room */
    tell(s, "drained", 0, 2, "a() answered f, with so much more to say that it does not fit in there");
    assert_progress(s, "drained",
                    "0 of 2 hold; not yet: a() answered f, with so much more to say that it does not fit in "
                    "there");
    tell(s, "drained", 2, 2, "");
    assert_progress(s, "drained", "2 of 2 hold, not yet for 30s");
    assert_trail(s, ""); /* it passes */
    refuse(s, event, "\"copy\" waits for nothing");
    event.subject = "drained";
    event.progress.rows = -1;
    refuse(s, event, "fewer rows than none");
    scene_end(s, "drained", OUTCOME_FAILED);
    assert_progress(s, "drained", "");
    tell(s, "drained", 1, 2, "late");
    assert_null(drained->lacks);
    scene_ok(s, "mia", "retry drained");
    assert_progress(s, "drained", ""); /* not what the attempt before was told */
    scene_close(s);
}

/* No statistics, no total; and items are told apart from rows. */
static void test_progress_text(void **state)
{
    (void)state;
    struct scene *s = scene_open(told_book);
    scene_run(s, "drained");
    scene_ok(s, "mia", "start copy");
    assert_progress(s, "copy", "");
    tell(s, "copy", 10, -1, "");
    assert_progress(s, "copy", "10 rows, total not known (never analysed)");
    tell(s, "copy", 10, 40, "");
    assert_progress(s, "copy", "10 of ~40 rows");
    const struct input again = { .type = INPUT_PROGRESS,
                                 .now = s->now,
                                 .step = step_of(s, "copy"),
                                 .progress = { .rows = 5, .total = 40, .left_us = -1, .again = true } };
    assert_int_equal(scene_put(s, &again), 0);
    assert_progress(s, "copy", "5 of ~40 rows once more");
    scene_end(s, "copy", OUTCOME_OK);
    assert_progress(s, "copy", "5 of ~40 rows");
    struct run_item item = { .name = "a", .done = true };
    struct work both = { .item_count = 1, .items = &item, .progress = { .rows = 3, .total = 4 } };
    struct buf buf;
    buf_init(&buf, 1000);
    work_progress_text(&buf, &s->run->book->steps[step_of(s, "copy")], &both);
    assert_string_equal(buf_str(&buf), "1 done; 3 of ~4 rows");
    buf_finish(&buf);
    scene_close(s);
}

static void test_progress_refused(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    struct event event = { .type = EVENT_STEP_CHECKPOINT, .subject = "copy", .value = "x" };
    refuse(s, event, "\"copy\" is pending");
    scene_ok(s, "mia", "start copy");
    event.progress.rows = -1;
    refuse(s, event, "fewer rows than none");
    event.progress.rows = 1;
    event.value = NULL;
    refuse(s, event, "no checkpoints");
    refuse(s, (struct event){ .type = EVENT_STEP_PROGRESSED, .subject = "copy", .progress = { .rows = -1 } },
           "fewer rows than none");
    scene_ok(s, "mia", "start each");
    event = (struct event){ .type = EVENT_STEP_CHECKPOINT, .subject = "each", .value = "x" };
    refuse(s, event, "\"each\" has no checkpoints");
    scene_close(s);
}

/* ---- items ---- */

static void test_items(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    const struct work *each = work_of(s, "each", 0);
    scene_ok(s, "mia", "start each");
    (void)scene_trail(s);
    item_ok(s, 0, "a", CHOICE_NONE);
    item_ok(s, 0, "a", CHOICE_DONE);
    item_ok(s, 0, "b", CHOICE_NONE);
    item_ok(s, 0, "b", CHOICE_NONE); /* tried again */
    item_ok(s, 0, "b", CHOICE_SKIPPED);
    item_ok(s, 0, "c", CHOICE_NONE);
    assert_trail(s, "item.started each\nitem.ended each done\nitem.started each\nitem.started each\n"
                    "item.ended each skipped\nitem.started each\n");
    assert_int_equal(each->item_count, 3);
    assert_string_equal(each->items[1].name, "b");
    assert_true(each->items[0].done && each->items[1].done && !each->items[2].done);
    assert_false(each->items[1].found); /* it may be of its first try */
    scene_folds(s);
    /* what cannot have happened */
    struct event event = { .type = EVENT_ITEM_STARTED, .subject = "each", .value = "a" };
    refuse(s, event, "a is done already");
    event.value = NULL;
    refuse(s, event, "not done for each of many");
    event =
        (struct event){ .type = EVENT_ITEM_ENDED, .subject = "each", .value = "a", .choice = CHOICE_DONE };
    refuse(s, event, "not being done");
    event.value = "z";
    refuse(s, event, "not being done");
    event.value = NULL;
    refuse(s, event, "not being done");
    event =
        (struct event){ .type = EVENT_ITEM_ENDED, .subject = "each", .value = "c", .choice = CHOICE_UNKNOWN };
    refuse(s, event, "no item ends as \"unknown\"");
    /* what failed and left nothing behind has not begun */
    item_ok(s, 0, "c", CHOICE_FAILED);
    assert_int_equal(each->item_count, 2);
    /* what somebody else had done is not to be undone */
    item_ok(s, 0, "c", CHOICE_NONE);
    item_ok(s, 0, "c", CHOICE_SKIPPED);
    assert_true(each->items[2].done && each->items[2].found);
    scene_folds(s);
    scene_end(s, "each", OUTCOME_FAILED);
    event = (struct event){ .type = EVENT_ITEM_STARTED, .subject = "each", .value = "d" };
    refuse(s, event, "\"each\" is failed");
    assert_int_equal(item(s, 0, "d", CHOICE_NONE), ERR_CORRUPT);
    scene_ok(s, "mia", "start copy");
    refuse(s, (struct event){ .type = EVENT_ITEM_STARTED, .subject = "copy", .value = "d" },
           "not done for each of many");
    scene_close(s);
}

/* Many more than there was room for at first. */
static void test_many_items(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    scene_ok(s, "mia", "start each");
    for (int i = 0; i < 100; i++) {
        char name[20];
        snprintf(name, sizeof(name), "item %d", i);
        item_ok(s, 0, name, CHOICE_NONE);
        item_ok(s, 0, name, CHOICE_DONE);
    }
    assert_int_equal(work_of(s, "each", 0)->item_count, 100);
    assert_string_equal(work_of(s, "each", 0)->items[99].name, "item 99");
    scene_folds(s);
    scene_close(s);
}

/* ---- after a crash ---- */

static void test_resume_backfill(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    scene_ok(s, "mia", "start copy");
    progress(s, "copy", 0, 30, "after 30", NULL);
    scene_resume(s, "boot-1");
    const struct work *copy = work_of(s, "copy", 0);
    assert_state(s, "copy", STEP_FAILED); /* and not unknown: it does nothing twice */
    assert_true(s->run->steps[step_of(s, "copy")].effect);
    assert_false(copy->clean);
    assert_string_equal(copy->checkpoint, "after 30");
    assert_true(s->run->held);
    scene_folds(s);
    scene_ok(s, "mia", "release");
    scene_ok(s, "mia", "retry copy");
    assert_state(s, "copy", STEP_RUNNING);
    assert_int_equal(copy->attempt, 2);
    assert_string_equal(copy->checkpoint, "after 30");
    scene_close(s);
}

/* What became of its last part need not be known. */
static void test_lost_backfill(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    scene_ok(s, "mia", "start copy");
    progress(s, "copy", 0, 30, "after 30", NULL);
    scene_end(s, "copy", OUTCOME_AMBIGUOUS);
    assert_state(s, "copy", STEP_FAILED);
    assert_true(s->run->steps[step_of(s, "copy")].effect);
    scene_ok(s, "mia", "retry copy");
    assert_string_equal(work_of(s, "copy", 0)->checkpoint, "after 30");
    scene_close(s);
}

static void test_resume_entry(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    scene_run(s, "copy");
    scene_ok(s, "mia", "rollback");
    assert_state(s, "copy/1", STEP_RUNNING);
    progress(s, "copy", 1, 7, "back to 7", NULL);
    scene_resume(s, "boot-1");
    assert_state(s, "copy/1", STEP_PENDING);
    assert_string_equal(work_of(s, "copy", 1)->checkpoint, "back to 7");
    assert_true(s->run->steps[step_of(s, "copy")].effect);
    assert_true(s->run->rolling_back && s->run->held);
    (void)scene_trail(s);
    scene_ok(s, "mia", "release");
    assert_trail(s, "run.released\nstep.started copy/1\n");
    assert_string_equal(work_of(s, "copy", 1)->checkpoint, "back to 7");
    scene_close(s);
}

static void test_resume_compare(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    scene_run(s, "copy");
    scene_run(s, "each");
    scene_run(s, "bump");
    scene_ok(s, "mia", "start same");
    progress(s, "same", 0, 50, "chunk 5", NULL);
    scene_resume(s, "boot-1");
    assert_state(s, "same", STEP_PENDING); /* it only looks */
    assert_false(s->run->steps[step_of(s, "same")].effect);
    assert_string_equal(work_of(s, "same", 0)->checkpoint, "chunk 5");
    assert_true(s->run->held);
    scene_ok(s, "mia", "release");
    scene_ok(s, "mia", "start same");
    assert_string_equal(work_of(s, "same", 0)->checkpoint, "chunk 5");
    scene_close(s);
}

/* A mark is begun and done in one decision, of which a power cut can leave the first half. */
static void test_resume_mark(void **state)
{
    (void)state;
    struct scene *s = scene_filling();
    const struct event event = { .type = EVENT_STEP_STARTED,
                                 .subject = "fill.begin",
                                 .attempt = 1,
                                 .actor = "mia",
                                 .at = s->now,
                                 .seq = s->run->last_seq + 1 };
    assert_int_equal(run_apply(s->run, &event, &s->err), 0);
    assert_state(s, "fill.begin", STEP_RUNNING);
    scene_resume(s, "boot-1");
    assert_state(s, "fill.begin", STEP_PENDING);
    scene_close(s);
}

static void test_resume_items(void **state)
{
    static const struct {
        const char *ruling, *again;
    } rows[] = {
        { "rule each partial --reason x", "retry each" },
        { "rule each not-done --reason x", "start each" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene *s = scene_made();
        const struct work *each = work_of(s, "each", 0);
        scene_ok(s, "mia", "start each");
        item_ok(s, 0, "a", CHOICE_NONE);
        item_ok(s, 0, "a", CHOICE_DONE);
        item_ok(s, 0, "b", CHOICE_NONE);
        scene_resume(s, "boot-1");
        assert_state(s, "each", STEP_UNKNOWN);
        assert_int_equal(each->item_count, 2);
        assert_true(each->items[0].done && !each->items[1].done);
        scene_ok(s, "mia", rows[i].ruling);
        scene_ok(s, "mia", "release");
        scene_ok(s, "mia", rows[i].again);
        assert_int_equal(each->item_count, 2); /* so that only the second is done again */
        scene_folds(s);
        scene_close(s);
    }
}

/* ---- the way back ---- */

static void test_rollback_forgets(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    const struct work *copy = work_of(s, "copy", 0), *each = work_of(s, "each", 0);
    scene_ok(s, "mia", "start copy");
    progress(s, "copy", 0, 30, "after 30", NULL);
    scene_end(s, "copy", OUTCOME_OK);
    scene_ok(s, "mia", "start each");
    item_ok(s, 0, "a", CHOICE_NONE);
    item_ok(s, 0, "a", CHOICE_DONE);
    scene_end(s, "each", OUTCOME_OK);
    scene_ok(s, "mia", "rollback --to copy");
    assert_int_equal(each->item_count, 1); /* what has to be undone */
    item_ok(s, 1, "a", CHOICE_NONE);
    item_ok(s, 1, "a", CHOICE_DONE);
    scene_end(s, "each/1", OUTCOME_OK);
    assert_int_equal(each->item_count, 0);
    assert_string_equal(copy->checkpoint, "after 30");
    progress(s, "copy", 1, 3, "back", NULL);
    scene_end(s, "copy/1", OUTCOME_OK);
    assert_null(copy->checkpoint);
    assert_int_equal(copy->progress.rows, 0);
    assert_state(s, "copy", STEP_ROLLED_BACK);
    scene_folds(s);
    /* forward again: from the beginning, and what the undo had come to is of the time before */
    scene_ok(s, "mia", "release");
    scene_ok(s, "mia", "start copy");
    assert_null(work_of(s, "copy", 1)->checkpoint);
    scene_end(s, "copy", OUTCOME_OK);
    scene_ok(s, "mia", "start each");
    assert_int_equal(work_of(s, "each", 1)->item_count, 0);
    item_ok(s, 0, "a", CHOICE_NONE);
    scene_close(s);
}

static void test_mark(void **state)
{
    (void)state;
    struct scene *s = scene_filling();
    scene_ok(s, "mia", "start make");
    assert_int_equal(s->decision.count, 3); /* nothing can come between the mark and its step */
    assert_trail(s, "step.started fill.begin\nstep.ended fill.begin done\nstep.started make\n");
    scene_end(s, "make", OUTCOME_OK);
    (void)scene_trail(s);
    scene_run(s, "copy");
    assert_trail(s, "step.started copy\nstep.ended copy done\n"); /* once */
    assert_true(s->run->steps[step_of(s, "fill.begin")].effect);
    scene_ok(s, "mia", "rollback");
    scene_end(s, "copy/1", OUTCOME_OK);
    scene_end(s, "fill.begin/1", OUTCOME_OK);
    assert_trail(s, "rollback.started\nstep.started copy/1\nstep.ended copy/1 done\n"
                    "step.started make/1\nstep.ended make/1 done\n"
                    "step.started fill.begin/1\nstep.ended fill.begin/1 done\nrollback.ended done\n");
    assert_state(s, "fill.begin", STEP_ROLLED_BACK);
    scene_ok(s, "mia", "release");
    scene_ok(s, "mia", "vote go go");
    (void)scene_trail(s);
    scene_ok(s, "mia", "start make");
    assert_trail(s, "step.started fill.begin\nstep.ended fill.begin done\nstep.started make\n");
    scene_folds(s);
    scene_close(s);
}

/* Who puts the mark off puts off nothing: the phase would be without its rollback. */
static void test_mark_put_off(void **state)
{
    static const char *const words[] = { "start make", "start fill.begin", "next" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct scene *s = scene_filling();
        scene_ok(s, "jo", "override fill.begin --reason later");
        assert_state(s, "fill.begin", STEP_DEFERRED);
        scene_ok(s, "mia", words[i]);
        assert_true(s->decision.count > 0);
        assert_state(s, "fill.begin", STEP_DONE);
        assert_true(s->run->steps[step_of(s, "fill.begin")].effect);
        scene_folds(s);
        scene_close(s);
    }
}

/* What a rollback of the phase undoes is in its list as the oldest, and a phase without it is not complete.
 */
static void test_mark_counts(void **state)
{
    size_t list[8];
    (void)state;
    struct scene *s = scene_made();
    assert_int_equal(run_rollback_list(s->run, BOOK_NONE, list, ARRAY_LEN(list)), 2);
    assert_int_equal(list[1], step_of(s, "fill.begin"));
    scene_close(s);

    s = scene_filling();
    size_t phase = s->book->steps[step_of(s, "make")].phase;
    static const char *const steps[] = { "make", "copy", "each", "bump", "same" };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        /* as if a journal had no mark */
        struct event event = { .type = EVENT_STEP_STARTED,
                               .subject = steps[i],
                               .attempt = 1,
                               .actor = "mia",
                               .at = s->now,
                               .seq = s->run->last_seq + 1 };
        assert_int_equal(run_apply(s->run, &event, &s->err), 0);
        event.type = EVENT_STEP_ENDED;
        event.choice = CHOICE_DONE;
        event.seq++;
        assert_int_equal(run_apply(s->run, &event, &s->err), 0);
    }
    assert_false(run_phase_complete(s->run, phase));
    assert_int_equal(run_next_step(s->run), step_of(s, "fill.begin"));
    scene_no(s, "mia", "vote done go", RULE_ORDER, "fill.begin");
    scene_ok(s, "mia", "next");
    assert_true(run_phase_complete(s->run, phase));
    scene_close(s);
}

/* ---- beside ---- */

static void test_notify(void **state)
{
    (void)state;
    struct scene *s = scene_open(book);
    scene_ok(s, "mia", "start told");
    scene_ok(s, "mia", "start look"); /* nobody waits for it */
    scene_end(s, "look", OUTCOME_OK);
    scene_no(s, "mia", "vote go go", RULE_ORDER, "\"told\" is running");
    scene_end(s, "told", OUTCOME_FAILED);
    assert_state(s, "told", STEP_FAILED);
    assert_int_equal(run_step_shown(s->run, step_of(s, "told")), STEP_FAILED);
    assert_true(run_step_complete(s->run, step_of(s, "told")));
    assert_false(s->run->held);
    assert_false(s->run->steps[step_of(s, "told")].effect);
    scene_ok(s, "mia", "vote go go");
    assert_int_equal(s->run->gates[0].decision, CHOICE_GO);
    scene_ok(s, "mia", "retry told"); /* and it can be tried again */
    scene_folds(s);
    scene_close(s);

    /* Whether it was heard nobody knows: that is said, nothing waits, and only a person sends it again. */
    s = scene_open(book);
    scene_ok(s, "mia", "start told");
    scene_resume(s, "boot-1");
    assert_state(s, "told", STEP_FAILED);
    assert_string_equal(work_of(s, "told", 0)->text,
                        "the runner ended while it was sent: it may have been delivered");
    scene_ok(s, "mia", "release");
    assert_int_equal(run_next_step(s->run), step_of(s, "look"));
    scene_ok(s, "mia", "retry told");
    scene_folds(s);
    scene_close(s);
}

static void test_background(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    scene_ok(s, "mia", "start copy");
    assert_int_equal(run_next_step(s->run), step_of(s, "each"));
    scene_ok(s, "mia", "next");
    assert_state(s, "each", STEP_RUNNING);
    assert_state(s, "copy", STEP_RUNNING);
    scene_no(s, "mia", "start bump", RULE_ORDER, "\"copy\" is running"); /* it says after */
    scene_end(s, "each", OUTCOME_OK);
    scene_no(s, "mia", "start bump", RULE_ORDER, "\"copy\" is running");
    scene_no(s, "mia", "start same", RULE_ORDER, "\"copy\" is running"); /* it judges all of it */
    scene_no(s, "mia", "vote done go", RULE_ORDER, "\"copy\" is running");
    assert_false(run_phase_complete(s->run, s->book->steps[step_of(s, "copy")].phase));
    scene_end(s, "copy", OUTCOME_FAILED);
    scene_no(s, "mia", "start bump", RULE_ORDER, "\"copy\" is failed");
    scene_run(s, "copy");
    scene_run(s, "bump");
    scene_no(s, "mia", "start last", RULE_ORDER, "\"same\" is pending");
    scene_run(s, "same");
    scene_no(s, "mia", "start last", RULE_GATE, "done");
    scene_ok(s, "mia", "vote done go");
    scene_run(s, "last");
    scene_folds(s);
    scene_close(s);
}

/* ---- just now ---- */

static void assert_now(struct scene *s, bool want, const char *why)
{
    const struct condition *condition = &s->book->steps[step_of(s, "copy")].backfill->throttle[0];
    struct buf buf;
    buf_init(&buf, 500);
    bool holds = run_condition_now(s->run, condition, s->now, &buf);
    if (holds != want || (!want && strcmp(buf_str(&buf), why) != 0))
        fail_msg("%s, and \"%s\"", holds ? "it holds" : "it does not hold", buf_str(&buf));
    buf_finish(&buf);
}

static void test_condition_now(void **state)
{
    (void)state;
    struct scene *s = scene_open(book);
    assert_now(s, false, "lag.seconds is not known: no sample yet");
    scene_sample(s, "lag", "seconds", 4.5);
    assert_now(s, true, NULL);
    scene_sample(s, "lag", "seconds", 5);
    assert_now(s, false, "lag.seconds is not < 5");
    scene_sample(s, "lag", "bytes", 5);
    assert_now(s, false, "lag.seconds is not known");
    scene_sample(s, "lag", NULL, 0);
    assert_now(s, false, "lag.seconds is not known: connection lost");
    scene_sample(s, "lag", "seconds", 1);
    scene_wait(s, 3 * SECOND_US);
    assert_now(s, true, NULL);
    scene_wait(s, 1);
    assert_now(s, false, "lag.seconds is not known: stale");
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_awaited),
        cmocka_unit_test(test_foreseen),
        cmocka_unit_test(test_progress_text),
        cmocka_unit_test(test_progress_refused),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_many_items),
        cmocka_unit_test(test_resume_backfill),
        cmocka_unit_test(test_lost_backfill),
        cmocka_unit_test(test_resume_entry),
        cmocka_unit_test(test_resume_compare),
        cmocka_unit_test(test_resume_mark),
        cmocka_unit_test(test_resume_items),
        cmocka_unit_test(test_rollback_forgets),
        cmocka_unit_test(test_mark),
        cmocka_unit_test(test_mark_put_off),
        cmocka_unit_test(test_mark_counts),
        cmocka_unit_test(test_notify),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_condition_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
