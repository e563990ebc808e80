#include "runbook/sqlscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

/* A letter for each kind, and the text of the token. */
static const char letters[] = {
    [SQL_SPACE] = 's',   [SQL_COMMENT] = 'c',    [SQL_WORD] = 'w',
    [SQL_LITERAL] = 'l', [SQL_IDENTIFIER] = 'i', [SQL_DOLLAR] = 'd',
    [SQL_PARAM] = 'p',   [SQL_SEMICOLON] = ';',  [SQL_OTHER] = 'o',
};

#define PG    ENGINE_POSTGRESQL
#define MY    ENGINE_MYSQL
#define MARIA ENGINE_MARIADB

static const struct {
    enum target_engine engine;
    const char *sql;
    const char *tokens; /* "kind[text]", "!" behind what is not closed, "?" behind what
                         divides; space left out */
} scans[] = {
    { PG, "", "" },
    { PG, "SELECT 1;", "w[SELECT]w[1];[;]" },
    { PG, "a - - b", "w[a]o[-]o[-]w[b]" },
    { PG, "a--b\nc", "w[a]c[--b]w[c]" },
    { PG, "a/*b/*c*/d*/e", "w[a]c[/*b/*c*/d*/]w[e]" },
    { PG, "/*a", "c[/*a]!" },
    { PG, "/*/*a*/", "c[/*/*a*/]!" },
    { PG, "'a''b'", "l['a''b']" },
    { PG, "'a\\'b", "l['a\\']w[b]" },
    { PG, "E'a\\'b'", "l[E'a\\'b']" },
    { PG, "fooE'a\\'b", "w[fooE]l['a\\']w[b]" },
    { PG, "'a", "l['a]!" },
    { PG, "'a' 'b'", "l['a']l['b']" },
    { PG, "'a'\n'b'", "l['a'\n'b']" },
    { PG, "E'a' -- x\n '\\''", "l[E'a' -- x\n '\\'']" },
    { PG, "\"a\"\"b\"", "i[\"a\"\"b\"]" },
    { PG, "\"a", "i[\"a]!" },
    { PG, "$$a$$b", "d[$$a$$]w[b]" },
    { PG, "$x$a$$b$x$", "d[$x$a$$b$x$]" },
    { PG, "$x$a$X$", "d[$x$a$X$]!" },
    { PG, "a$$b", "w[a$$b]" },
    { PG, "1$$b$$", "w[1]d[$$b$$]" },
    { PG, "$1", "o[$]w[1]" },
    { PG, "a${b}c", "w[a]p[${b}]w[c]" },
    { PG, "${b", "p[${]w[b]" },
    { PG, "${", "p[${]" },
    { PG, "$x${b}$x$", "d[$x${b}$x$]" },
    { PG, "a`b", "w[a]o[`]w[b]" },
    { PG, "1 # 2", "w[1]o[#]w[2]" },
    { PG, "/*! a */", "c[/*! a */]" },

    { MY, "`a``;\"'b`c", "i[`a``;\"'b`]w[c]" },
    { MY, "`a", "i[`a]!" },
    { MY, "\"a`\"\"b\"", "i[\"a`\"\"b\"]" },
    { MY, "'a''b`'", "l['a''b`']" },
    { MY, "'a\\'b", "l['a\\']w[b]" },
    { MY, "E'a\\'b", "w[E]l['a\\']w[b]" },
    { MY, "'a'\n'b'", "l['a']l['b']" },
    { MY, "a#b'\nc", "w[a]c[#b']w[c]" },
    { MY, "a--b", "w[a]o[-]o[-]w[b]" },
    { MY, "a-- b\nc", "w[a]c[-- b]w[c]" },
    { MY, "a--\tb\rc\nd", "w[a]c[--\tb\rc]w[d]" },
    { MY, "a--\nb", "w[a]c[--]w[b]" },
    { MY, "a--", "w[a]c[--]" },
    { MY, "a/*b/*c*/d", "w[a]c[/*b/*c*/]w[d]" },
    { MY, "/*/a", "c[/*/a]!" },
    { MY, "/*!40101 a*/b", "c[/*!40101]w[a]c[*/]w[b]" },
    { MY, "/*!999999 '*/' /*'*/ b", "c[/*!999999]l['*/']?c[/*'*/]w[b]" },
    { MY, "/*! a /* b */ c */ '*/'", "c[/*!]w[a]c[/* b */]w[c]c[*/]l['*/']" },
    { MY, "/*! `/*` # */\n*/", "c[/*!]i[`/*`]?c[# */]?c[*/]" },
    { MY, "/*!123 a */", "c[/*!]w[123]w[a]c[*/]" },
    { MY, "/*! a", "c[/*!]!w[a]" },
    { MY, "$$a$$b", "d[$$a$$]w[b]" },
    { MY, "$1$a$1$", "d[$1$a$1$]" },
    { MY, "$1", "w[$1]" },
    { MY, "$a${b}$a$", "d[$a${b}$a$]" },
    { MY, "1a$b", "w[1a$b]" },
    { MY, "1$$b$$", "w[1$$b$$]" },
    { MY, "a${b}c", "w[a]p[${b}]w[c]" },
    { MY, "/*M! a */", "c[/*M! a */]" },

    { MARIA, "$$a$$b", "w[$$a$$b]" },
    { MARIA, "$${b}", "w[$]p[${b}]" },
    { MARIA, "/*M!100301 a */b", "c[/*M!100301]w[a]c[*/]w[b]" },
    { MARIA, "`a``b`", "i[`a``b`]" },
    { MARIA, "a */ b", "w[a]o[*]o[/]w[b]" },
};

