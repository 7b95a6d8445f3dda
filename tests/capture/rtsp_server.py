"""A small RTSP server that behaves like a network camera, and misbehaves on demand.

H.264 (RFC 6184) in RTP, interleaved with RTSP on one TCP connection (RFC 2326, section 10.12).
"""

from __future__ import annotations

import base64
import itertools
import re
import select
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from http.client import HTTPMessage, parse_headers

import av
import numpy as np
from numpy.typing import NDArray

from tests.support.media import level_of

WIDTH, HEIGHT, FPS = 320, 240, 15
PICTURES = 12  # then the first one again, as a new key frame
MAX_PAYLOAD = 1400
CLOCK_HZ = 90_000
PARAMETER_SETS, FRAGMENT = (7, 8), 28  # types of NAL units


class RtspServer:
    """Serves one camera from threads, by default to anybody.

    Args:
        credentials: ``user:password`` that viewers must give.

    Attributes:
        frozen: Connections are accepted and stay, and nothing comes.
        closing: It is going away.
        methods: Every request it was sent, such as ``PLAY``.
        sent: The number of the picture sent last.
        first_key: The number of the first picture that is sent as a key frame.
        codec: What it says that it sends.
    """

    def __init__(self, credentials: str = "") -> None:
        self.frozen = threading.Event()
        self.methods: list[str] = []
        self.sent = -1
        self.first_key = 0
        self.codec = "H264"
        self.credentials = credentials
        self.pictures = encoded_pictures()
        self.closing = threading.Event()
        self._port = 0
        self.open()

    @property
    def url(self) -> str:
        user = f"{self.credentials}@" if self.credentials else ""
        return f"rtsp://{user}127.0.0.1:{self._port}/live"

    def open(self) -> None:
        """Listen, after ``close`` on the same port as before."""
        self.closing.clear()
        self._server = _Listener(self, self._port)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """Close every connection and listen no more."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False

    def __init__(self, camera: RtspServer, port: int) -> None:
        self.camera = camera
        super().__init__(("127.0.0.1", port), _Connection)


class _Connection(socketserver.StreamRequestHandler):
    """Answers requests, and sends pictures between them once it was asked to."""

    server: _Listener
    rbufsize = 0  # select does not see what a buffer holds
    timeout = 5.0  # seconds, for a viewer that does not read

    def handle(self) -> None:
        self._packets: Iterator[bytes] | None = None
        self._due_s = 0.0
        camera = self.server.camera
        try:
            while not camera.closing.is_set():
                if camera.frozen.is_set():
                    camera.closing.wait(0.01)
                elif select.select([self.connection], [], [], 0.005)[0]:
                    if not self._handle_request():
                        return
                elif self._packets is not None and time.monotonic() >= self._due_s:
                    self.wfile.write(next(self._packets))
                    self._due_s += 1 / FPS
        except OSError:
            return  # the viewer has gone

    def _handle_request(self) -> bool:
        """Answer one request; False when there will be no more."""
        first = self.rfile.read(1)
        if first == b"$":  # a receiver report of RTCP
            self.rfile.read(struct.unpack(">xH", self.rfile.read(3))[0])
            return True
        method = (first + self.rfile.readline()).decode().partition(" ")[0]
        if not method:
            return False
        self.server.camera.methods.append(method)
        headers = parse_headers(self.rfile)  # they look as in HTTP
        status, answers, body = self._answer(method, headers)
        answers |= {"CSeq": headers["CSeq"], "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in answers.items())
        self.wfile.write(f"RTSP/1.0 {status}\r\n{head}\r\n{body}".encode("latin-1"))
        return method != "TEARDOWN"

    def _answer(self, method: str, headers: HTTPMessage) -> tuple[str, dict[str, str], str]:
        camera = self.server.camera
        expected = "Basic " + base64.b64encode(camera.credentials.encode()).decode()
        if camera.credentials and headers["Authorization"] != expected:
            return "401 Unauthorized", {"WWW-Authenticate": 'Basic realm="camera"'}, ""
        if method == "DESCRIBE":
            return "200 OK", {"Content-Type": "application/sdp"}, _description(camera)
        if method == "SETUP" and "RTP/AVP/TCP" not in headers["Transport"]:
            return "461 Unsupported Transport", {}, ""
        if method == "SETUP":
            return "200 OK", {"Transport": headers["Transport"], "Session": "1;timeout=60"}, ""
        if method == "PLAY":
            self._packets, self._due_s = _packets(camera), time.monotonic()
        return "200 OK", {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN", "Session": "1"}, ""


def picture(index: int) -> NDArray[np.uint8]:
    """A box that moves to the right over grey noise, bluer and less red each time."""
    noise = np.random.default_rng(7).integers(0, 120, (HEIGHT, WIDTH, 1), dtype=np.uint8)
    bgr = np.repeat(noise, 3, axis=2)
    left, level = index % PICTURES * 20, level_of(index % PICTURES)
    bgr[80:160, left : left + 80] = (level, 60, 255 - level)
    return bgr


def encoded_pictures() -> list[list[bytes]]:
    """The NAL units of each picture of H.264; only the first is a key frame."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.framerate, encoder.gop_size = Fraction(FPS), PICTURES
    encoder.options = {"preset": "veryfast", "tune": "zerolatency"}
    frames = [av.VideoFrame.from_ndarray(picture(at), format="bgr24") for at in range(PICTURES)]
    encoded = [bytes(packet) for frame in [*frames, None] for packet in encoder.encode(frame)]
    return [re.split(rb"\x00?\x00\x00\x01", units)[1:] for units in encoded]


