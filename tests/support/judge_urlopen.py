"""Python's urllib.request as a judge: a request in each line, what came of it in each answer.

A line is a list of `key=value`, values in Base64. The answer is `ok STATUS URL BODY`, `http STATUS URL
BODY` for an HTTPError, `short` for a body that is cut short, or `error NAME`."""

import base64
import http.client
import http.cookiejar
import sys
import urllib.error
import urllib.request


def decoded(text):
    return base64.b64decode(text).decode("latin-1")


def opener(options):
    proxies = {"http": options["proxy"][0]} if "proxy" in options else {}
    handlers = [urllib.request.ProxyHandler(proxies)]
    if "cookies" in options:
        handlers.append(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    for scheme in options.get("auth", []):
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, options["area"][0], "me", "secret")
        kinds = {
            "basic": urllib.request.HTTPBasicAuthHandler,
            "digest": urllib.request.HTTPDigestAuthHandler,
        }
        handlers.append(kinds[scheme](passwords))
    made = urllib.request.build_opener(*handlers)
    made.addheaders = [("User-Agent", "judge")]
    return made


def body_of(options):
    if "chunks" in options:
        return (chunk.encode("latin-1") for chunk in options["chunks"])
    return options["data"][0].encode("latin-1") if "data" in options else None


def shown(kind, response):
    body = base64.b64encode(response.read()).decode()
    url = base64.b64encode(response.geturl().encode()).decode()
    return f"{kind} {response.status} {url} {body or '='}"


def answer(options):
    try:
        request = urllib.request.Request(
            options["url"][0],
            data=body_of(options),
            method=options.get("method", [None])[0],
        )
        for field in options.get("header", []):
            request.add_header(*field.split(": ", 1))
        for field in options.get("unredirected", []):
            request.add_unredirected_header(*field.split(": ", 1))
        return shown("ok", made.open(request, timeout=10))
    except urllib.error.HTTPError as error:
        return shown("http", error)
    except http.client.IncompleteRead:
        return "short"
    except Exception as error:
        return f"error {type(error).__name__}"


print("%d.%d" % sys.version_info[:2], flush=True)
made = None
for line in sys.stdin:
    options = {}
    for pair in line.split():
        key, _, value = pair.partition("=")
        options.setdefault(key, []).append(decoded(value))
    # Calls that belong together share an opener.
    if "again" not in options:
        made = opener(options)
    print(answer(options), flush=True)
