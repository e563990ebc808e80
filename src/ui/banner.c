#include <inttypes.h>

#include "actions.h"
#include "screen.h"
#include "segments.h"
#include "words.h"

#define BANNER_MAX ((size_t)2048)

/* A key that would help; not where nothing can be done. */
static void say_key(const struct ui *ui, struct buf *buf, const char *key)
{
    if (!ui->options.replay)
        buf_format(buf, "  %s", key);
}

/* One that would not be refused to who sits here. */
static void say_key_if(const struct ui *ui, struct buf *buf, bool (*can)(const struct ui *, struct err *),
                       const char *key)
{
    struct err why = ERR_INIT;
    if (can(ui, &why))
        say_key(ui, buf, key);
}

/* One thing that must not be overlooked: whether it is so, how loud, its word, and the rest of the sentence.
 * In order of how much it matters. */
struct alarm {
    bool (*is)(const struct ui *ui);
    enum role_style style;
    enum glyph glyph;
    const char *word;
    void (*say)(const struct ui *ui, struct buf *buf);
};

static bool is_halted(const struct ui *ui)
{
    return ui->halted;
}

static void say_halted(const struct ui *ui, struct buf *buf)
{
    buf_format(buf, "%s: nothing new is done", buf_str(&ui->halted_why));
}

static bool is_faulty(const struct ui *ui)
{
    return ui->replay_fault.len > 0;
}

static void say_faulty(const struct ui *ui, struct buf *buf)
{
    buf_format(buf, "nothing after record %" PRIu64 " can be shown: %s", ui->replay.last_seq,
               buf_str(&ui->replay_fault));
}

static bool is_over(const struct ui *ui)
{
    return ui->run != NULL && ui->run->closed != CHOICE_NONE;
}

/* The runner of a run that is over ends, as it should: nothing was lost by that. */
static bool is_lost(const struct ui *ui)
{
    return ui->link == UI_LINK_LOST && !is_over(ui);
}

/* A screen cannot tell a runner that is gone from one that does not answer: in both cases this takes the run
 * up again, or says that it is live. It stands first, the reason may be cut. */
static void say_lost(const struct ui *ui, struct buf *buf)
{
    if (ui->run != NULL && !ui->options.replay)
        buf_format(buf, "if the runner is gone: tminus run --resume %s  this is old: ", ui->run->id);
    else
        buf_text(buf, "what you see is old  ");
    buf_text(buf, buf_str(&ui->link_why));
}

static bool is_alarmed(const struct ui *ui)
{
    return ui->run != NULL && ui->run->witness.alarm != NULL;
}

static void say_alarmed(const struct ui *ui, struct buf *buf)
{
    buf_format(buf, "the remote holds another history than ours: %s", ui->run->witness.alarm);
}

static bool is_unknown(const struct ui *ui)
{
    return ui->run != NULL && run_unknown_step(ui->run, NULL) != BOOK_NONE;
}

static void say_unknown(const struct ui *ui, struct buf *buf)
{
    size_t entry = 0;
    size_t step = run_unknown_step(ui->run, &entry);
    struct aim aim = { step, entry };
    buf_format(buf, "%s: nobody knows whether it happened", aim_id(ui->run, aim));
    say_key_if(ui, buf, can_probe, "p probe");
    say_key_if(ui, buf, can_rule, "U rule");
}

static bool is_rolling_back(const struct ui *ui)
{
    return ui->run != NULL && ui->run->rolling_back;
}

static void say_rolling_back(const struct ui *ui, struct buf *buf)
{
    size_t left = run_rollback_list(ui->run, ui->run->rollback_to, NULL, 0);
    buf_format(buf, "%zu step%s to undo", left, left == 1 ? "" : "s");
}

static bool is_proposed(const struct ui *ui)
{
    return ui->run != NULL && ui->run->proposed_by != BOOK_NONE;
}

static void say_proposed(const struct ui *ui, struct buf *buf)
{
    const struct run *run = ui->run;
    const char *evidence = run->triggers[run->proposed_by].evidence;
    buf_format(buf, "%s proposes a rollback: %s", run->book->triggers[run->proposed_by].id,
               evidence != NULL ? evidence : "");
}

static bool is_held(const struct ui *ui)
{
    return ui->run != NULL && ui->run->held;
}

