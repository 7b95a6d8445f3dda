"""Pictures of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from common.face_model import LABELS
from publisher.drawing.palette import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_FACES = 8
WIDTH_INCHES, ROW_INCHES, LEGEND_INCHES = 10.0, 1.3, 0.8


def plot(records: pa.Table, *, max_faces: int = MAX_FACES) -> Figure:
    """Draw how the expressions of faces went, a row for each of those that were seen for longest.

    Args:
        records: As ``analyze_video`` and ``read`` return them.
        max_faces: How many faces are drawn.

    Returns:
        A figure of matplotlib, which a notebook shows. Each row has the smoothed probabilities of a
        face, one upon the other, over the time in the source.

    Raises:
        ImportError: There is no matplotlib; says how to get it.
    """
    try:
        from matplotlib import pyplot  # noqa: PLC0415 - only who draws needs it
    except ImportError as error:
        raise ImportError('plot needs matplotlib: pip install ".[notebook]"') from error

    shown = records.filter(pc.field("shown")).select(
        ["camera", "track_id", "pts_s", *_smoothed_names()]
    )
    tracks = shown.group_by(["camera", "track_id"]).aggregate([([], "count_all")])
    longest = tracks.sort_by([("count_all", "descending")]).slice(0, max_faces).to_pylist()
    count = max(1, len(longest))
    figure, grid = pyplot.subplots(
        count,
        1,
        sharex=True,
        squeeze=False,
        figsize=(WIDTH_INCHES, ROW_INCHES * count + LEGEND_INCHES),
        layout="constrained",
    )
    pyplot.close(figure)  # a notebook shows what is returned, and would show it twice
    rows = grid[:, 0]
    for axes, track in zip(rows, longest, strict=False):
        _draw_track(axes, shown, track["camera"], track["track_id"])
    rows[-1].set_xlabel("seconds")
    handles, labels = rows[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(LABELS), frameon=False)
    return figure


def _smoothed_names() -> list[str]:
    return [f"smoothed_{label}" for label in LABELS]


def _draw_track(axes: Axes, shown: pa.Table, camera: str, track_id: int) -> None:
    of_track = (pc.field("camera") == camera) & (pc.field("track_id") == track_id)
    rows = shown.filter(of_track)
    values = [rows[name].to_numpy() for name in _smoothed_names()]
    colours = [COLOURS[label] for label in LABELS]
    axes.stackplot(rows["pts_s"].to_numpy(), values, colors=colours, labels=LABELS)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.margins(x=0)
    axes.set_ylabel(f"face {track_id}\n{camera}", rotation=0, ha="right", va="center")
