/*
 * Policies as people write them, wrong in one place each, and the memory of the newest one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "keys.h"
#include "sign/policy.h"

/* In what follows ` stands for ", A and B for two keys. */
static const char whole[] = "{`tminus_policy`:1,`version`:3,\n"
                            "`people`:[{`name`:`dana`,`roles`:[`operator`,`dba`],`keys`:[`A dana@home`]},\n"
                            "{`name`:`jo`,`roles`:[`reviewer`],`keys`:[`B`]}],\n"
                            "`break_glass`:[`dana`],\n"
                            "`witness`:{`remote`:`/srv/trails.git`,`required`:true}}";

struct fixture {
    struct arena *arena;
    const char *a, *b;
};

static int enter(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    if (keys_enter(NULL) < 0)
        return -1;
    f->arena = arena_create();
    keys_make("a", "ed25519", "");
    keys_make("b", "ecdsa", "");
    f->a = keys_public(f->arena, "a");
    f->b = keys_public(f->arena, "b");
    *state = f;
    return 0;
}

static int leave(void **state)
{
    struct fixture *f = *state;

    arena_destroy(f->arena);
    free(f);
    return keys_leave(NULL);
}

static int read_text(struct fixture *f, const char *text, const struct policy **ret, struct err *err)
{
    struct buf buf;
    int r;

    buf_init(&buf, POLICY_MAX_BYTES);
    for (; *text; text++) {
        if (*text == '`')
            buf_char(&buf, '"');
        else if (*text == 'A' || *text == 'B')
            buf_text(&buf, *text == 'A' ? f->a : f->b);
        else
            buf_char(&buf, *text);
    }
    r = policy_read(f->arena, "p.json", buf_str(&buf), buf.len, ret, err);
    buf_finish(&buf);
    return r;
}

static void test_whole(void **state)
{
    struct fixture *f = *state;
    const struct policy *policy = NULL;
    const struct policy_person *dana, *jo;
    struct key_fingerprint of;
    struct err err = ERR_INIT;

    if (read_text(f, whole, &policy, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(policy->version, 3);
    assert_string_equal(policy->witness, "/srv/trails.git");
    assert_true(policy->witness_required);
    assert_int_equal(sign_fingerprint("a", &of, &err), 0);
    dana = policy_person_of(policy, of.text);
    assert_int_equal(sign_fingerprint("b.pub", &of, &err), 0);
    jo = policy_person_of(policy, of.text);
    assert_true(dana && jo && dana != jo);
    assert_ptr_equal(policy_person_named(policy, "jo"), jo);
    assert_true(dana->break_glass && !jo->break_glass);
    assert_true(policy_may(dana, "dba") && policy_may(jo, "reviewer"));
    assert_false(policy_may(jo, "operator"));
    assert_null(policy_person_of(policy, "SHA256:nobody"));
    assert_null(policy_person_named(policy, "mallory"));
}

static const struct {
    const char *find, *replacement, *fault;
} refusals[] = {
    { "`version`:3", "`version`:0", "p.json:1:" },
    { "`version`:3,", "", "policy lacks the field \"version\"" },
    { "`people`", "`persons`", "unknown field \"persons\"" },
    { "[`reviewer`]", "[]", "p.json:3:" },
    { "[`B`]", "[]", "p.json:3:" },
    { "`B`", "`nonsense`", "p.json:3:43: a key is the line of its .pub file" },
    { "`B`", "`ssh-ed25519 ZZZZ`", "p.json:3:43: one of the keys up to here is none" },
    { "`B`", "`cert-authority B`", "p.json:3:43: a key is the line" },
    { "`B`", "`A`", "p.json:3:43: this key was there already" },
    { "`jo`", "`dana`", "p.json:3:1: this name was there already" },
    { "`jo`", "`tminus`", "p.json:3:1: a name has" },
    { "`jo`", "`j<o`", "p.json:3:1: a name has" },
    { "[`dana`]", "[`mallory`]", "p.json:4:16: \"break_glass\" names people" },
    { "`required`:true", "`required`:1", "p.json:5:" },
    { "3,", "3", "p.json:2:1" },
};

static void test_refused(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct policy *policy = NULL;
        const char *at = strstr(whole, refusals[i].find);
        struct err err = ERR_INIT;
        const char *text;

        assert_non_null(at);
        text = arena_format(f->arena, "%.*s%s%s", (int)(at - whole), whole, refusals[i].replacement,
                            at + strlen(refusals[i].find));
        assert_int_equal(read_text(f, text, &policy, &err), ERR_INVALID);
        assert_null(policy);
        if (!strstr(err.message, refusals[i].fault))
            fail_msg("case %zu: no \"%s\" in: %s", i, refusals[i].fault, err.message);
    }
}

static void test_pin(void **state)
{
    static const struct {
        int64_t version;
        const char *sha256;
        int code;
        const char *why;
    } cases[] = {
        { 3, "aaa", 0, "" },
        { 3, "aaa", 0, "" },
        { 3, "bbb", ERR_REFUSED, "a change needs a new version" },
        { 2, "ccc", ERR_REFUSED, "is version 2, and this machine has seen 3" },
        { 5, "ddd", 0, "" },
        { 3, "aaa", ERR_REFUSED, "is version 3, and this machine has seen 5" },
    };
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy policy = { .version = cases[i].version };

        assert_int_equal(policy_pin("pin", &policy, cases[i].sha256, &err), cases[i].code);
        if (cases[i].code != 0)
            assert_non_null(strstr(err.message, cases[i].why));
    }
    assert_int_equal(file_write("pin", "{", 1, 0600, &err), 0);
    assert_int_equal(policy_pin("pin", &(struct policy){ .version = 9 }, "eee", &err), ERR_CORRUPT);
}

/* Where it is looked for, in this order. */
static void test_find(void **state)
{
    struct fixture *f = *state;
    struct err err = ERR_INIT;
    char here[512];

    assert_non_null(getcwd(here, sizeof(here)));
    assert_string_equal(policy_find(f->arena, "given.json"), "given.json");
    assert_int_equal(setenv("XDG_CONFIG_HOME", here, 1), 0);
    assert_int_equal(dir_make("tminus", 0700, &err), 0);
    assert_int_equal(file_write("tminus/policy.json", "x", 1, 0600, &err), 0);
    assert_string_equal(policy_find(f->arena, NULL), arena_format(f->arena, "%s/tminus/policy.json", here));
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, enter, leave),
        cmocka_unit_test_setup_teardown(test_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_pin, enter, leave),
        cmocka_unit_test_setup_teardown(test_find, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
