"""Every hyperparameter of a training run, in one place, each with what it does."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
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


def _choice(comment: str, *allowed: str) -> str:
    """Return a field that is one of ``allowed``, the first where nothing else is said."""
    return field(default=allowed[0], metadata={"help": comment, "choices": allowed})


def _number(default: T, comment: str, low: T, high: T) -> T:
    """Return a field that is ``low`` to ``high``; its comment is its help on the command line."""
    return field(default=default, metadata={"help": comment, "range": (low, high)})


def _text(default: str, comment: str) -> str:
    """Return a field whose text is parsed elsewhere."""
    return field(default=default, metadata={"help": comment})


@dataclass(frozen=True, slots=True)
class Stage:
    """Consecutive epochs at one image size."""

    epochs: int
    size_px: int


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What a run is made of. The defaults are those of the model that ships.

    Global pooling lets the network see small images first: an epoch at 32 px costs half of one at
    48 px. The schedule of the learning rate goes over all stages.
    """

    network: str = _choice(
        "vgg, or classic, the 4-block CNN of the well-known scripts", VGG, CLASSIC
    )
    seed: int = _number(
        1, "order of images, augmentation and initial weights follow from it", 0, 2**31 - 1
    )
    stages: str = _text("40x32,70x48", "epochs x image size in px, the last must be 48 px")
    batch_size: int = _number(128, "images a step", 1, 4096)
    optimizer: str = _choice("sgd with Nesterov momentum, or adam", SGD, ADAM)
    peak_rate: float = _number(0.1, "highest learning rate, whatever the batch", 0.0, 10.0)
    schedule: str = _choice(
        "the rate falls along a cosine, or tenfold at each plateau of the validation loss",
        COSINE,
        PLATEAU,
    )
    warmup_epochs: float = _number(
        1.0, "epochs in which the rate climbs from 0 to its peak", 0.0, 1000.0
    )
    momentum: float = _number(0.9, "of Nesterov SGD; adam has its own", 0.0, 0.9999)
    weight_decay: float = _number(
        5e-4, "added to the gradient of every kernel, times the kernel", 0.0, 1.0
    )
    label_smoothing: float = _number(
        0.05, "share of the target spread over all seven labels", 0.0, 0.9
    )
    ferplus_weight: float = _number(
        0.5, "weight of the loss of the second head, on FER+ votes", 0.0, 100.0
    )
    teacher: str = _text("", "exported model to learn from, trained without the validation faces")
    teacher_share: float = _number(
        0.6, "share of the target that the teacher says, not the label", 0.0, 1.0
    )
    average_decay: float = _number(
        0.999, "a step, of the moving average of weights; 0 is none", 0.0, 0.99999
    )
    widths: str = _text("32,64,128,256", "channels of the 3x3 convolutions of each block")
    depths: str = _text(
        "2,2,3,3", "how many of them a block has; from the third on they are residual"
    )
    dropout: float = _number(0.2, "share of pooled features dropped before the heads", 0.0, 0.9)
    rotation_deg: float = _number(12.0, "images are turned by up to this, either way", 0.0, 180.0)
    scale_fraction: float = _number(0.12, "images are shrunk or enlarged by up to this", 0.0, 0.9)
    shift_px: float = _number(
        4.0, "images are moved by up to this, along x and y, at 48 px", 0.0, float(FACE_SIZE_PX)
    )
    contrast_fraction: float = _number(
        0.25, "gain on the grey values, up to this, either way", 0.0, 1.0
    )
    brightness: float = _number(
        25.0, "offset of the grey values, of 255, up to this, either way", 0.0, 255.0
    )
    gamma_octaves: float = _number(
        0.5, "gamma is 2 to the power of up to this, either way", 0.0, 4.0
    )
    degraded_fraction: float = _number(
        0.25, "share of images blurred, shrunk or JPEG-compressed", 0.0, 1.0
    )
    cutout_probability: float = _number(
        0.5, "share of images that get a grey square painted in", 0.0, 1.0
    )
    cutout_px: int = _number(
        14, "largest side of that square, at 48 px; the smallest is 4", 4, FACE_SIZE_PX
    )
    precision: str = _choice(
        "of convolutions in training, or float32; the exports are float32", BFLOAT16, FLOAT32
    )
    threads: int = _number(2, "threads of one operation; more than the cores gains nothing", 1, 256)

    def __post_init__(self) -> None:
        """Refuses values that cannot be trained with.

        Raises:
            ConfigError: names the option, its value and what is allowed.
        """
        for item in fields(self):
            value, option = getattr(self, item.name), f"--{item.name.replace('_', '-')}"
            low, high = item.metadata.get("range", (value, value))
            if not low <= value <= high:
                raise ConfigError(f"{option} is {value}, allowed: {low} to {high}")
            allowed = item.metadata.get("choices", (value,))
            if value not in allowed:
                raise ConfigError(f"{option} is {value!r}, allowed: {', '.join(allowed)}")
        stages = parse_stages(self.stages)
        if self.network == CLASSIC and any(stage.size_px != FACE_SIZE_PX for stage in stages):
            raise ConfigError(
                f"--stages {self.stages!r}: the classic network takes {FACE_SIZE_PX} px only"
            )
        if stages[-1].size_px != FACE_SIZE_PX:
            raise ConfigError(f"--stages {self.stages!r} must end at {FACE_SIZE_PX} px")
        if len(parse_widths(self.widths)) != len(parse_depths(self.depths)):
            raise ConfigError(
                f"--widths {self.widths!r} and --depths {self.depths!r} must name as many blocks"
            )


