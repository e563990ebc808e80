/*
 * What the statements of a book do on its servers.
 *
 * Each target has one catalog, which the steps move on in the order of the book, so that the second half of
 * an expand and contract is judged by what the first half did. The ways back are judged after that, newest
 * first, on the same catalogs: as in a rollback, each sees what it undoes, and of what came after only what
 * is left.
 */
#include "sql_place.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

enum {
    RULE_NO_LOCK_TIMEOUT,
    RULE_LOCKS_CLAIM,
    RULE_QUERY_CHANGES,
    RULE_GENERATED,
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

static bool sets_lock_timeout(const struct step *work)
{
    for (size_t i = 0; i < work->sql_count; i++) {
        if (says(work->sql[i], "lock_timeout"))
            return true;
    }
    return false;
}

/* "public.users" and "users" are one; quotes do not matter. */
static bool same_table(const char *claimed, const char *relation)
{
    const char *dot = strrchr(relation, '.');
    char plain[256];
    size_t len = 0;
    for (const char *at = claimed; *at && len < sizeof(plain) - 1; at++) {
        if (*at != '"')
            plain[len++] = *at;
    }
    plain[len] = '\0';
    return strcasecmp(plain, relation) == 0 ||
           (dot && !strchr(plain, '.') && strcasecmp(plain, dot + 1) == 0);
}

static enum sql_lock_mode mode_of(const char *claimed)
{
    for (int mode = SQL_ACCESS_SHARE; mode <= SQL_ACCESS_EXCLUSIVE; mode++) {
        const char *word = sql_lock_mode_word((enum sql_lock_mode)mode);
        if (strncmp(word, claimed, strlen(claimed)) == 0 && text_equal(word + strlen(claimed), "Lock"))
            return (enum sql_lock_mode)mode;
    }
    return SQL_LOCK_NONE;
}

static enum sql_lock_mode claimed_for(const struct step *work, const char *relation)
{
    for (size_t i = 0; i < work->lock_count; i++) {
        if (same_table(work->locks[i].table, relation))
            return mode_of(work->locks[i].mode);
    }
    return SQL_LOCK_NONE;
}

/* A claim is what the operator expects to see: where there is one it has to be all of it. */
static void see_claims(struct checking *c, const struct step *work, const struct sql_statement *statement)
{
    for (size_t i = 0; i < statement->lock_count; i++) {
        const struct sql_lock *lock = &statement->locks[i];
        enum sql_lock_mode claimed = claimed_for(work, lock->relation);
        if (lock->mode > SQL_ACCESS_EXCLUSIVE || lock->mode <= claimed || lock->kept ||
            !sql_lock_blocks_writes(lock->mode))
            continue;
        if (claimed != SQL_LOCK_NONE)
            found(c, rule_of(RULE_LOCKS_CLAIM), at_field(c, work, "locks"),
                  "\"%s\" claims %s on %s, and takes %s, which %s", work->id, sql_lock_mode_word(claimed),
                  lock->relation, sql_lock_mode_word(lock->mode), sql_lock_blocks(lock->mode));
        else if (work->lock_count > 0)
            found(c, rule_of(RULE_LOCKS_CLAIM), at_field(c, work, "locks"),
                  "\"%s\" does not claim that it takes %s on %s, which %s", work->id,
                  sql_lock_mode_word(lock->mode), lock->relation, sql_lock_blocks(lock->mode));
    }
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(name, names[i]))
            return true;
    }
    return false;
}

static const char *work_under(const struct sql_statement *statement, const char *relation)
{
    if (is_among(relation, statement->rewrites, statement->rewrite_count))
        return "rewrites it";
    if (!is_among(relation, statement->scans, statement->scan_count))
        return "";
    return statement->build_count > 0 ? "reads all of it to build an index" : "reads all of it";
}

