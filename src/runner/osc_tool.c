#include "osc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "driver/mysql.h"

/*
 * How each program is called, and what it writes. Of pt-online-schema-change 3 all of this was seen; of
 * gh-ost it is what its documentation says (doc/command-line-flags.md and doc/understanding-output.md of its
 * repository).
 */

/* ---- files ---- */

struct osc_files osc_files_of(struct arena *arena, const char *run_directory, const char *step)
{
    const char *directory = arena_format(arena, "%s/osc/%s", run_directory, step);

    return (struct osc_files){
        .directory = directory,
        .defaults = arena_format(arena, "%s/server.cnf", directory),
        .plugin = arena_format(arena, "%s/plugin.pm", directory),
        .pause = arena_format(arena, "%s/pause", directory),
        .panic = arena_format(arena, "%s/panic", directory),
        .socket = arena_format(arena, "%s/socket", directory),
    };
}

/* The program looks for its pause file between two chunks, and not before it swaps; while there is one it
 * sleeps for a minute at a time, of which an alarm leaves a second; and nobody tells it when it is alone. */
const char osc_plugin[] = "package pt_online_schema_change_plugin;\n"
                          "use strict;\n"
                          "use warnings;\n"
                          "my $file = $ENV{TMINUS_OSC_PAUSE};\n"
                          "my $runner = getppid();\n"
                          "$SIG{ALRM} = sub {\n"
                          "    if (getppid() != $runner && open(my $pause, '>>', $file)) { close($pause); }\n"
                          "    alarm(1);\n"
                          "};\n"
                          "alarm(1);\n"
                          "sub new { my ($class, %args) = @_; return bless { %args }, $class; }\n"
                          "sub before_swap_tables {\n"
                          "    my ($self) = @_;\n"
                          "    print \"Waiting to swap because $file exists\\n\" if -e $file;\n"
                          "    while (-e $file) {\n"
                          "        $self->{cxn}->dbh()->do(\"SELECT 'keepalive'\");\n"
                          "        sleep(1);\n"
                          "    }\n"
                          "}\n"
                          "1;\n";

/* A backslash means something in an option file, quotes or not. */
static void put_option(struct buf *buf, const char *name, const char *value)
{
    if (!value)
        return;
    buf_format(buf, "%s=\"", name);
    for (const char *at = value; *at; at++) {
        if (*at == '\\' || *at == '"')
            buf_char(buf, '\\');
        buf_char(buf, *at);
    }
    buf_text(buf, "\"\n");
}

/* A connection that is not as it is to be fails at its first statement: a list of two is no value. */
static void put_first_statements(struct buf *buf, const struct osc_names *names, const struct dsn_mysql *dsn,
                                 enum target_engine engine)
{
    const char *place = engine == ENGINE_MYSQL ? "performance_schema" : "information_schema";

    if (dsn->tls != DSN_TLS_DISABLED)
        buf_format(
            buf,
            "init-command=\"DO (SELECT 1 UNION ALL SELECT 2 FROM %s.session_status WHERE variable_name = "
            "'Ssl_cipher' AND variable_value = '')\"\n",
            place);
    buf_format(buf, "init-command=\"DO GET_LOCK(CONCAT('%s', CONNECTION_ID()), 0)\"\n", names->mark);
}

static void put_tls(struct buf *buf, const struct dsn_mysql *dsn)
{
    static const char *const modes[] = { [DSN_TLS_DISABLED] = "DISABLED",
                                         [DSN_TLS_REQUIRED] = "REQUIRED",
                                         [DSN_TLS_VERIFIED] = "VERIFY_IDENTITY" };

    /* Each client library knows one of these two, and passes over the other. */
    buf_format(buf, "ssl-mode=%s\n", modes[dsn->tls]);
    if (dsn->tls != DSN_TLS_DISABLED)
        buf_text(buf, "ssl-enforce=1\n");
    if (dsn->tls == DSN_TLS_VERIFIED)
        buf_text(buf, "ssl-verify-server-cert=1\n");
    put_option(buf, "ssl-ca", dsn->ssl_ca);
    put_option(buf, "ssl-cert", dsn->ssl_cert);
    put_option(buf, "ssl-key", dsn->ssl_key);
}

