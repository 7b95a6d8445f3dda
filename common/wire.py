"""Messages to bytes and back: ``[msgpack header, payload]``.

The header is a map with ``type``, ``version`` and the message's fields. Arrays travel in the
payload, one behind the other in the order of the fields; the header holds only their lengths.
Decoding trusts nothing: it checks the frame count, type, version, the fields' names and types, and
that the payload is exactly as long as the shapes say, and raises ``MessageError`` otherwise.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, TypeGuard, TypeVar, get_args, get_origin, get_type_hints

import msgpack
import numpy as np

from common import messages
from common.errors import MessageError
from common.messages import ArraySpec, Message

WIRE_VERSION = 2
MAX_HEADER_BYTES = 64 * 1024 * 1024  # a DetectRun may carry JPEGs
MAX_ITEMS = 10_000
MAX_INT = 2**62  # so that what is counted on from a number received can still be sent

_TYPES: dict[str, type] = {cls.__name__: cls for cls in get_args(Message)}
T = TypeVar("T")


class VersionError(MessageError):
    """The peer speaks another version of the wire format."""


def encode(message: Message) -> list[bytes]:
    """Turn a message into the two frames that go on the wire."""
    header: dict[str, object] = {"type": type(message).__name__, "version": WIRE_VERSION}
    payload: list[bytes] = []
    for name, hint in _hints(type(message)).items():
        value = getattr(message, name)
        spec = _array_spec(hint)
        if spec is None:
            header[name] = _plain(value)
        else:
            array = np.ascontiguousarray(value, dtype=spec.dtype)
            _check_shape(name, array.shape, spec)
            header[name] = array.shape[0]
            payload.append(array.tobytes())
    return [msgpack.packb(header), b"".join(payload)]


def decode(parts: Sequence[bytes]) -> Message:
    """Turn the two frames from the wire into a message.

    Raises:
        MessageError: The bytes are anything but a valid message; names expected and actual.
        VersionError: They are of another version of this format; names both.
    """
    if len(parts) != 2:
        raise MessageError(f"expected 2 parts (header, payload), got {len(parts)}")
    header = _unpack(parts[0])
    version = header.pop("version", None)
    if version != WIRE_VERSION:
        raise VersionError(f"expected wire version {WIRE_VERSION}, got {_short(version)}")
    kind = header.pop("type", None)
    cls = _TYPES.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise MessageError(f"expected a known message type, got {_short(kind)}")
    message: Message = _build(cls, header, _Payload(parts[1]))
    return message


def _unpack(packed: bytes) -> dict[str, object]:
    if len(packed) > MAX_HEADER_BYTES:
        raise MessageError(f"expected a header up to {MAX_HEADER_BYTES} bytes, got {len(packed)}")
    try:
        header = msgpack.unpackb(
            packed,
            strict_map_key=True,
            max_str_len=65_536,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
            max_ext_len=0,
        )
    except (ValueError, TypeError, RecursionError, msgpack.exceptions.UnpackException) as error:
        raise MessageError(
            f"expected a msgpack header, got {type(error).__name__}: {_short(str(error))}"
        ) from error
    if not isinstance(header, dict) or not all(isinstance(key, str) for key in header):
        raise MessageError(f"expected a map with text keys as header, got {_short(header)}")
    return header


class _Payload:
    """The bytes of the array fields, taken one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, name: str, rows: object, spec: ArraySpec) -> np.ndarray[Any, Any]:
        if not _is_int(rows) or rows < 0:
            raise MessageError(f"{name}: expected a length, got {_short(rows)}")
        shape = (rows, *(n for n in spec.shape[1:] if n is not None))
        end = self._at + math.prod(shape) * np.dtype(spec.dtype).itemsize
        if end > len(self._data):
            raise MessageError(f"{name}: expected {end} payload bytes, got {len(self._data)}")
        array = np.frombuffer(self._data[self._at : end], dtype=spec.dtype).reshape(shape)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise MessageError(f"{name}: expected finite numbers, got NaN or infinity")
        self._at = end
        return array

    def finish(self) -> None:
        if self._at != len(self._data):
            raise MessageError(f"expected {self._at} payload bytes, got {len(self._data)}")


