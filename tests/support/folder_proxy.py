"""A reverse proxy that has several servers under folders of one address, as a gateway has cells."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = "/cell-{}"


class FolderProxy:
    """Hands ``/cell-N/...`` to the Nth server as ``/...``, bytes as they come; knows nothing else.

    Args:
        servers: Where the servers are, as host:port.
    """

    def __init__(self, servers: Sequence[str]) -> None:
        self._servers = {FOLDER.format(number): server for number, server in enumerate(servers)}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.host = f"127.0.0.1:{self._server.server_port}"

    def url(self, number: int) -> str:
        return f"http://{self.host}{FOLDER.format(number)}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        servers = self._servers

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                """Keep quiet."""

            def forward(self) -> None:
                folder, slash, rest = self.path[1:].partition("/")
                where = servers.get(f"/{folder}")
                if where is None:
                    self.send_error(404)
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server = HTTPConnection(where, timeout=60)
                with suppress(ConnectionError):  # one of the two ends has had enough
                    server.request(self.command, slash + rest, body, dict(self.headers))
                    answer = server.getresponse()
                    self.send_response_only(answer.status)
                    for name, value in answer.getheaders():
                        if name != "Transfer-Encoding":
                            self.send_header(name, value)
                    self.end_headers()
                    shutil.copyfileobj(answer, self.wfile, 1)
                server.close()

            do_GET = do_HEAD = do_POST = forward  # noqa: N815

        return Handler
