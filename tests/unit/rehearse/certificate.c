/* A certificate: what is written is read back as the same, and what cannot be right is refused with its
 * place. */
#include "rehearse/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Single quotes stand for double ones. */
static const char sample[] =
    /*  1 */ "{'tminus_certificate':1,\n"
             /*  2 */ "'book':'b',\n"
             /*  3 */ "'book_sha256':'" HEX "',\n"
             /*  4 */ "'files_sha256':'" HEX "',\n"
             /*  5 */ "'version':'0.1.0',\n"
             /*  6 */ "'host':'h',\n"
             /*  7 */ "'operator':'mia',\n"
             /*  8 */ "'ended':'2026-11-20T23:06:38.123456Z',\n"
             /*  9 */ "'asked':'--midpoints all --twice',\n"
             /* 10 */ "'passed':true,\n"
             /* 11 */ "'all':true,\n"
             /* 12 */ "'targets':[{'id':'p','engine':'postgresql','version':'15.20'}],\n"
             /* 13 */ "'params':[{'name':'n','value':'\\u00e9'},{'name':'secret'}],\n"
             /* 14 */ "'data':['p: public.users'],\n"
             /* 15 */ "'midpoints':[{'step':'a','result':'same','text':'','differences':0,'forward_us':5,'"
             "back_us':6,'run':'r'},\n"
             /* 16 */ "{'step':'','result':'no "
             "return','text':'gone','differences':0,'forward_us':7,'back_us':0,'run':''}],\n"
             /* 17 */ "'again':[{'step':'a','result':'same','how':'done again','text':''}],\n"
             /* 18 */ "'locks':[{'step':'a','entry':1,'relation':'t','taken':'Share','claimed':'','rewritten'"
             ":false,'holds':true,'queued':2}],\n"
             /* 19 */ "'timings':[{'step':'a','entry':0,'count':3,'median_us':10,'p95_us':12}],\n"
             /* 20 */ "'signature':'x\\ny'}\n";

static char *text_of(const char *find, const char *replacement)
{
    const char *at = find != NULL ? strstr(sample, find) : sample;
    struct buf out;
    if (at == NULL)
        fail_msg("the sample has no %s", find);
    buf_init(&out, 100000);
    buf_add(&out, sample, (size_t)(at - sample));
    buf_text(&out, find != NULL ? replacement : "");
    buf_text(&out, at + (find != NULL ? strlen(find) : 0));
    for (char *c = out.data; *c != '\0'; c++)
        *c = (char)(*c == '\'' ? '"' : *c);
    return out.data;
}

static const struct certificate *read_back(struct arena *arena, const char *text)
{
    const struct certificate *certificate = NULL;
    struct err err = ERR_INIT;
    if (certificate_read(arena, "c.json", text, strlen(text), &certificate, &err) < 0)
        fail_msg("%s", err.message);
    return certificate;
}

static void test_round_trip(void **state)
{
    struct arena *arena = arena_create();
    char *text = text_of(NULL, NULL);
    struct buf first, again;
    (void)state;
    buf_init(&first, 100000);
    buf_init(&again, 100000);
    const struct certificate *certificate = read_back(arena, text);
    certificate_write(certificate, &first);
    certificate_write(read_back(arena, buf_str(&first)), &again);
    assert_string_equal(buf_str(&first), buf_str(&again));
    assert_string_equal(certificate->operator, "mia");
    assert_string_equal(certificate->params[0].value, "\xc3\xa9");
    assert_null(certificate->params[1].value);
    assert_int_equal(certificate->wall_us % 1000000, 123456);
    assert_int_equal(certificate->midpoints[1].result, REHEARSAL_NO_RETURN);
    assert_int_equal(certificate->midpoints[0].back_us, 6);
    assert_string_equal(certificate->again[0].how, "done again");
    assert_int_equal(certificate->locks[0].queued, 2);
    assert_true(certificate->locks[0].holds);
    assert_int_equal(certificate->timings[0].rehearsed.p95_us, 12);
    assert_string_equal(certificate->data[0], "p: public.users");
    assert_true(certificate->passed && certificate->all);
    buf_finish(&first);
    buf_finish(&again);
    free(text);
    arena_destroy(arena);
}

/* What is signed is one line without the signature, whoever laid the file out. */
static void test_statement(void **state)
{
    struct arena *arena = arena_create();
    char *text = text_of(NULL, NULL), *unsigned_text = text_of(",\n'signature':'x\\ny'", "");
    struct buf statement, other;
    (void)state;
    buf_init(&statement, 100000);
    buf_init(&other, 100000);
    certificate_statement(read_back(arena, text), &statement);
    certificate_statement(read_back(arena, unsigned_text), &other);
    assert_string_equal(buf_str(&statement), buf_str(&other));
    assert_null(strchr(buf_str(&statement), '\n'));
    assert_null(strstr(buf_str(&statement), "signature"));
    assert_non_null(
        strstr(buf_str(&statement), "{\"name\":\"n\",\"value\":\"\\u00e9\"},{\"name\":\"secret\"}"));
    buf_finish(&statement);
    buf_finish(&other);
    free(text);
    free(unsigned_text);
    arena_destroy(arena);
}

