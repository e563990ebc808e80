#include "frozen.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "json/json.h"
#include "rehearse/certificate.h"

/* run.json: what is neither in the book nor in the targets file. */
struct settings {
    const char *run, *operator, * environment, *book_path, *audit, *witness, *certificate, *unrehearsed;
    const struct json *params;
    const struct json *files;
};

#define SETTING(key, kind, member)                                                                           \
    {                                                                                                        \
        key, kind, offsetof(struct settings, member), JSON_REQUIRED, NULL, 0, 0, NULL                        \
    }
static const struct json_field setting_fields[] = {
    SETTING("run", JSON_FIELD_ID, run),
    SETTING("operator", JSON_FIELD_TEXT, operator),
    SETTING("environment", JSON_FIELD_TEXT, environment),
    SETTING("book_path", JSON_FIELD_TEXT, book_path),
    SETTING("audit", JSON_FIELD_TEXT, audit),
    { "witness", JSON_FIELD_TEXT, offsetof(struct settings, witness), 0, NULL, 0, 0, NULL },
    { "certificate", JSON_FIELD_TEXT, offsetof(struct settings, certificate), 0, NULL, 0, 0, NULL },
    { "unrehearsed", JSON_FIELD_TEXT, offsetof(struct settings, unrehearsed), 0, NULL, 0, 0, NULL },
    SETTING("params", JSON_FIELD_OBJECT, params),
    { "files", JSON_FIELD_OBJECT, offsetof(struct settings, files), 0, NULL, 0, 0, NULL },
    { NULL, JSON_FIELD_TEXT, 0, 0, NULL, 0, 0, NULL },
};

const char *rundir_path(struct arena *arena, const char *dir, const char *name)
{
    return arena_format(arena, "%s/%s", dir, name);
}

static int write_settings(struct arena *arena, const struct frozen *frozen, struct err *err)
{
    struct buf buf;
    struct json_writer w;
    int r;

    buf_init(&buf, JSON_MAX_BYTES);
    json_write_init(&w, &buf);
    json_open(&w, NULL);
    json_put_text(&w, "run", frozen->run);
    json_put_text(&w, "operator", frozen->operator);
    json_put_text(&w, "environment", frozen->environment);
    json_put_text(&w, "book_path", frozen->book_path);
    json_put_text(&w, "audit", frozen->audit);
    if (frozen->witness)
        json_put_text(&w, "witness", frozen->witness);
    if (frozen->certificate_sha256)
        json_put_text(&w, "certificate", frozen->certificate_sha256);
    if (frozen->unrehearsed)
        json_put_text(&w, "unrehearsed", frozen->unrehearsed);
    json_open(&w, "params");
    for (size_t i = 0; i < frozen->param_count; i++)
        json_put_text(&w, frozen->params[i].name, frozen->params[i].value);
    json_close(&w);
    if (frozen->file_count > 0)
        json_open(&w, "files");
    for (size_t i = 0; i < frozen->file_count; i++)
        json_put_text(&w, frozen->files[i].name, frozen->files[i].text);
    if (frozen->file_count > 0)
        json_close(&w);
    json_close(&w);
    r = buf_ok(&buf, "run.json", err);
    if (r == 0)
        r = file_write(rundir_path(arena, frozen->dir, "run.json"), buf.data, buf.len, 0600, err);
    buf_finish(&buf);
    return r;
}

int frozen_write(struct arena *arena, const struct frozen *frozen, struct err *err)
{
    int r = dir_make(rundir_path(arena, frozen->dir, "output"), 0700, err);

    if (r == 0)
        r = file_write(rundir_path(arena, frozen->dir, "book.json"), frozen->book_text, frozen->book_len,
                       0600, err);
    if (r == 0 && frozen->targets_text)
        r = file_write(rundir_path(arena, frozen->dir, "targets.json"), frozen->targets_text,
                       frozen->targets_len, 0600, err);
    if (r == 0 && frozen->policy_text)
        r = file_write(rundir_path(arena, frozen->dir, "policy.json"), frozen->policy_text,
                       frozen->policy_len, 0600, err);
    if (r == 0 && frozen->certificate_text)
        r = file_write(rundir_path(arena, frozen->dir, "certificate.json"), frozen->certificate_text,
                       frozen->certificate_len, 0600, err);
    /* Last: a directory without it was never a run. */
    if (r == 0)
        r = write_settings(arena, frozen, err);
    return r;
}

static int read_text(struct arena *arena, const char *dir, const char *name, const char **ret,
                     size_t *ret_len, struct err *err)
{
    struct buf buf;
    int r;

    buf_init(&buf, CERTIFICATE_MAX_BYTES); /* the longest of them */
    r = file_read(rundir_path(arena, dir, name), &buf, err);
    if (r == 0) {
        *ret = arena_text_len(arena, buf_str(&buf), buf.len);
        *ret_len = buf.len;
    }
    buf_finish(&buf);
    return r;
}

static int take_files(struct arena *arena, const char *path, const struct json *given, struct frozen *ret,
                      struct err *err)
{
    size_t count = given ? given->count : 0;
    struct book_file *files = arena_array(arena, count + 1, sizeof(*files));

    for (size_t i = 0; i < count; i++) {
        const struct json *item = &given->items[i];

        if (item->type != JSON_TEXT)
            return err_set(err, ERR_CORRUPT, "%s: the file \"%s\" is not a text", path, item->key);
        files[i] = (struct book_file){ item->key, item->text, NULL };
    }
    ret->files = files;
    ret->file_count = count;
    return 0;
}

