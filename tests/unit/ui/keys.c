#include "unit.h"

#include "../../../src/ui/keys.h"
#include "scene.h"

/* A key of the table, pressed at a moment: what is asked for and what the screen says. */
static const struct {
    const char *name; /* of the row that this is about */
    const char *moment, *keys;
    const char *requests;
    const char *has, *has_not; /* on the screen afterwards; NULL: not looked at */
} cases[] = {
    { "Enter", "opened", "<Enter>", "action start versions\n", NULL, NULL },
    { "Enter", "gate", "<Enter>", "flush\n", "GO / NO-GO", NULL },
    { "Enter", "tick-dialog", "<Esc><Enter>", "flush\n", "what did you see", NULL },
    { "Enter", "no-return-dialog", "<Esc><Enter>", "flush\n", "This cannot be undone.", NULL },
    { "Enter", "unknown", "<Enter>", "flush\n", "what did it do?", NULL },
    { "Enter", "held", "<Enter>", "", "held: r releases", NULL },
    { "Enter", "swapping", "<Enter>", "", "a step runs", NULL },
    { "Enter", "through", "<Enter>", "flush\n", "Close the run?", NULL },
    { "Enter", "rolled-back", "<Enter>", "flush\n", "Close the run as ABORTED?", NULL },
    { "Enter", "rolled-back", "<Enter><Enter>", "flush\n", "Enter close the run as aborted",
      "Close the run as" },
    { "Enter", "rolled-back", "/backfill<Enter><Enter>", "action start backfill\n", NULL, NULL },
    { "Enter", "rolled-back", "/fence<Enter><Enter>", "", "nothing begins before all that it depends on",
      NULL },
    { "Enter", "rolled-back", "g<Enter>", "", "nothing is to be started there", "Close the run" },
    { "Enter", "closed", "<Enter>", "", "the run is over", NULL },
    { "Enter", "halted", "<Enter>", "", "HALTED, nothing new is done: journal: cannot write", NULL },
    { "Space", "halted", " ", "", "HALTED, nothing new is done: journal: cannot write", "HOLD" },
    { "c", "halted", "c", "", "HALTED, nothing new is done: journal: cannot write", "Cancel it?" },
    { "x", "halted", "x", "", "HALTED, nothing new is done: journal: cannot write", "SCRUB" },
    { ":", "halted", ":", "", "HALTED, nothing new is done: journal: cannot write", NULL },
    { "q", "halted", "q", "detach\n", NULL, NULL },
    { "Space", "opened", " ", "action hold\n", NULL, NULL },
    { "Space", "swapping", " ", "action hold\n", NULL, NULL },
    { "Space", "rolling-back", " ", "action hold\n", NULL, NULL },
    { "Space", "closed", " ", "", "the run is over", NULL },
    { "r", "held", "r", "flush\n", "RELEASE THE HOLD", NULL },
    { "r", "opened", "r", "", "the run is not held", "RELEASE" },
    { "t", "tick-dialog", "<Esc>t", "flush\n", "what did you see", NULL },
    { "t", "tick-dialog", "<Esc>jt", "", "another role has to do this", NULL },
    { "t", "swapping", "t", "", "no box waits for a tick now", NULL },
    { "u", "ticked", "gju", "action untick backup-age\n", NULL, NULL },
    { "u", "gate", "gju", "", "a phase after that of \"backup-age\" has begun", NULL },
    { "v", "gate", "v", "flush\n", "GO / NO-GO", NULL },
    { "c", "swapping", "c", "flush\n", "Cancel it?", NULL },
    { "K", "swapping", "K", "flush\n", "Type 31568, then the reason.", NULL },
    { "K", "opened", "K", "", "who stands in the way is not known (", "KILL" },
    { "K", "stale", "K", "", "who stands in the way is not known (", "KILL" },
    { "K", "gate", "K", "", "nobody waits for anybody", "KILL" },
    { "K", "pausing", "K", "", "is not known (the book has", "KILL" },
    { "K", "lost", "K", "", "LINK LOST, nothing was done", "KILL" },
    { "K", "closed", "K", "", "the run is over", "KILL" },
    { "u", "opened", "u", "", "the selected step is no box that is ticked", NULL },
    { "v", "closed", "v", "", "the run is over", NULL },
    { "C", "opened", "C", "", "no step has left anything behind that is known", NULL },
    { "p", "opened", "p", "", "no step is unknown", NULL },
    { "U", "opened", "U", "", "no step is unknown", NULL },
    { "x", "closed", "x", "", "the run is over", NULL },
    { ":", "closed", ":", "", "the run is over", NULL },
    { "t", "rolling-back", "t", "action tick fence\n", NULL, NULL },
    { "Enter", "rolling-back", "<Enter>t", "flush\naction tick fence\n", NULL, NULL },
    { "c", "rolling-back", "cc", "flush\naction cancel fence\n", NULL, NULL },
    { "c", "opened", "c", "", "no step runs", NULL },
    { "e", "failed", "e", "action retry swap-column\n", NULL, NULL },
    { "C", "leftover", "C", "action clean swap-column\n", NULL, NULL },
    { "p", "unknown", "p", "action probe swap-column\n", NULL, NULL },
    { "U", "unknown", "U", "flush\n", "RULE AN UNKNOWN STEP", NULL },
    { "o", "gate", "o", "", "the approver is not the operator", NULL },
    { "R", "through", "<Esc>R", "", "what cannot be undone has run", NULL },
    { "e", "retry-held", "e", "", "no step has failed", NULL },
    { "c", "lost", "c", "", "LINK LOST, nothing was done: the runner does not answer", "Cancel it?" },
    { "Space", "lost", " ", "", "LINK LOST, nothing was done: the runner does not answer", "HOLD" },
    { "Enter", "lost", "<Enter>", "", "LINK LOST, nothing was done", NULL },
    { ":", "lost", ":", "", "LINK LOST, nothing was done", NULL },
    { "n", "lost", "n", "", "LINK LOST, nothing was done", "NOTE FOR" },
    { "z", "lost", "z", "", "1 PHASES", "2 STEP" },
    { "q", "lost", "q", "detach\n", NULL, NULL },
    { "R", "failed", "R", "flush\n", "3 steps are undone", NULL },
    { "R", "opened", "R", "", "nothing has run that has to be undone", NULL },
    { "x", "opened", "x", "flush\n", "SCRUB", NULL },
    { "n", "opened", "n", "", "NOTE FOR THE TRAIL", NULL },
    { "Tab", "swapping", "<Tab>z", "", "2 STEP", "1 PHASES" },
    { "Tab", "swapping", "<Tab><Tab>z", "", "3 GATE", "2 STEP" },
    { "Shift-Tab", "swapping", "<BackTab>z", "", "6 LOG", "1 PHASES" },
    { "1-4", "swapping", "4z", "", "4 LAG", "1 PHASES" },
    { "5-8", "swapping", "5z", "", "31673", "1 PHASES" },
    { "5-8", "swapping", "7", "", "7 PROGRESS", "1 PHASES" },
    { "5-8", "swapping", "8", "", "29011", "1 PHASES" },
    { "z", "swapping", "z", "", "1 PHASES", "2 STEP" },
    { "z", "swapping", "zz", "", "2 STEP", NULL },
    { "Up k", "swapping", "k", "", "STEP 8/14 fence", NULL },
    { "Up k", "swapping", "<Up><Up>", "", "STEP 7/14 stop-jobs", NULL },
    { "Down j", "swapping", "j", "", "STEP 10/14 settled", NULL },
    { "Down j", "swapping", "<Down><Down>", "", "STEP 11/14 route-traffic", NULL },
    { "PgUp", "swapping", "<PgUp>", "", "STEP 1/14 versions", NULL },
    { "PgDn", "opened", "<PgDn>", "", "/14", "STEP 1/14" },
    { "g Home", "swapping", "g", "", "STEP 1/14 versions", NULL },
    { "g Home", "swapping", "<Home>", "", "STEP 1/14 versions", NULL },
    { "G End", "swapping", "G", "", "STEP 14/14 drop-old", NULL },
    { "G End", "swapping", "6g", "", "lines below", NULL },
    { "G End", "swapping", "6g<End>", "", "follows", "lines below" },
    { "Esc", "swapping", "G<Esc>", "", "STEP 9/14", NULL },
    { "Esc", "swapping", "z<Esc>", "", "2 STEP", NULL },
    { "Esc", "swapping", "f<Esc>", "", "RUNNING", "FROZEN" },
    { "/", "swapping", "/smo<Enter>", "", "STEP 12/14 smoke", NULL },
    { "/", "swapping", "/SMOKE test<Enter>", "", "STEP 12/14 smoke", NULL },
    { "/", "swapping", "/nonesuch<Enter>", "", "\"nonesuch\": nothing", NULL },
    { "/", "swapping", "6/backfill<Enter>", "", "step backfill", NULL },
    { "]", "opened", "/lag<Enter>]", "", "STEP 6/14 lag-small", NULL },
    { "]", "opened", "/re<Enter>]", "", "STEP 6/14 lag-small", NULL },
    { "[", "opened", "/re<Enter>][", "", "STEP 3/14", NULL },
    { ":", "opened", ":hold the shop is slow<Enter>", "action hold \"the shop is slow\"\n", NULL, NULL },
    { "f", "swapping", "f", "", "FROZEN", NULL },
    { "f", "swapping", "ff", "", "RUNNING", "FROZEN" },
    { "Ctrl-L", "swapping", "<C-l>", "repaint\n", NULL, NULL },
    { "?", "swapping", "?", "", "KEYS THAT WORK HERE", NULL },
    { "?", "opened", "?<Enter>", "action start versions\n", NULL, "KEYS THAT WORK HERE" },
    { "?", "opened", "?j<Enter>", "action hold\n", NULL, "KEYS THAT WORK HERE" },
    { "q", "swapping", "q", "detach\n", NULL, NULL },
    { "mouse", "swapping", "", "", NULL, NULL }, /* below */
};

