/*
 * The parts of a lab: its directory, the tools that it runs, the processes that belong to it, and the kinds.
 *
 * A process belongs to a lab when its environment has TMINUS_LAB=<identity of the directory>, which every
 * process that we start inherits, or when it is a server with its working directory there (postgres
 * overwrites its environment). Directories are compared by device and inode, because another container's may
 * have the same path. No signal is sent to a process before this was looked at.
 */
#ifndef APP_LAB_PARTS_H
#define APP_LAB_PARTS_H

#include <signal.h>
#include <stdint.h>

#include "lab.h"
#include "base/mem.h"
#include "base/time.h"

struct lab;

/* What the lab has to know of the servers of an engine. */
struct lab_engine {
    const char *name; /* as in a targets file */
    const char *const
        *users;           /* whom they run as where root brings them up: the first of these, with a NULL */
    const char *program;  /* that of a server */
    const char *pid_file; /* in its data */
    int ready_line;       /* of that file, which begins with "ready" when it takes connections; 0: who
                             connects waits until it does */
    bool backends;        /* a server has more processes, which end with it */
    int end_signal;       /* to a server */
    int first_port;       /* of the sockets' names; 0: their names have none */
    const char *load;     /* the program that makes the load */
    /* Sets `tools`. ERR_ENVIRONMENT. */
    int (*find_tools)(struct lab *lab, struct err *err);
};
extern const struct lab_engine lab_engine_postgresql; /* lab_postgresql.c */
extern const struct lab_engine lab_engine_mariadb;    /* lab_mariadb.c */

/* A kind of lab: the servers, and how they come up. `up` is called in a directory that is marked, locked and
 * empty, and what it leaves after a failure is cleared by its caller. */
struct lab_kind {
    const char *name;
    const struct lab_engine *engine;
    const char *const *servers; /* also the names of their data directories */
    size_t server_count;        /* at most LAB_SERVERS_MAX */
    int (*up)(const struct lab *lab, struct err *err);
    int (*load)(const struct lab *lab, struct err *err);                                /* starts it */
    int (*ask)(const struct lab *lab, size_t server, struct buf *ret, struct err *err); /* what it is */
};

/* NULL-terminated; the first is meant where nobody says which. */
extern const struct lab_kind *const lab_kinds[];
extern const struct lab_kind lab_pair;    /* lab_pair.c */
extern const struct lab_kind lab_upgrade; /* lab_upgrade.c */
extern const struct lab_kind lab_mariadb; /* lab_mariadb.c */

/* All texts are in the arena, which is the lab's own. */
struct lab {
    struct arena *arena;
    const struct lab_options *options;
    const struct lab_kind
        *kind;                /* what was asked for; that of the directory as soon as it is found or locked */
    const char *dir;          /* absolute; canonical as soon as it exists */
    const char *identity;     /* device and inode of it; NULL before lab_make or lab_find */
    const char *tools;        /* directory of the servers' programs; NULL before lab_find_tools */
    const char *server_tools; /* MariaDB: that of the server itself, which is another one often */
    bool drop;                /* the servers run as another user: */
    uid_t uid;
    gid_t gid;
    int lock;          /* the marker, locked; -1 */
    sigset_t old_mask; /* while signals are held */
};

/* ---- lab_directory.c ---- */

#define LAB_VARIABLE "TMINUS_LAB="
#define LAB_MARKER   ".tminus-lab"
#define LAB_TARGETS  "targets.json"

/* The kind and the path. Where neither is said they are those of the one lab in a usual place; ERR_USAGE when
 * there are several. lab_finish is due also after a failure. */
int lab_init(struct lab *lab, const struct lab_options *options, struct err *err) MUST_CHECK;
void lab_finish(struct lab *lab); /* lets go of the lock */

/* In the arena of the lab. */
const char *lab_path(const struct lab *lab, const char *name);

/* Whether the lab has that file. */
bool lab_has(const struct lab *lab, const char *name);

/* Makes the directory, or takes an empty one, marks and locks it. Returns 0, or 1 when it was a lab already
 * (then it is locked, too). */
int lab_make(struct lab *lab, struct err *err) MUST_CHECK;

/* Finds the directory of a lab. Returns 0, or 1 when there is none, which an empty directory counts as;
 * ERR_REFUSED when it is not a lab, or one of another kind than was said. */
int lab_find(struct lab *lab, struct err *err) MUST_CHECK;

/* Waits 2 s for whoever is at it: ERR_BUSY. ERR_REFUSED as above. */
int lab_lock(struct lab *lab, struct err *err) MUST_CHECK;

/* Removes the directory if it is empty. */
void lab_remove_empty(const struct lab *lab);

/* Removes everything, the marker last. */
int lab_remove(const struct lab *lab, struct err *err) MUST_CHECK;

/* ---- lab_tools.c ---- */

/* Where the programs are and whom they run as. ERR_ENVIRONMENT. */
int lab_find_tools(struct lab *lab, struct err *err) MUST_CHECK;

#define LAB_ARGS_MAX 40

