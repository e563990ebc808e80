#include "findings.h"

#include <string.h>

#include "base/text.h"

/* ---- words ---- */

static void add_visible(struct buf *buf, const char *text)
{
    text_visible(buf, text, strlen(text), false);
}

static void add_place(struct buf *buf, const struct check_finding *finding)
{
    add_visible(buf, finding->file);
    if (finding->line > 0)
        buf_format(buf, ":%d:%d", finding->line, finding->column);
}

static const char *safe_form_of(const struct check_finding *finding)
{
    struct check_rule rule;

    if (finding->safe_form)
        return finding->safe_form;
    return check_rule_find(finding->code, &rule) ? rule.safe_form : "";
}

static bool said_before(const struct check_report *report, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        const struct check_finding *before = &report->findings[i];

        if (!before->ignored && text_equal(before->code, report->findings[index].code) &&
            text_equal(safe_form_of(before), safe_form_of(&report->findings[index])))
            return true;
    }
    return false;
}

/* Indented, each line of it. */
static void add_safe_form(struct buf *buf, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        buf_text(buf, "    ");
        text_visible(buf, text, len, false);
        buf_char(buf, '\n');
        text += len + (text[len] == '\n');
    }
}

static void add_finding(struct buf *buf, const struct check_report *report, size_t index)
{
    const struct check_finding *finding = &report->findings[index];

    add_place(buf, finding);
    buf_format(buf, ": %s: ", check_severity_word(finding->severity));
    add_visible(buf, finding->message);
    buf_format(buf, " [%s]\n", finding->code);
    if (!said_before(report, index))
        add_safe_form(buf, safe_form_of(finding));
}

static void add_ignored(struct buf *buf, const struct check_finding *finding)
{
    add_place(buf, finding);
    buf_text(buf, ": ignored: ");
    add_visible(buf, finding->message);
    buf_format(buf, " [%s]: ", finding->code);
    add_visible(buf, finding->ignored);
    buf_char(buf, '\n');
}

static void add_count(struct buf *buf, const char *before, size_t count, const char *word)
{
    if (count > 0)
        buf_format(buf, "%s%zu %s%s", before, count, word, count == 1 ? "" : "s");
}

static void add_summary(struct buf *buf, const struct checked *book)
{
    const struct check_report *report = book->report;
    const char *before = ": ";

    add_visible(buf, book->path);
    for (int i = 0; i < CHECK_SEVERITY_COUNT; i++) {
        add_count(buf, before, report->by_severity[i], check_severity_word((enum check_severity)i));
        before = report->by_severity[i] > 0 ? ", " : before;
    }
    if (*before == ':')
        buf_text(buf, ": nothing found");
    if (report->ignored > 0)
        buf_format(buf, "; %zu ignored, with reasons", report->ignored);
    if (report->more > 0)
        buf_format(buf, "; and %zu more that are not told", report->more);
    buf_char(buf, '\n');
}

void findings_text(struct buf *buf, const struct checked *books, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct check_report *report = books[i].report;

        for (size_t k = 0; k < report->count; k++) {
            if (!report->findings[k].ignored)
                add_finding(buf, report, k);
        }
        for (size_t k = 0; k < report->count; k++) {
            if (report->findings[k].ignored)
                add_ignored(buf, &report->findings[k]);
        }
        add_summary(buf, &books[i]);
    }
}

/* ---- JSON ---- */

static void put_finding(struct json_writer *w, const struct check_finding *finding)
{
    json_open(w, NULL);
    json_put_text(w, "file", finding->file);
    json_put_integer(w, "line", finding->line);
    json_put_integer(w, "column", finding->column);
    json_put_text(w, "severity", check_severity_word(finding->severity));
    json_put_text(w, "code", finding->code);
    json_put_bytes(w, "message", finding->message, strlen(finding->message));
    json_put_text(w, "safe_form", safe_form_of(finding));
    json_put_text(w, "ignored", finding->ignored);
    json_close(w);
}

static void put_book(struct json_writer *w, const struct checked *book)
{
    const struct check_report *report = book->report;

    json_open(w, NULL);
    json_put_bytes(w, "book", book->path, strlen(book->path));
    json_put_integer(w, "errors", (int64_t)report->by_severity[CHECK_ERROR]);
    json_put_integer(w, "warnings", (int64_t)report->by_severity[CHECK_WARNING]);
    json_put_integer(w, "notes", (int64_t)report->by_severity[CHECK_NOTE]);
    json_put_integer(w, "ignored", (int64_t)report->ignored);
    json_put_integer(w, "more", (int64_t)report->more);
    json_open_array(w, "findings");
    for (size_t i = 0; i < report->count; i++)
        put_finding(w, &report->findings[i]);
    json_close_array(w);
    json_close(w);
}

