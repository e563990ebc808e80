# What the scenarios share in which the table of a shop's users changes its shape while old and new code write to it: the
# table, the application with its flags and its ledger, and what is judged. Sourced after lib.sh.

mkdir "$work/flags" "$work/workers"
: >"$work/ledger.1"
: >"$work/ledger.2"

# Values that a copy by text, by = or by a client that normalises would not bring over, one a row: \N, quotes, CR/LF, a
# zero-width joiner, é in one and in two code points, the ends of what a timestamp holds, numbers that jsonb keeps as
# they are written.
# make_users COLUMNS NAMES VALUES [STATEMENT]: with COLUMNS behind the table's core, of which NAMES get VALUES of row n.
make_users() {
    sql "DROP TABLE orders; DROP TABLE users; CREATE ROLE shop_owner"
    sql "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), logins integer NOT NULL DEFAULT 0, $1)"
    sql "ALTER TABLE users OWNER TO shop_owner; GRANT SELECT, INSERT, UPDATE, DELETE ON users TO app; GRANT USAGE ON SEQUENCE users_id_seq TO app"
    sql "CREATE UNIQUE INDEX users_email_key ON users (email)"
    sql "CREATE FUNCTION odd(n int) RETURNS text LANGUAGE sql IMMUTABLE AS \$f\$ SELECT (ARRAY[NULL, '', '\\N', 'O''Brien \"q\"', E'a\\r\\nb', U&'a\\200Db', '👩‍👩‍👧', U&'caf\\00E9', U&'cafe\\0301', U&'\\+10FFFD', 'plain', repeat('long ', 1000)])[1 + n % 12] \$f\$"
    sql "CREATE FUNCTION odd_time(n int) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS \$f\$ SELECT (ARRAY[NULL, 'infinity', '-infinity', '0044-03-15 BC', '294276-12-31 23:59:59.999999+00', '2026-03-29 02:30:00+01', '2026-11-21 12:00:00.000001+00'])[1 + n % 7]::timestamptz \$f\$"
    sql "CREATE FUNCTION odd_json(n int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS \$f\$ SELECT (ARRAY['{}', '{\"a\": 1.0}', '{\"a\": 1}', '{\"big\": 1e400}', '{\"t\": \"caf\\u00e9\"}', 'null', '[]'])[1 + n % 7]::jsonb \$f\$"
    sql "INSERT INTO users (email, $2) SELECT 'user' || n || '@example.com', $3 FROM generate_series(1, ${rows-4000}) n"
    [ -z "${4-}" ] || sql "$4"
    sql "DROP FUNCTION odd(int); DROP FUNCTION odd_time(int); DROP FUNCTION odd_json(int)"
    sql "VACUUM ANALYZE users"
    untouched >"$work/untouched"
    schema >"$work/before"
}

# What split-users.json takes apart.
make_users_to_split() {
    make_users "display_name text, bio text, avatar_url text, birth_date date, last_seen timestamptz,
        locale varchar(16) NOT NULL DEFAULT 'en', timezone text NOT NULL DEFAULT 'UTC', theme text NOT NULL DEFAULT 'light',
        newsletter boolean NOT NULL DEFAULT false, settings jsonb NOT NULL DEFAULT '{}'" \
        "display_name, bio, avatar_url, birth_date, last_seen, locale, settings" \
        "odd(n), odd(n + 5), odd(n + 7), (ARRAY[NULL, '0044-03-15 BC', 'infinity', '2000-02-29'])[1 + n % 4]::date, odd_time(n), left(coalesce(odd(n + 3), 'en'), 16), odd_json(n)"
}

# What status-to-status-v2.json works on, and every status as it was, in the table kept.
make_users_with_status() {
    make_users "bio text, settings jsonb NOT NULL DEFAULT '{}', status varchar(20) DEFAULT 'active'" \
        "bio, settings, status" \
        "odd(n), odd_json(n), (ARRAY['active', 'ACTIVE', ' active', 'inactive', 'Inactive ', 'disabled', 'banned', 'Suspended', NULL, '', 'pending', '???'])[1 + n % 12]" \
        "CREATE INDEX users_status_idx ON users (status); CREATE TABLE kept AS SELECT id, status FROM users"
}

