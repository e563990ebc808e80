#include "driver/mysql_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "driver/server.h"

#define NOTICE_MAX (64 * 1024)

struct taking {
    MYSQL *mysql;
    const struct my_keep *keep;
    struct my_answer *answer;
    void (*large)(void *data);
    void *data;
};

static void note_failure(struct my_answer *answer, MYSQL *mysql)
{
    unsigned number = mysql_errno(mysql);
    const char *message = mysql_error(mysql);
    answer->failed = true;
    my_failure_set(&answer->failure, number,
                   message[0] != '\0' ? message : "the server said nothing that is known");
}

static void forget_rows(struct my_answer *answer)
{
    arena_destroy(answer->arena);
    answer->arena = NULL;
    answer->names = NULL;
    answer->row_count = 0;
}

/* ---- rows ---- */

static void room_for_row(struct my_answer *answer)
{
    size_t wanted = (answer->row_count + 1) * answer->column_count;
    if (answer->arena == NULL)
        answer->arena = arena_create();
    if (wanted <= answer->capacity)
        return;
    answer->capacity = wanted * 2;
    answer->cells = mem_realloc(answer->cells, answer->capacity * sizeof(*answer->cells));
}

static void keep_row(struct taking *t, MYSQL_RES *res, MYSQL_ROW row)
{
    struct my_answer *answer = t->answer;
    const unsigned long *lengths = mysql_fetch_lengths(res);
    room_for_row(answer);
    const char **cells = answer->cells + answer->row_count * answer->column_count;
    for (size_t i = 0; i < answer->column_count; i++) {
        cells[i] = row[i] != NULL ? arena_text_len(answer->arena, row[i], lengths[i]) : NULL;
        if (row[i] != NULL && memchr(row[i], '\0', lengths[i]) != NULL)
            answer->zero_byte = true;
    }
    if (answer->row_count == 0 && answer->column_count > 0)
        answer->first_len = lengths[0];
    answer->row_count++;
    size_t bytes = arena_used(answer->arena) + answer->row_count * answer->column_count * sizeof(*cells);
    if (t->keep->bytes == 0 || bytes <= t->keep->bytes)
        return;
    answer->too_large = true;
    forget_rows(answer);
    if (t->large != NULL)
        t->large(t->data);
}

static void keep_names(struct my_answer *answer, MYSQL_RES *res)
{
    const MYSQL_FIELD *fields = mysql_fetch_fields(res);
    answer->arena = arena_create();
    answer->names = arena_array(answer->arena, answer->column_count + 1, sizeof(*answer->names));
    for (size_t i = 0; i < answer->column_count; i++)
        answer->names[i] = arena_text(answer->arena, fields[i].name);
}

static void take_rows(struct taking *t, MYSQL_RES *res)
{
    struct my_answer *answer = t->answer;
    int64_t count = 0;
    forget_rows(answer);
    answer->zero_byte = false;
    answer->rows_asked = true;
    answer->column_count = mysql_num_fields(res);
    keep_names(answer, res);
    for (MYSQL_ROW row = mysql_fetch_row(res); row != NULL; row = mysql_fetch_row(res)) {
        count++;
        if (!answer->too_large && answer->row_count < t->keep->rows)
            keep_row(t, res, row);
    }
    answer->counted = count;
    if (mysql_errno(t->mysql) != 0)
        note_failure(answer, t->mysql);
}

/* ---- the results of one query: CALL has several ---- */

static void take_result(struct taking *t)
{
    struct my_answer *answer = t->answer;
    MYSQL_RES *res = mysql_use_result(t->mysql);
    if (res != NULL) {
        take_rows(t, res);
        mysql_free_result(res);
    } else if (mysql_field_count(t->mysql) != 0 || mysql_errno(t->mysql) != 0) {
        note_failure(answer, t->mysql);
    } else if (!answer->rows_asked) { /* behind the rows of CALL comes the count of the CALL itself: 0 */
        answer->counted = (int64_t)mysql_affected_rows(t->mysql);
    }
}

static void take_results(struct taking *t)
{
    struct my_answer *answer = t->answer;
    for (;;) {
        take_result(t);
        if (answer->failed)
            return;
        int more = mysql_next_result(t->mysql);
        if (more < 0)
            break;
        if (more > 0) {
            note_failure(answer, t->mysql);
            return;
        }
    }
    answer->in_transaction = (t->mysql->server_status & SERVER_STATUS_IN_TRANS) != 0;
    answer->warnings = mysql_warning_count(t->mysql);
}

/* ---- warnings ---- */

static void keep_warning(struct my_answer *answer, MYSQL_ROW row)
{
    struct buf text;
    buf_init(&text, NOTICE_MAX);
    for (int i = 0; i < 3; i++) {
        buf_text(&text, i == 0 ? "" : i == 1 ? " " : ": ");
        buf_text(&text, row[i] != NULL ? row[i] : "");
    }
    if (text.overflow)
        buf_text(&text, "(a message of more than 64 KiB)");
    answer->notices[answer->notice_count++] = mem_text(buf_str(&text));
    buf_finish(&text);
}

/* That there is no answer to it changes nothing about the statement; a lost connection shows with the next.
 */
static void take_warnings(struct taking *t)
{
    struct my_answer *answer = t->answer;
    MYSQL_RES *res;
    if (answer->warnings == 0 || !t->keep->warnings)
        return;
    answer->notices = mem_array(SERVER_NOTICES_MAX, sizeof(*answer->notices));
    if (mysql_query(t->mysql, "SHOW WARNINGS LIMIT 100") != 0)
        return;
    res = mysql_store_result(t->mysql);
    if (res == NULL)
        return;
    for (MYSQL_ROW row = mysql_fetch_row(res); row != NULL; row = mysql_fetch_row(res)) {
        if (answer->notice_count < SERVER_NOTICES_MAX && mysql_num_fields(res) >= 3)
            keep_warning(answer, row);
    }
    mysql_free_result(res);
}

struct my_answer *my_answer_get(MYSQL *mysql, const char *sql, size_t len, const struct my_keep *keep,
                                void (*large)(void *data), void *data)
{
    struct my_answer *answer = mem_alloc(sizeof(*answer));
    struct taking taking = { mysql, keep, answer, large, data };
    if (mysql_real_query(mysql, sql, (unsigned long)len) != 0)
        note_failure(answer, mysql);
    else
        take_results(&taking);
    if (answer->failed)
        forget_rows(answer);
    else
        take_warnings(&taking);
    return answer;
}

void my_answer_free(struct my_answer *answer)
{
    if (answer == NULL)
        return;
    for (size_t i = 0; i < answer->notice_count; i++)
        free(answer->notices[i]);
    free(answer->notices);
    free(answer->cells);
    arena_destroy(answer->arena);
    failure_finish(&answer->failure);
    free(answer);
}

int my_answer_simple(MYSQL *mysql, const char *sql, char *ret_cell, size_t size, struct failure *failure)
{
    static const struct my_keep keep = { .rows = 1 };
    struct my_answer *answer = my_answer_get(mysql, sql, strlen(sql), &keep, NULL, NULL);
    int r = 0;
    if (answer->failed) {
        failure_copy(failure, &answer->failure);
        r = -1;
    } else if (ret_cell != NULL) {
        const char *cell = answer->row_count > 0 ? answer->cells[0] : NULL;
        (void)snprintf(ret_cell, size, "%s", cell != NULL ? cell : "");
    }
    my_answer_free(answer);
    return r;
}
