"""The page itself: what was counted, put into the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from common.face_model import LABELS
from publisher.drawing.palette import colour_of
from publisher.faces import TURNED_AWAY
from publisher.report.moments import EXPRESSIONS, LEAST_PROBABILITY, Moment
from publisher.report.summary import CameraSummary, Summary, shares
from publisher.report.timeline import clock, percent, strip, ticks
from publisher.report.videos import Links
from publisher.tracking.smoothing import UNCERTAIN

TRACKS_SHOWN = 40
"""The most tracks of a camera on the page: those that were shown most often."""
HERE = Path(__file__).parent
STYLES = (
    *(HERE.parent / "web" / "static" / name for name in ("faces.css", "page.css")),
    HERE / "report.css",
)


def render(
    name: str,
    summary: Summary,
    moments: Mapping[str, Sequence[Moment]],
    pictures: Mapping[Moment, str],
    links: Links,
    made_by: Sequence[tuple[str, str]],
) -> str:
    """Make the page.

    Args:
        name: The name of the file of results.
        summary: What was counted.
        moments: By expression, best first.
        pictures: A data URL for each moment that there is a picture of.
        links: To moments in videos.
        made_by: What made the results: what each line is about, and what it says.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(clock=clock, percent=percent, colour=colour_of, number="{:,}".format)
    environment.globals["shares"] = shares
    cameras = list(summary.cameras.values())
    tracks = [track for camera in cameras for track in camera.tracks.values()]
    overall = _overall(summary)
    legend = [*LABELS, UNCERTAIN] + [label for label, _ in overall if label == TURNED_AWAY]
    return environment.get_template("report.html").render(
        name=name,
        style="\n".join(path.read_text(encoding="utf-8") for path in STYLES),
        several=len(cameras) > 1,
        duration_s=max((camera.duration_s for camera in cameras), default=0.0),
        frames=sum(camera.frames for camera in cameras),
        faces=sum(track.sightings for track in tracks),
        tracks=len(tracks),
        overall=overall,
        legend=legend,
        timelines=[_timeline(camera, links) for camera in cameras if camera.tracks],
        expressions=EXPRESSIONS,
        moments=moments,
        pictures=pictures,
        links=links,
        made_by=made_by,
        least=LEAST_PROBABILITY,
    )


def _overall(summary: Summary) -> list[tuple[str, float]]:
    """Return the shares of all expressions in their order; of other labels where there are any."""
    found = dict(shares(summary.labels))
    others = [label for label in found if label not in LABELS]
    return [(label, found.get(label, 0.0)) for label in (*LABELS, *others)]


def _timeline(camera: CameraSummary, links: Links) -> dict[str, object]:
    """Return one camera as the template shows it; ``strips`` are SVG elements."""

    def link(at_s: float) -> str | None:
        return links.to(camera.name, at_s, None if camera.clock.has_begun_again else at_s)

    often = sorted(camera.tracks.values(), key=lambda track: -track.sightings)
    chosen = sorted(often[:TRACKS_SHOWN], key=lambda track: (track.start_s, track.track_id))
    return {
        "camera": camera,
        "ticks": ticks(camera),
        "tracks": chosen,
        "strips": [strip(camera, track) for track in chosen],
        "links": [(link(track.start_s), link(track.end_s)) for track in chosen],
        "left_out": len(often) - len(chosen),
    }
