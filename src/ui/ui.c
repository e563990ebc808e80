#include "ui/ui.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "screen.h"
#include "story.h"

#define MESSAGE_MAX       ((size_t)16 * 1024)
#define MESSAGE_US        (5 * SECOND_US)
#define MESSAGE_PASSED_US SECOND_US /* when what it was about is over */

struct ui *ui_create(const struct ui_options *options)
{
    struct ui *ui = mem_alloc(sizeof(*ui));
    ui->options = *options;
    ui->me = mem_text(options->me != NULL ? options->me : "");
    ui->options.me = ui->me;
    ui->link = UI_LINK_STARTING;
    ui->selected = BOOK_NONE;
    ui->answered_trigger = BOOK_NONE;
    buf_init(&ui->link_why, MESSAGE_MAX);
    buf_init(&ui->halted_why, MESSAGE_MAX);
    buf_init(&ui->replay_fault, MESSAGE_MAX);
    buf_init(&ui->search, INPUT_MAX);
    buf_init(&ui->message, MESSAGE_MAX);
    log_init(&ui->log);
    dialog_init(&ui->dialog);
    canvas_init(&ui->picture);
    canvas_init(&ui->last);
    return ui;
}

static void drop_histories(struct ui *ui)
{
    for (size_t i = 0; i < ui->history_count; i++)
        free(ui->histories[i]);
    free(ui->histories);
    ui->histories = NULL;
    ui->history_count = 0;
}

void ui_destroy(struct ui *ui)
{
    if (ui == NULL)
        return;
    drop_histories(ui);
    log_finish(&ui->log);
    dialog_finish(&ui->dialog);
    buf_finish(&ui->link_why);
    buf_finish(&ui->halted_why);
    buf_finish(&ui->replay_fault);
    buf_finish(&ui->search);
    buf_finish(&ui->message);
    canvas_finish(&ui->picture);
    canvas_finish(&ui->last);
    free(ui->title);
    free(ui->me);
    free(ui);
}

static void make_histories(struct ui *ui, const struct run *run)
{
    drop_histories(ui);
    ui->mark_count = 0;
    ui->run = run;
    if (run == NULL)
        return;
    ui->history_count = run->book->monitor_count;
    ui->histories = mem_array(ui->history_count, sizeof(*ui->histories));
    for (size_t i = 0; i < ui->history_count; i++) {
        if (run->book->monitors[i].kind == MONITOR_LAG)
            ui->histories[i] = mem_alloc(sizeof(**ui->histories));
    }
}

void ui_set_run(struct ui *ui, const struct run *run, const char *title)
{
    free(ui->title);
    ui->title = mem_text(title);
    dialog_close(ui);
    ui->halted = false;
    ui->selected = BOOK_NONE;
    ui->answered_trigger = BOOK_NONE;
    make_histories(ui, run);
}

void ui_rewind(struct ui *ui, const struct run *run)
{
    make_histories(ui, run);
    log_finish(&ui->log);
    log_init(&ui->log);
}

void ui_set_replay(struct ui *ui, const struct ui_replay *replay)
{
    ui->replay = *replay;
    buf_clear(&ui->replay_fault);
    buf_text(&ui->replay_fault, replay->fault != NULL ? replay->fault : "");
}

static void note_sample(struct ui *ui, const struct sample *sample)
{
    if (ui->run == NULL || sample == NULL)
        return;
    size_t monitor = book_find_monitor(ui->run->book, sample->monitor);
    if (monitor >= ui->history_count || ui->histories[monitor] == NULL)
        return;
    const struct sample_metric *seconds = sample_metric(sample, "seconds");
    bool known = seconds != NULL && seconds->known;
    history_add(ui->histories[monitor], sample->at.boot_us, known, known ? seconds->value : 0);
}

static void note_start(struct ui *ui, const struct event *event)
{
    if (ui->run == NULL || event->subject == NULL)
        return;
    size_t step = book_find_step(ui->run->book, event->subject);
    if (step == BOOK_NONE)
        return;
    ui->marks[ui->mark_count % MARKS_MAX] = (struct mark){ event->at.boot_us, step };
    ui->mark_count++;
}

void ui_event(struct ui *ui, const struct event *event, bool backlog)
{
    if (event->type == EVENT_SAMPLE)
        note_sample(ui, event->sample);
    else if (event->type == EVENT_STEP_STARTED && event->entry == 0)
        note_start(ui, event);
    story_log(ui, event);
    if (backlog)
        return;
    story_attend(ui, event);
    if (story_moves_on(event))
        ui->message_us = MESSAGE_PASSED_US;
}

void ui_output(struct ui *ui, const char *step, const char *bytes, size_t len)
{
    (void)step; /* one step writes at a time in what the pane shows; its id stands in the events around it */
    log_output(&ui->log, bytes, len);
}

void ui_link(struct ui *ui, enum ui_link link, const char *why)
{
    if (link == UI_LINK_LOST && ui->link != UI_LINK_LOST)
        ui->bell = true;
    ui->link = link;
    buf_clear(&ui->link_why);
    buf_text(&ui->link_why, why != NULL ? why : "");
}

