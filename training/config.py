"""Every hyperparameter of a training run, in one place, each with what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import groupby
from typing import TypeVar

from common.errors import ConfigError
from common.face_model import FACE_SIZE_PX

MIN_SIZE_PX = 16
"""Below this three poolings leave less than 2x2 positions for the last block."""

VGG, CLASSIC = "vgg", "classic"
SGD, ADAM = "sgd", "adam"
COSINE, PLATEAU = "cosine", "plateau"
BFLOAT16, FLOAT32 = "mixed_bfloat16", "float32"

T = TypeVar("T", int, float)


def _choice(allowed: tuple[str, ...], comment: str) -> str:
    """Return a field that is one of ``allowed``, the first where nothing else is said."""
    return field(default=allowed[0], metadata={"help": comment, "choices": allowed})


def _number(default: T, low: float, high: float, comment: str) -> T:
    """Return a field that is ``low`` to ``high``; its comment is its help on the command line."""
    return field(default=default, metadata={"help": comment, "range": (low, high)})


def _text(default: str, comment: str) -> str:
    """Return a field whose text is parsed elsewhere."""
    return field(default=default, metadata={"help": comment})


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What a run is made of. The defaults are those of the model that ships.

    Global pooling lets the network see small images first: an epoch at 32 px costs half of one at
    48 px. The schedule of the learning rate goes over all stages.
    """

    network: str = _choice((VGG, CLASSIC), "classic is the 4-block CNN of the well-known scripts")
    seed: int = _number(1, 0, 2**31 - 1, "order, augmentation and initial weights follow from it")
    stages: str = _text("40x32,70x48", "epochs x image size in px, the last must be 48 px")
    batch_size: int = _number(128, 1, 4096, "images a step")
    optimizer: str = _choice((SGD, ADAM), "sgd with Nesterov momentum, or adam")
    peak_rate: float = _number(0.1, 0, 10, "highest learning rate, whatever the batch")
    schedule: str = _choice(
        (COSINE, PLATEAU), "the rate falls along a cosine, or tenfold where validation stands still"
    )
    warmup_epochs: float = _number(1.0, 0, 1000, "epochs in which the rate climbs to its peak")
    momentum: float = _number(0.9, 0, 0.9999, "of Nesterov SGD; adam has its own")
    weight_decay: float = _number(5e-4, 0, 1, "times each kernel, added to its gradient")
    label_smoothing: float = _number(0.05, 0, 0.9, "share of the target spread over all labels")
    ferplus_weight: float = _number(0.5, 0, 100, "weight of the second head's loss, on FER+ votes")
    teacher: str = _text("", "exported model to learn from, trained without the validation faces")
    teacher_share: float = _number(0.6, 0, 1, "share of the target that the teacher says")
    average_decay: float = _number(
        0.999, 0, 0.99999, "a step, of the average of weights; 0 is none"
    )
    widths: str = _text("32,64,128,256", "channels of the 3x3 convolutions of each block")
    depths: str = _text("2,2,3,3", "how many of them in each block; from the third on residual")
    dropout: float = _number(0.2, 0, 0.9, "share of pooled features dropped before the heads")
    rotation_deg: float = _number(12.0, 0, 180, "images are turned by up to this, either way")
    scale_fraction: float = _number(0.12, 0, 0.9, "images are shrunk or enlarged by up to this")
    shift_px: float = _number(
        4.0, 0, FACE_SIZE_PX, "images are moved by up to this, either way, at 48 px"
    )
    contrast_fraction: float = _number(0.25, 0, 1, "gain on grey values, up to this, either way")
    brightness: float = _number(25.0, 0, 255, "offset of grey values, up to this, either way")
    gamma_octaves: float = _number(0.5, 0, 4, "gamma is 2 to the power of up to this, either way")
    degraded_fraction: float = _number(0.25, 0, 1, "share of images blurred, shrunk or compressed")
    cutout_probability: float = _number(0.5, 0, 1, "share of images that get a grey square")
    cutout_px: int = _number(
        14, 4, FACE_SIZE_PX, "largest side of that square, at 48 px, from 4 on"
    )
    precision: str = _choice(
        (BFLOAT16, FLOAT32), "of convolutions in training; exports are float32"
    )
    threads: int = _number(2, 1, 256, "threads of one operation; more than the cores gains nothing")

    def __post_init__(self) -> None:
        """Refuse values that cannot be trained with.

        Raises:
            ConfigError: A value is not allowed; the message names the option and what is.
        """
        for item in fields(self):
            value, option = getattr(self, item.name), f"--{item.name.replace('_', '-')}"
            low, high = item.metadata.get("range", (value, value))
            if not low <= value <= high:
                raise ConfigError(f"{option} is {value}, allowed: {low} to {high}")
            allowed = item.metadata.get("choices", (value,))
            if value not in allowed:
                raise ConfigError(f"{option} is {value!r}, allowed: {', '.join(allowed)}")
        if self.network == CLASSIC and set(self.sizes_px) != {FACE_SIZE_PX}:
            raise ConfigError(
                f"--stages {self.stages!r}: the classic network takes {FACE_SIZE_PX} px only"
            )
        if self.sizes_px[-1] != FACE_SIZE_PX:
            raise ConfigError(f"--stages {self.stages!r} must end at {FACE_SIZE_PX} px")
        parse_blocks(self.widths, self.depths)

    @property
    def sizes_px(self) -> tuple[int, ...]:
        """Image size of each epoch: of ``2x32,1x48`` 32, 32 and 48.

        Raises:
            ConfigError: The stages are not of that form, or a size is out of range.
        """
        text = self.stages
        try:
            pairs = [part.split("x") for part in text.split(",")]
            stages = [(int(epochs), int(size)) for epochs, size in pairs]
        except ValueError as error:
            expected = "expected EPOCHSxSIZE,... as 16x32,12x48"
            raise ConfigError(f"--stages is {text!r}, {expected}") from error
        for epochs, size_px in stages:
            if epochs < 1 or not MIN_SIZE_PX <= size_px <= FACE_SIZE_PX:
                raise ConfigError(
                    f"--stages is {text!r}, allowed: at least 1 epoch, {MIN_SIZE_PX} to "
                    f"{FACE_SIZE_PX} px"
                )
        return tuple(size_px for epochs, size_px in stages for _ in range(epochs))


