"""The target ``wire``: what a peer sends is a message of ours or is refused, and nothing else.

An input is the length of the header in four bytes, the header, and the payload. Half of all changes
are made to the values of a header that is unpacked for it and packed again, for changes of bytes
alone seldom get past the first field.
"""

from __future__ import annotations

import random
import re
import struct
from copy import deepcopy
from typing import Any, get_args

import msgpack
import numpy as np

from common import wire
from common.contract import Cause, Fate, Mode, Outcome, Role
from common.errors import MessageError
from common.messages import (
    MAX_INT,
    AnalyzeImage,
    CameraHello,
    ClassifyBatch,
    DetectRun,
    Expressions,
    Faces,
    Frame,
    ImageAnswer,
    Message,
    PublisherHello,
    Release,
    Result,
    Status,
    WorkerHello,
)

LENGTH = struct.Struct(">I")
MAX_ERROR = 400
"""Letters: what a peer sent must not fill the log."""
ODD_VALUES: tuple[object, ...] = (
    *(None, True, 0, -1, 1, 0.5, MAX_INT, MAX_INT + 1, -MAX_INT, 2**64 - 1, -(2**63)),
    *(float("nan"), float("inf"), -0.0, 1e308, "", "x" * 70_000, "\x1b[2J\n", "\ud7ff", b"", b"x"),
    *([], [[]], [None] * 3, {}, {"": {}}, {1: 2}, {b"type": "Bye"}, "Frame", "Bye", "detector"),
)


_SAID = re.compile(
    rf"^(?:{'|'.join(kind.__name__ for kind in get_args(Message))})(?=:)"
    r"|(?:[Ee]xpected|got) `?[a-z]{1,9}|required field `\w+`|unknown|truncated|at `\$[.a-z_\[\]]*`"
)
"""What of a complaint does not repeat what was sent."""


class BrokenMessageError(AssertionError):
    """What was decoded or complained of is not as it should be."""


def check(data: bytes) -> str:
    """Decode an input; return the type of message, or what is said against it.

    Raises:
        Exception: Anything but the refusal of a message.
    """
    header, payload = parts_of(data)
    try:
        message = wire.decode([header, payload])
    except MessageError as error:
        if len(str(error)) > MAX_ERROR:
            raise BrokenMessageError(f"an error of {len(str(error))} letters") from error
        return " ".join(_SAID.findall(str(error)))
    again = wire.encode(message)
    if wire.encode(wire.decode(again)) != again:
        raise BrokenMessageError(f"{message!r:.200} is another after encoding and decoding")
    return type(message).__name__


def parts_of(data: bytes) -> tuple[bytes, bytes]:
    """Return header and payload of an input."""
    if len(data) < LENGTH.size:
        return data, b""
    (length,) = LENGTH.unpack_from(data)
    body = data[LENGTH.size :]
    return body[:length], body[length:]


def joined(header: bytes, payload: bytes) -> bytes:
    """Return the input that has these two parts."""
    return LENGTH.pack(len(header)) + header + payload


def changed(data: bytes, seed: int) -> bytes | None:
    """Return the input with one value of its header replaced; None where it is no header."""
    choice = random.Random(seed)  # noqa: S311 - repeatable, and no secret
    header, payload = parts_of(data)
    try:
        unpacked = msgpack.unpackb(header, strict_map_key=False)
        _replace_one(unpacked, choice)
        return joined(msgpack.packb(unpacked), payload)
    except Exception:  # noqa: BLE001 - whatever cannot be packed or unpacked is changed bytewise
        return None


def _replace_one(value: Any, choice: random.Random) -> None:
    """Walk down to some value and put an odd one in its place, take it away or give it a name."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = choice.choice(keys)
    if isinstance(value[key], dict | list) and value[key] and choice.random() < 0.8:
        _replace_one(value[key], choice)
    elif isinstance(value, dict) and choice.random() < 0.1:
        del value[key]
    elif isinstance(value, dict) and choice.random() < 0.1:
        value[choice.choice(("x", "type", "", 1, b"camera"))] = value[key]
    else:
        value[key] = deepcopy(choice.choice(ODD_VALUES))


def seeds() -> dict[str, bytes]:
    """Return an input of each shape of message, by name."""
    frame = Frame("door", 7, 0.28, 10**18, 10**9, 480, 640, "door.ring", 3)
    boxes, crops = np.ones((2, 4), np.int32), np.full((2, 48, 48), 9, np.uint8)
    poses, rows = np.zeros((2, 3)), np.full((2, 7), 1 / 7, np.float32)
    made: tuple[Message, ...] = (
        WorkerHello(Role.DETECTOR, "host 1", "a1", 10),
        CameraHello("host 2", "a2", "door", Mode.LOSSLESS, 720, 24, 9, 5, 1, {Cause.TOO_OLD: 3}),
        PublisherHello("host 3", "a3", {"door": 7}),
        frame,
        Frame("door", 8, 0.3, 1, 1, 4, 4, "", 0, b"\xff\xd8\xff", cut=True),
        Faces(1, 7, boxes, crops, poses, (False, True)),
        Expressions(1, rows),
        AnalyzeImage(1, 4, 4, b"\xff\xd8\xff"),
        Status(3, 1.5, 0),
        DetectRun(1, Mode.LIVE, (frame, frame)),
        ClassifyBatch(1, crops),
        Result(frame, Mode.LIVE, False, boxes, rows, (False, True), poses=poses),
        ImageAnswer(1, Outcome.ANALYZED, "", boxes, rows),
        Release("door", 7, Fate.PUBLISHED),
    )
    return {
        f"{number:02d}-{type(message).__name__}": joined(*wire.encode(message))
        for number, message in enumerate(made)
    }
