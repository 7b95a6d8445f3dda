from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from common.config import (
    BrokerSettings,
    choice,
    existing_file,
    integer,
    load_config,
    number,
    setting,
    switch,
    words,
)
from common.errors import ConfigError


@dataclass(frozen=True, slots=True)
class SampleConfig(BrokerSettings):
    """A stage that exists only here."""

    count: int = setting("SAMPLE_COUNT", 10, integer(1, 99), "how many, 100 % of them")
    share: float = setting("SAMPLE_SHARE", 0.5, number(0, 1), "how much")
    mode: str = setting("SAMPLE_MODE", "live", choice("live", "lossless"), "which way")
    loop: bool | None = setting("SAMPLE_LOOP", None, switch, "again and again")
    title: str = setting("SAMPLE_TITLE", "none", words, "what people see")
    file: Path | None = setting("SAMPLE_FILE", None, existing_file, "what is read")


def load(argv: list[str] | None = None, **environ: str) -> SampleConfig:
    return load_config(SampleConfig, "some.sample", argv or [], environ)


def test_command_line_is_before_environment_and_environment_before_default() -> None:
    assert load().count == 10
    assert load(SAMPLE_COUNT="20").count == 20
    assert load(["--count", "30"], SAMPLE_COUNT="20").count == 30


def test_process_environment_is_read_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE_COUNT", "42")
    assert load_config(SampleConfig, "sample", []).count == 42


def test_empty_value_is_as_good_as_none() -> None:
    assert load(SAMPLE_COUNT="", SAMPLE_LOOP="").count == 10
    assert load(["--count", ""], SAMPLE_COUNT="20").count == 20
    assert load(["--count="]).count == 10


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("SAMPLE_COUNT", "0", "a whole number from 1 to 99"),
        ("SAMPLE_COUNT", "100", "a whole number from 1 to 99"),
        ("SAMPLE_COUNT", "ten", "a whole number from 1 to 99"),
        ("SAMPLE_COUNT", "1.5", "a whole number from 1 to 99"),
        ("SAMPLE_COUNT", "9" * 5000, "a whole number from 1 to 99"),
        ("SAMPLE_SHARE", "1.01", "a number from 0 to 1"),
        ("SAMPLE_SHARE", "nan", "a number from 0 to 1"),
        ("SAMPLE_SHARE", "inf", "a number from 0 to 1"),
        ("SAMPLE_SHARE", "half", "a number from 0 to 1"),
        ("SAMPLE_MODE", "Live", "live or lossless"),
        ("SAMPLE_LOOP", "maybe", "1 or 0"),
        ("SAMPLE_TITLE", "  ", "a text that is not empty"),
        ("SAMPLE_FILE", "/no/such/file", "a file that exists"),
        ("SAMPLE_FILE", "/", "a file that exists"),
        ("SAMPLE_FILE", "/" + "x" * 300, "a path that can be read (File name too long)"),
        ("SAMPLE_FILE", "~nobody-of-that-name/file", "a path; the user whose home"),
        ("BROKER_ENDPOINT", "udp://host:1", "tcp://host:port or ipc:///path"),
    ],
)
def test_wrong_value_is_named_with_its_variable_and_what_is_allowed(
    variable: str, value: str, allowed: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load([], **{variable: value})
    assert f"{variable}={value}: expected {allowed}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_value_on_the_command_line_is_named_by_its_variable() -> None:
    with pytest.raises(ConfigError, match="SAMPLE_COUNT=0: expected a whole number"):
        load(["--count", "0"])


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("YES", True), ("true", True), ("0", False), ("no", False), ("False", False)],
)
def test_switch_takes_the_usual_words(text: str, value: bool) -> None:
    assert load(SAMPLE_LOOP=text).loop is value


def test_file_that_exists_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    assert load(SAMPLE_FILE=str(path)).file == path


def test_unknown_variable_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError) as caught:
        load(SAMPLE_COUNTS="3")
    assert str(caught.value) == "SAMPLE_COUNTS=3: no such variable; did you mean SAMPLE_COUNT?"


def test_unknown_variable_that_is_near_to_none_is_refused_with_all_that_are_known() -> None:
    with pytest.raises(ConfigError, match="known are BROKER_ENDPOINT, BROKER_INSECURE, BROKER_K"):
        load(SAMPLE_WHATEVER_YOU_LIKE_TO_CALL_IT="3")


SOURCE = "rtsp://user:hunter2@cam/x"


@pytest.mark.parametrize(
    ("argv", "environ"),
    [
        ([], {"SAMPLE_SORCE": SOURCE}),
        ([], {"SAMPLE_COUNT": SOURCE}),
        (["--sorce", SOURCE], {}),
        ([f"--sorce={SOURCE}"], {}),
        (["--count", SOURCE], {}),
    ],
)
def test_no_error_shows_a_password(argv: list[str], environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(argv, **environ)
    assert "rtsp://***@cam" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_password_on_the_command_line_is_refused_with_the_variable_to_set() -> None:
    with pytest.raises(ConfigError, match=r"every user .* set SAMPLE_TITLE in the environment"):
        load(["--title", SOURCE])
    assert load(SAMPLE_TITLE=SOURCE).title == SOURCE


def test_variables_of_others_are_none_of_its_business() -> None:
    assert load(CAPTURE_WHATEVER="1", SAMPLER="1", XSAMPLE_Y="1").count == 10


@pytest.mark.parametrize("argv", [["--cuont", "3"], ["3"], ["--count"], ["--coun", "3"]])
def test_wrong_command_line_is_one_line_that_names_the_help(argv: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(argv)
    assert "`python -m some.sample --help` lists the options" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_help_lists_every_option_with_variable_and_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        load(["--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "A stage that exists only here." in text
    assert "how many, 100 % of them (environment: SAMPLE_COUNT; default: 10)" in text
    settings = [item for item in fields(SampleConfig) if "variable" in item.metadata]
    assert len(settings) == 9, "those inherited are settings too"
    for item in settings:
        shown = "none" if item.default is None else item.default
        assert f"(environment: {item.metadata['variable']}; default: {shown})" in text
