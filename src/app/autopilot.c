#include "autopilot.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "follower.h"

/* How often time is let pass: limits, and rules that only time makes say yes. */
#define TICK_MS 100
/* A wait in which nothing runs and nothing happens: for longer than the longest criterion it is for nothing.
 */
#define PATIENCE_US (30 * SECOND_US)
/* How long a runner may take to publish the rest and go, and one that was asked to. */
#define LEAVE_US (60 * SECOND_US)

#define PEOPLE_MAX 8

struct autopilot {
    const struct autopilot_options *options;
    struct unattended_operator *mover;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_check_t check;
    size_t people_count;
    struct follower *people[PEOPLE_MAX];
    struct follower *asked; /* an action of this one is out; NULL */
    uint64_t heard_seq;     /* what the last one that was accepted led to */
    bool changed;           /* something was heard since the last look */
    bool refused;           /* and the last action was */
    int64_t limit_boot_us, patience_us, quiet_since_us, leaving_since_us;
    enum unattended_course course; /* as of the last look */
    int interruptions;             /* that were heard */
    char waits_for[ERR_MESSAGE_MAX];
    int result; /* 1: under way */
    struct err err;
};

static void stop(struct autopilot *pilot, int result)
{
    if (pilot->result > 0)
        pilot->result = result;
    uv_stop(&pilot->loop);
}

static const struct run *run_of(const struct autopilot *pilot)
{
    return follower_run(pilot->people[0]);
}

/* ---- time ---- */

static int64_t longest_criterion(const struct book *book)
{
    int64_t longest = 0;

    for (size_t i = 0; i < book->gate_count; i++) {
        for (size_t k = 0; k < book->gates[i].criterion_count; k++) {
            if (book->gates[i].criteria[k].when.for_us > longest)
                longest = book->gates[i].criteria[k].when.for_us;
        }
    }
    return longest;
}

/* Fails what takes too long: by what it waits for. */
static void keep_limits(struct autopilot *pilot, int64_t now_us)
{
    bool runs = run_running_step(run_of(pilot), NULL) != BOOK_NONE;
    char text[2 * ERR_MESSAGE_MAX];

    if (pilot->mover->course != pilot->course) {
        /* Each way has a limit of its own. */
        if (pilot->mover->course >= COURSE_BACK && pilot->course < COURSE_BACK)
            pilot->limit_boot_us = now_us + pilot->options->limit_us;
        pilot->course = pilot->mover->course;
    }
    if (now_us > pilot->limit_boot_us)
        (void)snprintf(text, sizeof(text), "not within its limit: it waits for %s", pilot->waits_for);
    else if (!runs && now_us - pilot->quiet_since_us > pilot->patience_us)
        (void)snprintf(text, sizeof(text), "it waits in vain for %s", pilot->waits_for);
    else
        return;
    pilot->quiet_since_us = now_us;
    pilot->limit_boot_us = now_us + pilot->options->limit_us;
    unattended_fail(pilot->mover, text);
}

/* ---- acting ---- */

static void ask(struct autopilot *pilot, size_t person, const struct action *action)
{
    pilot->asked = pilot->people[person < pilot->people_count ? person : pilot->people_count - 1];
    (void)snprintf(pilot->waits_for, sizeof(pilot->waits_for), "an answer to \"%s%s%s\"",
                   verb_word(action->verb), action->subject ? " " : "",
                   action->subject ? action->subject : "");
    (void)follower_act(pilot->asked, action);
}

static void stand_in_and_send(struct autopilot *pilot, const struct unattended_move *move)
{
    const struct autopilot_hooks *hooks = pilot->options->hooks;
    struct err err = ERR_INIT;

    if (move->stands_in && (hooks->stand_in ? hooks->stand_in(pilot->options->data, move->stands_in, &err)
                                            : err_set(&err, ERR_REFUSED, "nothing stands in for \"%s\" here",
                                                      move->stands_in->id)) < 0)
        unattended_fail(pilot->mover, err.message);
    else
        ask(pilot, move->person, &move->action);
}

static void look(struct autopilot *pilot)
{
    const struct autopilot_hooks *hooks = pilot->options->hooks;
    struct err err = ERR_INIT;

    if (hooks->look && hooks->look(pilot->options->data, pilot->mover, &err) < 0)
        unattended_fail(pilot->mover, err.message);
    else
        unattended_looked(pilot->mover);
}

