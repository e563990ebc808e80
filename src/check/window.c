/* What the engine says of the book when it is carried out in time that is made up. */
#include "walk.h"

#include "base/text.h"

enum { RULE_STUCK, RULE_GATE_CLOSED, RULE_TOO_LONG, RULE_NO_WAY_BACK };

struct look {
    struct checking *c;
    bool late; /* said already: all later steps are late too */
};

static void look_at_step(void *data, const struct walk *walk, size_t step)
{
    struct look *look = data;
    struct checking *c = look->c;
    struct clocks clocks;
    if (look->late || c->book->window_us == 0)
        return;
    run_clocks(walk->run, walk->now, &clocks);
    if (clocks.passed_no_return != BOOK_NONE || clocks.rollback_us == 0 || clocks.safe_left_us >= 0)
        return;
    look->late = true;
    found(
        c, &walk_rules[RULE_NO_WAY_BACK].told, at_work(&c->book->steps[step]),
        "when \"%s\" is done, %s of the window of %s are over, and undoing what has run takes %s: the latest "
        "safe decision was %s before",
        c->book->steps[step].id, spelt(c, clocks.run_us), spelt(c, c->book->window_us),
        spelt(c, clocks.rollback_us + c->book->margin_us), spelt(c, -clocks.safe_left_us));
}

/* False: it cannot go on from here. */
static bool pass_gate(struct checking *c, struct walk *walk, size_t phase)
{
    size_t index = c->book->phases[phase].gate;
    int r = index == BOOK_NONE ? 0 : walk_gate(walk, &c->book->gates[index]);
    if (r < 0 && r != ERR_INVALID) /* that was said by gate-contradiction */
        found(c, &walk_rules[RULE_GATE_CLOSED].told, at_gate(c, &c->book->gates[index]),
              "gate \"%s\" never becomes GO: %s", c->book->gates[index].id, walk->err.message);
    return r == 0;
}

static void look_at_length(struct checking *c, const struct walk *walk)
{
    struct clocks clocks;
    run_clocks(walk->run, walk->now, &clocks);
    if (c->book->window_us > 0 && clocks.run_us > c->book->window_us)
        found(c, &walk_rules[RULE_TOO_LONG].told, at_book(c, "window"),
              "by the upper ends of its estimates the book takes %s, and the window is %s long",
              spelt(c, clocks.run_us), spelt(c, c->book->window_us));
}

static void look_by_walking(struct checking *c, const struct check_rule *rule)
{
    struct look look = { .c = c };
    struct walk *walk = arena_alloc(c->arena, sizeof(*walk));
    int r = walk_open(walk, c->arena, c->book);
    bool on = r == 0;
    for (size_t i = 0; on && i < c->book->phase_count; i++) {
        r = walk_phase(walk, i, look_at_step, &look);
        if (r < 0)
            found(c, rule, at_work(&c->book->steps[walk->at]), "step \"%s\" is never carried out: %s",
                  c->book->steps[walk->at].id, walk->err.message);
        on = r == 0 && pass_gate(c, walk, i);
    }
    if (on)
        look_at_length(c, walk);
    walk_close(walk);
}

#define PHASES(steps, gate)                                                                                  \
    "{ \"phases\": [ { \"id\": \"before\", \"kind\": \"preflight\", \"title\": \"Before\", \"steps\": "      \
    "[ " steps " ], \"gate\": " gate " } ] }"
#define BACKUP "{ \"id\": \"backup-age\", \"kind\": \"check\", \"by\": \"reviewer\" }"
#define VOTES  "\"id\": \"go\", \"votes\": [ \"operator\", \"reviewer\" ]"
#define LONG_STEP(there, back)                                                                               \
    "{ \"id\": \"s\", \"kind\": \"manual\", \"instructions\": \"On.\", \"estimate\": \"" there               \
    "\", \"rollback\": [ { \"kind\": \"manual\", \"instructions\": \"Off.\", \"estimate\": \"" back          \
    "\" } ] }"

#define WAIT(is, value)                                                                                      \
    "{ \"id\": \"s\", \"kind\": \"wait\", \"timeout\": \"1m\", \"estimate\": \"1s\", \"until\": { "          \
    "\"metric\": "                                                                                           \
    "\"lag.seconds\", \"is\": \"" is "\", \"value\": " value " } }"

const struct topic_rule walk_rules[] = {
    [RULE_STUCK] = { { .code = "step-unreachable",
                       .severity = CHECK_ERROR,
                       .title = "a step that nobody can carry out",
                       .text =
                           "The engine refuses it although everything before it went well, or it waits for "
                           "what holds the run: on the night the run stands there.",
                       .safe_form = "Do what the refusal says.",
                       .bad = WAIT(">", "100"),
                       .good = WAIT("<", "1") },
                     look_by_walking },
    [RULE_GATE_CLOSED] = { { .code = "gate-impossible",
                             .severity = CHECK_ERROR,
                             .title = "a gate that nobody can satisfy",
                             .text =
                                 "With every person there and the best numbers the engine says no: a trigger "
                                 "fires on what the gate asks for, or a vote is refused.",
                             .safe_form = "Do what the refusal says.",
                             .bad =
                                 PHASES(BACKUP, "{ " VOTES ", \"criteria\": [ { \"metric\": \"lag.seconds\", "
                                                "\"is\": \">\", \"value\": 100 } ] }"),
                             .good = PHASES(BACKUP, "{ " VOTES ", \"criteria\": [ { \"metric\": "
                                                    "\"lag.seconds\", \"is\": \"<\", \"value\": 1 } ] }") },
                           NULL },
    [RULE_TOO_LONG] = { { .code = "window-too-short",
                          .severity = CHECK_ERROR,
                          .title = "the estimates do not fit into the window",
                          .text = "The users come back while the work goes on.",
                          .safe_form = "Move work before or after the window, or ask for a longer one.",
                          .bad = LONG_STEP("3h", "1s"),
                          .good = LONG_STEP("30m", "10m") },
                        NULL },
    [RULE_NO_WAY_BACK] = { { .code = "rollback-past-window",
                             .severity = CHECK_ERROR,
                             .title = "the way back does not fit into what is left of the window",
                             .text =
                                 "The latest safe decision has passed before anybody could know that it was "
                                 "needed: from there on a rollback ends after the window.",
                             .safe_form =
                                 "Put what can fail earlier, shorten the way back, or ask for a longer "
                                 "window.",
                             .bad = LONG_STEP("1h", "90m"),
                             .good = LONG_STEP("30m", "30m") },
                           NULL },
    { { .code = NULL }, NULL },
};