def parse_stages(text: str) -> tuple[Stage, ...]:
    """Reads ``16x32,12x48`` as sixteen epochs at 32 px, then twelve at 48.

    Raises:
        ConfigError: if it is not of that form, or a size is out of range.
    """
    try:
        pairs = [part.split("x") for part in text.split(",")]
        stages = tuple(Stage(int(epochs), int(size)) for epochs, size in pairs)
    except ValueError as err:
        raise ConfigError(f"--stages is {text!r}, expected EPOCHSxSIZE,... as 16x32,12x48") from err
    for stage in stages:
        if stage.epochs < 1 or not MIN_SIZE_PX <= stage.size_px <= FACE_SIZE_PX:
            raise ConfigError(
                f"--stages is {text!r}, allowed: at least 1 epoch, {MIN_SIZE_PX} to "
                f"{FACE_SIZE_PX} px"
            )
    return stages


def parse_widths(text: str) -> tuple[int, ...]:
    """Reads ``32,64,128,256`` as the channels of four blocks.

    Raises:
        ConfigError: if it is not one to four numbers of 1 to 2048.
    """
    return _parse_counts("--widths", text, 2048)


def parse_depths(text: str) -> tuple[int, ...]:
    """Reads ``2,2,3,3`` as the number of convolutions of each of four blocks.

    Raises:
        ConfigError: if it is not one to four numbers of 1 to 16.
    """
    return _parse_counts("--depths", text, 16)


def _parse_counts(option: str, text: str, highest: int) -> tuple[int, ...]:
    """Reads one number a block, of 1 to ``highest``."""
    try:
        counts = tuple(int(part) for part in text.split(","))
    except ValueError as err:
        raise ConfigError(f"{option} is {text!r}, expected numbers as 1,2,3,4") from err
    if not 1 <= len(counts) <= 4 or not all(1 <= count <= highest for count in counts):
        raise ConfigError(f"{option} is {text!r}, allowed: one to four numbers of 1 to {highest}")
    return counts


def size_of_epoch(stages: tuple[Stage, ...], epoch: int) -> int:
    """Returns the image size in px of ``epoch``, counted from 0."""
    for stage in stages:
        if epoch < stage.epochs:
            return stage.size_px
        epoch -= stage.epochs
    return stages[-1].size_px
