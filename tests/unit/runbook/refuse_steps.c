#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct refusal steps_cases[] = {
    { "`kind`:`check`,`freshness`", "`kind`:`fill`,`freshness`",
      "17:31: kind `fill` is not one of check, manual, sql, command, verify, wait, backfill, osc, compare, "
      "notify" },
    { "`kind`:`check`,`freshness`", "`kind`:`chek`,`freshness`",
      "17:31: kind `chek` is not one of check, manual, sql, command, verify, wait, backfill, osc, compare, "
      "notify; did you mean "
      "`check`?" },
    { "`kind`:`check`,`freshness`", "`freshness`",
      "17:10: a step needs a `kind`: one of check, manual, sql, command, verify, wait, backfill, osc, "
      "compare, "
      "notify" },
    { "`kind`:`check`,`freshness`", "`kind`:`none`,`freshness`",
      "17:31: kind `none` is not one of check, manual, sql, command, verify, wait, backfill, osc, compare, "
      "notify" },
    { "{`id`:`alive`,`kind`", "{`kind`", "17:10: step lacks the field `id`" },
    { "{`id`:`alive`,`kind`", "{`id`:`alive`,`backgroun`:true,`kind`",
      "17:24: unknown field `backgroun` in step `alive`; did you mean `background`?" },
    { "{`id`:`alive`", "{`id`:`alive.rollback.1`",
      "17:16: `.rollback.` stands only in the ids that rollback entries get by themselves" },
    { "`id`:`read`", "`id`:`alive`", "19:7: a second step `alive`" },
    { "`id`:`count`", "`id`:`alter`", "39:7: a second step `alter`" },
    { "`id`:`change`", "`id`:`before`", "24:7: a second phase `before`" },
    { "`title`:`Change`,\n", "`title`:`Change`,`gate`:{`id`:`go`,`votes`:[`operator`]},\n",
      "24:62: a second gate `go`" },
    { "`title`:`Change`,\n", "`title`:`Change`,`gate`:{`id`:`stop`},\n",
      "24:56: a gate with neither votes nor criteria would stop nobody" },
    { "`kind`:`check`,`by`:`reviewer`", "`kind`:`check`,`freshness`:`1s`,`by`:`reviewer`",
      "19:41: only a check with a `sense` has a freshness" },
    { "`freshness`:`10s`", "`by`:`operator`",
      "17:44: a sensed check is ticked by its query: it has no `by`" },
    { "`after`:[`alter`]", "`after`:[`altar`]", "42:10: no step `altar`; did you mean `alter`?" },
    { "`after`:[`alter`]", "`after`:[`flag`]", "42:10: step `flag` cannot be after itself" },
    { "`kind`:`sql`,`target`:`primary`,\n"
      "`sql`:`ALTER",
      "`kind`:`sql`,`target`:`primary`,`after`:[`flag`],\n"
      "`sql`:`ALTER",
      "25:65: step `flag` comes later in the book: a step can only be after one before it" },
    { "`after`:[`alter`]", "`after`:[`alter`,3]",
      "42:18: `after` of step `flag` wants texts only, but item 2 is a number" },
    { "`retry`:{`attempts`:10", "`retry`:{`attempts`:0",
      "27:44: `attempts` of retry wants a whole number from 1 to 100, not 0" },
    { "`retry`:{`attempts`:10", "`retry`:{`attempts`:101",
      "27:44: `attempts` of retry wants a whole number from 1 to 100, not 101" },
    { "`backoff`:`1s..5s`", "`backoff`:`5s..1s`",
      "27:57: `backoff` of retry is wrong: range `5s..1s` begins with its longer end: expected "
      "`min..max`" },
    { "`AccessExclusive`", "`AccesExclusive`",
      "28:24: `AccesExclusive` is no lock mode; did you mean `AccessExclusive`?" },
    { "`locks`:{`${schema}.t`:`AccessExclusive`}", "`locks`:{`t`:true}",
      "28:14: a lock mode is a text, this is true or false" },
    { "`sql`:`SELECT count(*) FROM t WHERE c IS NULL`", "`sql`:`SELECT 1; DELETE FROM t`",
      "40:7: a query is one statement, these are 2" },
    { ",`expect`:{`value`:0}", "", "39:1: step `count` has to say what to `expect`" },
    { "`expect`:{`value`:0}", "`expect`:{}",
      "40:57: expect one of `value`, `rows`, `between`, `matches`, `equals`" },
    { "`expect`:{`value`:0}", "`expect`:{`value`:0,`rows`:1}",
      "40:57: expect one of `value`, `rows`, `between`, `matches`, `equals`" },
    { "`expect`:{`value`:0}", "`expect`:{`value`:`a`,`is`:`>`}",
      "40:66: `>` compares numbers: what is expected here is none" },
    { "`expect`:{`value`:0}", "`expect`:{`value`:[0]}", "40:66: one value is expected, not an array" },
    { "`argv`:[`deploy`,`${batch}`]", "`argv`:`deploy now`",
      "34:40: `argv` is an array, one text for each argument: nothing is split at spaces" },
    { "`argv`:[`deploy`,`${batch}`]", "`argv`:[]", "34:40: `argv` of step `deploy` must not be empty" },
    { "`argv`:[`deploy`,`${batch}`]", "`argv`:[``,`x`]", "34:41: the program has no name" },
    { "`HOOK`:`${hook}`", "`9HOOK`:`${hook}`", "35:16: `9HOOK` is no name of an environment variable" },
    { "`HOOK`:`${hook}`", "`HOOK`:`${hook}`,`P`:5432",
      "35:29: an environment variable is a text, this is a number" },
    { "`instructions`:`Turn it on`,", "", "41:1: step `flag` needs `instructions`: what is to be done" },
    { "`kind`:`wait`,`timeout`:`30m`,\n"
      "`until`",
      "`kind`:`wait`,`timeout`:`30m`,\n"
      "`unless`",
      "37:1: step `settled` waits either `until` a condition holds or for `all` of some queries\n"
      "38:1: unknown field `unless` in step `settled`" },
};

