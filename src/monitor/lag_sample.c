#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "monitor/lag_state.h"

#define SILENT_US (1500 * MS_US)

/* Why the heartbeat tells nothing now; false when it does. */
static bool is_blind(const struct lag *lag, int64_t now_us, struct draft *draft)
{
    static const char *const names[] = { "no heartbeat on the primary", "no heartbeat from the replica" };
    const struct lag_end *const ends[] = { &lag->writer, &lag->reader };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (ends[i]->trouble != NULL)
            draft_unknown(draft, "%s: %s", names[i], ends[i]->trouble);
        else if (now_us - ends[i]->heard_us > SILENT_US)
            draft_unknown(draft, "%s for %.1f s", names[i], (double)(now_us - ends[i]->heard_us) / 1e6);
        else
            continue;
        return true;
    }
    return false;
}

/* "16/B374D848" as a number; false for NULL. */
static bool lsn_of(const char *text, uint64_t *ret)
{
    char *slash;
    if (text == NULL)
        return false;
    uint64_t high = strtoull(text, &slash, 16);
    *ret = high << 32 | (*slash == '/' ? strtoull(slash + 1, NULL, 16) : 0);
    return *slash == '/';
}

/* From the end of the primary's log to what the replica has replayed. */
static bool bytes_behind(const struct lag *lag, double *ret)
{
    uint64_t end, replayed;
    if (!lag->on_primary.known || !lag->on_replica.known || lag->on_primary.row_count == 0 ||
        !lsn_of(lag_cell_of(&lag->on_primary, 0, P_LSN), &end) ||
        !lsn_of(lag_cell_of(&lag->on_replica, 0, R_LSN), &replayed))
        return false;
    *ret = end > replayed ? (double)(end - replayed) : 0; /* the two were not asked at the same instant */
    return true;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && a[0] != '\0' && text_equal(a, b);
}

/* The row of pg_stat_replication that is our replica: by its slot, by its name, or as the only one. */
static size_t our_row(const struct lag *lag)
{
    const struct lag_view *rows = &lag->on_primary, *replica = &lag->on_replica;
    size_t only = SIZE_MAX, physical = 0;
    if (!rows->known || !replica->known || rows->row_count == 0)
        return SIZE_MAX;
    for (size_t i = 0; i < rows->row_count; i++) {
        if (same(lag_cell_of(rows, i, P_APPLICATION), lag_cell_of(replica, 0, R_CLUSTER)) ||
            (same(lag_cell_of(rows, i, P_SLOT), lag_cell_of(replica, 0, R_SLOT)) &&
             lag_cell_of(rows, i, P_APPLICATION) != NULL))
            return i;
        if (same(lag_cell_of(rows, i, P_KIND), "physical")) {
            only = i;
            physical++;
        }
    }
    return physical == 1 ? only : SIZE_MAX;
}

static bool is_paused(const struct lag *lag)
{
    return lag->on_replica.known && same(lag_cell_of(&lag->on_replica, 0, R_PAUSED), "t");
}

static void add_row(struct draft *draft, const struct lag *lag, size_t at, bool is_our_replica)
{
    const struct lag_view *view = &lag->on_primary;
    struct sample_row *row = draft_row(draft, 0, is_our_replica);
    if (row == NULL)
        return;
    bool paused = is_our_replica && is_paused(lag);
    draft_cell(draft, row, LAG_NAME, lag_cell_of(view, at, P_NAME));
    draft_cell(draft, row, LAG_KIND, lag_cell_of(view, at, P_KIND));
    draft_cell(draft, row, LAG_STATE, paused ? "paused" : lag_cell_of(view, at, P_STATE));
    draft_cell_size(draft, row, LAG_SENT, lag_cell_of(view, at, P_SENT));
    draft_cell_size(draft, row, LAG_REPLAY, lag_cell_of(view, at, P_REPLAY));
    draft_cell_age(draft, row, LAG_REPLY, lag_cell_of(view, at, P_REPLY));
    draft_cell_size(draft, row, LAG_RETAINED, lag_cell_of(view, at, P_RETAINED));
}

/* The replica, when its primary does not know it. */
static void add_lonely_row(struct draft *draft, const struct lag *lag)
{
    struct sample_row *row = draft_row(draft, 0, true);
    if (row == NULL)
        return;
    bool physical = same(lag_cell_of(&lag->on_replica, 0, R_RECOVERY), "t");
    draft_cell(draft, row, LAG_NAME, lag->monitor->config->id);
    draft_cell(draft, row, LAG_KIND, physical ? "physical" : "logical");
    draft_cell(draft, row, LAG_STATE, is_paused(lag) ? "paused" : physical ? "not connected" : "");
}

static void add_rows(struct draft *draft, const struct lag *lag, size_t ours)
{
    const struct lag_view *view = &lag->on_primary;
    if (lag->on_replica.known && ours == SIZE_MAX)
        add_lonely_row(draft, lag);
    for (size_t i = 0; view->known && i < view->row_count; i++) {
        if (lag_cell_of(view, i, P_NAME) != NULL)
            add_row(draft, lag, i, i == ours);
    }
    if (view->known && view->row_count > 0 && !same(lag_cell_of(view, 0, P_SEES), "t"))
        draft_remark(draft, "the rows are blind: role %s needs pg_monitor", lag_cell_of(view, 0, P_ROLE));
}

static void add_metrics(struct draft *draft, struct lag *lag, int64_t now_us, size_t ours)
{
    int64_t lag_us;
    double bytes;
    lag->said_us = -1;
    if (!lag->monitor->config->heartbeat) {
        draft_metric_unknown(draft, "seconds");
        draft_remark(draft, "no heartbeat: bytes only");
    } else if (beats_lag(&lag->beats, now_us, &lag_us)) {
        draft_metric(draft, "seconds", (double)lag_us / 1e6);
        lag->said_us = lag_us;
    } else {
        draft_metric_unknown(draft, "seconds");
        draft_remark(draft, "no beat has come back yet");
    }
    if (bytes_behind(lag, &bytes))
        draft_metric(draft, "bytes", bytes);
    else
        draft_metric_unknown(draft, "bytes");
    const char *reply = ours == SIZE_MAX ? NULL : lag_cell_of(&lag->on_primary, ours, P_REPLY);
    if (reply != NULL)
        draft_metric(draft, "reply_seconds", (double)strtoll(reply, NULL, 10) / 1e6);
    else
        draft_metric_unknown(draft, "reply_seconds");
}

/* Without a heartbeat the two answers are all there is. */
static bool views_are_missing(const struct lag *lag, struct draft *draft)
{
    const struct lag_view *const views[] = { &lag->on_primary, &lag->on_replica };
    static const char *const names[] = { "the primary", "the replica" };
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        if (views[i]->known)
            continue;
        draft_unknown(draft, "%s: %s", names[i],
                      views[i]->trouble != NULL ? views[i]->trouble : "no answer yet");
        return true;
    }
    return false;
}

void lag_emit(struct lag *lag)
{
    struct draft draft;
    draft_init(&draft, lag->monitor->config->id);
    int64_t now_us = draft.sample.at.boot_us;
    bool heartbeat = lag->monitor->config->heartbeat;
    if (heartbeat ? is_blind(lag, now_us, &draft) : views_are_missing(lag, &draft)) {
        lag->said_us = -1;
    } else {
        size_t ours = our_row(lag);
        add_metrics(&draft, lag, now_us, ours);
        add_rows(&draft, lag, ours);
    }
    monitor_emit(lag->monitor, &draft);
}
