#include "status.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "rehearse/timings.h"

/* By enum condition_verdict. */
static const char *const verdict_words[] = { "met", "holding", "unmet", "unknown" };

static const char *clock_of(struct buf *buf, void (*write)(struct buf *, int64_t), int64_t us)
{
    buf_clear(buf);
    write(buf, us);
    return buf_str(buf);
}

/* Text from outside, made visible. */
static const char *visible(struct buf *buf, const char *text)
{
    buf_clear(buf);
    text_visible(buf, text, text ? strlen(text) : 0, false);
    return buf_str(buf);
}

/* ---- for people ---- */

/* The entry of its rollback that is under way; 0: the step itself. */
static size_t entry_shown(const struct run *run, size_t step)
{
    for (size_t i = 1; i <= run->book->steps[step].rollback_count; i++) {
        if (run_work(run, step, i)->state == STEP_RUNNING)
            return i;
    }
    return 0;
}

/* How far it is, what it waits for, and why nothing is sent now. */
static void print_progress(const struct run *run, size_t step, struct instant now, struct buf *buf)
{
    size_t entry = entry_shown(run, step);
    const struct step *def = book_work(run->book, step, entry);
    const struct work *work = run_work(run, step, entry);
    struct buf text;

    buf_init(&text, buf->max);
    work_progress_text(&text, def, work);
    if (def->kind == STEP_WAIT && def->until_count == 0 && work->state == STEP_RUNNING)
        run_condition_evidence(run, &work->until, now, &text);
    if (text.len > 0)
        printf("%s%s\n", def->kind == STEP_WAIT ? "waits    " : "so far   ", visible(buf, buf_str(&text)));
    if (work->state == STEP_RUNNING && work->pauses)
        printf("pauses   %s\n", visible(buf, work->pauses));
    buf_finish(&text);
}

/* What it would lock, a line each. */
static void print_foreseen(const struct run *run, size_t step, struct instant now, struct buf *buf)
{
    const char *label = "locks    ";
    struct buf text;

    buf_init(&text, buf->max);
    run_foreseen(run, step, now, &text);
    for (const char *line = buf_str(&text), *end; *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        buf_clear(buf);
        text_visible(buf, line, (size_t)(end - line), false);
        printf("%s%s\n", label, buf_str(buf));
        label = "         ";
    }
    buf_finish(&text);
}

static void print_rehearsed(const struct step *step, struct buf *buf)
{
    if (step->rehearsed.count == 0)
        return;
    buf_clear(buf);
    (void)rehearsed_text(buf, step); /* the text says whether it is to be noticed */
    printf("         %s\n", buf_str(buf));
}

static void print_step(const struct run *run, size_t step, struct instant now, struct buf *buf)
{
    const struct work *work = &run->steps[step].work;

    printf("step     %zu %s: %s", step + 1, run->book->steps[step].id,
           step_state_word(run_step_shown(run, step)));
    if (work->attempt > 1)
        printf(", attempt %lld", (long long)work->attempt);
    putchar('\n');
    print_rehearsed(book_work(run->book, step, entry_shown(run, step)), buf);
    print_foreseen(run, step, now, buf);
    print_progress(run, step, now, buf);
    if (work->waiting && work->waiting[0])
        printf("waiting  %s\n", visible(buf, work->waiting));
    if (work->text && work->text[0])
        printf("         %s\n", visible(buf, work->text));
    if (run->steps[step].leftover) {
        printf("left     %s", visible(buf, run->steps[step].leftover));
        printf(": has to go first (tminus do %s clean %s)\n", run->id, run->book->steps[step].id);
    }
    if (work->hint && work->hint[0])
        printf("hint     %s\n", visible(buf, work->hint));
}

/* The one to look at, and what runs beside it. */
static void print_steps(const struct run *run, struct instant now, struct buf *buf)
{
    size_t complete, total, focus = run_focus_step(run);

    run_progress(run, &complete, &total);
    printf("steps    %zu of %zu complete\n", complete, total);
    if (focus != BOOK_NONE)
        print_step(run, focus, now, buf);
    for (size_t i = 0; i < run->book->step_count; i++) {
        if (i != focus && run_work(run, i, entry_shown(run, i))->state == STEP_RUNNING)
            print_step(run, i, now, buf);
    }
}

