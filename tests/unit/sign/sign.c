/*
 * Signing and judging with real keys, a real agent, and one that never answers.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/time.h"
#include "keys.h"
#include "sign/sign.h"

#define TEXT "{\"choice\":\"go\"}"

static void sign_with(const char *key, struct buf *signature)
{
    struct err err = ERR_INIT;

    buf_init(signature, SIGN_SIGNATURE_MAX);
    if (sign_bytes(key, SIGN_DECISION, TEXT, strlen(TEXT), signature, &err) < 0)
        fail_msg("%s", err.message);
}

static int judge(const char *name_space, const char *text, const char *signature, struct key_fingerprint *by,
                 struct err *err)
{
    return sign_judge(name_space, text, strlen(text), signature, by, err);
}

static void test_every_kind_of_key(void **state)
{
    static const char *const types[] = { "ed25519", "ecdsa", "rsa" };
    struct key_fingerprint by, of;
    struct err err = ERR_INIT;
    struct buf signature;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        keys_make(types[i], types[i], "");
        sign_with(types[i], &signature);
        assert_int_equal(judge(SIGN_DECISION, TEXT, buf_str(&signature), &by, &err), 0);
        assert_int_equal(sign_fingerprint(types[i], &of, &err), 0);
        assert_string_equal(by.text, of.text);
        assert_int_equal(strncmp(by.text, "SHA256:", 7), 0);
        buf_finish(&signature);
    }
}

/* Each byte of what was signed, and of the signature's text: another one does not hold, or says the same. */
static void test_altered(void **state)
{
    struct key_fingerprint by;
    struct err err = ERR_INIT;
    struct buf signature;
    char text[] = TEXT;
    char *begin;

    (void)state;
    keys_make("a", "ed25519", "");
    sign_with("a", &signature);
    for (size_t i = 0; i < strlen(TEXT); i++) {
        text[i] ^= 1;
        assert_int_equal(judge(SIGN_DECISION, text, buf_str(&signature), &by, &err), ERR_CORRUPT);
        text[i] ^= 1;
    }
    assert_int_equal(judge(SIGN_COMMIT, TEXT, buf_str(&signature), &by, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.message, "the signature does not hold"));
    begin = strchr(signature.data, '\n') + 1;
    for (size_t i = 0; begin[i] != '-'; i += 7) {
        char was = begin[i];

        begin[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(judge(SIGN_DECISION, TEXT, buf_str(&signature), &by, &err), ERR_CORRUPT);
        begin[i] = was;
    }
    assert_int_equal(judge(SIGN_DECISION, TEXT, "", &by, &err), ERR_CORRUPT);
    assert_int_equal(judge(SIGN_DECISION, TEXT, buf_str(&signature), &by, &err), 0);
    buf_finish(&signature);
}

static void refused(const char *key, int code, const char *why)
{
    struct err err = ERR_INIT;
    struct buf signature;

    buf_init(&signature, SIGN_SIGNATURE_MAX);
    assert_int_equal(sign_bytes(key, SIGN_DECISION, TEXT, strlen(TEXT), &signature, &err), code);
    if (!strstr(err.message, why))
        fail_msg("no \"%s\" in: %s", why, err.message);
    assert_int_equal(signature.len, 0);
    buf_finish(&signature);
}

static void test_keys_that_cannot(void **state)
{
    struct key_fingerprint of;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(setenv("SSH_AUTH_SOCK", "/nonexistent/agent", 1), 0);
    keys_make("locked", "ed25519", "a passphrase");
    keys_make("half", "ed25519", "");
    assert_int_equal(unlink("half"), 0);
    refused("nowhere", ERR_NOT_FOUND, "there is no key nowhere");
    refused("locked", ERR_REFUSED, "the key locked could not sign: ");
    refused("half.pub", ERR_REFUSED, "the key half.pub could not sign: ");
    assert_int_equal(sign_fingerprint("locked", &of, &err), 0);
    assert_int_equal(sign_fingerprint("/etc/passwd", &of, &err), ERR_INVALID);
    assert_int_equal(unsetenv("SSH_AUTH_SOCK"), 0);
}

/* ---- agents ---- */

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 5), 0);
    return fd;
}

/* An agent of OpenSSH in the foreground, which dies with this process. */
static pid_t start_agent(const char *path)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        execlp("ssh-agent", "ssh-agent", "-D", "-a", path, NULL);
        _exit(127);
    }
    for (int i = 0; i < 2000 && access(path, F_OK) != 0; i++)
        usleep(5000);
    assert_int_equal(access(path, F_OK), 0);
    return pid;
}

static void add_to_agent(const char *key)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        execlp("ssh-add", "ssh-add", "-q", key, NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_agent(void **state)
{
    struct key_fingerprint by;
    struct err err = ERR_INIT;
    struct buf signature;
    pid_t agent;

    (void)state;
    keys_make("a", "ed25519", "");
    agent = start_agent("agent");
    assert_int_equal(setenv("SSH_AUTH_SOCK", "agent", 1), 0);
    add_to_agent("a");
    assert_int_equal(unlink("a"), 0);
    sign_with("a.pub", &signature);
    assert_int_equal(judge(SIGN_DECISION, TEXT, buf_str(&signature), &by, &err), 0);
    buf_finish(&signature);
    assert_int_equal(kill(agent, SIGTERM), 0);
    assert_int_equal(waitpid(agent, NULL, 0), agent);
    refused("a.pub", ERR_REFUSED, "the key a.pub could not sign: ");
    assert_int_equal(unsetenv("SSH_AUTH_SOCK"), 0);
}

static void test_agent_that_hangs(void **state)
{
    int64_t begun_us = clock_now().boot_us, took_us;
    int fd;

    (void)state;
    keys_make("a", "ed25519", "");
    assert_int_equal(unlink("a"), 0);
    fd = listen_at("deaf");
    assert_int_equal(setenv("SSH_AUTH_SOCK", "deaf", 1), 0);
    refused("a.pub", ERR_TIMEOUT, "did not answer within 10 s");
    took_us = clock_now().boot_us - begun_us;
    assert_true(took_us >= SIGN_TIMEOUT_US && took_us < 6 * (int64_t)SIGN_TIMEOUT_US);
    assert_int_equal(unsetenv("SSH_AUTH_SOCK"), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_kind_of_key, keys_enter, keys_leave),
        cmocka_unit_test_setup_teardown(test_altered, keys_enter, keys_leave),
        cmocka_unit_test_setup_teardown(test_keys_that_cannot, keys_enter, keys_leave),
        cmocka_unit_test_setup_teardown(test_agent, keys_enter, keys_leave),
        cmocka_unit_test_setup_teardown(test_agent_that_hangs, keys_enter, keys_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
