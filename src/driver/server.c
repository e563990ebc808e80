#include "driver/server.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

struct driver *server_driver_create(const struct driver_impl *impl, uv_loop_t *loop,
                                    const struct driver_target *target)
{
    struct server_driver *driver = mem_alloc(sizeof(*driver));
    driver->base.impl = impl;
    driver->loop = loop;
    driver->target = target;
    return &driver->base;
}

static bool is_among(const struct server_item *item, int64_t pid)
{
    while (item != NULL && item->pid != pid)
        item = item->next;
    return item != NULL;
}

bool server_driver_has(const struct driver *base, int64_t pid)
{
    const struct server_driver *driver = (const struct server_driver *)base;
    return pid != 0 && (is_among(driver->jobs, pid) || is_among(driver->sessions, pid));
}

static void drop_all(struct server_item *const *list)
{
    while (*list != NULL)
        (*list)->drop((*list)->owner);
}

void server_driver_destroy(struct driver *base)
{
    struct server_driver *driver = (struct server_driver *)base;
    drop_all(&driver->jobs);
    drop_all(&driver->sessions);
    free(driver);
}

void server_item_add(struct server_item **list, struct server_item *item, void (*drop)(void *owner),
                     void *owner)
{
    *item = (struct server_item){ .next = *list, .back = list, .drop = drop, .owner = owner };
    if (item->next != NULL)
        item->next->back = &item->next;
    *list = item;
}

void server_item_remove(struct server_item *item)
{
    if (item->next != NULL)
        item->next->back = item->back;
    *item->back = item->next;
}

void server_tell_lost_notices(const struct driver_events *events, void *data, int64_t notices)
{
    struct buf text;
    if (events->notice == NULL || notices <= SERVER_NOTICES_MAX)
        return;
    buf_init(&text, ERR_MESSAGE_MAX);
    buf_format(&text, "%" PRId64 " more notices were not kept", notices - SERVER_NOTICES_MAX);
    events->notice(data, buf_str(&text));
    buf_finish(&text);
}
