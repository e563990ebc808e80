#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "journal/journal.h"
#include "rehearsal.h"
#include "sign/sign.h"

#define CERTIFICATE_MODE 0644

/* ---- what was proven ---- */

static void put_midpoints(struct rehearsing *rehearsing, struct certificate *ret)
{
    struct certificate_midpoint *midpoints =
        arena_array(rehearsing->arena, rehearsing->count + 1, sizeof(*midpoints));
    struct certificate_again *again = arena_array(rehearsing->arena, rehearsing->count + 1, sizeof(*again));

    for (size_t i = 0; i < rehearsing->count; i++) {
        const struct midpoint *midpoint = &rehearsing->midpoints[i];

        midpoints[ret->midpoint_count++] = midpoint->row;
        if (midpoint->again_row.text)
            again[ret->again_count++] = midpoint->again_row;
    }
    ret->midpoints = midpoints;
    ret->again = again;
    ret->all = certificate_tried_all(ret);
}

static void put_targets(struct rehearsing *rehearsing, struct certificate *ret)
{
    const struct book *book = rehearsing->book;
    struct certificate_target *targets =
        arena_array(rehearsing->arena, book->target_count + 1, sizeof(*targets));

    for (size_t i = 0; i < book->target_count; i++)
        targets[i] =
            (struct certificate_target){ book->targets[i].id, target_engine_word(book->targets[i].engine),
                                         rehearsing->before.of[i]->server ? rehearsing->before.of[i]->server
                                                                          : "" };
    ret->targets = targets;
    ret->target_count = book->target_count;
}

/* A secret is left out: its value is nobody's. */
static void put_params(struct rehearsing *rehearsing, struct certificate *ret)
{
    const struct book *book = rehearsing->book;
    struct book_param *params = arena_array(rehearsing->arena, book->param_count + 1, sizeof(*params));

    for (size_t i = 0; i < book->param_count; i++) {
        if (book->params[i].value)
            params[ret->param_count++] = (struct book_param){ book->params[i].name, book->params[i].value };
    }
    ret->params = params;
}

static void put_data(struct rehearsing *rehearsing, struct certificate *ret)
{
    const struct rehearsal *said = rehearsing->book->rehearsal;
    size_t count = said ? said->data_count : 0;
    const char **data = arena_array(rehearsing->arena, count + 1, sizeof(*data));

    for (size_t i = 0; i < count; i++)
        data[i] =
            arena_format(rehearsing->arena, "%s: %s", rehearsing->book->targets[said->data[i].target].id,
                         rehearsal_data_text(&said->data[i]));
    ret->data = data;
    ret->data_count = count;
}

/* Who answered in the place of people is a part of it: what they would have seen nobody saw. */
static const char *asked_for(const struct rehearsing *rehearsing)
{
    const struct rehearsal_options *options = rehearsing->options;
    const char *asked = arena_format(rehearsing->arena, "--midpoints %s%s%s", options->midpoints,
                                     options->twice ? " --twice" : "", options->restore ? " --restore" : "");

    for (size_t i = 0; i < options->answers.count; i++)
        asked = arena_format(rehearsing->arena, "%s --answer %s", asked, options->answers.list[i].item);
    return options->answers.all ? arena_format(rehearsing->arena, "%s --answer-all", asked) : asked;
}

static const char *host_name(struct arena *arena)
{
    char host[256];

    if (gethostname(host, sizeof(host)) < 0)
        return "";
    host[sizeof(host) - 1] = '\0';
    return arena_text(arena, host);
}

struct certificate *rehearsal_certificate(struct rehearsing *rehearsing)
{
    struct certificate *ret = arena_alloc(rehearsing->arena, sizeof(*ret));
    const struct frozen *frozen = &rehearsing->frozen;
    struct sha256 sha;
    char files[65];

    sha256_of(frozen->book_text, frozen->book_len, &sha);
    certificate_files(frozen->files, frozen->file_count, files);
    ret->book = rehearsing->book->id;
    ret->book_sha256 = arena_text(rehearsing->arena, sha.hex);
    ret->files_sha256 = arena_text(rehearsing->arena, files);
    ret->version = TMINUS_VERSION;
    ret->host = host_name(rehearsing->arena);
    ret->operator= rehearsing->person;
    ret->wall_us = clock_now().wall_us;
    ret->asked = asked_for(rehearsing);
    put_targets(rehearsing, ret);
    put_params(rehearsing, ret);
    put_midpoints(rehearsing, ret);
    put_data(rehearsing, ret);
    ret->lock_count = lock_table_of(rehearsing->locks, rehearsing->arena, &ret->locks);
    ret->timing_count = timings_of(rehearsing->timings, rehearsing->arena, &ret->timings);
    ret->passed = certificate_judge(ret);
    return ret;
}

/* ---- the file ---- */

static int certificate_sign(struct arena *arena, const char *key, struct certificate *certificate,
                            struct err *err)
{
    struct buf statement, signature;
    int r;

    buf_init(&statement, CERTIFICATE_MAX_BYTES);
    buf_init(&signature, SIGN_SIGNATURE_MAX);
    certificate_statement(certificate, &statement);
    r = buf_ok(&statement, "the certificate", err);
    if (r == 0)
        r = sign_bytes(key, SIGN_REHEARSAL, statement.data, statement.len, &signature, err);
    if (r == 0)
        certificate->signature = arena_text(arena, buf_str(&signature));
    buf_finish(&statement);
    buf_finish(&signature);
    return r;
}

int rehearsal_certify(const struct rehearsing *rehearsing, struct certificate *certificate, struct err *err)
{
    const struct rehearsal_options *options = rehearsing->options;
    struct buf text;
    int r = 0;

    if (options->key)
        r = certificate_sign(rehearsing->arena, options->key, certificate, err);
    if (r < 0)
        return r;
    buf_init(&text, CERTIFICATE_MAX_BYTES);
    certificate_write(certificate, &text);
    r = buf_ok(&text, "the certificate", err);
    if (r == 0)
        r = file_write(options->certificate, buf_str(&text), text.len, CERTIFICATE_MODE, err);
    buf_finish(&text);
    return r;
}

int rehearsal_key_check(const char *key, struct err *err)
{
    static const char nothing[] = "whether this key can sign";
    struct buf signature;
    int r;

    buf_init(&signature, SIGN_SIGNATURE_MAX);
    r = sign_bytes(key, SIGN_REHEARSAL, nothing, strlen(nothing), &signature, err);
    buf_finish(&signature);
    return r < 0 ? err_prefix(err, "--key") : 0;
}
