#include "rehearse/certificate.h"

#include "base/text.h"
#include "json/json.h"
#include "rehearse/unattended.h"

static const char *const result_words[REHEARSAL_RESULT_COUNT] = {
#define X(name, word) [name] = word,
    REHEARSAL_RESULTS(X)
#undef X
};

const char *rehearsal_result_word(enum rehearsal_result result)
{
    return result < REHEARSAL_RESULT_COUNT ? result_words[result] : "";
}

/* ---- judging ---- */

/* What the book itself says has no way back is not wrong, and neither is what nobody wanted to be tried; a
 * lack of tries is told by `all`. */
static bool is_wrong(enum rehearsal_result result)
{
    return result == REHEARSAL_DIFFERENT || result == REHEARSAL_FAILED;
}

bool certificate_judge(const struct certificate *certificate)
{
    bool tried = false;
    for (size_t i = 0; i < certificate->midpoint_count; i++) {
        if (is_wrong(certificate->midpoints[i].result))
            return false;
        tried = tried || certificate->midpoints[i].result == REHEARSAL_SAME;
    }
    for (size_t i = 0; i < certificate->again_count; i++) {
        if (is_wrong(certificate->again[i].result))
            return false;
    }
    for (size_t i = 0; i < certificate->lock_count; i++) {
        if (!certificate->locks[i].holds)
            return false;
    }
    return tried;
}

bool certificate_tried_all(const struct certificate *certificate)
{
    for (size_t i = 0; i < certificate->midpoint_count; i++) {
        if (certificate->midpoints[i].result == REHEARSAL_NOT_TRIED)
            return false;
    }
    return certificate->midpoint_count > 0;
}

static bool has_midpoint(const struct certificate *certificate, const char *step)
{
    for (size_t i = 0; i < certificate->midpoint_count; i++) {
        if (text_equal(certificate->midpoints[i].step, step))
            return true;
    }
    return false;
}

const char *certificate_lacks(struct arena *arena, const struct certificate *certificate,
                              const struct book *book)
{
    size_t *steps = arena_array(arena, book->step_count + 1, sizeof(*steps));
    size_t count = unattended_steps(book, steps);
    for (size_t i = 0; i < count; i++) {
        if (!has_midpoint(certificate, book->steps[steps[i]].id))
            return arena_format(arena, "of the way back from step \"%s\" it says nothing",
                                book->steps[steps[i]].id);
    }
    for (size_t i = 0; i < certificate->midpoint_count; i++) {
        const char *want = i < count ? book->steps[steps[i]].id : "the end";
        if (i >= count || !text_equal(certificate->midpoints[i].step, want))
            return arena_format(arena,
                                "its midpoints are not the steps of the book in their order: where \"%s\" "
                                "stands, %s is expected",
                                certificate->midpoints[i].step, want);
    }
    return NULL;
}

/* ---- writing ---- */

static void put_head(struct json_writer *w, const struct certificate *certificate)
{
    struct buf ended;
    buf_init(&ended, 64);
    wall_text(&ended, certificate->wall_us);
    json_put_integer(w, "tminus_certificate", CERTIFICATE_FORMAT);
    json_put_text(w, "book", certificate->book);
    json_put_text(w, "book_sha256", certificate->book_sha256);
    json_put_text(w, "files_sha256", certificate->files_sha256);
    json_put_text(w, "version", certificate->version);
    json_put_text(w, "host", certificate->host);
    json_put_text(w, "operator", certificate->operator);
    json_put_text(w, "ended", buf_str(&ended));
    json_put_text(w, "asked", certificate->asked);
    json_put_bool(w, "passed", certificate->passed);
    json_put_bool(w, "all", certificate->all);
    buf_finish(&ended);
}

/* A secret has no value to write. */
static void put_settings(struct json_writer *w, const struct certificate *certificate)
{
    json_open_array(w, "targets");
    for (size_t i = 0; i < certificate->target_count; i++) {
        json_open(w, NULL);
        json_put_text(w, "id", certificate->targets[i].id);
        json_put_text(w, "engine", certificate->targets[i].engine);
        json_put_text(w, "version", certificate->targets[i].version);
        json_close(w);
    }
    json_close_array(w);
    json_open_array(w, "params");
    for (size_t i = 0; i < certificate->param_count; i++) {
        json_open(w, NULL);
        json_put_text(w, "name", certificate->params[i].name);
        if (certificate->params[i].value != NULL)
            json_put_text(w, "value", certificate->params[i].value);
        json_close(w);
    }
    json_close_array(w);
    json_open_array(w, "data");
    for (size_t i = 0; i < certificate->data_count; i++)
        json_put_text(w, NULL, certificate->data[i]);
    json_close_array(w);
}

