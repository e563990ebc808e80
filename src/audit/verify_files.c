#include "audit/judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- what is frozen ---- */

struct frozen_text {
    const char *text;
    size_t len;
};

static bool take_frozen(struct judge *judge, const struct tree_change *change, struct frozen_text *ret,
                        struct sha256 *ret_hash)
{
    git_odb_object *object = judge_blob(judge, change->path, &change->after);
    if (object == NULL)
        return false;
    ret->len = git_odb_object_size(object);
    ret->text = arena_text_len(judge->arena, git_odb_object_data(object), ret->len);
    sha256_of(ret->text, ret->len, ret_hash);
    git_odb_object_free(object);
    return true;
}

/* What the book named. One that is no text is not there: then the book does not load. */
static void load_files(struct judge *judge, const struct json *given, struct book_options *options)
{
    if (given == NULL || given->type != JSON_OBJECT)
        return;
    struct book_file *files = arena_array(judge->arena, given->count + 1, sizeof(*files));
    for (size_t i = 0; i < given->count; i++) {
        if (given->items[i].type == JSON_TEXT)
            files[options->file_count++] =
                (struct book_file){ given->items[i].key, given->items[i].text, NULL };
    }
    options->files = files;
}

/* What the run was begun with. A param that is no text is not there: then the book does not load. */
static void load_params(struct judge *judge, const struct frozen_text *settings, struct book_options *options)
{
    struct json_faults *faults = arena_alloc(judge->arena, sizeof(*faults));
    json_faults_init(faults, judge->arena);
    const struct json *object =
        settings->text != NULL ? json_parse(judge->arena, settings->text, settings->len, faults) : NULL;
    const struct json *given = object != NULL ? json_member(object, "params") : NULL;
    load_files(judge, object != NULL ? json_member(object, "files") : NULL, options);
    if (given == NULL || given->type != JSON_OBJECT)
        return;
    struct book_param *params = arena_array(judge->arena, given->count + 1, sizeof(*params));
    for (size_t i = 0; i < given->count; i++) {
        if (given->items[i].type == JSON_TEXT)
            params[options->param_count++] = (struct book_param){ given->items[i].key, given->items[i].text };
    }
    options->params = params;
}

static void load_book(struct judge *judge, const struct frozen_text *book, const struct frozen_text *targets,
                      const struct frozen_text *settings)
{
    struct json_faults *faults = arena_alloc(judge->arena, 2 * sizeof(*faults));
    struct book_options options = { .targets_path = targets->text != NULL ? "targets.json" : NULL,
                                    .targets_text = targets->text,
                                    .targets_len = targets->len };
    load_params(judge, settings, &options);
    json_faults_init(&faults[0], judge->arena);
    json_faults_init(&faults[1], judge->arena);
    judge->book =
        book_load(judge->arena, "book.json", book->text, book->len, &options, &faults[0], &faults[1]);
    if (judge->book != NULL) {
        judge->run = run_create(judge->book);
        return;
    }
    const struct json_fault *fault = faults[0].count > 0 ? &faults[0].list[0] : &faults[1].list[0];
    judge_found(judge, faults[0].count > 0 ? "book.json" : "targets.json", 0,
                "%d:%d: %s: with a book that does not load, nothing can have been run", fault->line,
                fault->column, fault->message);
}

/* The settings, whose SHA-256 the run was opened with, say which certificate it is. */
static void judge_certificate(struct judge *judge, const struct frozen_text *settings)
{
    struct json_faults *faults = arena_alloc(judge->arena, sizeof(*faults));
    json_faults_init(faults, judge->arena);
    const struct json *object =
        settings->text != NULL ? json_parse(judge->arena, settings->text, settings->len, faults) : NULL;
    const struct json *said = object != NULL ? json_member(object, "certificate") : NULL;
    const char *named = said != NULL && said->type == JSON_TEXT ? said->text : "(none)";
    const char *is = judge->certificate_sha256.hex[0] != '\0' ? judge->certificate_sha256.hex : "(none)";
    if (!text_equal(named, is))
        judge_found(judge, "certificate.json", 0, "its SHA-256 is %s, run.json says %s: another rehearsal",
                    is, named);
}

void judge_frozen(struct judge *judge, const struct tree_changes *changes, bool first)
{
    struct frozen_text book = { NULL, 0 }, targets = { NULL, 0 }, settings = { NULL, 0 },
                       policy = { NULL, 0 }, certificate = { NULL, 0 };
    struct {
        const char *path;
        struct frozen_text *text;
        struct sha256 *hash;
    } const frozen[] = {
        { "book.json", &book, &judge->book_sha256 },
        { "targets.json", &targets, &judge->targets_sha256 },
        { "run.json", &settings, &judge->settings_sha256 },
        { "policy.json", &policy, &judge->policy_sha256 },
        { "certificate.json", &certificate, &judge->certificate_sha256 },
    };
    for (size_t i = 0; i < changes->count; i++) {
        for (size_t k = 0; k < ARRAY_LEN(frozen); k++) {
            if (!text_equal(changes->list[i].path, frozen[k].path))
                continue;
            if (!first)
                judge_found(judge, frozen[k].path, 0,
                            "was changed after the run began: what a run executes is frozen");
            else
                (void)take_frozen(judge, &changes->list[i], frozen[k].text, frozen[k].hash);
        }
    }
    if (!first)
        return;
    judge->policy_text = policy.text;
    judge->policy_len = policy.len;
    judge_certificate(judge, &settings);
    if (book.text != NULL)
        load_book(judge, &book, &targets, &settings);
    else
        judge_found(judge, "book.json", 0, "is not there: the first commit of a run has the book");
}

