#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_condition(const struct condition *condition, const char *text)
{
    struct buf buf;
    buf_init(&buf, 200);
    condition_text(&buf, condition);
    assert_string_equal(buf_str(&buf), text);
    buf_finish(&buf);
}

static int setup(void **state)
{
    const struct book_options options = { .targets_path = "targets.json", .targets_text = sample_targets };
    return load_state(state, sample_book, &options);
}

static void test_head(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    assert_string_equal(book->path, "sample.json");
    assert_string_equal(book->id, "sample");
    assert_string_equal(book->title, "A sample");
    assert_null(book->summary);
    assert_int_equal(book->window_us, HOUR_US);
    assert_int_equal(book->margin_us, 5 * MINUTE_US);
    assert_int_equal(book->source->type, JSON_OBJECT);
    assert_int_equal(book->phase_count, 2);
    assert_int_equal(book->step_count, 8);
    assert_int_equal(book->gate_count, 1);
}

static void test_targets_and_roles(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct target *primary = &book->targets[book_find_target(book, "primary")];
    const struct target *replica = &book->targets[book_find_target(book, "replica")];
    assert_int_equal(book->target_count, 2);
    assert_int_equal(primary->engine, ENGINE_POSTGRESQL);
    assert_string_equal(primary->version, ">=15");
    assert_int_equal(primary->role, TARGET_PRIMARY);
    assert_true(primary->of == BOOK_NONE);
    assert_string_equal(primary->dsn, "service=one");
    assert_null(primary->password_from);
    assert_int_equal(replica->role, TARGET_REPLICA);
    assert_int_equal(replica->of, book_find_target(book, "primary"));
    assert_string_equal(replica->password_from, "env:PW");
    assert_int_equal(book->role_count, 2);
    assert_true(book->roles[book_find_role(book, "operator")].not_role == BOOK_NONE);
    assert_int_equal(book->roles[book_find_role(book, "reviewer")].not_role,
                     book_find_role(book, "operator"));
}

static void test_monitors_and_triggers(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct monitor_def *lag = &book->monitors[book_find_monitor(book, "lag")];
    const struct monitor_def *locks = &book->monitors[book_find_monitor(book, "locks")];
    const struct trigger *trigger = &book->triggers[book_find_trigger(book, "runaway")];
    assert_int_equal(lag->kind, MONITOR_LAG);
    assert_int_equal(lag->target, book_find_target(book, "replica"));
    assert_true(lag->heartbeat);
    assert_int_equal(lag->every_us, SECOND_US);
    assert_int_equal(locks->kind, MONITOR_LOCKS);
    assert_false(locks->heartbeat);
    assert_int_equal(locks->every_us, 2 * SECOND_US);
    assert_int_equal(book->trigger_count, 1);
    assert_int_equal(trigger->then, THEN_HOLD);
    assert_true(trigger->propose_rollback);
    assert_string_equal(trigger->why, "too far behind");
    assert_int_equal(trigger->when.monitor, book_find_monitor(book, "lag"));
    assert_string_equal(trigger->when.metric, "seconds");
    assert_int_equal(trigger->when.age_us, 3 * SECOND_US);
    assert_condition(&trigger->when, "lag.seconds > 60 for 30s");
}

