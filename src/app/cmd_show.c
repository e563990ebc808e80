#include <stdio.h>

#include "app.h"
#include "base/text.h"
#include "check/check.h"
#include "cmd.h"
#include "journal/journal.h"
#include "launch.h"
#include "report/show.h"

#define SHOWN_MAX ((size_t)64 * 1024 * 1024)

static int form_of(const char *word, enum document_form *ret, struct err *err)
{
    if (word == NULL || text_equal(word, "markdown")) {
        *ret = DOCUMENT_MARKDOWN;
        return 0;
    }
    *ret = DOCUMENT_HTML;
    return text_equal(word, "html")
               ? 0
               : err_set(err, ERR_USAGE, "--format is markdown or html, not \"%s\"", word);
}

static int hash_of(struct arena *arena, const char *path, const char **ret, struct err *err)
{
    struct sha256 hash;
    int r = sha256_of_file(path, &hash, err);

    *ret = r == 0 ? arena_text(arena, hash.hex) : NULL;
    return r;
}

/* What the checker saw: the document is the same judgement in other words. */
static void take_locks(struct arena *arena, const struct book *book, struct show_facts *facts)
{
    const struct check_report *report = check_book(arena, book, NULL);
    struct show_lock *locks = arena_array(arena, report->lock_count + 1, sizeof(*locks));

    for (size_t i = 0; i < report->lock_count; i++) {
        const struct check_lock *lock = &report->locks[i];

        locks[i] = (struct show_lock){ .step = lock->step,
                                       .entry = lock->entry,
                                       .relation = lock->relation,
                                       .lock = lock->mode,
                                       .blocks = lock->blocks,
                                       .work = lock->work[0]     ? lock->work
                                               : lock->dangerous ? "for a time that cannot be told"
                                               : lock->kept      ? "kept from before"
                                                                 : "",
                                       .dangerous = lock->dangerous };
    }
    facts->has_locks = true;
    facts->lock_count = report->lock_count;
    facts->locks = locks;
}

static int print_shown(const struct book *book, const struct show_facts *facts, enum document_form form,
                       struct err *err)
{
    struct buf out;
    int r;

    buf_init(&out, SHOWN_MAX);
    show_book(book, facts, form, &out);
    r = buf_ok(&out, "the document", err);
    if (r == 0)
        (void)fwrite(buf_str(&out), 1, out.len, stdout); /* said() tells what standard output did not take */
    buf_finish(&out);
    return r;
}

int cmd_show(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct launch_options launch = { .unbound = true };
    struct option_list params = { 0 };
    const char *format = NULL;
    const struct option_row options[] = {
        { "--targets", OPTION_VALUE, &launch.targets },
        { "--param", OPTION_LIST, &params },
        { "--format", OPTION_VALUE, &format },
        { NULL, OPTION_FLAG, NULL },
    };
    struct show_facts facts = { 0 };
    enum document_form form = DOCUMENT_MARKDOWN;
    struct arguments arguments;
    struct buf report;
    const struct book *book;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    buf_init(&report, REPORT_MAX);
    if (r == 0)
        r = arguments_count(&arguments, 1, 1, "show", &err);
    if (r == 0)
        r = form_of(format, &form, &err);
    if (r == 0) {
        launch.book = arguments.list[0];
        launch.param_count = params.count;
        r = parse_params(arena, params.items, params.count, &launch.params, &err);
    }
    if (r == 0)
        r = launch_show(arena, &launch, &book, &report, &err);
    if (r == 0)
        r = hash_of(arena, launch.book, &facts.hash, &err);
    if (r == 0)
        take_locks(arena, book, &facts);
    if (r == 0)
        r = print_shown(book, &facts, form, &err);
    (void)fputs(buf_str(&report), stderr);
    buf_finish(&report);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
