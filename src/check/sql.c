/*
 * What the statements of a book do on its servers.
 *
 * Each target has one catalog, which the steps move on in the order of the book, so that the second half of
 * an expand and contract is judged by what the first half did. The ways back are judged after that, newest
 * first, on the same catalogs: as in a rollback, each sees what it undoes, and of what came after only what
 * is left.
 */
#include "client.h"
#include "mysql.h"
#include "script.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

enum {
    RULE_NO_LOCK_TIMEOUT,
    RULE_LOCKS_CLAIM,
    RULE_QUERY_CHANGES,
    RULE_GENERATED,
    RULE_NOT_JUDGED,
    RULE_BACKFILL_KEY,
};

struct judging {
    struct checking *c;
    struct sql_server *servers;    /* by target */
    struct sql_catalog **catalogs; /* by target */
    bool *ours;                    /* the catalog was made here */
};

static const struct check_rule *rule_of(int index)
{
    return &sql_rules[index].told;
}

/* ---- findings ---- */

/* What is bad in any case is an error; what depends on what nobody told is not. */
static enum check_severity severity_of(const struct sql_finding *finding)
{
    if (finding->rule->severity != SQL_DANGER)
        return CHECK_NOTE;
    return finding->depends ? CHECK_WARNING : CHECK_ERROR;
}

static void tell(struct checking *c, const struct sql_finding *finding, struct place place)
{
    const struct check_finding told = {
        .code = finding->rule->code,
        .severity = severity_of(finding),
        .message = finding->depends
                       ? arena_format(c->arena, "%s; it depends on %s", finding->message, finding->depends)
                       : finding->message,
        .safe_form = finding->rule->safe_form,
    };
    found_as(c, &told, place);
}

/* ---- locks ---- */

/* How long a server waits for a lock of a table, as it calls it. */
static const char *lock_timeout_of(const struct sql_server *server)
{
    return server->dialect == SQL_POSTGRESQL ? "lock_timeout" : "lock_wait_timeout";
}

static bool any_says(const char *const *texts, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (says(texts[i], word))
            return true;
    }
    return false;
}

static bool sets_lock_timeout(const struct step *work, const char *setting, struct scripts scripts)
{
    bool sets = work->lock_timeout_us > 0 || any_says(work->env, work->env_count, setting) ||
                any_says(work->argv, work->argv_count, setting);
    for (size_t i = 0; i < scripts.count; i++)
        sets = sets || says(scripts.list[i].text, setting);
    return sets;
}

static void tell_no_lock_timeout(struct checking *c, const struct statement *seen)
{
    const char *setting = lock_timeout_of(seen->server);
    const struct check_rule *rule = rule_of(RULE_NO_LOCK_TIMEOUT);
    bool of_client = seen->work->kind == STEP_COMMAND;
    const struct check_finding told = {
        .code = rule->code,
        .severity = rule->severity,
        .message =
            arena_format(c->arena, "\"%s\" waits for its lock without a \"%s\", and everybody else behind it",
                         seen->work->id, setting),
        .safe_form =
            of_client ? arena_format(c->arena, "SET %s in its SQL, before anything else.", setting) : NULL,
    };
    found_as(c, &told, at_statement(c, seen));
}

/* ---- statements ---- */

static void see_statement(struct checking *c, const struct statement *seen, bool *patient)
{
    const struct sql_statement *statement = &seen->judged->statements[seen->index];
    const struct step *work = seen->work;
    bool copying = see_copying(c, seen);
    for (size_t i = 0; i < statement->finding_count; i++) {
        enum sql_severity severity = statement->findings[i].rule->severity;
        bool expected = work->owner_step != NULL; /* a way back drops what the way there made */
        if (copying && text_equal(statement->findings[i].rule->code, "mysql-algorithm-unstated"))
            continue; /* said with what it comes to */
        if (severity == SQL_DANGER || (severity == SQL_NOTE && !expected))
            tell(c, &statement->findings[i], at_statement(c, seen));
    }
    if (statement->needs_lock_timeout && !*patient) {
        *patient = true; /* told once for a step */
        tell_no_lock_timeout(c, seen);
    }
    const char *key = key_that_is_set(work, statement);
    if (key)
        found(c, rule_of(RULE_BACKFILL_KEY), at_field(c, work, "set"), "\"%s\" sets %s, along which it goes",
              work->id, key);
    see_claims(c, rule_of(RULE_LOCKS_CLAIM), work, statement);
    note_locks(c, work, statement);
}

/* Where statements are sent. */
struct sent_to {
    const struct sql_server *server;
    struct sql_catalog *catalog;
};

