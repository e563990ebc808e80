#include "base/dsn.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define SPACE " \t\r\n\f\v"

static const char refusal[] =
    "a password stands in it: use \"password_from\", or an option file (defaults-file)";

/* A key as it is written in MySQL's option files too, "ssl-mode" or "ssl_mode". */
struct dsn_key {
    const char *name;
    size_t offset; /* of a text */
};

struct raw {
    struct dsn_mysql place;
    const char *port, *ssl_mode;
};

static const struct dsn_key keys[] = {
    { "host", offsetof(struct raw, place.host) },
    { "port", offsetof(struct raw, port) },
    { "user", offsetof(struct raw, place.user) },
    { "dbname", offsetof(struct raw, place.dbname) },
    { "database", offsetof(struct raw, place.dbname) },
    { "unix_socket", offsetof(struct raw, place.unix_socket) },
    { "socket", offsetof(struct raw, place.unix_socket) },
    { "ssl_mode", offsetof(struct raw, ssl_mode) },
    { "ssl_ca", offsetof(struct raw, place.ssl_ca) },
    { "ssl_cert", offsetof(struct raw, place.ssl_cert) },
    { "ssl_key", offsetof(struct raw, place.ssl_key) },
    { "defaults_file", offsetof(struct raw, place.defaults_file) },
    { "defaults_group", offsetof(struct raw, place.defaults_group) },
};

static const struct {
    const char *word;
    enum dsn_tls tls;
} tls_words[] = {
    { "disabled", DSN_TLS_DISABLED },
    { "required", DSN_TLS_REQUIRED },
    { "verify_identity", DSN_TLS_VERIFIED },
};

static bool is_secret(const char *key)
{
    static const char *const secret[] = {
        "password", "passwd", "pwd", "pass", "password1", "ssl_passphrase"
    };
    for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
        if (strcmp(key, secret[i]) == 0)
            return true;
    }
    return false;
}

/* Lower case, with "_" for "-". */
static char *spelled(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_text_len(arena, text, len);
    for (char *at = copy; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + 32);
        else if (*at == '-')
            *at = '_';
    }
    return copy;
}

/* The value at `*at`, which is left behind it; NULL when its quote is not closed. */
static char *take_value(struct arena *arena, const char **at)
{
    const char *s = *at;
    char *value = arena_alloc(arena, strlen(s) + 1), *out = value;
    bool quoted = *s == '\'';
    for (s += quoted; *s != '\0'; s++) {
        if (quoted ? *s == '\'' : strchr(SPACE, *s) != NULL)
            break;
        if (*s == '\\' && s[1] != '\0')
            s++;
        *out++ = *s;
    }
    if (quoted && *s == '\0')
        return NULL;
    *at = s + quoted;
    return value;
}

static const struct dsn_key *find_key(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

static int take_pairs(struct arena *arena, const char *s, struct raw *raw, struct err *err)
{
    for (s += strspn(s, SPACE); *s != '\0'; s += strspn(s, SPACE)) {
        size_t len = strcspn(s, "=" SPACE);
        const char *name = spelled(arena, s, len);
        const struct dsn_key *key = find_key(name);
        const char **place = key != NULL ? (const char **)(void *)((char *)raw + key->offset) : NULL;
        if (is_secret(name))
            return err_set(err, ERR_INVALID, "%s", refusal);
        s += len;
        s += strspn(s, SPACE);
        if (len == 0 || *s != '=')
            return err_set(err, ERR_INVALID,
                           "not \"key=value ...\", as in \"host=db1 user=app dbname=shop\"");
        if (key == NULL)
            return err_set(err, ERR_INVALID,
                           "it has a key that is not known: host, port, user, dbname, unix_socket, ssl-mode, "
                           "ssl-ca, ssl-cert, ssl-key, defaults-file and defaults-group are");
        if (*place != NULL)
            return err_set(err, ERR_INVALID, "%s stands in it twice", key->name);
        s++;
        s += strspn(s, SPACE);
        *place = take_value(arena, &s);
        if (*place == NULL)
            return err_set(err, ERR_INVALID, "a quote in it is not closed");
        if (**place == '\0')
            return err_set(err, ERR_INVALID, "%s has no value", key->name);
    }
    return 0;
}

static bool stays_here(const struct dsn_mysql *place)
{
    const char *host = place->host;
    if (host == NULL) /* an option file may name a host */
        return place->unix_socket != NULL || (place->defaults_file == NULL && place->defaults_group == NULL);
    return strcasecmp(host, "localhost") == 0 || text_starts(host, "127.") || strcmp(host, "::1") == 0;
}

static int take_tls(struct arena *arena, struct raw *raw, struct err *err)
{
    struct dsn_mysql *place = &raw->place;
    const char *mode = raw->ssl_mode != NULL ? spelled(arena, raw->ssl_mode, strlen(raw->ssl_mode)) : NULL;
    place->tls = stays_here(place) ? DSN_TLS_DISABLED : DSN_TLS_REQUIRED;
    if (mode == NULL && (place->ssl_ca != NULL || place->ssl_cert != NULL || place->ssl_key != NULL))
        return err_set(err, ERR_INVALID, "ssl-ca, ssl-cert and ssl-key want an ssl-mode beside them");
    for (size_t i = 0; mode != NULL && i < ARRAY_LEN(tls_words); i++) {
        if (strcmp(mode, tls_words[i].word) != 0)
            continue;
        place->tls = tls_words[i].tls;
        mode = NULL;
    }
    if (mode != NULL)
        return err_set(
            err, ERR_INVALID,
            "ssl-mode is \"disabled\", \"required\" or \"verify-identity\": what is only preferred "
            "would promise nothing");
    if (place->tls == DSN_TLS_VERIFIED && (place->defaults_file != NULL || place->defaults_group != NULL))
        return err_set(err, ERR_INVALID,
                       "verify-identity cannot be promised beside an option file, which may take it back");
    if (place->unix_socket != NULL && place->host != NULL && strcasecmp(place->host, "localhost") != 0)
        return err_set(err, ERR_INVALID, "it names a host and a Unix socket: which is meant?");
    return 0;
}

int dsn_mysql_parse(struct arena *arena, const char *dsn, struct dsn_mysql *ret, struct err *err)
{
    struct raw raw = { 0 };
    int r = 0;
    if (strstr(dsn, "://") != NULL && strcspn(dsn, ":") < strcspn(dsn, "="))
        return err_set(err, ERR_INVALID,
                       "no URI, but \"key=value ...\", as in \"host=db1 user=app dbname=shop\"");
    r = take_pairs(arena, dsn, &raw, err);
    if (r == 0)
        r = take_tls(arena, &raw, err);
    if (r == 0 && raw.port != NULL) {
        char *end;
        long port = strtol(raw.port, &end, 10);
        if (*end != '\0' || port < 1 || port > 65535)
            return err_set(err, ERR_INVALID, "port is a number from 1 to 65535");
        raw.place.port = (int)port;
    }
    *ret = raw.place;
    return r;
}
