"""Tests of capture.stage under the live contract, against a small real broker."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from capture.slots import LIVE_SLOTS
from common.contract import Cause, Fate, Role
from common.messages import (
    CameraHello,
    CameraState,
    EndOfSource,
    Finish,
    Frame,
    FrameSkipped,
    Welcome,
)
from tests.capture.mjpeg_server import MjpegServer
from tests.capture.rig import Rig
from tests.support import media
from tests.support.clock import Clock
from tests.support.waiting import eventually


@pytest.fixture
def video(tmp_path: Path) -> str:
    return str(media.write_h264(tmp_path / "clip.mp4", range(0, 1000, 40)))


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    made = MjpegServer()
    yield made
    made.close()


def reconciles(hello: CameraHello) -> bool:
    settled = hello.published + hello.failed + sum(hello.dropped.values())
    return hello.captured == settled  # nothing is in hand once a hello is made


def keep_doing(seconds: float, *steps: Callable[[], object]) -> None:
    """Do the steps in turn for so long."""
    until = time.monotonic() + seconds
    eventually(lambda: time.monotonic() > until, doing=steps)


def test_a_file_plays_at_its_own_rate_and_ends_with_finish(
    rig: Rig,
    clock: Clock,
    video: str,
) -> None:
    broker, stage = rig.broker, rig.start(CAPTURE_SOURCE=video)
    rig.until(lambda: broker.of(Frame))
    for number in range(25):
        rig.until(lambda: len(broker.of(Frame)) > number)  # noqa: B023
        stage.step()
        broker.serve()
        assert [frame.frame_id for frame in broker.of(Frame)] == list(range(number + 1))
        clock.now_s += 0.04
    rig.until(lambda: broker.of(EndOfSource))
    broker.send(Finish())
    rig.until(lambda: rig.lifetime.stop_requested)


def test_no_frame_of_a_file_is_missed_while_the_broker_is_not_there_yet(
    rig: Rig, video: str
) -> None:
    rig.broker.close()
    stage = rig.start(CAPTURE_SOURCE=video)
    keep_doing(0.4, stage.step)
    broker = rig.restart_broker()
    rig.until(lambda: broker.of(Frame))
    assert broker.of(Frame)[0].pts_s == 0.0


def test_a_file_begins_with_its_first_frame_when_nobody_is_awaited_any_more(
    rig: Rig, video: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capture.stage.PATIENCE_S", 0.0)
    caplog.set_level(logging.INFO)
    broker = rig.broker
    broker.awaited = (Role.DETECTOR, Role.CLASSIFIER, Role.PUBLISHER)
    stage = rig.start(CAPTURE_SOURCE=video)
    assert stage.hello().is_recording
    rig.until(lambda: broker.of(CameraState))
    assert "waits for a detector, a classifier and a publisher to join" in caplog.text
    broker.send(Welcome(0, (Role.CLASSIFIER,)))
    rig.until(lambda: len(broker.of(CameraState)) == 2)
    keep_doing(0.3, stage.step, broker.serve)  # longer than the file's first frames take
    assert not broker.of(Frame)
    why = "waits for a classifier to join (python -m classifier)"
    assert broker.of(CameraState)[-1] == CameraState("clip", False, why)
    assert f"camera clip {why}" in caplog.messages
    broker.send(Welcome(0))
    rig.until(lambda: broker.of(Frame))
    assert broker.of(Frame)[0].pts_s == 0.0
    assert broker.of(CameraState)[-1] == CameraState("clip", True, "")
    assert caplog.messages[-1] == "camera clip begins"


def test_the_log_says_nothing_of_a_wait_that_is_as_short_as_a_start(
    rig: Rig, video: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capture.stage.PATIENCE_S", 1000.0)
    caplog.set_level(logging.INFO)
    rig.broker.awaited = (Role.CLASSIFIER,)
    rig.start(CAPTURE_SOURCE=video)
    rig.until(lambda: rig.broker.of(CameraState))
    rig.broker.send(Welcome(0))
    rig.until(lambda: rig.broker.of(Frame))
    assert not [line for line in caplog.messages if "waits" in line or "begins" in line]


def test_a_file_that_has_begun_waits_for_nobody_again(rig: Rig, video: str) -> None:
    first = rig.broker
    rig.start(CAPTURE_SOURCE=video, CAPTURE_LOOP="1")
    rig.until(lambda: len(first.of(Frame)) >= 3)
    second = rig.restart_broker()
    second.awaited = (Role.PUBLISHER,)
    rig.until(lambda: len(second.of(Frame)) >= 30)  # it has ended and begun again meanwhile
    assert all(state.online for state in second.of(CameraState))


def test_a_looping_file_numbers_on_and_starts_its_times_again(rig: Rig, tmp_path: Path) -> None:
    video = str(media.write_h264(tmp_path / "v.mp4", [0, 40, 80]))
    broker = rig.broker
    rig.start(CAPTURE_SOURCE=video, CAPTURE_LOOP="1")
    rig.until(lambda: len(broker.of(Frame)) >= 7)
    frames = broker.of(Frame)[:7]
    assert [frame.frame_id for frame in frames] == list(range(7))
    assert [round(frame.pts_s * 100) for frame in frames] == [0, 4, 8, 0, 4, 8, 0]
    assert not broker.of(EndOfSource)


def test_frames_without_a_free_slot_are_skipped_and_counted(rig: Rig, video: str) -> None:
    broker, stage = rig.broker, rig.start(CAPTURE_SOURCE=video)
    broker.releases = False
    rig.until(lambda: broker.of(EndOfSource))
    assert [frame.frame_id for frame in broker.of(Frame)] == list(range(LIVE_SLOTS))
    skipped = broker.of(FrameSkipped)
    assert [message.frame_id for message in skipped] == list(range(LIVE_SLOTS, 25))
    assert {message.cause for message in skipped} == {"ring_full"}
    for frame in broker.of(Frame):
        broker.release(frame, Fate.DROPPED, Cause.SUPERSEDED)
    rig.until(lambda: not stage._outgoing.ledger.in_flight)
    assert stage.hello().dropped == {"ring_full": 25 - LIVE_SLOTS, "superseded": LIVE_SLOTS}


def test_over_a_broker_restart_live_counts_what_it_lost_and_goes_on(rig: Rig, video: str) -> None:
    first, stage = rig.broker, rig.start(CAPTURE_SOURCE=video, CAPTURE_LOOP="1")
    rig.until(lambda: len(first.of(Frame)) >= 5)
    first.releases = False
    rig.until(lambda: len(first.of(Frame)) >= 8)
    first.close()
    keep_doing(0.3, stage.step)
    second = rig.restart_broker()
    rig.until(lambda: len(second.of(Frame)) >= LIVE_SLOTS + 2)
    hello = second.of(CameraHello)[0]
    assert reconciles(hello)
    assert hello.dropped[Cause.BROKER_RESTART] >= 3
    numbers = [frame.frame_id for frame in second.of(Frame)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] >= hello.captured, "numbers of frames that were lost are not used again"
    assert second.of(CameraState) == [CameraState("clip", True, "")]


def test_a_file_does_not_fall_behind_while_the_broker_is_away(
    rig: Rig, clock: Clock, tmp_path: Path
) -> None:
    video = str(media.write_h264(tmp_path / "v.mp4", range(0, 8000, 40)))
    first, stage = rig.broker, rig.start(CAPTURE_SOURCE=video)
    rig.until(lambda: first.of(Frame))
    first.close()
    began_s = clock.now_s

    def step() -> None:
        clock.now_s += 0.04
        stage.step()

    for _ in range(50):
        step()
    second = rig.restart_broker()
    eventually(lambda: second.of(Frame), doing=(step, second.serve))
    assert second.of(Frame)[0].pts_s == pytest.approx(clock.now_s - began_s, abs=0.2)


def test_ids_go_on_where_the_broker_says(rig: Rig, video: str) -> None:
    broker = rig.broker
    broker.next_frame_id = 500
    rig.start(CAPTURE_SOURCE=video)
    rig.until(lambda: broker.of(Frame))
    assert broker.of(Frame)[0].frame_id == 500
    assert broker.of(Frame)[0].pts_s == 0.0


def test_one_image_is_a_still_picture_several_times_a_second(rig: Rig, tmp_path: Path) -> None:
    folder = media.write_folder(tmp_path / "f", ["face.png"])
    broker = rig.broker
    rig.start(CAPTURE_SOURCE=str(folder / "face.png"))
    rig.until(lambda: len(broker.of(Frame)) >= 4)
    frames = broker.of(Frame)[:4]
    assert [frame.pts_s for frame in frames] == [0.0, 0.25, 0.5, 0.75]
    assert (frames[3].captured_mono_ns - frames[0].captured_mono_ns) / 1e9 > 0.2


def test_a_lost_stream_is_reported_offline_and_online_again(rig: Rig, server: MjpegServer) -> None:
    broker = rig.broker
    rig.start(CAPTURE_SOURCE=server.url)
    rig.until(lambda: len(broker.of(Frame)) >= 5)
    assert broker.of(CameraHello)[0].camera == "127.0.0.1"
    assert not broker.of(CameraHello)[0].is_recording
    server.gone.set()
    rig.until(lambda: len(broker.of(CameraState)) >= 2)
    server.gone.clear()
    before = len(broker.of(Frame))
    rig.until(lambda: len(broker.of(Frame)) > before)
    rig.until(lambda: broker.of(CameraState)[-1].online)
    states = [(state.online, bool(state.reason)) for state in broker.of(CameraState)]
    assert states[0] == (True, False)
    assert states[1] == (False, True)
    assert states[-1] == (True, False)
    assert not broker.of(EndOfSource)


def test_a_stream_that_comes_after_the_start_is_shown(rig: Rig, server: MjpegServer) -> None:
    server.gone.set()
    rig.start(CAPTURE_SOURCE=server.url)
    rig.until(lambda: rig.broker.of(CameraState))
    assert not rig.broker.of(CameraState)[0].online
    server.gone.clear()
    rig.until(lambda: rig.broker.of(Frame))
    rig.until(lambda: rig.broker.of(CameraState)[-1].online)


def test_a_camera_is_introduced_once_when_its_first_frame_tells_its_size(
    rig: Rig, server: MjpegServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rig.start(CAPTURE_SOURCE=server.url, CAPTURE_CAMERA="door")
    rig.until(lambda: len(rig.broker.of(Frame)) >= 3)
    size = f"{media.WIDTH}x{media.HEIGHT}"
    introduced = [line for line in caplog.messages if line.startswith("camera door: ")]
    assert introduced == [f"camera door: {server.url}, {size}, live"]


def test_a_file_is_introduced_before_anybody_is_there(
    rig: Rig, video: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rig.start(CAPTURE_SOURCE=video)
    size = f"{media.WIDTH}x{media.HEIGHT}"
    (line,) = [line for line in caplog.messages if line.startswith("camera clip: ")]
    assert line.startswith(f"camera clip: clip.mp4, {size}, 25")
    assert line.endswith(" frames/s, live")


def test_a_camera_keeps_no_frame_for_a_broker_that_comes_late(
    rig: Rig, server: MjpegServer
) -> None:
    rig.broker.close()
    stage = rig.start(CAPTURE_SOURCE=server.url)
    keep_doing(0.5, stage.step)
    broker = rig.restart_broker()
    rig.until(lambda: len(broker.of(Frame)) >= 3)
    assert broker.of(Frame)[0].pts_s > 0.4
    assert broker.of(Frame)[0].frame_id == 0


def test_a_stage_slower_than_the_camera_sends_the_newest_and_counts_the_rest(
    rig: Rig, server: MjpegServer
) -> None:
    broker, stage = rig.broker, rig.start(CAPTURE_SOURCE=server.url)
    rig.until(lambda: broker.of(Frame))

    def lag() -> None:
        keep_doing(0.3, broker.serve)  # up to ten frames of the camera
        stage.step()

    eventually(lambda: len(broker.of(FrameSkipped)) >= 20, doing=lag)
    rig.until(lambda: len(broker.of(Frame)) >= 5)
    hello = stage.hello()
    assert reconciles(hello)
    count = hello.dropped[Cause.SUPERSEDED]
    eventually(lambda: len(broker.of(FrameSkipped)) == count, doing=broker.serve)
    assert {message.cause for message in broker.of(FrameSkipped)} == {"superseded"}
    numbers = [m.frame_id for m in broker.received if isinstance(m, Frame | FrameSkipped)]
    assert numbers == list(range(len(numbers)))
