#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct refusal book_cases[] = {
    { "`id`:`sample`", "`id`:`Sample`",
      "2:6: `id` of book wants an id of at most 64 characters from a-z, 0-9, `.`, `_` and `-`, "
      "beginning with a letter or digit, not `Sample`" },
    { "`id`:`sample`,", "", "1:1: book lacks the field `id`" },
    { "`tminus`:1", "`tminus`:2", "1:11: `tminus` of book wants a whole number from 1 to 1, not 2" },
    { "`title`:`A sample`", "`titel`:`A sample`",
      "1:1: book lacks the field `title`\n"
      "3:1: unknown field `titel` in book; did you mean `title`?" },
    { "`title`:`A sample`", "`title`:`A\\tsample`",
      "3:9: a control character (U+0009) in a text that is shown" },
    { "`title`:`A sample`", "`title`:`A \\u001b[31msample`",
      "3:9: a control character (U+001B) in a text that is shown" },
    { "`title`:`A sample`", "`title`:`A sample`,`summary`:`one\\ntwo`,`postmortem`:[`tab\\there`]",
      "3:55: a control character (U+0009) in a text that is shown" },
    { "`title`:`A sample`", "`title`:`A sample`,`title`:`B`",
      "3:20: the key `title` stands here for the second time; the first is at line 3, column 1" },
    { "`length`:`1h`", "`length`:`4m`", "4:34: the window has to be longer than its margin" },
    { "`length`:`1h`", "`length`:`1 hour`",
      "4:20: `length` of window is wrong: `1 hour` is not a duration: expected one such as "
      "`250ms`, `3s`, `20m`, `2h` or `1h30m`" },
    { "`title`:`A sample`", "`title`:`A sample`,`ignore`:[{`code`:`x`}]",
      "3:30: an item of ignore lacks the field `reason`" },
    { "`title`:`A sample`", "`title`:`A sample`,`ignore`:[{`code`:`X`,`reason`:``}]",
      "3:38: `code` of an item of ignore wants an id of at most 64 characters from a-z, 0-9, `.`, `_` and "
      "`-`, "
      "beginning with a letter or digit, not `X`\n"
      "3:51: `reason` of an item of ignore must not be empty" },
    { "{`tminus`:1,", "[{`tminus`:1,",
      "44:1: expected `,` or `]` after an item of an array, found the end of the text" },
    { "`phases`:[", "`phases`:{},`x`:[",
      "16:10: `phases` of book wants an array, not an object\n"
      "16:13: unknown field `x` in book" },
};

static void test_book(void **state)
{
    (void)state;
    refuse_all(book_cases, ARRAY_LEN(book_cases));
}

static const struct refusal params_cases[] = {
    { "`default`:`public`", "`default`:``",
      "5:51: the default of `schema`: is empty, which no identifier is" },
    { "`default`:`public`", "`default`:7", "5:51: the default of identifier `schema` is a number" },
    { "`default`:`public`", "`default`:`a234567890123456789012345678901234567890123456789012345678901234`",
      "5:51: the default of `schema`: is longer than 63 bytes" },
    { "`type`:`identifier`", "`type`:`identifer`",
      "5:28: `type` of param `schema` wants `identifier`, `integer`, `text`, `boolean`, `duration` "
      "or `secret`, not `identifer`; did you mean `identifier`?" },
    { "`default`:5000", "`default`:50", "6:37: the default of `batch`: is 50, less than its min 100" },
    { "`default`:5000", "`default`:50000",
      "6:37: the default of `batch`: is 50000, more than its max 10000" },
    { "`default`:5000", "`default`:5000.5", "6:37: the default of integer `batch` has a fraction" },
    { "`default`:5000,", "", "6:9: param `batch` has no default: give it with --param batch=..." },
    { "`min`:100", "`min`:20000",
      "6:37: the default of `batch`: is 5000, less than its min 20000\n"
      "6:48: the min of `batch` is more than its max" },
    { "`type`:`identifier`,", "`type`:`identifier`,`min`:1,",
      "5:47: only an integer has bounds, `schema` is of type identifier" },
    { "`type`:`identifier`,", "`type`:`identifier`,`from`:`env:X`,", "5:48: only a secret has `from`" },
    { "`from`:`env:CHAT_HOOK`", "`from`:`CHAT_HOOK`",
      "7:32: a secret comes `from`: `env:NAME`, `file:/PATH` or `command: WORDS`" },
    { "`from`:`env:CHAT_HOOK`", "`from`:`file:hook`",
      "7:32: a secret comes `from`: `env:NAME`, `file:/PATH` or `command: WORDS`" },
    { "`from`:`env:CHAT_HOOK`", "`from`:`command:  `",
      "7:32: a secret comes `from`: `env:NAME`, `file:/PATH` or `command: WORDS`" },
    { "`from`:`env:CHAT_HOOK`", "`from`:`env:1 2`",
      "7:32: a secret comes `from`: `env:NAME`, `file:/PATH` or `command: WORDS`" },
    { ",`from`:`env:CHAT_HOOK`", "", "7:8: secret `hook` needs `from`, as in `env:NAME`" },
    { "`from`:`env:CHAT_HOOK`", "`from`:`env:CHAT_HOOK`,`default`:`https://x`",
      "7:58: secret `hook` has no default: it comes from where `from` says" },
    { "`batch`:{",
      "`spare`:{`type`:`text`,`default`:`x`},\n"
      "`batch`:{",
      "6:9: param `spare` is never used" },
    { "`batch`:{",
      "`Spare`:{`type`:`text`,`default`:`x`},\n"
      "`batch`:{",
      "6:9: `Spare` is no id: letters a-z, digits, `.`, `_` and `-`, at most 64\n"
      "6:9: param `Spare` is never used" },
    { "`type`:`integer`,`default`:5000,`min`:100,`max`:10000", "`type`:`duration`,`default`:`5 s`",
      "6:38: the default of `batch`: `5 s` is not a duration: expected one such as `250ms`, `3s`, "
      "`20m`, `2h` or `1h30m`" },
    { "`type`:`integer`,`default`:5000,`min`:100,`max`:10000", "`type`:`boolean`,`default`:`yes`",
      "6:37: the default of boolean `batch` is a text" },
};