static void test_phases_and_gate(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct phase *before = &book->phases[0];
    const struct phase *change = &book->phases[1];
    const struct gate *gate = &book->gates[book_find_gate(book, "go")];
    assert_string_equal(before->id, "before");
    assert_int_equal(before->kind, PHASE_PREFLIGHT);
    assert_int_equal(before->risk, RISK_LOW);
    assert_string_equal(before->owner, "operator");
    assert_int_equal(before->first_step, 0);
    assert_int_equal(before->step_count, 2);
    assert_int_equal(before->gate, 0);
    assert_int_equal(change->first_step, 2);
    assert_int_equal(change->risk, RISK_UNSTATED);
    assert_true(change->gate == BOOK_NONE);
    assert_int_equal(change->estimate.min_us, SECOND_US);
    assert_int_equal(change->estimate.max_us, 2 * SECOND_US);
    assert_int_equal(gate->phase, 0);
    assert_int_equal(gate->vote_count, 2);
    assert_int_equal(gate->votes[1], book_find_role(book, "reviewer"));
    assert_int_equal(gate->criterion_count, 2);
    assert_string_equal(gate->criteria[1].id, "go.2");
    assert_int_equal(gate->criteria[0].when.age_us, 2 * SECOND_US);
    assert_condition(&gate->criteria[1].when, "locks.waiting = 0");
    assert_true(gate->override_allowed);
    assert_int_equal(gate->override_by, book_find_role(book, "reviewer"));
    assert_int_equal(gate->valid_us, 15 * MINUTE_US);
}

static void test_checks(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *alive = step_of(book, "alive");
    const struct step *read = step_of(book, "read");
    assert_int_equal(alive->kind, STEP_CHECK);
    assert_true(step_is_sensed(alive));
    assert_string_equal(alive->query.sql, "SELECT true");
    assert_string_equal(alive->query.expect.value, "true");
    assert_int_equal(alive->query.timeout_us, 30 * SECOND_US);
    assert_int_equal(alive->freshness_us, 10 * SECOND_US);
    assert_int_equal(alive->after_count, 0);
    assert_string_equal(alive->title, "alive");
    assert_false(step_is_sensed(read));
    assert_true(read->evidence);
    assert_string_equal(read->by, "reviewer");
    assert_true(read->target == BOOK_NONE);
    assert_int_equal(read->after_count, 1);
    assert_int_equal(read->after[0], alive->index);
}

static void test_sql(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *alter = step_of(book, "alter");
    const struct step *index = step_of(book, "index");
    assert_int_equal(alter->after_count, 0); /* the first of its phase: the phase before is the engine's */
    assert_int_equal(alter->sql_count, 1);
    assert_string_equal(alter->sql[0], "ALTER TABLE \"public\".t ADD c int DEFAULT 5000");
    assert_true(alter->transaction);
    assert_int_equal(alter->lock_timeout_us, 500 * MS_US);
    assert_int_equal(alter->statement_timeout_us, 0);
    assert_int_equal(alter->retry.attempts, 10);
    assert_int_equal(alter->retry.backoff.max_us, 5 * SECOND_US);
    assert_int_equal(alter->lock_count, 1);
    assert_string_equal(alter->locks[0].table, "public.t");
    assert_string_equal(alter->locks[0].mode, "AccessExclusive");
    assert_string_equal(alter->probe.sql, "SELECT true");
    assert_int_equal(alter->probe.target, alter->target);
    assert_false(index->transaction); /* CONCURRENTLY */
    assert_int_equal(index->sql_count, 2);
    assert_int_equal(index->retry.attempts, 1);
    assert_null(index->probe.sql);
}

static void test_rollback(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *alter = step_of(book, "alter");
    const struct step *undo = &alter->rollback[0];
    assert_int_equal(alter->rollback_count, 1);
    assert_string_equal(undo->id, "alter.rollback.1");
    assert_string_equal(undo->title, "Undo: alter");
    assert_string_equal(undo->sql[0], "ALTER TABLE \"public\".t DROP c");
    assert_ptr_equal(undo->owner_step, alter);
    assert_int_equal(undo->target, alter->target);
    assert_int_equal(undo->phase, alter->phase);
    assert_int_equal(undo->line, 30);
    assert_int_equal(step_rollback_us(alter), 3 * SECOND_US);
    assert_int_equal(step_of(book, "index")->rollback[0].kind, STEP_NONE);
    assert_string_equal(step_of(book, "index")->rollback[0].why, "it goes with the column");
    assert_int_equal(step_rollback_us(step_of(book, "index")), 0);
    assert_string_equal(step_of(book, "deploy")->irreversible, "the old version is gone");
    assert_true(book_find_step(book, "alter.rollback.1") == BOOK_NONE);
}

