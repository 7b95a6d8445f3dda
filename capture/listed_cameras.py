"""The captures of the cameras in a list: those that fall to this cell, followed as it changes.

Each has a process of its own, as one that is started by hand; a camera that is away, refused or
crashes keeps no other from working. A list that is changed is taken up within seconds: who is new
in it is started, who has gone is ended, who has changed is started again, and all others go on.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Mapping
from pathlib import Path

from capture.camera_list import ListedCamera, parse_camera_list, read_cell_count, read_text
from capture.cells import cell_of
from capture.config import LISTED, CaptureConfig
from common.child import Child
from common.contract import Mode
from common.errors import ConfigError
from common.stale_rings import remove_stale_rings
from common.supervisor import STOP_TIMEOUT_S, StartChild

LOOK_S = 5.0
"""How often the list is read. Kubernetes itself takes a minute to bring a changed one to a node."""
OF_THE_LIST = ("CAPTURE_CAMERAS", "CAPTURE_PASSWORDS", "CAPTURE_CELL", "CAPTURE_CELLS")
"""Variables that mean something to the supervisor alone."""
AGAIN_S = (15.0, 45.0)
"""After how long, by chance between these, a capture is tried again that has given up."""

log = logging.getLogger(__name__)


def listed_cameras(config: CaptureConfig, path: Path, start: StartChild) -> ListedCameras:
    """Return the captures of a list.

    Raises:
        ConfigError: Other settings do not go with a list, or it cannot be read.
    """
    if config.mode is Mode.LOSSLESS:
        raise ConfigError(
            f"CAPTURE_CAMERAS={path}: a list is of live cameras; analyse recordings one "
            "by one with CAPTURE_SOURCE, or with `ferstream analyze`"
        )
    if config.camera is not None or config.source != CaptureConfig().source:
        raise ConfigError(
            f"CAPTURE_CAMERAS={path}: names and addresses stand in the list; leave "
            "CAPTURE_CAMERA and CAPTURE_SOURCE out"
        )
    return ListedCameras(config, path, start)


class ListedCameras:
    """One process for each camera of this cell.

    Args:
        config: The settings.
        path: Where the list is.
        start: Starts a capture in an environment.

    Raises:
        ConfigError: The list, or the number of cells, cannot be read.
    """

    exit_code = None
    """It never ends by itself: a list may grow."""

    def __init__(self, config: CaptureConfig, path: Path, start: StartChild) -> None:
        self._config = config
        self._path = path
        self._start = start
        self._wanted: dict[str, dict[str, str]] = {}
        self._running: dict[str, Capture] = {}
        self._leaving: dict[str, tuple[Child, float]] = {}
        self._seen: tuple[str, int] | None = None
        self._ours: dict[str, ListedCamera | None] = {}
        self._wrong: list[str] = []
        self._told: list[str] = []
        self._next_look_s = 0.0
        self._wanted = self._read()

    @property
    def children(self) -> list[Child]:
        """All processes, also those that are about to end."""
        running = [capture.child for capture in self._running.values()]
        return running + [child for child, _ in self._leaving.values()]

    def poll(self) -> None:
        """Follow the list, and look after all captures; start one at most, so never all at once."""
        self._follow()
        self._wait_for_leaving()
        for name, capture in list(self._running.items()):
            if self._wanted.get(name) == capture.environ:
                capture.poll()
            else:
                self._leave(name)
        for name, environ in self._wanted.items():
            if name not in self._running and name not in self._leaving:
                self._running[name] = Capture(name, environ, self._start)
                break

    def _follow(self) -> None:
        now_s = time.monotonic()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_S
        try:
            self._wanted = self._read()
        except ConfigError as error:
            self._tell([f"{error}; until then the list of before holds"])

    def _read(self) -> dict[str, dict[str, str]]:
        """Return the variables of each camera that falls to this cell.

        Raises:
            ConfigError: The list, or the number of cells, cannot be read.
        """
        text = read_text(self._path, "CAPTURE_CAMERAS")
        cells = read_cell_count(self._config.cells)
        if (text, cells) != self._seen:  # what is done with a thousand lines is done once
            self._choose(text, cells)
        wrong = list(self._wrong)
        found = {name: self._environ(name, camera, wrong) for name, camera in self._ours.items()}
        self._tell([f"CAPTURE_CAMERAS={self._path}, {each}" for each in wrong])
        return {name: environ for name, environ in found.items() if environ}

    def _choose(self, text: str, cells: int) -> None:
        """Take those of a list that fall to this cell."""
        cameras, self._wrong = parse_camera_list(text)
        cell = self._config.cell
        self._ours = {name: cameras[name] for name in cameras if cell_of(name, cells) == cell}
        self._seen = text, cells
        usable = {name for name, camera in cameras.items() if camera is not None}
        count = len(usable & self._ours.keys())
        log.info("cell %d of %d: %d of %d cameras", cell, cells, count, len(usable))

    def _environ(self, name: str, camera: ListedCamera | None, wrong: list[str]) -> dict[str, str]:
        """Return a camera's variables; those of before, or none, where its line is wrong."""
        try:
            if camera is not None:
                return camera.environ(self._config.passwords)
        except ConfigError as error:
            wrong.append(f"camera {name}: {error}")
        return self._wanted.get(name, {})

    def _tell(self, wrong: list[str]) -> None:
        """Log what is wrong, once."""
        for line in wrong:
            if line not in self._told:
                log.error("%s", line)
        self._told = wrong

    def _leave(self, name: str) -> None:
        child = self._running.pop(name).child
        child.stop()
        self._leaving[name] = child, time.monotonic() + STOP_TIMEOUT_S

    def _wait_for_leaving(self) -> None:
        for name, (child, deadline_s) in list(self._leaving.items()):
            if child.has_stopped or time.monotonic() > deadline_s:
                child.wait(deadline_s)
                del self._leaving[name]
                remove_stale_rings()  # one that had to be killed has left its own


class Capture:
    """The process of one camera, which is tried again whatever it ends with.

    Args:
        name: The camera's name.
        environ: Its variables.
        start: Starts a capture in an environment.
    """

    def __init__(self, name: str, environ: Mapping[str, str], start: StartChild) -> None:
        self._name = name
        self._start = start
        self._again_s: float | None = None
        self.environ = environ
        self.child = self._started()

    def poll(self) -> None:
        """Look after it; one whose recording has ended has done its work."""
        self.child.poll()
        if not self.child.exit_code:
            return
        if self._again_s is None:
            pause_s = random.uniform(*AGAIN_S)  # noqa: S311 - no secret
            self._again_s = time.monotonic() + pause_s
            log.warning("camera %s has given up; trying it again in %.0f s", self._name, pause_s)
        elif time.monotonic() >= self._again_s:
            self._again_s = None
            self.child = self._started()

    def _started(self) -> Child:
        """Start it; what it needs of the list it has, so that may be away meanwhile."""
        without = dict.fromkeys(OF_THE_LIST, "")
        environ = {**os.environ, **without, **self.environ, LISTED: "1"}
        return self._start(environ, f"camera {self._name}")
