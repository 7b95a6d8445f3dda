from __future__ import annotations

import argparse
import dataclasses

import pytest

from common.errors import ConfigError
from training.config import (
    Stage,
    TrainingConfig,
    add_config_arguments,
    config_from_arguments,
    parse_stages,
    size_of_epoch,
)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    add_config_arguments(made)
    return made


def test_every_hyperparameter_is_an_option_that_is_explained() -> None:
    text = " ".join(parser().format_help().split())
    for item in dataclasses.fields(TrainingConfig):
        assert f"--{item.name.replace('_', '-')} " in text
        assert str(item.metadata["help"])[:20] in text


def test_options_replace_defaults() -> None:
    arguments = parser().parse_args(["--stages", "2x32,1x48", "--peak-rate", "0.05"])
    config = config_from_arguments(arguments)
    assert config == TrainingConfig(stages="2x32,1x48", peak_rate=0.05)
    assert config_from_arguments(parser().parse_args([])) == TrainingConfig()


def test_stages_give_each_epoch_its_size() -> None:
    stages = parse_stages("2x32,1x48")
    assert stages == (Stage(2, 32), Stage(1, 48))
    assert [size_of_epoch(stages, epoch) for epoch in range(4)] == [32, 32, 48, 48]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stages", "48"),
        ("stages", "3x32"),
        ("stages", "0x48"),
        ("stages", "1x8,1x48"),
        ("stages", "1x64,1x48"),
        ("widths", "a"),
        ("widths", "8,8,8,8,8"),
        ("widths", "0"),
        ("batch_size", 0),
        ("peak_rate", -0.1),
        ("peak_rate", float("nan")),
        ("average_decay", 1.0),
        ("precision", "float16"),
        ("seed", -1),
    ],
)
def test_impossible_values_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"--{name.replace('_', '-')}"):
        dataclasses.replace(TrainingConfig(), **{name: value})  # type: ignore[arg-type]
