/* What can be wrong with the kinds of steps, the values that they answer and the steps that are made. */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct refusal backfill_cases[] = {
    { "`batch`:`${batch}`", "`batch`:0",
      "2:19: param `batch` is never used\n"
      "28:9: a batch is a number of rows from 1 to 1000000" },
    { "`batch`:`${batch}`", "`batch`:1000001",
      "2:19: param `batch` is never used\n"
      "28:9: a batch is a number of rows from 1 to 1000000" },
    { "`batch`:`${batch}`", "`batch`:1.5",
      "2:19: param `batch` is never used\n"
      "28:9: a batch is a number of rows from 1 to 1000000" },
    { "`batch`:`${batch}`", "`batch`:`many`",
      "2:19: param `batch` is never used\n"
      "28:9: a batch is a number of rows from 1 to 1000000" },
    { "`batch`:`${batch}`", "`batch`:``",
      "2:19: param `batch` is never used\n"
      "28:9: a batch is a number of rows from 1 to 1000000" },
    { "`batch`:`${batch}`", "`batch`:true",
      "2:19: param `batch` is never used\n"
      "28:9: a batch is a number of rows from 1 to 1000000" },
    { "`default`:500}", "`default`:0}", "28:9: a batch is a number of rows from 1 to 1000000" },
    { "`set`:`a = 1`", "`set`:`a = 1; DROP TABLE t`",
      "31:77: `set` is a part of one statement, without a `;`, a `--` at its end or a parenthesis that is "
      "left open" },
    { "`table`:`t`,`key`:`id`,`set`:`a = 1`", "`table`:`t;`,`key`:`id`,`set`:`a = 1`",
      "31:56: `table` is a part of one statement, without a `;`, a `--` at its end or a parenthesis that is "
      "left open" },
    { "`where`:`a IS NULL`", "`where`:`-- nothing`",
      "31:93: `where` is a part of one statement, without a `;`, a `--` at its end or a parenthesis that is "
      "left open" },
    { "`where`:`a IS NULL`", "`where`:`a IS NULL -- yet`",
      "31:93: `where` is a part of one statement, without a `;`, a `--` at its end or a parenthesis that is "
      "left open" },
    { "`where`:`a IS NULL`", "`where`:`a) OR (true`",
      "31:93: `where` is a part of one statement, without a `;`, a `--` at its end or a parenthesis that is "
      "left open" },
    { "`set`:`a = 1`", "`set`:`a = f(1`",
      "31:77: `set` is a part of one statement, without a `;`, a `--` at its end or a parenthesis that is "
      "left open" },
    { "`set`:`a = 1`,`where`:`a IS NULL`", "`set`:`a = 1`",
      "31:1: a backfill needs `set` and `where`, or a `statement`" },
    { "`set`:`a = 1`,`where`:`a IS NULL`", "`set`:`a = 1`,`where`:`a IS NULL`,`statement`:`DELETE FROM x`",
      "31:117: a backfill has either `set` and `where` or a `statement`" },
    { "`set`:`a = 1`,`where`:`a IS NULL`", "`statement`:`SELECT f(id) FROM tminus_batch`",
      "31:83: a `statement` is an INSERT, an UPDATE or a DELETE without RETURNING" },
    { "`set`:`a = 1`,`where`:`a IS NULL`",
      "`statement`:`DELETE FROM x USING tminus_batch b WHERE b.id = x.id returning 1`",
      "31:83: a `statement` is an INSERT, an UPDATE or a DELETE without RETURNING" },
    { "`set`:`a = 1`,`where`:`a IS NULL`", "`statement`:`DELETE FROM x -- tminus_batch\\n WHERE true`",
      "31:83: a `statement` takes the keys of its batch from tminus_batch, as in `FROM users JOIN "
      "tminus_batch "
      "USING (id)`: without them each batch would change everything" },
    { "`set`:`a = 1`,`where`:`a IS NULL`",
      "`statement`:`INSERT INTO x SELECT id FROM tminus_batch; DROP TABLE y`",
      "31:83: `statement` is a part of one statement, without a `;`, a `--` at its end or a parenthesis that "
      "is left open" },
    { "`key`:[`a`,`b`]", "`key`:[]", "27:78: `key` of step `backfill` must not be empty" },
    { "`key`:[`a`,`b`]", "`key`:[`a`,`b, c`]",
      "27:83: `b, c` is not the name of one column: a word, or any text in double quotes, in an item of its "
      "own" },
    { "`key`:[`a`,`b`]", "`key`:`lower(a)`",
      "27:78: `lower(a)` is not the name of one column: a word, or any text in double quotes, in an item of "
      "its own" },
    { "`key`:[`a`,`b`]", "`key`:[`a`,`${lsn}`]",
      "27:83: ${lsn} is known only later, and nothing puts it in here" },
    { "`lock_timeout`:`2s`", "`lock_timeout`:`0s`",
      "28:70: a batch has both timeouts: nobody may wait for it without an end" },
    { "`statement_timeout`:`9s`", "`statement_timeout`:`0s`",
      "28:95: a batch has both timeouts: nobody may wait for it without an end" },
    { "`attempts`:3", "`attempts`:0",
      "28:111: `attempts` of step `backfill` wants a whole number from 1 to 1000, not 0" },
    { "`is`:`<`,`value`:5}", "`is`:`<`,`value`:5,`for`:`3s`}",
      "29:62: a throttle looks at the last sample: it has no `for`" },
    { "`is`:`>=`,`value`:500", "`is`:`>=`,`value`:500,`for`:`3s`",
      "21:190: what a statement gives way to looks at the last sample: it has no `for`" },
    { "`metric`:`lag.seconds`,`is`:`<`,`value`:5", "`metric`:`lag.second`,`is`:`<`,`value`:5",
      "29:23: a monitor of kind `lag` has no metric `second`; did you mean `seconds`?" },
    { "`metric`:`web.value`", "`metric`:`web.valu`",
      "29:67: a monitor of kind `http` has no metric `valu`; did you mean `value`?" },
    { "`kind`:`backfill`,`target`:`old`,`table`:`t`", "`kind`:`backfill`,`table`:`t`",
      "31:1: step `plain` needs a `target`\n"
      "32:13: step `plain.rollback.1` needs a `target`" },
    { "`kind`:`backfill`,`target`:`old`,`table`:`t`", "`kind`:`backfill`,`target`:`old`",
      "31:1: step `plain` lacks the field `table`" },
};