static void check(struct scene *scene, size_t index, const char *keys, const char *want, const char *has,
                  const char *has_not)
{
    struct buf requests;
    buf_init(&requests, 65536);
    (void)scene_draw(scene, 24, 80);
    scene_requests(scene, &requests); /* of the way to this moment */
    buf_clear(&requests);
    scene_type(scene, keys);
    scene_requests(scene, &requests);
    const char *text = scene_draw(scene, 24, 80);
    if (strcmp(buf_str(&requests), want) != 0)
        fail_msg("case %zu, keys %s: asks for \"%s\" instead of \"%s\"\n%s", index, keys, buf_str(&requests),
                 want, text);
    if (has != NULL && strstr(text, has) == NULL)
        fail_msg("case %zu, keys %s: no \"%s\" in\n%s", index, keys, has, text);
    if (has_not != NULL && strstr(text, has_not) != NULL)
        fail_msg("case %zu, keys %s: \"%s\" in\n%s", index, keys, has_not, text);
    buf_finish(&requests);
}

static void test_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene *scene = moment_play(cases[i].moment, false);
        check(scene, i, cases[i].keys, cases[i].requests, cases[i].has, cases[i].has_not);
        scene_destroy(scene);
    }
}

/* That nobody is in the way is said of a fresh sample only, and of which step. */
static void test_nobody_in_the_way(void **state)
{
    (void)state;
    struct scene *scene = moment_play("swapping", false);
    scene_wait(scene, SECOND_US);
    scene_locks(scene, 0);
    check(scene, 0, "K", "", "nobody stands in the way of swap-column", "KILL");
    scene_wait(scene, 60 * SECOND_US);
    check(scene, 1, "K", "", "who stands in the way is not known (", "nobody stands");
    scene_destroy(scene);
}

