"""Images made to hurt, and decoders that die: each is answered, and the next has a decoder."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import PIL
import psutil
import pytest
from PIL import Image

from publisher.uploads.decoders import Decoders
from publisher.uploads.errors import BadImageError, ImageTooLargeError, NoAnswerError
from publisher.uploads.upload import TravellingImage
from tests.publisher.uploading import encoded
from tests.publisher.uploads.sending import corner, send
from tests.support import hostile_images
from tests.support.waiting import eventually


def processes() -> list[psutil.Process]:
    """Return the decoders that run."""
    return psutil.Process().children()


def at_work(
    decoders: Decoders, pool: ThreadPoolExecutor
) -> tuple[Future[TravellingImage], psutil.Process]:
    """Have a picture decoded that takes long; return when its decoder works."""
    send(decoders, encoded(corner()))
    (decoder,) = processes()
    used_s = decoder.cpu_times().user
    waited = pool.submit(
        send, decoders, hostile_images.jpeg_of_many_scans(hostile_images.MANY_PIXELS)
    )
    eventually(lambda: decoder.cpu_times().user > used_s + 0.1, "work")
    return waited, decoder


@pytest.mark.parametrize("ending", hostile_images.BOMBS)
def test_a_decompression_bomb_is_refused_before_memory_is_taken(
    decoders: Decoders, tmp_path: Path, ending: str
) -> None:
    send(decoders, encoded(corner()))
    (decoder,) = processes()
    before = decoder.memory_info().rss
    why = "more than 64 million pixels; make it smaller"
    if ending == ".webp" and PIL.__version__ < "13":  # of Python 3.10: it gets no memory for it
        why = "damaged"
    with pytest.raises((ImageTooLargeError, BadImageError), match=why):
        send(decoders, hostile_images.BOMBS[ending](tmp_path))
    assert decoder.memory_info().rss - before < 20e6


def test_animation_with_a_broken_picture_is_its_first_picture(decoders: Decoders) -> None:
    image = send(decoders, hostile_images.animated_png_with_an_unknown_filter())
    assert (image.height, image.width) == (hostile_images.SIDE, hostile_images.SIDE)


def test_picture_that_claims_what_it_does_not_hold_takes_no_memory(decoders: Decoders) -> None:
    send(decoders, encoded(corner()))
    (decoder,) = processes()
    before = decoder.memory_info().rss
    with pytest.raises(BadImageError, match="damaged"):
        send(decoders, hostile_images.png_that_claims_four_gigabytes())
    assert decoder.memory_info().rss - before < 20e6


@pytest.mark.parametrize(
    "bomb", [hostile_images.jpeg_of_many_scans, hostile_images.png_of_many_chunks]
)
def test_picture_that_takes_too_long_ends_its_decoder_and_the_next_has_another(
    decoders: Decoders, bomb: Callable[[], bytes]
) -> None:
    send(decoders, encoded(corner()))
    first = processes()
    with pytest.raises(BadImageError, match="takes too long to decode"):
        send(decoders, bomb())
    (second,) = processes()  # which is there before it is asked for
    assert second not in first
    send(decoders, encoded(corner()))
    assert processes() == [second]


def test_picture_that_takes_too_much_memory_is_refused(decoders: Decoders) -> None:
    data = io.BytesIO()
    side = hostile_images.MANY_PIXELS
    Image.new("RGB", (side, side)).save(data, "WEBP", lossless=True, quality=0, method=0)
    with pytest.raises(ImageTooLargeError, match="more than 1000 MB"):
        send(decoders, data.getvalue())
    send(decoders, encoded(corner()))


@pytest.mark.parametrize(
    ("ending", "error", "told"),
    [
        (signal.SIGSEGV, BadImageError, "is damaged: its decoder ended with SIGSEGV"),
        (signal.SIGKILL, NoAnswerError, "decoder was killed; send it again"),
    ],
)
def test_decoder_that_is_killed_in_its_work_is_replaced(
    decoders: Decoders, ending: signal.Signals, error: type[Exception], told: str
) -> None:
    with ThreadPoolExecutor(1) as pool:
        waited, decoder = at_work(decoders, pool)
        decoder.send_signal(ending)
        with pytest.raises(error, match=told):
            waited.result()
    send(decoders, encoded(corner()))


def test_decoder_that_is_killed_while_idle_is_nobodys_fault(decoders: Decoders) -> None:
    send(decoders, encoded(corner()))
    (decoder,) = processes()
    decoder.kill()
    os.waitid(os.P_PID, decoder.pid, os.WEXITED | os.WNOWAIT)  # of its last thread, too
    send(decoders, encoded(corner()))


def test_decoder_that_is_frozen_lets_one_image_be_late(decoders: Decoders) -> None:
    send(decoders, encoded(corner()))
    (decoder,) = processes()
    decoder.suspend()
    with pytest.raises(NoAnswerError, match=r"group\.jpg: not done"):
        send(decoders, encoded(corner()), patience_s=0.2)
    send(decoders, encoded(corner()))
    assert not decoder.is_running()


def test_decoder_that_cannot_start_is_told_apart_from_a_damaged_image(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.uploads.decoder_process.MODULE", "publisher.uploads.nothing")
    with pytest.raises(NoAnswerError, match="does not start"):
        send(decoders, encoded(corner()))


def test_closed_decoders_tell_who_waits(decoders: Decoders) -> None:
    with ThreadPoolExecutor(1) as pool:
        waited, _ = at_work(decoders, pool)
        decoders.close()
        with pytest.raises(NoAnswerError, match="ending"):
            waited.result()
    with pytest.raises(NoAnswerError, match="ending"):
        send(decoders, encoded(corner()))
