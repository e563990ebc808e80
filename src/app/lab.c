#include "lab.h"

#include <string.h>

#include "lab_parts.h"

/* How to say which lab is meant: "tminus lab down --dir D", "tminus lab down pg-pair". */
static const char *down_command(const struct lab *lab)
{
    if (lab->options->dir == NULL)
        return arena_format(lab->arena, "tminus lab down %s", lab->kind->name);
    return arena_format(lab->arena, "tminus lab down --dir \"%s\"", lab->dir);
}

static bool is_whole(const struct lab *lab)
{
    for (size_t i = 0; i < lab->kind->server_count; i++) {
        bool ready;
        if (lab_server(lab, lab->kind->servers[i], &ready) == 0 || !ready)
            return false;
    }
    return lab_has(lab, LAB_TARGETS);
}

static int take_existing(const struct lab *lab, struct err *err)
{
    if (!is_whole(lab))
        return err_set(err, ERR_REFUSED, "the lab in %s is not whole any more: run \"%s\" first", lab->dir,
                       down_command(lab));
    int r = 0;
    if (lab->options->load && !lab_runs(lab, lab->kind->engine->load))
        r = lab->kind->load(lab, err);
    return r < 0 ? r : LAB_WAS_UP;
}

static int clear(const struct lab *lab, struct err *err)
{
    int r = lab_stop(lab, err);
    return r < 0 ? r : lab_remove(lab, err);
}

static int bring_up(struct lab *lab, struct err *err)
{
    lab_hold_signals(lab);
    int r = lab->kind->up(lab, err);
    if (r == 0 && lab->options->load)
        r = lab->kind->load(lab, err);
    if (r < 0 && clear(lab, NULL) < 0)
        err_prefix(err, "something is left: run \"%s\"", down_command(lab));
    lab_release_signals(lab);
    return r;
}

int lab_up(const struct lab_options *options, struct err *err)
{
    struct lab lab;
    int r = lab_init(&lab, options, err);
    if (r == 0)
        r = lab_find_tools(&lab, err);
    if (r == 0)
        r = lab_make(&lab, err);
    if (r == 0)
        r = bring_up(&lab, err);
    else if (r > 0)
        r = take_existing(&lab, err);
    lab_finish(&lab);
    return r;
}

int lab_down(const struct lab_options *options, struct err *err)
{
    struct lab lab;
    int r = lab_init(&lab, options, err);
    if (r == 0)
        r = lab_find(&lab, err);
    if (r == 0)
        r = lab_lock(&lab, err);
    if (r == 0)
        r = clear(&lab, err);
    else if (r > 0)
        lab_remove_empty(&lab);
    lab_finish(&lab);
    return r > 0 ? LAB_WAS_DOWN : r;
}

static void look_at_server(const struct lab *lab, size_t server, struct lab_server_state *ret)
{
    bool ready;
    struct buf says;
    buf_init(&says, sizeof(ret->says) - 1);
    ret->name = lab->kind->servers[server];
    ret->port = lab_port(lab, server);
    ret->pid = lab_server(lab, ret->name, &ready);
    ret->answers = ready && lab->kind->ask(lab, server, &says, NULL) == 0 && buf_ok(&says, "", NULL) == 0;
    memcpy(ret->says, buf_str(&says), says.len + (says.len > 0));
    buf_finish(&says);
}

static void look(const struct lab *lab, struct lab_state *ret)
{
    ret->there = ret->whole = true;
    ret->load = lab_runs(lab, lab->kind->engine->load);
    ret->server_count = lab->kind->server_count;
    for (size_t i = 0; i < ret->server_count; i++) {
        look_at_server(lab, i, &ret->servers[i]);
        ret->whole = ret->whole && ret->servers[i].answers;
    }
}

int lab_status(const struct lab_options *options, struct lab_state *ret, struct err *err)
{
    struct lab lab;
    *ret = (struct lab_state){ .there = false };
    int r = lab_init(&lab, options, err);
    if (r == 0)
        r = lab_find(&lab, err);
    if (r >= 0)
        memcpy(ret->dir, lab.dir, strlen(lab.dir));
    if (r == 0)
        r = lab_find_tools(&lab, err);
    if (r == 0)
        look(&lab, ret);
    lab_finish(&lab);
    return r > 0 ? 0 : r;
}

int lab_targets(const struct lab_options *options, struct buf *ret_path, struct err *err)
{
    struct lab lab;
    int r = lab_init(&lab, options, err);
    if (r == 0)
        r = lab_find(&lab, err);
    if (r == 0)
        buf_text(ret_path, lab_path(&lab, LAB_TARGETS));
    else if (r > 0)
        r = err_set(err, ERR_NOT_FOUND, "there is no lab in %s", lab.dir);
    lab_finish(&lab);
    return r;
}
