"""Make one page of HTML of recorded results.

It shows how the expressions are shared, a timeline for each face, and the moments at which each
expression was clearest. Only faces that were shown count.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from common.command import Command
from common.files import replacing
from common.progress_bar import BAR_DELAY_S, progress_bar
from publisher.report.moments import Moment, MomentFinder
from publisher.report.page import render
from publisher.report.rows import ReportError, rows_to_report
from publisher.report.summary import Summary
from publisher.report.thumbnails import thumbnails_of, video_beside

log = logging.getLogger(__name__)


def run(arguments: argparse.Namespace) -> None:
    """Make the page."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    results: Path = arguments.results
    out: Path = arguments.out or results.with_suffix(".report.html")
    video: Path | None = arguments.video
    if video is not None and not video.is_file():
        raise ReportError(f"--video {video}: there is no such file")
    summary, moments = _read(results)
    pictures = _pictures(video or video_beside(results), summary, moments)
    page = render(results.name, summary, moments, pictures)
    try:
        with replacing(out) as new:
            new.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"{out} cannot be written: {error.strerror}") from error
    log.info("wrote %s", out)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("results", type=Path, help="a .csv, .jsonl or .parquet file of results")
    parser.add_argument(
        "--video",
        type=Path,
        help="where faces are cut out of: the recorded video or the source itself (default: the "
        "video with the same name as the results, if there is one)",
    )
    parser.add_argument(
        "--out", type=Path, help="the page (default: beside the results, ending in .report.html)"
    )


def _read(results: Path) -> tuple[Summary, dict[str, list[Moment]]]:
    summary, finder = Summary(), MomentFinder()
    for row in rows_to_report(results):
        at_s = summary.add_row(row)
        if row.face is not None and row.face.shown:
            finder.add_face(row.camera, at_s, row.pts_s, row.face)
    return summary, finder.best()


def _pictures(
    video: Path | None, summary: Summary, moments: dict[str, list[Moment]]
) -> dict[Moment, str]:
    """Cut out the faces of all moments that a video is at hand of."""
    pictures: dict[Moment, str] = {}
    everything = [moment for found in moments.values() for moment in found]
    if not everything:
        return pictures
    if video is None:
        log.info("no video beside the results: no pictures (--video names one)")
        return pictures
    bar = progress_bar(None, "cutting out", " faces", total=len(everything), delay_s=BAR_DELAY_S)
    with bar:
        for number, camera in enumerate(summary.cameras):
            wanted = [moment for moment in everything if moment.camera == camera]
            for moment, picture in thumbnails_of(video, camera, number == 0, wanted):
                pictures[moment] = picture
                bar.update()
    log.info("%d of %d faces cut out of %s", len(pictures), len(everything), video)
    return pictures


main = Command("publisher.report", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
