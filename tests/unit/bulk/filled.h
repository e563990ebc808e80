/* A server with a table to be filled, and a backfill of it that was carried out. */
#ifndef TESTS_UNIT_BULK_FILLED_H
#define TESTS_UNIT_BULK_FILLED_H

#include "bulk/backfill.h"
#include "driver/mysql.h"
#include "driver/postgresql.h"
#include "support/pg_pair.h"

struct fill_server {
    struct pg_pair pair;
    PGconn *admin;
};

/* A table and how it is gone through: what makes it depends on the engine. */
struct fill_shape {
    const char *columns, *rows, *key[2];
    size_t key_count;
    int64_t batch;
    int count;
};

/* One backfill, and what was heard of it. */
struct filled {
    uv_loop_t loop;
    struct driver_target target;
    struct driver *driver;
    const char *key[2];
    struct backfill_config config;
    struct backfill *backfill;
    int done, asked, checkpoints;
    int passes; /* more of them than one */
    int64_t pid, ended_pid;
    const char *why_not; /* what may_go_on says */
    char *reason;        /* the same, where a test made it */
    void (*at_batch)(struct filled *filled);
    int hold_after; /* may_go_on says "held" from then on; 0: never */
    enum driver_status status;
    bool clean;
    struct backfill_state state;
    char checkpoint[1000], resumed[1000], message[500], code[16], settings[200], waits[200];
};

int fill_server_set_up(struct fill_server *server);
void fill_server_tear_down(struct fill_server *server);

/* public.t with `rows` to be done, and a count of how often each was changed. */
void table_make(struct fill_server *server, const char *columns, const char *rows);
void table_make_plain(struct fill_server *server); /* 1,000 rows, key "id" */
/* Every row is done, and was changed once. */
void table_check(struct fill_server *server);

/* Of public.t, all of it, 100 rows a batch. */
void filled_open(struct filled *filled, struct fill_server *server);
/* The same of t, of a server of another engine. */
void filled_open_mysql(struct filled *filled, const char *dsn);
void filled_begin(struct filled *filled);
void filled_end(struct filled *filled); /* waits for `done`, at most 20 s */
void filled_close(struct filled *filled);
void filled_check(const struct filled *filled, enum driver_status status, int64_t rows, int64_t seen);

/* From its beginning to its end, with what has to come of it. */
void filled_run(struct filled *filled, enum driver_status status, int64_t rows, int64_t seen);
/* The whole of a table of that shape. */
void filled_run_shape(struct filled *filled, const struct fill_shape *shape, const char *settings);
/* Turns the loop until it waits for something, at most 20 s. */
void filled_until_waits(struct filled *filled);
/* Held once it was asked so often, and cancelled there. */
void filled_stop_after(struct filled *filled, int asked);
/* What was stopped goes on from its checkpoint. */
void filled_resume(struct filled *filled, enum driver_status status, int64_t rows, int64_t seen);

#endif
