/* A shown book holds all of what would be executed, in both forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/show.h"
#include "sample.h"

static struct buf out;

static void has(const char *text)
{
    if (strstr(buf_str(&out), text) == NULL)
        fail_msg("no %s in\n%s", text, buf_str(&out));
}

static void show(const struct load *load, const struct show_facts *facts, enum document_form form)
{
    assert_string_equal(buf_str(&load->faults), "");
    buf_clear(&out);
    show_book(load->book, facts, form, &out);
    assert_false(out.overflow);
}

static void load_kinds(struct load *load)
{
    load_init(load, kinds_book, &kinds_options);
}

/* Whatever step_text and the titles say of any step or way back stands in the document. */
static void test_everything_is_in_it(void **state)
{
    static const struct show_facts facts = { .hash = "0123abc" };
    const struct step *step;
    struct load load;
    struct buf text, escaped;
    (void)state;
    load_kinds(&load);
    show(&load, &facts, DOCUMENT_HTML);
    buf_init(&text, 100000);
    buf_init(&escaped, 100000);
    for (size_t i = 0; i < load.book->step_count; i++) {
        for (size_t n = 0; n <= load.book->steps[i].rollback_count; n++) {
            step = book_work(load.book, i, n);
            buf_clear(&text);
            buf_clear(&escaped);
            if (step->kind == STEP_NONE)
                buf_text(&text, step->why);
            else if (step->kind == STEP_MANUAL && step->instructions)
                buf_text(&text, step->instructions);
            else if (step->kind != STEP_MARK && (step->kind != STEP_CHECK || step_is_sensed(step)))
                step_text(&text, step, load.book);
            document_escape(&escaped, buf_str(&text));
            has(buf_str(&escaped));
        }
    }
    has("0123abc");
    buf_finish(&text);
    buf_finish(&escaped);
    load_finish(&load);
}

static void test_locks(void **state)
{
    static const struct show_lock locks[] = {
        { 0, 0, "public.t", "AccessExclusiveLock", "blocks reads and writes", "rewrites the table", true },
        { 0, 0, "public.u", "ShareLock", "blocks writes", "", false },
    };
    static const struct show_facts facts = { .has_locks = true, .lock_count = 2, .locks = locks },
                                   none = { 0 }, without = { .has_locks = true };
    struct load load;
    (void)state;
    load_kinds(&load);
    show(&load, &facts, DOCUMENT_MARKDOWN);
    has("| `public.t` | AccessExclusiveLock | blocks reads and writes | **rewrites the table** |\n");
    has("| `public.u` | ShareLock | blocks writes | for an instant |\n");
    show(&load, &without, DOCUMENT_MARKDOWN);
    has("No statement takes a lock that others would notice.");
    show(&load, &none, DOCUMENT_MARKDOWN);
    has("Nobody has looked at the statements.");
    load_finish(&load);
}

/* A param that nobody gave stands for itself; one that is described is put in. */
static void test_params(void **state)
{
    static const char book[] =
        "{`tminus`:1,`id`:`b`,`title`:`Of "
        "${who}`,`params`:{`who`:{`type`:`text`},`n`:{`type`:`integer`,`min`:7},"
        "`s`:{`type`:`identifier`,`default`:`public`}},"
        "`risks`:[{`risk`:`${s} and ${who} and $${s}`,`likelihood`:`MEDIUM`,`impact`:`HIGH`}],"
        "`targets`:{`p`:{`engine`:`postgresql`}},`phases`:[{`id`:`m`,`kind`:`migrate`,`title`:`M`,`steps`:["
        "{`id`:`a`,`kind`:`sql`,`target`:`p`,`sql`:`DELETE FROM ${s}.t WHERE x = ${who} LIMIT "
        "${n}`,`rollback`:[{`kind`:`none`,`why`:`x`}]}]}]}";
    static const struct book_options unbound = { .unbound = true };
    static const struct show_facts facts = { 0 };
    struct load load;
    (void)state;
    load_init(&load, book, NULL);
    assert_null(load.book);
    load_finish(&load);
    load_init(&load, book, &unbound);
    show(&load, &facts, DOCUMENT_MARKDOWN);
    has("# Of &lt;who\\>\n");
    has("| `who` | text | has to be given |\n");
    has("| `n` | integer | has to be given |\n");
    has("| `s` | identifier | `public` |\n");
    has("DELETE FROM \"public\".t WHERE x = '<who>' LIMIT 7;");
    has("| public and &lt;who\\> and \\${s} | MEDIUM | **HIGH** | **HIGH** |");
    load_finish(&load);
}

