"""What the tests of training share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_FER2013 = Path(__file__).resolve().parents[3] / "shared" / "data" / "fer2013"


@pytest.fixture(scope="session")
def fer2013_dir() -> Path:
    """The real FER-2013, which is not part of the project."""
    if not (SHARED_FER2013 / "validation.zip").is_file():
        pytest.skip("FER-2013 is not at ../shared/data/fer2013")
    return SHARED_FER2013