static void test_steps(void **state)
{
    (void)state;
    refuse_all(steps_cases, ARRAY_LEN(steps_cases));
}

static const struct refusal safety_cases[] = {
    { ",\n"
      "`rollback`:[{`kind`:`none`,`why`:`it goes with the column`}]",
      "", "31:1: step `index` can change something: it needs a `rollback` or an `irreversible`" },
    { "`rollback`:[{`kind`:`none`,`why`:`it goes with the column`}]", "`rollback`:[]",
      "33:12: `rollback` of step `index` must not be empty" },
    { "`rollback`:[{`kind`:`none`,`why`:`it goes with the column`}]", "`rollback`:[{`kind`:`none`}]",
      "33:13: step `index.rollback.1` lacks the field `why`" },
    { "`rollback`:[{`kind`:`none`,`why`:`it goes with the column`}]",
      "`rollback`:[{`kind`:`none`,`why`:`x`},{`kind`:`none`,`why`:`y`}]",
      "33:13: `none` says that there is nothing to undo: it stands alone\n"
      "33:39: `none` says that there is nothing to undo: it stands alone" },
    { "`rollback`:[{`kind`:`none`,`why`:`it goes with the column`}]", "`rollback`:[{`kind`:`check`}]",
      "33:21: kind `check` is not one of manual, sql, command, verify, wait, backfill, osc, compare, notify, "
      "none" },
    { "`rollback`:[{`kind`:`none`,`why`:`it goes with the column`}]", "`rollback`:[`DROP INDEX i`]",
      "33:13: a step is an object, this is a text" },
    { "`rollback`:[{`kind`:`none`,`why`:`it goes with the column`}]",
      "`rollback`:[{`kind`:`none`,`why`:`x`}],`irreversible`:`it is not`",
      "33:55: a step is either irreversible or has a rollback" },
    { ",`estimate`:`3s`}]", ",`rollback`:[],`id`:`x`,`after`:[]}]",
      "30:66: an entry of a rollback has no `rollback` of its own\n"
      "30:77: `rollback` of step `alter.rollback.1` must not be empty\n"
      "30:80: an entry of a rollback has no `id` of its own\n"
      "30:89: an entry of a rollback has no `after` of its own" },
    { "`irreversible`:`the old version is gone`", "`irreversible`:``",
      "36:16: `irreversible` of step `deploy` must not be empty" },
    { "`rollback`:[{`kind`:`none`,`why`:`it goes with the column`}]",
      "`rollback`:[{`kind`:`verify`,`sql`:`SELECT 1`,`expect`:{`value`:1}}]",
      "33:12: this rollback only looks on: none of it undoes anything" },
    { ",\n"
      "`gate`:{`id`:`go`,`votes`:[`operator`,`reviewer`],\n"
      "`criteria`:[{`metric`:`lag.seconds`,`is`:`<`,`value`:1,`for`:`30s`,`age`:`2s`},\n"
      "{`metric`:`locks.waiting`,`is`:`=`,`value`:0}],\n"
      "`override`:{`reason`:true,`by`:`reviewer`}}",
      "", "32:16: an irreversible step needs a gate at the end of the phase before its own" },
    { "`kind`:`check`,`by`:`reviewer`,`evidence`:true",
      "`kind`:`manual`,`instructions`:`x`,`irreversible`:`y`",
      "19:64: an irreversible step needs a gate at the end of the phase before its own" },
    { "`kind`:`check`,`by`:`reviewer`,`evidence`:true", "`kind`:`check`,`by`:`reviewer`,`rollback`:[]",
      "19:45: unknown field `rollback` in step `read`" },
    { "`rollback`:[{`kind`:`manual`,`instructions`:`Turn it off`}]",
      "`rollback`:[{`kind`:`sql`,`sql`:`SELECT 1`}]", "43:13: step `flag.rollback.1` needs a `target`" },
    { "`rollback`:[{`kind`:`manual`,`instructions`:`Turn it off`}]",
      "`done_when`:{`sql`:`SELECT true`},`rollback`:[{`kind`:`manual`,`instructions`:`x`}]",
      "43:13: done_when needs a `target` to ask" },
    { ",`CREATE INDEX CONCURRENTLY i ON t (c)`],",
      ",`CREATE INDEX CONCURRENTLY i ON t (c)`],`transaction`:true,",
      "32:8: CONCURRENTLY cannot run in a transaction: leave `transaction` out or make it false\n"
      "32:46: CONCURRENTLY cannot run in a transaction: leave `transaction` out or make it false" },
    { "`sql`:[`DROP INDEX CONCURRENTLY IF EXISTS i`,`CREATE INDEX CONCURRENTLY i ON t (c)`]",
      "`sql`:`DROP INDEX concurrently i; CREATE INDEX CONCURRENTLY i ON t (c);`",
      "32:7: CONCURRENTLY among several statements of one text runs in a transaction: make `sql` "
      "an array with one statement in each text" },
    { "`sql`:[`DROP INDEX CONCURRENTLY IF EXISTS i`,`CREATE INDEX CONCURRENTLY i ON t (c)`]",
      "`sql`:`vacuum t`,`transaction`:true",
      "32:7: VACUUM cannot run in a transaction: leave `transaction` out or make it false" },
    { "`sql`:[`DROP INDEX CONCURRENTLY IF EXISTS i`,`CREATE INDEX CONCURRENTLY i ON t (c)`]",
      "`sql`:`SET x TO 1; VACUUM t`",
      "32:7: VACUUM among several statements of one text runs in a transaction: make `sql` an "
      "array with one statement in each text" },
    { "`sql`:[`DROP INDEX CONCURRENTLY IF EXISTS i`,`CREATE INDEX CONCURRENTLY i ON t (c)`]",
      "`sql`:[`BEGIN`,`DROP INDEX i`,`COMMIT`]",
      "32:8: transactions are begun and ended for a step: say `transaction`: true or false\n"
      "32:31: transactions are begun and ended for a step: say `transaction`: true or false" },
    { "`sql`:[`DROP INDEX CONCURRENTLY IF EXISTS i`,`CREATE INDEX CONCURRENTLY i ON t (c)`]",
      "`sql`:[`-- nothing`,`SELECT 1;`]", "32:8: no statement stands in this SQL" },
    { "`sql`:[`DROP INDEX CONCURRENTLY IF EXISTS i`,`CREATE INDEX CONCURRENTLY i ON t (c)`]",
      "`file`:`sql/001.sql`", "32:8: the file `sql/001.sql` was not given" },
    { "`sql`:[`DROP INDEX CONCURRENTLY IF EXISTS i`,`CREATE INDEX CONCURRENTLY i ON t (c)`]",
      "`sql`:`COMMENT ON TABLE t IS 'it is`", "32:7: a quoted literal is not closed in this SQL" },
};

