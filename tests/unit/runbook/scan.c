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

static const struct {
    const char *sql;
    const char *tokens; /* "kind[text]", "!" behind what is not closed; space left out */
} scans[] = {
    { "", "" },
    { "SELECT 1;", "w[SELECT]w[1];[;]" },
    { "a - - b", "w[a]o[-]o[-]w[b]" },
    { "a--b\nc", "w[a]c[--b]w[c]" },
    { "a/*b/*c*/d*/e", "w[a]c[/*b/*c*/d*/]w[e]" },
    { "/*a", "c[/*a]!" },
    { "/*/*a*/", "c[/*/*a*/]!" },
    { "'a''b'", "l['a''b']" },
    { "'a\\'b", "l['a\\']w[b]" },
    { "E'a\\'b'", "l[E'a\\'b']" },
    { "fooE'a\\'b", "w[fooE]l['a\\']w[b]" },
    { "'a", "l['a]!" },
    { "'a' 'b'", "l['a']l['b']" },
    { "'a'\n'b'", "l['a'\n'b']" },
    { "E'a' -- x\n '\\''", "l[E'a' -- x\n '\\'']" },
    { "\"a\"\"b\"", "i[\"a\"\"b\"]" },
    { "\"a", "i[\"a]!" },
    { "$$a$$b", "d[$$a$$]w[b]" },
    { "$x$a$$b$x$", "d[$x$a$$b$x$]" },
    { "$x$a$X$", "d[$x$a$X$]!" },
    { "a$$b", "w[a$$b]" },
    { "1$$b$$", "w[1]d[$$b$$]" },
    { "$1", "o[$]w[1]" },
    { "a${b}c", "w[a]p[${b}]w[c]" },
    { "${b", "p[${]w[b]" },
    { "${", "p[${]" },
    { "$x${b}$x$", "d[$x${b}$x$]" },
};

static void test_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scans); i++) {
        struct buf got;
        struct sql_token token;
        size_t total = 0;
        buf_init(&got, 1000);
        for (size_t at = 0; sql_next(scans[i].sql, &at, &token);) {
            total += token.len;
            if (token.kind != SQL_SPACE)
                buf_format(&got, "%c[%.*s]%s", letters[token.kind], (int)token.len, token.text,
                           token.unterminated ? "!" : "");
        }
        assert_string_equal(buf_str(&got), scans[i].tokens);
        assert_int_equal(total, strlen(scans[i].sql));
        buf_finish(&got);
    }
}

static const struct {
    const char *sql;
    struct sql_facts facts;
} facts[] = {
    { "", { 0, false, false, false } },
    { " -- x\n ; ; /* y */", { 0, false, false, false } },
    { "SELECT 1", { 1, false, false, false } },
    { "SELECT 1; ; SELECT 2;", { 2, false, false, false } },
    { "SELECT ';' -- ;\n, $$;$$, \";\"", { 1, false, false, false } },
    { "CREATE INDEX Concurrently i ON t (c)", { 1, true, false, false } },
    { "SELECT 'concurrently', \"CONCURRENTLY\" -- concurrently", { 1, false, false, false } },
    { "DO $$ CREATE INDEX CONCURRENTLY $$", { 1, false, false, false } },
    { "SELECT concurrently_done, last_vacuum", { 1, false, false, false } },
    { "/* x */ vacuum t", { 1, false, true, false } },
    { "SELECT vacuum FROM t", { 1, false, false, false } },
    { "SELECT 1; VACUUM t", { 2, false, true, false } },
    { "begin; SELECT 1; commit", { 3, false, false, true } },
    { "ROLLBACK", { 1, false, false, true } },
    { "START /* x */ Transaction READ ONLY", { 1, false, false, true } },
    { "START SLAVE; transaction", { 2, false, false, false } },
    { "SELECT start, transaction", { 1, false, false, false } },
    { "SELECT begin FROM t", { 1, false, false, false } },
};

static void test_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        struct sql_facts got = sql_facts(facts[i].sql);
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