static void judge_scripts(struct checking *c, const struct step *work, struct sent_to to,
                          struct scripts scripts)
{
    bool patient = sets_lock_timeout(work, lock_timeout_of(to.server), scripts), could = false;
    for (size_t i = 0; i < scripts.count; i++) {
        struct script *script = &scripts.list[i];
        const struct sql_options options = { .transaction = script->transaction,
                                             .reading = work->kind == STEP_COMMAND ? SQL_READ_USUAL
                                                                                   : SQL_READ_OURS };
        struct statement seen = { .work = work, .server = to.server, .script = script };
        seen.judged = sql_judge(c->arena, to.server, to.catalog, script->text, &options);
        script_judged(script, seen.judged);
        for (; seen.index < seen.judged->count; seen.index++) {
            see_statement(c, &seen, &patient);
            could |= seen.judged->statements[seen.index].copying != SQL_COPIES_NOT;
        }
    }
    see_copies_nothing(c, work, could);
}

/* Where a program is to send what it is given the book does not say: it is a target when there is one alone
 * that can be changed, and else no better than the oldest. */
static struct sent_to target_of_client(struct judging *j, const struct client *client)
{
    struct sql_server *oldest = arena_alloc(j->c->arena, sizeof(*oldest));
    size_t count = 0, last = 0;
    server_of_engine(j->c->book, client->engine, oldest);
    for (size_t i = 0; i < j->c->book->target_count; i++) {
        const struct target *target = &j->c->book->targets[i];
        if (target->engine != client->engine || target->role == TARGET_REPLICA)
            continue;
        if (count == 0 || j->servers[i].version < oldest->version)
            *oldest = j->servers[i];
        last = i;
        count++;
    }
    return (struct sent_to){ oldest, count == 1 ? j->catalogs[last] : NULL };
}

static void judge_client(struct judging *j, const struct step *work)
{
    struct checking *c = j->c;
    struct client client;
    if (!client_of(c, work, &client))
        return;
    judge_scripts(c, work, target_of_client(j, &client), client.scripts);
    if (client.not_judged)
        found(c, rule_of(RULE_NOT_JUDGED), client.at_not_judged,
              "\"%s\": what %s sends to a server was not looked into: %s", work->id, client.program,
              client.not_judged);
}

static void judge_work(struct judging *j, const struct step *work)
{
    struct checking *c = j->c;
    if (work->kind == STEP_COMMAND)
        judge_client(j, work);
    if ((work->kind != STEP_SQL && work->kind != STEP_BACKFILL) || work->target == BOOK_NONE)
        return;
    if (query_is_there(&work->generate))
        found(c, rule_of(RULE_GENERATED), at_field(c, work, "generate"),
              "the statements of \"%s\" are answered by a server: nobody has judged them", work->id);
    judge_scripts(c, work, (struct sent_to){ &j->servers[work->target], j->catalogs[work->target] },
                  scripts_of(c, work, &j->servers[work->target]));
}

/* ---- queries ---- */

static bool begins_as_query(const char *text)
{
    static const char *const words[] = { "select", "with",    "values",     "table",
                                         "show",   "explain", "xa recover", "(" };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strncasecmp(text, words[i], strlen(words[i])) == 0)
            return true;
    }
    return false;
}

static bool changes(const struct sql_statement *statement)
{
    for (size_t i = 0; i < statement->lock_count; i++) {
        if (statement->locks[i].mode >= SQL_ROW_EXCLUSIVE && statement->locks[i].mode <= SQL_ACCESS_EXCLUSIVE)
            return true;
    }
    return !begins_as_query(statement->text);
}

/* A query is asked again and again, also by those who only look. */
static void judge_query(struct judging *j, size_t target, const char *sql, struct place place,
                        const char *whose)
{
    struct checking *c = j->c;
    const struct sql_options options = { .reading = SQL_READ_OURS };
    if (!sql || target == BOOK_NONE)
        return;
    const struct sql_script *script = sql_judge(c->arena, &j->servers[target], NULL, sql, &options);
    for (size_t i = 0; i < script->count; i++) {
        const struct sql_statement *statement = &script->statements[i];
        if (!statement->understood && statement->finding_count > 0)
            tell(c, &statement->findings[0], place);
        else if (changes(statement))
            found(c, rule_of(RULE_QUERY_CHANGES), place, "%s asks with a statement that changes something",
                  whose);
    }
}

static const char *asked(struct checking *c, const struct step *work, const struct query *query)
{
    return filled(c, work, query->sql, fill_in_sql(c->book, query->target));
}