/* The runner of a run that is over ends: no screen calls that a lost link. */
static void test_over(void **state)
{
    (void)state;
    struct scene *scene = moment_play("closed", false);
    ui_link(scene->ui, UI_LINK_LOST, "the run is over, its runner has ended");
    check(scene, 0, " ", "", "the run is over, its runner has ended", "LINK LOST");
    assert_non_null(strstr(scene_draw(scene, 24, 80), "OVER"));
    scene_destroy(scene);
}

/* Tries are counted as the book's limit counts them: anew when a person starts or retries the step. */
static void test_tries(void **state)
{
    (void)state;
    struct scene *scene = moment_play("failed", false);
    assert_non_null(strstr(scene_draw(scene, 24, 80), "try 1/5"));
    (void)scene_do(scene, "mia", VERB_RETRY, "swap-column", CHOICE_NONE, NULL);
    assert_non_null(strstr(scene_draw(scene, 24, 80), "RUNNING"));
    assert_non_null(strstr(scene_draw(scene, 24, 80), "try 1/5"));
    scene_destroy(scene);
}

/* No code stands in two rows that work in the same place. */
static void test_no_clash(void **state)
{
    (void)state;
    for (size_t i = 0; i < keys_count() * KEY_CODES; i++) {
        const struct key_row *row = keys_row(i / KEY_CODES);
        uint32_t code = row->codes[i % KEY_CODES];
        for (size_t k = i + 1; code != 0 && k < keys_count() * KEY_CODES; k++) {
            const struct key_row *other = keys_row(k / KEY_CODES);
            assert_true(code != other->codes[k % KEY_CODES] || (row->in & other->in) == 0);
        }
    }
}