/* ---- outputs ---- */

static struct judged_output *output_of(struct judge *judge, const char *path)
{
    for (size_t i = 0; i < judge->output_count; i++) {
        if (text_equal(judge->outputs[i].path, path))
            return &judge->outputs[i];
    }
    JUDGE_GROW(judge->outputs, judge->output_count, judge->output_capacity);
    struct judged_output *output = &judge->outputs[judge->output_count++];
    *output = (struct judged_output){ .path = arena_text(judge->arena, path) };
    return output;
}

void judge_outputs(struct judge *judge, const struct tree_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        const struct tree_change *change = &changes->list[i];
        if (!text_starts(change->path, "output/"))
            continue;
        if (change->kind != CHANGE_ADDED) {
            judge_found(judge, change->path, 0, "was %s: what a step wrote never changes",
                        change->kind == CHANGE_REMOVED ? "removed" : "changed");
            continue;
        }
        git_odb_object *object = judge_blob(judge, change->path, &change->after);
        if (object == NULL)
            continue;
        struct judged_output *output = output_of(judge, change->path);
        sha256_of(git_odb_object_data(object), git_odb_object_size(object), &output->stored);
        output->commit = judge->commit;
        git_odb_object_free(object);
    }
}

static void note_output(struct judge *judge, const struct event *event)
{
    const struct step *writer =
        judge->book != NULL ? book_find_work(judge->book, event->subject, event->entry) : NULL;
    if (writer == NULL)
        return;
    const char *path = arena_format(judge->arena, "output/%s.%" PRId64 ".log", writer->id, event->attempt);
    if (event->type == EVENT_STEP_STARTED)
        output_of(judge, path)->begun = true;
    if (event->output == NULL || event->output[0] == '\0')
        return;
    struct judged_output *output = output_of(judge, path);
    output->named = arena_text(judge->arena, event->output);
    output->seq = event->seq;
}

void judge_outputs_end(struct judge *judge)
{
    for (size_t i = 0; i < judge->output_count; i++) {
        const struct judged_output *output = &judge->outputs[i];
        judge->commit = output->commit;
        bool is_there = output->stored.hex[0] != '\0';
        if (!is_there && output->named != NULL)
            judge_found(judge, output->path, output->seq,
                        "is not there: the record says that its SHA-256 is %s", output->named);
        else if (is_there && output->named == NULL && !output->begun && !judge->journal.broken)
            judge_found(judge, output->path, 0,
                        "belongs to no record: no step that began can have written that");
        else if (output->named != NULL && !text_equal(output->named, output->stored.hex))
            judge_found(judge, output->path, output->seq,
                        "its SHA-256 is %s, the record says %s: it is not what the step wrote",
                        output->stored.hex, output->named);
    }
    judge->commit = NULL;
}

/* ---- what a record says of other things ---- */

static void note_session(struct judge *judge, const struct event *event)
{
    JUDGE_GROW(judge->sessions, judge->session_count, judge->session_capacity);
    judge->sessions[judge->session_count++] =
        (struct judged_session){ .seq = event->seq,
                                 .key = arena_text(judge->arena, event->key),
                                 .policy = arena_text(judge->arena, event->policy),
                                 .actor = arena_text(judge->arena, event->actor) };
}

void judge_note_record(struct judge *judge, const struct event *event)
{
    switch ((int)event->type) {
    case EVENT_RUN_OPENED:
    case EVENT_RUN_RESUMED:
        note_session(judge, event);
        break;
    case EVENT_STEP_STARTED:
    case EVENT_STEP_ENDED:
        note_output(judge, event);
        break;
    case EVENT_GATE_FORCED:
        judge_say(judge, VERIFY_LOUD, NULL, event->seq,
                  "GLASS WAS BROKEN at gate %s by %s: %s (it lacked: %s)", event->subject, event->actor,
                  event->text != NULL ? event->text : "", event->value != NULL ? event->value : "");
        judge_note_decision(judge, event);
        break;
    case EVENT_GATE_VOTED:
    case EVENT_ITEM_OVERRIDDEN:
    case EVENT_CHECK_TICKED:
        judge_note_decision(judge, event);
        break;
    default:
        break;
    }
}
