#include "unit.h"

#include "scene.h"

/* What comes of a row of keys at a moment; the first request of a dialog that decides is always to forget
 * what was typed ahead. */
struct dialog_case {
    const char *moment, *keys, *requests;
    const char *has; /* on the screen afterwards; NULL: not looked at */
};
static const struct dialog_case cases[] = {
    /* Enter alone, and Escape, decide nothing, in every dialog. */
    { "gate", "v<Enter>", "flush\n", "1 PHASES" },
    { "gate", "v<Esc>", "flush\n", NULL },
    { "failed", "R<Enter>", "flush\n", NULL },
    { "failed", "R<Esc>", "flush\n", NULL },
    { "failed", "R<C-c>", "flush\n", NULL },
    { "swapping", "c<Enter>", "flush\n", NULL },
    { "held", "r<Enter>", "flush\n", NULL },
    { "unknown", "U<Enter>", "flush\n", NULL },
    { "opened", "x<Enter>", "flush\n", NULL },
    { "opened", "n<Enter>", "", NULL },
    { "opened", ":<Enter>", "", NULL },
    { "opened", "/<Enter>", "", NULL },
    { "through", "<Enter><Enter>", "flush\n", NULL },
    { "tick-dialog", "<C-u><Enter>", "", NULL },
    { "no-return-dialog", "<Enter>", "", NULL },
    { "trigger", "<Enter>", "", "HELD" },
    { "trigger", "h", "", "HELD" },
    /* What was asked for is done. */
    { "vote-dialog", "over<Enter>", "action vote go-cutover go\n", NULL },
    { "gate", "vno-go<Enter>lag looks odd<Enter>",
      "flush\nflush\naction vote go-cutover no-go \"lag looks odd\"\n", NULL },
    { "gate", "vno-go<Enter><Enter>", "flush\nflush\naction vote go-cutover no-go\n", NULL },
    { "gate", "v<BackTab><Enter><Enter>", "flush\nflush\naction vote go-cutover no-go\n", NULL },
    { "failed", "Rrollback<Enter>", "flush\naction rollback\n", NULL },
    { "swapping", "cc", "flush\naction cancel swap-column\n", NULL },
    { "swapping", "c<Tab><Enter>", "flush\naction cancel swap-column\n", NULL },
    { "held", "rslow query is gone<Enter>", "flush\naction release \"slow query is gone\"\n", NULL },
    { "unknown", "Unot-done<Enter>looked myself<Enter>",
      "flush\naction rule swap-column not-done \"looked myself\"\n", NULL },
    { "opened", "xscrub<Enter>wrong night<Enter>", "flush\naction scrub \"wrong night\"\n", NULL },
    { "through", "<Enter>c", "flush\naction close\n", NULL },
    { "tick-dialog", " ok<Enter>", "action tick backup-age \"full backup 00:41Z ok\"\n", NULL },
    { "no-return-dialog", "route-traffic<Enter>", "action start route-traffic\n", NULL },
    { "trigger", "R", "flush\n", "Type rollback to begin." },
    { "trigger", "r", "flush\n", "RELEASE THE HOLD" },
    { "trigger", "Rrollback<Enter>", "flush\naction rollback\n", NULL },
    { "rolling-back", "<Enter><Tab><Enter>", "flush\naction tick fence\n", NULL },
    /* Nearly is not. */
    { "vote-dialog", "<Enter>", "", "that is not \"go-cutover\"" },
    { "vote-dialog", "OVER<Enter>", "", "that is not \"go-cutover\"" },
    { "failed", "Rrollbac<Enter>", "flush\n", "that is not \"rollback\"" },
    { "failed", "R<Tab><Tab><Enter>", "flush\n", "that is not \"rollback\"" },
    { "opened", "xscrub<Enter><Enter>", "flush\n", "reason is missing" },
    { "no-return-dialog", "route<Enter>", "", "that is not \"route-traffic\"" },
    { "gate", "v<Tab><Tab><Enter>", "flush\n", "that is not \"go-cutover\"" },
    /* Space holds unless free text is typed. */
    { "gate", "v ", "flush\naction hold\n", "GO / NO-GO" },
    { "vote-dialog", " over<Enter>", "action hold\naction vote go-cutover go\n", NULL },
    { "failed", "R ", "flush\naction hold\n", "ROLLBACK" },
    { "swapping", "K<Enter>", "flush\n", NULL },
    { "swapping", "K<Esc>", "flush\n", NULL },
    { "swapping", "K31568<Enter>a report<Enter>",
      "flush\naction kill locks:31568 cancel (" SCENE_SINCE ") \"a report\"\n", NULL },
    { "swapping", "K31569<Enter>", "flush\n", "that is not \"31568\"" },
    { "swapping", "K31568<Enter><Enter>", "flush\n", "reason is missing" },
    { "terminating", "<Enter>", "", NULL },
    { "terminating", "31568<Enter>still there<Enter>",
      "action kill locks:31568 terminate (" SCENE_SINCE ") \"still there\"\n", NULL },
    { "swapping", "c ", "flush\naction hold\n", "CANCEL" },
    { "swapping", "? ", "action hold\n", "KEYS" },
    { "trigger", " ", "action hold\n", "Stay held" },
    { "opened", "na b<Enter>", "action note \"a b\"\n", NULL },
    /* Editing. */
    { "opened", "nabc<BS><BS>x<Enter>", "action note \"ax\"\n", NULL },
    { "opened", "ngrün<BS><BS>oß<Enter>", "action note \"groß\"\n", NULL },
    { "opened", "nabc<C-u>d<Enter>", "action note \"d\"\n", NULL },
    { "opened", "n<BS><BS><C-u>d<Enter>", "action note \"d\"\n", NULL },
    { "opened", "n   <Enter>", "", NULL },
};

