/*
 * Progress of long commands: MariaDB's process list has it (an ALTER that copies, an index, a CHECK), MySQL's
 * performance_schema where stages are instrumented and consumed, which they are not unless somebody says so:
 * then what runs is not known. The percentage is that of the stage. Tried on MariaDB 10.11.19 and MySQL
 * 9.7.4.
 */
#include <stdlib.h>
#include <string.h>

#include "monitor/kind.h"
#include "monitor/mysql.h"

enum column { SEES, USER, TOLD, PID, WHAT, PHASE, PERCENT, OURS };

#define SQL_WHAT "replace(left(p.info, 60), char(0 USING utf8mb4), ' ')"

/* "1" where what runs is told. Without performance_schema its tables are there, and have no rows. */
static const struct mysql_text told[] = {
    { MYSQL_FLAVOUR, 0, "0" },
    { MYSQL_FLAVOUR, 50700,
      "(SELECT @@performance_schema AND sum(enabled = 'YES') = 3 FROM performance_schema.setup_consumers "
      "WHERE"
      " name IN ('global_instrumentation', 'thread_instrumentation', 'events_stages_current'))" },
    { MARIADB_FLAVOUR, 0, "1" },
};

/* Each gives pid, what, phase, percent, info. */
static const struct mysql_text sources[] = {
    { MYSQL_FLAVOUR, 0,
      "SELECT p.id AS pid, " SQL_WHAT " AS what, NULL AS phase, NULL AS percent, p.info AS info"
      " FROM information_schema.processlist p WHERE false" },
    { MYSQL_FLAVOUR, 50700,
      "SELECT p.id AS pid, " SQL_WHAT " AS what, s.event_name AS phase,"
      " 100 * s.work_completed / nullif(s.work_estimated, 0) AS percent, p.info AS info"
      " FROM performance_schema.events_stages_current s"
      " JOIN performance_schema.threads t ON t.thread_id = s.thread_id"
      " JOIN information_schema.processlist p ON p.id = t.processlist_id WHERE s.work_estimated IS NOT "
      "NULL" },
    { MARIADB_FLAVOUR, 0,
      "SELECT p.id AS pid, " SQL_WHAT " AS what, concat(p.stage, '/', p.max_stage, ' ', p.state) AS phase,"
      " p.progress AS percent, p.info AS info FROM information_schema.processlist p WHERE p.max_stage > 0" },
};

static void question(const struct monitor *monitor, struct buf *sql)
{
    buf_text(sql, "SELECT " MYSQL_SEES ", ");
    buf_text(sql, mysql_text_for(told, ARRAY_LEN(told), monitor->session));
    buf_text(sql, ", s.pid, s.what, s.phase, round(least(greatest(s.percent, 0), 100), 1), ");
    mysql_sql_ours(sql, monitor, "s.info");
    buf_format(sql,
               " AS ours FROM (SELECT 1) one LEFT JOIN (%s) s ON true ORDER BY ours DESC, s.pid LIMIT 64",
               mysql_text_for(sources, ARRAY_LEN(sources), monitor->session));
}

static void add_row(struct draft *draft, const struct answer *answer, size_t at)
{
    static const struct {
        enum progress_cell cell;
        enum column column;
    } cells[] = { { PROGRESS_PID, PID },
                  { PROGRESS_WHAT, WHAT },
                  { PROGRESS_PHASE, PHASE },
                  { PROGRESS_PERCENT, PERCENT } };
    const char *ours = answer->cell(answer, at, OURS);
    struct sample_row *row = draft_row(draft, 0, ours != NULL && strcmp(ours, "1") == 0);
    for (size_t i = 0; row != NULL && i < ARRAY_LEN(cells); i++)
        draft_cell(draft, row, (int)cells[i].cell, answer->cell(answer, at, cells[i].column));
}

static void read_answer(struct monitor *monitor, const struct answer *answer)
{
    struct draft draft;
    draft_init(&draft, monitor->config->id);
    bool sees = mysql_draft_sees(&draft, answer, SEES);
    const char *is_told = sees ? answer->cell(answer, 0, TOLD) : NULL;
    if (sees && (is_told == NULL || strcmp(is_told, "1") != 0)) {
        draft_unknown(&draft,
                      "performance_schema is off, or does not tell of stages (UPDATE performance_schema."
                      "setup_consumers SET enabled = 'YES' WHERE name = 'events_stages_current')");
    } else if (sees) {
        bool any = answer->cell(answer, 0, PID) != NULL;
        for (size_t i = 0; any && i < answer->row_count; i++)
            add_row(&draft, answer, i);
        draft_metric(&draft, "running", (double)(any ? answer->row_count : 0));
        draft_metric_text(&draft, "percent", answer->cell(answer, 0, PERCENT));
    }
    monitor_emit(monitor, &draft);
}

static void tick(struct monitor *monitor)
{
    struct buf sql;
    buf_init(&sql, QUESTION_MAX);
    question(monitor, &sql);
    monitor_ask(monitor, buf_str(&sql), read_answer);
    buf_finish(&sql);
}

const struct monitor_kind monitor_mysql_progress = { .tick = tick };