void osc_defaults(struct buf *buf, const struct osc_def *def, const struct osc_names *names,
                  const struct dsn_mysql *dsn, const char *password, enum target_engine engine)
{
    buf_text(buf, "[client]\n");
    put_option(buf, "user", dsn->user);
    put_option(buf, "password", password);
    if (def->tool == OSC_GHOST)
        return; /* it reads nothing else from there */
    put_option(buf, "host", dsn->host);
    put_option(buf, "socket", dsn->unix_socket);
    if (dsn->port > 0)
        buf_format(buf, "port=%d\n", dsn->port);
    put_tls(buf, dsn);
    put_first_statements(buf, names, dsn, engine);
}

/* ---- arguments ---- */

struct arguments {
    struct arena *arena;
    const char **list;
    size_t count;
};

static void put_argument(struct arguments *a, const char *name, const char *value)
{
    a->list[a->count++] = value ? arena_format(a->arena, "%s%s", name, value) : name;
}

static int64_t whole_seconds(int64_t us)
{
    return (us + SECOND_US - 1) / SECOND_US;
}

/* In a DSN of the program a comma ends a value. */
static const char *dsn_value(struct arena *arena, const char *text)
{
    const char *value = "";

    for (; *text; text++)
        value = arena_format(arena, "%s%s%c", value, *text == ',' ? "\\" : "", *text);
    return value;
}

static bool is_among(const struct osc_def *def, const char *option)
{
    for (size_t i = 0; i < def->option_count; i++) {
        if (text_starts(def->options[i], option))
            return true;
    }
    return false;
}

static void put_percona(struct arguments *a, const struct step *work, const struct osc_names *names,
                        const struct osc_files *files)
{
    put_argument(a, "--config", NULL); /* its own files could say something else */
    put_argument(a, "/dev/null", NULL);
    put_argument(a, "--execute", NULL);
    put_argument(a, "--no-version-check", NULL); /* it would tell somebody which servers there are */
    put_argument(a, "--no-drop-old-table", NULL);
    put_argument(a, "--progress=time,2", NULL);
    put_argument(a, "--pause-file=", files->pause);
    put_argument(a, "--plugin=", files->plugin);
    put_argument(a, "--new-table-name=", names->made[0]);
    put_argument(
        a,
        arena_format(a->arena, "--set-vars=lock_wait_timeout=%" PRId64, whole_seconds(work->lock_timeout_us)),
        NULL);
    if (!is_among(work->osc, "--recursion-method"))
        put_argument(a, "--recursion-method=none", NULL); /* lag is for our own monitors to see */
    put_argument(a, "--alter=", work->osc->alter);
    put_argument(a,
                 arena_format(a->arena, "F=%s,D=%s,t=%s", dsn_value(a->arena, files->defaults), names->schema,
                              names->table),
                 NULL);
}

static void put_ghost(struct arguments *a, const struct step *work, const struct osc_names *names,
                      const struct dsn_mysql *dsn, const struct osc_files *files)
{
    const char *made = names->made[0]; /* "_" and "_gho" around what it is told */

    put_argument(a, "--execute", NULL);
    put_argument(a, "--allow-on-master", NULL);
    put_argument(a, "--conf=", files->defaults);
    put_argument(a, "--host=", dsn->host ? dsn->host : "127.0.0.1");
    put_argument(a, "--port=", arena_format(a->arena, "%d", dsn->port > 0 ? dsn->port : 3306));
    put_argument(a, "--database=", names->schema);
    put_argument(a, "--table=", names->table);
    put_argument(a, "--alter=", work->osc->alter);
    put_argument(a,
                 "--force-table-names=", arena_text_len(a->arena, made + 1, strlen(made) - strlen("__gho")));
    put_argument(a, "--throttle-flag-file=", files->pause);
    put_argument(a, "--panic-flag-file=", files->panic);
    put_argument(a, "--serve-socket-file=", files->socket);
    put_argument(a, "--cut-over-lock-timeout-seconds=",
                 arena_format(a->arena, "%" PRId64, whole_seconds(work->lock_timeout_us)));
    if (dsn->tls == DSN_TLS_DISABLED)
        return;
    put_argument(a, "--ssl", NULL);
    if (dsn->tls == DSN_TLS_REQUIRED)
        put_argument(a, "--ssl-allow-insecure", NULL);
    if (dsn->ssl_ca)
        put_argument(a, "--ssl-ca=", dsn->ssl_ca);
    if (dsn->ssl_cert)
        put_argument(a, "--ssl-cert=", dsn->ssl_cert);
    if (dsn->ssl_key)
        put_argument(a, "--ssl-key=", dsn->ssl_key);
}

#define OWN_MAX 24

