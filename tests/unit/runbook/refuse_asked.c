/* What can be wrong with what is asked, of whom, and where it comes from. */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COMMITS                                                                                              \
    "cannot be in a transaction: it commits by itself, or no rollback takes it back; say `transaction`: "    \
    "false\n"

static const struct refusal file_cases[] = {
    { "`file`:`sql/make.sql`", "`file`:`../make.sql`",
      "20:49: `../make.sql` does not stand beside the book or below it" },
    { "`file`:`sql/make.sql`", "`file`:`/etc/make.sql`",
      "20:49: `/etc/make.sql` does not stand beside the book or below it" },
    { "`file`:`sql/make.sql`", "`file`:`sql/..`",
      "20:49: `sql/..` does not stand beside the book or below it" },
    { "`file`:`sql/make.sql`", "`file`:`sql/../../make.sql`",
      "20:49: `sql/../../make.sql` does not stand beside the book or below it" },
    { "`file`:`sql/make.sql`", "`file`:`sql/other.sql`", "20:49: the file `sql/other.sql` was not given" },
    { "`file`:`sql/make.sql`", "`file`:`sql/gone.sql`", "20:49: sql/gone.sql: there is no such file" },
    { "`file`:`sql/make.sql`", "`file`:`sql/empty.sql`", "20:49: no statement stands in this SQL" },
    { "`file`:`sql/make.sql`", "`file`:``", "20:49: `file` of step `make` must not be empty" },
    { "`file`:`sql/make.sql`", "`file`:`sql/make.sql`,`sql`:`SELECT 1`",
      "20:1: step `make` has its statements from one of `sql`, `file` and `generate`" },
    { "`file`:`sql/make.sql`,", "",
      "20:1: step `make` has its statements from one of `sql`, `file` and `generate`" },
    { "`generate`:{`target`:`new`,`sql`:`SELECT a FROM b WHERE c > ${lsn}`,`timeout`:`7s`}",
      "`generate`:{`http`:{`url`:`http://x`}}", "21:60: statements come from a server, not from the net" },
    { "`timeout`:`7s`}", "`timeout`:`7s`,`expect`:{`value`:1}}",
      "21:133: the answer is executed: there is nothing to `expect`" },
};

