#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "shape.h"
#include "sqlscan.h"
#include "step.h"

/* A table altered by a program that copies it while it is in use, and swaps the two. */
struct osc_fields {
    struct step_common common;
    struct step_change change;
    const char *target;
    const char *table;
    const char *alter;
    int tool;
    struct json_texts options;
    const struct json *throttle;
    int64_t lock_timeout_us;
    int64_t timeout_us;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    STEP_CHANGE_ROWS_PROBED(struct osc_fields, JSON_REQUIRED),
    { "target", JSON_FIELD_TEXT, offsetof(struct osc_fields, target), STEP_NEEDED_IN_PHASE, NULL, 0, 0,
      "which server it runs on" },
    { "table", JSON_FIELD_TEXT, offsetof(struct osc_fields, table), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0,
      "the table, as name or as database.name" },
    { "alter", JSON_FIELD_TEXT, offsetof(struct osc_fields, alter), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0,
      "what stands behind ALTER TABLE and the name" },
    { "tool", JSON_FIELD_ENUM, offsetof(struct osc_fields, tool), JSON_REQUIRED, osc_tool_words, 0, 0,
      "the program that does it" },
    { "options", JSON_FIELD_TEXTS, offsetof(struct osc_fields, options), 0, NULL, 0, 0,
      "further options of the program, each as \"--name\" or \"--name=value\"" },
    { "throttle", JSON_FIELD_ARRAY, offsetof(struct osc_fields, throttle), 0, NULL, 0, 0,
      "conditions that all have to hold, by fresh samples, or the program is paused" },
    { "lock_timeout", JSON_FIELD_DURATION, offsetof(struct osc_fields, lock_timeout_us), 0, NULL, 0, 0,
      "how long the program may wait for a lock on the table; 3s unless stated" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct osc_fields, timeout_us), 0, NULL, 0, 0,
      "how long all of it may take, pauses included; no limit unless stated" },
    { 0 },
};

static const struct shape_part parts[] = {
    STEP_COMMON_PARTS,
    STEP_CHANGE_PARTS,
    { "throttle", FORM_LIST, .shape = &condition_shape },
    { 0 },
};

static const struct osc_fields defaults = { .tool = -1, .lock_timeout_us = 3 * SECOND_US };

/* ---- the table ---- */

/* Such a name needs no quotes, in whatever the program makes of it. */
#define NAME_BYTES     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$-"
#define NAME_MAX_BYTES 64

static bool is_name(const char *text, size_t len)
{
    return len > 0 && len <= NAME_MAX_BYTES && strspn(text, NAME_BYTES) >= len;
}

/* A text in which nothing is put in later. */
static const char *fixed(struct loader *l, const struct json *source, const char *key, const char *text)
{
    const struct json_texts one = { 1, &text };
    return text ? load_fixed_texts(l, load_at(source, key), &one, LAND_ARGUMENT)[0] : NULL;
}

static void load_table(struct loader *l, const struct json *source, const char *text, struct osc_def *def)
{
    const char *table = fixed(l, source, "table", text);
    const char *dot = table ? strchr(table, '.') : NULL;
    if (!table)
        return;
    if (dot)
        def->schema = arena_text_len(l->arena, table, (size_t)(dot - table));
    def->table = dot ? dot + 1 : table;
    if (!is_name(def->table, strlen(def->table)) || (dot && !is_name(table, (size_t)(dot - table))))
        load_fault(
            l, load_at(source, "table"),
            "the table of an online schema change is \"name\" or \"database.name\", of letters, digits, "
            "\"_\", \"$\" and \"-\"");
}

/* ---- the change ---- */

/* The program reads "..." as a string: names go to it in `...`. */
static const char *with_backquotes(struct loader *l, const char *alter)
{
    const char *text = "";
    struct sql_scan scan = { .text = alter, .engine = ENGINE_MYSQL };
    struct sql_token token;
    while (sql_next(&scan, &token)) {
        bool quoted = token.kind == SQL_IDENTIFIER && !token.unterminated && *token.text == '"';
        text = quoted ? arena_format(l->arena, "%s`%.*s`", text, (int)token.len - 2, token.text + 1)
                      : arena_format(l->arena, "%s%.*s", text, (int)token.len, token.text);
    }
    return text;
}

/* Whether a name holds a quote of either sort: it would not be the same name between the other ones. */
static bool has_quoted_quote(const char *alter)
{
    struct sql_scan scan = { .text = alter, .engine = ENGINE_MYSQL };
    struct sql_token token;
    while (sql_next(&scan, &token)) {
        if (token.kind == SQL_IDENTIFIER && strcspn(token.text + 1, "\"`") + 2 < token.len)
            return true;
    }
    return false;
}

static void load_alter(struct loader *l, const struct json *source, const char *text, size_t target,
                       struct osc_def *def)
{
    const char *alter = load_sql_part(l, source, "alter", text, target);
    if (!alter)
        return;
    if (strpbrk(alter, "\\\n\r") || strstr(alter, "${") || strstr(alter, "\"\"") || has_quoted_quote(alter))
        load_fault(
            l, load_at(source, "alter"),
            "the program reads an \"alter\" on its own: it is one line, without a \"\\\", a quote in a "
            "name, or what is known only later");
    def->alter = with_backquotes(l, alter);
}

/* ---- options ---- */

