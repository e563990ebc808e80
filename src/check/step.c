/* How a step is carried out: timeouts, attempts, secrets. */
#include "checking.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

/* Calls `see` for each step and each entry of its rollback. */
static void each_work(struct checking *c, const struct check_rule *rule,
                      void (*see)(struct checking *, const struct check_rule *, const struct step *))
{
    for (size_t i = 0; i < c->book->step_count; i++) {
        const struct step *step = &c->book->steps[i];
        see(c, rule, step);
        for (size_t k = 0; k < step->rollback_count; k++)
            see(c, rule, &step->rollback[k]);
    }
}

/* ---- time ---- */

static bool sets(const struct step *work, const char *setting)
{
    for (size_t i = 0; i < work->sql_count; i++) {
        if (says(work->sql[i], setting))
            return true;
    }
    return false;
}

static void see_statement_timeout(struct checking *c, const struct check_rule *rule, const struct step *work)
{
    if (work->kind == STEP_SQL && work->statement_timeout_us == 0 && !sets(work, "statement_timeout"))
        found(c, rule, at_work(work), "\"%s\" has no \"statement_timeout\": a statement may take for ever",
              work->id);
}

static void look_at_statement_timeout(struct checking *c, const struct check_rule *rule)
{
    each_work(c, rule, see_statement_timeout);
}

static void see_lock_timeout(struct checking *c, const struct check_rule *rule, const struct step *work)
{
    if (work->lock_timeout_us > 0 && work->statement_timeout_us > 0 &&
        work->lock_timeout_us >= work->statement_timeout_us)
        found(c, rule, at_field(c, work, "lock_timeout"),
              "\"%s\": the lock_timeout of %s never comes before the statement_timeout of %s", work->id,
              spelt(c, work->lock_timeout_us), spelt(c, work->statement_timeout_us));
}

static void look_at_lock_timeout(struct checking *c, const struct check_rule *rule)
{
    each_work(c, rule, see_lock_timeout);
}

static void see_end(struct checking *c, const struct check_rule *rule, const struct step *work)
{
    if ((work->kind == STEP_WAIT || work->kind == STEP_COMMAND) && work->timeout_us == 0)
        found(c, rule, at_work(work), "\"%s\" has no \"timeout\": it may %s for ever", work->id,
              work->kind == STEP_WAIT ? "wait" : "run");
}

static void look_at_end(struct checking *c, const struct check_rule *rule)
{
    each_work(c, rule, see_end);
}

/* ---- doing it again ---- */

static bool probed(const struct step *step)
{
    return query_is_there(&step->probe) || step->each || step_kind_resumes(step->kind);
}

static void look_at_probe(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->step_count; i++) {
        const struct step *step = &c->book->steps[i];
        bool carried_out = step->kind == STEP_SQL || step->kind == STEP_COMMAND;
        if (carried_out && step_matters(step) && !probed(step) && !step->as)
            found(c, rule, at_work(step),
                  "\"%s\" has no \"done_when\": after a crash nobody can tell what it did", step->id);
    }
}

static void look_at_retry(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->step_count; i++) {
        const struct step *step = &c->book->steps[i];
        if (step->kind == STEP_SQL && step->retry.attempts > 1 && !step->transaction && step_matters(step) &&
            !probed(step))
            found(
                c, rule, at_field(c, step, "retry"),
                "\"%s\" is tried %d times outside a transaction, and no \"done_when\" tells what an attempt "
                "before it did",
                step->id, step->retry.attempts);
    }
}

/* ---- secrets ---- */

/* Where the value of a key begins in "--password=x", "PGPASSWORD=x", "password=x"; NULL. */
static const char *secret_in(const char *text)
{
    static const char *const keys[] = { "password=", "passwd=",  "pwd=",   "secret=",
                                        "token=",    "api_key=", "apikey=" };
    for (const char *at = text; *at; at++) {
        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
            if (strncasecmp(at, keys[i], strlen(keys[i])) == 0)
                return at + strlen(keys[i]);
        }
    }
    return NULL;
}

/* "scheme://user:password@host" */
static bool has_userinfo(const char *text)
{
    const char *at = strstr(text, "://");
    size_t len = at ? strcspn(at + 3, "/@ ") : 0;
    return at && at[3 + len] == '@' && memchr(at + 3, ':', len);
}

