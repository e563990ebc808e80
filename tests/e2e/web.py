"""A web server for a scenario: answers GET PATH with what the file DIRECTORY/PATH holds ("STATUS BODY"), and keeps each
POST as a line of DIRECTORY/posts, and answers none while DIRECTORY/hang is there. Its port is in DIRECTORY/port once it listens."""
import http.server
import os
import sys
import time

directory = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        try:
            with open(os.path.join(directory, os.path.basename(self.path)), "rb") as file:
                status, body = file.read().split(b" ", 1)
        except OSError:
            status, body = 404, b"no"
        self.answer(int(status), body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(os.path.join(directory, "posts"), "ab") as file:
            file.write(self.path.encode() + b" " + body + b"\n")
        while os.path.exists(os.path.join(directory, "hang")):
            time.sleep(0.05)
        try:
            self.answer(200, b"")
        except BrokenPipeError:
            pass  # whoever asked is gone

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
with open(os.path.join(directory, "port.new"), "w") as file:
    file.write(str(server.server_address[1]))
os.rename(os.path.join(directory, "port.new"), os.path.join(directory, "port"))
server.serve_forever()
