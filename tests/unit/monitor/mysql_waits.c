/* Trees out of made-up sessions and locks: what no server can be made to show at will. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "monitor/mysql_waits.h"

#define SESSIONS_MAX 5
#define LOCKS_MAX    6

/* Sessions are numbered from 1; the text that is expected has a line for each row of the tree. */
struct scene {
    const char *name;
    struct {
        const char *statement; /* NULL: it does nothing */
        char waits;            /* 'm' for metadata, 'r' for a row */
        bool ours;
    } sessions[SESSIONS_MAX];
    struct mysql_metadata_lock metadata[LOCKS_MAX];
    struct mysql_row_wait rows[LOCKS_MAX];
    const char *want;
    size_t behind_ours;
};

#define TABLE(pid, table, mode, held)                                                                        \
    {                                                                                                        \
        pid, "TABLE", "shop", table, mode, held                                                              \
    }

static const struct scene scenes[] = {
    { .name = "held only: a queued ALTER, and who queues behind it",
      .sessions = { { NULL, 0, false },
                    { "ALTER TABLE users ADD c int", 'm', true },
                    { "SELECT * FROM users", 'm', false },
                    { "UPDATE `users` SET a = 1", 'm', false } },
      .metadata = { TABLE(1, "users", "SHARED_READ", true), TABLE(2, "users", "SHARED_UPGRADABLE", true) },
      .want = "1 root held=SHARED_READ behind=3\n"
              " 2 hard EXCLUSIVE shop.users behind=2\n"
              "  3 queue SHARED_READ shop.users behind=0\n"
              "  4 queue SHARED_WRITE shop.users behind=0\n",
      .behind_ours = 2 },
    { .name = "told: what is wanted is taken from the rows, not from the text",
      .sessions = { { NULL, 0, false }, { "CALL p()", 'm', false }, { "CALL q()", 'm', false } },
      .metadata = { TABLE(1, "users", "SHARED_WRITE", true), TABLE(2, "users", "SHARED_UPGRADABLE", true),
                    TABLE(2, "users", "SHARED_NO_WRITE", false), TABLE(3, "users", "SHARED_WRITE", false) },
      .want = "1 root held=SHARED_WRITE behind=2\n"
              " 2 hard SHARED_NO_WRITE shop.users behind=1\n"
              "  3 queue SHARED_WRITE shop.users behind=0\n" },
    { .name = "nothing tells: whoever waits stands under a holder that is not known",
      .sessions = { { NULL, 0, false }, { "SELECT * FROM users", 'm', false }, { "UPDATE t", 'r', true } },
      .want = "? root held= behind=1\n"
              " 2 hard   behind=0\n"
              "? root held= behind=1\n"
              " 3 hard   behind=0\n" },
    { .name = "a reader does not conflict with a reader: it is not said to wait for one",
      .sessions = { { "SELECT sleep(9) FROM users", 0, false }, { "SELECT * FROM users", 'm', false } },
      .metadata = { TABLE(1, "users", "SHARED_READ", true) },
      .want = "? root held= behind=1\n"
              " 2 hard   behind=0\n" },
    { .name = "a table of another name is not taken for it",
      .sessions = { { NULL, 0, false }, { "SELECT * FROM users_old, 'users'", 'm', false } },
      .metadata = { TABLE(1, "users", "EXCLUSIVE", true) },
      .want = "? root held= behind=1\n"
              " 2 hard   behind=0\n" },
    { .name = "two definitions of one table: the second waits for both",
      .sessions = { { NULL, 0, false },
                    { "ALTER TABLE users ADD c int", 'm', false },
                    { "DROP TABLE shop.users", 'm', false } },
      .metadata = { TABLE(1, "users", "SHARED_READ", true), TABLE(2, "users", "SHARED_UPGRADABLE", true) },
      .want = "1 root held=SHARED_READ behind=2\n"
              " 2 hard EXCLUSIVE shop.users behind=1\n"
              " 3 hard EXCLUSIVE shop.users behind=0\n" },
    { .name = "rows: a chain",
      .sessions = { { NULL, 0, false }, { "UPDATE a", 'r', true }, { "UPDATE b", 'r', false } },
      .rows = { { 2, 1, "2", "X", "shop.users row" }, { 3, 2, "3", NULL, NULL } },
      .want = "1 root held=row lock behind=2\n"
              " 2 hard X shop.users row behind=1\n"
              "  3 hard row a row behind=0\n",
      .behind_ours = 1 },
    { .name = "rows: what was read of an earlier wait is not taken for this one",
      .sessions = { { NULL, 0, false }, { "UPDATE a", 'r', false } },
      .rows = { { 2, 1, "7", "X", "shop.users row" } },
      .want = "? root held= behind=1\n"
              " 2 hard   behind=0\n" },
};

static const char *text_or(const char *text, const char *other)
{
    return text != NULL ? text : other;
}

