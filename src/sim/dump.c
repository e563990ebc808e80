#include <inttypes.h>

#include "sim.h"

/* The whole state of a run as text, so that two can be compared and the difference be read. */

static const char *or_none(const char *text)
{
    return text != NULL ? text : "-";
}

static void dump_instant(struct buf *buf, struct instant at)
{
    buf_format(buf, " %" PRId64 "/%" PRId64, at.wall_us, at.boot_us);
}

static void dump_condition(struct buf *buf, const struct run_condition *condition)
{
    if (condition->holds)
        buf_format(buf, " holds since %" PRId64, condition->since_boot_us);
    buf_format(buf, " told %" PRId64, condition->told_boot_us);
}

static void dump_work(struct buf *buf, const struct work *work)
{
    buf_format(buf, "%s attempt=%" PRId64 "/%" PRId64 " elapsed=%" PRId64 " flags=%d%d%d%d probe=%s",
               step_state_word(work->state), work->attempt, work->first_attempt, work->elapsed_us,
               work->between_attempts, work->cancelling, work->probing, work->clean,
               choice_word(work->probe));
    dump_instant(buf, work->started);
    dump_instant(buf, work->ended);
    if (work->between_attempts)
        buf_format(buf, " again=%" PRId64, work->retry_at_boot_us);
    if (work->until.def != NULL)
        dump_condition(buf, &work->until);
    for (size_t i = 0; i < work->item_count; i++)
        buf_format(buf, " %s=%d%d%d", work->items[i].name, work->items[i].done, work->items[i].again,
                   work->items[i].found);
    buf_format(buf, " rows=%" PRId64 "/%" PRId64 " [%s|%s|%s|%s|%s|%s]\n", work->progress.rows,
               work->progress.total, or_none(work->who), or_none(work->text), or_none(work->code),
               or_none(work->waiting), or_none(work->pauses), or_none(work->checkpoint));
}

static void dump_steps(struct buf *buf, const struct run *run)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct run_step *step = &run->steps[i];
        buf_format(
            buf, "%s effect=%d order=%" PRIu64 " leftover=%s cleaning=%d deferred=%zu sensed=%s/%" PRId64 " ",
            run->book->steps[i].id, step->effect, step->order, or_none(step->leftover), step->cleaning,
            step->deferred_gate, choice_word(step->sensed), step->sensed_boot_us);
        dump_work(buf, &step->work);
        for (size_t k = 0; k < run->book->steps[i].rollback_count; k++)
            dump_work(buf, &step->undo[k]);
    }
}

static void dump_gates(struct buf *buf, const struct run *run)
{
    for (size_t i = 0; i < run->book->gate_count; i++) {
        const struct gate *def = &run->book->gates[i];
        const struct run_gate *gate = &run->gates[i];
        buf_format(buf, "%s %s begun=%d lapsed=%s", def->id, choice_word(gate->decision), gate->begun_on,
                   or_none(gate->lapsed));
        dump_instant(buf, gate->decided);
        for (size_t k = 0; k < def->vote_count; k++)
            buf_format(buf, " %s/%s/%s", choice_word(gate->votes[k].vote), or_none(gate->votes[k].actor),
                       or_none(gate->votes[k].text));
        for (size_t k = 0; k < def->criterion_count; k++) {
            buf_format(buf, " %s", or_none(gate->criteria[k].overridden));
            dump_condition(buf, &gate->criteria[k]);
        }
        buf_char(buf, '\n');
    }
}

void run_dump(struct buf *buf, const struct run *run)
{
    buf_format(buf, "%s %s %s seq=%" PRIu64, or_none(run->id), or_none(run->operator), or_none(run->boot_id),
               run->last_seq);
    dump_instant(buf, run->anchor);
    buf_format(buf, " jump=%" PRId64 " ran=%" PRId64 " held=%" PRId64 "/%d %s %s\n", run->wall_jump_us,
               run->ran_before_us, run->held_total_us, run->held, or_none(run->held_by),
               or_none(run->held_why));
    buf_format(buf, "rolling=%d to=%zu phase=%zu back=%d proposed=%zu closed=%s trouble=%s\n",
               run->rolling_back, run->rollback_to, run->rollback_phase, run->rolled_back, run->proposed_by,
               choice_word(run->closed), or_none(run->trouble));
    dump_steps(buf, run);
    dump_gates(buf, run);
    for (size_t i = 0; i < run->book->trigger_count; i++) {
        buf_format(buf, "trigger %d %s", run->triggers[i].state, or_none(run->triggers[i].evidence));
        dump_condition(buf, &run->triggers[i].condition);
        buf_char(buf, '\n');
    }
    for (size_t i = 0; i < run->kill_count; i++) {
        const struct run_kill *kill = &run->kills[i];
        buf_format(buf, "kill %zu %s %s %s/%s %d %" PRIu64, kill->monitor, kill->pid, kill->identity,
                   choice_word(kill->how), choice_word(kill->outcome), kill->cancelled, kill->seq);
        dump_instant(buf, kill->at);
        buf_char(buf, '\n');
    }
    for (size_t i = 0; i < run->person_count; i++)
        buf_format(buf, "%s %s %d\n", run->people[i].name, run->people[i].role, run->people[i].attached);
    buf_format(buf, "phase=%zu begun=%zu running=%zu unknown=%zu\n", run->counts.current_phase,
               run->counts.begun_phases, run->counts.running, run->counts.unknown);
}
