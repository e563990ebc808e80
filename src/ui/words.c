#include "words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

#define FRESH_US (2 * SECOND_US) /* younger than this an age is not worth repainting */

static const struct look step_looks[] = {
    [STEP_PENDING] = { GLYPH_PENDING, ROLE_TEXT, "PENDING" },
    [STEP_READY] = { GLYPH_READY, ROLE_STRONG, "READY" },
    [STEP_BLOCKED] = { GLYPH_PENDING, ROLE_TEXT, "BLOCKED" },
    [STEP_RUNNING] = { GLYPH_RUNNING, ROLE_BUSY, "RUNNING" },
    [STEP_DONE] = { GLYPH_DONE, ROLE_GOOD, "DONE" },
    [STEP_FAILED] = { GLYPH_FAILED, ROLE_BAD, "FAILED" },
    [STEP_SKIPPED] = { GLYPH_SKIPPED, ROLE_GOOD, "SKIPPED" },
    [STEP_DEFERRED] = { GLYPH_DEFERRED, ROLE_WARN, "DEFERRED" },
    [STEP_UNKNOWN] = { GLYPH_UNKNOWN, ROLE_UNKNOWN, "UNKNOWN" },
    [STEP_ROLLED_BACK] = { GLYPH_UNDONE, ROLE_WARN, "ROLLED BACK" },
    [STEP_ROLLBACK_FAILED] = { GLYPH_FAILED, ROLE_BAD, "ROLLBACK FAILED" },
};

static const struct look verdict_looks[] = {
    [CONDITION_MET] = { GLYPH_MET, ROLE_GOOD, "met" },
    [CONDITION_HOLDING] = { GLYPH_HOLDING, ROLE_WARN, "not yet long enough" },
    [CONDITION_UNMET] = { GLYPH_FAILED, ROLE_BAD, "not met" },
    [CONDITION_UNKNOWN] = { GLYPH_UNKNOWN, ROLE_UNKNOWN, "unknown" },
};

/* The state of the first entry of its rollback that is under way; PENDING when none is. */
static enum step_state undo_state(const struct run *run, size_t step)
{
    for (size_t i = 0; i < run->book->steps[step].rollback_count; i++) {
        enum step_state state = run->steps[step].undo[i].state;
        if (state == STEP_RUNNING || state == STEP_FAILED || state == STEP_UNKNOWN)
            return state;
    }
    return STEP_PENDING;
}

struct look look_of_step(const struct run *run, size_t step)
{
    enum step_state state = run->steps[step].work.state;
    enum step_state undo = undo_state(run, step);
    if (undo == STEP_RUNNING)
        return (struct look){ GLYPH_UNDONE, ROLE_BUSY, "UNDOING" };
    if (undo != STEP_PENDING)
        return step_looks[undo == STEP_FAILED ? STEP_ROLLBACK_FAILED : undo];
    struct look look = step_looks[state == STEP_PENDING ? run_step_shown(run, step) : state];
    if (state == STEP_PENDING && run->book->steps[step].irreversible != NULL) {
        look.glyph = GLYPH_NO_RETURN;
        look.style = ROLE_WARN;
    }
    return look;
}

struct look look_of_work(const struct run *run, struct aim aim)
{
    return aim.entry == 0 ? look_of_step(run, aim.step) : step_looks[aim_work(run, aim)->state];
}

struct look look_of_verdict(enum condition_verdict verdict)
{
    return verdict_looks[verdict];
}

struct look look_of_vote(enum choice vote)
{
    if (vote == CHOICE_GO)
        return (struct look){ GLYPH_DONE, ROLE_GOOD, "GO" };
    if (vote == CHOICE_NO_GO)
        return (struct look){ GLYPH_FAILED, ROLE_BAD, "NO-GO" };
    return (struct look){ GLYPH_VOTE_OPEN, ROLE_WARN, "no vote" };
}

void words_age(struct buf *buf, int64_t age_us)
{
    if (age_us < 0)
        buf_text(buf, "---");
    else if (age_us <= FRESH_US)
        buf_text(buf, "now");
    else if (age_us < MINUTE_US)
        buf_format(buf, "%" PRId64 "s", age_us / SECOND_US);
    else
        duration_clock(buf, age_us);
}

