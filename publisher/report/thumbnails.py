"""Faces cut out of the video that results are of."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np

from common.opencv import cv2
from common.pixels import Bgr
from publisher.drawing.annotate import encode_jpeg
from publisher.faces import Box
from publisher.recording.mp4 import MADE_BY
from publisher.report.moments import Moment
from publisher.report.rows import ReportError

MARGIN = 0.5
"""So much of the box's side is added on each side of it."""
SIDE_PX = 176
QUALITY = 85
EARLY_S = 0.002
"""A frame's time may be rounded by so much."""
LATE_S = 0.25
"""The next frame after a missing one is as good up to here."""


def thumbnails_of(parts: Sequence[Path], moments: Iterable[Moment]) -> Iterator[tuple[Moment, str]]:
    """Cut the faces of one camera's moments out of its videos, as ``thumbnails`` does.

    A video that goes on in a second part may do so because the publisher was started again, and
    with it the clock by which a source goes on that begins again. From then on a moment is looked
    for only if its source had not begun again: better no picture than that of another moment.

    Args:
        parts: The videos, in order.
        moments: All moments of their camera.

    Raises:
        ReportError: One of them is not a video that can be read.
    """
    wanted = set(moments)
    for part in parts:
        for moment, picture in thumbnails(part, wanted):
            wanted.discard(moment)
            yield moment, picture
        wanted = {moment for moment in wanted if moment.at_s == moment.pts_s}


def thumbnails(video: Path, moments: Iterable[Moment]) -> Iterator[tuple[Moment, str]]:
    """Cut out the faces of moments; yield each as a data URL, and none that is not in the video.

    A recorded video names its camera: it has the moments of no other.

    Raises:
        ReportError: It is not a video that can be read.
    """
    try:
        with av.open(str(video)) as container:
            if not container.streams.video:
                raise ReportError(f"{video} has no pictures")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            is_ours = container.metadata.get("comment") == MADE_BY
            camera = container.metadata.get("title") if is_ours else None
            # Ours keeps timestamps as they were counted. In others OpenCV counted from the first.
            start_s = 0.0 if is_ours else float((stream.start_time or 0) * (stream.time_base or 0))
            for moment in sorted(moments, key=lambda one: one.at_s):
                if camera is not None and moment.camera != camera:
                    continue
                time_s = moment.at_s if is_ours else moment.pts_s + start_s
                bgr = _frame_at(container, stream, time_s)
                face = None if bgr is None else _cut(bgr, moment.box)
                if face is not None:
                    jpeg = base64.b64encode(encode_jpeg(face, QUALITY)).decode()
                    yield moment, f"data:image/jpeg;base64,{jpeg}"
    except (OSError, av.FFmpegError) as error:
        raise ReportError(f"{video} is not a video that can be read") from error


def _frame_at(
    container: av.container.InputContainer, stream: av.VideoStream, time_s: float
) -> Bgr | None:
    time_base = stream.time_base
    if time_base is None:
        return None
    container.seek(max(0, int(time_s / time_base)), stream=stream)
    for frame in container.decode(stream):
        if frame.time is not None and frame.time >= time_s - EARLY_S:
            is_it = frame.time <= time_s + LATE_S
            return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) if is_it else None
    return None


def _cut(bgr: Bgr, box: Box) -> Bgr | None:
    """Return the face with a margin, ``SIDE_PX`` high and wide; None where the video is smaller."""
    height, width = bgr.shape[:2]
    x, y, w, h = box
    side = min(round(max(w, h) * (1 + 2 * MARGIN)), height, width)
    left = max(0, min(x + w // 2 - side // 2, width - side))
    top = max(0, min(y + h // 2 - side // 2, height - side))
    if x >= width or y >= height or side < 1:
        return None
    face = bgr[top : top + side, left : left + side]
    method = cv2.INTER_AREA if side > SIDE_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(face, (SIDE_PX, SIDE_PX), interpolation=method), np.uint8)
