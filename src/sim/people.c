#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "people.h"
#include "wire/link.h"
#include "wire/wire.h"

/*
 * People at their screens. What they say goes through the real messages, and what the runner answers is
 * judged: an action that it acknowledged is durable, and no event is told before it is.
 */

extern __typeof__(listener_create) FAKE(listener_create);
extern __typeof__(listener_destroy) FAKE(listener_destroy);
extern __typeof__(link_send) FAKE(link_send);
extern __typeof__(link_set_data) FAKE(link_set_data);
extern __typeof__(link_close_when_sent) FAKE(link_close_when_sent);

static struct {
    struct person people[PEOPLE_MAX];
    const struct link_events *events;
    link_accepted accepted;
    void *data; /* NULL: nobody listens */
    bool halted;
    int64_t senses_until_us[8]; /* a sensed check is not so until then */
} hall;

/* ---- the runner's side ---- */

int FAKE(listener_create)(uv_loop_t *loop, const char *path, const struct link_events *events,
                          link_accepted accepted, void *data, struct listener **ret, struct err *err)
{
    (void)loop;
    (void)path;
    (void)err;
    world_called();
    hall.events = events;
    hall.accepted = accepted;
    hall.data = data;
    *ret = (struct listener *)&hall;
    return 0;
}

void FAKE(listener_destroy)(struct listener *listener)
{
    if (listener != NULL)
        hall.data = NULL;
}

void FAKE(link_set_data)(struct link *link, void *data)
{
    link->data = data;
}

static struct person *person_of(const struct link *link)
{
    for (size_t i = 0; i < PEOPLE_MAX; i++) {
        if (hall.people[i].link == link)
            return &hall.people[i];
    }
    return NULL;
}

void FAKE(link_close_when_sent)(struct link *link)
{
    struct person *person = person_of(link);
    if (person != NULL)
        person->link = NULL;
    free(link);
}

/* What an acknowledged verb has to have recorded. The others record one of several things. */
static const enum event_type recorded[VERB_COUNT] = {
    [VERB_TICK] = EVENT_TYPE_COUNT,          [VERB_UNTICK] = EVENT_CHECK_UNTICKED,
    [VERB_START] = EVENT_STEP_STARTED,       [VERB_NEXT] = EVENT_STEP_STARTED,
    [VERB_CANCEL] = EVENT_STEP_CANCELLING,   [VERB_RETRY] = EVENT_STEP_STARTED,
    [VERB_CLEAN] = EVENT_CLEAN_STARTED,      [VERB_VOTE] = EVENT_GATE_VOTED,
    [VERB_OVERRIDE] = EVENT_ITEM_OVERRIDDEN, [VERB_RULE] = EVENT_STEP_RULED,
    [VERB_PROBE] = EVENT_PROBE_STARTED,      [VERB_HOLD] = EVENT_RUN_HELD,
    [VERB_RELEASE] = EVENT_RUN_RELEASED,     [VERB_ROLLBACK] = EVENT_ROLLBACK_STARTED,
    [VERB_SCRUB] = EVENT_RUN_CLOSED,         [VERB_NOTE] = EVENT_RUN_NOTE,
    [VERB_CLOSE] = EVENT_RUN_CLOSED,         [VERB_BREAK_GLASS] = EVENT_GATE_FORCED,
    [VERB_AGAIN] = EVENT_STEP_STARTED,       [VERB_KILL] = EVENT_KILL_STARTED,
};

static void on_reply(struct person *person, const char *line)
{
    bool ok = strstr(line, "\"ok\":true") != NULL;
    world_trace("%s: %s", person->name, line);
    if (ok && !judge_recorded(person->seq_before, recorded[person->verb], person->name))
        world_failed(SIM_LOST, "\"%s\" of %s was acknowledged, and no such record is durable",
                     verb_word(person->verb), person->name);
    person->refused = ok ? 0 : person->refused + 1;
    if (!ok)
        judge_refused(line);
}

/* Sequence numbers in what is sent: nothing is told that is not durable. */
static void check_event(const char *line)
{
    const char *at = strstr(line, "\"seq\":");
    unsigned long long seq = at != NULL ? strtoull(at + 6, NULL, 10) : 0;
    if (seq > world()->seq)
        world_failed(SIM_DIVERGED, "a screen is told event %llu, and the journal has only %llu", seq,
                     (unsigned long long)world()->seq);
}

