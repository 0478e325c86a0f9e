"""Prints the public names of requests, of its classes and of urllib3's Retry, with their arguments, on
the first line, behind the version."""

import inspect

import requests
from requests import adapters, api, auth, cookies, exceptions, models, sessions, structures, utils
from urllib3.util.retry import Retry

MODULES = [adapters, api, auth, cookies, exceptions, models, sessions, structures, utils]
CLASSES = [
    requests.Session, requests.Request, requests.PreparedRequest, requests.Response,
    adapters.BaseAdapter, adapters.HTTPAdapter, cookies.RequestsCookieJar,
    structures.CaseInsensitiveDict, Retry,
]


def public(names):
    return {name for name in names if not name.startswith("_")}


def arguments(callable):
    return set(inspect.signature(callable).parameters) - {"self", "args", "kwargs"}


found = {name for name in public(vars(requests)) if not inspect.ismodule(getattr(requests, name))}
for module in MODULES:
    own = {name: value for name, value in vars(module).items() if not inspect.ismodule(value)}
    found |= public(name for name, value in own.items() if getattr(value, "__module__", None) == module.__name__)
for one in CLASSES:
    # `config` is left from an old way to set an adapter up.
    found |= public(dir(one)) | public(getattr(one, "__attrs__", ())) - {"config"} | arguments(one)
found |= arguments(requests.Session.request)
print(requests.__version__, *sorted(found), flush=True)
