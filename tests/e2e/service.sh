# What the scenarios of the replacement of a service share: both versions and their front, users who ask, and the params
# of the book. Sourced after lib.sh.

web=$work/web
requests=$work/requests
# How long what only waits takes.
pace=1s

services_up() {
    mkdir "$web"
    : >"$web/blue.wanted"
    echo 0 >"$web/share"
    echo blue >"$web/name"
    echo 3600 >"$web/ttl"
    python3 "$here/service.py" "$web" &
    background="${background-} $!"
    within 20000 "the services listen" test -s "$web/ports"
    read -r blue green front <"$web/ports"
    : >"$requests"
    : >"$work/asking"
    # Users: who is answered, and by which status.
    python3 - "$front" "$work/asking" "$requests" <<'END' &
import http.client, json, os, sys, time
port, asking, requests = sys.argv[1:]
with open(requests, "a", buffering=1) as out:
    while os.path.exists(asking):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
            connection.request("GET", "/api")
            answer = connection.getresponse()
            print(answer.status, json.loads(answer.read()).get("version"), file=out)
            connection.close()
        except OSError as error:
            print("nobody", error, file=out)
        time.sleep(0.01)
END
    background="$background $!"
}

# The params of the book, in the place of the arguments of what is called: with_params COMMAND...
with_params() {
    "$@" --param "blue=http://127.0.0.1:$blue" --param "green=http://127.0.0.1:$green" --param "front=http://127.0.0.1:$front" \
        --param "metrics=http://127.0.0.1:$front" --param green_version=green \
        --param "deploy_green=: >$web/green.wanted" --param "remove_green=rm -f $web/green.wanted" \
        --param "try_green=python3 -c 'import urllib.request; urllib.request.urlopen(\"http://127.0.0.1:$green/api\")'" \
        --param "set_share=echo \"\$1\" >$web/share.new && mv $web/share.new $web/share" \
        --param "ttl_low=echo 60 >$web/ttl" --param "ttl_back=echo 3600 >$web/ttl" \
        --param "name_to_green=echo green >$web/name" --param "name_to_blue=echo blue >$web/name" \
        --param "stop_blue=rm -f $web/blue.wanted" --param "start_blue=: >$web/blue.wanted" --param "remove_blue=rm -f $web/blue.wanted" \
        --param "ttl_wait=$pace" --param "ttl=$pace" --param "settle=$pace" --param "watch=$pace" --param "patience=$pace" \
        --param "drain=$pace" --param "soak=$pace" \
        --param "tell=echo \"\$1\" >>$work/told"
}

none_failed() {
    ! grep -v '^200 ' "$requests" | sort | uniq -c | grep . >&2 || fail "users met errors"
}

as_before() {
    [ "$(cat "$web/share") $(cat "$web/name") $(cat "$web/ttl") $(ls "$web"/*.wanted)" = "0 blue 3600 $web/blue.wanted" ] ||
        fail "not as before: $(head "$web/share" "$web/name" "$web/ttl"; ls "$web")"
}
