#include <string.h>

#include "base/mem.h"
#include "sim.h"

#define ITEMS_MAX 5

static const char *const item_names[ITEMS_MAX] = { "a", "b", "c", "d", "e" };

static struct def *add(const struct step *step, size_t index, size_t entry)
{
    struct world *w = world();
    if (w->def_count == DEFS_MAX)
        world_failed(SIM_WEDGED, "the book is too large for this world");
    struct def *def = &w->defs[w->def_count++];
    *def = (struct def){ .step = step, .index = index, .entry = entry };
    return def;
}

static void add_items(struct def *def, size_t count)
{
    def->items = mem_array(count, sizeof(*def->items));
    def->item_count = count;
    for (size_t i = 0; i < count; i++)
        def->items[i] = (struct def){
            .step = def->step, .index = def->index, .entry = def->entry, .whole = def, .item = item_names[i]
        };
}

/* Only what is looked for first can be found done. */
static void add_found(struct def *forward)
{
    for (size_t i = 0; i < forward->item_count; i++)
        forward->items[i].applied = forward->items[i].found =
            query_is_there(&forward->step->probe) && chance(150);
    truth_recount(forward->index);
}

void truth_create(void)
{
    const struct book *book = world()->book->book;
    for (size_t i = 0; i < book->step_count; i++) {
        const struct step *step = &book->steps[i];
        struct def *forward = add(step, i, 0);
        forward->table = step->kind == STEP_BACKFILL ? table_create() : NULL;
        if (step->each != NULL)
            add_items(forward, 1 + chance_below(ITEMS_MAX));
        for (size_t k = 0; k < step->rollback_count; k++) {
            struct def *entry = add(&step->rollback[k], i, k + 1);
            entry->table = forward->table;
            if (step->each != NULL)
                add_items(entry, forward->item_count);
        }
        add_found(forward);
    }
}

/* ---- finding ---- */

struct def *def_at(size_t step, size_t entry)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        if (w->defs[i].index == step && w->defs[i].entry == entry)
            return &w->defs[i];
    }
    return NULL;
}

struct def *item_at(const struct def *def, const char *name)
{
    for (size_t i = 0; i < def->item_count; i++) {
        if (strcmp(def->items[i].item, name) == 0)
            return &def->items[i];
    }
    return NULL;
}

struct def *item_of_text(const struct def *def, const char *book, const char *text)
{
    const char *at = strstr(book, "${");
    size_t before = at != NULL ? (size_t)(at - book) : 0;
    if (at == NULL || strncmp(book, text, before) != 0 || text[before] != '\'')
        return NULL;
    const char *name = text + before + 1;
    for (size_t i = 0; i < def->item_count; i++) {
        size_t len = strlen(def->items[i].item);
        if (strncmp(name, def->items[i].item, len) == 0 && name[len] == '\'' &&
            strcmp(name + len + 1, strchr(at, '}') + 1) == 0)
            return &def->items[i];
    }
    return NULL;
}

/* A book with values that are known only now has its statements copied: then the text has to say it. */
static struct def *statement_of(struct def *def, const char *const *sql)
{
    if (def->step->kind != STEP_SQL)
        return NULL;
    if (def->items != NULL)
        return item_of_text(def, def->step->sql[0], sql[0]);
    return def->step->sql == sql || strcmp(def->step->sql[0], sql[0]) == 0 ? def : NULL;
}

struct def *def_of_sql(const char *const *sql)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        if (w->defs[i].step->kind == STEP_SQL && w->defs[i].step->sql == sql)
            return &w->defs[i];
    }
    for (size_t i = 0; i < w->def_count; i++) {
        struct def *found = statement_of(&w->defs[i], sql);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static bool is_same(size_t count, const char *const *list, const char *const *argv)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], argv[i]) != 0)
            return false;
    }
    return true;
}

/* A message is the last argument of the command that tells it. */
static bool is_notice(const struct step *step, size_t argc, const char *const *argv)
{
    const struct notice *notice = step->kind == STEP_NOTIFY ? step->notice : NULL;
    return notice != NULL && argc == notice->argv_count + 1 &&
           is_same(notice->argv_count, notice->argv, argv) && strcmp(argv[argc - 1], notice->text) == 0;
}

