#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* clang-format off */
const char sample_book[] =
    /*  1 */ "{`tminus`:1,\n"
    /*  2 */ "`id`:`sample`,\n"
    /*  3 */ "`title`:`A sample`,\n"
    /*  4 */ "`window`:{`length`:`1h`,`margin`:`5m`},\n"
    /*  5 */ "`params`:{`schema`:{`type`:`identifier`,`default`:`public`},\n"
    /*  6 */ "`batch`:{`type`:`integer`,`default`:5000,`min`:100,`max`:10000},\n"
    /*  7 */ "`hook`:{`type`:`secret`,`from`:`env:CHAT_HOOK`}},\n"
    /*  8 */ "`targets`:{`primary`:{`engine`:`postgresql`,`version`:`>=15`,`role`:`primary`},\n"
    /*  9 */ "`replica`:{`engine`:`postgresql`,`role`:`replica`,`of`:`primary`}},\n"
    /* 10 */ "`roles`:{`operator`:{},`reviewer`:{`not`:`operator`}},\n"
    /* 11 */ "`monitors`:[{`id`:`lag`,`kind`:`lag`,`target`:`replica`,`heartbeat`:true},\n"
    /* 12 */ "{`id`:`locks`,`kind`:`locks`,`target`:`primary`,`every`:`2s`}],\n"
    /* 13 */ "`triggers`:[{`id`:`runaway`,\n"
    /* 14 */ "`when`:{`metric`:`lag.seconds`,`is`:`>`,`value`:60,`for`:`30s`},\n"
    /* 15 */ "`then`:`hold`,`propose`:`rollback`,`why`:`too far behind`}],\n"
    /* 16 */ "`phases`:[{`id`:`before`,`kind`:`preflight`,`title`:`Before`,`risk`:`LOW`,`owner`:`operator`,\n"
    /* 17 */ "`steps`:[{`id`:`alive`,`kind`:`check`,`freshness`:`10s`,\n"
    /* 18 */ "`sense`:{`target`:`primary`,`sql`:`SELECT true`,`expect`:{`value`:true}}},\n"
    /* 19 */ "{`id`:`read`,`kind`:`check`,`by`:`reviewer`,`evidence`:true}],\n"
    /* 20 */ "`gate`:{`id`:`go`,`votes`:[`operator`,`reviewer`],\n"
    /* 21 */ "`criteria`:[{`metric`:`lag.seconds`,`is`:`<`,`value`:1,`for`:`30s`,`age`:`2s`},\n"
    /* 22 */ "{`metric`:`locks.waiting`,`is`:`=`,`value`:0}],\n"
    /* 23 */ "`override`:{`reason`:true,`by`:`reviewer`}}},\n"
    /* 24 */ "{`id`:`change`,`kind`:`expand`,`title`:`Change`,\n"
    /* 25 */ "`steps`:[{`id`:`alter`,`kind`:`sql`,`target`:`primary`,\n"
    /* 26 */ "`sql`:`ALTER TABLE ${schema}.t ADD c int DEFAULT ${batch}`,\n"
    /* 27 */ "`lock_timeout`:`500ms`,`retry`:{`attempts`:10,`backoff`:`1s..5s`},\n"
    /* 28 */ "`locks`:{`${schema}.t`:`AccessExclusive`},`estimate`:`1s..2s`,\n"
    /* 29 */ "`done_when`:{`sql`:`SELECT true`},\n"
    /* 30 */ "`rollback`:[{`kind`:`sql`,`sql`:`ALTER TABLE ${schema}.t DROP c`,`estimate`:`3s`}]},\n"
    /* 31 */ "{`id`:`index`,`kind`:`sql`,`target`:`primary`,\n"
    /* 32 */ "`sql`:[`DROP INDEX CONCURRENTLY IF EXISTS i`,`CREATE INDEX CONCURRENTLY i ON t (c)`],\n"
    /* 33 */ "`rollback`:[{`kind`:`none`,`why`:`it goes with the column`}]},\n"
    /* 34 */ "{`id`:`deploy`,`kind`:`command`,`argv`:[`deploy`,`${batch}`],\n"
    /* 35 */ "`env`:{`HOOK`:`${hook}`,`N`:`${batch}`},`timeout`:`10m`,\n"
    /* 36 */ "`irreversible`:`the old version is gone`},\n"
    /* 37 */ "{`id`:`settled`,`kind`:`wait`,`timeout`:`30m`,\n"
    /* 38 */ "`until`:{`metric`:`lag.seconds`,`is`:`<`,`value`:1,`for`:`60s`}},\n"
    /* 39 */ "{`id`:`count`,`kind`:`verify`,`target`:`primary`,\n"
    /* 40 */ "`sql`:`SELECT count(*) FROM t WHERE c IS NULL`,`expect`:{`value`:0}},\n"
    /* 41 */ "{`id`:`flag`,`kind`:`manual`,`instructions`:`Turn it on`,`evidence`:true,\n"
    /* 42 */ "`after`:[`alter`],\n"
    /* 43 */ "`rollback`:[{`kind`:`manual`,`instructions`:`Turn it off`}]}]}]}\n";

