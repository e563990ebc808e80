/*
 * A tape shows at each place what a screen showed that was there all the time, from wherever one comes.
 */
#include "../ui/unit.h"

#include "app/tape.h"
#include "../ui/scene.h"

#define ROWS    40
#define COLUMNS 120

static const char wrote[] = "so many rows\nand no errors\n";

struct player {
    struct scene *scene; /* where the events come from */
    struct ui *ui;
    struct tape *tape;
    struct canvas canvas;
};

static void player_make(struct player *player, const char *moment, bool output)
{
    static const struct ui_options options = { .me = "", .replay = true };
    player->scene = moment_play(moment, false);
    assert_true(player->scene->event_count > 0 && player->scene->event_count < SCENE_EVENTS_MAX);
    player->ui = ui_create(&options);
    player->tape = tape_create(player->scene->book, player->ui);
    canvas_init(&player->canvas);
    canvas_resize(&player->canvas, ROWS, COLUMNS);
    for (size_t i = 0; i < player->scene->event_count; i++) {
        const struct event *event = player->scene->events[i];
        if (output && event->type == EVENT_STEP_ENDED)
            tape_add_output(player->tape, event->subject, wrote);
        tape_add_event(player->tape, event);
    }
}

static void player_finish(struct player *player)
{
    tape_destroy(player->tape);
    ui_destroy(player->ui);
    canvas_finish(&player->canvas);
    scene_destroy(player->scene);
}

static const char *text_of(struct player *player, struct ui *ui, struct instant now)
{
    struct buf text;
    ui_draw(ui, &player->canvas, now);
    buf_init(&text, 1024 * 1024);
    canvas_text(&player->canvas, &text);
    const char *copy = arena_text(player->scene->arena, buf_str(&text));
    buf_finish(&text);
    return copy;
}

static const char *look(struct player *player)
{
    return text_of(player, player->ui, tape_when(player->tape, tape_place(player->tape)));
}

/* What a screen shows that is there all the time, at each place. */
static const char **shown_at(struct player *player)
{
    static const struct ui_options options = { .me = "", .replay = true };
    size_t place = 0;
    const char **ret = arena_array(player->scene->arena, tape_count(player->tape) + 1, sizeof(*ret));
    struct ui *ui = ui_create(&options);
    struct run *run = run_create(player->scene->book);
    ui_rewind(ui, run);
    ret[0] = text_of(player, ui, tape_when(player->tape, 0));
    for (size_t i = 0; i < player->scene->event_count; i++) {
        const struct event *event = player->scene->events[i];
        if (event->type == EVENT_STEP_ENDED) {
            ui_output(ui, event->subject, wrote, strlen(wrote));
            place++;
            ret[place] = text_of(player, ui, tape_when(player->tape, place));
        }
        assert_int_equal(run_apply(run, event, NULL), 0);
        ui_event(ui, event, true);
        place++;
        ret[place] = text_of(player, ui, tape_when(player->tape, place));
    }
    assert_int_equal(place, tape_count(player->tape));
    ui_destroy(ui);
    run_destroy(run);
    return ret;
}

static void go(struct player *player, size_t place)
{
    struct err err = ERR_INIT;
    if (tape_seek(player->tape, place, &err) < 0)
        fail_msg("place %zu: %s", place, err.message);
    assert_int_equal(tape_place(player->tape), place);
}

static void test_every_place(void **state)
{
    static const char *const moments[] = { "rolling-back", "unknown", "trigger", "through" };
    (void)state;
    for (size_t m = 0; m < sizeof(moments) / sizeof(moments[0]); m++) {
        struct player player;
        player_make(&player, moments[m], true);
        size_t count = tape_count(player.tape), at = count;
        const char **shown = shown_at(&player);
        for (size_t i = 0; i <= count; i++) {
            go(&player, i);
            assert_string_equal(look(&player), shown[i]);
        }
        /* Places in an order that comes to all of them: the step has no divisor in common with any count. */
        for (size_t i = 0; i <= count; i++) {
            at = (at + 100003) % (count + 1);
            go(&player, at);
            assert_string_equal(look(&player), shown[at]);
        }
        go(&player, count);
        assert_int_equal(tape_run(player.tape)->last_seq, player.scene->run->last_seq);
        assert_int_equal(run_state(tape_run(player.tape)), run_state(player.scene->run));
        player_finish(&player);
    }
}

/* The panes are those that a screen had that was there. */
static void test_as_it_was(void **state)
{
    (void)state;
    struct player player;
    player_make(&player, "rolling-back", false);
    struct scene *watched = moment_replay("rolling-back", false);
    go(&player, tape_count(player.tape));
    ui_draw(player.ui, &player.canvas, player.scene->now);
    (void)scene_draw(watched, ROWS, COLUMNS);
    /* All but the line that says where the replay stands. Its last event there is a sample, so nothing came
     * after. */
    for (int row = 0; row < ROWS - 2; row++) {
        for (int column = 0; column < COLUMNS; column++) {
            const struct cell *got = &player.canvas.cells[row * COLUMNS + column];
            const struct cell *want = &watched->canvas.cells[row * COLUMNS + column];
            if (got->rune != want->rune || got->style != want->style)
                fail_msg("row %d, column %d differs\n%s\n%s", row, column, look(&player),
                         scene_draw(watched, ROWS, COLUMNS));
        }
    }
    scene_destroy(watched);
    player_finish(&player);
}

