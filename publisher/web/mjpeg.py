"""A stream of pictures over HTTP, as ``multipart/x-mixed-replace``.

Chrome shows a part only when it sees the next boundary, so the boundary follows each picture at
once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from publisher.web.pictures import Picture

BOUNDARY = "ferstream-picture"
MIME_TYPE = "multipart/x-mixed-replace"
CONTENT_TYPE = f"{MIME_TYPE}; boundary={BOUNDARY}"


def stream(pictures: Iterable[Picture]) -> Iterator[bytes]:
    """Return the bytes of a stream."""
    yield f"--{BOUNDARY}\r\n".encode()
    for picture in pictures:
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n\r\n"
        yield head.encode() + picture.jpeg
        # A piece of its own: the server takes it when the picture before is with the system, so
        # that the picture chosen next is the newest at that moment.
        yield f"\r\n--{BOUNDARY}\r\n".encode()