static const struct refusal use_cases[] = {
    { "`use`:`pg/quiet`", "`use`:`pg/quite`", "14:45: the file `checks/pg/quite.json` was not given" },
    { "`use`:`pg/quiet`", "`use`:`../quiet`",
      "14:45: `checks/../quiet.json` does not stand beside the book or below it" },
    { "`use`:`pg/quiet`", "`use`:`pg/gone`", "14:45: checks/pg/gone.json: there is no such file" },
    { "`use`:`pg/quiet`", "`use`:`pg/broken`",
      "14:45: checks/pg/broken.json:2:1: expected a value, found the end of the text" },
    { "`use`:`pg/quiet`,`target`:`old`,`with`:{`limit`:7,`who`:`${word}`}",
      "`use`:`pg/bad`,`target`:`old`,`with`:{`limit`:7}",
      "14:45: checks/pg/bad.json:3:16: no param `limt`; did you mean `limit`? (`$${` stands for the two "
      "characters themselves)\n"
      "14:45: checks/pg/bad.json:3:42: expect one of `value`, `rows`, `between`, `matches`, `equals`\n"
      "14:45: checks/pg/bad.json:2:19: param `limit` is never used" },
    { "`limit`:7", "`limit`:10", "14:78: with limit: is 10, more than its max 9" },
    { "`limit`:7", "`limit`:`seven`", "14:78: with limit: is `seven`, not an integer" },
    { "`limit`:7", "`limit`:1.5",
      "14:78: param `limit` has no default: give it in `with`\n"
      "14:87: `limit` is a text, an integer, true or false" },
    { "`limit`:7", "`limit`:null",
      "14:78: param `limit` has no default: give it in `with`\n"
      "14:87: `limit` is a text, an integer, true or false" },
    { "`limit`:7,", "`limit`:7,`limti`:8,",
      "14:78: with limti: no param of that name; did you mean `limit`?" },
    { "`limit`:7,", "", "14:78: param `limit` has no default: give it in `with`" },
    { ",`with`:{`limit`:7,`who`:`${word}`}", "", "14:10: param `limit` has no default: give it in `with`" },
    { "`who`:`${word}`}", "`who`:`${wrod}`}",
      "14:95: no param `wrod`; did you mean `word`? (`$${` stands for the two characters themselves)" },
    { "`old`:{`engine`:`postgresql`", "`old`:{`engine`:`mysql`",
      "6:47: target `new` is postgresql, and `old`, which it follows, is mysql\n"
      "14:45: checks/pg/quiet.json:1:1: it asks postgresql, and the target is mysql\n"
      "20:49: this statement " COMMITS "23:7: this statement " COMMITS "23:65: this statement " COMMITS
      "30:13: mysql and mariadb answer 1 where something is true, and 0 where it is not: say `expect`: { "
      "`value`: 1 }\n"
      "36:48: this statement " COMMITS
      "40:88: the names of tables are not the same on mysql and postgresql: compare a `table` of each side\n"
      "41:8: a comparison of sequences is for postgresql in this version, and target `old` is mysql" },
    { "`use`:`pg/quiet`,`target`:`old`,`with`:{`limit`:7,`who`:`${word}`}", "`use`:`others`,`target`:`old`",
      "14:45: checks/others.json:1:1: it asks mysql or mariadb, and the target is postgresql" },
    { "`use`:`pg/quiet`,`target`:`old`,`with`:{`limit`:7,`who`:`${word}`}", "`use`:`unheard`,`target`:`old`",
      "14:45: checks/unheard.json:2:10: an engine is postgresql, mysql or mariadb" },
    { "`use`:`pg/quiet`,`target`:`old`,`with`:{`limit`:7,`who`:`${word}`}", "`use`:`none`,`target`:`old`",
      "14:45: checks/none.json:1:45: `engine` of check must not be empty" },
    { "`use`:`pg/quiet`,`target`:`old`", "`use`:`pg/quiet`",
      "14:10: step `quiet` needs a `target`\n"
      "14:45: checks/pg/quiet.json:4:9: sense needs a `target` to ask" },
    { "`use`:`pg/quiet`,`target`:`old`", "`use`:`pg/quiet`,`target`:`old`,`by`:`operator`",
      "14:76: a sensed check is ticked by its query: it has no `by`" },
    { "`use`:`pg/quiet`,`target`:`old`",
      "`use`:`pg/quiet`,`target`:`old`,`sense`:{`target`:`old`,`sql`:`SELECT 1`}",
      "14:79: a check has either a `sense` of its own or `use`" },
    { "`sense`:{`http`:{`url`:`https://shop.test/up`,`method`:`HEAD`}}", "`target`:`old`,`with`:{`a`:1}",
      "46:38: `target` goes with `use`\n"
      "46:51: `with` goes with `use`" },
    { "`sense`:{`http`:{`url`:`https://shop.test/up`,`method`:`HEAD`}}",
      "`use`:`pg/quiet`,`target`:`old`,`with`:{`limit`:1,`who`:`${lsn}`}",
      "46:85: ${lsn} is known only later, and nothing puts it in here" },
};

