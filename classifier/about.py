"""What the probabilities of a face depend on, besides its crop."""

from __future__ import annotations

from pathlib import Path

from common.files import file_sha256
from common.messages import About


def about_model(backend: str, model: Path) -> About:
    """Describe a model and what runs it."""
    return {"backend": backend, "model": model.name, "sha256": file_sha256(model)}