/* The sum grows with what has run, and ends at what cannot be undone. */
static void test_way_back(void **state)
{
    static const char book[] =
        "{`tminus`:1,`id`:`b`,`title`:`B`,`targets`:{`p`:{`engine`:`postgresql`}},`roles`:{`operator`:{}},"
        "`phases`:[{`id`:`m`,`kind`:`migrate`,`title`:`M`,`steps`:["
        "{`id`:`a`,`kind`:`sql`,`target`:`p`,`sql`:`SELECT 1`,`rollback`:[{`kind`:`sql`,`sql`:`SELECT "
        "2`,`estimate`:`3s`}]},"
        "{`id`:`b`,`kind`:`sql`,`target`:`p`,`sql`:`SELECT 3`,`rollback`:[{`kind`:`none`,`why`:`harmless`}]},"
        "{`id`:`c`,`kind`:`sql`,`target`:`p`,`sql`:`SELECT 4`,`rollback`:[{`kind`:`sql`,`sql`:`SELECT "
        "5`,`estimate`:`1m`}]}],"
        "`gate`:{`id`:`g`,`votes`:[`operator`]}},{`id`:`n`,`kind`:`contract`,`title`:`N`,`steps`:["
        "{`id`:`d`,`kind`:`sql`,`target`:`p`,`sql`:`SELECT 6`,`irreversible`:`gone`}]}]}";
    static const struct show_facts facts = { 0 };
    struct load load;
    (void)state;
    load_init(&load, book, NULL);
    show(&load, &facts, DOCUMENT_MARKDOWN);
    has("| `a` | `SELECT 2;` | 3s | 3s |\n| `b` | `nothing: harmless` | not said | 3s |\n| `c` | `SELECT 5;` "
        "| 1m | 1m3s |\n"
        "| `d` | **cannot be undone: gone** |  | **a point of no return** |\n");
    load_finish(&load);
}

static void test_rehearsal(void **state)
{
    static const char book[] =
        "{`tminus`:1,`id`:`b`,`title`:`B`,`targets`:{`p`:{`engine`:`postgresql`,`role`:`primary`}},"
        "`rehearsal`:{`required`:`30d`,`data`:[{`target`:`p`,`table`:`t`},{`target`:`p`,`sql`:`SELECT 1`}]},"
        "`phases`:[{`id`:`m`,`kind`:`migrate`,`title`:`M`,`steps`:[{`id`:`a`,`kind`:`manual`,`instructions`:`"
        "Turn`,"
        "`unattended`:{`text`:`turned`,`argv`:[`turn`,`it "
        "on`]},`rollback`:[{`kind`:`command`,`argv`:[`x`]}]}]}]}";
    static const struct book_options options = {
        .targets_text = "{`p`:{`engine`:`postgresql`,`dsn`:`service=p`,`live`:true}}"
    };
    static const struct show_facts facts = { 0 };
    struct load load;
    (void)state;
    load_init(&load, book, &options);
    show(&load, &facts, DOCUMENT_MARKDOWN);
    has("- **In a rehearsal:** turned\n\n```sh\nturn 'it on'\n```\n");
    has("- **Certificate:** a live run begins only with one that is not older than 30d\n"
        "- **Without one, with a reason:** nobody\n");
    has("| `p` | `all of t` |\n| `p` | `SELECT 1` |\n");
    has("| primary, live |");
    load_finish(&load);
}

static int setup(void **state)
{
    (void)state;
    buf_init(&out, 16 * 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_finish(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_in_it),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_rehearsal),
        cmocka_unit_test(test_way_back),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