static const struct refusal compare_cases[] = {
    { "`where`:`b = ${word}`", "`where`:`b = ${word} ); DELETE FROM big`",
      "39:51: `where` is a part of one statement, without a `;`, a `--` at its end or a parenthesis that is "
      "left open" },
    { "`right`:{`target`:`new`,`table`:`big`}", "`right`:{`target`:`new`,`table`:`big, small;`}",
      "38:117: `table` is a part of one statement, without a `;`, a `--` at its end or a parenthesis that is "
      "left open" },
    { "`right`:{`target`:`new`,`table`:`big`}", "`right`:{`target`:`old`,`table`:`public.big`}",
      "38:93: a table is compared with itself" },
    { "`right`:{`target`:`new`,`table`:`big`}", "`right`:{`target`:`new`}",
      "38:93: one side names a table, the other does not" },
    { "`left`:{`target`:`old`,`table`:`public.big`}", "`left`:{`target`:`old`}",
      "38:47: one side names a table, the other does not" },
    { "`left`:{`target`:`old`,`table`:`public.big`}", "`left`:{`target`:`odl`,`table`:`public.big`}",
      "38:57: no target `odl`; did you mean `old`?" },
    { "`left`:{`target`:`old`,`table`:`public.big`}", "`left`:{`table`:`public.big`}",
      "38:47: left lacks the field `target`" },
    { "`left`:{`target`:`old`,`table`:`public.big`}", "`left`:{`target`:`old`,`table`:`${lsn}`}",
      "38:71: ${lsn} is known only later, and nothing puts it in here" },
    { "`key`:`id`,`columns`", "`tables`:`public.*`,`key`:`id`,`columns`",
      "39:10: compare either a `table` of each side or the `tables` that fit patterns" },
    { "`tables`:[`public.*`,`!public.x*`],\n"
      "",
      "`chunk`:500,\n"
      "",
      "40:1: compare either a `table` of each side or the `tables` that fit patterns" },
    { "`tables`:[`public.*`,`!public.x*`],\n"
      "",
      "`tables`:`a`,`columns`:`b`,\n"
      "",
      "40:1: `key`, `columns`, `sums` and `where` go with one table of each side" },
    { "`also`:`sequences`", "`also`:`views`", "41:8: `views` is not compared: `sequences` are" },
    { "`also`:`sequences`,", "", "41:10: a `margin` goes with `also`: `sequences`" },
    { "`recheck`:{`attempts`:5}", "`recheck`:{}", "41:43: recheck lacks the field `attempts`" },
    { "`recheck`:{`attempts`:5}", "`recheck`:{`attempts`:5,`wiat`:`1s`}",
      "41:57: unknown field `wiat` in recheck; did you mean `wait`?" },
    { "`chunk`:1000", "`chunk`:99",
      "39:73: `chunk` of step `same` wants a whole number from 100 to 1000000, not 99" },
    { "`sums`:`a`", "`sums`:`a + 1`",
      "39:39: `a + 1` is not the name of one column: a word, or any text in double quotes, in an item of its "
      "own" },
    { "`sums`:`a`", "`sums`:`7`",
      "39:39: `7` is not the name of one column: a word, or any text in double quotes, in an item of its "
      "own" },
    { "`key`:`id`,`columns`", "`key`:`t.id`,`columns`",
      "39:7: `t.id` is not the name of one column: a word, or any text in double quotes, in an item of its "
      "own" },
    { "`sums`:`a`", "`sums`:``",
      "39:39: `` is not the name of one column: a word, or any text in double quotes, in an item of its "
      "own" },
    { "`sums`:`a`", "`sums`:`${lsn}`", "39:39: ${lsn} is known only later, and nothing puts it in here" },
};

