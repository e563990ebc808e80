/* Gates that nobody can satisfy, as far as the criteria alone say it; the rest the engine finds (walk.c). */
#include "checking.h"

static void look_at_gate(struct checking *c, const struct check_rule *rule, const struct gate *gate)
{
    const struct condition **all = arena_array(c->arena, gate->criterion_count + 1, sizeof(*all));
    const struct condition *against;
    size_t count;
    struct buf buf;
    for (size_t i = 0; i < gate->criterion_count; i++)
        all[i] = &gate->criteria[i].when;
    if (values_for(c->arena, c->book, all, gate->criterion_count, &count, &against))
        return;
    buf_init(&buf, ERR_MESSAGE_MAX);
    condition_text(&buf, against);
    found(c, rule, at_gate(c, gate), "gate \"%s\": %s never has a value that meets every criterion on it: %s",
          gate->id, against->name, buf_str(&buf));
    buf_finish(&buf);
}

static void look_at_criteria(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->gate_count; i++)
        look_at_gate(c, rule, &c->book->gates[i]);
}

#define GATE(criteria)                                                                                       \
    "{ \"id\": \"go\", \"votes\": [ \"operator\", \"reviewer\" ], \"criteria\": [ " criteria " ] }"

const struct topic_rule gate_rules[] = {
    { { .code = "gate-contradiction",
        .severity = CHECK_ERROR,
        .title = "criteria of a gate that cannot hold at once",
        .text =
            "The gate is never GO. Everybody waits for a number that cannot come, and then it is overridden "
            "by habit.",
        .safe_form = "Take out the criterion that is wrong.",
        .bad = GATE("{ \"metric\": \"lag.seconds\", \"is\": \">\", \"value\": 5 }, { \"metric\": "
                    "\"lag.seconds\", \"is\": \"<\", \"value\": 1 }"),
        .good = GATE("{ \"metric\": \"lag.seconds\", \"is\": \"<\", \"value\": 1 }") },
      look_at_criteria },
    { { .code = NULL }, NULL },
};
