/*
 * HTTPS: a server whose certificate nobody has signed is not spoken to. The server is a thread with blocking
 * sockets, so that what it sees is what OpenSSL sees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/time.h"
#include "driver/http.h"
#include "support/pg_pair.h"

struct server {
    int listener, port;
    SSL_CTX *ctx;
    pthread_t thread;
    bool asked; /* somebody came and began to speak TLS */
    int got;    /* bytes of a request */
};

/* For 127.0.0.1, from now on for an hour, signed with its own key. */
static void use_certificate(SSL_CTX *ctx)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *certificate = X509_new();
    assert_true(key != NULL && certificate != NULL);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    X509_NAME *name = X509_get_subject_name(certificate);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"127.0.0.1", -1, -1, 0),
        1);
    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(ctx, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void *serve(void *data)
{
    struct server *server = data;
    char bytes[1000];
    int socket = accept(server->listener, NULL, NULL);
    SSL *ssl = SSL_new(server->ctx);
    if (socket >= 0 && ssl != NULL && SSL_set_fd(ssl, socket) == 1) {
        /* The client may say no after the server's last word of the handshake, so only reading tells. */
        int got = SSL_accept(ssl) == 1 ? SSL_read(ssl, bytes, sizeof(bytes)) : 0;
        server->asked = SSL_get_current_cipher(ssl) != NULL;
        server->got = got > 0 ? got : 0;
    }
    SSL_free(ssl);
    (void)close(socket);
    return NULL;
}

static void server_start(struct server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    *server = (struct server){ .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    assert_int_equal(bind(server->listener, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->listener, 1), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    server->ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(server->ctx);
    use_certificate(server->ctx);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    SSL_CTX_free(server->ctx);
    (void)close(server->listener);
}

struct told {
    int count;
    bool answered, sent;
    char why[300];
};

static void on_answered(void *data, const struct http_answer *answer)
{
    struct told *told = data;
    told->count++;
    told->answered = answer->answered;
    told->sent = answer->sent;
    snprintf(told->why, sizeof(told->why), "%s", answer->why != NULL ? answer->why : "");
}

static bool is_told(void *data)
{
    return ((struct told *)data)->count > 0;
}

static void test_a_certificate_of_nobody(void **state)
{
    struct server server;
    struct told told = { 0 };
    struct http_client *client;
    struct err err = ERR_INIT;
    uv_loop_t loop;
    char url[60];
    (void)state;
    server_start(&server);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(http_client_create(&loop, &client, &err), 0);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/hunter22", server.port);
    const struct http_request request = {
        .url = url, .method = "POST", .body = "secret", .timeout_us = 15 * SECOND_US
    };
    assert_int_equal(http_ask(client, &request, on_answered, &told, &err), 0);
    assert_true(run_until(&loop, is_told, &told, 20000));
    server_stop(&server);
    assert_string_equal(
        told.why, "the certificate of the server is not trusted, is out of date, or is for another name");
    assert_false(told.answered);
    assert_false(told.sent);
    assert_true(server.asked);
    assert_int_equal(server.got, 0);
    http_client_destroy(client);
    run_out(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_certificate_of_nobody),
    };
    (void)setenv("no_proxy", "*", 1); /* what the surroundings say is not for a server on the loopback */
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
