#include "engine.h"

#include <string.h>

#include "base/text.h"

/* ---- open, hold, close ---- */

int apply_opened(struct change *c)
{
    struct run *run = c->run;
    if (c->event->run == NULL || *c->event->actor == '\0')
        return change_refuse(c, "a run needs an id and an operator");
    run->id = run_keep(run, c->event->run);
    run->operator= run_keep(run, c->event->actor);
    run->environment = run_keep(run, c->event->environment);
    run->book_sha256 = run_keep(run, c->event->book);
    run->targets_sha256 = run_keep(run, c->event->targets);
    run->settings_sha256 = run_keep(run, c->event->settings);
    run->boot_id = run_keep(run, c->event->boot);
    run->policy_sha256 = run_keep(run, text_or_null(c->event->policy));
    run->witness.everywhere = text_equal(c->event->witness, EVENT_WITNESS_EVERYWHERE);
    run->operator_key = run_keep(run, c->event->key);
    run->opened = c->event->at;
    run->anchor = c->event->at;
    run_conditions_reset(run, c->event->at);
    return 0;
}

void run_hold(struct run *run, const struct event *event, const char *who, const char *why)
{
    if (!run->held)
        run->held_since = event->at;
    run->held = true;
    run->held_by = run_keep(run, who);
    run->held_why = run_keep(run, why);
}

void run_end_hold(struct run *run, const struct event *event)
{
    if (run->held && event->at.boot_us > run->held_since.boot_us)
        run->held_total_us += event->at.boot_us - run->held_since.boot_us;
    run->held = false;
    run->held_by = run->held_why = NULL;
}

int apply_held(struct change *c)
{
    run_hold(c->run, c->event, c->event->actor, c->event->text);
    return 0;
}

int apply_released(struct change *c)
{
    if (!c->run->held)
        return change_refuse(c, "the run is not held");
    if (c->run->counts.unknown > 0)
        return change_refuse(c, "a step is unknown");
    run_end_hold(c->run, c->event);
    c->run->proposed_by = BOOK_NONE;
    return 0;
}

int apply_note(struct change *c)
{
    return c->event->text != NULL ? 0 : change_refuse(c, "it says nothing");
}

int apply_closed(struct change *c)
{
    struct run *run = c->run;
    enum choice choice = c->event->choice;
    if (choice != CHOICE_FINISHED && choice != CHOICE_SCRUBBED && choice != CHOICE_ABORTED)
        return change_refuse(c, "a run does not end as \"%s\"", choice_word(choice));
    if (run->counts.running > 0 || run->counts.unknown > 0 || run->rolling_back || run->kills_under_way > 0)
        return change_refuse(c, "something is still under way");
    if (choice == CHOICE_FINISHED && run->counts.current_phase < run->book->phase_count)
        return change_refuse(c, "not everything is complete");
    if (choice == CHOICE_ABORTED && !run->rolled_back)
        return change_refuse(c, "not everything was rolled back");
    run_end_hold(run, c->event);
    run->proposed_by = BOOK_NONE;
    run->closed = choice;
    run->closed_at = c->event->at;
    return 0;
}

/* ---- people ---- */

static struct run_person *find_person(const struct run *run, const char *name, const char *role)
{
    for (size_t i = 0; i < run->person_count; i++) {
        if (strcmp(run->people[i].name, name) == 0 && text_equal(run->people[i].role, role))
            return &run->people[i];
    }
    return NULL;
}

static struct run_person *add_person(struct run *run, const char *name, const char *role)
{
    /* the array doubles when it is full: at each power of two */
    if ((run->person_count & (run->person_count - 1)) == 0) {
        size_t room = run->person_count > 0 ? 2 * run->person_count : 1;
        struct run_person *people = arena_array(run->arena, room, sizeof(*people));
        if (run->person_count > 0)
            memcpy(people, run->people, run->person_count * sizeof(*people));
        run->people = people;
    }
    struct run_person *person = &run->people[run->person_count++];
    *person = (struct run_person){ .name = run_keep(run, name), .role = run_keep(run, role) };
    return person;
}

int apply_joined(struct change *c)
{
    if (c->event->role == NULL)
        return change_refuse(c, "it does not say as what");
    struct run_person *person = find_person(c->run, c->event->actor, c->event->role);
    if (person == NULL)
        person = add_person(c->run, c->event->actor, c->event->role);
    person->attached++;
    return 0;
}

int apply_left(struct change *c)
{
    struct run_person *person = find_person(c->run, c->event->actor, c->event->role);
    if (person == NULL || person->attached == 0)
        return change_refuse(c, "\"%s\" was not there", c->event->actor);
    person->attached--;
    return 0;
}

/* ---- around the run ---- */

int apply_monitor(struct change *c)
{
    (void)c; /* what a monitor sees comes as samples; that it is silent shows by their age */
    return 0;
}

int apply_trouble(struct change *c)
{
    c->run->trouble =
        c->event->text != NULL && *c->event->text != '\0' ? run_keep(c->run, c->event->text) : NULL;
    return 0;
}

int apply_jumped(struct change *c)
{
    c->run->wall_jump_us += c->event->elapsed_us;
    return 0;
}
