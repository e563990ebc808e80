#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "rehearsal.h"

/* Each way may take three times what the book says, and this much besides. */
#define LIMIT_FACTOR  3
#define LIMIT_BASE_US (5 * MINUTE_US)
/* How many differences a sentence names. */
#define NAMED_MAX  3
#define TEXT_MAX   4096
#define GONE_MS    50
#define GONE_TRIES 20

static volatile sig_atomic_t interruptions;

static void on_interrupt(int number)
{
    (void)number;
    interruptions++;
}

bool rehearsing_interrupted(void)
{
    return interruptions > 0;
}

/* One way there and back. */
struct way {
    struct rehearsing *rehearsing;
    struct midpoint *midpoint;
    struct arena *arena; /* of what is forgotten afterwards */
    struct frozen frozen;
    struct snapshot looked; /* before the step was done again */
    const char *was_done;   /* the first step that its probe skipped on the way forward; NULL */
    struct unattended_operator mover;
};

/* ---- what is seen on the way ---- */

static void on_event(void *data, const struct run *run, const struct event *event, bool backlog)
{
    struct way *way = data;
    struct rehearsing *rehearsing = way->rehearsing;
    size_t step;

    (void)run;
    (void)backlog;
    timings_add(rehearsing->timings, event);
    lock_table_add(rehearsing->locks, event);
    if (event->type != EVENT_STEP_ENDED || event->entry != 0)
        return;
    step = book_find_step(rehearsing->book, event->subject);
    if (event->choice != CHOICE_SKIPPED)
        rehearsing->ran[step] = true;
    if (event->choice != CHOICE_SKIPPED || way->mover.course != COURSE_FORWARD)
        return;
    if (!way->was_done)
        way->was_done = rehearsing->book->steps[step].id;
    if (!rehearsing->skipped[step])
        buf_format(&rehearsing->remarks, "%s was skipped: its probe said that it was done before it began\n",
                   event->subject);
    rehearsing->skipped[step] = true;
}

static int on_stand_in(void *data, const struct step *step, struct err *err)
{
    const struct way *way = data;

    return stand_in(step, way->frozen.book_path, way->frozen.run, err);
}

static int on_interrupted(void *data)
{
    (void)data;
    return (int)interruptions;
}

/* ---- differences ---- */

/* A line each, kept; the first few as a sentence. */
static const char *const *keep_differences(struct arena *arena, const struct difference *differences,
                                           size_t count, const char **ret_text)
{
    const char **lines = arena_array(arena, count + 1, sizeof(*lines));
    struct buf text, line;

    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        buf_init(&line, TEXT_MAX);
        difference_text(&line, &differences[i]);
        lines[i] = line.overflow ? arena_format(arena, "%s: %s %s is another one", differences[i].target,
                                                differences[i].what, differences[i].name)
                                 : arena_text(arena, buf_str(&line));
        buf_finish(&line);
        if (i < NAMED_MAX)
            buf_format(&text, "%s%s", i > 0 ? "; " : "", lines[i]);
    }
    if (count > NAMED_MAX)
        buf_format(&text, "; and %zu more", count - NAMED_MAX);
    *ret_text =
        text.overflow ? arena_format(arena, "%zu differences", count) : arena_text(arena, buf_str(&text));
    buf_finish(&text);
    return lines;
}

/* A slot or origin with which a subscription copies one table comes and goes by itself while it copies. What
 * is still there after the way back was left behind. */
static bool is_of_a_copy(const struct difference *difference)
{
    unsigned subscription, table;

    return sscanf(difference->name, "pg_%u_sync_%u", &subscription, &table) == 2 ||
           (text_equal(difference->what, "replication origin") &&
            sscanf(difference->name, "pg_%u_%u", &subscription, &table) == 2);
}

static size_t leave_out_copies(struct arena *arena, const struct difference **differences, size_t count)
{
    struct difference *kept = arena_array(arena, count + 1, sizeof(*kept));
    size_t kept_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (!is_of_a_copy(&(*differences)[i]))
            kept[kept_count++] = (*differences)[i];
    }
    *differences = kept;
    return kept_count;
}

