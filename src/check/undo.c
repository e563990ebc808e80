/* The way back. */
#include "checking.h"

#include "base/text.h"

/* ---- what leads to it ---- */

static const struct step *first_undone(const struct book *book)
{
    for (size_t i = 0; i < book->step_count; i++) {
        if (book->steps[i].rollback_count > 0 && step_matters(&book->steps[i]))
            return &book->steps[i];
    }
    return NULL;
}

static void look_at_triggers(struct checking *c, const struct check_rule *rule)
{
    if (first_undone(c->book) && c->book->trigger_count == 0)
        found(c, rule, at_book(c, "triggers"),
              "the book has a way back and no trigger: nothing says when to take it");
}

/* ---- a way back that is only talk ---- */

static bool tells_restore(const char *text)
{
    static const char *const from[] = { "backup", "back-up", "dump", "snapshot" };
    if (!says(text, "restor"))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(from); i++) {
        if (says(text, from[i]))
            return true;
    }
    return false;
}

static bool tells_command(const char *text)
{
    static const char *const programs[] = { "pg_restore ", "psql ",        "pgbackrest ", "barman ",
                                            "wal-g ",      "mysql ",       "xtrabackup ", "mariabackup ",
                                            "aws ",        "gcloud ",      "az ",         "\n    ",
                                            "`",           "mongorestore " };
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        if (says(text, programs[i]))
            return true;
    }
    return false;
}

static bool does_something(const struct step *step)
{
    for (size_t i = 0; i < step->rollback_count; i++) {
        if (step->rollback[i].kind == STEP_COMMAND)
            return true;
    }
    return false;
}

static void look_at_entry(struct checking *c, const struct check_rule *rule, const struct step *step,
                          const struct step *entry)
{
    bool talk = tells_restore(entry->instructions) || tells_restore(entry->title);
    if (entry->kind == STEP_MANUAL && talk && !tells_command(entry->instructions))
        found(c, rule, at_work(entry),
              "the way back of \"%s\" is to restore, and nothing says by what command", step->id);
}

static void look_at_restore(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->step_count; i++) {
        const struct step *step = &c->book->steps[i];
        for (size_t k = 0; !does_something(step) && k < step->rollback_count; k++)
            look_at_entry(c, rule, step, &step->rollback[k]);
        if (tells_restore(step->irreversible) && !tells_command(step->irreversible))
            found(c, rule, at_field(c, step, "irreversible"),
                  "\"%s\" is undone by restoring, and nothing says by what command", step->id);
    }
}

/* ---- a way back that is too short ---- */

/* Work that is about as long in both directions: what a person, a program, a backfill or the copy of a table
 * does. A catalog change is not: an index that took an hour is dropped in a second. */
static bool is_even(enum step_kind kind)
{
    return kind == STEP_MANUAL || kind == STEP_COMMAND || kind == STEP_BACKFILL || kind == STEP_OSC;
}

#define SHORT_FROM_US MINUTE_US
#define SHORT_TIMES   4

static void look_at_length(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->step_count; i++) {
        const struct step *step = &c->book->steps[i];
        int64_t there_us = step->estimate.min_us, back_us = step_rollback_us(step);
        bool same = step->rollback_count > 0;
        for (size_t k = 0; k < step->rollback_count; k++)
            same = same && step->rollback[k].kind == step->kind;
        if (same && is_even(step->kind) && there_us >= SHORT_FROM_US && back_us > 0 &&
            back_us < there_us / SHORT_TIMES)
            found(c, rule, at_field(c, step, "rollback"),
                  "\"%s\" takes at least %s, and undoing it is said to take %s", step->id, spelt(c, there_us),
                  spelt(c, back_us));
    }
}

/* ---- no way back ---- */

static void look_at_final(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->step_count; i++) {
        const struct step *step = &c->book->steps[i];
        size_t gate =
            step->irreversible && step->phase > 0 ? c->book->phases[step->phase - 1].gate : BOOK_NONE;
        if (gate != BOOK_NONE && c->book->gates[gate].vote_count == 0)
            found(c, rule, at_field(c, step, "irreversible"),
                  "\"%s\" cannot be undone, and nobody votes at gate \"%s\" before it", step->id,
                  c->book->gates[gate].id);
    }
}

