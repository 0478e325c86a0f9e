"""The application of the WSGI servers in the interop test: gunicorn, waitress."""


def app(environ, start_response):
    status, body = answer(environ)
    fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response(status, fields)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def answer(environ):
    path = environ["PATH_INFO"]
    if path == "/hello":
        return "200 OK", b"hello, world\n"
    if path == "/echo":
        return "200 OK", environ["wsgi.input"].read()
    if path == "/small":
        return "413 Content Too Large", b"too large\n"
    return "404 Not Found", b"no such page\n"
