"""Tests of capture.sources.camera: there is no camera where tests run."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture.sources.camera import DeviceCamera
from common.errors import SourceError


@pytest.mark.parametrize("source", ["97", "/dev/video97"])
def test_a_missing_camera_is_refused_naming_those_that_exist(source: str) -> None:
    found = sorted(str(path) for path in Path("/dev").glob("video*"))
    with pytest.raises(SourceError, match=found[0] if found else "no /dev/video"):
        DeviceCamera(source)


def test_what_opencv_raises_is_an_error_of_the_source_in_one_line() -> None:
    with pytest.raises(SourceError, match="OpenCV fails with it") as caught:
        DeviceCamera("99999999999")
    assert "\n" not in str(caught.value)