# A page that tells the latency of the application, its URL in $metrics.
tell_latency() {
    mkdir "$work/web"
    echo '200 {"p95_ms": 4}' >"$work/web/latency"
    python3 "$here/web.py" "$work/web" 0 &
    background="${background-} $!"
    within 30000 "the application tells its latency" test -s "$work/web/port"
    metrics=http://127.0.0.1:$(cat "$work/web/port")/latency
}

# Rows up to here are written to, by application.py; the others have to stay as they are.
touched=400

# ---- the application ----

# A program as the book wants it: the flag's name and its percentage; it ends when every worker goes by it.
cat >"$work/set_flag" <<END
#!/bin/sh
set -eu
echo "\$2" >"$work/flags/\$1.next"
mv "$work/flags/\$1.next" "$work/flags/\$1"
for worker in "$work"/workers/*; do
    while [ -e "\$worker" ] && [ "\$(cat "\$worker/\$1" 2>/dev/null)" != "\$2" ]; do
        sleep 0.02
    done
done
echo "every worker has acknowledged \$1 = \$2"
END
chmod +x "$work/set_flag"

app() {
    psql -XqAt -v ON_ERROR_STOP=1 -h "$sockets" -p 5432 -U app -d shop "$@"
}

# start_application KIND: application.py says what it does.
start_application() {
    : >"$work/writing"
    : >"$work/errors"
    : >"$work/stale"
    python3 "$here/application.py" "$work" "$sockets" "$1" &
    background="${background-} $!"
    writes_go_on 10
}

stop_application() {
    rm -f "$work/writing"
    gone() {
        [ -z "$(ls "$work/workers")" ]
    }
    within 20000 "the application ends" gone
}

written() {
    cat "$work"/ledger.* | wc -l
}

# So many more writes are acknowledged.
writes_go_on() {
    want=$(($(written) + $1))
    enough() {
        [ "$(written)" -ge "$want" ]
    }
    within 30000 "the application writes" enough
}

# judge QUERY: it answers "ID VALUE" for each row, and NAME in the place of ID for a row that came; every row has what was
# acknowledged last, who left is gone, and nobody met an error or read something old.
judge() {
    : >"$work/pause"
    rests() {
        for worker in "$work"/workers/*; do
            [ ! -e "$worker" ] || [ -e "$worker/paused" ] || return 1
        done
    }
    within 20000 "the application rests" rests
    cat "$work"/ledger.* | awk '{ id = $1; sub(/^[^ ]+ /, ""); last[id] = $0 } END { for (id in last) print id " " last[id] }' |
        LC_ALL=C sort >"$work/last"
    grep -v ' left$' "$work/last" >"$work/expected"
    sql "$1" | LC_ALL=C sort >"$work/found"
    rm "$work/pause"
    lost=$(LC_ALL=C comm -23 "$work/expected" "$work/found")
    [ -z "$lost" ] || fail "lost: $lost"
    back=$(sed -n 's/ left$/ /p' "$work/last" | grep -F -f - "$work/found") || true
    [ -z "$back" ] || fail "who left is back: $back"
    [ ! -s "$work/errors" ] || fail "the application met errors: $(head -n 5 "$work/errors")"
    [ ! -s "$work/stale" ] || fail "somebody read what was old: $(head -n 5 "$work/stale")"
}

untouched() {
    sql "SELECT md5(string_agg(u::text, '|' ORDER BY id)) FROM users u WHERE id > $touched AND email LIKE 'user%'"
}

untouched_as_before() {
    [ "$(untouched)" = "$(cat "$work/untouched")" ] || fail "rows that nobody wrote to are others now"
}

# ---- the run ----

# sees_nothing MONITOR: it answers that there is nothing to know.
sees_nothing() {
    within 20000 "monitor $1 sees nothing" logged "monitor $1 sees nothing: the query answered NULL"
}
