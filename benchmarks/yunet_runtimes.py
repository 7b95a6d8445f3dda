"""What runs YuNet fastest: OpenCV's ``FaceDetectorYN``, ONNX Runtime, or 8-bit numbers in it.

    python -m benchmarks.yunet_runtimes --videos DIRECTORY [--rounds N] [--json FILE]

The directory is one of ``benchmarks.labelled_videos``. Times are CPU time of one thread, medians of
rounds in turn: a frame of 640x480, as a full search takes it, and the window that follows a face.
The 8-bit file is made here, with the ranges of the clips that settings are chosen on; found is the
share of labelled faces of the held-out clips that a whole frame of 640x480 shows, at the score that
the detector asks for. ``FaceDetectorYN`` runs in cv2.dnn and does its own decoding.
"""

from __future__ import annotations

import common.onnx_session  # noqa: F401 - before any of ONNX Runtime

# isort: split
import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

from benchmarks.detection import count_matches
from benchmarks.labelled_videos import Labels, read_labelled, read_labels
from common.command import Command
from common.face_model import Boxes
from common.json_files import write_json
from common.pixels import Bgr
from common.progress_bar import progress_bar
from detector.yunet import PROPOSED_SCORE, WINDOW_PX
from detector.yunet_network import SAME_FACE_IOU, YuNet, bundled_file, with_any_sides

Find = Callable[[Bgr], Boxes]
CALIBRATED_EVERY = 25
"""Of so many frames one tells the ranges of 8-bit numbers."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; times in milliseconds.

    Attributes:
        runtime: What runs the network.
        frame_ms: A frame of 640x480.
        window_ms: A window of ``WINDOW_PX``.
        recall: Share of the labelled faces that it found.
        false_faces_a_frame: Boxes beside them.
    """

    runtime: str
    frame_ms: float
    window_ms: float
    recall: float
    false_faces_a_frame: float


class Calibration(CalibrationDataReader):  # type: ignore[misc]
    """Frames in the form in which the quantizer asks for them."""

    def __init__(self, frames: Iterator[Bgr]) -> None:
        self._frames = frames

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next frame, None after the last."""
        frame = next(self._frames, None)
        return None if frame is None else {"input": frame.transpose(2, 0, 1)[None].astype("f4")}


def write_8_bit(path: Path, frames: Iterator[Bgr]) -> None:
    """Write the bundled network with 8-bit weights and activations."""
    network = onnx.load_from_string(with_any_sides(bundled_file().read_bytes()))
    quantize_static(
        network,
        path,
        Calibration(frames),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
    )


def in_onnx_runtime(network: YuNet) -> Find:
    """Return a search by ONNX Runtime."""
    return lambda bgr: np.rint(network.find(bgr, PROPOSED_SCORE).boxes).astype(np.int32)


def in_opencv() -> Find:
    """Return a search by ``FaceDetectorYN``."""
    detector = cv2.FaceDetectorYN.create(
        str(bundled_file()), "", (0, 0), PROPOSED_SCORE, SAME_FACE_IOU
    )

    def find(bgr: Bgr) -> Boxes:
        detector.setInputSize((bgr.shape[1], bgr.shape[0]))
        _, faces = detector.detect(bgr)
        found = np.zeros((0, 15)) if faces is None else np.asarray(faces)
        boxes: Boxes = np.rint(found[:, :4]).astype(np.int32)
        return boxes

    return find


def time_in_turn(finds: dict[str, Find], bgr: Bgr, rounds: int) -> dict[str, float]:
    """Return the median of each search on one picture, in milliseconds of CPU."""
    times_ms: dict[str, list[float]] = {name: [] for name in finds}
    for _ in range(rounds + 1):
        for name, find in finds.items():
            started_s = time.thread_time()
            find(bgr)
            times_ms[name].append((time.thread_time() - started_s) * 1000)
    return {name: statistics.median(times[1:]) for name, times in times_ms.items()}


def frames_of(clips: list[Path], labels: Labels) -> Iterator[tuple[Bgr, NDArray[np.float64]]]:
    """Yield the labelled frames of clips with their faces."""
    for clip in clips:
        for bgr, faces in read_labelled(clip, labels[clip.name]):
            if faces is not None:
                yield bgr, faces


def judge(find: Find, frames: list[tuple[Bgr, NDArray[np.float64]]]) -> tuple[float, float]:
    """Return recall and false faces a frame."""
    found = [find(bgr) for bgr, _ in frames]
    labelled = [faces for _, faces in frames]
    matches = sum(map(count_matches, found, labelled))
    return matches / sum(map(len, labelled)), (sum(map(len, found)) - matches) / len(frames)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--videos", type=Path, required=True, help="directory with faces.csv")
    parser.add_argument("--rounds", type=int, default=30, help="how often each runs (default 30)")
    parser.add_argument("--json", type=Path, help="write the table here too")


def run(options: argparse.Namespace) -> None:
    """Measure."""
    cv2.setNumThreads(1)
    labels = read_labels(options.videos)
    clips = [options.videos / name for name in sorted(labels) if not name.endswith(".gif")]
    with tempfile.TemporaryDirectory(prefix="ferstream-") as directory:
        path = Path(directory) / "8-bit.onnx"
        chosen_on = (bgr for bgr, _ in list(frames_of(clips[::2], labels))[::CALIBRATED_EVERY])
        write_8_bit(path, chosen_on)
        finds = {
            "FaceDetectorYN": in_opencv(),
            "ONNX Runtime": in_onnx_runtime(YuNet(bundled_file())),
            "ONNX Runtime, 8 bits": in_onnx_runtime(YuNet(path)),
        }
    held_out = list(frames_of(clips[1::2], labels))
    frame = held_out[0][0]
    frame_ms = time_in_turn(finds, frame, options.rounds)
    window_ms = time_in_turn(finds, frame[:WINDOW_PX, :WINDOW_PX], options.rounds)
    rows = [
        Row(name, frame_ms[name], window_ms[name], *judge(find, held_out))
        for name, find in progress_bar(finds.items(), "judging", "runtime")
    ]
    print(f"OpenCV {cv2.__version__}, one thread\n")
    print("| runtime | 640x480, ms | window, ms | recall | false faces a frame |")
    print("|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.runtime} | {row.frame_ms:.2f} | {row.window_ms:.2f} | {row.recall:.3f} "
            f"| {row.false_faces_a_frame:.3f} |"
        )
    if options.json is not None:
        write_json(options.json, [asdict(row) for row in rows])


main = Command("benchmarks.yunet_runtimes", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
