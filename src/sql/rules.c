#include "rules.h"

#include <assert.h>
#include <string.h>

static struct rule_table (*const tables[])(void) = { rules_postgresql_tables, rules_postgresql_objects,
                                                     rules_mysql_alter, rules_mysql };

size_t sql_rule_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        count += tables[i]().count;
    return count;
}

const struct sql_rule *sql_rule_at(size_t index)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        struct rule_table table = tables[i]();
        if (index < table.count)
            return &table.rows[index];
        index -= table.count;
    }
    return NULL;
}

const struct sql_rule *sql_rule_find(const char *code)
{
    const struct sql_rule *rule;
    for (size_t i = 0; (rule = sql_rule_at(i)); i++)
        if (strcmp(rule->code, code) == 0)
            return rule;
    return NULL;
}

const struct sql_rule *pg_rule(enum pg_rule rule)
{
    assert(rule < PG_RULE_COUNT);
    if (rule < PG_TABLES_END)
        return &rules_postgresql_tables().rows[rule];
    return &rules_postgresql_objects().rows[rule - PG_TABLES_END];
}
