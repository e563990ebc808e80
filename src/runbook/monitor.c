#include "monitor.h"
#include "shape.h"

#include "base/text.h"

struct monitor_fields {
    const char *id;
    int kind;
    const char *target;
    bool heartbeat;
    int64_t every_us;
    const char *sql;
    const char *url;
    const char *pointer;
};

static const struct json_field fields[] = {
    { "id", JSON_FIELD_ID, offsetof(struct monitor_fields, id), JSON_REQUIRED, NULL, 0, 0,
      "what metrics are named by, as in \"lag.seconds\"" },
    { "kind", JSON_FIELD_ENUM, offsetof(struct monitor_fields, kind), JSON_REQUIRED, monitor_kind_words, 0, 0,
      "what it looks at" },
    { "target", JSON_FIELD_TEXT, offsetof(struct monitor_fields, target), 0, NULL, 0, 0,
      "which server it asks; needed by all but http" },
    { "sql", JSON_FIELD_TEXT, offsetof(struct monitor_fields, sql), JSON_NONEMPTY, NULL, 0, 0,
      "query: a statement whose first value is the metric \"value\", a number" },
    { "url", JSON_FIELD_TEXT, offsetof(struct monitor_fields, url), JSON_NONEMPTY, NULL, 0, 0,
      "http: what is asked" },
    { "pointer", JSON_FIELD_TEXT, offsetof(struct monitor_fields, pointer), 0, NULL, 0, 0,
      "http: where in the JSON of the answer the metric \"value\" stands, as in \"/error_rate\"" },
    { "heartbeat", JSON_FIELD_BOOL, offsetof(struct monitor_fields, heartbeat), 0, NULL, 0, 0,
      "lag: a heartbeat table may be made on the primary; it is removed afterwards" },
    { "every", JSON_FIELD_DURATION, offsetof(struct monitor_fields, every_us), 0, NULL, 0, 0,
      "how often; 1s unless stated" },
    { 0 },
};
const struct shape monitor_shape = { .fields = fields };

#define EVERY_MIN_US (100 * MS_US)
#define METRICS_MAX  5

static const char *const metrics[MONITOR_KIND_COUNT][METRICS_MAX] = {
    [MONITOR_LAG] = { "seconds", "bytes", "reply_seconds", "transactions" },
    [MONITOR_LOCKS] = { "waiting", "behind_us", "roots", "longest_wait_seconds" },
    [MONITOR_TRANSACTIONS] = { "oldest_seconds", "idle_in_transaction", "prepared", "oldest_xmin_age" },
    [MONITOR_PROGRESS] = { "running", "percent" },
    [MONITOR_QUERY] = { "value" },
    [MONITOR_HTTP] = { "value", "status", "seconds" },
};

const char *const *monitor_metrics(enum monitor_kind kind, size_t *ret_count)
{
    size_t count = 0;
    while (count < METRICS_MAX && metrics[kind][count])
        count++;
    *ret_count = count;
    return metrics[kind];
}

/* The two ends of a lag are asked in one engine's words; MySQL's and MariaDB's are alike, and follow each
 * other. */
static void check_engines(struct loader *l, const struct monitor_def *monitor, const struct json *source)
{
    const struct target *replica = monitor->target != BOOK_NONE ? &l->book->targets[monitor->target] : NULL;
    if (monitor->kind != MONITOR_LAG || replica == NULL || replica->of == BOOK_NONE)
        return;
    const struct target *primary = &l->book->targets[replica->of];
    if ((replica->engine == ENGINE_POSTGRESQL) != (primary->engine == ENGINE_POSTGRESQL))
        load_fault(l, load_at(source, "target"), "target \"%s\" is %s, and \"%s\", which it follows, is %s",
                   replica->id, target_engine_word(replica->engine), primary->id,
                   target_engine_word(primary->engine));
}