static const struct refusal notify_cases[] = {
    { "`template`:`begun`", "`template`:`begin`", "15:41: no communication `begin`; did you mean `begun`?" },
    { "`template`:`begun`", "`template`:`called`",
      "15:41: `called` is told by hand: make the step a `manual`, or say how with `via`" },
    { "`template`:`begun`", "`timeout`:`1s`", "15:1: step `tell` lacks the field `template`" },
    { "`timeout`:`3s`", "`timeout`:`0s`", "16:60: without an end it could be tried for ever" },
    { "`url`:`${hook}`,", "",
      "2:99: param `hook` is never used\n"
      "10:10: a webhook needs a `url`" },
    { "`url`:`https://chat.test/x`", "`url`:`ftp://chat.test/x`",
      "11:45: a URL begins with http:// or https://" },
    { "`via`:`telephone`", "`via`:`telephone`,`url`:`http://x`",
      "12:47: a `url` goes with `via`: `webhook`" },
    { "`via`:`telephone`", "`via`:`telephone`,`argv`:[`x`]",
      "12:48: `via`: `command` and an `argv` go together" },
    { "`argv`:[`tell`,`${word}`],", "", "9:27: `via`: `command` and an `argv` go together" },
    { "`text`:`ring them`", "`text`:`ring ${lsn}`",
      "12:48: ${lsn} is known only later, and nothing puts it in here" },
    { "`text`:`ring them`", "`text`:`ring ${nobody}`",
      "12:48: no param `nobody` (`$${` stands for the two characters themselves)" },
    /* A step that sends it stands before the one that answers it. */
    { "`argv`:[`tell`,`${word}`],`text`:`it begins`", "`argv`:[`tell`,`${word}`],`text`:`at ${lsn}`",
      "9:88: no param `lsn` (`$${` stands for the two characters themselves)" },
    { "`to`:`them`,", "", "12:10: communication `called` lacks the field `to`" },
};

