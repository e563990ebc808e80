#include "monitor/mysql_waits.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

/* Bits of the modes in their order below. */
#define S    0x001U
#define SH   0x002U
#define SR   0x004U
#define SW   0x008U
#define SWLP 0x010U
#define SU   0x020U
#define SRO  0x040U
#define SNW  0x080U
#define SNRW 0x100U
#define X    0x200U

/* Of a table, weakest first: what a request waits for when it is held, and when it is waited for. */
static const struct {
    const char *mode;
    unsigned held, waiting;
} modes[] = {
    { "SHARED", X, X },
    { "SHARED_HIGH_PRIO", X, 0 },
    { "SHARED_READ", SNRW | X, SNRW | X },
    { "SHARED_WRITE", SRO | SNW | SNRW | X, SNW | SNRW | X },
    { "SHARED_WRITE_LOW_PRIO", SRO | SNW | SNRW | X, SRO | SNW | SNRW | X },
    { "SHARED_UPGRADABLE", SU | SNW | SNRW | X, X },
    { "SHARED_READ_ONLY", SW | SWLP | SNRW | X, SW | SNRW | X },
    { "SHARED_NO_WRITE", SW | SWLP | SU | SNW | SNRW | X, X },
    { "SHARED_NO_READ_WRITE", SR | SW | SWLP | SU | SRO | SNW | SNRW | X, X },
    { "EXCLUSIVE", S | SH | SR | SW | SWLP | SU | SRO | SNW | SNRW | X, 0 },
};

/* Of what contains tables: only definitions and global locks want more than to announce themselves. */
static bool is_intention(const char *mode)
{
    return strcmp(mode, "INTENTION_EXCLUSIVE") == 0;
}

static size_t mode_index(const char *mode)
{
    size_t i = 0;
    while (i < ARRAY_LEN(modes) && strcmp(modes[i].mode, mode) != 0)
        i++;
    return i;
}

bool mysql_metadata_conflicts(const char *wanted, const char *held)
{
    size_t w = mode_index(wanted), h = mode_index(held);
    if (is_intention(wanted) && is_intention(held))
        return false;
    return w == ARRAY_LEN(modes) || h == ARRAY_LEN(modes) || (modes[w].held >> h & 1U) != 0;
}

bool mysql_metadata_behind(const char *wanted, const char *waiting)
{
    size_t w = mode_index(wanted), h = mode_index(waiting);
    return w < ARRAY_LEN(modes) && h < ARRAY_LEN(modes) && (modes[w].waiting >> h & 1U) != 0;
}

/* ---- what a statement names ---- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Past a string; "..." may be a name, and `...` is one. */
static const char *past_string(const char *at)
{
    const char *end = strchr(at + 1, '\'');
    return end != NULL ? end + 1 : at + strlen(at);
}

bool mysql_names(const char *statement, const char *name)
{
    size_t len = strlen(name);
    char before = ' ';
    for (const char *at = statement; len > 0 && *at != '\0';) {
        if (*at == '\'') {
            at = past_string(at);
            before = ' ';
            continue;
        }
        if (!is_word(before) && strncasecmp(at, name, len) == 0 && !is_word(at[len]))
            return true;
        before = *at++;
    }
    return false;
}

/* The first word, behind comments and parentheses. */
static const char *first_word(const char *statement)
{
    for (;;) {
        statement += strspn(statement, " \t\r\n(");
        if (strncmp(statement, "/*", 2) != 0)
            return statement;
        const char *end = strstr(statement, "*/");
        statement = end != NULL ? end + 2 : "";
    }
}

static const char *wanted_mode(const char *statement)
{
    static const struct {
        const char *word, *mode;
    } verbs[] = {
        { "select", "SHARED_READ" },   { "with", "SHARED_READ" },          { "insert", "SHARED_WRITE" },
        { "replace", "SHARED_WRITE" }, { "update", "SHARED_WRITE" },       { "delete", "SHARED_WRITE" },
        { "load", "SHARED_WRITE" },    { "lock", "SHARED_NO_READ_WRITE" },
    };
    const char *word = first_word(statement);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        size_t len = strlen(verbs[i].word);
        if (strncasecmp(word, verbs[i].word, len) == 0 && !is_word(word[len]))
            return verbs[i].mode;
    }
    return "EXCLUSIVE"; /* a definition; what else there is waits for more rather than for less */
}

/* ---- who waits for which ---- */

/* A lock that a session waits for. */
struct want {
    size_t session;
    const struct mysql_metadata_lock *lock; /* the thing; its mode is not the one wanted */
    const char *mode;
};

struct work {
    const struct mysql_waits *in;
    struct arena *arena;
    struct want *wants;
    size_t want_count, wants_max;
    struct pair {
        size_t waiter, blocker;
        const char *held, *mode, *object;
        bool holds;
    } * pairs;
    size_t pair_count, pairs_max;
};

static size_t session_of(const struct mysql_waits *in, int64_t pid)
{
    for (size_t i = 0; i < in->session_count; i++) {
        if (in->sessions[i].pid == pid)
            return i;
    }
    return SIZE_MAX;
}

