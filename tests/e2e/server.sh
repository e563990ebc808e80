# What the scenarios of the move by pg_upgrade share: the pair whose primary is moved, the params of the book, and a
# writer. Sourced after lib.sh.

bin=$(pg_config --bindir)
new_data=$lab/moved/new
door=$work/door
acknowledged=$work/acknowledged

# Servers refuse to run as root, pg_upgrade too.
as_server_user=env
if [ "$(id -u)" = 0 ]; then
    user=tminus-lab
    id "$user" >/dev/null 2>&1 || user=postgres
    as_server_user="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
fi
as_server() {
    $as_server_user "$@"
}

# Nobody is let in who is not asked whether the door is open.
writer() {
    mark=0
    while [ -e "$work/writing" ]; do
        mark=$((mark + 1))
        if [ -e "$door" ] && psql -XqAt -v ON_ERROR_STOP=1 -h "$sockets" -U app -d shop -c "INSERT INTO marks VALUES ($mark)" 2>>"$work/writer.errors"; then
            echo "$mark" >>"$acknowledged"
        else
            echo "$mark" >>"$work/unacknowledged"
        fi
        sleep 0.05
    done
}

writes_go_on() {
    had=$(wc -l <"$acknowledged")
    more() {
        [ "$(wc -l <"$acknowledged")" -ge $((had + 5)) ]
    }
    within 20000 "the application writes" more
}

writes_refused() {
    had=$(wc -l <"$work/unacknowledged")
    more() {
        [ "$(wc -l <"$work/unacknowledged")" -ge $((had + 3)) ]
    }
    within 20000 "the application is closed out" more
}

stop_writer() {
    rm -f "$work/writing"
    wait "$writer_pid" 2>/dev/null || true
}

judge_writes() {
    sort "$acknowledged" >"$work/expected"
    sql "SELECT n FROM marks" | sort >"$work/found"
    lost=$(comm -23 "$work/expected" "$work/found" | tr '\n' ' ')
    [ -z "$lost" ] || fail "lost: $lost"
    doubled=$(uniq -d "$work/found" | tr '\n' ' ')
    [ -z "$doubled" ] || fail "doubled: $doubled"
}

server_up() {
    lab_up
    sql 'CREATE TABLE marks (n integer); ALTER TABLE marks OWNER TO app'
    mkdir "$lab/moved"
    [ "$(id -u)" != 0 ] || chown "$user" "$lab/moved"
    : >"$acknowledged"
    : >"$work/unacknowledged"
    : >"$work/writing"
    : >"$door"
    writer &
    writer_pid=$!
    background="${background-} $writer_pid"
}

# The params of the book, in the place of the arguments of what is called: with_params COMMAND...
with_params() {
    ctl="$as_server_user $bin/pg_ctl -w"
    "$@" --param old_version=15 --param new_version=15 --param "old_bin=$bin" --param "new_bin=$bin" \
        --param "old_data=$lab/primary" --param "new_data=$new_data" --param "work=$lab/moved" \
        --param "as_server_user=$as_server_user" --param "connection=host=$sockets port=5432 user=operator" --param application=app \
        --param "start_old=$ctl -D $lab/primary status >/dev/null || $ctl -D $lab/primary -l $lab/moved/old.log start" --param "stop_old=$ctl -D $lab/primary -m fast stop" \
        --param "start_new=$ctl -D $new_data status >/dev/null || $ctl -D $new_data -l $lab/moved/new.log start" --param "stop_new=$ctl -D $new_data -m fast stop" \
        --param "configure_new=for f in postgresql.conf pg_hba.conf pg_ident.conf; do $as_server_user cp $lab/primary/\$f $new_data/\$f; done" \
        --param "rebuild_replica=$ctl -D $lab/replica -m fast stop && $as_server_user $bin/pg_basebackup -D $lab/moved/replica -d 'host=$sockets user=postgres application_name=replica' -R -X stream -c fast --no-sync -C -S replica && echo port=5433 | $as_server_user tee -a $lab/moved/replica/postgresql.auto.conf && unset TMINUS_COMMAND && $ctl -D $lab/moved/replica -l $lab/moved/replica.log start" \
        --param "close_application=rm -f $door" --param "open_application=: >$door" \
        --param jobs=2 --param options=--no-sync --param settle=${pace-1s} --param soak=${pace-1s} --param "tell=echo \"\$1\" >>$work/told"
}

# A run of the book that stands before its first gate.
start_book() {
    with_params begin "$here/../../runbooks/postgresql-pg-upgrade.json"
    mia tick backup-age --evidence "a scenario"
    for box in settings-read rollback-read; do
        jo tick "$box" --evidence "read"
    done
}
