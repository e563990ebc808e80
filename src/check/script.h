/*
 * The statements of a book as scripts: what is judged together, on which server, and where it stands.
 */
#ifndef CHECK_SCRIPT_H
#define CHECK_SCRIPT_H

#include "checking.h"
#include "sql/sql.h"

/* A text of statements, as it stands in the book or in a file that the book names. */
struct text {
    const struct json *where; /* in the book; NULL: it writes none of it */
    const char *file;         /* as it is named; NULL: the text is that of `where` */
    size_t skip;              /* bytes of the text in the book that are none of the statements' */
    int line;                 /* of its script, on which it begins */
    size_t first, count;      /* its statements, once they are judged */
    const int *columns;       /* of them in the book; NULL: nobody has asked */
};

/* Texts that are sent in one transaction, one after the other; or one that is sent alone. */
struct script {
    const char *text; /* filled with stand-ins where a value is known only while the book is executed */
    bool transaction;
    size_t count;
    struct text *texts;
};

struct scripts {
    size_t count;
    struct script *list;
};

/* What a step or entry sends itself: statements, or the change of a backfill. */
struct scripts scripts_of(struct checking *c, const struct step *work, const struct sql_server *server);

/* What is put together to a script. */
struct part {
    const char *sql;
    struct text text;
};
struct script script_of(struct checking *c, const struct part *parts, size_t count, bool transaction);
/* The server of targets of that engine, where none of them is meant: the environment's, else the newest that
 * is known. */
void server_of_engine(const struct book *book, enum target_engine engine, struct sql_server *ret);

/* `text` with stand-ins for what is known only later. */
const char *filled(struct checking *c, const struct step *work, const char *text, enum fill_in in);

/* Which texts the statements are of; `judged` is what the judge said of the script. */
void script_judged(struct script *script, const struct sql_script *judged);

struct statement {
    const struct step *work;
    const struct sql_server *server;
    const struct script *script;
    const struct sql_script *judged;
    size_t index; /* of the judged */
};
/* Where it stands: in its file, or in the book, where one of several has a place of its own. */
struct place at_statement(struct checking *c, const struct statement *statement);
/* Moves `place` to a byte of a file that the book names. */
void place_in_file(struct checking *c, struct place *place, const char *name, const char *text, size_t at);

/* ---- sql_locks.c ---- */

/* A claim is what the operator expects to see: where there is one it has to be all of it. */
void see_claims(struct checking *c, const struct check_rule *rule, const struct step *work,
                const struct sql_statement *statement);
/* For the report. */
void note_locks(struct checking *c, const struct step *work, const struct sql_statement *statement);
/* The column of a backfill's key that it sets; NULL. */
const char *key_that_is_set(const struct step *work, const struct sql_statement *statement);

#endif
