/* Both forms of a document: what is in it arrives, and nothing in it means anything to a reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "report/document.h"

static struct buf out;

static int setup(void **state)
{
    (void)state;
    buf_init(&out, 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_finish(&out);
    return 0;
}

static void has(const char *text)
{
    if (strstr(buf_str(&out), text) == NULL)
        fail_msg("no %s in\n%s", text, buf_str(&out));
}

static void has_not(const char *text)
{
    if (strstr(buf_str(&out), text) != NULL)
        fail_msg("%s in\n%s", text, buf_str(&out));
}

/* The same text wherever a text can stand. */
static void write_everywhere(enum document_form form, const char *text)
{
    struct document *document = document_create(form, text);
    const char *const head[] = { text, text };
    document_heading(document, 1, text);
    document_paragraph(document, text);
    document_item(document, text, text);
    document_code(document, "sql", text);
    document_table(document, head, 2);
    document_row(document, (const struct cell[]){ { text, LOOK_PLAIN }, { text, LOOK_CODE } });
    document_row(document, (const struct cell[]){ { text, LOOK_HIGH }, { NULL, LOOK_CODE } });
    document_figure(document, "", text);
    document_finish(document, &out);
    assert_false(out.overflow);
}

static void test_html_escapes(void **state)
{
    (void)state;
    write_everywhere(DOCUMENT_HTML, "<script>\"'&\x1b\xe2\x80\xae</script>\nb");
    has_not("<script>");
    has_not("\x1b");
    has_not("\xe2\x80\xae");
    has("<title>&lt;script&gt;&quot;&#39;&amp;^[&lt;U+202E&gt;&lt;/script&gt;");
    has("<p>&lt;script&gt;&quot;&#39;&amp;^[&lt;U+202E&gt;&lt;/script&gt;</p>\n<p>b</p>");
    has("&lt;/script&gt;<br>b</code></td>");
}

static void test_html_whole(void **state)
{
    (void)state;
    write_everywhere(DOCUMENT_HTML, "a");
    has("<nav>\n<a class=\"level1\" href=\"#s1\">1 a</a>\n</nav>");
    has("<h2 id=\"s1\"><span class=\"number\">1</span> a</h2>\n<p>a</p>\n<ul>\n<li><b>a:</b> a</li>\n</ul>\n"
        "<pre class=\"sql\"><code>a</code></pre>\n<div "
        "class=\"table\"><table>\n<thead><tr><th>a</th><th>a</th></tr></thead>"
        "\n<tbody>\n<tr><td>a</td><td><code>a</code></td></tr>\n<tr><td><span "
        "class=\"high\">a</span></td><td></td></tr>\n"
        "</tbody></table></div>\n<figure></figure>\n");
    has_not("http"); /* it asks nobody for anything */
    has_not("src=");
}

static void test_markdown_escapes(void **state)
{
    (void)state;
    write_everywhere(DOCUMENT_MARKDOWN, "<b>|*x* [a](http://b) `c` &amp;\n# d");
    has("# &lt;b\\>\\|\\*x\\* \\[a\\](http://b) \\`c\\` &amp;amp;<br>\\# d\n\n");
    has("&lt;b\\>\\|\\*x\\* \\[a\\](http://b) \\`c\\` &amp;amp;\n\n\\# d\n\n"); /* two paragraphs */
    has("| ``<b>\\|*x* [a](http://b) `c` &amp;``<br>`# d` |\n");
    has("```sql\n<b>|*x* [a](http://b) `c` &amp;\n# d\n```\n");
    has_not("\n# d\n\n");
}

static void test_markdown_lines(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "- a", "\\- a\n\n" },     { "+ a", "\\+ a\n\n" },     { "1. a", "1\\. a\n\n" },
        { "12) a", "12\\) a\n\n" }, { "=== ", "\\=== \n\n" },   { "> a", "\\> a\n\n" },
        { "    a", "a\n\n" },       { "1.5 a", "1\\.5 a\n\n" }, { "~~~", "\\~\\~\\~\n\n" },
        { "a - b", "a - b\n\n" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct document *document = document_create(DOCUMENT_MARKDOWN, "t");
        document_paragraph(document, cases[i].text);
        buf_clear(&out);
        document_finish(document, &out);
        assert_string_equal(buf_str(&out) + strlen("# t\n\n"), cases[i].want);
    }
}

