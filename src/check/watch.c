/* What is watched: monitors, triggers, targets, replicas. */
#include "checking.h"

#include "base/text.h"

/* ---- triggers ---- */

/* Any at all: one sample of a counter of violations says enough. */
static bool counts_any(const struct condition *when)
{
    return (when->is == IS_GREATER && when->value <= 0) ||
           (when->is == IS_GREATER_EQUAL && when->value <= 1) || when->is == IS_NOT_EQUAL;
}

static void look_at_windows(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->trigger_count; i++) {
        const struct trigger *trigger = &c->book->triggers[i];
        if (trigger->when.for_us == 0 && !counts_any(&trigger->when))
            found(c, rule, at_line(trigger->line, trigger->column),
                  "trigger \"%s\" fires on a single sample: it has no \"for\"", trigger->id);
    }
}

/* ---- who uses what ---- */

struct uses {
    bool *monitors, *targets;
};

static void use_target(const struct uses *uses, size_t target)
{
    if (target != BOOK_NONE)
        uses->targets[target] = true;
}

static void use_query(const struct uses *uses, const struct query *query)
{
    if (!query_is_there(query))
        return;
    use_target(uses, query->target);
    if (query->expect.kind == EXPECT_EQUALS && query->expect.other)
        use_target(uses, query->expect.other->target);
}

static void use_condition(const struct uses *uses, const struct condition *condition)
{
    if (condition->monitor != BOOK_NONE && condition->name)
        uses->monitors[condition->monitor] = true;
}

static void use_work(const struct uses *uses, const struct step *work)
{
    size_t condition_count;
    const struct condition *conditions = step_conditions(work, &condition_count);
    use_target(uses, work->target);
    use_query(uses, &work->query);
    use_query(uses, &work->probe);
    use_query(uses, &work->generate);
    if (work->each)
        use_query(uses, &work->each->query);
    if (work->compare) {
        use_target(uses, work->compare->left);
        use_target(uses, work->compare->right);
    }
    for (size_t i = 0; i < condition_count; i++)
        use_condition(uses, &conditions[i]);
    for (size_t i = 0; i < work->until_count; i++)
        use_query(uses, &work->until_queries[i]);
    if (work->kind == STEP_WAIT && work->until_count == 0)
        use_condition(uses, &work->until);
    for (size_t i = 0; i < work->rollback_count; i++)
        use_work(uses, &work->rollback[i]);
}

static struct uses uses_of(struct checking *c)
{
    const struct book *book = c->book;
    struct uses uses = { arena_array(c->arena, book->monitor_count + 1, sizeof(bool)),
                         arena_array(c->arena, book->target_count + 1, sizeof(bool)) };
    for (size_t i = 0; i < book->step_count; i++)
        use_work(&uses, &book->steps[i]);
    for (size_t i = 0; i < book->trigger_count; i++)
        use_condition(&uses, &book->triggers[i].when);
    for (size_t i = 0; i < book->gate_count; i++) {
        for (size_t k = 0; k < book->gates[i].criterion_count; k++)
            use_condition(&uses, &book->gates[i].criteria[k].when);
    }
    for (size_t i = 0; i < book->monitor_count; i++)
        use_target(&uses, book->monitors[i].target);
    return uses;
}

/* Lag, locks, transactions and progress have panes: to be seen is a use. */
static void look_at_monitors(struct checking *c, const struct check_rule *rule)
{
    struct uses uses = uses_of(c);
    for (size_t i = 0; i < c->book->monitor_count; i++) {
        const struct monitor_def *monitor = &c->book->monitors[i];
        bool has_pane = monitor->kind != MONITOR_QUERY && monitor->kind != MONITOR_HTTP;
        if (!uses.monitors[i] && !has_pane)
            found(c, rule, at_line(monitor->line, monitor->column),
                  "monitor \"%s\" is used by no gate, trigger, wait or throttle", monitor->id);
    }
}

static void look_at_targets(struct checking *c, const struct check_rule *rule)
{
    struct uses uses = uses_of(c);
    for (size_t i = 0; i < c->book->target_count; i++) {
        const struct target *target = &c->book->targets[i];
        if (!uses.targets[i] && target->role != TARGET_REPLICA)
            found(c, rule, at_line(target->line, target->column),
                  "target \"%s\" is used by no step and no monitor", target->id);
    }
}

/* ---- replicas ---- */

