"""Python's http.cookiejar, http.cookies, netrc and urllib.request, for the tests of cookies and
credentials.

A line in: what is asked, and its arguments in base64 with spaces between. A line out: the answer in
base64, `=` where it is empty, `!` where Python refuses.
"""

import base64
import email.message
import hashlib
import http.cookiejar
import http.cookies
import netrc
import os
import sys
import tempfile
import time
import types
import urllib.request


def text(argument):
    return "" if argument == "=" else base64.b64decode(argument).decode("latin-1")


class Response:
    def __init__(self, lines):
        self.headers = email.message.Message()
        for line in lines:
            self.headers["Set-Cookie"] = line

    def info(self):
        return self.headers


def jar(now, first, then, *lines):
    """What a jar sends to a URL after an answer from another."""
    clock = types.SimpleNamespace(**vars(time))
    clock.time = lambda: int(now)
    http.cookiejar.time = clock
    cookies = http.cookiejar.CookieJar()
    cookies.extract_cookies(Response(lines), urllib.request.Request(first))
    request = urllib.request.Request(then)
    cookies.add_cookie_header(request)
    return request.get_header("Cookie", "")


def simple(field):
    """Keys and values of a field, sorted by key."""
    cookies = http.cookies.SimpleCookie()
    cookies.load(field)
    return "\n".join(key + "=" + cookies[key].value for key in sorted(cookies))


def morsel(key, value, *attributes):
    """The output of a cookie with attributes."""
    cookies = http.cookies.SimpleCookie()
    cookies[key] = value
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        flag = name in ("secure", "httponly")
        cookies[key][name] = True if flag else value
    return cookies[key].OutputString()


def quoted(value):
    """The value of a cookie as it is sent."""
    cookies = http.cookies.SimpleCookie()
    cookies["k"] = value
    return cookies["k"].coded_value


def file(now, content):
    """The cookies that a file's reader takes, as it writes them."""
    clock = types.SimpleNamespace(**vars(time))
    clock.time = lambda: int(now)
    http.cookiejar.time = clock
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "cookies.txt")
        with open(name, "wb") as written:
            written.write(content.encode("latin-1"))
        cookies = http.cookiejar.MozillaCookieJar(name)
        cookies.load(ignore_discard=True)
        cookies.save(ignore_discard=True)
        with open(name, "rb") as read:
            return read.read().decode("latin-1")


def machines(content):
    """The entries of a netrc, sorted."""
    with tempfile.NamedTemporaryFile(suffix=".netrc") as written:
        written.write(content.encode("latin-1"))
        written.flush()
        hosts = netrc.netrc(written.name).hosts
    lines = ["\t".join((host, *entry)) for host, entry in hosts.items()]
    return "\n".join(sorted(lines))


def urllib_digest(user, password, cnonce, method, url, challenge):
    """The answer of urllib.request's handler."""
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url, user, password)
    handler = urllib.request.HTTPDigestAuthHandler(passwords)
    handler.get_cnonce = lambda nonce: cnonce
    parameters = urllib.request.parse_keqv_list(urllib.request.parse_http_list(challenge))
    return handler.get_authorization(urllib.request.Request(url, method=method), parameters)


def digest(algorithm, session, qop, user, password, realm, nonce, count, cnonce, method, target, body):
    """The response of RFC 7616, written down from its formulas."""

    def hashed(*parts):
        octets = ":".join(parts).encode("latin-1")
        return hashlib.new(algorithm, octets).hexdigest()

    secret = hashed(user, realm, password)
    if session:
        secret = hashed(secret, nonce, cnonce)
    if qop == "auth-int":
        action = hashed(method, target, hashed(body))
    else:
        action = hashed(method, target)
    if not qop:
        return hashed(secret, nonce, action)
    return hashed(secret, nonce, count, cnonce, qop, action)


ASKED = {
    function.__name__: function
    for function in (jar, simple, morsel, quoted, file, machines, urllib_digest, digest)
}

for line in sys.stdin:
    what, *arguments = line.split()
    try:
        answer = ASKED[what](*map(text, arguments))
        print(base64.b64encode(answer.encode("latin-1")).decode() or "=", flush=True)
    except Exception:
        print("!", flush=True)
