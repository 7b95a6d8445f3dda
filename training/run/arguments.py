"""The configuration of a run on the command line, and what each kind of network begins with."""

from __future__ import annotations

import argparse
import dataclasses

from training.config import ADAM, CLASSIC, PLATEAU, VGG, TrainingConfig, shared_out

NETWORKS: dict[str, dict[str, object]] = {
    VGG: {},
    CLASSIC: {
        "network": CLASSIC,
        "stages": "50x48",
        "batch_size": 64,
        "precision": "float32",
        "optimizer": ADAM,
        "peak_rate": 5e-4,
        "schedule": PLATEAU,
        "warmup_epochs": 0.0,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "ferplus_weight": 0.0,
        "average_decay": 0.0,
        "dropout": 0.25,
        "rotation_deg": 0.0,
        "scale_fraction": 0.0,
        "shift_px": 0.0,
        "contrast_fraction": 0.0,
        "brightness": 0.0,
        "gamma_octaves": 0.0,
        "degraded_fraction": 0.0,
        "cutout_probability": 0.0,
    },
}
"""What differs from the defaults of ``TrainingConfig``.

The classic network as the well-known scripts train it: Adam at 5e-4 with batches of 64, a tenth of
the rate where validation stands still, mirrored images, no other augmentation, labels as they are.
"""


def usual_config(network: str) -> TrainingConfig:
    """Return what a ``network`` of ``NETWORKS`` is trained with where nothing else is said."""
    return dataclasses.replace(TrainingConfig(), **NETWORKS[network])  # type: ignore[arg-type]


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add one option for each field of ``TrainingConfig``, and one for all epochs."""
    group = parser.add_argument_group("hyperparameters")
    classic = NETWORKS[CLASSIC]
    group.add_argument(
        "--epochs",
        type=int,
        metavar="INT",
        help="epochs in all, shared among the stages as these are (default: as many as they have)",
    )
    for item in dataclasses.fields(TrainingConfig):
        default = f"default: {item.default}"
        if item.name in classic and item.name != "network":
            default += f"; classic: {classic[item.name]}"
        options: dict[str, object] = {"choices": list(NETWORKS)} if item.name == "network" else {}
        group.add_argument(
            f"--{item.name.replace('_', '-')}",
            type=type(item.default),
            default=argparse.SUPPRESS,
            metavar=None if options else str(type(item.default).__name__).upper(),
            help=f"{item.metadata['help']} ({default})".replace(" % ", " %% "),
            **options,  # type: ignore[arg-type]
        )


def config_from_arguments(arguments: argparse.Namespace) -> TrainingConfig:
    """Return the configuration that the command line asks for.

    Raises:
        ConfigError: A value is out of range.
    """
    names = {item.name for item in dataclasses.fields(TrainingConfig)}
    given = {name: value for name, value in vars(arguments).items() if name in names}
    usual = usual_config(getattr(arguments, "network", VGG))
    config = dataclasses.replace(usual, **given)
    if arguments.epochs is None:
        return config
    return dataclasses.replace(config, stages=shared_out(config.sizes_px, arguments.epochs))