static void test_safety(void **state)
{
    (void)state;
    refuse_all(safety_cases, ARRAY_LEN(safety_cases));
}

static const struct refusal substitution_cases[] = {
    { "DEFAULT ${batch}", "DEFAULT ${bacth}",
      "26:7: no param `bacth`; did you mean `batch`? (`$${` stands for the two characters "
      "themselves)" },
    { "DEFAULT ${batch}", "DEFAULT '${batch}'",
      "26:7: ${ stands inside a quoted literal, where its value would be quoted twice" },
    { "DEFAULT ${batch}", "DEFAULT 1 -- ${batch}",
      "26:7: ${ stands inside a comment, where its value would be quoted twice" },
    { "DEFAULT ${batch}", "DEFAULT 1 /* ${batch} */",
      "26:7: ${ stands inside a comment, where its value would be quoted twice" },
    { "DEFAULT ${batch}", "DEFAULT \\`${batch}\\`",
      "26:7: ${ stands inside a quoted identifier, where its value would be quoted twice" },
    { "DEFAULT ${batch}", "DEFAULT $$${batch}$$",
      "26:7: ${ stands inside a quoted literal, where its value would be quoted twice" },
    { "DEFAULT ${batch}", "DEFAULT $a$ ${batch} $a$",
      "26:7: ${ stands inside a quoted literal, where its value would be quoted twice" },
    { "DEFAULT ${batch}", "DEFAULT E'\\\\'${batch}'",
      "26:7: ${ stands inside a quoted literal, where its value would be quoted twice" },
    { "DEFAULT ${batch}", "DEFAULT c${batch}",
      "26:7: ${batch} touches what stands beside it: a param is a whole identifier or value" },
    { "DEFAULT ${batch}", "DEFAULT ${batch}${batch}",
      "26:7: ${batch} touches what stands beside it: a param is a whole identifier or value\n"
      "26:7: ${batch} touches what stands beside it: a param is a whole identifier or value" },
    { "DEFAULT ${batch}", "DEFAULT E${batch}",
      "26:7: ${batch} touches what stands beside it: a param is a whole identifier or value" },
    { "DEFAULT ${batch}", "DEFAULT 'a' ${batch}",
      "26:7: ${batch} stands right after a quoted literal and could become part of it" },
    { "DEFAULT ${batch}", "DEFAULT E'a'\\n${batch}",
      "26:7: ${batch} stands right after a quoted literal and could become part of it" },
    { "DEFAULT ${batch}", "DEFAULT ${batch",
      "26:7: `${` begins a param, as in ${name}; for the two characters write `$${`" },
    { "DEFAULT ${batch}", "DEFAULT ${ batch }",
      "26:7: `${` begins a param, as in ${name}; for the two characters write `$${`" },
    { "DEFAULT ${batch}", "DEFAULT ${hook}",
      "26:7: secret `hook` may stand only as a whole value, in `env` of a command or as the `url` of a "
      "webhook" },
    { "[`deploy`,`${batch}`]", "[`deploy`,`${hook}`]",
      "34:50: secret `hook` may stand only as a whole value, in `env` of a command or as the `url` of a "
      "webhook" },
    { "[`deploy`,`${batch}`]", "[`sh`,`-c`,`echo ${HOME}`]",
      "34:51: `${` begins a param, as in ${name}; for the two characters write `$${`" },
    { "`HOOK`:`${hook}`", "`HOOK`:`Bearer ${hook}`",
      "35:15: secret `hook` may stand only as a whole value, in `env` of a command or as the `url` of a "
      "webhook" },
    { "`title`:`A sample`", "`title`:`A sample for ${hook}`",
      "3:9: secret `hook` may stand only as a whole value, in `env` of a command or as the `url` of a "
      "webhook" },
    { "`title`:`A sample`", "`title`:`A sample`,`risks`:[{`risk`:`${nobody} knows`}]",
      "3:37: no param `nobody` (`$${` stands for the two characters themselves)" },
};

static void test_substitution(void **state)
{
    (void)state;
    refuse_all(substitution_cases, ARRAY_LEN(substitution_cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_safety),
        cmocka_unit_test(test_substitution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