static const struct refusal each_cases[] = {
    { "`as`:`tenant`,", "",
      "22:53: for_each lacks the field `as`\n"
      "23:7: no param `tenant` (`$${` stands for the two characters themselves)\n"
      "23:65: no param `tenant` (`$${` stands for the two characters themselves)" },
    { "`as`:`tenant`", "`as`:`lsn`",
      "22:101: `lsn` is the name of another step's value already\n"
      "23:7: no param `tenant` (`$${` stands for the two characters themselves)\n"
      "23:65: no param `tenant` (`$${` stands for the two characters themselves)" },
    { "`as`:`tenant`", "`as`:`word`",
      "22:101: `word` is the name of a param already\n"
      "23:7: no param `tenant` (`$${` stands for the two characters themselves)\n"
      "23:65: no param `tenant` (`$${` stands for the two characters themselves)" },
    { "`as`:`tenant`", "`as`:`the tenant`",
      "22:101: `the tenant` is no name: letters a-z, digits, `.`, `_` and `-`, at most 64\n"
      "23:7: no param `tenant` (`$${` stands for the two characters themselves)\n"
      "23:65: no param `tenant` (`$${` stands for the two characters themselves)" },
    { "`type`:`identifier`", "`type`:`name`",
      "22:117: `type` of for_each wants `text` or `identifier`, not `name`" },
    { "`sql`:`SELECT n FROM t WHERE m = ${made}`", "`sql`:`SELECT 1; SELECT 2`",
      "22:60: a query is one statement, these are 2" },
    { "`for_each`:{`sql`:`SELECT n FROM t", "`for_each`:{`target`:`odl`,`sql`:`SELECT n FROM t",
      "22:63: no target `odl`; did you mean `old`?" },
    { "`for_each`:{", "`as`:`all`,`for_each`:{",
      "22:47: a step that is done for each of many answers many values" },
    { "{`kind`:`sql`,`sql`:`DROP SCHEMA ${tenant}`}",
      "{`kind`:`sql`,`for_each`:{`sql`:`SELECT 1`,`as`:`x`},`sql`:`DROP SCHEMA ${tenant}`}",
      "23:59: an entry of a rollback has no `for_each` of its own" },
    { "SELECT replayed() >= ${lsn}::pg_lsn", "SELECT ${tenant}",
      "24:62: no param `tenant` (`$${` stands for the two characters themselves)" },
};

static const struct refusal later_cases[] = {
    { "`as`:`made`}", "`as`:`made`,`done_when`:{`sql`:`SELECT ${made} = 1`}}",
      "20:69: a step that its `done_when` skips answers nothing: ask for the value in a `verify`\n"
      "20:95: no param `made` (`$${` stands for the two characters themselves)" },
    { "`as`:`lsn`", "`as`:`batch`",
      "19:95: `batch` is the name of a param already\n"
      "21:74: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "24:62: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "25:16: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "33:46: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "44:51: no param `lsn` (`$${` stands for the two characters themselves)" },
    { "`as`:`lsn`", "`as`:`LSN`",
      "19:95: `LSN` is no name: letters a-z, digits, `.`, `_` and `-`, at most 64\n"
      "21:74: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "24:62: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "25:16: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "33:46: no param `lsn` (`$${` stands for the two characters themselves)\n"
      "44:51: no param `lsn` (`$${` stands for the two characters themselves)" },
    { "`as`:`made`", "`as`:`lsn`",
      "20:69: `lsn` is the name of another step's value already\n"
      "22:60: no param `made` (`$${` stands for the two characters themselves)\n"
      "42:47: no param `made` (`$${` stands for the two characters themselves)" },
    { "`sql`:`SELECT pg_current_wal_lsn()`", "`sql`:`SELECT ${made}`",
      "19:60: no param `made` (`$${` stands for the two characters themselves)" },
    { "`sql`:`SELECT pg_current_wal_lsn()`", "`sql`:`SELECT ${lsn}`",
      "19:60: no param `lsn` (`$${` stands for the two characters themselves)" },
    { "`argv`:[`bump`,`${lsn}`]", "`argv`:[`bump`,`$${lsn}`]",
      "33:46: `$${lsn}` could not be told from the value of that name later" },
    { "`argv`:[`bump`,`${lsn}`]", "`argv`:[`bump`,`${lsn`]",
      "33:46: `${` begins a param, as in ${name}; for the two characters write `$${`" },
    { "SELECT v FROM w WHERE l = ${lsn}", "SELECT v FROM w WHERE l = '${lsn}'",
      "44:51: ${ stands inside a quoted literal, where its value would be quoted twice" },
    { "SELECT v FROM w WHERE l = ${lsn}", "SELECT v FROM w WHERE l = x${lsn}",
      "44:51: ${lsn} touches what stands beside it: a param is a whole identifier or value" },
    { "SELECT v FROM w WHERE l = ${lsn}", "SELECT 'a' ${lsn}",
      "44:51: ${lsn} stands right after a quoted literal and could become part of it" },
    { "`matches`:`^1[0-9]+$`", "`matches`:`${lsn}`",
      "44:106: ${lsn} is known only later, and nothing puts it in here\n"
      "44:106: this is no regular expression: Invalid preceding regular expression" },
    { "`matches`:`^1[0-9]+$`", "`value`:`${lsn}`",
      "44:104: ${lsn} is known only later, and nothing puts it in here" },
};

