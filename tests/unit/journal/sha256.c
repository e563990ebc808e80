#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "fixture.h"

/* FIPS 180-2, appendix B. */
static const struct {
    const char *bytes, *want;
} vectors[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        struct sha256 hash;
        sha256_of(vectors[i].bytes, strlen(vectors[i].bytes), &hash);
        assert_string_equal(hash.hex, vectors[i].want);
        fixture_put("file", vectors[i].bytes, strlen(vectors[i].bytes));
        assert_int_equal(sha256_of_file("file", &hash, NULL), 0);
        assert_string_equal(hash.hex, vectors[i].want);
    }
}

static void test_million(void **state)
{
    (void)state;
    struct sha256 hash;
    char *bytes = mem_alloc(1000 * 1000);
    memset(bytes, 'a', 1000 * 1000);
    fixture_put("file", bytes, 1000 * 1000);
    assert_int_equal(sha256_of_file("file", &hash, NULL), 0);
    assert_string_equal(hash.hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(bytes);
}

static void test_no_file(void **state)
{
    (void)state;
    struct sha256 hash;
    struct err err = ERR_INIT;
    assert_int_equal(sha256_of_file("missing", &hash, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "missing"));
    assert_int_equal(sha256_of_file(".", &hash, &err), ERR_IO);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(sha256_of_file("fifo", &hash, &err), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_vectors, fixture_enter, fixture_leave),
        cmocka_unit_test_setup_teardown(test_million, fixture_enter, fixture_leave),
        cmocka_unit_test_setup_teardown(test_no_file, fixture_enter, fixture_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
