#!/bin/sh
# verify.sh [-s ALLOWED_SIGNERS] [-h HEAD] [-o] REPOSITORY RUN
#
# Judges the trail of a run without tminus: with git, ssh-keygen, sha256sum and awk only, so that a reviewer needs to
# trust no program of the people who ran the cutover. It is a second opinion to `tminus verify`, written apart from it.
#
#   -s  a file of ssh-keygen's kind, a line for each key: NAME namespaces="git,tminus-decision" ssh-ed25519 AAAA...
#       Then every commit and every decision has to be signed by a key in it, and a decision by the person it names.
#   -h  the hash (64 hex) that the last record must have: from a witness, or from an earlier verification
#   -o  that the run is not over is expected
#
# Judged: git's own fsck; one line of commits; each grows the files of records and samples only at the end and changes
# nothing else that was there; the hash of every record and of the one before it; the numbers and the head in every
# commit's last lines; book, targets, policy and outputs against the hashes in the records; no other files; signatures;
# what is said in a signed decision against what is recorded; settings and files that make git show or run something.
# Not judged, because it takes the engine: whether what is recorded can have happened, the wording of messages, and the
# roles of a policy. `tminus verify` judges these too.
#
# Exit status: 0 whole, 1 found something (a line each), 2 usage, 3 a tool is missing.
set -u
LC_ALL=C
export LC_ALL

usage() {
    echo "usage: verify.sh [-s ALLOWED_SIGNERS] [-h HEAD] [-o] REPOSITORY RUN" >&2
    exit 2
}

signers='' head='' open=0
while getopts s:h:o option; do
    case $option in
    s) signers=$OPTARG ;;
    h) head=$OPTARG ;;
    o) open=1 ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# = 2 ] || usage
repository=$1 run=$2
for tool in git ssh-keygen sha256sum awk; do
    command -v "$tool" >/dev/null || {
        echo "verify.sh: $tool is missing" >&2
        exit 3
    }
done
[ ! -e "$repository/.git" ] || repository=$repository/.git
[ -d "$repository/objects" ] || {
    echo "verify.sh: $repository is no repository" >&2
    exit 3
}

work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
trap 'exit 3' INT TERM HUP
: >"$work/found"

found() {
    echo "FOUND $*" | tee -a "$work/found"
}

verdict() {
    if [ -s "$work/found" ]; then
        echo "NOT WHOLE: $(wc -l <"$work/found") found"
        exit 1
    fi
    echo "whole"
    exit 0
}

# ---- the repository: before git is let near it ----

for planted in commondir shallow config.worktree info/grafts info/attributes objects/info/alternates \
    objects/info/http-alternates; do
    [ ! -e "$repository/$planted" ] || found "$planted is there: git would show something else than what is stored"
