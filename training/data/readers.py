"""Reads FER-2013 in the three forms people have it: folders, zips of them, one ``fer2013.csv``."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from common.errors import ConfigError
from common.face_model import FACE_SIZE_PX, LABELS, Crops
from common.progress_bar import BAR_DELAY_S, progress_bar
from training.data.decode import IMAGE_SUFFIXES, MAX_IMAGE_BYTES, decode_face
from training.data.faces import BALLOT, FaceSet, sorted_by_name
from training.data.ferplus import Ballots, read_ballots
from training.data.label_maps import FER2013_LABELS, LabelMap, label_of

CSV_NAME = "fer2013.csv"
VOTES_NAME = "ferplus.csv"
USAGE_OF_SPLIT = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}
"""What the column ``Usage`` of ``fer2013.csv`` calls the splits."""


@dataclass(frozen=True, slots=True)
class _Labelled:
    """One face as read: ``(48, 48) uint8``, an index into ``LABELS``, and its name.

    A face of ``fer2013.csv`` has no name of FER+, but the number of its row.
    """

    image: Crops
    label: int
    name: str
    row: int | None = None


def find_split(data_dir: Path, split: str) -> Path | None:
    """Return the folder, zip or csv that holds ``split``, or None where there is none."""
    for path in (data_dir / split, data_dir / f"{split}.zip", data_dir / CSV_NAME):
        if path.name == CSV_NAME and split not in USAGE_OF_SPLIT:
            continue
        if path.exists():
            return path
    return None


def load_split(data_dir: Path, split: str, labels: LabelMap = FER2013_LABELS) -> FaceSet:
    """Load one split with its FER+ votes, where ``data_dir`` holds a ``ferplus.csv``.

    Args:
        data_dir: Holds ``<split>/<emotion>/*``, ``<split>.zip`` or ``fer2013.csv``.
        split: ``train``, ``validation``, ``test``, or any name of a folder or zip; ``.`` where
            ``data_dir`` itself holds the emotions.
        labels: What its folders are called; faces in those it leaves out are counted on stdout.

    Raises:
        ConfigError: Nothing can be read; the message names what was expected and what was found.
    """
    source = find_split(data_dir, split)
    if source is None:
        raise ConfigError(_nothing_there(data_dir, split))
    if source.is_dir():
        items = _from_folder(source, labels)
    elif source.name == CSV_NAME:
        items = _from_csv(source, USAGE_OF_SPLIT[split])
    else:
        items = _from_zip(source, labels)
    try:
        faces = list(items)
    except OSError as error:
        raise ConfigError(f"cannot read {error.filename or source}: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"{source} is not a readable csv file ({error})") from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:  # the last where encrypted
        raise ConfigError(f"{source} is not a readable zip file ({error})") from error
    if not faces:
        raise ConfigError(f"{source} holds no images of {split!r}, expected <emotion>/*.png")
    ballots = read_ballots(data_dir / VOTES_NAME) if (data_dir / VOTES_NAME).exists() else None
    if ballots is not None and source.name == CSV_NAME:
        _check_rows(source, ballots)
    return _collect(faces, ballots)


def _nothing_there(data_dir: Path, split: str) -> str:
    """Word the error for a directory without the split."""
    wanted = f"{split}/<emotion>/*, {split}.zip or {CSV_NAME}"
    if not data_dir.is_dir():
        return f"{data_dir} is not a directory, expected one with {wanted}"
    found = sorted(e.name for e in data_dir.iterdir() if not e.name.startswith((".", "__")))[:8]
    return f"{data_dir} holds {', '.join(found) or 'nothing'}, expected {wanted}"


def _check_rows(file: Path, ballots: Ballots) -> None:
    """Refuse votes that cannot be those on the rows of ``fer2013.csv``."""
    with file.open(newline="", encoding="utf-8") as opened:
        rows = sum(1 for _ in csv.DictReader(opened))
    if len(ballots.names) != rows:
        raise ConfigError(
            f"{file.parent / VOTES_NAME} has {len(ballots.names)} rows and {file.name} {rows}: "
            "expected Microsoft's whole fer2013new.csv, whose rows are those of fer2013.csv"
        )


def _collect(faces: list[_Labelled], ballots: Ballots | None) -> FaceSet:
    """Stack faces into arrays, with the votes on them."""
    votes = np.zeros((len(faces), len(BALLOT)), dtype=np.float32)
    if ballots is not None:
        row_of = {name: row for row, name in enumerate(ballots.names) if name}
        for number, face in enumerate(faces):
            row = row_of.get(face.name) if face.row is None else face.row
            votes[number] = 0.0 if row is None else ballots.votes[row]
    return sorted_by_name(
        FaceSet(
            images=np.stack([face.image for face in faces]),
            labels=np.array([face.label for face in faces], dtype=np.int64),
            names=tuple(face.name for face in faces),
            votes=votes,
        )
    )


def _from_folder(folder: Path, labels: LabelMap) -> Iterator[_Labelled]:
    """Read ``folder/<emotion>/*``; hidden folders and other files are passed over."""
    paths: list[tuple[Path, int]] = []
    for emotion in sorted(folder.iterdir()):
        if emotion.is_dir() and not emotion.name.startswith((".", "__")):
            found = sorted(p for p in emotion.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
            label = label_of(emotion.name, labels, str(folder))
            if label is None:
                _report_left_out(len(found), folder.name)
            else:
                paths += [(path, label) for path in found]
    what = f"reading {folder.name}"
    for path, label in progress_bar(paths, what, "img", delay_s=BAR_DELAY_S):
        _check_bytes(path.stat().st_size, str(path))
        yield _Labelled(decode_face(path.read_bytes(), str(path)), label, path.stem)


def _from_zip(archive: Path, labels: LabelMap) -> Iterator[_Labelled]:
    """Read ``.../<emotion>/*`` from a zip, in memory."""
    with zipfile.ZipFile(archive) as opened:
        names = sorted((PurePosixPath(name), name) for name in opened.namelist())
        members = [
            (name, member.stem, label_of(member.parent.name, labels, str(archive)))
            for member, name in names
            if _is_image_member(member)
        ]
        kept = [(name, stem, label) for name, stem, label in members if label is not None]
        _report_left_out(len(members) - len(kept), archive.name)
        what = f"reading {archive.name}"
        for name, stem, label in progress_bar(kept, what, "img", delay_s=BAR_DELAY_S):
            origin = f"{archive}:{name}"
            _check_bytes(opened.getinfo(name).file_size, origin)
            yield _Labelled(decode_face(opened.read(name), origin), label, stem)


def _report_left_out(count: int, where: str) -> None:
    """Say how many faces the label map leaves out."""
    if count:
        print(f"{count} images of {where} are left out: the label map has no label for them")


def _is_image_member(member: PurePosixPath) -> bool:
    """Return whether it is an image: no folder, nothing that macOS adds to its zips."""
    hidden = any(part.startswith((".", "__")) for part in member.parts)
    return member.suffix.lower() in IMAGE_SUFFIXES and not hidden


def _check_bytes(size: int, origin: str) -> None:
    if size > MAX_IMAGE_BYTES:
        raise ConfigError(f"{origin} has {size} bytes, expected at most {MAX_IMAGE_BYTES}")


def _from_csv(file: Path, usage: str) -> Iterator[_Labelled]:
    """Read the rows of ``usage``.

    A face is named after its row. FER+ numbers faces otherwise: rows without a face, which it does
    not name, have no number there.
    """
    with file.open(newline="", encoding="utf-8") as opened:
        reader = csv.DictReader(opened)
        missing = {"emotion", "pixels", "Usage"} - set(reader.fieldnames or ())
        if missing:
            raise ConfigError(f"{file} has no column {sorted(missing)}, found {reader.fieldnames}")
        rows = progress_bar(reader, f"reading {file.name}", "row", delay_s=BAR_DELAY_S)
        for number, row in enumerate(rows):
            if row["Usage"] == usage:
                image, label = _parse_row(row, f"{file}, data row {number}")
                yield _Labelled(image, label, f"row{number:07d}", number)


def _parse_row(row: dict[str, str], origin: str) -> tuple[Crops, int]:
    """Return the image and label of one row."""
    try:
        label = int(row["emotion"])
        pixels = np.array(row["pixels"].split(), dtype=np.int64)
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"{origin}: emotion or pixels are not numbers") from error
    side = FACE_SIZE_PX
    fits = pixels.size == side**2 and pixels.min() >= 0 and pixels.max() <= 255
    if not fits or not 0 <= label < len(LABELS):
        raise ConfigError(
            f"{origin}: emotion {label} with {pixels.size} pixels, expected 0 to 6 with "
            f"{side**2} of 0 to 255"
        )
    return pixels.astype(np.uint8).reshape(side, side), label
