"""Whether anything grows: a live pipeline under five times what it can take, for long.

    python -m benchmarks.soak [--minutes 30] [--seed 0]

The bundled clip is played five times as fast as the pipeline publishes it, again and again, while
viewers (half of whom read nothing) and cameras (half of whom are killed) come and go. Age of the
picture, memory, file handles, threads, rings and queues are looked at every five seconds. Prints
the slope of each after the first third; a run of thirty minutes or more also writes them, with a
plot, into ``docs/reliability.md``, a shorter one into ``build/soak``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.performance.live_runs import live_pipeline
from benchmarks.performance.recordings import VGA, Recordings
from benchmarks.reliability.guests import Guests
from benchmarks.reliability.page import draw_series, measured_on, put_section
from benchmarks.reliability.samples import Series, sample_for
from benchmarks.reliability.slopes import slopes_table
from common.command import Command
from common.errors import ConfigError
from tests.support.media import DEMO
from tests.support.pipeline import ROOT, Pipeline

TOO_FAST = 5
"""How many times what the pipeline can take the source gives."""
FLOOD_FPS = 300
"""More than any pipeline on a few cores takes: what it publishes then is what it can take."""
CALIBRATE_S = 10.0
FRAMES = 600
CAMERA = "soak"
FOR_GOOD_MINUTES = 30.0
PAGE, TRIAL_PAGE = ROOT / "docs" / "reliability.md", ROOT / "build" / "soak" / "reliability.md"
RESTARTED = "starting it again"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--minutes", type=float, default=FOR_GOOD_MINUTES, help="how long")
    parser.add_argument("--seed", type=int, default=0, help="who comes and goes when")


def run(options: argparse.Namespace) -> None:
    """Soak, print and write.

    Raises:
        ConfigError: The time is too short for a slope.
    """
    if options.minutes < 1:
        raise ConfigError(f"--minutes {options.minutes}: expected 1 or more")
    settings = {"CAPTURE_CAMERA": CAMERA}
    with tempfile.TemporaryDirectory(prefix="ferstream-soak-") as folder:
        recordings = Recordings([DEMO], Path(folder))
        with live_pipeline(recordings.scaled(VGA, FRAMES, FLOOD_FPS), settings) as running:
            fps = running.look(CALIBRATE_S).fps
        source = recordings.scaled(VGA, FRAMES, round(TOO_FAST * fps))
        with live_pipeline(source, settings) as running:
            pipeline = running.pipeline
            with Guests(pipeline, options.seed) as guests:
                series = sample_for(pipeline, CAMERA, 60 * options.minutes)
            lines = [*_told(fps, pipeline, guests), "", slopes_table(series).markdown(), ""]
            pipeline.interrupt()
            pipeline.assert_nothing_left()
    print("\n".join(lines))
    _write(series, lines, options)


def _told(fps: float, pipeline: Pipeline, guests: Guests) -> Iterator[str]:
    """Yield what was done and what became of the frames."""
    camera = pipeline.camera(CAMERA)
    captured, published = camera["captured"], camera["published"]
    dropped = ", ".join(f"{count} {cause}" for cause, count in camera["dropped"].items())
    yield f"A pipeline that publishes {fps:.0f} frames a second was given {TOO_FAST * fps:.0f}."
    yield (
        f"Of {captured} frames it published {published}, one in {captured / published:.1f}, and "
        f"dropped {dropped}; failed: {camera['failed']}, in flight: {camera['in_flight']}."
    )
    yield f"There came {', '.join(f'{count} {kind}' for kind, count in guests.came.items())}."
    yield (
        f"Processes restarted: {pipeline.log.count(RESTARTED)}; errors: "
        f"{pipeline.log.count('Traceback')}. After Ctrl-C no process, socket or ring was left."
    )


def _write(series: Series, lines: list[str], options: argparse.Namespace) -> None:
    """Write the section and the plot."""
    page = PAGE if options.minutes >= FOR_GOOD_MINUTES else TRIAL_PAGE
    plot = page.parent / "reliability" / "soak.png"
    command = f"python -m benchmarks.soak --minutes {options.minutes:g} --seed {options.seed}"
    draw_series(series, plot)
    picture = f"![All figures over the minutes of the run]({plot.parent.name}/{plot.name})"
    put_section(page, "Soak", [measured_on(command), "", *lines, picture])
    print(f"written to {page.relative_to(ROOT)}")


main = Command("benchmarks.soak", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
