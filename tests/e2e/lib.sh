# What the scenarios share. Sourced with $TMINUS set to the built program; gives $work (removed at the end, with all
# servers and runners that were started), a lab, and words to say what must be.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# Everything that is made here is thrown away: it stands in memory where there is room, since scenarios that run side by
# side would else wait for the disk most of the time.
place=/tmp
room=$(df -P -k /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
[ "${room:-0}" -lt 8000000 ] || place=/dev/shm
work=$(mktemp -d "$place/tminus-e2e.XXXXXX")
# The servers of root's lab belong to another user, who has to pass here.
chmod 711 "$work"
export XDG_STATE_HOME="$work/state"
lab=$work/lab
sockets=$lab/sockets

# serves DIRECTORY-OF-PROC: whether its words are those of a runner of ours.
serves() {
    case $(tr '\0' ' ' 2>/dev/null <"$1/cmdline") in
    "tminus-runner serve $work/"*) ;;
    *) return 1 ;;
    esac
}

# A process that a runner has just forked has its words until it becomes a command: it is no other runner.
is_fork() {
    parent=$(sed -n 's/^PPid:[[:space:]]*//p' "$1/status" 2>/dev/null)
    cmp -s "$1/cmdline" "/proc/${parent:-none}/cmdline"
}

# The runners of this scenario: processes that serve a directory below ours. One look at all processes, and a closer one
# at those that have our directory in a word: this is asked many times a second.
runner_pids() {
    for entry in $(grep -lsz -F "$work/" /proc/[0-9]*/cmdline); do
        entry=${entry%/cmdline}
        # Its words once more behind the comparison: a fork that became a command, or ended, while it was compared is
        # not like its parent any more either.
        if serves "$entry" && ! is_fork "$entry" && serves "$entry"; then
            echo "${entry#/proc/}"
        fi
    done
}

# A number that is not our child's any more may be somebody else's by now.
is_child() {
    grep -qs "^PPid:.$$\$" "/proc/$1/status"
}

end_background() {
    for pid in ${background-}; do
        ! is_child "$pid" || kill "$pid" 2>/dev/null || true
    done
    tries=500
    for pid in ${background-}; do
        while is_child "$pid" && [ "$tries" -gt 0 ]; do
            tries=$((tries - 1))
            sleep 0.02
        done
    done
}

finish() {
    status=$?
    trap - EXIT
    for pid in $(runner_pids); do
        kill -9 "$pid" 2>/dev/null || true
    done
    # A scenario's terminal, where it has one.
    [ -z "${terminal-}" ] || tmux -L "$terminal" kill-server 2>/dev/null || true
    end_background
    if [ "$status" != 0 ]; then
        for log in "$XDG_STATE_HOME"/tminus/runs/*/; do
            [ -d "$log" ] || continue
            run=$(basename "$log")
            echo "--- log of $run" >&2
            "$TMINUS" log "$run" >&2 || true
            cat "$log/runner.log" >&2 || true
            grep -h "locks" "$log/samples" 2>/dev/null | tail -n 12 >&2 || true
        done
    fi
    [ ! -d "$lab" ] || "$TMINUS" lab down --dir "$lab" >/dev/null || status=1
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

lab_up() {
    "$TMINUS" lab up pg-pair --dir "$lab" "$@" >/dev/null
    targets=$lab/targets.json
}

# sql [-h replica] STATEMENT: on the primary, one value a line.
sql() {
    port=5432
    if [ "$1" = -r ]; then
        port=5433
        shift
    fi
    psql -XqAt -v ON_ERROR_STOP=1 -h "$sockets" -p "$port" -U operator -d shop -c "$1"
}

schema() {
    # Since 15.14 pg_dump writes a random token into \restrict lines: two dumps of one schema are never equal.
    pg_dump -h "$sockets" -p 5432 -U operator -d shop --schema-only | grep -v -e '^--' -e '^\\' -e '^$'
}

# id_of BOOK: what has to be said for a run of it that is live.
id_of() {
    grep -o '"id": *"[^"]*"' "$1" | head -n 1 | cut -d '"' -f 4
}

# begin BOOK [OPTION...]: a run by mia; its id in $run.
begin() {
    book=$1
    shift
    run=$("$TMINUS" run "$book" --confirm "$(id_of "$book")" --targets "$targets" --as mia --no-screen "$@")
    rundir=$XDG_STATE_HOME/tminus/runs/$run
}

mia() {
    "$TMINUS" do "$run" "$@" --as mia
}

jo() {
    "$TMINUS" do "$run" "$@" --as jo
}

status() {
    "$TMINUS" status "$run" --json
}

# rehearse_book OPTION...: what it says is printed, and kept for the end of `./dev test`.
rehearse_book() {
    code=0
    "$TMINUS" rehearse "$@" >"$work/rehearsal" 2>&1 || code=$?
    cat "$work/rehearsal"
    [ -z "${TMINUS_TABLES-}" ] || { echo "== ${0##*/}" && cat "$work/rehearsal"; } >"$TMINUS_TABLES/${0##*/}"
    [ "$code" = 0 ] || fail "the rehearsal ended with $code"
}

# holds PATTERN: whether the status has it.
holds() {
    status | grep -q -e "$1"
}

now_ms() {
    date +%s%3N
}

# A limit is what is enough on a machine at rest; one that is not, and stands still for seconds, gets this many times as
# long. How fast something must be is never judged by such a limit.
patience=4