static void test_params(void **state)
{
    (void)state;
    refuse_all(params_cases, ARRAY_LEN(params_cases));
}

static const struct refusal references_cases[] = {
    { "`not`:`operator`", "`not`:`operater`", "10:42: no role `operater`; did you mean `operator`?" },
    { "`not`:`operator`", "`not`:`reviewer`", "10:42: nobody is another person than themselves" },
    { "`of`:`primary`", "`of`:`primry`",
      "9:56: no target `primry`; did you mean `primary`?\n"
      "11:69: a heartbeat needs a replica with `of`, and target `replica` is none" },
    { "`of`:`primary`", "`of`:`replica`", "9:56: target `replica` follows itself" },
    { "`role`:`replica`,`of`:`primary`", "`of`:`primary`",
      "9:39: only a target with `role`: `replica` is `of` another\n"
      "11:69: a heartbeat needs a replica with `of`, and target `replica` is none" },
    { "`target`:`replica`", "`target`:`replika`", "11:47: no target `replika`; did you mean `replica`?" },
    { "`role`:`replica`,`of`:`primary`", "`role`:`replica`",
      "11:69: a heartbeat needs a replica with `of`, and target `replica` is none" },
    { "`kind`:`lag`,`target`:`replica`", "`kind`:`lag`,`target`:`primary`",
      "11:69: a heartbeat needs a replica with `of`, and target `primary` is none" },
    { "`kind`:`locks`,`target`:`primary`", "`kind`:`locks`,`target`:`primary`,`heartbeat`:true",
      "12:61: only a monitor of kind `lag` has a heartbeat" },
    { "`kind`:`locks`", "`kind`:`htp`",
      "12:22: `kind` of monitor wants `lag`, `locks`, `transactions`, `progress`, `query` or `http`, not "
      "`htp`; did you mean `http`?" },
    { "`every`:`2s`", "`every`:`10ms`",
      "12:57: a monitor that asks more often than every 100ms is a load itself" },
    { "`every`:`2s`", "`every`:`5s`",
      "22:1: could never be met: a sample is stale before the monitor takes the next one" },
    { "`id`:`locks`", "`id`:`lag`",
      "12:7: a second monitor `lag`\n"
      "22:11: no monitor `locks`" },
    { "`engine`:`postgresql`,`role`:`replica`", "`engine`:`mariadb`,`role`:`replica`",
      "11:47: target `replica` is mariadb, and `primary`, which it follows, is postgresql" },
    { "`version`:`>=15`", "`version`:`fifteen`", "8:55: `fifteen` is no version, as in `15` or `>=15.4`" },
    { "`metric`:`lag.seconds`,`is`:`>`", "`metric`:`lagg.seconds`,`is`:`>`",
      "14:18: no monitor `lagg`; did you mean `lag`?" },
    { "`metric`:`lag.seconds`,`is`:`>`", "`metric`:`lag.second`,`is`:`>`",
      "14:18: a monitor of kind `lag` has no metric `second`; did you mean `seconds`?" },
    { "`metric`:`lag.seconds`,`is`:`>`", "`metric`:`seconds`,`is`:`>`",
      "14:18: `seconds` is no metric, as in `lag.seconds`" },
    { "`is`:`>`,`value`:60", "`is`:`over`,`value`:60",
      "14:37: `is` of condition wants `<`, `<=`, `=`, `!=`, `>=` or `>`, not `over`" },
    { "`is`:`>`,`value`:60", "`is`:`>`", "14:8: condition lacks the field `value`" },
    { "`then`:`hold`", "`then`:`rollback`",
      "15:29: a trigger that rolls back by itself has nothing to propose" },
    { "`owner`:`operator`", "`owner`:`boss`", "16:83: no role `boss`" },
    { "`by`:`reviewer`,`evidence`", "`by`:`reviewr`,`evidence`",
      "19:34: no role `reviewr`; did you mean `reviewer`?" },
    { "`votes`:[`operator`,`reviewer`]", "`votes`:[`operator`,`approver`]", "20:39: no role `approver`" },
    { "`votes`:[`operator`,`reviewer`]", "`votes`:[`operator`,`operator`]",
      "20:39: role `operator` votes once" },
    { "`votes`:[`operator`,`reviewer`]", "`votes`:[`operator`,7]",
      "20:39: `votes` of gate wants texts only, but item 2 is a number" },
    { "`override`:{`reason`:true,`by`:`reviewer`}", "`override`:{`reason`:false,`by`:`auditor`}",
      "23:22: an override always needs a reason\n"
      "23:33: no role `auditor`" },
    { "`value`:0}],\n", "`value`:0,`id`:`go.1`}],\n", "22:51: a second criterion `go.1`" },
    { "`target`:`primary`,`sql`:`SELECT true`", "`sql`:`SELECT true`",
      "18:9: sense needs a `target` to ask" },
    { "`target`:`primary`,`sql`:`SELECT true`", "`target`:`secondary`,`sql`:`SELECT true`",
      "18:19: no target `secondary`" },
};