static const struct refusal query_cases[] = {
    { "{`url`:`http://shop.test/${made}`}", "{`url`:`https:///a`}", "42:47: this URL names no server" },
    { "{`url`:`http://shop.test/${made}`}", "{`url`:`https://ann:open@shop.test/a@b`}",
      "42:47: a URL holds no user and no password: everybody could read them here" },
    { "{`url`:`http://shop.test/${made}`}", "{`url`:`https://shop.test/a b`}",
      "42:47: a URL holds no space, no backslash and only ASCII: write such bytes as `%20`" },
    { "{`url`:`http://shop.test/${made}`}", "{`url`:`shop.test`}",
      "42:47: a URL begins with http:// or https://" },
    { "{`url`:`http://shop.test/${made}`}", "{`url`:`https://shop.test`,`pointer`:`a`}",
      "42:77: `a` is no pointer into JSON, as in `/checks/0/age`" },
    { "{`url`:`http://shop.test/${made}`}", "{`url`:`https://shop.test`,`pointer`:`/~2`}",
      "42:77: `/~2` is no pointer into JSON, as in `/checks/0/age`" },
    { "{`url`:`http://shop.test/${made}`}", "{`url`:`https://shop.test`,`method`:`POST`}",
      "42:76: `method` of http wants `GET` or `HEAD`, not `POST`" },
    { "{`url`:`http://shop.test/${made}`}", "{`url`:`https://shop.test`,`method`:`HEAD`,`pointer`:`/a`}",
      "42:93: the answer to a HEAD has no body: ask with GET" },
    { "{`url`:`http://shop.test/${made}`}", "{`url`:`https://shop.test`,`status`:99}",
      "42:76: `status` of http wants a whole number from 100 to 599, not 99" },
    { "{`url`:`http://shop.test/${made}`}", "{`url`:`https://shop.test/${hook}`}",
      "42:47: secret `hook` may stand only as a whole value, in `env` of a command or as the `url` of a "
      "webhook" },
    { "{`url`:`http://shop.test/${made}`}", "{`pointer`:`/a`}", "42:40: http lacks the field `url`" },
    { "`http`:{`url`:`http://shop.test/${made}`}", "`target`:`old`,`http`:{`url`:`http://shop.test`}",
      "42:42: a request has no `target`: its URL says where it goes" },
    { "`http`:{`url`:`http://shop.test/${made}`}",
      "`target`:`old`,`sql`:`SELECT 1`,`expect`:{`value`:1},`http`:{`url`:`http://shop.test`}",
      "42:1: step `answers` asks either by `sql` or by `http`\n"
      "42:42: a request has no `target`: its URL says where it goes" },
    { "`http`:{`url`:`http://shop.test/${made}`}", "`timeout`:`1s`",
      "42:1: step `answers` asks either by `sql` or by `http`\n"
      "42:1: step `answers` needs a `target`\n"
      "42:1: step `answers` has to say what to `expect`" },
    { ",`as`:`lsn`},\n"
      "",
      "},\n"
      "",
      "19:10: step `here` has to say what to `expect`\n"
      "21:74: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "24:62: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "25:16: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "33:46: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "44:51: no param `lsn` (`$${` stands for the two characters themselves)" },
    { "{`http`:{`url`:`http://shop.test/${lsn}`", "{`target`:`old`,`http`:{`url`:`http://shop.test/${lsn}`",
      "25:11: a request has no `target`: its URL says where it goes" },
};

static const struct refusal expect_cases[] = {
    { "`between`:[-1,2.50]", "`between`:[1,2,3]",
      "43:134: `between` is two numbers, the least and the most" },
    { "`between`:[-1,2.50]", "`between`:[1]", "43:134: `between` is two numbers, the least and the most" },
    { "`between`:[-1,2.50]", "`between`:[]", "43:134: `between` of expect must not be empty" },
    { "`between`:[-1,2.50]", "`between`:[1,`2`]",
      "43:134: `between` is two numbers, the least and the most" },
    { "`between`:[-1,2.50]", "`between`:[2,1]", "43:134: the least is more than the most" },
    { "`between`:[-1,2.50]", "`between`:[1,2],`is`:`<`",
      "43:145: `is` goes with a `value` or a number of `rows`" },
    { "`between`:[-1,2.50]", "`between`:[1,2],`rows`:1",
      "43:123: expect one of `value`, `rows`, `between`, `matches`, `equals`" },
    { "`matches`:`^1[0-9]+$`", "`matches`:`(`", "44:106: this is no regular expression: Unmatched ( or \\(" },
    { "`matches`:`^1[0-9]+$`", "`matches`:`[a`",
      "44:106: this is no regular expression: Unmatched [, [^, [:, [., or [=" },
    { "`matches`:`^1[0-9]+$`", "`matches`:``", "44:106: `matches` of expect must not be empty" },
    { "`matches`:`^1[0-9]+$`", "`matches`:`a`,`is`:`=`",
      "44:115: `is` goes with a `value` or a number of `rows`" },
    { "`equals`:{`target`:`old`,`sql`:`SELECT 2`}",
      "`equals`:{`target`:`old`,`sql`:`SELECT 2`,`expect`:{`value`:2}}",
      "45:124: what is only compared with has nothing to `expect`" },
    { "`equals`:{`target`:`old`,`sql`:`SELECT 2`}", "`equals`:{`sql`:`SELECT 2`}",
      "45:82: equals needs a `target` to ask" },
    { "`equals`:{`target`:`old`,`sql`:`SELECT 2`}", "`equals`:{`target`:`old`}",
      "45:82: equals asks either by `sql` or by `http`" },
    { "`equals`:{`target`:`old`,`sql`:`SELECT 2`}", "`equals`:`SELECT 2`",
      "45:82: `equals` of expect wants an object, not a text" },
};

