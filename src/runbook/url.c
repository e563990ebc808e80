#include "url.h"

#include <string.h>

#include "base/text.h"
#include "param.h"

static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

/* ---- parts ---- */

const char *url_authority(const char *url, size_t *ret_len)
{
    size_t scheme = text_starts(url, "http://")    ? strlen("http://")
                    : text_starts(url, "https://") ? strlen("https://")
                                                   : 0;
    if (scheme == 0)
        return NULL;
    *ret_len = strcspn(url + scheme, "/?#");
    return url + scheme;
}

bool url_has_path(const char *url)
{
    size_t len;
    const char *authority = url_authority(url, &len);
    return authority && authority[len] != '\0';
}

void url_encode(struct buf *out, const char *value)
{
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (strchr(unreserved, *c))
            buf_char(out, (char)*c);
        else
            buf_format(out, "%%%02X", *c);
    }
}

bool url_turns(const char *url)
{
    size_t len;
    const char *at = url_authority(url, &len);
    for (at = at ? at + len : NULL; at && *at == '/'; at += len) {
        at++;
        len = strcspn(at, "/?#");
        if ((len == 1 || len == 2) && strspn(at, ".") >= len)
            return true;
    }
    return false;
}

void url_shown(struct buf *out, const char *url)
{
    size_t len = 0;
    const char *authority = url_authority(url, &len);
    buf_add(out, url, authority ? (size_t)(authority - url) + len : 0);
    if (authority && authority[len] != '\0' && !text_equal(authority + len, "/"))
        buf_text(out, "/...");
}

/* ---- params ---- */

/* What is refused when it is asked (http_url_check of the driver) is better known before anything runs. */
static void check(struct loader *l, const struct json *where, const char *url)
{
    size_t len;
    const char *authority = url_authority(url, &len);
    if (!authority) {
        load_fault(l, where, "a URL begins with http:// or https://");
        return;
    }
    if (len == 0)
        load_fault(l, where, "this URL names no server");
    else if (memchr(authority, '@', len))
        load_fault(l, where, "a URL holds no user and no password: everybody could read them here");
    if (url_turns(url))
        load_fault(l, where, "the path of a URL has no \".\" and no \"..\": write where it leads");
    for (const char *c = url; *c; c++) {
        if (*c > ' ' && *c <= '~' && *c != '\\')
            continue;
        load_fault(l, where,
                   "a URL holds no space, no backslash and only ASCII: write such bytes as \"%%20\"");
        return;
    }
}

/* The whole of scheme and server, or none of it: half of it in a param could become another server. */
static void put_base(struct loader *l, const struct json *where, const char *name, const char *value,
                     const char *after, struct buf *out)
{
    size_t len = 0;
    if (!url_authority(value, &len) || len == 0)
        load_fault(l, where,
                   "${%s} begins this URL: its value is http:// or https:// and a server, as in "
                   "https://shop.example:8443",
                   name);
    else if (*after && !strchr("/?#", *after))
        load_fault(l, where, "behind ${%s}, the server of this URL, comes its path: a \"/\"", name);
    else
        buf_text(out, value);
}

void url_put_param(struct loader *l, const struct json *where, const char *name, const char *value,
                   const char *after, struct buf *out)
{
    const struct param *param = param_find(l, name);
    if (param && param->stands_in &&
        !url_has_path(buf_str(out))) /* which server it is is told on the night */
        buf_format(out, "%s%s", out->len == 0 ? "http://" : "", value);
    else if (out->len == 0)
        put_base(l, where, name, value, after, out);
    else if (!url_has_path(buf_str(out)) && value[strspn(value, unreserved)] != '\0')
        load_fault(l, where,
                   "${%s} is a part of a server's name, and its value is not only letters, digits, \"-\", "
                   "\".\", \"_\" and \"~\": let a param hold all of it, as in https://shop.example:8443",
                   name);
    else
        url_encode(out, value);
}

const char *resolve_url(struct loader *l, const struct json *where, const char *text)
{
    size_t faults = l->faults->count + l->faults->more;
    const char *url = resolve(l, where, text, LAND_URL);
    if (url && l->faults->count + l->faults->more == faults) /* else it is not what was meant */
        check(l, where, url);
    return url;
}
