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

static void add_seconds(struct draft *draft, struct lag *lag, int64_t now_us)
{
    int64_t lag_us;
    lag->said_us = -1;
    if (!lag->monitor->config->heartbeat) {
        draft_metric_unknown(draft, "seconds");
        draft_remark(draft, "no heartbeat: %s only", lag->dialect->distance);
    } else if (beats_lag(&lag->beats, now_us, &lag_us)) {
        draft_metric(draft, "seconds", (double)lag_us / 1e6);
        lag->said_us = lag_us;
    } else {
        draft_metric_unknown(draft, "seconds");
        draft_remark(draft, "no beat has come back yet");
    }
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
        add_seconds(&draft, lag, now_us);
        lag->dialect->add(&draft, lag);
    }
    monitor_emit(lag->monitor, &draft);
}
