#include "audit/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/judge.h"
#include "audit/repo.h"
#include "base/text.h"

#define HEADS         "refs/heads/runs/"
#define REMOTE_HEADS  "refs/remotes/origin/runs/"
#define LINE_TEXT_MAX 4096

/* ---- the report ---- */

static const char *said_text(struct arena *arena, const char *format, va_list args)
{
    struct buf text, visible;
    buf_init(&text, LINE_TEXT_MAX);
    buf_init(&visible, 16 * LINE_TEXT_MAX);
    buf_formatv(&text, format, args);
    if (text.overflow) {
        buf_clear(&text);
        buf_text(&text, "something is wrong that is too long to be told");
    }
    text_visible(&visible, buf_str(&text), text.len, false);
    const char *said = arena_text(arena, buf_str(&visible));
    buf_finish(&text);
    buf_finish(&visible);
    return said;
}

void judge_say(struct judge *judge, enum verify_kind kind, const char *file, uint64_t seq, const char *format,
               ...)
{
    struct verify_report *report = judge->report;
    va_list args;
    report->found += kind == VERIFY_FOUND;
    if (report->count == VERIFY_LINES_MAX) {
        report->left_out++;
        return;
    }
    va_start(args, format);
    report->lines[report->count++] = (struct verify_line){
        .kind = kind,
        .commit = judge->commit,
        .file = arena_text(report->arena, file),
        .seq = seq,
        .text = said_text(report->arena, format, args),
    };
    va_end(args);
}

/* ---- the repository and the branch ---- */

/* A bare repository is its own directory; a clone has it in .git. */
static const char *git_directory(struct arena *arena, const char *path)
{
    struct stat st;
    const char *inside = arena_format(arena, "%s/.git", path);
    return lstat(inside, &st) == 0 ? inside : path;
}

static int find_tip(struct judge *judge, git_oid *ret, struct err *err)
{
    static const char *const places[] = { HEADS, REMOTE_HEADS };
    const char *run = judge->options->run;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        git_reference *reference = NULL;
        const char *name = arena_format(judge->arena, "%s%s", places[i], run);
        int r = git_reference_lookup(&reference, judge->repo, name);
        if (r == GIT_ENOTFOUND)
            continue;
        if (r < 0)
            return repo_failed(r, ERR_CORRUPT, err, "cannot read branch %s", name);
        const git_oid *target = git_reference_target(reference);
        if (target == NULL)
            r = err_set(err, ERR_CORRUPT, "%s is no branch but a name for another one", name);
        else
            *ret = *target;
        git_reference_free(reference);
        return r;
    }
    return err_set(err, ERR_NOT_FOUND, "%s has no branch runs/%s: no such run was published there",
                   judge->options->path, run);
}

static void judge_init(struct judge *judge, const struct verify_options *options, struct arena *arena,
                       struct verify_report *report)
{
    *report = (struct verify_report){ .arena = arena };
    report->lines = arena_array(arena, VERIFY_LINES_MAX, sizeof(*report->lines));
    *judge = (struct judge){ .options = options, .report = report, .arena = arena };
    chain_start(&judge->chain);
    judged_series_init(&judge->journal, TRAIL_JOURNAL, AUDIT_SEGMENT, SIZE_MAX);
    judged_series_init(&judge->samples, TRAIL_SAMPLES, AUDIT_SEGMENT, SAMPLES_BYTES_MAX);
    buf_init(&judge->lines, JUDGE_TEXT_MAX);
    judge->batch_arena = arena_create();
}

static void judge_finish(struct judge *judge)
{
    run_destroy(judge->run);
    buf_finish(&judge->journal.text);
    buf_finish(&judge->samples.text);
    buf_finish(&judge->lines);
    arena_destroy(judge->batch_arena);
    git_odb_free(judge->odb);
    git_repository_free(judge->repo);
    free(judge->commits);
    free(judge->batch);
    free(judge->outputs);
    free(judge->sessions);
    free(judge->signatures);
}

static int judge_all(struct judge *judge, const char *directory, struct err *err)
{
    git_oid tip;
    struct err cause = ERR_INIT;
    int r = repo_open(directory, &judge->repo, &cause);
    if (r == ERR_CORRUPT) {
        judge_found(judge, NULL, 0, "%s: nothing in it can be believed", cause.message);
        return 0;
    }
    if (r < 0)
        return err_set(err, (enum err_code)r, "%s", cause.message);
    r = git_repository_odb(&judge->odb, judge->repo);
    if (r < 0)
        return repo_failed(r, ERR_ENVIRONMENT, err, "cannot open the objects of %s", directory);
    judge_repository(judge, directory);
    r = find_tip(judge, &tip, &cause);
    if (r == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "%s", cause.message);
    if (r < 0) {
        judge_found(judge, NULL, 0, "%s: what the run left cannot be told", cause.message);
        return 0;
    }
    r = judge_history(judge, &tip, err);
    if (r < 0)
        return r;
    judge_outputs_end(judge);
    judge_end(judge);
    judge_signatures(judge);
    return 0;
}

int verify_run(const struct verify_options *options, struct arena *arena, struct verify_report *ret,
               struct err *err)
{
    struct judge judge;
    int r = repo_begin(err);
    if (r < 0)
        return r;
    judge_init(&judge, options, arena, ret);
    r = judge_all(&judge, git_directory(arena, options->path), err);
    ret->commits = judge.commit_count;
    ret->records = judge.chain.seq;
    ret->head = judge.chain.head;
    judge_finish(&judge);
    repo_end();
    return r;
}

/* ---- which runs there are ---- */

struct names {
    struct arena *arena;
    const char **list;
    size_t count, capacity;
};

static void add_name(struct names *names, const char *name)
{
    static const char *const places[] = { HEADS, REMOTE_HEADS };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        const char *run = name + strlen(places[i]);
        if (!text_starts(name, places[i]))
            continue;
        for (size_t n = 0; n < names->count; n++) {
            if (text_equal(names->list[n], run))
                return;
        }
        JUDGE_GROW(names->list, names->count, names->capacity);
        names->list[names->count++] = arena_text(names->arena, run);
    }
}

static int list_names(struct names *names, git_repository *repo, const char *path, struct err *err)
{
    git_reference_iterator *iterator = NULL;
    const char *name = NULL;
    int r = git_reference_iterator_new(&iterator, repo);
    while (r == 0 && (r = git_reference_next_name(&name, iterator)) == 0)
        add_name(names, name);
    git_reference_iterator_free(iterator);
    return r == GIT_ITEROVER ? 0 : repo_failed(r, ERR_CORRUPT, err, "cannot list the branches of %s", path);
}

int verify_runs(struct arena *arena, const char *path, const char *const **ret, size_t *ret_count,
                struct err *err)
{
    struct names names = { .arena = arena };
    git_repository *repo = NULL;
    int r = repo_begin(err);
    if (r < 0)
        return r;
    r = repo_open(git_directory(arena, path), &repo, err);
    if (r == 0)
        r = list_names(&names, repo, path, err);
    if (r == 0) {
        const char **list = arena_array(arena, names.count + 1, sizeof(*list));
        for (size_t i = 0; i < names.count; i++)
            list[i] = names.list[i];
        *ret = list;
        *ret_count = names.count;
    }
    free(names.list);
    git_repository_free(repo);
    repo_end();
    return r;
}