const char *const *osc_arguments(struct arena *arena, const struct step *work, const struct osc_names *names,
                                 const struct dsn_mysql *dsn, const struct osc_files *files,
                                 size_t *ret_count)
{
    const struct osc_def *def = work->osc;
    struct arguments a = { .arena = arena,
                           .list = arena_array(arena, OWN_MAX + def->option_count, sizeof(*a.list)) };

    put_argument(&a, osc_tool_word(def->tool), NULL);
    if (def->tool == OSC_PERCONA)
        put_percona(&a, work, names, files);
    else
        put_ghost(&a, work, names, dsn, files);
    for (size_t i = 0; i < def->option_count; i++)
        put_argument(&a, def->options[i], NULL);
    *ret_count = a.count;
    return a.list;
}

/* ---- what it writes ---- */

/* "02:10", "01:02:10", "3+01:02:10". */
static int64_t clock_us(const char *text)
{
    int64_t days = 0, seconds = 0;
    char *end;
    long part = strtol(text, &end, 10);

    if (*end == '+') {
        days = part;
        part = strtol(end + 1, &end, 10);
    }
    for (seconds = part; *end == ':'; seconds = seconds * 60 + part)
        part = strtol(end + 1, &end, 10);
    return (days * 86400 + seconds) * SECOND_US;
}

/* "Copying `shop`.`users`:  34% 00:30 remain" */
static bool read_percona(const char *line, struct progress *ret)
{
    const char *at = text_starts(line, "Copying `") ? strstr(line, "`: ") : NULL;
    char *end;
    long percent;

    if (!at)
        return false;
    percent = strtol(at + strlen("`: "), &end, 10);
    if (!text_starts(end, "% ") || percent < 0 || percent > 100 || !strstr(end, " remain"))
        return false;
    *ret = (struct progress){ .rows = percent, .total = 100, .left_us = clock_us(end + strlen("% ")) };
    return true;
}

/* "Copy: 460/1000 46.0%; Applied: 0; Backlog: 0/100; Time: 22s(total), 22s(copy); ...; ETA: 1m12s" */
static int64_t eta_us(const char *line)
{
    const char *at = strstr(line, "; ETA: ");
    int64_t seconds = 0;
    char *end;

    at = at ? at + strlen("; ETA: ") : "";
    if (*at < '0' || *at > '9')
        return -1; /* "N/A", "due" */
    for (; *at >= '0' && *at <= '9'; at = *end ? end + 1 : end) {
        long part = strtol(at, &end, 10);

        seconds += part * (*end == 'h' ? 3600 : *end == 'm' ? 60 : 1);
    }
    return seconds * SECOND_US;
}

static bool read_ghost(const char *line, struct progress *ret)
{
    const char *at = text_starts(line, "Copy: ") ? line + strlen("Copy: ") : NULL;
    long long rows, total;
    char *end;

    if (!at)
        return false;
    rows = strtoll(at, &end, 10);
    total = *end == '/' ? strtoll(end + 1, &end, 10) : -1;
    if (rows < 0 || total < 0 || *end != ' ')
        return false;
    *ret = (struct progress){ .rows = rows, .total = total, .left_us = eta_us(line) };
    return true;
}

bool osc_line_read(enum osc_tool tool, const char *line, struct progress *ret)
{
    return tool == OSC_PERCONA ? read_percona(line, ret) : read_ghost(line, ret);
}

/* ---- what it cannot do ---- */

const char *osc_objection(struct arena *arena, const struct osc_def *def, const struct osc_state *state)
{
    const char *tool = osc_tool_word(def->tool);
    bool ghost = def->tool == OSC_GHOST;

    if (!state->is_table)
        return "there is no such table";
    if (!state->has_key)
        return "the table has no primary or unique key without NULLs, along which it could be copied";
    if (state->triggers && !is_among(def, ghost ? "--include-triggers" : "--preserve-triggers"))
        return arena_format(
            arena, "the table has triggers (%s): %s needs to be told by an option what to do with them",
            state->triggers, tool);
    if (state->children &&
        !is_among(def, ghost ? "--skip-foreign-key-checks" : "--alter-foreign-keys-method="))
        return arena_format(
            arena,
            "foreign keys point at the table (of %s): %s needs to be told by an option what to do "
            "with them",
            state->children, tool);
    if (ghost && state->parents && !is_among(def, "--discard-foreign-keys"))
        return arena_format(arena, "the table has foreign keys (%s), which %s does not keep", state->parents,
                            tool);
    return NULL;
}