def shared_out(sizes_px: Sequence[int], epochs: int) -> str:
    """Return stages of so many epochs in all, as long to each other as those of ``sizes_px`` are.

    The last epochs are the last of them, however few there are: of ``40x32,70x48`` ten are
    ``3x32,7x48``, and one is ``1x48``.

    Raises:
        ConfigError: There are none.
    """
    if epochs < 1:
        raise ConfigError(f"--epochs is {epochs}, allowed: 1 or more")
    count = len(sizes_px)
    chosen = [sizes_px[((epoch + 1) * count - 1) // epochs] for epoch in range(epochs)]
    return ",".join(f"{len(list(stage))}x{size_px}" for size_px, stage in groupby(chosen))


def parse_blocks(widths: str, depths: str) -> tuple[tuple[int, int], ...]:
    """Read ``32,64`` and ``2,3`` as channels and number of convolutions of each of two blocks.

    Raises:
        ConfigError: They are not one to four numbers each, or a number is out of range.
    """
    channels = _parse_counts("--widths", widths, 2048)
    convolutions = _parse_counts("--depths", depths, 16)
    if len(channels) != len(convolutions):
        raise ConfigError(f"--widths {widths!r} and --depths {depths!r} must name as many blocks")
    return tuple(zip(channels, convolutions, strict=True))


def _parse_counts(option: str, text: str, highest: int) -> tuple[int, ...]:
    """Read one number a block, of 1 to ``highest``."""
    try:
        counts = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(f"{option} is {text!r}, expected numbers as 1,2,3,4") from error
    if not 1 <= len(counts) <= 4 or not all(1 <= count <= highest for count in counts):
        raise ConfigError(f"{option} is {text!r}, allowed: one to four numbers of 1 to {highest}")
    return counts
