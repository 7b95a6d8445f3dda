"""What became of each recording of an archive, kept beside the results."""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.errors import ConfigError
from ferstream.archive.stores import Store
from ferstream.archive.task import Outcome, Status

SAVE_S = 10.0

log = logging.getLogger(__name__)


class Manifest:
    """A file of one line of JSON for each recording: ``_manifest.jsonl``.

    Those of earlier runs stay in it until their recording comes again.

    Args:
        store: The folder for results.
        shard: Which part of the recordings it is of, such as ``2-of-8``; empty for all.

    Raises:
        ConfigError: What earlier runs left is damaged.
        OSError: It cannot be read.
    """

    def __init__(self, store: Store, shard: str = "") -> None:
        self._store = store
        self.name = f"_manifest{f'-{shard}' if shard else ''}.jsonl"
        self._lines: dict[str, dict[str, Any]]
        self._saved_at = time.monotonic()
        try:
            entries = [json.loads(line) for line in (store.read(self.name) or b"").splitlines()]
            self._lines = {entry["recording"]: entry for entry in entries}
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{self.name} is damaged ({error}); remove it") from error

    def add(self, outcome: Outcome) -> None:
        """Add what became of a recording; the file follows within seconds."""
        known = self._lines.get(outcome.video)
        if known and outcome.status is Status.SKIPPED:  # it goes on telling who did it when
            known |= {"status": outcome.status.value}
        else:
            self._lines[outcome.video] = {
                "recording": outcome.video,
                "status": outcome.status.value,
                "reason": outcome.reason,
                "results": outcome.target,
                "frames": outcome.frames,
                "seconds": round(outcome.seconds, 3),
                "worker": outcome.worker,
            }
        if time.monotonic() - self._saved_at > SAVE_S:
            self.save()

    def save(self) -> None:
        """Write the file, or warn: results without it are better than none."""
        try:
            self.write()
        except OSError as error:
            log.warning("%s cannot be written: %s", self.name, error)

    def write(self) -> None:
        """Write the file.

        Raises:
            OSError: It cannot be written.
        """
        self._saved_at = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="ferstream-") as folder:
            file = Path(folder) / self.name
            lines = (json.dumps(entry, ensure_ascii=False) for entry in self._lines.values())
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            self._store.put(file, self.name)


def in_words(counts: Mapping[Status, int]) -> str:
    """Return how many recordings are done, skipped and failed, in words."""
    return ", ".join(f"{count} {status.value}" for status, count in counts.items())