/* The second engineer's. */
static const struct dialog_case reviewers[] = {
    { "gate", "ogo-cutover.1<Tab>accepted<Enter>", "flush\naction override go-cutover.1 \"accepted\"\n",
      NULL },
    { "stale", "o<Enter>accepted<Enter>", "flush\naction override go-cutover.1 \"accepted\"\n", NULL },
};

static void check(struct scene *scene, const struct dialog_case *row)
{
    struct buf requests;
    buf_init(&requests, 65536);
    (void)scene_draw(scene, 24, 80);
    scene_requests(scene, &requests);
    buf_clear(&requests);
    scene_type(scene, row->keys);
    scene_requests(scene, &requests);
    const char *text = scene_draw(scene, 24, 80);
    if (strcmp(buf_str(&requests), row->requests) != 0)
        fail_msg("%s, keys %s: asks for \"%s\" instead of \"%s\"\n%s", row->moment, row->keys,
                 buf_str(&requests), row->requests, text);
    if (row->has != NULL && strstr(text, row->has) == NULL)
        fail_msg("%s, keys %s: no \"%s\" in\n%s", row->moment, row->keys, row->has, text);
    buf_finish(&requests);
    scene_destroy(scene);
}

static void test_dialogs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check(moment_play(cases[i].moment, false), &cases[i]);
    for (size_t i = 0; i < ARRAY_LEN(reviewers); i++)
        check(moment_watch(reviewers[i].moment), &reviewers[i]);
}

/* A long text is typed to its end and no further, and arrives whole. */
static void test_long_text(void **state)
{
    (void)state;
    struct scene *scene = moment_play("opened", false);
    scene_type(scene, "n");
    for (int i = 0; i < 3000; i++)
        scene_type(scene, "ß");
    (void)scene_draw(scene, 24, 80);
    scene_type(scene, "<Enter>");
    struct ui_request request = ui_request(scene->ui);
    assert_int_equal(request.action.verb, VERB_NOTE);
    assert_int_equal(strlen(request.action.text), 1000);
    assert_true(ui_bell(scene->ui));
    scene_destroy(scene);
}

/* The proposal of a trigger comes up once, waits until nothing else is asked, and comes up again when it
 * fires again. */
static void test_proposal(void **state)
{
    (void)state;
    struct scene *scene = moment_play("swapping", false);
    scene_waiting(scene, "swap-column", "");
    scene_end(scene, "swap-column", OUTCOME_OK, NULL, NULL);
    scene_type(scene, "nhalf a no");
    for (int i = 0; i < 10; i++) {
        scene_wait(scene, SECOND_US);
        scene_lag(scene, 90);
    }
    const char *text = scene_draw(scene, 24, 80);
    assert_non_null(strstr(text, "TRIGGER"));
    assert_null(strstr(text, "Stay held"));
    assert_true(ui_bell(scene->ui));
    scene_type(scene, "te<Enter>");
    text = scene_draw(scene, 24, 80);
    assert_non_null(strstr(text, "Stay held"));
    scene_type(scene, "h");
    text = scene_draw(scene, 24, 80);
    assert_null(strstr(text, "Stay held"));
    assert_non_null(strstr(text, "TRIGGER"));
    scene_destroy(scene);
}

