#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app.h"
#include "audit/verify.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd.h"
#include "verify_certificate.h"
#include "wire/rundir.h"

#define REPORT_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct verify_request {
    struct arena *arena;
    struct verify_options options; /* what is the same for every run of the repository */
    bool json;
};

/* ---- telling ---- */

static const char *kind_word(enum verify_kind kind)
{
    static const char *const words[] = {
        [VERIFY_FOUND] = "FOUND",
        [VERIFY_LOUD] = "GLASS",
        [VERIFY_NOTE] = "note",
    };
    return words[kind];
}

static void tell_line(const struct verify_line *line)
{
    printf("%-5s ", kind_word(line->kind));
    if (line->commit)
        printf("commit %.12s: ", line->commit);
    if (line->file)
        printf("%s: ", line->file);
    if (line->seq > 0)
        printf("record %" PRIu64 ": ", line->seq);
    printf("%s\n", line->text);
}

static void tell_signers(const struct verify_report *report)
{
    for (size_t i = 0; i < report->signer_count; i++) {
        const struct verify_signer *signer = &report->signers[i];

        printf("signed by %s (%s): %zu commits, %zu decisions\n",
               signer->person ? signer->person : "somebody whom no policy names", signer->fingerprint,
               signer->commits, signer->decisions);
    }
}

static void tell(const struct verify_options *options, const struct verify_report *report)
{
    printf("run %s in %s\n", options->run, options->path);
    for (size_t i = 0; i < report->count; i++)
        tell_line(&report->lines[i]);
    if (report->left_out > 0)
        printf("and %zu more\n", report->left_out);
    tell_signers(report);
    printf("%" PRIu64 " records in %zu commits, %zu of them signed; %zu signed decisions; %s\n",
           report->records, report->commits, report->commits_signed, report->decisions_signed,
           report->closed ? "the run is over" : "the run is not over");
    printf("head %s\n", report->head.hex);
    if (report->found == 0)
        printf("whole: every record, file and commit is as it was written\n");
    else
        printf("NOT WHOLE: %zu found\n", report->found);
}

static void put_lines(struct json_writer *w, const struct verify_report *report)
{
    json_open_array(w, "findings");
    for (size_t i = 0; i < report->count; i++) {
        const struct verify_line *line = &report->lines[i];

        json_open(w, NULL);
        json_put_text(w, "kind", kind_word(line->kind));
        json_put_text(w, "commit", line->commit);
        json_put_text(w, "file", line->file);
        json_put_integer(w, "seq", (int64_t)line->seq);
        json_put_text(w, "text", line->text);
        json_close(w);
    }
    json_close_array(w);
    json_put_integer(w, "left_out", (int64_t)report->left_out);
}

static void put_signers(struct json_writer *w, const struct verify_report *report)
{
    json_open_array(w, "signers");
    for (size_t i = 0; i < report->signer_count; i++) {
        json_open(w, NULL);
        json_put_text(w, "person", report->signers[i].person);
        json_put_text(w, "key", report->signers[i].fingerprint);
        json_put_integer(w, "commits", (int64_t)report->signers[i].commits);
        json_put_integer(w, "decisions", (int64_t)report->signers[i].decisions);
        json_close(w);
    }
    json_close_array(w);
}

static int tell_json(const struct verify_options *options, const struct verify_report *report,
                     struct err *err)
{
    struct said_object object;

    said_object_open(&object, REPORT_BYTES_MAX);
    json_put_text(&object.w, "run", options->run);
    json_put_text(&object.w, "repository", options->path);
    json_put_bool(&object.w, "whole", report->found == 0);
    json_put_integer(&object.w, "found", (int64_t)report->found);
    json_put_integer(&object.w, "records", (int64_t)report->records);
    json_put_integer(&object.w, "commits", (int64_t)report->commits);
    json_put_integer(&object.w, "commits_signed", (int64_t)report->commits_signed);
    json_put_integer(&object.w, "decisions_signed", (int64_t)report->decisions_signed);
    json_put_text(&object.w, "head", report->head.hex);
    json_put_bool(&object.w, "over", report->closed);
    put_lines(&object.w, report);
    put_signers(&object.w, report);
    return said_object_close(&object, err);
}

/* ---- one run ---- */

/* What its directory knows, when it is here; without it the trail has to say everything. */
static int add_directory(struct arena *arena, const struct rundir_entry *entry,
                         struct verify_options *options, struct err *err)
{
    struct frozen frozen;
    int r = rundir_read(arena, entry->dir, &frozen, err);

    if (r < 0)
        return r;
    options->run = entry->run;
    options->journal = rundir_path(arena, entry->dir, "journal");
    options->live = entry->live;
    if (!options->path)
        options->path = frozen.audit;
    return 0;
}

static int verify_one(const struct verify_request *request, const struct rundir_entry *entry, const char *run,
                      size_t *found, struct err *err)
{
    struct arena *arena = arena_create();
    struct verify_options options = request->options;
    struct verify_report report;
    int r = 0;

    options.run = run;
    if (entry)
        r = add_directory(arena, entry, &options, err);
    if (r == 0) {
        r = verify_run(&options, arena, &report, err);
        /* What was found before nothing more could be said is told too. */
        if (r == 0 || report.found > 0) {
            *found += report.found;
            if (!request->json)
                tell(&options, &report);
            else if (r == 0)
                r = tell_json(&options, &report, err);
            else
                (void)tell_json(&options, &report, NULL); /* the first error is told */
        }
    }
    arena_destroy(arena);
    return r;
}