void FAKE(link_send)(struct link *link, const char *line, size_t len)
{
    struct person *person = person_of(link);
    (void)len;
    if (person == NULL)
        return;
    if (text_starts(line, "{\"reply\":"))
        on_reply(person, line);
    else if (text_starts(line, "{\"event\":"))
        check_event(line);
    else if (text_starts(line, "{\"halt\":"))
        hall.halted = true;
}

/* ---- the people's side ---- */

static void say(struct person *person, const struct wire_message *message)
{
    struct buf line;
    buf_init(&line, LINK_LINE_MAX);
    wire_write(&line, message);
    world_trace("%s says %s", person->name, buf_str(&line));
    person->seq_before = world()->seq;
    hall.events->line(person->link->data, person->link, buf_str(&line), line.len);
    buf_finish(&line);
}

static void come(struct person *person)
{
    struct wire_message hello = { .type = WIRE_HELLO,
                                  .version = WIRE_VERSION,
                                  .name = person->name,
                                  .client = chance(800) ? WIRE_SCREEN : WIRE_SCRIPT,
                                  .watch = person->watch };
    person->link = mem_alloc(sizeof(*person->link));
    hall.accepted(hall.data, person->link);
    say(person, &hello);
}

static void leave(struct person *person)
{
    struct link *link = person->link;
    person->link = NULL;
    hall.events->closed(link->data, link, "the other side went away");
    free(link);
}

static void ask(struct person *person, const struct action *action)
{
    struct wire_message message = { .type = WIRE_ACTION, .number = ++person->number, .action = *action };
    world()->result->counts.actions++;
    person->verb = action->verb;
    say(person, &message);
}

static bool is_cleaning(void)
{
    const struct run *run = world()->fold;
    for (size_t i = 0; i < run->book->step_count; i++) {
        if (run->steps[i].cleaning)
            return true;
    }
    return false;
}

/* Whoever sees that the runner is halted, or may not go on, ends it: it is taken up again. */
static bool ends_runner(void)
{
    if (hall.halted)
        return true;
    if (world()->well)
        return hall.people[0].refused > 20 && chance(200);
    return chance(is_cleaning() ? 300 : 8);
}

static void on_turn(void *data)
{
    struct person *person = data;
    struct action action = { .verb = VERB_COUNT };
    due_in(world()->well ? chance_us(50 * MS_US, 400 * MS_US) : chance_us(100 * MS_US, 3 * SECOND_US), false,
           on_turn, person);
    if (hall.data == NULL || !world()->in_runner)
        return;
    if (person == &hall.people[0] && ends_runner()) {
        hall.people[0].refused = 0;
        loop_terminate();
        if (chance(300))
            loop_terminate();
        return;
    }
    if (person->link == NULL) {
        come(person);
        return;
    }
    if (!world()->well && chance(40)) {
        leave(person);
        return;
    }
    if (choose_action(person, &action))
        ask(person, &action);
}

void people_create(void)
{
    static const struct person everybody[PEOPLE_MAX] = { { .name = OPERATOR },
                                                         { .name = "jo" },
                                                         { .name = "Dana" },
                                                         { .name = "max", .watch = true },
                                                         { .name = OPERATOR, .watch = true } };
    memset(&hall, 0, sizeof(hall));
    for (size_t i = 0; i < PEOPLE_MAX; i++) {
        hall.people[i] = everybody[i];
        if (i < 2 || chance(300))
            due_in(chance_us(0, SECOND_US), false, on_turn, &hall.people[i]);
    }
}

bool people_see_halt(void)
{
    return hall.halted;
}

void people_runner_ended(void)
{
    hall.data = NULL;
    hall.halted = false;
    for (size_t i = 0; i < PEOPLE_MAX; i++)
        hall.people[i].link = NULL;
}

/* What a sensed check asks about is so, but for a while now and then. */
void people_answer(const char *question, bool *ret)
{
    const struct world *w = world();
    size_t which = strlen(question) % ARRAY_LEN(hall.senses_until_us);
    if (chance_fault(20))
        hall.senses_until_us[which] = w->now_us + chance_us(SECOND_US, 10 * SECOND_US);
    *ret = w->well || w->now_us >= hall.senses_until_us[which];
}
