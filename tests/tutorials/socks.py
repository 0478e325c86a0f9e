"""A SOCKS 5 proxy with a password, for names and IPv4 addresses (RFC 1928, RFC 1929)."""

import socket
import socketserver
import struct
import sys
import threading


class Proxy(socketserver.BaseRequestHandler):
    def take(self, count):
        taken = b""
        while len(taken) < count:
            piece = self.request.recv(count - len(taken))
            if not piece:
                raise ConnectionError
            taken += piece
        return taken

    def handle(self):
        try:
            self.serve()
        except OSError:
            pass

    def serve(self):
        version, count = self.take(2)
        methods = self.take(count)
        if version != 5 or 2 not in methods:
            self.request.sendall(b"\x05\xff")
            return
        self.request.sendall(b"\x05\x02")
        self.take(1)
        user = self.take(self.take(1)[0])
        password = self.take(self.take(1)[0])
        right = (user, password) == (b"user", b"secret")
        self.request.sendall(b"\x01\x00" if right else b"\x01\x01")
        if not right:
            return
        _, _, _, kind = self.take(4)
        if kind == 1:
            host = socket.inet_ntoa(self.take(4))
        else:
            host = self.take(self.take(1)[0]).decode()
        (port,) = struct.unpack("!H", self.take(2))
        server = socket.create_connection((host, port))
        self.request.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        back = threading.Thread(target=pass_on, args=(server, self.request))
        back.start()
        pass_on(self.request, server)
        back.join()


def pass_on(source, target):
    while piece := source.recv(65536):
        target.sendall(piece)
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Proxy).serve_forever()
