"""``python -m training.report runs/NAME``: makes one HTML page of all that a run has left.

The page holds what was trained, the metrics with their intervals, recall and precision of each
label, every picture and a table of the epochs. Everything is inside the one file: it can be sent,
kept, and read offline. For a run that still goes on the page says what is missing; the same command
again shows the newest state.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from common.command import Command
from common.files import replacing
from training.measure.run_summary import RunSummary, summarize_run
from training.metrics import Metrics, Share, percent, percent_with_interval

REPORT_NAME = "report.html"
TEMPLATES = Path(__file__).parent / "templates"
NOTHING = "\N{EN DASH}"


def render_report(run: RunSummary) -> str:
    """Return the page as HTML; whatever comes from the run's files is escaped in it."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": _percent,
        "share": _share,
        "accuracy": _accuracy,
        "duration": _duration,
        "size": _size,
        "pairs": _pairs,
    }
    return environment.get_template(REPORT_NAME).render(run=run)


def _percent(value: float | None) -> str:
    return NOTHING if value is None else percent(value)


def _share(share: Share | None) -> str:
    """Word a share with its interval."""
    if share is None:
        return NOTHING
    return percent_with_interval(share.value, (share.low, share.high))


def _accuracy(metrics: Metrics) -> str:
    return _share(Share(metrics.accuracy, *metrics.accuracy_interval))


def _duration(seconds: float) -> str:
    """Word a time: seconds below two minutes, else hours and minutes."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _size(count: int | None) -> str:
    """Word a number of bytes."""
    if count is None:
        return NOTHING
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _pairs(values: dict[str, object]) -> list[tuple[str, str]]:
    """Return names and values of nested objects as one list of words."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        words = name.replace("_", " ")
        if isinstance(value, dict):
            pairs += [(f"{words}: {inner}", text) for inner, text in _pairs(value)]
        elif isinstance(value, list):
            pairs.append((words, ", ".join(str(item) for item in value)))
        elif isinstance(value, float):
            pairs.append((words, f"{value:.6g}"))
        else:
            pairs.append((words, NOTHING if value in ("", None) else str(value)))
    return pairs


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("run", type=Path, metavar="DIR", help="the run's folder, as runs/NAME")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=f"file to write (default: DIR/{REPORT_NAME})"
    )


def run(options: argparse.Namespace) -> None:
    """Write the page, and say what is missing on it."""
    out = options.out or options.run / REPORT_NAME
    summary = summarize_run(options.run)
    page = render_report(summary)
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as new:
        new.write_text(page, encoding="utf-8")
    for item in summary.missing:
        print(f"missing: {item}")
    print(f"the report is in {out}")


main = Command("training.report", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
