/* What the servers of MySQL and MariaDB do otherwise than a book for them may expect. */
#include "mysql.h"

#include <string.h>

#include "base/text.h"

enum {
    RULE_COPIES_UNSAID,
    RULE_COPIES_NOTHING,
    RULE_ROUNDED,
    RULE_FENCED_PRIMARY,
};

static const struct check_rule *rule_of(int index)
{
    return &mysql_rules[index].told;
}

static bool is_mysql(const struct checking *c, const struct step *work)
{
    return work->target != BOOK_NONE && c->book->targets[work->target].engine != ENGINE_POSTGRESQL;
}

/* ---- copies ---- */

/* A server that has no alter_algorithm would not refuse by itself, so the statement is not begun. */
bool see_copying(struct checking *c, const struct statement *seen)
{
    const struct sql_statement *statement = &seen->judged->statements[seen->index];
    const struct step *work = seen->work;
    const struct check_rule *rule = rule_of(RULE_COPIES_UNSAID);
    bool surely = statement->copying == SQL_COPIES;
    if (work->kind != STEP_SQL || statement->copying == SQL_COPIES_NOT || work->copies)
        return false;
    const struct check_finding told = {
        .code = rule->code,
        .severity = surely || !sql_can_be_guarded(seen->server) ? rule->severity : CHECK_WARNING,
        .message = surely
                       ? arena_format(c->arena,
                                      "\"%s\": %s is copied while writers wait, and the step does not say "
                                      "\"copies\"",
                                      work->id, statement->copied)
                       : arena_format(c->arena,
                                      "\"%s\": %s could be copied while writers wait: neither ALGORITHM nor "
                                      "LOCK says that it is not to be",
                                      work->id, statement->copied),
        .safe_form = rule->safe_form,
    };
    found_as(c, &told, at_statement(c, seen));
    return true;
}

void see_copies_nothing(struct checking *c, const struct step *work, bool could)
{
    if (work->kind == STEP_SQL && work->copies && !could && !query_is_there(&work->generate))
        found(c, rule_of(RULE_COPIES_NOTHING), at_field(c, work, "copies"),
              "\"%s\" says that a table may be copied, and nothing that it does could", work->id);
}

/* ---- what is looked at without a grammar ---- */

static void each_work(struct checking *c, void (*see)(struct checking *, const struct step *))
{
    for (size_t i = 0; i < c->book->step_count; i++) {
        const struct step *step = &c->book->steps[i];
        see(c, step);
        for (size_t k = 0; k < step->rollback_count; k++)
            see(c, &step->rollback[k]);
    }
}

static void see_rounded(struct checking *c, const struct step *work)
{
    int64_t us = work->lock_timeout_us;
    int64_t whole_us = (us + SECOND_US - 1) / SECOND_US * SECOND_US;
    if (!is_mysql(c, work) || us == whole_us)
        return;
    found(c, rule_of(RULE_ROUNDED), at_field(c, work, "lock_timeout"),
          "\"%s\": the lock_timeout of %s is %s on the server, which has whole seconds", work->id,
          spelt(c, us), spelt(c, whole_us));
}

static void look_at_rounded(struct checking *c, const struct check_rule *rule)
{
    (void)rule;
    each_work(c, see_rounded);
}

static bool fences(const struct step *work)
{
    for (size_t i = 0; i < work->sql_count; i++) {
        if (says(work->sql[i], "read_only") && says(work->sql[i], "set") && says(work->sql[i], "global"))
            return true;
    }
    return false;
}

static void see_fenced_primary(struct checking *c, const struct step *work)
{
    if (work->kind == STEP_SQL && is_mysql(c, work) &&
        c->book->targets[work->target].role == TARGET_PRIMARY && fences(work))
        found(c, rule_of(RULE_FENCED_PRIMARY), at_work(work),
              "\"%s\" sets read_only, by which \"%s\" is told from a primary: no step is begun on it then, "
              "and no "
              "way back",
              work->id, c->book->targets[work->target].id);
}

static void look_at_fenced_primary(struct checking *c, const struct check_rule *rule)
{
    (void)rule;
    each_work(c, see_fenced_primary);
}

