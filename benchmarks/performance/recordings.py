"""The recordings that are measured, made of clips of one person each, or of the bundled clip.

All are Motion JPEG at 30 frames a second, so that decoding costs what a webcam's pictures cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks.labelled_videos import read_frames
from benchmarks.searches import classic_search
from common.errors import ConfigError
from common.pixels import Bgr
from tests.support.media import DEMO

FPS = 30
JPEG_QUALITY = 95
VGA = (640, 480)
ENDINGS = (".avi", ".mkv", ".mov", ".mp4")
CODE_BITS, CODE_PX = 12, 16
"""The number drawn into a frame: so many squares of so many pixels along its lower edge."""

TILE_FACES = 3
"""Width of a tile, in faces."""

Size = tuple[int, int]
"""Width and height in pixels."""


def find_clips(videos: Path | None) -> list[Path]:
    """Return the clips of a directory by name, or the bundled one.

    Raises:
        ConfigError: There is none.
    """
    if videos is None:
        return [DEMO]
    found = sorted(videos.iterdir()) if videos.is_dir() else []
    clips = [path for path in found if path.suffix.lower() in ENDINGS]
    if not clips:
        raise ConfigError(
            f"--videos {videos}: expected a directory of videos ({', '.join(ENDINGS)})"
        )
    return clips


class Recordings:
    """Makes each recording when it is first asked for.

    Args:
        clips: One person each, who keeps to one place.
        folder: Where the recordings go.
    """

    def __init__(self, clips: Sequence[Path], folder: Path) -> None:
        self.clips = tuple(clips)
        self._folder = folder
        self._made: dict[str, Path] = {}

    def one_face(self, repeats: int) -> Path:
        """Return all clips at 640x480, so many times over."""
        frames = (bgr for _ in range(repeats) for clip in self.clips for bgr in read_frames(clip))
        return self._make(f"one-face-x{repeats}", (_scaled(bgr, VGA) for bgr in frames), VGA)

    def scaled(self, size: Size, frames: int, fps: int = FPS) -> Path:
        """Return frames, as many of each clip, cut to the shape of ``size`` and scaled to it."""
        each = -(-frames // len(self.clips))
        played = (bgr for clip in self.clips for bgr in islice(cycle_frames(clip), each))
        pictures = (_scaled(_cut_middle(bgr, size), size) for bgr in islice(played, frames))
        return self._make(f"{size[0]}x{size[1]}-{frames}-{fps}", pictures, size, fps)

    def tiled(self, size: Size, grid: Size, faces: int, frames: int) -> Path:
        """Return a grid of faces, each in a tile of its own from one of the clips.

        Tiles that are to have no face show such a tile upside down: as busy a picture, in which
        hardly a face is found.

        Args:
            size: Of the recording.
            grid: Tiles across and down.
            faces: How many of the tiles have a face.
            frames: How many frames; clips that are shorter are played again.
        """
        tile = (size[0] // grid[0], size[1] // grid[1])
        people = [
            cycle([_scaled(bgr, tile) for bgr in close_ups(clip, tile, frames)])
            for clip in self.clips
        ]
        name = f"{size[0]}x{size[1]}-{faces}-of-{grid[0]}x{grid[1]}-{frames}"
        tiles = grid[0] * grid[1]
        return self._make(name, _tile(people, size, grid, _spaced(faces, tiles), frames), size)

    def numbered(self, frames: int) -> Path:
        """Return 640x480 frames that carry their number, which ``read_number`` reads."""
        each = -(-frames // len(self.clips))
        played = (bgr for clip in self.clips for bgr in islice(cycle_frames(clip), each))
        pictures = (_number(_scaled(bgr, VGA), place) for place, bgr in enumerate(played))
        return self._make(f"numbered-{frames}", islice(pictures, frames), VGA)

    def _make(self, name: str, frames: Iterable[Bgr], size: Size, fps: int = FPS) -> Path:
        if name not in self._made:
            path = self._folder / f"{name}.avi"
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
            writer.set(cv2.VIDEOWRITER_PROP_QUALITY, JPEG_QUALITY)
            for bgr in frames:
                writer.write(bgr)
            writer.release()
            self._made[name] = path
        return self._made[name]


def count_frames(video: Path) -> int:
    """Return how many frames a recording of ours has."""
    reader = cv2.VideoCapture(str(video))
    frames = int(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    reader.release()
    return frames


def cycle_frames(clip: Path) -> Iterator[Bgr]:
    """Yield the frames of a clip for ever."""
    while True:
        yield from read_frames(clip)


def close_ups(clip: Path, shape: Size, frames: int) -> list[Bgr]:
    """Return up to ``frames`` frames of a clip, cut to ``shape`` around its person's face."""
    x, y, side = place_of_face(clip)
    cut = []
    for bgr in islice(read_frames(clip), frames):
        height, width = bgr.shape[:2]
        scale = min(TILE_FACES * side / shape[0], width / shape[0], height / shape[1])
        w, h = round(scale * shape[0]), round(scale * shape[1])
        left = min(max(0, x - w // 2), width - w)
        top = min(max(0, y - h // 2), height - h)
        cut.append(np.ascontiguousarray(bgr[top : top + h, left : left + w]))
    return cut


@cache
def place_of_face(clip: Path) -> tuple[int, int, int]:
    """Return the centre and the side of the largest face in the first frame where one is found.

    Raises:
        ConfigError: None is found in any.
    """
    for bgr in read_frames(clip):
        boxes = classic_search(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8))
        if len(boxes):
            x, y, w, h = boxes[boxes[:, 2].argmax()].tolist()
            return x + w // 2, y + h // 2, w
    raise ConfigError(f"{clip}: no face was found in it")


def read_number(bgr: Bgr) -> int:
    """Return the number that ``Recordings.numbered`` has drawn into a frame."""
    middles = np.arange(CODE_BITS) * CODE_PX + CODE_PX // 2
    bits = bgr[-CODE_PX // 2, middles, 1] > 127
    return int(np.packbits(bits, bitorder="little").view("<u2")[0])


def _number(bgr: Bgr, number: int) -> Bgr:
    for bit in range(CODE_BITS):
        left = bit * CODE_PX
        bgr[-CODE_PX:, left : left + CODE_PX] = 255 if number >> bit & 1 else 0
    return bgr


def _spaced(faces: int, tiles: int) -> frozenset[int]:
    """Return which tiles have a face, evenly spaced."""
    return frozenset(place * tiles // faces for place in range(faces))


def _tile(
    people: list[cycle[Bgr]], size: Size, grid: Size, with_face: frozenset[int], frames: int
) -> Iterator[Bgr]:
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    width, height = size[0] // grid[0], size[1] // grid[1]
    for _ in range(frames):
        now = [next(person) for person in people]
        for place in range(grid[0] * grid[1]):
            left, top = place % grid[0] * width, place // grid[0] * height
            tile = now[place % len(now)]
            shown = tile if place in with_face else tile[::-1]
            picture[top : top + height, left : left + width] = shown
        yield picture


def _cut_middle(bgr: Bgr, shape: Size) -> Bgr:
    """Return the largest part of the frame's upper middle that has a shape."""
    height, width = bgr.shape[:2]
    h = min(height, width * shape[1] // shape[0])
    w = min(width, height * shape[0] // shape[1])
    left = (width - w) // 2
    return np.ascontiguousarray(bgr[:h, left : left + w])


def _scaled(bgr: Bgr, size: Size) -> Bgr:
    if (bgr.shape[1], bgr.shape[0]) == size:
        return bgr
    shrinks = bgr.shape[1] > size[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(bgr, size, interpolation=way), np.uint8)
