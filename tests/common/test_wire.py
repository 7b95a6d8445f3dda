"""Every message survives the wire, and nothing else gets through it."""

from __future__ import annotations

import contextlib
import re
import tracemalloc
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import GenericAlias, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from msgspec import Struct

from common import messages, wire
from common.contract import Cause, Mode, Role
from common.errors import MessageError
from common.face_model import Boxes, Crops, Poses, Probabilities
from common.messages import (
    MAX_INT,
    MAX_ITEMS,
    MAX_RECORDED,
    ROW_SHAPES,
    Bye,
    CameraHello,
    ClassifyBatch,
    DetectRun,
    EndOfSource,
    Expressions,
    Faces,
    Frame,
    Message,
    PipelineStatus,
    PublisherHello,
    Result,
    Status,
    Welcome,
)

KINDS: tuple[type, ...] = get_args(Message)
EXAMPLES = settings(max_examples=80, derandomize=True)
NO_ROWS = np.zeros((0, 7), np.float32)
FRAME = Frame("cam", 3, 0.1, 1, 2, 480, 640, "r.ring", 5)
HELLO = CameraHello("a", "b", "c", Mode.LIVE, 0, 1, 0, 0, 0)
RUN = DetectRun(1, Mode.LIVE, (FRAME,))

NESTED = b"\x91" * 1020 + b"\xc0"
"""Lists in lists, as deep as msgpack unpacks them and deeper than ``repr`` shows them."""


# --- strategies made from the annotations -------------------------------------------------------


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    if hint in (Boxes, Crops, Poses, Probabilities):
        return arrays_of(wire.dtype_of(hint))
    if get_args(hint):
        return composed(get_origin(hint), get_args(hint))
    if issubclass(hint, Struct | Enum):
        return messages_of(hint) if issubclass(hint, Struct) else st.sampled_from(list(hint))
    plain: dict[type, st.SearchStrategy[Any]] = {
        int: st.integers(-MAX_INT, MAX_INT),
        float: st.floats(allow_nan=False, allow_infinity=False),
        str: st.text(max_size=20),
        bytes: st.binary(max_size=40),
        bool: st.booleans(),
        type(None): st.none(),
    }
    return plain[hint]


def composed(origin: Any, parts: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin is Annotated:
        return values_of(parts[0])
    if origin is tuple:
        return st.lists(values_of(parts[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(*map(values_of, parts), max_size=4)
    assert origin in (Union, UnionType)
    return st.one_of(*map(values_of, parts))


def arrays_of(dtype: np.dtype[Any]) -> st.SearchStrategy[Any]:
    elements = {"width": 32, "allow_nan": False, "allow_infinity": False}
    return (
        st.integers(0, 3)
        .map(
            lambda rows: hnp.arrays(
                dtype,
                (rows, *ROW_SHAPES[dtype]),
                elements=st.floats(**elements) if dtype.kind == "f" else None,  # type: ignore[arg-type]
                fill=st.just(0),
            )
        )
        .flatmap(lambda arrays: arrays)
    )


def messages_of(kind: type) -> st.SearchStrategy[Any]:
    """Draw the fields; arrays of a message, which belong together, have one length."""
    hints = get_type_hints(kind, include_extras=True)
    return st.fixed_dictionaries({n: values_of(h) for n, h in hints.items()}).map(
        lambda values: kind(**with_one_length(values))
    )


def with_one_length(values: dict[str, Any]) -> dict[str, Any]:
    of_faces = ("boxes", "crops", "probabilities", "reused", "poses", "turned_away")
    rows = [name for name in values if name in of_faces]
    shortest = min((len(values[name]) for name in rows), default=0)
    return values | {name: values[name][:shortest] for name in rows}


def any_message() -> st.SearchStrategy[Any]:
    return st.sampled_from(KINDS).flatmap(messages_of)


def any_packable(depth: int = 3) -> st.SearchStrategy[Any]:
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats()
        | st.text(max_size=8)
        | st.binary(max_size=8)
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=5) | st.binary(max_size=5), inner, max_size=3)
        ),
        max_leaves=depth * 3,
    )