static bool is_table(const struct mysql_metadata_lock *lock)
{
    return lock->kind != NULL && strcmp(lock->kind, "TABLE") == 0;
}

static bool same(const char *a, const char *b)
{
    return text_equal(a != NULL ? a : "", b != NULL ? b : "");
}

static bool same_thing(const struct mysql_metadata_lock *a, const struct mysql_metadata_lock *b)
{
    return same(a->kind, b->kind) && same(a->schema, b->schema) && same(a->name, b->name);
}

/* Twice the room, with what is in it. */
static void *grown(const struct work *work, const void *items, size_t *max, size_t size)
{
    size_t old = *max;
    *max = old * 2 + 64;
    void *more = arena_array(work->arena, *max, size);
    if (old > 0)
        memcpy(more, items, old * size);
    return more;
}

/* Once for each thing: a session can hold several locks of one. */
static void add_want(struct work *work, size_t session, const struct mysql_metadata_lock *lock,
                     const char *mode)
{
    for (size_t i = 0; i < work->want_count; i++) {
        if (work->wants[i].session == session && same_thing(work->wants[i].lock, lock))
            return;
    }
    if (work->want_count == work->wants_max)
        work->wants = grown(work, work->wants, &work->wants_max, sizeof(*work->wants));
    work->wants[work->want_count++] = (struct want){ session, lock, mode };
}

static bool is_upgradable(const char *mode)
{
    size_t index = mode_index(mode);
    return index < ARRAY_LEN(modes) && ((SU | SNW | SNRW) >> index & 1U) != 0;
}

/* As performance_schema tells it. */
static bool told_wants(struct work *work, size_t at)
{
    size_t before = work->want_count;
    for (size_t i = 0; i < work->in->metadata_count; i++) {
        const struct mysql_metadata_lock *lock = &work->in->metadata[i];
        if (!lock->held && lock->pid == work->in->sessions[at].pid)
            add_want(work, at, lock, lock->mode);
    }
    return work->want_count > before;
}

static bool upgrade_wants(struct work *work, size_t at)
{
    size_t before = work->want_count;
    for (size_t i = 0; i < work->in->metadata_count; i++) {
        const struct mysql_metadata_lock *lock = &work->in->metadata[i];
        if (lock->held && is_table(lock) && lock->pid == work->in->sessions[at].pid &&
            is_upgradable(lock->mode))
            add_want(work, at, lock, "EXCLUSIVE");
    }
    return work->want_count > before;
}

static void named_wants(struct work *work, size_t at)
{
    const struct mysql_session *session = &work->in->sessions[at];
    const char *text = session->statement;
    for (size_t i = 0; text != NULL && i < work->in->metadata_count; i++) {
        const struct mysql_metadata_lock *lock = &work->in->metadata[i];
        if (!is_table(lock) || lock->pid == session->pid || lock->name == NULL || lock->schema == NULL ||
            !mysql_names(text, lock->name))
            continue;
        if (same(lock->schema, session->database) || mysql_names(text, lock->schema))
            add_want(work, at, lock, wanted_mode(text));
    }
}

static void find_wants(struct work *work)
{
    for (size_t i = 0; i < work->in->session_count; i++) {
        if (work->in->sessions[i].waits_metadata && !told_wants(work, i) && !upgrade_wants(work, i))
            named_wants(work, i);
    }
}

static void add_pair(struct work *work, struct pair pair)
{
    if (pair.blocker == SIZE_MAX || pair.waiter == SIZE_MAX || pair.blocker == pair.waiter)
        return;
    if (work->pair_count == work->pairs_max)
        work->pairs = grown(work, work->pairs, &work->pairs_max, sizeof(*work->pairs));
    work->pairs[work->pair_count++] = pair;
}

static const char *object_of(struct arena *arena, const struct mysql_metadata_lock *lock)
{
    const char *kind = lock->kind != NULL ? lock->kind : "", *schema = lock->schema, *name = lock->name;
    bool has_name = name != NULL && name[0] != '\0', has_schema = schema != NULL && schema[0] != '\0';
    if (has_schema && has_name)
        return arena_format(arena, "%s%s%s.%s", is_table(lock) ? "" : kind, is_table(lock) ? "" : " ", schema,
                            name);
    return arena_format(arena, "%s %s", kind, has_schema ? schema : has_name ? name : "");
}

static void add_pairs_of(struct work *work, const struct want *want)
{
    struct pair pair = { .waiter = want->session,
                         .mode = want->mode,
                         .object = object_of(work->arena, want->lock),
                         .holds = true };
    for (size_t i = 0; i < work->in->metadata_count; i++) {
        const struct mysql_metadata_lock *lock = &work->in->metadata[i];
        if (!lock->held || !same_thing(lock, want->lock) || !mysql_metadata_conflicts(want->mode, lock->mode))
            continue;
        pair.held = lock->mode;
        pair.blocker = session_of(work->in, lock->pid);
        add_pair(work, pair);
    }
    pair.holds = false;
    pair.held = "";
    for (size_t i = 0; i < work->want_count; i++) {
        pair.blocker = work->wants[i].session;
        if (same_thing(work->wants[i].lock, want->lock) &&
            mysql_metadata_behind(want->mode, work->wants[i].mode))
            add_pair(work, pair);
    }
}