static void test_references(void **state)
{
    (void)state;
    refuse_all(references_cases, ARRAY_LEN(references_cases));
}

static const struct refusal descriptions_cases[] = {
    { "`title`:`A sample`", "`title`:`A sample`,`strategy`:{`approach`:`x`,`wy`:`y`}",
      "3:31: strategy lacks the field `why`\n"
      "3:47: unknown field `wy` in strategy; did you mean `why`?" },
    { "`title`:`A sample`",
      "`title`:`A sample`,`strategy`:{`approach`:`x`,`why`:`y`,`rejected`:[{`approach`:`z`}]}",
      "3:69: an item of rejected lacks the field `why`" },
    { "`title`:`A sample`",
      "`title`:`A sample`,`environment`:{`volume`:{`largest`:[{`table`:`t`,`rows`:`many`}]}}",
      "3:76: `rows` of an item of largest wants a whole number, not a text" },
    { "`title`:`A sample`",
      "`title`:`A sample`,`environment`:{`volume`:{`size`:`big`},`topology`:{`replica`:1}}",
      "3:52: `size` of volume is wrong: `big` is not a size: expected a whole number of bytes, or "
      "one with a unit such as `200GB`, `512MB` or `64KiB`\n"
      "3:71: unknown field `replica` in topology; did you mean `replicas`?" },
    { "`title`:`A sample`", "`title`:`A sample`,`objectives`:{`rto`:`soon`}",
      "3:40: `rto` of objectives is wrong: `soon` is not a duration: expected one such as `250ms`, "
      "`3s`, `20m`, `2h` or `1h30m`" },
    { "`title`:`A sample`", "`title`:`A sample`,`tools`:{`required`:[{`version`:`15`}],`forbidden`:[1]}",
      "3:41: a required tool lacks the field `name`\n"
      "3:72: `forbidden` of tools wants texts only, but item 1 is a number" },
    { "`title`:`A sample`", "`title`:`A sample`,`communications`:{`started`:{`to`:`all`},`x`:1}",
      "3:48: communication `started` lacks the field `text`\n"
      "3:65: communication `x` must be an object, not a number" },
    { "`title`:`A sample`", "`title`:`A sample`,`risks`:[{`risk`:`r`,`impact`:`huge`},`x`]",
      "3:50: `impact` of an item of risks wants `LOW`, `MEDIUM` or `HIGH`, not `huge`\n"
      "3:58: an item of risks must be an object, not a text" },
    { "`title`:`A sample`", "`title`:`A sample`,`postmortem`:[`a`,1]",
      "3:38: postmortem are texts, this is a number" },
};

static void test_descriptions(void **state)
{
    (void)state;
    refuse_all(descriptions_cases, ARRAY_LEN(descriptions_cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_book),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_descriptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