/* A heartbeat is written on the primary and read on the replica: both have to be known. */
static void check_heartbeat(struct loader *l, const struct monitor_def *monitor, const struct json *source)
{
    const struct json *where = load_at(source, "heartbeat");
    if (monitor->kind != MONITOR_LAG) {
        load_fault(l, where, "only a monitor of kind \"lag\" has a heartbeat");
        return;
    }
    if (monitor->target == BOOK_NONE)
        return;
    const struct target *target = &l->book->targets[monitor->target];
    if (target->role != TARGET_REPLICA || target->of == BOOK_NONE)
        load_fault(l, where, "a heartbeat needs a replica with \"of\", and target \"%s\" is none",
                   target->id);
}

static void refuse_key(struct loader *l, const struct json *source, const char *key, enum monitor_kind kind)
{
    if (json_member(source, key))
        load_fault(l, load_at(source, key), "a monitor of kind \"%s\" has no \"%s\"", monitor_kind_word(kind),
                   key);
}

static void load_request(struct loader *l, struct monitor_def *monitor, const struct monitor_fields *raw,
                         const struct json *source)
{
    struct http_query *http = arena_alloc(l->arena, sizeof(*http));
    *http = (struct http_query){ .url = resolve_url(l, load_at(source, "url"), raw->url),
                                 .method = "GET",
                                 .pointer = load_pointer(l, load_at(source, "pointer"), raw->pointer),
                                 .status = 200 };
    monitor->http = http;
    if (!raw->url)
        load_fault(l, source, "a monitor of kind \"http\" needs a \"url\"");
}

/* What each kind asks, and where. */
static void load_question(struct loader *l, struct monitor_def *monitor, const struct monitor_fields *raw,
                          const struct json *source)
{
    if (monitor->kind == MONITOR_HTTP)
        refuse_key(l, source, "target", monitor->kind);
    else if (!raw->target)
        load_fault(l, source, "monitor \"%s\" needs a \"target\"", raw->id);
    if (monitor->kind == MONITOR_QUERY && !raw->sql)
        load_fault(l, source, "a monitor of kind \"query\" needs \"sql\"");
    if (monitor->kind == MONITOR_QUERY)
        monitor->sql = load_query_sql(l, load_at(source, "sql"), raw->sql, monitor->target);
    else
        refuse_key(l, source, "sql", monitor->kind);
    if (monitor->kind == MONITOR_HTTP) {
        load_request(l, monitor, raw, source);
        return;
    }
    refuse_key(l, source, "url", monitor->kind);
    refuse_key(l, source, "pointer", monitor->kind);
}

static void load_monitor(struct loader *l, size_t index, const struct json *source)
{
    struct monitor_def *monitor = &l->book->monitors[index];
    struct monitor_fields raw = { .every_us = SECOND_US };
    *monitor = (struct monitor_def){
        .kind = MONITOR_KIND_COUNT, .target = BOOK_NONE, .line = source->line, .column = source->column
    };
    bool whole = load_fields(l, source, fields, &raw, "monitor");
    load_id(l, load_at(source, "id"), &l->ids->monitors, "monitor", raw.id, index);
    monitor->id = raw.id;
    monitor->every_us = raw.every_us;
    monitor->heartbeat = raw.heartbeat;
    monitor->target = load_reference(l, load_at(source, "target"), &l->ids->targets, "target", raw.target);
    if (!whole)
        return;
    monitor->kind = (enum monitor_kind)raw.kind;
    load_question(l, monitor, &raw, source);
    check_engines(l, monitor, source);
    if (raw.heartbeat)
        check_heartbeat(l, monitor, source);
    if (raw.every_us < EVERY_MIN_US)
        load_fault(l, load_at(source, "every"),
                   "a monitor that asks more often than every 100ms is a load itself");
}

void load_monitors(struct loader *l, const struct json *monitors)
{
    size_t count = load_count(monitors);
    l->book->monitors = arena_array(l->arena, count + 1, sizeof(*l->book->monitors));
    l->book->monitor_count = count;
    id_map_init(&l->ids->monitors, l->arena, count);
    for (size_t i = 0; i < count; i++)
        load_monitor(l, i, &monitors->items[i]);
}
