"""Who may take part: taking peers in, or saying why not."""

from __future__ import annotations

import logging

from common.broker.cameras import Camera
from common.broker.peers import Peer
from common.broker.state import PipelineState
from common.contract import CAMERA_MODES, WORKER_ROLES, Role
from common.messages import MAX_INT, CameraHello, PublisherHello, WorkerHello

Hello = WorkerHello | CameraHello | PublisherHello

MAX_NAME_LENGTH = 64
MAX_CAMERAS = 64
"""Cameras of one broker; one that is known may always come back."""

log = logging.getLogger(__name__)


class Admission:
    """Takes peers in.

    Args:
        state: What the desks share.
    """

    def __init__(self, state: PipelineState) -> None:
        self._state = state

    def refusal(self, hello: Hello) -> str:
        """Say why a peer cannot join; empty where it can."""
        if isinstance(hello, CameraHello):
            return self._camera_refusal(hello)
        if isinstance(hello, WorkerHello):
            return self._worker_refusal(hello)
        return ""

    def join(self, identity: bytes, hello: Hello, now_ns: int) -> None:
        """Take a peer in."""
        peer = Peer(identity, _role_of(hello), hello.name, hello.instance, now_ns)
        if isinstance(hello, WorkerHello):
            peer.capacity = hello.capacity
        elif isinstance(hello, PublisherHello):
            peer.recorded = dict(hello.recorded)
        else:
            camera = self._state.cameras.get(hello.camera)
            if camera is None:
                self._state.cameras[hello.camera] = Camera(identity, hello)
            else:
                camera.adopt(identity, hello)
        self._state.peers.add(peer)
        log.info("%s %s joined", peer.role, peer.name)

    def _camera_refusal(self, hello: CameraHello) -> str:
        if not 0 < len(hello.camera) <= MAX_NAME_LENGTH:
            expected = f"expected a name of 1 to {MAX_NAME_LENGTH} characters"
            return f"CAPTURE_CAMERA: {expected}, got {len(hello.camera)}"
        if hello.mode not in CAMERA_MODES:
            return f"CAPTURE_MODE={hello.mode}: expected {' or '.join(CAMERA_MODES)}"
        counts = (hello.captured, hello.published, hello.failed, *hello.dropped.values())
        if min(counts) < 0 or sum(counts) > MAX_INT:
            return "expected counters that are not negative and can be added up"
        camera = self._state.cameras.get(hello.camera)
        if camera is not None:
            return _return_refusal(camera, hello)
        if len(self._state.cameras) >= MAX_CAMERAS:
            return (
                f"CAPTURE_CAMERA={hello.camera}: there are {MAX_CAMERAS} cameras, as many as one "
                "broker takes; stop a live one and wait a minute, or start a second broker"
            )
        return ""

    def _worker_refusal(self, hello: WorkerHello) -> str:
        if hello.role not in WORKER_ROLES or hello.capacity < 1:
            return f"expected a {' or '.join(WORKER_ROLES)} with a capacity of 1 or more"
        others = self._state.peers.of_role(Role.DETECTOR) if hello.role is Role.DETECTOR else []
        if any(peer.capacity != hello.capacity for peer in others):
            return (
                f"DETECTOR_INTERVAL={hello.capacity}: {others[0].name} has {others[0].capacity}; "
                "results would depend on who did what, set the same"
            )
        return ""


def _return_refusal(camera: Camera, hello: CameraHello) -> str:
    """Say why a capture cannot go on with a known camera; empty where it can."""
    if camera.capture is not None:
        return (
            f"CAPTURE_CAMERA={hello.camera}: {camera.capture_name} already captures a camera "
            "of that name; set CAPTURE_CAMERA to another"
        )
    if camera.mode != hello.mode:
        return (
            f"CAPTURE_MODE={hello.mode}: camera {hello.camera} was {camera.mode} before; "
            "restart the pipeline to change that"
        )
    return ""


def _role_of(hello: Hello) -> Role:
    if isinstance(hello, WorkerHello):
        return hello.role
    return Role.PUBLISHER if isinstance(hello, PublisherHello) else Role.CAPTURE
