# Sourced by the test of the checks of PostgreSQL: a pair of throwaway servers, and three roles to ask as.
kind=pg
# shellcheck source=tests/checks/lib.sh
. "$(dirname "$0")/lib.sh"

sockets=$work/sockets
background=

# ---- servers ----

find_tools() {
    PATH=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1):$PATH
    export PATH
    command -v initdb >/dev/null || fail "PostgreSQL is needed for this test"
}

# Servers refuse to run as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then
        runuser -u "$owner" -- "$@"
    else
        "$@"
    fi
}

start() {
    as_server pg_ctl -D "$work/$1" -l "$work/$1/log" -w -t 30 start >/dev/null || {
        cat "$work/$1/log" >&2
        fail "the $1 does not start"
    }
}

stop() {
    [ ! -f "$work/$1/postmaster.pid" ] || as_server pg_ctl -D "$work/$1" -m "$2" -w stop >/dev/null
}

# The replica asks for less of the log than the primary writes: that is the bad state of a check.
servers_up() {
    owner=$(id -un)
    [ "$owner" != root ] || owner=postgres
    mkdir -m 700 "$sockets" "$work/primary" "$work/replica" "$work/backup"
    [ "$(id -u)" != 0 ] || chown "$owner" "$sockets" "$work/primary" "$work/replica" "$work/backup"
    as_server initdb -D "$work/primary" -U postgres -A trust -k --no-sync --no-locale -E UTF8 --no-instructions >/dev/null
    cat >>"$work/primary/postgresql.conf" <<SETTINGS
listen_addresses = ''
unix_socket_directories = '$sockets'
port = 5432
fsync = off
shared_buffers = 16MB
dynamic_shared_memory_type = mmap
wal_level = logical
max_wal_senders = 8
max_replication_slots = 8
max_prepared_transactions = 5
archive_mode = on
archive_command = 'true'
autovacuum_naptime = 1h
wal_retrieve_retry_interval = 200ms
SETTINGS
    start primary
    sql "SELECT pg_create_physical_replication_slot('replica', true)" >/dev/null
    as_server pg_basebackup -h "$sockets" -U postgres -D "$work/replica" -R -S replica -c fast --no-sync
    printf '%s\n' 'port = 5433' 'wal_level = replica' 'cluster_name = replica' >>"$work/replica/postgresql.conf"
    start replica
}

finish() {
    status=$?
    trap - EXIT
    end_children $background
    stop replica immediate || status=1
    stop primary immediate || status=1
    rm -rf "$work"
    exit "$status"
}

# ---- saying and asking ----

port=5432
database=shop
options=

# on PORT DATABASE: where to ask and tell from here on.
on() {
    port=$1
    database=$2
}

connect() {
    PGOPTIONS="-c client_min_messages=error $options" psql -Xq -v ON_ERROR_STOP=1 -h "$sockets" "$@"
}

sql() {
    connect -At -p "$port" -U postgres -d "$database" -c "$1"
}

# sql_with SETTING SQL
sql_with() {
    options="-c $1"
    sql "$2"
    options=
}

# true_that SQL: whether the server says so.
true_that() {
    [ "$(sql "SELECT $1")" = t ]
}

# hold FD ROLE STATEMENTS: a session that idles after them, until let_go FD.
hold() {
    rm -f "$work/in$1" "$work/out$1"
    mkfifo "$work/in$1"
    PGAPPNAME=${application-holder} psql -XqAt -v ON_ERROR_STOP=1 -h "$sockets" -p "$port" -U "$2" -d "$database" \
        <"$work/in$1" >"$work/out$1" 2>&1 &
    eval "held$1=$!; exec $1>\"\$work/in$1\""
    background="$background $!"
    eval "printf '%s\n' \"\$3\" \"SELECT 'held';\" >&$1"
    within 20000 "a session of $2 holds" grep -q -e held -e ERROR "$work/out$1"
    ! grep ERROR "$work/out$1" >&2 || fail "the session of $2 cannot hold"
}

let_go() {
    eval "exec $1>&-; wait \$held$1" || true
    within 20000 "the session is gone" true_that "NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '${application-holder}')"
}

# in_background SQL: a session of app that is at work.
in_background() {
    # Not with the input of the session that holds: that one ends when nobody has it any more.
    PGAPPNAME=worker psql -Xq -h "$sockets" -p "$port" -U app -d "$database" -c "$1" >/dev/null 2>&1 8>&- &
    worker=$!
    background="$background $worker"
}

worker_ends() {
    wait "$worker" || true
    within 20000 "the worker is gone" true_that "NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'worker')"
}

# Asks as a superuser, as a role for monitoring, and as one with no rights at all, in sessions like the runner's.
ask() {
    asked=$((asked + 1))
    psql -XqAt -P null='(null)' -h "$sockets" -p "$port" -U postgres -d "$database" \
        -v check="$(cat "$checks/pg/$1.json")" -v given="${2-"{}"}" >"$work/answers" 2>"$work/errors" <<'QUERIES'
SELECT tester.resolved(:'check', :'given') AS query, tester.expected(:'check') AS expected \gset
\echo = expected :expected
SET default_transaction_read_only = on;
SET lock_timeout = '2s';
\echo = superuser
:query ;
SET SESSION AUTHORIZATION watcher;
\echo = watcher
:query ;
SET SESSION AUTHORIZATION stranger;
\echo = stranger
:query ;
\echo = end
QUERIES
    judge "$1"
    ! grep -q 'lock timeout' "$work/errors" || told "$* waits for a lock"
}

# What every file and its row in the table have to be.
files_are_sound() {
    for file in "$checks"/pg/*.json; do
        name=${file##*/}
        name=${name%.json}
        printf "SELECT tester.faults('%s', \$file\$%s\$file\$);\n" "$name" "$(cat "$file")"
        printf "SELECT '| ' || tester.row_begins('%s', \$file\$%s\$file\$);\n" "$name" "$(cat "$file")"
    done | connect -At -U postgres -d "$database" >"$work/files"
    ! grep -v '^| ' "$work/files" >&2 || fail "there are faults in the files"
    table_is_sound
}

# The statements that the instructions tell a person to type are planned as they stand, their params aside.
instructions_work() {
    for file in "$checks"/pg/*.json; do
        printf "SELECT 'EXPLAIN ' || s FROM tester.statements(\$file\$%s\$file\$) AS s WHERE s NOT LIKE 'SHOW%%' \\\\gexec\n" \
            "$(sed -e "s/\${schema}/public/g; s/\${table}/users/g; s/\${role}/app/g; s/\${column}/id/g" "$file")"
    done | connect -U postgres -d "$database" >/dev/null || fail "the instructions have SQL that does not work"
}