/* What is different from `before`; negative when it cannot be told. */
static int look_for_differences(struct way *way, const struct snapshot *before, const char *const **ret_lines,
                                size_t *ret_count, const char **ret_text, struct err *err)
{
    const struct difference *differences;
    int r = snapshot_compare(way->arena, way->rehearsing->book, before, &differences, ret_count, err);

    if (r == 0 && before == &way->looked)
        *ret_count = leave_out_copies(way->arena, &differences, *ret_count);
    if (r == 0)
        *ret_lines = keep_differences(way->rehearsing->arena, differences, *ret_count, ret_text);
    return r;
}

/* ---- once more ---- */

static int on_look(void *data, const struct unattended_operator *mover, struct err *err)
{
    struct way *way = data;
    struct midpoint *midpoint = way->midpoint;
    struct certificate_again *row = &midpoint->again_row;
    const struct book *book = way->rehearsing->book;
    const struct step *step = &book->steps[midpoint->step];
    int r;

    if (mover->course == COURSE_ARRIVED)
        return snapshot_take(way->arena, book, &way->looked, err);
    r = look_for_differences(way, &way->looked, &midpoint->again_differences,
                             &midpoint->again_difference_count, &row->text, err);
    if (r < 0)
        return r;
    row->how = mover->again == CHOICE_SKIPPED ? "skipped by its probe"
               : step->each                   ? "each item found done"
                                              : "done again";
    row->result = midpoint->again_difference_count > 0 ? REHEARSAL_DIFFERENT : REHEARSAL_SAME;
    /* A step that is done for each of many has no probe of the whole: its items are found done, or done
     * again. */
    if (mover->again != CHOICE_SKIPPED && !step->idempotent && !step->each) {
        row->result = REHEARSAL_FAILED;
        row->text = arena_format(way->rehearsing->arena, "its probe did not see that it was done%s%s",
                                 row->text[0] ? "; " : "", row->text);
    }
    return 0;
}

static void conclude_again(struct way *way)
{
    struct certificate_again *row = &way->midpoint->again_row;

    if (!way->midpoint->again || row->result != REHEARSAL_NOT_TRIED)
        return;
    row->how = "";
    row->text = way->mover.failure[0] ? arena_text(way->rehearsing->arena, way->mover.failure) : "";
    if (way->mover.arrived_us != 0)
        row->result = REHEARSAL_FAILED;
}

/* ---- one run ---- */

/* Over the whole book: what is behind the midpoint costs nothing. */
static int64_t limit_of(const struct book *book)
{
    int64_t limit_us = LIMIT_BASE_US;

    for (size_t i = 0; i < book->step_count; i++) {
        for (size_t entry = 0; entry <= book->steps[i].rollback_count; entry++) {
            const struct step *step = book_work(book, i, entry);
            int64_t some_us = LIMIT_FACTOR * step->estimate.max_us;

            limit_us += some_us > step->timeout_us ? some_us : step->timeout_us;
        }
    }
    return limit_us;
}

/* A run that could not begin leaves nothing: it has no journal, so nothing happened. */
static void forget_if_nothing_happened(const struct way *way)
{
    if (way->frozen.dir && access(rundir_path(way->arena, way->frozen.dir, "journal"), F_OK) != 0 &&
        dir_remove(way->frozen.dir, NULL) < 0)
        return;
}

static int begin_run(struct way *way, struct err *err)
{
    int answer, r;

    way->frozen = way->rehearsing->frozen;
    r = launch_freeze(way->arena, way->rehearsing->book, &way->frozen, err);
    if (r == 0)
        r = launch_start(way->frozen.dir, false, NULL, &answer, err);
    if (r == 0)
        r = launch_wait(answer, err);
    if (r < 0)
        forget_if_nothing_happened(way);
    return r;
}

static int drive(struct way *way, struct err *err)
{
    static const struct autopilot_hooks hooks = {
        .event = on_event, .stand_in = on_stand_in, .look = on_look, .interrupted = on_interrupted
    };
    const struct rehearsal_options *options = way->rehearsing->options;
    struct autopilot_options autopilot = { .second = "rehearsal-2",
                                           .others = WIRE_SCRIPT,
                                           .plan = { .until = way->midpoint->step,
                                                     .again = way->midpoint->again,
                                                     .back = way->midpoint->step != BOOK_NONE,
                                                     .retreats = true,
                                                     .answers = options->answers },
                                           .limit_us = options->limit_us > 0
                                                           ? options->limit_us
                                                           : limit_of(way->rehearsing->book),
                                           .ends_stuck = options->restore != NULL,
                                           .hooks = &hooks,
                                           .data = way };
    int r = begin_run(way, err);

    way->midpoint->row.run = r == 0 ? arena_text(way->rehearsing->arena, way->frozen.run) : "";
    return r < 0 ? r : autopilot_drive(way->frozen.dir, &autopilot, &way->mover, err);
}

