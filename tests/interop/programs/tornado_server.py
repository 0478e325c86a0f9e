"""Tornado's server in the interop test: python3 tornado_server.py PORT IDLE"""

import asyncio
import sys

from tornado import web, websocket


class Hello(web.RequestHandler):
    def get(self):
        self.write("hello, world\n")

    head = get


class Echo(web.RequestHandler):
    def post(self):
        self.write(self.request.body)


@web.stream_request_body
class Small(web.RequestHandler):
    """Answers before the body is there."""

    def prepare(self):
        self.set_status(413)
        self.finish("too large\n")

    def data_received(self, chunk):
        pass


class Socket(websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)


async def main():
    handlers = [("/hello", Hello), ("/echo", Echo), ("/small", Small), ("/ws", Socket)]
    app = web.Application(handlers, log_function=lambda handler: None)
    app.listen(int(sys.argv[1]), "127.0.0.1", idle_connection_timeout=int(sys.argv[2]))
    await asyncio.Event().wait()


asyncio.run(main())