/* Who uses an answer begins when it is there. */
static const struct refusal order_cases[] = {
    { "`as`:`lsn`", "`as`:`lsn`,`background`:true",
      "21:74: ${lsn} is what step `here` answers, and step `gen` does not wait for it: say `after`: `here`\n"
      "24:62: ${lsn} is what step `here` answers, and step `caught-up` does not wait for it: say `after`: "
      "`here`\n"
      "33:46: ${lsn} is what step `here` answers, and step `bump` does not wait for it: say `after`: "
      "`here`" },
    { "`title`:`Fill`,\n", "`title`:`Fill`,`parallel`:true,\n",
      "21:74: ${lsn} is what step `here` answers, and step `gen` does not wait for it: say `after`: `here`\n"
      "22:60: ${made} is what step `make` answers, and step `each` does not wait for it: say `after`: "
      "`make`\n"
      "24:62: ${lsn} is what step `here` answers, and step `caught-up` does not wait for it: say `after`: "
      "`here`\n"
      "33:46: ${lsn} is what step `here` answers, and step `bump` does not wait for it: say `after`: "
      "`here`" },
    { "`kind`:`sql`,`sql`:`DROP SCHEMA ${tenant}`", "`kind`:`sql`,`sql`:`DROP SCHEMA ${tennant}`",
      "23:65: no param `tennant`; did you mean `tenant`? (`$${` stands for the two characters themselves)" },
    { "`argv`:[`bump`,`${lsn}`]", "`argv`:[`bump`,`${lsnn}`]",
      "33:46: no param `lsnn`; did you mean `lsn`? (`$${` stands for the two characters themselves)" },
    { "`argv`:[`bump`,`${lsn}`]", "`argv`:[`bump`,`${wrod}`]",
      "33:46: no param `wrod`; did you mean `word`? (`$${` stands for the two characters themselves)" },
};

