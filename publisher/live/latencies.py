"""How long frames take, stage by stage, as histograms."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Histogram

from common.messages import Frame, FrameTimes
from publisher.live.figures import TOTAL, stages_ms

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.25, 2.5, 5.0, 10.0)


class Latencies:
    """Histograms of what each stage adds to the age of a picture, and of the whole age.

    Attributes:
        registry: Holds them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._stages = Histogram(
            "ferstream_stage_latency_seconds",
            "What a stage adds to the age of a picture: waiting is for a free detector.",
            ("camera", "stage"),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._age = Histogram(
            "ferstream_picture_age_seconds",
            "From the capture of a frame to its publication.",
            ("camera",),
            buckets=BUCKETS_S,
            registry=self.registry,
        )

    def observe(self, frame: Frame, times: FrameTimes) -> None:
        """Count a frame that is published now; its age is known only on the capturing host."""
        if frame.jpeg:
            return
        spans = stages_ms(frame.captured_mono_ns, times, time.monotonic_ns())
        self._age.labels(frame.camera).observe(spans.pop(TOTAL) / 1000)
        for stage, ms in spans.items():
            self._stages.labels(frame.camera, stage).observe(ms / 1000)

    def forget(self, camera: str) -> None:
        """Tell no more of a camera that was taken away."""
        self._age.remove_by_labels({"camera": camera})
        self._stages.remove_by_labels({"camera": camera})
