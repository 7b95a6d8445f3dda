"""Holds a model file against the ``manifest.json`` beside it, before any library opens the file.

The manifest is written by ``training.export``. It finds the file that was half copied, mixed up
with another, or replaced by mistake; it is no signature, for who can replace the model can replace
the manifest beside it too. So the file is read here to be hashed, and later opened by its path:
to change it between the two takes the same rights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from common.errors import ModelError
from common.face_model import BUNDLED_MODEL_DIR, FACE_SIZE_PX, LABELS, MANIFEST_NAME
from common.files import file_sha256

MAX_MANIFEST_BYTES = 2**18
"""Thirty times the bundled one; nothing larger is parsed."""
TAKES = f"(n, {FACE_SIZE_PX}, {FACE_SIZE_PX}) uint8"
"""How a manifest begins to describe the input of a model that fits the contract."""


class _File(msgspec.Struct, frozen=True):
    """What tells one file from another."""

    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{64}\Z")]
    bytes: Annotated[int, msgspec.Meta(ge=0)]

    def __str__(self) -> str:
        return f"SHA-256 {self.sha256[:12]}... and {self.bytes} bytes"


class _Manifest(msgspec.Struct):
    """What of a manifest is looked at: an entry of ``files`` only if it is that of the model."""

    files: dict[str, msgspec.Raw] = {}
    labels: Any = LABELS
    input: Any = TAKES


def check_model(model: Path) -> bool:
    """Check a model file against the manifest beside it.

    The bundled model needs a manifest that lists it; for a user's own file it may be missing.

    Returns:
        Whether there is a manifest that lists the file.

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
    """Return whether the manifest lists the file.

    Raises:
        ValueError: It does, and the file is another; or the manifest is damaged.
        OSError: One of them cannot be read.
    """
    stated = _read(manifest) if manifest.exists() else _Manifest()
    if model.name not in stated.files:
        return False
    if stated.labels not in (LABELS, list(LABELS)):
        said = f"labels {stated.labels!s:.200}, expected {list(LABELS)}"
        raise ValueError(f"{MANIFEST_NAME} says {said}")
    if not str(stated.input).startswith(TAKES):
        raise ValueError(f"{MANIFEST_NAME} says input {stated.input!s:.200}, expected {TAKES}")
    try:
        entry = msgspec.json.decode(stated.files[model.name], type=_File)
    except msgspec.DecodeError as error:
        raise ValueError(f"{MANIFEST_NAME} lists it wrongly: {error}") from error
    found = _File(file_sha256(model), model.stat().st_size)
    if (found.sha256, found.bytes) != (entry.sha256.lower(), entry.bytes):
        raise ValueError(f"{MANIFEST_NAME} lists it with {entry}, found {found}")
    return True


def _read(manifest: Path) -> _Manifest:
    """Parse a manifest, of which nothing is believed yet."""
    if not manifest.is_file():
        raise ValueError(f"{manifest} is no file")
    with manifest.open("rb") as file:
        data = file.read(MAX_MANIFEST_BYTES + 1)
    if len(data) > MAX_MANIFEST_BYTES:
        raise ValueError(f"{manifest} is larger than {MAX_MANIFEST_BYTES} bytes")
    try:
        return msgspec.json.decode(data, type=_Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{manifest} cannot be read ({error})") from error
