/* Programs: those that are called and those that are asked for. */
#include "checking.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* What comes in versions that matter. */
static const char *const known[] = {
    "psql",
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "pg_upgrade",
    "pg_basebackup",
    "pg_rewind",
    "pg_repack",
    "pgbackrest",
    "barman",
    "pgbench",
    "mysql",
    "mysqldump",
    "mariadb",
    "gh-ost",
    "mariadb-dump",
    "mongodump",
    "mongorestore",
    "ora2pg",
    "sqlcmd",
    "flyway",
    "liquibase",
    "pt-online-schema-change",
};
/* Those that read a server's catalog: they refuse one that is newer than they are (PostgreSQL 15
 * documentation, pg_dump, Notes). */
static const char *const readers[] = { "pg_dump", "pg_dumpall", "pg_basebackup" };

static bool is_one_of(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(name, list[i]))
            return true;
    }
    return false;
}

static bool is_required(const struct book *book, const char *name)
{
    for (size_t i = 0; i < book->tool_count; i++) {
        if (text_equal(book->tools[i].name, name))
            return true;
    }
    return false;
}

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

/* What a text names of `known`, as a word or at the end of a path; each is told once for each step. */
static void see_text(struct checking *c, const struct check_rule *rule, const struct step *work,
                     const char *text, bool *told)
{
    while (*text) {
        size_t len = strspn(text, NAME_BYTES);
        for (size_t i = 0; len > 0 && i < ARRAY_LEN(known); i++) {
            if (told[i] || strlen(known[i]) != len || strncmp(text, known[i], len) != 0 || text[len] == '/' ||
                is_required(c->book, known[i]))
                continue;
            told[i] = true;
            found(c, rule, at_field(c, work, "argv"),
                  "\"%s\" calls %s, which is not among the required tools", work->id, known[i]);
        }
        text += len > 0 ? len : 1;
    }
}

static bool is_shell(const char *program)
{
    const char *slash = strrchr(program, '/');
    const char *name = slash ? slash + 1 : program;
    return text_equal(name, "sh") || text_equal(name, "bash") || text_equal(name, "dash");
}

/* What is called: the program, and the words of a script that a shell is given. */
static void see_command(struct checking *c, const struct check_rule *rule, const struct step *work)
{
    bool told[ARRAY_LEN(known)] = { false };
    if (work->kind != STEP_COMMAND || work->argv_count == 0)
        return;
    see_text(c, rule, work, work->argv[0], told);
    if (is_shell(work->argv[0]) && work->argv_count > 2 && text_starts(work->argv[1], "-"))
        see_text(c, rule, work, work->argv[2], told);
}

static void look_at_required(struct checking *c, const struct check_rule *rule)
{
    for (size_t i = 0; i < c->book->step_count; i++) {
        const struct step *step = &c->book->steps[i];
        see_command(c, rule, step);
        for (size_t k = 0; k < step->rollback_count; k++)
            see_command(c, rule, &step->rollback[k]);
    }
}

/* ---- versions ---- */

static long number_of(const char *constraint)
{
    return strtol(constraint + strspn(constraint, "<>="), NULL, 10);
}

/* The target of the newest version; NULL when none says one. */
static const struct target *newest(const struct book *book)
{
    const struct target *best = NULL;
    for (size_t i = 0; i < book->target_count; i++) {
        const struct target *target = &book->targets[i];
        if (target->version && (!best || number_of(target->version) > number_of(best->version)))
            best = target;
    }
    return best;
}

static void look_at_versions(struct checking *c, const struct check_rule *rule)
{
    const struct json *list = json_member(json_member(c->book->source, "tools"), "required");
    const struct target *target = newest(c->book);
    for (size_t i = 0; target && i < c->book->tool_count; i++) {
        const struct tool *tool = &c->book->tools[i];
        const struct json *at = &list->items[i];
        bool from_below = tool->version && tool->version[0] != '<';
        if (!is_one_of(tool->name, readers, ARRAY_LEN(readers)))
            continue;
        if (!from_below || number_of(tool->version) < number_of(target->version))
            found(c, rule, at_line(at->line, at->column),
                  "%s %s may be older than target \"%s\" (%s), and refuses to read it then", tool->name,
                  tool->version ? tool->version : "of any version", target->id, target->version);
    }
}

#define DUMP_STEP(program)                                                                                   \
    "{ \"id\": \"s\", \"kind\": \"command\", \"argv\": [ \"" program "\", \"--schema-only\" ], "             \
    "\"timeout\": \"1m\", \"estimate\": \"1s\", \"rollback\": [ { \"kind\": \"none\", \"why\": \"it only "   \
    "reads\" } ] }"

const struct topic_rule tool_rules[] = {
    { { .code = "tool-not-required",
        .severity = CHECK_WARNING,
        .title = "a step calls a program that the book does not require",
        .text =
            "It is not there, or of last year's version, on the host from which the cutover is run; that is "
            "found out when its step begins.",
        .safe_form =
            "Name it in \"tools\", \"required\", with a version: the run looks for it before it begins.",
        .bad = DUMP_STEP("pg_dump"),
        .good = DUMP_STEP("inventory") },
      look_at_required },
    { { .code = "tool-version",
        .severity = CHECK_ERROR,
        .title = "a program that reads a server may be older than the server",
        .text = "pg_dump refuses a server of a later major version: \"aborting because of server version "
                "mismatch\".",
        .versions = "every version of pg_dump, pg_dumpall and pg_basebackup",
        .safe_form = "Require at least the version of the newest target: \">=15\".",
        .bad = "{ \"tools\": { \"required\": [ { \"name\": \"pg_dump\", \"version\": \">=13\" } ] } }",
        .good = "{ \"tools\": { \"required\": [ { \"name\": \"pg_dump\", \"version\": \">=15\" } ] } }" },
      look_at_versions },
    { { .code = NULL }, NULL },
};
