#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "monitor/lock_tree.h"

#define NODES_MAX 6
#define EDGES_MAX 8

/* Nodes are a, b, c, ...; a mode of NULL does not wait. The tree as text: "a root 2 (b hard 1 (c queue 0))".
 */
struct shape {
    const char *what;
    struct {
        const char *mode;
        int waited;
        bool ours;
    } nodes[NODES_MAX];
    size_t node_count;
    struct {
        char waiter, blocker;
        const char *held;
    } edges[EDGES_MAX];
    const char *want;
    size_t roots, behind_ours;
};

#define READS  "AccessShareLock"
#define WRITES "RowExclusiveLock"
#define ALTERS "AccessExclusiveLock"

static const struct shape shapes[] = {
    { "nobody", { { NULL, 0, false } }, 1, { { 0, 0, NULL } }, "", 0, 0 },
    { "reader, our ALTER, readers behind it",
      { { NULL, 0, false }, { ALTERS, 9, true }, { READS, 3, false }, { READS, 5, false } },
      4,
      { { 'b', 'a', READS }, { 'c', 'b', "" }, { 'd', 'b', "" } },
      "a root 3 (b hard 2 (d queue 0) (c queue 0))",
      1,
      2 },
    { "a waiter holds something that does not matter to who is behind it",
      { { NULL, 0, false }, { ALTERS, 9, false }, { READS, 3, false } },
      3,
      { { 'b', 'a', READS }, { 'c', 'b', WRITES } },
      "a root 2 (b hard 1 (c queue 0))",
      1,
      0 },
    { "a waiter holds what is in the way",
      { { NULL, 0, false }, { ALTERS, 9, false }, { "ShareLock", 3, false } },
      3,
      { { 'b', 'a', READS }, { 'c', 'b', READS "+" WRITES } },
      "a root 2 (b hard 1 (c hard 0))",
      1,
      0 },
    { "two holders of the same",
      { { NULL, 0, true }, { NULL, 0, false }, { ALTERS, 9, false } },
      3,
      { { 'c', 'a', READS }, { 'c', 'b', WRITES } },
      "a root 1 (c hard 0) b root 1",
      2,
      1 },
    { "held before queued, whatever comes first",
      { { ALTERS, 9, false }, { ALTERS, 4, false }, { NULL, 0, false } },
      3,
      { { 'a', 'c', READS }, { 'b', 'a', "" }, { 'b', 'c', READS } },
      "c root 2 (a hard 1) (b hard 0)",
      1,
      0 },
    { "the one with more behind it first",
      { { NULL, 0, false },
        { ALTERS, 1, false },
        { NULL, 0, false },
        { ALTERS, 9, false },
        { READS, 2, false } },
      5,
      { { 'b', 'a', READS }, { 'd', 'c', READS }, { 'e', 'd', "" } },
      "c root 2 (d hard 1 (e queue 0)) a root 1 (b hard 0)",
      2,
      0 },
    { "a deadlock that is not found yet",
      { { ALTERS, 2, true }, { ALTERS, 1, false } },
      2,
      { { 'a', 'b', ALTERS }, { 'b', 'a', ALTERS } },
      "a hard 1 (b hard 1)",
      1,
      1 },
};

static void write_node(const struct lock_tree *tree, size_t *at, char *text, size_t size)
{
    size_t index = tree->order[*at], len = strlen(text);
    const struct lock_node *node = &tree->nodes[index];
    snprintf(text + len, size - len, "%c %s %zu", (char)('a' + index), node->why, node->behind);
    int depth = node->depth;
    (*at)++;
    while (*at < tree->shown && tree->nodes[tree->order[*at]].depth == depth + 1) {
        strncat(text, " (", size - strlen(text) - 1);
        write_node(tree, at, text, size);
        strncat(text, ")", size - strlen(text) - 1);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        const struct shape *shape = &shapes[i];
        struct arena *arena = arena_create();
        struct lock_node nodes[NODES_MAX] = { 0 };
        struct lock_edge edges[EDGES_MAX] = { 0 };
        struct lock_tree tree = { .node_count = shape->node_count, .nodes = nodes, .edges = edges };
        char text[300] = "";
        for (size_t n = 0; n < shape->node_count; n++) {
            nodes[n].mode = shape->nodes[n].mode;
            nodes[n].waited_us = shape->nodes[n].waited;
            nodes[n].ours = shape->nodes[n].ours;
        }
        for (size_t e = 0; e < EDGES_MAX && shape->edges[e].held != NULL; e++)
            edges[tree.edge_count++] = (struct lock_edge){ .waiter = (size_t)(shape->edges[e].waiter - 'a'),
                                                           .blocker = (size_t)(shape->edges[e].blocker - 'a'),
                                                           .held = shape->edges[e].held };
        lock_tree_build(&tree, arena);
        for (size_t at = 0; at < tree.shown;) {
            if (at > 0)
                strncat(text, " ", sizeof(text) - strlen(text) - 1);
            write_node(&tree, &at, text, sizeof(text));
        }
        if (strcmp(text, shape->want) != 0 || tree.roots != shape->roots ||
            tree.behind_ours != shape->behind_ours)
            fail_msg("%s: %s, %zu roots, %zu behind us", shape->what, text, tree.roots, tree.behind_ours);
        arena_destroy(arena);
    }
}

/* As the manual's table has it: a row for each mode, weakest first. */
static void test_conflicts(void **state)
{
    static const char *const names[] = { "AccessShareLock",  "RowShareLock",
                                         "RowExclusiveLock", "ShareUpdateExclusiveLock",
                                         "ShareLock",        "ShareRowExclusiveLock",
                                         "ExclusiveLock",    "AccessExclusiveLock" };
    static const char *const table[] = { ".......x", "......xx", "....xxxx", "...xxxxx",
                                         "..xx.xxx", "..xxxxxx", ".xxxxxxx", "xxxxxxxx" };
    (void)state;
    for (size_t w = 0; w < 8; w++) {
        for (size_t h = 0; h < 8; h++)
            assert_int_equal(lock_conflicts(names[w], names[h], strlen(names[h])), table[w][h] == 'x');
    }
    assert_true(lock_conflicts("SomeNewLock", "AccessShareLock", 15));
}

static void test_strongest_is_named(void **state)
{
    struct arena *arena = arena_create();
    struct lock_node nodes[2] = { { .mode = NULL }, { .mode = ALTERS } };
    struct lock_edge edge = { .waiter = 1, .blocker = 0, .held = READS "+ShareLock+" WRITES };
    struct lock_tree tree = { .node_count = 2, .nodes = nodes, .edge_count = 1, .edges = &edge };
    (void)state;
    lock_tree_build(&tree, arena);
    assert_string_equal(nodes[0].held, "ShareLock");
    assert_int_equal(nodes[0].first_waiter, 1);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_strongest_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
