"""Uploads as a program sends them, and images as bytes."""

from __future__ import annotations

import io
import urllib.request

import cv2
import numpy as np
from numpy.typing import NDArray
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from common.contract import Outcome
from common.messages import AnalyzeImage, ImageAnswer
from tests.publisher.asking import From, Reply, send


def post_images(
    url: str, *images: bytes, field: str = "image", client: str = "127.0.0.1", **headers: str
) -> Reply:
    """Send images in a form to ``/api/analyze``; they are called 0.jpg, 1.jpg and so on.

    Args:
        url: Of the server.
        images: The files.
        field: Of the form.
        client: The address that they come from, one of this machine.
        headers: Of the request.
    """
    files = [FileStorage(io.BytesIO(data), f"{at}.jpg") for at, data in enumerate(images)]
    boundary, body = encode_multipart({field: files})
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"} | headers
    request = urllib.request.Request(f"{url}/api/analyze", data=body, headers=headers)
    return send(request, From(client))


def answer_to(
    asked: AnalyzeImage,
    *faces: tuple[tuple[int, int, int, int], tuple[float, ...]],
    outcome: Outcome = Outcome.ANALYZED,
    reason: str = "",
) -> ImageAnswer:
    boxes = np.array([box for box, _ in faces], np.int32).reshape(-1, 4)
    rows = np.array([row for _, row in faces], np.float32).reshape(-1, 7)
    return ImageAnswer(asked.request_id, outcome, reason, boxes, rows)


def encoded(pixels: NDArray[np.uint8], ending: str = ".jpg") -> bytes:
    written, data = cv2.imencode(ending, pixels)
    assert written
    return data.tobytes()


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    """Return the pixels of a JPEG, ``(height, width, 3) uint8`` BGR."""
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Write into a JPEG the EXIF orientation of a camera that was held another way (1 to 8)."""
    entry = bytes([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0])
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