/* What the runner sets itself, or what would make another thing of the step. */
static const char *const percona_own[] = {
    "alter",
    "execute",
    "dry-run",
    "config",
    "defaults-file",
    "host",
    "user",
    "password",
    "port",
    "socket",
    "database",
    "ask-pass",
    "pause-file",
    "progress",
    "plugin",
    "new-table-name",
    "swap-tables",
    "drop-new-table",
    "drop-old-table",
    "drop-triggers",
    "set-vars",
    "quiet",
    "version-check",
    "help",
    "version",
    "slave-password",
    "check-slave-lag",
    "pid",
    "force",
    NULL,
};
static const char *const ghost_own[] = {
    "alter",
    "execute",
    "table",
    "database",
    "host",
    "port",
    "user",
    "password",
    "ask-pass",
    "conf",
    "master-user",
    "master-password",
    "throttle-flag-file",
    "panic-flag-file",
    "serve-socket-file",
    "force-table-names",
    "ok-to-drop-table",
    "initially-drop-old-table",
    "initially-drop-ghost-table",
    "migrate-on-replica",
    "test-on-replica",
    "noop",
    "ssl",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-allow-insecure",
    "cut-over-lock-timeout-seconds",
    "allow-on-master",
    "timestamp-old-table",
    "revert",
    "resume",
    "help",
    "version",
    "debug",
    NULL,
};
static const struct {
    const char *const *own;
    bool shortened; /* it takes the beginning of a name for the name, and no-NAME for its opposite */
} tools[OSC_TOOL_COUNT] = { [OSC_PERCONA] = { percona_own, true }, [OSC_GHOST] = { ghost_own, false } };

static bool names(enum osc_tool tool, const char *option, size_t len, const char *own)
{
    return strncasecmp(option, own, len) == 0 && (tools[tool].shortened || own[len] == '\0');
}

static bool is_own(enum osc_tool tool, const char *option, size_t len)
{
    for (const char *const *own = tools[tool].own; *own; own++) {
        if (names(tool, option, len, *own))
            return true;
    }
    return false;
}

#define FOREIGN_KEYS "alter-foreign-keys-method"

/* The other ways of it drop the table before the swap, or leave keys that lead nowhere. */
static bool breaks_keys(enum osc_tool tool, const char *option, size_t len)
{
    return tool == OSC_PERCONA && names(tool, option, len, FOREIGN_KEYS) &&
           strcmp(option, FOREIGN_KEYS "=rebuild_constraints") != 0;
}

static void check_option(struct loader *l, const struct json *where, enum osc_tool tool, const char *word)
{
    const char *option = text_starts(word, "--") ? word + strlen("--") : "";
    size_t len = strcspn(option, "=");
    size_t no = text_starts(option, "no-") ? strlen("no-") : text_starts(option, "no") ? strlen("no") : 0;
    if (len == 0 || strpbrk(word, "\n\r"))
        load_fault(l, where, "an option is one word, \"--name\" or \"--name=value\"");
    else if (is_own(tool, option, len) ||
             (tools[tool].shortened && no > 0 && len > no && is_own(tool, option + no, len - no)))
        load_fault(l, where, "\"%s\" is set by the runner: an osc has it from its other fields, or always",
                   word);
    else if (breaks_keys(tool, option, len))
        load_fault(l, where,
                   "of the methods for foreign keys only --" FOREIGN_KEYS
                   "=rebuild_constraints leaves them as they are while the table is swapped");
}

static void load_options(struct loader *l, const struct json *source, const struct json_texts *texts,
                         struct osc_def *def)
{
    const struct json *where = load_at(source, "options");
    def->option_count = texts->count;
    def->options = load_fixed_texts(l, where, texts, LAND_ARGUMENT);
    for (size_t i = 0; i < texts->count; i++)
        check_option(l, load_item(where, i), def->tool, def->options[i]);
}

/* ---- the step ---- */

static void check_engine(struct loader *l, const struct json *source, size_t target)
{
    if (target != BOOK_NONE && l->book->targets[target].engine == ENGINE_POSTGRESQL)
        load_fault(l, source,
                   "an online schema change is for mysql and mariadb, and target \"%s\" is postgresql",
                   l->book->targets[target].id);
}

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct osc_fields *raw = decoded;
    struct osc_def *def = arena_alloc(l->arena, sizeof(*def));
    step->osc = def;
    step->target = load_step_target(l, source, raw->target, step);
    check_engine(l, load_at(source, "target"), step->target);
    def->tool = raw->tool >= 0 ? (enum osc_tool)raw->tool : OSC_PERCONA;
    load_table(l, source, raw->table, def);
    load_alter(l, source, raw->alter, step->target, def);
    load_options(l, source, &raw->options, def);
    def->throttle = load_passing_conditions(l, raw->throttle, "a throttle", &def->throttle_count);
    step->lock_timeout_us = raw->lock_timeout_us;
    step->timeout_us = raw->timeout_us;
    if (raw->lock_timeout_us == 0)
        load_fault(l, load_at(source, "lock_timeout"),
                   "an osc has a \"lock_timeout\": nobody may wait behind it without an end");
    load_step_probe(l, &raw->change, step);
    load_step_change(l, source, &raw->change, step);
}

const struct step_kind_def osc_kind = {
    .fields = fields,
    .size = sizeof(struct osc_fields),
    .defaults = &defaults,
    .build = build,
    .parts = parts,
};