static const struct {
    const char *keys, *requests, *has;
} replayed[] = {
    { " ", "replay play record\n", NULL },
    { "<Right>l", "replay next record\nreplay next record\n", NULL },
    { "<Left>h", "replay previous record\nreplay previous record\n", NULL },
    { "][", "replay faster record\nreplay slower record\n", NULL },
    { "dD", "replay next decision\nreplay previous decision\n", NULL },
    { "fF", "replay next failure\nreplay previous failure\n", NULL },
    { "tT", "replay next trigger\nreplay previous trigger\n", NULL },
    { "g<Home>", "replay first record\nreplay first record\n", NULL },
    { "G<End>", "replay last record\nreplay last record\n", NULL },
    { "n", "", "nothing was searched for yet" },
    { "/swap<Enter>", "replay next record \"swap\"\n", NULL },
    { "/swap<Enter>n", "replay next record \"swap\"\nreplay next record \"swap\"\n", NULL },
    { "/swap<Enter>N", "replay next record \"swap\"\nreplay previous record \"swap\"\n", NULL },
    { ":120<Enter>", "replay go record \"120\"\n", NULL },
    { "q", "detach\n", NULL },
    { "z", "", "REPLAY playing x4" },
    { "?", "", "the next decision" },
    /* What would act does not. */
    { "<Enter>", "", NULL },
    { "rvceCpUoRx", "", NULL },
    { "? ", "", NULL },
};

static bool has_case(const struct key_row *row)
{
    char pressed[32];
    const char *space = strchr(row->name, ' ');
    int len = space != NULL ? (int)(space - row->name) : (int)strlen(row->name);
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        if (row->in != KEYS_REPLAY && strcmp(cases[k].name, row->name) == 0)
            return true;
    }
    if (row->codes[0] == ' ')
        (void)snprintf(pressed, sizeof(pressed), " ");
    else if (len == 1)
        (void)snprintf(pressed, sizeof(pressed), "%.1s", row->name);
    else
        (void)snprintf(pressed, sizeof(pressed), "<%.*s>", len, row->name);
    for (size_t k = 0; k < ARRAY_LEN(replayed); k++) {
        if (row->in == KEYS_REPLAY && strstr(replayed[k].keys, pressed) != NULL)
            return true;
    }
    return false;
}

/* Every row of the table of keys has a case here, so that a new key needs one. */
static void test_all_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < keys_count(); i++) {
        if (!has_case(keys_row(i)))
            fail_msg("no case for the key %s", keys_row(i)->name);
    }
}

/* Nothing that is said in a replay gets among what had happened. */
static void test_replay_says(void **state)
{
    (void)state;
    struct scene *scene = moment_replay("held", false);
    ui_reply(scene->ui, "no trigger that fired after here");
    assert_non_null(strstr(scene_draw(scene, 24, 80), "\n no trigger that fired"));
    scene_type(scene, "j");
    assert_null(strstr(scene_draw(scene, 24, 80), "no trigger that fired"));
    scene_destroy(scene);
}

/* In a replay no key asks for an action, and no question is put. */
static void test_replay(void **state)
{
    static const char *const names[] = { "failed", "trigger", "unknown", "held", "gate" };
    (void)state;
    for (size_t m = 0; m < ARRAY_LEN(names); m++) {
        for (size_t i = 0; i < ARRAY_LEN(replayed); i++) {
            struct scene *scene = moment_replay(names[m], false);
            check(scene, i, replayed[i].keys, replayed[i].requests, replayed[i].has, "Cancel");
            scene_destroy(scene);
        }
    }
}

