/* What a plan has to have: verification, a backup, a second person, somebody who is told. */
#include "checking.h"

#include "base/text.h"

/* ---- verification ---- */

static bool judges(const struct step *step)
{
    return step->kind == STEP_VERIFY || step->kind == STEP_COMPARE || step_is_sensed(step) ||
           (step->kind == STEP_WAIT && step->until_count > 0);
}

/* Whether something is judged after the last step of the phase that changes anything: in it, or in phases
 * that only verify and come directly after it. */
static bool is_verified(const struct book *book, size_t phase)
{
    bool verified = false;
    for (size_t i = phase; i < book->phase_count; i++) {
        const struct phase *def = &book->phases[i];
        if (i > phase && phase_changes(book, i))
            break;
        for (size_t s = def->first_step; s < def->first_step + def->step_count; s++) {
            if (step_matters(&book->steps[s]))
                verified = false;
            else if (judges(&book->steps[s]))
                verified = true;
        }
    }
    return verified;
}

/* A phase of which every change is asked about by its own probe says as much. */
static bool all_probed(const struct book *book, size_t phase)
{
    const struct phase *def = &book->phases[phase];
    for (size_t s = def->first_step; s < def->first_step + def->step_count; s++) {
        if (step_matters(&book->steps[s]) && !query_is_there(&book->steps[s].probe))
            return false;
    }
    return true;
}

static void look_at_verification(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->phase_count; i++) {
        if (phase_changes(c->book, i) && !is_verified(c->book, i) && !all_probed(c->book, i))
            found(c, rule, at_phase(c, i), "phase \"%s\" changes something, and nothing judges what it did",
                  c->book->phases[i].id);
    }
}

/* ---- backup ---- */

static bool tells_backup(const struct step *step)
{
    static const char *const words[] = { "backup", "back-up", "pgbackrest", "barman", "wal-g", "snapshot" };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (says(step->id, words[i]) || says(step->title, words[i]) || says(step->query.sql, words[i]) ||
            (step->argv_count > 0 && says(step->argv[0], words[i])))
            return true;
    }
    return false;
}

static void look_at_backup(struct checking *c, const struct check_rule *rule)
{
    size_t change = first_change(c->book);
    if (change == BOOK_NONE)
        return;
    for (size_t i = 0; i < c->book->step_count && c->book->steps[i].phase <= change; i++) {
        const struct step *step = &c->book->steps[i];
        if (step_matters(step))
            break;
        if (tells_backup(step))
            return;
    }
    found(c, rule, at_phase(c, change),
          "phase \"%s\" is the first that changes something, and no step before asks how old the backup is",
          c->book->phases[change].id);
}

/* ---- a second person ---- */

static bool is_second(const struct book *book, size_t role)
{
    if (role == BOOK_NONE)
        return false;
    for (size_t other = 0; other < book->role_count; other++) {
        if (book->roles[role].not_role == other || book->roles[other].not_role == role)
            return true;
    }
    return false;
}

static bool gate_asks_second(const struct book *book, const struct gate *gate)
{
    size_t second = 0;
    for (size_t i = 0; i < gate->vote_count; i++)
        second += is_second(book, gate->votes[i]) && !text_equal(book->roles[gate->votes[i]].id, "operator");
    return second > 0;
}

static bool asks_second(const struct book *book, size_t before)
{
    for (size_t i = 0; i < book->gate_count; i++) {
        if (book->gates[i].phase < before && gate_asks_second(book, &book->gates[i]))
            return true;
    }
    for (size_t i = 0; i < book->step_count && book->steps[i].phase < before; i++) {
        const char *by = book->steps[i].by;
        if (by && !text_equal(by, "operator") && is_second(book, book_find_role(book, by)))
            return true;
    }
    return false;
}

/* What the review has to come before: the cutover, or where none is called so the first change. */
static size_t reviewed_phase(const struct book *book)
{
    size_t cutover = first_of_kind(book, PHASE_CUTOVER);
    return cutover != BOOK_NONE ? cutover : first_change(book);
}

