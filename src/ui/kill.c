#include "kill.h"

#include <limits.h>
#include <string.h>

#include "actions.h"
#include "base/text.h"
#include "views.h"

#define LINE_LEN     ((size_t)8 * 1024)
#define BEHIND_SHOWN 4
#define ASKED_MOST   8 /* sessions that are asked about for every frame */

void kill_view_finish(struct kill_view *view)
{
    arena_destroy(view->arena);
    *view = (struct kill_view){ .arena = NULL };
}

/* ---- which sessions there are ---- */

static enum monitor_kind kind_here(const struct ui *ui)
{
    return ui->focus == PANE_TRANSACTIONS ? MONITOR_TRANSACTIONS : MONITOR_LOCKS;
}

/* Whom others wait for, or an old transaction; not what nobody here can kill. */
static bool is_offered(const struct run *run, size_t monitor, const struct sample *sample, size_t row,
                       struct run_session *ret)
{
    return sample->rows[row].depth == 0 && run_session_of(run, monitor, sample, row, ret) && !ret->ours &&
           *ret->identity != '\0' && strcmp(ret->pid, "0") != 0;
}

static const struct sample *seen_now(const struct ui *ui, size_t monitor)
{
    const struct sample *last = ui->run->monitors[monitor].last;
    bool fresh = last != NULL && last->known && run_monitor_stale_us(ui->run, monitor, ui->now) < 0;
    return fresh ? last : NULL;
}

static const char *name_of(const struct ui *ui, const struct run_session *session, struct arena *arena)
{
    return arena_format(arena, "%s:%s", ui->run->book->monitors[session->monitor].id, session->pid);
}

/* A cancel that was sent did not help: the session is still there. */
static enum choice what_is_next(const struct ui *ui, const struct run_session *session)
{
    const struct run_kill *kill = run_kill_of(ui->run, session->monitor, session->pid, session->identity);
    return kill != NULL && kill->cancelled ? CHOICE_TERMINATE : CHOICE_CANCEL;
}

static bool allows(const struct ui *ui, const struct run_session *session, struct err *why)
{
    struct arena *arena = arena_create();
    bool may = ui_allows(ui,
                         &(struct action){ .verb = VERB_KILL,
                                           .subject = name_of(ui, session, arena),
                                           .session = session->identity,
                                           .choice = what_is_next(ui, session),
                                           .text = "-" },
                         why);
    arena_destroy(arena);
    return may;
}

/* ---- why there is none ---- */

/* What is not known of who is in the way, by the first of the monitors that lacks something; else nothing. */
static void put_unknown(const struct ui *ui, struct buf *buf)
{
    size_t i = monitor_of_kind(ui->run, kind_here(ui), 0);
    if (i == BOOK_NONE)
        buf_text(buf, "the book has no monitor that would tell");
    for (; i != BOOK_NONE && buf->len == 0; i = monitor_of_kind(ui->run, kind_here(ui), i + 1)) {
        struct buf why;
        buf_init(&why, LINE_LEN);
        if (!monitor_unknown(ui, i, &why) && ui->run->monitors[i].last->why != NULL)
            buf_text(&why, ui->run->monitors[i].last->why);
        if (why.len > 0)
            buf_format(buf, "%s: %s", ui->run->book->monitors[i].id, buf_str(&why));
        buf_finish(&why);
    }
}

static bool is_waited_for(const struct ui *ui)
{
    for (size_t i = monitor_of_kind(ui->run, MONITOR_LOCKS, 0); i != BOOK_NONE;
         i = monitor_of_kind(ui->run, MONITOR_LOCKS, i + 1)) {
        const struct sample *sample = seen_now(ui, i);
        if (sample != NULL && sample->row_count > 0)
            return true;
    }
    return false;
}