done
for hook in "$repository"/hooks/*; do
    case $hook in
    *.sample) ;;
    *) [ ! -f "$hook" ] || [ ! -x "$hook" ] || found "$hook is a program that git would run" ;;
    esac
done
GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_NO_REPLACE_OBJECTS=1 GIT_CONFIG_COUNT=0
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_NO_REPLACE_OBJECTS GIT_CONFIG_COUNT
if ! (cd / && git config --file "$(cd "$OLDPWD" && cd "$repository" && pwd)/config" --no-includes --list) \
    >"$work/config" 2>/dev/null; then
    found "config cannot be read"
fi
grep -vE '^(core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|sharedrepository)|gc\.auto|(receive|fetch|transfer)\.fsckobjects|receive\.(denynonfastforwards|denydeletes)|user\.(name|email)|remote\..*\.(url|pushurl|fetch|push|mirror|tagopt)|branch\..*\.(remote|merge|rebase))=' \
    "$work/config" >"$work/strange"
grep -E '^remote\..*::' "$work/config" >>"$work/strange"
while IFS= read -r setting; do
    found "config sets $setting"
done <"$work/strange"
[ ! -s "$work/found" ] || verdict # with such settings git is not asked

g() {
    git --git-dir="$repository" "$@"
}

if [ -n "$(g for-each-ref refs/replace)" ]; then
    found "refs/replace: git would show other objects than those that are stored"
fi
branch=refs/heads/runs/$run
g rev-parse -q --verify "$branch" >/dev/null 2>&1 || branch=refs/remotes/origin/runs/$run
if ! g rev-parse -q --verify "$branch^{commit}" >/dev/null 2>&1; then
    found "there is no branch runs/$run that can be read"
    verdict
fi
if g symbolic-ref -q "$branch" >/dev/null 2>&1; then
    found "$branch is a name for another branch"
fi
g fsck --full --strict --no-dangling --no-progress >"$work/fsck" 2>&1 || found "git fsck: $(tr '\n' ';' <"$work/fsck")"
if ! g rev-list --reverse --topo-order --parents "$branch" >"$work/commits" 2>/dev/null; then
    found "the history cannot be read"
    verdict
fi

# ---- the commits, oldest first ----

# line_count FILE
line_count() {
    awk 'END { print NR }' "$1"
}

# grow SERIES STATUS PATH OLD NEW: the new contents of a file that lines are only added to; what was added goes to
# $work/added. The series' last file is $work/SERIES.last, its number $work/SERIES.number.
grow() {
    number=$(cat "$work/$1.number")
    lines=$(line_count "$work/$1.last")
    bytes=$(wc -c <"$work/$1.last")
    full=0
    if [ "$number" = 0 ] || [ "$lines" -ge 64 ] || { [ "$1" = samples ] && [ "$bytes" -ge 16384 ]; }; then
        full=1
    fi
    want=$((number + full))
    want=$(printf '%s/%03d/%06d.jsonl' "$1" $((want / 100)) "$want")
    : >"$work/added"
    if [ "$3" != "$want" ] || { [ "$full" = 1 ] && [ "$2" != A ]; } || { [ "$full" = 0 ] && [ "$2" != M ]; }; then
        found "commit $commit: $3 was touched ($2), expected only $want to grow"
        return 1
    fi
    if ! g cat-file blob "$5" >"$work/new" 2>/dev/null; then
        found "commit $commit: $3 cannot be read"
        return 1
    fi
    if [ "$full" = 1 ]; then
        : >"$work/$1.last"
        bytes=0
        echo $((number + 1)) >"$work/$1.number"
    fi
    if ! head -c "$bytes" "$work/new" | cmp -s - "$work/$1.last" || [ "$(wc -c <"$work/new")" -le "$bytes" ]; then
        found "commit $commit: what stood in $3 was changed or cut"
        return 1
    fi
    if [ -n "$(tail -c 1 "$work/new")" ]; then
        found "commit $commit: the last line of $3 is cut short"
        return 1
    fi
    tail -c "+$((bytes + 1))" "$work/new" >"$work/added"
    mv "$work/new" "$work/$1.last"
    [ "$(line_count "$work/$1.last")" -le 64 ] || found "commit $commit: $3 has more than 64 lines"
}

# check_file STATUS PATH NEW
check_file() {
    case $2 in
    book.json | targets.json | run.json | policy.json | certificate.json)
        if [ -n "$parent" ] || [ "$1" != A ]; then
            found "commit $commit: $2 was touched after the run began"
        fi
        ;;
    output/*/*) found "commit $commit: $2 is no file of a trail" ;;
    output/*)
        [ "$1" = A ] || found "commit $commit: $2 was touched: what a step wrote never changes"
        ;;
    *) found "commit $commit: $2 is no file of a trail" ;;
    esac
}

# The last lines of the message say which records there are, and the hash of the last one.
check_trailers() {
    after=$(line_count "$work/journal")
    g cat-file commit "$commit" >"$work/raw"
    tail -n 2 "$work/raw" >"$work/trailers"
    : >"$work/expected"
    if [ "$after" -gt "$before" ]; then
        last=$(tail -n 1 "$work/journal" | tr -d '\n' | sha256sum | cut -c 1-64)
        printf 'Tminus-Seq: %s-%s\nTminus-Head: %s\n' $((before + 1)) "$after" "$last" >"$work/expected"
        cmp -s "$work/trailers" "$work/expected" ||
            found "commit $commit: ends with \"$(tr '\n' ' ' <"$work/trailers")\", expected \"$(tr '\n' ' ' <"$work/expected")\""
    elif grep -q '^Tminus-' "$work/trailers"; then
        found "commit $commit: tells of records and adds none"
    fi
}

check_commit() {
    [ -z "$others" ] || found "commit $commit: has several parents: a trail is one line"
    before=$(line_count "$work/journal")
    g diff-tree -r --root --no-commit-id --no-renames --raw --no-abbrev ${parent:+"$parent"} "$commit" >"$work/diff"
    [ -s "$work/diff" ] || found "commit $commit: adds nothing"
    g ls-tree -r -t "$commit" | awk '$1 != "100644" && $1 != "040000" { print $1 " " $4 }' >"$work/modes"
    [ ! -s "$work/modes" ] || found "commit $commit: $(tr '\n' ' ' <"$work/modes") is no plain file"
    tab=$(printf '\t')
    while IFS=$tab read -r what path; do
        # shellcheck disable=SC2086 # five words
        set -- $what
        case $path in
        journal/*) ! grow journal "$5" "$path" "$3" "$4" || cat "$work/added" >>"$work/journal" ;;
        samples/*) grow samples "$5" "$path" "$3" "$4" || : ;;
        *) check_file "$5" "$path" "$4" ;;
        esac
    done <"$work/diff"
    check_trailers
    awk '/^$/ { exit } { print $1 }' "$work/raw" | tr '\n' ' ' >"$work/header"
    case $(cat "$work/header") in
    "tree author committer " | "tree parent author committer " | "tree author committer gpgsig "* | \
        "tree parent author committer gpgsig "*) ;;
    *) [ -n "$others" ] || found "commit $commit: has a header of its own: $(cat "$work/header")" ;;
    esac
    keep_signature
}

# The signature, and what it was made over: the commit without it.
keep_signature() {
    mkdir -p "$work/commits.d"
    awk -v text="$work/commits.d/$commit.text" -v signature="$work/commits.d/$commit.sig" '
        body { print > text; next }
        /^$/ { body = 1; print > text; next }
        /^gpgsig / { taking = 1; print substr($0, 8) > signature; next }
        taking && /^ / { print substr($0, 2) > signature; next }
        { taking = 0; print > text }
    ' "$work/raw"
    echo "$commit $(line_count "$work/journal")" >>"$work/history"
}

: >"$work/journal"
: >"$work/history"
for series in journal samples; do
    : >"$work/$series.last"
    echo 0 >"$work/$series.number"
done
while read -r commit parent others; do
    check_commit
done <"$work/commits"

# ---- the records ----

# Each line, and its part behind the hash, as files of their own: two calls of sha256sum for all of them.
mkdir "$work/lines" "$work/parts"
awk -v lines="$work/lines" -v parts="$work/parts" '{
    name = sprintf("%09d", NR)
    printf "%s", $0 > (lines "/" name)
    close(lines "/" name)
    printf "%s", substr($0, 18) > (parts "/" name)
    close(parts "/" name)
}' "$work/journal"
hashes() {
    (cd "$1" && find . -type f | sort | xargs -r sha256sum | cut -c 1-64)
}
hashes "$work/lines" >"$work/line.hashes"
hashes "$work/parts" >"$work/part.hashes"
paste "$work/line.hashes" "$work/part.hashes" "$work/journal" | awk -F'\t' '
    BEGIN { before = sprintf("%064d", 0) }
    {
        if (substr($3, 1, 17) != substr($2, 1, 16) " ")
            print "record " NR ": its hash is not that of what it says"
        if (index($3, "{\"seq\":" NR ",") != 18)
            print "record " NR ": its number does not follow"
        if (substr($3, length($3) - 73) != "\"prev\":\"" before "\"}")
            print "record " NR ": it does not follow the record before it"
        before = $1
    }
' >"$work/faults"
while IFS= read -r fault; do
    found "$fault"
done <"$work/faults"

# field NAME FILE: of one record (or statement); the raw text between the quotes.
field() {
    sed -n 's/.*[{,]"'"$1"'":"\(\([^"\\]\|\\.\)*\)".*/\1/p' "$2"
}
number() {
    sed -n 's/.*[{,]"'"$1"'":\([0-9]*\).*/\1/p' "$2"
}