static void print_criterion(const struct run *run, const struct run_condition *condition, const char *id,
                            struct instant now, struct buf *buf)
{
    struct condition_view view;

    run_condition_view(run, condition, now, &view);
    buf_clear(buf);
    condition_text(buf, condition->def);
    printf("         %-8s %s: %s", verdict_words[view.verdict], id, buf_str(buf));
    if (view.has_value)
        printf(", is %.4g", view.value);
    if (view.why && view.why[0])
        printf(" (%s)", visible(buf, view.why));
    if (condition->overridden)
        printf(" OVERRIDDEN by %s", condition->overridden_by);
    putchar('\n');
}

static void print_gate(const struct run *run, struct instant now, struct buf *buf)
{
    size_t phase = run_current_phase(run);
    const struct gate *gate;

    if (phase >= run->book->phase_count)
        return;
    printf("phase    %zu of %zu %s\n", phase + 1, run->book->phase_count, run->book->phases[phase].id);
    if (run->book->phases[phase].gate == BOOK_NONE)
        return;
    gate = &run->book->gates[run->book->phases[phase].gate];
    printf("gate     %s: %s\n", gate->id,
           run->gates[gate->index].decision == CHOICE_NONE ? "undecided"
                                                           : choice_word(run->gates[gate->index].decision));
    for (size_t i = 0; i < gate->vote_count; i++) {
        const struct run_vote *vote = &run->gates[gate->index].votes[i];

        printf("         vote     %s: %s%s%s\n", run->book->roles[gate->votes[i]].id,
               vote->vote == CHOICE_NONE ? "not in" : choice_word(vote->vote), vote->actor ? " by " : "",
               vote->actor ? vote->actor : "");
    }
    for (size_t i = 0; i < gate->criterion_count; i++)
        print_criterion(run, &run->gates[gate->index].criteria[i], gate->criteria[i].id, now, buf);
}

static void print_clocks(const struct run *run, struct instant now, struct buf *buf)
{
    struct clocks clocks;

    run_clocks(run, now, &clocks);
    if (clocks.has_window) {
        printf("window   ends %s UTC", clock_of(buf, wall_clock, clocks.window_end_us));
        printf(", %s left\n", clock_of(buf, duration_clock, clocks.window_left_us));
        printf("rollback safe until %s UTC", clock_of(buf, wall_clock, clocks.safe_until_us));
        printf(", %s left", clock_of(buf, duration_clock, clocks.safe_left_us));
        printf("; takes %s now%s\n", clock_of(buf, duration_about, clocks.rollback_us),
               clocks.rollback_unestimated > 0 ? ", but some of it has no estimate" : "");
    }
    if (clocks.passed_no_return != BOOK_NONE)
        printf("         the point of no return is passed: %s\n",
               run->book->steps[clocks.passed_no_return].id);
    else if (clocks.no_return != BOOK_NONE)
        printf("         point of no return: %s\n", run->book->steps[clocks.no_return].id);
    printf("work     %s left by the estimates", clock_of(buf, duration_about, clocks.work_left_us));
    if (clocks.work_unestimated > 0)
        printf(", and %zu %s none", clocks.work_unestimated,
               clocks.work_unestimated == 1 ? "step has" : "steps have");
    putchar('\n');
}

static void print_witness(const struct run *run, struct buf *buf)
{
    const struct run_witness *witness = &run->witness;

    if (witness->alarm)
        printf("witness  ALARM, it holds another history: %s\n", visible(buf, witness->alarm));
    else if (witness->trouble)
        printf("witness  behind by %llu: %s\n", (unsigned long long)(run->last_seq - witness->seq),
               visible(buf, witness->trouble));
    else if (witness->seq > 0)
        printf("witness  holds the trail up to record %llu\n", (unsigned long long)witness->seq);
}

