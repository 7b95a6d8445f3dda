from __future__ import annotations

from importlib.metadata import version

from msgspec.structs import replace

from common.contract import Mode, Role
from common.messages import CameraStatus, PeerStatus, PipelineStatus
from publisher.provenance import Provenance

HAAR = {"detector": "haar", "sha256": None}
MODEL = {"model": "expression.onnx", "sha256": "cef5"}
CAMERA = CameraStatus(
    "talk", Mode.LOSSLESS, True, "", False, 3, 0, 0, 0, 0, {}, {"source": "t.mp4"}
)


def peer(role: Role, name: str, about: dict[str, str | int | float | bool | None]) -> PeerStatus:
    return PeerStatus(role, name, 0, 0.0, 0, about=about)


STATUS = PipelineStatus(
    1.0,
    0,
    (CAMERA,),
    (
        peer(Role.DETECTOR, "a", {**HAAR}),
        peer(Role.DETECTOR, "b", {**HAAR}),
        peer(Role.CLASSIFIER, "c", {**MODEL}),
        peer(Role.PUBLISHER, "d", {}),
    ),
)


def test_all_that_takes_part_is_told_once() -> None:
    made_by = Provenance(0.0)
    assert made_by.take(STATUS)
    assert not made_by.take(STATUS)
    assert made_by.as_json() == {
        "ferstream": version("ferstream"),
        "started_at": "1970-01-01T00:00:00.000000+00:00",
        "cameras": {"talk": {"mode": "lossless", "source": "t.mp4"}},
        "detectors": [HAAR],
        "classifiers": [MODEL],
    }


def test_a_worker_that_has_left_stays_and_another_one_is_added() -> None:
    made_by = Provenance(0.0)
    made_by.take(STATUS)
    yunet = peer(Role.DETECTOR, "e", {"detector": "yunet"})
    assert made_by.take(replace(STATUS, peers=(yunet,)))
    assert made_by.as_json()["detectors"] == [HAAR, {"detector": "yunet"}]
    assert made_by.as_json()["classifiers"] == [MODEL]