static void test_other_kinds(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *deploy = step_of(book, "deploy");
    const struct step *settled = step_of(book, "settled");
    const struct step *count = step_of(book, "count");
    const struct step *flag = step_of(book, "flag");
    assert_int_equal(deploy->argv_count, 2);
    assert_string_equal(deploy->argv[1], "5000");
    assert_int_equal(deploy->env_count, 1);
    assert_string_equal(deploy->env[0], "N=5000");
    assert_int_equal(deploy->secret_count, 1);
    assert_string_equal(deploy->secrets[0].name, "HOOK");
    assert_string_equal(deploy->secrets[0].from, "env:CHAT_HOOK");
    assert_string_equal(deploy->secrets[0].label, "CHAT_HOOK");
    assert_int_equal(deploy->timeout_us, 10 * MINUTE_US);
    assert_int_equal(deploy->grace_us, 5 * SECOND_US);
    assert_null(deploy->directory);
    assert_int_equal(settled->timeout_us, 30 * MINUTE_US);
    assert_condition(&settled->until, "lag.seconds < 1 for 1m");
    assert_string_equal(count->query.expect.value, "0");
    assert_true(count->query.expect.numeric);
    assert_int_equal(count->query.target, book_find_target(book, "primary"));
    assert_string_equal(flag->instructions, "Turn it on");
    assert_int_equal(flag->after_count, 2);
    assert_int_equal(flag->after[0], step_of(book, "alter")->index);
    assert_int_equal(flag->after[1], count->index);
}

static void test_names_unknown(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    assert_true(book_find_step(book, "nobody") == BOOK_NONE);
    assert_true(book_find_gate(book, "alter") == BOOK_NONE);
    assert_true(book_find_role(book, "") == BOOK_NONE);
    assert_true(book_find_monitor(book, "primary") == BOOK_NONE);
    assert_true(book_find_target(book, "lag") == BOOK_NONE);
    assert_true(book_find_trigger(book, "lag") == BOOK_NONE);
}

/* Side by side, a step waits only for what it names. */
static void test_parallel(void **state)
{
    struct load load;
    char *text = replaced(sample_book, "`title`:`Change`,", "`title`:`Change`,`parallel`:true,");
    (void)state;
    load_init(&load, text, NULL);
    assert_non_null(load.book);
    assert_true(load.book->phases[1].parallel);
    assert_int_equal(step_of(load.book, "index")->after_count, 0);
    assert_int_equal(step_of(load.book, "flag")->after_count, 1);
    assert_null(load.book->targets[0].dsn);
    load_finish(&load);
    free(text);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(step_kind_word(STEP_COMMAND), "command");
    assert_true(step_kind_changes(STEP_SQL));
    assert_true(step_kind_changes(STEP_MANUAL));
    assert_false(step_kind_changes(STEP_WAIT));
    assert_string_equal(phase_kind_word(PHASE_ROLLBACK), "rollback");
    assert_string_equal(risk_word(RISK_UNSTATED), "");
    assert_string_equal(risk_word(RISK_HIGH), "HIGH");
    assert_string_equal(comparison_word(IS_GREATER_EQUAL), ">=");
    assert_string_equal(monitor_kind_word(MONITOR_PROGRESS), "progress");
    assert_string_equal(target_engine_word(ENGINE_MARIADB), "mariadb");
}