int frozen_settings(struct arena *arena, const char *path, struct frozen *ret, struct err *err)
{
    struct settings settings;
    struct json_faults faults;
    struct book_param *params;
    const struct json *value;

    memset(&settings, 0, sizeof(settings));
    json_faults_init(&faults, arena);
    value = json_parse(arena, ret->settings_text, ret->settings_len, &faults);
    if (!value || json_decode(arena, value, setting_fields, &settings, "run.json", &faults) < 0)
        return err_set(err, ERR_CORRUPT, "%s:%d:%d: %s", path, faults.list[0].line, faults.list[0].column,
                       faults.list[0].message);
    ret->run = settings.run;
    ret->operator= settings.operator;
    ret->environment = settings.environment;
    ret->book_path = settings.book_path;
    ret->audit = settings.audit;
    ret->witness = settings.witness;
    ret->certificate_sha256 = settings.certificate;
    ret->unrehearsed = settings.unrehearsed;
    params = arena_array(arena, settings.params->count + 1, sizeof(*params));
    for (size_t i = 0; i < settings.params->count; i++) {
        const struct json *item = &settings.params->items[i];

        if (item->type != JSON_TEXT)
            return err_set(err, ERR_CORRUPT, "%s: param \"%s\" is not a text", path, item->key);
        params[i] = (struct book_param){ item->key, item->text };
    }
    ret->params = params;
    ret->param_count = settings.params->count;
    return take_files(arena, path, settings.files, ret, err);
}

int rundir_read(struct arena *arena, const char *dir, struct frozen *ret, struct err *err)
{
    int r;

    memset(ret, 0, sizeof(*ret));
    ret->dir = arena_text(arena, dir);
    r = read_text(arena, dir, "run.json", &ret->settings_text, &ret->settings_len, err);
    if (r == 0)
        r = frozen_settings(arena, rundir_path(arena, dir, "run.json"), ret, err);
    if (r == 0)
        r = read_text(arena, dir, "book.json", &ret->book_text, &ret->book_len, err);
    if (r < 0)
        return r;
    r = read_text(arena, dir, "targets.json", &ret->targets_text, &ret->targets_len, err);
    if (r == 0 || r == ERR_NOT_FOUND)
        r = read_text(arena, dir, "policy.json", &ret->policy_text, &ret->policy_len, err);
    if (r == 0 || r == ERR_NOT_FOUND)
        r = read_text(arena, dir, "certificate.json", &ret->certificate_text, &ret->certificate_len, err);
    return r == ERR_NOT_FOUND ? 0 : r;
}

int rundir_certify(struct arena *arena, struct frozen *frozen, const char *sha256, struct err *err)
{
    int r;

    frozen->certificate_sha256 = arena_text(arena, sha256);
    r = write_settings(arena, frozen, err);
    return r < 0 ? r
                 : read_text(arena, frozen->dir, "run.json", &frozen->settings_text, &frozen->settings_len,
                             err);
}

/* What the certificate says of the times becomes the estimates; of which params they are. */
static int read_certificate(struct arena *arena, const struct frozen *frozen, struct book_options *options,
                            struct err *err)
{
    const struct certificate *certificate;
    struct step_timing *timings;

    if (!frozen->certificate_text)
        return 0;
    if (certificate_read(arena, "certificate.json", frozen->certificate_text, frozen->certificate_len,
                         &certificate, err) < 0)
        return err_set(err, ERR_CORRUPT, "the frozen certificate of %s does not read: %s", frozen->run,
                       err ? err->message : "");
    timings = arena_array(arena, certificate->timing_count + 1, sizeof(*timings));
    for (size_t i = 0; i < certificate->timing_count; i++) {
        const struct certificate_timing *timing = &certificate->timings[i];

        timings[i] = (struct step_timing){ timing->step, timing->entry, timing->rehearsed };
    }
    options->timings = timings;
    options->timing_count = certificate->timing_count;
    options->rehearsed_params = certificate->params;
    options->rehearsed_param_count = certificate->param_count;
    return 0;
}

int frozen_book(struct arena *arena, const struct frozen *frozen, const struct book **ret, struct err *err)
{
    struct json_faults *faults = arena_alloc(arena, 2 * sizeof(*faults));
    struct book_options options = {
        .targets_path = frozen->targets_text ? "targets.json" : NULL,
        .targets_text = frozen->targets_text,
        .targets_len = frozen->targets_len,
        .param_count = frozen->param_count,
        .params = frozen->params,
        .file_count = frozen->file_count,
        .files = frozen->files,
        .unrehearsed = frozen->unrehearsed,
    };
    const struct json_fault *first;
    int r = read_certificate(arena, frozen, &options, err);

    if (r < 0)
        return r;
    json_faults_init(&faults[0], arena);
    json_faults_init(&faults[1], arena);
    *ret = book_load(arena, frozen->book_path, frozen->book_text, frozen->book_len, &options, &faults[0],
                     &faults[1]);
    if (*ret)
        return 0;
    first = faults[0].count > 0 ? &faults[0].list[0] : &faults[1].list[0];
    return err_set(err, ERR_CORRUPT, "the frozen book of %s does not load: %d:%d: %s", frozen->run,
                   first->line, first->column, first->message);
}
