#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "base/text.h"
#include "rehearsal.h"
#include "tools.h"

#define REMARKS_MAX   ((size_t)1024 * 1024)
#define LEAVING_MS    200
#define LEAVING_TRIES 15

/* ---- which midpoints ---- */

static struct midpoint *add_midpoint(struct rehearsing *rehearsing, size_t step)
{
    struct midpoint *midpoint = &rehearsing->midpoints[rehearsing->count++];

    midpoint->step = step;
    midpoint->row =
        (struct certificate_midpoint){ .step = step != BOOK_NONE ? rehearsing->book->steps[step].id : "",
                                       .result = REHEARSAL_NOT_TRIED,
                                       .text = "not asked for",
                                       .run = "" };
    midpoint->again_row =
        (struct certificate_again){ .step = midpoint->row.step, .result = REHEARSAL_NOT_TRIED, .how = "" };
    return midpoint;
}

static struct midpoint *find_midpoint(const struct rehearsing *rehearsing, const char *id)
{
    for (size_t i = 0; i < rehearsing->count; i++) {
        if (text_equal(rehearsing->midpoints[i].row.step, id))
            return &rehearsing->midpoints[i];
    }
    return NULL;
}

static int no_midpoint(const struct rehearsing *rehearsing, const char *id, struct err *err)
{
    const char **names = arena_array(rehearsing->arena, rehearsing->count + 1, sizeof(*names));
    const char *nearest;

    for (size_t i = 0; i < rehearsing->count; i++)
        names[i] = rehearsing->midpoints[i].row.step;
    nearest = text_nearest(id, names, rehearsing->count);
    if (nearest)
        return err_set(err, ERR_USAGE, "--midpoints: no step \"%s\" is gone through; did you mean \"%s\"?",
                       id, nearest);
    return err_set(
        err, ERR_USAGE,
        "--midpoints is all, none, or steps with commas between them; no step \"%s\" is gone through", id);
}

static int ask_listed(struct rehearsing *rehearsing, const char *list, struct err *err)
{
    if (!list[0])
        return err_set(err, ERR_USAGE, "--midpoints is all, none, or steps with commas between them");
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ",");
        const char *id = arena_text_len(rehearsing->arena, at, len);
        struct midpoint *midpoint = find_midpoint(rehearsing, id);

        if (!midpoint)
            return no_midpoint(rehearsing, id, err);
        midpoint->asked = true;
        at += len + (at[len] == ',');
    }
    return 0;
}

/* What is done again, at its own midpoint, and why another step is not. */
static void choose_again(struct midpoint *midpoint, const struct step *step)
{
    bool marked = query_is_there(&step->probe) || step->idempotent;

    midpoint->again = midpoint->asked && marked && !step_is_beside(step);
    if (midpoint->again || !midpoint->asked || !step_kind_changes(step->kind))
        return;
    midpoint->again_row.text =
        marked ? "it runs in the background" : "not marked: neither done_when nor idempotent";
}