# within MS WHAT COMMAND...: it must come true in that time; $took_ms says when it did. Where it does not, what the
# command said last is told.
within() {
    limit=$(($1 * patience)) what=$2
    shift 2
    began=$(now_ms)
    until "$@" 2>"$work/within"; do
        took_ms=$(($(now_ms) - began))
        [ "$took_ms" -le "$limit" ] || fail "not within $limit ms: $what $(head -c 300 "$work/within")"
        sleep 0.02
    done
    took_ms=$(($(now_ms) - began))
}

step_is() {
    holds "\"id\":\"$1\",\"kind\":\"[a-z]*\",\"state\":\"$2\""
}

state_is() {
    holds "\"state\":\"$1\",\"live\""
}

# refused RULE COMMAND...: exit status 1, and the rule is named.
refused() {
    rule=$1
    shift
    code=0
    "$@" 2>"$work/refusal" >/dev/null || code=$?
    [ "$code" = 1 ] || fail "\"$*\" ended with $code, expected a refusal: $(cat "$work/refusal")"
    grep -q "refused: $rule" "$work/refusal" || fail "\"$*\" was refused by another rule: $(cat "$work/refusal")"
}

# run_step STEP [MS]: starts it and waits until it is done.
run_step() {
    mia start "$1" 2>"$work/next" || { grep -q "undecided gate" "$work/next" && enter "$passed" "$1"; } ||
        fail "$1 does not begin: $(cat "$work/next")"
    within "${2-20000}" "$1 done" step_is "$1" done
}

# go_on_to STEP: what is next, one after the other, until that step is done.
go_on_to() {
    began=$(now_ms)
    while :; do
        status >"$work/status"
        ! grep -q "\"id\":\"$1\",\"kind\":\"[a-z]*\",\"state\":\"done\"" "$work/status" || break
        ! grep -q -e '"state":"failed"' -e '"state":"held","live"' "$work/status" || fail "stopped on the way to $1"
        [ $(($(now_ms) - began)) -le $((60000 * patience)) ] || fail "did not come to $1: $(cat "$work/next")"
        # While it runs nothing is begun: that would be what comes after it, should it end just now.
        grep -q "\"id\":\"$1\",\"kind\":\"[a-z]*\",\"state\":\"running\"" "$work/status" ||
            mia next >/dev/null 2>"$work/next" || decide_again
    done
}

# What was said at the gate that was passed last lapses when a criterion does not hold any more, as on a machine that
# stands still for a moment.
decide_again() {
    ! grep -q "undecided gate" "$work/next" || [ -z "${passed-}" ] || votes "$passed" 2>/dev/null || true
}

# passed COMMAND...: whether it comes true, of what is so while that gate stands.
passed() {
    "$@" || { votes "$passed" 2>/dev/null && false; }
}

votes() {
    mia vote "$1" go && jo vote "$1" go
}

# Both say go, as soon as the gate lets them.
pass() {
    passed=$1
    within 30000 "both say go at $1" votes "$1"
}

# enter GATE STEP: both say go, and the step behind it begins; both are asked again where their words lapse before.
enter() {
    entered() {
        mia start "$2" || { votes "$1" && mia start "$2"; }
    }
    within 30000 "$2 begins behind $1" entered "$1" "$2"
}

logged() {
    "$TMINUS" log "$run" | grep -q -e "$1"
}

# A session of ours, fed through descriptor 8: while it holds the lock, the step "slow" does not end.
hold_slow() {
    rm -f "$work/holder" "$work/holder.out"
    mkfifo "$work/holder"
    psql -XqAt -h "$sockets" -p 5432 -U operator -d shop <"$work/holder" >"$work/holder.out" &
    background="${background-} $!"
    exec 8>"$work/holder"
    echo 'SELECT pg_advisory_lock(4711), 1;' >&8
    within 10000 "the scenario holds the slow step" test -s "$work/holder.out"
}

let_slow_go() {
    exec 8>&-
}

runner_gone() {
    [ -z "$(runner_pids)" ]
}

# A process that was killed loses its words before its files and locks: it has ended when it is no more than a number.
# Its first thread may be that while others of it still have to go, which have its files and locks open as long.
has_ended() {
    ! grep -qs -e '^State:[[:space:]]*[^ZX[:space:]]' -e '^Threads:[[:space:]]*\([2-9]\|[1-9][0-9]\)' "/proc/$1/status"
}

# The runner dies in the middle of whatever it does.
kill_runner() {
    killed=$(runner_pids)
    kill -9 "$killed"
    within 10000 "the runner has ended" has_ended "$killed"
    within 10000 "the runner is gone" runner_gone
}

resume() {
    "$TMINUS" run --resume "$run" --no-screen >/dev/null
}

# What stands in the status of a step: text_of STEP, pauses_of STEP (python3, because both are texts of a server).
text_of() {
    status | field_of "$1" text
}

pauses_of() {
    status | field_of "$1" pauses
}

field_of() {
    python3 -c 'import json, sys
print([s for s in json.load(sys.stdin)["steps"] if s["id"] == sys.argv[1]][0].get(sys.argv[2], ""))' "$1" "$2"
}

# says STEP PATTERN: whether its text in the status has it.
says() {
    text_of "$1" | grep -q -e "$2"
}

# The run is over: its runner goes, and the trail holds, with the journal beside it.
verified() {
    within 20000 "the runner ends" runner_gone
    "$TMINUS" verify "$run" >"$work/said" || fail "the trail does not verify: $(cat "$work/said")"
    grep -q "the journal here is the same" "$work/said" || fail "the journal was not compared: $(cat "$work/said")"
}

# trail_file NAME: a file of the trail.
trail_file() {
    git -C "$XDG_STATE_HOME/tminus/audit.git" cat-file blob "runs/$run:$1"
}
