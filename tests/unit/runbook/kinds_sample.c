#include "sample.h"

/* clang-format off */
const char kinds_book[] =
    /*  1 */ "{`tminus`:1,`id`:`kinds`,`title`:`Kinds`,\n"
    /*  2 */ "`params`:{`batch`:{`type`:`integer`,`default`:500},`word`:{`type`:`text`,`default`:`it's`},`hook`:{`type`:`secret`,`from`:`env:HOOK`}},\n"
    /*  3 */ "`targets`:{`old`:{`engine`:`postgresql`,`role`:`primary`},\n"
    /*  4 */ "`new`:{`engine`:`postgresql`,`role`:`replica`,`of`:`old`}},\n"
    /*  5 */ "`roles`:{`operator`:{}},\n"
    /*  6 */ "`monitors`:[{`id`:`lag`,`kind`:`lag`,`target`:`new`},\n"
    /*  7 */ "{`id`:`active`,`kind`:`query`,`target`:`old`,`sql`:`SELECT count(*) FROM a`,`every`:`2s`},\n"
    /*  8 */ "{`id`:`web`,`kind`:`http`,`url`:`https://shop.test/health`,`pointer`:`/error_rate`}],\n"
    /*  9 */ "`communications`:{`begun`:{`to`:`all`,`via`:`command`,`argv`:[`tell`,`${word}`],`text`:`it begins`},\n"
    /* 10 */ "`hooked`:{`to`:`chat`,`via`:`webhook`,`url`:`${hook}`,`text`:`so far`},\n"
    /* 11 */ "`posted`:{`to`:`chat`,`via`:`webhook`,`url`:`https://chat.test/x`,`text`:`so far`},\n"
    /* 12 */ "`called`:{`to`:`them`,`via`:`telephone`,`text`:`ring them`}},\n"
    /* 13 */ "`phases`:[{`id`:`look`,`kind`:`preflight`,`title`:`Look`,\n"
    /* 14 */ "`steps`:[{`id`:`quiet`,`kind`:`check`,`use`:`pg/quiet`,`target`:`old`,`with`:{`limit`:7,`who`:`${word}`}},\n"
    /* 15 */ "{`id`:`tell`,`kind`:`notify`,`template`:`begun`},\n"
    /* 16 */ "{`id`:`hook`,`kind`:`notify`,`template`:`hooked`,`timeout`:`3s`},\n"
    /* 17 */ "{`id`:`post`,`kind`:`notify`,`template`:`posted`}]},\n"
    /* 18 */ "{`id`:`fill`,`kind`:`migrate`,`title`:`Fill`,\n"
    /* 19 */ "`steps`:[{`id`:`here`,`kind`:`verify`,`target`:`old`,`sql`:`SELECT pg_current_wal_lsn()`,`as`:`lsn`},\n"
    /* 20 */ "{`id`:`make`,`kind`:`sql`,`target`:`old`,`file`:`sql/make.sql`,`as`:`made`},\n"
    /* 21 */ "{`id`:`gen`,`kind`:`sql`,`target`:`old`,`generate`:{`target`:`new`,`sql`:`SELECT a FROM b WHERE c > ${lsn}`,`timeout`:`7s`},`give_way`:[{`metric`:`active.value`,`is`:`>=`,`value`:500}]},\n"
    /* 22 */ "{`id`:`each`,`kind`:`sql`,`target`:`old`,`for_each`:{`sql`:`SELECT n FROM t WHERE m = ${made}`,`as`:`tenant`,`type`:`identifier`},\n"
    /* 23 */ "`sql`:`CREATE SCHEMA ${tenant}`,`rollback`:[{`kind`:`sql`,`sql`:`DROP SCHEMA ${tenant}`}]},\n"
    /* 24 */ "{`id`:`caught-up`,`kind`:`wait`,`all`:[{`target`:`new`,`sql`:`SELECT replayed() >= ${lsn}::pg_lsn`},\n"
    /* 25 */ "{`http`:{`url`:`http://shop.test/${lsn}`,`pointer`:`/ready`},`expect`:{`value`:true}}],\n"
    /* 26 */ "`for`:`2s`,`every`:`1s`,`timeout`:`1m`},\n"
    /* 27 */ "{`id`:`backfill`,`kind`:`backfill`,`target`:`old`,`table`:`public.big`,`key`:[`a`,`b`],`set`:`c = ';' || ${word}`,`where`:`c IS NULL`,\n"
    /* 28 */ "`batch`:`${batch}`,`batch_time`:`200ms`,`pause`:`5ms`,`lock_timeout`:`2s`,`statement_timeout`:`9s`,`attempts`:3,`background`:true,\n"
    /* 29 */ "`throttle`:[{`metric`:`lag.seconds`,`is`:`<`,`value`:5},{`metric`:`web.value`,`is`:`<`,`value`:0.5,`age`:`4s`}],\n"
    /* 30 */ "`done_when`:{`sql`:`SELECT all_done()`}},\n"
    /* 31 */ "{`id`:`plain`,`kind`:`backfill`,`target`:`old`,`table`:`t`,`key`:`id`,`set`:`a = 1`,`where`:`a IS NULL`,\n"
    /* 32 */ "`rollback`:[{`kind`:`backfill`,`table`:`t`,`key`:`id`,`set`:`a = NULL`,`where`:`a = 1`}]},\n"
    /* 33 */ "{`id`:`bump`,`kind`:`command`,`argv`:[`bump`,`${lsn}`],`after`:`backfill`}],\n"
    /* 34 */ "`verification`:[{`kind`:`verify`,`target`:`old`,`sql`:`SELECT 0`,`expect`:{`value`:0}},\n"
    /* 35 */ "{`id`:`settled`,`kind`:`wait`,`until`:{`metric`:`active.value`,`is`:`<`,`value`:9}}],\n"
    /* 36 */ "`rollback`:[{`kind`:`sql`,`target`:`old`,`sql`:`DROP TABLE big`},{`kind`:`manual`,`instructions`:`Look`}]},\n"
    /* 37 */ "{`id`:`judge`,`kind`:`verify`,`title`:`Judge`,\n"
    /* 38 */ "`steps`:[{`id`:`same`,`kind`:`compare`,`left`:{`target`:`old`,`table`:`public.big`},`right`:{`target`:`new`,`table`:`big`},\n"
    /* 39 */ "`key`:`id`,`columns`:[`a`,`b`],`sums`:`a`,`where`:`b = ${word}`,`chunk`:1000,`timeout`:`1m`},\n"
    /* 40 */ "{`id`:`all`,`kind`:`compare`,`left`:{`target`:`old`},`right`:{`target`:`new`},`tables`:[`public.*`,`!public.x*`],\n"
    /* 41 */ "`also`:`sequences`,`margin`:100,`recheck`:{`attempts`:5}},\n"
    /* 42 */ "{`id`:`answers`,`kind`:`verify`,`http`:{`url`:`http://shop.test/${made}`}},\n"
    /* 43 */ "{`id`:`number`,`kind`:`verify`,`http`:{`url`:`https://shop.test/a`,`method`:`GET`,`pointer`:`/a/0`,`status`:204},`expect`:{`between`:[-1,2.50]},`timeout`:`2s`},\n"
    /* 44 */ "{`id`:`text`,`kind`:`verify`,`target`:`new`,`sql`:`SELECT v FROM w WHERE l = ${lsn}`,`expect`:{`matches`:`^1[0-9]+$`}},\n"
    /* 45 */ "{`id`:`equal`,`kind`:`verify`,`target`:`new`,`sql`:`SELECT 1`,`expect`:{`equals`:{`target`:`old`,`sql`:`SELECT 2`}}},\n"
    /* 46 */ "{`id`:`seen`,`kind`:`check`,`sense`:{`http`:{`url`:`https://shop.test/up`,`method`:`HEAD`}}}]}]}\n";

