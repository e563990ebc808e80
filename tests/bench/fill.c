#include "fill.h"

#include <stdio.h>
#include <uv.h>

#include "driver/mysql.h"
#include "driver/postgresql.h"

struct ours {
    struct fill *fill;
    double batch_us; /* when the one before was asked for */
    int asked;
    bool done;
};

/* Asked before each statement: on MySQL the range of a batch is one, and the batch another. */
static const char *on_may_go_on(void *data)
{
    struct ours *ours = data;
    const int statements = ours->fill->engine == BULK_MYSQL ? 2 : 1;
    double now = now_us();
    if (ours->asked++ % statements == 0) {
        if (ours->batch_us > 0)
            measured_add(&ours->fill->batches, (now - ours->batch_us) / 1e3);
        ours->batch_us = now;
    }
    return NULL;
}

static void on_identified(void *data, int64_t pid)
{
    (void)data;
    (void)pid;
}

static void on_note(void *data, const char *text)
{
    (void)data;
    (void)text;
}

static void on_progress(void *data, const struct backfill_state *state)
{
    (void)data;
    (void)state;
}

static void on_checkpoint(void *data, const char *text, const struct backfill_state *state)
{
    (void)data;
    (void)text;
    (void)state;
}

static void on_done(void *data, const struct backfill_result *result)
{
    struct ours *ours = data;
    if (result->status != DRIVER_OK || result->state.rows != ours->fill->rows)
        cannot("the backfill changed %lld rows: %s", (long long)result->state.rows, result->message);
    ours->done = true;
}

void fill_ours(struct fill *fill)
{
    static const struct backfill_events events = { on_may_go_on, on_identified, on_note,
                                                   on_progress,  on_checkpoint, on_done };
    static const char *const key[] = { "id" };
    struct ours ours = { .fill = fill };
    uv_loop_t loop;
    struct backfill *backfill;
    struct err err = ERR_INIT;
    const struct driver_target target = {
        .id = "primary", .dsn = fill->dsn, .application_name = "bench", .connect_timeout_us = 5 * SECOND_US
    };
    uv_loop_init(&loop);
    struct driver *driver = fill->engine == BULK_MYSQL ? driver_mysql_create(&loop, &target)
                                                       : driver_postgresql_create(&loop, &target);
    const struct backfill_config config = { .engine = fill->engine,
                                            .driver = driver,
                                            .table = "people",
                                            .key_count = 1,
                                            .key = key,
                                            .set = FILL_SET,
                                            .where = FILL_WHERE,
                                            .batch = fill->batch,
                                            .lock_timeout_us = SECOND_US,
                                            .statement_timeout_us = 60 * SECOND_US,
                                            .attempts = 3,
                                            .application_name = "bench" };
    must(backfill_start(&loop, &config, &events, &ours, &backfill, &err), &err);
    while (!ours.done)
        (void)uv_run(&loop, UV_RUN_ONCE);
    driver_destroy(driver);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
}

void fill_batch_text(const struct fill *fill, char *sql, size_t size, int64_t from)
{
    (void)snprintf(sql, size, "UPDATE people SET " FILL_SET " WHERE id > %lld AND id <= %lld AND " FILL_WHERE,
                   (long long)from, (long long)(from + fill->batch));
}

void fill_write_script(const struct fill *fill, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        cannot("cannot write %s", path);
    for (int64_t from = 0; from < fill->rows; from += fill->batch) {
        char sql[200];
        fill_batch_text(fill, sql, sizeof(sql), from);
        (void)fprintf(file, "BEGIN;\n%s;\nCOMMIT;\n", sql);
    }
    (void)fclose(file);
}

void fill_figures(struct fill *fill)
{
    figure(fill->prefix, "batch_ms_p50", measured_part(&fill->batches, 0.5));
    figure(fill->prefix, "batch_ms_p99", measured_part(&fill->batches, 0.99));
    figure(fill->prefix, "batch_ms_most", measured_part(&fill->batches, 1));
    measured_finish(&fill->batches);
}
