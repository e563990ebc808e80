/*
 * A comparison, as its files share it: compare.c begins and ends it, compare_ask.c asks, compare_list.c finds
 * what is to be compared, compare_plan.c how a table is, compare_table.c goes through it, compare_look.c
 * finds the rows of a part that differs, compare_sequence.c does the sequences, compare_tell.c has the words,
 * compare_checkpoint.c remembers, compare_form.c knows which values can be held against those of another
 * engine, and compare_sql.c, compare_mysql.c and what they have beside them write the questions.
 *
 * Each side answers one question at a time; its answer is read by the function that was given with the
 * question, which is called for a good answer only. Whatever else happens ends the comparison (compare_fail);
 * after that `over` is set, nothing is asked any more, and nobody is called back.
 */
#ifndef BULK_COMPARISON_H
#define BULK_COMPARISON_H

#include "base/buf.h"
#include "base/mem.h"
#include "bulk/compare.h"

enum which { LEFT, RIGHT, SIDES };

#define KEY_COLUMNS_MAX 32  /* INDEX_MAX_KEYS of PostgreSQL */
#define TOLD_MAX        20  /* rows of a table that are told by their key */
#define CHECKPOINT_MAX  900 /* bytes, as promised */
#define QUESTION_MAX    (4 * 1024 * 1024)
#define LINE_MAX_       4096 /* bytes of a line that is told */
#define TIME_UNKNOWN    (-1)
#define CHUNKS_MAX      4 /* how far a side may be ahead of the other */

/* ---- what a server has ---- */

struct listed {
    const char *shown; /* "schema.table"; a sequence: what the other side's has to be called as well */
    const char *schema, *name;
    char kind; /* of pg_class */
    int64_t about, increment;
    int64_t position; /* of a sequence: what it gave out last, or the number before its first */
};
struct list {
    size_t count;
    struct listed *items; /* by `shown` */
};

/* A column of a table, on one side or both. */
struct column {
    const char *name;
    bool on[SIDES], not_null[SIDES];
    const char *type[SIDES];    /* for people: "numeric(10,2)" */
    const char *cast[SIDES];    /* for literals: without its modifiers */
    const char *collate[SIDES]; /* quoted; "" for a type that has none */
    bool bytewise[SIDES];       /* that collation orders by bytes */
    bool compares[SIDES];       /* its values have operators whatever the search_path is */
    int64_t oid[SIDES];
    int64_t index_place[SIDES];                 /* in the chosen index, from 1; 0: not in it */
    int64_t key_place, wanted_place, sum_place; /* in the lists of the config */
    bool compared;
};

/* Does the key order the rows of both sides alike? */
enum key_order {
    KEY_NONE,  /* no, or there is no key: parts are told by hashes */
    KEY_TRIED, /* perhaps: a collation, an enum. What does not fit falls back to KEY_NONE */
    KEY_SURE,
};

enum range_kind { RANGE_ALL, RANGE_SPAN, RANGE_NULLS };
/* A part of a table. Borrowed texts, one for each column of the key. */
struct range {
    enum range_kind kind;
    char *const *after; /* rows with a larger key; NULL: from the beginning */
    char *const *to;    /* up to this one; NULL: to the end */
};

struct total {
    int64_t rows;
    uint64_t hash; /* the sum, modulo 2^64 */
};

struct chunk {
    enum range_kind kind;
    char **after, **to; /* owned */
    bool known[SIDES];
    struct total totals[SIDES];
};

/* What has been found in a table so far. */
struct tally {
    struct total totals[SIDES];
    int64_t elapsed_us[SIDES];
    int64_t changed, only[SIDES]; /* rows */
    bool at_least;                /* there may be more of them */
    size_t told;
    struct buf story; /* those that were told: "id 17: email; id 5 only in old" */
};

struct table {
    struct arena *arena;
    const struct listed *listed[SIDES];
    const char *shown;
    size_t column_count;
    struct column *columns;
    size_t key_count;
    const struct column *key[KEY_COLUMNS_MAX];
    enum key_order order;
    bool chained; /* both are MariaDBs that hash it by chains (compare_mysql_hash.c) */
    struct tally tally;
    int64_t apart;     /* differences that are not rows */
    struct buf oddity; /* ... and what they are */
    struct chunk chunks[CHUNKS_MAX];
    size_t chunk_count;
    bool ended; /* there is no further chunk */
    bool whole; /* the first chunk is all of it: what differs is found part by part */
    bool finding_end, right_is_short;
    bool gave_up;  /* a side could not say the hash of the whole */
    bool looking;  /* the first chunk differs */
    char **passed; /* everything up to here is done; owned, NULL */
    char **sums[SIDES];
    int looks_left; /* at the sums */
};