/* What is killed is what was looked at: the dialog does not follow the panes, and the answer is held against
 * what is there by then. */
static void test_kill_is_frozen(void **state)
{
    (void)state;
    struct scene *scene = moment_play("swapping", false);
    struct buf requests;
    buf_init(&requests, 4096);
    scene_type(scene, "K");
    scene_locks(scene, 0);
    const char *text = scene_draw(scene, 24, 80);
    assert_non_null(strstr(text, "31568  report@10.0.4.7"));
    assert_non_null(strstr(text, "4 wait behind it:"));
    scene_type(scene, "31568<Enter>a report<Enter>");
    scene_carry_out(scene);
    text = scene_draw(scene, 24, 80);
    assert_non_null(strstr(text, "session 31568 is gone"));
    scene_type(scene, "K"); /* nobody is in the way any more */
    scene_requests(scene, &requests);
    assert_string_equal(buf_str(&requests), "");
    buf_finish(&requests);
    scene_destroy(scene);
}

/* Where several are in the way, the one whose pid is typed is looked at first. */
static void test_kill_which(void **state)
{
    (void)state;
    struct scene *scene = moment_play("swapping", false);
    scene_transactions(scene, 2);
    scene_type(scene, "8K");
    const char *text = scene_draw(scene, 24, 80);
    assert_non_null(strstr(text, "Type the pid of one of them."));
    scene_type(scene, "1<Enter>");
    text = scene_draw(scene, 24, 80);
    assert_non_null(strstr(text, "no session \"1\" was seen"));
    scene_destroy(scene);
}

/* A refusal stays in full until the next key, for five seconds, or until something happens; then the log has
 * it. */
static void test_refusal(void **state)
{
    (void)state;
    struct scene *scene = moment_play("opened", false);
    ui_reply(scene->ui,
             "undecided gate: \"go-expand\" stands before this step, and this sentence goes on for so long "
             "that one row of the screen is not enough for it to end");
    const char *text = scene_draw(scene, 24, 80);
    assert_non_null(strstr(text, "undecided gate"));
    assert_non_null(strstr(text, "for it to end"));
    ui_reply(scene->ui, "\033[2Jboo\xe2\x80\xae");
    text = scene_draw(scene, 24, 80);
    assert_non_null(strstr(text, "^[[2Jboo<U+202E>"));
    scene_type(scene, "j");
    text = scene_draw(scene, 24, 80);
    assert_null(strstr(text, "\n ^[[2Jboo"));
    assert_non_null(strstr(text, "refused: ^[[2Jboo"));

    ui_reply(scene->ui, "it stands for a while");
    (void)scene_draw(scene, 24, 80);
    scene->now.boot_us += 5 * SECOND_US - 1;
    assert_non_null(strstr(scene_draw(scene, 24, 80), "\n it stands"));
    scene->now.boot_us += 1;
    assert_null(strstr(scene_draw(scene, 24, 80), "\n it stands"));
    assert_non_null(strstr(scene_draw(scene, 24, 80), "refused: it stands"));

    ui_reply(scene->ui, "it is over soon");
    (void)scene_draw(scene, 24, 80);
    (void)scene_do(scene, "jo", VERB_NOTE, NULL, CHOICE_NONE, "nothing changes by that");
    scene->now.boot_us += 2 * SECOND_US;
    assert_non_null(strstr(scene_draw(scene, 24, 80), "\n it is over soon"));
    ui_reply(scene->ui, "it is over now");
    (void)scene_draw(scene, 24, 80);
    (void)scene_do(scene, "jo", VERB_HOLD, NULL, CHOICE_NONE, NULL);
    assert_non_null(strstr(scene_draw(scene, 24, 80), "\n it is over now")); /* nobody has read it yet */
    scene->now.boot_us += SECOND_US;
    assert_null(strstr(scene_draw(scene, 24, 80), "\n it is over now"));
    scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogs),    cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_proposal),   cmocka_unit_test(test_kill_is_frozen),
        cmocka_unit_test(test_kill_which), cmocka_unit_test(test_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
