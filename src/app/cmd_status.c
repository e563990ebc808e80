#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/text.h"
#include "cmd.h"
#include "follower.h"
#include "lines.h"
#include "past.h"
#include "status.h"

struct looking {
    uv_loop_t loop;
    struct follower *follower;
    bool json, follow;
    char awaited[ERR_MESSAGE_MAX]; /* what a wait was told to lack last */
    bool halted;
    char halted_why[ERR_MESSAGE_MAX];
    int result;
    struct err err;
};

static void print_json_event(const struct event *event)
{
    struct json_writer w;
    struct buf line;

    buf_init(&line, LINK_LINE_MAX);
    json_write_init(&w, &line);
    json_open(&w, NULL);
    event_write(&w, event);
    json_close(&w);
    puts(buf_str(&line));
    buf_finish(&line);
}

/* Samples come every second and would drown what happens; a program that wants all says --json. What a wait
 * lacks is told again and again, for screens that come later. */
static bool is_worth_a_line(struct looking *looking, const struct event *event)
{
    char now[ERR_MESSAGE_MAX];

    if (event->type != EVENT_STEP_AWAITED)
        return event_is_record(event->type);
    /* Cut, it still differs from another one where it matters. */
    (void)snprintf(now, sizeof(now), "%s %lld %s", event->subject, (long long)event->progress.rows,
                   event->text ? event->text : "");
    if (text_equal(now, looking->awaited))
        return false;
    memcpy(looking->awaited, now, sizeof(now));
    return true;
}

static void on_event(void *data, const struct event *event, bool backlog)
{
    struct looking *looking = data;

    /* What comes with the end of the backlog is for who follows. */
    if (backlog || !looking->follow)
        return;
    if (looking->json)
        print_json_event(event);
    else if (is_worth_a_line(looking, event))
        print_event_line(event);
    (void)fflush(stdout);
}

static void on_live(void *data)
{
    struct looking *looking = data;

    const struct run *run = follower_run(looking->follower);
    struct standing standing = { clock_now(), run->last_seq, true,
                                 looking->halted ? looking->halted_why : NULL };

    (looking->json ? status_print_json : status_print_text)(run, &standing);
    (void)fflush(stdout);
    if (!looking->follow)
        uv_stop(&looking->loop);
}

static void print_json_halt(const char *why)
{
    struct json_writer w;
    struct buf line;

    buf_init(&line, LINK_LINE_MAX);
    json_write_init(&w, &line);
    json_open(&w, NULL);
    json_put_text(&w, "halted", why);
    json_close(&w);
    puts(buf_str(&line));
    buf_finish(&line);
}

static void print_text_halt(const char *why)
{
    struct buf shown;

    buf_init(&shown, LINK_LINE_MAX);
    text_visible(&shown, why, strlen(why), false);
    printf("HALTED   %s\n", buf_str(&shown));
    buf_finish(&shown);
}

static void on_halt(void *data, const char *text)
{
    struct looking *looking = data;

    /* Cut at the size of a message. */
    (void)snprintf(looking->halted_why, sizeof(looking->halted_why), "%s", text);
    looking->halted = true;
    looking->result = err_set(&looking->err, ERR_IO, "HALTED, nothing new is done: %s", text);
    if (!follower_is_live(looking->follower))
        return; /* the status will tell */
    (looking->json ? print_json_halt : print_text_halt)(text);
    (void)fflush(stdout);
}

static void on_lost(void *data, const char *why)
{
    struct looking *looking = data;

    if (!looking->halted && follower_run(looking->follower)->closed == CHOICE_NONE)
        looking->result = err_set(&looking->err, ERR_CLOSED, "the runner went away: %s", why);
    uv_stop(&looking->loop);
}

static int look_live(const char *dir, bool json, bool follow, struct err *err)
{
    static const struct follower_events events = {
        .event = on_event, .live = on_live, .halt = on_halt, .lost = on_lost
    };
    struct follower_options options = { "status", WIRE_FOLLOWER, true, NULL };
    struct looking looking;
    int r;

    memset(&looking, 0, sizeof(looking));
    looking.json = json;
    looking.follow = follow;
    uv_loop_init(&looking.loop);
    r = follower_open(&looking.loop, dir, &options, &events, &looking, &looking.follower, err);
    if (r == 0) {
        uv_run(&looking.loop, UV_RUN_DEFAULT);
        follower_close(looking.follower);
        r = looking.result;
        if (r < 0)
            *err = looking.err;
    }
    uv_run(&looking.loop, UV_RUN_DEFAULT); /* what was closed is freed */
    (void)uv_loop_close(&looking.loop);
    return r;
}

static int look_past(struct arena *arena, const struct rundir_entry *entry, bool json, struct err *err)
{
    struct past past;
    struct standing standing = { .now = clock_now() };
    int r = past_read(arena, entry, &past, err);

    if (r < 0)
        return r;
    standing.seq = past.seq;
    (json ? status_print_json : status_print_text)(past.run, &standing);
    past_finish(&past);
    return 0;
}

int cmd_status(int argc, char **argv)
{
    struct arena *arena = arena_create();
    bool json = false, follow = false;
    const struct option_row options[] = { { "--json", OPTION_FLAG, &json },
                                          { "--follow", OPTION_FLAG, &follow },
                                          { NULL, OPTION_FLAG, NULL } };
    struct arguments arguments;
    struct rundir_entry entry;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 0, 1, "status", &err);
    if (r == 0)
        r = rundir_find(arena, arguments.count > 0 ? arguments.list[0] : NULL, arguments.count == 0, &entry,
                        &err);
    if (r == 0)
        r = entry.live ? look_live(entry.dir, json, follow, &err) : look_past(arena, &entry, json, &err);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
