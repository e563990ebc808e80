/*
 * Old transactions of MySQL and MariaDB: InnoDB's, oldest first, and those that are prepared, which no
 * disconnect ends. Whether a session that does nothing is ours its statement cannot tell.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "monitor/kind.h"
#include "monitor/mysql.h"
#include "monitor/mysql_copy.h"

#define LOOKED_AT_MAX 1000

enum column { OWN, SEES, USER, PID, WHO, STATE, AGE, STATE_AGE, QUERY, IDLE, OURS, SERVER };

struct transactions {
    struct mysql_copy copy;
    char *prepared; /* the first of them, quoted; NULL */
    size_t prepared_count;
};

/* InnoDB shows a prepared transaction whose session is gone with the thread 0. */
static void question(const struct monitor *monitor, struct buf *sql)
{
    struct transactions *known = monitor->state;
    buf_text(sql, "SELECT ");
    mysql_copy_own(&known->copy, sql, "t.trx_mysql_thread_id");
    buf_text(sql, " AS own, " MYSQL_SEES
                  ", t.trx_mysql_thread_id, coalesce(concat(coalesce(concat(p.db, ', '), ''),"
                  " p.user, '@', p.host), 'no session'), CASE WHEN p.id IS NULL THEN 'prepared'"
                  " WHEN p.command = 'Sleep' THEN 'idle in tx' ELSE 'active' END, " MYSQL_TRX_AGE
                  ", p.time * 1000000, replace(left(p.info, 300), char(0 USING utf8mb4), ' '),"
                  " p.command <=> 'Sleep', ");
    mysql_sql_ours(sql, monitor, "p.info");
    buf_text(sql, ", ");
    mysql_sql_server(sql, monitor->session);
    buf_text(sql, " FROM (SELECT 1) one LEFT JOIN information_schema.innodb_trx t"
                  " ON t.trx_mysql_thread_id = connection_id() OR NOT " MYSQL_COPY_IS_LOOK
                  " LEFT JOIN information_schema.processlist p"
                  " ON p.id = t.trx_mysql_thread_id AND p.id <> 0 ORDER BY own IS NULL, t.trx_started");
    buf_format(sql, " LIMIT %d", LOOKED_AT_MAX + 1);
}

static bool is_one(const char *text)
{
    return text != NULL && strcmp(text, "1") == 0;
}

static void add_row(struct draft *draft, const struct answer *answer, size_t at)
{
    struct sample_row *row = draft_row(draft, 0, is_one(answer->cell(answer, at, OURS)));
    if (row == NULL)
        return;
    draft_cell(draft, row, TX_PID, answer->cell(answer, at, PID));
    draft_cell(draft, row, TX_WHO, answer->cell(answer, at, WHO));
    draft_cell(draft, row, TX_STATE, answer->cell(answer, at, STATE));
    draft_cell_age(draft, row, TX_AGE, answer->cell(answer, at, AGE));
    draft_cell_age(draft, row, TX_STATE_AGE, answer->cell(answer, at, STATE_AGE));
    draft_cell(draft, row, TX_QUERY, answer->cell(answer, at, QUERY));
    draft_cell(draft, row, TX_BACKEND_START, answer->cell(answer, at, SERVER));
}

/* Row 0 is our own look. */
static void add_metrics(struct draft *draft, const struct answer *answer, size_t prepared)
{
    const char *oldest = answer->row_count > 1 ? answer->cell(answer, 1, AGE) : "0";
    size_t idle = 0;
    for (size_t i = 1; i < answer->row_count; i++)
        idle += is_one(answer->cell(answer, i, IDLE));
    if (oldest != NULL)
        draft_metric(draft, "oldest_seconds", strtod(oldest, NULL) / 1e6);
    else
        draft_metric_unknown(draft, "oldest_seconds");
    draft_metric(draft, "idle_in_transaction", (double)idle);
    draft_metric(draft, "prepared", (double)prepared);
    draft_metric_unknown(draft, "oldest_xmin_age");
}

static void read_answer(struct monitor *monitor, const struct answer *answer)
{
    struct transactions *known = monitor->state;
    struct draft draft;
    enum mysql_copy_is copy = mysql_copy_was_read(&known->copy, monitor, answer);
    if (copy == MYSQL_COPY_TO_RETRY)
        return;
    mysql_copy_end(monitor);
    draft_init(&draft, monitor->config->id);
    if (copy == MYSQL_COPY_OLD) {
        draft_unknown(&draft, MYSQL_COPY_WHY);
    } else if (mysql_draft_sees(&draft, answer, SEES)) {
        add_metrics(&draft, answer, known->prepared_count);
        for (size_t i = 1; i < answer->row_count; i++)
            add_row(&draft, answer, i);
        if (answer->row_count > LOOKED_AT_MAX)
            draft_remark(&draft, "there are more than %d transactions", LOOKED_AT_MAX);
        if (known->prepared_count > 0)
            draft_remark(&draft, "prepared (XA): '%s'%s", known->prepared,
                         known->prepared_count > 1 ? " and others" : "");
    }
    monitor_emit(monitor, &draft);
}

static void read_begun(struct monitor *monitor, const struct answer *answer)
{
    struct buf sql;
    (void)answer;
    buf_init(&sql, QUESTION_MAX);
    question(monitor, &sql);
    monitor_ask(monitor, buf_str(&sql), read_answer);
    buf_finish(&sql);
}

/* formatID, gtrid_length, bqual_length, data: the data is the name, of two parts. */
static void read_prepared(struct monitor *monitor, const struct answer *answer)
{
    struct transactions *known = monitor->state;
    free(known->prepared);
    known->prepared_count = answer->row_count;
    known->prepared = answer->row_count > 0 && answer->cell(answer, 0, 3) != NULL
                          ? mem_text(answer->cell(answer, 0, 3))
                          : mem_text("");
    monitor_ask(monitor, MYSQL_COPY_BEGIN, read_begun);
}

static void tick(struct monitor *monitor)
{
    const struct transactions *known = monitor->state;
    if (mysql_copy_may_be_read(&known->copy, monitor))
        monitor_ask(monitor, "XA RECOVER", read_prepared);
}

static int begin(struct monitor *monitor, struct err *err)
{
    (void)err;
    monitor->state = mem_alloc(sizeof(struct transactions));
    return 0;
}

static void end(struct monitor *monitor)
{
    struct transactions *known = monitor->state;
    free(known->prepared);
    free(known);
}

const struct monitor_kind monitor_mysql_transactions = {
    .begin = begin,
    .tick = tick,
    .end = end,
    .begins_with_pin = MYSQL_COPY_PIN,
    .denied_code = "1401", /* ER_XAER_RMERR: MySQL says no more */
    .denied =
        "blind: XA RECOVER is refused; the account needs XA_RECOVER_ADMIN (GRANT XA_RECOVER_ADMIN ON *.*)"
};