const char sample_targets[] =
    /*  1 */ "{`primary`:{`engine`:`postgresql`,`dsn`:`service=one`},\n"
    /*  2 */ "`replica`:{`engine`:`postgresql`,`dsn`:`host=two port=5433`,`password_from`:`env:PW`}}\n";
/* clang-format on */

static void tell(struct buf *out, const char *prefix, const struct json_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        buf_format(out, "%s%s%d:%d: %s", out->len ? "\n" : "", prefix, faults->list[i].line,
                   faults->list[i].column, faults->list[i].message);
    assert_int_equal(faults->more, 0);
}

static char *quoted(struct arena *arena, const char *text)
{
    char *copy = arena_text(arena, text);
    for (char *at = copy; (at = strchr(at, '`')) != NULL;)
        *at = '"';
    return copy;
}

void load_init(struct load *load, const char *text, const struct book_options *options)
{
    struct json_faults faults;
    struct json_faults target_faults;
    load->arena = arena_create();
    json_faults_init(&faults, load->arena);
    json_faults_init(&target_faults, load->arena);
    buf_init(&load->faults, 64 * 1024);
    struct book_options quoted_options = options ? *options : (struct book_options){ 0 };
    if (quoted_options.targets_text) {
        quoted_options.targets_text = quoted(load->arena, quoted_options.targets_text);
        quoted_options.targets_len = strlen(quoted_options.targets_text);
    }
    struct book_file *files = arena_array(load->arena, quoted_options.file_count + 1, sizeof(*files));
    for (size_t i = 0; i < quoted_options.file_count; i++) {
        files[i] = quoted_options.files[i];
        files[i].text = files[i].text ? quoted(load->arena, files[i].text) : NULL;
    }
    quoted_options.files = files;
    text = quoted(load->arena, text);
    load->book = book_load(load->arena, "sample.json", text, strlen(text), options ? &quoted_options : NULL,
                           &faults, &target_faults);
    tell(&load->faults, "", &faults);
    tell(&load->faults, "targets:", &target_faults);
    assert_false(load->faults.overflow);
    assert_true((load->book == NULL) == (load->faults.len > 0));
}

void load_finish(struct load *load)
{
    buf_finish(&load->faults);
    arena_destroy(load->arena);
}

int load_state(void **state, const char *text, const struct book_options *options)
{
    struct load *load = mem_alloc(sizeof(*load));
    load_init(load, text, options);
    assert_string_equal(buf_str(&load->faults), "");
    *state = load;
    return 0;
}

int finish_state(void **state)
{
    load_finish(*state);
    free(*state);
    return 0;
}

const struct step *step_of(const struct book *book, const char *id)
{
    size_t index = book_find_step(book, id);
    if (index == BOOK_NONE)
        fail_msg("no step %s", id);
    return &book->steps[index];
}

char *replaced(const char *text, const char *find, const char *replacement)
{
    struct buf out;
    const char *at = strstr(text, find);
    if (!at)
        fail_msg("the sample holds no %s", find);
    buf_init(&out, 4 * JSON_MAX_BYTES);
    buf_add(&out, text, (size_t)(at - text));
    buf_text(&out, replacement);
    buf_text(&out, at + strlen(find));
    return out.data;
}

void refuse(const char *book, const struct book_options *options, const struct refusal *refusal)
{
    struct load load;
    char *text = replaced(book, refusal->find, refusal->replacement);
    load_init(&load, text, options);
    if (strcmp(buf_str(&load.faults), quoted(load.arena, refusal->faults)) != 0)
        fail_msg("%s -> %s\n--- expected\n%s\n--- got\n%s", refusal->find, refusal->replacement,
                 quoted(load.arena, refusal->faults), buf_str(&load.faults));
    load_finish(&load);
    free(text);
}

void refuse_all(const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refuse(sample_book, NULL, &cases[i]);
}

void refuse_all_kinds(const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refuse(kinds_book, &kinds_options, &cases[i]);
}
