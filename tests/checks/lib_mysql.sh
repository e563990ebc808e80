# Sourced by the test of the checks of MySQL and MariaDB: a throwaway MariaDB and a replica of it, and three accounts to
# ask as.
kind=mysql
# shellcheck source=tests/checks/lib.sh
. "$(dirname "$0")/lib.sh"

background=
servers=

# ---- servers ----

# The package has it where only root's path looks.
find_tools() {
    PATH=$PATH:/usr/sbin:/usr/local/sbin
    for tool in mariadbd mariadb-install-db mariadb; do
        command -v "$tool" >/dev/null || fail "MariaDB is needed for this test: there is no $tool"
    done
}

# Servers refuse to run as root.
become() {
    if [ "$(id -u)" = 0 ]; then
        echo setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups
    fi
}

# start NAME OPTIONS...: a server on a socket of that name.
start() {
    name=$1
    shift
    # Nobody counts rows in the background: that is a transaction, and one that is looked for here.
    # A directory of its own for what is temporary: a server that starts elsewhere would clear a common one.
    mkdir "$work/$name.tmp"
    [ "$(id -u)" != 0 ] || chown "$owner" "$work/$name.tmp"
    # shellcheck disable=SC2046
    $(become) mariadbd --no-defaults --datadir="$work/$name.data" --tmpdir="$work/$name.tmp" --socket="$work/$name" --pid-file="$work/$name.pid" \
        --innodb-buffer-pool-size=16M --innodb-log-file-size=8M --innodb-flush-method=nosync \
        --skip-innodb-doublewrite --debug-no-sync --skip-sync-frm --log-bin=log --character-set-server=utf8mb4 \
        --innodb-stats-auto-recalc=OFF \
        "$@" >"$work/$name.log" 2>&1 8>&- &
    servers="$servers $!"
}

answers() {
    mariadb --no-defaults --socket="$work/$1" --user=root --execute='SELECT 1' >/dev/null 2>&1
}

# A replica comes over TCP: a port at which nobody listens.
find_port() {
    port=$((20000 + $$ % 12000))
    while grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$port") " /proc/net/tcp /proc/net/tcp6; do
        port=$((port + 1))
    done
}

