"""What ``/api/status`` says."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from msgspec import structs

from common.messages import ImageStatus
from publisher.drawing.palette import COLOURS
from publisher.live.board import BoardView, CameraView, PeerView
from publisher.live.figures import PERCENTILES, TOTAL, Newest
from publisher.live.hub import PictureHub
from publisher.live.published_frame import Json, frame_json, published_frame
from publisher.recording.writer import RecordingState
from publisher.results.format import iso_time


def status_json(view: BoardView, hub: PictureHub, results: Path | None) -> Json:
    """Make the whole answer.

    Args:
        view: Of the board.
        hub: For the viewers.
        results: Where records go.
    """
    pipeline = view.pipeline
    return {
        "ready": not view.problems,
        "problems": list(view.problems),
        "uptime_s": round(view.uptime_s, 1),
        "broker": {
            "connected": view.connected,
            "uptime_s": round(pipeline.uptime_s, 1) if pipeline else None,
            "bad_messages": pipeline.bad_messages if pipeline else None,
        },
        "viewers": hub.viewers,
        "max_viewers": hub.max_viewers,
        "analyze": structs.asdict(pipeline.images if pipeline else ImageStatus()),
        "recording": _recording(view, results),
        "pictures": [_pictures(figures) for figures in view.pictures],
        "expressions": COLOURS,
        "cameras": [_camera(camera, hub) for camera in view.cameras],
        "workers": _workers(view.peers),
    }


def _recording(view: BoardView, results: Path | None) -> Json:
    if results is None:
        return {"state": "off", "path": None, "records": 0, "reason": ""}
    return {
        "state": "stopped" if view.recording_trouble else "on",
        "path": str(results),
        "records": view.records_written,
        "reason": view.recording_trouble,
    }


def _pictures(figures: RecordingState) -> Json:
    return {
        "state": "stopped" if figures.trouble else "on",
        "path": figures.path,
        "pictures": figures.pictures,
        "left_out": figures.left_out,
        "reason": figures.trouble,
    }


def _camera(camera: CameraView, hub: PictureHub) -> Json:
    status = camera.status
    return {
        "camera": camera.name,
        "mode": status.mode if status else None,
        "online": status.online if status else False,
        "reason": status.reason if status else "the broker does not know this camera",
        "ended": status.ended if status else False,
        "total_frames": status.total_frames if status else 0,
        "offline_since": iso_time(int(camera.offline_since * 1e9))
        if camera.offline_since
        else None,
        "captured": status.captured if status else 0,
        "published": status.published if status else 0,
        "failed": status.failed if status else 0,
        "in_flight": status.in_flight if status else 0,
        "dropped": dict(status.dropped) if status else {},
        "dropped_total": sum(status.dropped.values()) if status else 0,
        "fps": round(camera.fps, 2),
        "age_ms": _percentiles(camera.ages_ms.get(TOTAL)),
        "stages_ms": {stage: _percentiles(ages) for stage, ages in camera.ages_ms.items()},
        "viewers": hub.viewers_of(camera.name),
        "newest": _newest(camera.newest) if camera.newest else None,
    }


def _newest(newest: Newest) -> Json:
    return frame_json(published_frame(newest.frame, newest.faces))


def _workers(peers: tuple[PeerView, ...]) -> dict[str, list[Json]]:
    by_role: defaultdict[str, list[Json]] = defaultdict(list)
    for peer in peers:
        by_role[peer.status.role].append(
            {
                "name": peer.status.name,
                "done": peer.status.done,
                "rate": round(peer.rate, 2),
                "busy_ms": round(peer.status.busy_ms, 1),
                "bad_messages": peer.status.bad_messages,
            }
        )
    return dict(by_role)


def _percentiles(values: tuple[float, ...] | None) -> dict[str, float | None]:
    names = [f"p{round(fraction * 100)}" for fraction in PERCENTILES]
    if values is None:
        return dict.fromkeys(names)
    return dict(zip(names, (round(value, 1) for value in values), strict=True))
