/* Each form of ALTER in several versions: the best that the server has for it, as the vendors' manuals say
 * (MariaDB's 10.11 also by a real server, in tests/sql). */
#include "mysql_helper.h"

#include <stdio.h>
#include <string.h>

static const char dump[] =
    "CREATE TABLE `p` (`id` int(11) NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n"
    "CREATE TABLE `t` (\n"
    "  `id` int NOT NULL AUTO_INCREMENT,\n"
    "  `a` int DEFAULT NULL,\n"
    "  `b` int NOT NULL DEFAULT '5',\n"
    "  `v20` varchar(20) DEFAULT NULL, `v60` varchar(60) DEFAULT NULL,\n"
    "  `l200` varchar(200) CHARACTER SET latin1 COLLATE latin1_swedish_ci DEFAULT NULL,\n"
    "  `l300` varchar(300) CHARACTER SET latin1 DEFAULT NULL,\n"
    "  `u3` varchar(20) CHARACTER SET utf8mb3 DEFAULT NULL,\n"
    "  `e` enum('a','b') DEFAULT NULL, `s` set('x','y') DEFAULT NULL,\n"
    "  `d` decimal(10,2) DEFAULT NULL, `g` int GENERATED ALWAYS AS (`a` + 1) STORED,\n"
    "  `c` int DEFAULT NULL, `pid` int DEFAULT NULL, `txt` text,\n"
    "  PRIMARY KEY (`id`), KEY `ia` (`a`), UNIQUE KEY `ub` (`b`), KEY `ip` (`pid`),\n"
    "  CONSTRAINT `fk` FOREIGN KEY (`pid`) REFERENCES `p` (`id`) ON DELETE CASCADE,\n"
    "  CONSTRAINT `ck` CHECK (`b` > 0)\n"
    ") ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;\n"
    "CREATE TABLE `f` (`id` int NOT NULL, `x` text, `y` int, PRIMARY KEY (`id`), FULLTEXT KEY `fx` (`x`)) "
    "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n"
    "CREATE TABLE `z` (`id` int NOT NULL, `y` int, PRIMARY KEY (`id`)) ENGINE=InnoDB ROW_FORMAT=COMPRESSED "
    "DEFAULT CHARSET=utf8mb4;\n"
    "CREATE TABLE `r` (`id` int NOT NULL, `v` varchar(200) NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB "
    "ROW_FORMAT=REDUNDANT DEFAULT CHARSET=latin1;\n"
    "CREATE TABLE `m` (`id` int NOT NULL, `y` int, PRIMARY KEY (`id`)) ENGINE=MyISAM DEFAULT "
    "CHARSET=latin1;\n";

/* What is expected: algorithm, lock, "+" when rows are written anew. */
struct form {
    const char *server, *text, *expected;
};

