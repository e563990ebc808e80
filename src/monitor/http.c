/*
 * What a URL answers: the metric "value" is the number at a place in its JSON, "status" what it answered
 * with, "seconds" how long that took. An answer with another status than 200 has no value.
 */
#include "driver/http.h"

#include <math.h>
#include <stdlib.h>

#include "json/pointer.h"
#include "monitor/kind.h"

#define STATUS_OK 200

static void put_value(struct draft *draft, const char *pointer, const struct http_answer *answer)
{
    struct err err = ERR_INIT;
    const char *text = NULL;
    char *end = NULL;
    double value = 0;
    if (answer->status != STATUS_OK) {
        draft_metric_unknown(draft, "value");
        draft_remark(draft, "status %ld", answer->status);
        return;
    }
    if (json_value_at(draft->arena, answer->body, answer->body_len, pointer, &text, &err) < 0) {
        draft_unknown(draft, "%s", err.message);
        return;
    }
    value = text != NULL ? strtod(text, &end) : 0;
    if (text == NULL || end == text || *end != '\0' || !isfinite(value))
        draft_unknown(draft, "at %s stands %.60s, which is no number", pointer, text != NULL ? text : "null");
    else
        draft_metric(draft, "value", value);
}

static void on_answer(void *data, const struct http_answer *answer)
{
    struct monitor *monitor = data;
    struct draft draft;
    monitor->asked = false;
    if (monitor->closed || monitor->stopping) {
        monitor_freed(monitor);
        return;
    }
    draft_init(&draft, monitor->config->id);
    if (!answer->answered) {
        draft_unknown(&draft, "%s", answer->why);
    } else {
        draft_metric(&draft, "status", (double)answer->status);
        draft_metric(&draft, "seconds", (double)answer->elapsed_us / (double)SECOND_US);
        if (monitor->config->pointer != NULL)
            put_value(&draft, monitor->config->pointer, answer);
    }
    monitor_emit(monitor, &draft);
}

static void tick(struct monitor *monitor)
{
    struct err err = ERR_INIT;
    struct http_request request = { .url = monitor->config->url,
                                    .method = "GET",
                                    .timeout_us = QUESTION_TIMEOUT_US };
    if (monitor->asked)
        return;
    monitor->asked = true;
    if (http_ask(monitor->config->http, &request, on_answer, monitor, &err) < 0) {
        monitor->asked = false;
        monitor_emit_unknown(monitor, "%s", err.message);
    }
}

const struct monitor_kind monitor_http = { .tick = tick, .no_server = true };
