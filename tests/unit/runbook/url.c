/* Values in URLs: a param and what a step answered say what is asked for, and only a whole base in a param
 * says who is asked. And what is shown of a webhook's URL. */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define PARAM "`default`:`it's`"
#define URL   "`url`:`http://shop.test/${made}`"

/* The book of kinds with another value of the param "word", and another URL of the step "answers". */
static void load_with(struct load *load, const char *word, const char *url)
{
    char param[256], member[256];
    (void)snprintf(param, sizeof(param), "`default`:`%s`", word);
    (void)snprintf(member, sizeof(member), "`url`:`%s`", url);
    char *with_word = replaced(kinds_book, PARAM, param);
    char *text = replaced(with_word, URL, member);
    load_init(load, text, &kinds_options);
    free(with_word);
    free(text);
}

static const char *url_of(const struct load *load)
{
    return step_of(load->book, "answers")->query.http->url;
}

static void test_params(void **state)
{
    static const struct {
        const char *word, *url, *want;
    } rows[] = {
        { "a", "http://shop.test/${word}", "http://shop.test/a" },
        { "../admin?x#y", "http://shop.test/a/${word}", "http://shop.test/a/..%2Fadmin%3Fx%23y" },
        { "a&b=c d+e%", "http://shop.test/?q=${word}&r=1", "http://shop.test/?q=a%26b%3Dc%20d%2Be%25&r=1" },
        { "AZaz09-._~", "http://shop.test?${word}", "http://shop.test?AZaz09-._~" },
        { "ü@:", "http://shop.test/${word}", "http://shop.test/%C3%BC%40%3A" },
        { "https://shop.test:8443", "${word}/up", "https://shop.test:8443/up" },
        { "https://shop.test:8443/a%20b?c=d", "${word}", "https://shop.test:8443/a%20b?c=d" },
        { "https://[::1]:80", "${word}?a=b", "https://[::1]:80?a=b" },
        { "https://a", "${word}/x?to=${word}", "https://a/x?to=https%3A%2F%2Fa" },
        { "db-1.test", "http://${word}:80/up", "http://db-1.test:80/up" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct load load;
        load_with(&load, rows[i].word, rows[i].url);
        assert_string_equal(buf_str(&load.faults), "");
        assert_string_equal(url_of(&load), rows[i].want);
        load_finish(&load);
    }
}

/* Where the values come on the night, what nobody gave is not told as a value that is wrong. */
static void test_not_given(void **state)
{
    static const struct {
        const char *url, *want;
    } rows[] = {
        { "${word}/up", "http://<word>/up" },
        { "http://${word}:80/up", "http://<word>:80/up" },
        { "http://shop.test/${word}", "http://shop.test/%3Cword%3E" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct book_options options = kinds_options;
        struct load load;
        char member[256];
        options.unbound = true;
        (void)snprintf(member, sizeof(member), "`url`:`%s`", rows[i].url);
        char *without = replaced(kinds_book, "," PARAM, "");
        char *text = replaced(without, URL, member);
        load_init(&load, text, &options);
        assert_string_equal(buf_str(&load.faults), "");
        assert_string_equal(url_of(&load), rows[i].want);
        load_finish(&load);
        free(without);
        free(text);
    }
}

#define NO_BASE                                                                                              \
    "42:47: ${word} begins this URL: its value is http:// or https:// and a server, as in "                  \
    "https://shop.example:8443"
#define NO_SERVER                                                                                            \
    "42:47: ${word} is a part of a server's name, and its value is not only letters, digits, \"-\", "        \
    "\".\", \"_\" and \"~\": let a param hold all of it, as in https://shop.example:8443"
#define BEHIND   "42:47: behind ${word}, the server of this URL, comes its path: a \"/\""
#define NO_TURNS "42:47: the path of a URL has no \".\" and no \"..\": write where it leads"
#define NO_USER  "42:47: a URL holds no user and no password: everybody could read them here"

#define NO_LATER                                                                                             \
    "42:47: ${made} is known only later and stands before the path of this URL: such a value does not "      \
    "choose which server is asked"

static void test_refused(void **state)
{
    static const struct {
        const char *word, *url, *faults;
    } rows[] = {
        { "it's", "${made}", NO_LATER },
        { "it's", "${made}/x", NO_LATER },
        { "it's", "http${made}://shop.test/x", NO_LATER },
        { "it's", "http://${made}", NO_LATER },
        { "it's", "http://shop.test${made}/x", NO_LATER },
        { "it's", "http://shop.test:${made}/x", NO_LATER },
        { "https://a", "${word}${made}", BEHIND "\n" NO_LATER },
        { "ftp://a", "${word}/x", NO_BASE },
        { "https:///a", "${word}/x", NO_BASE },
        { "https", "${word}://a/x", NO_BASE },
        { "https://a", "${word}:80/x", BEHIND },
        { "https://a", "${word}.test/x", BEHIND },
        { "https://ann:open@a", "${word}/x", NO_USER },
        { "https://a b", "${word}/x",
          "42:47: a URL holds no space, no backslash and only ASCII: write such bytes as \"%20\"" },
        { "a/b", "http://${word}/x", NO_SERVER },
        { "ann@b", "http://${word}/x", NO_SERVER },
        { "80:81", "http://a:${word}/x", NO_SERVER },
        { "..", "http://a/${word}/x", NO_TURNS },
        { ".", "http://a/x/${word}", NO_TURNS },
        { "a", "http://a/../${word}", NO_TURNS },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct load load;
        load_with(&load, rows[i].word, rows[i].url);
        assert_null(load.book);
        if (strcmp(buf_str(&load.faults), rows[i].faults) != 0)
            fail_msg("%s: %s", rows[i].url, buf_str(&load.faults));
        load_finish(&load);
    }
}

static const char *made(void *data, const struct later_value *later)
{
    (void)later;
    return data;
}

static void test_filled(void **state)
{
    static const struct {
        const char *url, *made, *want; /* NULL: refused */
    } rows[] = {
        { "http://a/${made}", "0/16B3748", "http://a/0%2F16B3748" },
        { "http://a/${made}/x", "a b", "http://a/a%20b/x" },
        { "http://a/${made}", "\n\r\"\\%2e", "http://a/%0A%0D%22%5C%252e" },
        { "http://a/x?q=${made}&r=${made}", "1&r=2", "http://a/x?q=1%26r%3D2&r=1%26r%3D2" },
        { "http://a?${made}", "//b", "http://a?%2F%2Fb" },
        { "http://a/x?q=/${made}", "..", "http://a/x?q=/.." },
        { "http://a/...${made}", "", "http://a/..." },
        { "http://a/${made}", "..", NULL },
        { "http://a/x/${made}/y", ".", NULL },
        { "http://a/.${made}", ".", NULL },
        { "http://a/${made}${made}?x", ".", NULL },
    };
    struct load load;
    (void)state;
    load_init(&load, kinds_book, &kinds_options);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = ERR_INIT;
        const char *got = NULL;
        char value[32];
        (void)snprintf(value, sizeof(value), "%s", rows[i].made);
        int r = book_fill(load.book, load.arena, book_find_step(load.book, "answers"), rows[i].url,
                          FILL_IN_URL, made, value, &got, &err);
        assert_int_equal(r, rows[i].want ? 0 : ERR_INVALID);
        if (rows[i].want)
            assert_string_equal(got, rows[i].want);
        else
            assert_non_null(strstr(err.message, "leads elsewhere"));
    }
    load_finish(&load);
}

/* A path or a query is often all that it takes to write there. */
static void test_shown(void **state)
{
    static const struct {
        const char *url, *want;
    } rows[] = {
        { "https://chat.test/hooks/T0/s3cret", "https://chat.test/..." },
        { "https://chat.test:8443/?token=s3cret", "https://chat.test:8443/..." },
        { "https://chat.test?token=s3cret", "https://chat.test/..." },
        { "https://chat.test#s3cret", "https://chat.test/..." },
        { "https://chat.test/", "https://chat.test" },
        { "https://chat.test", "https://chat.test" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char url[128], want[128];
        struct load load;
        struct buf text;
        (void)snprintf(url, sizeof(url), "`url`:`%s`", rows[i].url);
        char *book = replaced(kinds_book, "`url`:`https://chat.test/x`", url);
        load_init(&load, book, &kinds_options);
        assert_string_equal(buf_str(&load.faults), "");
        buf_init(&text, 4096);
        const struct step *step = step_of(load.book, "post");
        step_text(&text, step, load.book);
        (void)snprintf(want, sizeof(want), "to chat: so far\nby POST %s", rows[i].want);
        assert_string_equal(buf_str(&text), want);
        assert_string_equal(step->notice->url, rows[i].url); /* that is where it goes all the same */
        buf_finish(&text);
        load_finish(&load);
        free(book);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_params), cmocka_unit_test(test_not_given), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_filled), cmocka_unit_test(test_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
