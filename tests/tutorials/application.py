"""The application of the tutorials: forms, uploads, JSON, cookies, streams. Flask."""

import sys
import time

from flask import Flask, Response, jsonify, request

app = Flask(__name__)


@app.get("/agent")
def agent():
    return request.headers["User-Agent"]


@app.post("/form")
def form():
    return repr(request.form.to_dict(flat=False))


@app.post("/upload")
def upload():
    image = request.files["image"]
    content = image.read()
    kind = "PNG" if content.startswith(b"\x89PNG\r\n\x1a\n") else "no PNG"
    return f"{request.form['title']}: {image.filename} {image.mimetype} {len(content)} {kind}"


@app.post("/json")
def take_json():
    assert request.mimetype == "application/json"
    return jsonify({"doubled": 2 * request.get_json()["number"]})


@app.get("/cookies")
def cookies():
    return repr(dict(request.cookies))


@app.get("/cookies/set")
def set_cookie():
    response = Response("set")
    response.set_cookie("sessioncookie", "123456789")
    return response


@app.get("/big")
def big():
    return Response((b"x" * 10_000 for _ in range(100)), mimetype="application/octet-stream")


@app.get("/slow")
def slow():
    time.sleep(2)
    return "late"


@app.get("/tests")
def tests():
    return " ".join(name for name in ("X-Test", "X-Test2") if name in request.headers)


@app.get("/pizza")
def pizza():
    return request.headers["X-Pizza"]


@app.get("/stream")
def stream():
    return Response((f'{{"id": {number}}}\n' for number in range(3)), mimetype="text/plain")


@app.route("/verb", methods=["MKCOL", "PUT"])
def verb():
    return f"{request.method} {request.get_data(as_text=True)!r}"


app.run("127.0.0.1", int(sys.argv[1]), threaded=True)
