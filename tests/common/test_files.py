from __future__ import annotations

from pathlib import Path

import pytest

from common.files import replacing


@pytest.mark.parametrize("name", ["model.onnx", "model", "a.b.json"])
def test_the_new_file_takes_the_place_of_the_old_at_the_end(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("old")
    with replacing(file) as new:
        new.write_text("new")
        assert new.suffix == file.suffix
        assert new.parent == file.parent
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
def test_what_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    file = tmp_path / "model.onnx"
    file.write_text("old")

    def write_half() -> None:
        with replacing(file) as new:
            new.write_text("half")
            raise failure

    with pytest.raises(failure):
        write_half()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_killed_process_left_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    with replacing(file) as new:
        left = new
        new.write_text("first")
    left.write_text("half")
    with replacing(file) as new:
        new.write_text("second")
    assert file.read_text() == "second"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "page.html"
    folder.mkdir()
    with pytest.raises(OSError, match=r"page\.html"), replacing(folder) as new:
        new.write_text("page")
    assert list(tmp_path.iterdir()) == [folder]
