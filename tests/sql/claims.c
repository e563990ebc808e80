/*
 * claims DUMP DIRECTORY: what the judge says of each statement below, as a script for MariaDB that tries
 * everything better than that, then that. The server has to refuse the first and to take the second, and to
 * write rows anew exactly when it was said. DIRECTORY has a file that makes each table; `attempt` is a
 * procedure of the test's script.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "sql/sql.h"

/* The row of the table of facts, the statement; `unchecked`: with foreign_key_checks=0. */
static const struct {
    int row;
    const char *table, *action;
    bool unchecked;
} cases[] = {
    { 1, "q", "ADD COLUMN n INT", false },
    { 1, "q", "ADD COLUMN n INT NOT NULL DEFAULT 3 FIRST", false },
    { 1, "q", "ADD COLUMN n INT AFTER a", false },
    { 1, "q", "ADD COLUMN n INT CHECK (n > 0)", false },
    { 1, "q", "ADD COLUMN n INT UNIQUE", false },
    { 1, "q", "ADD COLUMN n INT, ADD INDEX (a)", false },
    { 1, "q", "ADD COLUMN n INT, DROP INDEX iv", false },
    { 1, "q", "ADD COLUMN n INT, DROP COLUMN c", false },
    { 1, "ft", "ADD COLUMN n INT", false },
    { 1, "comp", "ADD COLUMN n INT", false },
    { 1, "redu", "ADD COLUMN n INT", false },
    { 1, "my", "ADD COLUMN n INT", false },
    { 1, "gv", "ADD COLUMN n INT", false },
    { 1, "gv", "ADD COLUMN n INT FIRST", false },
    { 1, "gs", "ADD COLUMN n INT FIRST", false },
    { 1, "pt", "ADD COLUMN n INT FIRST", false },
    { 2, "q", "DROP COLUMN c", false },
    { 2, "q", "DROP COLUMN v20", false },
    { 2, "ft", "DROP COLUMN y", false },
    { 2, "comp", "DROP COLUMN b", false },
    { 2, "gs", "DROP COLUMN g", false },
    { 2, "my", "DROP COLUMN b", false },
    { 3, "nopk", "ADD COLUMN n INT AUTO_INCREMENT UNIQUE", false },
    { 4, "q", "ADD COLUMN n CHAR(36) DEFAULT uuid()", false },
    { 4, "q", "ADD COLUMN n DATETIME NOT NULL DEFAULT now()", false },
    { 4, "q", "ADD COLUMN n INT DEFAULT (1 + 1)", false },
    { 4, "q", "ADD COLUMN n INT NOT NULL DEFAULT (a)", false },
    { 5, "q", "ADD COLUMN n INT AS (a) STORED", false },
    { 5, "q", "ADD COLUMN n INT AS (a) VIRTUAL", false },
    { 5, "q", "ADD COLUMN n INT AS (a) VIRTUAL, ADD COLUMN o INT", false },
    { 5, "q", "ADD COLUMN n INT AS (a) VIRTUAL, ADD INDEX (n)", false },
    { 5, "gs", "MODIFY g INT AS (a + 2) STORED", false },
    { 6, "q", "RENAME COLUMN c TO cc", false },
    { 6, "q", "CHANGE c cc INT(11)", false },
    { 6, "p", "RENAME COLUMN id TO nr", false },
    { 7, "q", "MODIFY c INT FIRST", false },
    { 7, "ft", "MODIFY y VARCHAR(20) FIRST", false },
    { 7, "comp", "MODIFY b INT AFTER v", false },
    { 8, "q", "MODIFY l200 VARCHAR(255) CHARACTER SET latin1", false },
    { 8, "q", "MODIFY v60 VARCHAR(63) CHARACTER SET utf8mb4", false },
    { 8, "q", "MODIFY l300 VARCHAR(400) CHARACTER SET latin1", false },
    { 8, "q", "MODIFY vb VARBINARY(30)", false },
    { 9, "q", "MODIFY v60 VARCHAR(64) CHARACTER SET utf8mb4", false },
    { 9, "q", "MODIFY v20 VARCHAR(64) CHARACTER SET utf8mb4", false },
    { 9, "q", "MODIFY l200 VARCHAR(256) CHARACTER SET latin1", false },
    { 9, "redu", "MODIFY v VARCHAR(300) NOT NULL", false },
    { 10, "q", "MODIFY c BIGINT", false },
    { 10, "q", "MODIFY c INT UNSIGNED", false },
    { 10, "q", "MODIFY c INT(5)", false },
    { 10, "q", "MODIFY l300 VARCHAR(299) CHARACTER SET latin1", false },
    { 10, "q", "MODIFY c10 CHAR(20) CHARACTER SET latin1", false },
    { 10, "q", "MODIFY d DECIMAL(12,2)", false },
    { 10, "q", "MODIFY dt DATETIME(3)", false },
    { 10, "my", "MODIFY v VARCHAR(30)", false },
    { 11, "q", "MODIFY c INT NOT NULL", false },
    { 11, "q", "MODIFY b INT", false },
    { 11, "gs", "MODIFY b INT NOT NULL", false },
    { 11, "gv", "MODIFY b INT NOT NULL", false },
    { 11, "q", "MODIFY b INT NOT NULL DEFAULT 6", false },
    { 11, "redu", "MODIFY v VARCHAR(200)", false },
    { 11, "fk", "MODIFY pid INT NOT NULL", false },
    { 12, "q", "MODIFY e ENUM('a', 'b', 'c')", false },
    { 12, "q", "MODIFY s SET('x', 'y', 'z')", false },
    { 13, "q", "MODIFY e ENUM('b', 'a')", false },
    { 13, "q", "MODIFY s SET('x', 'y', '1', '2', '3', '4', '5', '6', '7')", false },
    { 14, "q", "CONVERT TO CHARACTER SET utf8mb4", false },
    { 14, "u3", "CONVERT TO CHARACTER SET utf8mb4", false },
    { 14, "q", "MODIFY u3 VARCHAR(20) CHARACTER SET utf8mb4", false },
    { 14, "q", "MODIFY l200 VARCHAR(200) CHARACTER SET utf8mb4", false },
    { 14, "q", "MODIFY v20 VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", false },
    { 15, "q", "ADD INDEX (c)", false },
    { 15, "q", "ADD UNIQUE (c, a DESC)", false },
    { 15, "q", "DROP INDEX ia", false },
    { 15, "q", "RENAME INDEX ia TO ib", false },
    { 15, "ft", "ADD INDEX (y)", false },
    { 15, "my", "ADD INDEX (b)", false },
    { 16, "q", "ADD FULLTEXT (txt)", false },
    { 16, "ft", "ADD FULLTEXT (z)", false },
    { 16, "sp", "ADD SPATIAL INDEX (g)", false },
    { 17, "q", "DROP PRIMARY KEY", false },
    { 17, "q", "DROP PRIMARY KEY, ADD PRIMARY KEY (b)", false },
    { 17, "nopk", "ADD PRIMARY KEY (a)", false },
    { 18, "fk", "ADD CONSTRAINT f2 FOREIGN KEY (b) REFERENCES x.p (id)", false },
    { 18, "fk", "ADD INDEX (b), ADD CONSTRAINT f2 FOREIGN KEY (b) REFERENCES x.p (id)", true },
    { 18, "fk", "DROP FOREIGN KEY fkc", false },
    { 18, "fk", "DROP CONSTRAINT fkc", false },
    { 19, "q", "ADD CHECK (a > 0)", false },
    { 19, "q", "DROP CONSTRAINT ck", false },
    { 20, "q", "ENGINE=InnoDB", false },
    { 20, "q", "FORCE", false },
    { 20, "ft", "FORCE", false },
    { 20, "q", "ROW_FORMAT=COMPACT", false },
    { 20, "q", "COMMENT='x', AUTO_INCREMENT=9", false },
    { 20, "my", "FORCE", false },
    { 20, "my", "COMMENT='x'", false },
    { 21, "q", "RENAME TO x.q2", false },
    { 21, "q", "ALTER COLUMN a SET DEFAULT 3", false },
};

