"""A tiny HTTP server that behaves like a network camera, and misbehaves on demand."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2

from tests.support import media

INTERVAL_S = 0.03


class MjpegServer:
    """Serves ``/stream.mjpg`` from a thread.

    Attributes:
        gone: Connections are closed and new ones refused an answer.
        frozen: Connections stay and nothing comes.
        garbage: What comes are no pictures.
        size: Width and height of the pictures.
    """

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.frozen = threading.Event()
        self.garbage = threading.Event()
        self.size = (media.WIDTH, media.HEIGHT)
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/stream.mjpg"

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                """Keep quiet."""

            def do_GET(self) -> None:
                if server.gone.is_set():
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    self._send_frames()
                except OSError:
                    return  # the viewer has gone

            def _send_frames(self) -> None:
                index = 0
                while not server.gone.is_set() and not server._closing.wait(INTERVAL_S):
                    if server.frozen.is_set():
                        continue
                    shown = media.picture(media.level_of(index), *server.size)
                    jpeg = cv2.imencode(".jpg", shown)[1].tobytes()
                    if server.garbage.is_set():
                        jpeg = bytes(byte ^ 0x5A for byte in jpeg)
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}"
                    self.wfile.write(head.encode() + b"\r\n\r\n" + jpeg + b"\r\n")
                    index += 1

        return Handler