static void look_at_review(struct checking *c, const struct check_rule *rule)
{
    size_t phase = reviewed_phase(c->book);
    if (phase != BOOK_NONE && !asks_second(c->book, phase))
        found(c, rule, at_phase(c, phase),
              "before phase \"%s\" nobody but the operator is asked: no vote and no box is of a role that is "
              "\"not\" another",
              c->book->phases[phase].id);
}

/* ---- the gate before the cutover ---- */

static void look_at_approval(struct checking *c, const struct check_rule *rule)
{
    size_t cutover = first_of_kind(c->book, PHASE_CUTOVER);
    if (cutover == BOOK_NONE)
        return;
    for (size_t i = 0; i < c->book->gate_count; i++) {
        if (c->book->gates[i].phase < cutover && c->book->gates[i].vote_count > 0)
            return;
    }
    found(c, rule, at_phase(c, cutover), "phase \"%s\" begins without anybody having said go",
          c->book->phases[cutover].id);
}

/* ---- being told ---- */

static void look_at_communication(struct checking *c, const struct check_rule *rule)
{
    const struct json *said = json_member(c->book->source, "communications");
    if (first_change(c->book) != BOOK_NONE && (!said || said->count == 0))
        found(c, rule, at_book(c, NULL),
              "the book changes something, and tells nobody: it has no "
              "\"communications\"");
}

static bool is_sent(const struct book *book, const char *id)
{
    for (size_t i = 0; i < book->step_count; i++) {
        const struct step *step = &book->steps[i];
        if (step->notice && text_equal(step->notice->id, id))
            return true;
        for (size_t k = 0; k < step->rollback_count; k++) {
            if (step->rollback[k].notice && text_equal(step->rollback[k].notice->id, id))
                return true;
        }
    }
    return false;
}

static void look_at_unsent(struct checking *c, const struct check_rule *rule)
{
    const struct json *all = json_member(c->book->source, "communications");
    for (size_t i = 0; all && i < all->count; i++) {
        const struct json *via = json_member(&all->items[i], "via");
        bool by_program = via && (text_equal(via->text, "webhook") || text_equal(via->text, "command"));
        if (by_program && !is_sent(c->book, all->items[i].key))
            found(c, rule, at_line(all->items[i].line, all->items[i].column),
                  "communication \"%s\" goes by %s, and no step sends it", all->items[i].key, via->text);
    }
}

/* ---- estimates ---- */

static bool takes_time(const struct step *work)
{
    return work->kind != STEP_CHECK && work->kind != STEP_NOTIFY && work->kind != STEP_MARK &&
           work->kind != STEP_NONE;
}

/* A phase that says how long it takes says it for its steps. */
static bool phase_estimated(const struct checking *c, size_t phase)
{
    const struct json *phases = json_member(c->book->source, "phases");
    return json_member(&phases->items[phase], "estimate") != NULL;
}

static void look_at_estimates(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->step_count; i++) {
        const struct step *step = &c->book->steps[i];
        bool needed = step_matters(step) || !phase_estimated(c, step->phase);
        if (takes_time(step) && needed && step->estimate.max_us == 0)
            found(c, rule, at_work(step), "step \"%s\" has no estimate", step->id);
    }
}

static void look_at_undo_estimates(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->step_count; i++) {
        const struct step *step = &c->book->steps[i];
        for (size_t k = 0; k < step->rollback_count; k++) {
            const struct step *entry = &step->rollback[k];
            if (takes_time(entry) && entry->estimate.max_us == 0)
                found(c, rule, at_work(entry), "entry %zu of the rollback of \"%s\" has no estimate", k + 1,
                      step->id);
        }
    }
}