/* What is only shown may name any param, a secret too, and is kept as it stands. */
static void test_described(void **state)
{
    static const char parts[] =
        "`title`:`A sample`,`$schema`:`./runbook.schema.json`,`summary`:`one\\ntwo ${batch}`,"
        "`strategy`:{`approach`:`expand-contract`,`why`:`w`,`rejected`:[{`approach`:`a`,`why`:`b`}]},"
        "`environment`:{`engine`:`postgresql`,`version`:`15`,`platform`:`p`,"
        "`topology`:{`primaries`:1,`replicas`:1,`replication`:`streaming`},"
        "`volume`:{`size`:`1TB`,`largest`:[{`table`:`users`,`rows`:25000000,`size`:`40GB`}]},"
        "`application`:{`orm`:`Sequelize 6`,`longest_transaction`:`45m`}},"
        "`objectives`:{`downtime`:`0s`,`rto`:`10m`,`rpo`:`0s`},"
        "`tools`:{`required`:[{`name`:`psql`,`version`:`>=15`}],`forbidden`:[`pg_upgrade`]},"
        "`communications`:{`started`:{`to`:`all`,`via`:`webhook`,`url`:`${hook}`,`text`:`$${not a param}`}},"
        "`risks`:[{`risk`:`r`,`likelihood`:`LOW`,`impact`:`HIGH`,`mitigation`:`m`,`contingency`:`c`}],"
        "`postmortem`:[`What did it show?`]";
    struct load load;
    char *text = replaced(sample_book, "`title`:`A sample`", parts);
    (void)state;
    load_init(&load, text, NULL);
    assert_string_equal(buf_str(&load.faults), "");
    assert_string_equal(load.book->summary, "one\ntwo 5000");
    const struct json *started = json_member(json_member(load.book->source, "communications"), "started");
    assert_string_equal(json_member(started, "url")->text, "${hook}");
    load_finish(&load);
    free(text);
}

/* The sample with one replacement, and what the named step then is. */
struct variant {
    const char *find, *replacement;
    const char *step;
    bool transaction;
    int attempts;
    const char *value; /* of its expectation */
    bool numeric;
};

static const struct variant variants[] = {
    { "`sql`:[`DROP INDEX CONCURRENTLY IF EXISTS i`,`CREATE INDEX CONCURRENTLY i ON t (c)`]",
      "`sql`:`VACUUM t`", "index", false, 1, NULL, false },
    { "`sql`:[`DROP INDEX CONCURRENTLY IF EXISTS i`,`CREATE INDEX CONCURRENTLY i ON t (c)`]",
      "`sql`:`SELECT 'CONCURRENTLY'`", "index", true, 1, NULL, false },
    { "`lock_timeout`:`500ms`", "`transaction`:false", "alter", false, 10, NULL, false },
    { "`retry`:{`attempts`:10,`backoff`:`1s..5s`},", "`retry`:{`attempts`:100},", "alter", true, 100, NULL,
      false },
    { "`expect`:{`value`:0}", "`expect`:{`value`:-12.50}", "count", false, 1, "-12.5", true },
    { "`expect`:{`value`:0}", "`expect`:{`value`:`${batch}`}", "count", false, 1, "5000", false },
    { "`expect`:{`value`:0}", "`expect`:{`value`:null}", "count", false, 1, NULL, false },
    { "`expect`:{`value`:0}", "`expect`:{`value`:false,`is`:`!=`}", "count", false, 1, "false", false },
    { ",`expect`:{`value`:true}", "", "alive", false, 1, "true", false },
};

static void test_variants(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(variants); i++) {
        const struct variant *v = &variants[i];
        struct load load;
        char *text = replaced(sample_book, v->find, v->replacement);
        load_init(&load, text, NULL);
        assert_string_equal(buf_str(&load.faults), "");
        const struct step *step = step_of(load.book, v->step);
        assert_int_equal(step->transaction, v->transaction);
        assert_int_equal(step->retry.attempts, v->attempts);
        assert_int_equal(step->query.expect.numeric, v->numeric);
        assert_int_equal(step->query.expect.value == NULL, v->value == NULL);
        if (v->value)
            assert_string_equal(step->query.expect.value, v->value);
        load_finish(&load);
        free(text);
    }
}