/* The directory of that run, or NULL when it is not here. */
static const struct rundir_entry *here(struct arena *arena, const char *run)
{
    struct rundir_entry *list;
    size_t count = 0;

    if (rundir_list(arena, &list, &count, NULL) < 0) /* then nothing is here */
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (text_equal(list[i].run, run))
            return &list[i];
    }
    return NULL;
}

/* ---- which ---- */

static int verify_repository(struct verify_request *request, const char *path, const char *run, size_t *found,
                             struct err *err)
{
    const char *const one[] = { run };
    const char *const *runs = one;
    size_t count = 1;
    int r = 0;

    request->options.path = path;
    if (!run)
        r = verify_runs(request->arena, path, &runs, &count, err);
    if (r == 0 && count == 0)
        r = err_set(err, ERR_NOT_FOUND, "%s has no run in it", path);
    if (r == 0 && count > 1 && request->options.head)
        r = err_set(err, ERR_USAGE, "%s has %zu runs: say which one the head is of, %s:RUN", path, count,
                    path);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = verify_one(request, here(request->arena, runs[i]), runs[i], found, err);
    return r;
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A path that is there is a repository, also with ":RUN" behind it; anything else is a run of this machine.
 */
static int verify_what(struct verify_request *request, const char *what, size_t *found, struct err *err)
{
    const char *colon = strrchr(what, ':');
    const char *path = colon ? arena_text_len(request->arena, what, (size_t)(colon - what)) : what;
    struct rundir_entry entry;
    int r;

    if (is_directory(what))
        return verify_repository(request, what, NULL, found, err);
    if (colon && is_directory(path))
        return verify_repository(request, path, colon + 1, found, err);
    if (strchr(what, '/'))
        return err_set(err, ERR_NOT_FOUND, "there is no repository %s", path);
    r = rundir_find(request->arena, what, false, &entry, err);
    return r < 0 ? r : verify_one(request, &entry, entry.run, found, err);
}

/* Without ssh-keygen there are no fingerprints: everything but the signatures is judged all the same. */
static int read_policy(struct verify_request *request, const char *path, const struct buf *text,
                       struct err *err)
{
    struct verify_options *options = &request->options;
    struct err cause = ERR_INIT;
    int r = policy_read(request->arena, path, buf_str(text), text->len, &options->policy, &cause);

    if (r != ERR_ENVIRONMENT && r != ERR_TIMEOUT && r != ERR_IO)
        return r < 0 ? err_set(err, (enum err_code)r, "%s", cause.message) : 0;
    options->unchecked = arena_text(request->arena, cause.message);
    return policy_people(request->arena, path, buf_str(text), text->len, &options->policy, err);
}

static int find_policy(struct verify_request *request, const char *signers, struct err *err)
{
    const char *path = text_equal(signers, "none") ? NULL : policy_find(request->arena, signers);
    struct sha256 hash;
    struct buf text;
    int r;

    if (!path)
        return 0;
    buf_init(&text, POLICY_MAX_BYTES);
    r = file_read(path, &text, err);
    if (r < 0)
        (void)err_prefix(err, "%s", signers ? "--signers" : "the policy");
    else
        r = read_policy(request, path, &text, err);
    sha256_of(buf_str(&text), text.len, &hash);
    request->options.policy_sha256 = arena_text(request->arena, hash.hex);
    buf_finish(&text);
    return r;
}

static int check_head(const char *head, struct err *err)
{
    if (!head || (strlen(head) == 64 && strspn(head, "0123456789abcdef") == 64))
        return 0;
    return err_set(err, ERR_USAGE, "--head is 64 hex digits, as a `head` line of verify has them");
}

int cmd_verify(int argc, char **argv)
{
    struct verify_request request = { .arena = arena_create() };
    const char *signers = NULL, *certificate = NULL;
    size_t found = 0;
    const struct option_row options[] = {
        { "--signers", OPTION_VALUE, &signers },           { "--certificate", OPTION_VALUE, &certificate },
        { "--head", OPTION_VALUE, &request.options.head }, { "--open", OPTION_FLAG, &request.options.open },
        { "--json", OPTION_FLAG, &request.json },          { NULL, OPTION_FLAG, NULL }
    };
    struct arguments arguments;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, certificate ? 0 : 1, certificate ? 0 : 1, "verify", &err);
    if (r == 0)
        r = check_head(request.options.head, &err);
    if (r == 0)
        r = find_policy(&request, signers, &err);
    if (r == 0 && certificate)
        r = verify_certificate(request.arena, certificate, request.options.policy, request.options.unchecked,
                               request.json, &found, &err);
    else if (r == 0)
        r = verify_what(&request, arguments.list[0], &found, &err);
    arena_destroy(request.arena);
    return r < 0 ? fail(&err) : found > 0;
}
