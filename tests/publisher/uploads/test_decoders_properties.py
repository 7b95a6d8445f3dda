"""Damaged images of every kind are answered, by a decoder that survives them."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from common.frames import picture_pixels
from publisher.uploads.decoders import Decoders
from publisher.uploads.errors import UploadError
from publisher.uploads.upload import Upload
from tests.publisher.uploading import with_orientation
from tests.support import hostile_images
from tests.support.waiting import DEADLINE_S

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


CORPUS = {
    "JPEG": saved(NOISE, "JPEG"),
    "progressive": saved(NOISE, "JPEG", progressive=True, restart_marker_rows=1),
    "CMYK": saved(NOISE.convert("CMYK"), "JPEG"),
    "turned": with_orientation(saved(NOISE, "JPEG"), 6),
    "two in one": saved(NOISE, "MPO", save_all=True, append_images=[NOISE]),
    "PNG": saved(
        NOISE, "PNG", dpi=(72, 72), icc_profile=b"profile", exif=b"Exif\0\0II*\0" + bytes(9)
    ),
    "palette": saved(NOISE.quantize(16), "PNG", transparency=0),
    "animated PNG": hostile_images.animated_png_with_an_unknown_filter(),
    "GIF": saved(NOISE, "GIF", save_all=True, append_images=[NOISE.rotate(90)], comment=b"hello"),
    "WebP": saved(NOISE, "WEBP", lossless=True, exif=b"Exif\0\0II*\0" + bytes(9)),
    "animated WebP": saved(NOISE, "WEBP", save_all=True, append_images=[NOISE.rotate(90)]),
}


@pytest.mark.parametrize("kind", CORPUS)
def test_damaged_image_is_answered_and_its_decoder_lives(kind: str) -> None:
    decoders = Decoders(as_it_is=True)

    @settings(max_examples=60, derandomize=True)
    @given(st.data())
    def damage(draw: st.DataObject) -> None:
        data = bytearray(CORPUS[kind])
        for _ in range(draw.draw(st.integers(0, 6))):
            data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
        cut = draw.draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))
        upload = Upload("damaged", bytes(data[:cut]))
        try:
            image = decoders.for_travel(upload, "", time.monotonic() + DEADLINE_S, lambda one: one)
        except UploadError as error:
            assert "its decoder ended" not in str(error)  # noqa: PT017 - the other outcome is as good
            return
        pixels = picture_pixels(image.picture, image.height, image.width)
        assert pixels.shape == (image.height, image.width, 3)

    try:
        damage()
    finally:
        decoders.close()


@pytest.mark.parametrize("kind", CORPUS)
def test_whole_image_of_the_corpus_is_decoded(kind: str) -> None:
    decoders = Decoders(as_it_is=False)
    try:
        upload = Upload("whole", CORPUS[kind])
        image = decoders.for_travel(upload, "", time.monotonic() + DEADLINE_S, lambda one: one)
    finally:
        decoders.close()
    assert image.height * image.width in (24 * 32, hostile_images.SIDE**2)
