"""What a run learns from and what it is judged by, read from disk."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from common.errors import ConfigError
from training.data.faces import FaceSet, content_sha256, hold_out, without_duplicates_of
from training.data.label_maps import EXAMPLE, LABEL_MAPS, read_label_map
from training.data.readers import find_split, load_split

HELD_OUT_FRACTION = 0.1


@dataclass(frozen=True, slots=True)
class DataSource:
    """Where the data is.

    Attributes:
        folder: Holds the splits in one of the three forms.
        train_split: Name of the split that is learned from.
        validation_split: Name of the split that is chosen by; never the test split.
        label_map: What its folders are called, a ``--label-map``; empty for our labels.
    """

    folder: Path
    train_split: str
    validation_split: str
    label_map: str = ""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Faces to learn from, and faces to choose by; no image is in both.

    Attributes:
        train: Faces to learn from.
        validation: Faces to choose by.
        duplicates_removed: Training faces left out because validation has the same pixels.
    """

    train: FaceSet
    validation: FaceSet
    duplicates_removed: int

    def sha256(self) -> str:
        """Return a hash of both."""
        return content_sha256(self.train) + content_sha256(self.validation)


def load_training_data(source: DataSource) -> TrainingData:
    """Load both splits and take what is in validation out of training.

    Where there is no validation split, a tenth of each label's training faces is held out, always
    the same.

    Raises:
        ConfigError: The data cannot be read, or nothing is left to train or to validate on.
    """
    labels = read_label_map(source.label_map)
    train = load_split(source.folder, source.train_split, labels)
    if find_split(source.folder, source.validation_split) is None:
        print(f"no split {source.validation_split!r}: a tenth of the training faces is held out")
        train, validation = hold_out(train, HELD_OUT_FRACTION)
    else:
        validation = load_split(source.folder, source.validation_split, labels)
    if not len(validation):
        raise ConfigError(f"{source.folder} has too few faces to hold out a tenth for validation")
    kept = without_duplicates_of(train, validation)
    if not len(kept):
        raise ConfigError(f"{source.folder}: all training faces are also in validation")
    removed = len(train) - len(kept)
    print(
        f"{len(kept)} training faces ({removed} removed: the same pixels are in validation), "
        f"{len(validation)} validation faces",
        flush=True,
    )
    return TrainingData(kept, validation, removed)


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the data is."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds the splits")
    parser.add_argument("--train-split", default="train", metavar="NAME", help="learned from")
    parser.add_argument(
        "--validation-split", default="validation", metavar="NAME", help="chosen by, never test"
    )
    _add_label_map_argument(parser)


def add_split_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which one split is measured on."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds the split")
    parser.add_argument("--split", required=True, metavar="NAME", help="as validation")
    _add_label_map_argument(parser)


def _add_label_map_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option that says what the folders of a data set mean."""
    parser.add_argument(
        "--label-map",
        default="",
        metavar="MAP",
        help=f"what the folders mean: {', '.join(LABEL_MAPS)}, or a JSON file as {EXAMPLE}; "
        "needless for FER-2013's names",
    )


def source_from_arguments(arguments: argparse.Namespace) -> DataSource:
    """Return where the command line says the data is."""
    return DataSource(
        arguments.data, arguments.train_split, arguments.validation_split, arguments.label_map
    )
