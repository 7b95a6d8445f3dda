"""Messages to bytes and back: ``[header, payload]``, the header in MessagePack.

The header is ``[version, {"type": ..., the message's fields}]``. Arrays travel in the payload, one
behind the other in the order of the fields; the header holds only their lengths. Decoding trusts
nothing: msgspec holds the header against the types of ``common/messages.py``, and the payload has
to be exactly as long as the lengths say. docs/messages.md shows how other programs read a message.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

import msgspec
import numpy as np

from common.errors import MessageError
from common.messages import ROW_SHAPES, Message

WIRE_VERSION = 7
MAX_HEADER_BYTES = 64 * 1024 * 1024  # a DetectRun may carry JPEGs
PREFIX = b"\x92" + msgspec.msgpack.encode(WIRE_VERSION)  # an array of two, the version first
ROW_BYTES = {dtype: np.empty(shape, dtype).nbytes for dtype, shape in ROW_SHAPES.items()}
MAX_COMPLAINT = 300
"""Letters; msgspec writes out a value that is in no enum and the name of an unknown field."""
NOT_OURS = (msgspec.MsgspecError, ValueError, RecursionError)


class VersionError(MessageError):
    """The peer speaks another version of the wire format."""


class _Codec(threading.local):
    """Encoder and decoder with the arrays in hand; each thread has its own."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder(enc_hook=self._put)
        self._decoder = msgspec.msgpack.Decoder(Message, dec_hook=self._take)

    def encode(self, message: Message) -> list[bytes]:
        """Turn a message into the two frames that go on the wire."""
        self._arrays: list[bytes] = []
        return [PREFIX + self._encoder.encode(message), b"".join(self._arrays)]

    def decode(self, parts: Sequence[bytes]) -> Message:
        """Turn the two frames from the wire into a message.

        Raises:
            MessageError: They are anything but a valid message; names the field and what was
                expected of it.
            VersionError: They are of another version of this format; names both.
        """
        if len(parts) != 2:
            raise MessageError(f"expected 2 parts (header, payload), got {len(parts)}")
        header, self._payload, self._at = parts[0], parts[1], 0
        if len(header) > MAX_HEADER_BYTES:
            raise MessageError(
                f"expected a header up to {MAX_HEADER_BYTES} bytes, got {len(header)}"
            )
        try:
            if not header.startswith(PREFIX):
                raise ValueError(f"expected a msgpack header [{WIRE_VERSION}, message]")
            message: Message = self._decoder.decode(memoryview(header)[len(PREFIX) :])
            if self._at != len(self._payload):
                raise ValueError(f"expected {self._at} payload bytes, got {len(self._payload)}")
        except NOT_OURS as error:
            raise _refusal(header, error) from error
        return message

    def _put(self, array: Any) -> int:
        shape = ROW_SHAPES.get(array.dtype) if isinstance(array, np.ndarray) else None
        if shape is None or array.shape[1:] != shape:
            raise MessageError(f"expected an array of rows as in {ROW_SHAPES}, got {array!r:.200}")
        self._arrays.append(array.tobytes())
        return len(array)

    def _take(self, hint: object, rows: object) -> np.ndarray[Any, Any]:
        if type(rows) is not int or rows < 0:
            raise ValueError("Expected a length, a whole number from 0")
        dtype = dtype_of(hint)
        shape = (rows, *ROW_SHAPES[dtype])
        if not rows:
            return np.empty(shape, dtype)
        start, self._at = self._at, self._at + rows * ROW_BYTES[dtype]
        if self._at > len(self._payload):
            raise ValueError(f"Expected {self._at} payload bytes, got {len(self._payload)}")
        array: np.ndarray[Any, Any] = np.ndarray(shape, dtype, self._payload, start)
        if dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError("Expected finite numbers, got NaN or infinity")
        return array


@cache
def dtype_of(hint: Any) -> np.dtype[Any]:
    """Return the dtype of an annotation such as ``Boxes``.

    It is the innermost argument: what is around it depends on the versions of numpy and Python.
    """
    while arguments := get_args(hint):
        hint = arguments[-1]
    dtype: np.dtype[Any] = np.dtype(hint)
    return dtype


def _refusal(header: bytes, error: Exception) -> MessageError:
    """Return what to say of a header that is not ours: its version or, with ours, its type."""
    try:
        version, message = msgspec.msgpack.decode(header, type=tuple[int | str | None, msgspec.Raw])
    except NOT_OURS:
        return MessageError(f"{_complaint(error)}, got {header[:20]!r}")
    if version != WIRE_VERSION:
        return VersionError(f"expected wire version {WIRE_VERSION}, got {version!r:.80}")
    kind = re.search(rb"\xa4type.(\w{1,40})", memoryview(message)[:64])
    return MessageError(f"{kind[1].decode() if kind else 'no type'}: {_complaint(error)}")


def _complaint(error: Exception) -> str:
    """Return what is wrong, without the middle where a peer's value makes it long."""
    text = str(error)
    if len(text) > MAX_COMPLAINT:
        text = f"{text[: MAX_COMPLAINT // 2]} ... {text[-MAX_COMPLAINT // 2 :]}"
    return text


encode, decode = (_codec := _Codec()).encode, _codec.decode