#define CUTOVER_STEPS                                                                                        \
    "\"steps\": [ { \"id\": \"switch\", \"kind\": \"command\", \"argv\": [ \"switch\", \"new\" ], "          \
    "\"timeout\": \"10s\", \"estimate\": \"1s\", \"done_when\": { \"target\": \"primary\", \"sql\": "        \
    "\"SELECT on_new FROM app\" }, \"rollback\": [ { \"kind\": \"command\", \"argv\": [ \"switch\", "        \
    "\"old\" ], \"timeout\": \"10s\", \"estimate\": \"1s\" } ] } ]"
#define CHANGE_PHASE "{ \"id\": \"change\", \"kind\": \"cutover\", \"title\": \"Switch\", " CUTOVER_STEPS " }"

const struct topic_rule phase_rules[] = {
    { { .code = "phase-without-verification",
        .severity = CHECK_WARNING,
        .title = "a phase changes something and nothing judges what it did",
        .text = "Every step ends well and the phase is done; that half of the rows were not touched is found "
                "by the customers.",
        .safe_form = "Add a \"verification\" to the phase, a verify or compare step after the last change, "
                     "or a \"done_when\" to every step that changes something.",
        .bad = "{ \"id\": \"change\", \"kind\": \"expand\", \"title\": \"Deploy\", \"steps\": [ { \"id\": "
               "\"flag\", \"kind\": \"manual\", \"instructions\": \"Turn the flag on.\", \"estimate\": "
               "\"1m\", \"rollback\": [ { \"kind\": \"manual\", \"instructions\": \"Turn the flag off.\", "
               "\"estimate\": \"1m\" } ] } ] }",
        .good = "{ \"id\": \"change\", \"kind\": \"expand\", \"title\": \"Deploy\", \"steps\": [ { \"id\": "
                "\"flag\", \"kind\": \"manual\", \"instructions\": \"Turn the flag on.\", \"estimate\": "
                "\"1m\", \"rollback\": [ { \"kind\": \"manual\", \"instructions\": \"Turn the flag off.\", "
                "\"estimate\": \"1m\" } ] } ], \"verification\": [ { \"kind\": \"verify\", \"target\": "
                "\"primary\", \"sql\": \"SELECT count(*) FROM workers WHERE NOT flag\", \"expect\": { "
                "\"value\": 0 }, \"estimate\": \"1s\" } ] }" },
      look_at_verification },
    { { .code = "no-backup-check",
        .severity = CHECK_WARNING,
        .title = "nothing asks how old the backup is before the first change",
        .text = "The backup that everybody counts on failed three nights ago, and nobody had to look.",
        .safe_form = "Add a check before the first change: when the last backup finished, and when one was "
                     "last restored.",
        .bad = "{ \"id\": \"before\", \"kind\": \"preflight\", \"title\": \"Before\", \"steps\": [ { \"id\": "
               "\"told\", \"kind\": \"check\", \"title\": \"Everybody is there\" } ], \"gate\": { \"id\": "
               "\"go\", \"votes\": [ \"operator\", \"reviewer\" ] } }",
        .good = "{ \"id\": \"before\", \"kind\": \"preflight\", \"title\": \"Before\", \"steps\": [ { "
                "\"id\": \"backup-age\", \"kind\": \"check\", \"title\": \"A backup finished within the last "
                "2 hours\" } ], \"gate\": { \"id\": \"go\", \"votes\": [ \"operator\", \"reviewer\" ] } }" },
      look_at_backup },
    { { .code = "no-second-person",
        .severity = CHECK_WARNING,
        .title = "nobody but the operator is asked before the cutover",
        .text = "At two in the morning one tired person finds every reason to go on.",
        .safe_form = "Give a role \"not\": \"operator\", and ask it for a vote or a box before the cutover.",
        .bad = "{ \"roles\": { \"operator\": {}, \"reviewer\": {} } }",
        .good = "{ \"roles\": { \"operator\": {}, \"reviewer\": { \"not\": \"operator\" } } }" },
      look_at_review },
    { { .code = "cutover-without-approval",
        .severity = CHECK_ERROR,
        .title = "no gate with a vote stands before the cutover",
        .text = "The cutover begins with the Enter that ended the step before it.",
        .safe_form = "End a phase before the cutover with a gate that asks for votes.",
        .bad = "{ \"phases\": [ { \"id\": \"before\", \"kind\": \"preflight\", \"title\": \"Before\", "
               "\"steps\": [ { \"id\": \"backup-age\", \"kind\": \"check\", \"by\": \"reviewer\" } ] "
               "}, " CHANGE_PHASE " ] }",
        .good = "{ \"phases\": [ { \"id\": \"before\", \"kind\": \"preflight\", \"title\": \"Before\", "
                "\"steps\": [ { \"id\": \"backup-age\", \"kind\": \"check\", \"by\": \"reviewer\" } ], "
                "\"gate\": { \"id\": \"go\", \"votes\": [ \"operator\", \"reviewer\" ] } "
                "}, " CHANGE_PHASE " ] }" },
      look_at_approval },
    { { .code = "no-communication",
        .severity = CHECK_WARNING,
        .title = "the book tells nobody",
        .text =
            "Support learns from the customers that something is going on, and reports it as an incident.",
        .safe_form =
            "Write \"communications\" for the beginning, the end and the rollback, and send them with "
            "notify steps.",
        .bad = "{ \"communications\": {} }",
        .good =
            "{ \"communications\": { \"begun\": { \"to\": \"support\", \"text\": \"It has begun.\" } } }" },
      look_at_communication },
    { { .code = "communication-unsent",
        .severity = CHECK_WARNING,
        .title = "a message that a program could send is sent by no step",
        .text = "The text was written and everybody relies on it; it stays in the book.",
        .safe_form = "Add a notify step with this template.",
        .bad = "{ \"communications\": { \"begun\": { \"to\": \"support\", \"via\": \"command\", \"argv\": [ "
               "\"tell\" ], \"text\": \"It has begun.\" } } }",
        .good = "{ \"communications\": { \"begun\": { \"to\": \"support\", \"via\": \"voice\", \"text\": "
                "\"It has begun.\" } } }" },
      look_at_unsent },
    { { .code = "no-estimate",
        .severity = CHECK_WARNING,
        .title = "a step has no estimate",
        .text =
            "The clocks count it as nothing: the screen says that there is time when there is none, and a "
            "step that hangs is not seen to be slow.",
        .safe_form = "Say how long it takes as a range, best from a rehearsal.",
        .bad = "{ \"id\": \"s\", \"kind\": \"wait\", \"timeout\": \"1m\", \"until\": { \"metric\": "
               "\"lag.seconds\", \"is\": \"<\", \"value\": 1 } }",
        .good = "{ \"id\": \"s\", \"kind\": \"wait\", \"timeout\": \"1m\", \"estimate\": \"1s..30s\", "
                "\"until\": { \"metric\": \"lag.seconds\", \"is\": \"<\", \"value\": 1 } }" },
      look_at_estimates },
    { { .code = "no-rollback-estimate",
        .severity = CHECK_WARNING,
        .title = "an entry of a rollback has no estimate",
        .text =
            "The latest safe decision is reckoned from these estimates. Without one it is a guess, and the "
            "moment at which the way back still fitted passes unseen.",
        .safe_form = "Say how long it takes, best from a rehearsal of the rollback.",
        .bad = "{ \"id\": \"s\", \"kind\": \"manual\", \"instructions\": \"On.\", \"estimate\": \"1m\", "
               "\"rollback\": [ { \"kind\": \"manual\", \"instructions\": \"Off.\" } ] }",
        .good = "{ \"id\": \"s\", \"kind\": \"manual\", \"instructions\": \"On.\", \"estimate\": \"1m\", "
                "\"rollback\": [ { \"kind\": \"manual\", \"instructions\": \"Off.\", \"estimate\": \"1m\" } "
                "] }" },
      look_at_undo_estimates },
    { { .code = NULL }, NULL },
};
