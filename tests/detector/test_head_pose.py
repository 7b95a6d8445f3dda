from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detector import head_pose as module
from detector.head_pose import HEAD_CM, turn_deg
from detector.seen_face import Landmarks

WIDTH_PX = 640
FAR_CM = 80.0


def turned(axis: int, angle_deg: float) -> NDArray[np.float64]:
    """Return the rotation about an axis, ``(3, 3) float64``."""
    angle = np.deg2rad(angle_deg)
    one, other = (place for place in range(3) if place != axis)
    rotation = np.eye(3)
    rotation[one, one] = rotation[other, other] = np.cos(angle)
    rotation[one, other], rotation[other, one] = -np.sin(angle), np.sin(angle)
    return rotation


def seen(rotation: NDArray[np.float64], across_px: float = 0.0) -> Landmarks:
    """Return where a camera sees the landmarks of a head that is turned."""
    points = HEAD_CM @ rotation.T + (0.0, 0.0, FAR_CM)
    landmarks: Landmarks = points[:, :2] / points[:, 2:] * WIDTH_PX + (320 + across_px, 240)
    return landmarks


def head_pose(landmarks: Landmarks, frame_width_px: int) -> NDArray[np.float64]:
    pose = module.head_pose(landmarks, frame_width_px)
    assert pose is not None
    return pose


def test_a_head_that_looks_into_the_camera_has_no_angles() -> None:
    assert head_pose(seen(np.eye(3)), WIDTH_PX) == pytest.approx([0, 0, 0], abs=0.5)


def test_a_head_at_the_edge_that_looks_into_the_camera_has_no_angles() -> None:
    assert head_pose(seen(np.eye(3), 250), WIDTH_PX) == pytest.approx([0, 0, 0], abs=0.5)


@pytest.mark.parametrize("angle_deg", [-70, -30, 10, 45])
def test_each_angle_is_found_by_itself(angle_deg: float) -> None:
    roll = head_pose(seen(turned(2, angle_deg)), WIDTH_PX)
    yaw = head_pose(seen(turned(1, angle_deg)), WIDTH_PX)
    pitch = head_pose(seen(turned(0, -angle_deg)), WIDTH_PX)
    assert roll == pytest.approx([angle_deg, 0, 0], abs=1)
    assert yaw == pytest.approx([0, angle_deg, 0], abs=1)
    assert pitch == pytest.approx([0, 0, angle_deg], abs=1)


def test_angles_have_the_signs_that_they_are_said_to_have() -> None:
    clockwise = seen(np.eye(3))[:, ::-1] * (-1, 1) + (560, -80)  # x goes down, y to the left
    assert head_pose(clockwise, WIDTH_PX)[0] == pytest.approx(90, abs=1)
    nose_to_the_right = seen(np.eye(3))
    nose_to_the_right[2, 0] += 8
    assert head_pose(nose_to_the_right, WIDTH_PX)[1] > 5
    nose_up = seen(np.eye(3))
    nose_up[2, 1] -= 8
    assert head_pose(nose_up, WIDTH_PX)[2] > 5


@pytest.mark.parametrize("frame_width_px", [3000, 60_000])
def test_a_face_that_is_small_in_a_wide_frame_has_its_angles(frame_width_px: int) -> None:
    """OpenCV takes landmarks that are near each other for one point, and raises."""
    small = seen(turned(1, 20)) / 8
    assert head_pose(small, frame_width_px) == pytest.approx([0, 20, 0], abs=5)


NO_HEAD = ((637, 90), (32, 269), (170, 106), (66, 312), (561, 631))


@pytest.mark.parametrize("landmarks", [[(100, 100)] * 5, NO_HEAD], ids=["a point", "scattered"])
def test_landmarks_that_are_those_of_no_head_have_no_pose(
    landmarks: list[tuple[float, float]],
) -> None:
    assert module.head_pose(np.array(landmarks, np.float64), WIDTH_PX) is None


def test_all_angles_together() -> None:
    rotation = turned(2, 20) @ turned(1, -40) @ turned(0, 15)
    assert head_pose(seen(rotation), WIDTH_PX) == pytest.approx([20, -40, -15], abs=1)


@pytest.mark.parametrize(
    ("pose", "turn"),
    [((0, 0, 0), 0), ((80, 0, 0), 0), ((0, 60, 0), 60), ((0, 0, -30), 30), ((10, 45, 45), 60)],
)
def test_the_turn_is_the_angle_to_the_camera(pose: tuple[float, ...], turn: float) -> None:
    assert turn_deg(np.array(pose, np.float64)) == pytest.approx(turn)
