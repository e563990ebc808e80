# Judges the facts that `layers` collects, one a line: kind, then fields, separated by tabs.

function fault(where, text) {
    print where ": " text
    faults++
}

function glob_matches(pattern, name) {
    gsub(/\./, "\\.", pattern)
    gsub(/\*/, ".*", pattern)
    return name ~ ("^" pattern "$")
}

# May a file `name` of `room` include the outside header `header`?
function outside_allowed(room, name, header,    i, n, list, item) {
    n = split(outside[room], list, " ")
    for (i = 1; i <= n; i++) {
        if (list[i] == header)
            return 1
        if (split(list[i], item, "=") == 2 && item[1] == header && glob_matches(item[2], name))
            return 1
    }
    return 0
}

$1 == "room" {
    rank[$2] = ++rooms
    uses[$2] = " " $4 " "
    outside[$2] = $5
    n = split($4, used, " ")
    for (i = 1; i <= n; i++)
        if (!(used[i] in rank))
            fault("src/README.md", "room " $2 " uses " used[i] ", which does not stand above it")
}

$1 == "libc" { libc[$2] = 1 }

$1 == "directory" {
    split($2, part, "/")
    present[part[2]] = 1
    if (!(part[2] in rank))
        fault($2, "this room is not in the table of src/README.md")
}

$1 == "file" { file[$2] = 1 }

$1 == "include" {
    where = $2 ":" $3
    depth = split($2, path, "/")
    room = path[2]
    target = $4
    sub(/[ \t]*(\/[*\/].*)?$/, "", target)
    name = substr(target, 2, length(target) - 2)
    if (target ~ /^</) {
        if (!(name in libc) && !outside_allowed(room, path[depth], name))
            fault(where, "<" name "> does not belong in room " room)
    } else if (target !~ /^"/) {
        fault(where, "includes something that is not a header: " target)
    } else if (split(name, other, "/") == 1) {
        if (!(("src/" room "/" name) in file) || $2 ~ /^include/)
            fault(where, "\"" name "\" is not a private header of room " room)
    } else if (other[1] == room) {
        if (!(("src/" name) in file) && !(("include/" name) in file))
            fault(where, "there is no \"" name "\"")
        else if ($2 ~ /^include/ && !(("include/" name) in file))
            fault(where, "a public header includes the private \"" name "\"")
    } else if (index(uses[room], " " other[1] " ") == 0) {
        fault(where, "room " room " may not use room " other[1])
    } else if (!(("include/" name) in file)) {
        fault(where, "\"" name "\" is not a public header of room " other[1])
    }
}

END {
    for (room in rank)
        if (!(room in present))
            fault("src/README.md", "there is no room " room)
    exit faults > 0
}
