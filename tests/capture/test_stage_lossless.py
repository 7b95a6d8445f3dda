"""Tests of capture.stage under the lossless contract, against a small real broker."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.slots import lossless_slots
from common.contract import MIN_LOSSLESS_SLOTS, Fate
from common.lifetime import run_main
from common.messages import CameraHello, CameraState, EndOfSource, Finish, Frame
from common.ring import RingReader
from tests.capture.rig import Rig
from tests.support import media
from tests.support.waiting import eventually

FRAMES = 130  # more than the ring holds
RUN = MIN_LOSSLESS_SLOTS // 2
SLOTS = lossless_slots(media.HEIGHT, media.WIDTH)


@pytest.fixture
def video(tmp_path: Path) -> str:
    return str(media.write_h264(tmp_path / "clip.mp4", range(0, FRAMES * 40, 40)))


def lossless(video: str) -> dict[str, str]:
    return {"CAPTURE_SOURCE": video, "CAPTURE_MODE": "lossless"}


def ids(frames: list[Frame]) -> list[int]:
    return [frame.frame_id for frame in frames]


def test_every_frame_is_sent_once_in_order_and_finish_ends_it(rig: Rig, video: str) -> None:
    broker, stage = rig.broker, rig.start(**lossless(video))
    rig.until(lambda: broker.of(EndOfSource))
    hello = broker.of(CameraHello)[0]
    assert (hello.camera, hello.mode, hello.total_frames) == ("clip", "lossless", FRAMES)
    assert hello.slots == SLOTS
    assert broker.of(CameraState)[0] == CameraState("clip", True, "")
    frames = broker.of(Frame)
    assert ids(frames) == list(range(FRAMES))
    assert [round(frame.pts_s * 1000) for frame in frames] == list(range(0, FRAMES * 40, 40))
    assert not rig.lifetime.stop_requested
    broker.send(Finish())
    rig.until(lambda: rig.lifetime.stop_requested)
    rig.until(lambda: stage.hello().published == FRAMES)


def test_capture_waits_where_no_slot_is_free(rig: Rig, video: str) -> None:
    broker, stage = rig.broker, rig.start(**lossless(video))
    broker.releases = False

    rig.until(lambda: len(broker.of(Frame)) == SLOTS)
    for _ in range(5):
        stage.step()
        broker.serve()
    frames = broker.of(Frame)
    assert len(frames) == SLOTS
    reader = RingReader()
    for frame in frames:
        pixels = reader.read(frame.ring, frame.slot, frame.height, frame.width)
        assert abs(int(pixels[24, 32, 1]) - media.level_of(frame.frame_id)) < 8
    broker.release(frames[0], Fate.FAILED)
    rig.until(lambda: len(broker.of(Frame)) == SLOTS + 1)
    assert stage.hello().failed == 1


def test_a_restarted_broker_gets_what_was_not_released_again(rig: Rig, video: str) -> None:
    first, stage = rig.broker, rig.start(**lossless(video))
    first.releases = False
    rig.until(lambda: len(first.of(Frame)) >= 20)
    for frame in first.of(Frame)[:7]:
        first.release(frame)
    rig.until(lambda: stage.hello().published == 7)
    before = {frame.frame_id: frame for frame in first.of(Frame)}
    first.close()
    second = rig.restart_broker()
    rig.until(lambda: second.of(EndOfSource))
    hello = second.of(CameraHello)[0]
    assert hello.published == 7
    assert hello.failed == 0
    assert hello.dropped == {}
    assert ids(second.of(Frame)) == list(range(7, FRAMES))
    for frame in second.of(Frame)[:10]:
        assert frame == before[frame.frame_id], "the same slot holds the same pixels"
    rig.until(lambda: stage.hello().published == FRAMES)


def test_a_broker_restarted_after_the_end_is_told_of_the_end_again(
    rig: Rig, tmp_path: Path
) -> None:
    video = str(media.write_h264(tmp_path / "v.mp4", range(0, 400, 40)))
    first = rig.broker
    rig.start(**lossless(video))
    first.releases = False
    rig.until(lambda: first.of(EndOfSource))
    first.close()
    second = rig.restart_broker()
    rig.until(lambda: second.of(EndOfSource))
    assert ids(second.of(Frame)) == list(range(10))


def test_a_restarted_capture_goes_on_where_the_broker_says(rig: Rig, video: str) -> None:
    broker = rig.broker
    broker.next_frame_id = 100
    stage = rig.start(**lossless(video))
    rig.until(lambda: broker.of(EndOfSource))
    frames = broker.of(Frame)
    assert ids(frames) == list(range(100, FRAMES))
    assert frames[0].pts_s == pytest.approx(4.0)
    rig.until(lambda: stage.hello().published == FRAMES)
    assert stage.hello().captured == FRAMES


def test_frames_sent_again_after_a_restart_are_counted_once(rig: Rig, video: str) -> None:
    broker = rig.broker
    broker.next_frame_id, broker.releases = 100, False  # and 100 to 104 are published all the same
    stage = rig.start(**lossless(video))
    rig.until(lambda: broker.of(EndOfSource))
    frames = broker.of(Frame)
    assert (stage.hello().captured, stage.hello().published) == (FRAMES, 100)
    for frame in frames[:5]:
        broker.release(frame)
        broker.release(frame)
    broker.release(frames[5], Fate.FAILED)
    rig.until(lambda: stage.hello().failed)
    assert (stage.hello().captured, stage.hello().published) == (FRAMES, 105)
    for frame in frames[6:]:
        broker.release(frame)
    rig.until(lambda: stage.hello().published == FRAMES - 1)
    assert stage.hello().captured == FRAMES


def test_images_that_grow_run_through_a_broker_that_releases_whole_runs(
    rig: Rig, tmp_path: Path
) -> None:
    folder = media.write_folder(tmp_path / "shots", [])
    cv2.imwrite(str(folder / "00.png"), media.picture(1, 64, 64))
    for index in range(1, 60):
        cv2.imwrite(str(folder / f"{index:02}.png"), media.picture(index, 1600, 1200))
    broker, stage = rig.broker, rig.start(**lossless(str(folder)))
    broker.releases = False
    released: list[int] = []

    def release_whole_runs() -> None:
        waiting = broker.of(Frame)[len(released) :]
        if len(waiting) >= RUN:
            for frame in waiting[:RUN]:
                broker.release(frame)
                released.append(frame.frame_id)

    eventually(lambda: len(released) == 60, doing=(stage.step, broker.serve, release_whole_runs))
    assert released == list(range(60))
    rig.until(lambda: stage.hello().published == 60)
    assert broker.of(EndOfSource)
    assert len({frame.ring for frame in broker.of(Frame)}) < 9


def have_little_room(patch: pytest.MonkeyPatch, directory: Path) -> None:
    usage = shutil.disk_usage(directory)
    patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=5_000_000))


def test_a_larger_image_without_memory_for_its_ring_is_waited_for_and_the_reason_told(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = media.write_folder(tmp_path / "shots", ["a.png"])
    cv2.imwrite(str(folder / "b.png"), media.picture(1, 1600, 1200))
    broker, stage = rig.broker, rig.start(**lossless(str(folder)))
    with monkeypatch.context() as patched:
        have_little_room(patched, tmp_path)
        rig.until(lambda: any(not state.online for state in broker.of(CameraState)))
        assert broker.of(CameraState)[-1].reason.startswith("1 frame of 1600x1200 needs 6 MB in")
        assert ids(broker.of(Frame)) == [0]
    rig.until(lambda: broker.of(EndOfSource))
    assert ids(broker.of(Frame)) == [0, 1]
    rig.until(lambda: broker.of(CameraState)[-1].online)
    assert stage.hello().captured == 2


def test_a_first_image_without_memory_for_its_ring_ends_the_process_with_one_line(
    rig: Rig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = media.write_folder(tmp_path / "shots", [])
    cv2.imwrite(str(folder / "b.png"), media.picture(1, 1600, 1200))
    rig.start(**lossless(str(folder)))
    have_little_room(monkeypatch, tmp_path)

    def run() -> None:
        rig.until(lambda: False)

    with pytest.raises(SystemExit) as ended:
        run_main("capture", run)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("capture: 24 frames of 1600x1200 need 138 MB in ")


def test_one_image_is_exactly_one_frame(rig: Rig, tmp_path: Path) -> None:
    folder = media.write_folder(tmp_path / "f", ["face.png"])
    broker = rig.broker
    rig.start(**lossless(str(folder / "face.png")))
    rig.until(lambda: broker.of(EndOfSource))
    assert ids(broker.of(Frame)) == [0]
    assert broker.of(CameraHello)[0].camera == "face"


def test_images_of_two_sizes_use_two_rings(rig: Rig, tmp_path: Path) -> None:
    folder = media.write_folder(tmp_path / "shots", ["a.png", "b.png"])
    cv2.imwrite(str(folder / "c.png"), media.picture(200, 96, 64))
    broker = rig.broker
    rig.start(**lossless(str(folder)))
    broker.releases = False
    rig.until(lambda: broker.of(EndOfSource))
    frames = broker.of(Frame)
    assert [(frame.width, frame.height) for frame in frames] == [(64, 48), (64, 48), (96, 64)]
    assert [frame.pts_s for frame in frames] == [0.0, 1.0, 2.0]
    pixels = RingReader().read(frames[2].ring, frames[2].slot, 64, 96)
    assert np.all(pixels == 200)
    broker.release(frames[0])
    broker.release(frames[1])
    rig.until(lambda: not Path(frames[0].ring).exists())
    assert Path(frames[2].ring).exists()


def test_inline_frames_carry_a_jpeg_and_need_no_ring(rig: Rig, video: str) -> None:
    broker = rig.broker
    rig.start(**lossless(video), FRAME_TRANSPORT="inline")
    rig.until(lambda: broker.of(EndOfSource))
    frames = broker.of(Frame)
    assert ids(frames) == list(range(FRAMES))
    assert all(frame.picture[:2] == b"\xff\xd8" and not frame.ring for frame in frames)