static void seconds_text(struct buf *buf, double seconds)
{
    if (seconds < 0.1 && seconds > -0.1)
        buf_text(buf, seconds == 0 ? "0 s" : "<0.1 s"); /* what is below that is noise, and would repaint */
    else if (fabs(seconds) < 10)
        buf_format(buf, "%.1f s", seconds);
    else if (fabs(seconds) < 60)
        buf_format(buf, "%.0f s", seconds);
    else if (fabs(seconds) < 1e9)
        duration_clock(buf, (int64_t)(seconds * (double)SECOND_US));
    else
        buf_format(buf, "%g s", seconds);
}

static void bytes_text(struct buf *buf, double bytes)
{
    if (fabs(bytes) < 9e18)
        size_text(buf, (int64_t)bytes);
    else
        buf_format(buf, "%g", bytes);
}

static void percent_text(struct buf *buf, double percent)
{
    buf_format(buf, "%.0f %%", percent);
}

/* By how the name of the metric ends. */
static const struct {
    const char *ending;
    void (*text)(struct buf *buf, double value);
} units[] = {
    { "seconds", seconds_text },
    { "bytes", bytes_text },
    { "percent", percent_text },
};

void words_metric(struct buf *buf, const char *metric, double value)
{
    size_t len = strlen(metric);
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t ending = strlen(units[i].ending);
        if (len >= ending && strcmp(metric + len - ending, units[i].ending) == 0) {
            units[i].text(buf, value);
            return;
        }
    }
    buf_format(buf, fabs(value) < 1e15 && value == floor(value) ? "%.0f" : "%.3g", value);
}

void words_sampled(struct buf *buf, const struct sample_metric *metric)
{
    if (metric != NULL && metric->known)
        words_metric(buf, metric->name, metric->value);
    else
        buf_text(buf, "---");
}

void words_metric_name(struct buf *buf, const char *metric)
{
    size_t len = strlen(metric);
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t ending = strlen(units[i].ending);
        if (len > ending + 1 && strcmp(metric + len - ending, units[i].ending) == 0)
            len -= ending + 1; /* and what joins them */
    }
    for (size_t i = 0; i < len; i++)
        buf_char(buf, metric[i] == '_' ? ' ' : metric[i]);
}

void words_need(struct buf *buf, const struct condition *condition)
{
    buf_format(buf, "%s ", comparison_word(condition->is));
    words_metric(buf, condition->metric, condition->value);
}

void words_estimate(struct buf *buf, const struct duration_range *estimate)
{
    if (estimate->max_us == 0)
        return;
    /* What looks the same is said once. */
    if (estimate->min_us / SECOND_US == estimate->max_us / SECOND_US) {
        duration_about(buf, estimate->max_us);
        return;
    }
    buf_char(buf, '~');
    duration_clock(buf, estimate->min_us);
    buf_text(buf, "..");
    duration_clock(buf, estimate->max_us);
}

void words_pace(struct buf *buf, const struct duration_range *estimate, int64_t elapsed_us, bool ended)
{
    enum pace pace = pace_of(estimate, elapsed_us, ended);
    if (pace == PACE_SLOW && estimate->max_us > 0)
        buf_format(buf, "SLOW +%" PRId64 " %%",
                   (elapsed_us - estimate->max_us) /
                       (estimate->max_us / 100 > 0 ? estimate->max_us / 100 : 1));
    else if (pace == PACE_FAST)
        buf_text(buf, "SUSPICIOUSLY FAST");
}

int64_t work_elapsed_us(const struct work *work, struct instant now)
{
    if (work->attempt == 0)
        return -1;
    if (work->state != STEP_RUNNING)
        return work->elapsed_us;
    int64_t elapsed_us = now.boot_us - work->started.boot_us;
    return elapsed_us > 0 ? elapsed_us : 0;
}

const char *words_what_label(const struct step *step)
{
    static const char *const labels[STEP_KIND_COUNT] = {
        [STEP_CHECK] = "CHECK", [STEP_MANUAL] = "DO",  [STEP_SQL] = "SQL",       [STEP_COMMAND] = "RUN",
        [STEP_VERIFY] = "ASK",  [STEP_WAIT] = "UNTIL", [STEP_BACKFILL] = "FILL", [STEP_COMPARE] = "SAME",
        [STEP_NOTIFY] = "TELL", [STEP_MARK] = "BEGIN", [STEP_NONE] = "NONE",     [STEP_OSC] = "ALTER",
    };
    return labels[step->kind];
}
