#include "driver/mysql_connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/dsn.h"
#include "base/mem.h"
#include "driver/mysql_answer.h"

void my_place_finish(struct my_place *place)
{
    free(place->dsn);
    free(place->password);
    free(place->application_name);
    free(place->own_pin);
    *place = (struct my_place){ 0 };
}

int my_version_number(const char *text)
{
    int number = 0;
    for (int i = 0; i < 3; i++) {
        char *end;
        long part = strtol(text, &end, 10);
        if (end == text || part < 0 || part > (i == 0 ? 1000 : 99))
            return 0;
        number = number * 100 + (int)part;
        text = *end == '.' ? end + 1 : end;
    }
    return number;
}

static void set_flag(MYSQL *mysql, enum mysql_option option, bool on)
{
    (void)mysql_options(mysql, option, &on); /* my_bool or bool: a byte in both libraries */
}

/* The one thing for which the libraries have no name in common. A connection that is not as it was to be is
 * refused after it was made, whatever the library made of this. */
static void set_tls(MYSQL *mysql, const struct dsn_mysql *at)
{
#ifdef MARIADB_PACKAGE_VERSION
    set_flag(mysql, MYSQL_OPT_SSL_ENFORCE, at->tls != DSN_TLS_DISABLED);
    set_flag(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, at->tls == DSN_TLS_VERIFIED);
#else
    static const unsigned modes[] = {
        [DSN_TLS_DISABLED] = SSL_MODE_DISABLED,
        [DSN_TLS_REQUIRED] = SSL_MODE_REQUIRED,
        [DSN_TLS_VERIFIED] = SSL_MODE_VERIFY_IDENTITY,
    };
    (void)mysql_options(mysql, MYSQL_OPT_SSL_MODE, &modes[at->tls]);
#endif
    if (at->ssl_ca != NULL)
        (void)mysql_options(mysql, MYSQL_OPT_SSL_CA, at->ssl_ca);
    if (at->ssl_cert != NULL)
        (void)mysql_options(mysql, MYSQL_OPT_SSL_CERT, at->ssl_cert);
    if (at->ssl_key != NULL)
        (void)mysql_options(mysql, MYSQL_OPT_SSL_KEY, at->ssl_key);
}

static void set_options(MYSQL *mysql, const struct my_place *place, const struct dsn_mysql *at)
{
    unsigned seconds = (unsigned)((place->timeout_us + SECOND_US - 1) / SECOND_US), infile = 0;
    if (at->defaults_file != NULL)
        (void)mysql_options(mysql, MYSQL_READ_DEFAULT_FILE, at->defaults_file);
    if (at->defaults_group != NULL)
        (void)mysql_options(mysql, MYSQL_READ_DEFAULT_GROUP, at->defaults_group);
    (void)mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    (void)mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &infile);
    (void)mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    (void)mysql_options4(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", place->application_name);
    set_tls(mysql, at);
}

/* ---- files of the client's are none of a server's business ---- */

static int infile_begin(void **handle, const char *name, void *data)
{
    (void)name;
    *handle = data;
    return 1;
}

static int infile_read(void *handle, char *bytes, unsigned len)
{
    (void)handle;
    (void)bytes;
    (void)len;
    return -1;
}

static void infile_end(void *handle)
{
    (void)handle;
}

static int infile_error(void *handle, char *message, unsigned len)
{
    static const char text[] = "LOAD DATA LOCAL is refused";
    (void)handle;
    if (len > 0) {
        size_t n = sizeof(text) - 1 < len - 1 ? sizeof(text) - 1 : len - 1;
        memcpy(message, text, n);
        message[n] = '\0';
    }
    return 2068; /* CR_LOAD_DATA_LOCAL_INFILE_REJECTED */
}

/* ---- once it is there ---- */

/* A network that swallows everything is noticed after 25 s instead of two hours. Of a Unix socket these are
 * refused, which is as well. */
static void keep_alive(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        { SOL_SOCKET, SO_KEEPALIVE, 1 },          { IPPROTO_TCP, TCP_KEEPIDLE, 10 },
        { IPPROTO_TCP, TCP_KEEPINTVL, 5 },        { IPPROTO_TCP, TCP_KEEPCNT, 3 },
        { IPPROTO_TCP, TCP_USER_TIMEOUT, 25000 },
    };
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(options[i].value));
}

