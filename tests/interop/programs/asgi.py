"""The application of the ASGI servers in the interop test: uvicorn, hypercorn."""


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await websocket(receive, send)
    elif scope["type"] == "http":
        await http(scope["path"], receive, send)


async def http(path, receive, send):
    status, body = 404, b"no such page\n"
    if path == "/hello":
        status, body = 200, b"hello, world\n"
    elif path == "/echo":
        status, body = 200, await request_body(receive)
    elif path == "/small":
        status, body = 413, b"too large\n"
    fields = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def request_body(receive):
    pieces, more = [], True
    while more:
        message = await receive()
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(pieces)


async def websocket(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