/* A variable is where a secret should come from, also "$(cat file)". */
static bool holds_secret(const char *text)
{
    const char *value = secret_in(text);
    bool told = value && *value && !strchr("$\"'` \t", *value);
    bool quoted = value && strchr("\"'", *value) && *value && value[1] && !strchr("$\"'`", value[1]);
    return told || quoted || has_userinfo(text);
}

static void see_arguments(struct checking *c, const struct check_rule *rule, const struct step *work,
                          const char *const *argv, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (holds_secret(argv[i]))
            found(c, rule, at_field(c, work, key),
                  "\"%s\": argument %zu looks like a secret, which every user of the machine can read",
                  work->id, i);
    }
}

static void see_secret(struct checking *c, const struct check_rule *rule, const struct step *work)
{
    see_arguments(c, rule, work, work->argv, work->argv_count, "argv");
    if (work->unattended)
        see_arguments(c, rule, work, work->unattended->argv, work->unattended->argv_count, "unattended");
    for (size_t i = 0; i < work->env_count; i++) {
        if (holds_secret(work->env[i]))
            found(c, rule, at_field(c, work, "env"),
                  "\"%s\": a secret stands in \"env\", and so in the trail", work->id);
    }
}

static void look_at_secrets(struct checking *c, const struct check_rule *rule)
{
    each_work(c, rule, see_secret);
}

/* ---- a rehearsal ---- */

static void see_person(struct checking *c, const struct check_rule *rule, const struct step *work)
{
    bool by_hand = work->kind == STEP_MANUAL || (work->kind == STEP_CHECK && !step_is_sensed(work));
    if (by_hand && !work->unattended)
        found(c, rule, at_work(work), "\"%s\" has no \"unattended\": in a rehearsal nobody answers it",
              work->id);
}

static void look_at_people(struct checking *c, const struct check_rule *rule)
{
    if (c->book->rehearsal)
        each_work(c, rule, see_person);
}

#define SQL_STEP(rest)                                                                                       \
    "{ \"id\": \"s\", \"kind\": \"sql\", \"target\": \"primary\", \"sql\": \"UPDATE settings SET on_new = "  \
    "true "                                                                                                  \
    "WHERE id = 1\", \"lock_timeout\": \"1s\", \"estimate\": \"1s\", " rest                                  \
    ", \"rollback\": [ { \"kind\": \"sql\", \"sql\": \"UPDATE settings SET on_new = false WHERE id = 1\", "  \
    "\"lock_timeout\": \"1s\", \"statement_timeout\": \"30s\", \"estimate\": \"1s\" } ] }"
#define PROBE "\"done_when\": { \"sql\": \"SELECT on_new FROM settings WHERE id = 1\" }"
#define COMMAND_STEP(rest)                                                                                   \
    "{ \"id\": \"s\", \"kind\": \"command\", \"estimate\": \"1s\", \"done_when\": { \"target\": "            \
    "\"primary\", \"sql\": \"SELECT on_new FROM app\" }, " rest                                              \
    ", \"rollback\": [ { \"kind\": \"command\", "                                                            \
    "\"argv\": [ \"switch\", \"old\" ], \"timeout\": \"10s\", \"estimate\": \"1s\" } ] }"

#define REHEARSED(ticked, done, undone)                                                                      \
    "{ \"rehearsal\": {}, \"phases\": [ { \"id\": \"before\", \"kind\": \"preflight\", \"title\": "          \
    "\"Before\", \"steps\": [ { \"id\": \"backup-age\", \"kind\": \"check\", \"by\": \"reviewer\"" ticked    \
    " } ], \"gate\": { \"id\": \"go\", \"votes\": [ \"operator\", \"reviewer\" ] } }, { \"id\": "            \
    "\"change\", "                                                                                           \
    "\"kind\": \"expand\", \"title\": \"Change\", \"steps\": [ { \"id\": \"flag\", \"kind\": \"manual\", "   \
    "\"instructions\": \"On.\", \"estimate\": \"1m\"" done                                                   \
    ", \"rollback\": [ { \"kind\": \"manual\", \"instructions\": \"Off.\", \"estimate\": \"1m\"" undone      \
    " } ] } ] } ] }"