def assert_same(first: Any, second: Any) -> None:
    assert type(first) is type(second)
    for name in first.__struct_fields__:
        one, other = getattr(first, name), getattr(second, name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            assert one.shape == other.shape
            assert np.array_equal(one, other)
        else:
            assert one == other


def assert_message_or_refusal(parts: list[bytes]) -> None:
    with contextlib.suppress(MessageError):
        assert isinstance(wire.decode(parts), KINDS)


# --- what is ours ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_message_survives_the_wire(kind: type) -> None:
    @settings(max_examples=25, derandomize=True)
    @given(messages_of(kind))
    def survives(message: Any) -> None:
        assert_same(wire.decode(wire.encode(message)), message)

    survives()


def test_every_struct_of_the_messages_is_a_message_or_part_of_one() -> None:
    declared = {
        item
        for item in vars(messages).values()
        if isinstance(item, type) and issubclass(item, Struct)
    }
    parts: set[type] = {Struct, messages.Value, messages.Sent}
    waiting: list[Any] = list(KINDS)
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, Struct):
            parts.add(kind)
            waiting += get_type_hints(kind).values()
        else:
            waiting += get_args(kind)
    assert declared == parts


def test_the_example_of_the_documentation_reads_a_message() -> None:
    """Run what docs/messages.md shows, which knows nothing of ferstream."""

    class Socket:
        def recv_multipart(self) -> list[bytes]:
            return wire.encode(faces)

    faces = Faces(7, 3, np.ones((2, 4), np.int32), np.ones((2, 48, 48), np.uint8))
    text = (Path(__file__).resolve().parents[2] / "docs" / "messages.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    found: dict[str, Any] = {"socket": Socket()}
    exec(example, found)  # noqa: S102 - it is ours
    fields = {"type": "Faces", "work_id": 7, "frame_id": 3, "boxes": 2, "crops": 2}
    fields |= {"poses": 0, "turned_away": []}
    assert found["fields"] == fields
    assert str(fields).replace("'", '"') in re.sub(r"\n#\s*", " ", example)
    assert np.array_equal(found["boxes"], faces.boxes)
    assert np.array_equal(found["crops"], faces.crops)


def test_arrays_that_are_not_contiguous_survive_the_wire() -> None:
    crops = np.arange(4 * 48 * 96, dtype=np.uint32).astype(np.uint8).reshape(4, 48, 96)[::2, :, ::2]
    decoded = wire.decode(wire.encode(ClassifyBatch(1, crops)))
    assert isinstance(decoded, ClassifyBatch)
    assert np.array_equal(decoded.crops, crops)


@pytest.mark.parametrize(
    "hint",
    [np.ndarray[tuple[Any, ...], np.dtype[np.int32]], GenericAlias(list, (np.int32,))],
    ids=["up to numpy 2.4", "as numpy 2.5 writes it, a generic of the scalar"],
)
def test_arrays_are_known_by_their_dtype_however_numpy_writes_its_types(hint: object) -> None:
    assert wire.dtype_of(hint) == np.dtype(np.int32)


def test_array_of_a_wrong_shape_is_not_sent() -> None:
    with pytest.raises(MessageError, match=r"expected an array of rows as in .*\(48, 48\)"):
        wire.encode(ClassifyBatch(1, np.zeros((2, 32, 32), np.uint8)))


def test_status_of_a_whole_pipeline_is_small() -> None:
    camera = messages.CameraStatus(
        "cam", Mode.LIVE, True, "", False, 0, 9, 9, 0, 0, {Cause.TOO_OLD: 1}
    )
    peers = tuple(messages.PeerStatus(Role.DETECTOR, "d", 1, 1.0, 0) for _ in range(8))
    header, payload = wire.encode(PipelineStatus(1.0, 0, (camera,) * 4, peers))
    assert len(header) < 2500
    assert payload == b""


# --- what is not -------------------------------------------------------------------------------


@EXAMPLES
@given(st.lists(st.binary(max_size=200), max_size=4))
def test_any_bytes_are_a_message_or_refused(parts: list[bytes]) -> None:
    assert_message_or_refusal(parts)


@EXAMPLES
@given(any_packable(), st.binary(max_size=64))
def test_any_packed_value_as_header_is_refused(value: Any, payload: bytes) -> None:
    assert_message_or_refusal([msgpack.packb(value), payload])


@EXAMPLES
@given(st.sampled_from(KINDS), st.data())
def test_header_of_the_right_fields_with_any_values_is_a_message_or_refused(
    kind: type, data: st.DataObject
) -> None:
    fields = {name: data.draw(any_packable()) for name in fields_of(kind)}
    header = [wire.WIRE_VERSION, {"type": kind.__name__} | fields]
    assert_message_or_refusal([msgpack.packb(header), data.draw(st.binary(max_size=64))])


@settings(EXAMPLES, max_examples=160)
@given(any_message(), st.data())
def test_message_with_one_field_changed_to_anything_is_a_message_or_refused(
    message: Any, data: st.DataObject
) -> None:
    def change(fields: dict[str, Any]) -> None:
        fields[data.draw(st.sampled_from(sorted(fields)))] = data.draw(any_packable())

    assert_message_or_refusal(changed_header(message, change))


@settings(EXAMPLES, max_examples=160)
@given(any_message(), st.data())
def test_message_with_bytes_flipped_cut_or_added_is_a_message_or_refused(
    message: Any, data: st.DataObject
) -> None:
    parts = [bytearray(part) for part in wire.encode(message)]
    for part in parts:
        for _ in range(data.draw(st.integers(0, 3))):
            if part:
                part[data.draw(st.integers(0, len(part) - 1))] = data.draw(st.integers(0, 255))
        if data.draw(st.booleans()):
            del part[data.draw(st.integers(0, len(part))) :]
        part.extend(data.draw(st.binary(max_size=3)))
    assert_message_or_refusal([bytes(part) for part in parts])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_wrong_number_of_parts_is_refused(count: int) -> None:
    with pytest.raises(MessageError, match=f"expected 2 parts .* got {count}"):
        wire.decode([b""] * count)


@pytest.mark.parametrize("version", [0, wire.WIRE_VERSION + 1, None, "1"])
def test_other_version_is_named_with_ours(version: object) -> None:
    _, payload = wire.encode(Bye())
    changed = [msgpack.packb([version, {"type": "Bye"}]), payload]
    with pytest.raises(wire.VersionError) as caught:
        wire.decode(changed)
    assert f"expected wire version {wire.WIRE_VERSION}, got {version!r}" in str(caught.value)


def test_version_is_checked_before_type_and_fields() -> None:
    header = msgpack.packb([wire.WIRE_VERSION + 1, {"type": "NewsOfTomorrow", "x": 1}])
    with pytest.raises(wire.VersionError):
        wire.decode([header, b"whatever"])


@pytest.mark.parametrize("kind", ["NoSuchMessage", "ArraySpec", "CameraStatus", None, 7, "object"])
def test_type_that_is_no_message_is_refused(kind: object) -> None:
    with pytest.raises(MessageError, match=r"`\$\.type`|field `type`"):
        wire.decode(changed_header(Bye(), lambda header: header.update(type=kind)))


@pytest.mark.parametrize(
    ("message", "change", "complaint"),
    [
        (Bye(), {"extra": 1}, "Bye: Object contains unknown field `extra`"),
        (Welcome(1), {"next_frame_id": "1"}, "Welcome: Expected `int`, got `str`"),
        (Welcome(1), {"next_frame_id": True}, "Expected `int`, got `bool`"),
        (Welcome(1), {"next_frame_id": 1.0}, "Expected `int`, got `float`"),
        (Welcome(1), {"next_frame_id": 2**64 - 1}, "Expected `int` <= 4611686018427387904"),
        (Status(1, 1.0, 0), {"busy_ms": "x"}, "`float`, got `str` - at `$.busy_ms`"),
        (Status(1, 1.0, 0), {"busy_ms": True}, "Expected `float`, got `bool`"),
        (Status(1, 1.0, 0), {"busy_ms": float("nan")}, "Expected `float` >="),
        (Status(1, 1.0, 0), {"busy_ms": float("inf")}, "Expected `float` <="),
        (EndOfSource("c"), {"camera": b"c"}, "Expected `str`, got `bytes`"),
        (EndOfSource("c"), {"camera": None}, "Expected `str`, got `None`"),
        (FRAME, {"picture": "text"}, "Frame: Expected `bytes`, got `str` - at `$.picture`"),
        (messages.CameraState("c", True, ""), {"online": 1}, "Expected `bool`, got `int`"),
        (HELLO, {"dropped": [1]}, "Expected `object`, got `array` - at `$.dropped`"),
        (HELLO, {"dropped": {"too_old": True}}, "Expected `int`, got `bool` - at `$.dropped[...]`"),
        (HELLO, {"dropped": {"x": 1}}, "Invalid enum value 'x' - at `key` in `$.dropped`"),
        (RUN, {"frames": {}}, "DetectRun: Expected `array`, got `object` - at `$.frames`"),
        (RUN, {"frames": [7]}, "Expected `object`, got `int` - at `$.frames[0]`"),
        (RUN, {"frames": [{}]}, "missing required field `camera` - at `$.frames[0]`"),
        (
            RUN,
            {"frames": [{b"a": 1, "b": 2}]},
            "Expected `str`, got `bytes` - at `key` in `$.frames[0]`",
        ),
        (
            Result(FRAME, Mode.LIVE, False, np.zeros((0, 4), np.int32), NO_ROWS, ()),
            {"reused": [0]},
            "Expected `bool`, got `int` - at `$.reused[0]`",
        ),
    ],
)
def test_field_of_a_wrong_type_is_named(
    message: Message, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(MessageError) as caught:
        wire.decode(changed_header(message, lambda header: header.update(change)))
    assert complaint in str(caught.value)


def test_whole_number_is_taken_where_a_decimal_one_is_expected() -> None:
    parts = changed_header(Status(1, 1.0, 0), lambda header: header.update(busy_ms=3))
    decoded = wire.decode(parts)
    assert isinstance(decoded, Status)
    assert isinstance(decoded.busy_ms, float)


def test_field_inside_a_nested_message_is_named() -> None:
    def spoil(header: dict[str, Any]) -> None:
        header["frames"][0]["slot"] = "five"

    with pytest.raises(
        MessageError, match=r"Expected `int`, got `str` - at `\$\.frames\[0\]\.slot`"
    ):
        wire.decode(changed_header(RUN, spoil))


def test_missing_field_is_refused() -> None:
    with pytest.raises(
        MessageError, match="Welcome: Object missing required field `next_frame_id`"
    ):
        wire.decode(changed_header(Welcome(1), lambda header: header.pop("next_frame_id")))


@pytest.mark.parametrize("rows", [-1, True, 1.0, "2", None, [1]])
def test_length_that_is_none_is_refused(rows: object) -> None:
    batch = ClassifyBatch(1, np.zeros((2, 48, 48), np.uint8))
    with pytest.raises(
        MessageError, match=r"ClassifyBatch: Expected a length, .* - at `\$\.crops`"
    ):
        wire.decode(changed_header(batch, lambda header: header.update(crops=rows)))


@pytest.mark.parametrize("rows", [3, 2**40, MAX_INT, 2**64 - 1])
def test_length_beyond_the_payload_is_refused_without_allocating_it(rows: int) -> None:
    batch = ClassifyBatch(1, np.zeros((2, 48, 48), np.uint8))
    with pytest.raises(MessageError, match="payload bytes, got 4608"):
        wire.decode(changed_header(batch, lambda header: header.update(crops=rows)))


@pytest.mark.parametrize("change", [-1, 1, -4608])
def test_payload_of_another_length_is_refused(change: int) -> None:
    header, payload = wire.encode(ClassifyBatch(1, np.zeros((2, 48, 48), np.uint8)))
    changed = payload[:change] if change < 0 else payload + bytes(change)
    with pytest.raises(MessageError, match="payload bytes"):
        wire.decode([header, changed])


def test_payload_behind_a_message_without_arrays_is_refused() -> None:
    header, _ = wire.encode(Bye())
    with pytest.raises(MessageError, match="expected 0 payload bytes, got 1"):
        wire.decode([header, b"x"])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_probability_that_is_no_number_is_refused(value: float) -> None:
    rows = np.zeros((2, 7), np.float32)
    rows[1, 3] = value
    with pytest.raises(MessageError, match="Expected finite numbers"):
        wire.decode(wire.encode(Expressions(1, rows)))


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    whole = Faces(1, 0, np.zeros((3, 4), np.int32), np.zeros((3, 48, 48), np.uint8))
    header, payload = changed_header(whole, lambda header: header.update(crops=2))
    with pytest.raises(MessageError, match="Faces: expected as many of each, got 3 boxes, 2 crops"):
        wire.decode([header, payload[: 3 * 16 + 2 * 48 * 48]])
    with pytest.raises(MessageError, match="Faces: expected as many of each, got 3 boxes, 2 crops"):
        Faces(1, 0, np.zeros((3, 4), np.int32), np.zeros((2, 48, 48), np.uint8))


def test_poses_of_some_of_the_faces_are_refused() -> None:
    boxes, crops = np.zeros((3, 4), np.int32), np.zeros((3, 48, 48), np.uint8)
    with pytest.raises(MessageError, match="got 3 boxes, 2 poses"):
        Faces(1, 0, boxes, crops, np.zeros((2, 3)))
    with pytest.raises(MessageError, match="got 3 boxes, 1 turned_away"):
        Result(FRAME, Mode.LIVE, False, boxes, NO_ROWS, (), turned_away=(True,))


@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1a"])
def test_header_nested_too_deep_is_refused(opening: bytes) -> None:
    with pytest.raises(MessageError, match="expected a msgpack header"):
        wire.decode([opening * 100_000 + b"\xc0", b""])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_value_nested_as_deep_as_msgpack_goes_is_refused(kind: type) -> None:
    plain = {"type": kind.__name__} | dict.fromkeys(fields_of(kind), 0)
    for name in plain:
        packed = wire.PREFIX + msgpack.Packer().pack_map_header(len(plain))
        for key, value in plain.items():
            packed += msgpack.packb(key) + (NESTED if key == name else msgpack.packb(value))
        with pytest.raises(MessageError) as caught:
            wire.decode([packed, b""])
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "header", [NESTED, NESTED + b"\xc0", b"\x81\xa4type" + NESTED, b"\x81" + NESTED + b"\xc0"]
)
def test_header_nested_as_deep_as_msgpack_goes_is_refused(header: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        wire.decode([header, b""])
    assert len(str(caught.value)) < 200


def test_publisher_cannot_say_of_thousands_of_cameras_what_it_has_on_disk() -> None:
    recorded = {str(number): 0 for number in range(MAX_RECORDED)}
    hello = wire.encode(PublisherHello("p", "i", recorded))
    assert wire.decode(hello) == PublisherHello("p", "i", recorded)
    with pytest.raises(MessageError, match=f"of length <= {MAX_RECORDED}"):
        wire.decode(wire.encode(PublisherHello("p", "i", recorded | {"more": 0})))


def test_complaint_does_not_write_out_a_huge_value() -> None:
    size = 16 * 1024 * 1024
    parts = changed_header(Welcome(1), lambda header: header.update(next_frame_id=bytes(size)))
    tracemalloc.start()
    try:
        with pytest.raises(MessageError, match=r"Expected `int`, got `bytes`") as caught:
            wire.decode(parts)
        assert len(str(caught.value)) < 200
        assert tracemalloc.get_traced_memory()[1] < 2 * size, "the value itself and little more"
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("change", [{"mode": "x" * 100_000}, {"x" * 100_000: 1}])
def test_complaint_does_not_write_out_a_long_text(change: dict[str, Any]) -> None:
    parts = changed_header(RUN, lambda header: header.update(change))
    with pytest.raises(MessageError, match=r"^DetectRun: ") as caught:
        wire.decode(parts)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\xc1",
        b"\x80\x80",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xd6\xff\x00\x00\x00\x00",  # a timestamp
        b"\xc7\x01\x05\x00",  # an extension
        b"\x81\xa4type\xa1\xff",  # not UTF-8
        b"\x81\x01\x02",
        msgpack.packb({b"type": "Bye", "version": 1}),
        msgpack.packb(["type", "Bye"]),
        msgpack.packb({str(number): 0 for number in range(MAX_ITEMS + 1)}),
    ],
)
def test_header_that_is_no_map_of_ours_is_refused(header: bytes) -> None:
    with pytest.raises(MessageError):
        wire.decode([header, b""])


def test_header_too_long_is_not_even_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_HEADER_BYTES", 16)
    with pytest.raises(MessageError, match="expected a header up to 16 bytes, got 17"):
        wire.decode([bytes(17), b""])


def fields_of(kind: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = kind.__struct_fields__
    return names


def changed_header(message: Message, change: Callable[[dict[str, Any]], object]) -> list[bytes]:
    packed, payload = wire.encode(message)
    version, fields = msgpack.unpackb(packed, strict_map_key=False)
    change(fields)
    return [msgpack.packb([version, fields]), payload]
