"""Serves httpbin on a free port of the loopback, which is the first line out."""

import logging

from werkzeug.serving import make_server

from httpbin import app

logging.disable(logging.CRITICAL)
server = make_server("127.0.0.1", 0, app, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
