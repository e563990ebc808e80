/*
 * Killing somebody else's session. What is killed is a pid together with what tells it from another session
 * that has the pid later, never a row of a pane: it has to be seen by a fresh sample at the moment of the
 * decision, and the server is asked the same once more when it is carried out. A session is cancelled before
 * it is terminated: many are done with that, and who terminates has seen that it did not help.
 */
#include "engine.h"

#include <string.h>

#include "base/text.h"

#define STALE_INTERVALS 3
#define PID_MAX         19 /* digits */
#define UNDER_WAY_MAX   8  /* so that a runner that takes the run up can tell of all in one decision */
#define QUERY_CELLS     200
#define DETAIL_MAX      ((size_t)8 * 1024)

/* ---- looking ---- */

int64_t run_monitor_stale_us(const struct run *run, size_t monitor, struct instant now)
{
    const struct sample *last = run->monitors[monitor].last;
    if (last == NULL)
        return INT64_MAX;
    int64_t age_us = now.boot_us - last->at.boot_us;
    int64_t limit_us = STALE_INTERVALS * run->book->monitors[monitor].every_us;
    if (limit_us < STALE_INTERVALS * SECOND_US)
        limit_us = STALE_INTERVALS * SECOND_US;
    return age_us > limit_us ? age_us : -1;
}

/* Which cells say what, by the kind of the monitor. */
static const struct {
    bool sessions;
    size_t pid, who, state, age, query, identity;
} columns[MONITOR_KIND_COUNT] = {
    [MONITOR_LOCKS] = { true, LOCK_PID, LOCK_WHO, LOCK_STATE, LOCK_XACT, LOCK_QUERY, LOCK_BACKEND_START },
    [MONITOR_TRANSACTIONS] = { true, TX_PID, TX_WHO, TX_STATE, TX_AGE, TX_QUERY, TX_BACKEND_START },
};

static const char *cell(const struct sample_row *row, size_t cell)
{
    return row->cells[cell] != NULL ? row->cells[cell] : "";
}

bool run_session_of(const struct run *run, size_t monitor, const struct sample *sample, size_t row,
                    struct run_session *ret)
{
    enum monitor_kind kind = run->book->monitors[monitor].kind;
    if (!columns[kind].sessions)
        return false;
    const struct sample_row *cells = &sample->rows[row];
    *ret = (struct run_session){ .monitor = monitor,
                                 .sample = sample,
                                 .row = row,
                                 .pid = cell(cells, columns[kind].pid),
                                 .who = cell(cells, columns[kind].who),
                                 .state = cell(cells, columns[kind].state),
                                 .age = cell(cells, columns[kind].age),
                                 .query = cell(cells, columns[kind].query),
                                 .identity = cell(cells, columns[kind].identity) };
    ret->ours = cells->ours || text_starts(ret->who, "tminus:");
    return true;
}

size_t run_session_behind(const struct run *run, const struct run_session *session)
{
    const struct sample *sample = session->sample;
    size_t count = 0;
    if (run->book->monitors[session->monitor].kind != MONITOR_LOCKS)
        return 0;
    for (size_t i = session->row + 1;
         i < sample->row_count && sample->rows[i].depth > sample->rows[session->row].depth; i++)
        count++;
    return count;
}

static struct run_kill *find_kill(const struct run *run, size_t monitor, const char *pid,
                                  const char *identity)
{
    const struct monitor_def *monitors = run->book->monitors;
    for (size_t i = 0; i < run->kill_count; i++) {
        struct run_kill *kill = &run->kills[i];
        if (monitors[kill->monitor].target == monitors[monitor].target && strcmp(kill->pid, pid) == 0 &&
            strcmp(kill->identity, identity) == 0)
            return kill;
    }
    return NULL;
}

const struct run_kill *run_kill_of(const struct run *run, size_t monitor, const char *pid,
                                   const char *identity)
{
    return find_kill(run, monitor, pid, identity);
}

static bool is_under_way(const struct run_kill *kill)
{
    return kill->outcome == CHOICE_NONE;
}

static bool is_pid(const char *text)
{
    size_t len = strspn(text, "0123456789");
    return len > 0 && len <= PID_MAX && text[len] == '\0' && (text[0] != '0' || len == 1);
}