static const struct refusal wait_cases[] = {
    { "`for`:`2s`,`every`:`1s`", "`for`:`1m`,`every`:`1s`",
      "26:7: could never be met: the `timeout` is over before it has held so long" },
    { "`until`:{`metric`:`active.value`,`is`:`<`,`value`:9}",
      "`until`:{`metric`:`active.value`,`is`:`<`,`value`:9,`for`:`1m`},`timeout`:`1m`",
      "35:89: could never be met: the `timeout` is over before it has held so long" },
    { "`for`:`2s`,`every`:`1s`", "`for`:`2s`,`every`:`99ms`",
      "26:20: queries that are asked more often than every 100ms are a load" },
    { "`until`:{`metric`:`active.value`,`is`:`<`,`value`:9}",
      "`until`:{`metric`:`active.value`,`is`:`<`,`value`:9},`for`:`1s`,`every`:`1s`",
      "35:90: `for` goes with `all`: a condition has its own\n"
      "35:103: `every` goes with `all`: a condition has its own" },
    { "`until`:{`metric`:`active.value`,`is`:`<`,`value`:9}", "`timeout`:`1s`",
      "35:1: step `settled` waits either `until` a condition holds or for `all` of some queries" },
    { "`until`:{`metric`:`active.value`,`is`:`<`,`value`:9}",
      "`until`:{`metric`:`active.value`,`is`:`<`,`value`:9},`all`:[{`target`:`old`,`sql`:`SELECT 1`}]",
      "35:1: step `settled` waits either `until` a condition holds or for `all` of some queries" },
    { "`until`:{`metric`:`active.value`,`is`:`<`,`value`:9}", "`all`:[]",
      "35:37: `all` of step `settled` must not be empty" },
    { "`all`:[{`target`:`new`,", "`all`:[{", "24:40: query needs a `target` to ask" },
    { "{`target`:`new`,`sql`:`SELECT replayed() >= ${lsn}::pg_lsn`}", "{`target`:`new`}",
      "24:40: query asks either by `sql` or by `http`" },
    { "{`target`:`new`,`sql`:`SELECT replayed() >= ${lsn}::pg_lsn`}", "7",
      "24:40: query must be an object, not a number\n"
      "24:40: query asks either by `sql` or by `http`\n"
      "24:40: query needs a `target` to ask" },
};

static const struct refusal phase_cases[] = {
    { "{`kind`:`verify`,`target`:`old`,`sql`:`SELECT 0`,`expect`:{`value`:0}}",
      "{`kind`:`sql`,`target`:`old`,`sql`:`SELECT 0`}",
      "34:25: kind `sql` is not one of verify, wait, compare" },
    { "{`kind`:`verify`,`target`:`old`,`sql`:`SELECT 0`,`expect`:{`value`:0}}", "{`kind`:`check`}",
      "34:25: kind `check` is not one of verify, wait, compare" },
    { "`metric`:`active.value`,`is`:`<`,`value`:9", "`metric`:`active.value`,`is`:`<`,`value`:`9`",
      "35:81: a condition compares with a number, or with `${param}`, an integer" },
    { "`metric`:`active.value`,`is`:`<`,`value`:9", "`metric`:`active.value`,`is`:`<`,`value`:`${word}`",
      "35:81: a condition compares with a number, or with `${param}`, an integer" },
    { "{`id`:`settled`,`kind`:`wait`", "{`id`:`plain`,`kind`:`wait`", "35:7: a second step `plain`" },
    { "{`id`:`settled`,`kind`:`wait`", "{`id`:`settled`,`after`:`nothing`,`background`:true,`kind`:`wait`",
      "35:17: a step of a verification has no `after` of its own\n"
      "35:35: a step of a verification has no `background` of its own" },
    { "{`kind`:`sql`,`target`:`old`,`sql`:`DROP TABLE big`}",
      "{`kind`:`sql`,`target`:`old`,`sql`:`DROP TABLE big`,`as`:`dropped`}",
      "36:65: an entry of a rollback has no `as` of its own" },
    { "{`id`:`settled`,`kind`:`wait`", "{`id`:`fill.verify.1`,`kind`:`wait`",
      "35:7: a second step `fill.verify.1`" },
    { "{`id`:`plain`,`kind`:`backfill`", "{`id`:`fill.begin`,`kind`:`backfill`",
      "31:7: a second step `fill.begin`" },
    { "`argv`:[`bump`,`${lsn}`],`after`:`backfill`", "`argv`:[`bump`,`${lsn}`],`after`:`settled`",
      "33:64: step `settled` comes later in the book: a step can only be after one before it" },
    { "{`kind`:`sql`,`target`:`old`,`sql`:`DROP TABLE big`}", "{`kind`:`sql`,`sql`:`DROP TABLE big`}",
      "36:13: step `fill.begin.rollback.1` needs a `target`" },
    { "{`kind`:`sql`,`target`:`old`,`sql`:`DROP TABLE big`}",
      "{`kind`:`sql`,`target`:`old`,`sql`:`DROP TABLE ${made}`}",
      "36:48: no param `made` (`$${` stands for the two characters themselves)" },
    { "`rollback`:[{`kind`:`sql`,`target`:`old`,`sql`:`DROP TABLE "
      "big`},{`kind`:`manual`,`instructions`:`Look`}]",
      "`rollback`:[]",
      "20:1: step `make` can change something: it needs a `rollback` or an `irreversible`\n"
      "21:1: step `gen` can change something: it needs a `rollback` or an `irreversible`\n"
      "27:1: step `backfill` can change something: it needs a `rollback` or an `irreversible`\n"
      "33:1: step `bump` can change something: it needs a `rollback` or an `irreversible`\n"
      "36:12: `rollback` of phase must not be empty" },
    { "`rollback`:[{`kind`:`sql`,`target`:`old`,`sql`:`DROP TABLE "
      "big`},{`kind`:`manual`,`instructions`:`Look`}]",
      "`rollback`:[{`kind`:`verify`,`target`:`old`,`sql`:`SELECT 1`,`expect`:{`value`:1}}]",
      "36:12: this rollback only looks on: none of it undoes anything" },
    { "`title`:`Judge`,\n"
      "",
      "`title`:`Judge`,`rollback`:[{`kind`:`manual`,`instructions`:`x`}],\n"
      "",
      "37:58: nothing in this phase changes anything: it has nothing to roll back" },
    { "`title`:`Judge`,\n"
      "",
      "`title`:`Judge`,`verification`:[],\n"
      "",
      "37:62: `verification` of phase must not be empty" },
    { "`background`:true", "`background`:1",
      "28:126: `background` of step `backfill` wants true or false, not a number" },
};

