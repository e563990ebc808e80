#include "monitor/lock_rows.h"

#include <string.h>

/* "AccessExclusiveLock" is "AccessExclusive". */
static const char *short_mode(struct arena *arena, const char *mode, const char *more)
{
    size_t len = strlen(mode);
    if (len == 0)
        return "";
    if (len > 4 && strcmp(mode + len - 4, "Lock") == 0)
        len -= 4;
    return arena_format(arena, "%.*s%s", (int)len, mode, more);
}

static void add_row(struct draft *draft, const struct lock_tree *tree, const struct lock_node *node)
{
    struct sample_row *row = draft_row(draft, node->depth, node->ours);
    if (row == NULL)
        return;
    bool waits = node->mode != NULL;
    const struct lock_node *named =
        waits || node->first_waiter == SIZE_MAX ? node : &tree->nodes[node->first_waiter];
    draft_cell(draft, row, LOCK_PID, node->session->pid);
    draft_cell(draft, row, LOCK_WHO, node->session->who);
    draft_cell(draft, row, LOCK_STATE, node->session->state);
    draft_cell_age(draft, row, LOCK_XACT, node->session->xact_us);
    draft_cell_age(draft, row, LOCK_WAIT, node->session->wait_us);
    draft_cell(draft, row, LOCK_MODE,
               waits ? short_mode(draft->arena, node->mode, "")
                     : short_mode(draft->arena, node->held, " held"));
    draft_cell(draft, row, LOCK_OBJECT, named->session->object);
    draft_cell(draft, row, LOCK_WHY, node->why);
    draft_cell(draft, row, LOCK_BEHIND, arena_format(draft->arena, "%zu", node->behind));
    draft_cell(draft, row, LOCK_QUERY, node->session->query);
    draft_cell(draft, row, LOCK_BACKEND_START, node->session->start);
}

void lock_draft_rows(struct draft *draft, const struct lock_tree *tree)
{
    for (size_t i = 0; i < tree->shown; i++)
        add_row(draft, tree, &tree->nodes[tree->order[i]]);
}

void lock_draft_metrics(struct draft *draft, size_t waiting, const struct lock_tree *tree)
{
    int64_t longest_us = 0;
    for (size_t i = 0; i < tree->node_count; i++)
        longest_us = tree->nodes[i].waited_us > longest_us ? tree->nodes[i].waited_us : longest_us;
    draft_metric(draft, "waiting", (double)waiting);
    draft_metric(draft, "behind_us", (double)tree->behind_ours);
    draft_metric(draft, "roots", (double)tree->roots);
    draft_metric(draft, "longest_wait_seconds", (double)longest_us / 1e6);
}