/* ---- folding ---- */

static struct run_kill *add_kill(struct run *run)
{
    size_t count = run->kill_count;
    if ((count & (count + 1)) == 0) { /* a power of two less one: full */
        struct run_kill *kills = arena_array(run->arena, 2 * count + 1, sizeof(*kills));
        if (count > 0)
            memcpy(kills, run->kills, count * sizeof(*kills));
        run->kills = kills;
    }
    run->kill_count++;
    return &run->kills[count];
}

int apply_kill_started(struct change *c)
{
    const struct event *event = c->event;
    struct run *run = c->run;
    if (!columns[run->book->monitors[c->subject].kind].sessions)
        return change_refuse(c, "\"%s\" sees no sessions", event->subject);
    if (event->value == NULL || !is_pid(event->value) || text_or_null(event->code) == NULL)
        return change_refuse(c, "it does not say which session");
    if ((event->choice != CHOICE_CANCEL && event->choice != CHOICE_TERMINATE) ||
        said_or_null(event->text) == NULL)
        return change_refuse(c, "it does not say what is done, and why");
    struct run_kill *kill = find_kill(run, c->subject, event->value, event->code);
    if (kill != NULL && is_under_way(kill))
        return change_refuse(c, "session %s is being killed already", event->value);
    if (event->choice == CHOICE_TERMINATE && (kill == NULL || !kill->cancelled))
        return change_refuse(c, "session %s was not cancelled before", event->value);
    if (kill == NULL) {
        kill = add_kill(run);
        *kill =
            (struct run_kill){ .pid = run_keep(run, event->value), .identity = run_keep(run, event->code) };
    }
    kill->monitor = c->subject;
    kill->how = event->choice;
    kill->outcome = CHOICE_NONE;
    kill->seq = event->seq;
    kill->at = event->at;
    run->kills_under_way++;
    return 0;
}

static bool is_outcome(enum choice choice)
{
    return choice == CHOICE_DONE || choice == CHOICE_GONE || choice == CHOICE_FAILED ||
           choice == CHOICE_UNKNOWN;
}

int apply_kill_ended(struct change *c)
{
    const struct event *event = c->event;
    if (event->value == NULL || event->code == NULL || !is_outcome(event->choice))
        return change_refuse(c, "it does not say what became of which session");
    struct run_kill *kill = find_kill(c->run, c->subject, event->value, event->code);
    if (kill == NULL || !is_under_way(kill))
        return change_refuse(c, "session %s is not being killed", event->value);
    kill->outcome = event->choice;
    kill->cancelled = kill->cancelled || (kill->how == CHOICE_CANCEL && event->choice == CHOICE_DONE);
    kill->at = event->at;
    c->run->kills_under_way--;
    return 0;
}

/* ---- which session is meant ---- */

/* What was looked through for a pid. */
struct looking {
    const char *pid;
    size_t monitor; /* the one that was named; BOOK_NONE: all */
    bool found;
    struct run_session session;
    size_t other;   /* a monitor of another server that sees the pid, too; BOOK_NONE */
    size_t blind;   /* a monitor that says nothing now; BOOK_NONE */
    size_t watched; /* how many there are to look */
};

/* Of two monitors of one server the one that looked last is right. */
static void note_found(struct deciding *d, struct looking *looking, const struct run_session *session)
{
    const struct monitor_def *monitors = d->run->book->monitors;
    if (!looking->found) {
        looking->session = *session;
        looking->found = true;
    } else if (monitors[session->monitor].target != monitors[looking->session.monitor].target) {
        looking->other = session->monitor;
    } else if (session->sample->at.boot_us > looking->session.sample->at.boot_us) {
        looking->session = *session;
    }
}

static void look_through(struct deciding *d, struct looking *looking, size_t monitor)
{
    const struct sample *sample = d->run->monitors[monitor].last;
    struct run_session session;
    if (run_monitor_stale_us(d->run, monitor, d->input->now) >= 0 || !sample->known) {
        looking->blind = monitor;
        return;
    }
    for (size_t i = 0; i < sample->row_count; i++) {
        if (run_session_of(d->run, monitor, sample, i, &session) && strcmp(session.pid, looking->pid) == 0)
            note_found(d, looking, &session);
    }
}

