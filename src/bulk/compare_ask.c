#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bulk/comparison.h"

#define ATTEMPTS_MAX                                                                                         \
    5                /* of a question whose connection broke, or that the server gave up for another's sake */
#define RETRY_MS 200 /* more with each attempt */

bool sides_idle(const struct compare *compare)
{
    return compare->sides[LEFT].read == NULL && compare->sides[RIGHT].read == NULL;
}

struct buf *side_question(struct side *side)
{
    buf_clear(&side->question);
    side->sql->settings(&side->question);
    return &side->question;
}

static void fail_at(struct side *side, const char *code, const char *message)
{
    struct compare *compare = side->compare;
    struct buf text;
    buf_init(&text, LINE_MAX_);
    add_visible(&text, message, 500);
    if (compare->table.shown != NULL)
        compare_fail(compare, code, "%s on %s: %s", compare->table.shown, side->config->name, buf_str(&text));
    else
        compare_fail(compare, code, "%s: %s", side->config->name, buf_str(&text));
    buf_finish(&text);
}

static void send_question(struct side *side);

static void on_retry(uv_timer_t *timer)
{
    send_question(timer->data);
}

static void read_answer(struct side *side, const struct answer *answer)
{
    answer_read read = side->read;
    side->read = NULL;
    side->compare->table.tally.elapsed_us[side->which] += answer->result->elapsed_us;
    read(side, answer);
}

/* A question only reads, so one whose connection broke can be asked again. The session waits for a connection
 * as long as a question may take; where none came, that was the end. */
static void on_answer(void *data, const struct answer *answer)
{
    struct side *side = data;
    const struct driver_result *result = answer->result;
    if (side->compare->over)
        return;
    if (side->compare->cancelled) {
        side->read = NULL;
        if (sides_idle(side->compare))
            compare_end(side->compare);
        return;
    }
    if (result->status == DRIVER_OK) {
        read_answer(side, answer);
        return;
    }
    if ((result->status == DRIVER_TIMED_OUT || result->status == DRIVER_RETRYABLE) && table_gives_up(side))
        return;
    bool again = result->status == DRIVER_AMBIGUOUS || result->status == DRIVER_RETRYABLE;
    if (again && ++side->attempts < ATTEMPTS_MAX)
        uv_timer_start(&side->retry, on_retry, (uint64_t)(RETRY_MS * side->attempts), 0);
    else
        fail_at(side, result->code, result->message);
}

static void send_question(struct side *side)
{
    struct err err = ERR_INIT;
    if (session_ask(side->session, buf_str(&side->question), table_timeout_us(side), on_answer, side, &err) <
        0)
        fail_at(side, "", err.message);
}

void side_ask(struct side *side, answer_read read)
{
    struct err err = ERR_INIT;
    if (side->compare->over || side->compare->cancelled)
        return;
    if (buf_ok(&side->question, "the text of a question", &err) < 0) {
        fail_at(side, "", err.message);
        return;
    }
    side->read = read;
    side->attempts = 0;
    send_question(side);
}

/* ---- cancelling ---- */

static void on_stopped(void *data, const struct answer *answer)
{
    (void)data;
    (void)answer; /* what it was for is answered by itself, or the comparison ends without that */
}

/* A closed connection does not end what the server does for it; another session of the same role may. */
void side_stop(struct side *side)
{
    int64_t pid = session_pid(side->session);
    struct buf sql;
    if (side->read == NULL || pid == 0 || side->canceller != NULL)
        return;
    buf_init(&sql, 100);
    side->sql->stop(&sql, pid);
    if (session_open(side->config->driver, side->compare->config->application_name, SESSION_READS,
                     &side->canceller, NULL) < 0)
        side->canceller = NULL;
    else if (session_ask(side->canceller, buf_str(&sql), SECOND_US, on_stopped, NULL, NULL) < 0)
        session_close(side->canceller), side->canceller = NULL;
    buf_finish(&sql);
}

/* ---- cells ---- */

const char *side_text(struct side *side, const struct answer *answer, size_t row, size_t column)
{
    const char *text = NULL;
    if (row < answer->row_count && column < answer->column_count)
        text = answer->cell(answer, row, column);
    if (text == NULL && !side->compare->over)
        fail_at(side, "", "an answer cannot be understood: something is missing in it");
    return text == NULL ? "" : text;
}

int64_t side_number(struct side *side, const struct answer *answer, size_t row, size_t column)
{
    char *end;
    const char *text = side_text(side, answer, row, column);
    int64_t number = strtoll(text, &end, 10);
    if ((end == text || *end != '\0') && !side->compare->over)
        fail_at(side, "", "an answer cannot be understood: a number was expected");
    return number;
}

uint64_t side_sum(struct side *side, const struct answer *answer, size_t row, size_t column)
{
    const char *text = side_text(side, answer, row, column);
    bool negative = *text == '-';
    const char *at = text + negative;
    uint64_t sum = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        sum = sum * 10 + (uint64_t)(*at - '0');
    if ((*at != '\0' || at == text + negative) && !side->compare->over)
        fail_at(side, "", "an answer cannot be understood: a sum was expected");
    return negative ? 0 - sum : sum;
}
