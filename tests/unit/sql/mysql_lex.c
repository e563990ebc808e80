/* The words of MySQL, and texts that nobody wrote. */
#include "mysql_helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/mysql.h"

/* Kind and text of each token, a statement's ended by "|". */
static void tokens_of(const char *server, const char *text, char *ret, size_t size)
{
    static const char kinds[] = "-wqsnv*!";
    struct sql_server parsed;
    struct ddl_lexer lexer;
    struct ddl_tokens tokens;
    struct arena *arena = arena_create();
    size_t used = 0;

    assert_int_equal(sql_server_parse(server, &parsed, NULL), 0);
    ddl_lexer_init(&lexer, arena, &parsed, text);
    ret[0] = '\0';
    while (ddl_lexer_statement(&lexer, &tokens)) {
        for (size_t i = 0; i + 1 < tokens.count; i++)
            used += (size_t)snprintf(ret + used, size - used, "%c%s ", kinds[tokens.at[i].kind],
                                     tokens.at[i].text);
        used += (size_t)snprintf(ret + used, size - used, "|");
        assert_true(used < size);
    }
    arena_destroy(arena);
}

static void words(void **state)
{
    static const struct {
        const char *server, *text, *tokens;
    } cases[] = {
        { "mysql@8.4", "a `b``c` 'd''e' \"f\\\"g\"", "wa qb`c sd'e sf\"g |" },
        { "mysql@8.4", "1 1.5 .5 1e5 1e-5 1a 0x1F x'ff' N'n' _utf8'x'",
          "n1 n1.5 n.5 n1e5 n1e-5 w1a w0x1F sff sn w_utf8 sx |" },
        { "mysql@8.4", "@a @@session.b @'c' := a.b", "v@a v@@session.b v@ sc *:= wa *. wb |" },
        { "mysql@8.4", "a # b\nc -- d\ne --f\ng/* h */i", "wa wc we *- *- wf wg wi |" },
        { "mysql@8.4", "a;;b ; c", "wa |wb |wc |" },
        { "mysql@8.4", "a\\G b\\g", "wa |wb |" },
        { "mysql@8.4", "a /*!80016 b */ c /*!90000 d */ e /*! f */", "wa wb wc we wf |" },
        { "mysql@8.4", "a /*M!100300 b */ c", "wa wc |" },
        { "mariadb@10.11", "a /*M!100300 b */ c /*M!110000 d */", "wa wb wc |" },
        { "mariadb@10.11", "a /*!50700 b */ c /*!50606 d */ e /*!100100 f */", "wa wc wd we wf |" },
        { "mysql@8.4", "DELIMITER //\na ; b //\ndelimiter ;\nc; d", "wa *; wb |wc |wd |" },
        { "mysql@8.4", "CREATE TRIGGER t BEGIN a; b; END; c",
          "wCREATE wTRIGGER wt wBEGIN wa *; wb *; wEND |wc |" },
        { "mysql@8.4", "CREATE PROCEDURE p() BEGIN IF 1 THEN a; END IF; b; END; c",
          "wCREATE wPROCEDURE wp *( *) wBEGIN wIF n1 wTHEN wa *; wEND wIF *; wb *; wEND |wc |" },
        { "mysql@8.4", "CREATE VIEW v AS SELECT CASE a WHEN 1 THEN 2 END; c",
          "wCREATE wVIEW wv wAS wSELECT wCASE wa wWHEN n1 wTHEN n2 wEND |wc |" },
        { "mysql@8.4", "'a", "!a string that does not end |" },
        { "mysql@8.4", "a /* b", "wa !a comment that does not end |" },
        { "mysql@8.4", "'a\\", "!a string that does not end |" },
        { "mysql@8.4", "", "" },
        { "mysql@8.4", " ; -- x", "" },
        { "mysql@8.4", "\xc3\xa9t\xc3\xa9 = 1", "w\xc3\xa9t\xc3\xa9 *= n1 |" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char got[1024];

        tokens_of(cases[i].server, cases[i].text, got, sizeof got);
        assert_string_equal(got, cases[i].tokens);
    }
}

/* Each statement that is cut anywhere is read to its end, and told or understood. */
static void cut_anywhere(void **state)
{
    static const char text[] =
        "CREATE TABLE `a`.`b` (id INT(11) UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'x''y' PRIMARY KEY, e "
        "ENUM('a','b'), "
        "g INT GENERATED ALWAYS AS ((id + 1)) STORED, c DECIMAL(10,2) DEFAULT (1 + rand()), KEY k (id, (c)) "
        "USING BTREE, "
        "CONSTRAINT f FOREIGN KEY (id) REFERENCES p (id) ON DELETE CASCADE, CHECK (id > 0)) ENGINE=InnoDB "
        "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10)); ALTER TABLE a.b ADD COLUMN (x INT, y "
        "TEXT), "
        "CHANGE e f SET('a') AFTER id, ADD CONSTRAINT u UNIQUE KEY (x), ORDER BY id, ALGORITHM=COPY, "
        "LOCK=SHARED;"
        "UPDATE a SET b = (1) LIMIT 1; SET @@session.x = 'y', z := (1, 2)";
    char cut[sizeof text];

    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        struct judged judged;

        memcpy(cut, text, len);
        cut[len] = '\0';
        judge(&judged, len % 2 ? "mysql@8.4" : "mariadb@10.11", NULL, cut);
        for (size_t i = 0; i < judged.script->count; i++)
            assert_true(judged.script->statements[i].understood || judged.script->statements[i].dangerous);
        judged_finish(&judged);
    }
}

/* No depth and no length is too much: what is over the maximum is told. */
static void without_end(void **state)
{
    static const char *const starts[] = { "ALTER TABLE t ADD CHECK (",
                                          "ALTER TABLE t ADD COLUMN c INT DEFAULT ((",
                                          "SET a = ((",
                                          "CREATE TABLE t (((",
                                          "UPDATE t SET a = (((",
                                          "/*!" };
    size_t size = 120000;
    char *text = malloc(size + 64);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        size_t len = strlen(starts[i]);
        struct judged judged;

        memcpy(text, starts[i], len);
        memset(text + len, i == 5 ? '/' : '(', size - len);
        text[size] = '\0';
        judge(&judged, "mysql@8.4", NULL, text);
        assert_false(judged.last->understood);
        judged_finish(&judged);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
