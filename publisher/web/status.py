"""What ``/api/status`` says."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from msgspec import structs

from common.messages import NEVER, ImageStatus, Restarts
from publisher.as_json import Json, frame_json, iso_time
from publisher.drawing.palette import COLOURS
from publisher.live.board import BoardView, CameraView, PeerView
from publisher.live.figures import PERCENTILES, TOTAL
from publisher.live.hub import PictureHub
from publisher.recording.writer import RecordingState

UNKNOWN: Json = {
    "mode": None,
    "online": False,
    "reason": "the broker does not know this camera",
    "ended": False,
    "dropped": {},
    "is_recording": False,
    "about": {},
    **dict.fromkeys(("total_frames", "captured", "published", "failed", "in_flight"), 0),
}
"""What is said of a camera that the broker says nothing of."""


def status_json(view: BoardView, hub: PictureHub, results: Path | None) -> Json:
    """Make the whole answer.

    Args:
        view: What the board knows.
        hub: Knows the viewers.
        results: Where records go.
    """
    pipeline = view.pipeline
    return {
        "version": version("ferstream"),
        "ready": not view.problems,
        "problems": [asdict(problem) for problem in view.problems],
        "uptime_s": round(view.uptime_s, 1),
        "started_at": iso_time(int(view.run_began_s * 1e9)),
        "broker": {
            "connected": view.connected,
            "uptime_s": round(pipeline.uptime_s, 1) if pipeline else None,
            "bad_messages": pipeline.bad_messages if pipeline else None,
            **_restarts(pipeline.restarts if pipeline else NEVER),
        },
        "viewers": hub.viewers,
        "max_viewers": hub.max_streams,
        "images": structs.asdict(pipeline.images if pipeline else ImageStatus()),
        "results": _results(view, results),
        "recordings": [_recording(state) for state in view.recordings],
        "expressions": COLOURS,
        "cameras": [_camera(camera, hub) for camera in view.cameras],
        "workers": _workers(view.peers),
    }


def _results(view: BoardView, results: Path | None) -> Json:
    if results is None:
        return {"state": "off", "path": None, "records": 0, "reason": ""}
    return {
        "state": "stopped" if view.results_trouble else "on",
        "path": str(results),
        "records": view.records_written,
        "reason": view.results_trouble or "",
    }


def _recording(state: RecordingState) -> Json:
    return {
        "state": "stopped" if state.trouble else "on",
        "path": state.path,
        "pictures": state.pictures,
        "left_out": state.left_out,
        "reason": state.trouble or "",
    }


def _camera(camera: CameraView, hub: PictureHub) -> Json:
    status, newest, since_s = camera.status, camera.newest, camera.offline_since
    return {
        **(structs.asdict(status) if status else UNKNOWN),
        "camera": camera.name,
        "dropped_total": sum(status.dropped.values()) if status else 0,
        "offline_since": iso_time(int(since_s * 1e9)) if since_s else None,
        "fps": round(camera.fps, 2),
        "age_ms": _percentiles(camera.ages_ms.get(TOTAL)),
        "stages_ms": {stage: _percentiles(ages) for stage, ages in camera.ages_ms.items()},
        "viewers": hub.viewers_of(camera.name),
        "faces": camera.faces,
        "newest": frame_json(newest, newest.shown) if newest else None,
    }


def _workers(peers: tuple[PeerView, ...]) -> dict[str, list[Json]]:
    by_role: defaultdict[str, list[Json]] = defaultdict(list)
    for peer in peers:
        by_role[peer.status.role].append(
            {
                "name": peer.status.name,
                "about": peer.status.about,
                "done": peer.status.done,
                "rate": round(peer.rate, 2),
                "busy_ms": round(peer.status.busy_ms, 1),
                "bad_messages": peer.status.bad_messages,
                **_restarts(peer.status.restarts),
            }
        )
    return dict(by_role)


def _restarts(restarts: Restarts) -> Json:
    return {"restarts": restarts.count, "restart_reason": restarts.reason or None}


def _percentiles(values: tuple[float, ...] | None) -> dict[str, float | None]:
    names = [f"p{round(fraction * 100)}" for fraction in PERCENTILES]
    if values is None:
        return dict.fromkeys(names)
    return dict(zip(names, (round(value, 1) for value in values), strict=True))
