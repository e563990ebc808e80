#include <string.h>

#include "audit/audit.h"
#include "base/mem.h"
#include "sim.h"

/*
 * The trail: what was published, line by line. It has to be the beginning of the durable journal, at every
 * moment and to the byte. It fails as git does: not at all, after the fact, or with everything gone.
 */

extern __typeof__(audit_open) FAKE(audit_open);
extern __typeof__(audit_close) FAKE(audit_close);
extern __typeof__(audit_last) FAKE(audit_last);
extern __typeof__(audit_remark) FAKE(audit_remark);
extern __typeof__(audit_publish) FAKE(audit_publish);
extern __typeof__(audit_tip) FAKE(audit_tip);
extern __typeof__(audit_set_signer) FAKE(audit_set_signer);

struct audit {
    char remark[64];
};

static struct {
    uint64_t seq; /* what is committed is the journal up to here: judged as it comes */
    struct audit open;
    int64_t down_until_us;
    bool gone;
} trail;

void trail_runner_ended(void)
{
    trail.gone = false;
}

uint64_t trail_seq(void)
{
    return trail.seq;
}

static int fails(struct err *err)
{
    const struct world *w = world();
    if (chance_fault(20))
        trail.down_until_us = w->now_us + chance_us(SECOND_US, 15 * SECOND_US);
    if (!w->well && w->now_us < trail.down_until_us)
        return err_set(err, ERR_IO, "cannot write an object: No space left on device");
    if (chance_fault(4)) {
        trail.gone = true;
        trail.seq = 0;
    }
    return trail.gone ? err_set(err, ERR_ENVIRONMENT, "the repository was taken away") : 0;
}

int FAKE(audit_open)(const char *path, const char *run, struct audit **ret, struct err *err)
{
    (void)path;
    (void)run;
    (void)err;
    world_called();
    trail.gone = false;
    trail.open.remark[0] = '\0';
    *ret = &trail.open;
    return 0;
}

void FAKE(audit_close)(struct audit *audit)
{
    (void)audit;
}

int FAKE(audit_last)(struct audit *audit, uint64_t *ret_seq, struct sha256 *ret_head, struct err *err)
{
    size_t len = 0;
    const char *line = judge_line(trail.seq, &len);
    (void)err;
    world_called();
    if (chance_fault(2)) {
        memcpy(audit->remark, "a damaged branch was moved aside", 33);
        trail.seq = 0;
    }
    *ret_seq = trail.seq;
    if (trail.seq > 0)
        sha256_of(line, len - 1, ret_head);
    else
        memset(ret_head, '0', sizeof(ret_head->hex) - 1);
    ret_head->hex[64] = '\0';
    return 0;
}

const char *FAKE(audit_remark)(const struct audit *audit)
{
    return audit->remark;
}

static int take(const struct audit_batch *batch, struct err *err)
{
    const char *line = batch->lines;
    size_t left = batch->lines_len, count = 0;
    while (left > 0) {
        const char *end = memchr(line, '\n', left);
        size_t len = end != NULL ? (size_t)(end - line) + 1 : left, durable_len = 0;
        uint64_t seq = count < batch->count ? batch->events[count++].seq : 0;
        const char *durable = judge_line(seq, &durable_len);
        if (world_broken(BREAK_TRAIL) && seq == 9)
            durable_len--;
        if (durable == NULL)
            world_failed(SIM_DIVERGED, "the trail is given record %llu, which is not durable",
                         (unsigned long long)seq);
        if (durable_len != len || memcmp(durable, line, len) != 0)
            world_failed(SIM_DIVERGED, "the trail is given another record %llu than the journal has",
                         (unsigned long long)seq);
        if (seq > trail.seq + 1)
            return err_set(err, ERR_CORRUPT, "record %llu does not follow", (unsigned long long)seq);
        if (seq > trail.seq)
            trail.seq = seq;
        line += len;
        left -= len;
    }
    if (count != batch->count)
        world_failed(SIM_DIVERGED, "a batch for the trail has %zu events and %zu lines", batch->count, count);
    return 0;
}

int FAKE(audit_publish)(struct audit *audit, const struct audit_batch *batch, struct err *err)
{
    int r = fails(err);
    audit->remark[0] = '\0';
    world_called();
    if (r == 0)
        r = take(batch, err);
    world_called();
    if (r == 0 && chance_fault(5))
        r = err_set(err, ERR_IO, "committed, and then the sync failed");
    world_trace("published up to %llu%s", (unsigned long long)trail.seq, r < 0 ? ", failed" : "");
    return r;
}

bool FAKE(audit_tip)(const struct audit *audit, struct audit_tip *ret)
{
    size_t len = 0;
    const char *line = judge_line(trail.seq, &len);
    (void)audit;
    memset(ret, 0, sizeof(*ret));
    if (line == NULL)
        return false;
    memset(ret->commit, 'c', sizeof(ret->commit) - 1);
    ret->seq = trail.seq;
    sha256_of(line, len - 1, &ret->head);
    return true;
}

void FAKE(audit_set_signer)(struct audit *audit, const char *key_path)
{
    (void)audit;
    (void)key_path;
}

void trail_create(void)
{
    memset(&trail, 0, sizeof(trail));
}
