"""Python's http.server: a handler for the small answer, and its own for files. Without Nagle's
algorithm, which would hold back each body until the head is acknowledged.
Arguments: port, directory."""

import functools
import http.server
import sys

HELLO = b"hello, world\n"


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path != "/hello":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(HELLO)))
        self.end_headers()
        self.wfile.write(HELLO)

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024


port, directory = int(sys.argv[1]), sys.argv[2]
handler = functools.partial(Handler, directory=directory)
Server(("127.0.0.1", port), handler).serve_forever()
