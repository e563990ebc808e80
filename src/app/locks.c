#include "locks.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "json/json.h"

#define LINE_MAX  ((size_t)32 * 1024 * 1024)
#define FIRST_MAX 72 /* cells of a statement that are shown */
#define WIDTH     90 /* cells of what is said beside a label */

static const char *const severity_words[] = {
    [SQL_HARMLESS] = "harmless", [SQL_BRIEF] = "brief", [SQL_NOTE] = "note", [SQL_DANGER] = "danger"
};

static bool is_bad(const struct sql_statement *statement)
{
    return statement->dangerous || !statement->understood;
}

bool locks_any_bad(const struct sql_script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        if (is_bad(&script->statements[i]))
            return true;
    }
    return false;
}

/* ---- text ---- */

static void put_visible(struct buf *buf, const char *text)
{
    text_visible(buf, text, strlen(text), false);
}

/* "migrate.sql:3:1  ALTER TABLE ..." */
static void put_place(struct buf *buf, const struct locks_view *view, const struct sql_statement *statement)
{
    size_t first = strcspn(statement->text, "\n"), cut;
    struct buf line;

    buf_init(&line, LINE_MAX);
    text_visible(&line, statement->text, first, false);
    cut = text_cut(buf_str(&line), FIRST_MAX);
    put_visible(buf, view->name);
    buf_format(buf, ":%d:%d  %.*s%s\n", statement->line, statement->column, (int)cut, buf_str(&line),
               cut < line.len || statement->text[first] ? " ..." : "");
    buf_finish(&line);
}

/* How much of `text`, which has no newline, goes on a line: up to a blank, if there is one. */
static size_t line_of(const char *text)
{
    size_t cut = text_cut(text, WIDTH), at = cut;

    if (!text[cut])
        return cut;
    while (at > 0 && text[at] != ' ')
        at--;
    return at > 0 ? at : cut;
}

/* Beside the label, as many lines as it takes; newlines of the text stay. */
static void put_row(struct buf *buf, const char *label, const char *text)
{
    struct buf lines;

    buf_init(&lines, LINE_MAX);
    text_visible(&lines, text, strlen(text), true);
    for (const char *at = buf_str(&lines); *at;) {
        struct buf line;
        size_t len;

        buf_init(&line, LINE_MAX);
        buf_add(&line, at, strcspn(at, "\n"));
        len = line_of(buf_str(&line));
        buf_format(buf, "    %-9s %.*s\n", label, (int)len, at);
        at += len;
        at += strspn(at, " ");
        at += *at == '\n';
        label = "";
        buf_finish(&line);
    }
    buf_finish(&lines);
}

static void put_locks(struct buf *buf, const struct sql_statement *statement)
{
    for (size_t i = 0; i < statement->lock_count; i++) {
        const struct sql_lock *lock = &statement->locks[i];

        buf_format(buf, "    %-9s ", i == 0 ? "locks" : "");
        put_visible(buf, lock->relation);
        buf_format(buf, "  %s: %s%s\n", sql_lock_mode_word(lock->mode), sql_lock_blocks(lock->mode),
                   lock->kept ? "; held since a statement above" : "");
    }
}

static void put_work(struct buf *buf, const char *label, size_t count, const char *const *names)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 0)
            buf_format(buf, "    %-9s ", label);
        else
            buf_text(buf, ", ");
        put_visible(buf, names[i]);
    }
    if (count > 0)
        buf_char(buf, '\n');
}

static void put_algorithm(struct buf *buf, const struct sql_statement *statement)
{
    if (statement->algorithm != SQL_ALGORITHM_NONE)
        buf_format(buf, "    %-9s ALGORITHM=%s%s\n", "at best", sql_algorithm_word(statement->algorithm),
                   statement->copies ? ", copies all rows" : "");
}

/* Beside a danger, what is brief or worth a note is said without more: the form without the danger comes
 * first. What it depends on is said once. */
static void put_findings(struct buf *buf, const struct sql_statement *statement)
{
    static const char *const labels[] = {
        [SQL_HARMLESS] = "fine", [SQL_BRIEF] = "brief", [SQL_NOTE] = "note", [SQL_DANGER] = "DANGER"
    };
    const char *told = NULL;

    for (size_t i = 0; i < statement->finding_count; i++) {
        const struct sql_finding *finding = &statement->findings[i];
        const struct sql_rule *rule = finding->rule;

        put_row(buf, labels[rule->severity], finding->message);
        if (finding->depends && !text_equal(finding->depends, told))
            put_row(buf, "  depends", finding->depends);
        told = finding->depends ? finding->depends : told;
        if (rule->safe_form[0] && rule->severity != SQL_HARMLESS &&
            (rule->severity == SQL_DANGER || !statement->dangerous))
            put_row(buf, "  instead", rule->safe_form);
    }
}

static void put_statement(struct buf *buf, const struct locks_view *view,
                          const struct sql_statement *statement)
{
    put_place(buf, view, statement);
    if (!statement->understood && statement->finding_count == 0)
        put_row(buf, "DANGER", "it is not understood");
    put_findings(buf, statement);
    put_locks(buf, statement);
    put_work(buf, "rewrites", statement->rewrite_count, statement->rewrites);
    put_work(buf, "reads all", statement->scan_count, statement->scans);
    put_work(buf, "builds", statement->build_count, statement->builds);
    put_algorithm(buf, statement);
    if (statement->understood && statement->finding_count == 0 && statement->lock_count == 0)
        put_row(buf, "fine", "nobody waits for it");
}

