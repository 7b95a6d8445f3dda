"""What it costs to turn messages into bytes and back.

    python -m benchmarks.messages [--rounds 30]

The messages that each frame needs, through ``common.wire`` (msgspec packs and unpacks MessagePack)
and, next to it, with the package ``msgpack`` doing so and msgspec checking the types on either side
(``to_builtins``, ``convert``). In every round both do every message, in turn, so that what
else runs on the machine hits both alike. Given are medians over the rounds, of one thread's
processor time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, get_args

import msgpack
import msgspec
import numpy as np

from common import wire
from common.command import Command
from common.contract import Mode
from common.messages import (
    MAX_ITEMS,
    ROW_SHAPES,
    ClassifyBatch,
    DetectRun,
    Expressions,
    Faces,
    Frame,
    Message,
    Result,
)

CALLS = 2000
KINDS: dict[str, Any] = {kind.__name__: kind for kind in get_args(Message)}
Codec = tuple[Callable[[Message], list[bytes]], Callable[[list[bytes]], Message]]


def messages() -> dict[str, Message]:
    """Return what is measured, by what people know it as."""
    frame = Frame("front door", 12345, 411.5, 17 * 10**17, 10**15, 480, 640, "ring", 5)
    boxes, crops = np.ones((4, 4), np.int32), np.ones((4, 48, 48), np.uint8)
    rows = np.full((4, 7), 1 / 7, np.float32)
    return {
        "`Frame`": frame,
        "`DetectRun` of 10 frames": DetectRun(7, Mode.LOSSLESS, (frame,) * 10),
        "`Faces`, 4": Faces(7, 12345, boxes, crops),
        "`ClassifyBatch`, 32": ClassifyBatch(8, np.ones((32, 48, 48), np.uint8)),
        "`Expressions`, 32": Expressions(8, np.full((32, 7), 1 / 7, np.float32)),
        "`Result`, 4 faces": Result(frame, Mode.LIVE, False, boxes, rows, (False,) * 4),
    }


def encode_by_msgpack(message: Message) -> list[bytes]:
    """Encode as ``wire`` does, with the package ``msgpack``."""
    arrays: list[bytes] = []

    def put(array: Any) -> int:
        arrays.append(array.tobytes())
        return len(array)

    header = msgpack.packb([wire.WIRE_VERSION, msgspec.to_builtins(message, enc_hook=put)])
    return [header, b"".join(arrays)]


def decode_by_msgpack(parts: list[bytes]) -> Message:
    """Decode as ``wire`` does, with the package ``msgpack``."""
    at = 0

    def take(hint: object, rows: int) -> Any:
        nonlocal at
        dtype = wire.dtype_of(hint)
        shape = (rows, *ROW_SHAPES[dtype])
        array = np.frombuffer(parts[1], dtype, int(np.prod(shape)), at).reshape(shape)
        at += array.nbytes
        return array

    limits = {"max_array_len": MAX_ITEMS, "max_map_len": MAX_ITEMS, "max_ext_len": 0}
    _, fields = msgpack.unpackb(parts[0], **limits)
    message: Message = msgspec.convert(fields, KINDS[fields["type"]], dec_hook=take)
    return message


CODECS: dict[str, Codec] = {
    "wire": (wire.encode, wire.decode),
    "msgpack": (encode_by_msgpack, decode_by_msgpack),
}


def measure_us(call: Callable[[Any], object], argument: object) -> float:
    """Return the processor time of a call, in microseconds."""
    start_ns = time.thread_time_ns()
    for _ in range(CALLS):
        call(argument)
    return (time.thread_time_ns() - start_ns) / CALLS / 1000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    parser.add_argument("--rounds", type=int, default=30, help="rounds that count (default 30)")


def run(options: argparse.Namespace) -> None:
    """Measure and print a Markdown table."""
    print("| us to encode, decode | `common.wire` | `msgpack`, `convert` | ratio | bytes |")
    print("|---|---|---|---|---|")
    for name, message in messages().items():
        rounds: dict[str, list[tuple[float, float]]] = {codec: [] for codec in CODECS}
        for _ in range(options.rounds + 1):
            for codec, (encode, decode) in CODECS.items():
                both = measure_us(encode, message), measure_us(decode, encode(message))
                rounds[codec].append(both)
        own, other = (
            [statistics.median(times) for times in zip(*rounds[codec][1:], strict=True)]
            for codec in CODECS
        )
        cells = [f"{encoding:.1f}, {decoding:.1f}" for encoding, decoding in (own, other)]
        size = sum(map(len, wire.encode(message)))
        print(f"| {name} | {' | '.join(cells)} | {sum(other) / sum(own):.1f} | {size:,} |")


main = Command("benchmarks.messages", __doc__, add_options, run)


if __name__ == "__main__":
    sys.exit(main())