static const struct {
    const char *moment, *keys, *requests, *has;
} watched[] = {
    { "opened", "<Enter>", "", "you are watching" },
    { "opened", " ", "action hold\n", "WATCHING" },
    { "gate", "v", "flush\n", "GO / NO-GO" },
    { "gate", "<Enter>", "flush\n", "GO / NO-GO" },
    { "gate", "vgo-cutover<Enter>", "flush\naction vote go-cutover go\n", NULL },
    { "failed", "e", "", "you are watching" },
    { "failed", "R", "", "you are watching" },
    { "swapping", "c", "", "you are watching" },
    { "held", "r", "", "you are watching" },
    { "unknown", "U", "", "you are watching" },
    { "opened", "x", "", "you are watching" },
    { "opened", ":start versions<Enter>", "", "you are watching" },
    { "opened", ":hold<Enter>", "action hold\n", NULL },
    { "opened", "nall quiet<Enter>", "action note \"all quiet\"\n", NULL },
    { "tick-dialog", "<Esc>jt", "action tick rollback-read\n", NULL },
    { "gate", "o", "flush\n", "OVERRIDE" },
    { "trigger", "<Esc>", "", "TRIGGER" },
};

/* A watcher holds, votes and notes; everything else says why not, and a trigger's decision is not put to
 * them. */
static void test_watcher(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(watched); i++) {
        struct scene *scene = moment_watch(watched[i].moment);
        check(scene, i, watched[i].keys, watched[i].requests, watched[i].has, "Stay held");
        scene_destroy(scene);
    }
}

/* Another one than the operator, who did not say --watch. */
static const struct {
    const char *moment, *keys, *requests, *has, *has_not;
} other[] = {
    { "opened", "<Enter>", "", "only the operator executes", "Enter start" },
    { "opened", ":start versions<Enter>", "", "start: only the operator executes", NULL },
    { "held", "r", "", "r: only the operator executes, and that is mia", "r release" },
    { "held", "<Enter>", "", "held: only the operator releases", NULL },
    { "failed", "<Enter>", "", "a step failed: it is for the operator to go on", "e retry" },
    { "gate", "<Enter>", "flush\n", "GO / NO-GO", NULL },
    { "trigger", "", "", "TRIGGER", "Stay held" },
    { "opened", " ", "action hold\n", "Space HOLD", NULL },
};

static void test_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(other); i++) {
        struct scene *scene = moment_other(other[i].moment);
        check(scene, i, other[i].keys, other[i].requests, other[i].has, other[i].has_not);
        scene_destroy(scene);
    }
}

/* What came of a key that is offered: nothing that anybody refuses. */
static void assert_not_refused(struct scene *scene, const char *moment, const char *who, const char *key)
{
    if (scene->ui->message.len > 0 && scene->ui->message_style == ROLE_BAD)
        fail_msg("%s, %s: %s is offered, and then: %s", moment, who, key, buf_str(&scene->ui->message));
    for (;;) {
        struct ui_request request = ui_request(scene->ui);
        struct input input = { .type = INPUT_ACTION, .now = scene->now, .action = request.action };
        struct decision decision;
        struct err err = ERR_INIT;
        if (request.type == UI_REQUEST_NONE)
            return;
        if (request.type == UI_REQUEST_ACTION &&
            decide(scene->run, &input, scene->arena, &decision, &err) < 0)
            fail_msg("%s, %s: %s is offered and refused: %s", moment, who, key, err.message);
    }
}

/* Whatever the key bar and the help offer, in every state and to everybody, is not refused; and where the
 * link is lost nothing is offered that would have to be sent. */