/* A value that looks like one of those that are put in later is refused where it would be taken for it. */
static void test_hidden_in_a_param(void **state)
{
    const struct book_param param = { "word", "${lsn}" };
    struct book_options options = kinds_options;
    struct load load;
    char *text = replaced(kinds_book, "`argv`:[`bump`,`${lsn}`]", "`argv`:[`bump`,`a${word}`]");
    (void)state;
    options.param_count = 1;
    options.params = &param;
    load_init(&load, text, &options);
    assert_string_equal(buf_str(&load.faults), "33:46: the value of ${word} holds \"${\"");
    load_finish(&load);
    /* in SQL it is quoted, and what is quoted is left alone */
    load_init(&load, kinds_book, &options);
    assert_string_equal(buf_str(&load.faults), "");
    size_t backfill = book_find_step(load.book, "backfill");
    assert_string_equal(load.book->steps[backfill].backfill->set, "c = ';' || '${lsn}'");
    load_finish(&load);
    free(text);
}

/* Steps that are made count like those that are written. */
static void test_too_many(void **state)
{
    static const struct {
        int steps, verifications;
        bool rollback;
        const char *faults;
    } rows[] = {
        { BOOK_STEPS_MAX - 2, 1, true, "" },
        { BOOK_STEPS_MAX - 1, 1, true, "1:97: 5001 steps are more than 5000" },
        { BOOK_STEPS_MAX - 1, 2, false, "1:97: 5001 steps are more than 5000" },
        { BOOK_STEPS_MAX, 0, true, "1:97: 5001 steps are more than 5000" },
        { BOOK_STEPS_MAX, 0, false, "" },
    };
    struct buf text;
    (void)state;
    buf_init(&text, 2 * JSON_MAX_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct load load;
        const char *rollback = rows[i].rollback ? "`rollback`:[{`kind`:`manual`,`instructions`:`x`}]," : "";
        const char *own = ",`rollback`:[{`kind`:`none`,`why`:`x`}]";
        buf_clear(&text);
        buf_format(&text,
                   "{`tminus`:1,`id`:`b`,`title`:`B`,`targets`:{`o`:{`engine`:`postgresql`}},`monitors`:[],"
                   "`phases`:[{`id`:`p`,`kind`:`expand`,`title`:`P`,%s`steps`:[",
                   rollback);
        for (int k = 0; k < rows[i].steps; k++)
            buf_format(&text, "%s{`id`:`s%d`,`kind`:`manual`,`instructions`:`x`%s}", k > 0 ? "," : "", k,
                       own);
        buf_text(&text, "],`verification`:[");
        for (int k = 0; k < rows[i].verifications; k++)
            buf_format(&text, "%s{`kind`:`verify`,`target`:`o`,`sql`:`SELECT 1`,`as`:`v%d`}",
                       k > 0 ? "," : "", k);
        buf_text(&text, "]}]}");
        char *book = rows[i].verifications > 0 ? mem_text(buf_str(&text))
                                               : replaced(buf_str(&text), ",`verification`:[]", "");
        load_init(&load, book, NULL);
        assert_string_equal(buf_str(&load.faults), rows[i].faults);
        load_finish(&load);
        free(book);
    }
    buf_finish(&text);
}

