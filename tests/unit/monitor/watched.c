#include "watched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "driver/http.h"
#include "driver/mysql.h"

#define LIMIT_MS 30000

static void on_sample(void *data, const struct sample *sample)
{
    struct watched *watched = data;
    arena_destroy(watched->arena);
    watched->arena = arena_create();
    watched->last = sample_copy(watched->arena, sample);
    watched->samples++;
    assert_string_equal(sample->monitor, "m");
    if (!sample->known && (sample->metric_count > 0 || sample->row_count > 0 || sample->why[0] == '\0'))
        fail_msg("an unknown sample has something in it, or does not say why");
}

static void create(struct watched *watched)
{
    struct err err = ERR_INIT;
    if (monitor_create(&watched->loop, &watched->config, on_sample, watched, &watched->monitor, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(watched->samples, 0);
}

struct how {
    enum monitor_engine engine;
    bool heartbeat;
    const char *sql;
    int64_t every_us; /* 0: 200 ms */
};

static void begin(struct watched *watched, enum monitor_type type, const char *dsn, const char *primary,
                  struct how how)
{
    struct driver *(*const makers[])(uv_loop_t *, const struct driver_target *) = { driver_postgresql_create,
                                                                                    driver_mysql_create };
    static const char *const tables[] = { "public.\"tminus heartbeat r1\"", "`tminus heartbeat r1`" };
    const char *const dsns[2] = { dsn, primary };
    memset(watched, 0, sizeof(*watched));
    uv_loop_init(&watched->loop);
    for (int i = 0; i < 2 && dsns[i] != NULL; i++) {
        watched->targets[i] =
            (struct driver_target){ .id = "t", .dsn = dsns[i], .application_name = "tminus:r1:x" };
        watched->drivers[i] = makers[how.engine](&watched->loop, &watched->targets[i]);
    }
    watched->config = (struct monitor_config){ .id = "m",
                                               .type = type,
                                               .driver = watched->drivers[0],
                                               .primary = watched->drivers[1],
                                               .engine = how.engine,
                                               .heartbeat = how.heartbeat,
                                               .heartbeat_table = tables[how.engine],
                                               .application_prefix = "tminus:r1:",
                                               .sql = how.sql,
                                               .every_us = how.every_us > 0 ? how.every_us : 200 * MS_US };
    create(watched);
}

void watch(struct watched *watched, enum monitor_type type, const char *dsn, const char *primary)
{
    begin(watched, type, dsn, primary, (struct how){ .heartbeat = true });
}

void watch_bytes(struct watched *watched, const char *dsn, const char *primary)
{
    begin(watched, MONITOR_TYPE_LAG, dsn, primary, (struct how){ .heartbeat = false });
}

void watch_mysql(struct watched *watched, enum monitor_type type, const char *dsn, const char *primary)
{
    begin(watched, type, dsn, primary,
          (struct how){ .engine = MONITOR_ENGINE_MYSQL, .heartbeat = primary != NULL });
}

void watch_query(struct watched *watched, const char *dsn, const char *sql)
{
    begin(watched, MONITOR_TYPE_QUERY, dsn, NULL, (struct how){ .sql = sql });
}

void watch_query_seldom(struct watched *watched, const char *dsn, const char *sql)
{
    begin(watched, MONITOR_TYPE_QUERY, dsn, NULL, (struct how){ .sql = sql, .every_us = 3600 * SECOND_US });
}

void watch_url(struct watched *watched, const char *url, const char *pointer)
{
    struct err err = ERR_INIT;
    if (http_client_create(&watched->loop, &watched->http, &err) < 0)
        fail_msg("%s", err.message);
    watched->config = (struct monitor_config){ .id = "m",
                                               .type = MONITOR_TYPE_HTTP,
                                               .http = watched->http,
                                               .url = url,
                                               .pointer = pointer,
                                               .every_us = 200 * MS_US };
    create(watched);
}

void unwatch(struct watched *watched)
{
    monitor_destroy(watched->monitor);
    driver_destroy(watched->drivers[0]);
    driver_destroy(watched->drivers[1]);
    http_client_destroy(watched->http);
    run_out(&watched->loop);
    arena_destroy(watched->arena);
}

static void on_stopped(void *data, const char *left_behind)
{
    struct watched *watched = data;
    assert_false(watched->stopped);
    watched->stopped = true;
    snprintf(watched->left_behind, sizeof(watched->left_behind), "%s",
             left_behind != NULL ? left_behind : "");
}

static bool is_stopped(void *data)
{
    return ((struct watched *)data)->stopped;
}

void stop_watching_within(struct watched *watched, int64_t limit_us)
{
    monitor_stop(watched->monitor, limit_us, on_stopped, watched);
    int samples = watched->samples;
    assert_false(watched->stopped);
    if (!run_until(&watched->loop, is_stopped, watched, LIMIT_MS))
        fail_msg("it did not stop");
    assert_int_equal(watched->samples, samples);
    unwatch(watched);
}

void stop_watching(struct watched *watched)
{
    stop_watching_within(watched, 20 * SECOND_US);
}

struct wanted {
    struct watched *watched;
    bool (*is)(const struct sample *sample);
    int seen;
};

static bool has_sample(void *data)
{
    struct wanted *wanted = data;
    bool more = wanted->watched->samples > wanted->seen;
    wanted->seen = wanted->watched->samples;
    return more && wanted->is(wanted->watched->last);
}

static void print(const struct sample *sample)
{
    printf("%s %s:", sample->known ? "known" : "unknown", sample->why);
    for (size_t i = 0; i < sample->metric_count; i++)
        printf(" %s=%g%s", sample->metrics[i].name, sample->metrics[i].value,
               sample->metrics[i].known ? "" : "?");
    for (size_t i = 0; i < sample->row_count; i++) {
        printf("\n  %d%s", sample->rows[i].depth, sample->rows[i].ours ? " ours" : "");
        for (size_t c = 0; c < SAMPLE_CELLS_MAX; c++)
            printf("|%s", sample->rows[i].cells[c]);
    }
    printf("\n");
}

void until_sample(struct watched *watched, bool (*is)(const struct sample *sample))
{
    struct wanted wanted = { watched, is, watched->samples };
    if (run_until(&watched->loop, has_sample, &wanted, LIMIT_MS))
        return;
    if (watched->last != NULL)
        print(watched->last);
    fail_msg("no such sample among %d", watched->samples);
}

bool is_known(const struct sample *sample)
{
    return sample->known;
}

bool is_unknown(const struct sample *sample)
{
    return !sample->known;
}

bool is_unknown_of_the_primary(const struct sample *sample)
{
    return is_unknown(sample) && strstr(sample->why, "primary") != NULL;
}

bool is_unknown_of_the_replica(const struct sample *sample)
{
    return is_unknown(sample) && strstr(sample->why, "replica") != NULL;
}

bool is_without_heartbeat(const struct sample *sample)
{
    return !sample->known && strstr(sample->why, "no heartbeat on the primary: ") != NULL &&
           strstr(sample->why, "denied") != NULL;
}

bool is_small(const struct sample *sample)
{
    double seconds = metric(sample, "seconds");
    return sample->known && seconds >= 0 && seconds < 0.3;
}

void expect_no_beat(struct watched *watched)
{
    until_sample(watched, is_known);
    run_for(&watched->loop, 1200);
    until_sample(watched, is_known);
    assert_true(metric(watched->last, "seconds") < 0);
    assert_non_null(sample_metric(watched->last, "seconds"));
    assert_string_equal(watched->last->why, "no beat has come back yet");
}

double metric(const struct sample *sample, const char *name)
{
    const struct sample_metric *found = sample_metric(sample, name);
    return found != NULL && found->known ? found->value : -1;
}

const char *cell_of(const struct sample *sample, size_t row, int cell)
{
    return row < sample->row_count ? sample->rows[row].cells[cell] : "";
}