static void test_offered(void **state)
{
    static const struct {
        const char *who;
        struct scene *(*play)(const char *name);
    } people[] = { { "mia", moment_operator }, { "jo watching", moment_watch }, { "jo", moment_other } };
    static const char *const names[] = { "opened",       "tick-dialog", "gate",        "swapping",
                                         "retry-held",   "failed",      "leftover",    "unknown",
                                         "held",         "trigger",     "rolled-back", "lost",
                                         "rolling-back", "halted",      "through",     "closed" };
    (void)state;
    for (size_t m = 0; m < ARRAY_LEN(names) * ARRAY_LEN(people); m++) {
        const char *moment = names[m / ARRAY_LEN(people)], *who = people[m % ARRAY_LEN(people)].who;
        struct scene *scene = people[m % ARRAY_LEN(people)].play(moment);
        scene_type(scene, "<Esc>");
        (void)scene_draw(scene, 24, 80);
        for (size_t i = 0; i < keys_count(); i++) {
            const struct key_row *row = keys_row(i);
            struct ui_key key = { .code = row->codes[0] };
            if (row->codes[0] == KEY_CODE_MOUSE || !key_offered(scene->ui, row))
                continue;
            while (ui_request(scene->ui).type != UI_REQUEST_NONE) /* of the way to this moment */
                ;
            ui_key(scene->ui, &key, scene->now);
            assert_not_refused(scene, moment, who, row->name);
            scene_type(scene, "<Esc><Esc><Esc>");
        }
        scene_destroy(scene);
    }
}

static const char *enter_label(const struct scene *scene, struct buf *buf)
{
    buf_clear(buf);
    keys_enter_label(scene->ui, buf);
    return buf_str(buf);
}

/* What the key bar says of Enter is never refused to a watcher, and what they may do is offered. */
static void test_watchers_enter(void **state)
{
    (void)state;
    static const struct {
        const char *moment, *operators, *watchers;
    } labels[] = {
        { "opened", "start versions", "" },
        { "unknown", "rule swap-column", "" },
        { "through", "close the run", "" },
        { "gate", "vote go-cutover", "vote go-cutover" },
        { "tick-dialog", "tick backup-age", "tick rollback-read" },
    };
    struct buf buf;
    buf_init(&buf, 1024);
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        struct scene *scene = moment_play(labels[i].moment, false);
        assert_string_equal(enter_label(scene, &buf), labels[i].operators);
        scene_destroy(scene);
        scene = moment_watch(labels[i].moment);
        assert_string_equal(enter_label(scene, &buf), labels[i].watchers);
        scene_destroy(scene);
    }
    for (size_t i = 0; i < moment_count(); i++) {
        struct scene *scene = moment_watch(moment_name(i));
        scene_type(scene, "<Esc>");
        bool offered = *enter_label(scene, &buf) != '\0';
        scene_type(scene, "<Enter>");
        if (offered && strstr(scene_draw(scene, 24, 80), "you are watching") != NULL)
            fail_msg("%s: Enter is offered and refused", moment_name(i));
        scene_destroy(scene);
    }
    buf_finish(&buf);
}

/* What was being asked when the runner halted is not sent; another runner ends it. */
static void test_halted_meanwhile(void **state)
{
    (void)state;
    struct scene *scene = moment_play("vote-dialog", false);
    ui_halted(scene->ui, "no space");
    assert_true(ui_bell(scene->ui));
    check(scene, 0, "over<Enter>", "", "HALTED, nothing new is done: no space", NULL);
    check(scene, 0, "<Esc>z", "", "HALTED  no space", NULL);
    assert_non_null(strstr(scene_draw(scene, 10, 40), "HALTED  no space"));
    ui_set_run(scene->ui, scene->run, NULL);
    assert_null(strstr(scene_draw(scene, 24, 80), "HALTED"));
    check(scene, 0, " ", "action hold\n", NULL, NULL);
    scene_destroy(scene);
}

static void mouse(struct scene *scene, uint32_t code, int row, int column)
{
    struct ui_key key = { code, row, column };
    ui_key(scene->ui, &key, scene->now);
}

/* The row of the screen in which a text stands first; -1. */
static int row_of(const char *screen, const char *text)
{
    const char *at = strstr(screen, text);
    int row = 0;
    if (at == NULL)
        return -1;
    for (; screen < at; screen++)
        row += *screen == '\n';
    return row;
}

