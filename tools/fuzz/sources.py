"""The target ``sources``: damaged videos and images, each read in a process that may die of it.

What decodes them is C that no fuzzer sees into, so nothing leads the way: small clips of several
containers and codecs are damaged at random, by a seed, and read as a capture reads them. A file
breaks something where the process that reads it ends by itself, or is not done in time.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from common.errors import FerstreamError
from common.opencv import cv2
from common.pixels import Bgr

READER = (sys.executable, "-m", "tools.fuzz.read_sources")
FILES_A_PROCESS = 100
SECONDS_A_PROCESS = 60.0
"""For all of its files; each is read in milliseconds."""
CLIPS = (
    ("clip.mp4", "libx264", "yuv420p"),
    ("fragmented.mp4", "libx264", "yuv420p"),
    ("clip.mkv", "libx264", "yuv420p"),
    ("clip.webm", "libvpx", "yuv420p"),
    ("clip.ts", "mpeg2video", "yuv420p"),
    ("clip.flv", "flv1", "yuv420p"),
    ("mpeg4.avi", "mpeg4", "yuv420p"),
    ("mjpeg.avi", "mjpeg", "yuvj420p"),
    ("clip.gif", "gif", "rgb8"),
    ("clip.h264", "libx264", "yuv420p"),
)
"""File, codec and pixel format."""
IMAGES = ("picture.jpg", "picture.png", "picture.webp", "picture.bmp", "picture.tiff")
BROKE = "broke"
EXTREMES = (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\xff\xff")


class BrokenSourceError(FerstreamError):
    """A file ended the process that read it, or held it up."""


def seeds() -> dict[str, bytes]:
    """Return whole files of each kind, by name."""
    with tempfile.TemporaryDirectory() as folder:
        made = [_clip(Path(folder, name), codec, pixels) for name, codec, pixels in CLIPS]
        for name in IMAGES:
            made.append(Path(folder, name))
            cv2.imwrite(str(made[-1]), _picture(0))
        return {path.name: path.read_bytes() for path in made}


def _clip(path: Path, codec: str, pixels: str) -> Path:
    options = {"movflags": "frag_keyframe+empty_moov"} if path.stem == "fragmented" else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        stream.codec_context.time_base = Fraction(1, 25)
        for index in range(8):
            frame = av.VideoFrame.from_ndarray(_picture(index), format="bgr24")
            frame = frame.reformat(format=pixels)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _picture(index: int) -> Bgr:
    """Return a gradient that moves, ``(48, 64, 3) uint8``."""
    rows, columns, channels = np.indices((48, 64, 3))
    return np.asarray((rows * 3 + columns * (channels + 1) + index * 9) % 256, np.uint8)


def damaged(data: bytes, choice: random.Random) -> bytes:
    """Return a file with a few bits, numbers or pieces of it changed."""
    changed = bytearray(data)
    for _ in range(choice.choice((1, 1, 2, 4, 16))):
        at = choice.randrange(max(1, len(changed)))
        if choice.random() < 0.3:  # where containers keep what they say of themselves
            at = min(at, choice.randrange(1, 512))
        piece = choice.randrange(1, 64)
        kind = choice.random()
        if kind < 0.4:
            changed[at : at + 1] = bytes([choice.randrange(256)])
        elif kind < 0.6:
            changed[at : at + 4] = choice.choice(EXTREMES)
        elif kind < 0.7:
            del changed[at : at + piece]
        elif kind < 0.8:
            changed[at:at] = changed[at : at + piece]
        elif kind < 0.9:
            changed[at : at + piece] = choice.randbytes(piece)
        else:
            del changed[at:]
    return bytes(changed)


def fuzz(corpus: Path, seconds: int) -> None:
    """Read damaged files until the time is over.

    Args:
        corpus: Folder for the files that break something.
        seconds: How long to go on.

    Raises:
        BrokenSourceError: Some files did.
    """
    corpus.mkdir(parents=True, exist_ok=True)
    whole, seed = sorted(seeds().items()), time.time_ns()
    answers: Counter[str] = Counter()
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        seed += 1
        with tempfile.TemporaryDirectory() as folder:
            for path, answer in read_all(write_damaged(Path(folder), whole, seed)):
                answers[answer.partition(":")[0]] += 1
                if answer.startswith(BROKE):
                    shutil.copy(path, corpus / f"{seed}-{path.name}")
                    sys.stdout.write(f"{corpus / f'{seed}-{path.name}'}: {answer}\n")
    sys.stdout.writelines(f"{count} {answer}\n" for answer, count in answers.most_common())
    if answers[BROKE]:
        raise BrokenSourceError(f"{answers[BROKE]} files broke something; they are in {corpus}")


def write_damaged(folder: Path, whole: Sequence[tuple[str, bytes]], seed: int) -> list[Path]:
    """Write damaged files for one process.

    Args:
        folder: Where to.
        whole: Files and what they are called.
        seed: Of the damages.
    """
    choice = random.Random(seed)  # noqa: S311 - repeatable, and no secret
    paths = []
    for number in range(FILES_A_PROCESS):
        name, data = choice.choice(whole)
        paths.append(folder / f"{number}-{name}")
        paths[-1].write_bytes(damaged(data, choice))
    return paths


def read_all(paths: Sequence[Path]) -> list[tuple[Path, str]]:
    """Read files, each in a process that goes on where the one before died."""
    found: list[tuple[Path, str]] = []
    while len(found) < len(paths):
        rest = paths[len(found) :]
        answers, why = _read(rest)
        found += zip(rest, answers, strict=False)
        if len(answers) < len(rest):
            found.append((rest[len(answers)], f"{BROKE}: {why}"))
    return found


def _read(paths: Sequence[Path]) -> tuple[list[str], str]:
    """Return the answers of one process, and how it ended."""
    try:
        done = subprocess.run(
            [*READER, *map(str, paths)],
            capture_output=True,
            timeout=SECONDS_A_PROCESS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode().splitlines(), f"not done in {SECONDS_A_PROCESS:g} s"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    why = f"exit code {done.returncode}" + (f", {said[-1]}" if said else "")
    return done.stdout.decode().splitlines(), why
