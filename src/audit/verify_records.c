#include "audit/judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SERIES_MAX ((size_t)64 * 1024 * 1024)

void judged_series_init(struct judged_series *series, const char *directory, size_t lines_max,
                        size_t bytes_max)
{
    *series =
        (struct judged_series){ .directory = directory, .lines_max = lines_max, .bytes_max = bytes_max };
    buf_init(&series->text, SERIES_MAX);
}

/* ---- files that lines are only added to ---- */

static bool is_full(const struct judged_series *series)
{
    return series->lines >= series->lines_max || series->text.len >= series->bytes_max;
}

/* What is wrong with the place where a file of the series was changed; NULL: nothing. */
static const char *misplaced(struct judge *judge, const struct judged_series *series,
                             const struct tree_change *change)
{
    struct buf same, next;
    const char *wrong = NULL;
    buf_init(&same, 256);
    buf_init(&next, 256);
    series_path(&same, series->directory, series->number);
    series_path(&next, series->directory, series->number + 1);
    bool begins = series->number == 0 || is_full(series);
    if (change->kind == CHANGE_REMOVED)
        wrong = "was removed: nothing of a trail ever goes away";
    else if (change->kind == CHANGE_CHANGED && !text_equal(change->path, buf_str(&same)))
        wrong = "was changed: only the last file of a series grows";
    else if (change->kind == CHANGE_CHANGED && begins)
        wrong = "was changed, but it is full: it never changes again";
    else if (change->kind == CHANGE_ADDED && (!begins || !text_equal(change->path, buf_str(&next))))
        wrong = arena_format(judge->arena, "was added, expected %s next", buf_str(begins ? &next : &same));
    buf_finish(&same);
    buf_finish(&next);
    return wrong;
}

static size_t count_lines(const char *bytes, size_t len)
{
    size_t lines = 0;
    for (size_t i = 0; i < len; i++)
        lines += bytes[i] == '\n';
    return lines;
}

/* Where two texts part: as a line of the file, from 1. */
static size_t line_of_difference(const struct buf *before, const char *after, size_t len)
{
    size_t at = 0;
    while (at < before->len && at < len && before->data[at] == after[at])
        at++;
    return count_lines(after, at) + 1;
}

/* Takes the change as what was added at the end; NULL after it was told, and then the series is broken. The
 * bytes are the object's. */
static git_odb_object *take_growth(struct judge *judge, struct judged_series *series,
                                   const struct tree_change *change, const char **ret_bytes, size_t *ret_len)
{
    const char *wrong = misplaced(judge, series, change);
    git_odb_object *object = wrong == NULL ? judge_blob(judge, change->path, &change->after) : NULL;
    series->broken = true; /* until it was found good */
    if (wrong != NULL)
        judge_found(judge, change->path, 0, "%s", wrong);
    if (object == NULL)
        return NULL;
    const char *bytes = git_odb_object_data(object);
    size_t len = git_odb_object_size(object), known = change->kind == CHANGE_CHANGED ? series->text.len : 0;
    if (len < known || memcmp(bytes, buf_str(&series->text), known) != 0) {
        judge_found(
            judge, change->path, 0,
            "line %zu is another one than in the commit before: what was published was changed or cut",
            line_of_difference(&series->text, bytes, len));
    } else if (len == known || bytes[len - 1] != '\n') {
        judge_found(judge, change->path, 0, "its last line is cut short");
    } else if (len > SERIES_MAX) {
        judge_found(judge, change->path, 0, "has %zu bytes: no file of a trail is that large", len);
    } else {
        series->number += change->kind == CHANGE_ADDED;
        series->broken = false;
        *ret_bytes = bytes + known;
        *ret_len = len - known;
        buf_clear(&series->text);
        buf_add(&series->text, bytes, len);
        series->lines = count_lines(bytes, len);
        return object;
    }
    git_odb_object_free(object);
    return NULL;
}

static bool is_in(const struct tree_change *change, const char *directory)
{
    size_t len = strlen(directory);
    return strncmp(change->path, directory, len) == 0 && change->path[len] == '/';
}

/* ---- samples ---- */

