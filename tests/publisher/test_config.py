"""The publisher's settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.config import load_config
from common.errors import ConfigError
from publisher.config import PublisherConfig


def load(**environ: str) -> PublisherConfig:
    return load_config(PublisherConfig, "publisher", [], environ)


def test_by_default_only_this_machine_sees_the_page_and_nothing_is_stored() -> None:
    config = load(PORT="5600")
    assert (config.host, config.port, config.results) == ("127.0.0.1", 5000, None)


@pytest.mark.parametrize("name", ["faces.csv", "faces.jsonl", "FACES.CSV"])
def test_results_may_be_csv_or_jsonl(name: str, tmp_path: Path) -> None:
    assert load(PUBLISHER_RESULTS=str(tmp_path / name)).results == tmp_path / name


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("faces.txt", r"\.csv or \.jsonl"),
        ("nowhere/faces.csv", "folder that exists"),
        ("folder.csv", "a file that can be written"),
    ],
)
def test_other_results_are_refused_with_what_is_allowed(
    path: str, allowed: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match=rf"PUBLISHER_RESULTS=.*{allowed}"):
        load(PUBLISHER_RESULTS=str(tmp_path / path))


def test_pictures_go_to_a_video_or_to_a_folder(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for name, expected in (
        ("out.mp4", "out.mp4"),
        ("OUT.MP4", "OUT.MP4"),
        ("faces/", "faces"),
        ("there", "there"),
    ):
        config = load(PUBLISHER_RECORD=f"{tmp_path}/{name}", PUBLISHER_RECORD_CLEAN="")
        assert (config.record, config.record_clean) == (tmp_path / expected, None)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("out.avi", r"ends in \.mp4, or a folder that ends in /"),
        ("faces", r"ends in \.mp4, or a folder that ends in /"),
        ("out.mp4/", r"ends in \.mp4, or a folder that ends in /"),
        ("nowhere/out.mp4", "folder that exists"),
        ("nowhere/faces/", "folder that exists"),
    ],
)
def test_other_places_for_pictures_are_refused(path: str, allowed: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"PUBLISHER_RECORD_CLEAN=.*{allowed}"):
        load(PUBLISHER_RECORD_CLEAN=f"{tmp_path}/{path}")


def test_names_of_the_server_are_separated_by_commas() -> None:
    assert load(PUBLISHER_HOSTS="cam.example").hosts == ("cam.example",)
    assert load(PUBLISHER_HOSTS="cam, 10.0.0.1,fe80::1").hosts == (
        "cam",
        "10.0.0.1",
        "fe80::1",
    )


@pytest.mark.parametrize("names", ["https://cam", "cam:http", "a,,b", "*", "cam/x", "c\u00e4m"])
def test_other_names_of_the_server_are_refused(names: str) -> None:
    with pytest.raises(ConfigError, match=r"PUBLISHER_HOSTS=.*cam\.example\.com or 192"):
        load(PUBLISHER_HOSTS=names)