static const char *const locks[] = { "NONE", "SHARED", "EXCLUSIVE" };

static void print_attempt(size_t index, enum sql_algorithm algorithm, size_t lock, const char *expected)
{
    /* What quotes there are in an action are doubled inside of the string. */
    printf("CALL judge.attempt(%zu, '%s', 'ALTER TABLE x.%s ", index, expected, cases[index].table);
    for (const char *c = cases[index].action; *c; c++)
        printf(*c == '\'' ? "''" : "%c", *c);
    printf(", ALGORITHM=%s, LOCK=%s', %d, '%s');\n", sql_algorithm_word(algorithm), locks[lock],
           cases[index].unchecked, cases[index].table);
}

static size_t lock_of(const struct sql_statement *statement, const char *relation)
{
    for (size_t i = 0; i < statement->lock_count; i++) {
        if (strcmp(statement->locks[i].relation, relation) == 0)
            return (size_t)(statement->locks[i].mode - SQL_METADATA_NONE);
    }
    return ARRAY_LEN(locks);
}

/* All that is better than `statement` says, and that. */
static int print_case(size_t index, const struct sql_statement *statement)
{
    char relation[64];
    size_t lock;
    bool innodb;

    (void)snprintf(relation, sizeof relation, "x.%s", cases[index].table);
    lock = lock_of(statement, relation);
    if (!statement->understood || lock >= ARRAY_LEN(locks) || statement->algorithm == SQL_ALGORITHM_NONE) {
        (void)fprintf(stderr, "%s %s: not understood\n", cases[index].table, cases[index].action);
        return 1;
    }
    /* LOCK=EXCLUSIVE asks for nothing: an ALGORITHM that is refused with it is refused with any. */
    for (int algorithm = SQL_INSTANT; algorithm < (int)statement->algorithm; algorithm++)
        print_attempt(index, (enum sql_algorithm)algorithm, ARRAY_LEN(locks) - 1, "refused");
    for (size_t k = 0; k < lock; k++)
        print_attempt(index, statement->algorithm, k, "refused");
    /* InnoDB tells when a table's file is another; of other engines it is not asked. */
    innodb = strcmp(cases[index].table, "my") != 0;
    print_attempt(index, statement->algorithm, lock, statement->copies && innodb ? "rebuilt" : "done");
    return 0;
}

