"""Python's clients against the crate's server: client.py PORT BIG, where BIG is the length of /big.

http.client, urllib.request, requests and aiohttp each do the same: files, ranges, conditions,
uploads in both framings, one connection for all of it.
"""

import asyncio
import http.client
import sys
import urllib.error
import urllib.request

import aiohttp
import requests

PORT, BIG = int(sys.argv[1]), int(sys.argv[2])
BASE = f"http://127.0.0.1:{PORT}"
HELLO = b"hello, world\n"
BODY = bytes(range(256)) * 4_000
TIMEOUT = 60


def pieces():
    yield BODY[:100_000]
    yield BODY[100_000:]


def check_http_client():
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=TIMEOUT)

    def ask(method, path, body=None, headers={}, **more):
        connection.request(method, path, body, headers, **more)
        response = connection.getresponse()
        return response, response.read()

    response, body = ask("GET", "/hello")
    assert (response.status, response.version, body) == (200, 11, HELLO)
    first = connection.sock.getsockname()
    tag = response.getheader("ETag")
    response, body = ask("HEAD", "/big")
    assert (response.getheader("Content-Length"), body) == (str(BIG), b"")
    response, body = ask("GET", "/hello", headers={"If-None-Match": tag})
    assert (response.status, body) == (304, b"")
    response, body = ask("GET", "/hello", headers={"Range": "bytes=7-11"})
    assert (response.status, body) == (206, b"world")
    assert response.getheader("Content-Range") == "bytes 7-11/13"
    response, body = ask("POST", "/echo", BODY)
    assert (response.getheader("X-Chunked"), body) == ("no", BODY)
    response, body = ask("POST", "/echo", pieces(), encode_chunked=True)
    assert (response.getheader("X-Chunked"), body) == ("yes", BODY)
    response, body = ask("OPTIONS", "/hello")
    assert response.getheader("Allow") == "GET, HEAD, OPTIONS"
    assert connection.sock.getsockname() == first
    response, body = ask("GET", "/missing")
    assert response.status == 404 and b"Not Found" in body or b"not found" in body
    response, body = ask("GET", "/hello")
    assert body == HELLO and connection.sock.getsockname() != first
    connection.close()


def check_urllib():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{BASE}/inner/deep", timeout=TIMEOUT) as response:
        assert response.url == f"{BASE}/inner/deep/"
        assert b">last</a>" in response.read()
    with opener.open(f"{BASE}/echo", BODY, timeout=TIMEOUT) as response:
        assert response.read() == BODY
    try:
        opener.open(f"{BASE}/.hidden", timeout=TIMEOUT)
        raise AssertionError("a dot file")
    except urllib.error.HTTPError as error:
        assert error.code == 404


def check_requests():
    with requests.Session() as session:
        session.trust_env = False

        def ask(method, path, **more):
            return session.request(method, BASE + path, timeout=TIMEOUT, **more)

        assert ask("GET", "/hello").content == HELLO
        # The one beside, since it asks for gzip and unpacks.
        assert ask("GET", "/text").content == b"unpacked"
        response = ask("POST", "/echo", data=pieces())
        assert (response.headers["X-Chunked"], response.content) == ("yes", BODY)
        port = response.headers["X-Client-Port"]
        response = ask("PUT", "/echo", data=BODY)
        assert response.headers["X-Client-Port"] == port
        response = ask("POST", "/echo", json={"a": [1, "ü"]})
        assert response.json() == {"a": [1, "ü"]}
        response = ask("POST", "/echo", files={"file": ("name", BODY)})
        assert BODY in response.content
        assert response.headers["X-Client-Port"] == port
        with ask("GET", "/big", stream=True) as response:
            assert sum(map(len, response.iter_content(10_000))) == BIG
        response = ask("GET", "/inner")
        assert [hop.status_code for hop in response.history] == [301]
        assert ask("GET", "/inner/a b & <ü>.txt").content == b"unusual"
        assert ask("DELETE", "/hello").status_code == 405


async def async_pieces():
    for piece in pieces():
        yield piece


async def check_aiohttp():
    limit = aiohttp.ClientTimeout(total=TIMEOUT)
    async with aiohttp.ClientSession(BASE, timeout=limit) as session:

        async def ask(method, path, **more):
            async with session.request(method, path, **more) as response:
                return response, await response.read()

        response, body = await ask("GET", "/hello")
        assert (response.status, body) == (200, HELLO)
        response, body = await ask("POST", "/echo", data=async_pieces())
        assert (response.headers["X-Chunked"], body) == ("yes", BODY)
        port = response.headers["X-Client-Port"]
        response, body = await ask("POST", "/echo", data=BODY, expect100=True)
        assert body == BODY and response.headers["X-Client-Port"] == port
        response, body = await ask("GET", "/big", headers={"Range": "bytes=-1000"})
        assert (response.status, len(body)) == (206, 1000)
        # A response that is given up halfway costs its connection, and nothing else.
        async with session.get("/big") as response:
            await response.content.readexactly(1_000)
        many = [ask("POST", "/echo", data=BODY[:number * 1_000]) for number in range(100)]
        for number, (response, body) in enumerate(await asyncio.gather(*many)):
            assert body == BODY[:number * 1_000]


check_http_client()
check_urllib()
check_requests()
asyncio.run(check_aiohttp())
