#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A book of `count` steps, each after the one ten before; `tail` stands in the last one. Yours. */
static char *large_book(int count, const char *tail)
{
    struct buf text;
    buf_init(&text, JSON_MAX_BYTES);
    buf_text(&text, "{`tminus`:1,`id`:`large`,`title`:`L`,`targets`:{`p`:{`engine`:`postgresql`}},\n"
                    "`phases`:[{`id`:`a`,`kind`:`migrate`,`title`:`A`,`parallel`:true,`steps`:[\n");
    for (int i = 0; i < count; i++) {
        buf_format(&text,
                   "{`id`:`step-%d`,`kind`:`sql`,`target`:`p`,`sql`:`UPDATE t SET a = 1 WHERE b = %d`,", i,
                   i);
        if (i >= 10)
            buf_format(&text, "`after`:[`step-%d`],", i - 10);
        buf_format(&text,
                   "`done_when`:{`sql`:`SELECT true`},`rollback`:[{`kind`:`sql`,`sql`:`SELECT %d`}]%s}%s\n",
                   i, i + 1 < count ? "" : tail, i + 1 < count ? "," : "");
    }
    buf_text(&text, "]}]}\n");
    assert_false(text.overflow);
    return text.data;
}

static void test_thousand_steps(void **state)
{
    struct load load;
    char *text = large_book(1000, "");
    (void)state;
    load_init(&load, text, NULL);
    assert_string_equal(buf_str(&load.faults), "");
    assert_int_equal(load.book->step_count, 1000);
    for (size_t i = 0; i < load.book->step_count; i++) {
        const struct step *step = &load.book->steps[i];
        assert_int_equal(book_find_step(load.book, step->id), i);
        assert_int_equal(step->after_count, i >= 10 ? 1 : 0);
        if (i >= 10)
            assert_int_equal(step->after[0], i - 10);
        assert_int_equal(step->rollback_count, 1);
    }
    load_finish(&load);
    free(text);
}

static void test_last_step_wrong(void **state)
{
    struct load load;
    char *text = large_book(1000, ",`estimat`:`1s`");
    (void)state;
    load_init(&load, text, NULL);
    assert_non_null(strstr(buf_str(&load.faults), "1002:"));
    assert_non_null(strstr(buf_str(&load.faults),
                           "unknown field \"estimat\" in step \"step-999\"; did you mean \"estimate\"?"));
    load_finish(&load);
    free(text);
}

/* More faults than are kept: the rest is counted, and finding hints for them does not take for ever. */
static void test_many_faults(void **state)
{
    struct arena *arena = arena_create();
    struct json_faults faults;
    char *text = large_book(4000, "");
    (void)state;
    for (char *at = text; (at = strstr(at, "`after`:[`step")) != NULL;)
        memcpy(at, "`after`:[`stop", strlen("`after`:[`stop"));
    for (char *at = text; (at = strchr(at, '`')) != NULL;)
        *at = '"';
    json_faults_init(&faults, arena);
    assert_null(book_load(arena, "large.json", text, strlen(text), NULL, &faults, NULL));
    assert_int_equal(faults.count, JSON_FAULTS_MAX);
    assert_int_equal(faults.count + faults.more, 3990);
    free(text);
    arena_destroy(arena);
}

static void test_too_many(void **state)
{
    struct load load;
    char *text = large_book(BOOK_STEPS_MAX + 1, "");
    (void)state;
    load_init(&load, text, NULL);
    assert_string_equal(buf_str(&load.faults), "2:10: 5001 steps are more than 5000");
    load_finish(&load);
    free(text);
}

/* A short text may not become an endless one. */
static void test_growth(void **state)
{
    struct load load;
    struct buf text;
    char *value = mem_alloc(4001);
    (void)state;
    memset(value, 'x', 4000);
    buf_init(&text, JSON_MAX_BYTES);
    buf_format(&text,
               "{`tminus`:1,`id`:`g`,`title`:`T`,`params`:{`a`:{`type`:`text`,`default`:`%s`}},`summary`:`",
               value);
    for (int i = 0; i < 100; i++)
        buf_text(&text, "${a}");
    buf_text(&text,
             "`,`phases`:[{`id`:`a`,`kind`:`verify`,`title`:`A`,`steps`:[{`id`:`c`,`kind`:`check`}]}]}");
    load_init(&load, buf_str(&text), NULL);
    assert_non_null(
        strstr(buf_str(&load.faults), "too long, or the params make the texts of this book too long"));
    load_finish(&load);
    buf_finish(&text);
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousand_steps), cmocka_unit_test(test_last_step_wrong),
        cmocka_unit_test(test_many_faults),    cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