static void put_midpoints(struct json_writer *w, const struct certificate *certificate)
{
    json_open_array(w, "midpoints");
    for (size_t i = 0; i < certificate->midpoint_count; i++) {
        const struct certificate_midpoint *midpoint = &certificate->midpoints[i];
        json_open(w, NULL);
        json_put_text(w, "step", midpoint->step);
        json_put_text(w, "result", rehearsal_result_word(midpoint->result));
        json_put_text(w, "text", midpoint->text);
        json_put_integer(w, "differences", midpoint->differences);
        json_put_integer(w, "forward_us", midpoint->forward_us);
        json_put_integer(w, "back_us", midpoint->back_us);
        json_put_text(w, "run", midpoint->run);
        json_close(w);
    }
    json_close_array(w);
}

static void put_again(struct json_writer *w, const struct certificate *certificate)
{
    json_open_array(w, "again");
    for (size_t i = 0; i < certificate->again_count; i++) {
        json_open(w, NULL);
        json_put_text(w, "step", certificate->again[i].step);
        json_put_text(w, "result", rehearsal_result_word(certificate->again[i].result));
        json_put_text(w, "how", certificate->again[i].how);
        json_put_text(w, "text", certificate->again[i].text);
        json_close(w);
    }
    json_close_array(w);
}

static void put_locks(struct json_writer *w, const struct certificate *certificate)
{
    json_open_array(w, "locks");
    for (size_t i = 0; i < certificate->lock_count; i++) {
        const struct certificate_lock *lock = &certificate->locks[i];
        json_open(w, NULL);
        json_put_text(w, "step", lock->step);
        json_put_integer(w, "entry", lock->entry);
        json_put_text(w, "relation", lock->relation);
        json_put_text(w, "taken", lock->taken);
        json_put_text(w, "claimed", lock->claimed);
        json_put_bool(w, "rewritten", lock->rewritten);
        json_put_bool(w, "holds", lock->holds);
        json_put_integer(w, "queued", lock->queued);
        json_close(w);
    }
    json_close_array(w);
}

static void put_timings(struct json_writer *w, const struct certificate *certificate)
{
    json_open_array(w, "timings");
    for (size_t i = 0; i < certificate->timing_count; i++) {
        const struct certificate_timing *timing = &certificate->timings[i];
        json_open(w, NULL);
        json_put_text(w, "step", timing->step);
        json_put_integer(w, "entry", timing->entry);
        json_put_integer(w, "count", timing->rehearsed.count);
        json_put_integer(w, "median_us", timing->rehearsed.median_us);
        json_put_integer(w, "p95_us", timing->rehearsed.p95_us);
        json_close(w);
    }
    json_close_array(w);
}

static void put_all(struct buf *out, const struct certificate *certificate, const char *signature)
{
    struct json_writer w;
    json_write_init(&w, out);
    json_open(&w, NULL);
    put_head(&w, certificate);
    put_settings(&w, certificate);
    put_midpoints(&w, certificate);
    put_again(&w, certificate);
    put_locks(&w, certificate);
    put_timings(&w, certificate);
    if (signature != NULL)
        json_put_text(&w, "signature", signature);
    json_close(&w);
}

void certificate_statement(const struct certificate *certificate, struct buf *out)
{
    put_all(out, certificate, NULL);
}

/* Laid out for people: who reads it again takes no notice of that. */
void certificate_write(const struct certificate *certificate, struct buf *out)
{
    struct buf canonical;
    buf_init(&canonical, CERTIFICATE_MAX_BYTES);
    put_all(&canonical, certificate, certificate->signature);
    if (canonical.overflow)
        out->overflow = true;
    else
        json_indent(out, buf_str(&canonical));
    buf_finish(&canonical);
}
