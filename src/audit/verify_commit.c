#include "audit/judge.h"

#include <inttypes.h>
#include <string.h>

#include "audit/handle.h"
#include "audit/repo.h"
#include "base/text.h"

#define COMMIT_MAX (2 * 1024 * 1024)
#define HEX        GIT_OID_HEXSZ

/* ---- taking apart ---- */

/* The rest of the line at `*at` when it begins with `word` and a space, and goes on to the next one. */
static const char *header(struct judge *judge, const char **at, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(*at, word, len) != 0 || (*at)[len] != ' ')
        return NULL;
    const char *begin = *at + len + 1;
    const char *end = strchr(begin, '\n');
    if (end == NULL)
        return NULL;
    *at = end + 1;
    return arena_text_len(judge->batch_arena, begin, (size_t)(end - begin));
}

static bool header_id(struct judge *judge, const char **at, const char *word, git_oid *ret)
{
    const char *text = header(judge, at, word);
    return text != NULL && strlen(text) == HEX && git_oid_fromstr(ret, text) == 0;
}

/* The lines of a signature, each but the first behind a space. */
static const char *header_signature(struct judge *judge, const char **at)
{
    struct buf buf;
    const char *line = header(judge, at, "gpgsig");
    if (line == NULL)
        return NULL;
    buf_init(&buf, COMMIT_MAX);
    buf_format(&buf, "%s\n", line);
    while (**at == ' ') {
        const char *end = strchr(*at, '\n');
        if (end == NULL)
            break;
        buf_add(&buf, *at + 1, (size_t)(end - *at));
        *at = end + 1;
    }
    const char *text = arena_text(judge->arena, buf_str(&buf));
    buf_finish(&buf);
    return text;
}

static bool take_apart(struct judge *judge, const char *text, struct raw_commit *ret)
{
    const char *at = text;
    git_oid another;
    if (!header_id(judge, &at, "tree", &ret->tree))
        return false;
    if (header_id(judge, &at, "parent", &ret->parent))
        ret->parent_count++;
    while (header_id(judge, &at, "parent", &another))
        ret->parent_count++;
    ret->author = header(judge, &at, "author");
    ret->committer = ret->author != NULL ? header(judge, &at, "committer") : NULL;
    if (ret->committer == NULL)
        return false;
    const char *signature_at = at;
    ret->signature = header_signature(judge, &at);
    ret->text = arena_format(judge->arena, "%.*s%s", (int)(signature_at - text), text, at);
    return true;
}

bool judge_raw_commit(struct judge *judge, const git_oid *id, struct raw_commit *ret)
{
    git_odb_object *object = NULL;
    bool good = false;
    *ret = (struct raw_commit){ .text = NULL };
    judge->commit = arena_text(judge->arena, git_oid_tostr_s(id));
    if (git_odb_read(&object, judge->odb, id) < 0) {
        judge_found(judge, NULL, 0,
                    "the commit cannot be read (%s): what it held, and all before it, is lost",
                    git_error_last()->message);
        return false;
    }
    size_t len = git_odb_object_size(object);
    const char *text = git_odb_object_data(object);
    if (git_odb_object_type(object) != GIT_OBJECT_COMMIT || len > COMMIT_MAX ||
        memchr(text, '\0', len) != NULL)
        judge_found(judge, NULL, 0, "this is no commit of a trail");
    else if (!take_apart(judge, arena_text_len(judge->batch_arena, text, len), ret))
        judge_found(judge, NULL, 0, "the header is not as git writes it");
    else
        good = true;
    git_odb_object_free(object);
    return good;
}

/* ---- writing it again ---- */

static int put_person(struct buf *buf, const char *word, const char *person, int64_t wall_us, struct err *err)
{
    git_signature *signature = NULL;
    int r = commit_author(person, wall_us, &signature, err);
    if (r == 0)
        buf_format(buf, "%s %s <%s> %" PRId64 " +0000\n", word, signature->name, signature->email,
                   (int64_t)signature->when.time);
    git_signature_free(signature);
    return r;
}

/* Without records there is no moment by which it was made: then what stands there is taken. */
static int put_commit(struct buf *buf, const struct raw_commit *raw, const struct audit_batch *batch,
                      struct err *err)
{
    const struct event *last = batch->count > 0 ? &batch->events[batch->count - 1] : NULL;
    int r = 0;
    buf_format(buf, "tree %s\n", git_oid_tostr_s(&raw->tree));
    if (raw->parent_count > 0)
        buf_format(buf, "parent %s\n", git_oid_tostr_s(&raw->parent));
    if (last != NULL) {
        r = put_person(buf, "author", last->actor, last->at.wall_us, err);
        if (r == 0)
            r = put_person(buf, "committer", NULL, last->at.wall_us, err);
    } else {
        buf_format(buf, "author %s\ncommitter %s\n", raw->author, raw->committer);
    }
    buf_char(buf, '\n');
    audit_message(buf, batch);
    return r < 0 ? r : buf_ok(buf, "a commit", err);
}

/* The first line that differs, both ways. */
static void tell_difference(struct judge *judge, const char *is, const char *want)
{
    size_t line = 0;
    while (*is != '\0' && *want != '\0') {
        size_t is_len = strcspn(is, "\n"), want_len = strcspn(want, "\n");
        line++;
        if (is_len != want_len || memcmp(is, want, is_len) != 0)
            break;
        is += is_len + (is[is_len] == '\n');
        want += want_len + (want[want_len] == '\n');
    }
    judge_found(judge, NULL, 0,
                "is not the commit that these records make: line %zu is \"%.*s\", expected \"%.*s\": who or "
                "what it tells is not what is recorded",
                line, (int)(strcspn(is, "\n") > 300 ? 300 : strcspn(is, "\n")), is,
                (int)(strcspn(want, "\n") > 300 ? 300 : strcspn(want, "\n")), want);
}

static bool is_samples(const struct tree_change *change)
{
    return text_starts(change->path, TRAIL_SAMPLES "/");
}

void judge_message(struct judge *judge, const struct raw_commit *raw, const struct tree_changes *changes,
                   size_t lines_start)
{
    struct buf buf;
    struct err err = ERR_INIT;
    struct audit_file *files = arena_array(judge->batch_arena, changes->count + 1, sizeof(*files));
    struct audit_batch batch = {
        .count = judge->batch_count,
        .events = judge->batch,
        .lines = buf_str(&judge->lines) + lines_start,
        .lines_len = judge->lines.len - lines_start,
        .files = files,
        .book_title = judge->book != NULL ? judge->book->title : NULL,
    };
    for (size_t i = 0; i < changes->count; i++) {
        if (!is_samples(&changes->list[i]))
            files[batch.file_count++].path = changes->list[i].path;
    }
    if (batch.count == 0 && changes->count == 0)
        judge_found(judge, NULL, 0, "adds nothing: such a commit is never written");
    buf_init(&buf, COMMIT_MAX);
    if (put_commit(&buf, raw, &batch, &err) < 0)
        judge_found(judge, NULL, 0, "cannot be made again from its records: %s", err.message);
    else if (!text_equal(buf_str(&buf), raw->text))
        tell_difference(judge, raw->text, buf_str(&buf));
    buf_finish(&buf);
}