/* Closed: the runner publishes the rest, and goes. Stuck: it stays for a person, unless it is not to. */
static void leave(struct autopilot *pilot, int64_t now_us)
{
    bool closed = run_of(pilot)->closed != CHOICE_NONE;
    pid_t runner = follower_runner(pilot->people[0]);

    if (pilot->leaving_since_us == 0 && !closed && !pilot->options->ends_stuck) {
        stop(pilot, 0);
        return;
    }
    if (pilot->leaving_since_us == 0) {
        pilot->leaving_since_us = now_us;
        if (!closed && (runner <= 0 || kill(runner, SIGTERM) < 0))
            stop(pilot, err_set(&pilot->err, ERR_IO, "the runner cannot be asked to end"));
    }
    if (now_us - pilot->leaving_since_us > LEAVE_US)
        stop(pilot, err_set(&pilot->err, ERR_TIMEOUT, "the runner does not end"));
}

static void move_on(struct autopilot *pilot, const struct unattended_move *move, int64_t now_us)
{
    switch (move->kind) {
    case MOVE_WAIT:
        (void)snprintf(pilot->waits_for, sizeof(pilot->waits_for), "%s", move->text);
        break;
    case MOVE_ACT:
        stand_in_and_send(pilot, move);
        break;
    case MOVE_LOOK:
        look(pilot);
        break;
    case MOVE_OVER:
        leave(pilot, now_us);
        break;
    }
}

static void choose(struct autopilot *pilot)
{
    const struct autopilot_hooks *hooks = pilot->options->hooks;
    struct instant now = clock_now();
    struct arena *arena = arena_create();
    struct unattended_move move = { .kind = MOVE_ACT };
    enum autopilot_scene scene = SCENE_NONE;

    if (hooks->scene && run_of(pilot)->closed == CHOICE_NONE)
        scene = hooks->scene(pilot->options->data, run_of(pilot), &move.person, &move.action);
    if (scene == SCENE_NONE)
        unattended_next(pilot->mover, run_of(pilot), now, arena, &move);
    else if (scene == SCENE_WAITS)
        move = (struct unattended_move){ .kind = MOVE_WAIT, .text = "a scene" };
    move_on(pilot, &move, now.boot_us);
    arena_destroy(arena);
}

/* Whether everybody is there, and the operator has heard of all that was done. */
static bool can_choose(const struct autopilot *pilot)
{
    for (size_t i = 0; i < pilot->people_count; i++) {
        if (!follower_is_live(pilot->people[i]))
            return false;
    }
    return !pilot->asked && run_of(pilot)->last_seq >= pilot->heard_seq;
}

static void think(struct autopilot *pilot)
{
    const struct autopilot_options *options = pilot->options;
    enum unattended_course course;

    pilot->changed = false;
    pilot->refused = false;
    if (options->hooks->interrupted && options->hooks->interrupted(options->data) > pilot->interruptions) {
        pilot->interruptions++;
        unattended_fail(pilot->mover, "interrupted");
    }
    keep_limits(pilot, clock_now().boot_us);
    /* A look and what follows from it need no news. */
    do {
        course = pilot->mover->course;
        if (can_choose(pilot) || course == COURSE_STUCK)
            choose(pilot);
    } while (pilot->mover->course != course);
}

static void on_tick(uv_timer_t *timer)
{
    think(timer->data);
}

/* After all that has come in one turn of the loop: what is half told is not acted on. */
static void on_check(uv_check_t *check)
{
    struct autopilot *pilot = check->data;

    if (pilot->changed && !pilot->refused)
        think(pilot);
}

/* ---- hearing ---- */

static void on_reply(void *data, int64_t number, bool ok, const char *rule, const char *text)
{
    struct autopilot *pilot = data;

    (void)number;
    (void)rule;
    if (ok) {
        pilot->heard_seq = follower_run(pilot->asked)->last_seq;
        pilot->quiet_since_us = clock_now().boot_us;
        pilot->changed = true;
    } else {
        pilot->refused = true; /* until the next event or tick */
        (void)snprintf(pilot->waits_for, sizeof(pilot->waits_for), "what is refused: %s", text ? text : "");
    }
    pilot->asked = NULL;
}

