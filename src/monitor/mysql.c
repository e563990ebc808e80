#include "monitor/mysql.h"

#include "driver/mysql.h"
#include "monitor/kind.h"

const char *mysql_text_for(const struct mysql_text *rows, size_t count, const struct session *session)
{
    enum mysql_flavour flavour = mysql_is_mariadb(session) ? MARIADB_FLAVOUR : MYSQL_FLAVOUR;
    int version = session_server_version(session);
    const char *text = NULL;
    for (size_t i = 0; version != 0 && i < count; i++) {
        if (rows[i].flavour == flavour && rows[i].version <= version)
            text = rows[i].text;
    }
    return text;
}

const char *mysql_status_table(const struct session *session)
{
    static const struct mysql_text tables[] = {
        { MYSQL_FLAVOUR, 0, "information_schema.global_status" },
        { MYSQL_FLAVOUR, 50700, "performance_schema.global_status" },
        { MARIADB_FLAVOUR, 0, "information_schema.global_status" },
    };
    return mysql_text_for(tables, ARRAY_LEN(tables), session);
}

/* Both clocks are of the beginning of the statement, so that their difference does not move. */
void mysql_sql_server(struct buf *sql, const struct session *session)
{
    const char *table = mysql_status_table(session);
    if (table != NULL)
        buf_format(sql,
                   "(SELECT concat('of ', @@hostname, ', up since ', from_unixtime(unix_timestamp() -"
                   " cast(variable_value AS unsigned)), ' UTC') FROM %s WHERE variable_name = 'Uptime')",
                   table);
}

static void begins_with_mark(struct buf *sql, const struct monitor *monitor, const char *info,
                             const char *more)
{
    struct buf name, mark;
    buf_init(&name, QUESTION_MAX);
    buf_init(&mark, QUESTION_MAX);
    buf_format(&name, "%s%s", monitor->config->application_prefix, more);
    mysql_mark_prefix(&mark, buf_str(&name));
    buf_format(sql, "coalesce(left(%s, %zu) = ", info, mark.len); /* a mark is ASCII */
    mysql_literal(sql, buf_str(&mark));
    buf_text(sql, ", false)");
    buf_finish(&name);
    buf_finish(&mark);
}

void mysql_sql_ours(struct buf *sql, const struct monitor *monitor, const char *info)
{
    begins_with_mark(sql, monitor, info, "");
}

void mysql_sql_monitors(struct buf *sql, const struct monitor *monitor, const char *info)
{
    begins_with_mark(sql, monitor, info, "monitor:");
}

bool mysql_draft_sees(struct draft *draft, const struct answer *answer, size_t column)
{
    if (answer->row_count > 0 && answer->cell(answer, 0, column) != NULL)
        return true;
    const char *user = answer->row_count > 0 ? answer->cell(answer, 0, column + 1) : "";
    draft_unknown(draft, "blind: %s needs the PROCESS privilege itself, not by a role (GRANT PROCESS ON *.*)",
                  user);
    return false;
}
