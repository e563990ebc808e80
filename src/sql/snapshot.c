#include "catalog.h"

/* What can change is copied; names and facts are shared, since the catalog's arena keeps them. */
struct snapshot {
    size_t count;
    struct relation **relations; /* by index; NULL in gaps */
    size_t domain_count;
    struct domain **domains;
};

static struct column *copy_columns(struct arena *arena, const struct column *from)
{
    struct column *first = NULL, **at = &first;
    for (; from; from = from->next) {
        *at = arena_alloc(arena, sizeof(**at));
        **at = *from;
        at = &(*at)->next;
    }
    return first;
}

static struct constraint *copy_constraints(struct arena *arena, const struct constraint *from)
{
    struct constraint *first = NULL, **at = &first;
    for (; from; from = from->next) {
        *at = arena_alloc(arena, sizeof(**at));
        **at = *from;
        at = &(*at)->next;
    }
    return first;
}

static struct trigger *copy_triggers(struct arena *arena, const struct trigger *from)
{
    struct trigger *first = NULL, **at = &first;
    for (; from; from = from->next) {
        *at = arena_alloc(arena, sizeof(**at));
        **at = *from;
        at = &(*at)->next;
    }
    return first;
}

static struct relation *copy_relation(struct arena *arena, const struct relation *from)
{
    struct relation *copy = arena_alloc(arena, sizeof(*copy));
    *copy = *from;
    copy->columns = copy_columns(arena, from->columns);
    copy->constraints = copy_constraints(arena, from->constraints);
    copy->triggers = copy_triggers(arena, from->triggers);
    return copy;
}

struct snapshot *catalog_snapshot(const struct sql_catalog *catalog)
{
    struct arena *arena = catalog->arena;
    struct snapshot *snapshot = arena_alloc(arena, sizeof(*snapshot));

    snapshot->count = catalog->relations.count;
    snapshot->relations = arena_array(arena, snapshot->count, sizeof(struct relation *));
    for (size_t i = 0; i < snapshot->count; i++)
        if (catalog_at(catalog, i))
            snapshot->relations[i] = copy_relation(arena, catalog_at(catalog, i));
    snapshot->domain_count = catalog->domains.count;
    snapshot->domains = arena_array(arena, snapshot->domain_count, sizeof(struct domain *));
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        const struct domain *domain = dict_at(&catalog->domains, i, NULL);
        if (domain) {
            snapshot->domains[i] = arena_alloc(arena, sizeof(*domain));
            *snapshot->domains[i] = *domain;
        }
    }
    return snapshot;
}

void catalog_restore(struct sql_catalog *catalog, const struct snapshot *snapshot)
{
    const char *key;

    for (size_t i = 0; i < catalog->relations.count; i++) {
        (void)dict_at(&catalog->relations, i, &key);
        struct relation *relation = i < snapshot->count ? snapshot->relations[i] : NULL;
        dict_put(&catalog->relations, key, relation ? copy_relation(catalog->arena, relation) : NULL);
    }
    for (size_t i = 0; i < catalog->domains.count; i++) {
        (void)dict_at(&catalog->domains, i, &key);
        struct domain *domain = i < snapshot->domain_count ? snapshot->domains[i] : NULL;
        if (domain) {
            struct domain *copy = arena_alloc(catalog->arena, sizeof(*copy));
            *copy = *domain;
            domain = copy;
        }
        dict_put(&catalog->domains, key, domain);
    }
}
