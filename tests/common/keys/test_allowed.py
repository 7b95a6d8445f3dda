from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contract import Role
from common.errors import ConfigError
from common.keys.allowed import ANY_CAMERA, Entry, list_text, read_allowed
from common.keys.files import new_pair
from common.private_file import write_private

KEY = new_pair().public
OTHER = new_pair().public


def entry(roles: set[Role], cameras: set[str], public: str = KEY) -> Entry:
    return Entry("some", frozenset(roles), frozenset(cameras), public)


def read(directory: Path, text: str) -> dict[str, Entry]:
    (directory / "allowed").unlink(missing_ok=True)
    write_private(directory / "allowed", text)
    return read_allowed(directory)


def test_list_written_by_hand_is_read(tmp_path: Path) -> None:
    listed = read(
        tmp_path,
        f"# a comment\n\n gpu-box\tclassifier,detector -   {KEY}\n"
        f"door capture front%20door {OTHER}",
    )
    assert listed == {
        KEY: Entry("gpu-box", frozenset({Role.CLASSIFIER, Role.DETECTOR}), frozenset(), KEY),
        OTHER: Entry("door", frozenset({Role.CAPTURE}), frozenset({"front door"}), OTHER),
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"gpu-box classifier {KEY}", "name, what it may be, its cameras or -, public key"),
        (f"../x classifier - {KEY}", "a name of letters, digits"),
        (f"gpu-box boss - {KEY}", "capture, detector, classifier, publisher or revoked, got boss"),
        (f"gpu-box classifier - {KEY[:-1]}", "a public key of 40 characters at its end"),
        (f"gpu-box classifier - {'#' * 40}", "a public key of 40 characters at its end"),
        (f"gpu-box classifier - {OTHER}", "another key than that of old"),
    ],
    ids=["few words", "name", "role", "short key", "no key", "key of another"],
)
def test_line_that_means_nothing_is_named(tmp_path: Path, line: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"# comment\nold revoked - {OTHER}\n{line}\n")
    assert f"{tmp_path}/allowed, line 3: expected {expected}" in str(caught.value)


def test_list_that_others_can_write_is_refused(tmp_path: Path) -> None:
    read(tmp_path, "")
    (tmp_path / "allowed").chmod(0o666)
    with pytest.raises(ConfigError, match="others can read or write"):
        read_allowed(tmp_path)


@given(st.sets(st.text(min_size=1, max_size=64), max_size=4), st.sets(st.sampled_from(Role)))
def test_any_camera_name_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, cameras: set[str], roles: set[Role]
) -> None:
    if cameras == {"-"}:
        return  # the sign for none
    written = entry(roles, cameras)
    directory = tmp_path_factory.mktemp("keys", numbered=True)
    assert read(directory, list_text([written])) == {KEY: written}


def test_key_is_good_for_its_roles_and_cameras_alone() -> None:
    detector = entry({Role.DETECTOR, Role.CLASSIFIER}, set())
    assert detector.refusal(Role.DETECTOR, "") is None
    assert "classifier or detector, not for capture" in str(detector.refusal(Role.CAPTURE, "door"))
    assert "not for publisher" in str(detector.refusal(Role.PUBLISHER, ""))
    capture = entry({Role.CAPTURE}, {"door", "yard"})
    assert capture.refusal(Role.CAPTURE, "yard") is None
    assert "camera door or yard, not for hall" in str(capture.refusal(Role.CAPTURE, "hall"))
    assert "not for *" in str(capture.refusal(Role.CAPTURE, ANY_CAMERA))
    assert entry({Role.CAPTURE}, {ANY_CAMERA}).refusal(Role.CAPTURE, "hall") is None
    assert entry({Role.CAPTURE}, set()).refusal(Role.CAPTURE, "") is not None
