#include "runner.h"

#include <inttypes.h>

#include "base/text.h"

/*
 * What a running command writes, on its way to the screens: gathered for a tenth of a second, and of a flood
 * only the newest part is sent. All of it (up to the step's maximum) is in the output file.
 */

#define PENDING_MAX (32 * 1024)
#define TAIL_MAX    (32 * 1024)
#define FLUSH_MS    100

static void drop_front(struct buf *buf, size_t len)
{
    if (buf->len + len > buf->max)
        buf_consume(buf, buf->len + len - buf->max);
}

void output_flush(struct runner *runner)
{
    struct wire_message message = { .type = WIRE_OUTPUT, .step = runner->output_step };
    struct buf shown;

    if (runner->output_pending.len == 0)
        return;
    buf_init(&shown, (size_t)PENDING_MAX * 8);
    if (runner->output_dropped > 0)
        buf_format(&shown, "[%zu bytes not shown: they are in the output file]\n", runner->output_dropped);
    text_visible(&shown, runner->output_pending.data, runner->output_pending.len, true);
    message.bytes = buf_str(&shown);
    clients_send(runner, &message);
    buf_finish(&shown);
    buf_clear(&runner->output_pending);
    runner->output_dropped = 0;
}

static void on_due(uv_timer_t *timer)
{
    struct runner *runner = timer->data;

    runner->output_waiting = false;
    output_flush(runner);
}

void output_add(struct runner *runner, const char *step, const char *bytes, size_t len)
{
    size_t kept = len < PENDING_MAX ? len : PENDING_MAX;
    size_t excess;

    if (runner->output_step != step) {
        output_flush(runner);
        buf_clear(&runner->output_tail);
        runner->output_step = step;
    }
    runner->output_dropped += len - kept;
    bytes += len - kept;
    excess =
        runner->output_pending.len + kept > PENDING_MAX ? runner->output_pending.len + kept - PENDING_MAX : 0;
    runner->output_dropped += excess;
    drop_front(&runner->output_pending, kept);
    buf_add(&runner->output_pending, bytes, kept);
    drop_front(&runner->output_tail, kept);
    buf_add(&runner->output_tail, bytes, kept);
    if (!runner->output_waiting) {
        runner->output_waiting = true;
        uv_timer_start(&runner->output_timer, on_due, FLUSH_MS, 0);
    }
}

void output_create(struct runner *runner)
{
    buf_init(&runner->output_pending, PENDING_MAX);
    buf_init(&runner->output_tail, TAIL_MAX);
    uv_timer_init(&runner->loop, &runner->output_timer);
    runner->output_timer.data = runner;
}

void output_destroy(struct runner *runner)
{
    buf_finish(&runner->output_pending);
    buf_finish(&runner->output_tail);
}
