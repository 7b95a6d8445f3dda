"""``POST /api/analyze``: images in, faces and probabilities out."""

from __future__ import annotations

import time

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import (
    BadRequest,
    GatewayTimeout,
    HTTPException,
    InternalServerError,
    NotAcceptable,
    RequestEntityTooLarge,
    ServiceUnavailable,
)

from common.contract import Outcome
from publisher.as_json import POSE, Json, some_of_face
from publisher.uploads.analyzer import AnalyzedImage, Analyzer
from publisher.uploads.errors import ImageTooLargeError, NoAnswerError, UploadError
from publisher.uploads.places import SharedPlaces
from publisher.uploads.upload import MAX_IMAGES, MAX_UPLOAD_BYTES, Upload
from publisher.web.client import client_of
from publisher.web.refusals import refuse_other_sites

FORM_TYPE, FIELD = "multipart/form-data", "image"
MAX_UPLOADS = 8
"""Requests at once: each holds a thread of the server's reserve, and what was uploaded."""
MAX_UPLOADS_EACH = 4
"""Of one client."""
RETRY_S = 2
"""After this a client may try again what could not be done now."""
FACE_FIELDS = ("box", "label", "confidence", "probabilities", *POSE)
JSON_TYPE, PICTURE_TYPE = "application/json", "image/jpeg"


def analyze(analyzer: Analyzer, jpeg_quality: int) -> Blueprint:
    """Return the route of uploads; pictures have ``jpeg_quality`` 0 to 100."""
    routes = Blueprint("analyze", __name__)
    places = SharedPlaces(MAX_UPLOADS, MAX_UPLOADS_EACH)

    @routes.post("/api/analyze", endpoint="analyze")
    def take_images() -> Response:
        refuse_other_sites(request)
        client = client_of(request.remote_addr or "")
        if not places.take(client, time.monotonic()):
            raise ServiceUnavailable(
                f"{MAX_UPLOADS} uploads are being analyzed, or {MAX_UPLOADS_EACH} of yours.",
                retry_after=RETRY_S,
            )
        try:
            return _respond(analyzer, client, jpeg_quality)
        except UploadError as error:
            raise _refusal(error) from error
        finally:
            places.give_back(client)

    return routes


def _respond(analyzer: Analyzer, client: str, jpeg_quality: int) -> Response:
    """Answer with JSON or, where the client asks for it, with a picture."""
    uploads = _uploads()
    if request.accept_mimetypes.best_match([JSON_TYPE, PICTURE_TYPE]) != PICTURE_TYPE:
        images = analyzer.analyze(uploads, client)
        return jsonify(images=[_image_json(image) for image in images])
    if len(uploads) > 1:
        raise NotAcceptable(f"{PICTURE_TYPE} answers one image: send one, or accept {JSON_TYPE}.")
    drawn = analyzer.draw(uploads[0], client, jpeg_quality)
    return Response(drawn, content_type=PICTURE_TYPE)


def _refusal(error: UploadError) -> HTTPException:
    """Return the answer to a request that has an upload without one."""
    text = str(error)
    if isinstance(error, NoAnswerError):
        if error.outcome is Outcome.FAILED:
            return InternalServerError(text)
        if error.outcome is Outcome.LATE:
            return GatewayTimeout(text)
        return ServiceUnavailable(text, retry_after=RETRY_S)
    if isinstance(error, ImageTooLargeError):
        return RequestEntityTooLarge(text)
    return BadRequest(text)


def _uploads() -> list[Upload]:
    """Return the images of the request, in order."""
    if (request.content_length or 0) > MAX_UPLOAD_BYTES:
        raise RequestEntityTooLarge(
            f"The body is too large: at most {MAX_UPLOAD_BYTES} bytes are taken here."
        )
    # Any other form would be unpacked in memory, thirty times its size, and holds no file.
    files = request.files.getlist(FIELD) if request.mimetype == FORM_TYPE else []
    if not files:
        raise BadRequest(
            f"Send images in the field {FIELD!r} of a form: "
            f"curl -F {FIELD}=@group.jpg {request.base_url}"
        )
    if len(files) > MAX_IMAGES:
        raise RequestEntityTooLarge(f"{len(files)} images; at most {MAX_IMAGES} are taken at once.")
    return [
        Upload(file.filename or f"image {number}", file.read())
        for number, file in enumerate(files, 1)
    ]


def _image_json(image: AnalyzedImage) -> Json:
    return {
        "name": image.name,
        "width": image.width,
        "height": image.height,
        "faces": [some_of_face(face, *FACE_FIELDS) for face in image.faces],
    }