static struct check_lock *add_lock(struct checking *c)
{
    if (c->lock_count == c->lock_room) {
        struct check_lock *old = c->locks;
        c->lock_room = c->lock_room * 2 + 16;
        c->locks = arena_array(c->arena, c->lock_room, sizeof(*c->locks));
        for (size_t i = 0; i < c->lock_count; i++)
            c->locks[i] = old[i];
    }
    return &c->locks[c->lock_count++];
}

static void note_locks(struct checking *c, const struct step *work, const struct sql_statement *statement)
{
    const struct step *step = work->owner_step ? work->owner_step : work;
    for (size_t i = 0; i < statement->lock_count; i++) {
        const struct sql_lock *lock = &statement->locks[i];
        if (lock->mode < SQL_SHARE_UPDATE_EXCLUSIVE)
            continue;
        *add_lock(c) =
            (struct check_lock){ .step = step->index,
                                 .entry = work->owner_step ? (size_t)(work - step->rollback) + 1 : 0,
                                 .relation = lock->relation,
                                 .mode = sql_lock_mode_word(lock->mode),
                                 .blocks = sql_lock_blocks(lock->mode),
                                 .work = work_under(statement, lock->relation),
                                 .kept = lock->kept,
                                 .dangerous = statement->dangerous };
    }
}

/* ---- statements ---- */

static void see_statement(struct checking *c, const struct step *work, const struct script *script,
                          const struct sql_statement *statement, bool *told)
{
    struct place place = at_statement(c, work, script, statement);
    for (size_t i = 0; i < statement->finding_count; i++) {
        enum sql_severity severity = statement->findings[i].rule->severity;
        bool expected = work->owner_step != NULL; /* a way back drops what the way there made */
        if (severity == SQL_DANGER || (severity == SQL_NOTE && !expected))
            tell(c, &statement->findings[i], place);
    }
    if (statement->needs_lock_timeout && work->lock_timeout_us == 0 && !sets_lock_timeout(work) && !*told) {
        *told = true;
        found(c, rule_of(RULE_NO_LOCK_TIMEOUT), place,
              "\"%s\" waits for its lock without a \"lock_timeout\", and everybody else behind it", work->id);
    }
    see_claims(c, work, statement);
    note_locks(c, work, statement);
}

static void judge_work(struct judging *j, const struct step *work)
{
    struct checking *c = j->c;
    bool told = false;
    size_t count;
    if (work->kind != STEP_SQL || work->target == BOOK_NONE)
        return;
    if (query_is_there(&work->generate))
        found(c, rule_of(RULE_GENERATED), at_field(c, work, "generate"),
              "the statements of \"%s\" are answered by a server: nobody has judged them", work->id);
    const struct script *scripts = scripts_of(c, work, &count);
    for (size_t i = 0; i < count; i++) {
        const struct sql_options options = { .transaction = scripts[i].transaction };
        const struct sql_script *script = sql_judge(c->arena, &j->servers[work->target],
                                                    j->catalogs[work->target], scripts[i].text, &options);
        for (size_t k = 0; k < script->count; k++)
            see_statement(c, work, &scripts[i], &script->statements[k], &told);
    }
}

/* ---- queries ---- */

static bool begins_as_query(const char *text)
{
    static const char *const words[] = { "select", "with", "values", "table", "show", "explain", "(" };
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
    const struct sql_options options = { 0 };
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

static void judge_asked(struct judging *j, const struct step *work, const struct query *query,
                        const char *key)
{
    struct checking *c = j->c;
    struct place place = at_field(c, work, key);
    const char *whose = arena_format(c->arena, "\"%s\"", work->id);
    if (!query_is_there(query))
        return;
    judge_query(j, query->target, filled(c, work, query->sql), place, whose);
    if (query->expect.kind == EXPECT_EQUALS && query->expect.other)
        judge_query(j, query->expect.other->target, filled(c, work, query->expect.other->sql), place, whose);
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
    { { .code = NULL }, NULL },
};