# expect_hash FILE HASH: of a file in the tree; "" when there must be none.
expect_hash() {
    is=''
    if g cat-file -e "$branch:$1" 2>/dev/null; then
        is=$(g cat-file blob "$branch:$1" | sha256sum | cut -c 1-64)
    fi
    [ "$is" = "$2" ] || found "$1: its SHA-256 is \"$is\", the record says \"$2\""
}

sed -n 1p "$work/journal" >"$work/first"
grep -q '"type":"run.opened"' "$work/first" || found "the first record does not open the run"
[ "$(field run "$work/first")" = "$run" ] || found "the records are of run $(field run "$work/first")"
expect_hash book.json "$(field book "$work/first")"
for file in targets.json:targets run.json:settings; do
    hash=$(field "${file#*:}" "$work/first")
    # Of nothing: there was no such file.
    [ "$hash" != e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ] || hash=''
    expect_hash "${file%:*}" "$hash"
done
expect_hash policy.json "$(field policy "$work/first")"
# The certificate is named by the settings, whose hash was held against the record.
g cat-file blob "$branch:run.json" >"$work/settings" 2>/dev/null || : >"$work/settings"
expect_hash certificate.json "$(field certificate "$work/settings")"

: >"$work/outputs"
grep '"type":"step.ended"' "$work/journal" | grep '"output":"[0-9a-f]' >"$work/ended"
while IFS= read -r record; do
    printf '%s\n' "$record" >"$work/record"
    entry=$(number entry "$work/record") attempt=$(number attempt "$work/record")
    name=$(field subject "$work/record")
    [ "${entry:-0}" = 0 ] || name=$name.rollback.$entry
    echo "output/$name.$attempt.log" >>"$work/outputs"
    expect_hash "output/$name.$attempt.log" "$(field output "$work/record")"