/* ---- the comparison ---- */

typedef void (*compare_then)(struct compare *compare);

struct side;
typedef void (*answer_read)(struct side *side, const struct answer *answer);

struct compare_sql;
struct side {
    struct compare *compare;
    const struct compare_sql *sql; /* of its engine */
    enum which which;
    const struct compare_side *config;
    struct session *session, *canceller;
    uv_timer_t retry;
    struct buf question;
    answer_read read; /* NULL: no question is out */
    int attempts;
    struct list tables, sequences;
    size_t sequence_at; /* the first that has not been asked for */
    char *encoding;
};

struct entry {
    uint64_t key, hash; /* of one row; without a key: of the row, and how many there are */
};
struct found {
    uint64_t key;
    int64_t changed, only[SIDES];
};
struct bucket {
    uint64_t id;
    struct total totals[SIDES];
};
struct key_row {
    uint64_t key;
    const char *text;
    const uint64_t *hashes; /* of the columns that are compared and not of the key */
};

/* The search for the rows of a range that differ. */
struct look {
    struct range range;
    uint64_t mask; /* of the key's hash: which bucket a row is in */
    struct bucket *buckets;
    size_t bucket_count, from, to; /* the group of buckets at work */
    int groups;
    struct entry *entries[SIDES];
    size_t entry_count[SIDES];
    struct found *found;
    size_t found_count;
    bool again; /* `found` is from an earlier look */
    int looks_left;
    int64_t total;  /* rows that count as different */
    bool uncertain; /* rows of one side only, in an order that is not certain */
    struct arena *arena;
    struct key_row *rows[SIDES];
    size_t row_count[SIDES];
    compare_then then;
};

struct compare {
    uv_loop_t *loop;
    const struct compare_config *config;
    struct compare_events events;
    void *data;
    struct side sides[SIDES];
    uv_timer_t end, wait;
    int handles;
    bool over;
    compare_then after_wait;

    struct arena *lists;
    size_t at[SIDES]; /* the next of each side's list */
    int sequence_looks_left;
    struct table table;
    struct look look;
    char *resume_table; /* of the checkpoint; NULL */
    bool resume_inside;
    int64_t began_us;    /* wall clock: the first attempt; TIME_UNKNOWN */
    int64_t rows_before; /* of the left side, that earlier attempts have compared */

    int64_t tables, rows, differences;
    int64_t total; /* rows of the left side, about */
    struct buf summary;
    int64_t unsaid; /* differences that the summary has no room for */
    uint64_t progress_ms, checkpoint_ms;
    int64_t progress_rows; /* as told last */

    enum compare_verdict verdict;
    bool cancelled;
    char code[DRIVER_CODE_MAX];
    struct buf message;
};

/* ---- compare_ask.c ---- */

/* The text to write the next question of a side to; it begins with the settings. */
struct buf *side_question(struct side *side);
void side_ask(struct side *side, answer_read read);
void side_stop(struct side *side); /* asks the server to end what is out */
bool sides_idle(const struct compare *compare);
/* A cell that has to be there; ends the comparison where it is not, and gives "" or 0. */
const char *side_text(struct side *side, const struct answer *answer, size_t row, size_t column);
int64_t side_number(struct side *side, const struct answer *answer, size_t row, size_t column);
/* A whole decimal number of any length, modulo 2^64. */
uint64_t side_sum(struct side *side, const struct answer *answer, size_t row, size_t column);

/* ---- compare.c ---- */

void compare_fail(struct compare *compare, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);
void compare_end(struct compare *compare); /* with the verdict and message that are set */
void compare_wait(struct compare *compare, int64_t wait_us, compare_then then);
void compare_progress(struct compare *compare);
void compare_next(struct compare *compare);   /* table */
void compare_finish(struct compare *compare); /* all is compared */

/* ---- compare_list.c, compare_plan.c, compare_table.c, compare_look.c, compare_sequence.c ---- */

void list_start(struct compare *compare);
void plan_start(struct compare *compare); /* of compare->table; goes on with table_run */
void table_run(struct compare *compare);
int64_t table_timeout_us(const struct side *side); /* of the question that is out */
/* A question took too long, or longer than the server let it (a replica may have to go on with its recovery).
 * False where that says nothing of a shorter one. */
bool table_gives_up(struct side *side);
void table_finish(struct compare *compare); /* frees what it has; can be begun again */
/* Finds the rows of `range`, which has about `rows`, that differ, and counts them in the table's tally. */
void look_start(struct compare *compare, const struct range *range, int64_t rows, compare_then then);
void look_finish(struct compare *compare);
void sequences_start(struct compare *compare);

char **key_copy(const struct table *table, char *const *key); /* NULL gives NULL; free() it */

