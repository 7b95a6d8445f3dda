"""Who may take part: taking peers in, or saying why not."""

from __future__ import annotations

import logging

from common.broker.cameras import Camera
from common.broker.peers import RETURN_NS, Peer
from common.broker.state import PipelineState
from common.contract import CAMERA_MODES, WORKER_ROLES, Mode, Role
from common.messages import (
    MAX_INT,
    MAX_ITEMS,
    CameraHello,
    PublisherHello,
    Refused,
    Welcome,
    WorkerHello,
)
from common.printable import printable

Hello = WorkerHello | CameraHello | PublisherHello

MAX_NAME_LENGTH = 64
MAX_CAMERAS = 256
"""Cameras of one broker; one that is known may always come back."""
MAX_PEERS = {Role.DETECTOR: 256, Role.CLASSIFIER: 256, Role.PUBLISHER: 32}
"""Peers of each other role: together with the captures fewer than there may be connections."""
AWAITED = (Role.DETECTOR, Role.CLASSIFIER, Role.PUBLISHER)
"""Roles without which a recording that plays live would lose its beginning."""
MAX_SLOTS = 256
"""Of a capture's ring; four times what a lossless one has."""
MAX_COUNT = MAX_INT // 2
"""Frames a camera may have had: what is counted on from there can still be told to publishers."""

log = logging.getLogger(__name__)


def admit(state: PipelineState, identity: bytes, hello: Hello) -> Peer | None:
    """Welcome a peer and return it, or refuse it; one that is in already stays in."""
    peer = state.peers.get(identity)
    if peer is None:
        refusal = _refusal(state, hello)
        if refusal is not None:
            log.warning("refused %s: %s", hello.name, refusal)
            state.send(identity, Refused(refusal))
            return None
        peer = _add_peer(state, identity, hello)
    _welcome(state, peer)
    return peer


def welcome_waiting(state: PipelineState) -> None:
    """Tell the recordings that wait for others, now that somebody has joined, whom they await."""
    for capture in state.peers.of_role(Role.CAPTURE):
        if capture.waits:
            _welcome(state, capture)


def _welcome(state: PipelineState, peer: Peer) -> None:
    camera = state.cameras.get(peer.camera)
    awaited = tuple(role for role in AWAITED if not state.peers.of_role(role) and peer.waits)
    peer.waits = bool(awaited)
    state.send(peer.identity, Welcome(camera.next_frame_id if camera else 0, awaited))


def _add_peer(state: PipelineState, identity: bytes, hello: Hello) -> Peer:
    peer = Peer(identity, Role.CAPTURE, hello.name, hello.instance, state.now_ns)
    peer.restarts = hello.restarts
    match hello:
        case WorkerHello():
            peer.role, peer.capacity, peer.about = hello.role, hello.capacity, hello.about
        case PublisherHello():
            peer.role, peer.recorded = Role.PUBLISHER, dict(hello.recorded)
        case CameraHello():
            peer.camera, peer.slots = hello.camera, hello.slots
            peer.waits = hello.is_recording and hello.mode is Mode.LIVE
            known = state.cameras.get(hello.camera)
            if known is None:
                state.cameras[hello.camera] = Camera(peer, hello)
            else:
                known.adopt(peer, hello)
    state.peers.add_peer(peer)
    return peer


def _refusal(state: PipelineState, hello: Hello) -> str | None:
    """Return why a peer cannot join, None where it can."""
    if not hello.name.isprintable():
        return "expected a name of letters, digits and signs that can be shown"
    if isinstance(hello, WorkerHello):
        return _worker_refusal(state, hello) or _crowd_refusal(state, hello.role)
    if isinstance(hello, PublisherHello):
        return _crowd_refusal(state, Role.PUBLISHER)
    if state.finished:
        return (
            f"CAPTURE_CAMERA={hello.camera}: every recording of this pipeline is done and it "
            "is ending; start it again for another"
        )
    return _camera_refusal(hello) or _place_refusal(state, hello)


def _crowd_refusal(state: PipelineState, role: Role) -> str | None:
    if len(state.peers.of_role(role)) >= MAX_PEERS[role]:
        return f"there are {MAX_PEERS[role]} {role}s, as many as one broker takes; stop some"
    return None


def _place_refusal(state: PipelineState, hello: CameraHello) -> str | None:
    """Return why there is no place for a camera, None where there is."""
    camera = state.cameras.get(hello.camera)
    if camera is None and len(state.cameras) >= MAX_CAMERAS:
        return (
            f"CAPTURE_CAMERA={hello.camera}: there are {MAX_CAMERAS} cameras, as many as one "
            "broker takes; stop a live one and wait a minute, or start a second broker"
        )
    if camera is not None and camera.capture is not None:
        return (
            f"CAPTURE_CAMERA={hello.camera}: {camera.capture.name} already captures a camera "
            "of that name; set CAPTURE_CAMERA to another"
        )
    if camera is not None and camera.is_held_from(hello.instance, state.now_ns):
        return (
            f"CAPTURE_CAMERA={hello.camera}: the capture of that camera was lost less than "
            f"{RETURN_NS // 10**9} s ago and may come back; try again then, or set CAPTURE_CAMERA "
            "to another"
        )
    if camera is not None and camera.mode != hello.mode:
        return (
            f"CAPTURE_MODE={hello.mode}: camera {hello.camera} was {camera.mode} before; "
            "restart the pipeline to change that"
        )
    return None


def _worker_refusal(state: PipelineState, hello: WorkerHello) -> str | None:
    if hello.role not in WORKER_ROLES or not 1 <= hello.capacity <= MAX_ITEMS:
        return f"expected a {' or '.join(WORKER_ROLES)} with a capacity of 1 to {MAX_ITEMS}"
    others = state.peers.of_role(Role.DETECTOR) if hello.role is Role.DETECTOR else []
    if any(peer.capacity != hello.capacity for peer in others):
        return (
            f"DETECTOR_INTERVAL={hello.capacity}: {others[0].name} has {others[0].capacity}; "
            "results would depend on who did what, set the same"
        )
    return None


def _camera_refusal(hello: CameraHello) -> str | None:
    """Return what is wrong with what a capture says of its camera, None where nothing is."""
    if not 0 < len(hello.camera) <= MAX_NAME_LENGTH:
        expected = f"expected a name of 1 to {MAX_NAME_LENGTH} characters"
        return f"CAPTURE_CAMERA: {expected}, got {len(hello.camera)}"
    if not hello.camera.isprintable():
        return (
            f"CAPTURE_CAMERA={printable(hello.camera)}: expected letters, digits and signs that "
            "can be shown"
        )
    if not 1 <= hello.slots <= MAX_SLOTS:
        return f"expected a ring of 1 to {MAX_SLOTS} slots, got {hello.slots}"
    if hello.mode not in CAMERA_MODES:
        return f"CAPTURE_MODE={hello.mode}: expected {' or '.join(CAMERA_MODES)}"
    counts = (hello.captured, hello.published, hello.failed, *hello.dropped.values())
    if min(counts) < 0 or sum(counts) > MAX_COUNT:
        return "expected counters that are not negative and can be added up"
    return None
