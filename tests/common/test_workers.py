from __future__ import annotations

import pytest

from classifier.config import WORKERS as CLASSIFIERS
from classifier.config import ClassifierConfig
from common.config import load_config
from common.contract import Mode
from common.errors import ConfigError
from common.workers import Share, WorkerRule
from detector.config import WORKERS as DETECTORS
from detector.config import DetectorConfig

RULE = WorkerRule(live=Share(cores=4, most=2), lossless=Share(cores=1, most=5))


@pytest.mark.parametrize(
    ("cores", "live", "lossless"), [(1, 1, 1), (2, 1, 2), (4, 1, 4), (8, 2, 5), (64, 2, 5)]
)
def test_number_grows_with_the_cores_up_to_what_is_of_use(
    cores: int, live: int, lossless: int
) -> None:
    assert RULE.workers(Mode.LIVE, cores) == live
    assert RULE.workers(Mode.LOSSLESS, cores) == lossless


def detectors(**environ: str) -> object:
    return load_config(DetectorConfig, "detector", [], environ).workers


def test_workers_are_left_to_the_rule_unless_a_number_is_set() -> None:
    assert detectors() is DETECTORS
    assert detectors(DETECTOR_WORKERS="auto") is DETECTORS
    assert detectors(DETECTOR_WORKERS="3") == 3
    assert load_config(ClassifierConfig, "classifier", [], {}).workers is CLASSIFIERS


@pytest.mark.parametrize(("set_to", "workers"), [("", 1), ("3", 3)])
def test_tensorflow_is_started_once_unless_told_otherwise(set_to: str, workers: int) -> None:
    environ = {"CLASSIFIER_BACKEND": "tensorflow", "CLASSIFIER_WORKERS": set_to}
    assert load_config(ClassifierConfig, "classifier", [], environ).workers == workers


@pytest.mark.parametrize("value", ["0", "65", "all", "1.5"])
def test_other_values_are_refused_with_what_is_allowed(value: str) -> None:
    expected = f"DETECTOR_WORKERS={value}: expected auto or a whole number from 1 to 64"
    with pytest.raises(ConfigError, match=expected):
        detectors(DETECTOR_WORKERS=value)


def test_help_says_what_auto_means(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load_config(DetectorConfig, "detector", ["--help"], {})
    said = " ".join(capsys.readouterr().out.split())
    assert "auto: under plain honcho start as many as suit CAPTURE_MODE and the cores" in said
    assert "(environment: DETECTOR_WORKERS; default: auto)" in said
