"""Write the records of many videos, on all cores of this machine or of a cluster.

    ferstream archive recordings/ --to results/
    ferstream archive s3://lab/talks --to s3://lab/records --detector yunet
    ferstream archive /data/talks --to /data/records --scheduler tls://head:8786
    ferstream archive /data/talks --to /data/records --shard $SLURM_ARRAY_TASK_ID/8

One Parquet file a video, in folders as the videos are; what became of each stands in
_manifest.jsonl. Run it again to go on where it was stopped: a video is skipped where its records
are there, of the same file, settings, models and version. One that cannot be read, or ends the
processes that read it, is named and left. docs/archive.md says more.
"""

from __future__ import annotations

import argparse
import logging
import math
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from tqdm.contrib.logging import logging_redirect_tqdm

from common.command import Command
from common.cores import usable_cores
from common.errors import ConfigError, FerstreamError
from common.progress_bar import progress_bar
from ferstream.analyzer import Analyzer
from ferstream.archive.alone import analyse_alone
from ferstream.archive.manifest import Manifest, in_words
from ferstream.archive.sources import find_videos, shard_of
from ferstream.archive.stores import Store
from ferstream.archive.task import Job, Outcome, Status
from ferstream.settings import add_settings, settings_of

LOGGED_S = 30.0
"""How often progress is written to what is no terminal, such as the log of a batch system."""

log = logging.getLogger(__name__)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a folder, a glob, a file or s3://bucket/prefix",
    )
    parser.add_argument("--to", required=True, help="folder or s3:// prefix for the records")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers",
        type=_count,
        default=usable_cores(),
        help="processes on this machine (its cores)",
    )
    where.add_argument("--scheduler", metavar="ADDRESS", help="a Dask cluster that runs, instead")
    where.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="only every N-th video, from the I-th on (the first is 0), in one process",
    )
    parser.add_argument(
        "--resources",
        type=_resource,
        metavar="NAME=NUMBER",
        help="what a worker of the cluster must have for a video: GPU=1",
    )
    add_settings(parser)


def run(options: argparse.Namespace) -> None:
    """Analyse all of them.

    Raises:
        FerstreamError: Something given is wrong, records cannot be written, or one or more
            videos could not be analysed.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as batch systems end programs
    if options.resources and not options.scheduler:
        raise ConfigError("--resources: only workers of a cluster have some; give its --scheduler")
    settings = settings_of(options)
    about = Analyzer(**settings).about
    videos = find_videos(options.sources)
    shard = ""
    if options.shard:
        videos = shard_of(videos, *options.shard)
        shard = "{}-of-{}".format(*options.shard)
    try:
        store = Store(options.to)
        manifest = Manifest(store, shard)
        manifest.write()  # else it may take an hour until it is known that nothing can be
    except OSError as error:
        raise ConfigError(f"--to {options.to}: {error}") from error
    jobs = [Job(video, store.address, settings, about) for video in videos]
    try:
        with logging_redirect_tqdm():
            outcomes = list(_watched(_outcomes(jobs, options), jobs, manifest))
    finally:
        manifest.save()
    failures = sum(outcome.status is Status.FAILED for outcome in outcomes)
    if failures:
        raise FerstreamError(
            f"{failures} of {len(jobs)} failed; {options.to}/{manifest.name} says why"
        )


def _outcomes(jobs: list[Job], options: argparse.Namespace) -> Iterator[Outcome]:
    if options.shard:
        return analyse_alone(jobs)
    if find_spec("distributed") is None:
        raise ConfigError(
            'Dask is not here: pip install ".[archive]", or do without it: --shard 0/1'
        )
    from ferstream.archive.on_dask import analyse_on_dask  # noqa: PLC0415 - not always there

    return analyse_on_dask(jobs, options.workers, options.scheduler, options.resources)


def _watched(outcomes: Iterable[Outcome], jobs: list[Job], manifest: Manifest) -> Iterator[Outcome]:
    """Yield the outcomes under a bar; note each, and say what failed.

    Raises:
        FerstreamError: None of the others would fare better.
    """
    sizes = {job.video.name: job.video.file.size for job in jobs}
    seen: Counter[Status] = Counter()
    with progress_bar(None, "archive", "B", total=sum(sizes.values())) as bar:
        if not sys.stderr.isatty():
            bar.mininterval = LOGGED_S
        for outcome in outcomes:
            seen[outcome.status] += 1
            manifest.add(outcome)
            if outcome.status is Status.FAILED:
                log.warning("%s: %s", outcome.video, outcome.reason)
            if outcome.ends_run:
                raise FerstreamError(f"{outcome.reason}; mend that and run it again to go on")
            text = f"{seen.total()} of {len(jobs)}: {in_words(seen)}"
            bar.set_postfix_str(text, refresh=False)
            bar.update(sizes[outcome.video])
            yield outcome


def _shard(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise argparse.ArgumentTypeError(f"{text}: expected I/N with I from 0 to N-1, such as 0/8")
    return int(index), int(count)


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text}: expected 1 or more")
    return int(text)


def _resource(text: str) -> dict[str, float]:
    name, _, number_text = text.partition("=")
    try:
        number = float(number_text)
    except ValueError:
        number = 0.0
    if not name or not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: expected NAME=NUMBER, such as GPU=1")
    return {name: number}


main = Command(
    "ferstream archive", __doc__, add_options, run, "stopped; run it again to go on from here"
)
