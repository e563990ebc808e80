# Words for the scenarios of `tminus locks`, after lib.sh.

# ends STATUS ARGUMENT...: it ends so; what it said is in `out` and `err`.
ends() {
    expected=$1
    shift
    code=0
    "$TMINUS" locks "$@" >out 2>err </dev/null || code=$?
    [ "$code" = "$expected" ] || fail "locks $* ended with $code, expected $expected: $(cat out err)"
}
# refuses STATUS TEXT ARGUMENT...: nothing on stdout, one line on stderr with the text in it.
refuses() {
    expected=$1 text=$2
    shift 2
    ends "$expected" "$@"
    [ ! -s out ] || fail "locks $* said something on stdout: $(head -3 out)"
    [ "$(wc -l <err)" = 1 ] || fail "locks $* said more than a line: $(cat err)"
    grep -qF -e "$text" err || fail "locks $* said \"$(cat err)\", expected \"$text\""
}
# says GOLDEN ARGUMENT...: it found something dangerous, and said exactly that.
says() {
    golden=$here/locks.d/$1
    shift
    ends 1 "$@"
    [ ! -s err ] || fail "locks $* complained: $(cat err)"
    if [ "${TMINUS_GOLDEN-}" = write ]; then
        cp out "$golden"
    fi
    diff -u "$golden" out >&2 || fail "locks $*: it is not what $golden has"
}
# value EXPRESSION: of the JSON in `out`, with its objects in the list `s`.
value() {
    python3 -c "
import json, sys
s = [json.loads(line) for line in open('out')]
print($1)"
}
# is EXPRESSION TEXT
is() {
    got=$(value "$1") || fail "the JSON cannot be read: $(cat out)"
    [ "$got" = "$2" ] || fail "$1 is $got, expected $2: $(cat out)"
}