static void add_row_pairs(struct work *work)
{
    for (size_t i = 0; i < work->in->row_count; i++) {
        const struct mysql_row_wait *row = &work->in->rows[i];
        size_t waiter = session_of(work->in, row->waiter);
        if (waiter == SIZE_MAX || work->in->sessions[waiter].row_lock == NULL ||
            !same(work->in->sessions[waiter].row_lock, row->row_lock))
            continue;
        add_pair(work, (struct pair){ .waiter = waiter,
                                      .blocker = session_of(work->in, row->blocker),
                                      .held = "row lock",
                                      .mode = row->mode != NULL ? row->mode : "row",
                                      .object = row->object != NULL ? row->object : "a row",
                                      .holds = true });
    }
}

/* ---- the tree ---- */

static bool waits(const struct mysql_session *session)
{
    return session->waits_metadata || session->row_lock != NULL;
}

/* The node that stands for whoever it is. */
static size_t unknown_node(struct lock_tree *tree, struct arena *arena, const char *why)
{
    for (size_t i = 0; i < tree->node_count; i++) {
        if (tree->nodes[i].session->pid == NULL && strstr(tree->nodes[i].session->who, why) != NULL)
            return i;
    }
    struct lock_session *session = arena_alloc(arena, sizeof(*session));
    session->who = arena_format(arena, "holder not known: %s", why);
    tree->nodes[tree->node_count] = (struct lock_node){ .session = session };
    return tree->node_count++;
}

/* Of those that wait or are waited for, by index of session; SIZE_MAX: not in the tree. */
static size_t *make_nodes(const struct work *work, struct lock_tree *tree)
{
    const struct mysql_waits *in = work->in;
    size_t *node_of = arena_array(work->arena, in->session_count + 1, sizeof(*node_of));
    bool *involved = arena_array(work->arena, in->session_count + 1, sizeof(*involved));
    tree->nodes = arena_array(work->arena, in->session_count + 2, sizeof(*tree->nodes)); /* two reasons */
    for (size_t i = 0; i < work->pair_count; i++)
        involved[work->pairs[i].blocker] = true;
    for (size_t i = 0; i < in->session_count; i++) {
        const struct mysql_session *session = &in->sessions[i];
        bool waiting = waits(session);
        node_of[i] = SIZE_MAX;
        if (!waiting && !involved[i])
            continue;
        node_of[i] = tree->node_count;
        tree->nodes[tree->node_count++] = (struct lock_node){
            .session = &session->said,
            .mode = waiting ? "" : NULL,
            .waited_us = waiting ? session->waited_us : 0,
            .ours = session->ours,
        };
    }
    return node_of;
}

static void add_unknown(const struct work *work, struct lock_tree *tree, const size_t *node_of)
{
    const struct mysql_waits *in = work->in;
    for (size_t i = 0; i < in->session_count; i++) {
        struct mysql_session *session = &in->sessions[i];
        bool has_edge = false;
        for (size_t k = 0; k < tree->edge_count; k++)
            has_edge = has_edge || tree->edges[k].waiter == node_of[i];
        if (!waits(session) || has_edge)
            continue;
        const char *why = session->waits_metadata ? in->no_metadata : in->no_rows;
        session->said.object = session->said.object != NULL ? session->said.object : "";
        tree->edges[tree->edge_count++] = (struct lock_edge){
            .waiter = node_of[i], .blocker = unknown_node(tree, work->arena, why), .held = "", .holds = true
        };
    }
}

void mysql_waits_tree(const struct mysql_waits *in, struct lock_tree *tree, struct arena *arena)
{
    struct work work = { .in = in, .arena = arena };
    *tree = (struct lock_tree){ 0 };
    find_wants(&work);
    for (size_t i = 0; i < work.want_count; i++)
        add_pairs_of(&work, &work.wants[i]);
    add_row_pairs(&work);
    const size_t *node_of = make_nodes(&work, tree);
    tree->edges = arena_array(arena, work.pair_count + in->session_count + 1, sizeof(*tree->edges));
    for (size_t i = 0; i < work.pair_count; i++) {
        const struct pair *pair = &work.pairs[i];
        struct lock_node *waiter = &tree->nodes[node_of[pair->waiter]];
        waiter->mode = pair->mode;
        in->sessions[pair->waiter].said.object = pair->object;
        tree->edges[tree->edge_count++] = (struct lock_edge){ .waiter = node_of[pair->waiter],
                                                              .blocker = node_of[pair->blocker],
                                                              .held = pair->held,
                                                              .holds = pair->holds };
    }
    add_unknown(&work, tree, node_of);
    lock_tree_build(tree, arena);
}