/* That nobody is there is said only by samples that are fresh. */
static void say_nobody(const struct ui *ui, struct err *why)
{
    bool locks = kind_here(ui) == MONITOR_LOCKS;
    size_t running = aim_running(ui).step;
    struct buf unknown;
    buf_init(&unknown, 2 * LINE_LEN);
    put_unknown(ui, &unknown);
    if (unknown.len > 0)
        err_set(why, ERR_NOT_FOUND, "%s is not known (%s)",
                locks ? "who stands in the way" : "which transactions are old", buf_str(&unknown));
    else if (!locks)
        err_set(why, ERR_NOT_FOUND, "no old transaction is seen that can be killed from here");
    else if (is_waited_for(ui))
        err_set(why, ERR_NOT_FOUND,
                "whom others wait for is ours, or no session that can be killed from here");
    else if (running != BOOK_NONE)
        err_set(why, ERR_NOT_FOUND, "nobody stands in the way of %s", ui->run->book->steps[running].id);
    else
        err_set(why, ERR_NOT_FOUND, "nobody waits for anybody");
    buf_finish(&unknown);
}

bool can_kill(const struct ui *ui, struct err *why)
{
    struct run_session session;
    int asked = 0;
    if (!ui_is_open(ui, why))
        return false;
    for (size_t i = monitor_of_kind(ui->run, kind_here(ui), 0); i != BOOK_NONE;
         i = monitor_of_kind(ui->run, kind_here(ui), i + 1)) {
        const struct sample *sample = seen_now(ui, i);
        for (size_t row = 0; sample != NULL && row < sample->row_count && asked < ASKED_MOST; row++) {
            if (!is_offered(ui->run, i, sample, row, &session))
                continue;
            if (allows(ui, &session, why))
                return true;
            asked++;
        }
    }
    if (asked == 0)
        say_nobody(ui, why);
    return false;
}

/* ---- as they were ---- */

static void freeze(struct ui *ui)
{
    struct kill_view *view = &ui->dialog.kill;
    kill_view_finish(view);
    view->arena = arena_create();
    for (size_t i = monitor_of_kind(ui->run, kind_here(ui), 0); i != BOOK_NONE && view->count < KILL_MONITORS;
         i = monitor_of_kind(ui->run, kind_here(ui), i + 1)) {
        const struct sample *sample = seen_now(ui, i);
        if (sample == NULL)
            continue;
        view->seen[view->count].monitor = i;
        view->seen[view->count++].sample = sample_copy(view->arena, sample);
    }
}

static bool session_at(const struct ui *ui, size_t at, size_t row, struct run_session *ret)
{
    const struct kill_view *view = &ui->dialog.kill;
    return run_session_of(ui->run, view->seen[at].monitor, view->seen[at].sample, row, ret);
}

static struct run_session session_meant(const struct ui *ui)
{
    struct run_session session = { .pid = "" };
    (void)session_at(ui, ui->dialog.kill.at, ui->dialog.kill.row, &session);
    return session;
}

static void open_session(struct ui *ui, size_t at, size_t row)
{
    ui->dialog.kill.at = at;
    ui->dialog.kill.row = row;
    struct run_session session = session_meant(ui);
    struct err why = ERR_INIT;
    if (!allows(ui, &session, &why))
        ui_refuse(ui, "%s", why.message);
    else
        dialog_open(ui, what_is_next(ui, &session) == CHOICE_CANCEL ? DIALOG_KILL : DIALOG_TERMINATE);
}

void do_kill(struct ui *ui, const struct ui_key *key)
{
    const struct kill_view *view = &ui->dialog.kill;
    struct run_session session;
    size_t count = 0, at = 0, row = 0;
    (void)key;
    freeze(ui);
    for (size_t i = 0; i < view->count; i++) {
        for (size_t k = 0; k < view->seen[i].sample->row_count; k++) {
            if (!is_offered(ui->run, view->seen[i].monitor, view->seen[i].sample, k, &session))
                continue;
            at = i;
            row = k;
            count++;
        }
    }
    if (count == 1)
        open_session(ui, at, row);
    else
        dialog_open(ui, DIALOG_KILL_WHICH);
}

/* ---- which one ---- */

