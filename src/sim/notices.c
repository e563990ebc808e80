#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "driver/http.h"
#include "sim.h"

/*
 * Webhooks: they are heard, refused, or hang until the time of the request is over, and then nobody knows.
 * What was sent is heard whatever becomes of the runner.
 */

extern __typeof__(http_client_create) FAKE(http_client_create);
extern __typeof__(http_client_destroy) FAKE(http_client_destroy);
extern __typeof__(http_ask) FAKE(http_ask);

enum fate { HEARD, REFUSED, SAYS_NO, HANGS };

struct call {
    struct call *next;
    http_answered answered; /* NULL: nobody waits for it */
    void *data;
    struct def *def;
    enum fate fate;
};

struct http_client {
    struct call *calls;
};

static const struct http_answer answers[] = {
    [HEARD] = { .answered = true, .sent = true, .status = 200, .body = "" },
    [REFUSED] = { .why = "cannot connect", .body = "" },
    [SAYS_NO] = { .answered = true, .sent = true, .status = 500, .body = "" },
    [HANGS] = { .sent = true, .why = "no answer within 10 s", .body = "" },
};

static void answer(struct call *call, const struct http_answer *answer)
{
    http_answered answered = call->answered;
    call->answered = NULL;
    if (answered != NULL)
        answered(call->data, answer);
}

static void on_answered(void *data)
{
    struct call *call = data;
    answer(call, &answers[call->fate]);
}

static void on_heard(void *data)
{
    struct call *call = data;
    truth_tell(call->def);
}

static struct def *def_told(const char *body)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        const struct step *step = w->defs[i].step;
        if (step->kind == STEP_NOTIFY && strstr(body, step->notice->text) != NULL)
            return &w->defs[i];
    }
    return NULL;
}

static enum fate fate_of_next(void)
{
    return chance_fault(80) ? REFUSED : chance_fault(80) ? SAYS_NO : chance_fault(120) ? HANGS : HEARD;
}

int FAKE(http_ask)(struct http_client *client, const struct http_request *request, http_answered answered,
                   void *data, struct err *err)
{
    struct def *def = def_told(request->body);
    world_called();
    if (chance_fault(5))
        return err_set(err, ERR_ENVIRONMENT, "libcurl cannot do this");
    if (def == NULL)
        world_failed(SIM_RULE, "a message that nobody wrote: %s", request->body);
    judge_begins(def);
    struct call *call = mem_alloc(sizeof(*call));
    *call = (struct call){
        .next = client->calls, .answered = answered, .data = data, .def = def, .fate = fate_of_next()
    };
    client->calls = call;
    world_trace("message %s", def->step->id);
    def->sent = call->fate != REFUSED; /* it is heard, or may be */
    def->told = def->told || def->sent;
    if (call->fate == HEARD || (call->fate == HANGS && chance(500)))
        due_in(chance_us(0, 100 * MS_US), false, on_heard, call);
    due_in(call->fate == HANGS ? request->timeout_us : chance_us(100 * MS_US, 300 * MS_US), true, on_answered,
           call);
    world_called();
    return 0;
}

int FAKE(http_client_create)(uv_loop_t *loop, struct http_client **ret, struct err *err)
{
    (void)loop;
    (void)err;
    *ret = mem_alloc(sizeof(**ret));
    return 0;
}

/* Those who still wait are told from inside. What was sent is heard nevertheless: calls are kept. */
void FAKE(http_client_destroy)(struct http_client *client)
{
    static const struct http_answer closed = { .sent = true, .why = "the client was closed", .body = "" };
    for (struct call *call = client != NULL ? client->calls : NULL; call != NULL; call = call->next)
        answer(call, &closed);
    free(client);
}