done <"$work/ended"
g ls-tree -r --name-only "$branch" output/ >"$work/stored"
while IFS= read -r path; do
    grep -qxF "$path" "$work/outputs" || found "$path belongs to no record"
done <"$work/stored"

# ---- the end ----

last=$(tail -n 1 "$work/line.hashes")
if [ -n "$head" ] && [ "$head" != "$last" ]; then
    found "the head is $last, expected $head: another trail, or one that was cut off"
elif ! grep -q '"type":"run.closed"' "$work/journal" && [ "$open" = 0 ] && [ -z "$head" ]; then
    found "the run is not over: a cut-off tail cannot be told from one that was not written yet; compare the head"
fi

# ---- the signatures ----

# signer NAMESPACE SIGNATURE TEXT: "name fingerprint" of who signed; name "-" without a list of signers.
signer() {
    name=-
    if [ -n "$signers" ]; then
        name=$(ssh-keygen -Y find-principals -s "$2" -f "$signers" 2>/dev/null | sed -n 1p)
        [ -n "$name" ] || return 1
        said=$(ssh-keygen -Y verify -f "$signers" -I "$name" -n "$1" -s "$2" <"$3" 2>/dev/null) || return 1
    else
        said=$(ssh-keygen -Y check-novalidate -n "$1" -s "$2" <"$3" 2>/dev/null) || return 1
    fi
    echo "$name $(printf '%s\n' "$said" | sed -n 's/.*\(SHA256:[^ ]*\).*/\1/p')"
}

# Keys of the trail, with the record from which on: of those who opened it or took it up.
grep -nE '"type":"run\.(opened|resumed)"' "$work/journal" >"$work/sessions"
: >"$work/keys"
while IFS= read -r record; do
    printf '%s\n' "$record" >"$work/record"
    echo "${record%%:*} $(field key "$work/record")" >>"$work/keys"
