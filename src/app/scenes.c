#include "scenes.h"

#include <stdio.h>

#include "autopilot.h"
#include "lines.h"

#define REVIEWER "jo"

/* What is shown besides the way through, once, when two changes have been made. */
enum scene { SCENE_BEFORE, SCENE_HOLD, SCENE_ROLLBACK, SCENE_RELEASE, SCENE_OVER };
enum person { OPERATOR, SECOND };

/* Steps whose effect stands; the oldest of them in `ret_first`. */
static size_t changes_made(const struct run *run, size_t *ret_first)
{
    size_t steps[BOOK_STEPS_MAX];
    size_t count = run_rollback_list(run, BOOK_NONE, steps, BOOK_STEPS_MAX);

    *ret_first = count > 0 ? steps[count - 1] : BOOK_NONE;
    return count;
}

static enum autopilot_scene hold(enum scene *scene, const struct run *run, size_t *person,
                                 struct action *action)
{
    size_t first;

    if (changes_made(run, &first) < 2 || run_running_step(run, NULL) != BOOK_NONE)
        return SCENE_NONE;
    *person = SECOND;
    *action = (struct action){ .verb = VERB_HOLD, .text = "wait: I want to see the way back work once" };
    *scene = SCENE_HOLD;
    return SCENE_ACTS;
}

static enum autopilot_scene roll_back(enum scene *scene, const struct run *run, size_t *person,
                                      struct action *action)
{
    size_t first;

    if (!run->held || changes_made(run, &first) == 0)
        return SCENE_WAITS;
    *person = OPERATOR;
    *action = (struct action){ .verb = VERB_ROLLBACK,
                               .subject = run->book->steps[first].id,
                               .text = "shown to the reviewer" };
    *scene = SCENE_ROLLBACK;
    return SCENE_ACTS;
}

static enum autopilot_scene release(enum scene *scene, const struct run *run, size_t *person,
                                    struct action *action)
{
    if (run->rolling_back || !run->held)
        return SCENE_WAITS;
    *person = OPERATOR;
    *action = (struct action){ .verb = VERB_RELEASE, .text = "the way back works; forward again" };
    *scene = SCENE_RELEASE;
    return SCENE_ACTS;
}

static enum autopilot_scene on_scene(void *data, const struct run *run, size_t *person, struct action *action)
{
    enum scene *scene = data;

    switch (*scene) {
    case SCENE_BEFORE:
        return hold(scene, run, person, action);
    case SCENE_HOLD:
        return roll_back(scene, run, person, action);
    case SCENE_ROLLBACK:
        return release(scene, run, person, action);
    case SCENE_RELEASE:
        if (run->held)
            return SCENE_WAITS;
        *scene = SCENE_OVER;
        break;
    case SCENE_OVER:
        break;
    }
    return SCENE_NONE;
}

static void on_event(void *data, const struct run *run, const struct event *event, bool backlog)
{
    (void)data;
    (void)run;
    (void)backlog;
    if (event_is_record(event->type))
        print_event_line(event);
    (void)fflush(stdout);
}

int scenes_play(const char *dir, int64_t limit_us, struct err *err)
{
    static const struct autopilot_hooks hooks = { .event = on_event, .scene = on_scene };
    enum scene scene = SCENE_BEFORE;
    struct autopilot_options options = {
        .second = REVIEWER,
        .others = WIRE_SCREEN,
        .plan = { .until = BOOK_NONE, .answers = { .all = "the scripted demonstration saw it" } },
        .limit_us = limit_us,
        .hooks = &hooks,
        .data = &scene
    };
    struct unattended_operator mover;
    int r = autopilot_drive(dir, &options, &mover, err);

    if (r == 0 && mover.course == COURSE_STUCK)
        r = err_set(err, ERR_REFUSED, "%s", mover.failure);
    return r;
}
