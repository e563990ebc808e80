#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd.h"
#include "journal/journal.h"
#include "recording.h"
#include "rehearsed.h"
#include "report/chronicle.h"

#define REPORTED_MAX ((size_t)64 * 1024 * 1024)
#define PASSING_MAX  ((size_t)4 * 1024 * 1024) /* of a passing event */

struct reporting {
    struct arena *arena;
    struct frozen frozen;
    struct chronicle *chronicle;
    struct sha256 head;
    bool any;
};

/* ---- what was recorded ---- */

static int on_frozen(void *data, const struct frozen *frozen, const struct book *book, struct err *err)
{
    struct reporting *reporting = data;

    (void)err;
    reporting->frozen = *frozen;
    reporting->chronicle = chronicle_create(book);
    return 0;
}

static int on_record(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct reporting *reporting = data;

    sha256_of(line, len, &reporting->head);
    reporting->any = true;
    return chronicle_event(reporting->chronicle, event, err);
}

/* One that cannot be read says nothing. */
static int on_passing(void *data, const char *json, size_t len, struct err *err)
{
    struct reporting *reporting = data;
    struct arena *arena = arena_create();
    const struct json *object = json_parse_line(arena, json, len, PASSING_MAX, NULL);
    struct event event;
    int r = 0;

    if (object && event_read(arena, object, NULL, &event, NULL) == 0 && !event_is_record(event.type))
        r = chronicle_event(reporting->chronicle, &event, err);
    arena_destroy(arena);
    return r;
}

static int on_output(void *data, const char *step, const char *bytes, struct err *err)
{
    (void)data;
    (void)step;
    (void)bytes;
    (void)err;
    return 0;
}

/* ---- the certificate ---- */

static const char *servers_of(struct arena *arena, const struct certificate *certificate)
{
    const char *servers = NULL;

    for (size_t i = 0; i < certificate->target_count; i++)
        servers = arena_format(arena, "%s%s%s: %s", servers ? servers : "", servers ? "; " : "",
                               certificate->targets[i].id, certificate->targets[i].version);
    return servers;
}

/* Whose signature it is tells the run's own policy; without ssh-keygen nobody can. */
static int judge_signature(struct reporting *reporting, const struct certificate *certificate,
                           struct chronicle_certificate *ret, struct err *err)
{
    const struct frozen *frozen = &reporting->frozen;
    const struct policy *policy = NULL;
    struct rehearsed_signer signer;
    struct err why = ERR_INIT;
    int r = 0;

    if (frozen->policy_text && certificate->signature)
        r = policy_read(reporting->arena, "the policy", frozen->policy_text, frozen->policy_len, &policy,
                        &why);
    if (r == ERR_ENVIRONMENT || r == ERR_TIMEOUT) {
        ret->lack = arena_format(reporting->arena, "its signature cannot be judged: %s", why.message);
        return 0;
    }
    if (r < 0)
        return err_set(err, (enum err_code)r, "%s", why.message);
    rehearsed_signer(reporting->arena, certificate, policy, &signer);
    ret->person = signer.person;
    ret->key = signer.key;
    ret->lack = signer.lack;
    return 0;
}

static int add_certificate(struct reporting *reporting, struct chronicle_facts *facts, struct err *err)
{
    const struct frozen *frozen = &reporting->frozen;
    struct chronicle_certificate *ret = arena_alloc(reporting->arena, sizeof(*ret));
    const struct certificate *certificate;
    struct sha256 sha;
    int r;

    if (!frozen->certificate_text)
        return 0;
    r = certificate_read(reporting->arena, "certificate.json", frozen->certificate_text,
                         frozen->certificate_len, &certificate, err);
    if (r < 0)
        return r;
    sha256_of(frozen->certificate_text, frozen->certificate_len, &sha);
    *ret = (struct chronicle_certificate){
        .sha256 = arena_text(reporting->arena, sha.hex),
        .ended_us = certificate->wall_us,
        .host = certificate->host,
        .operator= certificate->operator,
        .version = certificate->version,
        .asked = certificate->asked,
        .servers = servers_of(reporting->arena, certificate),
        .wrong = certificate->passed ? NULL : rehearsed_wrong(reporting->arena, certificate),
        .all = certificate->all,
    };
    facts->certificate = ret;
    return judge_signature(reporting, certificate, ret, err);
}

/* ---- what is made of it ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Without a word it is told by the file's name. */
static int form_of(const char *word, const char *file, enum document_form *ret, struct err *err)
{
    bool is_page =
        word ? text_equal(word, "html") : file && (ends_with(file, ".html") || ends_with(file, ".htm"));

    *ret = is_page ? DOCUMENT_HTML : DOCUMENT_MARKDOWN;
    return !word || is_page || text_equal(word, "markdown")
               ? 0
               : err_set(err, ERR_USAGE, "--format is markdown or html, not \"%s\"", word);
}

/* Whether somebody is at work on it, after all of it was read: what came since is not in it. */
static int look_at_run(struct arena *arena, const char *where, struct chronicle_facts *facts, struct err *err)
{
    struct rundir_entry entry;
    int r;

    if (strchr(where, ':')) {
        facts->source = arena_format(arena, "the trail in %s", where);
        return 0;
    }
    r = rundir_find(arena, where, false, &entry, err);
    if (r < 0)
        return r;
    facts->source = "the run's directory on its machine";
    facts->is_local = true;
    facts->is_live = entry.live;
    if (entry.live)
        facts->now = clock_now();
    return 0;
}

static int put_out(const struct buf *text, const char *file, struct err *err)
{
    if (file)
        return file_write(file, buf_str(text), text->len, 0644, err);
    (void)fwrite(buf_str(text), 1, text->len, stdout); /* said() tells what standard output did not take */
    return 0;
}

static int write_report(struct reporting *reporting, const char *where, const char *file,
                        enum document_form form, struct err *err)
{
    struct chronicle_facts facts = { .head = reporting->any ? reporting->head.hex : NULL };
    struct buf text;
    int r = look_at_run(reporting->arena, where, &facts, err);

    if (r == 0)
        r = add_certificate(reporting, &facts, err);
    if (r < 0)
        return r;
    buf_init(&text, REPORTED_MAX);
    chronicle_write(reporting->chronicle, &facts, form, &text);
    r = buf_ok(&text, "the report", err);
    if (r == 0)
        r = put_out(&text, file, err);
    buf_finish(&text);
    return r;
}

int cmd_report(int argc, char **argv)
{
    static const struct recording_reader reader = { on_frozen, on_record, on_passing, on_output };
    struct reporting reporting = { .arena = arena_create() };
    const char *format = NULL, *file = NULL;
    const struct option_row options[] = { { "--format", OPTION_VALUE, &format },
                                          { "-o", OPTION_VALUE, &file },
                                          { NULL, OPTION_FLAG, NULL } };
    enum document_form form = DOCUMENT_MARKDOWN;
    struct arguments arguments;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 1, 1, "report", &err);
    if (r == 0)
        r = form_of(format, file, &form, &err);
    if (r == 0)
        r = recording_read(reporting.arena, arguments.list[0], &reader, &reporting, &err);
    if (r == 0)
        r = write_report(&reporting, arguments.list[0], file, form, &err);
    chronicle_destroy(reporting.chronicle);
    arena_destroy(reporting.arena);
    return r < 0 ? fail(&err) : 0;
}
