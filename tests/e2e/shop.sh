# What the scenarios of the move from PostgreSQL 12 to 15 share: the lab, the run, a writer that is never told what goes
# on, and what is judged. Sourced after lib.sh.

old="host=$sockets port=5432"
new="host=$sockets port=5433"
route=$work/route
acknowledged=$work/acknowledged
before=$work/before
after=$work/after

# Whoever asks here is a superuser, and says who it is: another one would be in the way of the fence.
export PGAPPNAME=tminus-e2e

# ask old|new STATEMENT: one value a line.
ask() {
    case $1 in
    old) server=$old ;;
    new) server=$new ;;
    esac
    psql -XqAt -v ON_ERROR_STOP=1 -d "$server user=operator dbname=${3-shop}" -c "$2"
}

schema_of_old() {
    # Since 15.14 pg_dump writes a random token into \restrict lines: two dumps of one schema are never equal.
    pg_dump -d "$old user=operator dbname=shop" --schema-only | grep -v -e '^--' -e '^\\' -e '^$'
    pg_dumpall -d "$old user=operator" -l shop --globals-only | grep -v -e '^--' -e '^\\' -e '^$'
    ask old "SELECT p.oid::regprocedure, has_function_privilege('shop_app', p.oid, 'EXECUTE') FROM pg_proc p WHERE proname ~ '^lo' ORDER BY 1"
    ask old "SELECT datname, setrole, setconfig FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase ORDER BY 1, 2"
}

# What is left of a move on either server: slots, publications, subscriptions, origins.
left_on() {
    ask "$1" "SELECT 'slot', slot_name FROM pg_replication_slots UNION ALL SELECT 'publication', pubname FROM pg_publication
        UNION ALL SELECT 'subscription', subname FROM pg_subscription UNION ALL SELECT 'origin', roname FROM pg_replication_origin" "${2-shop}"
}

# The application: it writes where the route says, one transaction after the other, and notes each one that was
# acknowledged, with the server that did it.
writer() {
    mark=0
    while [ -e "$work/writing" ]; do
        mark=$((mark + 1))
        if where=$(PGAPPNAME=shop psql -XqAt -v ON_ERROR_STOP=1 --single-transaction -d "$(cat "$route") user=shop_app dbname=shop" \
            -c "INSERT INTO orders (customer_id, total, note) VALUES (1 + $mark % 5000, $mark, 'mark $mark')" \
            -c "INSERT INTO access_log (path, status) VALUES ('/mark/$mark', 200)" \
            -c "UPDATE customers SET name = 'mark $mark' WHERE id = 1 + $mark % 100" \
            -c "SELECT current_setting('cluster_name')" 2>>"$work/writer.errors"); then
            echo "$mark $where" >>"$acknowledged"
        else
            echo "$mark" >>"$work/unacknowledged"
            sleep 0.05
        fi
    done
}

# Others write on both servers, beside the shop and ten times a second. On a server on which nobody writes at all a
# subscription hears of what it waits for no sooner than with the next checkpoint or look of the background writer, which
# is up to 15 seconds later; nothing like that is there in production.
beside_the_shop() {
    for server in "$old" "$new"; do
        psql -XqAt -d "$server user=operator dbname=postgres" >/dev/null 2>&1 <<'EOF' &
SELECT pg_logical_emit_message(true, 'beside', '')
\watch 0.1
EOF
        background="${background-} $!"
    done
}

# What is copied and compared from every midpoint: a tenth of the shop, with every kind of row and of table that it has.
few_rows() {
    ask old "DELETE FROM order_items WHERE order_id > 1000; DELETE FROM orders WHERE id > 1000;
        DELETE FROM customers c WHERE NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id);
        DELETE FROM events WHERE customer_id % 10 > 0; DELETE FROM access_log WHERE at >= '2026-01-01 02:30Z'"
    ask old "VACUUM ANALYZE"
    for table in customers orders order_items events_before events_2026 events_other carts access_log sessions; do
        [ "$(ask old "SELECT count(*) > 0 FROM $table")" = t ] || fail "$table is empty"
    done
}

stop_writer() {
    rm -f "$work/writing"
    wait "$writer_pid" 2>/dev/null || true
}

written_on() {
    grep -c " $1\$" "$acknowledged" || true
}

# At least so many writes of the application more than now are acknowledged by that server.
writes_go_on() {
    want=$(($(written_on "$1") + $2))
    enough() {
        [ "$(written_on "$1")" -ge "$want" ]
    }
    within 60000 "the application writes on $1" enough "$1"
}

writes_refused() {
    had=$(wc -l <"$work/unacknowledged")
    refused_more() {
        [ "$(wc -l <"$work/unacknowledged")" -ge $((had + 3)) ]
    }
    within 30000 "the application's writes are refused" refused_more
}

# Every acknowledged write is there, once, in the table with a key and in the one without; so is at most once what was
# not acknowledged.
judge_writes_on() {
    sed 's/ .*//' "$acknowledged" | sort >"$work/expected"
    for query in "SELECT substr(note, 6) FROM orders WHERE note LIKE 'mark %'" \
        "SELECT substr(path, 7) FROM access_log WHERE path LIKE '/mark/%'"; do
        ask "$1" "$query" | sort >"$work/found"
        lost=$(comm -23 "$work/expected" "$work/found" | tr '\n' ' ')
        [ -z "$lost" ] || fail "lost on $1: $lost"
        doubled=$(uniq -d "$work/found" | tr '\n' ' ')
        [ -z "$doubled" ] || fail "doubled on $1: $doubled"
        phantom=$(comm -13 "$work/expected" "$work/found" | grep -v -x -F -f "$work/unacknowledged" | tr '\n' ' ') || true
        [ -z "$phantom" ] || fail "never written, and found on $1: $phantom"
    done
}

book_of_the_move=$here/../../runbooks/postgresql-12-to-15.json

# with_move COMMAND...: it, with the params of the book.
with_move() {
    "$@" \
        --param "old_server=$old user=operator" --param "new_server=$new user=operator" \
        --param "old_from_new=$old user=mig_repl dbname=shop application_name=mig" \
        --param "new_from_old=$new user=mig_repl dbname=shop application_name=back" \
        --param "application_on_old=$old user=shop_app" --param "application_on_new=$new user=shop_app" \
        --param "route_to_old=echo '$old' >$route.next && mv $route.next $route" \
        --param "route_to_new=echo '$new' >$route.next && mv $route.next $route" \
        --param "tell=echo \"\$1\" >>$work/told"
}

# The lab under load, the writer, and a run of the shipped book that stands before its first gate.
begin_move() {
    "$TMINUS" lab up pg-upgrade --load --dir "$lab" >/dev/null
    targets=$lab/targets.json
    schema_of_old >"$before"
    echo "$old" >"$route"
    : >"$acknowledged" >"$work/unacknowledged" >"$work/writing"
    : >"$work/unacknowledged"
    : >"$work/writing"
    writer &
    writer_pid=$!
    background="${background-} $writer_pid"
    with_move begin "$book_of_the_move"
    mia tick backup-age --evidence "the lab has none"
    jo tick rollback-read --evidence "read from the last step to the first"
}