static void test_mouse(void **state)
{
    (void)state;
    struct scene *scene = moment_play("swapping", false);
    const char *screen = scene_draw(scene, 24, 80);
    mouse(scene, KEY_CODE_MOUSE, row_of(screen, " 7 stop-jobs"), 5);
    screen = scene_draw(scene, 24, 80);
    assert_non_null(strstr(screen, "STEP 7/14 stop-jobs"));
    /* On a row that is no step nothing is selected anew. */
    mouse(scene, KEY_CODE_MOUSE, row_of(screen, "gate go-route"), 5);
    screen = scene_draw(scene, 24, 80);
    assert_non_null(strstr(screen, "STEP 7/14 stop-jobs"));
    mouse(scene, KEY_CODE_WHEEL_UP, row_of(screen, "6 LOG") + 1, 40);
    screen = scene_draw(scene, 24, 80);
    assert_non_null(strstr(screen, "3 lines below"));
    mouse(scene, KEY_CODE_WHEEL_DOWN, row_of(screen, "6 LOG") + 1, 40);
    screen = scene_draw(scene, 24, 80);
    assert_null(strstr(screen, "lines below"));
    mouse(scene, KEY_CODE_MOUSE, -5, 1000);
    scene_destroy(scene);
}

/* Frozen: the panes stand still, the clock, HOLD and the run do not. */
static void test_freeze(void **state)
{
    (void)state;
    struct scene *scene = moment_play("swapping", false);
    (void)scene_draw(scene, 24, 80);
    scene_type(scene, "f");
    scene_quiet(scene, 30);
    const char *screen = scene_draw(scene, 24, 80);
    assert_non_null(strstr(screen, "FROZEN"));
    assert_non_null(strstr(screen, "02:06:34Z"));
    assert_non_null(strstr(screen, "31568"));
    assert_null(strstr(screen, "nobody waits"));
    scene_type(scene, " ");
    assert_int_equal(ui_request(scene->ui).action.verb, VERB_HOLD);
    scene_type(scene, "f");
    screen = scene_draw(scene, 24, 80);
    assert_non_null(strstr(screen, "nobody waits"));
    scene_type(scene, "f");
    screen = scene_draw(scene, 30, 90); /* another size: the picture would not fit */
    assert_null(strstr(screen, "FROZEN"));
    scene_destroy(scene);
}

/* The key bar names what Enter does, keeps HOLD at every width, and offers nothing that is not possible. */
static void test_key_bar(void **state)
{
    (void)state;
    struct scene *scene = moment_play("opened", false);
    for (int columns = 80; columns < 200; columns += 7) {
        const char *screen = scene_draw(scene, 24, columns);
        assert_non_null(strstr(screen, "Enter start versions"));
        assert_non_null(strstr(screen, "Space HOLD"));
        assert_null(strstr(screen, "R rollback"));
    }
    scene_destroy(scene);
}

/* What would be refused is not offered. */
static void test_watcher_key_bar(void **state)
{
    (void)state;
    struct scene *scene = moment_watch("opened");
    assert_null(strstr(scene_draw(scene, 24, 80), "Enter start"));
    assert_non_null(strstr(scene_draw(scene, 24, 80), "Space HOLD"));
    scene_destroy(scene);
    scene = moment_watch("gate");
    assert_non_null(strstr(scene_draw(scene, 24, 80), "Enter vote go-cutover"));
    scene_destroy(scene);
}

/* A time that runs out and then nothing happens would be a lie. */
static void test_retry_while_held(void **state)
{
    (void)state;
    struct scene *scene = moment_play("retrying", false);
    assert_non_null(strstr(scene_draw(scene, 24, 80), "RETRY in 00:0"));
    scene_do(scene, "mia", VERB_HOLD, NULL, CHOICE_NONE, NULL);
    assert_non_null(strstr(scene_draw(scene, 24, 80), "RETRY WAITS FOR RELEASE"));
    scene_destroy(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_nobody_in_the_way),
        cmocka_unit_test(test_tries),
        cmocka_unit_test(test_over),
        cmocka_unit_test(test_all_rows),
        cmocka_unit_test(test_no_clash),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_replay_says),
        cmocka_unit_test(test_halted_meanwhile),
        cmocka_unit_test(test_watcher),
        cmocka_unit_test(test_watchers_enter),
        cmocka_unit_test(test_other),
        cmocka_unit_test(test_offered),
        cmocka_unit_test(test_mouse),
        cmocka_unit_test(test_freeze),
        cmocka_unit_test(test_key_bar),
        cmocka_unit_test(test_watcher_key_bar),
        cmocka_unit_test(test_retry_while_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
