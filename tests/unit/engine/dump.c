#include "scene.h"

#include <inttypes.h>

static const char *or_none(const char *text)
{
    return text != NULL ? text : "-";
}

static void dump_instant(struct buf *buf, const char *name, struct instant at)
{
    buf_format(buf, " %s=%" PRId64 "/%" PRId64, name, at.wall_us, at.boot_us);
}

static void dump_work(struct buf *buf, const struct work *work)
{
    buf_format(buf, "%s attempt=%" PRId64 "/%" PRId64 " elapsed=%" PRId64 " flags=%d%d%d%d%d probe=%s",
               step_state_word(work->state), work->attempt, work->first_attempt, work->elapsed_us,
               work->between_attempts, work->cancelling, work->probing, work->clean, work->again,
               choice_word(work->probe));
    dump_instant(buf, "started", work->started);
    dump_instant(buf, "ended", work->ended);
    if (work->between_attempts)
        buf_format(buf, " again=%" PRId64, work->retry_at_boot_us);
    buf_format(buf, " [%s|%s|%s|%s|%s|%s|%s|%s]\n", or_none(work->who), or_none(work->text),
               or_none(work->code), or_none(work->detail), or_none(work->hint), or_none(work->value),
               or_none(work->waiting), or_none(work->settings));
    if (work->checkpoint != NULL)
        buf_format(buf, " checkpoint=%s\n", work->checkpoint);
    for (size_t i = 0; i < work->item_count; i++)
        buf_format(buf, " item=%s/%d/%d\n", work->items[i].name, work->items[i].done, work->items[i].found);
}

static void dump_steps(struct buf *buf, const struct run *run)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct run_step *step = &run->steps[i];
        buf_format(buf, "%s effect=%d order=%" PRIu64 " leftover=%s cleaning=%d deferred=%zu ",
                   run->book->steps[i].id, step->effect, step->order, or_none(step->leftover), step->cleaning,
                   step->deferred_gate);
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
        buf_format(buf, "%s %s lapsed=%s", def->id, choice_word(gate->decision), or_none(gate->lapsed));
        dump_instant(buf, "decided", gate->decided);
        for (size_t k = 0; k < def->vote_count; k++) {
            buf_format(buf, " %s/%s/%s", choice_word(gate->votes[k].vote), or_none(gate->votes[k].actor),
                       or_none(gate->votes[k].text));
            dump_instant(buf, "at", gate->votes[k].at);
        }
        for (size_t k = 0; k < def->criterion_count; k++)
            buf_format(buf, " %s/%s", or_none(gate->criteria[k].overridden),
                       or_none(gate->criteria[k].overridden_by));
        buf_char(buf, '\n');
    }
}

void run_dump(struct buf *buf, const struct run *run)
{
    buf_format(buf, "%s %s %s %s %s seq=%" PRIu64 "\n", or_none(run->id), or_none(run->operator),
               or_none(run->environment), or_none(run->book_sha256), or_none(run->boot_id), run->last_seq);
    dump_instant(buf, "opened", run->opened);
    dump_instant(buf, "anchor", run->anchor);
    buf_format(buf, " jump=%" PRId64 " ran=%" PRId64 " held=%" PRId64 "/%d %s %s", run->wall_jump_us,
               run->ran_before_us, run->held_total_us, run->held, or_none(run->held_by),
               or_none(run->held_why));
    if (run->held)
        dump_instant(buf, "since", run->held_since);
    buf_format(buf, " rolling=%d to=%zu phase=%zu back=%d proposed=%zu closed=%s trouble=%s\n",
               run->rolling_back, run->rollback_to, run->rollback_phase, run->rolled_back, run->proposed_by,
               choice_word(run->closed), or_none(run->trouble));
    dump_instant(buf, "closed", run->closed_at);
    buf_format(buf, " witness=%d %" PRIu64 "/%" PRIu64 " %s %s", run->witness.everywhere, run->witness.seq,
               run->witness.due, or_none(run->witness.trouble), or_none(run->witness.alarm));
    dump_steps(buf, run);
    dump_gates(buf, run);
    for (size_t i = 0; i < run->book->trigger_count; i++)
        buf_format(buf, "trigger %d %s\n", run->triggers[i].state, or_none(run->triggers[i].evidence));
    for (size_t i = 0; i < run->kill_count; i++) {
        const struct run_kill *kill = &run->kills[i];
        buf_format(buf, "kill %zu %s %s %s/%s %d %" PRIu64, kill->monitor, kill->pid, kill->identity,
                   choice_word(kill->how), choice_word(kill->outcome), kill->cancelled, kill->seq);
        dump_instant(buf, "at", kill->at);
        buf_char(buf, '\n');
    }
    for (size_t i = 0; i < run->person_count; i++)
        buf_format(buf, "%s %s %d\n", run->people[i].name, run->people[i].role, run->people[i].attached);
    buf_format(buf, "phase=%zu begun=%zu running=%zu unknown=%zu\n", run->counts.current_phase,
               run->counts.begun_phases, run->counts.running, run->counts.unknown);
}