static void test_backfill(void **state)
{
    (void)state;
    refuse_all_kinds(backfill_cases, ARRAY_LEN(backfill_cases));
}

static void test_compare(void **state)
{
    (void)state;
    refuse_all_kinds(compare_cases, ARRAY_LEN(compare_cases));
}

static void test_notify(void **state)
{
    (void)state;
    refuse_all_kinds(notify_cases, ARRAY_LEN(notify_cases));
}

static void test_each(void **state)
{
    (void)state;
    refuse_all_kinds(each_cases, ARRAY_LEN(each_cases));
}

static void test_later(void **state)
{
    (void)state;
    refuse_all_kinds(later_cases, ARRAY_LEN(later_cases));
}

static void test_order(void **state)
{
    (void)state;
    refuse_all_kinds(order_cases, ARRAY_LEN(order_cases));
}

/* An `after` by way of another step will do, and a box need not say any: it is asked until there is an
 * answer. */
static void test_in_order(void **state)
{
    static const char *const books[] = {
        "`parallel`:true,`steps`:[`ASKED`,{`id`:`b`,`kind`:`verify`,`target`:`o`,`sql`:`SELECT "
        "1`,`as`:`w`,`after`:`a`},"
        "{`id`:`c`,`kind`:`verify`,`target`:`o`,`sql`:`SELECT ${v}`,`as`:`x`,`after`:[`b`]}]",
        "`steps`:[`ASKED`,{`id`:`b`,`kind`:`verify`,`target`:`o`,`sql`:`SELECT 1`,`as`:`w`,`after`:`a`},"
        "{`id`:`c`,`kind`:`verify`,`target`:`o`,`sql`:`SELECT ${v}`,`as`:`x`}]",
        "`steps`:[`ASKED`,{`id`:`c`,`kind`:`check`,`sense`:{`target`:`o`,`sql`:`SELECT ${v}`}}]",
        "`steps`:[`ASKED`],`verification`:[{`kind`:`verify`,`target`:`o`,`sql`:`SELECT ${v}`,`as`:`x`}]",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(books); i++) {
        struct load load;
        char *phase =
            replaced(books[i], "`ASKED`",
                     "{`id`:`a`,`kind`:`verify`,`target`:`o`,`sql`:`SELECT 1`,`as`:`v`,`background`:true}");
        char *book = replaced("{`tminus`:1,`id`:`b`,`title`:`B`,`targets`:{`o`:{`engine`:`postgresql`}},"
                              "`monitors`:[],`phases`:[{`id`:`p`,`kind`:`expand`,`title`:`P`,PHASE}]}",
                              "PHASE", phase);
        load_init(&load, book, NULL);
        assert_string_equal(buf_str(&load.faults), "");
        load_finish(&load);
        free(phase);
        free(book);
    }
}

static void test_wait(void **state)
{
    (void)state;
    refuse_all_kinds(wait_cases, ARRAY_LEN(wait_cases));
}

static void test_phase(void **state)
{
    (void)state;
    refuse_all_kinds(phase_cases, ARRAY_LEN(phase_cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backfill), cmocka_unit_test(test_compare),
        cmocka_unit_test(test_notify),   cmocka_unit_test(test_each),
        cmocka_unit_test(test_later),    cmocka_unit_test(test_wait),
        cmocka_unit_test(test_phase),    cmocka_unit_test(test_hidden_in_a_param),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_order),
        cmocka_unit_test(test_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
