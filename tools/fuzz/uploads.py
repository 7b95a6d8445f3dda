"""The target ``uploads``: whatever is posted, the answer is one that the description has.

An input is a line for the type of the body, as HTTP says it, and the body. Nothing is decoded: what
is sent stays bytes, and a stand-in answers for the pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from flask import Flask
from flask.testing import FlaskClient

from publisher.uploads.analyzer import AnalyzedImage, Analyzer
from publisher.uploads.errors import BadImageError
from publisher.uploads.upload import MAX_IMAGES, MAX_UPLOAD_BYTES, Upload
from publisher.web.analyze import FIELD, analyze

EXPECTED = (200, 400, 413)
JPEG_QUALITY = 80
HEAD = f'--x\r\nContent-Disposition: form-data; name="{FIELD}"; filename='.encode()
FORM = b"multipart/form-data; boundary=x\n"
END = b"\r\n--x--\r\n"


class _StandIn:
    """An analyzer that finds nothing, and takes only what has a name and bytes."""

    def analyze(self, uploads: Sequence[Upload], *_: object) -> list[AnalyzedImage]:
        if not 0 < len(uploads) <= MAX_IMAGES:
            raise BrokenUploadError(f"{len(uploads)} images were let through")
        if sum(len(upload.data) for upload in uploads) > MAX_UPLOAD_BYTES:
            raise BrokenUploadError("more bytes were let through than may be")
        if not all(upload.data for upload in uploads):
            raise BadImageError("empty")
        return []


class BrokenUploadError(AssertionError):
    """What is let through or answered is not as it should be."""


def _client() -> FlaskClient:
    app = Flask(__name__)
    app.testing = True  # what the views raise comes out of the client
    app.register_blueprint(analyze(cast(Analyzer, _StandIn()), JPEG_QUALITY))
    return app.test_client()


CLIENT = _client()


def check(data: bytes) -> str:
    """Post an input; return the status and the words of the answer.

    Raises:
        Exception: The answer is none that is expected.
    """
    kind, _, body = data.partition(b"\n")
    headers = {"Content-Type": kind.decode("latin-1").replace("\r", "")}
    answer = CLIENT.post("/api/analyze", data=body, headers=headers)
    if answer.status_code not in EXPECTED:
        raise BrokenUploadError(f"{answer.status} to {data[:200]!r}")
    return f"{answer.status_code} {re.sub(r'[0-9]+', '', answer.text)}"


def seeds() -> dict[str, bytes]:
    """Return an input of each kind, by name."""
    one = HEAD + b'"a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff'
    return {
        "one": FORM + one + END,
        "several": FORM + (one + b"\r\n") * 2 + one + END,
        "too-many": FORM + (one + b"\r\n") * MAX_IMAGES + one + END,
        "empty": FORM + HEAD + b'""\r\n\r\n' + END,
        "field": FORM + b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb' + END,
        "encoded-name": FORM
        + HEAD[: -len("filename=")]
        + b"filename*=utf-8''%e2%82%ac.png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA"
        + END,
        "no-end": FORM + one,
        "no-boundary": b"multipart/form-data\n" + one,
        "address": b"application/x-www-form-urlencoded\nimage=a&image=%ff&b",
        "bare": b"image/jpeg\n\xff\xd8\xff",
        "nothing": b"\n",
    }
