from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from common import log_lines
from common.errors import RefusedError
from common.lifetime import run_main, set_up_logging
from common.log_lines import LINES_A_SECOND

log = logging.getLogger("any")
FORGED = "x\nERROR broker: everything is lost\x1b[31m"


@pytest.fixture
def written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Callable[[], object]], list[str]]:
    """Do something that logs as a stage does, and return the lines."""
    monkeypatch.setenv("HONCHO_PROCESS_NAME", "sample.1")
    root = logging.getLogger()

    def lines_of(do: Callable[[], object]) -> list[str]:
        before, level = root.handlers[:], root.level
        root.handlers = []
        try:
            set_up_logging("sample")
            do()
        finally:
            root.handlers = before
            root.setLevel(level)
        return capsys.readouterr().err.splitlines()

    return lines_of


def test_peer_cannot_write_a_line_of_its_own(
    written: Callable[[Callable[[], object]], list[str]],
) -> None:
    (line,) = written(lambda: log.warning("refused %s: %s", FORGED, "no"))
    escaped = r"x\nERROR broker: everything is lost\x1b[31m"
    assert line == f"WARNING sample: refused {escaped}: no"


def test_line_of_a_traceback_does_not_look_like_an_event(
    written: Callable[[Callable[[], object]], list[str]],
) -> None:
    def fail() -> None:
        try:
            raise ValueError(FORGED)
        except ValueError:
            log.exception("stopped")

    first, *rest = written(fail)
    assert first == "ERROR sample: stopped"
    assert rest
    assert all(line.startswith("  ") for line in rest)
    assert not any("\x1b" in line for line in rest)


def test_reason_of_the_broker_is_one_line(
    written: Callable[[Callable[[], object]], list[str]],
) -> None:
    def be_refused() -> None:
        def refuse() -> None:
            raise RefusedError(FORGED)

        with pytest.raises(SystemExit):
            run_main("sample", refuse)

    (line,) = written(be_refused)
    assert line.startswith("sample: x")


def test_flood_of_one_kind_is_counted_and_others_are_written(
    written: Callable[[Callable[[], object]], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [5.0]
    monkeypatch.setattr(log_lines, "time", type("Clock", (), {"monotonic": lambda: now_s[0]}))

    def flood() -> None:
        for number in range(LINES_A_SECOND + 100):
            log.warning("refused %d", number)
        log.warning("another kind")
        now_s[0] += 1
        log.warning("refused %d", -1)
        log.warning("refused %d", -2)

    lines = written(flood)
    assert len(lines) == LINES_A_SECOND + 3
    assert lines[-3:] == [
        "WARNING sample: another kind",
        "WARNING sample: refused -1 (and 100 more like it before)",
        "WARNING sample: refused -2",
    ]
