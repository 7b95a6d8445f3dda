"""Pictures as a viewer gets them, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from publisher.live.encoded_frame import Told
from publisher.live.hub import PictureHub, Viewer

REPEAT_S = 1.0
FIRST_PICTURE_S = 0.3


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG, and what is told of it; None where it is not of a camera."""

    jpeg: bytes
    told: Told | None


def pictures(
    hub: PictureHub,
    viewer: Viewer,
    first_camera: Callable[[], str | None],
    placeholder: Callable[[], bytes],
) -> Iterator[Picture]:
    """Yield the newest picture as often as there is one, until the publisher ends.

    It is repeated when nothing new comes; that finds out soon whether the viewer is still there.

    Args:
        hub: Where the viewer was admitted.
        viewer: Who watches; whoever made it lets it leave.
        first_camera: Names the camera for a viewer that has chosen none.
        placeholder: Makes the JPEG that is shown as long as there is no picture.
    """
    jpeg = b""
    while not hub.closed:
        if viewer.camera is None and (camera := first_camera()) is not None:
            viewer.choose(camera)
        newer = viewer.next_picture(REPEAT_S if jpeg else FIRST_PICTURE_S)
        if hub.closed:
            return
        jpeg = newer or jpeg or placeholder()
        yield Picture(jpeg, viewer.told)