static void on_event(void *data, const struct event *event, bool backlog)
{
    struct autopilot *pilot = data;

    pilot->changed = true;
    if (event_is_record(event->type))
        pilot->quiet_since_us = clock_now().boot_us;
    if (pilot->options->hooks->event)
        pilot->options->hooks->event(pilot->options->data, run_of(pilot), event, backlog);
}

static void on_live(void *data)
{
    struct autopilot *pilot = data;

    pilot->changed = true;
}

static void on_halt(void *data, const char *text)
{
    struct autopilot *pilot = data;

    stop(pilot, err_set(&pilot->err, ERR_IO, "the runner halted: %s", text));
}

static void on_lost(void *data, const char *why)
{
    struct autopilot *pilot = data;
    bool over = run_of(pilot)->closed != CHOICE_NONE || pilot->leaving_since_us != 0;

    stop(pilot, over ? 0 : err_set(&pilot->err, ERR_CLOSED, "the runner went away: %s", why));
}

/* Whether they are lost is told by the operator's own link. */
static void on_second_lost(void *data, const char *why)
{
    struct autopilot *pilot = data;

    (void)why;
    pilot->changed = true;
}

/* ---- the whole ---- */

static int join(struct autopilot *pilot, const char *dir, struct arena *arena, struct err *err)
{
    static const struct follower_events heard = {
        .event = on_event, .live = on_live, .reply = on_reply, .halt = on_halt, .lost = on_lost
    };
    static const struct follower_events quiet = { .live = on_live,
                                                  .reply = on_reply,
                                                  .lost = on_second_lost };
    struct follower_options options = { NULL, WIRE_SCRIPT, false, NULL };
    struct frozen frozen;
    int r = rundir_read(arena, dir, &frozen, err);

    if (r < 0)
        return r;
    options.name = frozen.operator;
    r = follower_open(&pilot->loop, dir, &options, &heard, pilot, &pilot->people[0], err);
    if (r < 0)
        return r;
    pilot->people_count = 1;
    pilot->patience_us = PATIENCE_US + longest_criterion(follower_book(pilot->people[0]));
    while (r == 0 && pilot->people_count < unattended_people(follower_book(pilot->people[0])) &&
           pilot->people_count < PEOPLE_MAX) {
        size_t n = pilot->people_count + 1;

        options =
            (struct follower_options){ n == 2 ? pilot->options->second
                                              : arena_format(arena, "%s-%zu", pilot->options->second, n),
                                       pilot->options->others, true, NULL };
        r = follower_open(&pilot->loop, dir, &options, &quiet, pilot, &pilot->people[n - 1], err);
        pilot->people_count += r == 0;
    }
    return r;
}

static void begin(struct autopilot *pilot, const struct autopilot_options *options,
                  struct unattended_operator *mover)
{
    int64_t now_us = clock_now().boot_us;

    memset(pilot, 0, sizeof(*pilot));
    unattended_init(mover, &options->plan);
    pilot->options = options;
    pilot->mover = mover;
    pilot->result = 1;
    pilot->quiet_since_us = now_us;
    pilot->limit_boot_us = now_us + options->limit_us;
    uv_loop_init(&pilot->loop);
    uv_timer_init(&pilot->loop, &pilot->tick);
    uv_check_init(&pilot->loop, &pilot->check);
    pilot->tick.data = pilot->check.data = pilot;
}

int autopilot_drive(const char *dir, const struct autopilot_options *options, struct unattended_operator *ret,
                    struct err *err)
{
    struct arena *arena = arena_create();
    struct autopilot pilot;
    int r;

    begin(&pilot, options, ret);
    r = join(&pilot, dir, arena, err);
    if (r == 0) {
        uv_timer_start(&pilot.tick, on_tick, TICK_MS, TICK_MS);
        uv_check_start(&pilot.check, on_check);
        while (pilot.result > 0)
            (void)uv_run(&pilot.loop, UV_RUN_DEFAULT);
        r = pilot.result;
        if (r < 0)
            *err = pilot.err;
    }
    for (size_t i = 0; i < pilot.people_count; i++)
        follower_close(pilot.people[i]);
    uv_close((uv_handle_t *)&pilot.tick, NULL);
    uv_close((uv_handle_t *)&pilot.check, NULL);
    uv_run(&pilot.loop, UV_RUN_DEFAULT); /* what was closed is freed */
    (void)uv_loop_close(&pilot.loop);
    arena_destroy(arena);
    return r;
}
