"""Pictures: streams of them, and single ones."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import ServiceUnavailable

from publisher.drawing.annotate import encode_jpeg, notice
from publisher.live.board import Board
from publisher.live.hub import PictureHub, TooManyViewersError, Viewer
from publisher.web import mjpeg, with_faces
from publisher.web.parameters import look_of, tab_of
from publisher.web.pictures import Picture, pictures
from publisher.web.refusals import refuse_unknown, too_many

SNAPSHOT_WAIT_S = 2.0
JPEG_TYPE = "image/jpeg"


def streams(board: Board, hub: PictureHub, jpeg_quality: int) -> Blueprint:
    """Return the routes of pictures; what is shown where there is none has ``jpeg_quality``."""
    routes = Blueprint("streams", __name__)

    def first_camera() -> str | None:
        return next(iter(board.cameras()), None)

    def placeholder() -> bytes:
        problems = board.problems
        text = problems[0].text if problems else "waiting for the first picture"
        return encode_jpeg(notice(text), jpeg_quality)

    @routes.get("/video_feed")
    @routes.get("/video_feed/<camera:camera>")
    def video_feed(camera: str | None = None) -> Response:
        viewer = _admit(board, hub, camera)
        watched = pictures(hub, viewer, first_camera, placeholder)
        if _wants(with_faces.CONTENT_TYPE, mjpeg.MIME_TYPE):
            response = Response(with_faces.stream(watched), content_type=with_faces.CONTENT_TYPE)
        else:
            response = Response(mjpeg.stream(watched), content_type=mjpeg.CONTENT_TYPE)
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold pictures back
        response.call_on_close(viewer.leave)
        return response

    @routes.get("/snapshot/<camera:camera>.jpg")
    def snapshot(camera: str) -> Response:
        viewer = _admit(board, hub, camera)
        try:
            picture = _next_or_newest(board, hub, viewer, camera)
        finally:
            viewer.leave()
        if picture is None:
            raise ServiceUnavailable(f"{camera} has given no picture yet", retry_after=1)
        if _wants(with_faces.CONTENT_TYPE, JPEG_TYPE):
            return Response(with_faces.encoded(picture), content_type=with_faces.CONTENT_TYPE)
        return Response(picture.jpeg, content_type=JPEG_TYPE)

    return routes


def _admit(board: Board, hub: PictureHub, camera: str | None) -> Viewer:
    """Let in a viewer of a camera that there is, or of the first one; it must ``leave``."""
    if camera is not None:
        refuse_unknown(camera, board.cameras())
    try:
        return hub.admit(camera, look_of(request.args), tab_of(request.args))
    except TooManyViewersError:
        raise too_many("streams of pictures", hub.max_streams) from None


def _wants(mime_type: str, other: str) -> bool:
    """Return whether the client prefers a type to the other one."""
    return request.accept_mimetypes.best_match([other, mime_type]) == mime_type


def _next_or_newest(board: Board, hub: PictureHub, viewer: Viewer, camera: str) -> Picture | None:
    """Return the next picture, or the newest where none comes; None where there never was one."""
    newest = hub.newest(camera)
    if newest is None or board.fps(camera) > 0:  # a newer one is to be expected
        viewer.skip_present()
        jpeg = viewer.next_picture(SNAPSHOT_WAIT_S)
        if jpeg is not None:
            return Picture(jpeg, viewer.told)
    return None if newest is None else Picture(newest.jpeg(viewer.look), newest.told)
