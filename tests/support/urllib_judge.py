"""Does with Python's urllib.parse what tests/urllib.rs asks for, one call a line.

A line in: a function and its arguments, with blanks between them; an argument is text as UTF-8 or
bytes in base64, `=` where it is empty. A line out: `error`, or the parts of the result in the same
form, `-` for None. The first line out is the version of Python.
"""

import base64
import email.utils
import sys
import urllib.parse as parse


def octets(coded):
    return b"" if coded == "=" else base64.b64decode(coded)


def text(coded):
    return octets(coded).decode()


def coded(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    return base64.b64encode(value).decode() or "="


def port_of(parts):
    try:
        return "" if parts.port is None else str(parts.port)
    except ValueError:
        return "error"


def whole(parts):
    names = [parts.username, parts.password, parts.hostname, port_of(parts), parts.geturl()]
    return [*parts, *names]


def pairs(flat):
    return list(zip(flat[::2], flat[1::2]))


def fields(options, qs):
    keep, strict, limit, separator = options.split(",", 3)
    limit = int(limit) if limit else None
    return parse.parse_qsl(
        qs, keep == "1", strict == "1", max_num_fields=limit, separator=separator
    )


def grouped(options, qs):
    keep, strict, limit, separator = options.split(",", 3)
    limit = int(limit) if limit else None
    found = parse.parse_qs(
        qs, keep == "1", strict == "1", max_num_fields=limit, separator=separator
    )
    return [part for name, values in found.items() for part in (name, str(len(values)), *values)]


def sequence(names):
    return [(name, [value, value + "2"]) for name, value in pairs(names)]


FUNCTIONS = {
    "urlsplit": lambda a: whole(parse.urlsplit(text(a[0]), text(a[1]), text(a[2]) == "1")),
    "urlparse": lambda a: whole(parse.urlparse(text(a[0]), text(a[1]), text(a[2]) == "1")),
    "urlunsplit": lambda a: [parse.urlunsplit([text(part) for part in a])],
    "urlunparse": lambda a: [parse.urlunparse([text(part) for part in a])],
    "urljoin": lambda a: [parse.urljoin(text(a[0]), text(a[1]))],
    "urldefrag": lambda a: [*parse.urldefrag(text(a[0])), parse.urldefrag(text(a[0])).geturl()],
    "unwrap": lambda a: [parse.unwrap(text(a[0]))],
    "quote": lambda a: [parse.quote(text(a[0]), text(a[1]))],
    "quote_plus": lambda a: [parse.quote_plus(text(a[0]), text(a[1]))],
    "quote_from_bytes": lambda a: [parse.quote_from_bytes(octets(a[0]), text(a[1]))],
    "unquote": lambda a: [parse.unquote(text(a[0]))],
    "unquote_plus": lambda a: [parse.unquote_plus(text(a[0]))],
    "unquote_to_bytes": lambda a: [parse.unquote_to_bytes(octets(a[0]))],
    "urlencode": lambda a: [parse.urlencode(pairs([text(part) for part in a]))],
    "urlencode_doseq": lambda a: [parse.urlencode(sequence([text(part) for part in a]), True)],
    "urlencode_with": lambda a: [
        parse.urlencode(
            pairs([text(part) for part in a[1:]]), safe=text(a[0]), quote_via=parse.quote
        )
    ],
    "parse_qsl": lambda a: [part for pair in fields(text(a[0]), text(a[1])) for part in pair],
    "parse_qs": lambda a: grouped(text(a[0]), text(a[1])),
    "names": lambda a: parse.__all__,
    "formatdate": lambda a: [email.utils.formatdate(int(text(a[0])), usegmt=True)],
}


print(f"{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}", flush=True)
for line in sys.stdin:
    function, *arguments = line.split()
    try:
        answer = " ".join(map(coded, FUNCTIONS[function](arguments))) or "nothing"
    except (ValueError, OverflowError):
        answer = "error"
    print(answer, flush=True)
