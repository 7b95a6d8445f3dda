"""A stream of pictures over HTTP, as ``multipart/x-mixed-replace``.

Chrome shows a part only when it sees the next boundary, so the boundary follows each picture at
once, and the newest picture is repeated when nothing new comes; that also finds out soon whether
the viewer is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from publisher.live.hub import PictureHub, Viewer

BOUNDARY = "ferstream-picture"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
REPEAT_S = 1.0
FIRST_PICTURE_S = 0.3


def stream(
    hub: PictureHub,
    viewer: Viewer,
    first_camera: Callable[[], str | None],
    placeholder: Callable[[], bytes],
) -> Iterator[bytes]:
    """Return the bytes of a stream until the publisher ends.

    Args:
        hub: Where the viewer was admitted.
        viewer: Who watches; whoever made it lets it leave.
        first_camera: Names the camera for a viewer that has chosen none.
        placeholder: Makes the JPEG that is shown as long as there is no picture.
    """
    yield f"--{BOUNDARY}\r\n".encode()
    jpeg = b""
    while not hub.closed:
        if viewer.camera is None and (camera := first_camera()) is not None:
            viewer.choose(camera)
        picture = viewer.next_picture(REPEAT_S if jpeg else FIRST_PICTURE_S)
        if hub.closed:
            return
        jpeg = picture or jpeg or placeholder()
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        yield head.encode() + jpeg
        # A piece of its own: the server takes it when the picture before is with the system, so
        # that the picture chosen next is the newest at that moment.
        yield f"\r\n--{BOUNDARY}\r\n".encode()
