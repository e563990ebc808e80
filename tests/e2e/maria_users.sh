# What the scenarios of the shop's users on a MariaDB pair share: its servers, an application that notes what was
# acknowledged, and what is judged. Sourced after lib.sh.

# Half of the users of the lab are older: one is made every three minutes.
dormant_before=$(date -u -d '200 days ago' +%F)
acknowledged=$work/acknowledged

# maria SERVER ARGUMENT...: one row a line.
maria() {
    server=$1
    shift
    mariadb --no-defaults --batch --skip-column-names --socket="$sockets/$server" --user=operator shop "$@"
}

# Without the number that is next, which goes on.
definition() {
    maria primary -e "SHOW CREATE TABLE users; SHOW TABLES" | sed 's/ AUTO_INCREMENT=[0-9]*//'
}

# The load and the writer leave every tenth row alone, and created_at is nobody's.
untouched() {
    maria primary -e "SELECT COUNT(*), SUM(CRC32(CONCAT(id, ' ', created_at))) FROM users WHERE id <= 200000"
}

writer() {
    mark=0
    while [ -e "$work/writing" ]; do
        mark=$((mark + 1))
        if mariadb --no-defaults --socket="$sockets/primary" --user=app shop -e \
            "INSERT INTO users (email) VALUES ('mark $mark'); UPDATE users SET email = 'mark' WHERE id = 1 + $mark % 100" 2>>"$work/writer.errors"; then
            echo "mark $mark" >>"$acknowledged"
        else
            echo "mark $mark" >>"$work/unacknowledged"
        fi
        sleep 0.05
    done
}

start_writer() {
    : >"$acknowledged"
    : >"$work/unacknowledged"
    : >"$work/writing"
    writer &
    writer_pid=$!
    background="${background-} $writer_pid"
    writes_go_on 3
}

writes_go_on() {
    want=$(($(wc -l <"$acknowledged") + $1))
    enough() {
        [ "$(wc -l <"$acknowledged")" -ge "$want" ]
    }
    within 30000 "the application writes" enough
}

stop_writer() {
    rm -f "$work/writing"
    wait "$writer_pid" 2>/dev/null || true
}

# Each acknowledged write is there once, on both servers, and none met an error.
judge_writes() {
    [ ! -s "$work/unacknowledged" ] || fail "the application met errors: $(head -n 5 "$work/writer.errors")"
    sort "$acknowledged" >"$work/expected"
    for server in primary replica; do
        found() {
            maria "$server" -e "SELECT email FROM users WHERE email LIKE 'mark _%'" | sort >"$work/found"
            cmp -s "$work/expected" "$work/found"
        }
        within 30000 "each write of the application is on the $server, once" found
    done
}