struct lab_job {
    const char *name;               /* of its log, and its application_name */
    const char *args[LAB_ARGS_MAX]; /* NULL-terminated; the first is a program of `tools` */
    const char *tools;              /* a directory; NULL: lab->tools */
    int output;                     /* where its output goes; -1 */
    pid_t pid;                      /* 0 when it does not run */
};

/* Adds two arguments at the end. */
void lab_add_option(struct lab_job *job, const char *option, const char *value);

/* Whether the directory has those programs. */
bool lab_has_tools(const struct lab *lab, const char *directory, const char *const *programs, size_t count);

/* Between these two, signals that would end us are held until a wait looks at them. */
void lab_hold_signals(struct lab *lab);
void lab_release_signals(struct lab *lab);

/* Starts it in a session of its own, in the lab's directory. Its output goes to "<name>.log" there, or, with
 * `kept_out`, to memory. */
int lab_start(const struct lab *lab, struct lab_job *job, bool kept_out, struct err *err) MUST_CHECK;

/* 0 while it runs or after it ended well, else ERR_ENVIRONMENT with the last line that it wrote. */
int lab_look(struct lab_job *job, struct err *err) MUST_CHECK;

/* Starts it and waits until it ended well. */
int lab_run(const struct lab *lab, struct lab_job *job, struct err *err) MUST_CHECK;

/* Waits until all of them ended well. ERR_TIMEOUT after `limit_us`. */
int lab_wait(struct lab_job *jobs, size_t count, int64_t limit_us, struct err *err) MUST_CHECK;

/* Appends the last line that it wrote, made visible. */
void lab_last_line(const struct lab_job *job, struct buf *ret);
void lab_job_finish(struct lab_job *job); /* lets go of its output; it may go on */
void lab_job_kill(struct lab_job *job);   /* does nothing when it ended */

/* Some milliseconds of sleep. ERR_REFUSED when a held signal came; ERR_TIMEOUT when it is later than
 * `deadline_us` (boot-time clock). */
int lab_nap(int64_t deadline_us, struct err *err) MUST_CHECK;

/* ---- lab_processes.c ---- */

/* The pid of the server whose data is in `data` (a name in the lab), 0 if there is none; and whether it takes
 * connections. */
pid_t lab_server(const struct lab *lab, const char *data, bool *ret_ready);

/* Whether a program of that name belongs to the lab. */
bool lab_runs(const struct lab *lab, const char *program);

/* Ends all processes of the lab, and the shared memory that killed ones left. */
int lab_stop(const struct lab *lab, struct err *err) MUST_CHECK;

/* ---- lab_stages.c: what bringing up shares, whatever the engine ---- */

#define LAB_SOCKETS  "sockets"
#define LAB_STAGE_US MINUTE_US /* for each stage of bringing a lab up */

/* One that only the servers' user can enter. */
int lab_make_directory(const struct lab *lab, const char *name, struct err *err) MUST_CHECK;

/* Makes the directory of the sockets and those of the data. */
int lab_make_directories(const struct lab *lab, struct err *err) MUST_CHECK;

/* A file of the lab that its servers' user can read. */
int lab_write_file(const struct lab *lab, const char *name, const char *text, struct err *err) MUST_CHECK;

/* Waits until the server that the job has started takes connections. */
int lab_await_server(const struct lab *lab, struct lab_job *job, size_t server, struct err *err) MUST_CHECK;

/* The number in the name of its socket; 0: there is none. */
int lab_port(const struct lab *lab, size_t server);

/* A row of the targets file. */
struct lab_target {
    const char *name;
    const char *dsn;
};
int lab_write_targets(const struct lab *lab, const struct lab_target *targets, size_t count,
                      struct err *err) MUST_CHECK;

/* Appends the last line that the job, a client that asks a server, writes. */
int lab_hear(const struct lab *lab, struct lab_job *job, struct buf *ret, struct err *err) MUST_CHECK;

/* ---- lab_postgresql.c: what the kinds with PostgreSQL servers share ---- */

/* An initdb for that server, and a psql that stops at the first error; `name` as in struct lab_job. */
struct lab_job lab_initdb(const struct lab *lab, const char *name, size_t server);
struct lab_job lab_psql(const struct lab *lab, const char *name, size_t server, const char *database);

/* What stands later in a server's settings counts. */
int lab_append_config(const struct lab *lab, size_t server, const char *text, struct err *err) MUST_CHECK;

/* Starts a server and waits until it takes connections. `tools` as in struct lab_job. */
int lab_start_server(const struct lab *lab, const char *tools, size_t server, struct err *err) MUST_CHECK;

/* How whoever runs a book reaches it, as the role "operator". */
const char *lab_dsn(const struct lab *lab, size_t server, const char *database);

/* Starts a pgbench with that script, as `user` on the database "shop" of the first server, `rate`
 * transactions a second. */
int lab_pgbench(const struct lab *lab, const char *user, const char *rate, const char *script,
                struct err *err) MUST_CHECK;

/* Appends the last line that the server answers. */
int lab_ask(const struct lab *lab, size_t server, const char *sql, struct buf *ret,
            struct err *err) MUST_CHECK;

#endif