static int choose_midpoints(struct rehearsing *rehearsing, struct err *err)
{
    const struct rehearsal_options *options = rehearsing->options;
    const struct book *book = rehearsing->book;
    size_t *steps = arena_array(rehearsing->arena, book->step_count + 1, sizeof(*steps));
    size_t count = unattended_steps(book, steps);
    bool all = text_equal(options->midpoints, "all");
    int r = 0;

    rehearsing->midpoints = arena_array(rehearsing->arena, count + 1, sizeof(*rehearsing->midpoints));
    if (count == 0)
        return err_set(err, ERR_INVALID, "%s has no step that is carried out: there is nothing to rehearse",
                       options->launch.book);
    if (text_equal(options->midpoints, "none")) {
        add_midpoint(rehearsing, BOOK_NONE)->asked = true;
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        add_midpoint(rehearsing, steps[i])->asked = all;
    if (!all)
        r = ask_listed(rehearsing, options->midpoints, err);
    for (size_t i = 0; i < count && options->twice; i++)
        choose_again(&rehearsing->midpoints[i], &book->steps[steps[i]]);
    return r;
}

/* ---- loading ---- */

int rehearsing_load(struct rehearsing *rehearsing, const struct rehearsal_options *options,
                    struct buf *report, struct err *err)
{
    int r;

    memset(rehearsing, 0, sizeof(*rehearsing));
    rehearsing->arena = arena_create();
    rehearsing->options = options;
    buf_init(&rehearsing->remarks, REMARKS_MAX);
    buf_init(&rehearsing->unproven, REMARKS_MAX);
    r = who_am_i(rehearsing->arena, NULL, &rehearsing->person, err);
    if (r == 0)
        r = launch_look(rehearsing->arena, &options->launch, &rehearsing->frozen, err);
    if (r == 0)
        r = launch_load(rehearsing->arena, &options->launch, &rehearsing->frozen, &rehearsing->book, report,
                        err);
    if (r == 0)
        r = tools_check(rehearsing->book, err);
    if (r == 0)
        r = choose_midpoints(rehearsing, err);
    if (r < 0)
        return r;
    rehearsing->ran = arena_array(rehearsing->arena, rehearsing->book->step_count + 1, sizeof(bool));
    rehearsing->skipped = arena_array(rehearsing->arena, rehearsing->book->step_count + 1, sizeof(bool));
    rehearsing->timings = timings_create(rehearsing->book);
    rehearsing->locks = lock_table_create(rehearsing->book);
    return 0;
}

void rehearsing_finish(struct rehearsing *rehearsing)
{
    timings_destroy(rehearsing->timings);
    lock_table_destroy(rehearsing->locks);
    buf_finish(&rehearsing->remarks);
    buf_finish(&rehearsing->unproven);
    arena_destroy(rehearsing->arena);
}

/* ---- what is refused ---- */

/* The last phase that is gone into. */
static size_t last_phase(const struct rehearsing *rehearsing)
{
    size_t last = 0;

    for (size_t i = 0; i < rehearsing->count; i++) {
        const struct midpoint *midpoint = &rehearsing->midpoints[i];
        size_t phase = midpoint->step == BOOK_NONE ? rehearsing->book->phase_count - 1
                                                   : rehearsing->book->steps[midpoint->step].phase;

        if (midpoint->asked && phase > last)
            last = phase;
    }
    return last;
}

static size_t ask_for(const struct rehearsing *rehearsing, const struct step *step, struct buf *report)
{
    if (!unattended_asks(step) || unattended_words(step, &rehearsing->options->answers))
        return 0;
    buf_format(report,
               "%s:%d:%d: error: \"%s\" waits for a person, and nobody is there: say what stands in for them "
               "(\"unattended\", or --answer %s=TEXT)\n",
               rehearsing->options->launch.book, step->line, step->column, step->id, step->id);
    return 1;
}

/* Everybody who would be asked, at once. */
static int check_answers(const struct rehearsing *rehearsing, struct buf *report, struct err *err)
{
    const struct book *book = rehearsing->book;
    size_t last = last_phase(rehearsing), missing = 0;

    for (size_t i = 0; i < book->step_count && book->steps[i].phase <= last; i++) {
        missing += ask_for(rehearsing, &book->steps[i], report);
        for (size_t k = 0; k < book->steps[i].rollback_count; k++)
            missing += ask_for(rehearsing, &book->steps[i].rollback[k], report);
    }
    if (missing == 0)
        return 0;
    return err_set(err, ERR_REFUSED, "nobody stands in for %zu thing%s that a person does: nothing was begun",
                   missing, missing == 1 ? "" : "s");
}

/* The step or entry of that id. */
static const struct step *find_item(const struct book *book, const char *id)
{
    for (size_t i = 0; i < book->step_count; i++) {
        for (size_t entry = 0; entry <= book->steps[i].rollback_count; entry++) {
            if (text_equal(book_work(book, i, entry)->id, id))
                return book_work(book, i, entry);
        }
    }
    return NULL;
}

/* An answer that nobody asks for was meant for something else. */
static int check_answered(const struct rehearsing *rehearsing, struct err *err)
{
    const struct unattended_answers *answers = &rehearsing->options->answers;

    for (size_t i = 0; i < answers->count; i++) {
        const struct step *step = find_item(rehearsing->book, answers->list[i].item);

        if (!step)
            return err_set(err, ERR_USAGE, "--answer %s=...: the book has no such step or rollback entry",
                           answers->list[i].item);
        if (!unattended_asks(step))
            return err_set(err, ERR_USAGE, "--answer %s=...: nobody is asked there", answers->list[i].item);
    }
    return 0;
}

static int check_targets(const struct rehearsing *rehearsing, struct err *err)
{
    const struct book *book = rehearsing->book;

    for (size_t i = 0; i < book->target_count; i++) {
        if (book->targets[i].live)
            return err_set(
                err, ERR_REFUSED,
                "target \"%s\" is marked \"live\" in %s: nothing is rehearsed where people depend on it",
                book->targets[i].id, rehearsing->options->launch.targets);
    }
    return 0;
}

/* How a person gets at a run: its runner may be gone while a server still works for it, or be elsewhere. */
static const char *how_to_end(struct arena *arena, const char *run)
{
    struct rundir_entry entry;

    if (rundir_find(arena, run, false, &entry, NULL) < 0 || !text_equal(entry.run, run))
        return "it is no run of this machine and user";
    return entry.live ? arena_format(arena, "`tminus attach %s`", run)
                      : arena_format(arena, "it has no runner any more: `tminus run --resume %s`", run);
}

static int check_servers(const struct rehearsing *rehearsing, struct err *err)
{
    const struct book *book = rehearsing->book;

    for (size_t i = 0; i < book->target_count; i++) {
        if (rehearsing->before.of[i]->at_work)
            return err_set(
                err, ERR_REFUSED,
                "the run %s is at work on the server of target \"%s\": what it does there would be "
                "taken for what the book did. Let it end first (%s)",
                rehearsing->before.of[i]->at_work, book->targets[i].id,
                how_to_end(rehearsing->arena, rehearsing->before.of[i]->at_work));
        if (text_equal(rehearsing->before.of[i]->marked, "live"))
            return err_set(
                err, ERR_REFUSED,
                "the server of target \"%s\" says that it is live (its setting tminus.environment): "
                "nothing is rehearsed where people depend on it",
                book->targets[i].id);
    }
    return 0;
}

/* One database that is given as two targets: what the book does from one to the other would not be rehearsed.
 * Two users of one database a book may mean. */
static int check_apart(const struct rehearsing *rehearsing, struct err *err)
{
    const struct book *book = rehearsing->book;

    for (size_t i = 0; i < book->target_count; i++) {
        const struct fingerprint *one = rehearsing->before.of[i];

        for (size_t k = 0; k < i && one->identity; k++) {
            const struct fingerprint *other = rehearsing->before.of[k];

            if (text_equal(one->identity, other->identity) && text_equal(one->role, other->role))
                return err_set(
                    err, ERR_REFUSED,
                    "the targets \"%s\" and \"%s\" in %s are one database of one server (%s; %s): what "
                    "the book does from one to the other would not be rehearsed",
                    other->target, one->target, rehearsing->options->launch.targets, book->targets[k].dsn,
                    book->targets[i].dsn);
        }
    }
    return 0;
}

static const struct fingerprint *mistaken(const struct rehearsing *rehearsing, enum target_role role,
                                          const char **ret_dsn)
{
    const struct book *book = rehearsing->book;

    for (size_t i = 0; i < book->target_count; i++) {
        const struct fingerprint *is = rehearsing->before.of[i];

        if (book->targets[i].role == role && is->identity && is->in_recovery != (role == TARGET_REPLICA)) {
            *ret_dsn = book->targets[i].dsn;
            return is;
        }
    }
    return NULL;
}

/* Each where the other should be. One of them alone can be meant: the book may promote it. */
static int check_swapped(const struct rehearsing *rehearsing, struct err *err)
{
    const char *primary_dsn = "", *replica_dsn = "";
    const struct fingerprint *primary = mistaken(rehearsing, TARGET_PRIMARY, &primary_dsn);
    const struct fingerprint *replica = mistaken(rehearsing, TARGET_REPLICA, &replica_dsn);

    if (!primary || !replica)
        return 0;
    return err_set(err, ERR_REFUSED,
                   "the targets are swapped in %s: \"%s\", a primary by the book, is in recovery (%s), and "
                   "\"%s\", a replica by the book, is written to (%s)",
                   rehearsing->options->launch.targets, primary->target, primary_dsn, replica->target,
                   replica_dsn);
}

static int check_place(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    struct stat status;
    int r = 0;

    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        r = err_set(err, ERR_USAGE, "--certificate %s: that is a directory, and a file is to be written",
                    path);
    else if (!directory || access(directory, W_OK | X_OK) < 0)
        r = err_set_errno(err, ERR_IO, errno, "--certificate %s: no file can be made there", path);
    free(directory);
    return r;
}

/* After hours nobody wants to hear that what was found cannot be written down or signed. */
static int check_certifiable(const struct rehearsal_options *options, struct err *err)
{
    int r = options->certificate ? check_place(options->certificate, err) : 0;

    if (r == 0 && options->key)
        r = rehearsal_key_check(options->key, err);
    return r;
}

/* A server sees some moments later that the sessions of a run are gone, as when one rehearsal follows
 * another. */
static bool somebody_is_at_work(const struct rehearsing *rehearsing)
{
    for (size_t i = 0; i < rehearsing->book->target_count; i++) {
        if (rehearsing->before.of[i]->at_work)
            return true;
    }
    return false;
}

static int look_before(struct rehearsing *rehearsing, struct err *err)
{
    int r = snapshot_take(rehearsing->arena, rehearsing->book, &rehearsing->before, err);

    for (int i = 0; r == 0 && i < LEAVING_TRIES && somebody_is_at_work(rehearsing); i++) {
        (void)usleep(LEAVING_MS * 1000);
        r = snapshot_take(rehearsing->arena, rehearsing->book, &rehearsing->before, err);
    }
    return r;
}

int rehearsing_refuse(struct rehearsing *rehearsing, struct buf *report, struct err *err)
{
    int r = check_targets(rehearsing, err);

    if (r == 0)
        r = check_certifiable(rehearsing->options, err);
    if (r == 0)
        r = check_answered(rehearsing, err);
    if (r == 0)
        r = check_answers(rehearsing, report, err);
    if (r == 0)
        r = look_before(rehearsing, err);
    if (r == 0)
        r = check_servers(rehearsing, err);
    if (r == 0)
        r = check_apart(rehearsing, err);
    return r < 0 ? r : check_swapped(rehearsing, err);
}