# The second is a copy of the first as it was before it ran.
servers_up() {
    owner=$(id -un)
    [ "$owner" != root ] || owner=tminus-lab
    mkdir -m 700 "$work/primary.data"
    [ "$(id -u)" != 0 ] || chown "$owner" "$work" "$work/primary.data"
    # shellcheck disable=SC2046
    $(become) mariadb-install-db --no-defaults --datadir="$work/primary.data" --tmpdir="$work" \
        --auth-root-authentication-method=normal --skip-test-db >"$work/install.log" 2>&1 || {
        cat "$work/install.log" >&2
        fail "the server's directory cannot be made"
    }
    cp -a "$work/primary.data" "$work/replica.data"
    # MariaDB 10.11 has no collation of MySQL 8.0: here is one of that name.
    mkdir "$work/charsets"
    cp /usr/share/mysql/charsets/* "$work/charsets"
    sed -i 's|</charsets>|<charset name="utf8mb4"><collation name="utf8mb4_0900_ai_ci" id="2000"><rules><reset>a</reset><p>b</p></rules></collation></charset>&|' \
        "$work/charsets/Index.xml"
    find_port
    start primary --character-sets-dir="$work/charsets" --bind-address=127.0.0.1 --port="$port" --server-id=1 --event-scheduler=ON --sync-binlog=1 --sql-mode=STRICT_TRANS_TABLES,NO_ZERO_DATE
    start replica --skip-networking --skip-log-bin --server-id=2 --read-only --slave-parallel-threads=2
    within 30000 "the servers answer" both_answer
}

both_answer() {
    answers primary && answers replica
}

finish() {
    status=$?
    trap - EXIT
    end_children $background $servers
    for pid in $servers; do
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
    exit "$status"
}

# ---- saying and asking ----

server=primary

# on SERVER: where to ask and tell from here on.
on() {
    server=$1
}

# connect ACCOUNT OPTIONS...
connect() {
    account=$1
    shift
    mariadb --no-defaults --socket="$work/$server" --user="$account" --skip-column-names --batch --raw "$@"
}

sql() {
    connect root --execute="$1"
}

# true_that SQL: whether the server says so.
true_that() {
    [ "$(sql "SELECT $1")" = 1 ]
}

# hold FD ACCOUNT STATEMENTS: a session that idles after them, until let_go FD.
hold() {
    rm -f "$work/in$1" "$work/out$1"
    mkfifo "$work/in$1"
    mariadb --no-defaults --socket="$work/$server" --user="$2" --skip-column-names --batch --unbuffered \
        <"$work/in$1" >"$work/out$1" 2>&1 &
    eval "held$1=$!; exec $1>\"\$work/in$1\""
    background="$background $!"
    eval "printf '%s\n' \"\$3\" \"SELECT CONCAT('he', 'ld');\" >&$1"
    within 20000 "a session of $2 holds" grep -q -e held -e ERROR "$work/out$1"
    ! grep ERROR "$work/out$1" >&2 || fail "the session of $2 cannot hold"
}

# Ends the session and what it holds.
let_go() {
    eval "exec $1>&-; wait \$held$1" || true
    within 20000 "the session is gone" true_that "NOT EXISTS (SELECT 1 FROM information_schema.processlist WHERE user = 'app')"
}

# in_background SQL: a session of app that is at work.
in_background() {
    # Not with the input of the session that holds: that one ends when nobody has it any more.
    mariadb --no-defaults --socket="$work/$server" --user=app --execute="$1" >/dev/null 2>&1 8>&- &
    worker=$!
    background="$background $worker"
}

# ---- judging ----

# ask_as ACCOUNT: the query in $work/query, in a session as the runner's reads are.
ask_as() {
    asks_as=$1
    [ "$1" != superuser ] || asks_as=root
    echo "= $1"
    {
        echo "SET SESSION time_zone = '+00:00', lock_wait_timeout = 2, sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES';"
        echo "SET SESSION TRANSACTION READ ONLY;"
        cat "$work/query"
        echo ';'
    } | connect "$asks_as" --comments >"$work/rows" 2>>"$work/errors" || return 0
    if [ "$rows_count" = true ]; then
        grep -c '' "$work/rows" || true
    else
        sed -e 's/^NULL$/(null)/' "$work/rows"
    fi
}

# Asks as a superuser, as an account for monitoring, and as one with no rights at all.
ask() {
    asked=$((asked + 1))
    asked_there=$server
    server=primary # which has the files
    connect root --execute="SELECT expected, counts_rows FROM tester.checks WHERE name = '$1';
        SELECT tester.resolved('$1', '${2-"{}"}')" >"$work/resolved" 2>"$work/errors" || told "$1 cannot be resolved"
    server=$asked_there
    IFS='	' read -r expected rows_count <"$work/resolved"
    sed 1d "$work/resolved" >"$work/query"
    # The list of transactions is renewed when nobody has read it for a tenth of a second.
    ! grep -q innodb_trx "$work/query" || sleep 0.11
    {
        echo "= expected $expected"
        ask_as superuser
        ask_as watcher
        ask_as stranger
        echo "= end"
    } >"$work/answers"
    judge "$1"
    ! grep -q 'Lock wait timeout' "$work/errors" || told "$* waits for a lock"
}

# foreign NAME [PARAMS]: asks what this server does not have, which is an error, and no pass.
foreign() {
    seen_good="$seen_good$1 "
    seen_bad="$seen_bad$1 "
    unknown "$@"
}

# with NAME SQL UNDO [PARAMS]: the check holds, and does not while the SQL is in force.
with() {
    given=${4-"{}"}
    good "$1" "$given"
    sql "USE shop; $2"
    bad "$1" "$given"
    sql "USE shop; $3"
}

# with_elsewhere NAME SQL UNDO: the same of a check that can look at one schema alone.
with_elsewhere() {
    good "$1"
    sql "USE shop; $2"
    bad "$1"
    bad "$1" '{"schema": "shop"}'
    good "$1" '{"schema": "other"}'
    sql "USE shop; $3"
    unknown "$1" '{"schema": "nosuch"}'
}

# What every file and its row in the table have to be.
files_are_sound() {
    for file in "$checks"/mysql/*.json; do
        name=${file##*/}
        name=${name%.json}
        printf "INSERT INTO tester.checks (name, body) VALUES ('%s', '%s');\n" "$name" "$(sed "s/'/''/g" "$file")"
    done | connect root --init-command="SET sql_mode = 'NO_BACKSLASH_ESCAPES'" || fail "the files cannot be read"
    sql 'SELECT tester.faults(name) FROM tester.checks' | grep . >&2 && fail "there are faults in the files"
    sql "SELECT CONCAT('| ', tester.row_begins(name)) FROM tester.checks" >"$work/files"
    table_is_sound
    # What stands there of MariaDB alone is what this server is.
    seen_by=$(printf '%s\n' "$seen_by" | sed -E 's/\|[^|]*(MariaDB:|; else) /|/g')
}

# The statements that the instructions tell a person to type are planned as they stand, their params aside.
instructions_work() {
    sql "SELECT body FROM tester.checks WHERE engine_is_here" | sed -n 's/^  "instructions": "\(.*\)",$/\1/p' |
        sed -e 's/\\n/\n/g' -e 's/\\"/"/g' | grep -E '^(Find|The list of)[^:]*: SELECT' | sed -E 's/^[^:]*: //' |
        sed -E 's/; SELECT/;\nEXPLAIN SELECT/g; s/^SELECT/EXPLAIN SELECT/; s/\$\{schema\}/shop/g; s/\$\{table\}/users/g; s/\$\{column\}/born/g; s/\$\{[a-z]*\}/app/g; s/$/;/' >"$work/plans"
    [ "$(grep -c EXPLAIN "$work/plans")" -gt 30 ] || fail "the instructions have hardly any SQL"
    connect root <"$work/plans" >/dev/null || fail "the instructions have SQL that does not work"
}
