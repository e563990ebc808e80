/* Two databases of one server, "old" and "new", and a comparison of them that was carried out: of each one
 * for a program. */
#ifndef TESTS_UNIT_BULK_COMPARED_H
#define TESTS_UNIT_BULK_COMPARED_H

#include "bulk/compare.h"
#include "driver/postgresql.h"
#include "support/pg_pair.h"

struct sides {
    struct pg_pair pair;
    PGconn *conn[2]; /* old, new */
    char dsn[2][300];
    enum bulk_engine engine[2];
};

struct compared {
    uv_loop_t loop;
    struct driver_target targets[2];
    struct driver *drivers[2];
    struct compare_config config;
    struct compare *compare;
    int done;
    enum compare_verdict verdict;
    bool cancelled;
    int64_t tables, rows, differences, last_rows;
    char message[4096], code[16], report[65536], checkpoint[1000], last_text[200];
    int progresses, checkpoints;
    void (*at_checkpoint)(struct compared *compared);
};

extern struct sides sides;
extern struct compared compared;

/* Fixtures of a group of tests. */
int sides_set_up(void **state);
int sides_tear_down(void **state);
void on_one(int side, const char *sql); /* "" for nothing */
void on_both(const char *sql);

/* Schemas and tables of earlier tests gone, an empty schema "shop", and then `sql`, on both. */
void sides_fresh(const char *sql);
/* shop.items (id, tenant, price, note), 1,000 rows. */
extern const char items[];

/* The defaults: everything, in parts of 100 rows, without another look. */
void compared_open(void);
/* One table of each side instead. */
void compared_open_pair(const char *left, const char *right);
void compared_begin(void);
void compared_end(void); /* waits for `done`, at most 20 s */
void compared_close(void);
/* From beginning to closing. */
void compared_run(void);
/* The message contains `message`. */
void compared_check(enum compare_verdict verdict, int64_t differences, const char *message);
/* From opening to closing. */
void compare_all(const char *pattern);

#endif
