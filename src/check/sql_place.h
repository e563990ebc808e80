/*
 * The statements of a book as scripts: what is judged together, on which server, and where it stands.
 */
#ifndef CHECK_SQL_PLACE_H
#define CHECK_SQL_PLACE_H

#include "checking.h"
#include "sql/sql.h"

/* Texts of one step or entry that are sent in one transaction, one after the other; or one that is sent
 * alone. */
struct script {
    const char *text; /* filled with stand-ins where a value is known only while the book is executed */
    size_t first;     /* of the step's texts */
    size_t count;
    const int *lines; /* the line of `text` on which each of them begins */
    bool transaction;
};
/* `ret_count` scripts. */
const struct script *scripts_of(struct checking *c, const struct step *work, size_t *ret_count);

/* `text` with such stand-ins. */
const char *filled(struct checking *c, const struct step *work, const char *text);

/* Where a statement of a script stands: in the file that the step names, else its text in the book. */
struct place at_statement(struct checking *c, const struct step *work, const struct script *script,
                          const struct sql_statement *statement);

#endif
