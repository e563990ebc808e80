/* What `tminus check --online` asks the servers. Private to the room. */
#ifndef APP_ONLINE_H
#define APP_ONLINE_H

#include "runbook/book.h"
#include "sql/sql.h"

/* What is known of each target's server, by index. */
struct known {
    struct sql_server *servers;
    struct sql_catalog **catalogs;
};

/* By the book alone: nothing is in the catalogs, or what a schema dump says (`path` is for messages). */
int known_of_book(struct arena *arena, const struct book *book, const char *path, const char *dump,
                  struct known *ret, struct err *err) MUST_CHECK;
/* Connects to each target, one after the other, and takes over what is there. ERR_ENVIRONMENT: a server does
 * not answer. ERR_REFUSED: it is not the one that the book means. Changes nothing on any of them. */
int known_of_servers(struct arena *arena, const struct book *book, struct known *ret,
                     struct err *err) MUST_CHECK;
void known_finish(struct known *known, size_t count);

#endif
