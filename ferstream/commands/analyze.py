"""Write the records of images and recordings: one for each face in each frame.

    ferstream analyze talk.mp4 -o talk.csv
    ferstream analyze recordings/*.mp4 photos/ -o results/ --detector yunet

They are those of a lossless run of the pipeline. A folder of images is one recording, of videos as
many as there are. Without ``-o`` the records are written to the standard output, as CSV. What is
there already is kept under another name (``talk.1.csv``). One core is used for each call.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from capture.sources.images import IMAGE_SUFFIXES
from capture.sources.recordings import VIDEO_SUFFIXES
from common.command import Command
from common.errors import ConfigError, SourceError
from ferstream.analyzer import Analysis, Analyzer
from ferstream.patterns import matches_of
from ferstream.settings import add_settings, settings_of
from publisher.config import RESULTS_ENDINGS
from publisher.faces import PublishedFrame
from publisher.output_files import RecordError
from publisher.results.format import CSV_HEADER, csv_lines, records_of
from publisher.results.open import open_results

log = logging.getLogger(__name__)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="a file, a folder or a glob")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        help=f"a file that ends in {', '.join(RESULTS_ENDINGS)}, or a folder for one each",
    )
    parser.add_argument(
        "--format",
        choices=[ending[1:] for ending in RESULTS_ENDINGS],
        default="csv",
        help="of the files in a folder (csv)",
    )
    add_settings(parser)


def run(options: argparse.Namespace) -> None:
    """Analyse one recording after the other.

    Raises:
        FerstreamError: A setting is wrong, or one or more of them could not be analysed.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    recordings = recordings_of(options.sources)
    targets = targets_of(recordings, options.out, options.format)
    analyzer = Analyzer(**settings_of(options))
    written = [
        _is_written(analyzer, recording, target)
        for recording, target in zip(recordings, targets, strict=True)
    ]
    if not all(written):
        raise SourceError(f"{written.count(False)} of {len(written)} could not be analysed")


def recordings_of(sources: Sequence[str]) -> list[Path]:
    """Return the recordings that are named.

    Raises:
        ConfigError: A pattern fits nothing, or a folder holds neither images nor videos.
    """
    return [recording for source in sources for recording in _recordings(source)]


def _recordings(source: str) -> list[Path]:
    matches = matches_of(source)
    if matches is not None:
        return matches
    path = Path(source).expanduser()
    if not path.is_dir():
        return [path]
    inside = sorted(file for file in path.iterdir() if file.is_file())
    videos = [file for file in inside if file.suffix.lower() in VIDEO_SUFFIXES]
    has_images = any(file.suffix.lower() in IMAGE_SUFFIXES for file in inside)
    if not videos and not has_images:
        raise ConfigError(f"{source}: a folder with neither images nor videos in it")
    return [*([path] if has_images else []), *videos]


def targets_of(recordings: Sequence[Path], out: Path | None, ending: str) -> list[Path | None]:
    """Return where the records of each go; None is the standard output.

    Raises:
        ConfigError: Several recordings, or those of one name, would go to one file; or ``out`` is
            a file of another kind.
    """
    if out is None or out.suffix.lower() in RESULTS_ENDINGS:
        if len(recordings) > 1 and out is not None:
            raise ConfigError(
                f"--out {out}: one file for {len(recordings)} recordings; name a folder"
            )
        return [out] * len(recordings)
    if out.suffix and not out.is_dir():
        raise ConfigError(
            f"--out {out}: ends in none of {', '.join(RESULTS_ENDINGS)}; where a folder of that "
            "name is meant, make it first"
        )
    targets = [out / f"{recording.stem}.{ending}" for recording in recordings]
    for name, times in Counter(targets).items():
        if times > 1:
            raise ConfigError(f"{times} recordings would go to {name}; analyse them one by one")
    return list(targets)


def _is_written(analyzer: Analyzer, recording: Path, target: Path | None) -> bool:
    """Write the records of a recording; return False, and warn, where it cannot be read."""
    try:
        write_records(analyzer, recording, target)
    except SourceError as error:
        log.warning("%s", error)
        return False
    return True


def write_records(analyzer: Analyzer, recording: Path, target: Path | None) -> None:
    """Analyse one recording.

    Raises:
        SourceError: It cannot be read.
        RecordError: The records cannot be written.
    """
    with analyzer.opened(recording, progress=True) as analysis:
        if target is None:
            _print_records(analysis.frames)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_file(analysis, target)


def _write_file(analysis: Analysis, target: Path) -> None:
    results = open_results(target, None, lambda *_: None)
    try:
        results.describe(analysis.metadata)
        for frame in analysis.frames:
            results.write_frame(frame)
        results.finish()
    finally:
        results.close()
    if results.trouble is not None:
        raise RecordError(results.trouble)


def _print_records(frames: Iterable[PublishedFrame]) -> None:
    sys.stdout.buffer.write(CSV_HEADER)
    for frame in frames:
        sys.stdout.buffer.write(csv_lines(records_of(frame)))
    sys.stdout.buffer.flush()


main = Command("ferstream analyze", __doc__, add_options, run)
