"""What the folders of a data set are called, in our labels.

FER-2013's own names and the usual other words for them are known everywhere. Data sets that number
their folders, or have expressions that are none of ours, need a map: one of ``LABEL_MAPS`` by name,
or a JSON file such as ``{"0": "neutral", "1": "happy", "7": null}``, where null is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from common.errors import ConfigError
from common.face_model import LABELS
from common.json_files import read_json

SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}


def _numbered(first: int, *labels: str) -> dict[str, str | None]:
    return {str(number): label for number, label in enumerate(labels, start=first)}


LabelMap = Mapping[str, str | None]
"""A label, or None for "leave out", by the folder's name in small letters."""
FER2013_LABELS: LabelMap = {}
LABEL_MAPS: dict[str, LabelMap] = {
    "affectnet": _numbered(0, "neutral", "happy", "sad", "surprise", "fear", "disgust", "angry")
    | {"7": None, "contempt": None},
    "ck+": {"contempt": None},
    "raf-db": _numbered(1, "surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"),
}
"""AffectNet (Mollahosseini et al., 2017, arXiv:1708.03985), the Extended Cohn-Kanade set (Lucey et
al., 2010) and RAF-DB (Li et al., 2017), each as its authors number or name the expressions."""


EXAMPLE = '{"happiness": "happy", "contempt": null}'
Label = Annotated[str, Meta(pattern=f"^({'|'.join(LABELS)})$")]


def label_of(folder: str, labels: LabelMap, origin: str) -> int | None:
    """Return an index into ``LABELS``, or None where the folder is to be left out.

    Raises:
        ConfigError: The name is unknown; ``origin`` says where it was met.
    """
    name = folder.lower()
    label = labels[name] if name in labels else SYNONYMS.get(name, name)
    if label is None:
        return None
    if label not in LABELS:
        raise ConfigError(
            f"{origin}: {folder!r} is no emotion, expected {', '.join(LABELS)}; name a "
            f"--label-map ({', '.join(LABEL_MAPS)} or a JSON file) for other folders"
        )
    return LABELS.index(label)


def read_label_map(name: str) -> LabelMap:
    """Return the map of that name, or the one in the JSON file of that path.

    Raises:
        ConfigError: There is neither, or the file is no such map.
    """
    if not name:
        return FER2013_LABELS
    if name in LABEL_MAPS:
        return LABEL_MAPS[name]
    file = Path(name)
    if not file.is_file():
        raise ConfigError(
            f"--label-map {name}: expected {', '.join(LABEL_MAPS)} or a JSON file that is there"
        )
    content = read_json(file, dict[str, Label | None], f"expected as {EXAMPLE}, for --label-map")
    return {folder.lower(): label for folder, label in content.items()}