static size_t replicas_said(const struct checking *c, struct place *place)
{
    const struct json *topology = json_member(json_member(c->book->source, "environment"), "topology");
    const struct json *count = json_member(topology, "replicas");
    if (!count || !count->integer || count->number <= 0)
        return 0;
    *place = at_line(count->line, count->column);
    return (size_t)count->number;
}

static void look_at_replicas(struct checking *c, const struct check_rule *rule)
{
    struct uses uses = uses_of(c);
    struct place place = at_book(c, NULL);
    size_t said = replicas_said(c, &place), watched = 0;
    for (size_t i = 0; i < c->book->target_count; i++) {
        const struct target *target = &c->book->targets[i];
        if (target->role != TARGET_REPLICA)
            continue;
        watched += uses.targets[i];
        if (!uses.targets[i])
            found(c, rule, at_line(target->line, target->column),
                  "no step and no monitor looks at the replica \"%s\"", target->id);
    }
    /* A lag monitor of a primary sees every replica that is connected to it. */
    for (size_t i = 0; i < c->book->monitor_count; i++) {
        const struct monitor_def *monitor = &c->book->monitors[i];
        if (monitor->kind == MONITOR_LAG && monitor->target != BOOK_NONE &&
            c->book->targets[monitor->target].role != TARGET_REPLICA)
            return;
    }
    if (watched < said)
        found(c, rule, place, "the topology has %zu replica%s, and steps and monitors look at %zu", said,
              said == 1 ? "" : "s", watched);
}

/* ---- replicas that are asked too early ---- */

/* Whether it ends only when something of the replica, or of how far it is behind, is as it should be. */
static bool waits_for(const struct book *book, const struct step *step, size_t replica)
{
    size_t monitor = step->kind == STEP_WAIT && step->until_count == 0 ? step->until.monitor : BOOK_NONE;
    for (size_t i = 0; step->kind == STEP_WAIT && i < step->until_count; i++) {
        if (step->until_queries[i].target == replica)
            return true;
    }
    return monitor != BOOK_NONE && (book->monitors[monitor].target == replica ||
                                    book->monitors[monitor].target == book->targets[replica].of);
}

/* The newest step before `step` that changes the replica's primary and that nothing has waited for. */
static const struct step *change_before(const struct book *book, size_t step, size_t replica)
{
    while (step-- > 0) {
        const struct step *before = &book->steps[step];
        size_t gate =
            before->phase != book->steps[step + 1].phase ? book->phases[before->phase].gate : BOOK_NONE;
        if (waits_for(book, before, replica) || gate != BOOK_NONE)
            return NULL;
        if (step_kind_changes(before->kind) && before->target == book->targets[replica].of)
            return before;
    }
    return NULL;
}

static bool is_replica(const struct book *book, size_t target)
{
    return target != BOOK_NONE && book->targets[target].role == TARGET_REPLICA &&
           book->targets[target].of != BOOK_NONE;
}

static void look_at_haste(struct checking *c, const struct check_rule *rule)
{
    const struct book *book = c->book;
    for (size_t i = 0; i < book->step_count; i++) {
        const struct step *step = &book->steps[i];
        bool asks = step->kind == STEP_VERIFY && is_replica(book, step->query.target);
        const struct step *change = asks ? change_before(book, i, step->query.target) : NULL;
        if (change)
            found(c, rule, at_work(step), "it asks \"%s\" once, which may not have yet what \"%s\" changed",
                  book->targets[step->query.target].id, change->id);
        else if (query_is_there(&step->probe) && is_replica(book, step->probe.target) &&
                 book->targets[step->probe.target].of == step->target)
            found(c, rule, at_field(c, step, "done_when"),
                  "it asks \"%s\" once, which may not have yet what the step changed",
                  book->targets[step->probe.target].id);
    }
}

#define TRIGGER(rest)                                                                                        \
    "{ \"triggers\": [ { \"id\": \"lag-runaway\", \"then\": \"hold\", \"propose\": \"rollback\", \"when\": " \
    "{ "                                                                                                     \
    "\"metric\": \"lag.seconds\", \"is\": \">\", \"value\": 60" rest " } } ] }"
#define TARGETS(more)                                                                                        \
    "{ \"targets\": { \"primary\": { \"engine\": \"postgresql\", \"version\": \"15\", \"role\": "            \
    "\"primary\" }, "                                                                                        \
    "\"replica\": { \"engine\": \"postgresql\", \"version\": \"15\", \"role\": \"replica\", \"of\": "        \
    "\"primary\" }" more " } }"
