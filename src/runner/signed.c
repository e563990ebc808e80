#include "runner.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "engine/statement.h"
#include "sign/policy.h"

/* ---- the policy of this run ---- */

static int check_pin(struct runner *runner, struct err *err)
{
    const struct frozen *frozen = runner->options->frozen;
    struct sha256 sha;
    const char *home;
    int r = state_home(runner->arena, &home, err);

    if (r < 0)
        return r;
    sha256_of(frozen->policy_text, frozen->policy_len, &sha);
    return policy_pin(rundir_path(runner->arena, home, "policy.pin"), runner->policy, sha.hex, err);
}

/* The operator is whose key it is, as everybody else. */
static int check_operator(const struct runner *runner, struct err *err)
{
    const char *operator= runner->options->frozen->operator;
    const struct policy_person *person;

    if (!runner->operator_key)
        return err_set(err, ERR_REFUSED,
                       "this run goes by a policy, so its operator needs a key: begin it with --key FILE");
    person = policy_person_of(runner->policy, runner->operator_key);
    if (!person)
        return err_set(err, ERR_REFUSED, "the key %s is nobody's by the policy", runner->operator_key);
    if (!policy_may(person, "operator"))
        return err_set(err, ERR_REFUSED, "by the policy %s is no operator", person->name);
    if (!runner->options->resume && strcmp(person->name, operator) != 0)
        return err_set(err, ERR_REFUSED, "the key %s is %s's, not %s's", runner->operator_key,
                       person->name, operator);
    return 0;
}

int policy_begin(struct runner *runner, struct err *err)
{
    const struct frozen *frozen = runner->options->frozen;
    struct key_fingerprint fingerprint;
    int r = 0;

    if (runner->options->key)
        r = sign_fingerprint(runner->options->key, &fingerprint, err);
    if (r == 0 && runner->options->key)
        runner->operator_key = arena_text(runner->arena, fingerprint.text);
    if (r < 0 || !frozen->policy_text)
        return r;
    r = policy_read(runner->arena, "the policy", frozen->policy_text, frozen->policy_len, &runner->policy,
                    err);
    /* One that was begun by an older policy goes on by it. */
    if (r == 0 && !runner->options->resume)
        r = check_pin(runner, err);
    return r < 0 ? r : check_operator(runner, err);
}

/* ---- judging ---- */

struct judging {
    struct judging *next;
    struct runner *runner;
    struct arena *arena;
    const char *statement, *signature;
    bool watcher;
    signed_told told; /* NULL: nobody is there any more */
    void *data;
    uv_work_t work;
    struct key_fingerprint by;
    int result;
    struct err err;
};

static void on_work(uv_work_t *work)
{
    struct judging *judging = work->data;

    judging->result = sign_judge(SIGN_DECISION, judging->statement, strlen(judging->statement),
                                 judging->signature, &judging->by, &judging->err);
}

/* Who that is, and whether the policy lets them. */
static int find_person(const struct judging *judging, const struct statement *statement,
                       const struct policy_person **ret, struct err *err)
{
    const struct policy *policy = judging->runner->policy;
    const struct policy_person *person = policy_person_of(policy, judging->by.text);
    bool glass = strcmp(statement->verb, verb_word(VERB_BREAK_GLASS)) == 0;

    if (!person)
        return err_set(err, ERR_REFUSED, "the key %s is nobody's by the policy", judging->by.text);
    if (strcmp(person->name, statement->person) != 0)
        return err_set(err, ERR_REFUSED, "it says to be by %s, and the key is %s's", statement->person,
                       person->name);
    if (glass && !person->break_glass)
        return err_set(err, ERR_REFUSED, "by the policy %s may not break the glass", person->name);
    if (!glass && !policy_may(person, statement->role))
        return err_set(err, ERR_REFUSED, "by the policy %s is no %s", person->name, statement->role);
    *ret = person;
    return 0;
}

static int take(struct judging *judging, enum rule *ret_rule, struct err *err)
{
    struct runner *runner = judging->runner;
    const struct policy_person *person = NULL;
    struct statement statement;
    struct action action;
    int r = statement_read(judging->arena, judging->statement, &statement, err);

    if (r == 0 && clean_text(runner, judging->arena, judging->statement) != judging->statement)
        r = err_set(err, ERR_REFUSED, "a secret stands in it, and it would stand in the trail for ever");
    if (r == 0)
        r = statement_fits(&statement, runner->run, clock_now(), err);
    if (r == 0)
        r = find_person(judging, &statement, &person, err);
    if (r == 0)
        r = statement_action(&statement, &action, err);
    if (r < 0)
        return r;
    action.actor = person->name;
    action.watcher = judging->watcher;
    action.key = judging->by.text;
    action.statement = judging->statement;
    action.signature = judging->signature;
    return runner_act(runner, &action, ret_rule, err);
}

static void on_judged(uv_work_t *work, int status)
{
    struct judging *judging = work->data, **at = &judging->runner->judgings;
    enum rule rule = RULE_COUNT;
    int r = judging->result;

    (void)status; /* never cancelled */
    while (*at != judging)
        at = &(*at)->next;
    *at = judging->next;
    if (!judging->runner->finishing) {
        if (r == 0)
            r = take(judging, &rule, &judging->err);
        if (judging->told)
            judging->told(judging->data, r, r < 0 && rule != RULE_COUNT ? rule_text(rule) : NULL,
                          judging->err.message);
    }
    arena_destroy(judging->arena);
    free(judging);
}

void runner_take_signed(struct runner *runner, const char *statement, const char *signature, bool watcher,
                        signed_told told, void *data)
{
    struct judging *judging = mem_alloc(sizeof(*judging));

    judging->runner = runner;
    judging->arena = arena_create();
    judging->statement = arena_text(judging->arena, statement);
    judging->signature = arena_text(judging->arena, signature);
    judging->watcher = watcher;
    judging->told = told;
    judging->data = data;
    judging->work.data = judging;
    judging->next = runner->judgings;
    runner->judgings = judging;
    /* Fails only for a missing callback. */
    (void)uv_queue_work(&runner->loop, &judging->work, on_work, on_judged);
}

void signed_forget(struct runner *runner, const void *data)
{
    for (struct judging *judging = runner->judgings; judging; judging = judging->next) {
        if (judging->data == data)
            judging->told = NULL;
    }
}
