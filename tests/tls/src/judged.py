"""Makes the calls that come in lines, by one session of Python's requests; says what each came to."""

import sys

import requests
import urllib3

urllib3.disable_warnings()


def outcome(session, url, verify, cert):
    verify = verify != "false" and verify
    cert = tuple(cert.split(",")) if "," in cert else cert or None
    try:
        response = session.get(url, verify=verify, cert=cert, timeout=20)
        return f"{response.status_code} {response.text}"
    except requests.exceptions.RequestException as error:
        return type(error).__name__
    except OSError:
        return "OSError"


session = requests.Session()
session.trust_env = False
for line in sys.stdin:
    print(outcome(session, *line.rstrip("\n").split("\t")), flush=True)
