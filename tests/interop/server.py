"""Origin server for the interop test, on http.server: python3 server.py PORT FOLDER

FOLDER/hello is served as /hello, FOLDER/files as /files/ and, chunked with a trailer, as /chunked/.
"""

import os
import pathlib
import socket
import socketserver
import sys
from http.server import BaseHTTPRequestHandler

PORT, FOLDER = int(sys.argv[1]), pathlib.Path(sys.argv[2])
PIECE = 65536
ETAG = '"hello-1"'
HTTP10 = {
    "/http10/close": "\r\nuntil close",
    "/http10/length": "Content-Length: 6\r\n\r\nlength",
    "/http10/keep-alive": "Connection: keep-alive\r\nContent-Length: 10\r\n\r\nkeep-alive",
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = PIECE  # head and small body leave together

    def do_GET(self):
        folder, _, name = self.path[1:].rpartition("/")
        if self.path == "/hello":
            self.hello()
        elif self.path == "/nothing":
            self.answer(204)
        elif self.path == "/hints":
            self.send_response_only(103)
            self.send_header("Link", "</style.css>; rel=preload")
            self.end_headers()
            self.answer(200, b"hinted")
        elif self.path in HTTP10:
            self.http10()
        elif folder in ("files", "chunked") and (FOLDER / "files" / name).is_file():
            self.file(FOLDER / "files" / name, chunked=folder == "chunked")
        else:
            self.answer(404, b"no such page\n")

    do_HEAD = do_GET

    def do_POST(self):
        pieces = list(self.request_body())
        self.answer(200, b"".join(pieces))

    def do_PUT(self):
        if self.path == "/small":
            return self.too_large()
        with open(FOLDER / self.path[1:], "wb") as file:
            for piece in self.request_body():
                file.write(piece)
        self.answer(201)

    def do_DELETE(self):
        os.unlink(FOLDER / self.path[1:])
        self.answer(204)

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def hello(self):
        if self.headers.get("If-None-Match") == ETAG:
            self.answer(304, b"", [("ETag", ETAG)])
        else:
            self.answer(200, (FOLDER / "hello").read_bytes(), [("ETag", ETAG)])

    def http10(self):
        self.close_connection = self.path != "/http10/keep-alive"
        head = f"HTTP/1.0 200 OK\r\nX-Client-Port: {self.client_address[1]}\r\n"
        self.wfile.write((head + HTTP10[self.path]).encode())

    def file(self, path, chunked):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("X-Client-Port", self.client_address[1])
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Trailer", "X-Check")
        else:
            self.send_header("Content-Length", path.stat().st_size)
        self.end_headers()
        if self.command != "HEAD":
            self.file_body(path, chunked)

    def file_body(self, path, chunked):
        with open(path, "rb") as file:
            while piece := file.read(PIECE):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\nX-Check: done\r\n\r\n")

    def too_large(self):
        """Answers at once, then reads what is still on its way, lest a reset destroy the answer."""
        self.answer(413, b"too large\n", [("Connection", "close")])
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        while self.rfile.read1(PIECE):
            pass

    def answer(self, status, body=b"", fields=()):
        self.send_response(status)
        self.send_header("X-Client-Port", self.client_address[1])
        for name, value in fields:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", len(body))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def request_body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            return self.chunks()
        return self.counted(int(self.headers.get("Content-Length", 0)))

    def counted(self, left):
        while left:
            piece = self.rfile.read(min(left, PIECE))
            if not piece:
                raise EOFError("the request body ends early")
            left -= len(piece)
            yield piece

    def chunks(self):
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield from self.counted(size)
            self.end_of_line()
        self.end_of_line()

    def end_of_line(self):
        if self.rfile.readline() != b"\r\n":
            raise ValueError("a chunk does not end where it should")

    def log_request(self, code="-", size="-"):
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", PORT), Handler).serve_forever()
