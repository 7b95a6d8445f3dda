"""Tests of capture.stage under the live contract, against a small real broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from capture.slots import LIVE_SLOTS
from capture.stage import CaptureStage
from common.contract import Cause, Fate
from common.lifetime import Lifetime
from common.messages import CameraHello, CameraState, EndOfSource, Finish, Frame, FrameSkipped
from tests.capture.fake_broker import FakeBroker, run_until
from tests.capture.mjpeg_server import MjpegServer
from tests.support import media

StartStage = Callable[..., CaptureStage]
StartBroker = Callable[[], FakeBroker]


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


def serve_for(seconds: float, broker: FakeBroker) -> None:
    until = time.monotonic() + seconds
    run_until(lambda: time.monotonic() > until, broker.serve)


def test_a_file_plays_at_its_own_rate_and_ends_with_finish(
    start_broker: StartBroker, start_stage: StartStage, lifetime: Lifetime, video: str
) -> None:
    broker, stage = start_broker(), start_stage(CAPTURE_SOURCE=video)
    run_until(lambda: broker.of(EndOfSource), stage.step, broker.serve)
    frames = broker.of(Frame)
    assert [frame.frame_id for frame in frames] == list(range(25))
    first_ns = frames[0].captured_mono_ns
    late = sorted((frame.captured_mono_ns - first_ns) / 1e9 - frame.pts_s for frame in frames)
    assert late[len(late) // 2] - late[0] < 0.25
    broker.send(Finish())
    run_until(lambda: lifetime.stop_requested, stage.step)


def test_no_frame_of_a_file_is_missed_while_the_broker_is_not_there_yet(
    start_broker: StartBroker, start_stage: StartStage, video: str
) -> None:
    stage = start_stage(CAPTURE_SOURCE=video)
    until = time.monotonic() + 0.4
    run_until(lambda: time.monotonic() > until, stage.step)
    broker = start_broker()
    run_until(lambda: broker.of(Frame), stage.step, broker.serve)
    assert broker.of(Frame)[0].pts_s == 0.0


def test_a_looping_file_numbers_on_and_starts_its_times_again(
    start_broker: StartBroker, start_stage: StartStage, tmp_path: Path
) -> None:
    video = str(media.write_h264(tmp_path / "v.mp4", [0, 40, 80]))
    broker, stage = start_broker(), start_stage(CAPTURE_SOURCE=video, CAPTURE_LOOP="1")
    run_until(lambda: len(broker.of(Frame)) >= 7, stage.step, broker.serve)
    frames = broker.of(Frame)[:7]
    assert [frame.frame_id for frame in frames] == list(range(7))
    assert [round(frame.pts_s * 100) for frame in frames] == [0, 4, 8, 0, 4, 8, 0]
    assert not broker.of(EndOfSource)


def test_frames_without_a_free_slot_are_skipped_and_counted(
    start_broker: StartBroker, start_stage: StartStage, video: str
) -> None:
    broker, stage = start_broker(), start_stage(CAPTURE_SOURCE=video)
    broker.releases = False
    run_until(lambda: broker.of(EndOfSource), stage.step, broker.serve)
    assert [frame.frame_id for frame in broker.of(Frame)] == list(range(LIVE_SLOTS))
    skipped = broker.of(FrameSkipped)
    assert [message.frame_id for message in skipped] == list(range(LIVE_SLOTS, 25))
    assert {message.cause for message in skipped} == {"ring_full"}
    for frame in broker.of(Frame):
        broker.release(frame, Fate.DROPPED, Cause.SUPERSEDED)
    run_until(lambda: not stage._outgoing.ledger.in_flight, stage.step)
    assert stage.hello().dropped == {"ring_full": 25 - LIVE_SLOTS, "superseded": LIVE_SLOTS}


def test_over_a_broker_restart_live_counts_what_it_lost_and_goes_on(
    start_broker: StartBroker, start_stage: StartStage, video: str
) -> None:
    first, stage = start_broker(), start_stage(CAPTURE_SOURCE=video, CAPTURE_LOOP="1")
    run_until(lambda: len(first.of(Frame)) >= 5, stage.step, first.serve)
    first.releases = False
    run_until(lambda: len(first.of(Frame)) >= 8, stage.step, first.serve)
    first.close()
    until = time.monotonic() + 0.3
    run_until(lambda: time.monotonic() > until, stage.step)
    second = start_broker()
    run_until(lambda: len(second.of(Frame)) >= LIVE_SLOTS + 2, stage.step, second.serve)
    hello = second.of(CameraHello)[0]
    assert reconciles(hello)
    assert hello.dropped[Cause.BROKER_RESTART] >= 3
    numbers = [frame.frame_id for frame in second.of(Frame)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] >= hello.captured, "numbers of frames that were lost are not used again"
    assert second.of(CameraState) == [CameraState("clip", True, "")]


def test_a_file_does_not_fall_behind_while_the_broker_is_away(
    start_broker: StartBroker, start_stage: StartStage, tmp_path: Path
) -> None:
    video = str(media.write_h264(tmp_path / "v.mp4", range(0, 8000, 40)))
    first, stage = start_broker(), start_stage(CAPTURE_SOURCE=video)
    run_until(lambda: first.of(Frame), stage.step, first.serve)
    began = first.of(Frame)[0]
    first.close()
    until = time.monotonic() + 2.0
    run_until(lambda: time.monotonic() > until, stage.step)
    second = start_broker()
    run_until(lambda: second.of(Frame), stage.step, second.serve)
    later = second.of(Frame)[0]
    passed_s = (later.captured_mono_ns - began.captured_mono_ns) / 1e9
    assert later.pts_s == pytest.approx(passed_s, abs=1.0)


def test_ids_go_on_where_the_broker_says(
    start_broker: StartBroker, start_stage: StartStage, video: str
) -> None:
    broker = start_broker()
    broker.next_frame_id = 500
    stage = start_stage(CAPTURE_SOURCE=video)
    run_until(lambda: broker.of(Frame), stage.step, broker.serve)
    assert broker.of(Frame)[0].frame_id == 500
    assert broker.of(Frame)[0].pts_s == 0.0


def test_one_image_is_a_still_picture_several_times_a_second(
    start_broker: StartBroker, start_stage: StartStage, tmp_path: Path
) -> None:
    folder = media.write_folder(tmp_path / "f", ["face.png"])
    broker, stage = start_broker(), start_stage(CAPTURE_SOURCE=str(folder / "face.png"))
    run_until(lambda: len(broker.of(Frame)) >= 4, stage.step, broker.serve)
    frames = broker.of(Frame)[:4]
    assert [frame.pts_s for frame in frames] == [0.0, 0.25, 0.5, 0.75]
    assert (frames[3].captured_mono_ns - frames[0].captured_mono_ns) / 1e9 > 0.2


def test_a_lost_stream_is_reported_offline_and_online_again(
    start_broker: StartBroker, start_stage: StartStage, server: MjpegServer
) -> None:
    broker, stage = start_broker(), start_stage(CAPTURE_SOURCE=server.url)
    run_until(lambda: len(broker.of(Frame)) >= 5, stage.step, broker.serve)
    assert broker.of(CameraHello)[0].camera == "127.0.0.1"
    server.gone.set()
    run_until(lambda: len(broker.of(CameraState)) >= 2, stage.step, broker.serve)
    server.gone.clear()
    before = len(broker.of(Frame))
    run_until(lambda: len(broker.of(Frame)) > before, stage.step, broker.serve)
    run_until(lambda: broker.of(CameraState)[-1].online, stage.step, broker.serve)
    states = [(state.online, bool(state.reason)) for state in broker.of(CameraState)]
    assert states[0] == (True, False)
    assert states[1] == (False, True)
    assert states[-1] == (True, False)
    assert not broker.of(EndOfSource)


def test_a_camera_keeps_no_frame_for_a_broker_that_comes_late(
    start_broker: StartBroker, start_stage: StartStage, server: MjpegServer
) -> None:
    stage = start_stage(CAPTURE_SOURCE=server.url)
    began = time.monotonic()
    run_until(lambda: time.monotonic() > began + 0.5, stage.step)
    broker = start_broker()
    run_until(lambda: len(broker.of(Frame)) >= 3, stage.step, broker.serve)
    assert broker.of(Frame)[0].pts_s > 0.4
    assert broker.of(Frame)[0].frame_id == 0


def test_a_stage_slower_than_the_camera_sends_the_newest_and_counts_the_rest(
    start_broker: StartBroker, start_stage: StartStage, server: MjpegServer
) -> None:
    broker, stage = start_broker(), start_stage(CAPTURE_SOURCE=server.url)
    run_until(lambda: broker.of(Frame), stage.step, broker.serve)

    def lag() -> None:
        serve_for(0.3, broker)  # up to ten frames of the camera
        stage.step()

    run_until(lambda: len(broker.of(FrameSkipped)) >= 20, lag)
    run_until(lambda: len(broker.of(Frame)) >= 5, stage.step, broker.serve)
    hello = stage.hello()
    assert reconciles(hello)
    count = hello.dropped[Cause.SUPERSEDED]
    run_until(lambda: len(broker.of(FrameSkipped)) == count, broker.serve)
    frames, skipped = broker.of(Frame), broker.of(FrameSkipped)
    late_s = sorted(frame.captured_mono_ns / 1e9 - frame.pts_s for frame in frames[:5])
    assert late_s[2] - late_s[0] < 0.2
    assert {message.cause for message in skipped} == {"superseded"}
    numbers = [m.frame_id for m in broker.received if isinstance(m, Frame | FrameSkipped)]
    assert numbers == list(range(len(numbers)))
