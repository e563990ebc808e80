/*
 * Where a MySQL or MariaDB server is, as "key=value ..." with quotes as libpq has them ('it''s' is written
 * 'it\'s'). Both of their client libraries take what is named here; neither has a connection string of its
 * own. A password never stands in one.
 */
#ifndef BASE_DSN_H
#define BASE_DSN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

enum dsn_tls {
    DSN_TLS_DISABLED,
    DSN_TLS_REQUIRED, /* encrypted, with whoever answers */
    DSN_TLS_VERIFIED, /* and its certificate is of that name, by an authority in ssl-ca or the system's */
};

/* What is not said is NULL, 0, or as described. */
struct dsn_mysql {
    const char *host, *user, *dbname, *unix_socket;
    int port;
    enum dsn_tls tls; /* not said: REQUIRED, but DISABLED where the bytes do not leave the machine: over a
                         Unix socket, or to a loopback address */
    const char *ssl_ca, *ssl_cert, *ssl_key;
    const char *defaults_file, *defaults_group; /* an option file, where a password may stand, and a group of
                                                   it beside [client] */
};

/* ERR_INVALID, in one sentence that repeats no value: a password, an unknown key, a value that cannot be. The
 * texts are in the arena. */
int dsn_mysql_parse(struct arena *arena, const char *dsn, struct dsn_mysql *ret, struct err *err) MUST_CHECK;

#endif