#define MONITORS(more)                                                                                       \
    "{ \"monitors\": [ { \"id\": \"lag\", \"kind\": \"lag\", \"target\": \"replica\" }, { \"id\": "          \
    "\"locks\", "                                                                                            \
    "\"kind\": \"locks\", \"target\": \"primary\" }" more " ] }"

#define SEEN                                                                                                 \
    "\"target\": \"replica\", \"sql\": \"SELECT to_regclass('t') IS NOT NULL\", \"expect\": { \"value\": "   \
    "true }"
#define ON_REPLICA(step)                                                                                     \
    "{ \"id\": \"change\", \"kind\": \"expand\", \"title\": \"Change\", \"steps\": [ { \"id\": \"make\", "   \
    "\"kind\": \"sql\", \"target\": \"primary\", \"sql\": \"CREATE TABLE t (id int)\", \"lock_timeout\": "   \
    "\"1s\", \"statement_timeout\": \"5s\", \"estimate\": \"1s\", \"done_when\": { \"sql\": \"SELECT "       \
    "to_regclass('t') IS NOT NULL\" }, \"rollback\": [ { \"kind\": \"sql\", \"sql\": \"DROP TABLE t\", "     \
    "\"lock_timeout\": \"1s\", \"statement_timeout\": \"5s\", \"estimate\": \"1s\" } ] }, " step " ] }"

const struct topic_rule watch_rules[] = {
    { { .code = "trigger-without-duration",
        .severity = CHECK_WARNING,
        .title = "a trigger fires on a single sample",
        .text = "One slow answer holds the run in the middle of the cutover, and after the third time "
                "somebody takes the trigger out.",
        .safe_form = "Say for how long it must hold: \"for\": \"30s\".",
        .bad = TRIGGER(""),
        .good = TRIGGER(", \"for\": \"30s\"") },
      look_at_windows },
    { { .code = "monitor-unused",
        .severity = CHECK_WARNING,
        .title = "a monitor is asked and nobody listens",
        .text = "The number that would have said it is in the trail, and nothing acted on it.",
        .safe_form = "Use its metric in a gate, a trigger, a wait or a throttle, or take it out.",
        .bad = MONITORS(", { \"id\": \"errors\", \"kind\": \"query\", \"target\": \"primary\", \"sql\": "
                        "\"SELECT count(*) FROM errors\" }"),
        .good = MONITORS("") },
      look_at_monitors },
    { { .code = "target-unused",
        .severity = CHECK_WARNING,
        .title = "a target is used by no step and no monitor",
        .text =
            "Somebody meant to do something there. The run connects to it, checks it, and leaves it alone.",
        .safe_form = "Use it, or take it out.",
        .bad = TARGETS(", \"reports\": { \"engine\": \"postgresql\", \"version\": \"15\", \"role\": "
                       "\"primary\" }"),
        .good = TARGETS("") },
      look_at_targets },
    { { .code = "replica-unwatched",
        .severity = CHECK_WARNING,
        .title = "a replica that no step and no monitor looks at",
        .text = "What is verified on the primary is not yet on the replica: reads there fail, or a failover "
                "loses what it has not seen.",
        .safe_form = "Name it as a target, watch its lag, and verify on it too.",
        .bad = "{ \"environment\": { \"topology\": { \"primaries\": 1, \"replicas\": 2 } } }",
        .good = "{ \"environment\": { \"topology\": { \"primaries\": 1, \"replicas\": 1 } } }" },
      look_at_replicas },
    { { .code = "replica-asked-once",
        .severity = CHECK_WARNING,
        .title = "what was just changed is asked of a replica, once",
        .text =
            "It is there a moment later. In staging the moment is too short to be noticed; with a primary "
            "under load the step fails, and holds a run in which nothing is wrong.",
        .safe_form = "Make it a \"wait\" with \"all\" and a timeout, or put a gate before it.",
        .bad = ON_REPLICA("{ \"id\": \"seen\", \"kind\": \"verify\", " SEEN ", \"estimate\": \"1s\" }"),
        .good = ON_REPLICA("{ \"id\": \"seen\", \"kind\": \"wait\", \"all\": [ { " SEEN
                           " } ], \"timeout\": \"1m\", \"estimate\": \"1s\" }") },
      look_at_haste },
    { { .code = NULL }, NULL },
};