void findings_json(struct buf *buf, const struct checked *books, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct json_writer w;

        json_write_init(&w, buf);
        put_book(&w, &books[i]);
        buf_char(buf, '\n');
    }
}

/* ---- SARIF ---- */

static const char *const levels[CHECK_SEVERITY_COUNT] = { "error", "warning", "note" };

static void put_message(struct json_writer *w, const char *key, const char *text)
{
    json_open(w, key);
    json_put_bytes(w, "text", text, strlen(text));
    json_close(w);
}

static void put_rule(struct json_writer *w, const struct check_rule *rule)
{
    json_open(w, NULL);
    json_put_text(w, "id", rule->code);
    put_message(w, "shortDescription", rule->title);
    put_message(w, "fullDescription", rule->text);
    if (rule->safe_form[0])
        put_message(w, "help", rule->safe_form);
    json_open(w, "defaultConfiguration");
    json_put_text(w, "level", levels[rule->severity]);
    json_close(w);
    json_close(w);
}

/* All rules, and last what stands for a book that cannot be loaded. */
static void put_rules(struct json_writer *w)
{
    static const struct check_rule book = { .code = CHECK_CODE_BOOK,
                                            .severity = CHECK_ERROR,
                                            .title = "the book cannot be loaded",
                                            .text =
                                                "It is not what a book has to be, and no run of it begins.",
                                            .safe_form = "" };
    struct check_rule rule;

    json_open_array(w, "rules");
    for (size_t i = 0; check_rule_at(i, &rule); i++)
        put_rule(w, &rule);
    put_rule(w, &book);
    json_close_array(w);
}

static size_t index_of_rule(const char *code)
{
    struct check_rule rule;
    size_t i = 0;

    while (check_rule_at(i, &rule) && !text_equal(rule.code, code))
        i++;
    return i;
}

/* RFC 3986: what is neither unreserved nor a slash is encoded. */
static void put_uri(struct json_writer *w, const char *path)
{
    struct buf uri;

    buf_init(&uri, 64 * 1024);
    for (const char *c = path; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                     strchr("-._~/", *c);

        if (plain)
            buf_char(&uri, *c);
        else
            buf_format(&uri, "%%%02X", (unsigned)(unsigned char)*c);
    }
    json_open(w, "artifactLocation");
    json_put_text(w, "uri", buf_str(&uri));
    json_close(w);
    buf_finish(&uri);
}

static void put_location(struct json_writer *w, const struct check_finding *finding)
{
    json_open_array(w, "locations");
    json_open(w, NULL);
    json_open(w, "physicalLocation");
    put_uri(w, finding->file);
    if (finding->line > 0) {
        json_open(w, "region");
        json_put_integer(w, "startLine", finding->line);
        json_put_integer(w, "startColumn", finding->column);
        json_close(w);
    }
    json_close(w);
    json_close(w);
    json_close_array(w);
}

static void put_result(struct json_writer *w, const struct check_finding *finding)
{
    json_open(w, NULL);
    json_put_text(w, "ruleId", finding->code);
    json_put_integer(w, "ruleIndex", (int64_t)index_of_rule(finding->code));
    json_put_text(w, "level", levels[finding->severity]);
    put_message(w, "message", finding->message);
    put_location(w, finding);
    if (finding->ignored) {
        json_open_array(w, "suppressions");
        json_open(w, NULL);
        json_put_text(w, "kind", "inSource");
        json_put_text(w, "justification", finding->ignored);
        json_close(w);
        json_close_array(w);
    }
    json_close(w);
}

void findings_sarif(struct buf *buf, const struct checked *books, size_t count)
{
    struct json_writer w;

    json_write_init(&w, buf);
    json_open(&w, NULL);
    json_put_text(&w, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_put_text(&w, "version", "2.1.0");
    json_open_array(&w, "runs");
    json_open(&w, NULL);
    json_open(&w, "tool");
    json_open(&w, "driver");
    json_put_text(&w, "name", "tminus");
    json_put_text(&w, "version", TMINUS_VERSION);
    put_rules(&w);
    json_close(&w);
    json_close(&w);
    json_open_array(&w, "results");
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < books[i].report->count; k++)
            put_result(&w, &books[i].report->findings[k]);
    }
    json_close_array(&w);
    json_close(&w);
    json_close_array(&w);
    json_close(&w);
    buf_char(buf, '\n');
}
