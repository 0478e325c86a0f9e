"""Runs the scenarios of tests/requests_differential with Python's requests.

A line in is a scenario, as JSON; a line out is a JSON object of facts, each a text: what the caller
of each call got, and what the session keeps; for the word
`codes`, the names of statuses. The first line out is the version of requests.
"""

import json
import os
import sys

import requests
import urllib3.connection
from requests.auth import HTTPBasicAuth, HTTPDigestAuth, HTTPProxyAuth
from requests.status_codes import _codes

AUTHS = {"basic": HTTPBasicAuth, "digest": HTTPDigestAuth, "proxy": HTTPProxyAuth}


# TLS that hides nothing, so that the server sees what goes through it.
urllib3.connection._ssl_wrap_socket_and_match_hostname = (
    lambda sock, **_: urllib3.connection._WrappedAndVerifiedSocket(sock, True)
)


class Other(requests.RequestException):
    """What a hook raises."""


def hook_of(word, told):
    def hook(response, **_):
        told.append(f"{word}:{response.status_code}")
        if word == "refuse":
            raise Other(response=response)
        if word == "utf-16":
            response.encoding = word
    return hook


def latin1(octets):
    return octets.decode("latin-1")


def auth_of(spec):
    return AUTHS[spec[0]](*spec[1:]) if spec else None


def session_of(spec):
    session = requests.Session()
    session.trust_env = "env" in spec
    session.headers.update(spec.get("headers", {}))
    if "codings" in spec:
        # httpbin brings brotli along, which is no part of requests.
        session.headers["Accept-Encoding"] = "gzip, deflate"
    session.params = spec.get("params", {})
    session.auth = auth_of(spec.get("auth"))
    session.cookies.update(spec.get("cookies", {}))
    session.proxies.update(spec.get("proxies", {}))
    session.max_redirects = spec.get("max_redirects", session.max_redirects)
    return session


def file_of(part):
    name, filename, content, *content_type = part
    return name, (filename, content.encode(), *content_type)


def data_of(spec):
    if "pairs" in spec:
        return [tuple(pair) for pair in spec["pairs"]]
    if "stream" in spec:
        return (piece.encode() for piece in spec["stream"])
    return spec["data"].encode() if "data" in spec else None


def arguments(spec, told):
    made = {"data": data_of(spec)}
    if "params" in spec:
        params = spec["params"]
        is_list = isinstance(params, list)
        made["params"] = [tuple(pair) for pair in params] if is_list else params
    if "json" in spec:
        made["json"] = json.loads(spec["json"])
    if "files" in spec:
        made["files"] = [file_of(part) for part in spec["files"]]
    if "timeout" in spec:
        made["timeout"] = spec["timeout"]
    for name in ("headers", "cookies", "allow_redirects", "proxies"):
        if name in spec:
            made[name] = spec[name]
    if "hooks" in spec:
        made["hooks"] = {"response": [hook_of(word, told) for word in spec["hooks"]]}
    made["auth"] = auth_of(spec.get("auth"))
    made["stream"] = "read" in spec
    return made


def content_of(response, read):
    if read == "lines":
        return "|".join(latin1(line) for line in response.iter_lines())
    if isinstance(read, int):
        return "|".join(latin1(piece) for piece in response.iter_content(read))
    if read == "raw":
        return latin1(response.raw.read())
    return response.text


def facts_of(response, spec):
    if "encoding" in spec:
        response.encoding = spec["encoding"]
    facts = {
        "status": str(response.status_code),
        "reason": response.reason,
        "url": response.url,
        "ok": str(response.ok),
        "history": " ".join(f"{old.status_code}:{old.url}" for old in response.history),
        "method": response.request.method,
        "redirect": f"{response.is_redirect} {response.is_permanent_redirect}",
        "next": f"{response.next.method} {response.next.url}" if response.next else "",
        "cookies": " ".join(sorted(f"{c.name}={c.value}" for c in response.cookies)),
        "links": " ".join(sorted(link["url"] for link in response.links.values())),
        "text": content_of(response, spec.get("read")),
    }
    for name, value in response.headers.items():
        facts[f"field.{name.lower()}"] = value
    if "json_of" in spec:
        facts["json"] = str(response.json()[spec["json_of"]])
    if spec.get("raise"):
        response.raise_for_status()
    return facts


def call(session, spec):
    told = []
    facts = answered(session, spec, told)
    if told:
        facts["hooks"] = " ".join(told)
    return facts


def answered(session, spec, told):
    try:
        response = session.request(spec.get("method", "GET"), spec["url"], **arguments(spec, told))
        return facts_of(response, spec)
    except requests.RequestException as error:
        facts = {"error": type(error).__name__}
        if error.response is not None:
            facts["error.status"] = str(error.response.status_code)
        return facts
    except Exception as error:
        return {"error": f"not a RequestException: {type(error).__name__}"}


def run(scenario):
    if scenario == "codes":
        return {name: str(code) for code, names in _codes.items() for name in names}
    spec = scenario.get("session", {})
    os.environ.update(spec.get("env", {}))
    facts = {}
    with session_of(spec) as session:
        for number, one in enumerate(scenario["calls"]):
            for name, value in call(session, one).items():
                facts[f"got.{number}.{name}"] = value
        kept = sorted(f"{c.name}={c.value};{c.path}" for c in session.cookies)
        facts["kept"] = " ".join(kept)
    for name in spec.get("env", {}):
        del os.environ[name]
    return facts


print(requests.__version__, flush=True)
for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