static enum event_type before(const struct player *player, size_t place)
{
    size_t output = 0;
    /* Pieces of output stand before the end of their step. */
    for (size_t i = 0; i + output < place; i++) {
        output += player->scene->events[i]->type == EVENT_STEP_ENDED;
        if (i + output + 1 == place)
            return player->scene->events[i]->type;
    }
    fail_msg("no event before place %zu", place);
    return EVENT_TYPE_COUNT;
}

static void test_find(void **state)
{
    (void)state;
    struct player player;
    player_make(&player, "rolling-back", true);
    struct tape *tape = player.tape;
    size_t decisions = 0, place, last = 0;
    go(&player, 0);
    assert_int_equal(tape_find(tape, UI_REPLAY_RECORD, NULL, -1), NO_PLACE);
    while ((place = tape_find(tape, UI_REPLAY_DECISION, NULL, 1)) != NO_PLACE) {
        assert_true(place > last);
        last = place;
        decisions++;
        go(&player, place);
    }
    assert_int_equal(before(&player, last), EVENT_ROLLBACK_STARTED);
    while ((place = tape_find(tape, UI_REPLAY_DECISION, NULL, -1)) != NO_PLACE) {
        assert_true(place < last);
        last = place;
        decisions--;
        go(&player, place);
    }
    assert_int_equal(decisions, 1); /* the last one was there already on the way back */
    place = tape_find(tape, UI_REPLAY_FAILURE, NULL, 1);
    assert_true(place != NO_PLACE);
    assert_int_equal(before(&player, place), EVENT_STEP_ENDED);
    place = tape_find(tape, UI_REPLAY_RECORD, "DOES NOT EXIST", 1);
    assert_true(place != NO_PLACE && before(&player, place) == EVENT_STEP_ENDED);
    assert_int_equal(tape_find(tape, UI_REPLAY_RECORD, "no such words", 1), NO_PLACE);
    assert_int_equal(tape_find(tape, UI_REPLAY_TRIGGER, NULL, 1), NO_PLACE);
    player_finish(&player);
}

static void test_places(void **state)
{
    (void)state;
    struct player player;
    player_make(&player, "rolling-back", true);
    struct tape *tape = player.tape;
    uint64_t last = player.scene->run->last_seq;
    for (uint64_t seq = 1; seq <= last; seq++) {
        go(&player, tape_after(tape, seq));
        assert_int_equal(tape_run(tape)->last_seq, seq);
    }
    assert_int_equal(tape_after(tape, last + 7), tape_count(tape));
    for (size_t i = 1; i <= tape_count(tape); i++) {
        size_t by = tape_by(tape, tape_time(tape, i));
        assert_true(by >= i && tape_time(tape, by) == tape_time(tape, i));
        assert_true(tape_time(tape, i) >= tape_time(tape, i - 1));
    }
    assert_int_equal(tape_by(tape, -1), 0);
    assert_int_equal(tape_at_wall(tape, 0), 1);
    assert_int_equal(tape_at_wall(tape, INT64_MAX), tape_count(tape));
    player_finish(&player);
}

/* Somebody sets the clock back by an hour, then the machine is started anew: time goes on as it passed. */
static void test_clocks(void **state)
{
    static const struct {
        int64_t wall_s, boot_s, time_s;
    } cases[] = { { 10000, 500, 0 }, { 10010, 510, 10 }, { 6415, 515, 15 },
                  { 6420, 520, 20 }, { 6480, 7, 80 },    { 6485, 12, 85 } };
    (void)state;
    struct player player;
    player_make(&player, "opened", false);
    struct tape *tape = tape_create(player.scene->book, player.ui);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event event = { .type = EVENT_CHECK_SENSED,
                               .at = { cases[i].wall_s * SECOND_US, cases[i].boot_s * SECOND_US } };
        tape_add_event(tape, &event);
        assert_int_equal(tape_time(tape, i + 1), cases[i].time_s * SECOND_US);
        assert_int_equal(tape_when(tape, i + 1).wall_us, cases[i].wall_s * SECOND_US);
    }
    assert_int_equal(tape_by(tape, 17 * SECOND_US), 3);
    tape_destroy(tape);
    player_finish(&player);
}

/* A record that cannot have happened ends it; what came before is still there. */
static void test_damaged(void **state)
{
    (void)state;
    struct player player;
    struct err err = ERR_INIT;
    player_make(&player, "rolling-back", true);
    size_t count = tape_count(player.tape);
    struct event impossible = *player.scene->events[0];
    impossible.seq = player.scene->run->last_seq + 1;
    tape_add_event(player.tape, &impossible);
    tape_add_event(player.tape, player.scene->events[0]);
    assert_int_equal(tape_seek(player.tape, count + 2, &err), ERR_CORRUPT);
    assert_int_equal(tape_place(player.tape), count);
    assert_int_equal(tape_count(player.tape), count);
    go(&player, count - 1);
    player_finish(&player);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_place), cmocka_unit_test(test_as_it_was), cmocka_unit_test(test_find),
        cmocka_unit_test(test_places),      cmocka_unit_test(test_clocks),    cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