void status_print_text(const struct run *run, const struct standing *standing)
{
    struct buf buf;

    buf_init(&buf, 64 * 1024);
    if (standing->halted)
        printf("HALTED   %s\n", visible(&buf, standing->halted));
    printf("run      %s, environment %s, operator %s, %s\n", run->id, run->environment, run->operator,
           standing->live ? "live" : "no runner is at work on it");
    printf("state    %s\n", run_state_word(run_state(run)));
    if (run->held)
        printf("held     by %s: %s\n", run->held_by, visible(&buf, run->held_why ? run->held_why : ""));
    if (run->book->unrehearsed)
        printf("proof    not rehearsed: %s\n", visible(&buf, run->book->unrehearsed));
    if (run->book->rehearsed_otherwise)
        printf("proof    rehearsed with other params: %s\n", run->book->rehearsed_otherwise);
    if (run->glass)
        printf("glass    BREAK-GLASS %s\n", visible(&buf, run->glass));
    if (run->trouble)
        printf("trail    NOT PUBLISHED: %s\n", visible(&buf, run->trouble));
    print_witness(run, &buf);
    print_steps(run, standing->now, &buf);
    if (run->closed == CHOICE_NONE) { /* else no clock runs, and nobody decides any more */
        print_gate(run, standing->now, &buf);
        print_clocks(run, standing->now, &buf);
    }
    buf_finish(&buf);
}

/* ---- for programs ---- */

static void put_progress(struct json_writer *w, const struct run *run, size_t step)
{
    size_t entry = entry_shown(run, step);
    const struct work *work = run_work(run, step, entry);
    bool waits = book_work(run->book, step, entry)->kind == STEP_WAIT;

    if (work->progress.rows > 0 || work->progress.total >= 0) {
        json_put_integer(w, waits ? "hold" : "rows", work->progress.rows);
        json_put_integer(w, waits ? "hold_total" : "rows_total", work->progress.total);
    }
    if (work->state == STEP_RUNNING && work->lacks)
        json_put_text(w, "not_yet", work->lacks);
    if (work->state == STEP_RUNNING && work->pauses)
        json_put_text(w, "pauses", work->pauses);
    if (work->item_count == 0)
        return;
    json_open_array(w, "items");
    for (size_t i = 0; i < work->item_count; i++) {
        json_open(w, NULL);
        json_put_text(w, "name", work->items[i].name);
        json_put_bool(w, "done", work->items[i].done);
        json_close(w);
    }
    json_close_array(w);
}

static void put_foreseen(struct json_writer *w, const struct run *run, size_t step, struct instant now)
{
    struct buf text;

    buf_init(&text, 64 * 1024);
    run_foreseen(run, step, now, &text);
    if (text.len > 0)
        json_put_text(w, "foreseen", buf_str(&text));
    buf_finish(&text);
}

static void put_rehearsed(struct json_writer *w, const struct step *step)
{
    if (step->rehearsed.count == 0)
        return;
    json_open(w, "rehearsed");
    json_put_integer(w, "count", step->rehearsed.count);
    json_put_integer(w, "median_us", step->rehearsed.median_us);
    json_put_integer(w, "p95_us", step->rehearsed.p95_us);
    json_put_integer(w, "stated_min_us", step->stated.min_us);
    json_put_integer(w, "stated_max_us", step->stated.max_us);
    json_put_number(w, "against", rehearsed_against(&step->stated, &step->rehearsed));
    json_close(w);
}

static void put_steps(struct json_writer *w, const struct run *run, struct instant now)
{
    json_open_array(w, "steps");
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct run_step *step = &run->steps[i];

        json_open(w, NULL);
        json_put_text(w, "id", run->book->steps[i].id);
        json_put_text(w, "kind", step_kind_word(run->book->steps[i].kind));
        json_put_text(w, "state", step_state_word(run_step_shown(run, i)));
        json_put_integer(w, "attempt", step->work.attempt);
        json_put_bool(w, "effect", step->effect);
        if (step->work.waiting && step->work.waiting[0])
            json_put_text(w, "waiting", step->work.waiting);
        if (step->work.text && step->work.text[0])
            json_put_text(w, "text", step->work.text);
        if (step->work.code && step->work.code[0])
            json_put_text(w, "code", step->work.code);
        if (step->leftover)
            json_put_text(w, "leftover", step->leftover);
        put_rehearsed(w, &run->book->steps[i]);
        put_foreseen(w, run, i, now);
        put_progress(w, run, i);
        json_close(w);
    }
    json_close_array(w);
}