static void draw(const struct lock_tree *tree, struct buf *text)
{
    for (size_t i = 0; i < tree->shown; i++) {
        const struct lock_node *node = &tree->nodes[tree->order[i]];
        buf_format(text, "%*s%s %s ", node->depth, "", text_or(node->session->pid, "?"), node->why);
        if (node->mode == NULL)
            buf_format(text, "held=%s", node->held);
        else
            buf_format(text, "%s %s", node->mode, text_or(node->session->object, ""));
        buf_format(text, " behind=%zu\n", node->behind);
    }
}

static void play(const struct scene *scene)
{
    static const char *const pids[] = { "1", "2", "3", "4", "5" };
    struct arena *arena = arena_create();
    struct mysql_session sessions[SESSIONS_MAX];
    struct mysql_waits waits = { .sessions = sessions,
                                 .session_count = SESSIONS_MAX,
                                 .metadata = scene->metadata,
                                 .rows = scene->rows,
                                 .no_metadata = "metadata",
                                 .no_rows = "rows" };
    struct lock_tree tree;
    struct buf text;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        sessions[i] = (struct mysql_session){
            .said = { .pid = pids[i], .who = "app@h" },
            .pid = (int64_t)i + 1,
            .waited_us = 1000 - (int64_t)i,
            .database = "shop",
            .statement = scene->sessions[i].statement,
            .row_lock = scene->sessions[i].waits == 'r' ? pids[i] : NULL,
            .ours = scene->sessions[i].ours,
            .waits_metadata = scene->sessions[i].waits == 'm',
        };
    while (waits.metadata_count < LOCKS_MAX && scene->metadata[waits.metadata_count].pid != 0)
        waits.metadata_count++;
    while (waits.row_count < LOCKS_MAX && scene->rows[waits.row_count].waiter != 0)
        waits.row_count++;
    mysql_waits_tree(&waits, &tree, arena);
    buf_init(&text, 4096);
    draw(&tree, &text);
    if (strcmp(buf_str(&text), scene->want) != 0)
        fail_msg("%s:\n%sinstead of\n%s", scene->name, buf_str(&text), scene->want);
    assert_int_equal(tree.behind_ours, scene->behind_ours);
    buf_finish(&text);
    arena_destroy(arena);
}

static void test_scenes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
        play(&scenes[i]);
}

/* Each row as sql/mdl.cc has it: what conflicts with what is held. */
static void test_matrix(void **state)
{
    static const char *const modes[] = { "SHARED",           "SHARED_HIGH_PRIO",      "SHARED_READ",
                                         "SHARED_WRITE",     "SHARED_WRITE_LOW_PRIO", "SHARED_UPGRADABLE",
                                         "SHARED_READ_ONLY", "SHARED_NO_WRITE",       "SHARED_NO_READ_WRITE",
                                         "EXCLUSIVE" };
    static const char *const rows[] = {
        "+++++++++-", "+++++++++-", "++++++++--", "++++++----", "++++++----",
        "+++++-+---", "+++--+++--", "+++---+---", "++--------", "----------"
    };
    (void)state;
    for (size_t w = 0; w < ARRAY_LEN(modes); w++) {
        for (size_t h = 0; h < ARRAY_LEN(modes); h++) {
            if (mysql_metadata_conflicts(modes[w], modes[h]) != (rows[w][h] == '-'))
                fail_msg("%s with %s", modes[w], modes[h]);
        }
    }
    assert_true(mysql_metadata_conflicts("NEW_MODE", "SHARED"));
    assert_true(mysql_metadata_conflicts("SHARED", "NEW_MODE"));
    assert_false(mysql_metadata_conflicts("INTENTION_EXCLUSIVE", "INTENTION_EXCLUSIVE"));
    assert_true(mysql_metadata_conflicts("INTENTION_EXCLUSIVE", "EXCLUSIVE"));
    assert_true(mysql_metadata_behind("SHARED_READ", "EXCLUSIVE"));
    assert_false(mysql_metadata_behind("SHARED_READ", "SHARED_NO_WRITE"));
    assert_false(mysql_metadata_behind("EXCLUSIVE", "SHARED_READ"));
}

static void test_names(void **state)
{
    static const struct {
        const char *statement;
        bool want;
    } cases[] = {
        { "SELECT * FROM users", true },
        { "select * from USERS where a", true },
        { "UPDATE shop.users SET a = 1", true },
        { "SELECT * FROM `users`", true },
        { "SELECT * FROM \"users\"", true },
        { "SELECT 'users'", false },
        { "SELECT * FROM users2", false },
        { "SELECT * FROM my_users", false },
        { "", false },
        { "SELECT 'it''s' FROM users", true },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (mysql_names(cases[i].statement, "users") != cases[i].want)
            fail_msg("%s", cases[i].statement);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_scenes), cmocka_unit_test(test_matrix),
                                        cmocka_unit_test(test_names) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