static const struct refusal monitor_cases[] = {
    { "`kind`:`query`,`target`:`old`,", "`kind`:`query`,", "7:1: monitor `active` needs a `target`" },
    { "`sql`:`SELECT count(*) FROM a`,", "", "7:1: a monitor of kind `query` needs `sql`" },
    { "`sql`:`SELECT count(*) FROM a`", "`sql`:`SELECT 1; SELECT 2`",
      "7:52: a query is one statement, these are 2" },
    { "`every`:`2s`", "`every`:`99ms`",
      "7:85: a monitor that asks more often than every 100ms is a load itself" },
    { "`every`:`2s`", "`url`:`http://x`,`pointer`:`/a`",
      "7:83: a monitor of kind `query` has no `url`\n"
      "7:104: a monitor of kind `query` has no `pointer`" },
    { "`kind`:`lag`,`target`:`new`", "`kind`:`lag`,`target`:`new`,`sql`:`SELECT 1`",
      "6:59: a monitor of kind `lag` has no `sql`" },
    { "`kind`:`lag`,`target`:`new`", "`kind`:`lag`", "6:13: monitor `lag` needs a `target`" },
    { "`url`:`https://shop.test/health`,", "", "8:1: a monitor of kind `http` needs a `url`" },
    { "`url`:`https://shop.test/health`", "`url`:`shop.test/health`",
      "8:33: a URL begins with http:// or https://" },
    { "`pointer`:`/error_rate`", "`pointer`:`error_rate`",
      "8:70: `error_rate` is no pointer into JSON, as in `/checks/0/age`" },
    { "`kind`:`http`", "`kind`:`http`,`target`:`old`,`sql`:`SELECT 1`",
      "8:36: a monitor of kind `http` has no `target`\n"
      "8:48: a monitor of kind `http` has no `sql`" },
    { "`pointer`:`/error_rate`", "`pointer`:`/error_rate`,`heartbeat`:true",
      "8:96: only a monitor of kind `lag` has a heartbeat" },
};

/* As deep as JSON may be: the faults are told, and nothing breaks. */
static void test_nested(void **state)
{
    struct load load;
    struct buf deep;
    (void)state;
    buf_init(&deep, 64 * 1024);
    for (int depth = 0; depth < 2 * JSON_MAX_DEPTH; depth++) {
        buf_clear(&deep);
        for (int i = 0; i < depth; i++)
            buf_text(&deep, "`expect`:{`equals`:{`target`:`old`,`sql`:`SELECT 2`,");
        buf_text(&deep, "`expect`:{`value`:1}");
        for (int i = 0; i < depth; i++)
            buf_text(&deep, "}}");
        char *text =
            replaced(kinds_book, "`expect`:{`equals`:{`target`:`old`,`sql`:`SELECT 2`}}", buf_str(&deep));
        load_init(&load, text, &kinds_options);
        assert_true((load.book != NULL) == (depth == 0));
        load_finish(&load);
        free(text);
    }
    buf_finish(&deep);
}

static void test_file(void **state)
{
    (void)state;
    refuse_all_kinds(file_cases, ARRAY_LEN(file_cases));
}

static void test_use(void **state)
{
    (void)state;
    refuse_all_kinds(use_cases, ARRAY_LEN(use_cases));
}

static void test_query(void **state)
{
    (void)state;
    refuse_all_kinds(query_cases, ARRAY_LEN(query_cases));
}

static void test_expect(void **state)
{
    (void)state;
    refuse_all_kinds(expect_cases, ARRAY_LEN(expect_cases));
}

static void test_monitor(void **state)
{
    (void)state;
    refuse_all_kinds(monitor_cases, ARRAY_LEN(monitor_cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),   cmocka_unit_test(test_use),     cmocka_unit_test(test_query),
        cmocka_unit_test(test_expect), cmocka_unit_test(test_monitor), cmocka_unit_test(test_nested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
