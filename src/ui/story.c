#include "story.h"

#define STORY_MAX ((size_t)16 * 1024)

/* How loud an event is: the style of its line, and whether a bell rings. By what came out where that matters.
 */
static const struct {
    enum event_type type;
    enum choice choice; /* CHOICE_NONE: any */
    enum role_style style;
    bool bell;
} looks[] = {
    { EVENT_RUN_HELD, CHOICE_NONE, ROLE_WARN, true },
    { EVENT_RUN_RESUMED, CHOICE_NONE, ROLE_WARN, false },
    { EVENT_RUN_CLOSED, CHOICE_NONE, ROLE_STRONG, true },
    { EVENT_CHECK_UNTICKED, CHOICE_NONE, ROLE_WARN, true },
    { EVENT_STEP_STARTED, CHOICE_NONE, ROLE_BUSY, false },
    { EVENT_STEP_WAITING, CHOICE_NONE, ROLE_WARN, false },
    { EVENT_STEP_RETRYING, CHOICE_NONE, ROLE_WARN, false },
    { EVENT_STEP_CANCELLING, CHOICE_NONE, ROLE_WARN, false },
    { EVENT_STEP_ENDED, CHOICE_FAILED, ROLE_BAD, true },
    { EVENT_STEP_ENDED, CHOICE_UNKNOWN, ROLE_UNKNOWN, true },
    { EVENT_STEP_ENDED, CHOICE_NONE, ROLE_GOOD, false },
    { EVENT_PROBE_ENDED, CHOICE_UNKNOWN, ROLE_UNKNOWN, false },
    { EVENT_CLEAN_ENDED, CHOICE_FAILED, ROLE_BAD, true },
    { EVENT_KILL_STARTED, CHOICE_NONE, ROLE_WARN, false },
    { EVENT_KILL_ENDED, CHOICE_FAILED, ROLE_BAD, true },
    { EVENT_KILL_ENDED, CHOICE_UNKNOWN, ROLE_UNKNOWN, true },
    { EVENT_KILL_ENDED, CHOICE_NONE, ROLE_GOOD, false },
    { EVENT_GATE_VOTED, CHOICE_NO_GO, ROLE_BAD, true },
    { EVENT_GATE_LAPSED, CHOICE_NONE, ROLE_WARN, true },
    { EVENT_GATE_DECIDED, CHOICE_GO, ROLE_GOOD, true },
    { EVENT_GATE_DECIDED, CHOICE_NONE, ROLE_BAD, true },
    { EVENT_ITEM_OVERRIDDEN, CHOICE_NONE, ROLE_WARN, false },
    { EVENT_TRIGGER_FIRED, CHOICE_NONE, ROLE_BAD, true },
    { EVENT_TRIGGER_BLIND, CHOICE_NONE, ROLE_UNKNOWN, true },
    { EVENT_ROLLBACK_STARTED, CHOICE_NONE, ROLE_BAD, true },
    { EVENT_ROLLBACK_ENDED, CHOICE_NONE, ROLE_WARN, true },
    { EVENT_TRAIL_TROUBLE, CHOICE_NONE, ROLE_BAD, true },
    { EVENT_CLOCK_JUMPED, CHOICE_NONE, ROLE_WARN, true },
    { EVENT_WITNESS_PUSHED, CHOICE_NO, ROLE_BAD, true },
    { EVENT_WITNESS_ALARMED, CHOICE_NONE, ROLE_ALARM, true },
};

static size_t look_of(const struct event *event)
{
    size_t i = 0;
    while (i < ARRAY_LEN(looks) && (looks[i].type != event->type ||
                                    (looks[i].choice != CHOICE_NONE && looks[i].choice != event->choice)))
        i++;
    return i;
}

void story_log(struct ui *ui, const struct event *event)
{
    if (event->type == EVENT_SAMPLE || event->type == EVENT_CHECK_SENSED ||
        event->type == EVENT_STEP_PROGRESSED || event->type == EVENT_STEP_AWAITED ||
        event->type == EVENT_STEP_FORESEEN)
        return; /* several a second: the panes show them */
    size_t look = look_of(event);
    struct buf line;
    buf_init(&line, STORY_MAX);
    if (event->actor != NULL && *event->actor != '\0')
        buf_format(&line, "%s: ", event->actor);
    event_story(&line, event);
    log_event(&ui->log, event->at.wall_us, look < ARRAY_LEN(looks) ? looks[look].style : ROLE_TEXT,
              buf_str(&line));
    buf_finish(&line);
}

void story_attend(struct ui *ui, const struct event *event)
{
    size_t look = look_of(event);
    if (look < ARRAY_LEN(looks) && looks[look].bell)
        ui->bell = true;
    if (ui->run != NULL && ui->run->proposed_by == BOOK_NONE)
        ui->answered_trigger = BOOK_NONE;
}

bool story_moves_on(const struct event *event)
{
    static const bool moves[EVENT_TYPE_COUNT] = {
        [EVENT_RUN_RESUMED] = true,      [EVENT_RUN_HELD] = true,        [EVENT_RUN_RELEASED] = true,
        [EVENT_RUN_CLOSED] = true,       [EVENT_CHECK_TICKED] = true,    [EVENT_CHECK_UNTICKED] = true,
        [EVENT_STEP_STARTED] = true,     [EVENT_STEP_RETRYING] = true,   [EVENT_STEP_ENDED] = true,
        [EVENT_STEP_RULED] = true,       [EVENT_PROBE_ENDED] = true,     [EVENT_CLEAN_ENDED] = true,
        [EVENT_GATE_VOTED] = true,       [EVENT_GATE_LAPSED] = true,     [EVENT_GATE_DECIDED] = true,
        [EVENT_GATE_FORCED] = true,      [EVENT_ITEM_OVERRIDDEN] = true, [EVENT_TRIGGER_FIRED] = true,
        [EVENT_ROLLBACK_STARTED] = true, [EVENT_ROLLBACK_ENDED] = true,  [EVENT_KILL_ENDED] = true,
    };
    return moves[event->type];
}

void story_propose(struct ui *ui)
{
    const struct run *run = ui->run;
    if (run == NULL || !ui_executes(ui) || ui->options.replay || dialog_is_open(ui) ||
        run->proposed_by == BOOK_NONE || run->proposed_by == ui->answered_trigger)
        return;
    ui->answered_trigger = run->proposed_by;
    dialog_open(ui, DIALOG_TRIGGER);
    ui->dialog.trigger = run->proposed_by;
}