static void judge_asked(struct judging *j, const struct step *work, const struct query *query,
                        const char *key)
{
    struct checking *c = j->c;
    if (!query_is_there(query))
        return;
    struct place place = at_field(c, work, key);
    const char *whose = arena_format(c->arena, "\"%s\"", work->id);
    judge_query(j, query->target, asked(c, work, query), place, whose);
    if (query->expect.kind == EXPECT_EQUALS && query->expect.other)
        judge_query(j, query->expect.other->target, asked(c, work, query->expect.other), place, whose);
}

static void judge_queries(struct judging *j, const struct step *work)
{
    judge_asked(j, work, &work->probe, "done_when");
    judge_asked(j, work, &work->query, work->kind == STEP_CHECK ? "sense" : "sql");
    judge_asked(j, work, &work->generate, "generate");
    if (work->each && !work->owner_step)
        judge_asked(j, work, &work->each->query, "for_each");
    for (size_t i = 0; i < work->until_count; i++)
        judge_asked(j, work, &work->until_queries[i], "all");
}

static void judge_monitors(struct judging *j)
{
    for (size_t i = 0; i < j->c->book->monitor_count; i++) {
        const struct monitor_def *monitor = &j->c->book->monitors[i];
        judge_query(j, monitor->target, monitor->sql, at_line(monitor->line, monitor->column),
                    arena_format(j->c->arena, "monitor \"%s\"", monitor->id));
    }
}

/* ---- the book ---- */

static struct judging judging_of(struct checking *c)
{
    size_t room = c->book->target_count + 1;
    struct judging j = { c, arena_array(c->arena, room, sizeof(struct sql_server)),
                         arena_array(c->arena, room, sizeof(struct sql_catalog *)),
                         arena_array(c->arena, room, sizeof(bool)) };
    for (size_t i = 0; i < c->book->target_count; i++) {
        if (c->options->servers)
            j.servers[i] = c->options->servers[i];
        else
            check_server(c->book, i, &j.servers[i]);
        j.catalogs[i] = c->options->catalogs ? c->options->catalogs[i] : NULL;
        j.ours[i] = !j.catalogs[i];
        if (j.ours[i])
            j.catalogs[i] = sql_catalog_create(&j.servers[i]);
    }
    return j;
}

static void look_at_statements(struct checking *c, const struct check_rule *rule)
{
    struct judging j = judging_of(c);
    (void)rule;
    judge_monitors(&j);
    for (size_t i = 0; i < c->book->step_count; i++) {
        judge_queries(&j, &c->book->steps[i]);
        judge_work(&j, &c->book->steps[i]);
    }
    for (size_t i = c->book->step_count; i-- > 0;) {
        const struct step *step = &c->book->steps[i];
        for (size_t k = 0; k < step->rollback_count; k++) {
            judge_queries(&j, &step->rollback[k]);
            judge_work(&j, &step->rollback[k]);
        }
    }
    for (size_t i = 0; i < c->book->target_count; i++) {
        if (j.ours[i])
            sql_catalog_destroy(j.catalogs[i]);
    }
}

#define SQL_STEP(rest, back)                                                                                 \
    "{ \"id\": \"s\", \"kind\": \"sql\", \"target\": \"primary\", \"sql\": \"ALTER TABLE users ADD COLUMN "  \
    "status text\", \"statement_timeout\": \"30s\", \"estimate\": \"1s\", " rest                             \
    ", \"done_when\": { \"sql\": \"SELECT EXISTS (SELECT FROM information_schema.columns WHERE table_name "  \
    "= "                                                                                                     \
    "'users' AND column_name = 'status')\" }, \"rollback\": [ { \"kind\": \"sql\", \"sql\": \"ALTER TABLE "  \
    "users DROP COLUMN status\", \"statement_timeout\": \"30s\", " back "\"estimate\": \"1s\" } ] }"
#define PATIENT "\"lock_timeout\": \"1s\""
#define VERIFY(sql)                                                                                          \
    "{ \"id\": \"s\", \"kind\": \"verify\", \"target\": \"primary\", \"sql\": \"" sql                        \
    "\", \"expect\": { \"value\": 1 }, \"estimate\": \"1s\" }"
#define GENERATED(what)                                                                                      \
    "{ \"id\": \"s\", \"kind\": \"sql\", \"target\": \"primary\", " what ", \"lock_timeout\": \"1s\", "      \
    "\"statement_timeout\": \"30s\", \"estimate\": \"1s\", \"done_when\": { \"sql\": \"SELECT true\" }, "    \
    "\"rollback\": [ { \"kind\": \"none\", \"why\": \"rights do no harm\" } ] }"

