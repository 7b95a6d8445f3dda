"""The newest picture of each camera, and the viewers that wait for it.

The stage puts pictures in, viewers take the newest when they are ready for it. What a slow viewer
misses is nobody's loss and costs nobody anything: nothing is queued.
"""

from __future__ import annotations

import threading
from collections import Counter
from itertools import count

from publisher.drawing.look import Look
from publisher.live.encoded_frame import EncodedFrame, Told


class TooManyViewersError(Exception):
    """The cap on viewers is reached."""


class PictureHub:
    """Where pictures meet viewers; every method may be called from any thread.

    A viewer is who watches, however many pictures it has open: a tab of the page is one, and so is
    each stream that says nothing of a tab.

    Args:
        max_streams: How many streams there may be at once, over all cameras.

    Attributes:
        closed: Whether the publisher is ending, and every stream with it.
    """

    def __init__(self, max_streams: int) -> None:
        self.max_streams = max_streams
        self._lock = threading.Lock()
        self._left = threading.Condition(self._lock)
        self._arrived: dict[str | None, threading.Condition] = {}
        self._pictures: dict[str, tuple[int, EncodedFrame]] = {}
        self._watching: Counter[tuple[str, Look, str]] = Counter()
        self._streams: Counter[str] = Counter()
        self._numbers = count()
        self._count = 0
        self.closed = False

    @property
    def viewers(self) -> int:
        """How many watch now, over all cameras."""
        return len(self._streams)

    def viewers_of(self, camera: str) -> int:
        """Return how many watch this camera now."""
        with self._lock:
            return len({tab for name, _, tab in self._watching if name == camera})

    def looks_of(self, camera: str) -> set[Look]:
        """Return the looks in which this camera is watched now."""
        with self._lock:
            return {look for name, look, _ in self._watching if name == camera}

    def put_picture(self, camera: str, picture: EncodedFrame) -> None:
        """Make a picture the camera's newest and wake its viewers."""
        with self._lock:
            self._count += 1
            self._pictures[camera] = (self._count, picture)
            self._arrival(camera).notify_all()

    def forget(self, camera: str) -> None:
        """Have no picture of this camera any more; who watches it waits for the next."""
        with self._lock:
            self._pictures.pop(camera, None)

    def newest(self, camera: str) -> EncodedFrame | None:
        """Return the camera's newest picture, if there ever was one."""
        with self._lock:
            return self._pictures[camera][1] if camera in self._pictures else None

    def admit(self, camera: str | None, look: Look, tab: str | None = None) -> Viewer:
        """Let in a viewer, who must ``leave``.

        Args:
            camera: What it watches; None where that is still to be chosen.
            look: How.
            tab: Whose streams count as one viewer; None is a viewer of its own.

        Raises:
            TooManyViewersError: The cap is reached.
        """
        with self._lock:
            if self._streams.total() >= self.max_streams or self.closed:
                raise TooManyViewersError
            tab = tab or f"stream {next(self._numbers)}"
            self._streams[tab] += 1
        viewer = Viewer(self, look, tab)
        if camera is not None:
            viewer.choose(camera)
        return viewer

    def close(self) -> None:
        """End all streams."""
        with self._lock:
            self.closed = True
            for condition in self._arrived.values():
                condition.notify_all()

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Wait until the last viewer has left; return whether that happened."""
        with self._lock:
            return self._left.wait_for(lambda: not self._streams, timeout_s)

    def watch(self, camera: str, look: Look, tab: str) -> None:
        """Count a stream of this camera."""
        with self._lock:
            self._watching[camera, look, tab] += 1

    def leave(self, camera: str | None, look: Look, tab: str) -> None:
        """Count a stream less."""
        with self._lock:
            self._streams -= Counter([tab])
            if camera is not None:
                self._watching -= Counter([(camera, look, tab)])
            self._left.notify_all()

    def wait_newer(
        self, camera: str | None, than: int, timeout_s: float
    ) -> tuple[int, EncodedFrame] | None:
        """Wait for a picture with a higher number; None where none comes in time, or at the end.

        No picture is of the camera None: to wait for one is to wait for the end.
        """

        def newer() -> tuple[int, EncodedFrame] | None:
            found = self._pictures.get(camera) if camera is not None else None
            return found if found and found[0] > than else None

        with self._lock:
            self._arrival(camera).wait_for(lambda: self.closed or newer(), timeout_s)
            return None if self.closed else newer()

    def _arrival(self, camera: str | None) -> threading.Condition:
        if camera not in self._arrived:
            self._arrived[camera] = threading.Condition(self._lock)
        return self._arrived[camera]


class Viewer:
    """Somebody who watches one camera; made by ``PictureHub.admit`` and used by one thread.

    Attributes:
        look: What was chosen.
        camera: Which was chosen; None as long as none is.
        told: What is told of the last picture it had; None as long as it had none.
    """

    def __init__(self, hub: PictureHub, look: Look, tab: str) -> None:
        self._hub = hub
        self.look = look
        self._tab = tab
        self._seen = 0
        self._gone = False
        self.camera: str | None = None
        self.told: Told | None = None

    def choose(self, camera: str) -> None:
        """Choose the camera, once."""
        self._hub.watch(camera, self.look, self._tab)
        self.camera = camera

    def skip_present(self) -> None:
        """Wait only for pictures that come after those that are there now."""
        if self.camera is not None:
            found = self._hub.wait_newer(self.camera, self._seen, 0)
            self._seen = found[0] if found else self._seen

    def next_picture(self, timeout_s: float) -> bytes | None:
        """Wait for a JPEG that this viewer has not had; always the newest."""
        found = self._hub.wait_newer(self.camera, self._seen, timeout_s)
        if found is None:
            return None
        self._seen, picture = found
        self.told = picture.told
        return picture.jpeg(self.look)

    def leave(self) -> None:
        """Make room for somebody else; may be called twice."""
        if not self._gone:
            self._gone = True
            self._hub.leave(self.camera, self.look, self._tab)
