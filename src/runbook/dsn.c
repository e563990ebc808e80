#include "dsn.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/dsn.h"
#include "base/text.h"

#define KEY_MAX 64

static const char refusal[] =
    "a password stands in it: use a service file, a password file or \"password_from\"";

/* sslpassword opens the client's key; scram keys are as good as the password. */
static bool is_secret_key(const char *key)
{
    static const char *const secret[] = { "password", "sslpassword", "scram_client_key", "scram_server_key" };
    for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
        if (strcmp(key, secret[i]) == 0)
            return true;
    }
    return false;
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* ---- URIs ---- */

/* libpq decodes %xx in the names of parameters too. Cut at KEY_MAX: no secret key is that long. */
static void decode_key(const char *text, size_t len, char ret_key[KEY_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < len && n < KEY_MAX - 1; i++) {
        bool coded = text[i] == '%' && i + 2 < len && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
        ret_key[n++] = coded ? (char)(hex(text[i + 1]) * 16 + hex(text[i + 2])) : text[i];
        i += coded ? 2 : 0;
    }
    ret_key[n] = '\0';
}

static int check_uri(const char *rest, struct err *err)
{
    size_t authority = strcspn(rest, "/?");
    const char *at = memchr(rest, '@', authority);
    if (at && memchr(rest, ':', (size_t)(at - rest)))
        return err_set(err, ERR_INVALID, "%s", refusal);
    const char *query = strchr(rest, '?');
    while (query) {
        char key[KEY_MAX];
        query++;
        decode_key(query, strcspn(query, "=&"), key);
        if (is_secret_key(key))
            return err_set(err, ERR_INVALID, "%s", refusal);
        query = strchr(query, '&');
    }
    return 0;
}

/* ---- key = value ---- */

static const char *skip_space(const char *s)
{
    return s + strspn(s, " \t\r\n\f\v");
}

/* Behind the value at `s`; NULL when its quote is not closed. */
static const char *skip_value(const char *s)
{
    bool quoted = *s == '\'';
    for (s += quoted; *s; s++) {
        if (*s == '\\' && s[1])
            s++;
        else if (quoted && *s == '\'')
            return s + 1;
        else if (!quoted && strchr(" \t\r\n\f\v", *s))
            return s;
    }
    return quoted ? NULL : s;
}

static int check_pairs(const char *s, struct err *err)
{
    for (s = skip_space(s); *s; s = skip_space(s)) {
        char key[KEY_MAX];
        size_t len = strcspn(s, "= \t\r\n\f\v");
        decode_key(s, len < KEY_MAX ? len : 0, key);
        if (is_secret_key(key))
            return err_set(err, ERR_INVALID, "%s", refusal);
        s = skip_space(s + len);
        if (len == 0 || *s != '=')
            return err_set(err, ERR_INVALID, "not \"key=value ...\" and no postgresql:// URI");
        s = skip_value(skip_space(s + 1));
        if (!s)
            return err_set(err, ERR_INVALID, "a quote in it is not closed");
    }
    return 0;
}

int dsn_check(const char *dsn, struct err *err)
{
    static const char *const schemes[] = { "postgresql://", "postgres://" };
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (text_starts(dsn, schemes[i]))
            return check_uri(dsn + strlen(schemes[i]), err);
    }
    return check_pairs(dsn, err);
}

int dsn_check_mysql(const char *dsn, struct err *err)
{
    struct arena *arena = arena_create();
    struct dsn_mysql place;
    int r = dsn_mysql_parse(arena, dsn, &place, err);
    arena_destroy(arena);
    return r;
}
