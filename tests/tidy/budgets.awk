# Judges C files in this project's layout: a function begins with "{" and ends with "}" in the first column.

BEGIN {
    function_max = 60
    file_max = 500
    ifs_max = 1 # in 1,000 lines, besides the guards of headers
    banned = "strcpy strcat sprintf vsprintf strncpy strtok atoi atol atof gets system popen alloca"
    split(banned, list, " ")
    for (i in list)
        is_banned[list[i]] = 1
}

function fault(line, text) {
    print file ":" line ": " text
    faults++
}

# The line without comments and without what stands in quotes.
function code_of(line,    code) {
    for (code = ""; ; ) {
        if (in_comment) {
            if (!match(line, /\*\//))
                return code
            in_comment = 0
        } else {
            if (!match(line, /\/\*|\/\/|"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/))
                return code line
            code = code substr(line, 1, RSTART - 1)
            if (substr(line, RSTART, 2) == "//")
                return code
            if (substr(line, RSTART, 2) == "/*")
                in_comment = 1
            else
                code = code "\"\""
        }
        line = substr(line, RSTART + RLENGTH)
    }
}

function check_calls(code,    word) {
    while (match(code, /[A-Za-z_][A-Za-z_0-9]* *\(/)) {
        word = substr(code, RSTART, RLENGTH - 1)
        sub(/ +$/, "", word)
        if (word in is_banned)
            fault(FNR, "banned call: " word)
        code = substr(code, RSTART + RLENGTH)
    }
}

# include/room/a_b.h and src/room/a_b.h: ROOM_A_B_H; a private header with a public namesake: ROOM_PRIVATE_A_B_H;
# src/room/room.h, which all of the room shares: ROOM_PRIVATE_H.
function check_guard(    part, n, name, want, other) {
    n = split(file, part, "/")
    name = toupper(part[n])
    gsub(/[^A-Z0-9]/, "_", name)
    want = toupper(part[2]) "_" name
    other = toupper(part[2]) "_PRIVATE_" (part[n] == part[2] ".h" ? "H" : name)
    if (guard != want && !(part[1] == "src" && guard == other))
        fault(guard_line, "the guard is " (guard == "" ? "missing" : guard) ", expected " want)
}

function end_file() {
    if (file == "")
        return
    if (is_room) {
        if (lines > file_max)
            fault(lines, "the file has " lines " lines, at most " file_max)
        if (is_header)
            check_guard()
        total += lines
    }
}

FNR == 1 {
    end_file()
    file = FILENAME
    is_room = file ~ /^(src|include)\//
    is_header = file ~ /\.h$/
    guard = ""
    guard_line = 1
    in_comment = opened = 0
    if (is_room && is_header && $0 !~ /^\/\*/)
        fault(1, "a header begins with a banner: what it is, what always holds, who owns what")
}

{
    lines = FNR
    if (/TODO|FIXME/)
        fault(FNR, "unfinished: do it, or write it down where the project plans")
    code = code_of($0)
    check_calls(code)
    if (code ~ /typedef +(struct|union|enum)/)
        fault(FNR, "a typedef hides what this is")
}

/^[a-z].*\(/ { signature = $0 }

/^{/ { opened = FNR }

/^}/ && opened {
    if (is_room && FNR - opened + 1 > function_max) {
        sub(/\(.*/, "", signature)
        sub(/.*[ *]/, "", signature)
        fault(opened, signature " has " (FNR - opened + 1) " lines, at most " function_max)
    }
    opened = 0
}

code ~ /^#[ \t]*if/ && is_room {
    if (is_header && guard == "" && $1 == "#ifndef") {
        guard = $2
        guard_line = FNR
    } else {
        last_if = file ":" FNR
        ifs++
    }
}

END {
    end_file()
    if (ifs * 1000 > ifs_max * (total > 1000 ? total : 1000)) {
        print last_if ": " ifs " #if in " total " lines, at most " ifs_max " in 1,000"
        faults++
    }
    exit faults > 0
}