static void test_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scans); i++) {
        struct buf got;
        struct sql_scan scan = { .text = scans[i].sql, .engine = scans[i].engine };
        struct sql_token token;
        size_t total = 0;
        buf_init(&got, 1000);
        while (sql_next(&scan, &token)) {
            total += token.len;
            if (token.kind != SQL_SPACE)
                buf_format(&got, "%c[%.*s]%s", letters[token.kind], (int)token.len, token.text,
                           token.unterminated ? "!"
                           : token.divides    ? "?"
                                              : "");
        }
        assert_string_equal(buf_str(&got), scans[i].tokens);
        assert_int_equal(total, strlen(scans[i].sql));
        buf_finish(&got);
    }
}

static const struct {
    enum target_engine engine;
    const char *sql;
    struct sql_facts facts;
} facts[] = {
    { PG, "", { 0, false, false, false } },
    { PG, " -- x\n ; ; /* y */", { 0, false, false, false } },
    { PG, "SELECT 1", { 1, false, false, false } },
    { PG, "SELECT 1; ; SELECT 2;", { 2, false, false, false } },
    { PG, "SELECT ';' -- ;\n, $$;$$, \";\"", { 1, false, false, false } },
    { PG, "CREATE INDEX Concurrently i ON t (c)", { 1, true, false, false } },
    { PG, "SELECT 'concurrently', \"CONCURRENTLY\" -- concurrently", { 1, false, false, false } },
    { PG, "DO $$ CREATE INDEX CONCURRENTLY $$", { 1, false, false, false } },
    { PG, "SELECT concurrently_done, last_vacuum", { 1, false, false, false } },
    { PG, "/* x */ vacuum t", { 1, false, true, false } },
    { PG, "SELECT vacuum FROM t", { 1, false, false, false } },
    { PG, "SELECT 1; VACUUM t", { 2, false, true, false } },
    { PG, "begin; SELECT 1; commit", { 3, false, false, true } },
    { PG, "ROLLBACK", { 1, false, false, true } },
    { PG, "START /* x */ Transaction READ ONLY", { 1, false, false, true } },
    { PG, "START SLAVE; transaction", { 2, false, false, false } },
    { PG, "SELECT start, transaction", { 1, false, false, false } },
    { PG, "SELECT begin FROM t", { 1, false, false, false } },
    { PG, "CREATE PROCEDURE p() BEGIN; SELECT 1; END", { 3, false, false, false } },

    { MY, "SELECT `;begin`; # ;\n", { 1, false, false, false } },
    { MY, "# x\nBEGIN", { 1, false, false, true } },
    { MY, "BEGIN", { 1, false, false, true } },
    { MY, "/*!40000 COMMIT */", { 1, false, false, true } },
    { MY, "START SLAVE; DO 0", { 2, false, false, false } },
    { MY, "ALTER TABLE t ADD concurrently INT", { 1, false, false, false } },
    { MY, "vacuum", { 1, false, false, false } },
    { MY, "CREATE FUNCTION f() RETURNS INT BEGIN DO 0; RETURN 1; END", { 1, false, false, false } },
    { MY, "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t; COMMIT", { 2, false, false, true } },
    { MY, "CREATE TABLE a (event INT); BEGIN", { 2, false, false, true } },
    { MY, "SELECT trigger, begin; COMMIT", { 2, false, false, true } },
    { MY, "BEGIN NOT ATOMIC DO 0; END", { 2, false, false, true } },
    { MARIA, "BEGIN NOT ATOMIC START TRANSACTION; COMMIT; END", { 1, false, false, false } },
    { MARIA, "BEGIN", { 1, false, false, true } },
    { MARIA, "BEGIN; DO 0", { 2, false, false, true } },
    { MARIA, "BEGIN /* x */ WORK", { 1, false, false, true } },
    { MARIA, "DO 0; BEGIN", { 2, false, false, true } },
};

static void test_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        struct sql_facts got = sql_facts(facts[i].sql, facts[i].engine);
        if (got.statements != facts[i].facts.statements || got.concurrently != facts[i].facts.concurrently ||
            got.vacuum != facts[i].facts.vacuum ||
            got.transaction_control != facts[i].facts.transaction_control)
            fail_msg("%s: %zu statements, concurrently %d, vacuum %d, control %d", facts[i].sql,
                     got.statements, got.concurrently, got.vacuum, got.transaction_control);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_tokens), cmocka_unit_test(test_facts) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
