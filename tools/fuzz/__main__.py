"""Feed one of the places that take bytes from outside with bytes that nobody would send.

What breaks something is written beside the corpus, and the exit code is not 0. Inputs that reach
something new are kept in the corpus, from which the next run goes on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from common.command import Command
from tools.fuzz import sources

INSTRUMENTED = {
    "wire": ["common"],
    "uploads": ["publisher", "werkzeug", "flask"],
    "pictures": ["publisher.uploads", "PIL"],
}
"""By target, the packages whose lines lead the way."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("target", choices=[*INSTRUMENTED, "sources"])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument(
        "--corpus",
        type=Path,
        help="folder of inputs that are kept (default: build/fuzz/TARGET)",
    )


def run(options: argparse.Namespace) -> None:
    """Fuzz."""
    target: str = options.target
    corpus: Path = options.corpus or Path("build", "fuzz", target)
    seconds = round(options.minutes * 60)
    if target == "sources":
        sources.fuzz(corpus, seconds)
        return
    from tools.fuzz.coverage_guided import fuzz  # noqa: PLC0415 - needs atheris, the others do not

    fuzz(f"tools.fuzz.{target}", INSTRUMENTED[target], corpus, seconds)


main = Command("tools.fuzz", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