/* An entry of a rollback is a step of its own: target, timeouts, probe. */
static void test_rollback_entries(void **state)
{
    static const char entries[] =
        "`rollback`:[{`kind`:`sql`,`target`:`replica`,`title`:`First`,`sql`:[`SELECT 1`,`SELECT 2`],"
        "`statement_timeout`:`9s`,`done_when`:{`sql`:`SELECT false`},`estimate`:`1s..4s`},"
        "{`kind`:`command`,`argv`:[`undo`],`estimate`:`2s`},"
        "{`kind`:`wait`,`until`:{`metric`:`lag.bytes`,`is`:`<=`,`value`:0}},"
        "{`kind`:`verify`,`sql`:`SELECT 0`,`expect`:{`rows`:1}}]";
    struct load load;
    char *text =
        replaced(sample_book, "`rollback`:[{`kind`:`none`,`why`:`it goes with the column`}]", entries);
    (void)state;
    load_init(&load, text, NULL);
    assert_string_equal(buf_str(&load.faults), "");
    const struct step *index = step_of(load.book, "index");
    assert_int_equal(index->rollback_count, 4);
    assert_int_equal(index->rollback[0].target, book_find_target(load.book, "replica"));
    assert_int_equal(index->rollback[0].probe.target, book_find_target(load.book, "replica"));
    assert_int_equal(index->rollback[0].sql_count, 2);
    assert_int_equal(index->rollback[0].statement_timeout_us, 9 * SECOND_US);
    assert_string_equal(index->rollback[0].title, "First");
    assert_true(index->rollback[1].target == BOOK_NONE);
    assert_condition(&index->rollback[2].until, "lag.bytes <= 0");
    assert_int_equal(index->rollback[3].query.target, index->target);
    assert_int_equal(index->rollback[3].query.expect.kind, EXPECT_ROWS);
    assert_string_equal(index->rollback[3].id, "index.rollback.4");
    assert_int_equal(step_rollback_us(index), 6 * SECOND_US);
    load_finish(&load);
    free(text);
}

/* What the checker is told not to say stands with the thing of which it would say it. */
static void test_ignored(void **state)
{
    static const char gate[] = "`ignore`:[{`code`:`of-phase`,`reason`:`in ${schema}`}],\n`gate`:{`id`:`go`";
    static const char steps[] = "`lock_timeout`:`500ms`,`ignore`:[{`code`:`a`,`reason`:`b`},\n"
                                "{`code`:`c`,`reason`:`d`}]";
    static const char entry[] = "`estimate`:`3s`,`ignore`:[{`code`:`of-entry`,`reason`:`e`}]";
    struct load load;
    char *first = replaced(sample_book, "`gate`:{`id`:`go`", gate);
    char *second = replaced(first, "`lock_timeout`:`500ms`", steps);
    char *text = replaced(second, "`estimate`:`3s`", entry);
    (void)state;
    load_init(&load, text, NULL);
    assert_string_equal(buf_str(&load.faults), "");
    const struct phase *before = &load.book->phases[0];
    const struct step *alter = step_of(load.book, "alter");
    assert_int_equal(load.book->ignored_count, 0);
    assert_int_equal(before->ignored_count, 1);
    assert_string_equal(before->ignored[0].code, "of-phase");
    assert_string_equal(before->ignored[0].reason, "in public");
    assert_int_equal(alter->ignored_count, 2);
    assert_string_equal(alter->ignored[1].code, "c");
    assert_string_equal(alter->ignored[1].reason, "d");
    assert_int_equal(alter->ignored[1].line, alter->ignored[0].line + 1);
    assert_int_equal(alter->rollback[0].ignored_count, 1);
    assert_string_equal(alter->rollback[0].ignored[0].code, "of-entry");
    load_finish(&load);
    free(text);
    free(second);
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_head, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_targets_and_roles, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_monitors_and_triggers, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_phases_and_gate, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_checks, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_sql, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_rollback, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_other_kinds, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_names_unknown, setup, finish_state),
        cmocka_unit_test(test_parallel),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_described),
        cmocka_unit_test(test_variants),
        cmocka_unit_test(test_rollback_entries),
        cmocka_unit_test(test_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