#define MARIA(role, step)                                                                                    \
    "{ \"targets\": { \"primary\": { \"engine\": \"mariadb\", \"version\": \"10.11\"" role                   \
    " }, \"replica\": { \"engine\": \"mariadb\", \"version\": \"10.11\", \"role\": \"replica\", \"of\": "    \
    "\"primary\" } }, \"phases\": [ { \"id\": \"change\", \"kind\": \"expand\", \"title\": \"Change\", "     \
    "\"steps\": [ { \"id\": \"s\", \"kind\": \"sql\", \"target\": \"primary\", \"transaction\": false, "     \
    "\"statement_timeout\": \"30s\", \"estimate\": \"1s\", " step                                            \
    ", \"rollback\": [ { \"kind\": \"none\", \"why\": \"it does no harm\" } ] } ] } ] }"
#define PATIENT "\"lock_timeout\": \"1s\", "
#define WIDEN   "\"sql\": \"ALTER TABLE users MODIFY id BIGINT"

const struct topic_rule mysql_rules[] = {
    [RULE_COPIES_UNSAID] = { { .code = "copies-unsaid",
                               .severity = CHECK_ERROR,
                               .title =
                                   "a table is copied, or could be, and the step does not say that it may",
                               .text =
                                   "MySQL and MariaDB copy without a word what they cannot do otherwise, and "
                                   "nobody can write to the table until that is done. Such a step is refused "
                                   "on "
                                   "the night, by the server or before it.",
                               .versions = "ALGORITHM and LOCK can be stated from MySQL 5.6 and MariaDB 10.0",
                               .safe_form = "State ALGORITHM=INSTANT, NOCOPY or INPLACE, so that the server "
                                            "refuses instead; or say why it may: \"copies\": \"...\".",
                               .bad = MARIA("", PATIENT WIDEN "\""),
                               .good = MARIA("", PATIENT "\"copies\": \"a window without writers\", " WIDEN
                                                         "\"") },
                             NULL /* while the statements are judged: sql.c */ },
    [RULE_COPIES_NOTHING] = { { .code = "copies-nothing",
                                .severity = CHECK_WARNING,
                                .title = "a step may copy a table, and does nothing that could",
                                .text =
                                    "With that leave the server is not told to refuse, and another table, "
                                    "or another version, copies without a word.",
                                .safe_form = "Take \"copies\" out.",
                                .bad = MARIA("", PATIENT "\"copies\": \"to be sure\", " WIDEN
                                                         ", ALGORITHM=INPLACE\""),
                                .good = MARIA("", PATIENT "\"copies\": \"a window without writers\", " WIDEN
                                                          "\"") },
                              NULL },
    [RULE_ROUNDED] = { { .code = "lock-timeout-rounded",
                         .severity = CHECK_NOTE,
                         .title = "a lock_timeout is no whole second",
                         .text = "lock_wait_timeout and innodb_lock_wait_timeout are whole seconds: it is "
                                 "rounded "
                                 "up, and everybody queues for that much longer.",
                         .versions = "every version of MySQL and MariaDB",
                         .safe_form = "\"lock_timeout\": \"1s\".",
                         .bad = MARIA("", "\"lock_timeout\": \"200ms\", " WIDEN ", ALGORITHM=INPLACE\""),
                         .good = MARIA("", PATIENT WIDEN ", ALGORITHM=INPLACE\"") },
                       look_at_rounded },
    [RULE_FENCED_PRIMARY] = { { .code = "fence-closes-primary",
                                .severity = CHECK_ERROR,
                                .title = "a step makes its primary read-only, and so no primary any more",
                                .text = "Before each step the server is held against its role, by read_only: "
                                        "what "
                                        "follows on that target is refused, also what would open it again.",
                                .versions = "every version of MySQL and MariaDB",
                                .safe_form = "Leave the \"role\" of that target out.",
                                .bad = MARIA(", \"role\": \"primary\"",
                                             PATIENT "\"sql\": \"SET GLOBAL read_only = 1\""),
                                .good = MARIA("", PATIENT "\"sql\": \"SET GLOBAL read_only = 1\"") },
                              look_at_fenced_primary },
    { { .code = NULL }, NULL },
};