static void say_held(const struct ui *ui, struct buf *buf)
{
    const struct run *run = ui->run;
    duration_clock(buf, ui->now.boot_us - run->held_since.boot_us);
    buf_format(buf, " by %s", run->held_by != NULL ? run->held_by : "?");
    if (run->held_why != NULL && *run->held_why != '\0')
        buf_format(buf, ": %s", run->held_why);
    say_key_if(ui, buf, can_release, "r release");
}

static bool is_frozen(const struct ui *ui)
{
    return ui->frozen;
}

static void say_frozen(const struct ui *ui, struct buf *buf)
{
    buf_text(buf, "display only, since ");
    wall_clock(buf, ui->frozen_wall_us);
    buf_text(buf, "; data continue  f thaw");
}

static bool is_troubled(const struct ui *ui)
{
    return ui->run != NULL && ui->run->trouble != NULL;
}

static void say_troubled(const struct ui *ui, struct buf *buf)
{
    buf_text(buf, ui->run->trouble);
}

static bool is_behind(const struct ui *ui)
{
    return ui->run != NULL && ui->run->witness.trouble != NULL && ui->run->witness.alarm == NULL;
}

static void say_behind(const struct ui *ui, struct buf *buf)
{
    const struct run_witness *witness = &ui->run->witness;
    buf_format(buf, "behind by %" PRIu64 ": %s", ui->run->last_seq - witness->seq, witness->trouble);
}

/* For good: whoever looks later has to see it too. */
static bool is_broken(const struct ui *ui)
{
    return ui->run != NULL && ui->run->glass != NULL;
}

static void say_broken(const struct ui *ui, struct buf *buf)
{
    buf_text(buf, ui->run->glass);
}

static void say_over(const struct ui *ui, struct buf *buf)
{
    buf_format(buf, "this run is %s", run_state_word(run_state(ui->run)));
    say_key(ui, buf, "q leave");
}

static const struct alarm alarms[] = {
    { is_halted, ROLE_ALARM, GLYPH_FAILED, "HALTED", say_halted },
    { is_faulty, ROLE_ALARM, GLYPH_FAILED, "DAMAGED", say_faulty },
    { is_lost, ROLE_ALARM, GLYPH_UNKNOWN, "LINK LOST", say_lost },
    { is_alarmed, ROLE_ALARM, GLYPH_NO_RETURN, "WITNESS ALARM", say_alarmed },
    { is_unknown, ROLE_ALARM, GLYPH_UNKNOWN, "UNKNOWN", say_unknown },
    { is_proposed, ROLE_ALARM, GLYPH_NO_RETURN, "TRIGGER", say_proposed },
    { is_rolling_back, ROLE_ALARM, GLYPH_UNDONE, "ROLLING BACK", say_rolling_back },
    { is_broken, ROLE_ALARM, GLYPH_NO_RETURN, "BREAK-GLASS", say_broken },
    { is_held, ROLE_HELD, GLYPH_HELD, "HELD", say_held },
    { is_frozen, ROLE_HELD, GLYPH_HELD, "FROZEN", say_frozen },
    { is_troubled, ROLE_HELD, GLYPH_NO_RETURN, "TRAIL", say_troubled },
    { is_behind, ROLE_HELD, GLYPH_UNKNOWN, "WITNESS", say_behind },
    { is_over, ROLE_HELD, GLYPH_DONE, "OVER", say_over },
};

bool banner_needed(const struct ui *ui)
{
    for (size_t i = 0; i < ARRAY_LEN(alarms); i++) {
        if (alarms[i].is(ui))
            return true;
    }
    return false;
}

/* The words of all, each in its colour; the sentence of the first fills what is left. */
void banner_draw(const struct ui *ui, const struct area *area)
{
    const struct alarm *first = NULL;
    int column = 0;
    for (size_t i = 0; i < ARRAY_LEN(alarms); i++) {
        if (!alarms[i].is(ui))
            continue;
        if (first == NULL) {
            first = &alarms[i];
            area_blank(area, 0, first->style);
        }
        int from = column;
        column = area_put(area, 0, column, alarms[i].style, " ");
        column = area_glyph(area, 0, column, alarms[i].style, alarms[i].glyph);
        column = area_format(area, 0, column, alarms[i].style, " %s ", alarms[i].word);
        if (column == from)
            break;
    }
    if (first == NULL)
        return;
    struct buf text;
    buf_init(&text, BANNER_MAX);
    first->say(ui, &text);
    column = area_put(area, 0, column, first->style, " ");
    area_put(area, 0, column, first->style, buf_str(&text));
    buf_finish(&text);
}