void ui_halted(struct ui *ui, const char *why)
{
    ui->bell = ui->bell || !ui->halted;
    ui->halted = true;
    buf_clear(&ui->halted_why);
    buf_text(&ui->halted_why, why);
}

void ui_reply(struct ui *ui, const char *refusal)
{
    if (refusal == NULL)
        ui_unsay(ui);
    else
        ui_refuse(ui, "%s", refusal);
}

static void say(struct ui *ui, enum role_style style, const char *format, va_list args)
{
    buf_clear(&ui->message);
    buf_formatv(&ui->message, format, args);
    ui->message_style = style;
    ui->said_boot_us = -1;
    ui->message_us = MESSAGE_US;
}

void ui_say(struct ui *ui, enum role_style style, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(ui, style, format, args);
    va_end(args);
}

void ui_refuse(struct ui *ui, const char *format, ...)
{
    struct buf line;
    va_list args;
    va_start(args, format);
    say(ui, ROLE_BAD, format, args);
    va_end(args);
    if (ui->options.replay) /* its log is what was */
        return;
    buf_init(&line, MESSAGE_MAX);
    buf_format(&line, "refused: %s", buf_str(&ui->message));
    log_event(&ui->log, ui->now.wall_us, ROLE_WARN, buf_str(&line));
    buf_finish(&line);
}

void ui_unsay(struct ui *ui)
{
    buf_clear(&ui->message);
}

bool ui_says_cut_off(struct ui *ui)
{
    if (ui->halted)
        ui_say(ui, ROLE_BAD, "HALTED, nothing new is done: %s", buf_str(&ui->halted_why));
    else if (ui_is_lost(ui) && ui->run != NULL && ui->run->closed != CHOICE_NONE)
        ui_say(ui, ROLE_WARN, "%s", buf_str(&ui->link_why));
    else if (ui_is_lost(ui))
        ui_say(ui, ROLE_BAD, "LINK LOST, nothing was done: %s", buf_str(&ui->link_why));
    return ui->halted || ui_is_lost(ui);
}

static struct queued_request *enqueue(struct ui *ui, enum ui_request_type type)
{
    if (ui->request_count == REQUESTS_MAX) {
        ui->bell = true;
        return NULL;
    }
    struct queued_request *request = &ui->requests[(ui->request_first + ui->request_count) % REQUESTS_MAX];
    ui->request_count++;
    *request = (struct queued_request){ .type = type };
    return request;
}

void ui_ask(struct ui *ui, enum ui_request_type type)
{
    (void)enqueue(ui, type);
}

/* The copy, or NULL for NULL; all that may come here was bounded where it was typed or loaded. */
static const char *keep(char *into, size_t size, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t len = strnlen(text, size - 1);
    memcpy(into, text, len);
    into[len] = '\0';
    return into;
}

void ui_act_full(struct ui *ui, const struct action *action)
{
    if (ui_says_cut_off(ui))
        return;
    if (ui->options.replay) {
        ui_say(ui, ROLE_WARN, "this is a replay: what it shows is over, and nothing can be done to it");
        return;
    }
    struct queued_request *request = enqueue(ui, UI_REQUEST_ACTION);
    if (request == NULL)
        return;
    request->action = *action;
    request->action.actor = ui->me;
    request->action.watcher = ui->options.watcher;
    request->action.subject = keep(request->subject, sizeof(request->subject), action->subject);
    request->action.session = keep(request->session, sizeof(request->session), action->session);
    request->action.role = keep(request->role, sizeof(request->role), action->role);
    request->action.text = keep(request->text, sizeof(request->text), action->text);
}

void ui_move_replay(struct ui *ui, enum ui_replay_move move, enum ui_replay_kind kind, const char *text)
{
    struct queued_request *request = enqueue(ui, UI_REQUEST_REPLAY);
    if (request == NULL)
        return;
    request->move = move;
    request->kind = kind;
    request->has_text = text != NULL;
    (void)keep(request->text, sizeof(request->text), text);
}

void ui_act(struct ui *ui, enum verb verb, const char *subject, enum choice choice, const char *text)
{
    bool has_text = text != NULL && *text != '\0';
    struct action action = {
        .verb = verb, .subject = subject, .choice = choice, .text = has_text ? text : NULL
    };
    ui_act_full(ui, &action);
}

struct ui_request ui_request(struct ui *ui)
{
    if (ui->request_count == 0)
        return (struct ui_request){ .type = UI_REQUEST_NONE };
    const struct queued_request *request = &ui->requests[ui->request_first];
    ui->request_first = (ui->request_first + 1) % REQUESTS_MAX;
    ui->request_count--;
    return (struct ui_request){ request->type, request->action, request->move, request->kind,
                                request->has_text ? request->text : NULL };
}

bool ui_bell(struct ui *ui)
{
    bool bell = ui->bell;
    ui->bell = false;
    return bell;
}
