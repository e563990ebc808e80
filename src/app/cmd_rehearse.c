#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/text.h"
#include "cmd.h"
#include "identity.h"
#include "rehearsal.h"

#define OUTPUT_MAX ((size_t)64 * 1024 * 1024)

struct asked {
    struct rehearsal_options options;
    struct option_list params, answers;
    const char *limit;
};

/* "STEP=TEXT" of --answer. */
static int parse_answers(struct arena *arena, struct asked *asked, struct err *err)
{
    struct unattended_answer *list = arena_array(arena, asked->answers.count + 1, sizeof(*list));

    for (size_t i = 0; i < asked->answers.count; i++) {
        const char *item = asked->answers.items[i], *equals = strchr(item, '=');

        if (!equals || equals == item || !equals[1])
            return err_set(err, ERR_USAGE, "--answer wants STEP=TEXT, not \"%s\"", item);
        list[i].item = arena_text_len(arena, item, (size_t)(equals - item));
        list[i].text = equals + 1;
    }
    asked->options.answers.list = list;
    asked->options.answers.count = asked->answers.count;
    return 0;
}

static int parse_rest(struct arena *arena, struct asked *asked, struct err *err)
{
    struct rehearsal_options *options = &asked->options;
    int r = parse_params(arena, asked->params.items, asked->params.count, &options->launch.params, err);

    options->launch.param_count = asked->params.count;
    options->launch.environment = "rehearsal";
    options->launch.as = "rehearsal";
    if (!options->midpoints)
        options->midpoints = "all";
    if (r == 0)
        r = parse_answers(arena, asked, err);
    if (r == 0 && options->answers.all && !options->answers.all[0])
        r = err_set(err, ERR_USAGE, "--answer-all wants a text");
    if (r == 0 && asked->limit && duration_parse(asked->limit, &options->limit_us, err) < 0)
        r = err_set(err, ERR_USAGE, "--limit: %s", err->message);
    if (r == 0 && asked->limit && options->limit_us == 0)
        r = err_set(err, ERR_USAGE, "--limit wants some time: 10m");
    if (r == 0 && options->key && !options->certificate)
        r = err_set(err, ERR_USAGE, "--key signs a certificate: say where that goes with --certificate FILE");
    if (r == 0 && options->twice && text_equal(options->midpoints, "none"))
        r = err_set(err, ERR_USAGE,
                    "--twice does a step again at its midpoint, and with --midpoints none there is none");
    if (r == 0 && options->key)
        r = identity_key(arena, options->key, &options->key, err);
    return r;
}

static int parse(struct arena *arena, int argc, char **argv, struct asked *ret, struct err *err)
{
    struct rehearsal_options *options = &ret->options;
    const struct option_row rows[] = {
        { "--targets", OPTION_VALUE, &options->launch.targets },
        { "--midpoints", OPTION_VALUE, &options->midpoints },
        { "--twice", OPTION_FLAG, &options->twice },
        { "--certificate", OPTION_VALUE, &options->certificate },
        { "--key", OPTION_VALUE, &options->key },
        { "--param", OPTION_LIST, &ret->params },
        { "--audit", OPTION_VALUE, &options->launch.audit },
        { "--witness", OPTION_VALUE, &options->launch.witness },
        { "--restore", OPTION_VALUE, &options->restore },
        { "--answer", OPTION_LIST, &ret->answers },
        { "--answer-all", OPTION_VALUE, &options->answers.all },
        { "--limit", OPTION_VALUE, &ret->limit },
        { "--json", OPTION_FLAG, &options->json },
        { NULL, OPTION_FLAG, NULL },
    };
    struct arguments arguments;
    int r = arguments_parse(argc, argv, rows, &arguments, err);

    if (r == 0)
        r = arguments_count(&arguments, 1, 1, "rehearse", err);
    if (r < 0)
        return r;
    options->launch.book = arguments.list[0];
    return parse_rest(arena, ret, err);
}

/* ---- telling ---- */

/* As it ends: for people who wait; what a program reads comes at the end. */
static void tell_midpoint(const struct rehearsing *rehearsing, const struct midpoint *midpoint)
{
    FILE *out = rehearsing->options->json ? stderr : stdout;
    struct buf line;

    buf_init(&line, OUTPUT_MAX);
    rehearsal_line(&line, rehearsing, midpoint);
    (void)fputs(buf_str(&line), out);
    (void)fflush(out);
    buf_finish(&line);
}

static int tell(const struct rehearsing *rehearsing, const struct certificate *certificate, struct err *err)
{
    struct buf out;
    int r;

    buf_init(&out, OUTPUT_MAX);
    if (rehearsing->options->json)
        rehearsal_json(&out, rehearsing, certificate);
    else
        rehearsal_tables(&out, rehearsing, certificate);
    r = buf_ok(&out, "what there is to say", err);
    (void)fputs(buf_str(&out), stdout);
    buf_finish(&out);
    return r;
}

static void tell_certificate(const struct rehearsing *rehearsing, const struct certificate *certificate)
{
    FILE *out = rehearsing->options->json ? stderr : stdout;

    (void)fprintf(out, "certificate: %s, %s, %s\n", rehearsing->options->certificate,
                  certificate->passed ? "passed" : "NOT passed",
                  certificate->signature ? "signed" : "not signed");
}

/* ---- the whole ---- */

static int conclude(struct rehearsing *rehearsing, struct err *err)
{
    struct certificate *certificate;
    int r;

    lock_table_remarks(rehearsing->locks, rehearsing->ran, &rehearsing->remarks);
    certificate = rehearsal_certificate(rehearsing);
    rehearsal_judge(rehearsing, certificate);
    r = tell(rehearsing, certificate, err);
    /* Of what was broken off nobody certifies anything. */
    if (r == 0 && rehearsing->options->certificate && !rehearsing_interrupted())
        r = rehearsal_certify(rehearsing, certificate, err);
    if (r < 0)
        return r;
    if (rehearsing->options->certificate && !rehearsing_interrupted())
        tell_certificate(rehearsing, certificate);
    return rehearsal_held(rehearsing) ? 0 : 1;
}

static int rehearse(const struct rehearsal_options *options, struct buf *report, struct err *err)
{
    struct rehearsing rehearsing;
    int r = rehearsing_load(&rehearsing, options, report, err);

    if (r == 0)
        r = rehearsing_refuse(&rehearsing, report, err);
    if (r == 0) {
        (void)fputs(REHEARSAL_HEADING, options->json ? stderr : stdout);
        rehearsing_run(&rehearsing, tell_midpoint);
        r = conclude(&rehearsing, err);
    }
    rehearsing_finish(&rehearsing);
    return r;
}

int cmd_rehearse(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct asked asked = { 0 };
    struct err err = ERR_INIT;
    struct buf report;
    int r = parse(arena, argc, argv, &asked, &err);

    buf_init(&report, REPORT_MAX);
    if (r == 0)
        r = rehearse(&asked.options, &report, &err);
    (void)fputs(buf_str(&report), stderr);
    buf_finish(&report);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : r;
}
