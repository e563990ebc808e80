#include <string.h>

#include "base/text.h"
#include "rehearsed.h"
#include "servers.h"

static const struct certificate_target *find_target(const struct certificate *certificate, const char *id)
{
    for (size_t i = 0; i < certificate->target_count; i++) {
        if (text_equal(certificate->targets[i].id, id))
            return &certificate->targets[i];
    }
    return NULL;
}

/* "PostgreSQL 15.20" is of 15, "MariaDB 10.11.6" of 10.11: how many numbers name what behaves the same. */
static bool same_series(enum target_engine engine, const char *left, const char *right)
{
    int parts = engine == ENGINE_POSTGRESQL ? 1 : 2;

    for (; *left == *right && *left; left++, right++) {
        if (*left == '.' && --parts == 0)
            return true;
    }
    return *left == *right || (parts == 1 && (*left == '.' || !*left) && (*right == '.' || !*right));
}

/* Why this server is none like the one that was rehearsed on; NULL: it is one. */
static const char *differs(struct arena *arena, const struct target *target,
                           const struct certificate_target *rehearsed, const struct server *server)
{
    const char *engine = target_engine_word(target->engine);

    if (!rehearsed)
        return arena_format(arena, "it says nothing of the target \"%s\"", target->id);
    if (!text_equal(rehearsed->engine, engine))
        return arena_format(arena, "target \"%s\" is %s, and was %s in the rehearsal", target->id, engine,
                            rehearsed->engine);
    /* A database that the book makes was there neither time. */
    if (!rehearsed->version[0] && server->no_database)
        return NULL;
    if (!rehearsed->version[0])
        return arena_format(arena, "the database of target \"%s\" was not there in the rehearsal, and %s",
                            target->id, server->why ? server->why : "is there now");
    if (server->why)
        return arena_format(arena,
                            "target \"%s\" was %s in the rehearsal, and what it is now is not known: %s",
                            target->id, rehearsed->version, server->why);
    if (!same_series(target->engine, server->version, rehearsed->version))
        return arena_format(arena, "target \"%s\" is %s, and was %s in the rehearsal", target->id,
                            server->version, rehearsed->version);
    return NULL;
}

const char *rehearsed_servers(struct arena *arena, const struct certificate *certificate,
                              const struct book *book, const char **ret_note)
{
    struct server *servers;
    struct err err = ERR_INIT;

    *ret_note = "";
    if (servers_ask(arena, book, &servers, &err) < 0)
        return arena_text(arena, err.message);
    for (size_t i = 0; i < book->target_count; i++) {
        const struct target *target = &book->targets[i];
        const struct certificate_target *rehearsed = find_target(certificate, target->id);
        const char *why = differs(arena, target, rehearsed, &servers[i]);

        if (why)
            return why;
        if (!text_equal(servers[i].version, rehearsed->version))
            *ret_note = arena_format(arena, "%s; target \"%s\" is %s, and was %s in the rehearsal", *ret_note,
                                     target->id, servers[i].version, rehearsed->version);
    }
    return NULL;
}