struct count {
    size_t dangerous, unknown, timeout, depends;
};

static struct count count_of(const struct sql_script *script)
{
    struct count count = { 0 };

    for (size_t i = 0; i < script->count; i++) {
        const struct sql_statement *statement = &script->statements[i];
        bool depends = false;

        count.unknown += !statement->understood;
        count.dangerous += statement->understood && statement->dangerous;
        count.timeout += statement->needs_lock_timeout;
        for (size_t k = 0; k < statement->finding_count; k++)
            depends = depends || statement->findings[k].depends;
        count.depends += depends;
    }
    return count;
}

static void put_summary(struct buf *buf, const struct locks_view *view, const struct sql_script *script)
{
    struct count count = count_of(script);

    buf_format(buf,
               "%zu statement%s for %s: %zu dangerous, %zu not understood, %zu to run with a lock timeout\n",
               script->count, script->count == 1 ? "" : "s", view->engine, count.dangerous, count.unknown,
               count.timeout);
    if (count.depends > 0 && !view->has_schema)
        buf_format(buf, "%zu of them would be judged better with --schema FILE (a dump of the schema)\n",
                   count.depends);
    if (view->ignored > 0)
        buf_format(buf, "%zu statements of the schema were left out\n", view->ignored);
}

void locks_print_text(const struct locks_view *view, const struct sql_script *script)
{
    struct buf buf;

    for (size_t i = 0; i < script->count; i++) {
        buf_init(&buf, LINE_MAX);
        put_statement(&buf, view, &script->statements[i]);
        buf_char(&buf, '\n');
        (void)fputs(buf_str(&buf), stdout);
        buf_finish(&buf);
    }
    buf_init(&buf, LINE_MAX);
    put_summary(&buf, view, script);
    (void)fputs(buf_str(&buf), stdout);
    buf_finish(&buf);
}

/* ---- JSON ---- */

static void json_put_names(struct json_writer *w, const char *key, size_t count, const char *const *names)
{
    json_open_array(w, key);
    for (size_t i = 0; i < count; i++)
        json_put_text(w, NULL, names[i]);
    json_close_array(w);
}

static void json_put_locks(struct json_writer *w, const struct sql_statement *statement)
{
    json_open(w, "locks");
    for (size_t i = 0; i < statement->lock_count; i++)
        json_put_text(w, statement->locks[i].relation, sql_lock_mode_word(statement->locks[i].mode));
    json_close(w);
}

/* What harms most: NULL where nothing does. */
static const struct sql_rule *worst_rule(const struct sql_statement *statement)
{
    const struct sql_rule *rule = statement->finding_count > 0 ? statement->findings[0].rule : NULL;

    return rule && rule->severity != SQL_HARMLESS ? rule : NULL;
}

static void json_put_rule(struct json_writer *w, const struct sql_rule *rule)
{
    json_put_text(w, "rule", rule ? rule->code : NULL);
    json_put_text(w, "safe_form", rule && rule->safe_form[0] ? rule->safe_form : NULL);
}

/* What MySQL and MariaDB call it: "lock" is the strongest, as it can be asked for with LOCK=. */
static void json_put_algorithm(struct json_writer *w, const struct sql_statement *statement)
{
    enum sql_lock_mode strongest = SQL_LOCK_NONE;
    bool asked = statement->algorithm != SQL_ALGORITHM_NONE;

    for (size_t i = 0; i < statement->lock_count; i++) {
        if (statement->locks[i].mode > strongest)
            strongest = statement->locks[i].mode;
    }
    json_put_text(w, "algorithm", asked ? sql_algorithm_word(statement->algorithm) : NULL);
    json_put_text(w, "lock", strongest != SQL_LOCK_NONE ? sql_lock_mode_word(strongest) : NULL);
    json_put_bool(w, "copies", statement->copies);
}

static void json_put_findings(struct json_writer *w, const struct sql_statement *statement)
{
    json_open_array(w, "findings");
    for (size_t i = 0; i < statement->finding_count; i++) {
        const struct sql_finding *finding = &statement->findings[i];

        json_open(w, NULL);
        json_put_text(w, "rule", finding->rule->code);
        json_put_text(w, "severity", severity_words[finding->rule->severity]);
        json_put_text(w, "message", finding->message);
        json_put_text(w, "depends", finding->depends);
        json_close(w);
    }
    json_close_array(w);
}

void locks_print_json(const struct locks_view *view, const struct sql_script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        const struct sql_statement *statement = &script->statements[i];
        struct json_writer w;
        struct buf line;

        buf_init(&line, LINE_MAX);
        json_write_init(&w, &line);
        json_open(&w, NULL);
        json_put_integer(&w, "line", statement->line);
        json_put_bytes(&w, "statement", statement->text, strlen(statement->text));
        json_put_locks(&w, statement);
        json_put_names(&w, "rewrite", statement->rewrite_count, statement->rewrites);
        json_put_names(&w, "scan", statement->scan_count, statement->scans);
        json_put_bool(&w, "dangerous", statement->dangerous);
        json_put_bool(&w, "needs_lock_timeout", statement->needs_lock_timeout);
        json_put_rule(&w, worst_rule(statement));
        if (view->server.dialect != SQL_POSTGRESQL)
            json_put_algorithm(&w, statement);
        json_put_integer(&w, "column", statement->column);
        json_put_names(&w, "build", statement->build_count, statement->builds);
        json_put_findings(&w, statement);
        json_put_bool(&w, "understood", statement->understood);
        json_close(&w);
        puts(buf_str(&line));
        buf_finish(&line);
    }
}
