"""aiohttp's server in the interop test: python3 aiohttp_server.py PORT IDLE"""

import sys

from aiohttp import WSMsgType, web


async def hello(request):
    return web.Response(text="hello, world\n")


async def echo(request):
    return web.Response(body=await request.read())


async def small(request):
    return web.Response(status=413, text="too large\n")


async def refuse(request):
    raise web.HTTPRequestEntityTooLarge(max_size=0, actual_size=1)


async def websocket(request):
    answer = web.WebSocketResponse()
    await answer.prepare(request)
    async for message in answer:
        if message.type == WSMsgType.TEXT:
            await answer.send_str(message.data)
    return answer


app = web.Application(client_max_size=1 << 30)
app.router.add_get("/hello", hello)
app.router.add_post("/echo", echo)
app.router.add_post("/small", small, expect_handler=refuse)
app.router.add_get("/ws", websocket)
web.run_app(
    app, host="127.0.0.1", port=int(sys.argv[1]), keepalive_timeout=int(sys.argv[2]), print=None
)
