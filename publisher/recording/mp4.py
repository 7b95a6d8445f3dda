"""One H.264 video in a fragmented MP4, which is whole up to its last fragment at any time.

The options of FFmpeg's muxer were chosen by what PyAV and OpenCV read back: without
``frag_discont`` and ``make_non_negative`` the first frame is moved to 0 and so every timestamp.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace

from common.opencv import cv2
from common.pixels import Bgr
from publisher.output_files import OutputFile
from publisher.recording.sink import not_written

TIME_BASE = Fraction(1, 90_000)
"""The usual one of video: timestamps are exact to 6 microseconds."""
KEYFRAME_INTERVAL_S = 1.0
"""A fragment ends where the next keyframe comes: as much is lost when the process is killed."""
MUXER = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof+frag_discont",
    "avoid_negative_ts": "make_non_negative",
    "flush_packets": "1",
}
ENCODER = {
    "preset": "veryfast",
    "crf": "23",
    "tune": "zerolatency",  # keeps no frames back that a kill would lose
    "forced-idr": "1",
}
ENCODER_THREADS = 2
MADE_BY = "ferstream"


class Mp4File:
    """A video of one camera at one size; an odd side is made even by doubling its last pixels.

    Args:
        path: The file, which is overwritten.
        height: Height of the pictures, in pixels.
        width: Width of the pictures, in pixels.
        camera: The camera, which becomes the video's title.

    Raises:
        NotWrittenError: The file cannot be made, or there is no encoder for pictures of this size.
    """

    def __init__(self, path: Path, height: int, width: int, camera: str) -> None:
        self.path = path
        self.shape = (height, width)
        self._keyframe_s = float("-inf")
        self._pts = -1
        self._whole = 0
        try:
            self._output = OutputFile(path)
            self._container = av.open(self._output, "w", format="mp4", options=MUXER)
            self._container.metadata.update(title=camera, comment=MADE_BY)
            self._stream = self._container.add_stream("libx264", options=ENCODER)
        except (OSError, ValueError, av.FFmpegError) as error:  # ValueError: there is no x264
            raise not_written(path, error) from error
        codec = self._stream.codec_context
        codec.height, codec.width = height + height % 2, width + width % 2
        codec.pix_fmt = "yuv420p"
        codec.time_base = TIME_BASE
        codec.thread_count = ENCODER_THREADS
        codec.colorspace = Colorspace.SMPTE170M  # what readers take that do not look
        codec.color_range = ColorRange.MPEG

    def write(self, bgr: Bgr, at_s: float) -> None:
        """Add a picture of the video's size, not earlier than the one before.

        Raises:
            NotWrittenError: The disk is full, for instance; all fragments before are whole.
        """
        frame = av.VideoFrame.from_ndarray(_even(bgr), format="bgr24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.SMPTE170M, dst_color_range=ColorRange.MPEG
        )
        self._pts = max(self._pts + 1, round(at_s / TIME_BASE))
        frame.pts, frame.time_base = self._pts, TIME_BASE
        if at_s - self._keyframe_s >= KEYFRAME_INTERVAL_S:
            frame.pict_type = PictureType.I
            self._keyframe_s = at_s
        self._encode(frame)

    def close(self) -> None:
        """Write the last fragment and close the file.

        Raises:
            NotWrittenError: That was not possible.
        """
        if self._output.closed:
            return
        self._encode(None)
        try:
            self._container.close()
        except (OSError, av.FFmpegError) as error:
            self._give_up()
            raise not_written(self.path, error) from error
        self._output.close()

    def _encode(self, frame: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
                self._whole = self._output.tell()
        except (OSError, av.FFmpegError) as error:
            self._give_up()
            raise not_written(self.path, error) from error

    def _give_up(self) -> None:
        """Leave whole fragments, and let FFmpeg write the rest nowhere."""
        self._output.give_up(self._whole)
        self._container.close()
        self._output.close()


def _even(bgr: Bgr) -> Bgr:
    """Return a picture whose sides are even, as H.264 with halved colour has to have them."""
    height, width = bgr.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return bgr
    padded = cv2.copyMakeBorder(bgr, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8)