static const struct form forms[] = {
    /* 1 */
    { "mysql@5.6", "ALTER TABLE t ADD COLUMN n INT", "INPLACE NONE +" },
    { "mysql@5.7.44", "ALTER TABLE t ADD COLUMN n INT", "INPLACE NONE +" },
    { "mysql@8.0.11", "ALTER TABLE t ADD COLUMN n INT", "INPLACE NONE +" },
    { "mysql@8.0.12", "ALTER TABLE t ADD COLUMN n INT", "INSTANT NONE" },
    { "mysql@8.0.28", "ALTER TABLE t ADD COLUMN n INT FIRST", "INPLACE NONE +" },
    { "mysql@8.0.29", "ALTER TABLE t ADD COLUMN n INT AFTER a", "INSTANT NONE" },
    { "mysql@8.4", "ALTER TABLE f ADD COLUMN n INT", "INPLACE SHARED +" },
    { "mysql@8.4", "ALTER TABLE z ADD COLUMN n INT", "INPLACE NONE +" },
    { "mysql@8.4", "ALTER TABLE m ADD COLUMN n INT", "COPY SHARED +" },
    { "mysql@8.4", "ALTER TABLE t ADD (n INT, o INT)", "INSTANT NONE" },
    { "mariadb@10.3.1", "ALTER TABLE t ADD COLUMN n INT", "INPLACE NONE +" },
    { "mariadb@10.3.7", "ALTER TABLE t ADD COLUMN n INT", "INSTANT NONE" },
    { "mariadb@10.3.7", "ALTER TABLE t ADD COLUMN n INT FIRST", "INPLACE NONE +" },
    { "mariadb@10.4", "ALTER TABLE t ADD COLUMN n INT FIRST", "INSTANT NONE" },
    { "mariadb@10.11.6", "ALTER TABLE f ADD COLUMN n INT", "INPLACE SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE t ADD COLUMN n INT UNIQUE", "INPLACE NONE +" },
    { "mariadb@10.11.6", "ALTER TABLE t ADD COLUMN n INT, ADD INDEX (n)", "INPLACE NONE +" },
    { "mysql@8.4", "ALTER TABLE t ADD COLUMN n INT, DROP INDEX ia", "INPLACE NONE +" },
    { "mysql@8.4", "ALTER TABLE t ADD COLUMN n INT, MODIFY v20 VARCHAR(60)", "INPLACE NONE +" },
    { "mysql@8.4", "ALTER TABLE t ADD COLUMN n INT, ALTER a DROP DEFAULT", "INSTANT NONE" },
    /* 2 */
    { "mysql@8.0.28", "ALTER TABLE t DROP COLUMN c", "INPLACE NONE +" },
    { "mysql@8.0.29", "ALTER TABLE t DROP COLUMN c", "INSTANT NONE" },
    { "mysql@8.0.29", "ALTER TABLE t DROP COLUMN a", "INPLACE NONE +" },
    { "mariadb@10.3.7", "ALTER TABLE t DROP COLUMN c", "INPLACE NONE +" },
    { "mariadb@10.4", "ALTER TABLE t DROP COLUMN c", "INSTANT NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t DROP COLUMN a", "NOCOPY NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t DROP COLUMN IF EXISTS c", "INSTANT NONE" },
    /* 3 */
    { "mysql@8.0.36", "ALTER TABLE t ADD COLUMN n INT AUTO_INCREMENT UNIQUE", "INPLACE SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE t ADD COLUMN n SERIAL", "INPLACE SHARED +" },
    /* 4, 5 */
    { "mysql@8.0.36", "ALTER TABLE t ADD COLUMN n CHAR(36) DEFAULT (uuid())", "COPY SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE t ADD COLUMN n CHAR(36) DEFAULT uuid()", "COPY SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE t ADD COLUMN n DATETIME DEFAULT (now())", "INSTANT NONE" },
    { "mysql@8.0.36", "ALTER TABLE t ADD COLUMN n DATETIME DEFAULT CURRENT_TIMESTAMP", "INSTANT NONE" },
    { "mysql@8.0.36", "ALTER TABLE t ADD COLUMN n INT AS (a) STORED", "COPY SHARED +" },
    { "mysql@8.0.36", "ALTER TABLE t ADD COLUMN n INT AS (a) VIRTUAL", "INSTANT NONE" },
    { "mysql@5.7.44", "ALTER TABLE t ADD COLUMN n INT AS (a) VIRTUAL", "INPLACE NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t ADD COLUMN n INT AS (a) PERSISTENT", "COPY SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE t ADD COLUMN n INT AS (a) VIRTUAL, ADD COLUMN o INT", "COPY SHARED +" },
    /* 6 */
    { "mysql@5.7.44", "ALTER TABLE t CHANGE c cc INT", "INPLACE NONE" },
    { "mysql@8.0.27", "ALTER TABLE t RENAME COLUMN c TO cc", "INPLACE NONE" },
    { "mysql@8.0.28", "ALTER TABLE t RENAME COLUMN c TO cc", "INSTANT NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t CHANGE COLUMN c cc INT(11)", "INSTANT NONE" },
    /* 7 */
    { "mysql@8.4", "ALTER TABLE t MODIFY c INT FIRST", "INPLACE NONE +" },
    { "mariadb@10.11.6", "ALTER TABLE t MODIFY c INT FIRST", "INSTANT NONE" },
    { "mysql@8.4", "ALTER TABLE t MODIFY a INT AFTER id", "INSTANT NONE" },
    /* 8, 9 */
    { "mysql@5.6", "ALTER TABLE t MODIFY v20 VARCHAR(60)", "COPY SHARED +" },
    { "mysql@5.7", "ALTER TABLE t MODIFY v20 VARCHAR(63)", "INPLACE NONE" },
    { "mysql@8.4", "ALTER TABLE t MODIFY v20 VARCHAR(64)", "COPY SHARED +" },
    { "mysql@8.4", "ALTER TABLE t MODIFY l200 VARCHAR(255) CHARACTER SET latin1", "INPLACE NONE" },
    { "mysql@8.4", "ALTER TABLE t MODIFY l200 VARCHAR(255)",
      "COPY SHARED +" }, /* the table's character set */
    { "mysql@8.4", "ALTER TABLE t MODIFY l300 VARCHAR(400) CHARACTER SET latin1", "INPLACE NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t MODIFY v20 VARCHAR(64)", "INSTANT NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t MODIFY v60 VARCHAR(64)", "COPY SHARED +" },
    { "mariadb@10.4.2", "ALTER TABLE t MODIFY v20 VARCHAR(64)", "COPY SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE r MODIFY v VARCHAR(300) NOT NULL", "INSTANT NONE" },
    /* 10 */
    { "mysql@8.4", "ALTER TABLE t MODIFY a BIGINT", "COPY SHARED +" },
    { "mysql@8.4", "ALTER TABLE t MODIFY a INTEGER(5) NULL", "INSTANT NONE" },
    { "mysql@8.4", "ALTER TABLE t MODIFY a INT UNSIGNED", "COPY SHARED +" },
    { "mysql@8.4", "ALTER TABLE t MODIFY d NUMERIC(12,2)", "COPY SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE t MODIFY v60 VARCHAR(59)", "COPY SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE t MODIFY id BIGINT NOT NULL AUTO_INCREMENT", "COPY SHARED +" },
    /* 11 */
    { "mysql@8.4", "ALTER TABLE t MODIFY c INT NOT NULL", "INPLACE NONE +" },
    { "mysql@8.4", "ALTER TABLE t MODIFY b INT NULL DEFAULT 5", "INPLACE NONE +" },
    { "mysql@8.4", "ALTER TABLE t MODIFY b INT NOT NULL DEFAULT -6", "INSTANT NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t MODIFY c INT NOT NULL", "COPY SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE f MODIFY y INT NOT NULL", "INPLACE SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE r MODIFY v VARCHAR(200)", "INSTANT NONE" },
    /* 12, 13 */
    { "mysql@8.0.36", "ALTER TABLE t MODIFY e ENUM('a','b','c')", "INSTANT NONE" },
    { "mysql@5.7", "ALTER TABLE t MODIFY e ENUM('a','b','c')", "INPLACE NONE" },
    { "mysql@8.0.36", "ALTER TABLE t MODIFY e ENUM('b','a')", "COPY SHARED +" },
    { "mysql@8.0.36", "ALTER TABLE t MODIFY e ENUM('a')", "COPY SHARED +" },
    { "mysql@8.0.36", "ALTER TABLE t MODIFY s SET('x','y','z')", "INSTANT NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t MODIFY s SET('x','y','1','2','3','4','5','6','7')", "COPY SHARED +" },
    /* 14 */
    { "mysql@8.4", "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", "COPY SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", "COPY SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE m CONVERT TO CHARACTER SET latin1", "INSTANT NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t MODIFY u3 VARCHAR(20) CHARACTER SET utf8mb4", "INSTANT NONE" },
    { "mysql@8.4", "ALTER TABLE t MODIFY u3 VARCHAR(20) CHARACTER SET utf8mb4", "COPY SHARED +" },
    /* 15, 16 */
    { "mysql@5.6", "ALTER TABLE t ADD INDEX (c)", "INPLACE NONE" },
    { "mysql@8.4", "CREATE UNIQUE INDEX i ON t (c, a DESC)", "INPLACE NONE" },
    { "mariadb@10.11.6", "CREATE INDEX IF NOT EXISTS i ON t (v20(5))", "NOCOPY NONE" },
    { "mysql@8.4", "DROP INDEX ia ON t", "INPLACE NONE" },
    { "mysql@8.4", "ALTER TABLE t ADD FULLTEXT KEY (txt)", "INPLACE SHARED +" },
    { "mysql@8.4", "ALTER TABLE f ADD FULLTEXT KEY (x)", "INPLACE SHARED" },
    { "mariadb@10.11.6", "ALTER TABLE f ADD FULLTEXT KEY (x)", "NOCOPY SHARED" },
    { "mysql@5.6", "ALTER TABLE t ADD SPATIAL INDEX (c)", "COPY SHARED +" },
    { "mysql@8.4", "ALTER TABLE t ADD SPATIAL INDEX (c)", "INPLACE SHARED" },
    /* 17 */
    { "mysql@8.4", "ALTER TABLE t DROP PRIMARY KEY", "COPY SHARED +" },
    { "mysql@8.4", "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (b)", "INPLACE NONE +" },
    { "mariadb@10.11.6", "ALTER TABLE t ADD PRIMARY KEY (b), DROP PRIMARY KEY", "INPLACE NONE +" },
    /* 18 */
    { "mysql@8.4", "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id)", "COPY SHARED +" },
    { "mysql@8.4", "SET foreign_key_checks = 0; ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id)",
      "INPLACE NONE" },
    { "mysql@8.4",
      "SET foreign_key_checks=0; SET foreign_key_checks=1; ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p "
      "(id)",
      "COPY SHARED +" },
    { "mysql@8.4", "ALTER TABLE t DROP FOREIGN KEY fk", "INPLACE NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t DROP CONSTRAINT fk", "INSTANT NONE" },
    /* 19 */
    { "mysql@8.0.16", "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", "COPY SHARED +" },
    { "mysql@8.0.16", "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED", "INPLACE NONE" },
    { "mysql@8.0.16", "ALTER TABLE t ALTER CHECK ck ENFORCED", "COPY SHARED +" },
    { "mysql@5.7", "ALTER TABLE t ADD CHECK (a > 0)", "INPLACE NONE" },
    { "mariadb@10.11.6", "ALTER TABLE t ADD CHECK (a > 0)", "COPY SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE t DROP CONSTRAINT ck", "INSTANT NONE" },
    /* 20 */
    { "mysql@8.4", "ALTER TABLE t ENGINE=InnoDB", "INPLACE NONE +" },
    { "mysql@8.4", "ALTER TABLE t ENGINE=MyISAM", "COPY SHARED +" },
    { "mysql@8.4", "ALTER TABLE t FORCE", "INPLACE NONE +" },
    { "mysql@8.4", "ALTER TABLE f FORCE", "COPY SHARED +" },
    { "mysql@8.4", "OPTIMIZE TABLE t", "INPLACE NONE +" },
    { "mariadb@10.11.6", "ALTER TABLE f ROW_FORMAT=DYNAMIC", "INPLACE SHARED +" },
    { "mariadb@10.11.6", "ALTER TABLE t COMMENT='x', AUTO_INCREMENT=9", "INSTANT NONE" },
    /* 21 */
    { "mysql@8.4", "ALTER TABLE t RENAME TO t2", "INSTANT EXCLUSIVE" },
    { "mysql@5.7", "ALTER TABLE t ALTER COLUMN a SET DEFAULT 3", "INPLACE NONE" },
    { "mysql@8.4", "ALTER TABLE t ALTER a DROP DEFAULT", "INSTANT NONE" },
    { "mysql@8.4", "ALTER TABLE t ORDER BY a, b DESC", "COPY SHARED +" },
    /* 22 */
    { "mysql@8.4", "ALTER TABLE t REORGANIZE PARTITION p0 INTO (PARTITION p1 VALUES LESS THAN (9))",
      "INPLACE SHARED +" },
    { "mysql@8.4", "ALTER TABLE t COALESCE PARTITION 2", "INPLACE SHARED +" },
    { "mysql@8.4", "ALTER TABLE t ADD PARTITION (PARTITION p9 VALUES LESS THAN (9))", "INPLACE NONE" },
    { "mysql@8.4", "ALTER TABLE t ADD PARTITION PARTITIONS 4", "INPLACE SHARED +" },
    { "mysql@8.4", "ALTER TABLE t REMOVE PARTITIONING", "COPY SHARED +" },
    { "mysql@8.4", "ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 4", "COPY SHARED +" },
    { "mysql@8.4", "ALTER TABLE t TRUNCATE PARTITION p0, p1", "INPLACE EXCLUSIVE" },
};

static void each_form_in_its_version(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct judged judged;
        char got[64], relation[2] = "t";
        const char *table = strstr(forms[i].text, "ALTER TABLE ");

        judge(&judged, forms[i].server, dump, forms[i].text);
        if (table)
            relation[0] = table[12];
        snprintf(got, sizeof got, "%s %s%s", sql_algorithm_word(judged.last->algorithm),
                 lock_on(judged.last, relation), judged.last->copies ? " +" : "");
        if (strcmp(got, forms[i].expected) != 0 || !judged.last->understood ||
            !judged.last->needs_lock_timeout) {
            wrong++;
            print_error("%s: %s: %s, expected %s\n", forms[i].server, forms[i].text, got, forms[i].expected);
        }
        assert_int_equal(judged.last->rewrite_count, judged.last->copies);
        judged_finish(&judged);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_in_its_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
