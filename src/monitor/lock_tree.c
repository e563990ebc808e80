#include "monitor/lock_tree.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* Table-level lock modes, weakest first, and what each conflicts with, bit n for row n: table 13.2 of
 * PostgreSQL's manual. */
static const struct {
    const char *mode;
    unsigned conflicts;
} modes[] = {
    { "AccessShareLock", 0x80 },          /* AccessExclusive */
    { "RowShareLock", 0xc0 },             /* and Exclusive */
    { "RowExclusiveLock", 0xf0 },         /* and Share, ShareRowExclusive */
    { "ShareUpdateExclusiveLock", 0xf8 }, /* and itself */
    { "ShareLock", 0xec },                /* RowExclusive, ShareUpdateExclusive, ShareRowExclusive and up */
    { "ShareRowExclusiveLock", 0xfc },    /* RowExclusive and up */
    { "ExclusiveLock", 0xfe },            /* all but AccessShare */
    { "AccessExclusiveLock", 0xff },
};

static size_t mode_index(const char *mode, size_t len)
{
    size_t i = 0;
    while (i < ARRAY_LEN(modes) && (strlen(modes[i].mode) != len || strncmp(modes[i].mode, mode, len) != 0))
        i++;
    return i;
}

bool lock_conflicts(const char *wanted, const char *held, size_t held_len)
{
    size_t w = mode_index(wanted, strlen(wanted)), h = mode_index(held, held_len);
    return w == ARRAY_LEN(modes) || h == ARRAY_LEN(modes) || (modes[w].conflicts >> h & 1) != 0;
}

/* A blocker that does not wait can only be in the way with what it holds. */
static bool is_hard(const struct lock_node *waiter, const struct lock_node *blocker, const char *held)
{
    if (blocker->mode == NULL)
        return true;
    while (*held != '\0') {
        size_t len = strcspn(held, "+");
        if (waiter->mode != NULL && lock_conflicts(waiter->mode, held, len))
            return true;
        held += len + (held[len] == '+');
    }
    return false;
}

static const char *strongest(const char *held, struct arena *arena)
{
    size_t best = ARRAY_LEN(modes), best_at = 0, best_len = 0;
    for (size_t at = 0; held[at] != '\0';) {
        size_t len = strcspn(held + at, "+"), index = mode_index(held + at, len);
        if (best == ARRAY_LEN(modes) || (index < ARRAY_LEN(modes) && index > best)) {
            best = index;
            best_at = at;
            best_len = len;
        }
        at += len + (held[at + len] == '+');
    }
    return arena_text_len(arena, held + best_at, best_len);
}

struct work {
    struct lock_tree *tree;
    bool *behind; /* [blocker * count + waiter] */
    bool *placed;
    size_t *under; /* whom a waiter stands under; SIZE_MAX: nobody */
};

/* Everybody who waits for `blocker`, through however many others. */
static void reach(struct work *work, size_t blocker)
{
    size_t count = work->tree->node_count;
    bool *row = work->behind + blocker * count, more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < work->tree->edge_count; i++) {
            const struct lock_edge *edge = &work->tree->edges[i];
            if (row[edge->waiter] || (edge->blocker != blocker && !row[edge->blocker]))
                continue;
            row[edge->waiter] = more = true;
        }
    }
    row[blocker] = false; /* in a deadlock */
    for (size_t i = 0; i < count; i++)
        work->tree->nodes[blocker].behind += row[i];
}

static void count_behind_ours(struct work *work)
{
    struct lock_tree *tree = work->tree;
    for (size_t i = 0; i < tree->node_count; i++) {
        bool behind = false;
        for (size_t b = 0; b < tree->node_count && !tree->nodes[i].ours; b++)
            behind |= tree->nodes[b].ours && work->behind[b * tree->node_count + i];
        tree->behind_ours += behind;
    }
}

/* Under a blocker that holds what is wanted, rather than under one that only stands before it. */
static void choose_parents(struct work *work)
{
    struct lock_tree *tree = work->tree;
    for (size_t i = 0; i < tree->node_count; i++)
        work->under[i] = SIZE_MAX;
    for (size_t i = 0; i < tree->edge_count; i++) {
        struct lock_edge *edge = &tree->edges[i];
        struct lock_node *waiter = &tree->nodes[edge->waiter], *blocker = &tree->nodes[edge->blocker];
        edge->hard = edge->holds || is_hard(waiter, blocker, edge->held);
        if (work->under[edge->waiter] == SIZE_MAX || (edge->hard && strcmp(waiter->why, "hard") != 0)) {
            work->under[edge->waiter] = edge->blocker;
            waiter->why = edge->hard ? "hard" : "queue";
        }
    }
}

/* Of those who stand under `parent` (SIZE_MAX: roots) and are not placed yet: a root with the most behind it,
 * a waiter that has waited longest. */
static size_t next_under(const struct work *work, size_t parent)
{
    const struct lock_tree *tree = work->tree;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < tree->node_count; i++) {
        const struct lock_node *node = &tree->nodes[i];
        if (work->placed[i] || work->under[i] != parent || (parent == SIZE_MAX && node->behind == 0))
            continue;
        if (best == SIZE_MAX)
            best = i;
        else if (parent == SIZE_MAX ? node->behind > tree->nodes[best].behind
                                    : node->waited_us > tree->nodes[best].waited_us)
            best = i;
    }
    return best;
}

static void place(struct work *work, size_t at, int depth)
{
    struct lock_tree *tree = work->tree;
    work->placed[at] = true;
    tree->nodes[at].depth = depth;
    tree->order[tree->shown++] = at;
    for (size_t child = next_under(work, at); child != SIZE_MAX; child = next_under(work, at))
        place(work, child, depth + 1);
}

static void place_root(struct work *work, size_t at, struct arena *arena)
{
    struct lock_tree *tree = work->tree;
    struct lock_node *root = &tree->nodes[at];
    for (size_t i = 0; i < tree->edge_count && root->first_waiter == SIZE_MAX; i++) {
        if (tree->edges[i].blocker != at)
            continue;
        root->first_waiter = tree->edges[i].waiter;
        root->held = strongest(tree->edges[i].held, arena);
    }
    tree->roots++;
    place(work, at, 0);
}

void lock_tree_build(struct lock_tree *tree, struct arena *arena)
{
    size_t count = tree->node_count;
    struct work work = {
        .tree = tree,
        .behind = arena_array(arena, count * count, sizeof(bool)),
        .placed = arena_array(arena, count, sizeof(bool)),
        .under = arena_array(arena, count, sizeof(size_t)),
    };
    tree->order = arena_array(arena, count, sizeof(*tree->order));
    tree->shown = tree->roots = tree->behind_ours = 0;
    for (size_t i = 0; i < count; i++) {
        tree->nodes[i].why = "root";
        tree->nodes[i].held = "";
        tree->nodes[i].first_waiter = SIZE_MAX;
        tree->nodes[i].behind = 0;
    }
    choose_parents(&work);
    for (size_t i = 0; i < count; i++)
        reach(&work, i);
    count_behind_ours(&work);
    for (size_t at = next_under(&work, SIZE_MAX); at != SIZE_MAX; at = next_under(&work, SIZE_MAX))
        place_root(&work, at, arena);
    /* A deadlock that the server has not ended yet has no root. */
    for (size_t i = 0; i < count; i++) {
        if (!work.placed[i] && tree->nodes[i].behind > 0)
            place_root(&work, i, arena);
    }
}
