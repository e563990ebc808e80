#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sim.h"

/*
 * Somebody else's session, in whose way we are, or who is in ours; now and then it has gone, and another one
 * has its number. What was promised: nobody is killed for whom nothing is durable that says so; nobody but
 * whom was meant; not twice for one record; and nobody is terminated who was not cancelled.
 */

static struct {
    int lives; /* how many have had the number */
    bool gone;
    char since[32];
    /* by the records */
    struct event asked; /* the last kill.started; type EVENT_KILL_STARTED while it is under way */
    bool under_way, sent;
    char cancelled[64]; /* which session was cancelled last */
} somebody;

static void live(void)
{
    (void)snprintf(somebody.since, sizeof(somebody.since), "since %d", ++somebody.lives);
    somebody.gone = false;
}

void somebody_create(void)
{
    memset(&somebody, 0, sizeof(somebody));
    live();
}

const char *somebody_since(void)
{
    if (chance(20))
        live();
    return somebody.since;
}

/* ---- what the records say ---- */

static void check_started(const struct event *event)
{
    if (somebody.under_way && strcmp(somebody.asked.code, event->code) == 0)
        world_failed(SIM_TWICE, "session %s is killed twice at a time", event->value);
    if (strcmp(event->value, SOMEBODY_PID) != 0)
        world_failed(SIM_RULE, "session %s is killed, which is not somebody else's", event->value);
    if (event->choice == CHOICE_TERMINATE && strcmp(somebody.cancelled, event->code) != 0)
        world_failed(SIM_RULE, "session %s (%s) is terminated, and was not cancelled", event->value,
                     event->code);
    somebody.asked = *event;
    somebody.under_way = true;
    somebody.sent = false;
}

static void check_ended(const struct event *event)
{
    if (!somebody.under_way || strcmp(somebody.asked.code, event->code) != 0)
        return; /* an earlier one that was under way beside it */
    bool now = event->seq > world()->inherited;
    if (event->choice == CHOICE_DONE && !somebody.sent && now)
        world_failed(SIM_LOST, "session %s is said to have been told, and was not", event->value);
    if ((event->choice == CHOICE_GONE || event->choice == CHOICE_FAILED) && somebody.sent && now)
        world_failed(SIM_LOST, "session %s is said not to have been told, and was", event->value);
    if (event->choice == CHOICE_DONE && somebody.asked.choice == CHOICE_CANCEL)
        (void)snprintf(somebody.cancelled, sizeof(somebody.cancelled), "%s", event->code);
    somebody.under_way = false;
}

void somebody_check(const struct event *event)
{
    if (event->type == EVENT_KILL_STARTED)
        check_started(event);
    if (event->type == EVENT_KILL_ENDED)
        check_ended(event);
}

/* ---- what is sent ---- */

static void kill_now(bool cancels)
{
    if (!somebody.under_way || strcmp(somebody.asked.code, somebody.since) != 0)
        world_failed(SIM_RULE, "a session is killed (%s), and nothing that is durable says so",
                     somebody.since);
    if (cancels != (somebody.asked.choice == CHOICE_CANCEL))
        world_failed(SIM_RULE, "a session is killed in another way than was recorded");
    if (somebody.sent)
        world_failed(SIM_TWICE, "a session is killed twice for one record");
    somebody.sent = true;
    somebody.gone = !cancels || chance(300);
    world()->result->counts.kills++;
    world_trace("KILLED %s", somebody.since);
}

/* As a server does what it is asked: only a comparison of the text keeps it from hitting somebody else. */
const char *somebody_asked(const char *sql)
{
    char meant[64];
    if (strstr(sql, "a.pid = " SOMEBODY_PID) == NULL)
        world_failed(SIM_RULE, "a session is to be killed that nobody named: %s", sql);
    if (!text_starts(sql,
                     "SELECT CASE WHEN a.backend_start IS NULL THEN 'hidden' WHEN to_char(a.backend_start "))
        world_failed(SIM_RULE, "nothing keeps it from killing whoever has the number: %s", sql);
    if (strstr(sql, "'tminus:") == NULL)
        world_failed(SIM_RULE, "nothing keeps it from killing its own: %s", sql);
    if (somebody.gone) {
        if (chance(700))
            return NULL;
        live();
    }
    (void)snprintf(meant, sizeof(meant), "<> '%s'", somebody.since);
    if (strstr(sql, " <> 'since ") != NULL && strstr(sql, meant) == NULL)
        return "other";
    kill_now(strstr(sql, "pg_cancel_backend") != NULL);
    return "true";
}