/* ---- what came of it ---- */

static void fail_midpoint(struct way *way, const char *text)
{
    way->midpoint->row.result = REHEARSAL_FAILED;
    way->midpoint->row.text = arena_text(way->rehearsing->arena, text);
}

static void lose_base(struct way *way, const char *why)
{
    way->rehearsing->lost = way->midpoint->step == BOOK_NONE
                                ? why
                                : arena_format(way->rehearsing->arena, "since the midpoint \"%s\" %s",
                                               way->midpoint->row.step, why);
}

/* A runner that would not go could still be at work on what is made anew. */
static int check_gone(const struct way *way, struct err *err)
{
    int lock, r = way->frozen.dir ? rundir_lock(way->frozen.dir, &lock, err) : 0;

    if (r == 0 && way->frozen.dir)
        close(lock);
    return r;
}

/* A runner that is killed closes its connections before its lock is free. */
static bool has_no_runner(const struct way *way)
{
    for (int i = 0; i < GONE_TRIES; i++) {
        if (check_gone(way, NULL) == 0)
            return true;
        (void)usleep(GONE_MS * 1000);
    }
    return false;
}

/* How a person gets at the run that was left: its runner may be gone. */
static const char *left_open(const struct way *way)
{
    const char *run = way->midpoint->row.run;

    if (!run[0] || way->rehearsing->options->restore)
        return "";
    return has_no_runner(way)
               ? arena_format(way->arena, ": the run has no runner any more (`tminus run --resume %s`)", run)
               : arena_format(way->arena, ": the run stands as it is (`tminus attach %s`)", run);
}

/* The run is not over: what the servers are now says nothing of its rollback. */
static void conclude_open(struct way *way, const char *why)
{
    fail_midpoint(way, arena_format(way->arena, "%s; not compared%s", why, left_open(way)));
    lose_base(way, way->midpoint->row.run[0] ? "a run is not over" : "no run can be begun");
}

static void conclude_closed(struct way *way)
{
    struct certificate_midpoint *row = &way->midpoint->row;
    const char *failure = way->mover.again_failed ? "" : way->mover.failure;
    const char *text = "";
    size_t count;
    struct err err = ERR_INIT;

    if (look_for_differences(way, &way->rehearsing->before, &way->midpoint->differences, &count, &text,
                             &err) < 0) {
        fail_midpoint(way, arena_format(way->arena, "%s%snot compared: %s", failure, failure[0] ? "; " : "",
                                        err.message));
        lose_base(way, "it is not known what the servers are");
        return;
    }
    /* What did not run was not undone: that all is as before proves nothing of it. */
    if (way->was_done && !failure[0])
        failure =
            arena_format(way->arena,
                         "\"%s\" was done before it began, by its probe, so that its way back was not tried: "
                         "the servers are not those that the book begins with",
                         way->was_done);
    row->differences = (int64_t)count;
    row->result = failure[0] ? REHEARSAL_FAILED : count > 0 ? REHEARSAL_DIFFERENT : REHEARSAL_SAME;
    row->text = arena_format(way->rehearsing->arena, "%s%s%s", failure,
                             failure[0] && count > 0 ? "; afterwards " : "", text);
    if (count > 0)
        lose_base(way, "the servers are not what they were before");
}

/* Past a point of no return nobody claims that anything is as it was. */
static void conclude_no_return(struct way *way, const char *final)
{
    if (way->mover.failure[0])
        fail_midpoint(way, way->mover.failure);
    else
        way->midpoint->row.text =
            arena_format(way->rehearsing->arena, "went past \"%s\", from where there is no way back", final);
    way->midpoint->row.result = way->mover.failure[0] ? REHEARSAL_FAILED : REHEARSAL_NO_RETURN;
    lose_base(way, "there is no way back");
}

static void conclude_forward(struct way *way)
{
    if (way->mover.failure[0]) {
        conclude_closed(way);
        return;
    }
    way->midpoint->row.text = "went forward to the end, and was left there: no way back was tried";
    lose_base(way, "the servers were left as the book leaves them");
}