static void which_body(const struct ui *ui, struct page *page)
{
    const struct kill_view *view = &ui->dialog.kill;
    struct run_session session;
    page_line(page, NULL, ROLE_STRONG,
              kind_here(ui) == MONITOR_LOCKS ? "Sessions that others wait for:" : "Old transactions:");
    for (size_t i = 0; i < view->count; i++) {
        if (view->count > 1)
            page_format(page, NULL, ROLE_DIM, "%s:", ui->run->book->monitors[view->seen[i].monitor].id);
        for (size_t k = 0; k < view->seen[i].sample->row_count; k++) {
            if (!is_offered(ui->run, view->seen[i].monitor, view->seen[i].sample, k, &session))
                continue;
            size_t behind = run_session_behind(ui->run, &session);
            page_format(page, NULL, ROLE_PROMPT, "%8s  %s %s  %zu behind  %s", session.pid, session.state,
                        session.age, behind, session.who);
        }
    }
    page_line(page, NULL, ROLE_PROMPT, "");
    page_line(page, NULL, ROLE_PROMPT, "Type the pid of one of them.");
}

static bool is_named(const struct ui *ui, const struct run_session *session, const char *typed)
{
    struct arena *arena = arena_create();
    bool named = strcmp(session->pid, typed) == 0 || strcmp(name_of(ui, session, arena), typed) == 0;
    arena_destroy(arena);
    return named;
}

/* Any of those that were seen, also one that waits itself. */
static void take_which(struct ui *ui)
{
    const struct kill_view *view = &ui->dialog.kill;
    struct run_session session;
    struct buf typed;
    size_t count = 0, at = 0, row = 0;
    buf_init(&typed, INPUT_MAX);
    buf_text(&typed, dialog_field(ui, 0));
    for (size_t i = 0; i < view->count; i++) {
        for (size_t k = 0; k < view->seen[i].sample->row_count; k++) {
            if (!session_at(ui, i, k, &session) || !is_named(ui, &session, buf_str(&typed)))
                continue;
            at = i;
            row = k;
            count++;
        }
    }
    if (count == 0)
        ui_refuse(ui, "no session \"%s\" was seen: nothing was done", buf_str(&typed));
    else if (count > 1)
        ui_refuse(ui, "two servers have a session %s: type MONITOR:PID", buf_str(&typed));
    else
        open_session(ui, at, row);
    if (dialog_is_open(ui)) {
        dialog_prefill(ui, 0, session_meant(ui).pid);
        ui->dialog.at = 1;
    }
    buf_finish(&typed);
}

/* ---- that one ---- */

static const char *pid_word(const struct ui *ui, int index)
{
    return index == 0 ? session_meant(ui).pid : NULL;
}

static void put_session(const struct run_session *session, struct page *page)
{
    struct buf line;
    buf_init(&line, LINE_LEN);
    buf_format(&line, "%s  %s", session->pid, session->who);
    page_wrap(page, NULL, ROLE_STRONG, buf_str(&line), 2);
    buf_clear(&line);
    buf_text(&line, session->state);
    if (*session->age != '\0')
        buf_format(&line, ", in its transaction for %s", session->age);
    page_line(page, NULL, ROLE_PROMPT, buf_str(&line));
    buf_clear(&line);
    buf_format(&line, "session %s", session->identity);
    page_wrap(page, NULL, ROLE_PROMPT, buf_str(&line), 2);
    page->label_width = 2;
    page_wrap(page, NULL, ROLE_TEXT, session->query, 3);
    page->label_width = 0;
    buf_finish(&line);
}

static void put_behind(const struct ui *ui, const struct run_session *session, struct page *page)
{
    size_t count = run_session_behind(ui->run, session);
    if (ui->run->book->monitors[session->monitor].kind != MONITOR_LOCKS)
        return;
    page_format(page, NULL, ROLE_STRONG,
                count == 0   ? "Nobody waits behind it."
                : count == 1 ? "One waits behind it:"
                             : "%zu wait behind it:",
                count);
    for (size_t i = 0; i < count && i < BEHIND_SHOWN; i++) {
        const struct sample_row *row = &session->sample->rows[session->row + 1 + i];
        page_format(page, NULL, row->ours ? ROLE_BUSY : ROLE_PROMPT, "  %s %s %s on %s: %s%s",
                    row->cells[LOCK_PID], row->cells[LOCK_WAIT], row->cells[LOCK_MODE],
                    row->cells[LOCK_OBJECT], row->ours ? "*US* " : "", row->cells[LOCK_WHO]);
    }
    if (count > BEHIND_SHOWN)
        page_format(page, NULL, ROLE_PROMPT, "  and %zu more", count - BEHIND_SHOWN);
}

