"""Reads the FER+ crowd votes (Barsoum et al., 2016, arXiv:1608.01041)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigError
from training.data.faces import BALLOT

NAME_COLUMNS = ("image", "Image name")
"""What the column with the file name is called, here and in Microsoft's own ``fer2013new.csv``."""


@dataclass(frozen=True, slots=True)
class Ballots:
    """The rows of the file, in their order.

    Attributes:
        names: Names of the images, without their ending; empty for a row that names none.
        votes: ``(n, 10) float32`` counts as in ``BALLOT``.
    """

    names: tuple[str, ...]
    votes: NDArray[np.float32]


def read_ballots(file: Path) -> Ballots:
    """Read the votes.

    Raises:
        ConfigError: It is no csv, a column is missing or a count is no number.
    """
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            reader = csv.DictReader(opened)
            columns, rows = reader.fieldnames or (), list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not a readable csv file ({error})") from error
    name_column = next((name for name in NAME_COLUMNS if name in columns), None)
    missing = set(BALLOT) - set(columns)
    if name_column is None or missing:
        raise ConfigError(
            f"{file} has the columns {list(columns)}, expected image, {', '.join(BALLOT)}"
        )
    names, votes = [], []
    for number, row in enumerate(rows):
        try:
            votes.append([float(row[name]) for name in BALLOT])
        except (ValueError, TypeError) as error:
            raise ConfigError(f"{file}, data row {number}: votes are not numbers") from error
        names.append(PurePosixPath(row[name_column]).stem)
    return Ballots(tuple(names), np.array(votes, np.float32).reshape(-1, len(BALLOT)))