void judge_samples(struct judge *judge, const struct tree_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        const char *bytes;
        size_t len;
        if (is_in(&changes->list[i], TRAIL_SAMPLES) && !judge->samples.broken)
            git_odb_object_free(take_growth(judge, &judge->samples, &changes->list[i], &bytes, &len));
    }
}

/* ---- records ---- */

struct record_reading {
    struct judge *judge;
    const char *path;
};

static void judge_opened(struct judge *judge, const struct event *event, const char *path)
{
    static const char *const none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const char *targets = judge->targets_sha256.hex[0] != '\0' ? judge->targets_sha256.hex : none;
    const char *settings = judge->settings_sha256.hex[0] != '\0' ? judge->settings_sha256.hex : none;
    if (!text_equal(event->run, judge->options->run))
        judge_found(judge, path, event->seq, "the records are of run %s, the branch is of run %s",
                    event->run != NULL ? event->run : "(none)", judge->options->run);
    if (!text_equal(event->book, judge->book_sha256.hex))
        judge_found(judge, "book.json", event->seq,
                    "its SHA-256 is %s, the run was opened with %s: another book was executed",
                    judge->book_sha256.hex, event->book != NULL ? event->book : "(none)");
    if (!text_equal(event->targets, targets))
        judge_found(judge, "targets.json", event->seq,
                    "its SHA-256 is %s, the run was opened with %s: other targets were worked on", targets,
                    event->targets != NULL ? event->targets : "(none)");
    if (!text_equal(event->settings, settings))
        judge_found(judge, "run.json", event->seq,
                    "its SHA-256 is %s, the run was opened with %s: other params or settings", settings,
                    event->settings != NULL ? event->settings : "(none)");
    if (!text_equal(event->policy, judge->policy_sha256.hex[0] != '\0' ? judge->policy_sha256.hex : NULL))
        judge_found(judge, "policy.json", event->seq, "its SHA-256 is %s, the run was opened with %s",
                    judge->policy_sha256.hex[0] != '\0' ? judge->policy_sha256.hex : "(none)",
                    event->policy != NULL ? event->policy : "(none)");
}

/* What cannot have happened ends the fold: what follows from it would be told again and again. */
static void fold(struct judge *judge, const struct event *event, const char *path)
{
    struct err err = ERR_INIT;
    if (judge->fold_over || judge->run == NULL)
        return;
    if (run_apply(judge->run, event, &err) == 0)
        return;
    judge->fold_over = true;
    judge_found(judge, path, event->seq,
                "%s cannot have happened there: %s (what follows it is not held against the book any more)",
                event_word(event->type), err.message);
}

static int take_record(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct record_reading *reading = data;
    struct judge *judge = reading->judge;
    (void)err;
    JUDGE_GROW(judge->batch, judge->batch_count, judge->batch_capacity);
    judge->batch[judge->batch_count++] = *event_copy(judge->batch_arena, event);
    buf_add(&judge->lines, line, len);
    if (event->seq == 1 && event->type == EVENT_RUN_OPENED)
        judge_opened(judge, event, reading->path);
    judge_note_record(judge, event);
    fold(judge, event, reading->path);
    if (event->type == EVENT_RUN_CLOSED) /* monitors are stopped after it */
        judge->report->closed = true;
    return 0;
}

static void judge_growth(struct judge *judge, const struct tree_change *change)
{
    struct record_reading reading = { judge, change->path };
    struct err err = ERR_INIT;
    const char *bytes = NULL;
    size_t len = 0, used = 0;
    git_odb_object *object = take_growth(judge, &judge->journal, change, &bytes, &len);
    if (object == NULL)
        return;
    if (chain_read_lines(&judge->chain, bytes, len, take_record, &reading, &used, &err) < 0) {
        judge_found(judge, change->path, judge->chain.seq + 1,
                    "%s: a record was changed, dropped, added or moved (records after it are not judged)",
                    err.message);
        judge->journal.broken = true;
    } else if (judge->journal.lines > judge->journal.lines_max) {
        judge_found(judge, change->path, 0, "has %zu lines, expected at most %zu", judge->journal.lines,
                    judge->journal.lines_max);
    }
    git_odb_object_free(object);
}

void judge_records(struct judge *judge, const struct tree_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        if (is_in(&changes->list[i], TRAIL_JOURNAL) && !judge->journal.broken)
            judge_growth(judge, &changes->list[i]);
    }
}