static void put_criteria(struct json_writer *w, const struct run *run, const struct gate *gate,
                         struct instant now)
{
    json_open_array(w, "criteria");
    for (size_t i = 0; i < gate->criterion_count; i++) {
        struct condition_view view;

        run_condition_view(run, &run->gates[gate->index].criteria[i], now, &view);
        json_open(w, NULL);
        json_put_text(w, "id", gate->criteria[i].id);
        json_put_text(w, "verdict", verdict_words[view.verdict]);
        if (view.has_value)
            json_put_number(w, "value", view.value);
        json_put_text(w, "why", view.why ? view.why : "");
        json_close(w);
    }
    json_close_array(w);
}

static void put_gates(struct json_writer *w, const struct run *run, struct instant now)
{
    json_open_array(w, "gates");
    for (size_t i = 0; i < run->book->gate_count; i++) {
        const struct gate *gate = &run->book->gates[i];

        json_open(w, NULL);
        json_put_text(w, "id", gate->id);
        json_put_text(w, "decision",
                      run->gates[i].decision == CHOICE_NONE ? "undecided"
                                                            : choice_word(run->gates[i].decision));
        put_criteria(w, run, gate, now);
        json_close(w);
    }
    json_close_array(w);
}

static void put_clocks(struct json_writer *w, const struct run *run, struct instant now)
{
    struct clocks clocks;

    run_clocks(run, now, &clocks);
    json_put_integer(w, "work_left_us", clocks.work_left_us);
    json_put_integer(w, "work_unestimated", (int64_t)clocks.work_unestimated);
    json_put_integer(w, "rollback_us", clocks.rollback_us);
    json_put_integer(w, "rollback_unestimated", (int64_t)clocks.rollback_unestimated);
    if (!clocks.has_window)
        return;
    json_put_integer(w, "window_left_us", clocks.window_left_us);
    json_put_integer(w, "safe_left_us", clocks.safe_left_us);
}

static void put_witness(struct json_writer *w, const struct run *run)
{
    json_open(w, "witness");
    json_put_integer(w, "due", (int64_t)run->witness.due);
    json_put_integer(w, "seq", (int64_t)run->witness.seq);
    json_put_text(w, "trouble", run->witness.trouble);
    json_put_text(w, "alarm", run->witness.alarm);
    json_close(w);
}

void status_print_json(const struct run *run, const struct standing *standing)
{
    size_t phase = run_current_phase(run), focus = run_focus_step(run);
    struct json_writer w;
    struct buf line;

    buf_init(&line, 16 * 1024 * 1024);
    json_write_init(&w, &line);
    json_open(&w, NULL);
    json_put_text(&w, "run", run->id);
    json_put_text(&w, "state", run_state_word(run_state(run)));
    json_put_bool(&w, "live", standing->live);
    json_put_text(&w, "halted", standing->halted);
    json_put_text(&w, "operator", run->operator);
    json_put_text(&w, "environment", run->environment);
    json_put_integer(&w, "seq", (int64_t)standing->seq);
    json_put_text(&w, "phase", phase < run->book->phase_count ? run->book->phases[phase].id : NULL);
    json_put_text(&w, "step", focus != BOOK_NONE ? run->book->steps[focus].id : NULL);
    json_put_bool(&w, "held", run->held);
    json_put_text(&w, "held_by", run->held_by);
    json_put_text(&w, "held_why", run->held_why);
    json_put_text(&w, "trouble", run->trouble);
    json_put_text(&w, "glass", run->glass);
    json_put_text(&w, "policy", run->policy_sha256);
    json_put_text(&w, "unrehearsed", run->book->unrehearsed);
    json_put_text(&w, "rehearsed_otherwise", run->book->rehearsed_otherwise);
    put_witness(&w, run);
    json_put_text(&w, "proposed_by",
                  run->proposed_by != BOOK_NONE ? run->book->triggers[run->proposed_by].id : NULL);
    put_clocks(&w, run, standing->now);
    put_gates(&w, run, standing->now);
    put_steps(&w, run, standing->now);
    json_close(&w);
    puts(buf_str(&line));
    buf_finish(&line);
}
