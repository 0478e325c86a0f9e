# Python's requests: does one work and prints wall clock and CPU of this process, in nanoseconds.
# Arguments: the kind of work, how many requests come before those that are measured, how many are
# measured, how long the content of each answer is, the URL, the message as JSON, a file.

import json
import sys
import time

import requests

kind, warm_up, count, received, url, message, path = sys.argv[1:]
message = json.loads(message)
session = requests.Session()
session.trust_env = False


def get():
    response = session.get(url)
    return response, len(response.content)


def post_json():
    response = session.post(url, json=message)
    return response, len(response.content)


def download():
    with session.get(url, stream=True) as response:
        return response, sum(len(piece) for piece in response.iter_content(65_000))


def form():
    with open(path, "rb") as file:
        response = session.post(url, files={"file": file})
        return response, len(response.content)


def repeat(times):
    for _ in range(times):
        response, length = work()
        assert response.status_code == 200 and length == int(received), (response, length)


work = {"get": get, "json": post_json, "download": download, "form": form}[kind]
repeat(int(warm_up))
cpu, wall = time.process_time_ns(), time.perf_counter_ns()
repeat(int(count))
wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
print(wall, cpu)
