"""What ``/metrics`` says of what runs: facts as labels, of gauges that are always 1."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from itertools import product

from prometheus_client.core import GaugeMetricFamily, Metric

from common.contract import Role
from common.messages import About, CameraStatus, PipelineStatus
from publisher.live.board import BoardView

DETECTOR = (
    *("detector", "min_face", "search_width_px", "interval_frames", "max_turn_deg"),
    *("model", "sha256"),
)
CLASSIFIER = ("backend", "model", "sha256")
CAMERA = ("source", "width", "height", "fps", "sha256")
"""Which facts of each are told; a worker of somebody else's may send others."""


def run_info(view: BoardView) -> Iterator[Metric]:
    """Yield what runs, since when, and on which sources."""
    yield GaugeMetricFamily(
        "ferstream_start_time_seconds", "When the run began, since 1970.", view.run_began_s
    )
    yield _build_info(view.pipeline)
    yield _camera_info(view.pipeline.cameras if view.pipeline else ())


def _build_info(pipeline: PipelineStatus | None) -> Metric:
    """Return the version, with each detector and classifier that takes part."""
    family = GaugeMetricFamily(
        "ferstream_build_info",
        "Version, detector and its settings, model: 1.",
        labels=(
            "version",
            *(name if name == "detector" else f"detector_{name}" for name in DETECTOR),
            *(f"classifier_{name}" for name in CLASSIFIER),
        ),
    )
    detectors, classifiers = (
        _facts_of(pipeline, role) for role in (Role.DETECTOR, Role.CLASSIFIER)
    )
    for detector, classifier in product(detectors, classifiers):
        told = (
            version("ferstream"),
            *_values(detector, DETECTOR),
            *_values(classifier, CLASSIFIER),
        )
        family.add_metric(told, 1)
    return family


def _facts_of(pipeline: PipelineStatus | None, role: Role) -> list[About]:
    """Return what the workers of a role say of themselves, once each; nothing where none is."""
    found: list[About] = []
    for peer in pipeline.peers if pipeline else ():
        if peer.role == role and peer.about not in found:
            found.append(peer.about)
    return found or [{}]


def _camera_info(cameras: tuple[CameraStatus, ...]) -> Metric:
    family = GaugeMetricFamily(
        "ferstream_camera_info",
        "Mode and source of a camera: 1.",
        labels=("camera", "mode", *CAMERA),
    )
    for camera in cameras:
        family.add_metric((camera.camera, camera.mode.value, *_values(camera.about, CAMERA)), 1)
    return family


def _values(about: About, names: tuple[str, ...]) -> list[str]:
    """Return facts as text, empty where one is not known."""
    return ["" if (value := about.get(name)) is None else str(value) for name in names]
