/* Two databases of one server, "old" and "new", and a comparison of them that was carried out. */
#ifndef TESTS_UNIT_BULK_COMPARED_H
#define TESTS_UNIT_BULK_COMPARED_H

#include "bulk/compare.h"
#include "driver/postgresql.h"
#include "support/pg_pair.h"

struct sides {
    struct pg_pair pair;
    PGconn *conn[2]; /* old, new */
    char dsn[2][300];
};

struct compared {
    struct sides *sides;
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

int sides_set_up(struct sides *sides);
void sides_tear_down(struct sides *sides);
void on_one(struct sides *sides, int side, const char *sql); /* "" for nothing */
void on_both(struct sides *sides, const char *sql);

/* Schemas and tables of earlier tests gone, an empty schema "shop", and then `sql`, on both. */
void sides_fresh(struct sides *sides, const char *sql);
/* shop.items (id, tenant, price, note), 1,000 rows. */
extern const char items[];

/* The defaults: everything, in parts of 100 rows, without another look. */
void compared_open(struct compared *compared, struct sides *sides);
void compared_begin(struct compared *compared);
void compared_end(struct compared *compared); /* waits for `done`, at most 20 s */
void compared_close(struct compared *compared);
/* The message contains `message`. */
void compared_check(const struct compared *compared, enum compare_verdict verdict, int64_t differences,
                    const char *message);
/* From opening to closing. */
void compare_all(struct compared *compared, struct sides *sides, const char *pattern);

#endif
