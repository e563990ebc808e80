# Judges the facts that `symbols` collects, one a line: kind, then fields, separated by tabs.

BEGIN {
    n = split("printf vprintf puts putchar perror stdout stderr exit", list, " ")
    for (i = 1; i <= n; i++)
        for_app[list[i]] = 1
}

function fault(where, text) {
    print where ": " text
    faults++
}

# As the source has it: __memcpy_chk is memcpy, __isoc99_sscanf is sscanf.
function plain(name) {
    sub(/^__isoc(99|23)_/, "", name)
    if (name ~ /^__.*_chk$/)
        name = substr(name, 3, length(name) - 6)
    return name
}

function is_impure(name,    i) {
    for (i = 1; i <= impures; i++)
        if (name ~ impure[i])
            return 1
    return 0
}

$1 == "room" {
    pure[$2] = $3 == "pure"
    uses[$2] = " " $4 " "
}

$1 == "impure" { impure[++impures] = "^(" $2 ")$" }

$1 == "allow" { allowed[$2] = 1 }

# $2 room, $3 object, $4 name, $5 class, $6 section
$1 == "symbol" && $5 == "U" {
    reference[++references] = $2 "/" $3
    wanted[references] = $4
}

$1 == "symbol" && $5 ~ /^[A-TV-Z]$/ {
    seen[$2] = 1
    if ($4 in home && home[$4] != $2)
        fault($2 "/" $3, "exports " $4 ", and so does " home[$4] ": which of them is linked is chance")
    home[$4] = $2
    if ($5 ~ /^[BCDGS]$/ && $6 !~ /^\.data\.rel\.ro/)
        fault($2 "/" $3, "exports the variable " $4 ", which can be written")
}

END {
    for (i = 1; i <= references; i++) {
        room = reference[i]
        sub(/\/.*/, "", room)
        name = wanted[i]
        owner = home[name]
        if (owner != "" && owner != room && index(uses[room], " " owner " ") == 0)
            fault(reference[i], "uses " name " of room " owner)
        if (owner == "" && room != "app" && plain(name) in for_app)
            fault(reference[i], "uses " plain(name) ": only app prints and exits")
        if (pure[room] && (owner == "" ? !(plain(name) in allowed) : is_impure(name)))
            fault(reference[i], "uses " plain(name) ", and " room " is pure")
    }
    for (room in seen)
        if (!(room in uses))
            fault(room, "this room is not in the table of src/README.md")
    exit faults > 0
}