/* "[MONITOR:]PID" */
static int read_subject(struct deciding *d, struct looking *ret)
{
    const struct book *book = d->run->book;
    const char *subject = text_or_null(d->input->action.subject);
    const char *colon = subject != NULL ? strrchr(subject, ':') : NULL;
    *ret = (struct looking){ .pid = colon != NULL ? colon + 1 : subject,
                             .monitor = BOOK_NONE,
                             .other = BOOK_NONE,
                             .blind = BOOK_NONE };
    if (subject == NULL || !is_pid(ret->pid))
        return refuse(d, RULE_NAME, "a session is named by its pid, or as MONITOR:PID");
    if (colon == NULL)
        return 0;
    const char *name = arena_text_len(d->arena, subject, (size_t)(colon - subject));
    ret->monitor = book_find_monitor(book, name);
    if (ret->monitor == BOOK_NONE || !columns[book->monitors[ret->monitor].kind].sessions)
        return refuse(d, RULE_NAME, "the book has no monitor \"%s\" of locks or old transactions", name);
    return 0;
}

static int refuse_not_seen(struct deciding *d, const struct looking *looking)
{
    const struct book *book = d->run->book;
    if (looking->watched == 0)
        return refuse(d, RULE_NAME, "the book has no monitor of locks or of old transactions");
    if (looking->blind != BOOK_NONE)
        return refuse(d, RULE_SESSION, "session %s is not seen, and monitor %s does not see anything now",
                      looking->pid, book->monitors[looking->blind].id);
    return refuse(d, RULE_SESSION, "session %s is gone, or holds up nobody any more: nothing was sent",
                  looking->pid);
}

static int find_session(struct deciding *d, struct run_session *ret)
{
    const struct book *book = d->run->book;
    struct looking looking;
    int r = read_subject(d, &looking);
    if (r < 0)
        return r;
    for (size_t i = 0; i < book->monitor_count; i++) {
        if (!columns[book->monitors[i].kind].sessions ||
            (looking.monitor != BOOK_NONE && looking.monitor != i))
            continue;
        looking.watched++;
        look_through(d, &looking, i);
    }
    if (!looking.found)
        return refuse_not_seen(d, &looking);
    *ret = looking.session;
    if (looking.other != BOOK_NONE)
        return refuse(d, RULE_NAME, "two servers have a session %s: say %s:%s or %s:%s", ret->pid,
                      book->monitors[ret->monitor].id, ret->pid, book->monitors[looking.other].id, ret->pid);
    return 0;
}

/* ---- whether it may be ---- */

static int check_session(struct deciding *d, const struct run_session *session)
{
    const char *meant = text_or_null(d->input->action.session);
    if (session->ours)
        return refuse(d, RULE_OWN_SESSION, "%s is %s: cancel its step instead", session->pid, session->who);
    if (strcmp(session->pid, "0") == 0)
        return refuse(d, RULE_SESSION,
                      "%s has no session that could be told: it ends by COMMIT PREPARED or ROLLBACK PREPARED",
                      session->who);
    if (*session->identity == '\0')
        return refuse(d, RULE_SESSION, "nothing tells session %s from another one that gets its number",
                      session->pid);
    if (meant != NULL && strcmp(meant, session->identity) != 0)
        return refuse(d, RULE_SESSION,
                      "session %s is another one now (%s, not %s): nothing was sent, look again",
                      session->pid, session->identity, meant);
    return 0;
}

static int check_kill(struct deciding *d, const struct run_session *session, enum choice how)
{
    const struct run *run = d->run;
    const struct run_kill *kill = run_kill_of(run, session->monitor, session->pid, session->identity);
    if (said_or_null(d->input->action.text) == NULL)
        return refuse(d, RULE_REASON, "say why session %s is to %s", session->pid,
                      how == CHOICE_TERMINATE ? "end" : "stop what it does");
    if (kill != NULL && is_under_way(kill))
        return refuse(d, RULE_STATE, "session %s is being killed already", session->pid);
    if (run->kills_under_way >= UNDER_WAY_MAX)
        return refuse(d, RULE_STATE, "%d sessions are being killed: wait for the servers' answers",
                      UNDER_WAY_MAX);
    if (how == CHOICE_CANCEL)
        return 0;
    if (kill == NULL || !kill->cancelled)
        return refuse(d, RULE_CANCEL_FIRST,
                      "session %s was not cancelled in this run: kill %s cancel --reason", session->pid,
                      session->pid);
    if (session->sample->at.boot_us <= kill->at.boot_us)
        return refuse(d, RULE_CANCEL_FIRST, "nobody has looked yet whether the cancel of session %s helped",
                      session->pid);
    return 0;
}

