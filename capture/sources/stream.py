"""A camera on the network: RTSP, or MJPEG over HTTP.

PyAV reads it and not OpenCV, which keeps to itself why a stream cannot be opened, and forces every
picture into the size of the first: those of a camera that is turned come distorted.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import VideoReformatter

from capture.sources.source import LiveSource, check_size
from common.errors import SourceError
from common.picture_size import MAX_PIXELS
from common.pixels import Bgr

TIMEOUT_S = 5.0
"""How long FFmpeg waits for an answer or for data; for RTP in RTSP it does so twice. PyAV's own
timeout asks Python for the time meanwhile, and a process that ends then dies of it (SIGSEGV,
PyAV 18.1)."""
FIRST_PICTURE_S = 14.0
"""Who joins a stream sees nothing before its next key frame, and some cameras send one in 10 s.
It is less than the time after which a feed counts as stuck."""
DECODING_THREADS = 1
"""Each decoder thread holds a frame back: measured with H.264 over RTSP, 16 show the picture of 16
frames ago, a second at 15 frames a second."""
OPTIONS = {
    "analyzeduration": "1000000",  # us to look at it first; 5 s by default, as long as the timeout
    "probesize": "500000",  # bytes; a stream of a kind that nobody knows took 75 s to send 5 MB
    "rtsp_flags": "prefer_tcp",
    "max_pixels": str(MAX_PIXELS),  # a decoder refuses what is larger before it makes room
}
DECODABLE = f"picture that can be decoded, of at most {MAX_PIXELS // 10**6} million pixels,"


class NetworkStream(LiveSource):
    """A stream by its address.

    The timeouts are FFmpeg's, and some servers manage to hang it nevertheless: whoever reads has
    to watch the time from outside.

    Raises:
        SourceError: Nobody answers, or it is not video.
    """

    def __init__(self, url: str) -> None:
        self._container = _open(url)
        try:
            video = _video_of(self._container)
        except SourceError:
            self.close()
            raise
        self._packets = self._container.demux(video)
        self._decoded: deque[av.VideoFrame] = deque()
        self._converter = VideoReformatter()
        self._patience_s = FIRST_PICTURE_S

    def read(self) -> Bgr:
        """Wait for the next frame; it may have another size than the one before.

        Raises:
            SourceError: The stream is lost.
        """
        began_s = time.monotonic()
        try:
            while not self._decoded:
                if time.monotonic() - began_s > self._patience_s:
                    raise SourceError(f"no {DECODABLE} for {self._patience_s:.0f} s")
                self._decode(next(self._packets))
            self._patience_s = TIMEOUT_S
            frame = self._decoded.popleft()
            check_size(frame.width, frame.height)
            bgr = self._converter.reformat(frame, format="bgr24", threads=1)
            return np.ascontiguousarray(bgr.to_ndarray(), np.uint8)  # rows may be padded
        except (StopIteration, av.FFmpegError):
            raise SourceError("the stream has broken off") from None

    def close(self) -> None:
        """Let go of the connection."""
        self._container.close()

    def _decode(self, packet: av.Packet[av.VideoStream]) -> None:
        with suppress(av.FFmpegError):  # the picture is damaged; the next one may be whole
            self._decoded.extend(packet.decode())


def _open(url: str) -> InputContainer:
    scheme, separator, rest = url.partition("://")
    url = scheme.lower() + separator + rest  # FFmpeg does not know RTSP://
    began_s = time.monotonic()
    try:
        return av.open(
            url,
            options=OPTIONS | {"timeout": f"{TIMEOUT_S * 1e6:.0f}"},
            metadata_errors="replace",  # names of streams are not always UTF-8
        )
    except av.FFmpegError as error:
        why = error.strerror
        if time.monotonic() - began_s >= TIMEOUT_S:
            why = f"no answer for {TIMEOUT_S:.0f} s"
        raise SourceError(
            f"no video can be reached there: {why}; check address, password and network"
        ) from None  # the error holds the address, and with it the password


def _video_of(container: InputContainer) -> av.VideoStream:
    """Return the first video, ready to be decoded.

    Raises:
        SourceError: There is none, nothing decodes it, or its pictures are too large.
    """
    video = next(iter(container.streams.video), None)
    decoder = video.codec_context if video else None
    if video is None or decoder is None:
        raise SourceError("has no picture that can be decoded")
    if decoder.width:  # else the first key frame says it
        check_size(decoder.width, decoder.height)
    decoder.thread_count, decoder.options = DECODING_THREADS, OPTIONS
    return video
