#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/text.h"
#include "check/check.h"
#include "cmd.h"

#define COLUMNS 78

/* Words, filled into lines. */
static void print_filled(const char *text, const char *indent)
{
    size_t column = 0;

    while (*text) {
        size_t len = strcspn(text, " \n");

        if (column > 0 && column + 1 + len > COLUMNS) {
            (void)putchar('\n');
            column = 0;
        }
        if (column > 0)
            (void)putchar(' ');
        else
            (void)fputs(indent, stdout);
        column = (column > 0 ? column + 1 : strlen(indent)) + len;
        (void)printf("%.*s", (int)len, text);
        text += len + (text[len] != '\0');
    }
    (void)putchar('\n');
}

static void add_json(struct buf *buf, const char *text)
{
    struct arena *arena = arena_create();
    struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
    struct json_writer w;
    struct buf canonical;
    const struct json *value;

    json_faults_init(faults, arena);
    value = json_parse(arena, text, strlen(text), faults);
    buf_init(&canonical, 64 * 1024);
    json_write_init(&w, &canonical);
    if (value)
        json_put_value(&w, NULL, value);
    json_indent(buf, buf_str(&canonical));
    buf_finish(&canonical);
    arena_destroy(arena);
}

static void print_deeper(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        (void)printf("    %.*s\n", (int)len, text);
        text += len;
        text += *text == '\n';
    }
}

/* JSON is laid out, SQL is as it is. */
static void print_example(const char *title, const char *text)
{
    struct buf laid;

    (void)printf("\n%s\n", title);
    if (text[0] != '{') {
        print_deeper(text);
        return;
    }
    buf_init(&laid, 64 * 1024);
    add_json(&laid, text);
    print_deeper(buf_str(&laid));
    buf_finish(&laid);
}

static void print_rule(const struct check_rule *rule)
{
    (void)printf("%s (%s)\n", rule->code, check_severity_word(rule->severity));
    print_filled(rule->title, "");
    (void)putchar('\n');
    print_filled(rule->text, "");
    if (rule->versions[0]) {
        (void)printf("\nVersions:\n");
        print_filled(rule->versions, "    ");
    }
    if (rule->safe_form[0]) {
        (void)printf("\nInstead:\n");
        print_filled(rule->safe_form, "    ");
    }
    print_example("Found:", rule->bad);
    print_example("Not found:", rule->good);
}

static void print_all(void)
{
    struct check_rule rule;

    for (int severity = 0; severity < CHECK_SEVERITY_COUNT; severity++) {
        for (size_t i = 0; check_rule_at(i, &rule); i++) {
            if (rule.severity == (enum check_severity)severity)
                (void)printf("%-8s %-36s %s\n", check_severity_word(rule.severity), rule.code, rule.title);
        }
    }
}

/* ---- the manual page ---- */

/* A line of mdoc(7) that is only text. */
static void print_roff(const char *text, size_t len)
{
    if (len > 0 && (text[0] == '.' || text[0] == '\''))
        (void)fputs("\\&", stdout);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\\')
            (void)fputs("\\e", stdout);
        else
            (void)putchar(text[i]);
    }
    (void)putchar('\n');
}

static void print_roff_lines(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        print_roff(text, len);
        text += len + (text[len] == '\n');
    }
}

static void print_roff_example(const char *title, const char *text)
{
    struct buf laid;

    buf_init(&laid, 64 * 1024);
    if (text[0] == '{')
        add_json(&laid, text);
    else
        buf_text(&laid, text);
    (void)printf(".Pp\n%s\n.Bd -literal -offset indent\n", title);
    print_roff_lines(buf_str(&laid));
    (void)puts(".Ed");
    buf_finish(&laid);
}

static void print_roff_rule(const struct check_rule *rule)
{
    (void)printf(".Ss %s\n", rule->code);
    (void)printf("%s: ", check_severity_word(rule->severity));
    print_roff_lines(rule->title);
    (void)puts(".Pp");
    print_roff_lines(rule->text);
    if (rule->versions[0]) {
        (void)puts(".Pp\nVersions:");
        print_roff_lines(rule->versions);
    }
    if (rule->safe_form[0]) {
        (void)puts(".Pp\nInstead:");
        print_roff_lines(rule->safe_form);
    }
    print_roff_example("Found:", rule->bad);
    print_roff_example("Not found:", rule->good);
}

static void print_page(void)
{
    struct check_rule rule;

    (void)puts(
        ".Dd November 21, 2026\n.Dt TMINUS-RULES 7\n.Os\n.Sh NAME\n.Nm tminus-rules\n"
        ".Nd what tminus check finds\n.Sh DESCRIPTION\nThe rules by which\n.Xr tminus 1\n.Ic check\n"
        "judges books.\nA finding names its rule by the code, which never changes; a book may say of one "
        "that it is\nright as it stands\n.Pq Cm ignore , see Xr tminus-runbook 5 .\nThis page is what\n"
        ".Ic tminus explain\nprints of each.\n.Sh RULES");
    for (size_t i = 0; check_rule_at(i, &rule); i++)
        print_roff_rule(&rule);
    (void)puts(".Sh SEE ALSO\n.Xr tminus 1 ,\n.Xr tminus-runbook 5");
}

/* ---- the command ---- */

static int explain(const struct arguments *arguments, const char *format, struct err *err)
{
    struct check_rule rule;
    const char *nearest;

    if (format && !text_equal(format, "text") && !text_equal(format, "man"))
        return err_set(err, ERR_USAGE, "--format is text or man, not \"%s\"", format);
    if (text_equal(format, "man")) {
        print_page();
        return 0;
    }
    if (arguments->count == 0) {
        print_all();
        return 0;
    }
    if (check_rule_find(arguments->list[0], &rule)) {
        print_rule(&rule);
        return 0;
    }
    nearest = check_rule_nearest(arguments->list[0]);
    return err_set(err, ERR_NOT_FOUND, "no rule has the code \"%s\"%s%s%s; `tminus explain` lists them",
                   arguments->list[0], nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                   nearest ? "\"?" : "");
}

int cmd_explain(int argc, char **argv)
{
    const char *format = NULL;
    const struct option_row options[] = { { "--format", OPTION_VALUE, &format },
                                          { NULL, OPTION_FLAG, NULL } };
    struct arguments arguments;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 0, 1, "explain", &err);
    if (r == 0)
        r = explain(&arguments, format, &err);
    return r < 0 ? fail(&err) : 0;
}
