"""What ``/metrics`` says: the broker's counters as they stand, and the stage's histograms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from common.contract import Fate, Role
from common.messages import CameraStatus, ImageStatus, PipelineStatus
from publisher.live.board import BoardView
from publisher.live.figures import BUCKETS_S, TOTAL, Latencies
from publisher.live.live import Live
from publisher.web.run_info import run_info

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics(Collector):
    """Asks the board at every scrape, so that there is one ledger and not two.

    Args:
        live: What the stage knows, and who watches.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield everything as it is now."""
        view = self._live.board.view()
        yield _gauge("ready", "Whether expressions can be shown: 1 or 0.", int(not view.problems))
        yield from run_info(view)
        who = "Who watches: a tab of the page, or another stream of pictures."
        yield _gauge("video_viewers", who, self._live.hub.viewers)
        yield _gauge("event_readers", "Who follows /events.", self._live.events.readers)
        yield _counter("records", "Records written to the results.", view.records_written)
        yield _workers(view)
        yield _faces(view)
        yield from _latencies(self._live.board.latencies)
        if view.pipeline is not None:
            yield from _cameras(view.pipeline.cameras)
            yield from _queues(view.pipeline)
            yield _batches(view.pipeline.batches)
            yield from _images(view.pipeline.images)
            bad = view.pipeline.bad_messages
            yield _counter("bad_messages", "Messages the broker could not understand.", bad)


def _gauge(
    name: str, meaning: str, value: float | None = None, labels: tuple[str, ...] | None = None
) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ferstream_{name}", meaning, value, labels)


def _counter(
    name: str, meaning: str, value: float | None = None, labels: tuple[str, ...] | None = None
) -> CounterMetricFamily:
    return CounterMetricFamily(f"ferstream_{name}", meaning, value, labels)


def _workers(view: BoardView) -> Metric:
    family = _gauge("workers", "Living processes.", labels=("role",))
    living = Counter(peer.status.role for peer in view.peers)
    for role in Role:
        family.add_metric((role,), living[role])
    return family


def _cameras(cameras: tuple[CameraStatus, ...]) -> Iterator[Metric]:
    """Return the ledger: captured = frames of all fates + in flight, for each camera."""
    one = ("camera",)
    captured = _counter("frames_captured", "Frames the capture has read.", labels=one)
    frames = _counter(
        "frames",
        "Frames by what became of them; the cause says why one was dropped.",
        labels=("camera", "fate", "cause"),
    )
    unknown = _gauge("frames_in_flight", "Frames captured whose fate is not known yet.", labels=one)
    online = _gauge("camera_online", "Whether the camera gives frames: 1 or 0.", labels=one)
    for camera in cameras:
        name = camera.camera
        captured.add_metric((name,), camera.captured)
        frames.add_metric((name, Fate.PUBLISHED, ""), camera.published)
        frames.add_metric((name, Fate.FAILED, ""), camera.failed)
        for cause, count in camera.dropped.items():
            frames.add_metric((name, Fate.DROPPED, cause), count)
        unknown.add_metric((name,), camera.in_flight)
        online.add_metric((name,), int(camera.online))
    return iter((captured, frames, unknown, online))


def _faces(view: BoardView) -> Metric:
    family = _counter(
        "faces",
        "Faces in published frames: judged in their frame, late and so with the last label, or "
        "turned away.",
        labels=("camera", "fate"),
    )
    for camera in view.cameras:
        for fate, count in camera.faces.items():
            family.add_metric((camera.name, fate), count)
    return family


def _queues(pipeline: PipelineStatus) -> Iterator[Metric]:
    waiting = _gauge(
        "queue_length",
        "Frames that wait for a detector, faces that wait for a classifier.",
        labels=("role",),
    )
    oldest = _gauge(
        "queue_age_seconds", "How long the one has waited that waits longest.", labels=("role",)
    )
    for queue in pipeline.queues:
        waiting.add_metric((queue.role,), queue.waiting)
        oldest.add_metric((queue.role,), queue.oldest_ms / 1000)
    return iter((waiting, oldest))


def _latencies(latencies: Latencies) -> Iterator[Metric]:
    stages = HistogramMetricFamily(
        "ferstream_stage_latency_seconds",
        "What a stage adds to the age of a picture: waiting is for a free detector.",
        labels=("camera", "stage"),
    )
    age = HistogramMetricFamily(
        "ferstream_picture_age_seconds",
        "From the capture of a frame to its publication.",
        labels=("camera",),
    )
    for (camera, stage), histogram in latencies.histograms().items():
        counted = accumulate(histogram.counts)
        buckets = list(zip((*map(str, BUCKETS_S), "+Inf"), counted, strict=True))
        if stage == TOTAL:
            age.add_metric((camera,), buckets, histogram.sum_s)
        else:
            stages.add_metric((camera, stage), buckets, histogram.sum_s)
    return iter((stages, age))


def _batches(counts: Mapping[int, int]) -> Metric:
    """Make a histogram of the broker's counts of batches by size."""
    family = HistogramMetricFamily(
        "ferstream_batch_size_faces", "Faces in a batch that a classifier was given.", labels=()
    )
    buckets = [
        (f"{bound}.0", sum(count for faces, count in counts.items() if faces <= bound))
        for bound in BATCH_BUCKETS
    ]
    buckets.append(("+Inf", sum(counts.values())))
    family.add_metric((), buckets, sum(faces * count for faces, count in counts.items()))
    return family


def _images(ledger: ImageStatus) -> Iterator[Metric]:
    """Yield the ledger of uploaded images: taken = images of all outcomes + in flight."""
    images = _counter("images", "Uploaded images by what became of them.", labels=("outcome",))
    for outcome in ("analyzed", "failed", "late", "lost"):
        images.add_metric((outcome,), getattr(ledger, outcome))
    yield images
    yield _counter("images_taken", "Uploaded images that the broker took.", ledger.taken)
    yield _counter("images_refused", "Uploaded images that it did not take.", ledger.refused)
    yield _gauge("images_in_flight", "Uploaded images not answered yet.", ledger.in_flight)
