"""``python -m publisher.uploads.decoder``: the process in which what strangers send is decoded.

It is started by the publisher, speaks with it over its standard input and output
(``decoder_protocol``), and holds nothing else: no settings, no sockets, no files. Once it is ready
it can open none, and memory and processor time have limits that the kernel keeps. Whatever becomes
of it, the publisher starts another.

Pillow finds a picture's size in its header, before it takes memory for the pixels. EXIF orientation
is applied. Of an animation the first picture counts.
"""

from __future__ import annotations

import copy
import errno
import io
import os
import resource
import signal
import sys
import threading
import warnings
from queue import SimpleQueue

from PIL import (
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from common.picture_size import MAX_PIXELS, plain_head
from publisher.uploads.decoder_protocol import (
    ANSWER,
    MAX_SIDE_PX,
    MEMORY_BYTES,
    MOST_BYTES,
    READY,
    REQUEST,
    Verdict,
)

LOADED = (
    GifImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,  # EXIF is a TIFF
    WebPImagePlugin,
    copy,
)
"""Pillow would import these when they are needed, and then no file can be opened any more."""
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
TRAVEL_QUALITY = 90
"""A JPEG of at most 0.9 bytes a pixel, even of noise: any picture that is let in fits a message."""
CPU_S = 1.0
CPU_S_A_MILLION_PIXELS = 0.06
"""Three times what the slowest of the formats took (a PNG of 16 bits: 1.5 s for 64 million)."""
ORIENTATION = 0x0112  # the tag in EXIF
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn a picture of each EXIF orientation upright."""


def answer(as_it_is: bool, data: bytes) -> tuple[Verdict, int, int, bytes]:
    """Return what came of an upload: the verdict, height and width in pixels, and a picture.

    Args:
        as_it_is: Whether its pixels may travel as they are, where there are not too many.
        data: The upload.
    """
    signal.setitimer(signal.ITIMER_PROF, CPU_S)  # SIGPROF ends this process
    try:
        return _decode(as_it_is, data)
    except Image.DecompressionBombError:
        return Verdict.TOO_MANY_PIXELS, 0, 0, b""
    except MemoryError:
        return Verdict.TOO_MUCH_MEMORY, 0, 0, b""
    except Exception as error:  # Pillow raises a dozen kinds, which all mean the same
        if isinstance(error, OSError) and error.errno == errno.EMFILE:
            raise  # it imports something that LOADED lacks
        return Verdict.DAMAGED, 0, 0, b""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _decode(as_it_is: bool, data: bytes) -> tuple[Verdict, int, int, bytes]:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            return Verdict.TOO_MANY_PIXELS, height, width, b""
        if max(width, height) > MAX_SIDE_PX:
            return Verdict.TOO_LONG, height, width, b""
        cpu_s = CPU_S + CPU_S_A_MILLION_PIXELS * width * height / 1e6
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        upright = _upright(_plain(image), _turn(image))
    head = plain_head(upright.height, upright.width, is_grey=upright.mode == "L")
    if as_it_is and len(head) + width * height * len(upright.getbands()) <= MOST_BYTES:
        return Verdict.DECODED, upright.height, upright.width, head + upright.tobytes()
    upright.info.clear()  # comments would travel
    jpeg = io.BytesIO()
    upright.save(jpeg, "JPEG", quality=TRAVEL_QUALITY)
    return Verdict.DECODED, upright.height, upright.width, jpeg.getvalue()


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return how to turn a picture upright; damaged EXIF says nothing of it."""
    try:
        return TURNS.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - as above
        return None


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in grey or colour of 8 bits, without transparency."""
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256)  # to convert it would cut at 255
        return image.convert("L")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _upright(image: Image.Image, turn: Image.Transpose | None) -> Image.Image:
    image.load()
    return image if turn is None else image.transpose(turn)


def _read_requests(requests: SimpleQueue[tuple[bool, bytes]]) -> None:
    """Take what is to be decoded, and end this process with the publisher's end of the socket."""
    while True:
        head = sys.stdin.buffer.read(REQUEST.size)
        if len(head) < REQUEST.size:
            os._exit(0)
        as_it_is, size = REQUEST.unpack(head)
        requests.put((as_it_is, sys.stdin.buffer.read(size)))


def _give_up_rights() -> None:
    """Take from this process all that decoding does not need; the kernel holds it to that."""
    limits = (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),  # it would hold somebody's picture
    )
    for limit, most in limits:
        try:
            resource.setrlimit(limit, (most, most))
        except (OSError, ValueError):  # noqa: PERF203 - some systems have none on memory
            if limit != resource.RLIMIT_AS:
                raise


def main() -> None:
    """Answer requests until the publisher hangs up."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # what the parent ignores a child ignores
    warnings.simplefilter("ignore")  # of broken metadata, and of large pictures
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow warns above this and raises above twice this
    Image.preinit()
    requests: SimpleQueue[tuple[bool, bytes]] = SimpleQueue()
    threading.Thread(target=_read_requests, args=[requests], daemon=True).start()
    _give_up_rights()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    while True:
        verdict, height, width, picture = answer(*requests.get())
        sys.stdout.buffer.write(ANSWER.pack(verdict, height, width, len(picture)))
        sys.stdout.buffer.write(picture)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