def _build(cls: type[T], values: dict[str, object], payload: _Payload | None) -> T:
    """Check ``values`` against the dataclass ``cls`` and make one; nested ones have no payload."""
    hints = _hints(cls)
    if values.keys() != hints.keys():
        raise MessageError(
            f"{cls.__name__}: expected fields {sorted(hints)}, got {_short(list(values))}"
        )
    built: dict[str, object] = {}
    for name, hint in hints.items():
        spec = _array_spec(hint)
        label = f"{cls.__name__}.{name}"
        if spec is not None and payload is not None:
            built[name] = payload.take(label, values[name], spec)
        else:
            built[name] = _checker(hint)(label, values[name])
    if payload is not None:
        payload.finish()
    return cls(**built)


def _checker(hint: Any) -> Callable[[str, object], object]:
    """Give the function that checks one field of this type and returns its value."""
    origin = get_origin(hint)
    if origin is tuple:
        return lambda label, value: _tuple_of(get_args(hint)[0], label, value)
    if origin is dict:
        return _counters
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda label, value: _nested(hint, label, value)
    return lambda label, value: _scalar(hint, label, value)


def _tuple_of(item: Any, label: str, value: object) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise MessageError(f"{label}: expected a list, got {_short(value)}")
    check = _checker(item)
    return tuple(check(label, entry) for entry in value)


def _counters(label: str, value: object) -> dict[str, int]:
    if not isinstance(value, dict):
        raise MessageError(f"{label}: expected a map, got {_short(value)}")
    for key, count in value.items():
        if not isinstance(key, str) or not _is_int(count):
            raise MessageError(f"{label}: expected text to int, got {_short({key: count})}")
    return value


def _nested(cls: type[T], label: str, value: object) -> T:
    if not isinstance(value, dict):
        raise MessageError(f"{label}: expected a {cls.__name__}, got {_short(value)}")
    return _build(cls, value, None)


def _scalar(kind: type, label: str, value: object) -> object:
    if kind is int and _is_int(value):
        return value
    if kind is float and (isinstance(value, float) or _is_int(value)) and math.isfinite(value):
        return float(value)
    if kind in (str, bytes, bool) and isinstance(value, kind):
        return value
    raise MessageError(f"{label}: expected {kind.__name__}, got {_short(value)}")


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INT


def _plain(value: object) -> object:
    """Make a field msgpack can pack: dataclasses to maps, tuples to lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value


def _array_spec(hint: Any) -> ArraySpec | None:
    if get_origin(hint) is Annotated:
        return next((note for note in get_args(hint) if isinstance(note, ArraySpec)), None)
    return None


def _check_shape(name: str, shape: tuple[int, ...], spec: ArraySpec) -> None:
    fits = len(shape) == len(spec.shape) and all(
        want is None or want == have for want, have in zip(spec.shape, shape, strict=True)
    )
    if not fits:
        raise MessageError(f"{name}: expected shape {spec.shape}, got {shape}")


_HINTS: dict[type, dict[str, Any]] = {}


def _hints(cls: type) -> dict[str, Any]:
    """Give the field types of a message class; resolving them is slow, so it is done once."""
    if cls not in _HINTS:
        _HINTS[cls] = get_type_hints(cls, vars(messages), include_extras=True)
    return _HINTS[cls]


class _ShortRepr(reprlib.Repr):
    """Shows a part of a value, whatever its depth and size, without writing out the whole."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxlist = self.maxdict = 10
        self.maxstring = 60

    def repr_bytes(self, value: bytes, level: int) -> str:  # noqa: ARG002 - as called by repr1
        cut = "..." if len(value) > self.maxstring else ""
        return repr(value[: self.maxstring]) + cut


_REPR = _ShortRepr()


def _short(value: object) -> str:
    text = _REPR.repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