int main(int argc, char **argv)
{
    const struct sql_server server = { SQL_MARIADB, 101100 };
    const struct sql_options options = { .exists = true };
    struct err err = ERR_INIT;
    size_t ignored = 0;
    int wrong = 0;
    struct buf dump;

    buf_init(&dump, 1 << 20);
    if (argc != 3 || file_read(argv[1], &dump, &err) < 0) {
        (void)fprintf(stderr, "claims DUMP DIRECTORY: %s\n", err.message);
        return 2;
    }
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        struct sql_catalog *catalog = sql_catalog_create(&server);
        const struct sql_script *script;

        if (sql_catalog_load(catalog, buf_str(&dump), &ignored, &err) < 0 || ignored > 0) {
            (void)fprintf(stderr, "the dump: %zu statements are not understood: %s\n", ignored, err.message);
            return 1;
        }
        script = sql_judge(arena, &server, catalog,
                           arena_format(arena, "USE x; %s ALTER TABLE %s %s",
                                        cases[i].unchecked ? "SET foreign_key_checks=0;" : "", cases[i].table,
                                        cases[i].action),
                           &options);
        printf("DROP DATABASE IF EXISTS x;\nCREATE DATABASE x;\nUSE x;\nSOURCE %s/%s.sql\n", argv[2],
               cases[i].table);
        wrong |= print_case(i, &script->statements[script->count - 1]);
        sql_catalog_destroy(catalog);
        arena_destroy(arena);
    }
    buf_finish(&dump);
    return wrong;
}