/* ---- by engine: compare_sql.c, compare_catalog.c; compare_mysql.c, compare_mysql_catalog.c ---- */

/* What is asked of a server. */
struct compare_sql {
    void (*settings)(struct buf *sql); /* with which each question begins */
    void (*list)(struct buf *sql, const struct compare_config *config, const struct compare_side *side);
    void (*describe)(struct buf *sql, const struct compare_config *config, const struct listed *listed);
    void (*total)(struct buf *sql, const struct compare *compare, enum which which,
                  const struct range *range);
    /* The key of the last of the next rows of a chunk. */
    void (*chunk_end)(struct buf *sql, const struct compare *compare, enum which which,
                      const struct range *range);
    void (*buckets)(struct buf *sql, const struct compare *compare, enum which which);
    /* The hashes of the rows of the look's buckets, or of those that were found. */
    void (*rows)(struct buf *sql, const struct compare *compare, enum which which);
    /* The keys and the hashes of the columns of the first rows that were found. */
    void (*keys)(struct buf *sql, const struct compare *compare, enum which which);
    void (*sums)(struct buf *sql, const struct compare *compare, enum which which);
    void (*sequences)(struct buf *sql, const struct list *sequences, size_t from, size_t to);
    void (*stop)(struct buf *sql, int64_t pid); /* the question that is out on that connection */
};
extern const struct compare_sql compare_postgresql, compare_mysql;

/* compare_catalog.c, for compare_sql.c */
void sql_list(struct buf *sql, const struct compare_config *config, const struct compare_side *side);
void sql_describe(struct buf *sql, const struct compare_config *config, const struct listed *listed);
void sql_sequences(struct buf *sql, const struct list *sequences, size_t from, size_t to);
/* compare_mysql_catalog.c, for compare_mysql.c */
void mysql_list(struct buf *sql, const struct compare_config *config, const struct compare_side *side);
void mysql_describe(struct buf *sql, const struct compare_config *config, const struct listed *listed);
/* compare_mysql_hash.c, for compare_mysql.c; a column's form, or a key's: bytes as they are. */
void mysql_key_form(struct buf *sql, const struct compare *compare, const struct column *column,
                    enum which which);
void mysql_row_hash(struct buf *sql, const struct compare *compare, enum which which); /* can be summed */
/* What tells a row from others; without a key, of all of it. */
void mysql_key_hash(struct buf *sql, const struct compare *compare, enum which which);
void mysql_column_hash(struct buf *sql, const struct compare *compare, const struct column *column,
                       enum which which);
/* Whether the table at work, whose columns are known, can be hashed by chains on both sides. */
bool mysql_can_chain(const struct compare *compare);

/* ---- compare_form.c: values as both engines can say them ---- */

/* Of a column's value where a side is not PostgreSQL; what is hashed then, and is a key, is the same text on
 * both engines. */
enum form {
    FORM_NONE,   /* of this type there is none: it cannot be compared */
    FORM_NUMBER, /* "-12.50"; true is 1 */
    FORM_TEXT,   /* its characters, in UTF-8 */
    FORM_BYTES,
    FORM_DATE,
    FORM_TIME,   /* with microseconds, as the next */
    FORM_MOMENT, /* in UTC where it has a zone */
};
enum form form_of(const struct compare *compare, const struct column *column, enum which which);
/* Whether values are hashed by their forms. */
bool forms_are_used(const struct compare *compare);
/* Ends the comparison where a column that is compared has no form, or another on the other side. */
void forms_check(struct compare *compare);
/* As column_order, of forms. */
enum key_order form_order(const struct compare *compare, const struct column *column);

/* ---- compare_tell.c ---- */

void tell(struct compare *compare, const char *format, ...) PRINTF_LIKE(2, 3);
/* A difference that is not a row of a table: counted and told. */
void tell_difference(struct compare *compare, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same for the table at work. */
void tell_oddity(struct compare *compare, const char *format, ...) PRINTF_LIKE(2, 3);
/* The rows that the look found, as far as it has their keys. */
void tell_rows(struct compare *compare);
void tell_table(struct compare *compare); /* that is done */
void tell_verdict(struct compare *compare);
/* Bytes from outside in a line, at most so many cells of them. */
void add_visible(struct buf *buf, const char *text, size_t cells);

/* ---- compare_checkpoint.c ---- */

/* Where the comparison is now, unless the last was less than a second ago. */
void checkpoint_write(struct compare *compare);
/* Takes up where config->checkpoint was written, or reports why not. */
void checkpoint_read(struct compare *compare);
/* Of the table at work, once its columns are known: what the checkpoint has of it. */
void checkpoint_resume_table(struct compare *compare);

#endif
