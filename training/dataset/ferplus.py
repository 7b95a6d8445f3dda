"""Reads the FER+ crowd votes (Barsoum et al., 2016, arXiv:1608.01041)."""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigError
from training.dataset.faces import BALLOT

NAME_COLUMNS = ("image", "Image name")
"""What the column with the file name is called, here and in Microsoft's own ``fer2013new.csv``."""


def read_votes(file: Path) -> dict[str, NDArray[np.float32]]:
    """Returns for each image name, without its ending, ``(10,) float32`` votes as in ``BALLOT``.

    Raises:
        ConfigError: if it is no csv, a column is missing or a count is no number.
    """
    try:
        return _parse(file)
    except (csv.Error, UnicodeDecodeError) as err:
        raise ConfigError(f"{file} is not a readable csv file ({err})") from err


def _parse(file: Path) -> dict[str, NDArray[np.float32]]:
    """Reads the rows."""
    with file.open(newline="", encoding="utf-8") as opened:
        reader = csv.DictReader(opened)
        columns = reader.fieldnames or ()
        name_column = next((name for name in NAME_COLUMNS if name in columns), None)
        missing = set(BALLOT) - set(columns)
        if name_column is None or missing:
            raise ConfigError(
                f"{file} has the columns {list(columns)}, expected image, {', '.join(BALLOT)}"
            )
        votes = {}
        for number, row in enumerate(reader):
            try:
                counts = [float(row[name]) for name in BALLOT]
            except (ValueError, TypeError) as err:
                raise ConfigError(f"{file}, data row {number}: votes are not numbers") from err
            votes[PurePosixPath(row[name_column]).stem] = np.array(counts, dtype=np.float32)
    return votes