#define STOOD_IN ", \"unattended\": \"of last night\""

const struct topic_rule step_rules[] = {
    { { .code = "no-statement-timeout",
        .severity = CHECK_WARNING,
        .title = "a statement may take for ever",
        .text = "A plan that turned bad runs through the window, holding its locks, and everybody waits for "
                "somebody to cancel it.",
        .safe_form = "Set \"statement_timeout\" to a few times the estimate.",
        .bad = SQL_STEP(PROBE),
        .good = SQL_STEP("\"statement_timeout\": \"30s\", " PROBE) },
      look_at_statement_timeout },
    { { .code = "lock-timeout-too-long",
        .severity = CHECK_ERROR,
        .title = "the lock_timeout is not shorter than the statement_timeout",
        .text = "The statement ends by its own timeout while it still queues, and everybody queues behind it "
                "until then. It is then taken for slow, not for blocked, and is not tried again.",
        .safe_form = "A lock_timeout of 500ms to 3s, with attempts, below the statement_timeout.",
        .bad = SQL_STEP("\"statement_timeout\": \"1s\", " PROBE),
        .good = SQL_STEP("\"statement_timeout\": \"30s\", " PROBE) },
      look_at_lock_timeout },
    { { .code = "no-timeout",
        .severity = CHECK_WARNING,
        .title = "a wait or a command without an end",
        .text =
            "The condition never comes, the program hangs on a prompt, and the window passes with the run "
            "at rest.",
        .safe_form = "Set \"timeout\": what happens then is a failure that somebody sees.",
        .bad = COMMAND_STEP("\"argv\": [ \"switch\", \"new\" ]"),
        .good = COMMAND_STEP("\"argv\": [ \"switch\", \"new\" ], \"timeout\": \"10s\"") },
      look_at_end },
    { { .code = "no-done-when",
        .severity = CHECK_WARNING,
        .title = "nothing can tell whether a step is done already",
        .text = "The runner's machine dies in the middle. The step is unknown, and at three in the morning a "
                "person has to find out by hand whether it may be done again.",
        .safe_form = "Write a \"done_when\": a query that is true when all of it is done.",
        .bad = SQL_STEP("\"statement_timeout\": \"30s\""),
        .good = SQL_STEP("\"statement_timeout\": \"30s\", " PROBE) },
      look_at_probe },
    { { .code = "retry-without-done-when",
        .severity = CHECK_WARNING,
        .title = "a step is tried again although what it did cannot be told",
        .text =
            "Outside a transaction the statements before the one that failed are done, and are done again.",
        .safe_form = "Write a \"done_when\", or put the statements into one transaction.",
        .bad = SQL_STEP(
            "\"statement_timeout\": \"30s\", \"transaction\": false, \"retry\": { \"attempts\": 5 }"),
        .good =
            SQL_STEP("\"statement_timeout\": \"30s\", \"transaction\": false, \"retry\": { \"attempts\": 5 "
                     "}, " PROBE) },
      look_at_retry },
    { { .code = "secret-in-argv",
        .severity = CHECK_ERROR,
        .title = "a secret stands in a command",
        .text = "Arguments can be read by every user of the machine, and the book, with its secret, is "
                "committed to the trail.",
        .safe_form =
            "Make it a param of type secret, and give it to the command by \"env\"; or a password file.",
        .bad = COMMAND_STEP("\"argv\": [ \"switch\", \"--password=hunter2\" ], \"timeout\": \"10s\""),
        .good = COMMAND_STEP("\"argv\": [ \"switch\", \"--password-file\", \"pw\" ], \"timeout\": \"10s\"") },
      look_at_secrets },
    { { .code = "unattended-missing",
        .severity = CHECK_WARNING,
        .title = "in a rehearsal nobody answers it",
        .text =
            "The rehearsal carries the book out at night with nobody there. It comes to a box that only a "
            "person ticks, and ends: what comes after it, and the way back from there, is never tried.",
        .safe_form = "Write an \"unattended\": what is recorded in the place of the evidence, and with "
                     "\"argv\" the program that does it there.",
        .bad = REHEARSED(STOOD_IN, STOOD_IN, ""),
        .good = REHEARSED(STOOD_IN, STOOD_IN, STOOD_IN) },
      look_at_people },
    { { .code = NULL }, NULL },
};