static void kill_body(const struct ui *ui, struct page *page)
{
    struct run_session session = session_meant(ui);
    put_session(&session, page);
    put_behind(ui, &session, page);
    page_line(page, NULL, ROLE_PROMPT, "");
    if (text_starts(session.state, "idle"))
        page_wrap(page, NULL, ROLE_WARN,
                  "It is idle, and a cancel ends only a statement: it comes first all the same, and K once "
                  "more terminates it.",
                  3);
    else
        page_wrap(page, NULL, ROLE_WARN,
                  "Its statement is cancelled, so that its transaction fails. The session stays.", 2);
    page_format(page, NULL, ROLE_PROMPT, "Type %s, then the reason.", session.pid);
}

static void terminate_body(const struct ui *ui, struct page *page)
{
    struct run_session session = session_meant(ui);
    const struct run_kill *kill = run_kill_of(ui->run, session.monitor, session.pid, session.identity);
    struct buf at;
    buf_init(&at, 64);
    if (kill != NULL)
        wall_clock(&at, kill->at.wall_us);
    put_session(&session, page);
    put_behind(ui, &session, page);
    page_line(page, NULL, ROLE_PROMPT, "");
    page_format(page, NULL, ROLE_BAD, "It was cancelled (%s), and is still there.", buf_str(&at));
    page_line(page, NULL, ROLE_WARN, "Now its connection is closed, and its transaction undone.");
    page_format(page, NULL, ROLE_PROMPT, "Type %s, then the reason.", session.pid);
    buf_finish(&at);
}

static void ask_for(struct ui *ui, enum choice how)
{
    struct run_session session = session_meant(ui);
    struct arena *arena = arena_create();
    ui_act_full(ui, &(struct action){ .verb = VERB_KILL,
                                      .subject = name_of(ui, &session, arena),
                                      .session = session.identity,
                                      .choice = how,
                                      .text = dialog_field(ui, 1) });
    arena_destroy(arena);
}

static void take_kill(struct ui *ui)
{
    ask_for(ui, CHOICE_CANCEL);
}

static void take_terminate(struct ui *ui)
{
    ask_for(ui, CHOICE_TERMINATE);
}

static const struct dialog_kind kinds[] = {
    [DIALOG_KILL_WHICH - DIALOG_KILL_WHICH] = { .title = "KILL A SESSION",
                                                .decides = true,
                                                .body = which_body,
                                                .fields = { { FIELD_TEXT, "pid" } },
                                                .answers = { { "Leave them", 0, false, NULL },
                                                             { "Look at it", 0, true, take_which } } },
    [DIALOG_KILL - DIALOG_KILL_WHICH] = { .title = "CANCEL WHAT A SESSION DOES",
                                          .decides = true,
                                          .body = kill_body,
                                          .word = pid_word,
                                          .word_answer = { 1 },
                                          .fields = { { FIELD_WORD, "pid" }, { FIELD_TEXT, "reason" } },
                                          .answers = { { "Leave it", 0, false, NULL },
                                                       { "Cancel it", 0, true, take_kill } } },
    [DIALOG_TERMINATE - DIALOG_KILL_WHICH] = { .title = "TERMINATE A SESSION",
                                               .decides = true,
                                               .body = terminate_body,
                                               .word = pid_word,
                                               .word_answer = { 1 },
                                               .fields = { { FIELD_WORD, "pid" }, { FIELD_TEXT, "reason" } },
                                               .answers = { { "Leave it", 0, false, NULL },
                                                            { "Terminate it", 0, true, take_terminate } } },
};

const struct dialog_kind *kill_dialog(enum dialog_type type)
{
    return type >= DIALOG_KILL_WHICH && type <= DIALOG_TERMINATE ? &kinds[type - DIALOG_KILL_WHICH] : NULL;
}