static const struct book_file files[] = {
    { .name = "checks/pg/quiet.json",
      .text = "{`title`:`At most ${limit} of ${who}`,\n"
              "`instructions`:`Ask ${who}.`,`engine`:`postgresql`,\n"
              "`params`:{`limit`:{`type`:`integer`,`max`:9},`who`:{`type`:`text`,`default`:`all`}},\n"
              "`sense`:{`sql`:`SELECT count(*) <= ${limit} FROM a WHERE w = ${who}`},`freshness`:`20s`}\n" },
    { .name = "checks/pg/bad.json",
      .text = "{`title`:`Bad`,`instructions`:`x`,`engine`:`postgresql`,\n"
              "`params`:{`limit`:{`type`:`integer`}},\n"
              "`sense`:{`sql`:`SELECT ${limt}`,`expect`:{`is`:`<`}}}\n" },
    { .name = "checks/either.json",
      .text = "{`title`:`Either`,`instructions`:`x`,`engine`:[`mysql`,`postgresql`],`sense`:{`sql`:`SELECT 1`}}\n" },
    { .name = "checks/others.json",
      .text = "{`title`:`Others`,`instructions`:`x`,`engine`:[`mysql`,`mariadb`],`sense`:{`sql`:`SELECT 1`}}\n" },
    { .name = "checks/unheard.json",
      .text = "{`title`:`Unheard`,`instructions`:`x`,\n`engine`:[`postgresql`,`postgres`],`sense`:{`sql`:`SELECT 1`}}\n" },
    { .name = "checks/none.json",
      .text = "{`title`:`None`,`instructions`:`x`,`engine`:[],`sense`:{`sql`:`SELECT 1`}}\n" },
    { .name = "checks/pg/broken.json", .text = "{`title`:\n" },
    { .name = "checks/pg/gone.json", .text = NULL, .why = "checks/pg/gone.json: there is no such file" },
    { .name = "sql/make.sql", .text = "CREATE TABLE big (a int, b text DEFAULT ${word});\n" },
    { .name = "sql/empty.sql", .text = "-- nothing\n" },
    { .name = "sql/gone.sql", .text = NULL, .why = "sql/gone.sql: there is no such file" },
};
const struct book_options kinds_options = { .file_count = ARRAY_LEN(files), .files = files };
/* clang-format on */