/* "psql, app@10.0.0.7, idle in tx for 00:03:12, 3 wait behind it: UPDATE ...": as it was when it was asked
 * for. */
static const char *describe(struct deciding *d, const struct run_session *session)
{
    size_t behind = run_session_behind(d->run, session);
    struct buf buf;
    buf_init(&buf, DETAIL_MAX);
    buf_text(&buf, session->who);
    if (*session->state != '\0')
        buf_format(&buf, ", %s", session->state);
    if (*session->age != '\0')
        buf_format(&buf, " for %s", session->age);
    if (behind > 0)
        buf_format(&buf, ", %zu wait%s behind it", behind, behind == 1 ? "s" : "");
    if (*session->query != '\0') {
        size_t cut = text_valid_utf8(session->query, strlen(session->query))
                         ? text_cut(session->query, QUERY_CELLS)
                         : strlen(session->query);
        buf_format(&buf, ": %.*s%s", (int)cut, session->query, session->query[cut] != '\0' ? "..." : "");
    }
    return text_taken(d, &buf);
}

int verb_kill(struct deciding *d, size_t step)
{
    const struct action *action = &d->input->action;
    enum choice how = action->choice == CHOICE_NONE ? CHOICE_CANCEL : action->choice;
    struct run_session session;
    (void)step;
    if (how != CHOICE_CANCEL && how != CHOICE_TERMINATE)
        return refuse(d, RULE_NAME, "a session is killed by cancel or terminate, not by \"%s\"",
                      choice_word(how));
    int r = find_session(d, &session);
    if (r == 0)
        r = check_session(d, &session);
    if (r == 0)
        r = check_kill(d, &session, how);
    if (r < 0)
        return r;
    struct event *event = emit_by_actor(d, EVENT_KILL_STARTED);
    event->subject = d->run->book->monitors[session.monitor].id;
    event->value = arena_text(d->arena, session.pid);
    event->code = arena_text(d->arena, session.identity);
    event->choice = how;
    event->text = arena_text(d->arena, action->text);
    event->detail = describe(d, &session);
    return 0;
}

/* ---- what came of it ---- */

static void emit_kill_ended(struct deciding *d, const struct run_kill *kill, enum choice outcome,
                            const char *text)
{
    struct event *event = emit(d, EVENT_KILL_ENDED);
    event->subject = d->run->book->monitors[kill->monitor].id;
    event->value = kill->pid;
    event->code = kill->identity;
    event->choice = outcome;
    event->text = arena_text(d->arena, text_or_null(text));
}

int decide_killed(struct deciding *d)
{
    const struct input *input = d->input;
    if (!is_outcome(input->choice))
        return impossible(d, "a session that was killed with no outcome");
    for (size_t i = 0; i < d->run->kill_count; i++) {
        const struct run_kill *kill = &d->run->kills[i];
        if (kill->seq != input->seq || !is_under_way(kill))
            continue;
        const char *text = input->text;
        if (input->choice == CHOICE_DONE)
            text = kill->how == CHOICE_CANCEL ? "the server was told to cancel what it does"
                                              : "the server was told to end it";
        emit_kill_ended(d, kill, input->choice, text);
        return 0;
    }
    return impossible(d, "no session is being killed by record %" PRIu64, input->seq);
}

void emit_kills_lost(struct deciding *d)
{
    for (size_t i = 0; i < d->run->kill_count; i++) {
        if (is_under_way(&d->run->kills[i]))
            emit_kill_ended(d, &d->run->kills[i], CHOICE_UNKNOWN,
                            "the runner ended before the server had answered");
    }
}