done <"$work/sessions"
while read -r commit seq; do
    key=$(awk -v seq="$seq" '$1 <= seq { key = $2 } END { print key }' "$work/keys")
    signature=$work/commits.d/$commit.sig
    if [ ! -s "$signature" ]; then
        [ -z "$key$signers" ] || found "commit $commit: is not signed"
    elif ! by=$(signer git "$signature" "$work/commits.d/$commit.text"); then
        found "commit $commit: its signature does not hold, or is of nobody whom you named"
    elif [ -n "$key" ]; then
        awk -v seq="$seq" -v by="${by#* }" '
            $1 <= seq { at = NR }
            { key[NR] = $2 }
            END { for (i = at; i <= NR; i++) if (key[i] == by) exit 0; exit 1 }
        ' "$work/keys" || found "commit $commit: is signed with ${by#* }, expected $key"
    fi
done <"$work/history"

# unescape FILE: a text of a record as it was before it was written.
unescape() {
    awk '{
        for (i = 1; i <= length($0); i++) {
            c = substr($0, i, 1)
            if (c == "\\") {
                c = substr($0, ++i, 1)
                if (c == "n")
                    c = "\n"
            }
            printf "%s", c
        }
    }' "$1"
}

grep -E '"type":"(gate\.voted|gate\.forced|item\.overridden|check\.ticked)"' "$work/journal" >"$work/decisions"
: >"$work/used"
policy=$(field policy "$work/first")
while IFS= read -r record; do
    printf '%s\n' "$record" >"$work/record"
    seq=$(number seq "$work/record")
    field statement "$work/record" >"$work/statement.raw"
    field signature "$work/record" >"$work/signature.raw"
    if [ ! -s "$work/statement.raw" ] || [ ! -s "$work/signature.raw" ]; then
        # Whether a tick needs a signature is in the book.
        case $record in
        *'"type":"check.ticked"'*) ;;
        *) [ -z "$policy" ] || found "record $seq: the decision is not signed" ;;
        esac
        continue
    fi
    unescape "$work/statement.raw" >"$work/statement"
    unescape "$work/signature.raw" >"$work/signature"
    if grep -qxFf "$work/statement.raw" "$work/used"; then
        found "record $seq: what was signed was used before"
    fi
    cat "$work/statement.raw" >>"$work/used"
    printf '\n' >>"$work/statement" # for sed and awk; it was not signed
    for pair in subject:subject choice:choice role:role text:text person:actor; do
        said=$(field "${pair%:*}" "$work/statement") is=$(field "${pair#*:}" "$work/record")
        [ "$said" = "$is" ] || found "record $seq: \"$said\" was signed as ${pair%:*}, \"$is\" is recorded"
    done
    for what in run book targets settings; do
        [ "$(field "$what" "$work/statement")" = "$(field "$what" "$work/first")" ] ||
            found "record $seq: was signed for another run, book, targets or settings"
    done
    [ "$(number seq "$work/statement")" -lt "$seq" ] || found "record $seq: was signed after it was recorded"
    [ "$(number expires_wall_us "$work/statement")" -gt "$(number wall_us "$work/record")" ] ||
        found "record $seq: what was signed was over"
    awk 'NR > 1 { printf "\n" } { printf "%s", $0 }' "$work/statement" >"$work/signed"
    if ! by=$(signer tminus-decision "$work/signature" "$work/signed"); then
        found "record $seq: the signature does not hold, or is of nobody whom you named"
        continue
    fi
    [ "${by#* }" = "$(field key "$work/record")" ] || found "record $seq: is signed with another key than it says"
    [ "${by%% *}" = - ] || [ "${by%% *}" = "$(field actor "$work/record")" ] ||
        found "record $seq: is $(field actor "$work/record")'s, and was signed by ${by%% *}"
done <"$work/decisions"
if [ -n "$signers" ] && [ -z "$policy" ]; then
    found "the run was begun without a policy: names are claimed, not proven"
fi
grep '"type":"gate.forced"' "$work/journal" >"$work/forced"
while IFS= read -r record; do
    printf '%s\n' "$record" >"$work/record"
    echo "GLASS WAS BROKEN at $(field subject "$work/record") by $(field actor "$work/record"): $(field text "$work/record")"
done <"$work/forced"

echo "$(line_count "$work/journal") records in $(line_count "$work/history") commits, head ${last:-none}"
verdict
