"""Reads answers with Python's http.client and with h11, for tests/differential.rs.

A line in: the request's method, a space, and the answer's octets in base64; then the peer closes.
A line out: what either made of it, with a tab between: `reject`, or `ok` with status, body and
fields, each octets in base64, names and values with colons, fields with commas between.
"""

import base64
import http.client
import io
import sys

import h11


def text(octets):
    return base64.b64encode(octets).decode() or "="


def accepted(status, body, fields):
    pairs = ",".join(text(name) + ":" + text(value) for name, value in fields)
    return f"ok {status} {text(body)} {pairs or '='}"


class Socket:
    def __init__(self, octets):
        self.octets = octets

    def makefile(self, mode):
        return io.BytesIO(self.octets)


def with_http_client(method, octets):
    response = http.client.HTTPResponse(Socket(octets), method=method)
    response.begin()
    tunnel = method == "CONNECT" and 200 <= response.status < 300
    body = b"" if tunnel else response.read()

    def octets_of(value):
        return value.encode("latin-1", "surrogateescape")

    fields = [(octets_of(name), octets_of(value)) for name, value in response.headers.items()]
    return accepted(response.status, body, fields)


def with_h11(method, octets):
    client = h11.Connection(h11.CLIENT)
    target = "h:443" if method == "CONNECT" else "/"
    client.send(h11.Request(method=method, target=target, headers=[("Host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(octets)
    head, body = None, b""
    closed = False
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA and not closed:
            client.receive_data(b"")
            closed = True
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif head and (isinstance(event, h11.EndOfMessage) or event is h11.PAUSED):
            return accepted(head.status_code, body, head.headers.raw_items())
        elif not isinstance(event, h11.InformationalResponse):
            return "reject"


def judged(judge, method, octets):
    try:
        return judge(method, octets)
    except Exception:
        return "reject"


for line in sys.stdin:
    method, coded = line.split()
    octets = b"" if coded == "=" else base64.b64decode(coded)
    answers = [judged(judge, method, octets) for judge in (with_http_client, with_h11)]
    print("\t".join(answers), flush=True)
