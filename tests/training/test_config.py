from __future__ import annotations

import argparse
import dataclasses

import pytest

from common.errors import ConfigError
from training.config import ADAM, TrainingConfig
from training.run.arguments import add_config_arguments, config_from_arguments, usual_config


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


@pytest.mark.parametrize(
    ("options", "stages"),
    [
        (["--epochs", "110"], "40x32,70x48"),
        (["--epochs", "10"], "3x32,7x48"),
        (["--epochs", "1"], "1x48"),
        (["--epochs", "4", "--stages", "3x32,1x48"], "3x32,1x48"),
        (["--epochs", "1", "--stages", "3x32,1x48"], "1x48"),
        (["--epochs", "20", "--network", "classic"], "20x48"),
    ],
)
def test_epochs_are_shared_among_the_stages(options: list[str], stages: str) -> None:
    assert config_from_arguments(parser().parse_args(options)).stages == stages


def test_no_epochs_are_refused() -> None:
    with pytest.raises(ConfigError, match="--epochs is 0, allowed: 1 or more"):
        config_from_arguments(parser().parse_args(["--epochs", "0"]))


def test_a_kind_of_network_brings_its_own_defaults() -> None:
    config = config_from_arguments(
        parser().parse_args(["--network", "classic", "--stages", "15x48"])
    )
    assert config == dataclasses.replace(usual_config("classic"), stages="15x48")
    assert (config.optimizer, config.rotation_deg, config.batch_size) == (ADAM, 0.0, 64)


def test_stages_give_each_epoch_its_size() -> None:
    assert TrainingConfig(stages="2x32,1x48").sizes_px == (32, 32, 48)


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
        ("depths", "2,2"),
        ("depths", "2,2,0,1"),
        ("network", "resnet"),
        ("optimizer", "lion"),
        ("teacher_share", 1.5),
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


def test_the_classic_network_takes_one_size_only() -> None:
    with pytest.raises(ConfigError, match="--stages '2x32,1x48'"):
        dataclasses.replace(usual_config("classic"), stages="2x32,1x48")