#define CLIENT(argv)                                                                                         \
    "{ \"id\": \"s\", \"kind\": \"command\", \"argv\": [ " argv                                              \
    " ], \"timeout\": \"1m\", \"estimate\": \"1s\", "                                                        \
    "\"rollback\": [ { \"kind\": \"none\", \"why\": \"it only reads\" } ] }"

#define FILL(set)                                                                                            \
    "{ \"id\": \"s\", \"kind\": \"backfill\", \"target\": \"primary\", \"table\": \"users\", \"key\": [ "    \
    "\"id\" ], \"set\": "                                                                                    \
    "\"" set                                                                                                 \
    "\", \"where\": \"seen IS NULL\", \"estimate\": \"1s\", \"rollback\": [ { \"kind\": \"none\", \"why\": " \
    "\"it is harmless\" } ] }"

const struct topic_rule sql_rules[] = {
    [RULE_NO_LOCK_TIMEOUT] = { { .code = "no-lock-timeout",
                                 .severity = CHECK_ERROR,
                                 .title = "a strong lock is waited for without an end",
                                 .text =
                                     "One open reader is enough: the statement queues behind it, and every "
                                     "read and write of the table behind the statement. A change of a "
                                     "millisecond is an outage of as long as that reader likes.",
                                 .versions = "every version: lock_timeout is 0 unless it is set",
                                 .safe_form = "\"lock_timeout\": \"500ms\", with \"retry\".",
                                 .bad =
                                     SQL_STEP("\"locks\": { \"users\": \"AccessExclusive\" }", PATIENT ", "),
                                 .good = SQL_STEP(PATIENT, PATIENT ", ") },
                               look_at_statements },
    [RULE_LOCKS_CLAIM] = { { .code = "locks-claim",
                             .severity = CHECK_WARNING,
                             .title = "a step takes a stronger lock than it says",
                             .text =
                                 "The operator expects what the book claims, and sees readers stand still.",
                             .safe_form = "Claim what it takes, or take less.",
                             .bad = SQL_STEP("\"locks\": { \"users\": \"ShareUpdateExclusive\" }, " PATIENT,
                                             PATIENT ", "),
                             .good = SQL_STEP("\"locks\": { \"users\": \"AccessExclusive\" }, " PATIENT,
                                              PATIENT ", ") },
                           NULL },
    [RULE_QUERY_CHANGES] = { { .code = "query-changes",
                               .severity = CHECK_ERROR,
                               .title = "a query that changes something",
                               .text =
                                   "What asks is asked again and again, before a step, after it, and while "
                                   "people only look: what it changes is changed as often, and nothing "
                                   "undoes it.",
                               .safe_form = "Change in a step of kind sql, and ask with a SELECT.",
                               .bad = VERIFY("UPDATE users SET seen = true"),
                               .good = VERIFY("SELECT count(*) FROM users WHERE seen") },
                             NULL },
    [RULE_GENERATED] = { { .code = "generated-sql",
                           .severity = CHECK_NOTE,
                           .title = "statements that a server answers cannot be judged before",
                           .text = "What they lock depends on what the query answers on the night.",
                           .safe_form = "Rehearse the step, and look at the locks that it took.",
                           .bad = GENERATED("\"generate\": { \"sql\": \"SELECT 'GRANT ...'\" }"),
                           .good = GENERATED("\"sql\": \"GRANT SELECT ON users TO app\"") },
                         NULL },
    [RULE_NOT_JUDGED] = { { .code = "sql-not-judged",
                            .severity = CHECK_NOTE,
                            .title = "a program sends SQL that could not be looked into",
                            .text =
                                "What it locks and what it changes is not known before the night: a shell "
                                "reads the text first, or it stands in a file that is not there.",
                            .safe_form =
                                "Make it a step of kind sql, or give the program its SQL as an argument "
                                "of its own: \"argv\": [ \"psql\", \"-c\", \"...\" ].",
                            .bad = CLIENT("\"sh\", \"-c\", \"psql -c 'SELECT 1'\""),
                            .good = CLIENT("\"psql\", \"-c\", \"SELECT 1\"") },
                          NULL },
    [RULE_BACKFILL_KEY] = { { .code = "backfill-sets-key",
                              .severity = CHECK_ERROR,
                              .title = "a backfill changes the key along which it goes",
                              .text =
                                  "A row that gets another key is met again behind the place that it had, or "
                                  "never: where the backfill has come to says nothing of what is done.",
                              .safe_form = "Go along a key that stays, or change the key in another step.",
                              .bad = FILL("id = id + 1000"),
                              .good = FILL("seen = true") },
                            NULL },
    { { .code = NULL }, NULL },
};
