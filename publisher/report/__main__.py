"""Make one page of HTML of recorded results.

It shows how the expressions are shared, a timeline for each face, the moments at which each
expression was clearest, and what made the results. Only faces that were shown count. Where a video
is at hand, faces are cut out of it and times are links into it: one without boxes, recorded clean
or the source itself beside the results, or else one that was recorded with boxes. A
report of the same run is replaced; whatever else is there is kept under another name
(talk.report.1.html).
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import ferstream_start  # noqa: F401 - first: it lets our own modules be found
from common.command import Command
from common.counted import counted
from common.files import replacing
from common.progress_bar import BAR_DELAY_S, progress_bar
from publisher.as_json import Json
from publisher.output_files import move_aside
from publisher.report.made_by import made_by
from publisher.report.moments import Moment, MomentFinder
from publisher.report.page import render
from publisher.report.rows import ReportError, rows_to_report
from publisher.report.summary import Summary
from publisher.report.thumbnails import thumbnails_of
from publisher.report.videos import Links, videos_of
from publisher.results.metadata import read_metadata
from publisher.results.reader import Row

log = logging.getLogger(__name__)


def run(arguments: argparse.Namespace) -> None:
    """Make the page."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    results: Path = arguments.results
    out: Path = arguments.out or results.with_suffix(".report.html")
    video: Path | None = arguments.video
    if video is not None and not video.is_file():
        raise ReportError(f"--video {video}: there is no such file")
    summary, moments, mark = _read(results)
    metadata = _metadata(results)
    videos = videos_of(results, metadata, list(summary.cameras), video)
    pictures = _pictures(videos, moments)
    page = render(
        results.name, summary, moments, pictures, Links(videos, out), list(made_by(metadata))
    )
    try:
        done = _make_room(out, mark)
        with replacing(out) as new:
            new.write_text(page + mark, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"{out} cannot be written: {error.strerror}") from error
    log.info("%s %s", done, out)


def _make_room(out: Path, mark: str) -> str:
    """Keep what is there under another name, unless it is a report of the same run.

    Args:
        out: Where the page is to be.
        mark: What ends all reports of its run.

    Returns:
        What is done to the file then.
    """
    if not out.is_file():
        return "wrote"
    if out.read_bytes().endswith(mark.encode()):
        return "replaced"
    move_aside(out)
    return "wrote"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("results", type=Path, help="a .csv, .jsonl or .parquet file of results")
    parser.add_argument(
        "--video",
        type=Path,
        help="where faces are cut out of and times lead to: a recorded video or the source itself "
        "(default: what was recorded, the source, or a video of the same name, beside the results)",
    )
    parser.add_argument(
        "--out", type=Path, help="the page (default: beside the results, ending in .report.html)"
    )


def _read(results: Path) -> tuple[Summary, dict[str, list[Moment]], str]:
    """Return what the page shows, and the mark of the run: its first face is that of no other."""
    summary, finder = Summary(), MomentFinder()
    first: Row | None = None
    for row in rows_to_report(results):
        if first is None or (first.face is None and row.face is not None):
            first = row
        at_s = summary.add_row(row)
        if row.face is not None and row.face.shown:
            finder.add_face(row.camera, at_s, row.pts_s, row.face)
    run = hashlib.sha256(repr(first).encode()).hexdigest()
    return summary, finder.best(), f"<!-- of run {run} -->\n"


def _metadata(results: Path) -> Json:
    try:
        return read_metadata(results)
    except (OSError, ValueError) as error:
        raise ReportError(str(error)) from error


def _pictures(
    videos: Mapping[str, Sequence[Path]], moments: dict[str, list[Moment]]
) -> dict[Moment, str]:
    """Cut out the faces of all moments that a video is at hand of."""
    pictures: dict[Moment, str] = {}
    everything = [moment for found in moments.values() for moment in found]
    if not everything:
        return pictures
    if not videos:
        log.info("no video beside the results: no pictures (--video names one)")
        return pictures
    bar = progress_bar(None, "cutting out", " faces", total=len(everything), delay_s=BAR_DELAY_S)
    with bar:
        for camera, parts in videos.items():
            wanted = [moment for moment in everything if moment.camera == camera]
            for moment, picture in thumbnails_of(parts, wanted):
                pictures[moment] = picture
                bar.update()
    faces, names = counted(len(everything), "face"), (str(parts[0]) for parts in videos.values())
    log.info("%d of %s cut out of %s", len(pictures), faces, ", ".join(names))
    return pictures


main = Command("publisher.report", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
