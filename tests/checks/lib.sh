# Sourced by the tests of the checks: words to say what must be, of the checks in the directory $kind. How a server of
# the kind is asked is its own: ask NAME [PARAMS], which leaves in $work/answers what each account was answered.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
checks=$(CDPATH='' cd -- "$here/../../runbooks/checks" && pwd -P)
work=$(mktemp -d /tmp/tminus-checks.XXXXXX)
chmod 711 "$work"
seen_good=' '
seen_bad=' '
asked=0

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

now_ms() {
    date +%s%3N
}

# within MS WHAT COMMAND...: it must come true in that time.
within() {
    limit=$1 what=$2 began=$(now_ms)
    shift 2
    until "$@"; do
        [ $(($(now_ms) - began)) -le "$limit" ] || fail "not within $limit ms: $what"
        sleep 0.02
    done
}

# ---- judging ----

# judge NAME: puts "ROLE met|not ANSWER" into $verdicts, where an answer that is NULL, no row or an error is "none".
judge() {
    # shellcheck disable=SC2016
    verdicts=$(awk '
        function holds(left, right) {
            if (sign == "=") return left == right
            if (sign == "!=") return left != right
            if (sign == "<") return left + 0 < right + 0
            if (sign == "<=") return left + 0 <= right + 0
            if (sign == ">") return left + 0 > right + 0
            return left + 0 >= right + 0
        }
        function judge() {
            given = answer == "t" ? "true" : answer == "f" ? "false" : answer
            known = rows > 0 && answer != "(null)"
            met = known && holds(given, value)
            print role, met ? "met" : "not", known ? answer : "none"
        }
        $1 == "=" && $2 == "expected" { sign = $3; value = $4; next }
        $1 == "=" { if (role) judge(); role = $2; rows = 0; answer = ""; next }
        { if (++rows == 1) answer = $0 }
    ' "$work/answers")
    case $verdicts in
    *stranger*) ;;
    *) told "$1 was not asked" ;;
    esac
}

told() {
    printf '%s\n' "$verdicts" >&2
    cat "$work/errors" >&2
    fail "$*"
}

# says TEXT: whether the verdicts have it.
says() {
    case $verdicts in
    *"$1"*) ;;
    *) return 1 ;;
    esac
}

# Who sees what a check asks for, as the table says.
seen_by() {
    needs=${seen_by#*"|$1|"}
    needs=${needs%%|*}
}

# good NAME [PARAMS]: the check holds for a superuser and for the monitoring role, and for others when the table says
# so: what they cannot see never holds.
good() {
    seen_by "$1"
    good_for "$@"
}

# The same for a check that anybody is answered, but not about this.
good_when_seen() {
    needs=rights
    good_for "$@"
}

good_for() {
    seen_good="$seen_good$1 "
    began=$(now_ms)
    printf '%s\n' "$1" "${2-"{}"}" >>"$work/asked"
    ask "$@"
    # The session that asked before this one may be seen until its server process has run once more.
    while [ "$1" = no-superuser-sessions ] && [ $(($(now_ms) - began)) -le 20000 ]; do
        ! says 'superuser met' || ! says 'watcher met' || break
        ask "$@"
    done
    says 'superuser met' || told "$* does not hold, and should"
    case $needs in
    superuser) ! says 'watcher met' || told "$* holds without a superuser, against the table" ;;
    *) says 'watcher met' || told "$* does not hold for the monitoring role" ;;
    esac
    case $needs in
    anybody*) says 'stranger met' || told "$* does not hold for anybody, against the table" ;;
    *) says 'stranger not' || told "$* holds for a role that sees nothing" ;;
    esac
}

# bad NAME [PARAMS]: the check is answered, and holds for nobody.
bad() {
    seen_bad="$seen_bad$1 "
    ask "$@"
    ! says 'superuser not none' || told "$* is not answered"
    ! says ' met ' || told "$* holds, and should not"
}

# unknown NAME [PARAMS]: there is no answer, and that is no pass.
unknown() {
    ask "$@"
    says 'superuser not none' || told "$* is answered"
    ! says ' met ' || told "$* holds, and should not"
}

# Asks everything once more that held: whoever waits for a lock then fails.
ask_all_again() {
    sort_out='NR % 2 { name = $0; next } !(name in seen) { seen[name] = 1; print name; print }'
    awk "$sort_out" "$work/asked" >"$work/again"
    while IFS= read -r name && IFS= read -r params; do
        ask "$name" "$params" </dev/null
    done <"$work/again"
}

each_was_judged() {
    for file in "$checks/$kind"/*.json; do
        name=${file##*/}
        name=${name%.json}
        case $seen_good in *" $name "*) ;; *) fail "$name was never seen to hold" ;; esac
        case $seen_bad in *" $name "*) ;; *) fail "$name was never seen not to hold" ;; esac
    done
}

# table_is_sound: the rows in $work/files, each the beginning of a check's, and README.md's table are the same.
table_is_sound() {
    sed -n 's/^| | /| /p' "$work/files" >"$work/rows"
    # shellcheck disable=SC2016
    awk -v kind="$kind" '
        NR == FNR { expected[$0] = 0; next }
        index($0, "| `" kind "/") == 1 {
            for (row in expected)
                if (index($0, row) == 1) { expected[row]++; next }
            print "README.md has a row that no file has: " $0
        }
        END { for (row in expected) if (expected[row] != 1) print "README.md has not this row once: " row }
    ' "$work/rows" "$checks/README.md" >"$work/faults"
    [ ! -s "$work/faults" ] || fail "$(cat "$work/faults")"
    # shellcheck disable=SC2016
    seen_by=$(awk -F ' [|] ' -v kind="$kind" 'index($0, "| `" kind "/") == 1 { gsub(/.*\/|`/, "", $1); printf "|%s|%s", $1, $4 } END { print "|" }' \
        "$checks/README.md")
}

# end_children PID...: asks them to end. A number that is not our child's any more may be somebody else's by now.
end_children() {
    for pid in "$@"; do
        ! grep -qs "^PPid:.$$\$" "/proc/$pid/status" || kill "$pid" 2>/dev/null || true
    done
}
