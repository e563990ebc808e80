#include "checking.h"

#include <string.h>

#include "base/text.h"
#include "sql/sql.h"

#define CODES_MAX 400

const struct topic_rule *const check_topics[] = {
    phase_rules, undo_rules, gate_rules,  watch_rules,   step_rules, tool_rules,
    walk_rules,  sql_rules,  mysql_rules, ignored_rules, /* last: it looks at what the others found */
    NULL,
};

static void look_at_ignored(struct checking *c, const struct check_rule *rule)
{
    ignoring_look(c, rule, &ignored_rules[1].told);
}

const struct topic_rule ignored_rules[] = {
    { { .code = "ignore-unknown",
        .severity = CHECK_ERROR,
        .title = "what is ignored has no such code",
        .text = "A misspelt code ignores nothing, and whoever reads the book thinks that it does.",
        .safe_form = "`tminus explain` lists the codes.",
        .bad = "{ \"ignore\": [ { \"code\": \"no-backup\", \"reason\": \"it is a lab\" } ] }",
        .good = "{ \"summary\": \"ignores nothing\" }" },
      look_at_ignored },
    { { .code = "ignore-unused",
        .severity = CHECK_WARNING,
        .title = "what is ignored is not there",
        .text =
            "The book has changed, or never had it. One day it may have it again, and then nobody is told.",
        .safe_form = "Take the item out of \"ignore\".",
        .bad = "{ \"ignore\": [ { \"code\": \"no-backup-check\", \"reason\": \"it is a lab\" } ] }",
        .good = "{ \"summary\": \"ignores nothing\" }" },
      NULL },
    { { .code = NULL }, NULL },
};

/* A row of the room of statements: a brief lock is no finding of its own, but what asks for a lock_timeout.
 */
static void take_statement_rule(const struct sql_rule *rule, struct check_rule *ret)
{
    static const enum check_severity severities[] = { [SQL_HARMLESS] = CHECK_NOTE,
                                                      [SQL_BRIEF] = CHECK_NOTE,
                                                      [SQL_NOTE] = CHECK_NOTE,
                                                      [SQL_DANGER] = CHECK_ERROR };
    *ret = (struct check_rule){ .code = rule->code,
                                .severity = severities[rule->severity],
                                .title = rule->title,
                                .text = rule->text,
                                .versions = rule->versions,
                                .safe_form = rule->safe_form,
                                .bad = rule->bad,
                                .good = rule->good };
}

bool check_rule_at(size_t index, struct check_rule *ret)
{
    for (const struct topic_rule *const *topic = check_topics; *topic; topic++) {
        for (const struct topic_rule *rule = *topic; rule->told.code; rule++) {
            if (index-- > 0)
                continue;
            *ret = rule->told;
            ret->versions = ret->versions ? ret->versions : "";
            return true;
        }
    }
    if (index >= sql_rule_count())
        return false;
    take_statement_rule(sql_rule_at(index), ret);
    return true;
}

bool check_rule_find(const char *code, struct check_rule *ret)
{
    for (size_t i = 0; check_rule_at(i, ret); i++) {
        if (text_equal(ret->code, code))
            return true;
    }
    return false;
}

const char *check_rule_nearest(const char *code)
{
    const char *codes[CODES_MAX];
    struct check_rule rule;
    size_t count = 0;
    while (count < CODES_MAX && check_rule_at(count, &rule))
        codes[count++] = rule.code;
    return text_nearest(code, codes, count);
}