def _description(camera: RtspServer) -> str:
    """Describe the stream as SDP, with the decoder's parameters (RFC 6184, section 8.2.1).

    The name is not in UTF-8, as that of many cameras.
    """
    units = [unit for unit in camera.pictures[0] if unit[0] & 31 in PARAMETER_SETS]
    sets = [base64.b64encode(unit).decode() for unit in units]
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=caméra\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
        f"m=video 0 RTP/AVP 96\r\na=rtpmap:96 {camera.codec}/{CLOCK_HZ}\r\n"
        f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={','.join(sets)}\r\n"
        "a=control:track1\r\n"
    )


def _packets(camera: RtspServer) -> Iterator[bytes]:
    """Yield one picture after the other as RTP packets, framed for the channel 0."""
    sequence = 0
    for index in itertools.count():
        is_key = index % PICTURES == 0
        units = [] if is_key and index < camera.first_key else camera.pictures[index % PICTURES]
        payloads = [payload for unit in units for payload in _payloads(unit)]
        framed = b""
        for at, payload in enumerate(payloads):
            kind = 96 | 128 * (at == len(payloads) - 1)  # the last of a picture is marked
            stamp = index * CLOCK_HZ // FPS
            head = struct.pack(">BBHI4s", 128, kind, sequence % 2**16, stamp, b"cam1")
            framed += struct.pack(">BBH", ord("$"), 0, len(head + payload)) + head + payload
            sequence += 1
        camera.sent = index
        yield framed


def _payloads(unit: bytes) -> list[bytes]:
    """Return one NAL unit whole, or in fragments (FU-A) where it is too long for a packet."""
    if len(unit) <= MAX_PAYLOAD:
        return [unit]
    indicator, kind, body = unit[0] & 0xE0 | FRAGMENT, unit[0] & 31, unit[1:]
    parts = [body[at : at + MAX_PAYLOAD] for at in range(0, len(body), MAX_PAYLOAD)]
    ends = [128 * (at == 0) + 64 * (at == len(parts) - 1) for at in range(len(parts))]
    return [bytes([indicator, end | kind]) + part for end, part in zip(ends, parts, strict=True)]