static void conclude(struct way *way, int r, const char *final, const struct err *err)
{
    const struct unattended_operator *mover = &way->mover;
    struct certificate_midpoint *row = &way->midpoint->row;
    int64_t turned_us = mover->arrived_us ? mover->arrived_us : mover->turned_us;

    row->forward_us = turned_us ? turned_us - mover->begun_us : 0;
    row->back_us = mover->returned_us && mover->turned_us ? mover->returned_us - mover->turned_us : 0;
    if (mover->failed_step != BOOK_NONE)
        way->rehearsing->failed = way->rehearsing->book->steps[mover->failed_step].id;
    way->midpoint->went = mover->arrived_us != 0 && (!mover->failure[0] || mover->again_failed);
    conclude_again(way);
    if (r < 0 || mover->course == COURSE_STUCK)
        conclude_open(way, r < 0 ? err->message : mover->failure);
    else if (way->midpoint->step == BOOK_NONE)
        conclude_forward(way);
    else if (final)
        conclude_no_return(way, final);
    else
        conclude_closed(way);
}

/* ---- the servers as they were ---- */

static void make_anew(struct way *way, bool gone)
{
    struct rehearsing *rehearsing = way->rehearsing;
    const char *const *lines, *text = "";
    struct err err = ERR_INIT;
    size_t count = 0;
    int r;

    if (!rehearsing->lost || !rehearsing->options->restore || interruptions > 0)
        return;
    r = gone ? 0 : check_gone(way, &err);
    if (r == 0)
        r = restore(rehearsing->options->restore, &err);
    if (r == 0)
        r = look_for_differences(way, &rehearsing->before, &lines, &count, &text, &err);
    if (r == 0 && count == 0)
        rehearsing->lost = NULL;
    else
        rehearsing->lost = arena_format(rehearsing->arena, "%s, and --restore did not make them so: %s",
                                        rehearsing->lost, r < 0 ? err.message : text);
}

static void try_midpoint(struct rehearsing *rehearsing, struct midpoint *midpoint, const char *final)
{
    struct way way = { .rehearsing = rehearsing, .midpoint = midpoint, .arena = arena_create() };
    struct err err = ERR_INIT;
    int r;

    way.mover.failed_step = BOOK_NONE;
    midpoint->again = midpoint->again && !final;
    r = drive(&way, &err);
    conclude(&way, r, final, &err);
    make_anew(&way, r == 0);
    arena_destroy(way.arena);
}

/* ---- all of them ---- */

/* Why it is not tried; NULL: it is. */
static const char *why_not(const struct rehearsing *rehearsing, const struct midpoint *midpoint)
{
    if (!midpoint->asked)
        return "not asked for";
    if (interruptions > 0)
        return "interrupted";
    if (rehearsing->failed)
        return arena_format(rehearsing->arena, "nothing gets past \"%s\", which failed", rehearsing->failed);
    if (rehearsing->lost)
        return arena_format(rehearsing->arena, "%s%s", rehearsing->lost,
                            rehearsing->options->restore ? ""
                                                         : "; --restore COMMAND would let the rest go on");
    return NULL;
}

static void watch_for_interruption(void)
{
    struct sigaction action = { .sa_handler = on_interrupt };

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

void rehearsing_run(struct rehearsing *rehearsing, midpoint_told told)
{
    const char *final = NULL;

    watch_for_interruption();
    for (size_t i = 0; i < rehearsing->count; i++) {
        struct midpoint *midpoint = &rehearsing->midpoints[i];
        const char *why = why_not(rehearsing, midpoint);
        const struct step *step =
            midpoint->step != BOOK_NONE ? &rehearsing->book->steps[midpoint->step] : NULL;

        if (step && step_is_final(step))
            final = step->id;
        if (why) {
            midpoint->row.text = why;
            if (midpoint->again)
                midpoint->again_row.text = why;
        } else if (final && !rehearsing->options->restore) {
            midpoint->row.result = REHEARSAL_NO_RETURN;
            midpoint->row.text = arena_format(
                rehearsing->arena, "\"%s\" cannot be undone: %s", final,
                step_final_why(&rehearsing->book->steps[book_find_step(rehearsing->book, final)]));
            if (midpoint->again)
                midpoint->again_row.text = midpoint->row.text;
            midpoint->again = false;
        } else {
            try_midpoint(rehearsing, midpoint, final);
        }
        if (midpoint->asked)
            told(rehearsing, midpoint);
    }
}
