"""A service in two versions behind a front, for a scenario: service.py DIRECTORY.

The ports of blue, green and the front are in DIRECTORY/ports once it listens. What the
scenario and the commands of its book change are files of DIRECTORY: green.wanted and blue.wanted (the version runs while
its file is there), share (green's percentage), name (where the name leads to), green.fails (green answers 500).
The front divides the requests for /api, and answers /health of whom it would ask, /share, and /numbers: errors and p95 of
the last two seconds, and how many blue answered.
"""
import http.client
import http.server
import json
import os
import sys
import threading
import time

directory = sys.argv[1]
FLOOR_MS = 2000  # p95 below it is never slow: how busy this machine is says nothing about green
answers = []  # (when, who, status, milliseconds) of the last two seconds
asked = 0
lock = threading.Lock()


def there(name):
    return os.path.exists(os.path.join(directory, name))


def share():
    with open(os.path.join(directory, "share")) as file:
        return int(file.read() or 0)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def version(name):
    class Version(Handler):
        def do_GET(self):
            fails = there(name + ".fails") and self.path == "/api"
            self.answer(500 if fails else 200, {"status": "ok", "version": name})

    return Version


def ask(name, path):
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", ports[name], timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        status, body = answer.status, json.loads(answer.read())
    except OSError:
        status, body = 502, {"status": "gone"}
    finally:
        connection.close()
    return status, body, 1000 * (time.monotonic() - began)


class Front(Handler):
    def do_GET(self):
        global asked
        if self.path == "/share":
            self.answer(200, {"green_percent": share()})
            return
        if self.path == "/numbers":
            self.answer(200, numbers())
            return
        with lock:
            asked += 1
            name = "green" if asked * 37 % 100 < share() else "blue"
        if self.path != "/api":
            name = "green" if share() == 100 else "blue"
        status, body, took_ms = ask(name, self.path)
        if self.path == "/api":
            with lock:
                answers.append((time.monotonic(), name, status, took_ms))
        self.answer(status, body)


def numbers():
    now = time.monotonic()
    with lock:
        while answers and answers[0][0] < now - 2:
            answers.pop(0)
        seen = list(answers)
    times = sorted(took for _, _, _, took in seen)
    failed = sum(status >= 500 for _, _, status, _ in seen)
    return {
        "error_rate_percent": 100 * failed / max(1, len(seen)),
        "p95_ratio": times[len(times) * 95 // 100] / FLOOR_MS if times else 0,
        "blue_requests": sum(name == "blue" for _, name, _, _ in seen),
    }


def keep(name):
    """The version runs while it is wanted."""
    server = None
    while True:
        if there(name + ".wanted") and server is None:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", ports[name]), version(name))
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        elif not there(name + ".wanted") and server is not None:
            server.shutdown()
            server.server_close()
            server = None
        time.sleep(0.05)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


def free():
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        return server.server_address[1]


ports = {"blue": free(), "green": free()}
front = Server(("127.0.0.1", 0), Front)
for name in ports:
    threading.Thread(target=keep, args=(name,), daemon=True).start()
with open(os.path.join(directory, "ports.new"), "w") as file:
    print(ports["blue"], ports["green"], front.server_address[1], file=file)
os.rename(os.path.join(directory, "ports.new"), os.path.join(directory, "ports"))
front.serve_forever()