/* A fence is longer than any in what it holds. */
static void test_markdown_fence(void **state)
{
    struct document *document = document_create(DOCUMENT_MARKDOWN, "t");
    (void)state;
    document_code(document, "sh", "a\n````\nb\n");
    document_finish(document, &out);
    has("`````sh\na\n````\nb\n`````\n\n");
}

static void test_numbers(void **state)
{
    static const int levels[] = { 1, 2, 3, 3, 2, 3, 1, 2 };
    struct document *document = document_create(DOCUMENT_MARKDOWN, "t");
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(levels); i++)
        document_heading(document, levels[i], "h");
    document_finish(document, &out);
    assert_string_equal(
        buf_str(&out),
        "# t\n\n## 1 h\n\n### 1.1 h\n\n#### 1.1.1 h\n\n#### 1.1.2 h\n\n### 1.2 h\n\n#### 1.2.1 h\n\n"
        "## 2 h\n\n### 2.1 h\n\n");
}

/* One table after another is two. */
static void test_tables(void **state)
{
    static const char *const head[] = { "a" };
    struct document *document = document_create(DOCUMENT_MARKDOWN, "t");
    (void)state;
    for (int i = 0; i < 2; i++) {
        document_table(document, head, 1);
        document_row(document, (const struct cell[]){ { "b", LOOK_PLAIN } });
    }
    document_finish(document, &out);
    assert_string_equal(buf_str(&out), "# t\n\n| a |\n| --- |\n| b |\n\n| a |\n| --- |\n| b |\n\n");
}

/* What can begin nothing is left as it is read: a limit is no entity. A table without a head has no empty
 * row. */
static void test_alone(void **state)
{
    static const char *const none[] = { "", "" };
    (void)state;
    for (int form = 0; form < DOCUMENT_FORM_COUNT; form++) {
        struct document *document = document_create((enum document_form)form, "t");
        document_paragraph(document, "a < 1 & b <= 2, <b>&amp;<");
        document_table(document, none, 2);
        document_row(document, (const struct cell[]){ { "x", LOOK_PLAIN }, { "y", LOOK_PLAIN } });
        buf_clear(&out);
        document_finish(document, &out);
        if (form == DOCUMENT_MARKDOWN)
            has("a < 1 & b <= 2, &lt;b\\>&amp;amp;&lt;\n");
        else
            has_not("<thead>");
    }
}

/* What is folded up is all there; Markdown knows no fold. */
static void test_fold(void **state)
{
    static const char *const head[] = { "a" };
    (void)state;
    for (int form = 0; form < DOCUMENT_FORM_COUNT; form++) {
        struct document *document = document_create((enum document_form)form, "t");
        document_fold(document, "<2> rows");
        document_table(document, head, 1);
        document_row(document, (const struct cell[]){ { "b", LOOK_PLAIN } });
        document_fold_end(document);
        document_paragraph(document, "c");
        document_finish(document, &out);
    }
    has("# t\n\n| a |\n| --- |\n| b |\n\nc\n\n");
    has("<label for=\"fold");
    has("\">&lt;2&gt; rows</label>\n<div class=\"folded\">\n<div class=\"table\"><table>");
    has("</table></div>\n</div>\n<p>c</p>\n");
    /* Closed <details> stay closed on paper, whatever a style sheet says. */
    has_not("<details");
    has("@media screen{.fold:not(:checked)+label+.folded{display:none}}");
}

/* What did not fit is never left out in silence. */
static void test_too_long(void **state)
{
    enum { LEN = 8 * 1024 * 1024 };
    struct document *document = document_create(DOCUMENT_HTML, "t");
    char *text = mem_alloc(LEN + 1);
    struct buf whole;
    (void)state;
    memset(text, 'a', LEN);
    for (int i = 0; i < 6; i++)
        document_figure(document, text, text);
    buf_init(&whole, (size_t)16 * LEN);
    document_finish(document, &whole);
    assert_int_equal(buf_ok(&whole, "the document", NULL), ERR_LIMIT);
    buf_finish(&whole);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_html_escapes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_html_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_markdown_escapes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_markdown_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_markdown_fence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fold, setup, teardown),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
