"""Pictures each with the faces in it, for a viewer who draws the boxes.

A picture is a line of JSON and then as many bytes of JPEG as the line says. So boxes are never
those of another frame. The type is one that no browser reads by itself: WebKit is said not to let a
script read ``multipart/x-mixed-replace``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from publisher.web.pictures import Picture

CONTENT_TYPE = "application/octet-stream"


def stream(pictures: Iterable[Picture]) -> Iterator[bytes]:
    """Return the bytes of a stream."""
    for picture in pictures:
        yield encoded(picture)
        yield b"\n"  # a piece of its own, as in ``mjpeg``


def encoded(picture: Picture) -> bytes:
    """Return one picture with what is in it."""
    frame = picture.told.json if picture.told else b"null"
    return b'{"bytes":%d,"frame":%s}\n' % (len(picture.jpeg), frame) + picture.jpeg
