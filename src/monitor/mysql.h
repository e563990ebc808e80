/* What the kinds that ask MySQL and MariaDB share. */
#ifndef MONITOR_MYSQL_H
#define MONITOR_MYSQL_H

#include "base/buf.h"
#include "driver/driver.h"

struct monitor;

/* A text for servers of that flavour from `version` on: 80022 is MySQL 8.0.22, 100501 MariaDB 10.5.1. */
enum mysql_flavour { MYSQL_FLAVOUR, MARIADB_FLAVOUR };
struct mysql_text {
    enum mysql_flavour flavour;
    int version;
    const char *text;
};
/* The last of the rows, which are in order, that the server of the session may be asked; NULL while it is not
 * connected. */
const char *mysql_text_for(const struct mysql_text *rows, size_t count, const struct session *session);

/* Which server it is, and since when it is up: what tells a session of it from one of another time. Nothing
 * while the session is not connected. */
void mysql_sql_server(struct buf *sql, const struct session *session);
/* The table of the server's counters, as mysql_text_for. */
const char *mysql_status_table(const struct session *session);

/* Whether `info`, the text of a statement, is of a session of this run; of one of its monitors. A session
 * that does nothing has no text: of it nobody can tell. */
void mysql_sql_ours(struct buf *sql, const struct monitor *monitor, const char *info);
void mysql_sql_monitors(struct buf *sql, const struct monitor *monitor, const char *info);

/* Who asks, as the lists of privileges have it. A host has no "@". */
#define MYSQL_GRANTEE                                                                                        \
    "concat('''', left(current_user(), char_length(current_user()) - 1 -"                                    \
    " char_length(substring_index(current_user(), '@', -1))), '''@''',"                                      \
    " substring_index(current_user(), '@', -1), '''')"

/* Age of the transaction `t` of innodb_trx in microseconds: its start is told in the server's time zone. */
#define MYSQL_TRX_AGE                                                                                        \
    "1000000 * greatest(0, timestampdiff(SECOND, t.trx_started,"                                             \
    " convert_tz(now(), @@session.time_zone, 'SYSTEM')))"

/* The rights by which others' sessions are seen at all, as a column: "1", or NULL when they are not. Without
 * PROCESS a process list has the asker's own sessions, and no error. */
#define MYSQL_SEES                                                                                           \
    "(SELECT max(1) FROM information_schema.user_privileges WHERE privilege_type = 'PROCESS'"                \
    " AND grantee = " MYSQL_GRANTEE "), current_user()"

struct draft;
struct answer;
/* True when the two columns of MYSQL_SEES, from `column` on, say that we see; else the draft says why not. */
bool mysql_draft_sees(struct draft *draft, const struct answer *answer, size_t column);

#endif
