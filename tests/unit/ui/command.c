#include "unit.h"

#include "scene.h"

static const struct {
    const char *line, *request; /* "": refused, and `says` is on the screen */
    const char *says;
} cases[] = {
    { "hold", "action hold\n", NULL },
    { "hold the shop is slow", "action hold \"the shop is slow\"\n", NULL },
    { "next", "action next\n", NULL },
    { "start versions", "action start versions\n", NULL },
    { "  start   versions  ", "action start versions\n", NULL },
    { "tick backup-age --evidence full backup 00:41Z", "action tick backup-age \"full backup 00:41Z\"\n",
      NULL },
    { "tick backup-age --evidence \"quoted words\" --role operator",
      "action tick backup-age as operator \"quoted words\"\n", NULL },
    { "tick backup-age --role operator --evidence x", "action tick backup-age as operator \"x\"\n", NULL },
    { "untick backup-age", "action untick backup-age\n", NULL },
    { "vote go-cutover go", "action vote go-cutover go\n", NULL },
    { "vote go-cutover no-go --reason lag looks odd", "action vote go-cutover no-go \"lag looks odd\"\n",
      NULL },
    { "vote go-cutover go --role reviewer", "action vote go-cutover go as reviewer\n", NULL },
    { "rule swap-column not-done --reason looked", "action rule swap-column not-done \"looked\"\n", NULL },
    { "break-glass go-cutover --reason nobody answers", "action break-glass go-cutover \"nobody answers\"\n",
      NULL },
    { "override go-cutover.1 --reason accepted", "action override go-cutover.1 \"accepted\"\n", NULL },
    { "rollback", "action rollback\n", NULL },
    { "rollback --to swap-column --reason 'too slow'", "action rollback swap-column \"too slow\"\n", NULL },
    { "release --reason all well", "action release \"all well\"\n", NULL },
    { "scrub --reason wrong night", "action scrub \"wrong night\"\n", NULL },
    { "note a - b -- c", "action note \"a - b -- c\"\n", NULL },
    { "kill 31568 --reason a report", "action kill 31568 \"a report\"\n", NULL },
    { "kill locks:31568 terminate --reason a report", "action kill locks:31568 terminate \"a report\"\n",
      NULL },
    { "kill 31568 now", "", "usage: kill" },
    { "close", "action close\n", NULL },
    { "probe swap-column", "action probe swap-column\n", NULL },
    { "frobnicate", "", "no action is called \"frobnicate\"" },
    { "rolback", "", "did you mean \"rollback\"?" },
    { "start", "", "usage: start STEP" },
    { "vote go-cutover", "", "usage: vote GATE" },
    { "vote go-cutover maybe", "", "usage: vote GATE" },
    { "vote --reason x", "", "usage: vote GATE" },
    { "note", "action note\n", NULL },
    { "start versions now", "", "usage: start STEP" },
    { "start versions --reason x", "", "start has no option \"--reason\"" },
    { "rollback --to", "", "--to wants a value" },
    { "close --role operator", "", "close has no option \"--role\"" },
};

static void test_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene *scene = moment_play("opened", false);
        struct buf requests;
        buf_init(&requests, 65536);
        scene_requests(scene, &requests);
        buf_clear(&requests);
        scene_type(scene, ":");
        scene_type(scene, cases[i].line);
        scene_type(scene, "<Enter>");
        scene_requests(scene, &requests);
        const char *text = scene_draw(scene, 40, 120);
        if (strcmp(buf_str(&requests), cases[i].request) != 0)
            fail_msg("%s: asks for \"%s\" instead of \"%s\"", cases[i].line, buf_str(&requests),
                     cases[i].request);
        if (cases[i].says != NULL && strstr(text, cases[i].says) == NULL)
            fail_msg("%s: no \"%s\" in\n%s", cases[i].line, cases[i].says, text);
        buf_finish(&requests);
        scene_destroy(scene);
    }
}

/* Every verb can be typed. */
static void test_all_verbs(void **state)
{
    (void)state;
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        bool found = false;
        size_t len = strlen(verb_word((enum verb)verb));
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
            found = found || (cases[i].request[0] != '\0' &&
                              strncmp(cases[i].line, verb_word((enum verb)verb), len) == 0);
        bool same_form = verb == VERB_CANCEL || verb == VERB_RETRY || verb == VERB_AGAIN ||
                         verb == VERB_CLEAN; /* as start */
        if (!found && !same_form)
            fail_msg("no case for %s", verb_word((enum verb)verb));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_all_verbs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