static const struct {
    const char *find, *replacement, *message;
} refusals[] = {
    { "'tminus_certificate':1", "'tminus_certificate':2",
      "c.json:1:23: \"tminus_certificate\" of certificate wants" },
    { "'book':'b',\n", "", "c.json:1:1: certificate lacks the field \"book\"" },
    { "'book':'b'", "'book':''", "c.json:2:8: \"book\" of certificate must not be empty" },
    { "'book':'b'", "'book':'b','extra':1", "c.json:2:12: unknown field \"extra\" in certificate" },
    { "'book_sha256':'0", "'book_sha256':'", "c.json:3:15: \"book_sha256\" is no SHA-256" },
    { "'files_sha256':'0", "'files_sha256':'X", "c.json:4:16: \"files_sha256\" is no SHA-256" },
    { "'version':'0.1.0'", "'version':1", "c.json:5:11: \"version\" of certificate wants a text" },
    { "'host':'h'", "'host':null", "c.json:6:8: \"host\" of certificate wants a text" },
    { "'operator':'mia',\n", "", "c.json:1:1: certificate lacks the field \"operator\"" },
    { "'ended':'2026-11-20T", "'ended':'yesterday ", "c.json:8:9: " },
    { "'asked':'--midpoints all --twice'", "'asked':[]",
      "c.json:9:9: \"asked\" of certificate wants a text" },
    { "'passed':true", "'passed':'yes'", "c.json:10:10: \"passed\" of certificate wants true or false" },
    { "'passed':true", "'passed':false", "c.json:10:10: it says that it did not pass" },
    { "'result':'same','text':''", "'result':'different','text':''", "c.json:10:10: it says that it passed" },
    { "'result':'same','how'", "'result':'failed','how'", "c.json:10:10: it says that it passed" },
    { "'holds':true", "'holds':false", "c.json:10:10: it says that it passed" },
    { "'all':true", "'all':false", "c.json:11:7: it says that the way back was not tried from every step" },
    { "'result':'no return'", "'result':'not tried'",
      "c.json:11:7: it says that the way back was tried from every step" },
    { "'all':true", "'all':1", "c.json:11:7: \"all\" of certificate wants true or false" },
    { "'id':'p',", "", "c.json:12:12: an item of targets lacks the field \"id\"" },
    { "'value':'\\u00e9'", "'value':null", "c.json:13:31: \"value\" of an item of params wants a text" },
    { "['p: public.users']", "[1]", "c.json:14:9: an item of data is a text, this is a number" },
    { "'result':'same','text':''", "'result':'fine','text':''",
      "c.json:15:35: \"result\" of an item of midpoints wants" },
    { "'forward_us':5", "'forward_us':-5", "c.json:15:81: \"forward_us\" of an item of midpoints wants" },
    { "'back_us':6", "'back_us':6.5", "c.json:15:93: \"back_us\" of an item of midpoints wants" },
    { "'again':[{'step':'a'", "'again':[{'step':''",
      "c.json:17:18: \"step\" of an item of again must not be empty" },
    { "'entry':1", "'entry':-1", "c.json:18:30: \"entry\" of an item of locks wants" },
    { "'queued':2", "'queued':true", "c.json:18:116: \"queued\" of an item of locks wants" },
    { "'count':3", "'count':0", "c.json:19:42: \"count\" of an item of timings wants" },
    { "'p95_us':12", "'p95_us':9", "c.json:19:12: \"p95_us\" is less than \"median_us\"" },
    { "'signature':'x\\ny'", "'signature':''",
      "c.json:20:13: \"signature\" of certificate must not be empty" },
    { "'signature':'x\\ny'}", "'signature':'x'", "c.json: no certificate of a rehearsal: line " },
    { "{'tminus_certificate':1,", "[1,", "c.json: no certificate of a rehearsal: line " },
    { "{'tminus_certificate':1,", "{'tminus':1,",
      "c.json: no certificate of a rehearsal: it has no \"tminus_certificate\"; `tminus rehearse" },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct arena *arena = arena_create();
        char *text = text_of(refusals[i].find, refusals[i].replacement);
        const struct certificate *certificate;
        struct err err = ERR_INIT;
        int r = certificate_read(arena, "c.json", text, strlen(text), &certificate, &err);
        if (r != ERR_INVALID || strncmp(err.message, refusals[i].message, strlen(refusals[i].message)) != 0)
            fail_msg("%s -> %s\n--- expected\n%s\n--- got\n%s", refusals[i].find, refusals[i].replacement,
                     refusals[i].message, err.message);
        free(text);
        arena_destroy(arena);
    }
}

