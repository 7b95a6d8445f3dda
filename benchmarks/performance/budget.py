"""Where the CPU time of a frame goes, beside the least it could be."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from benchmarks.performance.machine import Peaks, measure_peaks
from benchmarks.performance.macs import count_macs
from benchmarks.performance.plan import Plan
from benchmarks.performance.recordings import VGA
from benchmarks.performance.report import Section, table
from benchmarks.performance.runs import Lossless
from benchmarks.performance.steps import Part, Step
from benchmarks.performance.throughput import run_detector
from common import wire
from common.contract import Fate, Mode
from common.face_model import FACE_SIZE_PX, LABELS
from common.messages import (
    ClassifyBatch,
    DetectRun,
    Expressions,
    Faces,
    Frame,
    Published,
    Release,
    Result,
)
from detector.yunet_network import bundled_file
from tests.support.pipeline import ROOT

PEAKS, DECODING = "peaks", "decoding"
CLASSIFIER_MODEL = ROOT / "classifier" / "models" / "expression.onnx"
"""In float32; the default one is the same network in 8-bit integers."""
FRAME_BYTES = VGA[0] * VGA[1] * 3
YUNET_PX = 640 * 640
"""The picture that the file of YuNet names; its work grows with the pixels."""
STAGES = ("capture", "broker", "detector", "classifier", "publisher", "supervision")

Found = Lossless | Peaks | float


def steps(plan: Plan) -> list[Step[Found]]:
    """Return a run for each detector, what the machine can do, and decoding alone."""

    def video() -> Path:
        return plan.recordings.one_face(plan.repeats)

    made: list[Step[Found]] = [
        Step(PEAKS, "the machine", 5, measure_peaks),
        Step(DECODING, "decoding alone", 3, lambda: decoding_ms(video())),
    ]
    made += [Step(name, name, 14, partial(run_detector, video, name)) for name in plan.detectors]
    return made


def decoding_ms(video: Path) -> float:
    """Return the CPU milliseconds of decoding a frame, with nothing else done."""
    reader = cv2.VideoCapture(str(video))
    started_s, frames = time.process_time(), 0
    while reader.read()[0]:
        frames += 1
    reader.release()
    return 1000 * (time.process_time() - started_s) / frames


def message_bytes() -> int:
    """Return the bytes of all messages that a frame with one face needs."""
    frame = Frame("camera", 1, 1.0, 1, 1, VGA[1], VGA[0], "/dev/shm/ferstream-1-0.ring", 0)  # noqa: S108 - only its length counts
    boxes = np.zeros((1, 4), np.int32)
    crops = np.zeros((1, FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)
    rows = np.zeros((1, len(LABELS)), np.float32)
    messages = (
        frame,
        DetectRun(1, Mode.LOSSLESS, (frame,)),
        Faces(1, 1, boxes, crops),
        ClassifyBatch(1, crops),
        Expressions(1, rows),
        Result(frame, Mode.LOSSLESS, False, boxes, rows, (False,)),
        Published("camera", 1),
        Release("camera", 1, Fate.PUBLISHED),
    )
    return sum(len(part) for message in messages for part in wire.encode(message))


def least_ms(peaks: Peaks, decoding: float) -> dict[str, tuple[float, str]]:
    """Return for each stage the least a frame with one face could take, and of what that is."""
    pixels_ms = peaks.copy_ms(FRAME_BYTES)
    messages_ms = peaks.copy_ms(message_bytes())
    macs = count_macs(CLASSIFIER_MODEL)
    return {
        "capture": (decoding + pixels_ms, "decoding, and a copy into the ring"),
        "broker": (messages_ms, f"copying {message_bytes()} bytes of messages"),
        "detector": (pixels_ms, "touching each pixel once"),
        "classifier": (
            macs / peaks.int8_gmacs / 1e6,
            f"{macs / 1e6:.0f} M MACs in 8-bit integers",
        ),
        "publisher": (messages_ms, "nobody watches: as the broker"),
        "supervision": (0.0, "nothing"),
    }


def section(_plan: Plan, results: Mapping[str, Found]) -> Section:
    """Put what each stage took beside the least."""
    peaks = cast(Peaks, results[PEAKS])
    least = least_ms(peaks, cast(float, results[DECODING]))
    runs = {name: run for name, run in results.items() if isinstance(run, Lossless)}
    rows = [
        [
            stage,
            *(f"{run.stage_ms.get(stage, 0.0):.2f}" for run in runs.values()),
            f"{least[stage][0]:.4f}",
            least[stage][1],
        ]
        for stage in STAGES
    ]
    sums = (f"**{1000 * run.frame_cpu_s:.2f}**" for run in runs.values())
    rows.append(["**all**", *sums, f"**{sum(ms for ms, _ in least.values()):.4f}**", ""])
    starts = (f"{run.start_up_cpu_s:.1f} s" for run in runs.values())
    rows.append(["start-up of all processes", *starts, "", ""])
    text = (
        "CPU milliseconds a frame of all processes of a stage, in the steady part of a lossless "
        "run of 640x480 with one face, start-up apart, beside the least that the work could take "
        "on this machine: in a second one thread does at most "
        f"{peaks.float_gmacs:.0f} G multiply-accumulates (MACs) in float32 and "
        f"{peaks.int8_gmacs:.0f} G in 8-bit integers, in products of matrices, and copies "
        f"{peaks.copied_gb:.1f} GB. Decoding is what `cv2.VideoCapture` alone takes. What "
        "supervision takes grows with time, not with frames."
    )
    if "yunet" in runs:
        macs = count_macs(bundled_file()) * VGA[0] * VGA[1] / YUNET_PX
        text += (
            f" A pass of YuNet over a whole frame of 640x480 is {macs / 1e6:.0f} M MACs in float32,"
            f" {macs / peaks.float_gmacs / 1e6:.1f} ms at that peak; the detector makes one now and"
            " then and looks around known faces between."
        )
    titles = ("", *(f"`{detector}`, ms" for detector in runs), "least, ms", "which is")
    kept = {
        f"{detector}_{stage}_ms": run.stage_ms.get(stage, 0.0)
        for detector, run in runs.items()
        for stage in STAGES
    }
    return Section(text, (table(titles, rows),), kept=kept)


PART = Part("budget", "Where the CPU time goes", steps, section)
