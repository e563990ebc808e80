/*
 * Who waits for whom: a tree out of "is blocked by" edges. Pure.
 *
 * A session that waits for several stands under one of them, but counts behind all. A waiter is "hard" when
 * what it wants conflicts with what a blocker holds, "queue" when it only stands behind one that waits
 * itself.
 */
#ifndef MONITOR_LOCK_TREE_H
#define MONITOR_LOCK_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct lock_session; /* lock_rows.h */

struct lock_edge {
    size_t waiter, blocker; /* indexes of nodes */
    const char *held; /* modes that the blocker holds on what is waited for, "AccessShareLock+..."; "" */
    bool holds;       /* what the blocker holds is known to be in the way, whatever its mode is called */
    bool hard;        /* filled in by lock_tree_build */
};

struct lock_node {
    /* in */
    const char *mode; /* that it waits for ("AccessExclusiveLock"); NULL: it does not wait */
    int64_t waited_us;
    bool ours;
    const struct lock_session *session;
    /* out */
    int depth;
    const char *why;     /* "root", "hard", "queue" */
    const char *held;    /* a root: the strongest mode that its first waiter meets, "AccessShareLock"; "" */
    size_t first_waiter; /* a root: a node that waits for it directly; SIZE_MAX for none */
    size_t behind;       /* sessions that wait for it, directly or not */
};

struct lock_tree {
    size_t node_count, edge_count;
    struct lock_node *nodes;
    struct lock_edge *edges;
    /* out */
    size_t *order; /* node_count at most: roots and below them who waits, depth first */
    size_t shown;  /* of them; nodes that neither wait nor block are left out */
    size_t roots;
    size_t behind_ours; /* sessions, not ours, that wait for one of ours */
};

void lock_tree_build(struct lock_tree *tree, struct arena *arena);

/* True when a lock of mode `wanted` has to wait for one of mode `held`; true for modes that it does not know.
 */
bool lock_conflicts(const char *wanted, const char *held, size_t held_len);

#endif