/* An option file is read while connecting, after what was set here: so what must not be is undone now. */
static int insist(MYSQL *mysql, const struct dsn_mysql *at, struct failure *failure)
{
    set_flag(mysql, MYSQL_OPT_RECONNECT, false);
    mysql_set_local_infile_handler(mysql, infile_begin, infile_read, infile_end, infile_error, NULL);
    if (at->tls != DSN_TLS_DISABLED && mysql_get_ssl_cipher(mysql) == NULL) {
        my_failure_set(failure, 0, "the connection is not encrypted: ssl-mode=disabled would take it so");
        return -1;
    }
    if (mysql_set_server_option(mysql, MYSQL_OPTION_MULTI_STATEMENTS_OFF) != 0) {
        my_failure_set(failure, mysql_errno(mysql), mysql_error(mysql));
        return -1;
    }
    return 0;
}

/* Texts are read, and times and strings said, in the same way on every server; what MySQL 8 says of the size
 * of a table is of now, and so are the rows of MariaDB's tables that keep their past; and an answer has all
 * its rows, also where somebody has set how many a SELECT gives: nothing in an answer tells that the server
 * has cut it. */
static int pin(MYSQL *mysql, const struct my_place *place, struct failure *failure)
{
    static const char *const pins[] = {
        "SET NAMES utf8mb4",
        "SET SESSION autocommit = 1, /*!80003 information_schema_stats_expiry = 0, */ "
        "/*M!100304 system_versioning_asof = DEFAULT, */ time_zone = '+00:00', "
        "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,"
        "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', "
        "sql_select_limit = 18446744073709551615",
        NULL,
    };
    for (size_t i = 0; pins[i] != NULL; i++) {
        if (my_answer_simple(mysql, pins[i], NULL, 0, failure) < 0)
            return -1;
    }
    for (size_t i = 0; place->pins != NULL && place->pins[i] != NULL; i++) {
        if (my_answer_simple(mysql, place->pins[i], NULL, 0, failure) < 0)
            return -1;
    }
    return place->own_pin != NULL ? my_answer_simple(mysql, place->own_pin, NULL, 0, failure) : 0;
}

static int ask_what_it_is(MYSQL *mysql, struct my_server *ret, struct failure *failure)
{
    char id[64], version[64];
    if (my_answer_simple(mysql, "SELECT CONNECTION_ID()", id, sizeof(id), failure) < 0 ||
        my_answer_simple(mysql, "SELECT VERSION()", version, sizeof(version), failure) < 0 ||
        my_answer_simple(mysql, "SELECT CONCAT_WS(' ', @@hostname, @@port, @@server_id, @@datadir)",
                         ret->identity, sizeof(ret->identity), failure) < 0)
        return -1;
    ret->id = strtoll(id, NULL, 10);
    ret->version = my_version_number(version);
    ret->mariadb = strstr(version, "MariaDB") != NULL;
    if (ret->id > 0 && ret->version > 0)
        return 0;
    my_failure_set(failure, 0, "the server does not say which version it is, or which connection this is");
    return -1;
}

/* The library's part. */
static int enter(MYSQL *mysql, const struct my_place *place, const struct dsn_mysql *at,
                 struct failure *failure)
{
    if (at->defaults_file != NULL && access(at->defaults_file, R_OK) != 0) {
        my_failure_set(failure, 0, "the option file that defaults-file names cannot be read");
        return -1;
    }
    set_options(mysql, place, at);
    if (mysql_real_connect(mysql, at->host, at->user, place->password, at->dbname, (unsigned)at->port,
                           at->unix_socket, CLIENT_MULTI_RESULTS) != NULL)
        return 0;
    my_failure_set(failure, mysql_errno(mysql), mysql_error(mysql));
    return -1;
}

int my_connect(MYSQL *mysql, const struct my_place *place, void (*made)(void *data, int fd), void *data,
               struct my_server *ret, struct failure *failure)
{
    struct arena *arena = arena_create();
    struct dsn_mysql at;
    struct err err = ERR_INIT;
    int r = dsn_mysql_parse(arena, place->dsn, &at, &err);
    if (r < 0)
        my_failure_set(failure, 0, err.message);
    else
        r = enter(mysql, place, &at, failure);
    if (r == 0) {
        keep_alive((int)mysql->net.fd);
        made(data, (int)mysql->net.fd);
        r = insist(mysql, &at, failure);
    }
    if (r == 0)
        r = pin(mysql, place, failure);
    if (r == 0)
        r = ask_what_it_is(mysql, ret, failure);
    arena_destroy(arena);
    return r;
}