struct def *def_of_argv(size_t argc, const char *const *argv)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        const struct step *step = w->defs[i].step;
        bool is_command =
            step->kind == STEP_COMMAND && argc == step->argv_count && is_same(argc, step->argv, argv);
        if (is_command || is_notice(step, argc, argv))
            return &w->defs[i];
    }
    return NULL;
}

/* ---- what is there ---- */

static bool is_item_left(const struct def *item)
{
    return !item->found && (item->applied || item->partial);
}

bool truth_left(const struct def *forward)
{
    for (size_t i = 0; i < forward->item_count; i++) {
        if (is_item_left(&forward->items[i]))
            return true;
    }
    if (forward->items != NULL)
        return false;
    return forward->table != NULL ? table_is_begun(forward) : forward->applied;
}

static void recount_items(struct def *def, const struct def *forward)
{
    bool all = true, any = false;
    for (size_t i = 0; i < def->item_count; i++) {
        all = all && def->items[i].applied;
        any = any || is_item_left(&def->items[i]);
    }
    def->applied = def->entry == 0 ? all : !truth_left(forward);
    def->partial = !def->applied && any;
}

void truth_recount(size_t step)
{
    struct def *forward = def_at(step, 0);
    for (size_t k = 0; k <= forward->step->rollback_count; k++) {
        struct def *def = def_at(step, k);
        if (def->items != NULL)
            recount_items(def, forward);
        if (def->table != NULL && def->step->kind == STEP_BACKFILL) {
            def->applied = table_is_done(def, 0);
            def->partial = !def->applied && table_is_begun(def);
        }
    }
}

static bool step_is_by_hand(const struct step *step)
{
    return step->kind == STEP_MANUAL && query_is_there(&step->probe);
}

/* What a person does by hand nobody can look at unless a probe does. */
static bool is_seen(const struct def *def)
{
    return def->step->kind == STEP_SQL || def->step->kind == STEP_COMMAND ||
           def->step->kind == STEP_BACKFILL || step_is_by_hand(def->step);
}

static void clear(struct def *forward)
{
    forward->applied = forward->partial = false;
    if (forward->table != NULL)
        table_clear(forward->table);
}

/* When the last of its undos is done the step is as if it had never been. */
void truth_settle(const struct def *def)
{
    struct def *forward = def_at(def->index, 0);
    size_t count = forward->step->rollback_count;
    for (size_t k = 1; forward->items == NULL && k <= count; k++) {
        const struct def *entry = def_at(def->index, k);
        if (is_seen(entry) && !entry->applied)
            return;
    }
    if (forward->items == NULL)
        clear(forward);
    truth_recount(def->index);
}

/* The same of one item. */
static void settle_item(const struct def *item)
{
    struct def *forward = item_at(def_at(item->index, 0), item->item);
    for (size_t k = 1; k <= forward->step->rollback_count; k++) {
        const struct def *entry = def_at(item->index, k);
        if (is_seen(entry) && !item_at(entry, item->item)->applied)
            return;
    }
    forward->applied = forward->partial = forward->found = false;
}

static void begin_anew(const struct def *def)
{
    for (size_t k = 1; k <= def->step->rollback_count; k++) {
        struct def *entry = def_at(def->index, k);
        if (def->item != NULL)
            entry = item_at(entry, def->item);
        entry->applied = entry->partial = false;
    }
}

void truth_effect(struct def *def, bool partial)
{
    world()->result->counts.effects++;
    world_trace("EFFECT %s%s%s%s", def->step->id, def->item != NULL ? " " : "",
                def->item != NULL ? def->item : "", partial ? " in part" : "");
    if (def->applied || def->partial)
        judge_effect_again(def);
    if (partial)
        def->partial = true;
    else
        def->applied = true;
    if (def->entry == 0)
        begin_anew(def);
    else if (!partial && def->item != NULL)
        settle_item(def);
    else if (!partial)
        truth_settle(def);
    if (def->item != NULL)
        truth_recount(def->index);
}

void truth_by_hand(struct def *def)
{
    world_trace("BY HAND %s", def->step->id);
    def->applied = true;
    if (def->entry == 0)
        begin_anew(def);
    else
        truth_settle(def);
}

void truth_tell(struct def *def)
{
    world()->result->counts.effects++;
    world_trace("TOLD %s", def->step->id);
    def->told = true;
}
