"""Holds a model file against the ``manifest.json`` beside it, before any library opens the file.

The manifest is written by ``training.export``. It finds the file that was half copied, mixed up
with another, or replaced by mistake; it is no signature, for who can replace the model can replace
the manifest beside it too. So the file is read here to be hashed, and later opened by its path:
to change it between the two takes the same rights.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from common.errors import ModelError
from common.face_model import BUNDLED_MODEL_DIR, FACE_SIZE_PX, LABELS, MANIFEST_NAME
from common.files import file_sha256

MAX_MANIFEST_BYTES = 2**18
"""Thirty times the bundled one; nothing larger is parsed."""
TAKES = f"(n, {FACE_SIZE_PX}, {FACE_SIZE_PX}) uint8"
"""How a manifest begins to describe the input of a model that fits the contract."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What tells one file from another.

    Attributes:
        sha256: in lower case hexadecimal.
        size_bytes: its length.
    """

    sha256: str
    size_bytes: int

    def __str__(self) -> str:
        return f"SHA-256 {self.sha256[:12]}... and {self.size_bytes} bytes"


def check_model(model: Path) -> bool:
    """Check a model file against the manifest beside it.

    The bundled model needs a manifest that lists it; for a user's own file it may be missing.

    Returns:
        Whether there was a manifest that lists the file.

    Raises:
        ModelError: The manifest is damaged, or the file or what the model was trained for is not
            what the manifest says; the message names what was expected, what came, what to do.
    """
    manifest = model.parent / MANIFEST_NAME
    bundled = model.parent.resolve() == BUNDLED_MODEL_DIR
    try:
        listed = _is_as_listed(model, manifest)
        if bundled and not listed:
            raise ValueError(f"there is no {manifest} that lists the bundled model")
    except (ValueError, OSError) as error:
        remedy = (
            "install ferstream again"
            if bundled
            else f"copy the model and its manifest again, or remove {MANIFEST_NAME} to go unchecked"
        )
        raise ModelError(f"CLASSIFIER_MODEL={model}: {error}; {remedy}") from error
    return listed


def _is_as_listed(model: Path, manifest: Path) -> bool:
    """Tell whether the manifest lists the file.

    Raises:
        ValueError: It does, and the file is another; or the manifest is damaged.
        OSError: One of them cannot be read.
    """
    values = _read(manifest) if manifest.exists() else {}
    stated = _stated_facts(values, model.name)
    if stated is None:
        return False
    _check_contract(values)
    found = FileFacts(file_sha256(model), model.stat().st_size)
    if found != stated:
        raise ValueError(f"{MANIFEST_NAME} lists it with {stated}, found {found}")
    return True


def _read(manifest: Path) -> dict[str, object]:
    """Parse a manifest, of which nothing is believed yet."""
    if not manifest.is_file():
        raise ValueError(f"{manifest} is no file")
    with manifest.open("rb") as file:
        data = file.read(MAX_MANIFEST_BYTES + 1)
    if len(data) > MAX_MANIFEST_BYTES:
        raise ValueError(f"{manifest} is larger than {MAX_MANIFEST_BYTES} bytes")
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{manifest} is not valid JSON ({error})") from error
    if not isinstance(values, dict):
        raise ValueError(f"{manifest} holds a {type(values).__name__}, expected an object")
    return values


def _stated_facts(values: dict[str, object], name: str) -> FileFacts | None:
    """Give what a manifest says of a file, or None where it does not list it."""
    files = values.get("files", {})
    if not isinstance(files, dict):
        raise ValueError(f'"files" in {MANIFEST_NAME} is no object')
    if name not in files:
        return None
    entry = files[name]
    sha256, size = (entry.get("sha256"), entry.get("bytes")) if isinstance(entry, dict) else ("", 0)
    if not isinstance(sha256, str) or not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise ValueError(f'{MANIFEST_NAME} has no "sha256" of 64 hexadecimal digits for {name}')
    if type(size) is not int or size < 0:
        raise ValueError(f'{MANIFEST_NAME} has no "bytes", a whole number, for {name}')
    return FileFacts(sha256.lower(), size)


def _check_contract(values: dict[str, object]) -> None:
    """Refuse a model that was trained for other labels or another input, where that is said."""
    labels = values.get("labels", list(LABELS))
    if labels != list(LABELS):
        raise ValueError(f"{MANIFEST_NAME} says labels {labels!s:.200}, expected {list(LABELS)}")
    takes = values.get("input", TAKES)
    if not isinstance(takes, str) or not takes.startswith(TAKES):
        raise ValueError(f"{MANIFEST_NAME} says input {takes!s:.200}, expected {TAKES}")