#define MANUAL(id)                                                                                           \
    "{ \"id\": \"" id "\", \"kind\": \"manual\", \"instructions\": \"Copy the files.\", \"estimate\": "
#define UNDO(text, estimate)                                                                                 \
    "\"rollback\": [ { \"kind\": \"manual\", \"instructions\": \"" text "\", \"estimate\": \"" estimate      \
    "\" } ] }"
#define FINAL_PHASES(gate)                                                                                   \
    "{ \"phases\": [ { \"id\": \"before\", \"kind\": \"preflight\", \"title\": \"Before\", \"steps\": [ { "  \
    "\"id\": \"backup-age\", \"kind\": \"check\", \"by\": \"reviewer\" } ], \"gate\": " gate                 \
    " }, { \"id\": \"change\", \"kind\": \"contract\", \"title\": \"Drop\", \"steps\": [ { \"id\": "         \
    "\"drop\", "                                                                                             \
    "\"kind\": \"manual\", \"instructions\": \"Delete the old host.\", \"estimate\": \"1m\", "               \
    "\"irreversible\": \"its disks are wiped\" } ], \"verification\": [ { \"kind\": \"verify\", "            \
    "\"target\": "                                                                                           \
    "\"primary\", \"sql\": \"SELECT true\", \"expect\": { \"value\": true }, \"estimate\": \"1s\" } ] } ] }"

const struct topic_rule undo_rules[] = {
    { { .code = "rollback-without-triggers",
        .severity = CHECK_WARNING,
        .title = "nothing says when to take the way back",
        .text = "In the night everybody sees the lag rise, and everybody gives it five more minutes.",
        .safe_form = "Write triggers with a metric, a threshold and a time: \"lag.seconds\" over 60 for 30s.",
        .bad = "{ \"triggers\": [] }",
        .good = "{ \"triggers\": [ { \"id\": \"lag-runaway\", \"then\": \"hold\", \"propose\": \"rollback\", "
                "\"when\": { \"metric\": \"lag.seconds\", \"is\": \">\", \"value\": 60, \"for\": \"30s\" } } "
                "] }" },
      look_at_triggers },
    { { .code = "restore-without-command",
        .severity = CHECK_WARNING,
        .title = "\"restore from backup\" with no command",
        .text = "Which backup, to where, by what command and in how many hours is then found out while "
                "everything is down.",
        .safe_form =
            "Make it a command step, or write the exact command into the instructions, and rehearse it.",
        .bad = MANUAL("s") "\"1m\", " UNDO("Restore from the backup.", "1m"),
        .good = MANUAL("s") "\"1m\", " UNDO("Restore the last backup: pgbackrest restore --delta", "1m") },
      look_at_restore },
    { {
          .code = "rollback-too-short",
          .severity = CHECK_WARNING,
          .title = "the way back is said to take far less than what it undoes",
          .text =
              "The latest safe decision is reckoned from it: with a way back that is said to be too short, "
              "it comes too late, and the window ends in the middle of the rollback.",
          .safe_form = "Estimate the way back from a rehearsal.",
          .bad = MANUAL("s") "\"1h..2h\", " UNDO("Copy them back.", "1m"),
          .good = MANUAL("s") "\"1h..2h\", " UNDO("Copy them back.", "1h"),
      },
      look_at_length },
    { { .code = "irreversible-without-vote",
        .severity = CHECK_ERROR,
        .title = "what cannot be undone stands behind a gate at which nobody votes",
        .text = "Numbers that happen to be good let the run pass the point of no return.",
        .safe_form = "Ask for votes at the gate before it.",
        .bad = FINAL_PHASES("{ \"id\": \"go\", \"criteria\": [ { \"metric\": \"lag.seconds\", \"is\": \"<\", "
                            "\"value\": 1 } ] }"),
        .good = FINAL_PHASES("{ \"id\": \"go\", \"votes\": [ \"operator\", \"reviewer\" ] }") },
      look_at_final },
    { { .code = NULL }, NULL },
};
