"""What a pipeline loses while its processes are killed, frozen and replaced.

    python -m benchmarks.chaos --minutes 30 --seed 1

Analyses the bundled clip, again and again, in lossless mode, while one process after the other is
killed (SIGKILL), frozen for a while (SIGSTOP) or leaves and is replaced by another one: broker,
captures, detectors, classifiers and publishers, as chance has it. Then holds every record against
those of a run that nothing disturbed: each frame is to have its faces exactly once, with the same
boxes and probabilities. The numbers of tracks, and with them smoothed labels, may differ after a
publisher was killed. Then does the same to a live camera, with somebody who watches. Ends with 1
where a frame was lost, doubled or is not as it was.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from benchmarks.reliability.live_chaos import LiveChaos, run_live
from benchmarks.reliability.lossless_chaos import LosslessChaos, run_lossless
from benchmarks.reliability.recovery import recovery_table
from common.command import Command
from tests.support.media import DEMO


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--minutes", type=float, default=3.0, help="about how long each of the two takes (3)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the chance (1)")
    parser.add_argument("--only", choices=("lossless", "live"), help="one of the two")


def run(options: argparse.Namespace) -> None:
    """Disturb the pipelines and print what came of it."""
    right = True
    if options.only != "live":
        with tempfile.TemporaryDirectory() as folder:
            runs = run_lossless(DEMO, options.minutes, options.seed, Path(folder))
        print_lossless(runs)
        right = all(chaos.comparison.right and chaos.exit_code == 0 for chaos in runs)
    if options.only != "lossless":
        live = run_live(options.minutes, options.seed)
        print_live(live)
        right = right and live.ledger_holds
    if not right:
        sys.exit(1)


def print_lossless(runs: Sequence[LosslessChaos]) -> None:
    """Print what became of the frames of disturbed runs, and how they recovered."""
    recoveries = [recovery for chaos in runs for recovery in chaos.recoveries]
    codes = ", ".join(str(code) for code in sorted({chaos.exit_code for chaos in runs}))
    frames, lost, doubled, differing = (
        sum(values) for values in zip(*(astuple(chaos.comparison) for chaos in runs), strict=True)
    )
    seconds = sum(chaos.seconds for chaos in runs)
    print(f"Lossless: {len(runs)} runs, {frames} frames in {seconds:.0f} s, exit code {codes}")
    print(
        f"{len(recoveries)} faults; frames lost: {lost}, doubled: {doubled}, "
        f"with other boxes or probabilities: {differing}\n"
    )
    print(recovery_table(recoveries).markdown() + "\n")


def print_live(chaos: LiveChaos) -> None:
    """Print what a viewer saw of the disturbed live pipeline."""
    (before, before_95), (after, after_95) = chaos.normal_ms, chaos.after_ms
    print(f"Live: {len(chaos.recoveries)} faults; ledger holds: {chaos.ledger_holds}")
    print(
        f"age of a picture, p50 and p95: before {before:.0f} and {before_95:.0f} ms, "
        f"after {after:.0f} and {after_95:.0f} ms\n"
    )
    print(recovery_table(chaos.recoveries).markdown())


main = Command("benchmarks.chaos", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