static void test_judge(void **state)
{
    static const struct certificate_midpoint same = { .step = "a", .result = REHEARSAL_SAME },
                                             bare = { .step = "a", .result = REHEARSAL_NOT_TRIED },
                                             no_return = { .step = "a", .result = REHEARSAL_NO_RETURN },
                                             different = { .step = "a", .result = REHEARSAL_DIFFERENT };
    const struct certificate_midpoint lists[][2] = {
        { same, same }, { same, bare }, { same, no_return }, { bare, no_return }, { same, different }
    };
    static const bool passed[] = { true, true, true, false, false };
    (void)state;
    assert_false(certificate_judge(&(struct certificate){ .midpoint_count = 0 }));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        assert_int_equal(
            certificate_judge(&(struct certificate){ .midpoint_count = 2, .midpoints = lists[i] }),
            passed[i]);
}

static void test_tried_all(void **state)
{
    static const struct certificate_midpoint tried = { .step = "a", .result = REHEARSAL_NO_RETURN },
                                             bare = { .step = "b", .result = REHEARSAL_NOT_TRIED };
    const struct certificate_midpoint list[] = { tried, bare };
    (void)state;
    assert_false(certificate_tried_all(&(struct certificate){ .midpoint_count = 0 }));
    assert_true(certificate_tried_all(&(struct certificate){ .midpoint_count = 1, .midpoints = list }));
    assert_false(certificate_tried_all(&(struct certificate){ .midpoint_count = 2, .midpoints = list }));
}

/* A check is no midpoint, every other step is; "b" begins after "c". */
static void test_lacks(void **state)
{
    static const size_t after[] = { 3 };
    struct step steps[] = { { .id = "box", .kind = STEP_CHECK },
                            { .id = "a", .kind = STEP_SQL },
                            { .id = "b", .kind = STEP_WAIT, .after_count = 1, .after = after },
                            { .id = "c", .kind = STEP_VERIFY } };
    struct phase phase = { .first_step = 0, .step_count = ARRAY_LEN(steps) };
    const struct book book = {
        .step_count = ARRAY_LEN(steps), .steps = steps, .phase_count = 1, .phases = &phase
    };
    static const struct {
        const char *steps[5], *lack;
    } rows[] = {
        { { "a", "c", "b" }, NULL },
        { { NULL }, "of the way back from step \"a\" it says nothing" },
        { { "a", "b" }, "of the way back from step \"c\" it says nothing" },
        { { "a", "b", "c" }, "where \"b\" stands, c is expected" },
        { { "a", "c", "b", "box" }, "where \"box\" stands, the end is expected" },
        { { "a", "a", "c", "b" }, "where \"a\" stands, c is expected" },
    };
    struct arena *arena = arena_create();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct certificate_midpoint midpoints[5] = { 0 };
        struct certificate certificate = { .midpoints = midpoints };
        for (; rows[i].steps[certificate.midpoint_count]; certificate.midpoint_count++)
            midpoints[certificate.midpoint_count].step = rows[i].steps[certificate.midpoint_count];
        const char *lack = certificate_lacks(arena, &certificate, &book);
        if (rows[i].lack == NULL)
            assert_null(lack);
        else if (lack == NULL || strstr(lack, rows[i].lack) == NULL)
            fail_msg("wanted: %s\ngot: %s", rows[i].lack, lack != NULL ? lack : "nothing");
    }
    arena_destroy(arena);
}

/* What moves from one file into the next, or cannot be read, is another set of files. */
static void test_files(void **state)
{
    static const struct book_file sets[][2] = {
        { { "a", "xy", NULL }, { "b", "z", NULL } },  { { "a", "x", NULL }, { "b", "yz", NULL } },
        { { "b", "z", NULL }, { "a", "xy", NULL } },  { { "a", "xy", NULL }, { "b", NULL, "gone" } },
        { { "a", "xy", NULL }, { "b", "", NULL } },   { { "a", "xy", NULL }, { "c", "z", NULL } },
        { { "a", "xy", NULL }, { "b", "- ", NULL } },
    };
    char hash[ARRAY_LEN(sets) + 1][65];
    (void)state;
    certificate_files(NULL, 0, hash[ARRAY_LEN(sets)]);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        certificate_files(sets[i], 2, hash[i]);
    for (size_t i = 0; i <= ARRAY_LEN(sets); i++) {
        assert_int_equal(strlen(hash[i]), 64);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(hash[i], hash[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_statement), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_judge),      cmocka_unit_test(test_tried_all), cmocka_unit_test(test_lacks),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
